"""What goes wrong, in one red line on stderr and an exit code. A traceback means a fault of ours.

======  ============================================================
code    means
======  ============================================================
0       done
1       what was asked for is not there, or was refused
2       the command was not understood: an option, a value, no table
130     interrupted, by Ctrl-C
======  ============================================================
"""

import sys
from typing import Any, Final

import typer
from typer.core import TyperGroup

from orderhub.domain.errors import (
    AmbiguousReference,
    InvalidField,
    NotFound,
    OrderHubError,
    Unavailable,
)
from orderhub_cli.aws_failures import explained
from orderhub_cli.console import errors, visible

REFUSED: Final = 1
MISUSED: Final = 2


class CommandFailed(Exception):
    """A command that can't go on. ``lines`` tell why, the first one in short."""

    def __init__(self, *lines: str, exit_code: int = REFUSED) -> None:
        super().__init__(*lines)
        self.lines = lines
        self.exit_code = exit_code


class Commands(TyperGroup):
    """The root of all commands, where every failure ends."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run and exit, as :meth:`TyperGroup.main` does, with failures told in our way."""
        extra["standalone_mode"] = False
        try:
            outcome = super().main(*args, **extra)
        except Exception as error:
            told = _told(error)
            if told is None:
                raise
            lines, outcome = told
            if lines:
                complain(*lines)
        except typer.Abort:
            outcome = REFUSED
        sys.exit(outcome if isinstance(outcome, int) else 0)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what AWS has against it is told with the table in mind."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            where = getattr(ctx.obj, "where", None)
            told = None if _is_in_words(error) else explained(error, where)
            if told is None:
                raise
            raise CommandFailed(told) from error


def _is_in_words(error: Exception) -> bool:
    """Whether nothing of AWS's can be behind it that is worth more than what it says."""
    return isinstance(error, OrderHubError) and not isinstance(error, Unavailable)


def complain(first: str, *more: str) -> None:
    """Write one red line to stderr, and what else there is to say below it."""
    console = errors()
    console.print(f"Error: {visible(first)}", style="bold red", soft_wrap=True)
    for line in more:
        console.print(f"  {visible(line)}", style="red", soft_wrap=True)


def in_words(error: OrderHubError) -> str:
    """One line for a person."""
    if isinstance(error, AmbiguousReference):
        return f"several orders answer to {error.identifier}; ask for one by its id or number"
    if isinstance(error, NotFound):
        return f"{error.kind.replace('_', ' ')} {error.identifier} does not exist"
    if isinstance(error, InvalidField):
        return f"{error.field}: {reason_in_words(error)}"
    if isinstance(error, Unavailable) and error.__cause__:
        return f"{error} ({error.__cause__})"
    return str(error)


def reason_in_words(error: InvalidField) -> str:
    """Why a value can't be taken, without the field's name."""
    if str(error) == f"{error.field}: {error.reason}":
        return error.reason.replace("_", " ")
    return str(error)


def _told(error: Exception) -> tuple[tuple[str, ...], int] | None:
    """The lines to say and the exit code; ``None`` for what is a fault in the program."""
    if isinstance(error, CommandFailed):
        return error.lines, error.exit_code
    if isinstance(error, OrderHubError):
        return (in_words(error),), REFUSED
    if isinstance(error, typer.TyperException):
        return _misuse(error), error.exit_code
    return None


def _misuse(error: typer.TyperException) -> tuple[str, ...]:
    if type(error).__name__ == "NoArgsIsHelpError":  # the help was shown instead
        return ()
    message = error.format_message().rstrip(".").removeprefix("Invalid value: ")
    message = " ".join(message.replace("Value error, ", "").split())
    context = getattr(error, "ctx", None)
    message = message if message.endswith("?") else f"{message}."
    return (f"{message} See '{context.command_path} --help'." if context else message,)
