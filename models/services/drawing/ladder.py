"""Draws a way from box to box as an SVG, with other ways from the box that one is in below it.

Only attributes and classes are used, as in the drawing of a workflow (`drawing.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from models.kernel.base.text_width import width_of, wrapped

FONT, LINE, SMALL = 14, 18, 12
WIDEST, PAD, GAP, MARGIN, HEIGHT = 130, 14, 36, 8, 58


@dataclass(frozen=True)
class Rung:
    """A box of the way: its words, a note below them, and whether one is there now or has been."""

    words: str
    note: str = ""
    is_here: bool = False
    is_passed: bool = False


def draw_ladder(rungs: Sequence[Rung], others: Sequence[str], label: str) -> str:
    """The way as inline SVG; `others`: the ends of ways that lead from where one is, and are not taken."""
    x, parts, here = float(MARGIN), list[str](), (float(MARGIN), 0.0)
    for number, rung in enumerate(rungs):
        width = _width(rung.words, rung.note)
        if number:
            parts.append(_arrow(x - GAP, MARGIN + HEIGHT / 2, x))
        parts.append(_box(rung, x, MARGIN, width))
        here = (x, width) if rung.is_here else here
        x += width + GAP
    wide, y = x - GAP + MARGIN, MARGIN + HEIGHT + GAP / 2
    for words in others:
        left, width = here[0] + GAP, _width(words, "")
        parts += [_branch(here[0] + PAD, MARGIN + HEIGHT, y + HEIGHT / 2, left)]
        parts.append(_box(Rung(words), left, y, width, "other"))
        wide, y = max(wide, left + width + MARGIN), y + HEIGHT + GAP / 3
    tall = y if others else MARGIN * 2 + HEIGHT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" role="img" aria-label={quoteattr(label)} '
        f'width="{round(wide)}" height="{round(tall)}" viewBox="0 0 {round(wide)} {round(tall)}" fill="none">'
        + "".join(parts)
        + "</svg>"
    )


def _width(words: str, note: str) -> float:
    lines = [(line, FONT) for line in wrapped(words, WIDEST, FONT)] + [(note, SMALL)]
    return max(width_of(text, font) for text, font in lines) + 2 * PAD


def _box(rung: Rung, x: float, y: float, width: float, kind: str = "") -> str:
    classes = " ".join(filter(None, ("state", "current" if rung.is_here else "passed" if rung.is_passed else "", kind)))
    lines = wrapped(rung.words, WIDEST, FONT)
    texts = [(line, FONT) for line in lines] + ([(rung.note, SMALL)] if rung.note else [])
    top = y + (HEIGHT - LINE * len(texts)) / 2 + FONT
    dashes = ' stroke-dasharray="4 3"' if kind else ""
    return (
        f'<g class="{classes}"><rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{HEIGHT}" rx="6" '
        f'stroke="currentColor"{dashes}/>' + "".join(_text(texts, x + width / 2, top)) + "</g>"
    )


def _text(texts: Sequence[tuple[str, int]], x: float, top: float) -> Iterator[str]:
    for number, (text, font) in enumerate(texts):
        place = f'x="{_n(x)}" y="{_n(top + number * LINE)}" font-size="{font}"'
        yield f'<text {place} text-anchor="middle" fill="currentColor">{escape(text)}</text>'


def _arrow(x: float, y: float, end: float) -> str:
    head = f"{_n(end)},{_n(y)} {_n(end - 8)},{_n(y - 4)} {_n(end - 8)},{_n(y + 4)}"
    line = f'<path d="M{_n(x)} {_n(y)}H{_n(end - 8)}" stroke="currentColor"/>'
    return f'<g class="move">{line}<polygon points="{head}" fill="currentColor"/></g>'


def _branch(x: float, top: float, y: float, end: float) -> str:
    line = f'<path d="M{_n(x)} {_n(top)}V{_n(y)}H{_n(end)}" stroke="currentColor" stroke-dasharray="4 3"/>'
    return f'<g class="move">{line}</g>'


def _n(number: float) -> str:
    return f"{number:.1f}".rstrip("0").rstrip(".")
