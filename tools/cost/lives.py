"""What happens to the orders that are billed for."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Caller(StrEnum):
    """What a function looks up of its caller, once in a minute."""

    TOKEN = "a credential and its shop"  # noqa: S105 - it describes one
    SECRET = "a payment account and its secrets"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Request:
    """``function`` is named as in the template, ``pattern`` as in the benchmarks."""

    what: str
    function: str
    pattern: str
    caller: Caller = Caller.TOKEN
    times: int = 1


@dataclass(frozen=True, slots=True)
class Closing:
    """``deadline`` is the kind of a deadline, ``pattern`` what the benchmarks call its end."""

    deadline: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Life:
    """What happens to an order. Each of its ``changes`` is one record of the stream; ``events``
    and ``webhooks`` count what is told of them."""

    name: str
    requests: tuple[Request, ...]
    closing: Closing
    changes: int
    events: int
    webhooks: int


_CREATE: Final = Request("create", "ShoplazzaCreateOrder", "Create an order with five lines")
_PAY: Final = Request("pay by webhook", "NotifyStripe", "Stripe reports a payment", Caller.SECRET)
_READ: Final = Request("read twice", "YouhaosudaGetOrder", "youhaosuda: get", times=2)
_REFUND_WINDOW: Final = Closing("refund_window", "end a refund window")
_EXPIRY: Final = Closing("payment_timeout", "expire an order")
CLOSING: Final = "closing"
"""What charges for ending orders' deadlines are called."""

PAID: Final = Life("paid", (_CREATE, _PAY, _READ), _REFUND_WINDOW, changes=3, events=4, webhooks=3)
UNPAID: Final = Life("expired", (_CREATE, _READ), _EXPIRY, changes=2, events=2, webhooks=2)
