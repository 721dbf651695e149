"""Reads questions in the XML of Moodle as a table: a row for each, at its line. A document type, and so entities, is
refused."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO
from urllib.parse import unquote

from lxml import etree

from .question_pictures import marked
from .question_rows import (
    KIND,
    MATCHING,
    MEDIA,
    MISSING,
    NOT_TAKEN,
    NUMBER,
    NUMERIC,
    ORDERING,
    SHORT,
    TRUE_FALSE,
    WEIGHTS,
    NotTaken,
    QuestionRow,
    category_from,
    choice,
    difficulty_from,
    from_html,
    number_from,
    pairs,
    plain_line,
    rows_of,
)
from .unreadable import Unreadable

HTML_FORMS = frozenset({"html", "moodle_auto_format", ""})
DESCRIPTION = "description"
OWN_FILES = "@@PLUGINFILE@@/"
_PARSER: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "remove_comments": True}


def rows(content: BinaryIO) -> Iterator[tuple[Any, ...]]:
    """The heads, and a row for each question. Raises Unreadable."""
    content.seek(0)
    try:
        tree = etree.parse(content, etree.XMLParser(**_PARSER))
    except etree.XMLSyntaxError as fault:
        raise Unreadable("damaged") from fault
    if tree.docinfo.doctype or tree.getroot().tag != "quiz":
        raise Unreadable("damaged")
    yield from rows_of(_questions(tree.getroot()))


def _questions(root: Any) -> Iterator[tuple[int, QuestionRow]]:
    category, line = "", 0
    for item in root.iterchildren("question"):
        kind = item.get("type", "")
        if kind == "category":
            category = category_from(_plain(item.findtext("category/text")))
        elif kind != DESCRIPTION:
            line = max(item.sourceline or 0, line + 1)  # each question has a line of its own, however it is written
            yield line, _row(item, kind, category)


def _row(item: Any, kind: str, category: str) -> QuestionRow:
    names = (_plain(item.findtext("idnumber")), _text(item.find("name")))
    row = QuestionRow(category=category, text=_text(item.find("questiontext")))
    row.number = next((number for name in names if (number := number_from(name))), "")
    row.difficulty = difficulty_from([_plain(tag.findtext("text")) for tag in item.iterfind("tags/tag")])
    row.explanation = _text(item.find("generalfeedback"))
    read = _READERS.get(kind)
    try:
        if read is None:
            raise NotTaken(KIND)
        row.text = _text(item.find("questiontext"), row)
        read(row, item)
    except NotTaken as why:
        text = _text(item.find("questiontext"))
        return QuestionRow(kind=f"{NOT_TAKEN}{why}", category=category, text=text)
    return row


def _choice(row: QuestionRow, item: Any) -> None:
    is_single = _plain(item.findtext("single")) not in ("false", "0")
    row.kind, row.options = choice(
        [(_text(answer, row), _weight(answer)) for answer in item.iterfind("answer")], is_single=is_single
    )


def _truth(row: QuestionRow, item: Any) -> None:
    right = [_text(answer).lower() for answer in item.iterfind("answer") if _weight(answer) == 100]
    if right not in (["true"], ["false"]):
        raise NotTaken(WEIGHTS)
    row.kind, row.is_true = TRUE_FALSE, "yes" if right == ["true"] else "no"


def _numeric(row: QuestionRow, item: Any) -> None:
    answers = [answer for answer in item.iterfind("answer") if _weight(answer) > 0]
    if len(answers) != 1 or _weight(answers[0]) != 100 or item.find("units/unit") is not None:
        raise NotTaken(KIND)
    value, margin = _text(answers[0]), _plain(answers[0].findtext("tolerance"))
    try:
        row.answer, tolerance = f"{Decimal(value):f}", Decimal(margin or 0)
    except InvalidOperation as fault:
        raise NotTaken(NUMBER) from fault
    row.kind, row.tolerance = NUMERIC, f"{tolerance:f}" if tolerance else ""


def _words(row: QuestionRow, item: Any) -> None:
    if any(_weight(answer) not in (0, 100) for answer in item.iterfind("answer")):
        raise NotTaken(WEIGHTS)
    row.kind = SHORT
    row.answer = "\n".join(_text(answer) for answer in item.iterfind("answer") if _weight(answer))


def _essay(row: QuestionRow, item: Any) -> None:
    row.kind, row.answer = SHORT, _text(item.find("graderinfo"))


def _matching(row: QuestionRow, item: Any) -> None:
    items = [(_text(part, row), _right_side(part, row)) for part in item.iterfind("subquestion")]
    row.kind, row.options = MATCHING, pairs(items)


def _right_side(part: Any, row: QuestionRow) -> str:
    """The right side of a pair, which is plain text in Moodle. Raises NotTaken where it has files of its own."""
    if part.find("answer/file") is not None:
        raise NotTaken(MEDIA)
    return _plain(part.findtext("answer/text"))


def _ordering(row: QuestionRow, item: Any) -> None:
    ranked = sorted(item.iterfind("answer"), key=_weight)
    row.kind, row.options = ORDERING, "\n".join(plain_line(_text(answer, row)) for answer in ranked)


_READERS = {
    "multichoice": _choice,
    "truefalse": _truth,
    "numerical": _numeric,
    "shortanswer": _words,
    "essay": _essay,
    "matching": _matching,
    "ordering": _ordering,
}


def _weight(answer: Any) -> Decimal:
    try:
        return Decimal(answer.get("fraction", "0"))
    except InvalidOperation as fault:
        raise NotTaken(WEIGHTS) from fault


def _text(element: Any, row: QuestionRow | None = None) -> str:
    """The text of an element as people read it, with the pictures that `row` then has, or with their words. Raises
    NotTaken for a picture that cannot be taken over."""
    if element is None:
        return ""
    text = _plain(element.findtext("text"))
    is_html = element.tag != "name" and element.get("format", "" if "<" in text else "plain") in HTML_FORMS
    if not is_html:
        return text
    return from_html(text, None if row is None else lambda facts: _placed(element, row, facts))


def _placed(element: Any, row: QuestionRow, facts: Mapping[str, str]) -> str:
    """How a picture that stands beside a text, in base64, stands in it."""
    source = facts.get("src", "")
    if not source.startswith(OWN_FILES):
        raise NotTaken(MEDIA)
    path = "/" + unquote(source.removeprefix(OWN_FILES))
    kept = {f"{file.get('path') or '/'}{file.get('name')}": file.text or "" for file in element.iterfind("file")}
    if path not in kept:
        raise NotTaken(MISSING)
    try:
        content = base64.b64decode("".join(kept[path].split()), validate=True)
    except (binascii.Error, ValueError) as fault:
        raise NotTaken(MEDIA) from fault
    return marked(row.pictures, facts.get("alt", ""), path, content)


def _plain(text: str | None) -> str:
    return (text or "").strip()
