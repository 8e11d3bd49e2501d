"""The closing machines' two steps."""

from orderhub.domain import commands
from orderhub.domain.commands import Change
from tests.integration.crashes.callers import Task
from tests.integration.crashes.scenario import Prepare, Scenario
from tests.integration.crashes.setting import PIECES, order, shop
from tests.integration.crashes.stage import SHOP, Stage

GROUP = "workflows"
HOUR, DAY = 3600, 86400


def finds(stage: Stage) -> Task:
    shop(stage)
    for tail in range(1, 6):
        order(stage, age=HOUR, tail=tail)
    event = {"kind": "payment_timeout", "cursors": None}
    return Task("workflows/find_due", event, says=lambda result: result)


def closes(kind: str, *orders: int) -> Task:
    return Task(
        "workflows/close_due", {"kind": kind, "orders": [f"{SHOP}/{id_}" for id_ in orders]}
    )


def expires(stage: Stage) -> Task:
    """One that gives its pieces back, a long one, one that was paid, and one that is not due."""
    shop(stage)
    stocked = order(stage, age=HOUR, stock=PIECES, tail=1).id
    long = order(stage, age=HOUR, lines=60, tail=2).id
    paid = order(stage, age=HOUR, paid="1.50", tail=3).id
    fresh = order(stage, tail=4).id
    return closes("payment_timeout", stocked, long, paid, fresh)


def ends_refunds(stage: Stage) -> Task:
    shop(stage)
    return closes("refund_window", order(stage, age=2 * DAY, paid="1.50").id)


def receives(stage: Stage) -> Task:
    """A parcel that nobody complained of for so long that it counts as received."""
    shop(stage)

    def send(change: Change) -> None:
        commands.ship(change, carrier="SF", tracking_number="1")

    made = order(
        stage, age=9 * DAY, paid="1.50", auto_receive=7 * DAY, refund_window=None, then=send
    )
    return closes("auto_receive", made.id)


def of(name: str, function: str, prepare: Prepare) -> Scenario:
    return Scenario(GROUP, name, function, prepare)


SCENARIOS = [
    of("find what is due", "FindDue", finds),
    Scenario(GROUP, "expire unpaid orders", "CloseDue", expires, in_any_order=True),
    of("end a refund window", "CloseDue", ends_refunds),
    of("receive a parcel", "CloseDue", receives),
]
