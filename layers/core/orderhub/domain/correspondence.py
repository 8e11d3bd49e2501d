"""What buyer and seller write to each other about an order, and of each other."""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from .dataclass import dataclass

MAX_MESSAGES: Final = 100
MOST_MESSAGE_BYTES: Final = 100_000
"""Of all messages of an order together, in UTF-8. Letters must never crowd out the snapshot's room
for money."""
LONGEST_SUBJECT: Final = 200
LONGEST_BODY: Final = 4000
LONGEST_PERSON: Final = 100
LONGEST_COMMENT: Final = 1000
"""In characters, like the three before; of a comment and of the reply to it."""
LONGEST_REMARKS: Final = 1000
"""In characters."""


class Party(StrEnum):
    """One of the two sides of an order."""

    SELLER = "seller"
    BUYER = "buyer"


class Rating(IntEnum):
    PRAISE = 0
    NEUTRAL = 1
    COMPLAINT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A letter from one party to the other. ``sender`` and ``recipient`` are their names."""

    subject: str
    body: str
    sender: str
    recipient: str
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What one party says of the other: ``side`` is who is rated, ``sender`` the other one's name.

    ``id`` is a 53-bit integer ordered by time, like an order's, and unique within the order.
    """

    id: int
    side: Party
    rating: Rating
    sender: str
    recipient: str
    rated_at: datetime
    comment: str = ""
    reply: str = ""
    """The rated party's answer."""
