"""The lines of a file of orders, one after the other, whatever is in it."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from orderhub_cli.failures import MISUSED, CommandFailed

LONGEST_LINE: Final = 8 * 1024 * 1024
"""Bytes. The largest order that the table takes is half of that."""

_PIECE: Final = 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class FileLine:
    """``number`` counts from 1, ``end`` is where the next line begins, in bytes. ``text`` is
    without the line's end; of a line that ``is_too_long`` it is the beginning."""

    number: int
    end: int
    text: bytes
    is_too_long: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in it."""
        return not self.text.strip()


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells a file from another, and from itself before it was changed."""

    size: int
    sha256: str


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file, while nobody else brings in its orders. Raises :class:`CommandFailed`."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise CommandFailed(f"can't read {path}: {error.strerror}", exit_code=MISUSED) from None
    with file:
        if not file.seekable():
            message = f"{path} is no file: it is read twice, and again when work is resumed"
            raise CommandFailed(message, exit_code=MISUSED)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"{path} is being imported by another command just now"
            raise CommandFailed(message, exit_code=MISUSED) from None
        except OSError:
            pass  # a file system without locks
        yield file


def lines_of(file: BinaryIO, *, after: int = 0, offset: int = 0) -> Iterator[FileLine]:
    """The lines from ``offset`` on, which is behind line ``after``. Never more than one of them is
    in memory, and of that no more than :data:`LONGEST_LINE`."""
    file.seek(offset)
    number, end = after, offset
    while text := file.readline(LONGEST_LINE + 1):
        number += 1
        end += len(text)
        is_too_long = len(text) > LONGEST_LINE
        rest = text
        while is_too_long and rest and not rest.endswith(b"\n"):
            rest = file.readline(_PIECE)
            end += len(rest)
        if number == 1:
            text = text.removeprefix(_BOM)
        yield FileLine(number, end, text.rstrip(b"\r\n"), is_too_long)


def fingerprint(file: BinaryIO) -> Fingerprint:
    """Of all that is in ``file``: it is read once."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    return Fingerprint(os.fstat(file.fileno()).st_size, digest)
