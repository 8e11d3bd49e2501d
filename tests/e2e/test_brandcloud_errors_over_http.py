"""Every error of every section of the BrandCloud document, reached over HTTP.

One table drives it: ``ERRORS`` says for each section and each of its error names how to spoil a
request that would go well. That the table is whole is proved against ``DOCUMENT``, the error names
as the document lists them; that spoiling is what made the requests fail, by sending them unspoiled.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from local import mail
from orderhub.adapters.system import SystemClock
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Details
from orderhub.domain.events import Terms
from orderhub.domain.invoice import Invoicing, Seller
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.payment_link import PaymentLink
from orderhub.domain.shop import Cart, CartLine
from orderhub.services import manage_people, manage_shops
from orderhub.services.authenticate import token_hash
from orderhub.services.bind_consumer import bind_consumer
from orderhub.services.cancel_order import cancel_order
from orderhub.services.desk import Desk
from orderhub.services.number_orders import dated_numbers
from orderhub.services.place_cart_order import CartOrder, place_cart_order
from orderhub.services.record_payment import ReceivedPayment, record_payment
from orderhub.services.refund_order import WantedRefund, refund_order
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, new_shop
from tests.support.orders import TESTER

pytestmark = ON_THE_CLOUD

# -- what the document lists ---------------------------------------------------------------------

LIST = "user/company/order/list"
CREATE = "user/company/order/create"
PAYMENT = "user/company/order/payment/"
CANCEL = "user/company/order/cancel"
REFUND = "user/company/order/refund"
DETAIL = "user/company/order/detail"
PAYPAL_SEND = "user/company/order/paypal/send"
RESULT = "transaction/{token}/result"
REFUND_QUERY = "user/company/order/refund/query"
PARTIAL_DETAIL = "order/{order_number}/detail"
CONFIRM = "order/confirmpurchase"
EDIT = "order/edit"
INVOICE = "order/{order_number}/invoice/{invoice_number}/download"

DOCUMENT = {
    LIST: """
        lack of parameters, does not signin, not select company yet, company not exist,
        not company member""",
    CREATE: """
        lack of parameters, does not signin, not select company yet, company not exist,
        not company member, cart not exist, repeat, no products, product invalid""",
    PAYMENT: """
        lack of parameters, does not signin, not select company yet, company not exist,
        not company member, order not exist, repeated, confirming, paid, closed, refunded""",
    CANCEL: """
        lack of parameters, does not signin, not select company yet, company not exist,
        not company member, order not exist, confirming, paid, closed, refunded""",
    REFUND: """
        lack of parameters, does not signin, not select company yet, company not exist,
        not company member, order not exist, not reatiler order, open, confirming, closed,
        refunded, refund expired, repeated, transaction not found, invalid transaction id""",
    DETAIL: """
        lack of parameters, does not signin, not select company yet, company not exist,
        not company member, no permission, order not exist""",
    # "lack of parameters" is this section's example; its table leaves it out.
    PAYPAL_SEND: """
        lack of parameters, does not signin, order not exist, invalid email, invalid payment,
        paid, confirming, closed, refunded""",
    # "log expired" is this section's example; its table leaves it out.
    RESULT: "log expired, result not exist",
    REFUND_QUERY: """
        lack of parameters, does not signin, not select company yet, company not exist,
        not company member, order not exist, refund expired, confirming, closed, refunded,
        open""",
    # Again the example alone has "lack of parameters", here and in the next section.
    PARTIAL_DETAIL: """
        lack of parameters, not_sign_in, order_not_bound_same_user, order_not_exist,
        order_is_finished, order_is_aborted, order_is_timeout""",
    CONFIRM: """
        lack of parameters, not_sign_in, order_not_bound_same_user, order_not_exist""",
    EDIT: """
        not_sign_in, order_not_bound_same_user, order_not_exist, order_is_timeout,
        illegal_form_input""",
}
"""By the section's URL: the error names of its table and its example."""

OURS = {
    # The document gives the invoice's URL in the detail and no section of its own.
    INVOICE: """
        lack of parameters, does not signin, not select company yet, company not exist,
        not company member, order not exist, invoice not exist""",
    # Its section knows no orders that are called off or done.
    EDIT: "order_is_aborted, order_is_finished",
}

# -- how to get there ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Spoilt:
    """What is wrong with a request: who sends it, which order it names, what it leaves out, what
    else it says. Nothing is wrong with the rest of it."""

    who: str = ""
    order: str = ""
    without: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)


def by(who: str) -> Spoilt:
    return Spoilt(who=who)


def of(order: str, **fields: object) -> Spoilt:
    return Spoilt(order=order, fields=fields)


def without(name: str) -> Spoilt:
    return Spoilt(without=name)


def saying(**fields: object) -> Spoilt:
    return Spoilt(fields=fields)


@dataclass(frozen=True)
class Request:
    """A request that goes well: who sends it, which of the site's orders it names, what else it
    says. Where ``in_path``, all of it stands in the path, and the api_key in the header."""

    who: str = "agent"
    order: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    in_path: bool = False


ADDRESS = {"given_name": "Lee", "family_name": "CC", "title": 0}

REQUESTS = {
    LIST: Request(),
    CREATE: Request(fields={"cart_id": "full", "type": "PayPal"}),
    PAYMENT: Request(order="open", fields={"transaction_id": "T-new"}),
    CANCEL: Request(order="open"),
    REFUND: Request(order="paid", fields={"transaction_id": "T-paid"}),
    DETAIL: Request(order="open"),
    PAYPAL_SEND: Request(order="open", fields={"email": "consumer@example.com"}),
    RESULT: Request(who="", fields={"token": "good"}, in_path=True),
    REFUND_QUERY: Request(order="paid"),
    PARTIAL_DETAIL: Request(who="consumer", order="open", in_path=True),
    CONFIRM: Request(who="consumer", order="open"),
    EDIT: Request(who="consumer", order="open", fields={"billing_address": ADDRESS}),
    INVOICE: Request(order="paid", fields={"invoice_number": "its own"}, in_path=True),
}

NOBODY = (by("nobody"), by("somebody who left"))

SALESPEOPLE: dict[str, tuple[Spoilt, ...]] = {
    "does not signin": NOBODY,
    "not select company yet": (by("who chose no company"),),
    "company not exist": (by("whose company is gone"),),
    "not company member": (by("who is no member any more"),),
}

NO_ORDER = (saying(order_number="AAAA000101000000OD"), saying(order_number="a#b"))
NOT_THEIRS = (by("trainee"), by("rival"))
"""No salesperson of the order; and one of another company."""

UNPAYABLE = {
    "confirming": (of("confirming"),),
    "paid": (of("paid"),),
    "refunded": (of("refunded"),),
}

ERRORS: dict[str, dict[str, tuple[Spoilt, ...]]] = {
    LIST: {
        "lack of parameters": (without("api_key"), saying(api_key="")),
        **SALESPEOPLE,
    },
    CREATE: {
        "lack of parameters": (
            without("api_key"),
            without("cart_id"),
            without("type"),
            saying(type="bitcoin"),
        ),
        **SALESPEOPLE,
        "cart not exist": (saying(cart_id="none"), saying(cart_id="a#b")),
        "repeat": (saying(cart_id="sold"),),
        "no products": (saying(cart_id="empty"),),
        "product invalid": (
            saying(cart_id="with a product that is gone"),
            saying(cart_id="with an option that is gone"),
            saying(cart_id="with a price that is gone"),
        ),
    },
    PAYMENT: {
        "lack of parameters": (
            without("api_key"),
            without("order_number"),
            without("transaction_id"),
            of("by card", transaction_id=""),
        ),
        **SALESPEOPLE,
        "order not exist": (*NO_ORDER, *NOT_THEIRS),
        "repeated": (saying(transaction_id="T-paid"), of("paid", transaction_id="T-paid")),
        **UNPAYABLE,
        "closed": (of("cancelled"), of("timed out")),
    },
    CANCEL: {
        "lack of parameters": (without("api_key"), without("order_number")),
        **SALESPEOPLE,
        "order not exist": (*NO_ORDER, *NOT_THEIRS),
        **UNPAYABLE,
        "closed": (of("cancelled"),),
    },
    REFUND: {
        "lack of parameters": (
            without("api_key"),
            without("order_number"),
            without("transaction_id"),
        ),
        **SALESPEOPLE,
        "order not exist": (*NO_ORDER, by("trainee")),
        "not reatiler order": (by("rival"),),
        "open": (of("open"),),
        "confirming": (of("confirming"), of("being refunded")),
        "closed": (of("cancelled"), of("timed out")),
        "refunded": (of("refunded"), of("refunded", transaction_id="T-refunded")),
        "refund expired": (of("paid 31 days ago", transaction_id="T-old"),),
        "repeated": (saying(transaction_id="T-refunded"),),
        "transaction not found": (saying(transaction_id="T-none"),),
        "invalid transaction id": (saying(transaction_id="T-old"),),
    },
    DETAIL: {
        "lack of parameters": (without("api_key"), without("order_number")),
        **SALESPEOPLE,
        "no permission": (by("trainee"),),
        "order not exist": (*NO_ORDER, by("rival")),
    },
    PAYPAL_SEND: {
        "lack of parameters": (without("api_key"), without("order_number"), without("email")),
        "does not signin": NOBODY,
        "order not exist": (*NO_ORDER, *NOT_THEIRS, by("who chose no company")),
        "invalid email": (saying(email="consumer"), saying(email="a@b@example.com")),
        "invalid payment": (of("by card"),),
        **UNPAYABLE,
        "closed": (of("cancelled"), of("timed out")),
    },
    RESULT: {
        "result not exist": (saying(token="nope"), saying(token="x" * 200)),
        "log expired": (saying(token="of long ago"),),
    },
    REFUND_QUERY: {
        "lack of parameters": (without("api_key"), without("order_number")),
        **SALESPEOPLE,
        "order not exist": (*NO_ORDER, *NOT_THEIRS),
        "refund expired": (of("paid 31 days ago"),),
        "confirming": (of("confirming"), of("being refunded")),
        "closed": (of("cancelled"), of("timed out")),
        "refunded": (of("refunded"),),
        "open": (of("open"),),
    },
    PARTIAL_DETAIL: {
        "lack of parameters": (without("api_key"), saying(api_key="")),
        "not_sign_in": NOBODY,
        "order_not_bound_same_user": (Spoilt(who="another consumer", order="bound"),),
        "order_not_exist": NO_ORDER,
        "order_is_finished": (of("paid"), of("refunded")),
        "order_is_aborted": (of("cancelled"),),
        "order_is_timeout": (of("timed out"),),
    },
    CONFIRM: {
        "lack of parameters": (without("api_key"), without("order_number")),
        "not_sign_in": NOBODY,
        "order_not_bound_same_user": (Spoilt(who="another consumer", order="bound"),),
        "order_not_exist": NO_ORDER,
    },
    EDIT: {
        "not_sign_in": (*NOBODY, without("api_key")),
        "order_not_bound_same_user": (Spoilt(who="another consumer", order="bound"),),
        "order_not_exist": (*NO_ORDER, without("order_number")),
        "order_is_timeout": (of("timed out"),),
        "order_is_aborted": (of("cancelled"),),
        "order_is_finished": (of("completed"),),
        "illegal_form_input": (
            without("billing_address"),
            saying(billing_address={**ADDRESS, "given_name": ""}),
            saying(billing_address={**ADDRESS, "title": "Mr"}),
        ),
    },
    INVOICE: {
        "lack of parameters": (without("api_key"),),
        **SALESPEOPLE,
        "order not exist": (*NO_ORDER, *NOT_THEIRS),
        "invoice not exist": (saying(invoice_number="AAAA000101000000IN"),),
    },
}

# -- where it happens ----------------------------------------------------------------------------

COMPANY, OTHER_COMPANY, GONE_COMPANY = 1, 2, 3
PEOPLE = {
    "agent": 1,
    "trainee": 2,
    "rival": 3,
    "consumer": 4,
    "another consumer": 5,
    "who chose no company": 6,
    "whose company is gone": 7,
    "who is no member any more": 8,
    "somebody who left": 9,
}
TERMS = Terms(payment_timeout=15 * 60, refund_window=30 * 24 * 60 * 60)


class Earlier(SystemClock):
    """The clock as it stood some time ago."""

    def __init__(self, ago: timedelta) -> None:
        self._ago = ago

    def now(self) -> datetime:
        return super().now() - self._ago


@dataclass
class Site:
    """A shop whose people, carts and orders are all that can go wrong, once for all tests.

    What it has was written past the functions: so it takes no time, and times may lie in the past.
    """

    deployment: Deployment
    api: httpx.Client
    shop_id: str
    keys: dict[str, str] = field(default_factory=dict)
    carts: dict[str, str] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)

    @cached_property
    def desk(self) -> Desk:
        return self.deployment.application.desk

    # -- people and carts --

    def hire(self) -> None:
        shops, people = self.deployment.application.shops, self.deployment.application.people
        for company_id, code in (
            (COMPANY, "AAAA"),
            (OTHER_COMPANY, "BBBB"),
            (GONE_COMPANY, "CCCC"),
        ):
            manage_people.put_company(
                shops, people, self.shop_id, company_id=company_id, code=code, name=code
            )
        for name, user_id in PEOPLE.items():
            user = manage_people.put_user(
                shops,
                people,
                self.shop_id,
                user_id=user_id,
                given_name="QQ",
                family_name="Wang",
                email="qq@example.com",
            )
            issued = manage_shops.issue_credential(
                shops, SystemClock(), self.shop_id, wire="brandcloud", label=name, user=user
            )
            self.keys[name] = issued.token
            if name == "somebody who left":
                manage_shops.revoke_credential(
                    shops, SystemClock(), self.shop_id, issued.credential.id
                )
        self.keys["nobody"] = "nobodys-key-00000000"
        for name, company_id in (
            ("agent", COMPANY),
            ("trainee", COMPANY),
            ("rival", OTHER_COMPANY),
            ("whose company is gone", GONE_COMPANY),
            ("who is no member any more", COMPANY),
        ):
            where = {"company_id": company_id, "user_id": PEOPLE[name]}
            may_sell = name != "trainee"
            manage_people.add_member(shops, people, self.shop_id, **where, may_sell=may_sell)
            manage_people.select_company(shops, people, self.shop_id, **where)
        manage_people.remove_company(shops, people, self.shop_id, GONE_COMPANY)
        left = PEOPLE["who is no member any more"]
        manage_people.remove_member(shops, people, self.shop_id, company_id=COMPANY, user_id=left)

    def cart(self, *lines: CartLine, currency: str = "CNY") -> str:
        """A cart as it may have become since it was filled; its id."""
        cart_id = f"C{uuid4().hex[:12]}"
        cart = Cart(id=cart_id, currency=currency, lines=lines, created_at=SystemClock().now())
        self.desk.catalog.put_cart(self.shop_id, cart)
        return cart_id

    # -- orders --

    def sell(
        self,
        *,
        method: str = "PayPal",
        ago: timedelta = timedelta(0),
        cart_id: str | None = None,
        paid_by: str = "",
    ) -> Order:
        """An order of the agent's, as ``create`` makes it, and paid where ``paid_by`` names a
        transaction."""
        desk = replace(self.desk, clock=Earlier(ago))
        wanted = CartOrder(
            cart_id=cart_id or self.cart(CartLine("1", "v1", 1)),
            wire="brandcloud",
            terms=TERMS,
            details=Details(
                payment_method=method.lower(),
                extensions={
                    "brandcloud": {
                        "agent_id": PEOPLE["agent"],
                        "retailer_id": COMPANY,
                        "retailer_name": "AAAA",
                        "payment_type": method,
                    }
                },
            ),
            number_of=dated_numbers(desk, "UTC", prefix="AAAA", suffix="OD"),
            invoicing=Invoicing(seller=Seller(id=str(COMPANY), name="AAAA")),
        )
        order = place_cart_order(desk, self.shop_id, wanted, TESTER).order
        if not paid_by:
            return order
        received = ReceivedPayment(provider="payworks", transaction_id=paid_by, amount=Decimal(10))
        return record_payment(desk, order, received, TESTER).order

    def refund(self, order: Order, transaction_id: str, *, is_settled: bool = True) -> Order:
        wanted = WantedRefund(transaction_id=transaction_id, is_settled=lambda _: is_settled)
        return refund_order(self.desk, order, wanted, TESTER).order

    def await_payment(self, order: Order) -> Order:
        """A payment provider holds the money and has yet to say whether it comes."""

        def decide(change: Change) -> None:
            payment = Payment(
                id=0,
                provider="paypal",
                transaction_id="P-1",
                amount=change.order.outstanding,
                state=PaymentState.PENDING,
                created_at=change.now,
                updated_at=change.now,
            )
            commands.start_payment(change, payment, None)

        return self.desk.change(self.shop_id, order.id, TESTER, decide).order

    def complete(self, order: Order) -> Order:
        return self.desk.change(self.shop_id, order.id, TESTER, commands.complete).order

    def link(self, order: Order, *, kept_until: timedelta) -> str:
        """The token of a link to pay ``order`` by."""
        token, now = uuid4().hex, SystemClock().now()
        link = PaymentLink(
            token_hash=token_hash(token),
            shop_id=self.shop_id,
            order_id=order.id,
            email="consumer@example.com",
            created_at=now,
            expires_at=now + timedelta(minutes=15),
            kept_until=now + kept_until,
        )
        self.desk.links.add(link)
        return token

    # -- requests --

    def send(self, section: str, spoilt: Spoilt, order: Order | None = None) -> httpx.Response:
        """The section's request, spoilt; ``order`` stands in for the one that it would name."""
        good = REQUESTS[section]
        body: dict[str, Any] = {**good.fields}
        if who := spoilt.who or good.who:
            body["api_key"] = self.keys[who]
        if name := spoilt.order or good.order:
            order = order or self.orders[name]
            body["order_number"] = order.number
            if "invoice_number" in body:
                body["invoice_number"] = order.invoices[0].number
        body |= spoilt.fields
        body.pop(spoilt.without, None)
        if "cart_id" in body:
            body["cart_id"] = self.carts.get(body["cart_id"], body["cart_id"])
        if body.get("token") == "good":
            body["token"] = self.link(self.orders["open"], kept_until=timedelta(days=30))
        if body.get("token") == "of long ago":
            # Made just now, since the table forgets it from now on.
            body["token"] = self.link(self.orders["open"], kept_until=timedelta(0))
        if not good.in_path:
            return self.api.post(f"/{section}", json=body)
        key = body.pop("api_key", None)
        path = section.format(**{name: quote(text, safe="") for name, text in body.items()})
        return self.api.get(f"/{path}", headers={} if key is None else {"Authorization": key})

    def is_unchanged(self, order: Order) -> bool:
        """Whether all that a request may change of ``order`` is stored as it was read."""
        stored = self.desk.orders.get(order.shop_id, order.id)
        assert stored is not None
        return _changeable(stored) == _changeable(order)


def _changeable(order: Order) -> tuple[object, ...]:
    """As of now: a deadline that passed counts, whether a job has written it down or not."""
    seen = order.as_of(SystemClock().now())
    return seen.status, seen.payments, seen.refunds, seen.details


@pytest.fixture(scope="module")
def site(deployment: Deployment) -> Iterator[Site]:
    with httpx.Client(base_url=deployment.api_url, timeout=60) as api:
        site = Site(deployment, api, new_shop(deployment).id)
        site.hire()
        line = CartLine("1", "v1", 1)
        site.carts = {
            "full": site.cart(line),
            "sold": site.cart(line),
            "empty": site.cart(),
            "with a product that is gone": site.cart(line, CartLine("404", "v1", 1)),
            "with an option that is gone": site.cart(line, CartLine("2", "gone", 1)),
            "with a price that is gone": site.cart(line, currency="JPY"),
        }
        site.sell(cart_id=site.carts["sold"])
        consumer = manage_people.require_user(
            deployment.application.people, site.shop_id, PEOPLE["consumer"]
        )
        refunded = site.sell(paid_by="T-refunded")
        site.orders = {
            "open": site.sell(),
            "by card": site.sell(method="credit_card"),
            "confirming": site.await_payment(site.sell()),
            "paid": site.sell(paid_by="T-paid"),
            "completed": site.complete(site.sell(paid_by="T-completed")),
            "being refunded": site.refund(
                site.sell(paid_by="T-going"), "T-going", is_settled=False
            ),
            "refunded": site.refund(refunded, "T-refunded"),
            "cancelled": cancel_order(site.desk, site.sell(), TESTER).order,
            "timed out": site.sell(ago=timedelta(minutes=16)),
            "paid 31 days ago": site.sell(ago=timedelta(days=31), paid_by="T-old"),
            "bound": bind_consumer(site.desk, site.sell(), consumer, TESTER).order,
        }
        yield site


# -- the tests -----------------------------------------------------------------------------------


def names(table: Mapping[str, str]) -> set[tuple[str, str]]:
    return {
        (section, " ".join(name.split()))
        for section, listed in table.items()
        for name in listed.split(",")
    }


CASES = [
    pytest.param(section, error_name, spoilt, id=f"{section}: {error_name} {number}")
    for section, errors in ERRORS.items()
    for error_name, ways in errors.items()
    for number, spoilt in enumerate(ways, start=1)
]


def test_the_tests_reach_exactly_the_errors_that_the_document_lists() -> None:
    reached = {(case.values[0], case.values[1]) for case in CASES}
    assert reached == names(DOCUMENT) | names(OURS)
    assert set(DOCUMENT) | set(OURS) == set(REQUESTS)


@pytest.mark.parametrize(("section", "error_name", "spoilt"), CASES)
def test_each_error_is_told_by_its_name_and_changes_nothing(
    site: Site, section: str, error_name: str, spoilt: Spoilt
) -> None:
    order = site.orders.get(spoilt.order or REQUESTS[section].order)
    answer = site.send(section, spoilt)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert (answer.status_code, answer.json()["error_name"]) == (403, error_name)
    assert order is None or site.is_unchanged(order)


@pytest.mark.parametrize("section", REQUESTS)
def test_the_same_requests_go_well_when_nothing_is_wrong_with_them(
    site: Site, section: str
) -> None:
    mail.allow_sender(site.deployment.cloud, "orders@example.com")
    order = None
    fields: dict[str, object] = {}
    match REQUESTS[section].order:
        case "open":
            order = site.sell()
        case "paid":
            transaction = f"T-{uuid4().hex}"
            order = site.sell(paid_by=transaction)
            if "transaction_id" in REQUESTS[section].fields:
                fields["transaction_id"] = transaction
    answer = site.send(section, saying(**fields), order)
    assert answer.status_code == 200, answer.text


def test_what_belongs_to_an_error_comes_with_it(site: Site) -> None:
    repeat = site.send(CREATE, saying(cart_id="sold")).json()
    assert set(repeat) == {"error_name", "order_number", "payment_method", "qrcode"}
    assert repeat["payment_method"] == "PayPal"
    assert repeat["qrcode"]
    invalid = site.send(CREATE, saying(cart_id="with a product that is gone")).json()
    assert invalid == {"error_name": "product invalid", "products": ["404"]}
    address = {"given_name": "", "title": "Mr"}
    illegal = site.send(EDIT, saying(billing_address=address)).json()
    assert illegal == {
        "error_name": "illegal_form_input",
        "validation": {
            "given_name": ["required"],
            "family_name": ["required"],
            "title": ["invalid"],
        },
    }


def test_a_path_behind_the_slash_of_payment_leads_nowhere(site: Site) -> None:
    order = site.sell()
    body = {
        "api_key": site.keys["agent"],
        "order_number": order.number,
        "transaction_id": f"T-{uuid4().hex}",
    }
    nowhere = site.api.post("/user/company/order/nowhere", json=body)
    for behind in ("foo", "foo/bar", "%20", "foo/"):
        for sent in (body, {}):
            answer = site.api.post(f"/{PAYMENT}{behind}", json=sent)
            assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})
            assert (nowhere.status_code, nowhere.json()) == (404, answer.json())
    assert site.is_unchanged(order)
    # With the slash of the document, and without it.
    assert site.api.post(f"/{PAYMENT}", json=body).json() == {}
    again = site.api.post(f"/{PAYMENT.rstrip('/')}", json=body)
    assert again.json() == {"error_name": "repeated"}
