"""``docs/reference/index.html``: opens from a disk, loads nothing from elsewhere, shows the
document."""

import json
import re
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from tests.support.table import ROOT
from tools.generators.licences import PERMISSIVE, Vendored, vendored
from tools.generators.reference import NAME

FOLDER = ROOT / "docs" / "reference"
PAGE = (FOLDER / "index.html").read_text(encoding="utf-8")


class Page(HTMLParser):
    """What the page loads, and what it allows to be loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.policy = ""
        self.inline = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = dict(attributes)
        self.loaded += [value for name in ("src", "href") if (value := told.get(name))]
        if told.get("http-equiv") == "Content-Security-Policy":
            self.policy = told["content"] or ""
        self.inline += tag == "script" and "src" not in told


@pytest.fixture(scope="module")
def page() -> Page:
    page = Page()
    page.feed(PAGE)
    return page


def test_it_names_only_what_lies_beside_it(page: Page) -> None:
    files = [each for each in page.loaded if not each.startswith("data:")]
    assert len(files) == 4
    for each in files:
        assert (FOLDER / each).is_file(), each
        assert (FOLDER / each).resolve().is_relative_to(FOLDER)


def test_its_policy_lets_nothing_be_fetched(page: Page) -> None:
    """What the renderer has inside can ask for what it likes."""
    rules = dict(rule.split(maxsplit=1) for rule in page.policy.split("; "))
    assert rules["default-src"] == "'none'"
    allowed = {source for sources in rules.values() for source in sources.split()}
    assert allowed == {"'none'", "'self'", "'unsafe-inline'", "file:", "data:", "blob:"}
    assert "'unsafe-inline'" not in rules["script-src"]
    assert page.inline == 0


@pytest.mark.parametrize("name", ["index.html", "page.css", "page.js"])
def test_what_is_ours_names_no_other_place(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert not re.search(r"https?:|[\"'(]//|@import|\burl\(", text)


def test_the_page_shows_the_very_document() -> None:
    script = (FOLDER / "openapi.js").read_text(encoding="utf-8")
    _, _, value = script.partition(f"const {NAME} = ")
    document = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert json.loads(value.rstrip().removesuffix(";")) == json.loads(document)
    assert NAME in (FOLDER / "page.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("each", vendored(), ids=lambda each: each.name)
def test_what_others_made_lies_here_unchanged_with_its_licence(each: Vendored) -> None:
    files = {path.name for path in each.folder.iterdir()} - {"vendored.json"}
    assert files == set(each.sha256)
    assert "LICENSE" in files
    assert each.licence in PERMISSIVE
    for name, expected in each.sha256.items():
        assert sha256((each.folder / name).read_bytes()).hexdigest() == expected, name
