"""What a run of the tests tried, counted: crash points, schedules, requests.

Tests count with :func:`tried`; at its end the run prints the sums of all its processes
(``tests/conftest.py``), and ``docs/RELIABILITY.md`` quotes them.
"""

from collections import Counter

_counted: Counter[str] = Counter()


def tried(what: str, count: int = 1) -> None:
    """Count ``count`` more of ``what``, such as ``crash points, marketplace``."""
    _counted[what] += count


def counted() -> dict[str, int]:
    """What this process counted so far."""
    return dict(_counted)


def table(figures: dict[str, int]) -> list[str]:
    """One line for each figure."""
    return [f"{count:>12,}  {what}" for what, count in sorted(figures.items())]
