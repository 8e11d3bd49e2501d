"""Bring in an order that was agreed on elsewhere, as an operator wrote it down."""

from orderhub.domain.commands import Placement
from orderhub.domain.details import Actor
from orderhub.domain.lines import ChargeKind

from .change_costs import apply_sales_tax, sales_tax_rate_in
from .desk import Desk
from .place_order import Placed, place_order


def bring_in_order(desk: Desk, shop_id: str, placement: Placement, actor: Actor) -> Placed:
    """Make the order, once per reference of its: a repeat returns the one that exists.

    Products need not be in the catalogue, and nothing is taken from stock. Where the order's
    details say that the marketplace collects the sales tax, and no tax is charged yet, it is
    calculated in the same change. Raises what :func:`place_order` does, and :class:`InvalidField`
    (``sales_tax_rate``).
    """
    taxed = any(
        charge.kind is ChargeKind.TAX and not charge.included for charge in placement.charges
    )
    calculates = sales_tax_rate_in(placement.details) is not None and not taxed
    return place_order(
        desk, shop_id, placement, actor, follow_up=apply_sales_tax if calculates else None
    )
