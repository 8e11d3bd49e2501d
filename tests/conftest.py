"""Fixtures that every level of tests may use."""

import json
import os
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

# Before anything imports boto3: tests never reach a real account.
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="eu-central-1",
    POWERTOOLS_SERVICE_NAME="orderhub",
    POWERTOOLS_DEV="false",
    # Deployed functions sign in Python; the native library is here for SAM's sake, and slower.
    BOTO_DISABLE_CRT="true",
)
os.environ.pop("AWS_PROFILE", None)

import pytest
from httpx._transports import default as transports

from tests.support import figures

pytest_plugins = ["tests.support.silence"]

# Each httpx client would read all authorities' certificates, which takes longer than its requests.
transports.create_ssl_context = cache(transports.create_ssl_context)  # type: ignore[attr-defined]

_of_workers: Counter[str] = Counter()
FIGURES = Path(__file__).parents[1] / ".local" / "figures.json"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of xdist hands what it counted to the process that it works for."""
    if output := getattr(session.config, "workeroutput", None):
        output["figures"] = json.dumps(figures.counted())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    _of_workers.update(json.loads(getattr(node, "workeroutput", {}).get("figures", "{}")))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The figures that ``docs/RELIABILITY.md`` quotes, of this run."""
    sums = dict(_of_workers + Counter(figures.counted()))
    if not sums:
        return
    terminalreporter.section("tried")
    for line in figures.table(sums):
        terminalreporter.write_line(line)
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps(sums, indent=2, sort_keys=True) + "\n", encoding="utf-8")
