"""What README.md, the quickstarts and the demo tell a newcomer to type, typed."""

import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from local import demo, project, shell_file, stack_file
from tests.e2e.conftest import ON_THE_CLOUD, Deployment
from tests.support.blocks import Block, blocks, run, run_lines
from tests.support.warm_command import warm_command

pytestmark = ON_THE_CLOUD

README = project.ROOT / "README.md"
QUICKSTARTS = sorted(
    path
    for path in (project.ROOT / "docs" / "quickstart").glob("*.md")
    if any(each.language == "sh" for each in blocks(path))
)


@pytest.fixture(scope="module")
def printed(deployment: Deployment) -> str:
    """What the demo prints at the end of ``make run``, having walked through every API."""
    output = StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "HOME", deployment.cloud.home)
        # What other tests' subscribers still refuse is no trouble of the demo's.
        patch.setattr(demo, "_trouble_since", lambda *_: [])
        demo._run(Console(file=output, width=170, highlight=False))
    return output.getvalue()


@pytest.fixture(scope="module")
def place(
    printed: str, deployment: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A folder that is to its shell what the working copy is after ``make run``."""
    folder = tmp_path_factory.mktemp("copy")
    home = folder / project.HOME.name
    home.mkdir()
    for name in (stack_file.NAME, shell_file.NAME):
        shutil.copy(deployment.cloud.home / name, home)
    with warm_command() as program:
        command = folder / "orderhub"
        command.write_text(program, encoding="utf-8")
        command.chmod(0o755)
        yield folder


def is_of_make(block: Block) -> bool:
    """Whether it does nothing but get the working copy and call ``make``: that is done."""
    return all(line.startswith(("git ", "make ")) for line in block.text.strip().splitlines())


def test_the_lines_that_the_demo_prints_can_be_pasted(printed: str, place: Path) -> None:
    _, _, rest = printed.partition("Try it:")
    lines = [line for line in rest.splitlines() if line.startswith(("curl ", "./orderhub ", "t="))]
    assert len(lines) == len(rest.split("What a buyer sees")[0].strip().splitlines())

    answers = run_lines(lines, place)

    assert not [answer for answer in answers if '"errors"' in answer]
    assert all(answer.strip() for answer in answers)


def test_the_readme_leads_from_nothing_to_an_order_that_another_api_shows_as_paid(
    place: Path,
) -> None:
    left_out = [each for each in blocks(README) if each.language == "sh" and is_of_make(each)]
    assert len(left_out) == 2

    told = run(README, place, without=left_out)

    assert "order.paid" in list(told.values())[-1]
    assert "yields the stored order" in list(told.values())[-1]


@pytest.mark.parametrize("document", QUICKSTARTS, ids=lambda path: path.stem)
def test_a_quickstart_works_as_it_stands(document: Path, place: Path) -> None:
    assert run(document, place)
