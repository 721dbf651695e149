"""The bank of questions as a package of QTI 3, of 1EdTech: an item for each question, and a manifest that says its
category and difficulty.

Marks stand there as far as QTI can say them: several right options and pairs by a mapping, which gives parts; an order
and single choices as a whole; a number with its tolerance. What is read in again is what went out
(`services/files/child/qti.py`).
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import IO, Any
from urllib.parse import quote

from bson import Decimal128
from lxml import etree

from ..kernel.language import typed
from ..kernel.language.questions.kinds import plain_number
from . import pictures
from .interchange import cleaned, fill
from .marking import MATCHING, MULTIPLE, NUMBER, ORDERING, SHORT, SINGLE, TRUE_FALSE, in_words, marked_lines, pair_of

QTI, MIMETYPE = "zip", "application/zip"
NAMESPACE = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
PACKAGE = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"
LOM = "http://ltsc.ieee.org/xsd/LOM"
TEMPLATES = "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/"
ITEM_TYPE, MANIFEST = "imsqti_item_xmlv3p0", "imsmanifest.xml"
LEVELS = {"easy": "easy", "middle": "medium", "hard": "difficult"}
FEEDBACK = "EXPLANATION"
SOURCES = "sources"  # of a row: where its pictures stand, seen from the item, by name
TITLE_MAX, PIECE = 80, 1 << 16
_PLAIN = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_PLACES = Decimal("0.000001")
Row = Mapping[str, Any]


def in_qti(rows: Iterable[Row]) -> Iterator[bytes]:
    """Stored questions as a package, piece by piece; the pictures stand in a folder for each question."""
    with tempfile.TemporaryFile() as file:
        _write(file, rows)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def _write(file: IO[bytes], rows: Iterable[Row]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        resources = etree.Element("resources")
        for row in rows:
            name, kept = f"items/{row['number']}.xml", pictures.contents_of(row)
            addresses = {each: f"media/{row['number']}/{each}" for each in kept}
            _put(archive, name, item_of({**row, SOURCES: {each: f"../{quote(at)}" for each, at in addresses.items()}}))
            resources.extend(_resources(row, name, [*addresses.values()]))
            for each, picture in kept.items():
                archive.writestr(zipfile.ZipInfo(addresses[each]), pictures.bytes_of(picture), zipfile.ZIP_STORED)
        manifest = etree.Element("manifest", xmlns=PACKAGE, identifier="MANIFEST")
        about = etree.SubElement(manifest, "metadata")
        etree.SubElement(about, "schema").text = "QTI Package"
        etree.SubElement(about, "schemaversion").text = "3.0.0"
        etree.SubElement(manifest, "organizations")
        manifest.append(resources)
        _put(archive, MANIFEST, manifest)


def _put(archive: zipfile.ZipFile, name: str, root: Any) -> None:
    content = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def _resources(row: Row, name: str, beside: Sequence[str]) -> Iterator[Any]:
    """What the manifest says of an item, and of the pictures beside it."""
    resource = _resource(row, name)
    yield resource
    for place, path in enumerate(beside, 1):
        identifier = f"RES-{row['number']}-{place}"
        etree.SubElement(resource, "dependency", identifierref=identifier)
        picture = etree.Element("resource", identifier=identifier, type="webcontent", href=quote(path))
        etree.SubElement(picture, "file", href=quote(path))
        yield picture


def _resource(row: Row, name: str) -> Any:
    resource = etree.Element("resource", identifier=f"RES-{row['number']}", type=ITEM_TYPE, href=name)
    lom = etree.SubElement(etree.SubElement(resource, "metadata"), "lom", xmlns=LOM)
    level = etree.SubElement(etree.SubElement(lom, "educational"), "difficulty")
    _said(level, source="LOMv1.0", value=LEVELS[row["difficulty"]])
    kind = etree.SubElement(lom, "classification")
    _said(etree.SubElement(kind, "purpose"), source="LOMv1.0", value="discipline")
    path = etree.SubElement(kind, "taxonPath")
    _said(etree.SubElement(etree.SubElement(path, "taxon"), "entry"), string=row["category"])
    etree.SubElement(resource, "file", href=name)
    return resource


def _said(parent: Any, **texts: str) -> None:
    for name, text in texts.items():
        etree.SubElement(parent, name).text = cleaned(text)


def item_of(row: Row) -> Any:
    """A stored question as an item."""
    title = " ".join(cleaned(in_words(row["text"])).split())[:TITLE_MAX]
    item = etree.Element("qti-assessment-item", xmlns=NAMESPACE, identifier=row["number"], title=title)
    item.set("adaptive", "false")
    item.set("time-dependent", "false")
    item.set("{http://www.w3.org/XML/1998/namespace}lang", "zh-Hant")
    declaration = etree.SubElement(item, "qti-response-declaration", identifier="RESPONSE")
    etree.SubElement(
        item,
        "qti-outcome-declaration",
        {"identifier": "SCORE", "cardinality": "single", "base-type": "float"},
    )
    if row.get("explanation"):
        facts = {"identifier": "FEEDBACK", "cardinality": "single", "base-type": "identifier"}
        etree.SubElement(item, "qti-outcome-declaration", facts)
    body = etree.SubElement(item, "qti-item-body")
    _paragraphs(body, row["text"], row)
    _WRITERS[row["kind"]](item, declaration, body, row)
    if row.get("explanation"):
        facts = {"outcome-identifier": "FEEDBACK", "identifier": FEEDBACK, "show-hide": "hide"}
        feedback = etree.SubElement(item, "qti-modal-feedback", facts)
        _paragraphs(etree.SubElement(feedback, "qti-content-body"), row["explanation"])
    return item


def _paragraphs(parent: Any, text: str, row: Row | None = None) -> None:
    for line in cleaned(text).splitlines():
        fill(etree.SubElement(parent, "p"), line, _sources_of(row or {}))


def _sources_of(row: Row) -> Callable[[str], str]:
    """Where a picture stands in the package, by its name; "" of what is not there."""
    sources: Mapping[str, str] = row.get(SOURCES) or {}
    return lambda name: sources.get(name, "")


def _declare(declaration: Any, cardinality: str, base: str, right: Sequence[str]) -> None:
    declaration.set("cardinality", cardinality)
    declaration.set("base-type", base)
    if right:
        correct = etree.SubElement(declaration, "qti-correct-response")
        for value in right:
            etree.SubElement(correct, "qti-value").text = value


def _map(declaration: Any, weights: Mapping[str, Decimal]) -> None:
    """What each part is worth: in all never less than nothing, nor more than one."""
    facts = {"lower-bound": "0", "upper-bound": "1", "default-value": "0"}
    mapping = etree.SubElement(declaration, "qti-mapping", facts)
    for key, weight in weights.items():
        entry = {"map-key": key, "mapped-value": f"{weight.quantize(_PLACES).normalize():f}"}
        etree.SubElement(mapping, "qti-map-entry", entry)


def _marked_by(item: Any, template: str) -> None:
    etree.SubElement(item, "qti-response-processing", template=f"{TEMPLATES}{template}.xml")


def _interaction(body: Any, name: str, **facts: str) -> Any:
    attributes = {key.replace("_", "-"): value for key, value in facts.items()}
    return etree.SubElement(body, f"qti-{name}-interaction", {"response-identifier": "RESPONSE", **attributes})


def _choices(parent: Any, texts: Mapping[str, str], row: Row, name: str = "qti-simple-choice", **facts: str) -> None:
    more = {key.replace("_", "-"): value for key, value in facts.items()}
    for key, text in texts.items():
        fill(etree.SubElement(parent, name, {"identifier": key, **more}), text, _sources_of(row))


def _keyed(letter: str, texts: Iterable[str]) -> dict[str, str]:
    return {f"{letter}{place}": text for place, text in enumerate(texts, 1)}


def _truth(item: Any, declaration: Any, body: Any, row: Row) -> None:
    _declare(declaration, "single", "identifier", ["true" if row.get("is_true") else "false"])
    _choices(_interaction(body, "choice", max_choices="1"), {"true": "對", "false": "錯"}, row)
    _marked_by(item, "match_correct")


def _single(item: Any, declaration: Any, body: Any, row: Row) -> None:
    lines = marked_lines(row["options"])
    options = _keyed("A", (text for _, text in lines))
    _declare(declaration, "single", "identifier", _right(options, lines))
    _choices(_interaction(body, "choice", max_choices="1", shuffle="true"), options, row)
    _marked_by(item, "match_correct")


def _right(options: Mapping[str, str], lines: Sequence[tuple[bool, str]]) -> list[str]:
    return [key for key, (is_right, _) in zip(options, lines, strict=True) if is_right]


def _multiple(item: Any, declaration: Any, body: Any, row: Row) -> None:
    lines = marked_lines(row["options"])
    options = _keyed("A", (text for _, text in lines))
    right = _right(options, lines)
    gain, loss = Decimal(1) / len(right), Decimal(-1) / max(len(options) - len(right), 1)
    _declare(declaration, "multiple", "identifier", right)
    _map(declaration, {key: gain if key in right else loss for key in options})
    _choices(_interaction(body, "choice", max_choices="0", shuffle="true"), options, row)
    _marked_by(item, "map_response")


def _order(item: Any, declaration: Any, body: Any, row: Row) -> None:
    options = _keyed("A", (text for _, text in marked_lines(row["options"])))
    _declare(declaration, "ordered", "identifier", list(options))
    _choices(_interaction(body, "order", shuffle="true"), options, row)
    _marked_by(item, "match_correct")


def _match(item: Any, declaration: Any, body: Any, row: Row) -> None:
    linked = [pair_of(line) for _, line in marked_lines(row["options"])]
    lefts = _keyed("L", (left for left, _ in linked))
    rights = _keyed("R", dict.fromkeys(right for _, right in linked))
    by_text = {text: key for key, text in rights.items()}
    right = [f"{key} {by_text[text]}" for key, (_, text) in zip(lefts, linked, strict=True)]
    _declare(declaration, "multiple", "directedPair", right)
    _map(declaration, dict.fromkeys(right, Decimal(1) / len(right)))
    interaction = _interaction(body, "match", max_associations=str(len(lefts)), shuffle="true")
    for texts, most in ((lefts, "1"), (rights, "0")):
        part = etree.SubElement(interaction, "qti-simple-match-set")
        _choices(part, texts, row, "qti-simple-associable-choice", match_max=most)
    _marked_by(item, "map_response")


def _number(item: Any, declaration: Any, body: Any, row: Row) -> None:
    said = row["answer"].strip()
    right = said if _PLAIN.fullmatch(said) else plain_number(typed.number_of(said))
    _declare(declaration, "single", "float", [right])
    _interaction(etree.SubElement(body, "p"), "text-entry", expected_length="20")
    processing = etree.SubElement(item, "qti-response-processing")
    condition = etree.SubElement(processing, "qti-response-condition")
    then = etree.SubElement(condition, "qti-response-if")
    tolerance = row.get("tolerance")
    margin = tolerance.to_decimal() if isinstance(tolerance, Decimal128) else tolerance
    facts = {"tolerance-mode": "exact"}
    if margin:
        facts = {"tolerance-mode": "absolute", "tolerance": " ".join([f"{margin.normalize():f}"] * 2)}
    equal = etree.SubElement(then, "qti-equal", facts)
    etree.SubElement(equal, "qti-variable", identifier="RESPONSE")
    etree.SubElement(equal, "qti-correct", identifier="RESPONSE")
    for part, marks in ((then, "1"), (etree.SubElement(condition, "qti-response-else"), "0")):
        outcome = etree.SubElement(part, "qti-set-outcome-value", identifier="SCORE")
        etree.SubElement(outcome, "qti-base-value", {"base-type": "float"}).text = marks


def _short(item: Any, declaration: Any, body: Any, row: Row) -> None:
    _declare(declaration, "single", "string", [])
    if row.get("answer"):
        rubric = etree.SubElement(body, "qti-rubric-block", use="scoring", view="scorer")
        _paragraphs(etree.SubElement(rubric, "qti-content-body"), row["answer"])
    _interaction(body, "extended-text")


_WRITERS: dict[str, Callable[[Any, Any, Any, Row], None]] = {
    TRUE_FALSE: _truth,
    SINGLE: _single,
    MULTIPLE: _multiple,
    NUMBER: _number,
    ORDERING: _order,
    MATCHING: _match,
    SHORT: _short,
}
