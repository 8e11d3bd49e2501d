"""Agree with the buyer on another price for the whole order."""

from decimal import Decimal

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.money import Money
from orderhub.domain.order import Order

from .desk import Desk, Permit, anything_goes


def agree_on_total(
    desk: Desk, order: Order, total: Decimal, actor: Actor, *, permit: Permit = anything_goes
) -> Change:
    """Set what the buyer has to pay, in major units of the order's currency.

    Money that came in counts towards it: where that covers the new total, the order is paid, and
    what exceeds it is flagged as due back. The same total again records nothing.

    Raises what ``permit`` raises, :class:`InvalidField` (``total``) for an amount below zero or
    one that the currency can't hold, :class:`Refused` once the order is paid or closed.
    """
    amount = Money.of(total, order.currency, "total")

    def decide(change: Change) -> None:
        permit(change.visible)
        commands.agree_on_total(change, amount)

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)
