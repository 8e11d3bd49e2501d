"""What ships beside our own code: pinned, licensed, audited."""

import re
from importlib.metadata import version

import pytest

from tests.support.table import ROOT
from tools.audit import judged
from tools.generators.licences import CONTENTS, EXCEPTIONS, FOLDER, LAYERS, Package, packages


def test_every_lock_file_of_a_layer_is_listed() -> None:
    assert {path.name for path in FOLDER.glob("*.txt")} == set(LAYERS)


@pytest.mark.parametrize(
    "lock",
    sorted(
        str(path.relative_to(ROOT))
        for folder in ("requirements", "layers/dependencies")
        for path in (ROOT / folder).glob("*.txt")
    ),
)
def test_every_pinned_requirement_has_one_version_and_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    requirements = [
        line for line in text.splitlines() if line and not line.lstrip().startswith("#")
    ]
    assert requirements
    for requirement in requirements:
        assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,_-]+\])?==[^\s;]+\s", requirement)
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", requirement), requirement


def test_what_is_tested_is_what_ships() -> None:
    for package in packages():
        assert version(package.name) == package.version


def test_only_what_is_permissive_or_excepted_ships() -> None:
    shipped = packages()
    assert {each.name for each in shipped if not each.is_permissive} == set(EXCEPTIONS)
    assert {each.name for each in shipped} >= set(CONTENTS)


def test_a_licence_to_choose_is_enough() -> None:
    assert Package("one", "1", ("Apache-2.0", "GPL-3.0-only"), ()).is_permissive
    assert not Package("one", "1", ("GPL-3.0-only",), ()).is_permissive


def test_a_vulnerable_package_and_one_that_was_not_looked_up_are_told_apart() -> None:
    flaw = {"id": "PYSEC-1", "fix_versions": ["2.0"], "description": "…"}
    told = {
        "dependencies": [
            {"name": "good", "version": "1.0", "vulns": []},
            {"name": "bad", "version": "1.0", "vulns": [flaw]},
            {"name": "odd", "skip_reason": "Dependency not found on PyPI"},
        ]
    }
    outcome = judged([told, told])
    assert outcome.audited == {"good", "bad"}
    assert outcome.unknown == {"odd"}
    assert outcome.vulnerable == ("bad 1.0: PYSEC-1, mended in 2.0",)
