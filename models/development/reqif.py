"""Specifications as ReqIF documents (OMG ReqIF 1.2): each item under the identifier by which it is known elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any

from lxml import etree

from ..kernel.base import clock
from ..kernel.base.words import EN
from .specifications import KINDS, PRIORITIES

NAMESPACE = "http://www.omg.org/spec/ReqIF/20110401/reqif.xsd"
MIMETYPE = "application/xml"
ATTRIBUTES = ("number", "name", "kind", "priority", "text", "criterion")
_IDENTIFIER = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_OPTIONS = {"kind": KINDS, "priority": PRIORITIES}


def identifier_of(row: Mapping[str, Any]) -> str:
    """How an item is called in the document: as elsewhere, where XML takes it for an identifier, else by its number."""
    ident = row.get("ident") or ""
    return ident if _IDENTIFIER.fullmatch(ident) else str(row["number"])


def document(specification: Any, rows: Iterable[Mapping[str, Any]]) -> BytesIO:
    """The stored items of a specification as a document."""
    at = clock.now().isoformat(timespec="seconds")
    root = etree.Element("REQ-IF", nsmap={None: NAMESPACE})
    header = _add(_add(root, "THE-HEADER"), "REQ-IF-HEADER", IDENTIFIER=f"_{specification.id}")
    for name, text in (
        ("CREATION-TIME", at),
        ("REQ-IF-TOOL-ID", "Guicheng"),
        ("REQ-IF-VERSION", "1.2"),
        ("SOURCE-TOOL-ID", "Guicheng"),
        ("TITLE", specification.subject or specification.number),
    ):
        _add(header, name).text = text
    content = _add(_add(root, "CORE-CONTENT"), "REQ-IF-CONTENT")
    text_type = {"IDENTIFIER": "text", "LAST-CHANGE": at, "LONG-NAME": "text", "MAX-LENGTH": "20000"}
    _add(_add(content, "DATATYPES"), "DATATYPE-DEFINITION-STRING", **text_type)
    _add_types(_add(content, "SPEC-TYPES"), at)
    items = list(rows)
    objects = _add(content, "SPEC-OBJECTS")
    for row in items:
        _add_object(objects, row, at)
    _add_specification(_add(content, "SPECIFICATIONS"), specification, items, at)
    return BytesIO(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _add(parent: Any, tag: str, **attributes: str) -> Any:
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}", attributes)


def _add_types(types: Any, at: str) -> None:
    kind = _add(types, "SPEC-OBJECT-TYPE", **{"IDENTIFIER": "item", "LAST-CHANGE": at, "LONG-NAME": "item"})
    attributes = _add(kind, "SPEC-ATTRIBUTES")
    for name in ATTRIBUTES:
        facts = {"IDENTIFIER": f"item.{name}", "LAST-CHANGE": at, "LONG-NAME": name}
        definition = _add(attributes, "ATTRIBUTE-DEFINITION-STRING", **facts)
        _add(_add(definition, "TYPE"), "DATATYPE-DEFINITION-STRING-REF").text = "text"
    _add(
        types, "SPECIFICATION-TYPE", **{"IDENTIFIER": "specification", "LAST-CHANGE": at, "LONG-NAME": "specification"}
    )


def _add_object(objects: Any, row: Mapping[str, Any], at: str) -> None:
    item = _add(objects, "SPEC-OBJECT", **{"IDENTIFIER": identifier_of(row), "LAST-CHANGE": at})
    values = _add(item, "VALUES")
    for name in ATTRIBUTES:
        options = _OPTIONS.get(name)
        held = row.get(name) or ""
        text = options[held].in_locale(EN) if options and held in options else str(held)
        value = _add(values, "ATTRIBUTE-VALUE-STRING", **{"THE-VALUE": text})
        _add(_add(value, "DEFINITION"), "ATTRIBUTE-DEFINITION-STRING-REF").text = f"item.{name}"
    _add(_add(item, "TYPE"), "SPEC-OBJECT-TYPE-REF").text = "item"


def _add_specification(parent: Any, specification: Any, items: Iterable[Mapping[str, Any]], at: str) -> None:
    facts = {"IDENTIFIER": f"_{specification.id}.s", "LAST-CHANGE": at, "LONG-NAME": specification.number}
    whole = _add(parent, "SPECIFICATION", **facts)
    _add(_add(whole, "TYPE"), "SPECIFICATION-TYPE-REF").text = "specification"
    children = _add(whole, "CHILDREN")
    for row in items:
        place = {"IDENTIFIER": f"_{row['_id']}", "LAST-CHANGE": at}
        _add(_add(_add(children, "SPEC-HIERARCHY", **place), "OBJECT"), "SPEC-OBJECT-REF").text = identifier_of(row)
