"""Order ids: 53-bit integers ordered by time, so they fit JSON numbers and sort as orders came.

The upper 41 bits are milliseconds since 2000-01-01 UTC (orders migrated from older systems keep
their time; good until 2069), the lower 12 bits are random. Two orders of one shop in the same
millisecond collide once in 4096; the write notices and another tail is drawn.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

TAIL_BITS: Final = 12
MAX_TAIL: Final = 2**TAIL_BITS - 1
MAX_ORDER_ID: Final = 2**53 - 1
MIN_ORDER_ID: Final = 24 * 60 * 60 * 1000 << TAIL_BITS
"""No order is from the first day of 2000: shorter numbers are other systems' names."""

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def order_id(created_at: datetime, tail: int) -> int:
    """The id of an order created at ``created_at`` (UTC, 2000 to 2069) with a 12-bit ``tail``."""
    milliseconds = (created_at - _EPOCH) // _MILLISECOND
    identifier = (milliseconds << TAIL_BITS) | tail
    if not (0 <= tail <= MAX_TAIL and MIN_ORDER_ID <= identifier <= MAX_ORDER_ID):
        raise ValueError(f"no order id for {created_at.isoformat()} and tail {tail}")
    return identifier


def created_at(identifier: int) -> datetime:
    """When the order with this id was created, to the millisecond."""
    return _EPOCH + (identifier >> TAIL_BITS) * _MILLISECOND


def first_order_id(at: datetime) -> int:
    """The smallest id an order created at ``at`` can have: a time bound as a key bound."""
    return max(0, (at - _EPOCH) // _MILLISECOND) << TAIL_BITS


def last_order_id(at: datetime) -> int:
    """The greatest id an order created by ``at`` can have; 0 before there were any."""
    milliseconds = (at - _EPOCH) // _MILLISECOND
    return milliseconds << TAIL_BITS | MAX_TAIL if milliseconds >= 0 else 0


def last_id_before(at: datetime) -> int:
    """Greater ids are of orders that were created at ``at`` or later."""
    # Ids know milliseconds: an order of the millisecond that the bound cuts is too early.
    is_whole = at.microsecond % 1000 == 0
    return first_order_id(at) - 1 if is_whole else last_order_id(at)


def in_range(at: datetime) -> bool:
    """Whether an order created at ``at`` can have an id."""
    return MIN_ORDER_ID <= first_order_id(at) <= MAX_ORDER_ID


def milliseconds_precise(at: datetime) -> datetime:
    """``at`` without what ids and wires can't carry: everything below the millisecond."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


_NUMBER_PREFIX: Final = "R"


def default_number(identifier: int) -> str:
    """The number of an order whose wire has no format of its own: ``R`` and the id."""
    return f"{_NUMBER_PREFIX}{identifier}"


def default_invoice_number(order_number: str) -> str:
    """The number of an invoice whose wire has no format of its own."""
    return f"{order_number}-I"


def order_id_in(name: str) -> int | None:
    """The id that ``name`` is, or holds as a default number; ``None`` for any other name."""
    digits = name.removeprefix(_NUMBER_PREFIX)
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 16) or digits[0] == "0":
        return None
    identifier = int(digits)
    return identifier if MIN_ORDER_ID <= identifier <= MAX_ORDER_ID else None
