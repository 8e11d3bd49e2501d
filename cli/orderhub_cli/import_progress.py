"""How far the import of a file has come, in a small file beside it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from orderhub_cli.failures import MISUSED, CommandFailed

VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Of orders: those that were made, those that were there, those that were refused when they
    were to be written."""

    new: int = 0
    there: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        return self.new + self.there + self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """``size`` and ``sha256`` are the file's, ``orders`` how many lines of it are not blank,
    ``bad`` how many of these are left out, ``oldest`` the smallest id that one of the others can
    have.

    All up to ``line``, which ends at byte ``offset``, is done and came to ``counts``; the file of
    rejected lines had ``rejected`` bytes then. ``seconds`` is what it took so far.
    """

    version: int
    shop_id: str
    table: str
    size: int
    sha256: str
    orders: int
    bad: int
    oldest: int | None
    line: int = 0
    offset: int = 0
    rejected: int = 0
    seconds: float = 0.0
    counts: Counts = Counts()


class ProgressFile:
    """``FILE.progress``, beside the file of orders."""

    def __init__(self, orders: Path) -> None:
        self.path = orders.with_name(f"{orders.name}.progress")

    def read(self) -> Saved | None:
        """What was saved; ``None`` where nothing was. Raises :class:`CommandFailed`."""
        try:
            saved = msgspec.json.decode(self.path.read_bytes(), type=Saved)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError):
            message = f"{self.path} can't be read: give --restart to begin anew"
            raise CommandFailed(message, exit_code=MISUSED) from None
        if saved.version != VERSION:
            message = f"{self.path} is of another version: give --restart to begin anew"
            raise CommandFailed(message, exit_code=MISUSED)
        return saved

    def write(self, saved: Saved) -> None:
        """At once, or not at all. Raises :class:`CommandFailed`."""
        new = self.path.with_name(f"{self.path.name}.new")
        try:
            with new.open("wb") as file:
                file.write(msgspec.json.encode(saved))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        except OSError as error:
            raise CommandFailed(f"can't write {self.path}: {error.strerror}") from None

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
