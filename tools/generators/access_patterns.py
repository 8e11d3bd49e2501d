"""``docs/ACCESS_PATTERNS.md``: each pattern, its keys, and what it was measured to cost."""

import inspect
from typing import Final

from benchmarks import scale
from benchmarks.access_patterns import Cost, recorded
from benchmarks.scale import Figure
from orderhub.adapters.dynamodb import items, keys
from orderhub.services.rank_orders import STEP

_KEYS: Final = {
    "Authenticate, first time in a minute": "`CREDENTIAL#<sha256>`, `SHOP#<shop>`/`PROFILE`",
    "Authenticate, remembered": "(in the warm function)",
    "Check a signature, first time in a minute": "`CREDENTIAL#<sha256>` with its secrets (KMS"
    " decrypts them), `SHOP#<shop>`/`PROFILE`; puts `NONCE#<sha256>`",
    "Check a signature, signer remembered": "puts `NONCE#<sha256>`, which refuses a repeat",
    "Identify a salesperson": "`USER#<id>`, `COMPANY#<id>`, and its `MEMBER#<user>`",
    "Create an order": "puts `ORDER`, `EVENT#000001`, one `REF#` item",
    "Create it again (redelivered)": "the `REF#` item refuses and says which order; `ORDER*`",
    "Create an order with five lines": "as above",
    "Read by id or number": "`SHOP#<shop>#ORDER#<id>`, sk begins with `ORDER`",
    "Read by another system's name": "`SHOP#<shop>#REF#order#<name>`, then the order",
    "Add a line (the fifth)": "`ORDER*`, `PRODUCT#<id>`; puts `ORDER`, `EVENT#<n>`",
    "Add it again (redelivered)": "`ORDER*`, `PRODUCT#<id>`",
    "Change details": "`ORDER*`; puts `ORDER`, `EVENT#<n>`",
    "Pay in part": "`ORDER*`; puts `ORDER`, `EVENT#<n>`, `REF#payment#<transaction>`",
    "Pay the rest": "as above, and one more event (`order.paid`)",
    "Pay again (redelivered)": "`ORDER*`",
    "Complete": "`ORDER*`; puts `ORDER`, `EVENT#<n>`",
    "Read the history": "`SHOP#<shop>#ORDER#<id>`, sk begins with `EVENT#`",
    "Read an order with its history": "`SHOP#<shop>#ORDER#<id>`, all of it in one query",
    "Order a cart of five products": "`CART#<id>`, a batch of `PRODUCT#<id>`; "
    "puts `ORDER`, `EVENT#000001`, `REF#cart#`, `REF#order#<number>`",
    "Order it again": "the cart's `REF#` refuses and says which order; `ORDER*`",
    "Read by a number of the wire's own": "`SHOP#<shop>#REF#order#<number>`, then the order",
    "Refund": "`ORDER*` (read before); puts `ORDER`, two `EVENT#<n>`",
    "A provider reports the payment": "`ORDER*`; puts `ORDER`, two `EVENT#<n>`, "
    "`REF#payment#<transaction>`; `STRAYS` of the payment",
    "It reports that again": "`ORDER*`; `STRAYS` of the payment",
    "It reports a refund, naming the payment alone": "`REF#payment#<transaction>`, `ORDER*`; puts "
    "`ORDER`, two `EVENT#<n>`, `REF#refund#<id>`; `STRAYS` of the payment",
    "Find whom to tell of an event": "`SHOP#<shop>#SUBSCRIPTIONS`, once a batch and shop",
    "Tell a subscriber, and log it": "`SUBSCRIPTION#<id>`; updates `DELIVERIES#<id>`",
    "Create an order that takes five items from stock": "puts `ORDER`, `EVENT#000001`, `REF#`; "
    "updates five `STOCK` items, each if it has enough",
    "Cancel it, which gives them back": "`ORDER*`; puts `ORDER`, `EVENT#<n>`, updates five `STOCK`",
    "List a page of 50 orders": "index `orders-by-time`, `SHOP#<shop>`, order id as a range",
    "List 50 whole orders, newest first": "index `orders-by-seller` backwards, once for the seller "
    "and once for nobody's; a batch of `ORDER`",
    "List the newest 50 orders that are not filed": "index `desk` backwards, once for each status "
    "of orders; a batch of `ORDER`",
    "List the newest 50 orders that a shop bought": "index `orders-by-buyer` backwards; a batch of "
    "`ORDER`, of all shops that sold them",
    "Read an order as the shop that bought it": "index `orders-by-buyer`, order id; `ORDER*`",
    "Search: a page of 50 whole orders": "index `orders-by-time`, a batch of `ORDER`",
    "Lay milestones, none due": "`RANKS`/`FRONTIER`, index `orders-by-time` from there",
    "Look for due orders, four shards, none due": "index `due`, `DUE#<kind>#<shard>` until now",
    "Expire one order": "a batch of `ORDER`; puts `ORDER`, `EVENT#<n>`",
    "Create an order of 2,000 lines": "puts `ORDER`, ten `ORDER#LINES#<chunk>`, `EVENT#`, `REF#`",
    "Read an order of 2,000 lines": "sk begins with `ORDER`: header and chunks in one query",
    "Add a line to 2,000": "`ORDER*`, `PRODUCT#<id>`; puts `ORDER`, the last chunk, `EVENT#<n>`",
}


def generate() -> str:
    costs = recorded()
    missing = {cost.pattern for cost in costs} ^ _KEYS.keys()
    if missing:
        raise ValueError(f"benchmarks and this document don't know the same patterns: {missing}")
    return _TEMPLATE.format(
        keys=_indented(inspect.getdoc(keys) or ""),
        rows="\n".join(_row(cost) for cost in costs),
        growth=_growth(scale.recorded()),
        step=STEP,
        inline=items.INLINE_LINES,
        chunk=items.CHUNK_LINES,
    )


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def _row(cost: Cost) -> str:
    return (
        f"| {cost.pattern} | {_KEYS[cost.pattern]} | {cost.calls} "
        f"| {cost.read_units:g} | {cost.write_units:g} | {cost.reported_write_units:g} |"
    )


def _growth(figures: list[Figure]) -> str:
    sizes = sorted({figure.orders for figure in figures})
    units = {(figure.pattern, figure.orders): figure.read_units for figure in figures}
    heading = "| Read units | " + " | ".join(f"{size:,} orders" for size in sizes) + " |"
    rows = [heading, "| --- |" + " ---: |" * len(sizes)]
    for pattern in dict.fromkeys(figure.pattern for figure in figures):
        known = (units.get((pattern, size)) for size in sizes)
        cells = " | ".join("" if unit is None else f"{unit:g}" for unit in known)
        rows.append(f"| {pattern} | {cells} |")
    return "\n".join(rows)


_TEMPLATE = """\
# Access patterns

<!-- Generated by `python -m tools.docs`; `make bench` measures anew. -->

One DynamoDB table holds everything. Nothing scans it; no function has the permission to. This is
how each thing is found, and what that costs.

## Keys

What `layers/core/orderhub/adapters/dynamodb/keys.py`, the only place that spells keys, says:

{keys}

## Costs

Measured by `make bench` on the local cloud with `ReturnConsumedCapacity`; a test measures again
and compares. *Read units* and *write units* apply AWS's rules (4 KB a read unit, half of one when
eventually consistent; 1 KB a write unit, twice that in a transaction) to the bytes that went over
the wire; *reported* is what the table itself reported for writes, its indexes included.

| Pattern | Keys | Calls | Read units | Write units | Reported, with indexes |
| --- | --- | --- | ---: | ---: | ---: |
{rows}

- Creating an order is one transactional write and no read beyond authentication.
- Reading an order is one read, whatever its length: up to {inline} lines stand in its header, more
  stand in chunks of {chunk} beside it, and one query returns both.
- A repeat costs reads only, or a transaction that is refused (AWS bills those as well).
- A lost race costs the loser one read and one refused transaction more.
- A change rewrites the header, and of a long order's chunks those that changed.
- JSON of more than 4 KB is stored compressed (`packed` instead of `body`).

## As a shop grows

Measured by `make bench-scale`, in shops whose orders came evenly over a year; pages have 50 whole
orders.

{growth}

- A page far back begins at the milestone before it: every {step} orders one says how many orders
  come before it. A count is one milestone and what follows it. Orders pay nothing for that when
  they are made: one in 64 has a function on the stream lay what milestones have become due
  (`services/rank_orders.py`).
- Part of an order number is looked for in the index of orders by time, from its start, until the
  page is full: rare parts cost reading what is passed over. Bounds on ids or on the time of
  creation shorten the way.
- What changed since a moment is found in the index of changes while that has up to 2,000 of them;
  beyond, the index of orders by time is read.

## The stream

Every `EVENT#` item that is inserted reaches the event bus; the filter keeps all else from starting
a function. What consumers get is described in [EVENTS.md](EVENTS.md).
"""
