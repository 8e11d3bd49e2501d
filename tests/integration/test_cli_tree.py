"""Every command there is: its help, its examples, and those in the documents."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from orderhub_cli.main import app
from tests.support.table import ROOT

DOCUMENTS = (
    "README.md",
    *(
        f"docs/{name}.md"
        for name in ("OPERATING", "WEBHOOKS", "PAYMENTS", "RESTORE", "RUNBOOK", "DEPLOY")
    ),
)


def root() -> Any:
    return typer.main.get_command(app)


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All commands below ``group`` that do something, with their words."""
    for name, listed in group.commands.items():
        command = getattr(listed, "real", listed)
        if isinstance(command, TyperGroup):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands(root()))


def parsed(line: str) -> tuple[str, ...]:
    """The words of the command that a line calls, all of whose arguments it understands."""
    line = re.sub(r"<[^<>\n]+>", "111", line)  # what a reader puts in
    words = shlex.split(re.split(r" [|<>] | [|<>]$| #", line)[0])
    context = root().make_context(words[0], words[1:])
    path: list[str] = []
    while isinstance(context.command, TyperGroup):
        rest = [*context._protected_args, *context.args]
        name, command, rest = context.command.resolve_command(context, rest)
        assert name
        assert command
        path.append(name)
        context = command.make_context(name, rest, parent=context)
    return tuple(path)


def examples_of(command: Any) -> list[str]:
    return [line for line in command.epilog.splitlines() if line.startswith("orderhub ")]


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_says_what_it_does_has_examples_that_work_and_answers_in_json(
    path: tuple[str, ...],
) -> None:
    command = ALL[path]
    options = {name for param in command.params for name in param.opts}

    assert command.help
    assert "--json" in options
    assert examples_of(command)
    for line in examples_of(command):
        assert parsed(line) == path, line


def test_every_option_says_what_it_is_for_unless_its_name_does() -> None:
    spoken_for = {"--city", "--country", "--district", "--email", "--phone", "--province"}
    spoken_for |= {"--full-name", "--given-name", "--family-name", "--line1", "--line2"}
    spoken_for |= {"--province-code", "--country-code", "--postal-code"}
    silent = {
        (*path, name)
        for path, command in ALL.items()
        for param in command.params
        for name in param.opts
        if name.startswith("--") and not param.help and name not in spoken_for
    }

    assert not silent


def test_lists_of_commands_say_the_same_as_the_commands() -> None:
    """A group's line in the first list is written apart from the group."""
    for listed in root().commands.values():
        assert listed.help
        assert listed.real.help
        assert isinstance(listed.real, TyperGroup) or listed.real.epilog


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_call_in_the_documents_is_understood(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    calls = [
        line.removeprefix("./").strip()
        for block in re.findall(
            r"^ *```(?:sh|bash|console)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE
        )
        for line in block.replace("\\\n", " ").splitlines()
        if line.strip().startswith("./orderhub ")
    ]

    for call in calls:
        assert parsed(call.removesuffix("…")) in ALL, call


def test_every_command_is_shown_in_the_handbook() -> None:
    handbook = (ROOT / "docs" / "OPERATING.md").read_text(encoding="utf-8")

    missing = [" ".join(path) for path in ALL if f"./orderhub {' '.join(path)}" not in handbook]

    assert not missing


def test_help_waits_for_nothing_that_commands_need() -> None:
    program = (
        "import sys\n"
        "from orderhub_cli.main import app\n"
        "try:\n"
        "    app(['--help'])\n"
        "finally:\n"
        "    slow = {'botocore', 'pydantic', 'cryptography', 'orderhub_cli.orders'}\n"
        "    print(sorted(slow & sys.modules.keys()), file=sys.stderr)\n"
    )

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert done.stderr.strip() == "[]"
