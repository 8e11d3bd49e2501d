"""What a buyer may pay right now by PayPal's button, if the shop has an account for it.

PayPal takes the money in the buyer's browser; nothing of it needs a secret of ours. What the page
asks for is no proof of anything: the webhook is, and another amount is held.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.money import MINOR_UNIT_DIGITS, Money
from orderhub.domain.order import Order
from orderhub.domain.payment import PaymentState
from orderhub.domain.payment_account import PAYPAL
from orderhub.domain.report import payment_reference
from orderhub.domain.status import OrderStatus
from orderhub.ports import PaymentAccounts

_TAKEN: Final = (
    "AUD BRL CAD CHF CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN RUB SEK SGD THB TWD "
    "USD"
)
CURRENCIES: Final = frozenset(_TAKEN.split())
"""Those that PayPal's JavaScript SDK takes."""

WITHOUT_DECIMALS: Final = frozenset(("HUF", "JPY", "TWD"))
"""Those of which PayPal takes whole units alone, whatever ISO 4217 says."""

_UNSETTLED: Final = (PaymentState.PENDING, PaymentState.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayPalOffer:
    """``amount`` is in major units, as PayPal writes it. ``valid_for`` is how long it can be paid
    from now on, ``None`` where nothing ends."""

    client_id: str
    reference: str
    currency: str
    amount: str
    valid_for: timedelta | None = None


def awaits_payment(order: Order) -> bool:
    """Whether the buyer should pay now. Never while money is on its way, or is here and the seller
    has to look at it: that would be paid twice."""
    return (
        order.status is OrderStatus.OPEN
        and not order.is_paid
        and bool(order.lines and order.outstanding)
        and not order.refunds_pending
        and not any(payment.state in _UNSETTLED for payment in order.payments)
    )


def paypal_offer(
    accounts: PaymentAccounts, order: Order, now: datetime, *ends: datetime | None
) -> PayPalOffer | None:
    """The offer that a page of ``order``, as of ``now``, may make, until the order's payment is
    due and until ``ends``. At most one read."""
    amount = paypal_amount(order.outstanding)
    valid_for = _until((order.payment_due_at, *ends), now)
    has_ended = valid_for is not None and valid_for <= timedelta()
    if amount is None or has_ended or not awaits_payment(order):
        return None
    found = accounts.get(order.shop_id, PAYPAL)
    client_id = found.account.settings.get("client_id", "") if found else ""
    if not client_id:
        return None
    return PayPalOffer(
        client_id=client_id,
        reference=payment_reference(order.id),
        currency=order.currency,
        amount=amount,
        valid_for=valid_for,
    )


def paypal_amount(money: Money) -> str | None:
    """As PayPal writes it: ``"128.00"``, ``"128"`` of currencies that it takes without decimals.
    ``None`` for what can't be paid by PayPal."""
    if money.currency not in CURRENCIES:
        return None
    if money.currency not in WITHOUT_DECIMALS:
        return money.decimal_text
    whole, fraction = divmod(money.amount, 10 ** MINOR_UNIT_DIGITS[money.currency])
    return None if fraction else str(whole)


def _until(ends: Iterable[datetime | None], now: datetime) -> timedelta | None:
    first = min((end for end in ends if end), default=None)
    return first - now if first else None
