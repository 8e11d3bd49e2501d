"""What a line of a file of orders says, for who brings it in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedOrder:
    """An order as a line tells it.

    ``placement`` is what it was made as. Its ``created_at`` is set if the line says when that was,
    its references include the one by which a repeat is known unless there is an ``order_id``, and
    its invoicing has a number if the line says one. ``order_id`` and ``number`` are those that the
    order is to have; ``None`` leaves them to who brings it in. ``actor`` is who made it, ``None``
    whoever brings it in. ``name`` is what to call it to a person.

    ``continue_with`` gives a change that has just placed it all that happened since, and depends on
    that change alone. It moves ``change.now`` on to when the last of it happened. It raises
    :class:`BadLine` for what the order's rules refuse.
    """

    placement: Placement
    order_id: int | None
    number: str | None
    continue_with: Callable[[Change], None]
    name: str
    actor: Actor | None = None


class BadLine(Exception):
    """A line that can't be brought in. ``problems`` are all that are wrong with it, each as
    ``field.path: what is wrong``, never empty."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)
