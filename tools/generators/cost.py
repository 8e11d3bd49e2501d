"""``docs/COST.md``: the text of ``cost.md`` with the figures of :mod:`tools.cost`."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from tools.cost import tables
from tools.cost.alternatives import (
    MOST_A_DAY,
    OPEN_EXECUTIONS,
    TRANSITIONS,
    WINDOW_DAYS,
    provisioned_writes,
)
from tools.cost.assumptions import ASSUMED
from tools.cost.bill import Part, dollars
from tools.cost.lives import PAID, UNPAID
from tools.cost.measured import measured
from tools.cost.prices import price_list
from tools.cost.tables import MILLION, Table
from tools.cost.usage import MONTH, Traffic, life_bytes

TEXT: Final = Path(__file__).with_name("cost.md")
_USUAL: Final = Traffic(MILLION)
_HALF: Final = 0.5


def generate() -> str:
    listed = price_list()
    public, private = tables.break_evens()
    kept = [each for each in tables.charges(_USUAL) if each.part is Part.KEPT]
    return TEXT.read_text(encoding="utf-8").format(
        region=listed.region,
        known_on=listed.known_on,
        paid_of_many=_dollars(tables.per_million(Traffic(10 * MILLION, PAID))),
        paid=_dollars(tables.per_million(_USUAL)),
        expired=_dollars(tables.per_million(replace(_USUAL, life=UNPAID))),
        idle=_dollars(tables.idle()),
        by_service=_markdown(tables.by_service(_USUAL)),
        by_step=_markdown(tables.by_step(_USUAL)),
        by_volume=_markdown(tables.by_volume()),
        by_hours=_markdown(tables.by_hours()),
        by_shops=_markdown(tables.by_shops()),
        standing=_markdown(tables.standing()),
        order_metrics=f"{ASSUMED.order_metrics:g}",
        order_metrics_dollars=_dollars(listed["metric"].of(ASSUMED.order_metrics)),
        bus=_dollars(listed["bus_event"].of(MILLION * PAID.events)),
        traces=_dollars(tables.traces(_USUAL)),
        kept_gb=f"{life_bytes(PAID, measured()) * MILLION / 1e9:.1f}",
        kept=_dollars(dollars(kept)),
        recovery=_dollars(dollars(each for each in kept if each.price == "table_backup_gb")),
        assumptions=_markdown(tables.assumptions()),
        provisioned=_dollars(provisioned_writes(_HALF)),
        on_demand=f"{listed['table_write'].dollars:g}",
        paid_transitions=len(TRANSITIONS[PAID.name]),
        paid_states=", ".join(TRANSITIONS[PAID.name]),
        expired_transitions=len(TRANSITIONS[UNPAID.name]),
        workflows=_markdown(tables.workflows()),
        open_executions=f"{OPEN_EXECUTIONS:,}",
        window_days=WINDOW_DAYS,
        most_a_day=f"{MOST_A_DAY:,.0f}",
        peer=_markdown(tables.peer_resources()),
        break_even=_millions(public),
        break_even_private=_millions(private),
        break_even_rate=f"{public / MONTH:.1f}",
        prices=_markdown(tables.prices()),
    )


def _markdown(table: Table) -> str:
    numbers = len(table.heading) - table.words
    aligned = "|" + " --- |" * table.words + " ---: |" * numbers
    lines = [_row(table.heading), aligned, *(_row(row) for row in table.rows)]
    return "\n".join(lines)


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}"


def _millions(orders: float) -> str:
    return f"{orders / MILLION:.1f} million"
