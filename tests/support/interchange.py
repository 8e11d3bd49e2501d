"""Orders written as lines, and brought in elsewhere."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from orderhub.domain import identity
from orderhub.domain.commands import Change, close_what_is_due
from orderhub.domain.events import OrderPlaced, Recorded
from orderhub.domain.order import Order
from orderhub.domain.shop import Shop
from orderhub.services.close_due import CLOCK
from orderhub.services.import_orders import History, as_change
from orderhub_cli.interchange.imported import BadLine, read_imported
from orderhub_cli.interchange.writing import line_of
from tests.support.fakes import NOON, FakeDesk
from tests.support.orders import TESTER

SHOP = Shop(id="elsewhere", name="Elsewhere", currency="CNY", created_at=NOON)


def brought_in(line: bytes | str | dict[str, Any], now: datetime = NOON) -> Change:
    """The change that makes the order of ``line``, as ``orderhub import`` makes it."""
    text = json.dumps(line) if isinstance(line, dict) else line
    imported = read_imported(text, SHOP, now)
    history = History(
        placement=imported.placement,
        order_id=imported.order_id,
        number=imported.number,
        continue_with=imported.continue_with,
    )
    at = FakeDesk()
    at.clock.time = now
    return as_change(at.desk, SHOP.id, history, imported.actor or TESTER)


def problems(line: bytes | str | dict[str, Any], now: datetime = NOON) -> tuple[str, ...]:
    """What is wrong with a line; nothing for a good one."""
    text = json.dumps(line) if isinstance(line, dict) else line
    try:
        read_imported(text, SHOP, now)
    except BadLine as bad:
        return bad.problems
    return ()


def require_same_elsewhere(order: Order, history: Sequence[Recorded], now: datetime) -> None:
    """The line of an order, brought in elsewhere, must yield the same line there, and everything
    that the order is: but for pieces of the stock."""
    order, history = _as_stored(order, history, now)
    line = line_of(order, history)

    there = brought_in(line, now)

    assert line_of(there.order, there.recorded) == line_of(*_without_stock(order, history))
    kept = replace(order, shop_id=SHOP.id, stock_taken=())
    assert there.order == kept


def _as_stored(
    order: Order, history: Sequence[Recorded], now: datetime
) -> tuple[Order, list[Recorded]]:
    """With a number of its own, and without deadlines that nobody has written down yet."""
    first = history[0]
    assert isinstance(first.event, OrderPlaced)
    numbered = replace(first.event, number=identity.default_number(order.id))
    changed = [replace(first, event=numbered), *history[1:]]
    change = Change(Order.replay(order.shop_id, order.id, changed), now, CLOCK)
    close_what_is_due(change)
    return change.order, [*changed, *change.recorded]


def _without_stock(order: Order, history: Sequence[Recorded]) -> tuple[Order, list[Recorded]]:
    kept = []
    for entry in history:
        event: Any = entry.event
        for name in ("stock", "stock_returned"):
            if getattr(event, name, ()):
                event = replace(event, **{name: ()})
        kept.append(replace(entry, event=event))
    return replace(order, stock_taken=()), kept
