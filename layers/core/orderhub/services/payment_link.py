"""Let a consumer pay from afar: a link by mail, and what came of it.

The token in the link is the only proof that its holder has: 256 random bits, stored as their hash
alone. A link pays once, since its order does: the provider's outcome, which comes by webhook,
decides what it shows from then on.
"""

import re
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import InvalidField, NotFound, Reason, Refused
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.payment_link import PaymentLink
from orderhub.domain.status import OrderStatus, PaymentStatus
from orderhub.ports import Mail, Mailer

from .authenticate import token_hash
from .desk import Desk, Permit, anything_goes

PAYPAL: Final = "paypal"
LIFETIME: Final = timedelta(minutes=15)
KEPT: Final = timedelta(days=30)
"""How long one can look up what came of a link."""

_TOKEN_BYTES: Final = 32
_LONGEST_TOKEN: Final = 128
_LONGEST_EMAIL: Final = 254
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}"
)
_FAILURE: Final = re.compile(r"\s*(?P<code>[A-Za-z0-9_.-]+)\s*:\s*(?P<description>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRequest:
    """``page_url`` is where the consumer goes to pay; ``{token}`` in it stands for the token."""

    email: str
    seller: str
    page_url: str


def send_payment_link(
    desk: Desk,
    mailer: Mailer,
    order: Order,
    wanted: LinkRequest,
    *,
    permit: Permit = anything_goes,
) -> PaymentLink:
    """Mail the consumer a link to pay ``order`` by PayPal.

    It is good for 15 minutes, and never longer than the order can be paid. One write, one mail;
    the link is stored first, so that no mail leads nowhere.

    Raises what ``permit`` raises, :class:`Refused` for orders that can't be paid (any more) or
    are to be paid by other means, :class:`InvalidField` (``email``), and what the mailer raises.
    """
    now = desk.clock.now()
    seen = order.as_of(now)
    permit(seen)
    _require_payable(seen)
    if seen.details.payment_method.lower() != PAYPAL:
        raise Refused(Reason.OTHER_PAYMENT_METHOD, "the order is to be paid by other means")
    email = require_email(wanted.email)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    expires_at = min(now + LIFETIME, seen.payment_due_at or now + LIFETIME)
    link = PaymentLink(
        token_hash=token_hash(token),
        shop_id=order.shop_id,
        order_id=order.id,
        email=email,
        seller=wanted.seller,
        created_at=now,
        expires_at=expires_at,
        kept_until=expires_at + KEPT,
    )
    desk.links.add(link)
    mailer.send(_mail(seen, link, wanted, token))
    return link


class Outcome(StrEnum):
    PAID = "paid"
    FAILED = "failed"
    PENDING = "pending"


class RefusedBy(StrEnum):
    US = "us"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why nothing was paid. ``code`` is the provider's, or one of ours: ``link_expired`` or a
    :class:`Reason` such as ``order_expired``."""

    refused_by: RefusedBy
    code: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionResult:
    """What came of a link. ``at`` is when the money came, the attempt failed, the link or the
    order ended; while nothing has happened, when the link was sent.

    ``email`` and ``seller`` are whom the link was sent to and which company sent it. ``payment`` is
    the one that paid, absent when there was nothing to pay.
    """

    outcome: Outcome
    at: datetime
    order: Order
    email: str
    seller: str
    payment: Payment | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedLink:
    """A link and its order, as everybody must see it ``at`` that time."""

    link: PaymentLink
    order: Order
    at: datetime

    @property
    def has_expired(self) -> bool:
        return self.link.expires_at <= self.at


def follow_link(desk: Desk, token: str) -> FollowedLink:
    """Where the link with this token leads now. Two reads; looking changes nothing.

    Raises :class:`NotFound`: ``payment_link`` for tokens that never were or were forgotten since,
    ``expired_payment_link`` for those that are about to be.
    """
    now = desk.clock.now()
    link = desk.links.get(token_hash(token)) if 0 < len(token) <= _LONGEST_TOKEN else None
    if link is None:
        raise NotFound("payment_link")
    if link.kept_until <= now:
        raise NotFound("expired_payment_link")
    order = desk.orders.get(link.shop_id, link.order_id)
    if order is None:
        raise NotFound("payment_link")
    return FollowedLink(link=link, order=order.as_of(now), at=now)


def transaction_result(desk: Desk, token: str) -> TransactionResult:
    """What came of the link with this token. Reads and raises as :func:`follow_link` does."""
    return result_of(follow_link(desk, token))


def result_of(followed: FollowedLink) -> TransactionResult:
    """What came of a link.

    An order that is paid reads as paid, whoever paid it and whatever became of it since. Else
    PayPal's last refusal since the link was sent counts, then the end of the order or of the link.
    """
    order, link = followed.order, followed.link
    if order.paid_at:
        return TransactionResult(
            outcome=Outcome.PAID,
            at=order.paid_at,
            order=order,
            email=link.email,
            seller=link.seller,
            payment=_paying(order),
        )
    failed_at, failure = _failure(followed)
    return TransactionResult(
        outcome=Outcome.FAILED if failure else Outcome.PENDING,
        at=failed_at,
        order=order,
        email=link.email,
        seller=link.seller,
        failure=failure,
    )


def _failure(followed: FollowedLink) -> tuple[datetime, Failure | None]:
    order, link = followed.order, followed.link
    attempts = [p for p in order.payments if _is_paypal(p) and p.updated_at >= link.created_at]
    if any(attempt.state is PaymentState.PENDING for attempt in attempts):
        return link.created_at, None
    refused = [attempt for attempt in attempts if attempt.state is PaymentState.FAILED]
    if refused:
        last = max(refused, key=lambda attempt: attempt.updated_at)
        return last.updated_at, _by_provider(last.failure)
    if order.status is not OrderStatus.OPEN:
        reason = _WHY_CLOSED[order.status]
        return order.closed_at or followed.at, _by_us(reason)
    if followed.has_expired:
        return link.expires_at, _by_us("link_expired")
    return link.created_at, None


def _by_us(code: str) -> Failure:
    return Failure(refused_by=RefusedBy.US, code=code, description=code.replace("_", " "))


def _by_provider(failure: str) -> Failure:
    """From ``code: description``; a text without a code is all description."""
    told = _FAILURE.fullmatch(failure)
    return Failure(
        refused_by=RefusedBy.PROVIDER,
        code=told["code"] if told else "",
        description=told["description"].strip() if told else failure.strip(),
    )


def _paying(order: Order) -> Payment | None:
    """The payment with which the order became paid: PayPal's if there is one."""
    captured = [p for p in order.payments if p.state is PaymentState.CAPTURED]
    return next((p for p in captured if _is_paypal(p)), captured[0] if captured else None)


def _is_paypal(payment: Payment) -> bool:
    return PAYPAL in (payment.provider.lower(), payment.method.lower())


_WHY_CLOSED: Final = {
    OrderStatus.COMPLETED: Reason.ORDER_COMPLETED,
    OrderStatus.CANCELLED: Reason.ORDER_CANCELLED,
    OrderStatus.EXPIRED: Reason.ORDER_EXPIRED,
}


def _require_payable(order: Order) -> None:
    if order.status is not OrderStatus.OPEN:
        raise Refused(_WHY_CLOSED[order.status])
    if order.is_paid:
        raise Refused(Reason.ORDER_PAID)
    if order.payment_status in (PaymentStatus.CONFIRMING, PaymentStatus.REFUNDING):
        raise Refused(Reason.PAYMENT_CONFIRMING, "a payment is under way")
    if not order.lines:
        raise Refused(Reason.NOTHING_TO_PAY)


def require_email(text: str) -> str:
    """Return ``text`` if mail can be sent there: one plain ASCII address, nothing around it.

    Raises :class:`InvalidField`. Whether anybody reads mail there only sending can tell.
    """
    if len(text) > _LONGEST_EMAIL or not _EMAIL.fullmatch(text):
        raise InvalidField("email", "invalid")
    return text


def _mail(order: Order, link: PaymentLink, wanted: LinkRequest, token: str) -> Mail:
    url = wanted.page_url.replace("{token}", quote(token, safe=""))
    minutes = max(1, round((link.expires_at - link.created_at).total_seconds() / 60))
    seller = " ".join(wanted.seller.split())
    amount = f"{order.outstanding.decimal_text} {order.currency}"
    return Mail(
        to=link.email,
        subject=f"{seller}: pay order {order.number} with PayPal",
        text=(
            f"{seller} asks you to pay {amount} for order {order.number} with PayPal:\n\n"
            f"{url}\n\n"
            f"The link can be used once, within {minutes} "
            f"{'minute' if minutes == 1 else 'minutes'}.\n"
            "If you did not order anything, ignore this mail; nothing will be charged.\n"
        ),
    )
