"""Apply a payment provider's report to its order, once, or keep it for whoever can.

Providers send a notification until they get the answer that they want, and not in the order of what
happened. So nothing here is refused: what finds no order yet, or can't be of the one that it names,
is kept as a *stray*, and tried again when its payment is heard of.
"""

from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Final

from orderhub.domain import identity
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.errors import InvalidField, NotFound, ReferenceTaken, Refused
from orderhub.domain.order import Order
from orderhub.domain.payment_account import PROVIDERS
from orderhub.domain.report import PaymentReport, ReportKind, order_named_in
from orderhub.domain.reported import apply_report as decide_report
from orderhub.ports import StrayReport

from .desk import Desk
from .find_order import NUMBER_SCOPE

KEPT: Final = timedelta(days=90)
"""How long strays wait for an operator."""

NO_ORDER: Final = "no_order"


_MAKES_WAY: Final = (ReportKind.CAPTURED, ReportKind.REFUNDED)
"""What a stray may have waited for: its payment, or that another refund of it failed."""


class Applied(StrEnum):
    """What came of a report."""

    APPLIED = "applied"
    REPEATED = "repeated"
    """The order knew already, or it is of no consequence to it."""
    KEPT = "kept"
    """As a stray."""
    IGNORED = "ignored"
    """Of no order of ours, and nothing that one could wait for."""


def apply_report(desk: Desk, shop_id: str, report: PaymentReport) -> Applied:
    """Find the order that ``report`` is about and record what is new.

    Costs one read and one transaction where the report names the order; captures and refunds also
    look for strays of their payment (one query).

    Raises :class:`~orderhub.domain.errors.Busy` or
    :class:`~orderhub.domain.errors.Unavailable`: then the provider must try again.
    """
    order = _order_of(desk, shop_id, report)
    was_kept = order is None and _is_worth_keeping(report)
    if was_kept:
        # Whoever records its payment looks for strays after that. So one of the two sees the other.
        _keep(desk, shop_id, report, NO_ORDER)
        order = _order_of(desk, shop_id, report)
    if order is None:
        return Applied.KEPT if was_kept else Applied.IGNORED
    outcome = _applied(desk, order, report)
    if was_kept and outcome is not Applied.KEPT:
        desk.strays.remove(shop_id, report)
    if report.kind in _MAKES_WAY and outcome is not Applied.KEPT:
        _follow_up(desk, shop_id, order.id, report)
    return outcome


def retry_stray(desk: Desk, shop_id: str, stray: StrayReport) -> Applied:
    """Try a stray again; it goes once it is applied."""
    outcome = apply_report(desk, shop_id, stray.report)
    if outcome is not Applied.KEPT:
        desk.strays.remove(shop_id, stray.report)
    return outcome


def _applied(desk: Desk, order: Order, report: PaymentReport) -> Applied:
    actor = Actor("provider", report.provider, report.event_id)

    def decide(change: Change) -> None:
        decide_report(change, report)

    try:
        change = desk.change(order.shop_id, order.id, actor, decide, loaded=order)
    except (InvalidField, NotFound, ReferenceTaken, Refused) as refusal:
        _keep(desk, order.shop_id, report, getattr(refusal, "reason", refusal.code))
        return Applied.KEPT
    return Applied.APPLIED if change.recorded else Applied.REPEATED


def _is_worth_keeping(report: PaymentReport) -> bool:
    """Money that came in is ours when our payment request asked for it. What undoes a payment may
    come before it."""
    match report.kind:
        case ReportKind.CAPTURED:
            return bool(report.reference)
        case ReportKind.REFUNDED | ReportKind.DISPUTED:
            return True
        case _:
            return False


def _keep(desk: Desk, shop_id: str, report: PaymentReport, why: str) -> None:
    now = desk.clock.now()
    stray = StrayReport(report=report, why=why, kept_at=now, kept_until=now + KEPT)
    desk.strays.keep(shop_id, stray)


def _follow_up(desk: Desk, shop_id: str, order_id: int, report: PaymentReport) -> None:
    """Apply what waited for this payment."""
    for stray in desk.strays.of_transaction(shop_id, report.provider, report.transaction_id):
        order = desk.orders.get(shop_id, order_id)
        if order is not None and _applied(desk, order, stray.report) is not Applied.KEPT:
            desk.strays.remove(shop_id, stray.report)


def _order_of(desk: Desk, shop_id: str, report: PaymentReport) -> Order | None:
    for order_id in orders_meant(desk, shop_id, report):
        order = desk.orders.get(shop_id, order_id)
        if order is not None:
            return order
    return None


def orders_meant(desk: Desk, shop_id: str, report: PaymentReport) -> Iterator[int]:
    """Ids of orders that a report may mean: by the reference of our request, else by its payment.

    Other systems' names for orders don't count: our requests carry none, and somebody else's may
    happen to look alike.
    """
    if report.reference:
        name = order_named_in(report.reference)
        order_id = identity.order_id_in(name)
        if order_id is not None:
            yield order_id
        for whole in dict.fromkeys((report.reference, name)):
            for reference, found in desk.orders.named(shop_id, "order", whole):
                if reference.scope == NUMBER_SCOPE:
                    yield found
    if report.transaction_id:
        for reference, found in desk.orders.named(shop_id, "payment", report.transaction_id):
            # Who passes on a provider's name for a payment may call the provider otherwise.
            if reference.scope == report.provider or reference.scope not in PROVIDERS:
                yield found
