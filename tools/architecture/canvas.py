"""Boxes, arrows and words of a picture, as SVG by itself: no script, no font, no link."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

_WIDTHS: Final = {13: 8.2, 12: 6.9, 11: 6.4, 10: 6.0}
"""What a character of a size takes, in pixels: on average, in the widest fonts of systems. Titles,
of 13, are bold."""

_STYLE: Final = """
  svg { --paper: #ffffff; --ink: #1f2933; --soft: #52606d; --line: #7b8794; --rule: #cbd2d9;
    --code: #fff3e0; --code-line: #c2700a; --store: #e3effd; --store-line: #2563a8;
    --queue: #f1e8fb; --queue-line: #7a3fb0; --gate: #e5f5ea; --gate-line: #2b7a48;
    --out: #f5f7fa; --out-line: #7b8794 }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #161b22; --ink: #e6edf3; --soft: #a5b1bd; --line: #8b98a5; --rule: #3b4550;
      --code: #3a2a12; --code-line: #e0a04a; --store: #14294a; --store-line: #6aa5ee;
      --queue: #2e1f44; --queue-line: #b98bea; --gate: #14321f; --gate-line: #63c386;
      --out: #21262d; --out-line: #8b98a5 }
  }
  text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif;
    fill: var(--ink) }
  .paper { fill: var(--paper); stroke: var(--rule) }
  .soft { fill: var(--soft) }
  .code { fill: var(--code); stroke: var(--code-line) }
  .store { fill: var(--store); stroke: var(--store-line) }
  .queue { fill: var(--queue); stroke: var(--queue-line) }
  .gate { fill: var(--gate); stroke: var(--gate-line) }
  .out { fill: var(--out); stroke: var(--out-line); stroke-dasharray: 4 3 }
  .chip { fill: var(--paper); stroke: var(--line) }
  .line { fill: none; stroke: var(--line); stroke-width: 1.4 }
  .head { fill: var(--line) }
"""


@dataclass(frozen=True)
class Box:
    """A place on the paper, in pixels from its upper left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def middle(self) -> int:
        """Between left and right."""
        return self.x + self.width // 2

    @property
    def level(self) -> int:
        """Between top and bottom."""
        return self.y + self.height // 2


@dataclass
class Canvas:
    """Collects what is drawn.

    Raises:
        ValueError: words that don't fit their box, as they would stand beside it unnoticed.
    """

    width: int
    height: int
    _drawn: list[str] = field(default_factory=list)

    def box(
        self,
        place: Box,
        kind: str,
        title: str,
        lines: Sequence[str] = (),
        *,
        tells: str = "",
        chips: Sequence[str] = (),
    ) -> None:
        """A box with a title, smaller lines below it, and chips on its lower edge.

        Args:
            kind: ``code``, ``store``, ``queue`` or ``gate``.
            tells: what a reader who points at it is told.
        """
        self._drawn.append("<g>")
        if tells:
            self._drawn.append(f"<title>{escape(tells, quote=False)}</title>")
        self._rectangle(place, kind, 6)
        top = place.level - (len(lines) * 15 - 9) // 2
        room = place.width - 12
        self._text(place.x + 9, top, title, 13, room, bold=True)
        for number, line in enumerate(lines, start=1):
            self._text(place.x + 9, top + number * 15, line, 11, room, soft=True)
        self._chips(place, chips)
        self._drawn.append("</g>")

    def outside(self, place: Box, lines: Sequence[str]) -> None:
        """Somebody who is no part of the system."""
        self._rectangle(place, "out", 3)
        top = place.level + 4 - (len(lines) - 1) * 8
        for number, line in enumerate(lines):
            self._text(place.middle, top + number * 16, line, 12, place.width, centred=True)

    def tall(self, place: Box, kind: str, title: str, lines: Sequence[str], tells: str) -> None:
        """A tall box whose words stand in its middle, centred."""
        self._drawn.append(f"<g><title>{escape(tells, quote=False)}</title>")
        self._rectangle(place, kind, 8)
        top = place.level - len(lines) * 8
        self._text(place.middle, top, title, 13, place.width, bold=True, centred=True)
        for number, line in enumerate(lines, start=1):
            at = top + 3 + number * 16
            self._text(place.middle, at, line, 11, place.width, soft=True, centred=True)
        self._drawn.append("</g>")

    def arrow(
        self,
        *points: tuple[int, int],
        back: bool = False,
        forth: bool = True,
        label: str = "",
        at: tuple[int, int] | None = None,
    ) -> None:
        """A line with a head at its end, at its beginning too (``back``), or there alone."""
        path = "M" + " L".join(f"{x} {y}" for x, y in points)
        ends = ' marker-end="url(#head)"' if forth else ""
        begins = ' marker-start="url(#tail)"' if back else ""
        self._drawn.append(f'<path class="line" d="{path}"{ends}{begins}/>')
        if label:
            x, y = at or ((points[0][0] + points[-1][0]) // 2, points[0][1] - 5)
            self._text(x, y, label, 10, 200, soft=True, centred=True)

    def words(self, x: int, y: int, text: str, *, size: int = 11, bold: bool = False) -> None:
        """A line of text by itself."""
        self._text(x, y, text, size, self.width - x, soft=not bold, bold=bold)

    def chip(self, x: int, y: int, text: str) -> int:
        """A small mark; how wide it is."""
        width = _chip_width(text)
        self._drawn.append(
            f'<rect class="chip" x="{x}" y="{y}" width="{width}" height="15" rx="7"/>'
        )
        self._text(x + width // 2, y + 11, text, 10, width, soft=True, centred=True)
        return width

    def svg(self, title: str, description: str) -> str:
        """The picture as a document."""
        size = f'viewBox="0 0 {self.width} {self.height}"'
        size += f' width="{self.width}" height="{self.height}" role="img"'
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} aria-labelledby="title desc">',
            f'<title id="title">{escape(title, quote=False)}</title>',
            f'<desc id="desc">{escape(description, quote=False)}</desc>',
            f"<style>{_STYLE}</style>",
            f"<defs>{_head('head', 7, 'M0 0.5 L8 4 L0 7.5 z')}",
            f"{_head('tail', 1, 'M8 0.5 L0 4 L8 7.5 z')}</defs>",
            f'<rect class="paper" width="{self.width}" height="{self.height}" rx="8"/>',
            *self._drawn,
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _rectangle(self, place: Box, kind: str, corner: int) -> None:
        self._drawn.append(
            f'<rect class="{kind}" x="{place.x}" y="{place.y}" width="{place.width}"'
            f' height="{place.height}" rx="{corner}"/>'
        )

    def _chips(self, place: Box, chips: Sequence[str]) -> None:
        """Draw them on the lower edge, from the right."""
        edge = place.right - 6
        for text in reversed(chips):
            width = _chip_width(text)
            self.chip(edge - width, place.bottom - 9, text)
            edge -= width + 4

    def _text(
        self,
        x: int,
        y: int,
        text: str,
        size: int,
        room: int,
        *,
        bold: bool = False,
        soft: bool = False,
        centred: bool = False,
    ) -> None:
        if len(text) * _WIDTHS[size] > room:
            raise ValueError(f"{text!r} does not fit into {room} pixels")
        marks = f'x="{x}" y="{y}" font-size="{size}"'
        marks += ' font-weight="600"' if bold else ""
        marks += ' class="soft"' if soft else ""
        marks += ' text-anchor="middle"' if centred else ""
        self._drawn.append(f"<text {marks}>{escape(text, quote=False)}</text>")


def _chip_width(text: str) -> int:
    return round(len(text) * _WIDTHS[10]) + 8


def _head(name: str, tip: int, path: str) -> str:
    """An arrow's head whose tip, at so many eighths of it, touches the end of the line."""
    size = 'viewBox="0 0 8 8" markerWidth="7" markerHeight="7"'
    drawn = f'<path class="head" d="{path}"/>'
    return f'<marker id="{name}" {size} refX="{tip}" refY="4" orient="auto">{drawn}</marker>'
