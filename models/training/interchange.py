"""Questions of the bank as other systems read them: GIFT, and the XML of Moodle.

What goes out comes in again as it was: number, kind, category, difficulty, text, what is right, explanation. In GIFT
there is no ordering; such a question stands there as a comment alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from bson import Decimal128
from lxml import etree

from .marking import MATCHING, MULTIPLE, NUMBER, ORDERING, SHORT, SINGLE, TRUE_FALSE, marked_lines, pair_of

GIFT, MOODLE = "gift", "xml"
MIMETYPES = {GIFT: "text/plain", MOODLE: "application/xml"}
GUIDE = "guide:"
LEFT_OUT = "not in GIFT"
ARROW = "->"
Row = Mapping[str, Any]
_SIGNS = re.compile(r"[\\~=#{}:]")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def in_gift(rows: Iterable[Row]) -> Iterator[str]:
    """Stored questions in GIFT, piece by piece."""
    category = ""
    for row in rows:
        if row["category"] != category:
            category = row["category"]
            yield f"$CATEGORY: $course$/{_category(category)}\n\n"
        answer = _ANSWERS[row["kind"]](row)
        if answer is None:
            yield f"// {row['number']}: {LEFT_OUT}\n\n"
            continue
        if row["kind"] == SHORT and row.get("answer"):
            yield f"// {GUIDE} {_escaped(row['answer'])}\n"
        behind = f"####{_escaped(row['explanation'])}" if row.get("explanation") else ""
        yield f"// [tag:{row['difficulty']}]\n"
        yield f"::{_escaped(row['number'])}::[plain]{_escaped(row['text'])} {{{answer}{behind}}}\n\n"


def _escaped(text: str) -> str:
    plain = "\n".join(text.splitlines())
    return _SIGNS.sub(lambda match: f"\\{match[0]}", plain).replace("\n", "\\n")


def _category(name: str) -> str:
    return name.replace("/", "//")


def _weighed(text: str, sign: str, weight: str = "") -> str:
    """An answer; one that begins as a weight does has a weight before it."""
    if not weight and text.startswith("%"):
        weight = "%100%" if sign == "=" else "%0%"
    return f"{sign}{weight}{_escaped(text)}"


def _single(row: Row) -> str:
    return " ".join(_weighed(text, "=" if is_right else "~") for is_right, text in marked_lines(row["options"]))


def _shares(row: Row) -> list[tuple[str, str]]:
    """Options with their weights in percent: the right ones make up the whole, the wrong ones take it away."""
    lines = marked_lines(row["options"])
    right = sum(is_right for is_right, _ in lines)
    gain, loss = _percent(right), _percent(len(lines) - right)
    return [(text, gain if is_right else f"-{loss}") for is_right, text in lines]


def _percent(count: int) -> str:
    return f"{(Decimal(100) / max(count, 1)).quantize(Decimal('0.00001')).normalize():f}"


def _multiple(row: Row) -> str:
    return " ".join(_weighed(text, "~", f"%{weight}%") for text, weight in _shares(row))


def _truth(row: Row) -> str:
    return "T" if row.get("is_true") else "F"


def _number(row: Row) -> str:
    tolerance = _tolerance(row)
    return f"#{row['answer'].strip()}" + (f":{tolerance}" if tolerance else "")


def _tolerance(row: Row) -> str:
    value = row.get("tolerance")
    number = value.to_decimal() if isinstance(value, Decimal128) else value
    return f"{number.normalize():f}" if number else ""


def _pairs(row: Row) -> str | None:
    pairs = [pair_of(line) for _, line in marked_lines(row["options"])]
    if any(ARROW in left for left, _ in pairs):
        return None
    return " ".join(f"={_escaped(left)} {ARROW} {_escaped(right)}" for left, right in pairs)


_ANSWERS: dict[str, Callable[[Row], str | None]] = {
    SINGLE: _single,
    MULTIPLE: _multiple,
    TRUE_FALSE: _truth,
    NUMBER: _number,
    MATCHING: _pairs,
    ORDERING: lambda row: None,
    SHORT: lambda row: "",
}


def in_moodle(rows: Iterable[Row]) -> Iterator[str]:
    """Stored questions in the XML of Moodle, piece by piece."""
    category = ""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n'
    for row in rows:
        if row["category"] != category:
            category = row["category"]
            item = etree.Element("question", type="category")
            _say(etree.SubElement(item, "category"), f"$course$/top/{_category(category)}")
            yield _text_of(item)
        yield _text_of(_question(row))
    yield "</quiz>\n"


def _text_of(item: Any) -> str:
    return str(etree.tostring(item, encoding="unicode", pretty_print=True))


def _question(row: Row) -> Any:
    kind = _MOODLE_KINDS[row["kind"]]
    item = etree.Element("question", type=kind)
    _say(etree.SubElement(item, "name"), row["number"])
    _say(etree.SubElement(item, "questiontext", format="plain_text"), row["text"])
    _say(etree.SubElement(item, "generalfeedback", format="plain_text"), row.get("explanation") or "")
    etree.SubElement(item, "defaultgrade").text = "1"
    etree.SubElement(item, "idnumber").text = row["number"]
    _MOODLE_ANSWERS[row["kind"]](item, row)
    _say(etree.SubElement(etree.SubElement(item, "tags"), "tag"), row["difficulty"])
    return item


def _say(element: Any, text: str) -> None:
    etree.SubElement(element, "text").text = cleaned(text)


def cleaned(text: str) -> str:
    """A text without the signs that no XML may hold."""
    return _NO_XML.sub("", text)


def _add_answer(item: Any, text: str, weight: str) -> Any:
    answer = etree.SubElement(item, "answer", fraction=weight, format="plain_text")
    _say(answer, text)
    return answer


def _add_single(item: Any, row: Row) -> None:
    etree.SubElement(item, "single").text = "true"
    for is_right, text in marked_lines(row["options"]):
        _add_answer(item, text, "100" if is_right else "0")


def _add_multiple(item: Any, row: Row) -> None:
    etree.SubElement(item, "single").text = "false"
    for text, weight in _shares(row):
        _add_answer(item, text, weight)


def _add_truth(item: Any, row: Row) -> None:
    for text, is_right in (("true", bool(row.get("is_true"))), ("false", not row.get("is_true"))):
        _add_answer(item, text, "100" if is_right else "0")


def _add_number(item: Any, row: Row) -> None:
    answer = _add_answer(item, row["answer"].strip(), "100")
    etree.SubElement(answer, "tolerance").text = _tolerance(row) or "0"


def _add_pairs(item: Any, row: Row) -> None:
    for _, line in marked_lines(row["options"]):
        left, right = pair_of(line)
        part = etree.SubElement(item, "subquestion", format="plain_text")
        _say(part, left)
        _say(etree.SubElement(part, "answer"), right)


def _add_order(item: Any, row: Row) -> None:
    etree.SubElement(item, "selecttype").text = "ALL"
    for place, (_, text) in enumerate(marked_lines(row["options"]), 1):
        _add_answer(item, text, str(place))


def _add_guide(item: Any, row: Row) -> None:
    _say(etree.SubElement(item, "graderinfo", format="plain_text"), row.get("answer") or "")


_MOODLE_KINDS = {
    SINGLE: "multichoice",
    MULTIPLE: "multichoice",
    TRUE_FALSE: "truefalse",
    NUMBER: "numerical",
    ORDERING: "ordering",
    MATCHING: "matching",
    SHORT: "essay",
}
_MOODLE_ANSWERS: dict[str, Callable[[Any, Row], None]] = {
    SINGLE: _add_single,
    MULTIPLE: _add_multiple,
    TRUE_FALSE: _add_truth,
    NUMBER: _add_number,
    ORDERING: _add_order,
    MATCHING: _add_pairs,
    SHORT: _add_guide,
}
