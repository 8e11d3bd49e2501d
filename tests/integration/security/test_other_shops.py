"""What one shop has does not exist for another (OWASP API1: broken object level authorization).

Every id of our shop is tried with their credentials wherever an operation takes an id: the answer
must be that for an id which nobody has, and nothing may change in either shop.
"""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from orderhub.bootstrap import Application
from orderhub.domain.details import BUYING_SHOP, Contact
from orderhub.domain.shop import Scope
from tests.integration.security.conftest import Town
from tests.integration.security.houses import (
    WIRES,
    Answer,
    Callers,
    House,
    Sent,
    changes,
    emulated,
    of_shop,
    stored,
)
from tests.integration.security.operations import Operation, operations
from tests.support import bricklink
from tests.support.fakes import FakeMailer
from tests.support.figures import tried

pytestmark = pytest.mark.xdist_group("two shops")

_SUCCESS = {
    "bricklink": lambda body: body["meta"]["code"] in (200, 201, 204),
    "youhaosuda": lambda body: "errors" not in body,
}
"""How APIs whose statuses don't tell say that something was done."""


class Burglar:
    """Their systems, which ask for what is ours."""

    def __init__(self, town: Town, orderhub: Application, callers: Callers) -> None:
        self.town = town
        self.orderhub = orderhub
        self.callers = callers
        self.ours = town.ours
        self.theirs = town.theirs
        self.known = {value for house in (town.ours, town.theirs) for value in known(house)}
        self.secrets = town.ours.everything() - town.theirs.everything()

    def ask(self, operation: Operation, **ids: str) -> Answer:
        theirs = self.theirs
        key = theirs.consumer if operation.as_consumer else theirs.keys[operation.wire]
        sent = operation.sent(theirs, **ids)
        return self.callers.ask(operation.wire, key, sent, in_header=operation.in_header)

    def nobodys(self, value: str) -> str:
        """An id like this one that nobody has."""
        found = list(re.finditer(r"\d", value))[-4:]
        if len(found) < 4:
            found = list(re.finditer(r"[A-Za-z0-9]", value))[-4:]
        text = list(value)
        for place in found:
            text[place.start()] = _next(place[0])
        made = "".join(text)
        assert made not in self.known
        return made

    def reset(self) -> None:
        """Both shops as they were."""
        items = emulated(self.orderhub.settings.table_name).items
        items.clear()
        items.update(copy.deepcopy(self.town.items))

    def learns_nothing(self, answer: Answer, *said: str) -> None:
        """Of ours, but what was said to begin with."""
        told = answer.text + str(answer.headers)
        for text in sorted(said, key=len, reverse=True):
            told = told.replace(text, "")
        assert not [secret for secret in self.secrets if secret in told]


def known(house: House) -> set[str]:
    return {*house.everything(), *(each for ids in house.ids.values() for each in ids)}


def _next(letter: str) -> str:
    if letter.isdigit():
        return str((int(letter) + 5) % 10)
    return {"z": "a", "Z": "A"}.get(letter, chr(ord(letter) + 1))


def shape(value: Any) -> Any:
    """The keys of an answer."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value]
    return type(value).__name__ if not isinstance(value, int | float) else "number"


@pytest.fixture
def burglar(town: Town, orderhub: Application, callers: Callers) -> Burglar:
    return Burglar(town, orderhub, callers)


def of_wire(burglar: Burglar, wire: str) -> Iterator[Operation]:
    return (each for each in operations(burglar.theirs) if each.wire == wire)


@pytest.mark.parametrize("wire", WIRES)
def test_what_is_asked_for_with_their_own_ids_is_done(wire: str, burglar: Burglar) -> None:
    """Else the other tests here would prove nothing."""
    for operation in of_wire(burglar, wire):
        burglar.reset()
        answer = burglar.ask(operation)
        assert answer.status in (200, 201), (operation.route, answer)
        if wire in _SUCCESS:
            assert _SUCCESS[wire](answer.body), (operation.route, answer)


@pytest.mark.parametrize("wire", WIRES)
def test_ids_of_another_shop_are_nobodys(wire: str, burglar: Burglar, outbox: FakeMailer) -> None:
    before = stored(burglar.orderhub)
    count = 0
    for operation in of_wire(burglar, wire):
        for slot, kind in (
            (slot, kind) for slot, kinds in operation.slots.items() for kind in kinds
        ):
            ids = burglar.ours.ids[kind]
            other = burglar.nobodys(ids[0])
            unknown = burglar.ask(operation, **{slot: other})
            expected = (unknown.status, unknown.text.replace(other, "#"))
            for value in ids:
                answer = burglar.ask(operation, **{slot: value})
                told = (answer.status, answer.text.replace(value, "#"))
                assert told == expected, (operation.route, slot, value)
                burglar.learns_nothing(answer, value)
                count += 1
        assert changes(before, stored(burglar.orderhub)) == [], operation.route
    assert outbox.sent == []
    tried("another shop's ids, attempts", count)


@pytest.mark.parametrize("wire", WIRES)
def test_a_whole_request_of_another_shop_is_about_nothing(wire: str, burglar: Burglar) -> None:
    """All ids at once, which fit each other there."""
    before = stored(burglar.orderhub)
    for operation in of_wire(burglar, wire):
        if not operation.slots:
            continue
        ours = {
            slot: burglar.ours.own[operation.fills.get(slot, slot)]
            for slot in operation.slots
            if operation.fills.get(slot, slot)
        }
        others = {slot: burglar.nobodys(value) for slot, value in ours.items()}
        answer, expected = burglar.ask(operation, **ours), burglar.ask(operation, **others)
        assert (answer.status, shape_of(answer)) == (expected.status, shape_of(expected))
        burglar.learns_nothing(answer, *ours.values())
        assert changes(before, stored(burglar.orderhub)) == [], operation.route
        tried("another shop's ids, attempts")


def shape_of(answer: Answer) -> Any:
    return shape(answer.body)


@pytest.mark.parametrize("wire", WIRES)
def test_names_that_another_shop_chose_are_free(wire: str, burglar: Burglar) -> None:
    """A reference, a transaction or an idempotency key of ours is theirs to choose as well: it
    finds nothing of ours, and is answered as one that nobody has chosen."""
    ours = of_shop(stored(burglar.orderhub), burglar.ours.id)
    count = 0
    for operation in of_wire(burglar, wire):
        for slot, kinds in {**operation.names, **operation.bounds}.items():
            for value in (each for kind in kinds for each in burglar.ours.ids[kind][:3]):
                answers = []
                for each in (value, burglar.nobodys(value)):
                    burglar.reset()
                    answers.append(burglar.ask(operation, **{slot: each}))
                    burglar.learns_nothing(answers[-1], value)
                    now = of_shop(stored(burglar.orderhub), burglar.ours.id)
                    # Theirs may well hold the name that they gave, but no item of ours changes.
                    assert {key: now.get(key) for key in ours} == ours, (operation.route, slot)
                if slot in operation.names:
                    told = [(answer.status, shape_of(answer)) for answer in answers]
                    assert told[0] == told[1], (operation.route, slot, value)
                count += 1
    tried("another shop's ids, attempts", count)


# -- routes without a credential -------------------------------------------------------------------


def test_a_page_opens_for_its_own_token_alone(burglar: Burglar) -> None:
    ours, theirs, count = burglar.ours, burglar.theirs, 0
    pages = list(zip(ours.ids["checkout"], ours.ids["checkout_token"], strict=True))
    for page, token in pages:
        assert get(burglar, f"/checkout/{page}/{token}").status == 200
    nothing = get(burglar, f"/checkout/{burglar.nobodys(pages[0][0])}/{pages[0][1]}")
    assert nothing.status == 404
    (order, own), (other_order, other) = pages
    tokens = [other, *theirs.ids["checkout_token"], own[:-1], own + "A", "A" * len(own), "0"]
    tried_here = [(order, token) for token in (*tokens, *ours.ids["link_token"])]
    # The same order under the name of another shop, and theirs under ours.
    tried_here += [(other_order, own), (order.replace(ours.id, theirs.id), own)]
    tried_here += [(page.replace(theirs.id, ours.id), own) for page in theirs.ids["checkout"]]
    tried_here += [(f"{ours.id}-{ours.own['id']}", token) for token in ("", "None", own)]
    before = stored(burglar.orderhub)
    for page, token in tried_here:
        answer = get(burglar, f"/checkout/{page}/{token}")
        assert answer.status == 404, (page, token)
        burglar.learns_nothing(answer, page, token)
        if token:
            assert answer.text == nothing.text
        count += 1
    assert changes(before, stored(burglar.orderhub)) == []
    tried("another shop's ids, attempts", count)


@pytest.mark.parametrize("route", ["/pay/{token}", "/transaction/{token}/result"])
def test_a_link_opens_for_its_whole_token_alone(route: str, burglar: Burglar) -> None:
    (own,) = burglar.ours.ids["link_token"]
    assert get(burglar, route.replace("{token}", own)).status == 200
    wrong = [own[:-1], own + "A", own.swapcase(), burglar.nobodys(own), "A" * len(own)]
    wrong += [*burglar.ours.ids["checkout_token"], burglar.ours.own["paypal_number"]]
    answers = [get(burglar, route.replace("{token}", token)) for token in wrong]
    assert len({(answer.status, answer.text) for answer in answers}) == 1
    assert answers[0].status in (403, 404)
    for answer, token in zip(answers, wrong, strict=True):
        burglar.learns_nothing(answer, token)
    tried("another shop's ids, attempts", len(wrong))


def get(burglar: Burglar, path: str) -> Answer:
    return burglar.callers.send(Sent("GET", path))


@pytest.mark.parametrize("provider", ["stripe", "paypal", "alipay", "wechatpay"])
def test_a_notification_for_one_shop_does_nothing_to_orders_of_another(
    provider: str, burglar: Burglar
) -> None:
    """What names an order of ours to their account is a stray of theirs."""
    before = of_shop(stored(burglar.orderhub), burglar.ours.id)
    for order in (burglar.ours.own["id"], burglar.ours.own["youhaosuda_order"]):
        request = burglar.theirs.notify[provider](order)
        path = f"/webhooks/payments/{provider}/{burglar.theirs.id}"
        sent = Sent("POST", path, headers=request.headers)
        answer = burglar.callers.send(sent, content=request.body)
        assert answer.status == 200
        burglar.learns_nothing(answer)
        assert changes(before, of_shop(stored(burglar.orderhub), burglar.ours.id)) == []
        tried("another shop's ids, attempts")


# -- what two shops share --------------------------------------------------------------------------


def test_a_buying_shop_reads_its_order_and_writes_nothing(burglar: Burglar) -> None:
    """The one order of another shop that may be seen: the one that was placed there."""
    theirs = burglar.theirs.id
    buyer = Contact(id="57", name="brickfan", attributes={BUYING_SHOP: theirs})
    details = bricklink.placement().details
    placed = bricklink.make(
        burglar.orderhub,
        shop_id=burglar.ours.id,
        details=type(details)(
            customer=buyer,
            shipping_address=details.shipping_address,
            payment_method=details.payment_method,
        ),
    )
    before = stored(burglar.orderhub)
    for operation in of_wire(burglar, "bricklink"):
        if "order_id" not in operation.slots:
            continue
        answer = burglar.ask(operation, order_id=str(placed.id))
        is_read = operation.scope == Scope.READ_ORDERS
        assert (answer.body["meta"]["code"] == 404) != is_read, (operation.route, answer.text)
        if operation.route.endswith("messages"):
            assert answer.body["data"] == [], "letters are the seller's"
        if not is_read:
            burglar.learns_nothing(answer, str(placed.id))
        assert changes(before, stored(burglar.orderhub)) == [], operation.route
        tried("another shop's ids, attempts")


def test_answers_are_compared_without_what_was_asked(burglar: Burglar) -> None:
    """``nobodys`` makes an id of the same kind, which must not be taken for another."""
    for value in ("3476057604137130", "BBBB261122869845OD", "alder-erp-0"):
        made = burglar.nobodys(value)
        assert made != value
        assert len(made) == len(value)
        assert json.dumps(made) != json.dumps(value)
