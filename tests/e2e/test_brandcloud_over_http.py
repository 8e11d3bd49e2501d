"""The BrandCloud API as tills and consumers' apps meet it: real HTTP, gateway and functions."""

import base64
import io
import re
import time
from collections import Counter as Count
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from local import mail
from orderhub.services.find_order import find_order
from orderhub.services.replay_order import replay_order
from tests.e2e.conftest import (
    AGENT,
    COMPANY,
    COMPANY_CODE,
    ON_THE_CLOUD,
    Counter,
    Deployment,
    make_order,
)
from tests.e2e.test_races import MANY, at_once

pytestmark = ON_THE_CLOUD

SENDER = "orders@example.com"
"""The template's default for ``MailSender``."""


def done(answer: httpx.Response) -> Any:
    """The body of a request that went well."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    return answer.json()


def nothing(answer: httpx.Response) -> None:
    assert done(answer) == {}


def failed(answer: httpx.Response) -> str:
    assert answer.status_code == 403, answer.text
    name: str = answer.json()["error_name"]
    return name


def ring_up(counter: Counter, method: str = "credit_card_consumer_app", pieces: int = 1) -> str:
    """A new order's number."""
    cart = counter.cart(pieces=pieces)
    number: str = done(counter.sell("create", cart_id=cart, type=method))["order_number"]
    return number


def detail(counter: Counter, number: object) -> dict[str, Any]:
    seen: dict[str, Any] = done(counter.sell("detail", order_number=number))
    return seen


def words(order: dict[str, Any]) -> tuple[str, str]:
    return order["order_status"], order["payment_status"]


def events(counter: Counter, number: str) -> list[str]:
    """The order's event types, after proving that they replay to its snapshot."""
    desk = counter.deployment.application.desk
    proof = replay_order(desk, counter.shop.id, find_order(desk, counter.shop.id, number).id)
    assert proof.agrees
    return [entry.event.TYPE for entry in proof.events]


# -- a sale ----------------------------------------------------------------------------------------


def test_a_sale_is_rung_up_scanned_paid_invoiced_and_refunded(counter: Counter) -> None:
    cart = counter.cart(pieces=2)
    made = done(counter.sell("create", cart_id=cart, type="credit_card_consumer_app"))
    number = made["order_number"]
    assert re.fullmatch(rf"{COMPANY_CODE}\d{{12}}OD", number)

    # What the consumer's app reads from the code is where it finds the order.
    picture = Image.open(io.BytesIO(base64.b64decode(made["qrcode"])))
    (code,) = zxingcpp.read_barcodes(picture)
    offered = done(counter.look(code.text))
    assert (offered["number"], offered["total"], offered["currency"]) == (number, 20, "CNY")
    assert offered["retailer"]["name"] == "Company A"
    profile = done(counter.buy("confirmpurchase", order_number=number))["profile"]
    assert (profile["given_name"], profile["title"]) == ("CC", 1)
    address = {"given_name": "Mei", "family_name": "Han", "title": 1, "street": "ABC st."}
    nothing(counter.buy("edit", order_number=number, billing_address=address))

    # The document's own path, with its slash.
    nothing(counter.sell("payment/", order_number=number, transaction_id="UXI2KS784JOC9A0"))
    again = counter.sell("payment", order_number=number, transaction_id="UXI2KS784JOC9A0")
    assert failed(again) == "repeated"

    seen = detail(counter, number)
    assert seen["transaction_id"] == "UXI2KS784JOC9A0"
    assert seen["billing_address"]["family_name"] == "Han"
    assert seen["agent"]["id"] == AGENT
    (invoice,) = seen["invoices"]
    assert invoice["number"] == number.removesuffix("OD") + "IN"
    for key in (counter.agent_key, counter.consumer_key):
        file = counter.look(invoice["download"], key)
        assert file.status_code == 200
        assert file.headers["content-type"] == "application/pdf"
        text = PdfReader(io.BytesIO(file.content)).pages[0].extract_text()
        assert invoice["number"] in text
        assert "Mei Han" in text
    assert failed(counter.look(invoice["download"], "nobodys-key-000000")) == "does not signin"

    nothing(counter.sell("refund/query", order_number=number))
    refund = {"order_number": number, "transaction_id": "UXI2KS784JOC9A0"}
    nothing(counter.sell("refund", **refund))
    assert failed(counter.sell("refund/query", order_number=number)) == "refunded"
    assert failed(counter.sell("refund", **refund)) == "refunded"
    refunded = detail(counter, number)
    assert refunded["refund_at"] >= refunded["create_at"]
    assert [entry["comment"] for entry in refunded["histories"]] == ["", "", ""]
    assert len({words(entry) for entry in refunded["histories"]}) == 3
    assert words(refunded["histories"][-1]) == words(refunded)
    assert events(counter, number) == [
        "order.placed",
        "order.details_changed",  # whose it is
        "order.details_changed",  # whom the invoice is for
        "payment.captured",
        "order.paid",
        "invoice.issued",
        "refund.requested",
        "refund.succeeded",
    ]


def test_an_unpaid_order_is_called_off(counter: Counter) -> None:
    number = ring_up(counter, "cash")
    nothing(counter.sell("cancel", order_number=number))
    nothing_left = counter.sell("payment", order_number=number, transaction_id="")
    assert failed(nothing_left) == "closed"
    assert failed(counter.look(f"/order/{number}/detail")) == "order_is_aborted"


def test_an_order_that_nobody_pays_in_time_has_timed_out(
    deployment: Deployment, make_counter: Callable[..., Counter]
) -> None:
    counter = make_counter(payment_timeout=4)
    number = ring_up(counter)
    time.sleep(4.1)
    # The same before and after anything is written down.
    assert failed(counter.sell("payment", order_number=number, transaction_id="T")) == "closed"
    before = detail(counter, number)
    assert deployment.run_machine("PaymentTimeoutArn")["status"] == "SUCCEEDED"
    assert events(counter, number) == ["order.placed", "order.expired"]
    after = detail(counter, number)
    assert after == before
    assert words(after) == ("Error", "Closed")
    entry = after["histories"][-1]
    assert (*words(entry), entry["comment"]) == ("Error", "Closed", "request timeout")
    assert entry["user"]["id"] == AGENT
    assert entry["create_at"] == after["create_at"] + 4
    (listed,) = done(counter.sell("list"))["orders"]
    assert words(listed) == ("Error", "Closed")
    assert failed(counter.look(f"/order/{number}/detail")) == "order_is_timeout"


# -- many at once ----------------------------------------------------------------------------------


def test_fifty_tills_that_ring_up_one_cart_make_one_order(
    deployment: Deployment, counter: Counter
) -> None:
    cart = counter.cart()
    answers = at_once([lambda: counter.sell("create", cart_id=cart, type="cash")] * MANY)
    assert Count(answer.status_code for answer in answers) == {200: 1, 403: MANY - 1}
    (made,) = (answer.json() for answer in answers if answer.status_code == 200)
    repeats = [answer.json() for answer in answers if answer.status_code == 403]
    assert repeats == [{"error_name": "repeat", **made}] * (MANY - 1)
    (order,) = deployment.application.desk.orders.page(counter.shop.id).orders
    assert detail(counter, str(order.id))["number"] == made["order_number"]


def test_fifty_identical_payments_are_one_and_the_others_repeated(counter: Counter) -> None:
    number = ring_up(counter)

    def pay() -> httpx.Response:
        return counter.sell("payment", order_number=number, transaction_id="T1")

    answers = at_once([pay] * MANY)
    assert Count(answer.status_code for answer in answers) == {200: 1, 403: MANY - 1}
    assert {failed(answer) for answer in answers if answer.status_code == 403} == {"repeated"}
    assert events(counter, number).count("payment.captured") == 1


def test_fifty_identical_refunds_give_the_money_back_once(counter: Counter) -> None:
    number = ring_up(counter)
    body = {"order_number": number, "transaction_id": "T1"}
    nothing(counter.sell("payment", **body))
    answers = at_once([lambda: counter.sell("refund", **body)] * MANY)
    assert Count(answer.status_code for answer in answers) == {200: 1, 403: MANY - 1}
    assert {failed(answer) for answer in answers if answer.status_code == 403} == {"refunded"}
    assert events(counter, number).count("refund.succeeded") == 1


def test_a_payment_and_a_cancellation_at_once_leave_the_order_paid_or_cancelled(
    counter: Counter,
) -> None:
    for _ in range(5):
        number = ring_up(counter, "cash")

        def pay(number: str = number) -> httpx.Response:
            return counter.sell("payment", order_number=number, transaction_id="")

        def cancel(number: str = number) -> httpx.Response:
            return counter.sell("cancel", order_number=number)

        paid, cancelled = at_once([pay, cancel])
        if paid.status_code == 200:
            assert failed(cancelled) == "paid"
            assert words(detail(counter, number)) == ("Finished", "Paid")
        else:
            nothing(cancelled)
            assert failed(paid) == "closed"
            assert "payment.captured" not in events(counter, number)


def test_a_transaction_that_is_told_of_ten_orders_at_once_pays_one(counter: Counter) -> None:
    numbers = [ring_up(counter) for _ in range(10)]

    def pay(number: str) -> Callable[[], httpx.Response]:
        return lambda: counter.sell("payment", order_number=number, transaction_id="T1")

    answers = at_once([pay(number) for number in numbers])
    assert Count(answer.status_code for answer in answers) == {200: 1, 403: 9}
    assert {failed(answer) for answer in answers if answer.status_code == 403} == {"repeated"}
    paid = [number for number in numbers if "order.paid" in events(counter, number)]
    assert len(paid) == 1


# -- other APIs ------------------------------------------------------------------------------------


def test_an_order_of_a_marketplace_is_listed_shown_and_paid_at_the_counter(
    counter: Counter,
) -> None:
    with counter.shop.client() as marketplace:
        order = make_order(marketplace, pieces=3)
        (listed,) = done(counter.sell("list"))["orders"]
        assert (listed["number"], listed["total"]) == (order["number"], 30)
        assert listed["retailer"] == {"id": COMPANY, "name": "Company A"}
        assert listed["agent"]["id"] == 0
        seen = detail(counter, order["number"])
        assert detail(counter, order["merchant_order_no"]) == seen
        assert detail(counter, str(order["id"])) == seen
        # Text that is not known is empty in the list and null in the detail.
        assert {field: seen[field] or "" for field in listed} == {
            field: told or "" for field, told in listed.items()
        }
        (product,) = seen["products"]
        assert (product["price"], product["quantity"]) == (10, 3)
        assert seen["shipping_address"]["given_name"] == "韩梅梅"
        nothing(counter.sell("payment", order_number=order["number"], transaction_id="T1"))
        paid = marketplace.get(f"/orders/{order['id']}").json()
        assert (paid["payment_state"], paid["payment_total"]) == ("paid", "30.00")


def test_an_order_of_the_counter_is_shown_and_completed_by_a_marketplace(
    counter: Counter,
) -> None:
    number = ring_up(counter, "cash", pieces=3)
    with counter.shop.client() as marketplace:
        order = marketplace.get(f"/orders/{number}").json()
        assert (order["number"], order["total"]) == (number, "30.00")
        assert (order["state"], order["payment_state"]) == ("open", "unpaid")
        (line,) = order["line_items"]
        assert (line["product_id"], line["quantity"]) == ("1", 3)
        nothing(counter.sell("payment", order_number=number, transaction_id=""))
        completed = marketplace.post(f"/orders/{number}/complete")
        assert completed.status_code == 200, completed.text
    assert words(detail(counter, number)) == ("Finished", "Paid")


def test_another_shops_orders_do_not_exist(make_counter: Callable[..., Counter]) -> None:
    mine, theirs = make_counter(), make_counter()
    number = ring_up(mine)
    body: dict[str, Any] = {"order_number": number, "transaction_id": "T", "email": "c@example.com"}
    for path in ("detail", "payment", "cancel", "refund", "refund/query", "paypal/send"):
        assert failed(theirs.sell(path, **body)) == "order not exist"
    assert failed(theirs.buy("confirmpurchase", order_number=number)) == "order_not_exist"
    assert failed(theirs.look(f"/order/{number}/detail")) == "order_not_exist"
    assert done(theirs.sell("list")) == {"orders": []}
    assert words(detail(mine, number)) == ("Open", "Open")


# -- paying from afar ------------------------------------------------------------------------------


@pytest.fixture
def mailbox(deployment: Deployment) -> str:
    """An address that nobody else is written to."""
    mail.allow_sender(deployment.cloud, SENDER)
    return f"{uuid4().hex}@example.com"


def token_in(message: mail.Message) -> str:
    found = re.search(r"https?://\S+/pay/(\S+)", message.text)
    assert found
    return found[1]


def test_a_link_to_pay_by_is_mailed_and_tells_what_came_of_it(
    deployment: Deployment, counter: Counter, mailbox: str
) -> None:
    number = ring_up(counter, "PayPal")
    nothing(counter.sell("paypal/send", order_number=number, email=mailbox))
    (message,) = mail.messages(deployment.cloud, mailbox)
    assert (message.sender, message.to) == (SENDER, (mailbox,))
    assert number in message.subject
    assert "10.00 CNY" in message.text
    result = f"/transaction/{token_in(message)}/result"

    # Whoever has the link may ask.
    waiting = done(counter.api.get(result))
    assert (set(waiting), waiting["status"]) == ({"date", "status"}, "info")
    assert 0 <= waiting["date"] - detail(counter, number)["create_at"] < 60
    nothing(counter.sell("payment", order_number=number, transaction_id="T1"))
    paid = done(counter.api.get(result))
    assert paid["status"] == "success"
    assert paid["order"] == {
        "number": number,
        "payment_method": "PayPal",
        "transaction": "T1",
        "currency": "CNY",
        "total": 10,
        "retailer": "Company A",
        "payer": mailbox,
    }
    assert failed(counter.sell("paypal/send", order_number=number, email=mailbox)) == "paid"
    assert len(mail.messages(deployment.cloud, mailbox)) == 1


def test_a_link_of_an_order_that_timed_out_says_who_refused(
    deployment: Deployment, make_counter: Callable[..., Counter], mailbox: str
) -> None:
    counter = make_counter(payment_timeout=4)
    # A cold start first, so that the link is sent in time.
    unknown = counter.sell("paypal/send", order_number="nope", email=mailbox)
    assert failed(unknown) == "order not exist"
    number = ring_up(counter, "PayPal")
    nothing(counter.sell("paypal/send", order_number=number, email=mailbox))
    (message,) = mail.messages(deployment.cloud, mailbox)
    time.sleep(4.1)
    result = done(counter.api.get(f"/transaction/{token_in(message)}/result"))
    assert result["status"] == "fail"
    assert result["fail"]["refused_by"] == "Server"


def test_a_link_that_never_was_has_no_result(counter: Counter) -> None:
    assert failed(counter.api.get("/transaction/nope/result")) == "result not exist"


# -- what goes wrong -------------------------------------------------------------------------------


def test_who_is_not_known_is_told_so_in_the_words_of_the_section(counter: Counter) -> None:
    number = ring_up(counter)
    for path in ("list", "detail", "payment", "cancel", "refund", "refund/query"):
        body = {"order_number": number, "transaction_id": "T"}
        assert failed(counter.sell(path, **{**body, "api_key": "wrong"})) == "does not signin"
        assert failed(counter.sell(path, **{**body, "api_key": ""})) == "lack of parameters"
        consumers = counter.sell(path, **{**body, "api_key": counter.consumer_key})
        assert failed(consumers) == "not select company yet"
    assert failed(counter.look(f"/order/{number}/detail", "wrong")) == "not_sign_in"
    assert failed(counter.api.get(f"/order/{number}/detail")) == "lack of parameters"
    with counter.shop.client() as marketplace:
        # A key of one API opens no other.
        headers = {"Authorization": f"Bearer {counter.agent_key}"}
        assert marketplace.get(f"/orders/{number}", headers=headers).status_code == 401
        body = {"api_key": counter.shop.token}
        assert failed(marketplace.post("/user/company/order/list", json=body)) == "does not signin"


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (b"{", "application/json"),
        (b"\xff\xfe\x00", "application/json"),
        (b"[" * 60_000, "application/json"),
        (b"[]", "application/json"),
        (b"", "application/json"),
        (b'{"api_key": "' + b"y" * 1_000_000 + b'"}', "application/json"),
        (b"api_key=x", "application/x-www-form-urlencoded"),
    ],
    ids=range(7),
)
def test_what_is_no_request_lacks_its_parameters(
    counter: Counter, content: bytes, media: str
) -> None:
    for path in ("/user/company/order/create", "/order/confirmpurchase"):
        answer = counter.api.post(path, content=content, headers={"Content-Type": media})
        assert failed(answer) == "lack of parameters"


@pytest.mark.parametrize("name", ["1", "R1", "nope", "é", "a b", "a#b", "x" * 2000, "%00", "-1"])
def test_unknown_names_are_no_orders(counter: Counter, name: str) -> None:
    assert failed(counter.sell("detail", order_number=name)) == "order not exist"
    assert failed(counter.look(f"/order/{quote(name, safe='')}/detail")) == "order_not_exist"
    answer = counter.buy("confirmpurchase", order_number=name)
    assert failed(answer) == "order_not_exist"
