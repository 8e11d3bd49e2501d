"""Dollars of a month."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .prices import price_list


class Part(StrEnum):
    """What a charge grows with."""

    ORDERS = "orders"
    SWEEPS = "sweeps"
    """Empty runs of the closing machines: the same each month."""
    STANDING = "standing"
    """What is there all the time: the same each month."""
    KEPT = "kept"
    """What is stored: for each month in which it is."""


class Service(StrEnum):
    """Lines of a bill, in the order in which they are shown."""

    WRITES = "DynamoDB, writes"
    READS = "DynamoDB, reads"
    STREAM = "DynamoDB, stream"
    STORAGE = "DynamoDB, storage and its recovery"
    HTTP = "API Gateway, HTTP API"
    INVOCATIONS = "Lambda, requests"
    COMPUTE = "Lambda, GB seconds"
    QUEUE = "SQS"
    BUS = "EventBridge, bus"
    SCHEDULER = "EventBridge, Scheduler"
    WORKFLOWS = "Step Functions, Express"
    LOGS = "CloudWatch, logs"
    METRICS = "CloudWatch, metrics, alarms and dashboard"
    TRACES = "X-Ray"
    KEYS = "KMS"
    MAIL = "SES"


@dataclass(frozen=True, slots=True)
class Charge:
    """So much of something in a month. ``price`` is its name in the price list."""

    part: Part
    service: Service
    what: str
    quantity: float
    price: str

    @property
    def dollars(self) -> float:
        return price_list()[self.price].of(self.quantity)


def dollars(charges: Iterable[Charge], *parts: Part, service: Service | None = None) -> float:
    """The sum of the charges of these parts (none named: of all), of one service or of all."""
    return sum(
        charge.dollars
        for charge in charges
        if (not parts or charge.part in parts) and service in {None, charge.service}
    )
