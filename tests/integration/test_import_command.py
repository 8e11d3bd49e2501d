"""``orderhub import`` on an emulated table."""

import fcntl
import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from orderhub.adapters.dynamodb import keys
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain.details import Actor
from orderhub.domain.errors import Busy, NotFound
from orderhub.domain.order import Order
from orderhub.services.find_order import find_order
from orderhub.services.import_orders import Imported, import_order
from orderhub.services.reconcile import Auditor, reconcile_shop
from orderhub_cli import import_lines, import_orders, import_writing
from orderhub_cli.main import app
from tests.integration.test_cli import Operator
from tests.integration.test_cli import _environment as _environment
from tests.integration.test_cli import operator as operator
from tests.integration.test_cli import orderhub as orderhub
from tests.support.order_lines import order_lines, write_lines

MANY: Final = 9


class Mover:
    """An operator with a file of orders from elsewhere."""

    def __init__(self, operator: Operator, orderhub: Application, file: Path) -> None:
        self.operator = operator
        self.orderhub = orderhub
        self.file = file
        self.rejected_file = file.with_name("orders.jsonl.rejected")
        self.progress_file = file.with_name("orders.jsonl.progress")

    def wrote(self, *lines: str | bytes, end: bytes = b"\n") -> None:
        texts = (line.encode() if isinstance(line, str) else line for line in lines)
        self.file.write_bytes(b"".join(text + end for text in texts))

    def run(self, *options: str, exit_code: int = 0) -> Any:
        asked = ("import", "demo", "--file", str(self.file), *options)
        return self.operator.run(*asked, exit_code=exit_code)

    def ask(self, *options: str, exit_code: int = 0) -> Any:
        told = json.loads(self.run(*options, "--json", exit_code=exit_code).stdout)
        assert told.pop("file") == str(self.file)
        told.pop("seconds", None)
        told.pop("orders_per_second", None)
        return told

    def rejected(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.rejected_file.read_text().splitlines()]

    def order(self, name: str) -> Order:
        return find_order(self.orderhub.desk, "demo", name)

    def count(self) -> int:
        found = self.orderhub.desk.orders.page("demo", limit=1000)
        return len(found.orders)

    def assert_whole(self) -> None:
        auditor = Auditor(self.orderhub.desk, self.orderhub.audit)
        found = list(reconcile_shop(auditor, "demo"))
        wrong = [each for outcome in found for each in outcome.left if not each.flaw.is_to_do]
        assert wrong == []


@pytest.fixture
def mover(
    operator: Operator, orderhub: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Mover:
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds: None)
    operator.make_shop()
    return Mover(operator, orderhub, tmp_path / "orders.jsonl")


def told(**counts: int) -> dict[str, int]:
    return {"orders": 0, "new": 0, "there": 0, "refused": 0, "bad": 0, **counts}


def line(reference: str = "A-1", **more: Any) -> str:
    """The least that an order is told by."""
    lines = [{"product_id": "1", "quantity": 1, "unit_price": "5.00"}]
    at = "2025-05-01T10:00:00Z"
    order = {"wire": "shoplazza", "reference": reference, "created_at": at, "lines": lines}
    return json.dumps({**order, **more})


def test_a_file_of_orders_is_there_whole_and_a_repeat_changes_nothing(mover: Mover) -> None:
    write_lines(mover.file, MANY)
    shown = mover.run()
    assert "Orders/s" in shown.stdout
    assert mover.count() == MANY
    statuses = Counter(mover.order(f"OLD-{n:06d}").status.value for n in range(MANY))
    assert statuses == {"open": 7, "expired": 1, "cancelled": 1}
    mover.assert_whole()
    assert mover.ask() == told(orders=MANY, there=MANY)
    assert mover.count() == MANY
    assert not mover.progress_file.exists()
    assert not mover.rejected_file.exists()


def test_nothing_is_written_while_a_line_is_bad_and_each_is_told(mover: Mover) -> None:
    good = [line(f"A-{n}") for n in range(3)]
    mover.wrote(good[0], "{", good[1], line("A-9", lines="none", colour="red"), good[2])
    failed = mover.run(exit_code=1)
    assert "2 bad lines of 5" in failed.stderr
    assert "Nothing was written" in failed.stderr
    assert "line 2: " in failed.stderr
    first, second = mover.rejected()
    assert (first["line"], first["raw"]) == (2, "{")
    assert second["line"] == 4
    assert {problem.split(":")[0] for problem in second["problems"]} == {"lines", "colour"}
    assert mover.rejected_file.stat().st_mode & 0o077 == 0
    assert mover.count() == 0
    assert mover.ask("--check", exit_code=1) == {"orders": 5, "bad": 2}

    assert mover.ask("--skip-bad", exit_code=1) == told(orders=5, new=3, bad=2)
    assert [each["line"] for each in mover.rejected()] == [2, 4]
    assert mover.count() == 3


def test_of_many_bad_lines_the_first_are_shown_and_all_are_kept(mover: Mover) -> None:
    mover.wrote(*(["[]"] * 50))
    failed = mover.run("--check", exit_code=1)
    assert "line 20: " in failed.stderr
    assert "line 21: " not in failed.stderr
    assert "and 30 more" in failed.stderr
    assert len(mover.rejected()) == 50


def test_a_check_writes_nothing(mover: Mover) -> None:
    write_lines(mover.file, 3)
    assert mover.ask("--check") == {"orders": 3, "bad": 0}
    assert "none of them bad" in mover.run("--check").stdout
    assert mover.count() == 0
    assert not mover.progress_file.exists()


@pytest.mark.parametrize(
    ("strange", "problem"),
    [
        (b'{"a": "\xff"}', ""),
        (b"\x00\x00", ""),
        (b"[" * 100_000, ""),
        (b'{"reference": NaN}', ""),
        (b'{"reference": "\\ud800"}', ""),
        (b"null", ""),
        (line("A-1", total="7.00").encode(), "total"),
        (b'"' + b"x" * 5_000, "longer than"),
    ],
    ids=["UTF-8", "NUL", "deep", "NaN", "surrogate", "no object", "wrong total", "long"],
)
def test_whatever_is_in_a_line_it_is_told(
    mover: Mover, monkeypatch: pytest.MonkeyPatch, strange: bytes, problem: str
) -> None:
    if problem == "longer than":
        monkeypatch.setattr(import_lines, "LONGEST_LINE", 4_000)
    mover.wrote(line("A-0"), strange, line("A-2"))
    assert "line 2: " in mover.run(exit_code=1).stderr
    (rejected,) = mover.rejected()
    assert rejected["line"] == 2
    assert any(problem in each for each in rejected["problems"])
    assert mover.ask("--skip-bad", exit_code=1) == told(orders=3, new=2, bad=1)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n  \n"], ids=["LF", "CRLF", "blank lines"])
def test_lines_end_as_they_like_and_a_bom_is_none_of_the_first(mover: Mover, end: bytes) -> None:
    text = end.join([line("A-0").encode(), line("A-1").encode(), line("A-2").encode()])
    mover.file.write_bytes(b"\xef\xbb\xbf" + text)
    assert mover.ask() == told(orders=3, new=3)


def test_names_are_unique_in_a_file(mover: Mover) -> None:
    payment = {"provider": "oldpay", "transaction_id": "T-1", "amount": "5.00"}
    mover.wrote(
        line("A-0", payments=[payment]),
        line("A-1"),
        line("A-0"),
        line("A-3", payments=[payment]),
    )
    mover.run(exit_code=1)
    problems = {each["line"]: each["problems"] for each in mover.rejected()}
    assert problems.keys() == {3, 4}
    assert [each for each in problems[3] if "A-0" in each and each.endswith("in line 1 already")]
    assert [each for each in problems[4] if "T-1" in each and each.endswith("in line 1 already")]
    # Among those that are left out, the first keeps the name.
    assert mover.ask("--skip-bad", exit_code=1) == told(orders=4, new=2, bad=2)


def test_what_another_order_has_is_refused_by_its_name_and_the_rest_comes(mover: Mover) -> None:
    payment = {"provider": "oldpay", "transaction_id": "T-1", "amount": "5.00"}
    mover.wrote(line("A-0", payments=[payment]))
    mover.ask()
    taken = mover.order("A-0").number
    mover.wrote(line("B-0"), line("B-1", payments=[payment]), line("B-2"))
    assert mover.ask(exit_code=1) == told(orders=3, new=2, refused=1)
    (rejected,) = mover.rejected()
    assert rejected["line"] == 2
    assert rejected["problems"] == [f"payment T-1 is order {taken}'s already"]
    with pytest.raises(NotFound):
        mover.order("B-1")


# -- stopped and resumed ---------------------------------------------------------------------------


def on_call(monkeypatch: pytest.MonkeyPatch, number: int, do: Callable[[], None]) -> None:
    """Do something instead of writing the order that is the ``number``-th to be written."""
    calls = [0]

    def called(*args: Any, **more: Any) -> Imported:
        calls[0] += 1
        if calls[0] == number:
            do()
        return import_order(*args, **more)

    monkeypatch.setattr(import_writing, "import_order", called)


class BrokeOff(Exception):
    """A fault of the program's, or of the machine's."""


def break_off() -> None:
    raise BrokeOff


def test_what_broke_off_goes_on_where_it_was(mover: Mover, monkeypatch: pytest.MonkeyPatch) -> None:
    write_lines(mover.file, MANY)
    with monkeypatch.context() as patch:
        on_call(patch, 6, break_off)
        asked = ["import", "demo", "--file", str(mover.file), "--jobs", "1"]
        result = mover.operator._runner.invoke(app, asked)
        assert isinstance(result.exception, BrokeOff)
        assert "broke off after 5 of 9 orders" in result.stderr
    saved = json.loads(mover.progress_file.read_text())
    assert (saved["line"], saved["counts"]["new"]) == (5, 5)
    shown = mover.run("--json")
    assert "Going on: 5 of 9 orders are done already." in shown.stderr
    assert json.loads(shown.stdout)["new"] == MANY
    assert mover.count() == MANY
    assert not mover.progress_file.exists()


def test_what_was_killed_before_it_was_saved_is_met_again_as_there(
    mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lines(mover.file, MANY)
    with monkeypatch.context() as patch:
        on_call(patch, 6, break_off)
        asked = ["import", "demo", "--file", str(mover.file), "--jobs", "1"]
        mover.operator._runner.invoke(app, asked)
    saved = json.loads(mover.progress_file.read_text())
    before = {**saved, "line": 0, "offset": 0, "counts": {}}
    mover.progress_file.write_text(json.dumps(before))
    assert mover.ask() == told(orders=MANY, new=MANY - 5, there=5)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order_and_says_how_to_go_on(
    mover: Mover, monkeypatch: pytest.MonkeyPatch, by: signal.Signals
) -> None:
    write_lines(mover.file, MANY)
    before = signal.getsignal(by)
    with monkeypatch.context() as patch:
        on_call(patch, 5, lambda: os.kill(os.getpid(), by))
        stopped = mover.run("--jobs", "1", exit_code=128 + by)
    assert "stopped after" in stopped.stderr
    assert "The same command goes on" in stopped.stderr
    assert signal.getsignal(by) is before
    assert 4 <= mover.count() < MANY
    assert mover.ask()["new"] == MANY
    assert mover.count() == MANY


def test_refused_lines_are_kept_over_an_interruption_each_once(
    mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    mover.wrote(line("A-0", payments=[{"transaction_id": "T", "amount": "5.00"}]))
    mover.ask()
    taken = {"payments": [{"transaction_id": "T", "amount": "5.00"}]}
    mover.wrote("[]", line("B-1"), line("B-2", **taken), line("B-3"), "[]", line("B-5"))
    with monkeypatch.context() as patch:
        on_call(patch, 4, break_off)
        asked = ["import", "demo", "--file", str(mover.file), "--jobs", "1", "--skip-bad"]
        mover.operator._runner.invoke(app, asked)
    # As if the process had been killed while it wrote to the file.
    with mover.rejected_file.open("a") as file:
        file.write('{"line": 6, "prob')
    assert mover.ask("--skip-bad", exit_code=1) == told(orders=6, new=3, refused=1, bad=2)
    assert [each["line"] for each in mover.rejected()] == [1, 5, 3]


def test_a_file_that_was_changed_is_refused_until_it_is_begun_anew(
    mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lines(mover.file, 7)
    with monkeypatch.context() as patch:
        on_call(patch, 4, break_off)
        asked = ["import", "demo", "--file", str(mover.file), "--jobs", "1"]
        mover.operator._runner.invoke(app, asked)
    assert "on its way already" in mover.run("--check", exit_code=2).stderr
    mover.operator.run("shop", "create", "other", "--name", "Other", "--currency", "CNY")
    elsewhere = mover.operator.run("import", "other", "--file", str(mover.file), exit_code=2)
    assert "on its way into shop demo" in elsewhere.stderr
    with mover.file.open("a") as file:
        file.write(line("A-1") + "\n")
    assert "was changed since its import began" in mover.run(exit_code=2).stderr
    assert mover.ask("--restart") == told(orders=8, new=5, there=3)


@pytest.mark.parametrize("content", ["", "{", '{"version": 99}', "[]"])
def test_a_damaged_progress_file_is_no_reason_to_guess(mover: Mover, content: str) -> None:
    write_lines(mover.file, 1)
    mover.progress_file.write_text(content)
    assert "--restart" in mover.run(exit_code=2).stderr
    assert mover.ask("--restart") == told(orders=1, new=1)


def test_a_throttled_table_is_waited_for_and_loses_no_line(
    mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_writing, "_FIRST_WAIT", 0.001)
    write_lines(mover.file, 7)
    calls = Counter[str]()

    def throttled(*args: Any, **more: Any) -> Imported:
        name = args[3].placement.references[0].value
        calls[name] += 1
        if calls[name] <= 3:
            raise Busy("the table is throttled; try again")
        return import_order(*args, **more)

    monkeypatch.setattr(import_writing, "import_order", throttled)
    assert mover.ask() == told(orders=7, new=7)
    monkeypatch.setattr(import_writing, "_PATIENCE", 0.0)
    calls.clear()
    assert "throttled" in mover.run(exit_code=1).stderr
    assert mover.progress_file.exists()


# -- asked wrongly, and beside ---------------------------------------------------------------------


def test_what_can_not_be_read_twice_is_refused(mover: Mover, tmp_path: Path) -> None:
    wrong = mover.operator.run("import", "demo", "--file", "-", exit_code=2)
    assert "reads its file twice" in wrong.stderr
    assert "can't read" in mover.run(exit_code=2).stderr
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    keep = os.open(pipe, os.O_RDWR)
    try:
        told_ = mover.operator.run("import", "demo", "--file", str(pipe), exit_code=2)
    finally:
        os.close(keep)
    assert "is no file" in told_.stderr


def test_a_file_is_imported_by_one_command_at_a_time(mover: Mover) -> None:
    write_lines(mover.file, 1)
    with mover.file.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "by another command" in mover.run(exit_code=2).stderr
    assert mover.ask() == told(orders=1, new=1)


def test_nobody_is_told_of_history_unless_it_is_wanted(mover: Mover) -> None:
    mover.wrote(line("A-0"))
    mover.ask()
    mover.wrote(line("A-1"))
    mover.ask("--tell")
    outgoing = mover.orderhub.desk.orders.outgoing
    quiet = [next(iter(outgoing("demo", mover.order(name).id))).is_quiet for name in ("A-0", "A-1")]
    assert quiet == [True, False]


def test_a_damaged_order_holds_up_nobody_but_its_own_line(mover: Mover, table: Any) -> None:
    mover.wrote(line("A-0"), line("A-1"))
    mover.ask()
    damaged = mover.order("A-0")
    table.update_item(
        TableName=mover.orderhub.settings.table_name,
        Key={"pk": {"S": keys.order("demo", damaged.id)}, "sk": {"S": keys.ORDER_HEADER}},
        UpdateExpression="SET packed = :cut",
        ExpressionAttributeValues={":cut": {"B": b"\x78"}},
    )
    assert mover.ask(exit_code=1) == told(orders=2, there=1, refused=1)
    (rejected,) = mover.rejected()
    assert rejected["problems"] == [
        f"order {damaged.id} is there already, and damaged: orderhub reconcile tells more"
    ]


def test_a_file_without_orders_is_imported_in_no_time(mover: Mover) -> None:
    mover.file.write_bytes(b"\n\n")
    assert mover.ask() == told()


def test_who_brought_an_order_in_stands_in_its_history(mover: Mover) -> None:
    mover.wrote(line("A-0"))
    mover.ask()
    (placed, *_) = mover.orderhub.desk.orders.history("demo", mover.order("A-0").id)
    assert isinstance(placed.actor, Actor)
    assert placed.actor.kind == "operator"


def test_many_new_orders_are_laid_out_once_they_are_settled(
    mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_orders, "WORTH_WAITING", 7)
    real = SystemClock.now
    ahead: list[float] = []
    monkeypatch.setattr("orderhub_cli.import_orders.time.sleep", ahead.append)
    monkeypatch.setattr(SystemClock, "now", lambda self: real(self) + timedelta(minutes=len(ahead)))
    monkeypatch.setattr("orderhub.services.rank_orders.STEP", 5)
    monkeypatch.setattr("orderhub.services.index_numbers.SMALLEST", 5)
    write_lines(mover.file, 7)
    assert mover.ask() == told(orders=7, new=7)
    assert mover.orderhub.desk.ranks.frontier("demo").milestone.rank == 5
    assert [each.count for each in mover.orderhub.desk.numbers.manifest("demo").segments] == [5]


def test_generated_orders_are_the_same_each_time() -> None:
    assert list(order_lines(9)) == list(order_lines(9))
