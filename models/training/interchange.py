"""Questions of the bank as other systems read them: GIFT, and the XML of Moodle.

What goes out comes in again as it was: number, kind, category, difficulty, text, what is right, explanation. In GIFT
there is no ordering; such a question stands there as a comment alone.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from bson import Decimal128
from lxml import etree

from ..kernel.base.words import L, Words
from . import pictures
from .marking import MATCHING, MULTIPLE, NUMBER, ORDERING, PICTURE, SHORT, SINGLE, TRUE_FALSE, marked_lines, pair_of

GIFT, MOODLE = "gift", "xml"
MIMETYPES = {GIFT: "text/plain", MOODLE: "application/xml"}
GUIDE = "guide:"
LEFT_OUT = "not in GIFT"
OWN_FILES = "@@PLUGINFILE@@/"
NOT_WHOLE = L(
    "Nothing was exported: of these questions a picture is not attached, or waits for its virus scan, or may not be "
    "opened: {numbers}.",
    "未導出：以下題目的圖片未上傳、正在等待病毒掃描或不能打開：{numbers}。",
)
ON_THE_RIGHT = L(
    "Nothing was exported: Moodle XML has no place for a picture on the right side of a pair: {numbers}. Export these "
    "questions as QTI 3.",
    "未導出：Moodle XML 的配對題右項不能含圖片：{numbers}。請將這些題目導出為 QTI 3。",
)
NUMBERS_MAX = 20
FILES = "files"  # of a row: the files of its pictures, by name
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
        has_pictures = PICTURE.search(f"{row['text']}\n{row.get('options') or ''}")
        answer = None if has_pictures else _ANSWERS[row["kind"]](row)
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


def refusal_of_qti(rows: Iterable[Row]) -> Words | None:
    """Why questions cannot be written with their pictures."""
    numbers = [row["number"] for row in rows if not pictures.is_whole(row)]
    return NOT_WHOLE(numbers=_listed(numbers)) if numbers else None


def refusal_of_moodle(rows: Iterable[Row]) -> Words | None:
    """Why questions cannot be written in the XML of Moodle with their pictures."""
    broken, on_the_right = [], []
    for row in rows:
        if not pictures.is_whole(row):
            broken.append(row["number"])
        elif row["kind"] == MATCHING and any(
            PICTURE.search(pair_of(line)[1]) for _, line in marked_lines(row["options"])
        ):
            on_the_right.append(row["number"])
    if broken:
        return NOT_WHOLE(numbers=_listed(broken))
    return ON_THE_RIGHT(numbers=_listed(on_the_right)) if on_the_right else None


def _listed(numbers: Sequence[str]) -> str:
    return ", ".join(numbers[:NUMBERS_MAX]) + (" …" if len(numbers) > NUMBERS_MAX else "")


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
        yield _text_of(_question({**row, FILES: pictures.contents_of(row)}))
    yield "</quiz>\n"


def _text_of(item: Any) -> str:
    return str(etree.tostring(item, encoding="unicode", pretty_print=True))


def _question(row: Row) -> Any:
    kind = _MOODLE_KINDS[row["kind"]]
    item = etree.Element("question", type=kind)
    _say(etree.SubElement(item, "name"), row["number"])
    _tell(item, "questiontext", row["text"], row)
    _say(etree.SubElement(item, "generalfeedback", format="plain_text"), row.get("explanation") or "")
    etree.SubElement(item, "defaultgrade").text = "1"
    etree.SubElement(item, "idnumber").text = row["number"]
    _MOODLE_ANSWERS[row["kind"]](item, row)
    _say(etree.SubElement(etree.SubElement(item, "tags"), "tag"), row["difficulty"])
    return item


def _say(element: Any, text: str) -> None:
    etree.SubElement(element, "text").text = cleaned(text)


def _tell(parent: Any, name: str, text: str, row: Row, **facts: str) -> Any:
    """An element with a text: a plain one, or in HTML with its pictures beside it."""
    names = {each for _, each in pictures.marked(text) if each in row[FILES]}
    element = etree.SubElement(parent, name, facts)
    element.set("format", "html" if names else "plain_text")
    _say(element, _html(text, names) if names else text)
    for each in sorted(names):
        file = etree.SubElement(element, "file", name=each, path="/", encoding="base64")
        file.text = base64.b64encode(pictures.bytes_of(row[FILES][each])).decode()
    return element


def _html(text: str, names: Container[str]) -> str:
    lines = []
    for line in text.splitlines():
        paragraph = etree.Element("p")
        fill(paragraph, line, lambda name: f"{OWN_FILES}{quote(name)}" if name in names else "")
        lines.append(etree.tostring(paragraph, encoding="unicode", method="html"))
    return "\n".join(lines)


def fill(element: Any, text: str, source_of: Callable[[str], str]) -> None:
    """Write a text into an element with its pictures as `img`, from where `source_of` a name says, or as they stand."""
    before, at = "", 0
    image: Any = None
    for match in PICTURE.finditer(text):
        source = source_of(match[2].strip())
        before += text[at : match.start()] if source else text[at : match.end()]
        at = match.end()
        if source:
            _put_text(element, image, before)
            image, before = etree.SubElement(element, "img", src=source, alt=cleaned(match[1].strip())), ""
    _put_text(element, image, before + text[at:])


def _put_text(element: Any, image: Any, text: str) -> None:
    if image is None:
        element.text = cleaned(text) or None
    else:
        image.tail = cleaned(text) or None


def cleaned(text: str) -> str:
    """A text without the signs that no XML may hold."""
    return _NO_XML.sub("", text)


def _add_answer(item: Any, text: str, weight: str, row: Row) -> Any:
    return _tell(item, "answer", text, row, fraction=weight)


def _add_single(item: Any, row: Row) -> None:
    etree.SubElement(item, "single").text = "true"
    for is_right, text in marked_lines(row["options"]):
        _add_answer(item, text, "100" if is_right else "0", row)


def _add_multiple(item: Any, row: Row) -> None:
    etree.SubElement(item, "single").text = "false"
    for text, weight in _shares(row):
        _add_answer(item, text, weight, row)


def _add_truth(item: Any, row: Row) -> None:
    for text, is_right in (("true", bool(row.get("is_true"))), ("false", not row.get("is_true"))):
        _add_answer(item, text, "100" if is_right else "0", row)


def _add_number(item: Any, row: Row) -> None:
    answer = _add_answer(item, row["answer"].strip(), "100", row)
    etree.SubElement(answer, "tolerance").text = _tolerance(row) or "0"


def _add_pairs(item: Any, row: Row) -> None:
    for _, line in marked_lines(row["options"]):
        left, right = pair_of(line)
        part = _tell(item, "subquestion", left, row)
        _say(etree.SubElement(part, "answer"), right)


def _add_order(item: Any, row: Row) -> None:
    etree.SubElement(item, "selecttype").text = "ALL"
    for place, (_, text) in enumerate(marked_lines(row["options"]), 1):
        _add_answer(item, text, str(place), row)


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
