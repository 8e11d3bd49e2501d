"""``.local/stack.json``: how to reach the running stack, for the operator's CLI and for people."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.errors import LocalError

NAME = "stack.json"


def read(home: Path) -> dict[str, Any]:
    """Return what the file says.

    Raises:
        LocalError: there is no stack.
    """
    try:
        content: dict[str, Any] = json.loads((home / NAME).read_text())
    except FileNotFoundError:
        raise LocalError("There is no local stack.", hint="`make run` makes one.") from None
    return content


def update(home: Path, **values: Any) -> dict[str, Any]:
    """Set some of the file's keys, keep the others (the demo's), and return it all.

    The file holds credentials of the emulator only, yet nobody else needs to read it.
    """
    try:
        content = read(home)
    except LocalError:
        content = {}
    content.update(values)
    _write(home / NAME, content)
    return content


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Replace the file at once, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{NAME}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
