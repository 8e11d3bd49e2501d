"""Thank an order's buyer by mail."""

from typing import Final

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.correspondence import LONGEST_SUBJECT
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor
from orderhub.domain.errors import InvalidField
from orderhub.domain.order import Order
from orderhub.domain.shipment import Shipment
from orderhub.domain.text import readable
from orderhub.ports import Mail, Mailer

from .desk import Desk
from .payment_link import require_email

_LONGEST_SELLER: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ThankYou:
    """``seller`` is the name under which the shop sells, ``copy_to`` an address that gets the same
    mail, or empty. ``title`` begins the subject."""

    seller: str
    copy_to: str = ""
    title: str = "Thank you"


def thank_buyer(
    desk: Desk,
    mailer: Mailer,
    order: Order,
    wanted: ThankYou,
    actor: Actor,
    *,
    again: bool = False,
) -> Change:
    """Mail the buyer thanks for ``order``, in whatever state it is, and note when that was.

    An order whose buyer was thanked stays as it is, and no mail goes out, unless ``again``. The
    mail goes out before that is written down: when the writing fails, or two ask at the same
    moment, asking once more sends a second mail, rather than claiming one that never went out.

    Raises :class:`InvalidField` (``email`` as ``blank`` when the order has no address to write to,
    or as ``invalid``; ``copy_to``), and what the mailer raises; then nothing was noted.
    """
    if order.thanked_at and not again:
        return Change(order, desk.clock.now(), actor)
    mailer.send(_mail(order, wanted))
    return desk.change(order.shop_id, order.id, actor, commands.thank, loaded=order)


def _mail(order: Order, wanted: ThankYou) -> Mail:
    seller = readable("seller", " ".join(wanted.seller.split()), _LONGEST_SELLER)
    subject = f"{wanted.title}: order {order.number} at {seller}"
    return Mail(
        to=require_email(_address_of_buyer(order)),
        subject=readable("subject", subject, LONGEST_SUBJECT),
        text=_text(order, seller),
        copy_to=_require_copy(wanted.copy_to),
    )


def _address_of_buyer(order: Order) -> str:
    details = order.details
    for known in (details.customer, details.shipping_address, details.billing_address):
        if known and known.email:
            return known.email
    raise InvalidField("email", "blank", "the order has no address to write to")


def _require_copy(address: str) -> str:
    try:
        return require_email(address) if address else ""
    except InvalidField:
        raise InvalidField("copy_to", "invalid") from None


def _text(order: Order, seller: str) -> str:
    details = order.details
    named = details.customer and details.customer.name
    pieces = sum(line.quantity for line in order.lines)
    total = f"{order.total.decimal_text} {order.currency}"
    lines = [
        f"Dear {named}," if named else "Hello,",
        "",
        f"thank you for your order {order.number} at {seller}.",
        "",
        f"It has {pieces} {'piece' if pieces == 1 else 'pieces'} for {total} in all.",
        *(_sent(shipment) for shipment in order.shipments),
        "",
        seller,
        "",
    ]
    return "\n".join(lines)


def _sent(shipment: Shipment) -> str:
    how = f"{shipment.carrier} {shipment.tracking_number}".strip()
    told = [f"Sent on {shipment.sent_at:%Y-%m-%d}", f" by {how}" if how else "", "."]
    return "".join([*told, f" {shipment.tracking_url}" if shipment.tracking_url else ""])
