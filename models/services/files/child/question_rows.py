"""What questions of other systems come as: rows of a table, with heads that the bank of questions knows.

A question that is not taken over is a row as well, at its place, and says by a word why.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

NOT_TAKEN = "\x02"  # before the word that says why a question is not taken over
UNCLOSED, NO_ANSWER, KIND, WEIGHTS, DECOY, SIGNS, NUMBER = "unclosed no_answer kind weights decoy signs number".split()
MEDIA, MISSING, PARTS, RULE, TEST, VERSION, XML = "media missing parts rule test version xml".split()
ALT, LARGE = "alt", "large"
PICTURE_BYTES, PICTURE_PIXELS = 5 << 20, 25_000_000  # of one picture of a question
SINGLE, MULTIPLE, TRUE_FALSE, NUMERIC = "Single choice", "Multiple choice", "True or false", "Number with tolerance"
ORDERING, MATCHING, SHORT = "Ordering", "Matching", "Short answer, marked by the trainer"
DIFFICULTIES = {"easy": "Easy", "middle": "Middle", "hard": "Hard"}
CATEGORY_PARTS = re.compile(r"(?<!/)/(?!/)")
_OUTER = frozenset({"", "top", "$course$", "$system$", "$module$", "$cat$"})
_OWN_NUMBER = re.compile(r"QB-\d+", re.ASCII)
_HTML_BLOCKS = frozenset("p div br li ul ol tr table h1 h2 h3 h4 h5 h6 pre blockquote".split())
_HTML_SILENT = frozenset(("script", "style"))
_HTML_MEDIA = frozenset("audio video object embed iframe svg math".split())


@dataclass
class QuestionRow:
    """One question, as the cells of a row."""

    number: str = ""
    kind: str = ""
    category: str = ""
    difficulty: str = ""
    text: str = ""
    options: str = ""
    is_true: str = ""
    answer: str = ""
    tolerance: str = ""
    explanation: str = ""
    pictures: dict[str, bytes] = field(default_factory=dict)  # by the names under which its texts have them

    def cells(self) -> list[str]:
        return [getattr(self, head) for head in HEADS]


HEADS = [each.name for each in fields(QuestionRow) if each.name != "pictures"]
Placed = Callable[[Mapping[str, str]], str]  # how a picture stands in a text, by the facts of its element


class NotTaken(Exception):
    """A question that the bank cannot hold; the argument is one of the words above."""


def number_from(name: str) -> str:
    """Our own number of a question where its name is one."""
    return name if _OWN_NUMBER.fullmatch(name) else ""


def difficulty_from(tags: Sequence[str]) -> str:
    """The difficulty that a tag names."""
    return next((DIFFICULTIES[tag] for tag in tags if tag in DIFFICULTIES), "")


def category_from(path: str) -> str:
    """The innermost name of a path of categories, in which a stroke within a name is doubled."""
    parts = [part.strip() for part in CATEGORY_PARTS.split(path)]
    named = [part for part in parts if part not in _OUTER]
    return named[-1].replace("//", "/") if named else ""


def choice(options: Sequence[tuple[str, Decimal]], *, is_single: bool) -> tuple[str, str]:
    """Kind and options of a choice, each with its weight in percent. Raises NotTaken where the weights say more than
    right and wrong."""
    right = [weight for _, weight in options if weight > 0]
    if not right or (is_single and right != [100]) or max(right) - min(right) > Decimal("0.01"):
        raise NotTaken(WEIGHTS)
    lines = [f"* {plain_line(text)}" if weight > 0 else plain_line(text) for text, weight in options]
    return (SINGLE if is_single else MULTIPLE), "\n".join(lines)


def pairs(items: Sequence[tuple[str, str]]) -> str:
    """Pairs as they are typed. Raises NotTaken for what cannot stand there."""
    if any(not left or not right for left, right in items):
        raise NotTaken(DECOY)
    if any(sign in left for left, _ in items for sign in "=＝"):
        raise NotTaken(SIGNS)
    return "\n".join(f"{plain_line(left)} = {' '.join(right.split())}" for left, right in items)


def plain_line(text: str) -> str:
    """A text as an option on one line. Raises NotTaken where it would be read as marked."""
    line = " ".join(text.split())
    if line.startswith(("*", "＊")):
        raise NotTaken(SIGNS)
    return line


def in_words(facts: Mapping[str, str]) -> str:
    """The words of a picture, where no picture can be."""
    words = " ".join(facts.get("alt", "").split())
    return f"［{words}］" if words else ""


def from_html(text: str, placed: Placed | None = None) -> str:
    """The text of what is written in HTML, with its pictures where `placed` says how, else with their words. Raises
    NotTaken where it says so, and then for sound and film, too."""
    reader = _PlainText(placed)
    reader.feed(text)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).splitlines())
    return "\n".join(line for line in lines if line)


class _PlainText(HTMLParser):
    def __init__(self, placed: Placed | None) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.placed = placed
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in _HTML_SILENT
        if tag in _HTML_BLOCKS:
            self.pieces.append("\n")
        if tag == "img" and not self.silent:
            self.pieces.append((self.placed or in_words)({name: value or "" for name, value in attrs}))
        if self.placed and tag in _HTML_MEDIA:
            raise NotTaken(MEDIA)

    def handle_endtag(self, tag: str) -> None:
        self.silent = max(0, self.silent - (tag in _HTML_SILENT))
        if tag in _HTML_BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.pieces.append(" ".join(data.split("\n")))


def rows_of(questions: Iterator[tuple[int, QuestionRow]]) -> Iterator[tuple[Any, ...]]:
    """The heads, above the first line, and a row for each question at its line; behind the cells, where it has
    pictures, their names and contents, the latter in base64."""
    yield 0, list(HEADS)
    for number, row in questions:
        if row.pictures:
            kept = [(name, base64.b64encode(content).decode()) for name, content in row.pictures.items()]
            yield number, row.cells(), kept
        else:
            yield number, row.cells()
