"""Orders written as lines."""

from collections.abc import Sequence

import msgspec

from orderhub.domain.events import Recorded
from orderhub.domain.order import Order

from .events import told
from .facts import facts


def line_of(order: Order, history: Sequence[Recorded]) -> bytes:
    """An order with its whole history as one line of JSON, the end of the line included."""
    return msgspec.json.encode({**facts(order), "events": list(told(history))}) + b"\n"
