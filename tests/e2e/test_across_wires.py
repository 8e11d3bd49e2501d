"""One order, every API: made through one, it is seen, priced, paid and ended through the others.

Over HTTP, in one shop that a marketplace, a till, a store's system and a shop system share.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from orderhub.services.replay_order import replay_order
from tests.e2e.conftest import (
    ON_THE_CLOUD,
    Counter,
    Deployment,
    Store,
    make_order,
    new_app,
    new_shop,
    new_store,
)
from tests.support.store_orders import store_order

pytestmark = ON_THE_CLOUD

ORDERS = "/openapi/2022-01/orders"
PARTS = "item_amount", "shipment_amount", "discount_amount", "auto_total_amount"
"""An order's sums, as Youhaosuda calls them."""
LAMPS_AT_FIRST = 30


def said(answer: httpx.Response, *statuses: int) -> Any:
    """The body of a request that went well, its numbers exact."""
    assert answer.status_code in (statuses or (200,)), answer.text
    body = answer.json(parse_float=Decimal)
    assert "code" not in body, answer.text  # as Youhaosuda tells failures
    return body


@dataclass
class Seen:
    """One order at one moment, as the three APIs that show orders have it."""

    marketplace: dict[str, Any]
    brandcloud: dict[str, Any]
    youhaosuda: dict[str, Any]
    listed: dict[str, Any]
    """In BrandCloud's list."""

    def total(self) -> Decimal:
        """What everybody says that it costs."""
        (total,) = {
            Decimal(self.marketplace["total"]),
            self.brandcloud["total"],
            self.listed["total"],
            self.youhaosuda["total_amount"],
        }
        return Decimal(total)

    def words(self) -> dict[str, tuple[str, str]]:
        """Order status and payment status, as each API writes them."""
        told = {
            "marketplace": (self.marketplace["state"], self.marketplace["payment_state"]),
            "brandcloud": (self.brandcloud["order_status"], self.brandcloud["payment_status"]),
            "youhaosuda": (self.youhaosuda["status"], self.youhaosuda["payment_status"]),
        }
        assert (self.listed["order_status"], self.listed["payment_status"]) == told["brandcloud"]
        return told


UNPAID = {
    "marketplace": ("open", "unpaid"),
    "brandcloud": ("Open", "Open"),
    "youhaosuda": ("processing", "pending"),
}
PAID = {
    "marketplace": ("open", "paid"),
    "brandcloud": ("Finished", "Paid"),
    "youhaosuda": ("processing", "paid"),
}
REFUNDED = {
    "marketplace": ("open", "refunded"),
    "brandcloud": ("Finished", "Refunded"),
    "youhaosuda": ("refunded", "paid"),
}
CANCELLED = {
    "marketplace": ("cancelled", "voided"),
    "brandcloud": ("Cancelled", "Closed"),
    "youhaosuda": ("cancel", "expired"),
}


@dataclass
class Town:
    """A shop with a client of each API, all with credentials of their own."""

    deployment: Deployment
    counter: Counter
    store: Store
    marketplace: httpx.Client
    shoplazza: httpx.Client
    youhaosuda: httpx.Client

    def look(self, order_id: int) -> Seen:
        marketplace = said(self.marketplace.get(f"/orders/{order_id}"))
        number = marketplace["number"]
        listed = said(self.counter.sell("list"))["orders"]
        return Seen(
            marketplace=marketplace,
            brandcloud=said(self.counter.sell("detail", order_number=number)),
            youhaosuda=said(self.youhaosuda.get(f"/orders/{order_id}"))["order"],
            listed=next(each for each in listed if each["number"] == number),
        )

    def price(self, order_id: int, total: str) -> Any:
        """Agree on another total, the Youhaosuda way."""
        body = f'{{"order": {{"total_amount": {total}}}}}'
        return said(self.youhaosuda.put(f"/orders/{order_id}", content=body))["order"]

    def notify(self, order_id: int, amount: str) -> str:
        """The marketplace has the money; its trade number."""
        trade_no = f"T{uuid4().hex}"
        body = {"merchant_trade_no": trade_no, "payment": amount}
        said(self.marketplace.post(f"/orders/{order_id}/pay", json=body))
        return trade_no

    def lamps(self) -> int:
        item = "lamp", "lamp-1"
        counted = self.deployment.application.desk.catalog.stock(self.store.shop.id, [item])
        return counted[item]

    def events(self, order_id: int) -> list[str]:
        """The order's event types, after proving that they replay to its snapshot."""
        proof = replay_order(self.deployment.application.desk, self.store.shop.id, order_id)
        assert proof.agrees
        return [entry.event.TYPE for entry in proof.events]


@pytest.fixture
def town(deployment: Deployment, counter: Counter) -> Iterator[Town]:
    store = new_store(deployment, lamps=LAMPS_AT_FIRST, shop=counter.shop)
    token = new_app(deployment, counter.shop).token
    with ExitStack() as clients:
        yield Town(
            deployment=deployment,
            counter=counter,
            store=store,
            marketplace=clients.enter_context(counter.shop.client()),
            shoplazza=clients.enter_context(store.client()),
            youhaosuda=clients.enter_context(
                httpx.Client(
                    base_url=f"{deployment.api_url}/v1",
                    headers={"X-API-ACCESS-TOKEN": token},
                    timeout=60,
                )
            ),
        )


def order_lamps(town: Town, **fields: Any) -> dict[str, Any]:
    """Two lamps for 50.00, less 10%, with 3.99 of tax and 5.50 for the post: 54.49."""
    body = store_order(
        2,
        discount="10%",
        tax_total="3.99",
        shipping_line={"name": "Post", "shipping_price": "5.50"},
        **fields,
    )
    made: dict[str, Any] = said(town.shoplazza.post(ORDERS, json=body))["order"]
    return made


# -- from Shoplazza to everybody -------------------------------------------------------------------


def test_an_order_of_a_store_is_listed_priced_paid_and_refunded_by_the_others(town: Town) -> None:
    made = order_lamps(town)
    order_id = int(made["number"])
    assert made["total_price"] == "54.49"

    assert said(town.youhaosuda.get("/orders/count")) == {"count": 1}
    (listed,) = said(town.youhaosuda.get("/orders"))["orders"]
    seen = town.look(order_id)
    assert listed == seen.youhaosuda
    assert seen.total() == Decimal("54.49")
    assert seen.words() == UNPAID
    assert [seen.youhaosuda[name] for name in PARTS] == [50, Decimal("5.5"), 5, Decimal("54.49")]
    assert seen.marketplace["item_total"] == "50.00"
    assert [line["quantity"] for line in seen.youhaosuda["items"]] == [2]
    assert (seen.brandcloud["products"][0]["price"], seen.marketplace["total_quantity"]) == (25, 2)

    priced = town.price(order_id, "52.3")
    assert priced["total_amount"] == Decimal("52.3")
    assert priced["auto_total_amount"] == Decimal("54.49")
    seen = town.look(order_id)
    assert seen.youhaosuda == priced
    assert seen.total() == Decimal("52.30")
    assert seen.marketplace["outstanding_balance"] == "52.30"
    assert "Still to pay</td><td class=n>52.30" in httpx.get(made["checkout_url"], timeout=60).text

    trade_no = town.notify(order_id, "52.30")
    seen = town.look(order_id)
    assert seen.words() == PAID
    assert seen.total() == Decimal("52.30")
    assert seen.brandcloud["transaction_id"] == trade_no
    (payment,) = seen.youhaosuda["payments"]
    assert (payment["gateway_payment_no"], payment["amount"]) == (trade_no, Decimal("52.3"))
    assert "This order is paid." in httpx.get(made["checkout_url"], timeout=60).text

    refund = town.counter.sell("refund", order_number=made["number"], transaction_id=trade_no)
    assert said(refund) == {}
    seen = town.look(order_id)
    assert seen.words() == REFUNDED
    assert (seen.marketplace["refund_total"], seen.total()) == ("52.30", Decimal("52.30"))
    assert [refund["amount"] for refund in seen.youhaosuda["refunds"]] == [5230]  # in fen
    assert town.events(order_id) == [
        "order.placed",
        "order.price_adjusted",
        "payment.captured",
        "order.paid",
        "refund.requested",
        "refund.succeeded",
    ]


def test_a_repeat_is_answered_as_the_first_time_whatever_the_others_did_since(town: Town) -> None:
    town.shoplazza.headers["Idempotency-Key"] = "once"
    made = order_lamps(town)
    town.price(int(made["number"]), "40")
    town.notify(int(made["number"]), "40.00")
    assert order_lamps(town) == made
    assert said(town.youhaosuda.get("/orders/count")) == {"count": 1}
    assert town.lamps() == LAMPS_AT_FIRST - 2


def test_what_a_till_calls_off_is_cancelled_for_all_and_back_in_stock(town: Town) -> None:
    made = order_lamps(town)
    assert town.lamps() == LAMPS_AT_FIRST - 2
    assert said(town.counter.sell("cancel", order_number=made["number"])) == {}
    assert town.look(int(made["number"])).words() == CANCELLED
    assert town.lamps() == LAMPS_AT_FIRST
    body = {"order": {"total_amount": 1}}
    refused = town.youhaosuda.put(f"/orders/{made['number']}", json=body)
    assert refused.json() == {"code": 422, "errors": ["订单状态不支持编辑"]}


def test_an_order_from_elsewhere_has_its_money_and_its_time_in_every_api(town: Town) -> None:
    then = datetime.now(UTC).replace(microsecond=0) - timedelta(days=40)
    recent = order_lamps(town)
    made = order_lamps(
        town,
        created_at=then.isoformat(),
        updated_at=(then + timedelta(days=2)).isoformat(),
        order_status="finished",
        financial_status="partially_refunded",
        refund_total="14.49",
    )
    order_id = int(made["number"])
    seen = town.look(order_id)
    assert seen.total() == Decimal("54.49")
    assert seen.words() == {
        "marketplace": ("completed", "partially_refunded"),
        "brandcloud": ("Finished", "Paid"),
        "youhaosuda": ("achieved", "paid"),
    }
    assert seen.marketplace["payment_total"] == "54.49"
    assert seen.marketplace["refund_total"] == "14.49"
    assert [refund["amount"] for refund in seen.youhaosuda["refunds"]] == [1449]  # in fen
    assert seen.brandcloud["create_at"] == then.timestamp()
    assert datetime.fromisoformat(seen.youhaosuda["created_at"]) == then

    until = (then + timedelta(days=1)).isoformat()
    before = said(town.youhaosuda.get("/orders", params={"created_at_max": until}))["orders"]
    assert [each["id"] for each in before] == [order_id]
    after = said(town.youhaosuda.get("/orders", params={"since_id": str(order_id)}))["orders"]
    assert [each["id"] for each in after] == [int(recent["number"])]
    # Its goods went out elsewhere, so that only the recent order took any from stock.
    assert town.lamps() == LAMPS_AT_FIRST - 2


# -- from everybody to Youhaosuda ------------------------------------------------------------------


NEW_PRICE = "48.80"


def _paid_by_notification(town: Town, order_id: int) -> None:
    town.notify(order_id, NEW_PRICE)


@dataclass
class Maker:
    """How an API makes an order over ``total``, and how it is paid: by the same API if it can."""

    make: Callable[[Town], int]
    total: Decimal
    pay: Callable[[Town, int], None] = _paid_by_notification


def _rung_up(town: Town) -> int:
    cart = town.counter.cart(pieces=5)
    number = said(town.counter.sell("create", cart_id=cart, type="cash"))["order_number"]
    order_id: int = said(town.marketplace.get(f"/orders/{number}"))["id"]
    return order_id


def _paid_at_the_till(town: Town, order_id: int) -> None:
    number = said(town.marketplace.get(f"/orders/{order_id}"))["number"]
    assert said(town.counter.sell("payment", order_number=number, transaction_id="")) == {}


MAKERS = {
    "marketplace": Maker(lambda town: int(make_order(town.marketplace)["id"]), Decimal("50.00")),
    "brandcloud": Maker(_rung_up, Decimal("50.00"), _paid_at_the_till),
    "shoplazza": Maker(lambda town: int(order_lamps(town)["number"]), Decimal("54.49")),
}


@pytest.mark.parametrize("wire", MAKERS)
def test_a_shop_system_finds_counts_prices_and_follows_every_apis_orders(
    town: Town, wire: str
) -> None:
    maker = MAKERS[wire]
    make_order(town.marketplace, pieces=1)  # another one, which must not be found
    order_id = maker.make(town)

    seen = town.look(order_id)
    assert (seen.total(), seen.words()) == (maker.total, UNPAID)
    assert seen.youhaosuda["processing_method"] == "manual"
    # Each API shows an order's number in its own way; the core's finds it everywhere.
    query = {"order_no": seen.brandcloud["number"]}
    assert said(town.youhaosuda.get("/orders", params=query))["orders"] == [seen.youhaosuda]
    assert said(town.youhaosuda.get("/orders/count", params=query)) == {"count": 1}
    assert said(town.youhaosuda.get("/orders/count")) == {"count": 2}

    town.price(order_id, NEW_PRICE)
    priced = town.look(order_id)
    assert (priced.total(), priced.words()) == (Decimal(NEW_PRICE), UNPAID)
    maker.pay(town, order_id)
    paid = town.look(order_id)
    assert (paid.total(), paid.words()) == (Decimal(NEW_PRICE), PAID)
    assert paid.marketplace["payment_total"] == NEW_PRICE
    assert [each["amount"] for each in paid.youhaosuda["payments"]] == [Decimal(NEW_PRICE)]
    events = [name for name in town.events(order_id) if name != "invoice.issued"]  # a till's
    assert events[-3:] == ["order.price_adjusted", "payment.captured", "order.paid"]


def test_another_shops_systems_see_none_of_it(town: Town, deployment: Deployment) -> None:
    order_id = int(order_lamps(town)["number"])
    other = new_shop(deployment)
    app = {"X-API-ACCESS-TOKEN": new_app(deployment, other).token}
    with httpx.Client(base_url=f"{deployment.api_url}/v1", headers=app, timeout=60) as api:
        assert said(api.get("/orders")) == {"orders": []}
        assert said(api.get("/orders/count")) == {"count": 0}
        for answer in (
            api.get(f"/orders/{order_id}"),
            api.put(f"/orders/{order_id}", json={"order": {"total_amount": 1}}),
        ):
            assert answer.json() == {"code": 404, "errors": ["未找到订单"]}
    with other.client() as api:
        assert api.get(f"/orders/{order_id}").status_code == 404
    assert town.look(order_id).total() == Decimal("54.49")
