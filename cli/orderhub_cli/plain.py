"""Domain objects as JSON-ready builtins, for programs that read the command line's answers.

Money is ``{"amount": "128.00", "currency": "CNY"}``, times are ISO 8601 in UTC with milliseconds,
ids are numbers. Unlike what is stored, everything is there, defaults too.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from orderhub.domain.events import Recorded
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.shop import Credential

_MONEY_OF_ORDERS = (
    "item_total",
    "charge_total",
    "discount_total",
    "total",
    "captured",
    "outstanding",
    "refunded",
    "refunds_pending",
    "refund_due",
)


def plain(value: object) -> Any:
    """``value`` as builtins, all the way down."""
    match value:
        case Money() | UnitPrice():
            return {"amount": value.decimal_text, "currency": value.currency}
        case datetime():
            at = value.astimezone(UTC)
            return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
        case Enum():
            return value.value
        case Recorded():
            return _event(value)
        case Credential():
            return _credential(value)
        case Mapping():
            return {str(key): plain(part) for key, part in value.items()}
        case tuple() | list():
            return [plain(part) for part in value]
        case _:
            return attributes(value) if is_dataclass(value) else value


def attributes(value: Any) -> dict[str, Any]:
    """A dataclass's own fields, nothing derived."""
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}


def order_as_of(order: Order, now: datetime) -> dict[str, Any]:
    """An order with what follows from it, as everybody must see it at ``now``."""
    seen = order.as_of(now)
    return {
        **attributes(seen),
        "as_of": plain(now),
        "payment_status": plain(seen.payment_status),
        "fulfilment_status": plain(seen.fulfilment_status),
        **{name: plain(getattr(seen, name)) for name in _MONEY_OF_ORDERS},
        "deadlines": plain(seen.deadlines),
    }


def _event(recorded: Recorded) -> dict[str, Any]:
    return {
        "sequence": recorded.sequence,
        "at": plain(recorded.at),
        "actor": plain(recorded.actor),
        "type": recorded.event.TYPE,
        "data": attributes(recorded.event),
    }


def _credential(credential: Credential) -> dict[str, Any]:
    """Without the token's hash, which is nobody's business."""
    shown = attributes(credential)
    del shown["token_hash"]
    return shown
