"""What lines of a file of orders mean, and which of them are refused."""

import json
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderhub.domain.details import Reference
from orderhub.domain.events import Terms
from orderhub.domain.identity import MAX_ORDER_ID, created_at, default_number
from orderhub.domain.money import Money
from orderhub.domain.payment import PaymentState
from orderhub.domain.refund import RefundState
from orderhub.domain.shipment import ShipmentState
from orderhub.domain.status import OrderStatus, PaymentStatus
from orderhub.services.change_costs import COUPON, CREDIT
from orderhub.services.place_product_order import DISCOUNT_KIND
from orderhub_cli.interchange.facts import facts
from orderhub_cli.interchange.imported import BadLine, read_imported
from orderhub_cli.interchange.writing import line_of
from tests.support.fakes import NOON
from tests.support.interchange import SHOP, brought_in, problems
from tests.support.order_lines import order_lines
from tests.support.properties import examples

LEAST: Final[dict[str, Any]] = {
    "wire": "marketplace",
    "reference": "A-1",
    "lines": [{"product_id": "3001", "quantity": 2, "unit_price": "5.00"}],
}


def at(day: int, hour: int = 0) -> str:
    return f"2024-03-{day:02d}T{hour:02d}:00:00Z"


PAID: Final[dict[str, Any]] = {
    **LEAST,
    "created_at": at(1),
    "payments": [{"amount": "10", "provider": "stripe", "transaction_id": "pi_1", "at": at(2)}],
}
SENT: Final[dict[str, Any]] = {
    **PAID,
    "shipments": [{"carrier": "SF", "tracking_number": "1", "sent_at": at(3)}],
}


def exported(line: dict[str, Any] | None = None) -> dict[str, Any]:
    """The line of an order that was brought in."""
    told = {
        **SENT,
        "refunds": [{"amount": "4", "at": at(4)}],
        "notes": [{"text": "hm", "at": at(5), "author": "Kim"}],
        "status": "completed",
        "closed_at": at(6),
    }
    made = brought_in(line or told)
    written: dict[str, Any] = json.loads(line_of(made.order, made.recorded))
    return written


def with_path(line: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """``line`` with another value at ``path``."""
    changed = deepcopy(line)
    place: Any = changed
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return changed


# -- what it means -----------------------------------------------------------------------------


def test_a_line_needs_an_api_a_reference_and_what_was_ordered() -> None:
    order = brought_in(LEAST).order
    assert order.references == (Reference("order", "marketplace", "A-1"),)
    assert (order.total, order.status) == (Money(1000, "CNY"), OrderStatus.OPEN)
    assert order.created_at == NOON
    assert order.number == default_number(order.id)


def test_what_happened_happened_at_its_time() -> None:
    made = brought_in(
        {
            **SENT,
            "refunds": [{"amount": "4", "reason": "late", "at": at(5, 1)}],
            "notes": [{"text": "rang twice", "at": at(4), "author": "Kim"}],
            "status": "completed",
            "closed_at": at(6),
        }
    )
    assert [(entry.event.TYPE, f"{entry.at:%d %H}") for entry in made.recorded] == [
        ("order.placed", "01 00"),
        ("payment.captured", "02 00"),
        ("order.paid", "02 00"),
        ("shipment.sent", "03 00"),
        ("order.note_added", "04 00"),
        ("refund.requested", "05 01"),
        ("refund.succeeded", "05 01"),
        ("shipment.received", "06 00"),
        ("order.completed", "06 00"),
    ]
    assert made.order.notes[0].author == "Kim"
    assert made.order.payment_status is PaymentStatus.PARTIALLY_REFUNDED


def test_what_has_no_time_happens_as_soon_as_it_can() -> None:
    """Money comes with the order, goods and refunds follow it, and then the order closes."""
    payments = [{"amount": "6"}, {"amount": "4", "at": at(3)}]
    told = {**LEAST, "created_at": at(1), "payments": payments, "shipments": [{}]}
    order = brought_in({**told, "refunds": [{"amount": "10"}], "status": "cancelled"}).order
    assert [f"{payment.created_at:%d}" for payment in order.payments] == ["01", "03"]
    assert f"{order.shipments[0].sent_at:%d}" == "03"
    assert f"{order.refunds[0].created_at:%d}" == "03"
    assert f"{order.closed_at:%d}" == "03"


def test_an_order_without_a_time_was_made_when_the_first_thing_happened_to_it() -> None:
    order = brought_in({**PAID, "created_at": None, "notes": [{"text": "hm", "at": at(1)}]}).order
    assert order.created_at == datetime.fromisoformat(at(1))
    assert order.paid_at == datetime.fromisoformat(at(2))


def test_nothing_happens_to_an_order_by_itself_unless_its_line_says_so() -> None:
    assert brought_in(PAID).order.terms == Terms()
    assert brought_in({**PAID, "windows": "shop"}).order.terms == SHOP.terms_for("marketplace")
    order = brought_in({**PAID, "windows": {"refund_window": 3600}}).order
    assert order.refundable_until == datetime.fromisoformat(at(2, 1))
    assert order.refund_window_closed


def test_windows_that_a_line_says_bind_what_it_says_happened() -> None:
    said = problems({**PAID, "windows": {"payment_timeout": 3600}})
    assert said == ("payments[0]: order expired",)


def test_money_may_have_been_under_way_for_a_while() -> None:
    card = {"amount": "10", "provider": "stripe", "at": at(2)}
    told = [
        {**card, "transaction_id": "1", "state": "failed", "updated_at": at(3), "failure": "no"},
        {**card, "transaction_id": "2", "updated_at": at(4), "method": "card"},
    ]
    failed, captured = brought_in({**PAID, "payments": told}).order.payments
    assert (failed.state, failed.failure, f"{failed.updated_at:%d}") == (
        PaymentState.FAILED,
        "no",
        "03",
    )
    assert (captured.state, captured.method) == (PaymentState.CAPTURED, "card")
    assert f"{captured.created_at:%d} {captured.updated_at:%d}" == "02 04"

    pending = [{**card, "transaction_id": "3", "state": "pending"}]
    order = brought_in({**PAID, "payments": pending}).order
    assert order.payment_status is PaymentStatus.CONFIRMING


def test_refunds_may_have_failed_or_be_under_way() -> None:
    told = [
        {"amount": "3", "state": "failed", "failure": "closed", "at": at(3), "updated_at": at(4)},
        {"amount": "4", "state": "requested", "at": at(5), "payment": 1, "transaction_id": "re_1"},
        {"amount": "1", "lines": [{"line": 1, "quantity": 1}], "at": at(6)},
    ]
    failed, asked_for, done = brought_in({**PAID, "refunds": told}).order.refunds
    assert (failed.state, failed.failure) == (RefundState.FAILED, "closed")
    assert (asked_for.state, asked_for.payment_id) == (RefundState.REQUESTED, 1)
    assert (done.state, done.lines[0].quantity) == (RefundState.SUCCEEDED, 1)


def test_parcels_are_where_their_times_say() -> None:
    one = {"lines": [{"line": 1, "quantity": 1}], "sent_at": at(3)}
    told = [{**one, "received_at": at(4), "returned_at": at(5)}, {**one, "state": "received"}]
    back, received = brought_in({**PAID, "shipments": told}).order.shipments
    assert (back.state, f"{back.updated_at:%d}") == (ShipmentState.RETURNED, "05")
    assert (received.state, f"{received.updated_at:%d}") == (ShipmentState.RECEIVED, "03")


def test_an_order_may_have_run_out_of_time_elsewhere() -> None:
    order = brought_in(
        {**LEAST, "created_at": at(1), "status": "expired", "closed_at": at(2)}
    ).order
    assert (order.status, order.closed_at) == (
        OrderStatus.EXPIRED,
        datetime.fromisoformat(at(2)),
    )


def test_lines_may_have_come_on_later_and_the_price_may_have_been_agreed_on() -> None:
    lines = [*PAID["lines"], {"product_id": "1", "quantity": 1, "unit_price": 3, "batch": 2}]
    order = brought_in({**PAID, "lines": lines, "agreed_total": "10.00", "total": 10}).order
    assert [line.batch for line in order.lines] == [1, 2]
    assert order.price_adjustment == Money(-300, "CNY")
    assert order.is_paid


def test_what_people_wrote_comes_along() -> None:
    letter = {"body": "Where?", "sender": "kim", "recipient": "shop", "sent_at": at(3)}
    rating = {"side": "seller", "rating": "praise", "sender": "kim", "recipient": "shop"}
    told = {
        **PAID,
        "messages": [letter],
        "feedback": [{**rating, "comment": "Good", "reply": "Thanks", "rated_at": at(4)}],
        "tags": ["vip"],
        "remarks": "rings twice",
        "seller_mark": "packed",
        "is_filed": True,
        "thanked_at": at(5),
    }
    order = brought_in(told).order
    assert order.messages[0].sent_at == datetime.fromisoformat(at(3))
    assert (order.feedback[0].reply, order.feedback[0].rating.name) == ("Thanks", "PRAISE")
    assert (order.tags, order.remarks, order.is_filed) == (("vip",), "rings twice", True)
    assert order.thanked_at == datetime.fromisoformat(at(5))


def test_an_order_keeps_a_number_of_its_own() -> None:
    made = brought_in({**LEAST, "number": "2024/17"})
    assert made.order.number == "2024/17"
    assert Reference("order", "number", "2024/17") in made.order.references


def test_an_invoice_is_issued_when_the_order_was_paid() -> None:
    seller = {"id": "7", "name": "Kiosk", "address": {"line1": "Road 1"}}
    told = {**PAID, "invoicing": {"seller": seller, "number": "RE-17"}}
    order = brought_in(told).order
    assert order.invoices[0].number == "RE-17"
    assert order.invoices[0].issued_at == order.paid_at
    assert order.seller_id == "7"


def test_reading_changes_nothing_so_that_a_line_may_be_brought_in_again() -> None:
    told = {**SENT, "refunds": [{"amount": "4", "at": at(4)}], "status": "completed"}
    imported = read_imported(json.dumps(told), SHOP, NOON)
    first, second = brought_in(told), brought_in(told)
    assert imported.name == "A-1"
    assert first.recorded == second.recorded


def test_what_exported_lines_show_makes_the_same_orders_without_their_events() -> None:
    now = NOON + timedelta(days=1)
    for line in order_lines(40):
        made = brought_in(line, now)
        shown = facts(made.order)

        again = brought_in(json.loads(json.dumps(shown)), now).order

        assert {**facts(again), "updated_at": 0} == {**shown, "updated_at": 0}


@pytest.mark.parametrize("kind", [COUPON, CREDIT, DISCOUNT_KIND])
def test_each_discount_that_an_api_records_can_come_without_events(kind: str) -> None:
    made = brought_in({**PAID, "payments": [], "discounts": [{"amount": "1.00", "kind": kind}]})
    assert [discount.kind for discount in made.order.discounts] == [kind]


# -- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reference": ""}, "reference: needed, or an id"),
        ({"colour": "red"}, "colour: there is no such field"),
        ({"wire": "ebay"}, "wire: "),
        ({"currency": "ZZZ"}, "currency: "),
        ({"id": 7}, "id: no order's id"),
        ({"id": MAX_ORDER_ID + 1}, "id: no order's id"),
        ({"id": 3102238310400005}, "created_at: the id says "),
        ({"number": "R3102238310400005"}, "number: it is that of another order's id"),
        ({"created_at": "2024-03-01"}, "created_at: "),
        ({"created_at": "2024-03-01 09:00"}, "created_at: no time zone; Z at its end is UTC"),
        ({"customer": "Mei"}, "customer: not an object"),
        ({"discounts": [{"amount": "1", "kind": "rebate"}]}, "discounts[0].kind: "),
        ({"created_at": 1709251200}, "created_at: not like 2026-11-21T12:00:00Z"),
        ({"created_at": "1999-12-31T00:00:00Z"}, "created_at: not a time from 2000-01-02 on"),
        ({"created_at": "9999-12-31T23:59:59-14:00"}, "created_at: "),
        ({"created_at": "2030-01-01T00:00:00Z"}, "created_at: in the future"),
        ({"payments": [{"amount": "10", "at": at(2), "currency": "USD"}]}, "payments[0].currency:"),
        ({"payments": [{"amount": "10.001"}]}, "payments[0].amount: too precise"),
        ({"payments": [{"amount": "-1"}]}, "payments[0].amount: negative"),
        ({"payments": [{"amount": 0}]}, "payments[0]: amount: too small"),
        ({"payments": [{"amount": "10", "at": "2024-02-28T00:00:00Z"}]}, "payments[0]: before "),
        ({"payments": [{"amount": "10", "state": "held"}]}, "payments[0].state: "),
        ({"payments": [{"amount": "10", "failure": "x"}]}, "payments[0].failure: "),
        ({"payments": [{"amount": "1", "state": "failed"}]}, "payments[0].transaction_id: needed"),
        (
            {"payments": [{"amount": "5", "transaction_id": "1"}] * 2},
            "payments[1].transaction_id: another payment of the order has it",
        ),
        ({"refunds": [{"amount": "11"}]}, "refunds[0]: refund exceeds captured"),
        ({"refunds": [{"amount": "1", "payment": 2}]}, "refunds[0]: payment: the order has no "),
        (
            {"refunds": [{"amount": "1", "lines": [{"line": 2, "quantity": 1}]}]},
            "refunds[0]: refund_lines: the order has no line 2",
        ),
        ({"refunds": [{"amount": "1", "transaction_id": "r"}] * 2}, "refunds[1]: transaction_id: "),
        ({"refunds": [{"amount": "1", "failure": "x"}]}, "refunds[0].failure: "),
        (
            {"shipments": [{"lines": [{"line": 1, "quantity": 3}]}]},
            "shipments[0]: of line 1, 2 can still be shipped, not 3",
        ),
        ({"shipments": [{"lines": [{"line": 9, "quantity": 1}]}]}, "shipments[0]: lines: "),
        ({"shipments": [{}, {}]}, "shipments[1]: nothing is left to ship"),
        ({"shipments": [{"tracking_url": "ftp://x"}]}, "shipments[0]: tracking_url: "),
        ({"shipments": [{"state": "sent", "received_at": at(4)}]}, "shipments[0].received_at: "),
        ({"shipments": [{"state": "received", "returned_at": at(4)}]}, "shipments[0].returned_at:"),
        ({"payments": [], "status": "completed"}, "status: an order is completed after it is paid"),
        ({"status": "cancelled"}, "status: give the money back before cancelling"),
        ({"status": "expired"}, "status: a paid order doesn't expire"),
        ({"closed_at": at(3)}, "closed_at: 2024-03-03T00:00:00Z is said here"),
        ({"cancel_reason": "x"}, "cancel_reason: x is said here"),
        ({"total": "9.99"}, "total: 9.99 is said here, but what the line tells yields 10.00"),
        ({"captured": True}, "captured: "),
        ({"refunded": {}}, "refunded: "),
        ({"payment_status": "unpaid"}, "payment_status: unpaid is said here"),
        ({"fulfilment_status": "shipped"}, "fulfilment_status: "),
        ({"paid_at": at(3)}, "paid_at: "),
        ({"paid_at": "noon"}, "paid_at: "),
        ({"disputes": []}, "disputes: can't be brought in without the order's events"),
        ({"held_refunds": []}, "held_refunds: "),
        ({"early_refunds": []}, "early_refunds: "),
        ({"notes": [{"text": " "}]}, "notes[0]: text: blank"),
        ({"notes": [{"text": "a\x00b"}]}, "notes[0]: text: "),
        ({"messages": [{"body": "x", "sender": "", "recipient": "y"}]}, "messages[0]: sender: "),
        ({"feedback": [{"side": "seller", "rating": "bad"}]}, "feedback[0].rating: "),
        ({"references": [{"kind": "a#b", "scope": "", "value": "1"}]}, "references[0].kind: "),
        ({"references": [{"scope": "number", "value": "1"}]}, "references[0]: a number is said "),
        ({"lines": [{**LEAST["lines"][0], "batch": 2}]}, "lines: their batches count from 1 on"),
        ({"windows": {"payment_timeout": -1}}, "windows."),
        ({"windows": {"auto_receive": 10**30}}, "windows."),
        ({"windows": "none"}, "windows."),
        ({"agreed_total": "-1"}, "agreed_total: negative"),
        ({"tags": ["x" * 65]}, "tags: at most 64 characters"),
    ],
)
def test_what_can_not_be_is_told_with_its_place(changes: dict[str, Any], said: str) -> None:
    found = problems({**PAID, **changes})
    assert any(problem.startswith(said) for problem in found), found


def test_all_problems_of_form_are_told_at_once() -> None:
    bad = {"wire": "ebay", "colour": 1, "lines": [{"quantity": "many"}], "payments": [{}]}
    places = {problem.split(":")[0] for problem in problems(bad)}
    assert {"colour", "lines[0].quantity", "lines[0].unit_price", "payments[0].amount"} <= places


def test_what_can_be_calculated_may_be_said_in_any_spelling() -> None:
    told = {
        "total": 10,
        "captured": "10.0",
        "refunded": "0",
        "paid_at": "2024-03-02T08:00:00+08:00",
    }
    assert problems({**PAID, **told, "payment_status": "paid", "stock_taken": 7}) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "7",
        "[]",
        '"text"',
        "{",
        "NaN",
        '{"wire": NaN}',
        '{"wire": "\\ud800"}',
        b"\xff\xfe",
        b"\x00",
        "[" * 100_000,
        '{"a":' * 100_000,
        "9" * 100_000,
        '{"wire": 1e999}',
        '{"wire": "marketplace", "reference": "x", "lines": [{"quantity": 1e99}]}',
        '{"wire": "marketplace", "reference": "x", "payments": [{"amount": 1e-999999999}]}',
        '{"events": {}}',
        '{"events": [null]}',
        '{"events": [{"type": "order.placed"}], "id": true, "number": 7}',
    ],
    ids=lambda text: repr(text[:16]),
)
def test_text_that_is_no_order_is_refused_in_words(text: str | bytes) -> None:
    with pytest.raises(BadLine) as refused:
        read_imported(text, SHOP, NOON)
    assert all(refused.value.problems)


def test_a_file_in_another_encoding_is_told_as_such() -> None:
    with pytest.raises(BadLine, match="not in UTF-8"):
        read_imported('{"wire": "marketplace", "reference": "Müller"}'.encode("latin-1"), SHOP)


ANYTHING: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text(max_size=8)
    | st.sampled_from(["order", "0001-01-01T00:00:00Z", "1e99", at(3), "CNY", "captured"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["amount", "id", "at", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for name, part in inner:
        found.append((*path, name))
        if isinstance(part, dict | list):
            found += paths_in(part, (*path, name))
    return found


EXPORTED: Final = exported()
SHOWN: Final = {name: part for name, part in EXPORTED.items() if name != "events"}


@given(data=st.data(), of_events=st.booleans())
@examples(200)
def test_a_line_that_somebody_changed_is_an_order_that_adds_up_or_is_refused(
    data: st.DataObject, of_events: bool
) -> None:
    line = EXPORTED if of_events else SHOWN
    path = data.draw(st.sampled_from(paths_in(line)))
    changed = with_path(line, path, data.draw(ANYTHING))
    if problems(changed):
        return
    order = brought_in(changed).order
    assert order.refunded <= order.captured
    assert order.captured >= order.total
    assert min(order.unshipped().values()) >= 0


# -- events --------------------------------------------------------------------------------------


def test_a_line_with_events_is_the_same_order_with_the_same_history() -> None:
    made = brought_in(EXPORTED)
    assert made.order.id == EXPORTED["id"]
    assert made.order.created_at == created_at(EXPORTED["id"])
    assert json.loads(line_of(made.order, made.recorded)) == EXPORTED


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("total",), "9.00", 'total: "9.00" is said here, but the events say "10.00"'),
        (("lines", 0, "quantity"), 3, "lines[0].quantity: 3 is said here, but the events say 2"),
        (("payments", 0, "at"), at(1), "payments[0].at: "),
        (("lines",), [], "lines: [] is said here, but the events say "),
        (("colour",), "red", 'colour: "red" is said here, and nothing by the events'),
        (("id",), 3102238310400005, "events[0]: not how an order like this begins"),
        (("id",), "1", "id: an order with events has the id that it had"),
        (("number",), "", "number: an order with events has the number that it had"),
        (("number",), "R7", 'number: "R7" is said here'),
        (("events", 0, "type"), "order.paid", "events[0].data"),
        (("events", 0, "type"), "order.shipped", "events[0].type: no type of event"),
        (("events", 0, "at"), at(2), "events[0].at: "),
        (("events", 0, "actor"), {"kind": 7}, "events[0].actor: "),
        (("events", 0, "data", "wire"), "ebay", "wire: "),
        (("events", 0, "data", "currency"), "XYZ", "currency: "),
        (("events", 0, "data", "currency"), "USD", "price: wrong currency"),
        (("events", 0, "data", "terms"), {"refund_window": 10**30}, "windows.refund_window: "),
        (("events", 0, "data", "terms"), {"auto_receive": -1}, "windows.auto_receive: "),
        (("events", 0, "extra"), 1, "events[0]: not an event"),
        (("events", 0, "data", "colour"), 1, "events[0].data.colour: "),
        (("events", 0, "data", "created_at"), "2024-03-01T00:00:00", "events[0].data.created_at: "),
        (("events", 1, "data", "payment", "amount"), [999, "CNY"], "events: it was marked as paid"),
        (("events", 1, "data", "payment", "amount"), [1000, "XYZ"], "events[1].data"),
        (("events", 1, "data", "payment", "amount"), [True, "CNY"], "events[1].data"),
        (("events", 1, "data", "payment", "amount"), [1000, "USD"], "events: "),
        (("events", 1, "data", "payment", "id"), 2, "events[1]: its next payment is 1, not 2"),
        (("events", 2, "at"), "2024-02-01T00:00:00.000Z", "events[2]: it is from before"),
        (("events", 3, "data", "shipment", "lines", 0, "quantity"), 3, "events: of line 1, more"),
        (("events", 3, "data", "shipment", "lines", 0, "line_id"), 7, "events: can't be replayed"),
        (("events", 4, "data", "refund", "amount"), [1001, "CNY"], "events[5]: refund 1 is not "),
        (("events", 2, "data", "total"), [999, "CNY"], "events[2]: the order costs 10.00 CNY, not"),
        (("events", 5, "data", "amount"), [1, "CNY"], "events[5]: refund 1 is not of 0.01 CNY"),
        (("events", 5, "data", "refund_id"), 2, "events[5]: the order has no refund 2"),
        (("events", 2, "type"), "order.placed", "events[2].data"),
        (("events", 9), {"type": "order.completed"}, "events[9]: the order was completed already"),
        (("events", 9, "at"), "2030-01-01T00:00:00.000Z", "events[9].at: in the future"),
    ],
)
def test_events_that_can_not_be_are_told_with_their_place(
    path: tuple[Any, ...], value: Any, said: str
) -> None:
    line = deepcopy(EXPORTED)
    line["events"].append({"type": "order.filed", "data": {"is_filed": True}})
    line["is_filed"] = True
    assert problems(line) == ()
    found = problems(with_path(line, path, value))
    assert any(problem.startswith(said) for problem in found), found


PAYMENT: Final[dict[str, Any]] = {
    "id": 2,
    "provider": "stripe",
    "transaction_id": "pi_2",
    "amount": [500, "CNY"],
    "created_at": "2024-03-06T00:00:00.000Z",
    "updated_at": "2024-03-06T00:00:00.000Z",
}
STARTED: Final[dict[str, Any]] = {**PAYMENT, "state": "pending"}
REFUND: Final[dict[str, Any]] = {**STARTED, "state": "requested"}
LINE: Final[dict[str, Any]] = {
    "product_id": "1",
    "quantity": 1,
    "unit_price": [0, "CNY"],
    "id": 2,
}
END_OF_TIME: Final = "9999-12-31T23:59:59.999Z"


def later(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "data": data}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (later("refund.requested", refund={**REFUND, "beyond_sale": [1, "USD"]}), "0.01 USD of it"),
        (later("refund.requested", refund={**REFUND, "beyond_sale": [-1, "CNY"]}), "-0.01 CNY of"),
        (later("refund.requested", refund={**REFUND, "payment_id": 7}), "the order has no payment"),
        (later("refund.requested", refund={**REFUND, "is_of_held": True}), "the order has no paym"),
        (
            later("refund.requested", refund={**REFUND, "payment_id": 1, "is_of_held": True}),
            "payment 1 is not held",
        ),
        (
            later("refund.requested", refund={**REFUND, "lines": [{"line_id": 9, "quantity": 1}]}),
            "it is for pieces that the order doesn't have",
        ),
        (later("refund.requested", refund={**REFUND, "state": "failed"}), "its refund is failed"),
        (
            later(
                "refund.reported_early",
                refund={"provider": "p", "transaction_id": "t", "amount": [-1, "USD"]},
            ),
            "a refund is of nothing",
        ),
        (
            later(
                "payment.started",
                payment={**STARTED, "amount": [5, "USD"]},
                payment_due_at=None,
            ),
            "the order is in CNY",
        ),
        (
            later("payment.started", payment=STARTED, payment_due_at=END_OF_TIME),
            "it has to do with the end of time",
        ),
        (
            later("payment.held", payment={**PAYMENT, "state": "returned"}, expected=[500, "CNY"]),
            "its payment is returned, not held",
        ),
        (
            later(
                "payment.held",
                payment={**PAYMENT, "id": 1, "state": "held"},
                expected=[500, "CNY"],
                was_known=True,
            ),
            "payment 1 has come in already",
        ),
        (later("payment.failed", payment_id=1), "payment 1 has come in already"),
        (later("payment.confirmed", payment_id=1, amount=[1, "CNY"]), "payment 1 has come in"),
        (later("payment.accepted", payment_id=1), "payment 1 is not held"),
        (later("order.lines_added", lines=[LINE]), "a paid order's price can't change"),
        (later("order.price_adjusted", adjustment=[1, "CNY"]), "a paid order's price can't"),
    ],
)
def test_events_after_which_nobody_could_go_on_are_refused(
    event: dict[str, Any], said: str
) -> None:
    """Each would be an order that some command, provider or API can't take."""
    events = [*EXPORTED["events"], event]
    found = problems({"id": EXPORTED["id"], "number": EXPORTED["number"], "events": events})
    assert len(found) == 1
    assert found[0].startswith(f"events[9]: {said}"), found


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (later("order.lines_added", lines=[{**LINE, "list_price": [1, "USD"]}]), "price: wrong_cu"),
        (later("order.lines_added", lines=[{**LINE, "quantity": 0}]), "quantity: too_small"),
        (
            later(
                "order.charges_changed",
                charges=[{"kind": "tax", "amount": [1, "USD"], "included": True}],
                discounts=[],
            ),
            "tax: wrong_currency",
        ),
        (
            later("order.charges_changed", charges=[], discounts=[{"amount": [-1, "CNY"]}]),
            "discount: too_small",
        ),
    ],
)
def test_prices_in_events_are_as_sane_as_any(event: dict[str, Any], said: str) -> None:
    events = [EXPORTED["events"][0], event]
    found = problems({"id": EXPORTED["id"], "number": EXPORTED["number"], "events": events})
    assert len(found) == 1
    assert found[0].startswith(f"events[1]: {said}"), found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lines": [{"line_id": 1, "quantity": -5}]}, "a line of its parcel has no pieces"),
        ({"state": "returned"}, "its parcel is returned already"),
        ({"auto_receive_at": END_OF_TIME}, "it has to do with the end of time"),
    ],
)
def test_parcels_in_events_go_out_with_pieces(change: dict[str, Any], said: str) -> None:
    parcel = {**EXPORTED["events"][3]["data"]["shipment"], **change}
    changed = with_path(EXPORTED, ("events", 3, "data", "shipment"), parcel)
    assert problems(changed) == (f"events[3]: {said}",)


def test_an_order_has_no_more_refunds_than_any() -> None:
    small = {**REFUND, "transaction_id": "", "amount": [1, "CNY"]}
    refunds = [later("refund.requested", refund={**small, "id": 2 + n}) for n in range(200)]
    events = [*EXPORTED["events"], *refunds]
    line = {"id": EXPORTED["id"], "number": EXPORTED["number"], "events": events}
    assert problems(line) == ("events: it has 201 refunds, and an order has at most 200",)
    assert problems({**line, "events": events[:-1]}) == ()


def test_a_list_price_is_in_the_orders_currency() -> None:
    line = deepcopy(EXPORTED)
    line["events"][0]["data"]["lines"][0]["list_price"] = [60000, "USD"]
    assert problems(line) == ("price: wrong currency",)


def test_an_order_is_paid_once_and_has_all_of_its_events() -> None:
    events = EXPORTED["events"]
    twice = [*events[:3], {"type": "order.paid", "data": events[2]["data"]}, *events[3:]]
    assert problems({**EXPORTED, "events": twice}) == ("events[3]: the order was paid already",)
    (said, *_) = problems({**EXPORTED, "events": events[:-1]})
    assert said == 'status: "completed" is said here, but the events say "open"'
    assert problems({**EXPORTED, "events": events[1:]})[0].startswith("events[0]")


def test_pieces_that_an_order_holds_of_the_stock_stay_behind() -> None:
    line = deepcopy(EXPORTED)
    line["events"][0]["data"]["stock"] = [{"product_id": "3001", "variant_id": "", "quantity": 2}]
    line["stock_taken"] = line["events"][0]["data"]["stock"]
    assert brought_in(line).order.stock_taken == ()
