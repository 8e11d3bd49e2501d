"""``docs/RELIABILITY.md``: its text stands beside this module, its figures are those of runs."""

from pathlib import Path
from typing import Final

from tools import figures

_TEXT: Final = Path(__file__).with_name("reliability.md")
_PLACE: Final = "<!-- figures -->"


def generate() -> str:
    """The document."""
    return _TEXT.read_text(encoding="utf-8").replace(_PLACE, _table())


def _table() -> str:
    kept = figures.kept()
    runs = [figures.condensed(kept.get(run, {})) for run in figures.RUNS]
    lines = ["| tried | `make test` | `make torture` |", "| --- | ---: | ---: |"]
    for what in sorted({what for run in runs for what in run}):
        cells = (_cell(run.get(what)) for run in runs)
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(figure: int | None) -> str:
    return "" if figure is None else f"{figure:,}"
