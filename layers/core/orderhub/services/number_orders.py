"""Order numbers that tell whose order it is and of which day."""

from collections.abc import Callable
from typing import Final

from orderhub.domain import identity

from .desk import Desk

RANDOM_DIGITS: Final = 6


def dated_numbers(desk: Desk, timezone: str, *, prefix: str, suffix: str) -> Callable[[int], str]:
    """What makes numbers like ``AAAA160401000002OD`` from order ids, for
    :func:`~orderhub.services.place_order.place_order`.

    ``prefix``, the day on which the order was made in ``timezone`` (an IANA name) as ``yymmdd``,
    six digits, ``suffix``. The digits are random, not counted: a counter would be one item that
    all orders of a day contend for. A number that is taken is drawn again.
    """
    # Wires import this module in all their functions; only the one that makes orders needs it.
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    zone = ZoneInfo(timezone)

    def number_of(order_id: int) -> str:
        day = identity.created_at(order_id).astimezone(zone)
        return f"{prefix}{day:%y%m%d}{desk.entropy.digits(RANDOM_DIGITS)}{suffix}"

    return number_of
