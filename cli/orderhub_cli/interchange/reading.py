"""Lines read as orders.

A line is tried out on an order that nobody keeps, so that what the order's rules refuse is known
before anything is written. Where it has events, they are the order's history as it was recorded
elsewhere, and all else in the line has to be what they yield. Without events, what the line says
happened is told to the core as commands, and what can be calculated has to be what they yield.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import groupby
from typing import Any, Final

import msgspec

from orderhub.adapters.dynamodb.codec import lean
from orderhub.domain import brought_in, commands, identity
from orderhub.domain.change import in_utc
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import Actor, Reference
from orderhub.domain.errors import InvalidField, OrderHubError
from orderhub.domain.events import OrderCancelled, OrderExpired, OrderPlaced, Recorded, Terms
from orderhub.domain.identity import MAX_ORDER_ID, MIN_ORDER_ID
from orderhub.domain.invoice import Invoicing, Seller
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import require_currency
from orderhub.domain.order import Order
from orderhub.domain.shop import Shop, require_identifier
from orderhub.services.find_order import NUMBER_SCOPE
from orderhub.services.manage_shops import require_wire
from orderhub_cli.failures import in_words, reason_in_words

from .comparing import differences
from .entries import HistoryEntry, InvoicingEntry, WindowsEntry, require_past
from .events import read_history
from .facts import facts
from .happenings import earliest, told_by
from .line import BadLine, ImportedOrder
from .placing import Problems, address_of, placement_of, valid

SHOPS_WINDOWS: Final = "shop"
_LINE: Final = "the line"
_TRIED_OUT: Final = Actor("operator")
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)

_AMOUNTS: Final = ("total", "captured", "refunded")
_WORDS: Final = ("payment_status", "fulfilment_status", "cancel_reason")
_TIMES: Final = ("paid_at", "closed_at", "payment_due_at", "refundable_until")
_CHECKED: Final = (*_AMOUNTS, *_WORDS, *_TIMES, "invoices")
CALCULATED: Final = frozenset(_CHECKED) - {"cancel_reason", "closed_at"}
"""What a line may say only as it follows from the rest."""
NOT_READ: Final = frozenset({"stock_taken", "updated_at"})
"""What a line may say of how its order is kept, which is another matter where it comes to."""
ONLY_BY_EVENTS: Final = frozenset({"held_refunds", "early_refunds", "disputes"})
"""What providers reported out of the order of things: no commands lead there."""


def read_imported(text: str | bytes, shop: Shop, now: datetime | None = None) -> ImportedOrder:
    """The order that one line of JSON tells, to be placed at ``shop``. Nothing in it may be later
    than ``now``, ``None`` the clock's.

    Raises :class:`BadLine` with every problem of it, whatever the text is.
    """
    line = _object_in(text)
    now = now or datetime.now(UTC)
    return _replayed(line, now) if "events" in line else _told(line, shop, now)


def _object_in(text: str | bytes) -> dict[str, Any]:
    try:
        line = _DECODER.decode(text)
    except RecursionError:
        raise BadLine([f"{_LINE}: nested too deeply"]) from None
    except UnicodeDecodeError:
        raise BadLine([f"{_LINE}: not in UTF-8"]) from None
    except (ValueError, ArithmeticError) as error:  # msgspec's own are ValueErrors
        raise BadLine([f"{_LINE}: not JSON: {error}"]) from None
    if not isinstance(line, dict):
        raise BadLine([f"{_LINE}: not an object, like {{…}}"])
    return line


# -- with events -----------------------------------------------------------------------------------


def _replayed(line: dict[str, Any], now: datetime) -> ImportedOrder:
    problems = Problems([])
    order_id, number = line.get("id"), line.get("number")
    if type(order_id) is not int or not MIN_ORDER_ID <= order_id <= MAX_ORDER_ID:
        problems.add("id", "an order with events has the id that it had")
        order_id = None
    if not isinstance(number, str) or not number:
        problems.add("number", "an order with events has the number that it had")
    told = read_history(line["events"], problems)
    placed = told[0].event if told else None
    if isinstance(placed, OrderPlaced):
        problems.taken("wire", partial(require_wire, placed.wire), "")
        problems.taken("currency", partial(require_currency, placed.currency), "")
        valid(WindowsEntry, lean(placed.terms), "windows", _LINE, problems)
    elif told:
        problems.add("events[0].type", "an order begins with order.placed")
    if told:
        try:
            require_past(told[-1].at, now)
        except ValueError as error:
            problems.add(f"events[{len(told) - 1}].at", str(error))
    if problems.found or order_id is None or not isinstance(placed, OrderPlaced):
        raise BadLine(problems.found)
    history = [_without_stock(entry) for entry in told]
    placement = _placement_in(placed, order_id)
    imported = ImportedOrder(
        placement=placement,
        order_id=order_id,
        number=placed.number,
        continue_with=partial(_replay, history=history),
        name=placed.number,
        actor=told[0].actor,
    )
    order = _tried_out(imported, order_id)
    for path, what in _contradictions(line, facts(order)):
        problems.add(path, what)
    if problems.found:
        raise BadLine(problems.found)
    return imported


def _replay(change: Change, history: Sequence[Recorded]) -> None:
    try:
        brought_in.replay(change, history)
    except InvalidField as error:
        raise BadLine([f"{error.field}: {reason_in_words(error)}"]) from error


def _without_stock(entry: Recorded) -> Recorded:
    """Pieces that an order took from the stock of one place are not those of another."""
    match entry.event:
        case OrderPlaced() as event:
            return replace(entry, event=replace(event, stock=()))
        case OrderCancelled() | OrderExpired() as closed:
            return replace(entry, event=replace(closed, stock_returned=()))
    return entry


def _placement_in(placed: OrderPlaced, order_id: int) -> Placement:
    number = Reference("order", NUMBER_SCOPE, placed.number)
    is_default = placed.number == identity.default_number(order_id)
    return Placement(
        wire=placed.wire,
        currency=placed.currency,
        terms=placed.terms,
        details=placed.details,
        references=tuple(each for each in placed.references if is_default or each != number),
        lines=placed.lines,
        charges=placed.charges,
        discounts=placed.discounts,
        tags=placed.tags,
        invoicing=placed.invoicing,
        created_at=placed.created_at,
    )


def _contradictions(line: Mapping[str, Any], yields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the line says and its events don't."""
    said = {name: value for name, value in line.items() if name not in ("events", "stock_taken")}
    # What it leaves out it does not deny.
    return list(differences(said, {name: yields[name] for name in said if name in yields}, ""))


# -- without events --------------------------------------------------------------------------------


def _told(line: dict[str, Any], shop: Shop, now: datetime) -> ImportedOrder:
    problems = Problems([])
    for name in sorted(ONLY_BY_EVENTS & line.keys()):
        problems.add(name, "can't be brought in without the order's events")
    apart = CALCULATED | NOT_READ | ONLY_BY_EVENTS
    said = {name: value for name, value in line.items() if name not in apart}
    entry = valid(HistoryEntry, said, "", _LINE, problems, now)
    if entry is None:
        raise BadLine(problems.found)
    created_at = _created_at(entry, problems)
    placement = placement_of(entry, shop, problems, _terms(entry))
    if placement is None:
        raise BadLine(problems.found)
    batches = _batches(entry, placement.lines, problems)
    placement = replace(
        placement,
        lines=batches[0],
        references=_references(entry, placement, problems),
        invoicing=_invoicing(entry.invoicing),
        created_at=created_at,
    )
    imported = ImportedOrder(
        placement=placement,
        order_id=entry.id,
        number=entry.number or None,
        continue_with=told_by(entry, batches[1:], placement.currency, problems),
        name=entry.reference or entry.number or _name_among(placement.references, entry.id),
    )
    if problems.found:
        raise BadLine(problems.found)
    order = _tried_out(imported, entry.id or identity.order_id(created_at or in_utc(now), 0))
    for path, what in _miscalculated(line, entry, order):
        problems.add(path, what)
    if problems.found:
        raise BadLine(problems.found)
    return imported


def _created_at(entry: HistoryEntry, problems: Problems) -> datetime | None:
    """When the line says that the order was made; else the first time that it says; else none."""
    said = entry.created_at or (None if entry.id else earliest(entry))
    if entry.id is None:
        return said
    if not MIN_ORDER_ID <= entry.id <= MAX_ORDER_ID:
        problems.add("id", "no order's id: they have times inside, so only exported lines have one")
        return said
    made_at = identity.created_at(entry.id)
    if said is not None and said != made_at:
        problems.add("created_at", f"the id says {made_at.isoformat()}")
    return made_at


def _terms(entry: HistoryEntry) -> Terms | None:
    """Its windows, ``None`` for the shop's. There are none unless the line says so: what happened
    elsewhere kept to others, and what an order is must not change because it came here."""
    if isinstance(entry.windows, WindowsEntry):
        return Terms(**entry.windows.model_dump())
    return None if entry.windows == SHOPS_WINDOWS else Terms()


def _batches(
    entry: HistoryEntry, lines: Sequence[LineRequest], problems: Problems
) -> list[list[LineRequest]]:
    numbers = [each.batch for each in entry.lines]
    batches = [
        [line for _, line in group]
        for _, group in groupby(zip(numbers, lines, strict=True), key=lambda pair: pair[0])
    ]
    found = [number for number, _ in groupby(numbers)]
    if found and found != list(range(1, len(found) + 1)):
        problems.add("lines", "their batches count from 1 on, in that order")
    return batches or [[]]


def _references(
    entry: HistoryEntry, placement: Placement, problems: Problems
) -> tuple[Reference, ...]:
    named = list(placement.references)
    for index, each in enumerate(entry.references):
        path = f"references[{index}]"
        problems.taken(f"{path}.kind", partial(require_identifier, "kind", each.kind), "")
        reference = Reference(each.kind, each.scope, each.value)
        if reference.scope != NUMBER_SCOPE:
            named.append(reference)
        elif each.value != entry.number:
            problems.add(path, "a number is said as the order's number")
    if not entry.id and not any(each.kind == "order" for each in named):
        problems.add(
            "reference", "needed, or an id: without a name a repeat would be another order"
        )
    number_means = identity.order_id_in(entry.number)
    if number_means is not None and number_means != entry.id:
        problems.add("number", "it is that of another order's id")
    return tuple(dict.fromkeys(named))


def _invoicing(entry: InvoicingEntry | None) -> Invoicing | None:
    if entry is None:
        return None
    seller = Seller(
        id=entry.seller.id, name=entry.seller.name, address=address_of(entry.seller.address)
    )
    return Invoicing(seller=seller, number=entry.number)


def _name_among(references: Sequence[Reference], order_id: int | None) -> str:
    names = (each.value for each in references if each.kind == "order")
    return next(names, "") or f"{order_id}"


def _miscalculated(
    line: Mapping[str, Any], entry: HistoryEntry, order: Order
) -> Iterator[tuple[str, str]]:
    """What the line says of the order and isn't so."""
    if entry.status is not order.status:
        yield "status", f"{entry.status.value}, but what the line tells is {order.status.value}"
    said = [name for name in _CHECKED if name in line]
    if not said:
        return
    yields = facts(order)
    for name in said:
        right = yields.get(name)
        if not _same(name, line[name], right):
            so = "nothing" if right is None else right
            yield name, f"{line[name]} is said here, but what the line tells yields {so}"


def _same(name: str, said: object, yields: object) -> bool:
    if name in _AMOUNTS:
        return _amount(said) == _amount(yields)
    if name in _TIMES:
        return _moment(said) == _moment(yields)
    return (said or None) == yields


def _amount(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        return Decimal(value)
    except (InvalidOperation, ValueError):
        return None


def _moment(value: object) -> datetime | str | None:
    """To the millisecond; what is no time stays what it is."""
    if not isinstance(value, str):
        return None
    try:
        return in_utc(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        return value


# -- trying it out ---------------------------------------------------------------------------------


def _tried_out(imported: ImportedOrder, order_id: int) -> Order:
    """The order that a line leads to. Raises :class:`BadLine` for what its rules refuse."""
    number = imported.number or identity.default_number(order_id)
    placement = imported.placement
    references = placement.references
    if number != identity.default_number(order_id):
        references = (*references, Reference("order", NUMBER_SCOPE, number))
    invoicing = placement.invoicing
    if invoicing and not invoicing.number:
        default = identity.default_invoice_number(number)
        invoicing = replace(invoicing, number=default)
    placed = replace(placement, number=number, references=references, invoicing=invoicing)
    actor = imported.actor or _TRIED_OUT
    try:
        change = commands.place("", order_id, placed, identity.created_at(order_id), actor)
    except OrderHubError as error:
        raise BadLine([in_words(error)]) from error
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        # Events may say anything, in currencies that don't mix.
        raise BadLine([f"{_LINE}: no order can be placed like this: {error}"]) from error
    imported.continue_with(change)
    return change.order
