"""Write the documents that are generated from the code, or check that none is stale.

::

    python -m tools.docs            # write all
    python -m tools.docs --check    # change nothing; fail when one differs, naming it

To add a document, write ``tools/generators/<name>.py`` with ``generate() -> str`` and name it in
:data:`DOCUMENTS`. What a generator returns must depend on the code alone: no dates, no order of
sets, nothing of this machine.
"""

import argparse
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent

DOCUMENTS: Final[Mapping[str, str]] = {
    "README.md": "tools.generators.readme",
    "docs/ACCESS_PATTERNS.md": "tools.generators.access_patterns",
    "docs/COST.md": "tools.generators.cost",
    "docs/LICENCES.md": "tools.generators.licences",
    "docs/PERFORMANCE.md": "tools.generators.performance",
    "docs/RELIABILITY.md": "tools.generators.reliability",
    "docs/STATUSES.md": "tools.generators.statuses",
    "docs/architecture.svg": "tools.generators.architecture",
    "docs/openapi.json": "tools.openapi.document",
    "docs/reference/openapi.js": "tools.generators.reference",
}
"""File, relative to the repository → the module whose ``generate()`` returns its text."""


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 1 when ``--check`` found a stale document, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--check", action="store_true", help="change nothing, report stale files")
    check = parser.parse_args(arguments).check
    _make_importable()
    stale = 0
    for file, generator in DOCUMENTS.items():
        text = _generate(import_module(generator))
        path = ROOT / file
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            print(f"{file} is stale: run `python -m tools.docs`", file=sys.stderr)
            stale += 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {file}")
    return 1 if stale else 0


def _generate(module: ModuleType) -> str:
    text = module.generate()
    if not isinstance(text, str):
        raise TypeError(f"{module.__name__}.generate() must return the document's text")
    return text


def _make_importable() -> None:
    """So that this runs from a bare checkout too, with no environment set up."""
    if find_spec("orderhub") is None:
        sys.path.insert(0, str(ROOT / "layers" / "core"))


if __name__ == "__main__":
    raise SystemExit(main())
