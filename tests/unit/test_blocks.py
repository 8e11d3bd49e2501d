"""What runs documents' blocks: it takes them as their reader would, and nothing for granted."""

from pathlib import Path
from textwrap import dedent

import pytest

from tests.support.blocks import run, run_lines


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return tmp_path / "document.md"


def write(document: Path, text: str) -> Path:
    document.write_text(dedent(text), encoding="utf-8")
    return document


def test_blocks_run_in_one_shell_and_in_their_order(document: Path, tmp_path: Path) -> None:
    write(
        document,
        """\
        ```sh
        export NAME=Mei
        ```

        ```python
        import os
        print(f"Hello {os.environ['NAME']}")
        ```
        """,
    )
    assert run(document, tmp_path) == {1: "\n", 5: "Hello Mei\n"}


def test_a_command_that_fails_fails_the_document_and_says_where(
    document: Path, tmp_path: Path
) -> None:
    write(document, "```sh\ntrue\n```\n\n```sh\nfalse | true\n```\n\n```sh\ntrue\n```\n")
    with pytest.raises(AssertionError, match="line 5"):
        run(document, tmp_path)


ANSWER = """\
```sh
echo 'first: {"a": 1}'; echo '{"a": [{"b": "x", "c": 2}], "d": null}'
```

```json
%s
```
"""


@pytest.mark.parametrize(
    "shown", ['{"a": [{"b": "x"}]}', '{"a": [{"b": "…", "c": 2}], "d": null}', '{"a": "…"}']
)
def test_an_answer_may_be_shown_in_part(shown: str, document: Path, tmp_path: Path) -> None:
    run(write(document, ANSWER % shown), tmp_path)


@pytest.mark.parametrize(
    "shown",
    ['{"a": [{"b": "y"}]}', '{"a": []}', '{"a": [{"b": "x", "e": "…"}]}', '{"a": 1}', '{"d": 0}'],
)
def test_an_answer_that_is_another_fails_the_document(
    shown: str, document: Path, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match=r"document\.md:5 shows"):
        run(write(document, ANSWER % shown), tmp_path)


def test_lines_share_a_shell_and_one_that_fails_is_named(tmp_path: Path) -> None:
    assert run_lines(["word=yes", "echo $word"], tmp_path)[1].strip() == "yes"
    with pytest.raises(AssertionError, match="exit 3"):
        run_lines(["true", "exit 3"], tmp_path)
