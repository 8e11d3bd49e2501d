"""What a document tells its reader to type, run as they would: block after block, in one shell.

Blocks of ``sh`` and ``python`` run in their order. A block of ``json`` shows what the one before it
answers: each of its values must be in the last JSON that was printed, ``…`` stands for any.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

_MARK = "---- next ----"


@dataclass(frozen=True)
class Block:
    """A fenced block of a document. ``line`` is where it begins, from 1."""

    language: str
    text: str
    line: int


def blocks(document: Path) -> list[Block]:
    """All fenced blocks that have a language."""
    tokens = MarkdownIt().parse(document.read_text(encoding="utf-8"))
    return [
        Block(token.info.strip(), token.content, token.map[0] + 1)
        for token in tokens
        if token.type == "fence" and token.info.strip() and token.map
    ]


def run(document: Path, folder: Path, *, without: Sequence[Block] = ()) -> dict[int, str]:
    """Run a document's blocks, but for some, in a folder; what each printed, by its line.

    Raises:
        AssertionError: a command failed, or an answer isn't the one that the document shows.
    """
    to_run = [
        each
        for each in blocks(document)
        if each.language in ("sh", "python") and each not in without
    ]
    parts = [
        (f"{document.name}, from line {each.line} on", _commands(each, folder)) for each in to_run
    ]
    answers = _run(parts, folder)
    printed = {each.line: answer for each, answer in zip(to_run, answers, strict=True)}
    _hold_answers(document, printed)
    return printed


def run_lines(lines: Sequence[str], folder: Path) -> list[str]:
    """Run lines in one shell; what each printed. A request that is refused is a failure.

    Raises:
        AssertionError: a line failed.
    """
    strict = 'curl() { command curl --silent --show-error --fail-with-body "$@"; }\n'
    return _run([(line, f"{strict}{line}\n") for line in lines], folder)


def _run(parts: Sequence[tuple[str, str]], folder: Path) -> list[str]:
    """Run parts of a script, each with what to call it; what each printed."""
    script = "set -euo pipefail\n" + "".join(f"echo; echo '{_MARK}'\n{part}" for _, part in parts)
    done = subprocess.run(  # noqa: S603
        ["bash", "-c", script],  # noqa: S607
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    _, *printed = done.stdout.split(f"{_MARK}\n")
    name = parts[max(len(printed) - 1, 0)][0]
    assert done.returncode == 0, f"{name}: {done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return printed


def _commands(block: Block, folder: Path) -> str:
    if block.language == "sh":
        return block.text
    program = folder / f"block-{block.line}.py"
    program.write_text(block.text, encoding="utf-8")
    return f"'{sys.executable}' '{program}'\n"


def _environment() -> Mapping[str, str]:
    """The reader's, without what this run of the tests set for itself."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "ORDERHUB_", "PYTEST_", "POWERTOOLS_"))
    }


def _hold_answers(document: Path, printed: Mapping[int, str]) -> None:
    before = 0
    for block in blocks(document):
        if block.line in printed:
            before = block.line
        elif block.language == "json" and before:
            answers = list(_values(printed[before]))
            assert answers, f"{document.name}:{before} printed no JSON: {printed[before]}"
            difference = _difference(json.loads(block.text), answers[-1], "")
            assert not difference, f"{document.name}:{block.line} shows {difference}"


def _values(text: str) -> Iterator[Any]:
    """Every JSON object in a text, one after the other."""
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
            yield value
        except json.JSONDecodeError:
            end = at + 1
        at = text.find("{", end)


def _difference(shown: Any, real: Any, path: str) -> str:
    """Where ``real`` lacks what is shown; empty if it has it all."""
    if shown == "…":
        return ""
    if isinstance(shown, dict) and isinstance(real, dict):
        parts = (
            _difference(value, real[key], f"{path}.{key}") if key in real else f"{path}.{key}, gone"
            for key, value in shown.items()
        )
        return next((part for part in parts if part), "")
    if isinstance(shown, list) and isinstance(real, list) and len(shown) == len(real):
        parts = (
            _difference(one, other, f"{path}[{number}]")
            for number, (one, other) in enumerate(zip(shown, real, strict=True))
        )
        return next((part for part in parts if part), "")
    return "" if shown == real else f"{path or 'all'} as {shown!r}, and it is {real!r}"
