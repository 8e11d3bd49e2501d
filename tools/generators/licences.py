"""``docs/LICENCES.md``: what the layers ship, and under which licences.

The layers' lock files say what ships, the packages' own metadata under which licence. The
developers' environment has every one of them in the same version. What the repository itself holds
of others says so in a ``vendored.json`` beside it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import metadata
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "layers" / "dependencies"
LAYERS: Final = {
    "requirements.txt": "every function",
    "documents.txt": "invoices",
    "payments.txt": "payment notifications",
    "delivery.txt": "webhooks",
}
"""The lock files, and who carries what they pin."""

VENDORED: Final = (ROOT / "docs" / "reference" / "redoc" / "vendored.json",)
"""What tells of files that others made and that lie here as they made them."""

PERMISSIVE: Final = frozenset(
    {"Apache-2.0", "BSD-3-Clause", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0"},
)
"""What may ship (SPDX)."""
EXCEPTIONS: Final = {
    "certifi": "MPL-2.0: copyleft for the file of root certificates itself, which ships unchanged.",
}
"""What ships under another licence, and why it may."""
CONTENTS: Final = {
    "paperang-p2-fonts-cjk": "The font in it, WenQuanYi Micro Hei, is under Apache-2.0 or GPL-3.0"
    " with font exception; it is used under Apache-2.0.",
}
"""Packages that hold something of others."""

_INTRODUCTION: Final = (
    "What the Lambda layers ship beside OrderHub's own code: pinned with hashes in",
    "`layers/dependencies/*.txt`, under licences that the packages state themselves. Written by",
    "`python -m tools.docs`; `make check` fails when it is stale, and a test when something ships",
    "that is neither permissive nor excepted here. `make audit` holds the same files against known",
    "vulnerabilities.",
)
_SPDX: Final = {
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_PINNED: Final = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)")


@dataclass(frozen=True, order=True)
class Package:
    """One pinned package; ``licences`` are those to choose from (SPDX)."""

    name: str
    version: str
    licences: tuple[str, ...]
    layers: tuple[str, ...]

    @property
    def is_permissive(self) -> bool:
        """Whether it may be had under a licence that asks for no more than its notice."""
        return bool(PERMISSIVE & {*self.licences})


def packages() -> list[Package]:
    """All that ships. Raises ``LookupError`` for a package that doesn't say its licence."""
    carriers: dict[tuple[str, str], list[str]] = {}
    for file, carrier in LAYERS.items():
        for pinned in _pinned(FOLDER / file):
            carriers.setdefault(pinned, []).append(carrier)
    return sorted(
        Package(name, version, _licences(name), tuple(layers))
        for (name, version), layers in carriers.items()
    )


def _pinned(file: Path) -> Iterator[tuple[str, str]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if found := _PINNED.match(line):
            yield found[1], found[2]


def _licences(name: str) -> tuple[str, ...]:
    told = metadata(name)
    if "License-Expression" in told:
        expression: str = told["License-Expression"]
        return tuple(sorted(expression.split(" OR ")))
    named = [
        _SPDX[classifier.split(" :: ")[-1]]
        for classifier in told.get_all("Classifier", [])
        if classifier.startswith("License :: ")
    ]
    if not named:
        # Some tell it in a field that others fill with the licence's whole text.
        field: str = told["License"]
        named = [_SPDX.get(field, field)]
    if not all(re.fullmatch(r"[A-Za-z0-9.+-]+", each) for each in named):
        raise LookupError(f"{name} doesn't say its licence")
    return tuple(sorted(set(named)))


@dataclass(frozen=True, slots=True)
class Vendored:
    """Files of another's, unchanged. ``origin`` is where in its package they come from."""

    name: str
    version: str
    licence: str
    origin: str
    folder: Path
    sha256: Mapping[str, str]
    """By the file's name."""


def vendored() -> list[Vendored]:
    """All that lies here of others."""
    found = []
    for file in VENDORED:
        told = json.loads(file.read_text(encoding="utf-8"))
        found.append(
            Vendored(
                name=told["name"],
                version=told["version"],
                licence=told["licence"],
                origin=told["from"],
                folder=file.parent,
                sha256=told["sha256"],
            )
        )
    return found


def _of_repository() -> Iterator[str]:
    for each in vendored():
        folder = each.folder.relative_to(ROOT)
        yield (
            f"- `{folder}`: {each.name} {each.version}, {each.licence}; {each.origin}. With its"
            " licence and those of what it holds itself. Their hashes stand in `vendored.json`"
            " beside it, and a test looks."
        )


def generate() -> str:
    """The document."""
    lines = [
        "# Licences",
        "",
        *_INTRODUCTION,
        "",
        "| package | version | licence | carried by |",
        "| --- | --- | --- | --- |",
        *(
            f"| {each.name} | {each.version} | {' or '.join(each.licences)} |"
            f" {', '.join(each.layers)} |"
            for each in packages()
        ),
        "",
        "## Exceptions and contents",
        "",
        *(f"- `{name}`: {why}" for name, why in sorted({**EXCEPTIONS, **CONTENTS}.items())),
        "",
        "## In this repository",
        "",
        "What the pages in `docs/` are drawn with. Nothing of it is deployed.",
        "",
        *_of_repository(),
        "",
    ]
    return "\n".join(lines)
