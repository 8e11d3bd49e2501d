"""The file that an export writes: whole when it has its name, and until then one that can be gone
on with.

``FILE.part`` has the orders so far, and ``FILE.part.json`` says of which export they are.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from orderhub_cli.failures import MISUSED, CommandFailed

_BLOCK: Final = 1024 * 1024
_PRIVATE: Final = 0o600
"""What is in them is about people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which orders were asked for, in the words of the command."""

    table: str
    shop_id: str
    since: str | None = None
    until: str | None = None
    wire: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    order_id: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An export under way: the ids that its orders are between, as they were when it began, and
    what it couldn't read so far."""

    asked: Asked
    after_id: int
    before_id: int | None
    passed_over: tuple[PassedOver, ...] = ()


class _Numbered(msgspec.Struct):
    id: int


class ExportFile:
    """One that is being written: :func:`opened` gives it.

    ``begun`` is what it is of, ``orders`` how many the part has so far, ``last_id`` the last one of
    them when it was opened, 0 without any.
    """

    def __init__(self, path: Path, part: BinaryIO, begun: Begun) -> None:
        self._paths = _Paths(path)
        self._part = part
        self.begun = begun
        self.orders = _lines_in(part)
        self.last_id = _last_id(part, self._paths)
        part.seek(0, os.SEEK_END)
        self._save()

    def write(self, line: bytes) -> None:
        """Add an order. Raises ``OSError``."""
        self._part.write(line)
        self.orders += 1

    def pass_over(self, order_id: int, why: str) -> None:
        """Remember an order that can't be read, for the end of the export. Raises ``OSError``."""
        others = (each for each in self.begun.passed_over if each.order_id != order_id)
        passed_over = (*others, PassedOver(order_id=order_id, why=why))
        self.begun = replace(self.begun, passed_over=passed_over)
        self._save()

    def finish(self) -> None:
        """Give the file its name: it is whole. Raises ``OSError``."""
        self._part.flush()
        os.fsync(self._part.fileno())
        self._paths.part.replace(self._paths.whole)
        self._paths.begun.unlink(missing_ok=True)

    def _save(self) -> None:
        new = self._paths.begun.with_name(f"{self._paths.begun.name}.new")
        new.write_bytes(msgspec.json.encode(self.begun))
        new.replace(self._paths.begun)


class _Paths:
    def __init__(self, whole: Path) -> None:
        self.whole = whole
        self.part = whole.with_name(f"{whole.name}.part")
        self.begun = whole.with_name(f"{whole.name}.part.json")


@contextmanager
def opened(path: Path, begin: Begun, *, restart: bool) -> Iterator[ExportFile]:
    """Begin an export, or go on with what one of the same has begun, while no other command does.

    Raises :class:`CommandFailed`, also for what the disk has against it inside of the block.
    """
    paths = _Paths(path)
    try:
        descriptor = os.open(paths.part, os.O_RDWR | os.O_CREAT, _PRIVATE)
        with os.fdopen(descriptor, "r+b") as part:
            _lock(part, paths)
            if restart:
                part.truncate(0)
            yield ExportFile(path, part, _known(begin, part, paths))
    except OSError as error:
        message = f"can't write {error.filename or paths.part}: {error.strerror}"
        raise CommandFailed(message, exit_code=MISUSED) from None


def _lock(part: BinaryIO, paths: _Paths) -> None:
    try:
        fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        message = f"{paths.part} is being written by another command just now"
        raise CommandFailed(message, exit_code=MISUSED) from None
    except OSError:
        pass  # a file system without locks


def _known(begin: Begun, part: BinaryIO, paths: _Paths) -> Begun:
    """What was begun before, if it is the same; else ``begin``."""
    if not os.fstat(part.fileno()).st_size:
        return begin
    try:
        known = msgspec.json.decode(paths.begun.read_bytes(), type=Begun)
    except (FileNotFoundError, msgspec.MsgspecError):
        known = None
    if known is None or known.asked != begin.asked:
        message = f"{paths.part} is of another export: give --restart to begin anew"
        raise CommandFailed(message, exit_code=MISUSED)
    return known


def _last_id(part: BinaryIO, paths: _Paths) -> int:
    """The id of the last whole line, 0 without any. What is behind that is cut off."""
    end = _behind_newline(part, os.fstat(part.fileno()).st_size)
    part.truncate(end)
    if not end:
        return 0
    start = _behind_newline(part, end - 1)
    part.seek(start)
    try:
        return msgspec.json.decode(part.read(end - start), type=_Numbered).id
    except msgspec.MsgspecError:
        message = f"{paths.part} is damaged: give --restart to begin anew"
        raise CommandFailed(message, exit_code=MISUSED) from None


def _lines_in(file: BinaryIO) -> int:
    file.seek(0)
    return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))


def _behind_newline(file: BinaryIO, end: int) -> int:
    """Where the last line's end before ``end`` is over; 0 if there is none."""
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
