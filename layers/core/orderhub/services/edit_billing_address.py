"""Let a consumer say whom the invoice is for."""

from dataclasses import replace

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor, Address
from orderhub.domain.order import Order
from orderhub.domain.people import User

from .bind_consumer import require_consumer
from .desk import Desk, Permit, anything_goes


def edit_billing_address(
    desk: Desk,
    order: Order,
    user: User,
    address: Address,
    actor: Actor,
    *,
    permit: Permit = anything_goes,
) -> Change:
    """Replace the order's billing address. The same address again changes nothing.

    Whose order it is stays open: only :func:`~orderhub.services.bind_consumer.bind_consumer`
    says. Raises :class:`Refused` (``bound_to_another``), what ``permit`` raises, and
    :class:`Refused` for closed orders, expired ones included.
    """

    def decide(change: Change) -> None:
        require_consumer(change.order, user)
        permit(change.visible)
        details = replace(change.order.details, billing_address=address)
        commands.change_details(change, details)

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)
