"""How an order API's status words and the core's statuses are told in each other's terms.

Each wire states its vocabulary as data in ``wire/<api>/status.py``:

- a :class:`StatusTable` per field of its answers: core → the vendor's word;
- an :class:`InboundTable` per field of its requests: the vendor's word → what it asks of the core;
- a :class:`PartTable` per field of a part of an order (one payment, one refund, one shipment).

The first row that matches wins. Every table answers for every state (:func:`all_states`), which the
tests prove; a state that no row matches raises, since there is no default to fall back on.
``docs/STATUSES.md`` is generated from these tables.
"""

from collections.abc import Iterator, Mapping
from dataclasses import field
from enum import Enum, StrEnum
from itertools import product
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from orderhub.domain.dataclass import dataclass
from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus, SellerMark

if TYPE_CHECKING:
    from orderhub.domain.order import Order


class Anything(Enum):
    """The type of :data:`ANY`, which matches whatever stands there."""

    ANY = "any"


ANY: Final = Anything.ANY

T = TypeVar("T")
W = TypeVar("W", bound=StrEnum)

Choice: TypeAlias = T | tuple[T, ...] | Anything
"""One value, several that do equally, or :data:`ANY`."""


class State(NamedTuple):
    """An order's four statuses. ``mark`` is ``None`` when the order bears none."""

    order: OrderStatus
    payment: PaymentStatus
    fulfilment: FulfilmentStatus
    mark: SellerMark | None = None

    @classmethod
    def of(cls, order: "Order") -> "State":
        """The statuses of ``order`` as it stands; ask ``order.as_of(now)`` for what is due."""
        return cls(order.status, order.payment_status, order.fulfilment_status, order.seller_mark)


def all_states() -> Iterator[State]:
    """Every combination, also those that no order gets into: tables must not depend on that."""
    yield from map(
        State._make,
        product(OrderStatus, PaymentStatus, FulfilmentStatus, (None, *SellerMark)),
    )


@dataclass(frozen=True, slots=True)
class When:
    """A pattern over a state; make it with :func:`when`."""

    order: tuple[OrderStatus, ...] | Anything
    payment: tuple[PaymentStatus, ...] | Anything
    fulfilment: tuple[FulfilmentStatus, ...] | Anything
    mark: tuple[SellerMark | None, ...] | Anything

    def matches(self, state: State) -> bool:
        """Whether all four statuses of ``state`` are among those named here."""
        return (
            (self.order is ANY or state.order in self.order)
            and (self.payment is ANY or state.payment in self.payment)
            and (self.fulfilment is ANY or state.fulfilment in self.fulfilment)
            and (self.mark is ANY or state.mark in self.mark)
        )


def when(
    order: Choice[OrderStatus] = ANY,
    payment: Choice[PaymentStatus] = ANY,
    fulfilment: Choice[FulfilmentStatus] = ANY,
    mark: Choice[SellerMark | None] = ANY,
) -> When:
    """The pattern of all states with these statuses; what is left out matches anything.

    >>> paid = when(order=OrderStatus.OPEN, payment=(PaymentStatus.PAID, PaymentStatus.REFUNDING))
    >>> paid.matches(State(OrderStatus.OPEN, PaymentStatus.PAID, FulfilmentStatus.SHIPPED))
    True
    """
    return When(_choices(order), _choices(payment), _choices(fulfilment), _choices(mark))


def _choices(choice: Choice[T]) -> tuple[T, ...] | Anything:
    if isinstance(choice, (tuple, Anything)):
        return choice
    return (choice,)


ALWAYS: Final = when()


# -- core → the vendor's word ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row(Generic[W]):
    """``word`` is what a state that matches ``when`` reads as, ``because`` why, if it needs one."""

    word: W
    when: When = ALWAYS
    because: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class StatusTable(Generic[W]):
    """What one status field of an API's answers says; ``name`` is that field's, as spelled there.

    ``never`` holds the words of the vocabulary that no row gives, each with the reason.

    ``kept`` holds words that say more than the core keeps: a client may set them, and as long as
    the order reads as the word they stand for, it is answered with what the client said.
    """

    name: str
    vocabulary: type[W]
    rows: tuple[Row[W], ...]
    never: Mapping[W, str] = field(default_factory=dict)
    kept: Mapping[W, W] = field(default_factory=dict)
    _known: dict[State, W] = field(default_factory=dict, init=False, repr=False)

    def word(self, state: State, said: str | None = None) -> W:
        """The vendor's word for ``state``. ``said`` is the word that a client last set, if any."""
        word = self._known.get(state)
        if word is None:
            word = self._known[state] = self._decide(state)
        if said is not None:
            for kept, stands_for in self.kept.items():
                if kept == said and stands_for is word:
                    return kept
        return word

    def states(self, word: W) -> frozenset[State]:
        """The states that read as ``word``: what a filter on it has to find.

        A kept word denotes none of its own, since no state tells it from the word it stands for.
        """
        return frozenset(state for state in all_states() if self.word(state) is word)

    def _decide(self, state: State) -> W:
        for row in self.rows:
            if row.when.matches(state):
                return row.word
        raise LookupError(f"{self.name} has no word for {state}")


@dataclass(frozen=True, slots=True, eq=False)
class PartTable(Generic[W]):
    """What the status field of a part of an order says, by the part's own state.

    ``None`` stands for a part that an API shows before the core has it.
    """

    name: str
    vocabulary: type[W]
    words: Mapping[StrEnum | None, W]
    because: str = ""


# -- the vendor's word → core ----------------------------------------------------------------------


class Intent(StrEnum):
    """What a client's word asks of the core, one command each."""

    NOTHING = "nothing"
    """It is so already, or the word says nothing that the core keeps."""
    PLACE = "place"
    EXPECT_PAYMENT = "expect_payment"
    RECORD_PAYMENT = "record_payment"
    """The amount that the request names, or else all that is still to be paid."""
    FAIL_PAYMENT = "fail_payment"
    """Only one that this API announced; a payment provider's outcome is the provider's to tell."""
    REQUEST_REFUND = "request_refund"
    """All that is still held. The payment method decides when it has gone."""
    RECORD_REFUND = "record_refund"
    """It happened elsewhere; no payment provider is asked."""
    RECORD_PARTIAL_REFUND = "record_partial_refund"
    """The amount that the request names. It happened elsewhere."""
    SHIP = "ship"
    """All that is left to send."""
    RECEIVE = "receive"
    """All that was sent."""
    COMPLETE = "complete"
    CANCEL = "cancel"
    MARK = "mark"
    """With the mark that stands beside it."""
    UNMARK = "unmark"


@dataclass(frozen=True, slots=True)
class Do:
    """Commands to give in this order. ``mark`` belongs to :attr:`Intent.MARK`."""

    intents: tuple[Intent, ...]
    mark: SellerMark | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """The word can't be taken in this state. ``reason`` is for the client, in its API's terms."""

    reason: str


Meaning: TypeAlias = Do | Refuse

NOTHING: Final = Do((Intent.NOTHING,))


def do(*intents: Intent) -> Do:
    """The meaning of a word that asks for ``intents``, in this order."""
    return Do(intents)


def mark(seller_mark: SellerMark) -> Do:
    """The meaning of a word that sets the seller's mark and nothing else."""
    return Do((Intent.MARK,), seller_mark)


@dataclass(frozen=True, slots=True)
class InboundRow(Generic[W]):
    """What each of ``words`` asks of an order whose state matches ``when``."""

    words: tuple[W, ...]
    meaning: Meaning
    when: When = ALWAYS


@dataclass(frozen=True, slots=True)
class ReadsAs:
    """Where a word that was set can be read back, and as which word (or one of which)."""

    table: StatusTable[Any]
    words: tuple[StrEnum, ...]


@dataclass(frozen=True, slots=True, eq=False)
class InboundTable(Generic[W]):
    """What one field of an API's requests, or one kind of request, asks of the core.

    A word outside ``vocabulary`` is not a state's matter: ``vocabulary(text)`` raises
    ``ValueError``.
    """

    name: str
    vocabulary: type[W]
    rows: tuple[InboundRow[W], ...]
    reads_as: Mapping[W, ReadsAs]

    def meaning(self, word: W, state: State) -> Meaning:
        """What ``word`` asks of an order in ``state``, or why it can't be asked."""
        for row in self.rows:
            if word in row.words and row.when.matches(state):
                return row.meaning
        raise LookupError(f"{self.name} {word} means nothing for {state}")


# -- one API's whole vocabulary --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WireStatuses:
    """All status tables of one wire, for the proofs and the documentation."""

    name: str
    about: str
    outbound: tuple[StatusTable[Any], ...]
    inbound: tuple[InboundTable[Any], ...]
    parts: tuple[PartTable[Any], ...] = ()
    no_inbound: str = ""
    """Why requests carry no status word, where they don't."""
