"""Requests made up from the API's own description, by Schemathesis.

It takes ``docs/openapi.json`` at its word: what the document allows must be taken, what it forbids
refused, and every answer be one that it describes. ``python -m tests.support.fuzz`` tries what
``make run`` has started.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[3]
DOCUMENT: Final = ROOT / "docs" / "openapi.json"
ALL_PHASES: Final = ("examples", "coverage", "fuzzing", "stateful")
KNOWN: Final = "ORDERHUB_FUZZ"
"""The environment variable by which the hooks are told a :class:`Target`, as JSON."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where the API is, who asks, and what is known to be there.

    ``ids`` are values by the names of parameters and of fields in bodies, however deep.
    """

    api_url: str
    marketplace: str
    brandcloud: str
    shoplazza: str
    youhaosuda: str
    youhaosuda_app: tuple[str, str]
    bricklink: tuple[str, str, str, str]
    ids: Mapping[str, Sequence[str | int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Tried:
    """``told`` is what Schemathesis prints, ``failures`` how many different ones it found."""

    requests: int
    operations: int
    failures: int
    told: str


def fuzz(
    target: Target,
    tag: str,
    *,
    examples: int,
    phases: Sequence[str] = ALL_PHASES,
    seed: int = 1,
) -> Tried:
    """Try the operations of one API, with up to ``examples`` requests of each in each phase that
    draws them."""
    with tempfile.TemporaryDirectory(prefix="orderhub-fuzz-") as folder:
        report = Path(folder) / "report.json"
        command = (
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
            *("--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
            *("run", str(DOCUMENT), "--url", target.api_url, "--include-tag", tag),
            *("--phases", ",".join(phases)),
            *("--max-examples", str(examples), "--seed", str(seed), "--continue-on-failure"),
            *("--report", "json", "--report-json-path", str(report)),
            *("--output-truncate", "false", "--no-color"),
        )
        done = subprocess.run(  # noqa: S603 - a command of our own
            command,
            cwd=folder,
            env={
                **os.environ,
                KNOWN: json.dumps(asdict(target)),
                "SCHEMATHESIS_HOOKS": "tests.support.fuzz.hooks",
                "PYTHONPATH": str(ROOT),
                **_credentials(target),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        told = done.stdout + done.stderr
        if not report.exists():
            raise RuntimeError(told)
        return _tried(json.loads(report.read_text(encoding="utf-8")), told, done.returncode)


def _credentials(target: Target) -> dict[str, str]:
    """As schemathesis.toml names them."""
    key, secret = target.youhaosuda_app
    return {
        "FUZZ_MARKETPLACE": target.marketplace,
        "FUZZ_BRANDCLOUD": target.brandcloud,
        "FUZZ_SHOPLAZZA": target.shoplazza,
        "FUZZ_YOUHAOSUDA": target.youhaosuda,
        "FUZZ_YOUHAOSUDA_KEY": key,
        "FUZZ_YOUHAOSUDA_SECRET": secret,
    }


def _tried(report: Mapping[str, Any], told: str, exit_code: int) -> Tried:
    cases, operations = report["test_cases"], report["operations"]
    # An error, such as a request that could not be made, has no failure of its own.
    failures = max(cases["unique_failures"], len(report["errors"]), 1 if exit_code else 0)
    return Tried(cases["generated"], operations["tested"], failures, told)
