"""Reads questions in GIFT, the text format that teachers write, as a table: a row for each, at the line it begins.

Taken over are choices, true or false, numbers, pairs and answers in words; comments, titles and the feedback to single
answers are not.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import BinaryIO

from . import charsets
from .question_rows import (
    KIND,
    MATCHING,
    NO_ANSWER,
    NOT_TAKEN,
    NUMBER,
    NUMERIC,
    SHORT,
    TRUE_FALSE,
    UNCLOSED,
    WEIGHTS,
    NotTaken,
    QuestionRow,
    category_from,
    choice,
    difficulty_from,
    from_html,
    number_from,
    pairs,
    rows_of,
)
from .unreadable import Unreadable

GUIDE = "guide:"
GAP = "_____"
_TAG = re.compile(r"\[tag:([^\]]*)\]")
_FORMAT = re.compile(r"\[(html|moodle|plain|markdown)\]")
_WEIGHT = re.compile(r"%(-?\d{1,3}(?:\.\d{1,9})?)%")
_ESCAPED = re.compile(r"\\([~=#{}:\\n])")
_WORDS_OF_TRUTH = {"T": "yes", "TRUE": "yes", "F": "no", "FALSE": "no"}
_SHOWN = 200


def rows(content: BinaryIO, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """The heads, and a row for each question. Raises Unreadable."""
    content.seek(0)
    text = io.TextIOWrapper(content, encoding=encoding, errors=charsets.ERRORS)
    try:
        yield from rows_of(_questions(text))
    except UnicodeDecodeError as fault:
        raise Unreadable("encoding") from fault
    finally:
        text.detach()


@dataclass
class _GiftBlock:
    """The lines of one question, and what the comments above it say."""

    line: int = 0
    text: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    guide: str = ""


def _questions(lines: io.TextIOWrapper) -> Iterator[tuple[int, QuestionRow]]:
    category, block = "", _GiftBlock()
    for number, raw in enumerate([*lines, ""], 1):
        line = raw.strip().removeprefix("\ufeff")
        if line.startswith("//"):
            block.tags += _TAG.findall(line)
            said = line.removeprefix("//").strip()
            block.guide = _plain(said.removeprefix(GUIDE).strip()) if said.startswith(GUIDE) else block.guide
        elif line.startswith("$CATEGORY:"):
            category = category_from(line.removeprefix("$CATEGORY:"))
        elif line:
            block.line = block.line or number
            block.text.append(line)
        elif block.text:
            yield block.line, _row(block, category)
            block = _GiftBlock()


def _row(block: _GiftBlock, category: str) -> QuestionRow:
    text = "\n".join(block.text)
    row = QuestionRow(category=category, difficulty=difficulty_from(block.tags))
    try:
        _read(row, text, block.guide)
    except NotTaken as why:
        return QuestionRow(kind=f"{NOT_TAKEN}{why}", category=category, text=text[:_SHOWN])
    return row


def _read(row: QuestionRow, text: str, guide: str) -> None:
    if text.startswith("::") and (end := _find(text, "::", 2)) >= 0:
        row.number, text = number_from(_plain(text[2:end])), text[end + 2 :].lstrip()
    form = _FORMAT.match(text)
    text = text[form.end() :] if form else text
    begin = _find(text, "{")
    if begin < 0:
        raise NotTaken(NO_ANSWER)
    end = _find(text, "}", begin)
    if end < 0:
        raise NotTaken(UNCLOSED)
    before, inner, behind = text[:begin].strip(), text[begin + 1 : end].strip(), text[end + 1 :].strip()
    if _find(behind, "{") >= 0:
        raise NotTaken(KIND)
    row.text = _plain(f"{before} {GAP} {behind}" if behind else before)
    if form and form[1] == "html":
        row.text = from_html(row.text)
    if (at := _find(inner, "####")) >= 0:
        inner, row.explanation = inner[:at].strip(), _plain(inner[at + 4 :].strip())
    _answer(row, inner, guide)


def _answer(row: QuestionRow, inner: str, guide: str) -> None:
    if not inner:
        row.kind, row.answer = SHORT, guide
    elif inner.startswith("#"):
        _number(row, inner[1:].strip())
    elif truth := _WORDS_OF_TRUTH.get(_cut(inner, "#").strip().upper()):
        row.kind, row.is_true = TRUE_FALSE, truth
    else:
        _options(row, _answers(inner))


def _options(row: QuestionRow, answers: list[tuple[str, Decimal | None, str]]) -> None:
    signs = {sign for sign, _, _ in answers}
    if signs == {"="} and any("->" in text for _, _, text in answers):
        parted = [text.partition("->") for _, _, text in answers]
        row.kind, row.options = MATCHING, pairs([(_plain(a.strip()), _plain(b.strip())) for a, _, b in parted])
    elif signs == {"="}:
        if any(weight not in (None, 100) for _, weight, _ in answers):
            raise NotTaken(WEIGHTS)
        row.kind, row.answer = SHORT, "\n".join(_plain(text) for _, _, text in answers)
    else:
        is_single = "=" in signs
        usual = {"=": Decimal(100), "~": Decimal(0)}
        options = [(_plain(text), usual[sign] if weight is None else weight) for sign, weight, text in answers]
        row.kind, row.options = choice(options, is_single=is_single)


def _answers(inner: str) -> list[tuple[str, Decimal | None, str]]:
    """The answers in braces: sign, weight in percent, text as it stands there."""
    places = [at for at in range(len(inner)) if inner[at] in "=~" and not _is_escaped(inner, at)]
    if not places or inner[: places[0]].strip():
        raise NotTaken(KIND)
    result = []
    for at, end in zip(places, [*places[1:], len(inner)], strict=True):
        text = _cut(inner[at + 1 : end], "#").strip()
        weight = _WEIGHT.match(text)
        worth = Decimal(weight[1]) if weight else None
        result.append((inner[at], worth, text[weight.end() :].strip() if weight else text))
    return result


def _number(row: QuestionRow, text: str) -> None:
    """A number with its tolerance, or between two; of several numbers none is taken."""
    if text.startswith("="):
        answers = _answers(text)
        if len(answers) != 1 or answers[0][1] not in (None, 100):
            raise NotTaken(KIND)
        text = answers[0][2]
    text = _cut(text, "#").strip()
    try:
        if ".." in text:
            low, high = (Decimal(part.strip()) for part in text.split("..", 1))
            value, tolerance = (low + high) / 2, (high - low) / 2
        else:
            number, _, margin = text.partition(":")
            value, tolerance = Decimal(number.strip()), Decimal(margin.strip() or 0)
    except (InvalidOperation, ValueError) as fault:
        raise NotTaken(NUMBER) from fault
    row.kind, row.answer, row.tolerance = NUMERIC, f"{value:f}", f"{tolerance:f}" if tolerance else ""


def _is_escaped(text: str, at: int) -> bool:
    strokes = len(text[:at]) - len(text[:at].rstrip("\\"))
    return strokes % 2 == 1


def _find(text: str, sign: str, start: int = 0) -> int:
    """Where a sign stands that is not escaped; -1: nowhere."""
    at = text.find(sign, start)
    while at >= 0 and _is_escaped(text, at):
        at = text.find(sign, at + 1)
    return at


def _cut(text: str, sign: str) -> str:
    at = _find(text, sign)
    return text if at < 0 else text[:at]


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], text)
