"""The marketplace operations in process: handler, domain and an emulated table.

What is sent is what the document lists; what is expected is what ``docs/apis/marketplace.md``
promises.
"""

import base64
import io
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from orderhub import bootstrap
from orderhub.bootstrap import Application
from orderhub.domain import commands
from orderhub.domain.details import Actor
from orderhub.domain.shop import Scope
from orderhub.http import answering
from orderhub.services.authenticate import token_hash
from orderhub.services.replay_order import replay_order
from tests.integration.conftest import TOKENS
from tests.support.api import Answer, Client, payload

NOTIFICATION: dict[str, Any] = json.loads(payload("marketplace/create_order")["body"])
REQUIRED = [
    "kind",
    "merchant_order_no",
    "address_fullname",
    "address_phone",
    "address_province_id",
    "address_city_id",
    "address_post_code",
    "address_address",
]
LINE = {"product_id": "3531", "price": "64.00", "quantity": 2}
INVALID = "Invalid resource. Please fix errors and try again."
NOT_FOUND = "The resource you were looking for could not be found."


@pytest.fixture
def order(marketplace: Client) -> dict[str, Any]:
    """An order over 128.00 that is not paid yet."""
    created = marketplace.call("create_order", body=NOTIFICATION)
    path = {"id": str(created.body["id"])}
    answer: dict[str, Any] = marketplace.call("create_line_item", path=path, body=LINE).body
    return answer


def path(order: dict[str, Any]) -> dict[str, str]:
    return {"id": str(order["id"])}


def pay(client: Client, order: dict[str, Any], trade_no: str, amount: object) -> Answer:
    body = {"merchant_trade_no": trade_no, "payment": amount}
    return client.call("pay_order", path=path(order), body=body)


def errors(answer: Answer) -> dict[str, list[str]]:
    assert (answer.status, answer.body["error"]) == (422, INVALID)
    found: dict[str, list[str]] = answer.body["errors"]
    return found


def write_down_what_is_due(change: commands.Change) -> None:
    commands.close_what_is_due(change)


def assert_replays(application: Application, order_id: int, events: list[str]) -> None:
    proof = replay_order(application.desk, "demo", order_id)
    assert proof.agrees
    assert [entry.event.TYPE for entry in proof.events] == events


# -- create --------------------------------------------------------------------------------------


def test_a_created_order_shows_everything_that_was_sent(marketplace: Client) -> None:
    answer = marketplace.call("create_order", body=NOTIFICATION)
    assert answer.status == 201
    assert {name: answer.body[name] for name in NOTIFICATION} == NOTIFICATION
    assert answer.body["state"] == "open"
    assert answer.body["payment_state"] == "unpaid"
    assert answer.body["total"] == "0.00"
    assert answer.body["number"] == f"R{answer.body['id']}"
    assert 0 < answer.body["id"] < 2**53


def test_a_form_body_means_the_same_as_json(marketplace: Client) -> None:
    answer = marketplace.call(
        "create_order",
        raw=urlencode(NOTIFICATION),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status == 201
    assert {name: answer.body[name] for name in NOTIFICATION} == NOTIFICATION


def test_a_form_may_come_base64_encoded_as_api_gateway_sends_it(marketplace: Client) -> None:
    answer = marketplace.call(
        "create_order",
        raw=base64.b64encode(urlencode(NOTIFICATION).encode()).decode(),
        base64=True,
        headers={"content-type": "application/x-www-form-urlencoded; charset=UTF-8"},
    )
    assert answer.body["address_fullname"] == "韩梅梅"


def test_only_the_required_fields_are_needed(marketplace: Client) -> None:
    answer = marketplace.call("create_order", body={name: NOTIFICATION[name] for name in REQUIRED})
    assert answer.status == 201
    assert answer.body["coupon_code"] is None
    assert answer.body["ship_method_id"] is None


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_each_required_field_is_required(marketplace: Client, name: str, blank: object) -> None:
    missing = {k: v for k, v in NOTIFICATION.items() if k != name}
    for body in (missing, {**missing, name: blank}):
        assert errors(marketplace.call("create_order", body=body)) == {name: ["can't be blank"]}


def test_all_problems_are_told_at_once(marketplace: Client) -> None:
    body = {**NOTIFICATION, "kind": "", "ship_method_id": 9, "sender_email": "nobody"}
    assert errors(marketplace.call("create_order", body=body)) == {
        "kind": ["can't be blank"],
        "ship_method_id": ["is not included in the list"],
        "sender_email": ["is invalid"],
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", ["taobao"]),
        ("kind", True),
        ("kind", "t" * 65),
        ("merchant_order_no", {"a": 1}),
        ("merchant_order_no", 1.5),
        ("merchant_order_no", "x" * 256),
        ("address_province_id", "Guangdong"),
        ("address_province_id", 0),
        ("address_province_id", 2**63),
        ("address_city_id", True),
        ("address_area_id", "1e3"),
        ("address_fullname", "a\x00b"),
        ("address_fullname", "a\ufffdb"),
        ("sender_email", "a b@c"),
        ("ship_method_id", 0),
        ("expected_date", "tomorrow"),
        ("delivery_date", 2026.5),
    ],
)
def test_wrong_values_are_refused_by_name(marketplace: Client, name: str, value: object) -> None:
    assert list(errors(marketplace.call("create_order", body={**NOTIFICATION, name: value}))) == [
        name
    ]


def test_numbers_are_taken_as_identifiers_and_text_as_numbers(marketplace: Client) -> None:
    body = {**NOTIFICATION, "merchant_order_no": 123456789012345678, "address_city_id": "440300"}
    answer = marketplace.call("create_order", body=body)
    assert answer.body["merchant_order_no"] == "123456789012345678"
    assert answer.body["address_city_id"] == 440300


def test_a_redelivered_creation_returns_the_order_that_exists(
    marketplace: Client, order: dict[str, Any], application: Application
) -> None:
    again = marketplace.call("create_order", body={**NOTIFICATION, "sender_name": "changed"})
    assert (again.status, again.body) == (200, order)
    assert_replays(application, order["id"], ["order.placed", "order.lines_added"])


def test_the_same_number_of_another_marketplace_is_another_order(
    marketplace: Client, order: dict[str, Any]
) -> None:
    other = marketplace.call("create_order", body={**NOTIFICATION, "kind": "tencent"})
    assert other.status == 201
    assert other.body["id"] != order["id"]


def test_the_same_number_in_another_shop_is_another_order(
    other_marketplace: Client, order: dict[str, Any]
) -> None:
    other = other_marketplace.call("create_order", body=NOTIFICATION)
    assert other.status == 201
    assert other.body["id"] != order["id"]


# -- which order ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["id", "number", "merchant_order_no"])
def test_an_order_answers_to_its_id_number_and_merchant_number(
    marketplace: Client, order: dict[str, Any], name: str
) -> None:
    answer = marketplace.call("get_order", path={"id": str(order[name])})
    assert (answer.status, answer.body) == (200, order)


@pytest.mark.parametrize(
    "name",
    [
        "1",
        "0",
        "R1",
        "nope",
        "9" * 16,
        "9" * 300,
        "../demo",
        "R",
        "-1",
        "٣",
        "a#b",
        "%",
        " ",
        "\u0000",
    ],
)
def test_unknown_orders_are_not_found(
    marketplace: Client, order: dict[str, Any], name: str
) -> None:
    for operation, body in (
        ("get_order", None),
        ("update_order", NOTIFICATION),
        ("create_line_item", LINE),
        ("pay_order", {"merchant_trade_no": "t", "payment": 1}),
        ("complete_order", None),
    ):
        answer = marketplace.call(operation, path={"id": name}, body=body)
        assert (answer.status, answer.body) == (404, {"error": NOT_FOUND})


def test_another_orders_id_or_number_can_not_be_a_merchant_number(
    marketplace: Client, order: dict[str, Any]
) -> None:
    for name in (str(order["id"]), order["number"]):
        body = {**NOTIFICATION, "merchant_order_no": name}
        answer = marketplace.call("create_order", body=body)
        assert errors(answer) == {"merchant_order_no": ["has already been taken"]}
    other = marketplace.call("create_order", body={**NOTIFICATION, "kind": "tencent"}).body
    body = {**NOTIFICATION, "merchant_order_no": str(order["id"])}
    answer = marketplace.call("update_order", path=path(other), body=body)
    assert errors(answer) == {"merchant_order_no": ["has already been taken"]}


def test_a_merchant_number_with_a_percent_sign_is_found(marketplace: Client) -> None:
    body = {**NOTIFICATION, "merchant_order_no": "a%b"}
    created = marketplace.call("create_order", body=body).body
    # API Gateway decodes paths, but for %25.
    assert marketplace.call("get_order", path={"id": "a%25b"}).body == created


def test_an_ambiguous_merchant_number_asks_for_the_id(
    marketplace: Client, order: dict[str, Any]
) -> None:
    other = marketplace.call("create_order", body={**NOTIFICATION, "kind": "tencent"}).body
    name = {"id": NOTIFICATION["merchant_order_no"]}
    assert list(errors(marketplace.call("get_order", path=name))) == ["id"]
    # An update names the marketplace, so it is not ambiguous.
    body = {**NOTIFICATION, "kind": "tencent", "sender_name": "Jim"}
    updated = marketplace.call("update_order", path=name, body=body)
    assert (updated.status, updated.body["id"]) == (200, other["id"])


def test_another_shops_orders_do_not_exist(
    other_marketplace: Client, order: dict[str, Any], application: Application
) -> None:
    for name in ("id", "number", "merchant_order_no"):
        where = {"id": str(order[name])}
        for operation, body in (
            ("get_order", None),
            ("update_order", NOTIFICATION),
            ("create_line_item", {**LINE, "product_id": "7777"}),
            ("pay_order", {"merchant_trade_no": "t", "payment": 1}),
            ("complete_order", None),
        ):
            answer = other_marketplace.call(operation, path=where, body=body)
            assert (answer.status, answer.body) == (404, {"error": NOT_FOUND})
    assert_replays(application, order["id"], ["order.placed", "order.lines_added"])


# -- line items ----------------------------------------------------------------------------------


def test_totals_follow_the_lines(marketplace: Client, order: dict[str, Any]) -> None:
    assert order["line_items"] == [
        {
            "id": 1,
            "product_id": "3531",
            "variant_id": "12177",
            "name": "梵·SCP200",
            "sku": "SPC00001",
            "price": "64.00",
            "quantity": 2,
            "total": "128.00",
        }
    ]
    body = {"product_id": 3531, "price": 0.05, "quantity": "3"}
    answer = marketplace.call("create_line_item", path=path(order), body=body)
    assert answer.status == 201
    assert (answer.body["item_total"], answer.body["total"]) == ("128.15", "128.15")
    assert answer.body["outstanding_balance"] == "128.15"
    assert answer.body["total_quantity"] == 5


def test_a_redelivered_line_changes_nothing(marketplace: Client, order: dict[str, Any]) -> None:
    answer = marketplace.call("create_line_item", path=path(order), body=LINE)
    assert (answer.status, answer.body) == (200, order)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("product_id", "", "can't be blank"),
        ("product_id", "999", "does not exist"),
        ("product_id", "7777", "does not exist"),  # another shop's
        ("product_id", "x" * 5000, "is too long (maximum is 64 characters)"),
        ("price", "", "can't be blank"),
        ("price", "abc", "is not a number"),
        ("price", "NaN", "is not a number"),
        ("price", True, "is not a number"),
        ("price", -1, "must not be negative"),
        ("price", "1.005", "has more decimals than the currency"),
        ("price", 10**30, "is too large"),
        ("quantity", 0, "must be greater than or equal to 1"),
        ("quantity", -1, "must be greater than or equal to 1"),
        ("quantity", 1.5, "must be an integer"),
        ("quantity", "1.0", "must be an integer"),
        ("quantity", "two", "must be an integer"),
        ("quantity", 10**12, "is too large"),
        ("quantity", None, "can't be blank"),
    ],
)
def test_wrong_lines_are_refused_by_field(
    marketplace: Client, order: dict[str, Any], name: str, value: object, message: str
) -> None:
    answer = marketplace.call("create_line_item", path=path(order), body={**LINE, name: value})
    assert errors(answer) == {name: [message]}
    assert marketplace.call("get_order", path=path(order)).body == order


def test_a_price_with_an_absurd_exponent_is_refused(
    marketplace: Client, order: dict[str, Any]
) -> None:
    for number in ("1e400", "1e999999999", "1e-999999999"):
        raw = f'{{"product_id": "3531", "quantity": 1, "price": {number}}}'
        answer = marketplace.call("create_line_item", path=path(order), raw=raw)
        assert list(errors(answer)) == ["price"]


def test_a_total_beyond_what_json_numbers_hold_is_refused(
    marketplace: Client, order: dict[str, Any]
) -> None:
    body = {"product_id": "3531", "price": "900000000000", "quantity": 1_000_000_000}
    answer = marketplace.call("create_line_item", path=path(order), body=body)
    assert errors(answer) == {"price": ["makes the order's total too large"]}


# -- pay -----------------------------------------------------------------------------------------


def test_a_full_payment_pays_the_order(
    marketplace: Client, order: dict[str, Any], application: Application
) -> None:
    body = {"merchant_trade_no": "t1", "payment": "128.00", "subject_text": "two pieces"}
    answer = marketplace.call("pay_order", path=path(order), body=body)
    assert answer.status == 200
    assert (answer.body["payment_state"], answer.body["outstanding_balance"]) == ("paid", "0.00")
    payment = answer.body["payments"][0]
    assert (payment["merchant_trade_no"], payment["amount"]) == ("t1", "128.00")
    assert payment["subject_text"] == "two pieces"
    assert answer.body["paid_at"] is not None
    assert answer.body["payment_due_at"] is None
    assert_replays(
        application,
        order["id"],
        ["order.placed", "order.lines_added", "payment.captured", "order.paid"],
    )


def test_a_payment_may_say_that_it_has_no_subject(
    marketplace: Client, order: dict[str, Any]
) -> None:
    body = {"merchant_trade_no": "t1", "payment": "128.00", "subject_text": None}
    answer = marketplace.call("pay_order", path=path(order), body=body)
    assert answer.body["payments"][0]["subject_text"] is None


def test_what_was_paid_in_part_on_an_expired_order_is_due_back(
    marketplace: Client, order: dict[str, Any], later: Callable[[float], None]
) -> None:
    pay(marketplace, order, "t1", 100)
    later(3601)
    seen = marketplace.call("get_order", path=path(order)).body
    assert (seen["state"], seen["payment_state"]) == ("expired", "partially_paid")
    assert (seen["outstanding_balance"], seen["refund_due"]) == ("0.00", "100.00")


def test_partial_payments_add_up(marketplace: Client, order: dict[str, Any]) -> None:
    first = pay(marketplace, order, "t1", 100).body
    assert (first["payment_state"], first["outstanding_balance"]) == ("partially_paid", "28.00")
    assert pay(marketplace, order, "t2", "28").body["payment_state"] == "paid"


def test_the_same_payment_again_changes_nothing(marketplace: Client, order: dict[str, Any]) -> None:
    first = pay(marketplace, order, "t1", 100)
    for amount in (100, 55):
        again = pay(marketplace, order, "t1", amount)
        assert (again.status, again.body) == (200, first.body)


def test_a_payment_stays_the_same_after_the_kind_was_corrected(
    marketplace: Client, order: dict[str, Any]
) -> None:
    pay(marketplace, order, "t1", 100)
    marketplace.call("update_order", path=path(order), body={**NOTIFICATION, "kind": "tencent"})
    assert pay(marketplace, order, "t1", 100).body["payment_total"] == "100.00"


def test_what_exceeds_the_total_is_kept_and_flagged(
    marketplace: Client, order: dict[str, Any], application: Application
) -> None:
    answer = pay(marketplace, order, "t1", 150).body
    assert (answer["payment_state"], answer["payment_total"]) == ("paid", "150.00")
    assert (answer["overpaid"], answer["excess_payment"]) == (True, "22.00")
    more = pay(marketplace, order, "t2", 1).body
    assert more["excess_payment"] == "23.00"
    events = ["payment.captured", "order.paid", "payment.overpaid"]
    assert_replays(
        application,
        order["id"],
        [
            "order.placed",
            "order.lines_added",
            *events,
            "payment.captured",
            "payment.overpaid",
        ],
    )


def test_a_trade_number_pays_one_order_only(marketplace: Client, order: dict[str, Any]) -> None:
    pay(marketplace, order, "t1", 128)
    other = marketplace.call("create_order", body={**NOTIFICATION, "kind": "tencent"}).body
    marketplace.call("create_line_item", path=path(other), body=LINE)
    answer = pay(marketplace, other, "t1", 128)
    assert errors(answer) == {"merchant_trade_no": ["has already been taken"]}
    assert marketplace.call("get_order", path=path(other)).body["payment_total"] == "0.00"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"payment": 1}, "merchant_trade_no"),
        ({"merchant_trade_no": "t"}, "payment"),
        ({"merchant_trade_no": "t", "payment": 0}, "payment"),
        ({"merchant_trade_no": "t", "payment": -5}, "payment"),
        ({"merchant_trade_no": "t", "payment": "1,5"}, "payment"),
        ({"merchant_trade_no": "t", "payment": 0.001}, "payment"),
        ({"merchant_trade_no": "t", "payment": 1e15}, "payment"),
        ({"merchant_trade_no": "t", "payment": [1]}, "payment"),
        ({"merchant_trade_no": "t" * 256, "payment": 1}, "merchant_trade_no"),
        ({"merchant_trade_no": "t", "payment": 1, "subject_text": {}}, "subject_text"),
    ],
)
def test_wrong_payments_are_refused_by_field(
    marketplace: Client, order: dict[str, Any], body: dict[str, object], field: str
) -> None:
    answer = marketplace.call("pay_order", path=path(order), body=body)
    assert list(errors(answer)) == [field]
    assert marketplace.call("get_order", path=path(order)).body == order


def test_an_order_without_lines_has_nothing_to_pay(marketplace: Client) -> None:
    empty = marketplace.call("create_order", body=NOTIFICATION).body
    assert errors(pay(marketplace, empty, "t1", 5)) == {"line_items": ["can't be blank"]}


def test_an_order_of_free_products_is_paid_by_a_payment_of_nothing(marketplace: Client) -> None:
    free = marketplace.call("create_order", body=NOTIFICATION).body
    marketplace.call("create_line_item", path=path(free), body={**LINE, "price": 0})
    assert pay(marketplace, free, "t1", 0).body["payment_state"] == "paid"


def test_a_paid_orders_lines_can_not_change(marketplace: Client, order: dict[str, Any]) -> None:
    pay(marketplace, order, "t1", 128)
    body = {**LINE, "quantity": 1}
    answer = marketplace.call("create_line_item", path=path(order), body=body)
    assert list(errors(answer)) == ["payment_state"]
    assert marketplace.call("get_order", path=path(order)).body["total"] == "128.00"


# -- expiry --------------------------------------------------------------------------------------


def test_past_its_deadline_an_order_is_expired_though_no_job_has_run(
    marketplace: Client, order: dict[str, Any], later: Callable[[float], None]
) -> None:
    later(3601)
    seen = marketplace.call("get_order", path=path(order)).body
    assert (seen["state"], seen["payment_state"]) == ("expired", "voided")
    assert seen["expired_at"] == order["payment_due_at"]
    for answer in (
        pay(marketplace, order, "t1", 128),
        marketplace.call("create_line_item", path=path(order), body={**LINE, "quantity": 1}),
        marketplace.call("complete_order", path=path(order)),
        marketplace.call("update_order", path=path(order), body={**NOTIFICATION, "kind": "new"}),
    ):
        assert errors(answer) == {"state": ["is expired"]}


def test_an_order_reads_the_same_before_and_after_the_job_has_expired_it(
    marketplace: Client,
    order: dict[str, Any],
    application: Application,
    later: Callable[[float], None],
) -> None:
    later(3601)
    before = marketplace.call("get_order", path=path(order)).body
    application.desk.change(
        "demo",
        order["id"],
        Actor("clock"),
        write_down_what_is_due,
    )
    after = marketplace.call("get_order", path=path(order)).body
    assert {**after, "updated_at": None} == {**before, "updated_at": None}
    assert_replays(application, order["id"], ["order.placed", "order.lines_added", "order.expired"])


# -- update --------------------------------------------------------------------------------------


def test_an_update_replaces_what_it_names_and_keeps_the_rest(
    marketplace: Client, order: dict[str, Any]
) -> None:
    body = {name: NOTIFICATION[name] for name in REQUIRED}
    body |= {"address_phone": "13911111111", "coupon_code": None, "delivery_date": "2026-12-01"}
    answer = marketplace.call("update_order", path=path(order), body=body)
    assert answer.status == 200
    changed = {
        "address_phone": "13911111111",
        "coupon_code": None,
        "delivery_date": "2026-12-01",
        "updated_at": answer.body["updated_at"],
    }
    assert answer.body == {**order, **changed}


def test_a_redelivered_update_changes_nothing(
    marketplace: Client, order: dict[str, Any], application: Application
) -> None:
    body = {**NOTIFICATION, "sender_name": "Jim"}
    first = marketplace.call("update_order", path=path(order), body=body)
    again = marketplace.call("update_order", path=path(order), body=body)
    assert first.body == again.body
    assert_replays(
        application, order["id"], ["order.placed", "order.lines_added", "order.details_changed"]
    )


def test_a_new_merchant_number_is_one_more_name_for_the_order(
    marketplace: Client, order: dict[str, Any]
) -> None:
    body = {**NOTIFICATION, "merchant_order_no": "TB-NEW"}
    assert marketplace.call("update_order", path=path(order), body=body).status == 200
    for name in ("TB-NEW", NOTIFICATION["merchant_order_no"]):
        assert marketplace.call("get_order", path={"id": name}).body["id"] == order["id"]
    # A creation that was redelivered under the old number still makes no second order.
    assert marketplace.call("create_order", body=NOTIFICATION).body["id"] == order["id"]


def test_a_merchant_number_of_another_order_can_not_be_taken(
    marketplace: Client, order: dict[str, Any]
) -> None:
    body = {**NOTIFICATION, "merchant_order_no": "TB-2"}
    other = marketplace.call("create_order", body=body).body
    answer = marketplace.call("update_order", path=path(other), body=NOTIFICATION)
    assert errors(answer) == {"merchant_order_no": ["has already been taken"]}


@pytest.mark.parametrize("name", REQUIRED)
def test_an_update_requires_what_the_document_requires(
    marketplace: Client, order: dict[str, Any], name: str
) -> None:
    body = {k: v for k, v in NOTIFICATION.items() if k != name}
    answer = marketplace.call("update_order", path=path(order), body=body)
    assert errors(answer) == {name: ["can't be blank"]}


# -- complete ------------------------------------------------------------------------------------


def test_completion_needs_payment(marketplace: Client, order: dict[str, Any]) -> None:
    for _ in ("unpaid", "partially paid"):
        answer = marketplace.call("complete_order", path=path(order))
        assert list(errors(answer)) == ["payment"]
        pay(marketplace, order, "t1", 1)


def test_a_paid_order_is_completed_once(
    marketplace: Client, order: dict[str, Any], application: Application
) -> None:
    pay(marketplace, order, "t1", 128)
    first = marketplace.call("complete_order", path=path(order))
    assert (first.status, first.body["state"]) == (200, "completed")
    assert first.body["completed_at"] is not None
    again = marketplace.call("complete_order", path=path(order))
    assert (again.status, again.body) == (200, first.body)
    assert_replays(
        application,
        order["id"],
        ["order.placed", "order.lines_added", "payment.captured", "order.paid", "order.completed"],
    )


def test_completion_takes_a_body_and_ignores_it(marketplace: Client, order: dict[str, Any]) -> None:
    pay(marketplace, order, "t1", 128)
    answer = marketplace.call("complete_order", path=path(order), body={"id": 5})
    assert answer.body["state"] == "completed"


# -- who may, and what is no request -------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong-token"},
        {"authorization": "Bearer "},
        {"authorization": "Basic ZGVtbzpkZW1v"},
        {"authorization": "demo-marketplace-token-0001"},
        {"x-spree-token": "wrong-token"},
        {"authorization": "Bearer " + "x" * 6000},
        {"authorization": "Bearer \udcff"},
    ],
)
def test_without_a_good_token_nobody_gets_in(
    application: Application, headers: dict[str, str]
) -> None:
    answer = Client("marketplace", headers).call("create_order", body=NOTIFICATION)
    assert answer.status == 401
    assert list(answer.body) == ["error"]


def test_the_spree_token_header_works_too(application: Application) -> None:
    client = Client("marketplace", {"x-spree-token": "demo-marketplace-token-0001"})
    assert client.call("create_order", body=NOTIFICATION).status == 201


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("{", 400),
        ("[]", 422),
        ('"text"', 422),
        ("null", 422),
        ("", 422),
        ('{"kind": NaN}', 400),
        ('{"kind": Infinity}', 400),
        ('{"kind": "a", "kind": "b"}', 400),
        ('{"kind": "\\ud800"}', 400),
        ("[" * 100_000, 413),
        ("[" * 50_000, 400),
        ('{"a":' * 60 + "1" + "}" * 60, 400),
        ('{"kind": ' + "9" * 5000 + "}", 400),
        ('{"kind": "' + "x" * 1_000_000 + '"}', 413),
    ],
)
def test_bodies_that_are_no_order_get_a_4xx(marketplace: Client, raw: str, status: int) -> None:
    for operation in ("create_order", "update_order"):
        answer = marketplace.call(operation, path={"id": "1"}, raw=raw)
        assert answer.status == status
        assert isinstance(answer.body["error"], str)


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "multipart/form-data", "application/json; charset=gbk"],
)
def test_other_content_types_are_refused(marketplace: Client, content_type: str) -> None:
    answer = marketplace.call(
        "create_order", body=NOTIFICATION, headers={"content-type": content_type}
    )
    assert answer.status == 415
    assert "error" in answer.body


@pytest.mark.parametrize("raw", ["kind", "%ff=1", "a=1&a=2", "&&=&", "kind=%ff"])
def test_malformed_forms_are_refused(marketplace: Client, raw: str) -> None:
    answer = marketplace.call(
        "create_order",
        raw=raw,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status in (400, 422)
    assert "error" in answer.body


def test_bytes_that_are_no_text_are_refused(marketplace: Client) -> None:
    answer = marketplace.call("create_order", raw="//8=", base64=True)
    assert answer.status == 400


def test_a_credential_without_the_scope_may_not_write(application: Application) -> None:
    known = application.shops.credentials("demo")[0]
    application.shops.add_credential(
        replace(
            known,
            id="cred-readonly",
            token_hash=token_hash("readonly-token-00000001"),
            scopes=(Scope.READ_ORDERS,),
        )
    )
    client = Client("marketplace", {"authorization": "Bearer readonly-token-00000001"})
    assert client.call("create_order", body=NOTIFICATION).status == 403
    assert client.call("get_order", path={"id": "1"}).status == 404


def test_an_unforeseen_error_is_an_opaque_500(
    marketplace: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(bootstrap.application().desk.orders), "commit", broken)
    answer = marketplace.call("create_order", body=NOTIFICATION)
    assert (answer.status, list(answer.body)) == (500, ["error"])
    assert "secret" not in json.dumps(answer.body)


def test_log_lines_hold_no_secrets_and_no_personal_data(marketplace: Client) -> None:
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(answering.logger.registered_formatter)
    logger = logging.getLogger(answering.logger.name)
    logger.addHandler(handler)
    try:
        marketplace.call("create_order", body=NOTIFICATION)
    finally:
        logger.removeHandler(handler)
    logged = json.loads(lines.getvalue())
    assert logged["shop_id"] == "demo"
    assert (logged["status"], logged["route"]) == (201, "POST /orders")
    for private in (TOKENS["demo"], "韩梅梅", "13900000002", "lilei@example.com"):
        assert private not in lines.getvalue()
