"""A cloud that fails: ``microburst`` between deployed functions and the AWS that they call.

It speaks the services' own wire formats, so that what the SDK makes of a failure (its second
attempt, its idempotency tokens, its timeouts) takes part. Beside errors it loses answers to calls
that happened, and lets calls happen after their caller has given up.
"""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import httpx

from local.cloud import free_port

ALIAS: Final = "live"
"""The alias of each function that everything calls it by."""

_START_SECONDS: Final = 20.0
_WARM_UP_SECONDS: Final = 60.0
_LONGEST_TRANSACTION: Final = 16
"""In items. DynamoDB gives a reason for each item, so there is a rule for each length."""

Effect = Mapping[str, Any]
"""What microburst does to a request, as its rules have it."""


class Fault(StrEnum):
    """What can happen to a call."""

    THROTTLING = "throttling"
    CONFLICT = "transaction conflicts"
    SERVER_ERROR = "internal server errors"
    LATENCY = "latency"
    OVERDUE = "calls that happened after their caller's time"
    RESET = "connection resets"
    LOST_ANSWER = "answers lost after the call"


@dataclass(frozen=True)
class _Choice:
    """One of several things that may happen to the same calls; ``weight`` against the others."""

    fault: Fault
    effects: Sequence[Effect]
    weight: float = 1.0


def _error(code: str, status: int, **fields: Any) -> Effect:
    error = {"code": code, "status": status}
    return {"error": {**error, **({"fields": fields} if fields else {})}}


def _cancelled(code: str) -> list[Effect]:
    """A transaction that DynamoDB gave up because of its first item, one rule for each length."""
    none = {"Code": "None"}
    return [
        {
            "body": f"length(TransactItems) == `{length}`",
            **_error(
                "TransactionCanceledException",
                400,
                CancellationReasons=[{"Code": code}, *[none] * (length - 1)],
            ),
        }
        for length in range(1, _LONGEST_TRANSACTION + 1)
    ]


_ON_THE_WAY: Final = (
    _Choice(Fault.LATENCY, [{"latency": {"min": 20, "max": 400}}]),
    # DynamoDB's and KMS's clients wait for two seconds.
    _Choice(Fault.OVERDUE, [{"latency": {"min": 2100, "max": 2500}}], weight=0.2),
    _Choice(Fault.RESET, [{"reset": True}]),
    _Choice(Fault.LOST_ANSWER, [{"response": {"abort_bytes": 0}}]),
)
_EXCEEDED: Final = "ProvisionedThroughputExceededException"
_TABLE: Final = (
    _Choice(Fault.SERVER_ERROR, [_error("InternalServerError", 500)]),
    *_ON_THE_WAY,
)
_READ: Final = (_Choice(Fault.THROTTLING, [_error(_EXCEEDED, 400)]), *_TABLE)
_WRITE: Final = (*_READ, _Choice(Fault.CONFLICT, [_error("TransactionConflictException", 400)]))
_TRANSACTION: Final = (
    _Choice(Fault.CONFLICT, _cancelled("TransactionConflict"), weight=2),
    _Choice(Fault.THROTTLING, _cancelled("ThrottlingError")),
    *_TABLE,
)
_CHOICES: Final[Mapping[tuple[str, str], Sequence[_Choice]]] = {
    **{("dynamodb", name): _READ for name in ("GetItem", "BatchGetItem", "Query")},
    **{("dynamodb", name): _WRITE for name in ("PutItem", "UpdateItem", "DeleteItem")},
    ("dynamodb", "TransactWriteItems"): _TRANSACTION,
    **{
        (service, operation): (
            _Choice(Fault.THROTTLING, [throttled]),
            _Choice(Fault.SERVER_ERROR, [_error(failed, 500)]),
            *_ON_THE_WAY,
        )
        for service, operation, throttled, failed in (
            ("events", "PutEvents", _error("ThrottlingException", 400), "InternalException"),
            ("kms", "Decrypt", _error("ThrottlingException", 400), "KMSInternalException"),
            ("sqs", "SendMessageBatch", _error("RequestThrottled", 403), "InternalError"),
            ("sqs", "ChangeMessageVisibility", _error("RequestThrottled", 403), "InternalError"),
        )
    },
}
"""By service and operation: what functions call."""


def _rules(rate: float) -> Iterator[tuple[Fault, dict[str, Any]]]:
    """Of each operation's calls so many meet a fault. Rules are tried in turn, each with a
    probability of its own, so a later one's is of the calls that the ones before let pass."""
    for (service, operation), choices in _CHOICES.items():
        total = sum(choice.weight for choice in choices)
        left = 1.0
        for choice in choices:
            share = rate * choice.weight / total
            for effect in choice.effects:
                match = {"service": service, "operation": operation, "probability": share / left}
                yield choice.fault, {**match, **effect}
            left -= share


class Storm:
    """The proxy, at ``url``. It lets everything pass until told otherwise."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._control = httpx.Client(base_url=f"{url}/_microburst", timeout=30)
        self._faults: dict[int, Fault] = {}
        self._counted: Counter[Fault] = Counter()

    def close(self) -> None:
        self._control.close()

    def rise(self, rate: float) -> None:
        """From now on each call has this chance to meet a fault; none with 0."""
        self._count()
        rules = list(_rules(rate)) if rate else []
        answer = self._control.post("/rules", json=[rule for _, rule in rules])
        answer.raise_for_status()
        made = zip(answer.json(), rules, strict=True)
        self._faults = {rule["id"]: fault for rule, (fault, _) in made}

    def injected(self) -> Counter[Fault]:
        """How many of each fault there were so far."""
        return self._counted + Counter(self._fired())

    @property
    def calls(self) -> int:
        """How many calls came by so far."""
        seen: int = self._control.get("/health").json()["requests_seen"]
        return seen

    def _count(self) -> None:
        self._counted.update(self._fired())

    def _fired(self) -> Iterable[Fault]:
        for rule in self._control.get("/rules").json():
            yield from [self._faults[rule["id"]]] * rule["fired_count"]


@contextmanager
def storm(endpoint_url: str) -> Iterator[Storm]:
    """A proxy in front of ``endpoint_url``, on a free port of loopback."""
    port = free_port()
    arguments = ["--upstream", endpoint_url, "--port", str(port), "--no-resign"]
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "microburst", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    made = Storm(f"http://127.0.0.1:{port}")
    try:
        _wait_for(made, process)
        _warm_up(made)
        yield made
    finally:
        made.close()
        process.terminate()
        process.wait()


def _wait_for(made: Storm, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            _ = made.calls
        except httpx.TransportError:
            assert process.poll() is None, "microburst stopped while starting"
            assert time.monotonic() < end, "microburst did not start"
            time.sleep(0.05)
        else:
            return


def _warm_up(made: Storm) -> None:
    """At its first request it reads the models of all services, for longer than clients wait."""
    for target in ("DynamoDB_20120810.ListTables", "AWSEvents.ListRules", "TrentService.ListKeys"):
        headers = {"x-amz-target": target}
        httpx.post(made.url, headers=headers, content=b"{}", timeout=_WARM_UP_SECONDS)


@contextmanager
def behind(functions: Any, names: Sequence[str], url: str) -> Iterator[None]:
    """Have these functions call AWS by way of ``url``. ``functions`` is a Lambda client.

    As an HTTP proxy, since they sign the name of the host that they call: the emulator checks that,
    and what they may do, as without one.
    """
    before = {
        name: functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        for name in names
    }
    released = {
        name: functions.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"]
        for name in names
    }
    made = {}
    try:
        for name, variables in before.items():
            _set_variables(functions, name, {**variables, "HTTP_PROXY": url})
            made[name] = functions.publish_version(FunctionName=name)["Version"]
            functions.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=made[name])
        yield
    finally:
        for name, variables in before.items():
            functions.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=released[name])
            _set_variables(functions, name, variables)
        for name, version in made.items():
            functions.delete_function(FunctionName=name, Qualifier=version)


def _set_variables(functions: Any, name: str, variables: Mapping[str, str]) -> None:
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": dict(variables)}
    )
