"""Files of orders and of lines for ``orderhub order place`` and ``add-lines``: JSON, described for
people in docs/OPERATING.md.

A file is read to its end whatever is wrong with it, so that all of that can be told at once.
"""

import json
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from orderhub.domain.commands import Placement
from orderhub.domain.lines import LineRequest
from orderhub.domain.shop import Shop
from orderhub_cli.failures import MISUSED, CommandFailed
from orderhub_cli.interchange.entries import LineEntry, OrderEntry
from orderhub_cli.interchange.placing import Problems, line_of, placement_of, valid

STDIN: Final = Path("-")
_WHOLE: Final = "the file"


def read_order(file: Path, shop: Shop) -> Placement:
    """The order of a file (``-``: of stdin), to be placed at ``shop``.

    Raises :class:`CommandFailed` with every problem, each with the place where it is.
    """
    problems = Problems([])
    entry = valid(OrderEntry, _json(file), "", _WHOLE, problems)
    placement = placement_of(entry, shop, problems) if entry else None
    if placement is None or problems.found:
        raise _bad(file, problems.found)
    return placement


def read_lines(file: Path, currency: str) -> list[LineRequest]:
    """The lines of a file (``-``: of stdin), with prices in ``currency``.

    Raises :class:`CommandFailed` with every problem, each with the place where it is.
    """
    listed = _json(file)
    if not isinstance(listed, list) or not listed:
        raise CommandFailed(f"{file} is not a list of lines")
    problems = Problems([])
    entries = [
        valid(LineEntry, each, f"[{index}]", _WHOLE, problems) for index, each in enumerate(listed)
    ]
    lines = [
        line_of(entry, currency, f"[{index}]", problems)
        for index, entry in enumerate(entries)
        if entry
    ]
    if problems.found:
        raise _bad(file, problems.found)
    return lines


def _json(file: Path) -> Any:
    try:
        text = sys.stdin.read() if file == STDIN else file.read_text(encoding="utf-8")
        return json.loads(text, parse_float=Decimal)
    except OSError as error:
        raise CommandFailed(f"can't read {file}: {error.strerror}", exit_code=MISUSED) from None
    except (ValueError, RecursionError) as error:
        raise CommandFailed(f"{file} is not JSON: {error}") from None


def _bad(file: Path, problems: Sequence[str]) -> CommandFailed:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return CommandFailed(f"nothing was written, {file} has {count}:", *problems)
