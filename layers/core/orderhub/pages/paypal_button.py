"""PayPal's button on a page: the one script that pages have, and what the browser must allow it.

Source: developer.paypal.com, JavaScript SDK v5 (configuration; best practices for the content
security policy and ``Cross-Origin-Opener-Policy``), Orders API v2 for what an order has in it.

PayPal's SDK runs on the page and sees its address. Nothing that is secret or anybody's name may
stand on a page with this button.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import field
from typing import Final
from urllib.parse import urlencode

from orderhub.domain.dataclass import dataclass
from orderhub.domain.order import Order
from orderhub.domain.payment import PaymentState
from orderhub.services.paypal_offer import PayPalOffer
from orderhub.wire.contract import OpenRequest

from .document import STYLE_SOURCE, escape

APPROVED: Final = "approved"
"""The query parameter that says that the buyer paid just now. It counts how often the page was
looked at since."""

_LOOK_AGAIN_AFTER: Final = (2, 2, 3, 5, 10, 20, 30, 60, 60, 60)
"""In seconds: when a page that waits for PayPal's webhook loads itself again, and how often."""

_SDK: Final = "https://www.paypal.com/sdk/js"
_HOSTS: Final = "https://*.paypal.com https://*.paypalobjects.com https://*.venmo.com"
_NONCE_BYTES: Final = 16
_LONGEST_DESCRIPTION: Final = 127

_SCRIPT: Final = """
"use strict";
const offer = JSON.parse(document.getElementById("offer").textContent);
const isLate = () => offer.milliseconds !== null && performance.now() >= offer.milliseconds;
const sayTrouble = () => { document.getElementById("trouble").hidden = false; };
const show = async () => {
  await paypal.Buttons({
    createOrder: (data, actions) => {
      if (isLate()) {
        location.reload();
        throw new Error("The offer has ended.");
      }
      return actions.order.create(offer.order);
    },
    onApprove: (data, actions) => {
      if (isLate()) {
        location.reload();
        return undefined;
      }
      return actions.order.capture().then(() => location.replace("?approved=1"));
    },
    onError: sayTrouble,
  }).render("#paypal");
};
show().catch(sayTrouble);
"""
"""What is approved after the offer has ended is not captured: no money moves."""


@dataclass(frozen=True, slots=True)
class Part:
    """HTML, and the header fields of the page that it stands on. ``scripts`` belong to the end of
    the page, which then needn't wait for PayPal to be shown."""

    html: str = ""
    scripts: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def approvals(request: OpenRequest) -> int:
    """How often the page was looked at since the buyer paid; 0 when nobody said that they did."""
    given = request.query.get(APPROVED, "")
    is_count = (
        given.isascii() and given.isdecimal() and len(given) <= len(str(len(_LOOK_AGAIN_AFTER)))
    )
    return int(given) if is_count else 0


def paying(order: Order, offer: PayPalOffer | None, looked: int) -> Part:
    """The button for ``offer``. Who paid just now, and has ``looked`` so often since, gets none:
    the page waits for PayPal to confirm it."""
    is_pending = any(payment.state is PaymentState.PENDING for payment in order.payments)
    if looked and (offer or is_pending):
        return _waiting(looked, may_pay=offer is not None)
    return _button(order, offer) if offer else Part()


def _waiting(looked: int, *, may_pay: bool) -> Part:
    again = '<p>If PayPal shows no payment: <a href="?">pay now</a></p>' if may_pay else ""
    if looked > len(_LOOK_AGAIN_AFTER):
        return Part(f"<p>PayPal has not confirmed the payment yet. Look again later.</p>{again}")
    seconds = _LOOK_AGAIN_AFTER[looked - 1]
    return Part(
        "<p>PayPal is confirming the payment. This page shows it by itself.</p>",
        headers={"refresh": f"{seconds}; url=?{APPROVED}={looked + 1}"},
    )


def _button(order: Order, offer: PayPalOffer) -> Part:
    nonce = secrets.token_urlsafe(_NONCE_BYTES)
    parameters = {"client-id": offer.client_id, "currency": offer.currency, "intent": "capture"}
    sdk = escape(f"{_SDK}?{urlencode(parameters)}")
    return Part(
        "<div id=paypal></div>"
        "<p id=trouble hidden>PayPal could not take the payment. If it shows one, don't pay again: "
        "load this page again in a minute.</p>"
        "<noscript><p>Paying by PayPal needs JavaScript.</p></noscript>",
        f'<script type="application/json" id=offer>{_json(_facts(order, offer))}</script>'
        f'<script nonce="{nonce}" data-csp-nonce="{nonce}" src="{sdk}"></script>'
        f'<script nonce="{nonce}">{_SCRIPT}</script>',
        {
            "content-security-policy": _policy(nonce),
            "cross-origin-opener-policy": "same-origin-allow-popups",
            # PayPal is told the site alone: the address is the key.
            "referrer-policy": "strict-origin",
        },
    )


def _policy(nonce: str) -> str:
    """Nothing but PayPal's own hosts, and inline what has the nonce."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}' {_HOSTS}; "
        f"style-src {STYLE_SOURCE} 'nonce-{nonce}' {_HOSTS}; "
        f"connect-src {_HOSTS}; frame-src {_HOSTS}; child-src {_HOSTS}; img-src {_HOSTS} data:; "
        f"form-action {_HOSTS}; base-uri 'none'; frame-ancestors 'none'"
    )


def _facts(order: Order, offer: PayPalOffer) -> Mapping[str, object]:
    unit = {
        "custom_id": offer.reference,
        "description": f"Order {order.number}"[:_LONGEST_DESCRIPTION],
        "amount": {"currency_code": offer.currency, "value": offer.amount},
    }
    valid_for = offer.valid_for
    return {
        "order": {
            "intent": "CAPTURE",
            "purchase_units": [unit],
            # Where the goods go is between the buyer and the shop.
            "application_context": {"shipping_preference": "NO_SHIPPING"},
        },
        "milliseconds": int(valid_for.total_seconds() * 1000) if valid_for else None,
    }


def _json(value: object) -> str:
    """JSON that can stand between script tags: nothing in it ends them, or begins a comment."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
