"""A consumer pays by the mailed link: the page over HTTP, and what PayPal then tells by webhook."""

import json
import re
from dataclasses import dataclass
from html import unescape
from uuid import uuid4

import httpx
import pytest

from local import mail
from orderhub.adapters.system import SystemClock
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.shop import CartLine, Price, Product, Variant
from orderhub.services import manage_shops
from orderhub.services.manage_payment_accounts import set_account
from tests.e2e.conftest import ON_THE_CLOUD, Counter, Deployment
from tests.support.providers import (
    PAYPAL_CERTIFICATE_URL,
    PAYPAL_WEBHOOK_ID,
    paypal_capture,
    paypal_keys,
    paypal_request,
)

pytestmark = ON_THE_CLOUD

SENDER = "orders@example.com"
COMPLETED, PENDING = "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.PENDING"


@dataclass
class Consumer:
    """Somebody who was mailed a link to pay 20.00 EUR, at a shop with a PayPal account."""

    counter: Counter
    link: str

    def look(self, query: str = "") -> httpx.Response:
        page = httpx.get(f"{self.link}{query}", timeout=60)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        return page

    def result(self) -> str:
        token = self.link.rpartition("/")[2]
        status: str = self.counter.api.get(f"/transaction/{token}/result").json()["status"]
        return status

    def approve(self, kind: str = COMPLETED, *, short: int = 0, capture: str = "") -> None:
        """PayPal takes what the page asks for, less so many cents, and tells of it."""
        page = self.look().text
        found = re.search(r"<script type=.application/json. id=offer>(.*?)</script>", page)
        assert found
        (unit,) = json.loads(found[1])["order"]["purchase_units"]
        asked = Money.of(unit["amount"]["value"], unit["amount"]["currency_code"])
        amount = Money(asked.amount - short, asked.currency)
        event = paypal_capture(unit["custom_id"], amount, kind=kind, capture=capture)
        self.tell(event)

    def tell(self, event: dict[str, object]) -> None:
        request = paypal_request(paypal_keys(), PAYPAL_WEBHOOK_ID, event)
        path = f"/webhooks/payments/paypal/{self.counter.shop.id}"
        with self.counter.shop.client(**request.headers) as api:
            assert api.post(path, content=request.body).status_code == 200


@pytest.fixture
def consumer(deployment: Deployment, counter: Counter) -> Consumer:
    application, shop_id = deployment.application, counter.shop.id
    shops, catalog, clock = application.shops, application.desk.catalog, SystemClock()
    price = Price(price=UnitPrice.of(10, "EUR"))
    lamp = Product(id="lamp", name="<Lamp>", variants=(Variant(id="v", prices={"EUR": price}),))
    manage_shops.put_products(shops, catalog, shop_id, [lamp])
    set_account(
        shops,
        application.payment_account_store,
        lambda: application.vault,
        clock,
        shop_id,
        "paypal",
        settings={"webhook_id": PAYPAL_WEBHOOK_ID, "client_id": "AZ-client_1"},
        public_keys={PAYPAL_CERTIFICATE_URL: paypal_keys().certificate_pem},
    )
    lines = [CartLine("lamp", "v", 2)]
    manage_shops.put_cart(shops, catalog, clock, shop_id, cart_id="C1", lines=lines, currency="EUR")
    made = counter.sell("create", cart_id="C1", type="PayPal")
    assert made.status_code == 200, made.text
    mail.allow_sender(deployment.cloud, SENDER)
    address = f"{uuid4().hex}@example.com"
    number = made.json()["order_number"]
    assert counter.sell("paypal/send", order_number=number, email=address).status_code == 200
    (message,) = mail.messages(deployment.cloud, address)
    link = next(word for word in message.text.split() if word.startswith("http"))
    assert link.startswith(f"{deployment.api_url}/pay/")
    return Consumer(counter, link)


def test_the_mailed_link_leads_to_a_page_that_is_paid_by_paypals_webhook(
    consumer: Consumer,
) -> None:
    page = consumer.look()
    assert page.status_code == 200
    assert "&lt;Lamp&gt;" in page.text
    assert "Still to pay</td><td class=n>20.00" in page.text
    (nonce,) = set(re.findall(r' nonce="([\w-]+)"', page.text))
    assert (
        f"script-src 'nonce-{nonce}' https://*.paypal.com"
        in (page.headers["content-security-policy"])
    )
    sdk = "https://www.paypal.com/sdk/js?client-id=AZ-client_1&currency=EUR&intent=capture"
    assert sdk in unescape(page.text)

    # Between the approval and the webhook.
    waiting = consumer.look("?approved=1")
    assert "PayPal is confirming the payment" in waiting.text
    assert waiting.headers["refresh"] == "2; url=?approved=2"

    consumer.approve()
    paid = consumer.look("?approved=2")
    assert "This order is paid." in paid.text
    assert "<script" not in paid.text
    assert "refresh" not in paid.headers
    assert consumer.result() == "success"


def test_a_payment_that_paypal_holds_is_not_asked_for_again(consumer: Consumer) -> None:
    consumer.approve(PENDING, capture="2GG279541U471931P")
    page = consumer.look()
    assert "A payment is being confirmed." in page.text
    assert "<script" not in page.text
    assert consumer.result() == "info"


def test_another_amount_than_the_page_asked_for_is_looked_into(consumer: Consumer) -> None:
    consumer.approve(short=1)
    page = consumer.look()
    assert "The seller looks into it." in page.text
    assert "<script" not in page.text
    assert consumer.result() == "info"


def test_unknown_tokens_and_other_methods_lead_nowhere(consumer: Consumer) -> None:
    for token in ("nope", "%00", "%ff", "x" * 2000, "%3Cscript%3E"):
        page = httpx.get(f"{consumer.link.rpartition('/')[0]}/{token}", timeout=60)
        assert page.status_code == 404
        assert "Page not found" in page.text
    assert httpx.post(consumer.link, timeout=60).status_code == 404
