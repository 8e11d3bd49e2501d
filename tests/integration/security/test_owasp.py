"""The OWASP API Security Top 10 of 2023, as far as other tests don't prove it.

``docs/SECURITY.md`` lists for each item which tests do. What stands here goes through all routes of
the template, or through the first of each kind.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from orderhub.adapters.dynamodb.shops import DynamoShops
from orderhub.bootstrap import Application
from orderhub.domain.shop import Scope
from orderhub.wire.shoplazza.schema import MAX_LINE_ITEMS
from tests.integration.security.conftest import Town
from tests.integration.security.houses import (
    WIRES,
    Answer,
    Callers,
    House,
    Sent,
    changes,
    of_shop,
    stored,
)
from tests.integration.security.operations import (
    FUNCTION_OF,
    PUBLIC,
    Operation,
    operations,
)
from tests.integration.security.test_other_shops import Burglar
from tests.support.figures import tried
from tests.support.table import ROOT, template
from tests.support.wiretap import Answer as AwsAnswer
from tests.support.wiretap import Call, Wiretap

pytestmark = pytest.mark.xdist_group("two shops")

RESOURCES: Final[Mapping[str, Any]] = template()["Resources"]


@pytest.fixture
def burglar(town: Town, orderhub: Application, callers: Callers) -> Burglar:
    return Burglar(town, orderhub, callers)


# -- API3: broken object property level authorization ----------------------------------------------

SMUGGLED: Final[Mapping[str, Any]] = {
    "id": 6_666_666_666_666_666,
    "number": "SMUGGLED-1",
    "shop_id": "alder",
    "status": "completed",
    "state": "complete",
    "payment_status": "paid",
    "payment_state": "paid",
    "fulfilment_status": "delivered",
    "paid": True,
    "paid_at": "2026-01-01T00:00:00Z",
    "captured": "66666.66",
    "total": "0.01",
    "total_price": "0.01",
    "grand_total": "0.01",
    "outstanding": "0.00",
    "price_paid": "66666.66",
    "version": 6_666_666,
    "seller_id": "SMUGGLED-2",
    "user_id": 100_010,
    "company_id": 100_010,
    "agent_id": 100_010,
    "credential_id": "SMUGGLED-3",
    "scopes": ["read_orders", "write_orders", "SMUGGLED-4"],
    "is_enabled": False,
    "checkout_token": "SMUGGLED-5",
    "extensions": {"shoplazza": {"checkout_token": "SMUGGLED-6"}},
}
"""What callers may not say of an order, a metafield or a webhook."""


def smuggling(body: Any) -> Any:
    """``body`` with all of it in every object that isn't the caller's own to fill."""
    if isinstance(body, list):
        return [smuggling(part) for part in body]
    if not isinstance(body, dict):
        return body
    kept = {name: part if name == "fields" else smuggling(part) for name, part in body.items()}
    return {**{name: value for name, value in SMUGGLED.items() if name not in body}, **kept}


def standing(burglar: Burglar) -> list[tuple[object, ...]]:
    """How all of their orders stand."""
    orders, house = burglar.orderhub.desk.orders, burglar.theirs.id
    found = {
        int(key[0].rpartition("#")[2])
        for key in stored(burglar.orderhub)
        if re.fullmatch(rf"SHOP#{house}#ORDER#\d+", key[0])
    }
    read = [order for each in found if (order := orders.get(house, each))]
    return sorted(
        (
            order.status.value,
            order.payment_status.value,
            order.fulfilment_status.value,
            order.total.decimal_text,
            order.captured.decimal_text,
            order.version,
            len(order.lines),
        )
        for order in read
    )


@pytest.mark.parametrize("wire", WIRES)
def test_fields_that_nobody_may_set_are_ignored(wire: str, burglar: Burglar) -> None:
    ours = of_shop(stored(burglar.orderhub), burglar.ours.id)
    for operation in operations(burglar.theirs):
        if operation.wire != wire or operation.body is None:
            continue
        outcomes = []
        for body in (operation.body, smuggling(operation.body)):
            burglar.reset()
            answer = burglar.ask(replace(operation, body=body))
            outcomes.append((answer.status, standing(burglar)))
            now = stored(burglar.orderhub)
            # What a body says stays nowhere, not even in what was written besides.
            assert not [key for key, text in now.items() if "SMUGGLED" in text], operation.route
            assert {key: now.get(key) for key in ours} == ours, operation.route
            assert "SMUGGLED" not in answer.text
        assert outcomes[0] == outcomes[1], operation.route
        tried("smuggled fields, operations × fields", len(SMUGGLED))


# -- API4: unrestricted resource consumption -------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/orders", "/v1/metas", "/v1/webhooks"])
def test_a_page_is_as_large_as_we_say_whatever_is_asked(
    path: str, callers: Callers, ours: House, wiretap: Wiretap
) -> None:
    """Whoever asks for everything gets fifty, at the price of a few reads."""
    calls: list[str] = []

    def count(call: Call, happen: AwsAnswer) -> Any:
        calls.append(call.name)
        return happen()

    ids = ",".join(str(10**15 + number) for number in range(580))
    costs = []
    for query in ({"limit": "1000000000"}, {"ids": ids}, {"page": "1000000000"}):
        calls.clear()
        sent = Sent("GET", path, query=query)
        with wiretap.watched(count):
            answer = callers.ask("youhaosuda", ours.keys["youhaosuda"], sent)
        assert answer.status == 200
        (found,) = answer.body.values()
        assert len(found) <= 50
        costs.append(len(calls))
    assert max(costs) <= 15


def test_an_order_has_so_many_lines_and_a_body_so_many_bytes(
    orderhub: Application, callers: Callers, ours: House
) -> None:
    before = stored(orderhub)
    for operation in operations(ours):
        if operation.body is None:
            continue
        sent = operation.sent(ours)
        large = {**sent.body, "padding": "x" * (600 * 1024)}
        answer = callers.ask(operation.wire, ours.keys[operation.wire], replace(sent, body=large))
        assert answer.status < 500, operation.route
        told = answer.body
        assert (
            answer.status in (400, 403, 406, 413)
            or told.get("meta", {}).get("code") == 400
            or told.get("code") in (400, 413, 422)
        ), (operation.route, answer)
        if operation.wire == "shoplazza":
            lines = [sent.body["line_items"][0]] * (MAX_LINE_ITEMS + 1)
            many = replace(sent, body={**sent.body, "line_items": lines})
            assert callers.ask("shoplazza", ours.keys["shoplazza"], many).status == 422
    assert changes(before, stored(orderhub)) == []


# -- API5: broken function level authorization -----------------------------------------------------


def test_what_is_open_to_readers_can_write_nothing(ours: House) -> None:
    """Not by its handler's word alone: AWS refuses it. But for nonces of signed requests."""
    functions = {
        each["Properties"]["CodeUri"].removeprefix("functions/"): each["Properties"]
        for each in RESOURCES.values()
        if each["Type"] == "AWS::Serverless::Function"
    }
    for operation in operations(ours):
        if operation.scope != Scope.READ_ORDERS:
            continue
        for policy in functions[FUNCTION_OF[operation.route]]["Policies"]:
            statement = policy["Statement"]
            given = statement["Action"]
            writes = [
                action
                for action in ([given] if isinstance(given, str) else given)
                if re.search(r":(Put|Update|Delete|Transact|BatchWrite|Send|Encrypt)", action)
            ]
            if writes:
                keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
                assert keys == "NONCE#*", operation.route


def test_a_reader_is_refused_before_what_it_asks_for_is_looked_at(
    callers: Callers, ours: House
) -> None:
    """So refusals tell no reader which orders there are to write to."""
    for operation in operations(ours):
        if operation.scope != Scope.WRITE_ORDERS:
            continue
        told = set()
        for given in ({}, dict.fromkeys(operation.slots, "3476057604137130")):
            sent = operation.sent(ours, **given)
            answer = callers.ask(operation.wire, ours.readers[operation.wire], sent)
            told.add((answer.status, answer.text))
        assert len(told) == 1, operation.route


# -- API6: unrestricted access to sensitive business flows -----------------------------------------


def test_a_cart_becomes_one_order_however_often_it_is_rung_up(
    orderhub: Application, callers: Callers, ours: House
) -> None:
    wanted = {"cart_id": ours.own["cart_id"], "type": "cash"}
    sent = Sent("POST", "/user/company/order/create", body=wanted)
    answers = [callers.ask("brandcloud", ours.keys["brandcloud"], sent) for _ in range(3)]
    after = stored(orderhub)
    assert answers[0].status == 200
    assert len({answer.body.get("order_number") for answer in answers} - {None}) == 1
    again = callers.ask("brandcloud", ours.keys["brandcloud"], sent)
    assert (again.status, again.text) == (answers[1].status, answers[1].text)
    assert changes(after, stored(orderhub)) == []


def test_nobody_buys_more_than_there_is(
    orderhub: Application, callers: Callers, ours: House
) -> None:
    (_, counted) = ours.ids["product"]
    orderhub.desk.catalog.set_stock(ours.id, counted, ours.own["variant_id"], 3)
    (order,) = (each for each in operations(ours) if each.route.endswith("2026-01/orders"))
    sent = order.sent(ours, product_id=counted, idempotency_key="")
    key = ours.keys["shoplazza"]
    assert [callers.ask("shoplazza", key, sent).status for _ in range(3)] == [200, 422, 422]


# -- API7: server side request forgery -------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://10.0.0.1:8443/",
        "https://2130706433/",
        "https://0x7f000001/",
        "file:///etc/passwd",
        "gopher://erp.example.com/",
        "https://erp.example.com:0/",
        "https://user:secret@169.254.169.254/",
    ],
)
def test_no_subscription_leads_into_our_own_network(
    address: str, orderhub: Application, callers: Callers, ours: House
) -> None:
    webhook = {"address": address, "topic": "orders/paid"}
    before = stored(orderhub)
    key = ours.keys["youhaosuda"]
    for sent in (
        Sent("POST", "/v1/webhooks", body={"webhook": webhook}),
        Sent("PUT", f"/v1/webhooks/{ours.own['webhook']}", body={"webhook": webhook}),
    ):
        assert callers.ask("youhaosuda", key, sent).body["code"] == 422
    assert changes(before, stored(orderhub)) == []


# -- API8: security misconfiguration ---------------------------------------------------------------


def pages(ours: House) -> list[str]:
    checkout, token = ours.ids["checkout"][0], ours.ids["checkout_token"][0]
    paypal = ours.ids["link_token"][0]
    return [f"/checkout/{checkout}/{token}", f"/checkout/{checkout}/x", f"/pay/{paypal}", "/pay/x"]


def test_pages_can_do_nothing_that_they_need_not(callers: Callers, ours: House) -> None:
    for path in pages(ours):
        answer = callers.send(Sent("GET", path))
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        policy = dict(
            part.strip().split(" ", 1)
            for part in answer.headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert "unsafe-eval" not in str(policy)
        assert "unsafe-inline" not in policy.get("script-src", "")
        assert "*" not in re.sub(r"https://\*\.paypal\w*\.com", "", str(policy))
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert "no-store" in answer.headers["cache-control"]
        assert "set-cookie" not in answer.headers


def test_what_buyers_write_is_text_on_pages(callers: Callers, ours: House) -> None:
    script = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    (order,) = (each for each in operations(ours) if each.route.endswith("2026-01/orders"))
    sent = order.sent(ours, idempotency_key="")
    address = {**sent.body["shipping_address"], "last_name": script, "city": script}
    shipping = {"name": script, "shipping_price": "1.00", "desc": script}
    body = {**sent.body, "shipping_address": address, "shipping_line": shipping, "note": script}
    made = callers.ask("shoplazza", ours.keys["shoplazza"], replace(sent, body=body))
    assert made.status == 200
    (path,) = set(re.findall(r"/checkout/[\w.-]+/[\w-]+", made.text))
    page = callers.send(Sent("GET", path))
    assert page.status == 200
    assert "<script>alert" not in page.text
    assert "<img" not in page.text


def every_request(ours: House) -> list[tuple[str, Sent, Operation | None]]:
    """One of each route, without a credential."""
    asked: list[tuple[str, Sent, Operation | None]] = [
        (operation.route, operation.sent(ours), operation) for operation in operations(ours)
    ]
    for route in PUBLIC:
        method, path = route.split(" ")
        path = re.sub(r"\{\w+\+?\}", "x", path)
        body = None if method in ("GET", "ANY") else {"a": "b"}
        asked.append((route, Sent("GET" if method == "ANY" else method, path, body=body), None))
    return asked


def test_no_answer_lets_another_site_s_scripts_read_it(callers: Callers, ours: House) -> None:
    for route, sent, operation in every_request(ours):
        from_elsewhere = {**sent.headers, "origin": "https://evil.example"}
        asked = replace(sent, headers=from_elsewhere)
        answer = (
            callers.ask(
                operation.wire, ours.keys[operation.wire], asked, in_header=operation.in_header
            )
            if operation
            else callers.send(asked)
        )
        told = [name for name in answer.headers if name.startswith("access-control")]
        assert told == [], route
    assert "CorsConfiguration" not in RESOURCES["Api"]["Properties"]
    tried("routes asked from another site", len(FUNCTION_OF))


def test_a_fault_of_ours_tells_nothing_of_it(
    callers: Callers, ours: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = "internal-detail in /var/task/orderhub, table orderhub-prod"

    def fail(*_: object) -> None:
        raise RuntimeError(fault)

    for name in ("credential", "sealed_credential"):
        monkeypatch.setattr(DynamoShops, name, fail)
    for operation in operations(ours):
        key = ours.keys[operation.wire]
        sent = operation.sent(ours)
        answer = callers.ask(operation.wire, key, sent, in_header=operation.in_header)
        told = answer.text + str(answer.headers)
        assert answer.status == 500 or answer.body["meta"]["code"] == 500, operation.route
        for part in ("internal-detail", "Traceback", "RuntimeError", "orderhub", ".py"):
            assert part not in told, operation.route


def test_what_says_which_software_this_is_stands_in_no_header(
    callers: Callers, ours: House
) -> None:
    for route, sent, _ in every_request(ours):
        names = {name.lower() for name in callers.send(sent).headers}
        assert not names & {"server", "x-powered-by", "x-amzn-trace-id", "via"}, route


# -- API9: improper inventory management -----------------------------------------------------------


def test_every_route_stands_in_the_documentation() -> None:
    told = "".join(
        path.read_text(encoding="utf-8")
        for path in (*ROOT.glob("docs/*.md"), *ROOT.glob("docs/apis/*.md"))
    )
    bare = re.sub(r"\{\w+\}|:\w+|[A-Z]{4,}", "{}", told)
    for route in FUNCTION_OF:
        method, path = route.split(" ")
        if path.endswith("+}") or method == "ANY":
            continue
        path = re.sub(r"/payments/\w+/", "/payments/{provider}/", path)
        wanted = re.sub(r"\{\w+\}", "{}", path.removeprefix("/api/store/v1"))
        assert path in told or wanted in bare, route


def test_routes_that_nobody_needs_a_credential_for_are_listed_and_few() -> None:
    security = (ROOT / "docs/SECURITY.md").read_text(encoding="utf-8")
    for route in PUBLIC:
        path = route.split(" ")[1].replace("/{slash+}", "").replace("/{proxy+}", "")
        path = re.sub(r"/payments/\w+/", "/payments/{provider}/", path)
        assert f"`{path}`" in security, route


# -- API10: unsafe consumption of APIs -------------------------------------------------------------


@pytest.mark.parametrize("provider", ["stripe", "paypal", "alipay", "wechatpay"])
@pytest.mark.parametrize(
    "order",
    ["../../alder", "0", "-1", "9" * 30, "' OR 1=1 --", "<b>1</b>", "{{7*7}}", "\u202e12", ""],
)
def test_a_provider_that_is_taken_over_reaches_no_order_that_it_does_not_name(
    provider: str, order: str, burglar: Burglar
) -> None:
    """Rightly signed, and hostile: it is kept as a stray, or not at all."""
    house = burglar.theirs
    before = stored(burglar.orderhub)
    request = house.notify[provider](order)
    sent = Sent("POST", f"/webhooks/payments/{provider}/{house.id}", headers=request.headers)
    answer: Answer = burglar.callers.send(sent, content=request.body)
    assert answer.status < 500
    changed = {key[0] for key in changes(before, stored(burglar.orderhub))}
    assert changed <= {f"SHOP#{house.id}#STRAYS"}
    assert not [text for text in (fault_words(answer.text)) if text]


def fault_words(text: str) -> list[str]:
    return re.findall(r"Traceback|Exception|orderhub\.", text)


# -- secrets at rest -------------------------------------------------------------------------------


def test_no_token_and_no_secret_is_stored_as_it_is(
    orderhub: Application, ours: House, theirs: House
) -> None:
    """Tokens as hashes, what must be read as KMS encrypted it. The token of an order's page stands
    in its order: answers that show the link are given again and again."""
    everything = json.dumps(list(stored(orderhub).values()), ensure_ascii=False)
    for house in (ours, theirs):
        held = [*house.keys.values(), *house.readers.values(), *house.writers.values()]
        secrets = [key.token for key in (*held, house.consumer)] + [key.app[1] for key in held]
        signers = [key.signer for key in held if key.signer]
        secrets += [each.consumer_secret for each in signers]
        secrets += [text for each in signers for text in (each.token_value, each.token_secret)]
        secrets += house.secrets + house.ids["link_token"]
        found = [secret for secret in secrets if secret and secret in everything]
        assert found == []
        assert house.ids["checkout_token"][0] in everything
