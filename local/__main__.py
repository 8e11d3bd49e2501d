"""``python -m local``: what is behind ``make run``, ``stop``, ``logs``, ``deploy`` and others."""

from __future__ import annotations

import re
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape

from local import logs as log_stream
from local import project, release, smoke_report, stack_file
from local.cloud import LocalCloud
from local.console import Progress
from local.deployment import deploy
from local.errors import LocalError

app = typer.Typer(
    help="OrderHub on an AWS emulator on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Home = Annotated[Path, typer.Option(help="The folder that holds the local cloud's state and logs.")]
Port = Annotated[
    int | None,
    typer.Option(
        min=1, max=65535, help="The port on 127.0.0.1: the last one, or 4566, if not given."
    ),
]


@app.command()
def up(
    home: Home = project.HOME,
    port: Port = None,
    parameter: Annotated[
        list[str] | None, typer.Option(help="A template parameter, as NAME=VALUE.")
    ] = None,
) -> None:
    """Start the cloud, deploy the template if it changed, and leave it running."""
    parameters = {}
    for item in parameter or []:
        name, separator, value = item.partition("=")
        if not separator:
            raise LocalError(f"{item!r} is not of the form NAME=VALUE.")
        parameters[name] = value

    progress = Progress()
    cloud = LocalCloud(home, port)
    with cloud.exclusively(progress):
        started = cloud.start(progress)
        try:
            stack = deploy(cloud, parameters=parameters, progress=progress)
        except KeyboardInterrupt:
            # As it was before: a cloud that ran goes on running.
            if started:
                cloud.stop(progress)
            raise
    progress.note(f"OrderHub runs at [bold]{stack.api_url}[/]")


@app.command()
def stop(home: Home = project.HOME) -> None:
    """Stop the cloud, keeping its data."""
    progress = Progress()
    if not home.exists():
        progress.note("The local cloud is not running.")
        return
    cloud = LocalCloud(home)
    with cloud.exclusively(progress):
        if not cloud.stop(progress):
            progress.note("The local cloud is not running.")


@app.command()
def clean(home: Home = project.HOME) -> None:
    """Stop the cloud and forget its data."""
    progress = Progress()
    LocalCloud(home).clean(progress)
    progress.note("The local cloud and its data are gone.")


@app.command()
def status(home: Home = project.HOME) -> None:
    """Say whether the cloud runs, and where."""
    progress = Progress()
    cloud = LocalCloud(home)
    port = cloud.running_port()
    if port is None:
        progress.note("The local cloud is not running; `make run` starts it.")
        raise typer.Exit(1)
    progress.note(f"The local cloud runs on 127.0.0.1:{port}; its log is {cloud.log}")
    stack = stack_file.read(home)
    progress.note(f"The stack {stack['stack_name']} answers at [bold]{stack['api_url']}[/]")


@app.command()
def logs(
    home: Home = project.HOME,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on showing lines as they come.")
    ] = False,
    since: Annotated[str, typer.Option(help="How far back: 90s, 15m, 2h, 3d.")] = "15m",
    function: Annotated[str, typer.Option(help="Only functions with this in their name.")] = "",
    grep: Annotated[str, typer.Option(help="Only lines that match this expression.")] = "",
    errors: Annotated[bool, typer.Option("--errors", help="Only errors.")] = False,
    order: Annotated[str, typer.Option(help="Only lines about the order with this id.")] = "",
    correlation: Annotated[
        str, typer.Option(help="Only what follows from the request or the run with this id.")
    ] = "",
    platform: Annotated[
        bool, typer.Option("--platform", help="Also Lambda's START, END and REPORT lines.")
    ] = False,
) -> None:
    """Show what the functions log."""
    cloud = LocalCloud(home)
    if not cloud.is_running():
        raise LocalError("The local cloud is not running.", hint="`make run` starts it.")
    wanted = log_stream.Filter(
        function,
        grep,
        trouble_only=errors,
        platform=platform,
        order=order,
        correlation=correlation,
    )
    start = datetime.now(UTC) - _duration(since)
    stack_name = stack_file.read(home)["stack_name"]
    found = log_stream.lines(cloud, stack_name, since=start, follow=follow)
    log_stream.show(found, wanted, Console(highlight=False))


@app.command()
def build(
    env: Annotated[str, typer.Option(help="The environment of samconfig.toml to build for.")],
) -> None:
    """Build for a real account, into .aws-sam/build."""
    release.build_environment(env, Progress())


@app.command("deploy")
def deploy_to_account(
    env: Annotated[str, typer.Option(help="The environment of samconfig.toml to deploy.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nobody before the change is made.")
    ] = False,
) -> None:
    """Look at the account, build, deploy, and say what to do next."""
    release.release(env, confirmed=yes, progress=Progress())


@app.command("rollback")
def roll_back(
    env: Annotated[str, typer.Option(help="The environment of samconfig.toml to take back.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it, rather than say what it would do.")] = (
        False
    ),
) -> None:
    """Have every function run the version before the one that it runs, within seconds."""
    release.take_back(env, confirmed=yes, progress=Progress())


@app.command("smoke")
def smoke_test(
    home: Home = project.HOME,
    env: Annotated[
        str, typer.Option(help="An environment of samconfig.toml; the local stack if not given.")
    ] = "",
    url: Annotated[
        str, typer.Option(help="Where an API answers: then nothing but its answers is looked at.")
    ] = "",
    rounds: Annotated[int, typer.Option(min=1, help="How often to call each route.")] = 1,
) -> None:
    """Call every route of a deployed API as nobody, and look at what AWS says of its parts."""
    progress = Progress()
    well = True
    if not url:
        if env:
            url, troubles = smoke_report.of_environment(env)
        else:
            url, troubles = smoke_report.of_local_cloud(LocalCloud(home))
        well = smoke_report.tell_health(troubles, progress)
    if not (smoke_report.tell_answers(url, rounds, progress) and well):
        raise typer.Exit(1)


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if match is None:
        raise LocalError(f"{text!r} is not a duration such as 90s, 15m, 2h or 3d.")
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[match[2]]
    return timedelta(**{unit: int(match[1])})


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """Run a command; failures that a person can mend are a message, not a stack trace."""
    # make passes a termination on to us: leave things as tidy as after Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console(stderr=True, highlight=False)
    try:
        app()
    except LocalError as error:
        console.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        if error.hint:
            console.print(escape(error.hint), soft_wrap=True)
        sys.exit(1)
    except (BotoCoreError, ClientError) as error:
        console.print(f"[red]The local cloud failed: {escape(str(error))}[/]", soft_wrap=True)
        console.print("Its log is in .local/log/cloud.log; `make run` starts it again.")
        sys.exit(1)


if __name__ == "__main__":
    main()
