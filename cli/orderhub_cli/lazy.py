"""Commands whose modules are read when they are run: ``--help`` and each other command need not
wait for what this one imports."""

from functools import cached_property
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand
from typer.main import get_command_from_info, get_group


class Later(TyperCommand):
    """Stands in lists of commands for what the ``app`` of ``module`` has: a group of commands, or
    a single one."""

    def __init__(self, name: str, module: str, help_text: str, panel: str) -> None:
        super().__init__(name, help=help_text, rich_help_panel=panel)
        self._module = module

    @cached_property
    def real(self) -> Any:
        """The command itself."""
        app: typer.Typer = import_module(self._module).app
        app.rich_markup_mode = "markdown"
        if len(app.registered_commands) == 1 and not app.registered_groups:
            command: Any = get_command_from_info(
                app.registered_commands[0],
                pretty_exceptions_short=app.pretty_exceptions_short,
                rich_markup_mode=app.rich_markup_mode,
            )
        else:
            command = get_group(app)
        command.name = self.name
        return command

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """That of the command itself."""
        return self.real.make_context(*args, **extra)
