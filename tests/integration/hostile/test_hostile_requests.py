"""Hostile requests to every operation of the template: answered in its API's own shape, at once,
without a fault, and nothing is changed by what is refused.

Every day each field gets each kind of value, of the kinds of which there are many but some in
turn; ``ORDERHUB_TORTURE=1`` tries every value in every place.
"""

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orderhub.wire.brandcloud import schema as brandcloud
from orderhub.wire.bricklink import schema as bricklink
from orderhub.wire.fields import Form
from orderhub.wire.marketplace import schema as marketplace
from orderhub.wire.shoplazza import schema as shoplazza
from orderhub.wire.youhaosuda import schema as youhaosuda
from orderhub.wire.youhaosuda import subscriptions
from tests.integration.hostile.attacks import Besieged, names_field
from tests.integration.hostile.place import Event, Operation, set_query
from tests.support.hostile import (
    CREDENTIALS,
    HEADERS,
    IDS,
    QUERY_VALUES,
    VALUES,
    Path,
    Value,
    at,
    bodies,
    near,
    paths,
    put,
    set_body,
)
from tests.support.properties import examples
from tests.support.table import routes

EVERYTHING: Final = bool(os.environ.get("ORDERHUB_TORTURE"))
ROUTES: Final = sorted(route for route in routes() if "{slash+}" not in route)
TRAILING: Final = sorted(route for route in routes() if "{slash+}" in route)
PROVIDERS: Final = [route for route in ROUTES if route.startswith("POST /webhooks/payments/")]
TAKING: Final = [
    route
    for route in ROUTES
    if route.startswith(("POST", "PUT"))
    and route not in PROVIDERS
    and not route.endswith(("/complete", "/drive_thru"))
]
VARIABLE: Final = [route for route in ROUTES if "{" in route]

T = TypeVar("T")
of_all = pytest.mark.parametrize("operation", ROUTES, indirect=True)
of_taking = pytest.mark.parametrize("operation", TAKING, indirect=True)
of_providers = pytest.mark.parametrize("operation", PROVIDERS, indirect=True)


@pytest.fixture
def operation(besieged: Besieged, request: pytest.FixtureRequest) -> Operation:
    operation = besieged.operations[request.param]
    besieged.takes(operation)
    return operation


def with_body(operation: Operation, text: str) -> Event:
    event = operation.request()
    event["body"], event["isBase64Encoded"] = text, False
    return event


def in_turn(things: Sequence[T], turn: int, of: int) -> Iterator[T]:
    """Every ``of``-th of them, beginning at another for each turn; everything when told so."""
    yield from things if EVERYTHING else things[turn % of :: of]


def values(turn: int) -> Iterator[Value]:
    """What to try in one place: every other type, and some of the rest."""
    yield from (each for each in VALUES if each.type not in ("string", "number"))
    yield from in_turn([each for each in VALUES if each.unreadable], turn, 8)
    yield from in_turn([each for each in VALUES if each.type == "number"], turn, 4)
    texts = [each for each in VALUES if each.type == "string" and not each.unreadable]
    yield from in_turn(texts, turn, 8)


# -- what is attacked ------------------------------------------------------------------------------


def test_every_route_of_the_template_is_attacked(besieged: Besieged) -> None:
    assert sorted(besieged.operations) == ROUTES
    with_bodies = [route for route, one in besieged.operations.items() if one.body is not None]
    assert sorted(with_bodies) == sorted([*TAKING, *PROVIDERS])


def forms(module: Any) -> Iterator[type[Form]]:
    """The forms of requests that a module has."""
    for found in vars(module).values():
        is_form = isinstance(found, type) and issubclass(found, Form)
        if is_form and found.__module__ == module.__name__:
            yield found


@pytest.mark.parametrize(
    ("wire", "module"),
    [
        ("marketplace", marketplace),
        ("brandcloud", brandcloud),
        ("bricklink", bricklink),
        ("shoplazza", shoplazza),
        ("youhaosuda", youhaosuda),
        ("youhaosuda", subscriptions),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__.rpartition(".")[2],
)
def test_every_documented_field_is_attacked(besieged: Besieged, wire: str, module: Any) -> None:
    attacked = {
        str(step)
        for one in besieged.operations.values()
        if one.wire == wire
        for place in [*paths(one.body or {}), *((name,) for name in one.query)]
        for step in place
    }
    documented = {
        name
        for form in forms(module)
        for name in get_type_hints(form).keys() - get_type_hints(Form).keys()
    }
    assert documented <= attacked


# -- bodies ----------------------------------------------------------------------------------------


@of_taking
def test_a_body_that_is_no_object_is_refused_and_one_within_the_limit_is_taken(
    besieged: Besieged, operation: Operation
) -> None:
    attacks = list(bodies(operation.body, operation.max_body_bytes))
    for body in in_turn(attacks, len(operation.route), 2):
        event = operation.request()
        set_body(event, body.content, body.media)
        is_taken = besieged.sends(operation, event, body.name)
        # An edit may change nothing.
        if not (body.name == "{} alone" and operation.function == "bricklink/update_order"):
            assert is_taken is not body.refused, (body.name, besieged.last)


@of_all
def test_a_body_where_none_is_asked_for_is_no_fault(
    besieged: Besieged, operation: Operation
) -> None:
    for number, body in enumerate(bodies({"a": 1}, operation.max_body_bytes)):
        if EVERYTHING or number % 8 == len(operation.route) % 8 or len(body.content) > 100_000:
            event = operation.request()
            set_body(event, body.content, body.media)
            besieged.sends(operation, event, body.name)


@of_all
def test_what_is_no_base64_is_no_body(besieged: Besieged, operation: Operation) -> None:
    for text in ("!!!!", "a", "=", "e30", "e30==", "单", "\ud800", " e30= ", "/w=="):
        event = operation.request() | {"body": text, "isBase64Encoded": True}
        is_taken = besieged.sends(operation, event, f"{text!a} as base64")
        assert not (is_taken and operation.body), text


# -- fields ----------------------------------------------------------------------------------------

_NOT_SAID: Final = ("null", "nothing", "blanks")
"""What leaves a field out, so that others may be wrong then."""
_TYPES: Final = {dict: "object", list: "array", bool: "boolean"}


def is_wrong_type(operation: Operation, path: Path, value: Value) -> bool:
    """Whether a field is of another type by its document."""
    if operation.wire == "youhaosuda" and "fields" in path[:-1] and value.type == "boolean":
        return False  # Fields of metafields are of any plain type.
    wanted = _TYPES.get(type(at(operation.body, path)), "")
    return value.type in _TYPES.values() and value.type != wanted


@of_taking
def test_a_value_of_another_type_is_refused_and_its_field_named(
    besieged: Besieged, operation: Operation
) -> None:
    for turn, path in enumerate(paths(operation.body)):
        for value in in_turn(list(values(turn)), turn, 2 if len(operation.body) < 12 else 4):
            event = with_body(operation, put(operation.body, path, value.text))
            what = f"{value.name} at {'.'.join(map(str, path))}"
            is_taken = besieged.sends(operation, event, what)
            if value.unreadable or is_wrong_type(operation, path, value):
                assert not is_taken, what
            if not (is_taken or value.unreadable or value.name in _NOT_SAID):
                assert names_field(operation, besieged.last, path), (what, besieged.last)


@of_providers
def test_what_a_provider_signs_is_no_fault_whatever_it_says(
    besieged: Besieged, operation: Operation
) -> None:
    assert operation.reseal
    for turn, path in enumerate(paths(operation.body)):
        for value in in_turn(list(values(turn)), turn, 3):
            text = put(operation.body, path, value.text)
            if operation.function.endswith("alipay") and value.unreadable:
                text = put(operation.body, path, json.dumps(value.text))
            what = f"{value.name} at {'.'.join(map(str, path))}"
            besieged.sends(operation, operation.reseal(text), what)


@of_providers
def test_what_a_provider_signs_is_no_fault_even_if_it_is_no_json(
    besieged: Besieged, operation: Operation
) -> None:
    assert operation.reseal
    if operation.function.endswith("alipay"):
        return  # Its notifications are forms.
    for body in bodies(operation.body, 60_000):
        try:
            text = body.content.decode()
        except UnicodeDecodeError:
            continue
        besieged.sends(operation, operation.reseal(text), body.name)


@of_providers
def test_what_no_provider_signed_is_refused(besieged: Besieged, operation: Operation) -> None:
    for body in bodies(operation.body, operation.max_body_bytes):
        event = operation.request()
        set_body(event, body.content, body.media)
        assert not besieged.sends(operation, event, body.name)


# -- paths -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", VARIABLE, indirect=True)
def test_an_id_that_is_none_leads_nowhere(besieged: Besieged, operation: Operation) -> None:
    for variable, right in operation.path.items():
        for name, wrong in in_turn([*IDS.items(), *near(right).items()], len(operation.route), 2):
            event = _as_good(operation)
            event["pathParameters"] = {**operation.path, variable: wrong}
            is_taken = besieged.sends(operation, event, f"{name} for {variable}")
            # BrickLink's ids are numbers.
            is_same = (
                variable == "order_id" and operation.wire == "bricklink" and name == "leading zeros"
            )
            assert is_taken is is_same, (name, variable)


@of_all
def test_a_request_without_its_parts_is_no_fault(besieged: Besieged, operation: Operation) -> None:
    """API Gateway leaves out what is empty, or sends null."""
    for part in ("body", "isBase64Encoded", "queryStringParameters", "rawQueryString", "cookies"):
        for value in ({}, {part: None}):
            event = {name: each for name, each in _as_good(operation).items() if name != part}
            besieged.sends(operation, {**event, **value}, f"{part} is {value}")


@pytest.mark.parametrize("route", TRAILING)
def test_what_stands_behind_a_slash_leads_nowhere(besieged: Besieged, route: str) -> None:
    operation = besieged.operations[route.removesuffix("/{slash+}")]
    for name, text in IDS.items():
        event = operation.request() | {"routeKey": route, "pathParameters": {"slash": text}}
        is_taken = besieged.sends(operation, event, f"{name} behind a slash")
        assert is_taken is not bool(text), name


def _as_good(operation: Operation) -> Event:
    return operation.reseal(operation.body) if operation.reseal else operation.request()


# -- queries and header fields ---------------------------------------------------------------------


@of_all
def test_queries_are_no_fault(besieged: Besieged, operation: Operation) -> None:
    many = {f"p{number}": str(number) for number in range(1_100)}
    odd = [
        many,
        {"": ""},
        {"__proto__": "1"},
        {"a[]": "1,2"},
        {"oauth_token": "a"},
        {"\ud800": "a"},
    ]
    odd += [
        {"Authorization": "[" * 500},
        {"Authorization": '{"oauth_token": null}'},
        {"\0": "\r\n"},
    ]
    for number, query in enumerate(odd):
        event = _as_good(operation)
        set_query(event, {**operation.query, **query})
        besieged.sends(operation, event, f"query {number}")
    for raw in ("%", "%zz=1", "a=%ff%fe", "&&&", "=", "a=1;b=2", "+" * 5_000, "a=1&a=2", "?"):
        event = _as_good(operation) | {"rawQueryString": raw}
        besieged.sends(operation, event, f"query {raw[:10]}")
    for turn, parameter in enumerate(operation.query):
        for name, value in in_turn(list(QUERY_VALUES.items()), turn, 4):
            event = _as_good(operation)
            set_query(event, {**operation.query, parameter: value})
            besieged.sends(operation, event, f"{name} for {parameter}")


@of_all
def test_header_fields_are_no_fault(besieged: Besieged, operation: Operation) -> None:
    for name, headers in in_turn(list(HEADERS.items()), len(operation.route), 3):
        event = _as_good(operation)
        event["headers"] = {**event["headers"], **headers}
        besieged.sends(operation, event, name)
    besieged.sends(operation, _as_good(operation) | {"headers": {}}, "no header fields")


@of_all
def test_credentials_that_are_none_are_refused(besieged: Besieged, operation: Operation) -> None:
    own = [name for name in operation.headers if name != "idempotency-key"]
    for name, text in in_turn(list(CREDENTIALS.items()), len(operation.route), 3):
        for field in own or ["authorization"]:
            event = operation.request()
            event["headers"][field] = text
            is_taken = besieged.sends(operation, event, f"{name} in {field}")
            assert not (is_taken and own), name


@pytest.mark.parametrize("text", [*IDS.values(), "k" * 256, "\t", "a\x7f"], ids=ascii)
@pytest.mark.parametrize("version", ["2022-01", "2026-01"])
def test_an_idempotency_key_is_told_as_a_field(besieged: Besieged, version: str, text: str) -> None:
    operation = besieged.operations[f"POST /openapi/{version}/orders"]
    event = operation.request()
    event["headers"]["idempotency-key"] = text
    if not besieged.sends(operation, event, "a key"):
        assert "Idempotency-Key" in besieged.last.body["errors"][0]


# -- anything --------------------------------------------------------------------------------------

_LEAVES: Final = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.decimals(allow_nan=False, allow_infinity=False).map(str)
    | st.sampled_from([value.text for value in VALUES if not value.unreadable]).map(
        lambda text: text[:50]
    )
)
_TREES: Final = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def mutated(draw: st.DrawFn, good: Any) -> Any:
    """A good body of which some parts are something else, missing, or another's."""
    body = json.loads(json.dumps(good))
    for _ in range(draw(st.integers(1, 3))):
        places = list(paths(body))
        if not places:
            break
        path = draw(st.sampled_from(places))
        owner = at(body, path[:-1])
        match draw(st.sampled_from(["replace", "remove", "borrow"])):
            case "replace":
                owner[path[-1]] = draw(_TREES)
            case "remove":
                del owner[path[-1]]
            case "borrow":
                borrowed = at(good, draw(st.sampled_from(list(paths(good)))))
                owner[path[-1]] = json.loads(json.dumps(borrowed))
    return body


@of_taking
def test_a_body_with_parts_that_are_something_else_is_no_fault(
    besieged: Besieged, operation: Operation
) -> None:
    @settings(
        examples(200 if EVERYTHING else 6),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(mutated(operation.body))
    def try_one(body: Any) -> None:
        besieged.sends(operation, with_body(operation, json.dumps(body)), repr(body)[:300])

    try_one()
