"""Add a batch of lines to an order that is still unpaid, as somebody else made them up."""

from collections.abc import Sequence

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.lines import LineRequest
from orderhub.domain.order import Order

from .change_costs import apply_sales_tax
from .desk import Desk


def add_lines(desk: Desk, order: Order, lines: Sequence[LineRequest], actor: Actor) -> Change:
    """Add ``lines`` as one batch. The sales tax that the marketplace collects follows, in the same
    change. The same again is another batch.

    Raises :class:`InvalidField` (``price``, ``quantity``, ``sales_tax_rate``), or
    :class:`Refused` once the order is paid or closed (``too_many_lines``, ``total_out_of_range``,
    ``order_too_large`` as well).
    """

    def decide(change: Change) -> None:
        commands.add_lines(change, lines)
        apply_sales_tax(change)

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)
