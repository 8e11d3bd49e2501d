"""The first pass over a file of orders: every line is read and placed in memory, and no more."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from orderhub.domain import identity
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.errors import OrderHubError
from orderhub.domain.events import claims
from orderhub.domain.shop import Shop
from orderhub.services.desk import Desk
from orderhub.services.import_orders import History, as_change
from orderhub_cli.failures import in_words
from orderhub_cli.import_lines import LONGEST_LINE, FileLine, lines_of
from orderhub_cli.import_names import Names, names_of
from orderhub_cli.interchange.imported import BadLine, ImportedOrder, read_imported
from orderhub_cli.progress import Step

TOO_LONG: Final = f"longer than {LONGEST_LINE // 1024**2} MiB"


@dataclass(frozen=True, slots=True)
class Checked:
    """How many orders a file has, how many of them can't be brought in, and the smallest id that
    one of the others says or can get by its time."""

    orders: int
    bad: int
    oldest: int | None


class BadOrder(Exception):
    """A line that can't be brought in, and all that is wrong with it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def check(
    file: BinaryIO,
    desk: Desk,
    shop: Shop,
    actor: Actor,
    *,
    names: Names,
    reject: Callable[[FileLine, Sequence[str]], None],
    step: Step,
) -> Checked:
    """Look at every line. ``reject`` is told of those that can't be brought in, each with all that
    is wrong with it, and ``names`` knows them afterwards."""
    orders, bad = 0, 0
    oldest: int | None = None
    for line in lines_of(file):
        step.reach(line.end)
        if line.is_blank:
            continue
        orders += 1
        try:
            order = read_order(line, shop)
            change = placed(desk, shop, order, actor)
        except BadOrder as error:
            problems = error.problems
        else:
            problems = tuple(_repeated(names, line, order, change))
            if not problems:
                first = _first_id(order, change)
                oldest = min(filter(None, (oldest, first)), default=None)
        if problems:
            bad += 1
            names.note_bad(line.number)
            reject(line, problems)
    return Checked(orders, bad, oldest)


def read_order(line: FileLine, shop: Shop) -> ImportedOrder:
    """What a line says. Raises :class:`BadOrder`."""
    if line.is_too_long:
        raise BadOrder([TOO_LONG])
    try:
        return read_imported(line.text, shop)
    except BadLine as error:
        raise BadOrder(error.problems) from error


def history_of(order: ImportedOrder) -> History:
    """The same, as the use case takes it."""
    return History(
        placement=order.placement,
        order_id=order.order_id,
        number=order.number,
        continue_with=order.continue_with,
    )


def placed(desk: Desk, shop: Shop, order: ImportedOrder, actor: Actor) -> Change:
    """The change that would make it. Raises :class:`BadOrder` for what the order's rules refuse."""
    try:
        return as_change(desk, shop.id, history_of(order), order.actor or actor)
    except BadLine as error:
        raise BadOrder(error.problems) from error
    except OrderHubError as error:
        raise BadOrder([in_words(error)]) from error


def _repeated(names: Names, line: FileLine, order: ImportedOrder, change: Change) -> Iterator[str]:
    claimed = [name for entry in change.recorded for name in claims(entry.event)]
    own = names_of(change.order, claimed, has_id=order.order_id is not None)
    for name, first in names.taken(line.number, own):
        yield f"{name} is in line {first} already"


def _first_id(order: ImportedOrder, change: Change) -> int | None:
    if order.order_id is None and order.placement.created_at is None:
        return None
    return identity.first_order_id(change.order.created_at)
