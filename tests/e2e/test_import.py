"""Orders of another shop system come in by the thousand; the process that brings them is killed
halfway. ``ORDERHUB_TORTURE=1`` makes it a hundred thousand."""

import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from orderhub.adapters.dynamodb import keys
from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order
from orderhub.services.hold_room import HOLD
from orderhub.services.index_numbers import by_time, index_numbers
from orderhub.services.rank_orders import lay_milestones, rank_of
from orderhub.services.reconcile import Auditor, reconcile_order
from orderhub.services.replay_order import replay_order
from orderhub.services.search_numbers import count_with_part
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, new_shop
from tests.e2e.test_events_out import Listener
from tests.e2e.test_events_out import listener as listener
from tests.support.figures import tried
from tests.support.order_lines import write_lines
from tests.support.table import ROOT

pytestmark = ON_THE_CLOUD

TORTURE: Final = bool(os.environ.get("ORDERHUB_TORTURE"))
COUNT: Final = 100_000 if TORTURE else 400
LOOKED_AT: Final = 12
"""Orders that are held against their events and their names, spread over all."""
LONGEST: Final = 0.1 * COUNT + 60
"""Seconds."""


def command(deployment: Deployment, *arguments: str) -> list[str]:
    stack = deployment.cloud.home / "stack.json"
    return [str(ROOT / "orderhub"), "--stack", str(stack), *arguments]


def run(command_line: list[str]) -> bytes:
    """What it prints."""
    done = subprocess.run(  # noqa: S603 - our own command
        command_line, capture_output=True, check=False, timeout=LONGEST
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def kill_halfway(command_line: list[str], progress: Path) -> dict[str, Any]:
    """Start it, kill it without a warning once a third of the orders are there, and return what it
    had saved of its progress by then."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        command_line,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + LONGEST
    saved: dict[str, Any] = {}
    try:
        while saved.get("line", 0) < COUNT // 3:
            assert process.poll() is None, "it ended by itself"
            assert time.monotonic() < end, "it doesn't get on"
            time.sleep(0.05)
            if progress.exists():
                saved = json.loads(progress.read_bytes())
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return saved


class _Later:
    """A clock that is ahead."""

    def __init__(self, desk: Desk, by: timedelta) -> None:
        self._clock, self._by = desk.clock, by

    def now(self) -> datetime:
        return self._clock.now() + self._by

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


def test_an_import_that_is_killed_and_resumed_is_there_once_and_whole(
    deployment: Deployment, tmp_path: Path
) -> None:
    shop = new_shop(deployment)
    file = tmp_path / "orders.jsonl"
    write_lines(file, COUNT, prefix="E2E")
    asked = command(deployment, "import", shop.id, "--file", str(file), "--no-wait", "--json")
    saved = kill_halfway(asked, file.with_name("orders.jsonl.progress"))
    told = json.loads(run(asked))
    assert told["orders"] == COUNT
    assert told["new"] + told["there"] == COUNT
    assert told["new"] >= saved["counts"]["new"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["orders.jsonl"]

    assert count_of(deployment, shop) == COUNT
    desk = deployment.application.desk
    for number in range(0, COUNT, COUNT // LOOKED_AT):
        order = find_order(desk, shop.id, f"E2E-{number:06d}")
        assert replay_order(desk, shop.id, order.id).agrees
    again = json.loads(run([*asked, "--restart"]))
    assert (again["new"], again["there"], again["refused"]) == (0, COUNT, 0)
    tried("orders imported by a process that is killed, and resumed", COUNT)
    if not TORTURE:
        # The emulator looks at every item for a query of an index: this would take it hours.
        assert_found(deployment, shop)


def count_of(deployment: Deployment, shop: Shop) -> int:
    """How many orders the shop has, counted by a client that waits for a slow table."""
    pages = (
        deployment.aws("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=deployment.outputs["TableName"],
            IndexName=keys.BY_TIME_INDEX,
            Select="COUNT",
            KeyConditionExpression="listing_pk = :shop",
            ExpressionAttributeValues={":shop": {"S": keys.shop(shop.id)}},
        )
    )
    return sum(page["Count"] for page in pages)


def assert_found(deployment: Deployment, shop: Shop) -> None:
    """All is whole, counted right and found, before and after it is laid out."""
    desk = deployment.application.desk
    found = list(by_time(desk, shop.id, 0, MAX_ORDER_ID))
    auditor = Auditor(desk, deployment.application.audit)
    for place in range(0, COUNT, COUNT // LOOKED_AT):
        outcome = reconcile_order(auditor, shop.id, found[place].id)
        assert [each for each in outcome.left if not each.flaw.is_to_do] == []
    assert rank_of(desk, shop.id, found[-1].id) == COUNT
    # What the function on the stream does, once nothing is held any more.
    later = replace(desk, clock=_Later(desk, HOLD))
    lay_milestones(later, shop.id)
    while index_numbers(later, shop.id):
        pass
    assert desk.ranks.frontier(shop.id).milestone.rank == COUNT // 100 * 100
    for place in range(0, COUNT, COUNT // 8):
        assert rank_of(desk, shop.id, found[place].id) == place + 1
    part = found[COUNT // 2].number[3:9]
    wanted = sum(part in each.number for each in found)
    assert count_with_part(desk, shop.id, part, after_id=0, before_id=MAX_ORDER_ID) == wanted


def test_nobody_is_told_of_history_and_everybody_of_what_happens_next(
    deployment: Deployment, shop: Shop, listener: Listener, tmp_path: Path
) -> None:
    file = tmp_path / "orders.jsonl"
    write_lines(file, 7, prefix="QUIET")
    asked = command(deployment, "import", shop.id, "--file", str(file), "--json")
    run(asked)
    note = command(deployment, "order", "note", shop.id, "QUIET-000000", "it came from elsewhere")
    run(note)
    (heard,) = listener.hear(1)
    assert heard["detail"]["type"] == "order.note_added"
