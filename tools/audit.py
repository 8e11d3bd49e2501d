"""Hold what ships against known vulnerabilities, with pip-audit.

::

    python -m tools.audit

The exit code is 1 when something that ships is known to be vulnerable, or when a part of it could
not be looked up. Where the service of vulnerabilities can't be reached at all, that is said, and
the exit code is 0: the pinned hashes and ``docs/LICENCES.md`` hold without it.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools.generators.licences import FOLDER, LAYERS

_SECONDS: Final = 300


@dataclass(frozen=True)
class Outcome:
    """What the service told of the packages of some lock files."""

    audited: frozenset[str]
    unknown: frozenset[str]
    """It could not tell of these."""
    vulnerable: tuple[str, ...]


def main() -> int:
    """The exit code."""
    reports: list[Mapping[str, Any]] = []
    for file in LAYERS:
        report = _audited(FOLDER / file)
        if report is None:
            return _unreachable()
        reports.append(report)
    outcome = judged(reports)
    if not outcome.audited:
        return _unreachable()
    for each in outcome.vulnerable:
        print(f"vulnerable: {each}")
    if outcome.unknown:
        print(f"not looked up: {', '.join(sorted(outcome.unknown))}")
    print(f"{len(outcome.audited)} packages held against known vulnerabilities.")
    return 1 if outcome.vulnerable or outcome.unknown else 0


def judged(reports: Iterable[Mapping[str, Any]]) -> Outcome:
    """What pip-audit's reports (``--format json``) say together."""
    audited, unknown, vulnerable = set(), set(), []
    for report in reports:
        for each in report["dependencies"]:
            if "skip_reason" in each:
                unknown.add(each["name"])
                continue
            audited.add(each["name"])
            vulnerable += [
                f"{each['name']} {each['version']}: {flaw['id']}, mended in"
                f" {', '.join(flaw['fix_versions']) or 'no version yet'}"
                for flaw in each["vulns"]
            ]
    return Outcome(frozenset(audited), frozenset(unknown), tuple(dict.fromkeys(vulnerable)))


def _audited(file: Path) -> Mapping[str, Any] | None:
    """pip-audit's report on a lock file; ``None`` where it got no answer."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(file)]
    options = ["--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    try:
        done = subprocess.run(
            [*command, *options, "--format", "json"],
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
        report: Mapping[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None
    return report


def _unreachable() -> int:
    print("The service of known vulnerabilities can't be reached from here: nothing was audited.")
    print("What ships is pinned by hashes all the same; docs/LICENCES.md lists it.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
