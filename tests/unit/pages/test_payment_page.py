"""The pages with PayPal's button: what they show, what the browser may do, what the script does."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.order import Order
from orderhub.domain.shop import Shop
from orderhub.pages import checkout, payment
from orderhub.services.payment_link import Failure, RefusedBy
from orderhub.services.paypal_offer import PayPalOffer
from orderhub.services.visit_checkout import Visit
from orderhub.services.visit_payment import PaymentVisit
from orderhub.wire.contract import OpenRequest, Response
from tests.support.fakes import NOON
from tests.support.orders import TESTER, placed
from tests.support.orders import payment as paying

OFFER = PayPalOffer(
    client_id="AZ-client_1",
    reference="1766543210987654",
    currency="EUR",
    amount="128.00",
    valid_for=timedelta(minutes=15),
)
EVIL = """</script><script>alert(1)</script><!--<b>&"'"""


class Page(HTMLParser):
    """A page as a browser takes it apart: its tags, its text, and what stands in its scripts."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        assert response.status == 200
        assert isinstance(response.body, bytes)
        self.headers = response.headers
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.text = ""
        self._in_script = False
        self.feed(response.body.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            attrs, text = self.scripts.pop()
            self.scripts.append((attrs, text + data))
        else:
            self.text += data

    @property
    def policy(self) -> dict[str, list[str]]:
        directives = self.headers["content-security-policy"].split("; ")
        return {name: words for name, *words in (each.split(" ") for each in directives)}

    @property
    def has_button(self) -> bool:
        return ("div", {"id": "paypal"}) in self.tags


def order(**fields: Any) -> Order:
    return replace(placed().order, **fields)


def visit(offer: PayPalOffer | None = OFFER, **fields: Any) -> PaymentVisit:
    known = {"seller": "TW Shop", "order": order(), "has_expired": False, "awaits_payment": True}
    return PaymentVisit(**{**known, **fields}, offer=offer)


def request(**query: str) -> OpenRequest:
    return OpenRequest(now=NOON, path={}, query=query, headers={}, body=None)


def shown(seen: PaymentVisit, **query: str) -> Page:
    return Page(payment.show(seen, request(**query)))


# -- what it shows -----------------------------------------------------------------------------


def test_the_page_says_who_asks_for_what_and_names_nobody() -> None:
    page = shown(visit())
    for text in ("TW Shop", order().number, "Brick 2 x 0", "1.50", "Still to pay"):
        assert text in page.text
    assert "韩梅梅" not in page.text
    assert page.has_button


def test_paypal_is_asked_for_what_the_offer_says() -> None:
    scripts = shown(visit()).scripts
    facts = json.loads(scripts[0][1])
    assert scripts[0][0]["type"] == "application/json"
    assert facts == {
        "order": {
            "intent": "CAPTURE",
            "purchase_units": [
                {
                    "custom_id": "1766543210987654",
                    "description": f"Order {order().number}",
                    "amount": {"currency_code": "EUR", "value": "128.00"},
                }
            ],
            "application_context": {"shipping_preference": "NO_SHIPPING"},
        },
        "milliseconds": 15 * 60 * 1000,
    }
    sdk = "https://www.paypal.com/sdk/js?client-id=AZ-client_1&currency=EUR&intent=capture"
    assert scripts[1][0]["src"] == sdk


def test_an_offer_without_end_says_so() -> None:
    assert (
        json.loads(shown(visit(replace(OFFER, valid_for=None))).scripts[0][1])["milliseconds"]
        is None
    )


def test_markup_in_what_others_wrote_is_text() -> None:
    (line,) = order().lines
    hostile = order(number=EVIL, lines=(replace(line, name=EVIL),))
    failure = Failure(refused_by=RefusedBy.PROVIDER, code=EVIL, description=EVIL)
    offer = replace(OFFER, client_id=EVIL, reference=EVIL)
    page = shown(visit(offer, seller=EVIL, order=hostile, failure=failure))
    assert len(page.scripts) == 3
    assert "alert" not in page.scripts[2][1]
    (unit,) = json.loads(page.scripts[0][1])["order"]["purchase_units"]
    assert unit["custom_id"] == EVIL
    assert "b" not in [tag for tag, _ in page.tags]
    assert page.text.count(EVIL) == 7


def test_a_long_number_fits_what_paypal_takes() -> None:
    (unit,) = json.loads(shown(visit(order=order(number="9" * 255))).scripts[0][1])["order"][
        "purchase_units"
    ]
    assert len(unit["description"]) == 127


def test_a_shop_without_paypal_names_the_reference() -> None:
    page = shown(visit(None))
    assert f"takes the payment elsewhere. Its reference: {order().id}" in page.text
    assert not page.scripts


def test_an_expired_link_says_so() -> None:
    page = shown(visit(None, has_expired=True))
    assert "This link has expired" in page.text
    assert "elsewhere" not in page.text


def test_a_refusal_is_told_with_its_reason_beside_the_button() -> None:
    failure = Failure(refused_by=RefusedBy.PROVIDER, code="012", description="card expired")
    page = shown(visit(failure=failure))
    assert "PayPal refused the payment (012: card expired)." in page.text
    assert page.has_button
    bare = Failure(refused_by=RefusedBy.PROVIDER, code="", description="")
    assert "PayPal refused the payment." in shown(visit(failure=bare)).text


def test_what_ended_is_said_once() -> None:
    change = placed()
    commands.cancel(change, "no longer wanted")
    failure = Failure(refused_by=RefusedBy.US, code="order_cancelled", description="")
    seen = visit(None, order=change.order, awaits_payment=False, failure=failure)
    page = shown(replace(seen, has_expired=True))
    assert "This order was cancelled." in page.text
    for other in ("expired", "refused", "elsewhere", "Still to pay"):
        assert other not in page.text


def test_money_that_is_looked_into_is_told() -> None:
    change = placed()
    commands.hold_payment(change, paying("1.00"), change.order.outstanding)
    page = shown(visit(None, order=change.order, awaits_payment=False))
    assert "The seller looks into it." in page.text


# -- waiting for the webhook -------------------------------------------------------------------


def test_who_just_paid_sees_no_button_and_the_page_looks_again_by_itself() -> None:
    page = shown(visit(), approved="1")
    assert "PayPal is confirming the payment" in page.text
    assert not page.scripts
    assert page.headers["refresh"] == "2; url=?approved=2"


def test_the_page_gives_up_looking_after_a_few_minutes() -> None:
    looked, waited = 1, 0
    while refresh := shown(visit(), approved=str(looked)).headers.get("refresh"):
        seconds, _, after = refresh.partition("; url=?approved=")
        looked, waited = int(after), waited + int(seconds)
    assert 120 < waited < 600
    last = shown(visit(), approved=str(looked))
    assert "Look again later" in last.text
    assert ("a", {"href": "?"}) in last.tags
    assert not last.scripts


def test_a_payment_that_paypal_holds_is_waited_for() -> None:
    change = placed()
    commands.start_payment(change, paying("1.50"), None)
    seen = visit(None, order=change.order, awaits_payment=False)
    assert "refresh" in shown(seen, approved="3").headers
    assert "refresh" not in shown(seen).headers
    assert "a" not in [tag for tag, _ in shown(seen, approved="11").tags]


def test_once_it_is_paid_nothing_is_waited_for() -> None:
    change = Change(placed().order, NOON, TESTER)
    commands.capture_payment(change, paying("1.50"))
    page = shown(visit(None, order=change.order, awaits_payment=False), approved="2")
    assert "This order is paid." in page.text
    assert "refresh" not in page.headers


@pytest.mark.parametrize("said", ["0", "", "x", "-1", "1,2", "²", "1" * 5000, "\ud800", "１"])
def test_nonsense_in_the_query_is_nothing(said: str) -> None:
    page = shown(visit(), approved=said)
    assert page.has_button
    assert "refresh" not in page.headers


# -- what the browser may do -------------------------------------------------------------------


def test_only_our_script_and_paypals_hosts_may_run() -> None:
    page = shown(visit())
    nonce = page.scripts[2][0]["nonce"]
    assert nonce
    assert page.scripts[1][0]["nonce"] == page.scripts[1][0]["data-csp-nonce"] == nonce
    hosts = ["https://*.paypal.com", "https://*.paypalobjects.com", "https://*.venmo.com"]
    policy = page.policy
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == ["'none'"]
    assert policy["script-src"] == [f"'nonce-{nonce}'", *hosts]
    for name in ("connect-src", "frame-src", "child-src", "form-action"):
        assert policy[name] == hosts
    assert policy["img-src"] == [*hosts, "data:"]
    for words in policy.values():
        assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "'self'"} & set(words)
    assert page.headers["referrer-policy"] == "strict-origin"
    assert page.headers["cross-origin-opener-policy"] == "same-origin-allow-popups"
    assert page.headers["x-content-type-options"] == "nosniff"


def test_no_two_pages_have_the_same_nonce() -> None:
    assert len({shown(visit()).scripts[2][0]["nonce"] for _ in range(10)}) == 10


def test_every_style_and_script_of_the_page_is_allowed_by_its_policy() -> None:
    page = shown(visit())
    assert not [attrs for _, attrs in page.tags if any(name.startswith("on") for name in attrs)]
    assert not [attrs for _, attrs in page.tags if "style" in attrs]
    (style,) = (word for word in page.policy["style-src"] if word.startswith("'sha256-"))
    plain = shown(visit(None))
    assert plain.policy["style-src"] == [style]


def test_a_page_without_a_button_can_do_nothing() -> None:
    page = shown(visit(None))
    assert set(page.policy) == {
        "default-src",
        "style-src",
        "base-uri",
        "form-action",
        "frame-ancestors",
    }
    assert page.headers["referrer-policy"] == "no-referrer"
    assert not page.scripts


def test_the_checkout_page_has_the_button_only_with_an_offer() -> None:
    shop = Shop(id="demo", name=EVIL, currency="EUR", created_at=NOON)
    page = Page(checkout.show(Visit(shop, order(), OFFER), request()))
    assert page.has_button
    assert len(page.scripts) == 3
    assert EVIL in page.text
    bare = Page(checkout.show(Visit(shop, order()), request()))
    assert not bare.scripts
    assert "script-src" not in bare.policy
    waits = Page(checkout.show(Visit(shop, order(), OFFER), request(approved="1")))
    assert not waits.scripts


# -- what the script does ----------------------------------------------------------------------

HARNESS = """
const input = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const seen = [], trouble = { hidden: true };
const elements = { offer: { textContent: input.offer }, trouble };
globalThis.document = { getElementById: (id) => elements[id] };
globalThis.location = { reload: () => seen.push("reload"), replace: (to) => seen.push("to " + to) };
Object.defineProperty(globalThis, "performance", { value: { now: () => input.now } });
globalThis.window = globalThis;
let buttons;
if (input.has_sdk) globalThis.paypal = { Buttons: (given) => {
  buttons = given;
  return { render: async (where) => { seen.push("render " + where); } };
} };
(0, eval)(input.script);
const actions = { order: {
  create: (order) => { seen.push(["create", order]); return "PAYPAL-1"; },
  capture: async () => { seen.push("capture"); },
} };
(async () => {
  if (buttons) {
    try { buttons.createOrder({}, actions); } catch (error) { seen.push("refused"); }
    await buttons.onApprove({}, actions);
    if (input.fails) buttons.onError(new Error("declined"));
  }
  await new Promise((done) => setTimeout(done, 0));
  console.log(JSON.stringify({ seen, trouble: !trouble.hidden }));
})();
"""


def run(now: int, *, has_sdk: bool = True, fails: bool = False) -> dict[str, Any]:
    """What the page's script did in a browser of ours, ``now`` milliseconds after it was loaded."""
    (_, offer), _, (_, script) = shown(visit()).scripts
    given = {"offer": offer, "script": script, "now": now, "has_sdk": has_sdk, "fails": fails}
    done = subprocess.run(  # noqa: S603 - it runs our own script
        ["node", "-e", HARNESS],  # noqa: S607
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")


@needs_node
def test_the_script_makes_an_order_captures_it_and_waits_for_the_webhook() -> None:
    expected = json.loads(shown(visit()).scripts[0][1])["order"]
    done = run(1000)
    assert done == {
        "seen": ["render #paypal", ["create", expected], "capture", "to ?approved=1"],
        "trouble": False,
    }


@needs_node
def test_after_the_offer_has_ended_nothing_is_captured() -> None:
    done = run(15 * 60 * 1000)
    assert done["seen"] == ["render #paypal", "reload", "refused", "reload"]


@needs_node
def test_trouble_is_told() -> None:
    assert not run(0)["trouble"]
    assert run(0, fails=True)["trouble"]
    assert run(0, has_sdk=False) == {"seen": [], "trouble": True}


def test_the_script_holds_nothing_of_the_order() -> None:
    one, other = shown(visit()), shown(visit(order=order(number="X"), seller="Y"))
    assert one.scripts[2][1] == other.scripts[2][1]
    assert re.search(r"</|<!--", one.scripts[2][1]) is None
