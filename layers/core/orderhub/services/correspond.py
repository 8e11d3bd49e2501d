"""What buyer and seller write about an order and of each other, in whatever state it is."""

from datetime import datetime

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.correspondence import Party, Rating
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor
from orderhub.domain.order import Order

from .desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """``sender`` and ``recipient`` are names. ``sent_at`` has a time zone; ``None`` is now."""

    subject: str
    body: str
    sender: str
    recipient: str
    sent_at: datetime | None = None


def add_message(desk: Desk, order: Order, letter: Letter, actor: Actor) -> Change:
    """Add a letter between the parties. The same again is another letter.

    Raises :class:`InvalidField` naming the letter's field (``blank``, ``too_long``, ``invalid``,
    ``out_of_range``), or :class:`Refused` (``too_many_messages``).
    """

    def decide(change: Change) -> None:
        commands.add_message(
            change,
            subject=letter.subject,
            body=letter.body,
            sender=letter.sender,
            recipient=letter.recipient,
            sent_at=letter.sent_at,
        )

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """``side`` is rated by ``sender``; ``recipient`` is its name."""

    side: Party
    rating: Rating
    sender: str
    recipient: str
    comment: str = ""


def give_feedback(desk: Desk, order: Order, opinion: Opinion, actor: Actor) -> Change:
    """Rate one party, once. The same again changes nothing.

    Raises :class:`InvalidField` naming the opinion's field, or :class:`Refused`
    (``feedback_given``) when that party was rated otherwise before.
    """

    def decide(change: Change) -> None:
        commands.give_feedback(
            change,
            opinion.side,
            opinion.rating,
            sender=opinion.sender,
            recipient=opinion.recipient,
            comment=opinion.comment,
        )

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)


def reply_to_feedback(desk: Desk, order: Order, side: Party, reply: str, actor: Actor) -> Change:
    """Give the answer of the party that was rated, once. The same again changes nothing.

    Raises :class:`InvalidField` (``reply``), or :class:`Refused`: ``no_feedback`` or
    ``feedback_replied``.
    """

    def decide(change: Change) -> None:
        commands.reply_to_feedback(change, side, reply)

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)
