"""Keep what a run of the tests counted, for ``docs/RELIABILITY.md``.

Every run prints its figures under "tried" and leaves them in ``.local/figures.json``. After a whole
run::

    python -m tools.figures test       # make test
    python -m tools.figures torture    # make torture
    python -m tools.docs
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
COUNTED: Final = ROOT / ".local" / "figures.json"
KEPT: Final = ROOT / "tests" / "figures.json"
MANY: Final = 10
RUNS: Final = ("test", "torture")

Figures = dict[str, int]


def kept() -> dict[str, Figures]:
    """By run."""
    found: dict[str, Figures] = json.loads(KEPT.read_text(encoding="utf-8"))
    return found


def keep(run: str, counted: Figures) -> None:
    """Replace what was kept of a run."""
    known = kept() if KEPT.exists() else {}
    known[run] = counted
    KEPT.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def condensed(figures: Mapping[str, int]) -> Figures:
    """With one sum for each of what has many parts, such as all pairs of racing requests."""
    parts: defaultdict[str, list[int]] = defaultdict(list)
    for name, count in figures.items():
        parts[name.partition(", ")[0]].append(count)
    shown: Figures = {}
    for name, count in figures.items():
        what = name.partition(", ")[0]
        if len(parts[what]) > MANY:
            shown[f"{what} (of {len(parts[what])} kinds)"] = sum(parts[what])
        else:
            shown[name] = count
    return shown


def main() -> None:
    """Keep the figures of the last run."""
    parser = argparse.ArgumentParser(prog="python -m tools.figures")
    parser.add_argument("run", choices=RUNS)
    keep(parser.parse_args().run, json.loads(COUNTED.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
