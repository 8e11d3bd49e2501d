"""The file of lines that could not be brought in, one JSON object each: ``line`` is its number,
``problems`` all that is wrong with it, ``raw`` the line itself."""

import base64
import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from orderhub_cli.failures import CommandFailed
from orderhub_cli.import_lines import FileLine

_EXCERPT: Final = 1_000


class Rejected:
    """``FILE.rejected``, made when there is something to write, and for its owner alone: lines hold
    what customers told. ``keep`` is how many bytes of an earlier run's stay."""

    def __init__(self, orders: Path, *, keep: int = 0) -> None:
        self.path = orders.with_name(f"{orders.name}.rejected")
        self._keep = keep
        self._size = keep
        self._file = -1

    def __enter__(self) -> Self:
        if self._keep and self.path.exists():
            self._keep = self._size = min(self._keep, self.path.stat().st_size)
            self._open()
        else:
            self._keep = self._size = 0
            self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file >= 0:
            os.close(self._file)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self._size

    def add(self, line: FileLine, problems: Sequence[str]) -> None:
        """Raises :class:`CommandFailed` where it can't be written."""
        told = {"line": line.number, "problems": list(problems), **_raw(line)}
        text = json.dumps(told, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"
        if self._file < 0:
            self._open()
        try:
            while text:
                written = os.write(self._file, text)
                self._size += written
                text = text[written:]
        except OSError as error:
            raise CommandFailed(f"can't write {self.path}: {error.strerror}") from None

    def _open(self) -> None:
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
            os.ftruncate(self._file, self._keep)
            os.lseek(self._file, self._keep, os.SEEK_SET)
        except OSError as error:
            raise CommandFailed(f"can't write {self.path}: {error.strerror}") from None


def _raw(line: FileLine) -> dict[str, object]:
    if line.is_too_long:
        return {"raw": line.text[:_EXCERPT].decode(errors="replace"), "cut": True}
    try:
        return {"raw": line.text.decode()}
    except UnicodeDecodeError:
        return {"raw_base64": base64.b64encode(line.text).decode()}
