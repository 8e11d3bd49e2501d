"""The documents hang together: links lead somewhere, and nothing that they name is missing."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from orderhub.domain.shop import DEFAULT_TERMS
from tests.support.blocks import blocks

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").rglob("*.md"))]
EVERY_DOCUMENT = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix()
)


@cache
def tokens(document: Path) -> tuple[Token, ...]:
    """Blocks, and what stands within their lines."""
    parsed = MarkdownIt("commonmark").enable("table").parse(document.read_text(encoding="utf-8"))
    return tuple(each for block in parsed for each in (block, *(block.children or ())))


def links(document: Path) -> Iterator[str]:
    """Where its links and pictures lead, within the working copy."""
    for token in tokens(document):
        target = token.attrs.get("href" if token.type == "link_open" else "src", "")
        if target and not re.match(r"\w+:", str(target)):
            yield unquote(str(target))


@cache
def anchors(document: Path) -> frozenset[str]:
    """What GitHub makes of its headings."""
    found: list[str] = []
    before: Token | None = None
    for token in tokens(document):
        if token.type == "inline" and before and before.type == "heading_open":
            text = "".join(each.content for each in token.children or ())
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            same = sum(
                re.fullmatch(rf"{re.escape(slug)}(-\d+)?", each) is not None for each in found
            )
            found.append(f"{slug}-{same}" if same else slug)
        if token.type != "text":
            before = token
    return frozenset(found)


def led_to(document: Path, link: str) -> tuple[Path, str]:
    path, _, anchor = link.partition("#")
    return (document.parent / path).resolve() if path else document, anchor


@EVERY_DOCUMENT
def test_every_link_leads_to_a_file_and_to_a_heading_of_it(document: Path) -> None:
    dead = []
    for link in links(document):
        path, anchor = led_to(document, link)
        if not path.exists() or (anchor and anchor not in anchors(path)):
            dead.append(link)
    assert not dead


def test_every_document_is_found_by_following_links_from_the_readme() -> None:
    found, to_look = set[Path](), [README]
    while to_look:
        document = to_look.pop()
        if document in found:
            continue
        found.add(document)
        to_look += [
            path
            for path, _ in (led_to(document, link) for link in links(document))
            if path.suffix == ".md" and path.is_file()
        ]
    assert set(DOCUMENTS) <= found


@EVERY_DOCUMENT
def test_every_target_of_make_that_is_named_exists(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    inline = [each.content for each in tokens(document) if each.type == "code_inline"]
    typed = [
        line
        for each in blocks(document)
        if each.language == "sh"
        for line in each.text.splitlines()
    ]
    named = {
        found[1] for text in (*inline, *typed) if (found := re.match(r"make ([a-z][a-z-]*)", text))
    }
    assert named <= targets


@pytest.mark.parametrize("api", sorted(DEFAULT_TERMS))
def test_every_api_has_a_reference_and_a_quickstart(api: str) -> None:
    for folder in ("apis", "quickstart"):
        assert (ROOT / "docs" / folder / f"{api}.md").is_file()
