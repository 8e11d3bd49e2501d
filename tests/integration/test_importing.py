"""Bringing in orders while AWS calls fail, processes end and others are at work."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from benchmarks.embedded import EmbeddedDynamoDB
from orderhub.adapters.system import SystemClock, SystemEntropy
from orderhub.bootstrap import Application
from orderhub.domain import commands
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import Actor, Details, Reference
from orderhub.domain.errors import Busy, Unavailable
from orderhub.domain.events import Terms
from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.shop import Shop
from orderhub.services import check_numbers, index_numbers, rank_orders, search_numbers
from orderhub.services.hold_room import HOLD, HeldRoom
from orderhub.services.import_orders import History, Imported, import_order
from orderhub.services.place_order import place_order
from orderhub.services.rank_orders import lay_milestones, rank_of
from orderhub.services.reconcile import Auditor, reconcile_shop
from orderhub.settings import Settings
from orderhub_cli.import_check import history_of
from orderhub_cli.interchange.imported import read_imported
from tests.integration.crashes.cuts import Cutter, Recorder, cuts_of
from tests.support.fakes import FakeClock
from tests.support.interleaving import Redundant, run, schedules
from tests.support.order_lines import order_lines
from tests.support.table import create_table
from tests.support.wiretap import Killed, Wiretap

SHOP: Final = "demo"
LEE: Final = Actor("operator", "lee")
THERE: Final = 4
"""Orders that are there before any is brought in."""
TORTURE: Final = bool(os.environ.get("ORDERHUB_TORTURE"))
SCHEDULES: Final = 500 if TORTURE else 6
EVERY: Final = 1 if TORTURE else 23
"""One point in so many is tried."""
MANY: Final = 100_000


def history(name: str, made_at: datetime) -> History:
    """An order that was paid at once."""
    payment = Payment(
        id=0,
        provider="elsewhere",
        transaction_id=f"T-{name}",
        amount=Money.of("50.00", "CNY"),
        state=PaymentState.CAPTURED,
        created_at=made_at,
        updated_at=made_at,
    )

    def paid(change: Change) -> None:
        commands.capture_payment(change, payment)

    line = LineRequest(product_id="1", quantity=1, unit_price=UnitPrice.of("50.00", "CNY"))
    placement = Placement(
        wire="shoplazza",
        currency="CNY",
        terms=Terms(),
        details=Details(),
        references=(Reference("order", "elsewhere", name),),
        lines=(line,),
        created_at=made_at,
    )
    return History(placement=placement, continue_with=paid)


class Site:
    """A shop with some orders, milestones and segments, at a time that moves when told to."""

    def __init__(self, application: Application, now: datetime) -> None:
        self.application = application
        self.desk = application.desk
        self.now = now
        self.began = now

    def set_up(self) -> None:
        for n in range(THERE):
            at = self.began - timedelta(hours=THERE - n)
            place_order(self.desk, SHOP, history(f"OLD-{n}", at).placement, LEE)
        self.now += HOLD
        self.catch_up()
        assert self.desk.ranks.frontier(SHOP).milestone.rank == THERE
        assert self.desk.numbers.manifest(SHOP).segments

    def bring_in(self, *names: str) -> list[Imported]:
        """Each an hour older than the one before; one older than all that are there first."""
        room = HeldRoom(self.desk, SHOP)
        return [
            import_order(
                self.desk,
                room,
                SHOP,
                history(name, self.began - timedelta(hours=place + 0.5)),
                LEE,
                is_quiet=True,
            )
            for place, name in enumerate(names, start=1)
        ]

    def catch_up(self) -> None:
        """What the function on the stream does."""
        lay_milestones(self.desk, SHOP)
        while index_numbers.index_numbers(self.desk, SHOP):
            pass

    def ids(self) -> list[int]:
        return [each.id for each in self.desk.orders.page(SHOP, limit=100).orders]

    def flaws(self) -> list[str]:
        """What is wrong with the orders, their ranks, and what a search finds."""
        ids = self.ids()
        bounds = {"after_id": 0, "before_id": MAX_ORDER_ID}
        found = [i for i, _ in search_numbers.with_part(self.desk, SHOP, "R", **bounds)]
        wrong = [check_numbers.wrong_with_numbers(self.desk, SHOP, ids)]
        wrong += [f"rank of {i}" for n, i in enumerate(ids, 1) if rank_of(self.desk, SHOP, i) != n]
        wrong += ["the search"] if found != ids else []
        return [each for each in wrong if each]

    def damaged(self) -> list[object]:
        outcomes = reconcile_shop(Auditor(self.desk, self.application.audit), SHOP)
        return [f for outcome in outcomes for f in outcome.left if not f.flaw.is_to_do]


@pytest.fixture
def site(application: Application, wiretap: Wiretap, monkeypatch: pytest.MonkeyPatch) -> Site:
    place = Site(application, datetime.now(UTC).replace(microsecond=0))
    tails = iter(range(1, 4096))
    monkeypatch.setattr(SystemClock, "now", lambda self: place.now)
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds: None)
    monkeypatch.setattr(SystemEntropy, "order_id_tail", lambda self: next(tails))
    monkeypatch.setattr(rank_orders, "STEP", 2)
    monkeypatch.setattr(index_numbers, "SMALLEST", 2)
    place.set_up()
    return place


def until_done(request: Callable[[], object]) -> None:
    """As often as it takes, by a process of its own each time."""
    for _ in range(3):
        try:
            request()
        except (Busy, Unavailable, Killed):
            continue
        return
    raise AssertionError("three processes could not do it")


def test_a_process_that_ends_at_any_call_leaves_all_right_and_the_next_finishes(
    site: Site, wiretap: Wiretap, table: Any
) -> None:
    recorder = Recorder()
    kept = Kept(table, site)
    with wiretap.watched(recorder):
        site.bring_in("A", "B")
    assert recorder.names.count("dynamodb:TransactWriteItems") == 2
    assert site.flaws() == []
    points = [(place, cut) for place, name in enumerate(recorder.names) for cut in cuts_of(name)]
    for place, cut in points[::EVERY]:
        where = f"call {place + 1}, {recorder.names[place]}, {cut}"
        kept.put_back()
        with wiretap.watched(Cutter(place, cut)), suppress(Busy, Unavailable, Killed):
            site.bring_in("A", "B")
        assert site.flaws() == [], where
        until_done(lambda: site.bring_in("A", "B"))
        assert len(site.ids()) == THERE + 2, where
        assert site.flaws() == [], where
        site.now += HOLD + timedelta(minutes=1)
        site.catch_up()
        assert site.flaws() == [], where
        assert site.damaged() == [], where


class Kept:
    """The table's items and the time as they were."""

    def __init__(self, client: Any, site: Site) -> None:
        self._client, self._site, self._now = client, site, site.now
        self._table = site.application.settings.table_name
        self._items = list(self._scan())

    def put_back(self) -> None:
        self._site.now = self._now
        kept = {(item["pk"]["S"], item["sk"]["S"]) for item in self._items}
        for item in self._scan():
            if (item["pk"]["S"], item["sk"]["S"]) not in kept:
                key = {"pk": item["pk"], "sk": item["sk"]}
                self._client.delete_item(TableName=self._table, Key=key)
        for item in self._items:
            self._client.put_item(TableName=self._table, Item=item)

    def _scan(self) -> Iterator[dict[str, Any]]:
        yield from self._client.scan(TableName=self._table)["Items"]


def test_others_at_work_overlook_no_order_whoever_comes_first(
    site: Site, wiretap: Wiretap, table: Any
) -> None:
    """An order is brought in, older than all; milestones are laid and numbers indexed; somebody
    counts. Call by call, in every order that matters."""
    for n in range(2):
        site.now += timedelta(seconds=1)
        place_order(site.desk, SHOP, history(f"NEW-{n}", site.now - HOLD).placement, LEE)
    site.now += HOLD
    kept = Kept(table, site)
    before = len(site.ids())
    tried = 0
    for schedule in schedules(SCHEDULES):
        kept.put_back()

        def bring_in() -> object:
            return site.bring_in("A")

        def count() -> int:
            return rank_of(site.desk, SHOP, MAX_ORDER_ID)

        try:
            _, _, counted = run(wiretap, [bring_in, site.catch_up, count], schedule.choose)
        except Redundant:
            continue
        tried += 1
        assert counted in (before, before + 1), str(schedule)
        assert site.flaws() == [], str(schedule)
        site.now += HOLD + timedelta(minutes=1)
        site.catch_up()
        assert site.flaws() == [], str(schedule)
        assert len(site.ids()) == before + 1
        assert site.desk.ranks.frontier(SHOP).milestone.rank >= before
    assert tried


@pytest.mark.skipif(not TORTURE, reason="takes ten minutes")
def test_a_hundred_thousand_orders_are_counted_and_found(tmp_path: Path) -> None:
    """In a table whose answers take no longer in a large shop, as the emulators' do."""
    store = EmbeddedDynamoDB(tmp_path / "table.db")
    client = store.client()
    create_table(client, "orders")
    settings = Settings(table_name="orders", event_bus_name="", due_shards=4)
    clock = FakeClock(datetime.now(UTC))
    desk = replace(Application(settings, client=client).desk, clock=clock)
    shop = Shop(id=SHOP, name="Demo", currency="CNY", created_at=clock.now())
    room = HeldRoom(desk, SHOP)
    for text in order_lines(MANY):
        clock.advance(0.002)
        told = history_of(read_imported(text, shop))
        assert import_order(desk, room, SHOP, told, LEE, is_quiet=True).is_new
    found = list(index_numbers.by_time(desk, SHOP, 0, MAX_ORDER_ID))
    assert len(found) == MANY
    assert lay_milestones(desk, SHOP) == index_numbers.index_numbers(desk, SHOP) == 0
    assert rank_of(desk, SHOP, found[-1].id) == MANY
    clock.advance(HOLD.total_seconds())
    assert lay_milestones(desk, SHOP) == MANY // rank_orders.STEP
    while index_numbers.index_numbers(desk, SHOP):
        pass
    for place in range(0, MANY, MANY // 100):
        assert rank_of(desk, SHOP, found[place].id) == place + 1
    ids = [each.id for each in found]
    assert check_numbers.wrong_with_numbers(desk, SHOP, ids) == ""
    store.close()
