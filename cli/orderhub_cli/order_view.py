"""An order and its events as people read them."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, Final

from orderhub.domain import events as happened
from orderhub.domain.details import Actor
from orderhub.domain.events import Event, Recorded
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.shipment import ShipmentState
from orderhub_cli import durations
from orderhub_cli.console import counted, print_facts, print_note, print_table, shown

MOST_LINES: Final = 50
"""Longer orders are cut; --json shows all."""


def print_order(order: Order, now: datetime) -> None:
    """Write an order as everybody must see it at ``now``."""
    seen = order.as_of(now)
    print_facts(f"Order {seen.number}", [*_statuses(order, seen), *_circumstances(seen)])
    print_facts("Money", _money(seen))
    if seen.deadlines:
        told = [
            (each.kind.value, f"{shown(each.at)}, {distance(each.at, now)}")
            for each in seen.deadlines
        ]
        print_facts("Deadlines", told)
    _print_lines(seen)
    _print_money_movements(seen)
    _print_shipments(order, seen)
    if seen.notes:
        rows = [(note.at, note.author, note.text) for note in seen.notes]
        print_table("Notes", ("Time", "By", "Text"), rows)
    _print_correspondence(seen)


def print_events(events: Sequence[Recorded]) -> None:
    """Write a table of all that happened."""
    rows = [
        (each.sequence, each.at, by(each.actor), each.event.TYPE, summary(each.event))
        for each in events
    ]
    print_table("Events", ("#", "Time", "Actor", "Type", "What"), rows, numeric="#")


def summary(event: Event) -> str:
    """What an event says beside its type, in a few words."""
    match event:
        case happened.OrderPlaced():
            due = event.payment_due_at
            parts = [event.number, event.wire, event.currency, counted(len(event.lines), "line")]
            return ", ".join([*parts, f"payment due {shown(due)}"] if due else parts)
        case happened.LinesAdded():
            return _few([f"{line.product_id} × {line.quantity}" for line in event.lines])
        case happened.DetailsChanged():
            named = [f"{name.scope} {name.value}" for name in event.references]
            return f"also named {_few(named)}" if named else ""
        case happened.PaymentStarted() | happened.PaymentCaptured():
            payment = event.payment
            return _sent(payment.amount, payment.provider, payment.transaction_id)
        case happened.PaymentHeld():
            payment = event.payment
            sent = _sent(payment.amount, payment.provider, payment.transaction_id)
            return f"{sent}, where {event.expected} was due"
        case happened.PaymentDisputed():
            dispute = event.dispute
            return " ".join(filter(None, [dispute.state.value, dispute.id, dispute.reason]))
        case happened.DisputeDecided():
            return f"{event.state.value} {event.dispute_id}"
        case happened.RefundReportedEarly():
            return _sent(event.refund.amount, event.refund.provider, event.refund.refund_id)
        case happened.RefundIdentified():
            return f"{event.provider} {event.reported_as}"
        case happened.RefundRequested():
            refund = event.refund
            return _sent(refund.amount, refund.provider, refund.transaction_id)
        case happened.LinesShipped():
            shipment = event.shipment
            pieces = sum(line.quantity for line in shipment.lines)
            carried = f"{shipment.carrier} {shipment.tracking_number}".strip()
            return ", ".join(filter(None, [counted(pieces, "piece"), carried]))
        case happened.NoteAdded():
            return _shortened(event.text)
        case happened.OrderRemarked():
            return _shortened(event.remarks) or "no remarks"
        case happened.MessageAdded():
            message = event.message
            about = message.subject or message.body
            return f"{message.sender} to {message.recipient}: {_shortened(about)}"
        case happened.FeedbackGiven():
            return f"of the {event.feedback.side.value}: {event.feedback.rating.name.lower()}"
        case happened.FeedbackReplied():
            return f"of the {event.side.value}: {_shortened(event.reply)}"
        case happened.OrderFiled():
            return "put away" if event.is_filed else "taken out again"
        case happened.SellerMarked():
            return event.mark.value if event.mark else "no mark"
        case happened.OrderTagged():
            return ", ".join(event.tags) or "no tags"
        case _:
            return ", ".join(
                f"{field.name.replace('_', ' ')} {_brief(getattr(event, field.name))}"
                for field in fields(event)
                if not _says_nothing(getattr(event, field.name))
            )


def _statuses(stored: Order, seen: Order) -> list[tuple[str, object]]:
    status = seen.status.value
    if seen.status is not stored.status:
        status += f" (written down: still {stored.status})"
    return [
        ("Order", status),
        ("Payment", seen.payment_status.value),
        ("Fulfilment", seen.fulfilment_status.value),
        ("Seller's mark", seen.seller_mark.value if seen.seller_mark else ""),
    ]


def _circumstances(order: Order) -> list[tuple[str, object]]:
    details = order.details
    address = details.shipping_address
    terms = order.terms
    windows = (terms.payment_timeout, terms.refund_window, terms.auto_receive)
    return [
        ("Id", order.id),
        ("Wire", order.wire),
        ("Version", order.version),
        ("Created", order.created_at),
        ("Updated", order.updated_at),
        ("Paid", order.paid_at),
        ("Closed", order.closed_at),
        ("Cancelled for", order.cancel_reason),
        ("Names", [f"{name.scope} {name.value}" for name in order.references]),
        ("Customer", details.customer.name or details.customer.id if details.customer else ""),
        ("Ships to", address.full_name if address else ""),
        ("Note", details.customer_note),
        ("Tags", order.tags),
        ("Filed", "yes" if order.is_filed else ""),
        ("Remarks", order.remarks),
        ("Buyer thanked", order.thanked_at),
        ("Windows", "payment {}, refund {}, receipt {}".format(*map(durations.written, windows))),
    ]


def _money(order: Order) -> list[tuple[str, object]]:
    adjustment = order.price_adjustment
    optional = [("Charges", order.charge_total), ("Discounts", order.discount_total)]
    moved = [
        ("Captured", order.captured),
        ("Outstanding", order.outstanding),
        ("Refunds under way", order.refunds_pending),
        ("Refunded", order.refunded),
        ("To be refunded", order.refund_due),
    ]
    return [
        ("Items", order.item_total),
        *((name, amount) for name, amount in optional if amount),
        ("Agreed change", adjustment),
        ("Total", order.total),
        *((name, amount) for name, amount in moved if amount),
    ]


def _print_lines(order: Order) -> None:
    lines = order.lines
    if not lines:
        print_note("\nNo lines.")
        return
    left = order.unshipped()
    rows = [
        (
            line.id,
            line.product_id,
            line.variant_id,
            line.name,
            line.options,
            line.quantity,
            left[line.id] or "",
            _price(line.unit_price),
            line.total,
        )
        for line in lines[:MOST_LINES]
    ]
    columns = (
        "#",
        "Product",
        "Variant",
        "Name",
        "Options",
        "Quantity",
        "Unsent",
        "Price",
        "Total",
    )
    print_table("Lines", columns, rows, numeric="# Quantity Unsent Price Total")
    if len(lines) > MOST_LINES:
        print_note(f"… and {len(lines) - MOST_LINES} more lines; --json shows all.")


def _print_money_movements(order: Order) -> None:
    if order.payments:
        columns = ("#", "State", "Amount", "Provider", "Transaction", "Method", "Updated")
        rows: list[tuple[object, ...]] = [
            (p.id, p.state, p.amount, p.provider, p.transaction_id, p.method, p.updated_at)
            for p in order.payments
        ]
        print_table("Payments", columns, rows, numeric="# Amount")
    if order.held_payments:
        print_note("Held money pays for nothing: 'order accept-payment', or give it back.")
    for title, refunds in (("Refunds", order.refunds), ("Of held money", order.held_refunds)):
        if refunds:
            columns = ("#", "State", "Amount", "Provider", "Transaction", "Reason", "Updated")
            rows = [
                (r.id, r.state, r.amount, r.provider, r.transaction_id, r.reason, r.updated_at)
                for r in refunds
            ]
            print_table(title, columns, rows, numeric="# Amount")
    if order.disputes:
        columns = ("Dispute", "State", "Amount", "Provider", "Payment", "Reason", "Updated")
        rows = [
            (d.id, d.state, d.amount, d.provider, d.transaction_id, d.reason, d.updated_at)
            for d in order.disputes
        ]
        print_table("Disputes", columns, rows, numeric="Amount")


def _print_shipments(stored: Order, seen: Order) -> None:
    if not seen.shipments:
        return
    rows = []
    for before, shipment in zip(stored.shipments, seen.shipments, strict=True):
        on_its_way = shipment.state is ShipmentState.SENT
        state = shipment.state.value
        if shipment.state is not before.state:
            state += f" (written down: still {before.state})"
        rows.append(
            (
                shipment.id,
                state,
                pieces_of_lines((line.line_id, line.quantity) for line in shipment.lines),
                shipment.carrier,
                shipment.tracking_number,
                shipment.sent_at,
                None if on_its_way else shipment.updated_at,
                shipment.auto_receive_at if on_its_way else None,
            )
        )
    columns = (
        "#",
        "State",
        "Lines",
        "Carrier",
        "Tracking number",
        "Sent",
        "Since",
        "Receives itself",
    )
    print_table("Shipments", columns, rows, numeric="#")
    # Below the table: a folded address can't be copied.
    for shipment in seen.shipments:
        if shipment.tracking_url:
            print_note(f"Track {shipment.id}: {shipment.tracking_url}")


def _print_correspondence(order: Order) -> None:
    if order.messages:
        letters = [(m.sent_at, m.sender, m.recipient, m.subject, m.body) for m in order.messages]
        print_table("Messages", ("Time", "From", "To", "Subject", "Text"), letters)
    if order.feedback:
        opinions = [
            (f.rated_at, f.side, f.rating.name.lower(), f.sender, f.comment, f.reply)
            for f in order.feedback
        ]
        print_table("Feedback", ("Time", "Of", "Rating", "From", "Comment", "Reply"), opinions)


def distance(at: datetime, now: datetime) -> str:
    """``in 2d23h``, ``4m ago``."""
    seconds = (at - now).total_seconds()
    if seconds > 0:
        return f"in {durations.roughly(seconds)}"
    return f"{durations.roughly(-seconds)} ago"


def pieces_of_lines(pieces: Iterable[tuple[int, int]]) -> str:
    """``line 1 × 2, line 3 × 1``, and how many more there are beyond :data:`MOST_LINES`."""
    return _few([f"line {line_id} × {count}" for line_id, count in pieces], MOST_LINES)


def _price(price: UnitPrice) -> str:
    return f"{price.decimal_text} {price.currency}"


def states(order: Order) -> str:
    """``open, paid, partially shipped``."""
    words = (order.status, order.payment_status, order.fulfilment_status)
    return ", ".join(word.value.replace("_", " ") for word in words)


def by(actor: Actor) -> str:
    """Who did something: the kind of actor, and the name or id."""
    who = actor.name or actor.id
    return f"{actor.kind}: {who}" if who else actor.kind


def _sent(amount: Money, provider: str, transaction_id: str) -> str:
    by = f"{provider} {transaction_id}".strip()
    return f"{amount} by {by}" if by else str(amount)


def _brief(value: Any) -> str:
    if isinstance(value, tuple):
        return _few([_brief(part) for part in value])
    if is_dataclass(value):
        parts = (getattr(value, field.name) for field in fields(value))
        return ", ".join(_brief(part) for part in parts if not _says_nothing(part))
    return shown(value)


def _says_nothing(value: Any) -> bool:
    return value is None or value is False or value in ("", (), {})


def _shortened(text: str, most: int = 60) -> str:
    """The first line of ``text``, as far as it goes."""
    first = text.split("\n", 1)[0]
    if first == text and len(text) <= most:
        return text
    return f"{first[: most - 1]}…"


def _few(parts: Sequence[str], most: int = 3) -> str:
    rest = len(parts) - most
    return ", ".join(parts[:most]) + (f" and {rest} more" if rest > 0 else "")
