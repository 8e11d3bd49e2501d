"""Every operation that a function has, run on an emulated cloud: what it asks, and what it costs.

Each is run twice, on an event of its own each time: in a function that has just started, which
still has to find out whose a credential is, and in one that has answered before.
"""

import importlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import costs
from benchmarks.child import Context
from benchmarks.costs import Cost
from benchmarks.emulated import EmulatedCloud, Exchange
from benchmarks.requests import OPERATIONS, Operation
from benchmarks.shop import BenchShop
from orderhub import bootstrap

RECORDED: Final = Path(__file__).with_name("operations.json")
"""The figures that the documents show."""


@dataclass(frozen=True)
class Recording:
    """An operation as it ran, for :mod:`benchmarks.null_server` to play again."""

    operation: Operation
    first_event: dict[str, Any]
    event: dict[str, Any]
    first_exchanges: list[Exchange]
    exchanges: list[Exchange]
    cost: Cost


@dataclass(frozen=True)
class Run:
    """All recordings of one emulated cloud."""

    recordings: list[Recording]
    environment: Mapping[str, str]
    """Of the functions."""
    port: int
    """Where the cloud was, and where what it answered must be played again: URLs name it."""


def record(text: str = "") -> Run:
    """Run the operations with this in their names."""
    chosen = [each for each in OPERATIONS if text in each.name]
    with EmulatedCloud() as cloud, _silence():
        shop = BenchShop()
        recordings = [_recording(operation, shop, cloud) for operation in chosen]
        return Run(recordings, shop.environment, cloud.port)


@contextmanager
def _silence() -> Iterator[None]:
    """Handlers log a line each."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield


def _recording(operation: Operation, shop: BenchShop, cloud: EmulatedCloud) -> Recording:
    first_event = operation.event(shop)
    bootstrap.application.cache_clear()
    with cloud.recording() as (first_exchanges, _):
        _answer(operation, first_event)
    event = operation.event(shop)
    with cloud.recording() as (exchanges, meter):
        _answer(operation, event)
    return Recording(
        operation=operation,
        first_event=first_event,
        event=event,
        first_exchanges=first_exchanges,
        exchanges=exchanges,
        cost=Cost.of(operation.name, meter),
    )


def _answer(operation: Operation, event: dict[str, Any]) -> None:
    module = importlib.import_module(f"functions.{operation.function.replace('/', '.')}.app")
    answer = module.handler(event, Context)
    status = answer.get("statusCode") if isinstance(answer, dict) else None
    if status != operation.status:
        raise RuntimeError(f"{operation.name} was answered {answer}")


def recorded() -> list[Cost]:
    """The costs that the documents show."""
    return costs.read(RECORDED)


def record_costs(measured: Sequence[Cost]) -> None:
    """Have the documents show these."""
    costs.write(RECORDED, measured)
