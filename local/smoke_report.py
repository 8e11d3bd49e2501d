"""``make smoke``: which stack is looked at, and what a person is told of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.markup import escape

from local import account, environments, health, smoke, stack_file
from local.account import Clients
from local.cloud import LocalCloud
from local.console import Progress
from local.errors import LocalError
from local.release import session_of

_SLOWEST = 3


def of_environment(name: str) -> tuple[str, Iterator[str]]:
    """Where a deployed environment answers, and what AWS says is wrong with it."""
    environment = environments.read(name)
    session = session_of(environment)
    account.caller_of(session)
    clients: Clients = session.client  # type: ignore[assignment]
    stack = account.find_stack(environment.stack_name, clients)
    if stack is None:
        raise LocalError(
            f"There is no stack {environment.stack_name} in this account and region.",
            hint=f"make deploy ENV={name}",
        )
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    return outputs["ApiUrl"], health.troubles(environment.stack_name, clients)


def of_local_cloud(cloud: LocalCloud) -> tuple[str, Iterator[str]]:
    """The same of the stack on this machine."""
    if not cloud.is_running():
        raise LocalError(
            "The local cloud is not running.",
            hint="`make run` starts it; `make smoke ENV=prod` looks at a deployed stack.",
        )
    stack = stack_file.read(cloud.home)
    clients: Clients = cloud.client  # type: ignore[assignment]
    return stack["api_url"], health.troubles(stack["stack_name"], clients)


def tell_health(troubles: Iterable[str], progress: Progress) -> bool:
    """Show what is wrong with the parts of a stack; return whether nothing is."""
    found = list(troubles)
    for trouble in found:
        progress.note(f"[red]✗[/] {escape(trouble)}")
    if not found:
        progress.note("[green]✓[/] Streams, queues and schedules are on, and no alarm rings.")
    return not found


def tell_answers(url: str, rounds: int, progress: Progress) -> bool:
    """Call every route, show which are not well, and return whether all are."""
    document = smoke.read_document()
    with progress.step(f"Calling every route of {url} as nobody"):
        answers = list(smoke.ask(url, document, rounds=rounds))
    bad = [answer for answer in answers if answer.problem]
    for answer in bad:
        progress.note(f"[red]✗[/] {escape(answer.route.key)} {escape(answer.problem)}")
    slow = ", ".join(
        f"{answer.route.key} {answer.milliseconds:.0f} ms"
        for answer in smoke.slowest(answers, _SLOWEST)
    )
    well = len(answers) - len(bad)
    progress.note(f"{well} of {len(answers)} answers were right. Slowest: {escape(slow)}")
    return not bad
