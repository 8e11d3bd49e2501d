"""``docs/ACCESS_PATTERNS.md``: each pattern, its keys, and what it was measured to cost."""

import inspect
from typing import Final

from benchmarks import scale
from benchmarks.access_patterns import recorded
from benchmarks.costs import Cost
from benchmarks.scale import Figure
from orderhub.adapters.dynamodb import items, keys
from orderhub.services.index_numbers import FAN, LARGEST, SMALLEST
from orderhub.services.rank_orders import STEP
from orderhub.services.search_numbers import FIRST_LOOK

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
    "Pay the rest": "as above; `order.paid` is in the same `EVENT#<n>`",
    "Pay again (redelivered)": "`ORDER*`",
    "Complete": "`ORDER*`; puts `ORDER`, `EVENT#<n>`",
    "Read the history": "`SHOP#<shop>#ORDER#<id>`, sk begins with `EVENT#`",
    "Read an order with its history": "`SHOP#<shop>#ORDER#<id>`, all of it in one query",
    "Order a cart of five products": "`CART#<id>`, a batch of `PRODUCT#<id>`; "
    "puts `ORDER`, `EVENT#000001`, `REF#cart#`, `REF#order#<number>`",
    "Order it again": "the cart's `REF#` refuses and says which order; `ORDER*`",
    "Read by a number of the wire's own": "`SHOP#<shop>#REF#order#<number>`, then the order",
    "Refund": "`ORDER*` (read before); puts `ORDER`, `EVENT#<n>`",
    "A provider reports the payment": "`ORDER*`; puts `ORDER`, `EVENT#<n>`, "
    "`REF#payment#<transaction>`; `STRAYS` of the payment",
    "It reports that again": "`ORDER*`; `STRAYS` of the payment",
    "It reports a refund, naming the payment alone": "`REF#payment#<transaction>`, `ORDER*`; puts "
    "`ORDER`, `EVENT#<n>`, `REF#refund#<id>`; `STRAYS` of the payment",
    "Find whom to tell of an event": "`SHOP#<shop>#SUBSCRIPTIONS`, once a batch and shop",
    "Tell a subscriber, and log it": (
        "`SUBSCRIPTION#<id>`, once a batch and subscription; updates `DELIVERIES#<id>`"
    ),
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
    missing = {cost.name for cost in costs} ^ _KEYS.keys()
    if missing:
        raise ValueError(f"benchmarks and this document don't know the same patterns: {missing}")
    return _TEMPLATE.format(
        keys=_indented(inspect.getdoc(keys) or ""),
        rows="\n".join(_row(cost) for cost in costs),
        growth=_growth(scale.recorded()),
        step=STEP,
        smallest=SMALLEST,
        fan=FAN,
        largest=LARGEST,
        first_look=FIRST_LOOK,
        inline=items.INLINE_LINES,
        chunk=items.CHUNK_LINES,
    )


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def _row(cost: Cost) -> str:
    return (
        f"| {cost.name} | {_KEYS[cost.name]} | {cost.calls} "
        f"| {cost.read_units:g} | {cost.write_units:g} | {cost.index_units:g} |"
    )


def _growth(figures: list[Figure]) -> str:
    rows = scale.growth(figures)
    sizes = [f"{figure.orders:,}" for figure in rows[0].figures]
    heading = f"| Units, by orders in the shop | {' | '.join(sizes)} | units × | time × |"
    lines = [heading, "| --- |" + " ---: |" * (len(sizes) + 2)]
    for row in rows:
        cells = " | ".join(scale.units(figure) for figure in row.figures)
        lines.append(f"| {row.pattern} | {cells} | {row.of_units:.2f} | {row.of_time:.2f} |")
    return "\n".join(lines)


_TEMPLATE = """\
# Access patterns

<!-- Generated by `python -m tools.docs`; `make bench` measures anew. -->

One DynamoDB table holds everything. Nothing scans it; no function has the permission to. This is
how each thing is found, and what that costs.

## Keys

What `layers/core/orderhub/adapters/dynamodb/keys.py`, the only place that spells keys, says:

{keys}

## Costs

Measured by `make bench`; tests measure again and compare, also on the local cloud. *Read units* and
*write units* apply AWS's rules to the items themselves, as they were before a call and after it:
4 KB a read unit, half of one when eventually consistent; 1 KB a write unit, twice that in a
transaction. *Of indexes* are the write units that indexes take beside: one for an entry that is new
or gone, two for one whose key changes, one for one that changes otherwise, none for any other. What
each function's operations cost, and how long they take, is in [PERFORMANCE.md](PERFORMANCE.md).

| Pattern | Keys | Calls | Read units | Write units | of indexes |
| --- | --- | --- | ---: | ---: | ---: |
{rows}

- Creating an order is one transactional write and no read beyond authentication.
- Reading an order is one read, whatever its length: up to {inline} lines stand in its header, more
  stand in chunks of {chunk} beside it, and one query returns both.
- A repeat costs reads only, or a transaction that is refused (AWS bills those as well).
- A lost race costs the loser one read and one refused transaction more.
- A change rewrites the header, and of a long order's chunks those that changed.
- What is written together is one `EVENT#` item: a payment that completes the sum has two events, or
  three with an invoice, in one item.
- Orders and events are stored compressed (`packed` instead of `body`), against a vocabulary of the
  words that all of them have (`adapters/dynamodb/vocabulary.py`). An order of a few lines, and each
  change of it, is less than the kilobyte that a write costs at least. `orderhub order show` and
  `orderhub order events` show what they say. Of everything else, JSON of more than 4 KB is
  compressed.

## As a shop grows

Measured by `make bench-scale` in one shop, to which a million orders come in a year. Units are read
units, and where it says `w` write units, the indexes' included; pages have 50 whole orders.
*units ×* and *time ×* are what the largest shop costs over the smallest. Times were taken on an
embedded table (`benchmarks/embedded.py`): they are our code's, without a network.

{growth}

- A page far back begins at the milestone before it: every {step} orders one says how many orders
  come before it. A count is one milestone and what follows it. Orders pay nothing for that when
  they are made: one in 64 has a function on the stream lay what milestones have become due
  (`services/rank_orders.py`).
- Part of an order number is looked up in segments, each an inverted index of the numbers of
  {smallest} orders, of {fan} times as many, and so on up to {largest:,} orders
  (`services/index_numbers.py`). A part that few orders have takes half a read unit to two for each
  segment, of which a shop of a million orders has about ten, and one and a half for each hundred
  orders that came since the last one. A part of one or two characters, which many orders have,
  fills a page from the first {first_look} orders that there are.
- Orders pay nothing for that when they are made: the function that lays milestones writes segments
  and merges them. That takes about a sixth of a write unit an order, all in all. An order that is
  made for a moment in the past takes one read and one write more: a note, which is searched until
  a segment takes the order up.
- What changed since a moment is found in the index of changes, whatever else is asked: half a read
  unit for each thirty changes since then.

What a count costs depends on what it counts:

| Counted | Read |
| --- | --- |
| all, by id, or by time of creation | two milestones, and what follows each of them |
| by customer | the customer's entries in `orders-by-customer` |
| by part of a number | what a search reads, but no orders |
| by change since a moment | the changes since then, in `changes` |
| by change until a moment | what all cost, and the changes since then |
| by several of these, or by ids | the whole orders that the narrowest one leaves |

## The stream

Every `EVENT#` item that is inserted reaches the function that tells subscribers; the filter keeps
all else from starting it. What consumers get is described in [EVENTS.md](EVENTS.md).
"""
