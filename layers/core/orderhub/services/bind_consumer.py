"""Say which user an order belongs to: one at most, and for good."""

from typing import Final

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor, Contact
from orderhub.domain.errors import Reason, Refused
from orderhub.domain.order import Order
from orderhub.domain.people import User

from .desk import Desk

_USER_ID: Final = "user_id"
"""The customer's attribute that tells our users from customers that other systems named: both
have ids, and those may be the same number."""


def bind_consumer(desk: Desk, order: Order, user: User, actor: Actor) -> Change:
    """Make ``user`` the order's customer, whatever state it is in. Twice changes nothing.

    Raises :class:`Refused` (``bound_to_another``) when the order has a customer already: another
    user, or somebody whom another system named.
    """
    customer = Contact(
        id=str(user.id),
        name=user.full_name,
        email=user.email,
        phone=user.phone,
        attributes={_USER_ID: user.id},
    )

    def decide(change: Change) -> None:
        require_consumer(change.order, user)
        if bound_user_id(change.order) is None:
            commands.bind_customer(change, customer)

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)


def bound_user_id(order: Order) -> int | None:
    """The user whom the order is bound to, if it is bound to one of ours."""
    customer = order.details.customer
    user_id = customer.attributes.get(_USER_ID) if customer else None
    return user_id if isinstance(user_id, int) else None


def require_consumer(order: Order, user: User) -> None:
    """Raise :class:`Refused` (``bound_to_another``) when the order belongs to somebody else.

    An order that belongs to nobody yet is everybody's.
    """
    if order.details.customer in (None, Contact()):
        return
    if bound_user_id(order) != user.id:
        raise Refused(Reason.BOUND_TO_ANOTHER, "the order belongs to another customer")
