"""Reads questions in QTI 3, of 1EdTech, as a table: a row for each item, in the order of the package, or of one item.

Taken over is a subset: one interaction of choice, order, match, text entry or extended text, marked by a standard
template or by one condition that compares with what is right. What is not is said in the row. Nothing is unpacked to a
disk and no address is followed; a document type, and so entities, is refused.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Container, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO
from urllib.parse import unquote

from lxml import etree

from .archives import refuse_bomb
from .question_pictures import marked
from .question_rows import (
    ALT,
    DECOY,
    KIND,
    MATCHING,
    MEDIA,
    MISSING,
    NOT_TAKEN,
    NUMBER,
    NUMERIC,
    ORDERING,
    PARTS,
    PICTURE_BYTES,
    RULE,
    SHORT,
    TEST,
    TRUE_FALSE,
    VERSION,
    WEIGHTS,
    XML,
    NotTaken,
    Placed,
    QuestionRow,
    choice,
    in_words,
    number_from,
    pairs,
    plain_line,
    rows_of,
)
from .unreadable import Unreadable

MANIFEST = "imsmanifest.xml"
NAMESPACE = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
ITEM_TYPE, ITEM_TYPES, TEST_TYPES = "imsqti_item_xmlv3p0", "imsqti_item_xml", ("imsqti_test_xml", "imsqti_section_xml")
ITEM_MAX = 4 << 20
GAP = "_____"
LEVELS = {
    "very easy": "Easy",
    "easy": "Easy",
    "medium": "Middle",
    "difficult": "Hard",
    "very difficult": "Hard",
}
_PARSER: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "remove_comments": True}
_BLOCKS = frozenset("p div br li ul ol dl dt dd tr table h1 h2 h3 h4 h5 h6 pre blockquote qti-prompt".split())
_MEDIA = frozenset("object audio video picture iframe embed math svg qti-media-interaction".split())
_UNSEEN = frozenset(
    ("qti-feedback-inline", "qti-feedback-block", "qti-modal-feedback", "qti-simple-choice", "qti-stylesheet", "style")
)
_ELSEWHERE = (
    "qti-assessment-stimulus-ref",
    "qti-template-declaration",
    "qti-template-processing",
    "qti-printed-variable",
    "qti-template-block",
    "qti-template-inline",
    "include",
)
_TRUTHS = ({"true": "yes", "false": "no"}, {"對": "yes", "錯": "no"}, {"对": "yes", "错": "no"})


def rows(content: BinaryIO) -> Iterator[tuple[Any, ...]]:
    """The heads, and a row for each item. Raises Unreadable."""
    content.seek(0)
    is_package = content.read(2) == b"PK"
    content.seek(0)
    if is_package:
        yield from rows_of(enumerate(_of_package(content), 1))
        return
    root = _parsed(content.read())
    if root is None:
        raise Unreadable("damaged")
    yield from rows_of(iter([(1, _row(root, QuestionRow(), _Files()))]))


def _parsed(content: bytes) -> Any:
    """The root of a document; None where it is no sound one, or has a document type."""
    try:
        tree = etree.ElementTree(etree.fromstring(content, etree.XMLParser(**_PARSER)))
    except etree.XMLSyntaxError:
        return None
    return None if tree.docinfo.doctype else tree.getroot()


def _of_package(content: BinaryIO) -> Iterator[QuestionRow]:
    refuse_bomb(content)
    try:
        archive = zipfile.ZipFile(content)
        names = set(archive.namelist())
        manifest = _parsed(_member(archive, MANIFEST)) if MANIFEST in names else None
        if manifest is None or _name(manifest) != "manifest":
            raise Unreadable("damaged")
        for resource in _all(manifest, "resource"):
            yield from _resource(archive, names, resource)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as fault:
        raise Unreadable("damaged") from fault


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        content = file.read(ITEM_MAX + 1)
    if len(content) > ITEM_MAX:
        raise Unreadable("unpacked")
    return content


class _Files:
    """The files of the package beside an item, to which it may refer; none of an item that comes alone."""

    def __init__(self, archive: zipfile.ZipFile | None = None, names: Container[str] = (), place: str = ""):
        self.archive, self.names, self.folder = archive, names, posixpath.dirname(place)

    def placed(self, row: QuestionRow, facts: Mapping[str, str]) -> str:
        """How a picture stands in a text of the row, which then has it. Raises NotTaken."""
        path = posixpath.normpath(posixpath.join(self.folder, unquote(facts.get("src", ""))))
        if not in_words(facts):
            raise NotTaken(ALT)
        if self.archive is None or path not in self.names:
            raise NotTaken(MISSING)
        with self.archive.open(path) as file:
            content = file.read(PICTURE_BYTES + 1)
        return marked(row.pictures, facts.get("alt", ""), path, content)


def _resource(archive: zipfile.ZipFile, names: set[str], resource: Any) -> Iterator[QuestionRow]:
    kind, href = resource.get("type", ""), unquote(resource.get("href", ""))
    row = QuestionRow(text=href)
    if kind.startswith(TEST_TYPES):
        yield _refused(row, TEST)
    elif kind.startswith(ITEM_TYPES):
        place = posixpath.normpath(href)
        root = _parsed(_member(archive, place)) if place in names else None
        if place not in names or root is None:
            yield _refused(row, XML if place in names else MISSING)
            return
        category = [_text(entry) for entry in _all(resource, "entry")]
        levels = [_text(value).lower() for part in _all(resource, "difficulty") for value in _all(part, "value")]
        known = QuestionRow(category=category[-1] if category else "")
        known.difficulty = next((LEVELS[level] for level in levels if level in LEVELS), "")
        yield _row(root, known, _Files(archive, names, place))


def _refused(row: QuestionRow, why: str) -> QuestionRow:
    return QuestionRow(kind=f"{NOT_TAKEN}{why}", category=row.category, text=row.text)


def _row(root: Any, row: QuestionRow, files: _Files) -> QuestionRow:
    """An item as a row; `row` has what the package says of it."""
    title = root.get("title") or root.get("identifier") or ""
    row.text = title
    try:
        if _name(root) != "qti-assessment-item" or etree.QName(root).namespace != NAMESPACE:
            raise NotTaken(VERSION)
        _read(row, root, files)
    except NotTaken as why:
        return _refused(QuestionRow(category=row.category, text=row.text or title), str(why))
    return row


def _read(row: QuestionRow, root: Any, files: _Files) -> None:
    body = _child(root, "qti-item-body")
    interactions = [part for part in _elements(root) if _name(part).endswith("-interaction")]
    read = _READERS.get(_name(interactions[0])) if interactions else None
    if body is None or not interactions or root.get("adaptive") == "true":
        raise NotTaken(KIND)
    if len(interactions) > 1 or any(_name(part) in _ELSEWHERE for part in _elements(root)):
        raise NotTaken(PARTS)
    if any(_name(part) in _MEDIA for part in _elements(body)):
        raise NotTaken(MEDIA)
    if read is None:
        raise NotTaken(KIND)
    row.number = number_from(root.get("identifier", ""))
    row.text = _question_text(body)  # if a picture is refused, its words stand in what is said of the item

    def placed(facts: Mapping[str, str]) -> str:
        return files.placed(row, facts)

    row.text = _question_text(body, placed)
    row.explanation = "\n".join(_lines(part) for part in _all(root, "qti-modal-feedback") if _is_explanation(part))
    read(row, interactions[0], _Response(root, interactions[0], placed))


def _is_explanation(feedback: Any) -> bool:
    """Whether a feedback is shown whatever was answered."""
    return str(feedback.get("show-hide")) == "hide"


class _Response:
    """What an item says of the answers to its interaction: what is right, and what each part of it is worth."""

    def __init__(self, root: Any, interaction: Any, placed: Placed):
        self.placed = placed
        self.name = interaction.get("response-identifier", "")
        declared = [part for part in _all(root, "qti-response-declaration") if part.get("identifier") == self.name]
        if len(declared) != 1:
            raise NotTaken(PARTS)
        self.base, self.cardinality = declared[0].get("base-type", ""), declared[0].get("cardinality", "")
        correct = _child(declared[0], "qti-correct-response")
        self.correct = [_text(value) for value in _all(correct, "qti-value")] if correct is not None else []
        self.mapped = {
            entry.get("map-key", ""): _decimal(entry.get("mapped-value", ""), WEIGHTS)
            for entry in _all(declared[0], "qti-map-entry")
        }
        self.rest = next(
            (_decimal(m.get("default-value") or "0", WEIGHTS) for m in _all(declared[0], "qti-mapping")), Decimal(0)
        )
        self.processing = _child(root, "qti-response-processing")
        self.is_mapped = self._template() == "map_response"
        if self.is_mapped and not self.mapped:
            raise NotTaken(WEIGHTS)

    def _template(self) -> str:
        """By which rule it is marked. Raises NotTaken for one that the bank does not have."""
        if self.processing is None:
            return "match_correct"
        name = posixpath.basename(self.processing.get("template", "")).removesuffix(".xml")
        if name in ("match_correct", "map_response"):
            return name
        if self.comparison() is None:
            raise NotTaken(RULE)
        return "match_correct"

    def comparison(self) -> Any:
        """The comparison of the one condition that makes the marks, if it is one with what is right."""
        conditions = [] if self.processing is None else list(self.processing)
        if len(conditions) != 1 or _name(conditions[0]) != "qti-response-condition":
            return None
        parts = {_name(part): part for part in conditions[0]}
        if set(parts) - {"qti-response-if", "qti-response-else"} or len(parts) != len(conditions[0]):
            return None
        test, *then = list(parts.get("qti-response-if", ()))
        sets = [*then, *parts.get("qti-response-else", ())]
        if len(then) != 1 or any(_name(each) != "qti-set-outcome-value" or not _is_base(each) for each in sets):
            return None
        operands = [(_name(part), part.get("identifier")) for part in test]
        is_ours = operands in (
            [("qti-variable", self.name), ("qti-correct", self.name)],
            [("qti-correct", self.name), ("qti-variable", self.name)],
        )
        return test if is_ours and _name(test) in ("qti-match", "qti-equal") else None

    def weights(self, keys: list[str]) -> list[Decimal]:
        """What each option is worth in percent of what is right."""
        if not self.is_mapped:
            return [Decimal(100) if key in self.correct else Decimal(0) for key in keys]
        given = [self.mapped.get(key, self.rest) for key in keys]
        best = max((weight for weight in given if weight > 0), default=Decimal(0))
        return [100 * weight / best if best else Decimal(0) for weight in given]

    def ones(self) -> list[str]:
        """The answers that are right, each worth as much as another. Raises NotTaken where they are not."""
        if not self.is_mapped:
            return self.correct
        right = [key for key, weight in self.mapped.items() if weight > 0]
        if len({self.mapped[key] for key in right}) > 1 or self.rest > 0:
            raise NotTaken(WEIGHTS)
        return right


def _is_base(part: Any) -> bool:
    return len(part) == 1 and _name(part[0]) == "qti-base-value"


def _choice(row: QuestionRow, interaction: Any, response: _Response) -> None:
    options = {
        each.get("identifier", ""): _lines(each, response.placed) for each in _all(interaction, "qti-simple-choice")
    }
    is_single = response.cardinality == "single"
    texts = [text.lower() for text in options.values()]
    truth = next((words for words in _TRUTHS if is_single and sorted(texts) == sorted(words)), None)
    if truth and set(options) - {"true", "false"} and texts != list(truth):
        truth = None
    weights = response.weights(list(options))
    row.kind, row.options = choice(list(zip(options.values(), weights, strict=True)), is_single=is_single)
    if truth:
        right = texts[next(at for at, weight in enumerate(weights) if weight > 0)]
        row.kind, row.options, row.is_true = TRUE_FALSE, "", truth[right]


def _order(row: QuestionRow, interaction: Any, response: _Response) -> None:
    options = {
        each.get("identifier", ""): _lines(each, response.placed) for each in _all(interaction, "qti-simple-choice")
    }
    if response.is_mapped or sorted(response.correct) != sorted(options):
        raise NotTaken(RULE)
    row.kind = ORDERING
    row.options = "\n".join(plain_line(options[key]) for key in response.correct)


def _match(row: QuestionRow, interaction: Any, response: _Response) -> None:
    sets = [
        {
            each.get("identifier", ""): _lines(each, response.placed)
            for each in _all(part, "qti-simple-associable-choice")
        }
        for part in _all(interaction, "qti-simple-match-set")
    ]
    if len(sets) != 2:
        raise NotTaken(KIND)
    linked = [tuple(value.split()) for value in response.ones()]
    if sorted(pair[0] for pair in linked if len(pair) == 2) != sorted(sets[0]):
        raise NotTaken(DECOY)
    by_left = dict(pair for pair in linked if len(pair) == 2)
    if set(by_left.values()) != set(sets[1]):
        raise NotTaken(DECOY)
    row.kind, row.options = MATCHING, pairs([(text, sets[1][by_left[key]]) for key, text in sets[0].items()])


def _entry(row: QuestionRow, interaction: Any, response: _Response) -> None:
    right = response.ones()
    if response.base in ("float", "integer"):
        if len(right) != 1:
            raise NotTaken(NUMBER)
        row.kind, row.answer = NUMERIC, f"{_decimal(right[0], NUMBER):f}"
        row.tolerance = _tolerance(response.comparison())
    elif response.base == "string" and right:
        row.kind, row.answer = SHORT, "\n".join(right)
    else:
        raise NotTaken(KIND)


def _tolerance(comparison: Any) -> str:
    if comparison is None or comparison.get("tolerance-mode", "exact") == "exact":
        return ""
    margins = {_decimal(text, NUMBER) for text in comparison.get("tolerance", "").split()}
    if comparison.get("tolerance-mode") != "absolute" or len(margins) != 1:
        raise NotTaken(NUMBER)
    (margin,) = margins
    return f"{margin:f}" if margin else ""


def _extended(row: QuestionRow, interaction: Any, response: _Response) -> None:
    root = interaction.getroottree().getroot()
    guides = [part for part in _all(root, "qti-rubric-block") if _is_for_scorer(part)]
    row.kind, row.answer = SHORT, "\n".join(_lines(part) for part in guides)


_READERS = {
    "qti-choice-interaction": _choice,
    "qti-order-interaction": _order,
    "qti-match-interaction": _match,
    "qti-text-entry-interaction": _entry,
    "qti-extended-text-interaction": _extended,
}


def _is_for_scorer(part: Any) -> bool:
    """Whether a block is for those who mark, and not for whoever answers."""
    views = (part.get("view") or "").split()
    return bool(views) and "candidate" not in views


def _question_text(body: Any, placed: Placed = in_words) -> str:
    """What is asked, with a gap where an answer stands within the text."""
    return _gathered(body, placed).removesuffix(GAP).rstrip()


def _lines(element: Any, placed: Placed = in_words) -> str:
    """The text of an element, a line for each block."""
    return _gathered(element, placed, is_whole=True)


def _gathered(element: Any, placed: Placed, *, is_whole: bool = False) -> str:
    pieces: list[str] = []
    _gather(element, pieces, placed, is_whole=is_whole)
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def _gather(element: Any, pieces: list[str], placed: Placed, *, is_whole: bool) -> None:
    pieces.append(_flat(element.text))
    for part in element.iterchildren(etree.Element):
        name = _name(part)
        if name == "img":
            pieces.append(placed(part.attrib))
        elif name == "qti-text-entry-interaction":
            pieces.append(f" {GAP} ")
        elif name.endswith("-interaction"):
            prompts = [each for each in part.iterchildren(etree.Element) if _name(each) == "qti-prompt"]
            for prompt in prompts:
                pieces.append("\n")
                _gather(prompt, pieces, placed, is_whole=is_whole)
            pieces.append("\n")
        elif is_whole or (name not in _UNSEEN and not (name == "qti-rubric-block" and _is_for_scorer(part))):
            edge = "\n" if name in _BLOCKS or name.startswith("qti-") else ""
            pieces.append(edge)
            _gather(part, pieces, placed, is_whole=is_whole)
            pieces.append(edge)
        pieces.append(_flat(part.tail))


def _flat(text: str | None) -> str:
    return " ".join((text or "").split("\n"))


def _decimal(text: str, why: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation as fault:
        raise NotTaken(why) from fault
    if not number.is_finite():
        raise NotTaken(why)
    return number


def _name(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _elements(root: Any) -> Iterator[Any]:
    return iter(root.iter(etree.Element))


def _all(root: Any, name: str) -> list[Any]:
    return [part for part in root.iter(etree.Element) if _name(part) == name]


def _child(root: Any, name: str) -> Any:
    return next((part for part in root.iterchildren(etree.Element) if _name(part) == name), None)


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())
