"""``orderhub import``: orders that were made elsewhere, as JSON Lines, by the hundred thousand."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer

from orderhub.bootstrap import Application
from orderhub.domain.errors import OrderHubError
from orderhub.domain.shop import Shop
from orderhub.ports import SegmentGone
from orderhub.services import manage_shops
from orderhub.services.hold_room import HeldRoom
from orderhub.services.index_numbers import index_numbers
from orderhub.services.rank_orders import lay_milestones
from orderhub_cli.arguments import AsJson, ShopId
from orderhub_cli.connection import connected_for_writing
from orderhub_cli.console import (
    counted,
    errors,
    print_done,
    print_json,
    print_note,
    print_table,
    visible,
)
from orderhub_cli.failures import MISUSED, REFUSED, CommandFailed, complain
from orderhub_cli.help import examples
from orderhub_cli.import_check import Checked, check
from orderhub_cli.import_lines import FileLine, fingerprint, lines_of, opened
from orderhub_cli.import_names import Names
from orderhub_cli.import_progress import VERSION, ProgressFile, Saved
from orderhub_cli.import_rejected import Rejected
from orderhub_cli.import_writing import Outcome, Stop, Stopped, Writer, written
from orderhub_cli.order_changes import operator
from orderhub_cli.progress import progress

app = typer.Typer()

JOBS: Final = 16
WORTH_WAITING: Final = 5_000
"""New orders from which on counting and searching would read much until they are laid out."""
_SHOWN: Final = 20
_SAVED_EVERY: Final = 1.0


@app.command(
    "import",
    no_args_is_help=True,
    epilog=examples(
        "orderhub import demo --file orders.jsonl --check",
        "orderhub import demo --file orders.jsonl",
        "orderhub import demo --file orders.jsonl --skip-bad --json",
    ),
)
def import_orders(
    context: typer.Context,
    shop_id: ShopId,
    file: Annotated[
        Path,
        typer.Option(
            "--file",
            metavar="FILE",
            help="An order a line, in JSON. docs/OPERATING.md describes it.",
        ),
    ],
    check_only: Annotated[
        bool, typer.Option("--check", help="Look at every line and write nothing.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave bad lines out and bring in the others.")
    ] = False,
    tell: Annotated[
        bool, typer.Option("--tell", help="Tell webhooks of all that happened to the orders.")
    ] = False,
    jobs: Annotated[
        int, typer.Option(min=1, max=64, help="How many orders are written at the same time.")
    ] = JOBS,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget how far an earlier run came.")
    ] = False,
    wait: Annotated[
        bool,
        typer.Option(help="Wait, for minutes, until many new orders are quick to find."),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Bring in orders from a file, each with all that happened to it.

    Looks at every line first, and writes nothing where one is bad: FILE.rejected has them all,
    with their numbers and all that is wrong. An order that is there already, by its reference or
    its id, is left as it is. Stopped at any moment, the same command goes on where it was.

    Webhooks are not told of what happened before an order came here, but of what happens to it
    from then on. Nothing is taken from stock.
    """
    if str(file) == "-":
        message = "an import reads its file twice, and again when it is resumed: save it first"
        raise typer.BadParameter(message, param_hint="'--file'")
    at = connected_for_writing(context)
    shop = manage_shops.require_shop(at.shops, shop_id)
    with ExitStack() as stack:
        source = stack.enter_context(opened(file))
        names = stack.enter_context(closing(Names()))
        work = _Import(at, shop, file, source, names, is_quiet=not tell)
        saved = work.saved(restart=restart)
        if check_only:
            work.require_not_begun(saved)
        begun = saved or work.checked(check_only=check_only, skip_bad=skip_bad)
        if check_only:
            _report_check(begun, file, as_json=as_json)
            return
        if saved:
            _tell(_resumed(saved))
            work.know_bad_lines(saved)
        done = work.write(begun, jobs=jobs)
    _report(done, file, as_json=as_json)
    if wait and work.room.held_until and done.counts.new >= WORTH_WAITING:
        _lay_out(at, work)
    if done.counts.refused or done.bad:
        raise typer.Exit(REFUSED)


@dataclass
class _Import:
    """One file on its way into one shop."""

    at: Application
    shop: Shop
    path: Path
    source: BinaryIO
    names: Names
    is_quiet: bool
    room: HeldRoom = field(init=False)
    file: ProgressFile = field(init=False)

    def __post_init__(self) -> None:
        self.room = HeldRoom(self.at.desk, self.shop.id)
        self.file = ProgressFile(self.path)

    # -- before ------------------------------------------------------------------------------------

    def saved(self, *, restart: bool) -> Saved | None:
        """How far an earlier run came. Raises :class:`CommandFailed` where that was not this file,
        shop and table."""
        if restart:
            self.file.remove()
            return None
        saved = self.file.read()
        if saved is None:
            return None
        if (saved.shop_id, saved.table) != (self.shop.id, self.at.settings.table_name):
            message = f"{self.path} is on its way into shop {saved.shop_id} of {saved.table}"
            raise CommandFailed(message, _OTHERWISE, exit_code=MISUSED)
        found = fingerprint(self.source)
        if (found.size, found.sha256) != (saved.size, saved.sha256):
            message = f"{self.path} was changed since its import began"
            raise CommandFailed(message, _OTHERWISE, exit_code=MISUSED)
        return saved

    def require_not_begun(self, saved: Saved | None) -> None:
        """Raises :class:`CommandFailed`: a look now would forget which lines were refused."""
        if saved:
            message = f"{self.path} was checked and is on its way already"
            raise CommandFailed(message, _OTHERWISE, exit_code=MISUSED)

    def checked(self, *, check_only: bool, skip_bad: bool) -> Saved:
        """The first pass. Raises :class:`CommandFailed` for bad lines that are not to be left out,
        once they are told and written down."""
        found = fingerprint(self.source)
        first: list[str] = []
        with Rejected(self.path) as rejected:

            def reject(line: FileLine, problems: Sequence[str]) -> None:
                rejected.add(line, problems)
                if len(first) < _SHOWN:
                    first.append(f"line {line.number}: {'; '.join(problems)}")

            seen = self._look(found.size, reject)
        if seen.bad:
            left = seen.bad - len(first)
            more = [f"… and {left:,} more"] if left else []
            where = f"All of them are in {rejected.path}."
            told = f"{self.path} has {counted(seen.bad, 'bad line')} of {seen.orders:,}"
            if check_only or skip_bad:
                complain(told, *first, *more, where)
            else:
                hint = "Nothing was written; --skip-bad would bring in the others."
                raise CommandFailed(told, *first, *more, where, hint)
        return Saved(
            version=VERSION,
            shop_id=self.shop.id,
            table=self.at.settings.table_name,
            size=found.size,
            sha256=found.sha256,
            orders=seen.orders,
            bad=seen.bad,
            oldest=seen.oldest,
            rejected=rejected.size,
        )

    def know_bad_lines(self, saved: Saved) -> None:
        """Which lines the first pass of an earlier run left out."""
        if saved.bad:
            self._look(saved.size, _pass_over)

    def _look(self, size: int, reject: "_Reject") -> Checked:
        with progress("Checking", "byte", total=size) as step:
            return check(
                self.source,
                self.at.desk,
                self.shop,
                operator(),
                names=self.names,
                reject=reject,
                step=step,
            )

    # -- writing -----------------------------------------------------------------------------------

    def write(self, begun: Saved, *, jobs: int) -> Saved:
        """The second pass, from where ``begun`` came to. Raises :class:`CommandFailed` or
        :class:`typer.Exit` where it ends before its time; how far it came is saved then."""
        self.file.write(begun)
        stop = Stop()
        writer = Writer(
            self.at.desk, self.room, self.shop, operator(), stop, is_quiet=self.is_quiet
        )
        with Rejected(self.path, keep=begun.rejected) as rejected, stop.listening():
            mark = _Mark(begun, self.file, rejected)
            try:
                if begun.oldest is not None:
                    # Once for all of them.
                    self.room.prepare(begun.oldest)
                self._write(mark, writer, stop, jobs)
            except Stopped:
                self._end(mark, f"stopped after {mark}")
                raise typer.Exit(_EXIT_BY_SIGNAL + stop.signal) from None
            except BaseException:
                self._end(mark, f"broke off after {mark}")
                raise
        done = mark.at
        if done.counts.total + done.bad != done.orders:
            raise CommandFailed(f"{self.path} was changed while it was read: check what came of it")
        self.file.remove()
        return done

    def _write(self, mark: "_Mark", writer: Writer, stop: Stop, jobs: int) -> None:
        begun = mark.at
        wanted = begun.orders - begun.bad
        lines = (
            line
            for line in lines_of(self.source, after=begun.line, offset=begun.offset)
            if not line.is_blank and not self.names.is_bad(line.number)
        )
        with progress("Importing", "order", total=wanted, done=begun.counts.total) as step:

            def tick() -> None:
                mark.save()
                waiting = counted(writer.waiting, "job")
                step.say(f"{waiting} waiting for the table" if writer.waiting else "")

            for outcome in written(lines, writer.write, jobs=jobs, stop=stop, tick=tick):
                mark.pass_(outcome)
                step.advance()

    def _end(self, mark: "_Mark", told: str) -> None:
        mark.save(now=True)
        complain(told, f"The same command goes on from there, as {self.file.path} has it.")


class _Mark:
    """How far the second pass has come: saved every second or so."""

    def __init__(self, begun: Saved, file: ProgressFile, rejected: Rejected) -> None:
        self.at = begun
        self._file = file
        self._rejected = rejected
        self._seconds = begun.seconds
        self._began = self._saved = time.monotonic()

    def __str__(self) -> str:
        return f"{self.at.counts.total + self.at.bad:,} of {counted(self.at.orders, 'order')}"

    def pass_(self, outcome: Outcome) -> None:
        """This line and all before it are done."""
        counts = self.at.counts
        if outcome.problems:
            counts = replace(counts, refused=counts.refused + 1)
            self._rejected.add(outcome.line, outcome.problems)
        elif outcome.is_new:
            counts = replace(counts, new=counts.new + 1)
        else:
            counts = replace(counts, there=counts.there + 1)
        self.at = replace(
            self.at,
            line=outcome.line.number,
            offset=outcome.line.end,
            rejected=self._rejected.size,
            seconds=self._seconds + time.monotonic() - self._began,
            counts=counts,
        )
        self.save()

    def save(self, *, now: bool = False) -> None:
        if now or time.monotonic() - self._saved >= _SAVED_EVERY:
            self._file.write(self.at)
            self._saved = time.monotonic()


def _lay_out(at: Application, work: _Import) -> None:
    """Lay milestones and index numbers as soon as that is safe. Breaking it off is harmless."""
    desk, shop_id = at.desk, work.shop.id
    _tell("All orders are in. What follows makes them quick to find; Ctrl-C ends it.")
    try:
        until = work.room.held_until or desk.clock.now()
        left = max(0, round((until - desk.clock.now()).total_seconds())) + 1
        with progress("Waiting until all is settled", "second", total=left) as step:
            while desk.clock.now() <= until:
                time.sleep(1)
                step.advance()
        with progress("Laying milestones, indexing numbers") as step:
            lay_milestones(desk, shop_id)
            while index_numbers(desk, shop_id):
                step.advance()
    except (KeyboardInterrupt, OrderHubError, SegmentGone):
        _tell("The function on the table's stream does it as more orders come.")


# -- telling ---------------------------------------------------------------------------------------

_Reject = Callable[[FileLine, Sequence[str]], None]
_OTHERWISE: Final = "Give --restart to forget that; orders that are there already stay as they are."
_EXIT_BY_SIGNAL: Final = 128


def _tell(message: str) -> None:
    """Beside the answer, which may be JSON."""
    errors().print(visible(message), soft_wrap=True)


def _pass_over(_: FileLine, _problems: Sequence[str]) -> None:
    """For bad lines that were told before."""


def _resumed(saved: Saved) -> str:
    done = saved.counts.total + saved.bad
    return f"Going on: {done:,} of {counted(saved.orders, 'order')} are done already."


def _report_check(seen: Saved, file: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"file": str(file), "orders": seen.orders, "bad": seen.bad})
    elif not seen.bad:
        orders = counted(seen.orders, "order")
        print_done(f"{file}: {orders}, none of them bad. Nothing was written.")
    if seen.bad:
        raise typer.Exit(REFUSED)


def _report(done: Saved, file: Path, *, as_json: bool) -> None:
    counts, seconds = done.counts, max(done.seconds, 0.001)
    rate = counts.total / seconds
    if as_json:
        told = {
            "file": str(file),
            "orders": done.orders,
            "new": counts.new,
            "there": counts.there,
            "refused": counts.refused,
            "bad": done.bad,
            "seconds": round(seconds, 1),
            "orders_per_second": round(rate, 1),
        }
        print_json(told)
        return
    row = (done.orders, counts.new, counts.there, counts.refused + done.bad)
    print_table(
        f"Imported {file}",
        ("Orders", "New", "There already", "Refused", "Time", "Orders/s"),
        [(*(f"{count:,}" for count in row), _duration(seconds), f"{rate:,.0f}")],
        numeric=("Orders", "New", "There already", "Refused", "Time", "Orders/s"),
    )
    if counts.refused + done.bad:
        rejected = file.with_name(f"{file.name}.rejected")
        print_note(f"What was refused, and why, is in {rejected}.")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
