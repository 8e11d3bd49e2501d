"""Tills of a company, and its consumers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial

import httpx

from orderhub.domain.details import Details
from orderhub.domain.events import Terms
from orderhub.domain.invoice import Invoicing, Seller
from orderhub.domain.lines import Attributes
from orderhub.domain.order import Order
from orderhub.domain.shop import CartLine
from orderhub.services import manage_people, manage_shops
from orderhub.services.number_orders import dated_numbers
from orderhub.services.payment_link import LinkRequest, send_payment_link
from orderhub.services.place_cart_order import CartOrder, place_cart_order
from orderhub.services.record_payment import ReceivedPayment, record_payment
from tests.integration.crashes.callers import Request
from tests.integration.crashes.scenario import Prepare, Scenario
from tests.integration.crashes.setting import PIECES, order, shop, windows
from tests.integration.crashes.stage import SHOP, Stage
from tests.support.fakes import FakeMailer
from tests.support.orders import TESTER

GROUP = "brandcloud"
COMPANY, AGENT, CONSUMER = 1, 11, 12
CODE = "AAAA"
TRANSACTION = "UXI2KS784JOC9A0"


@dataclass
class Counter:
    """Where the company sells, with its agent's and a consumer's api_keys."""

    stage: Stage
    agent_key: str
    consumer_key: str

    def cart(self, cart_id: str = "C1") -> str:
        application = self.stage.application
        cart = manage_shops.put_cart(
            application.shops,
            application.desk.catalog,
            application.desk.clock,
            SHOP,
            cart_id=cart_id,
            lines=[CartLine("1", "v1", 2), CartLine("lamp", "lamp-1", 2)],
        )
        return cart.id

    def sell(self, path: str, **body: object) -> Callable[[], httpx.Response]:
        """What the agent sends to ``/user/company/order/…``."""
        body = {"api_key": self.agent_key, **body}
        return partial(self.stage.api.post, f"/user/company/order/{path}", json=body)

    def buy(self, path: str, **body: object) -> Callable[[], httpx.Response]:
        """What the consumer sends to ``/order/…``."""
        body = {"api_key": self.consumer_key, **body}
        return partial(self.stage.api.post, f"/order/{path}", json=body)

    def look(self, url: str, key: str = "") -> Callable[[], httpx.Response]:
        headers = {"authorization": key or self.consumer_key}
        return partial(self.stage.api.get, url, headers=headers)

    def rung_up(self, *, method: str = "credit_card", paid: bool = False) -> Order:
        """An order of a cart, written past the functions."""
        desk = self.stage.application.desk
        sold_by: Attributes = {"agent_id": AGENT, "retailer_id": COMPANY, "retailer_name": "A"}
        wanted = CartOrder(
            cart_id=self.cart("C0"),
            wire=GROUP,
            terms=Terms(payment_timeout=900, refund_window=86400),
            details=Details(payment_method=method, extensions={GROUP: sold_by}),
            number_of=dated_numbers(desk, "UTC", prefix=CODE, suffix="OD"),
            invoicing=Invoicing(seller=Seller(id=str(COMPANY), name="Company A")),
        )
        made = place_cart_order(desk, SHOP, wanted, TESTER).order
        if not paid:
            return made
        received = ReceivedPayment(
            provider="payworks",
            transaction_id=TRANSACTION,
            amount=Decimal(made.outstanding.decimal_text),
        )
        return record_payment(desk, made, received, TESTER).order


def counter(stage: Stage) -> Counter:
    shop(stage)
    windows(stage, GROUP)
    application = stage.application
    shops, people = application.shops, application.people
    manage_people.put_company(shops, people, SHOP, company_id=COMPANY, code=CODE, name="Company A")
    for user_id, given_name in ((AGENT, "QQ"), (CONSUMER, "CC")):
        manage_people.put_user(
            shops,
            people,
            SHOP,
            user_id=user_id,
            given_name=given_name,
            family_name="Wang",
            email=f"{given_name.lower()}@example.com",
            title=1,
        )
    manage_people.add_member(shops, people, SHOP, company_id=COMPANY, user_id=AGENT)
    manage_people.select_company(shops, people, SHOP, company_id=COMPANY, user_id=AGENT)

    def key_of(user_id: int) -> str:
        user = manage_people.require_user(people, SHOP, user_id)
        clock = application.desk.clock
        issued = manage_shops.issue_credential(
            shops, clock, SHOP, wire=GROUP, label="tests", user=user
        )
        return issued.token

    return Counter(stage, key_of(AGENT), key_of(CONSUMER))


def at(act: Callable[[Counter], Callable[[], httpx.Response]], *done: str) -> Prepare:
    """A request from a counter, whose repeats are answered by one of these errors."""

    def prepare(stage: Stage) -> Request:
        return Request(act(counter(stage)), partial(_says, done))

    return prepare


def _says(done: tuple[str, ...], answer: httpx.Response) -> bool:
    return answer.status_code == 403 and answer.json().get("error_name") in done


def mailed_token(at: Counter) -> str:
    """Of a link that a consumer has."""
    desk, outbox = at.stage.application.desk, FakeMailer()
    wanted = LinkRequest(email="c@example.com", seller="A", page_url="{token}")
    send_payment_link(desk, outbox, at.rung_up(method="paypal"), wanted)
    return next(
        line for line in outbox.sent[-1].text.splitlines() if len(line) > 30 and " " not in line
    )


def refund_after_days(at: Counter) -> Callable[[], httpx.Response]:
    made = at.rung_up(paid=True)
    at.stage.wait(timedelta(hours=23).total_seconds())
    return at.sell("refund", order_number=made.number, transaction_id=TRANSACTION)


def stocked(at: Counter) -> str:
    return order(at.stage, stock=PIECES).number


ADDRESS = {"given_name": "CC", "family_name": "Wang", "title": 1}
SCENARIOS = [
    Scenario(
        GROUP,
        "create",
        "BrandCloudCreateOrder",
        at(lambda c: c.sell("create", cart_id=c.cart(), type="PayPal"), "repeat"),
    ),
    Scenario(
        GROUP,
        "pay",
        "BrandCloudPayOrder",
        at(
            lambda c: c.sell("payment", order_number=c.rung_up().number, transaction_id="T1"),
            "repeated",
            "paid",
        ),
    ),
    Scenario(
        GROUP,
        "cancel",
        "BrandCloudCancelOrder",
        at(lambda c: c.sell("cancel", order_number=stocked(c)), "closed"),
    ),
    Scenario(
        GROUP,
        "refund",
        "BrandCloudRefundOrder",
        at(refund_after_days, "refunded", "repeated"),
    ),
    Scenario(
        GROUP,
        "ask for a refund",
        "BrandCloudQueryRefund",
        at(lambda c: c.sell("refund/query", order_number=c.rung_up(paid=True).number)),
    ),
    Scenario(
        GROUP,
        "list",
        "BrandCloudListOrders",
        at(lambda c: (c.rung_up(), c.sell("list"))[1]),
    ),
    Scenario(
        GROUP,
        "read",
        "BrandCloudGetOrder",
        at(lambda c: c.sell("detail", order_number=c.rung_up(paid=True).number)),
    ),
    Scenario(
        GROUP,
        "mail a link",
        "BrandCloudSendPaypalLink",
        at(
            lambda c: c.sell(
                "paypal/send",
                order_number=c.rung_up(method="paypal").number,
                email="c@example.com",
            )
        ),
        made_anew="Each request mails a link of its own; all of them pay the same order once.",
        is_never_thinned=True,
    ),
    Scenario(
        GROUP,
        "ask what came of a link",
        "BrandCloudGetTransactionResult",
        at(lambda c: c.look(f"/transaction/{mailed_token(c)}/result")),
    ),
    Scenario(
        GROUP,
        "read as a consumer",
        "BrandCloudGetPartialOrder",
        at(lambda c: c.look(f"/order/{c.rung_up().number}/detail")),
    ),
    Scenario(
        GROUP,
        "make it one's own",
        "BrandCloudConfirmPurchase",
        at(lambda c: c.buy("confirmpurchase", order_number=c.rung_up().number)),
    ),
    Scenario(
        GROUP,
        "say whom to bill",
        "BrandCloudEditOrder",
        at(
            lambda c: c.buy("edit", order_number=c.rung_up().number, billing_address=ADDRESS),
        ),
    ),
    Scenario(
        GROUP,
        "read the invoice",
        "BrandCloudDownloadInvoice",
        at(lambda c: _invoice(c, c.rung_up(paid=True))),
    ),
    Scenario(
        "checkout",
        "pay by a mailed link",
        "CheckoutShowPayment",
        at(lambda c: c.look(f"/pay/{mailed_token(c)}")),
    ),
]


def _invoice(at: Counter, made: Order) -> Callable[[], httpx.Response]:
    (invoice,) = made.invoices
    return at.look(f"/order/{made.number}/invoice/{invoice.number}/download", at.agent_key)
