"""Times on the command line: ``2026-11-21T12:00:00Z``, or how long ago: ``2h``."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, overload

import typer

from orderhub_cli import durations
from orderhub_cli.arguments import moment, understood

Since = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="From this moment on: 2026-11-21T09:00:00Z, or 2h for ago."),
]
Until = Annotated[
    str | None, typer.Option(metavar="TIME", help="Up to this moment.", show_default="now")
]


@overload
def bounds(since: str, until: str | None) -> tuple[datetime, datetime | None]: ...
@overload
def bounds(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]: ...
def bounds(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """What ``--since`` and ``--until`` mean. Raises ``typer.BadParameter``."""
    first = None if since is None else understood("--since", lambda: moment_or_ago(since))
    last = None if until is None else understood("--until", lambda: moment_or_ago(until))
    if first is not None and last is not None and last < first:
        raise typer.BadParameter("it is before --since", param_hint="'--until'")
    return first, last


def moment_or_ago(text: str) -> datetime:
    """A time with a zone, or one so long ago. Raises ``ValueError``."""
    try:
        seconds = durations.seconds_in(text)
    except ValueError:
        return moment(text)
    if seconds is None:
        raise ValueError(f"{text!r} is not like 2026-11-21T12:00:00Z or 2h")
    try:
        return datetime.now(UTC) - timedelta(seconds=seconds)
    except OverflowError:
        raise ValueError(f"{text!r} is longer ago than there are dates") from None
