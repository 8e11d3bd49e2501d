"""The OpenAPI document: of every route, valid, and no other than what is answered."""

import ast
import hashlib
import hmac
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from local.shell_file import VARIABLES
from orderhub.adapters.dynamodb.codec import lean
from orderhub.domain import commands
from orderhub.domain.events import EVENT_TYPES
from tests.support.conformity import Undocumented, operation, require_documented, validator
from tests.support.story import Story, line, money
from tests.support.table import ROOT
from tools.openapi import document
from tools.openapi.document import APIS
from tools.openapi.recorded import recorded
from tools.openapi.routes import described_routes, routes
from tools.openapi.vocabulary import HTML

DOCUMENT = document.document()
ROUTES = described_routes()
OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": described
    for path, item in DOCUMENT["paths"].items()
    for method, described in item.items()
}
HOOKS: dict[str, dict[str, Any]] = {
    f"webhook.{name}": item["post"] for name, item in DOCUMENT["webhooks"].items()
}
FAILURE = json.dumps({"error": "Something went wrong on our side."})
JSON_HEADERS = {"content-type": "application/json; charset=utf-8"}


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in it."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from nodes(each)
    elif isinstance(value, list):
        for each in value:
            yield from nodes(each)


def test_it_is_valid_openapi() -> None:
    problems = [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(DOCUMENT)]
    assert problems == []


def test_every_route_of_the_template_is_described_and_nothing_else_is() -> None:
    assert set(OPERATIONS) == {route.key for route in ROUTES}


def test_every_group_of_functions_with_routes_is_described() -> None:
    assert {api.name for api in APIS} == {route.api for route in routes()}


def test_no_description_is_of_an_operation_that_is_not_there() -> None:
    for api in APIS:
        known = {route.operation for route in ROUTES if route.api == api.name}
        known |= {f"{route.operation}/{route.event}" for route in ROUTES if route.api == api.name}
        assert api.operations.keys() <= known, api.name


def test_only_routes_that_no_caller_names_are_left_out() -> None:
    left_out = {route.key for route in routes()} - {route.key for route in described_routes()}
    for key in left_out:
        assert key.startswith("ANY ") or key.endswith("/{slash+}"), key


def test_a_route_without_a_description_is_an_error() -> None:
    (api,) = (each for each in APIS if each.name == "marketplace")
    route = next(each for each in ROUTES if each.api == "marketplace")
    with pytest.raises(ValueError, match="has no description"):
        document._described(replace(api, operations={}), route)


def test_every_operation_has_an_id_of_its_own() -> None:
    ids = [described["operationId"] for described in OPERATIONS.values()]
    assert len(set(ids)) == len(ids)


def test_every_reference_leads_somewhere() -> None:
    for node in nodes(DOCUMENT):
        reference = node.get("$ref")
        if reference is None:
            continue
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found, reference


def has_a_credential_in_its_body(key: str) -> bool:
    """Which OpenAPI has no security scheme for."""
    contents = OPERATIONS[key].get("requestBody", {}).get("content", {})
    names = [each["schema"].get("$ref", "").rpartition("/")[2] for each in contents.values()]
    bodies = [DOCUMENT["components"]["schemas"].get(name, {}) for name in names]
    return any("api_key" in body.get("required", ()) for body in bodies)


@pytest.mark.parametrize("key", sorted(OPERATIONS))
def test_a_credential_is_asked_for_where_the_handler_asks_for_a_scope(key: str) -> None:
    (route,) = (each for each in ROUTES if each.key == key)
    asked = OPERATIONS[key]["security"]
    scopes = {scope for each in asked for scopes in each.values() for scope in scopes}
    if has_a_credential_in_its_body(key):
        assert asked == []
        assert f"`{route.scope}`" in OPERATIONS[key]["description"]
    else:
        assert scopes == ({route.scope} if route.scope else set())
    assert all(name in DOCUMENT["components"]["securitySchemes"] for each in asked for name in each)


def require_good_examples(content: dict[str, Any]) -> None:
    """That those of a media type object fit its schema."""
    judge = validator(content["schema"])
    for name, shown in content.get("examples", {}).items():
        problems = [error.message for error in judge.iter_errors(shown["value"])]
        assert problems == [], name


@pytest.mark.parametrize("key", sorted(OPERATIONS))
def test_examples_are_what_their_schemas_say(key: str) -> None:
    described = OPERATIONS[key]
    own = (response.get("content", {}) for response in described["responses"].values())
    for contents in (described.get("requestBody", {}).get("content", {}), *own):
        for content in contents.values():
            require_good_examples(content)
    for parameter in described.get("parameters", []):
        if "example" in parameter:
            assert validator(parameter["schema"]).is_valid(parameter["example"]), parameter["name"]


@pytest.mark.parametrize("name", ["YouhaosudaDeleteFields", "YouhaosudaSetFields"])
def test_an_example_of_what_is_refused_with_http_200_is_a_refusal(name: str) -> None:
    (described,) = (each for each in OPERATIONS.values() if each["operationId"] == name)
    examples = described["responses"]["200"]["content"]["application/json"]["examples"]
    assert {title for title, each in examples.items() if "code" in each["value"]} == {
        "wrong",
        "missing",
    }


@pytest.mark.parametrize("name", ["NewWebhook", "WebhookEdit"])
@pytest.mark.parametrize(
    ("topic", "is_taken"),
    [
        ("orders/paid", True),
        ("orders/paid, orders/create", True),
        (",orders/paid,", True),
        ("*", True),
        ("orders/lost", False),
        ("orders/paid orders/create", False),
        (",", False),
    ],
)
def test_a_webhook_may_name_several_topics_between_commas(
    name: str, topic: str, is_taken: bool
) -> None:
    form = DOCUMENT["components"]["schemas"][f"youhaosuda.{name}"]
    assert validator(form["properties"]["topic"]).is_valid(topic) == is_taken


def test_the_words_of_a_status_stand_where_a_reader_sees_them() -> None:
    """Pages that draw the document show descriptions and no patterns."""
    schemas = DOCUMENT["components"]["schemas"]
    for patch, word in (("StatusPatch", "StatusWord"), ("PaymentStatusPatch", "PaymentWord")):
        said = schemas[f"bricklink.{patch}"]["properties"]["value"]["description"]
        assert re.findall("`(.+?)`", said) == schemas[f"bricklink.{word}"]["enum"]


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["responses"]))
def test_examples_of_shared_answers_are_what_their_schemas_say(name: str) -> None:
    for content in DOCUMENT["components"]["responses"][name]["content"].values():
        require_good_examples(content)


@pytest.mark.parametrize("key", sorted(OPERATIONS))
def test_an_operation_that_takes_a_body_shows_one(key: str) -> None:
    (route,) = (each for each in ROUTES if each.key == key)
    sent = route.example.get("body") if route.example["routeKey"] == key else None
    body = OPERATIONS[key].get("requestBody")
    if body is None:
        assert sent is None
    elif sent is not None:
        assert any("examples" in content for content in body["content"].values())


@pytest.mark.parametrize("key", sorted(OPERATIONS))
def test_every_answer_but_pages_and_files_is_shown(key: str) -> None:
    for status, response in OPERATIONS[key]["responses"].items():
        reference = response.get("$ref", "").rpartition("/")[2]
        found = DOCUMENT["components"]["responses"][reference] if reference else response
        is_shown = any("examples" in content for content in found["content"].values())
        assert is_shown or {HTML, "application/pdf"} & found["content"].keys(), status


@pytest.mark.parametrize("key", sorted(OPERATIONS))
def test_every_parameter_says_what_it_is_and_shows_one(key: str) -> None:
    for parameter in OPERATIONS[key].get("parameters", []):
        assert parameter["description"], parameter["name"]
        assert "example" in parameter, parameter["name"]


def test_what_was_recorded_is_of_operations_and_apis_that_there_are() -> None:
    known = {described["operationId"] for described in OPERATIONS.values()}
    known |= {api.name for api in APIS} | set(HOOKS)
    for file in (ROOT / "tools" / "openapi" / "answers").glob("*.json"):
        told = json.loads(file.read_text(encoding="utf-8"))
        assert told.keys() <= known
        assert all(recorded(name) == told[name] for name in told)


def test_every_scheme_of_security_is_explained() -> None:
    for name, scheme in DOCUMENT["components"]["securitySchemes"].items():
        assert scheme["description"], name


def test_tags_are_told_at_length_in_a_document_and_stand_in_one_group_each() -> None:
    for tag in DOCUMENT["tags"]:
        links = re.findall(r"\]\(([^)]+)\)", tag["description"])
        assert links
        assert all((ROOT / "docs" / link).is_file() for link in links), tag["name"]
    grouped = [tag for group in DOCUMENT["x-tagGroups"] for tag in group["tags"]]
    assert sorted(grouped) == sorted(tag["name"] for tag in DOCUMENT["tags"])
    used = {tag for each in (*OPERATIONS.values(), *HOOKS.values()) for tag in each["tags"]}
    assert used == set(grouped)


# -- webhooks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_messages_are_what_their_schemas_say(name: str) -> None:
    (content,) = HOOKS[name]["requestBody"]["content"].values()
    assert content["examples"]
    for topic, shown in content["examples"].items():
        problems = [
            each.message for each in validator(content["schema"]).iter_errors(shown["value"])
        ]
        assert problems == [], topic
    headers = {each["name"] for each in HOOKS[name]["parameters"]}
    for sent in recorded(name)["sent"].values():
        assert headers == sent["headers"].keys() - {"content-type"}


def busy_story() -> Story:
    """An order to which much happened."""
    story = Story()
    story.do(commands.add_lines, [line("10.00", 1)])
    story.do(commands.agree_on_total, money("115.00"))
    story.pay("115.00")
    story.pay("1.00", "T2")
    story.do(commands.ship, carrier="SF", tracking_number="1")
    story.do(commands.receive)
    story.refund("5.00", "R1")
    story.do(commands.settle_refund, story.order.refunds[-1].id)
    story.do(commands.add_note, "Twice.")
    story.do(commands.complete)
    return story


def test_events_as_they_are_stored_are_what_the_schemas_of_messages_say() -> None:
    seen = set()
    for entry in busy_story().history:
        kind = entry.event.TYPE
        seen.add(kind)
        message: dict[str, Any] = {
            "type": kind,
            "timestamp": "2026-11-21T09:00:00.000Z",
            "id": f"demo/1/{entry.sequence}",
            "shop_id": "demo",
            "order_id": 1,
            "sequence": entry.sequence,
            "data": lean(entry.event),
        }
        described = DOCUMENT["components"]["schemas"][f"events.{kind}"]
        problems = [each.message for each in validator(described).iter_errors(message)]
        assert problems == [], kind
        part = DOCUMENT["components"]["schemas"][f"events.{type(entry.event).__name__}"]
        assert message["data"].keys() <= part["properties"].keys()
    assert len(seen) >= 9


def test_every_type_of_event_has_a_schema_with_its_times_told_as_times() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert {f"events.{kind}" for kind in EVENT_TYPES} <= schemas.keys()
    for name, schema in schemas.items():
        if name.startswith("events."):
            for field, part in schema.get("properties", {}).items():
                assert not field.endswith("_at") or part.get("format") == "date-time", (name, field)


# -- samples ---------------------------------------------------------------------------------------

SAMPLES = {
    key: described["x-codeSamples"][0]
    for key, described in OPERATIONS.items()
    if "x-codeSamples" in described
}
IN_PYTHON = [key for key, sample in SAMPLES.items() if sample["lang"] == "Python"]
NO_SAMPLE = {
    f"POST /webhooks/payments/{who}/{{shop_id}}" for who in ("paypal", "alipay", "wechatpay")
}
VALUES = {name: f"value-of-{name}" for name in VARIABLES}
WHAT_CURL_GETS = "curl() { printf '%s\\0' \"$@\"; printf '\\1'; }"


def example_of(key: str) -> Any:
    contents = OPERATIONS[key].get("requestBody", {}).get("content", {})
    for content in contents.values():
        for example in content.get("examples", {}).values():
            return example["value"]
    return None


def test_every_operation_has_a_sample_but_those_that_only_a_provider_can_sign() -> None:
    assert set(OPERATIONS) - set(SAMPLES) == NO_SAMPLE


def run_in_shell(*commands: str) -> list[str]:
    """What curl is called with, each time: its arguments with ``\\0`` between."""
    told = subprocess.run(  # noqa: S603 - commands of our own
        ["/bin/bash", "-eu", "-c", "\n".join([WHAT_CURL_GETS, *commands])],
        env={**os.environ, **VALUES},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [call.removesuffix("\0") for call in told.split("\1")[:-1]]


def test_lines_for_the_shell_send_the_example_with_the_credential() -> None:
    keys = [key for key in SAMPLES if key not in IN_PYTHON and "stripe" not in key]
    told = run_in_shell(*(SAMPLES[key]["source"] for key in keys))
    calls = [call.split("\0") for call in told]
    assert len(calls) == len(keys)
    for key, arguments in zip(keys, calls, strict=True):
        require_request(key, arguments)


def require_request(key: str, arguments: list[str]) -> None:
    method, _, path = key.partition(" ")
    (url,) = (each for each in arguments if each.startswith(VALUES["API"]))
    sent = urlsplit(url.removeprefix(VALUES["API"]))
    assert operation(unquote(sent.path), method) == key
    bodies = [arguments[at + 1] for at, each in enumerate(arguments) if each == "-d"]
    fields = [arguments[at + 1] for at, each in enumerate(arguments) if "urlencode" in each]
    wanted = example_of(key)
    if isinstance(wanted, dict) and "api_key" in wanted:
        is_of_consumer = path.startswith("/order/")
        wanted = {**wanted, "api_key": VALUES["CONSUMER_API_KEY" if is_of_consumer else "API_KEY"]}
    if bodies:
        assert json.loads(bodies[0]) == wanted
    elif fields:
        assert dict(field.split("=", 1) for field in fields) == wanted
    else:
        assert wanted is None
    has_body = bool(bodies or fields)
    given = arguments[arguments.index("-X") + 1] if "-X" in arguments else None
    assert (given or ("POST" if has_body else "GET")) == method
    if OPERATIONS[key]["security"]:
        told = " ".join(arguments)
        assert any(value in told for name, value in VALUES.items() if name != "API"), path


def test_the_lines_that_report_a_payment_sign_it_as_stripe_does() -> None:
    told = run_in_shell(SAMPLES["POST /webhooks/payments/stripe/{shop_id}"]["source"])
    ((url, _, header, _, body),) = (call.split("\0") for call in told)
    assert operation(urlsplit(url.removeprefix(VALUES["API"])).path, "POST") is not None
    fields = dict(part.split("=") for part in header.removeprefix("Stripe-Signature: ").split(","))
    signed = f"{fields['t']}.{body}".encode()
    secret = VALUES["STRIPE_SECRET"].encode()
    assert fields["v1"] == hmac.new(secret, signed, hashlib.sha256).hexdigest()
    assert json.loads(body)["type"] == "payment_intent.succeeded"


@pytest.mark.parametrize("key", IN_PYTHON)
def test_what_is_written_in_python_sends_the_example_signed(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[requests.PreparedRequest] = []

    def send(_: object, request: requests.PreparedRequest, **__: object) -> requests.Response:
        sent.append(request)
        answer = requests.Response()
        answer.status_code, answer._content = 200, b"{}"
        return answer

    monkeypatch.setattr(requests.Session, "send", send)
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("API", "https://api.example.com")
    exec(compile(ast.parse(SAMPLES[key]["source"]), key, "exec"), {})  # noqa: S102 - our own
    (request,) = sent
    assert operation(urlsplit(str(request.url)).path, str(request.method)) == key
    body = request.body
    assert isinstance(body, bytes | None)
    assert (json.loads(body) if body else None) == example_of(key)
    header = request.headers["Authorization"]
    header = header.decode() if isinstance(header, bytes) else header
    assert VALUES["CONSUMER_KEY"] in header
    assert "oauth_signature=" in header


def test_samples_use_variables_that_make_run_writes() -> None:
    own = {"NOW", "BODY", "SIGNATURE", "ID"}
    for key, sample in SAMPLES.items():
        used = {*re.findall(r"\$([A-Z_]+)", sample["source"])}
        used |= {*re.findall(r'environ\["(\w+)"\]', sample["source"])}
        assert used - own <= VARIABLES.keys(), key


# -- what answers are held against ---------------------------------------------------------------


def test_an_answer_as_documented_passes() -> None:
    require_documented("GET /orders/{id}", 500, JSON_HEADERS, FAILURE)


def test_a_status_that_is_not_documented_is_found() -> None:
    with pytest.raises(Undocumented, match="answered 418"):
        require_documented("GET /orders/{id}", 418, JSON_HEADERS, FAILURE)


def test_a_content_type_that_is_not_documented_is_found() -> None:
    with pytest.raises(Undocumented, match="text/html"):
        require_documented("GET /orders/{id}", 500, {"Content-Type": "text/html"}, FAILURE)


@pytest.mark.parametrize(
    "body", ["{}", '{"error": 1}', '{"error": "x", "trace": "y"}', "[]", "null"]
)
def test_a_shape_that_is_not_documented_is_found(body: str) -> None:
    with pytest.raises(Undocumented, match="not as documented"):
        require_documented("GET /orders/{id}", 500, JSON_HEADERS, body)


def test_requests_find_their_operation_as_api_gateway_finds_it() -> None:
    assert operation("/orders/R1/pay", "POST") == "POST /orders/{id}/pay"
    assert operation("/v1/orders/count", "GET") == "GET /v1/orders/count"
    assert operation("/api/store/v1/nothing", "GET") is None
    assert operation("/nowhere", "GET") is None
