"""Reads a ReqIF document (OMG ReqIF 1.2) as a table: a row for each object, its columns by the names of attributes.

The first columns are the identifier of the object and the name of the specification in which it stands. A document
type, and so entities, is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from .unreadable import Unreadable

IDENT, SPECIFICATION = "ident", "specification"
STANDARD = {"ReqIF.Name": "name", "ReqIF.ChapterName": "name", "ReqIF.Text": "text"}
_PARSER: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "remove_comments": True}


def rows(content: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """The heads, and a row for each object that is no heading alone. Raises Unreadable."""
    content.seek(0)
    try:
        tree = etree.parse(content, etree.XMLParser(**_PARSER))
    except etree.XMLSyntaxError as fault:
        raise Unreadable("damaged") from fault
    root = tree.getroot()
    if tree.docinfo.doctype or _name(root) != "REQ-IF":
        raise Unreadable("damaged")
    names = _names_of(root)
    objects = [item for item in root.iter(etree.Element) if _name(item) == "SPEC-OBJECT"]
    values = [(item, dict(_values(item, names))) for item in objects]
    heads = list(dict.fromkeys(head for _, held in values for head in held))
    places = _places(root)
    yield 1, [IDENT, SPECIFICATION, *heads]
    for number, (item, held) in enumerate(values, 2):
        ident = item.get("IDENTIFIER", "")
        own = ident == held.get("number")  # what has no other identifier than ours
        yield number, ["" if own else ident, places.get(ident, ""), *(held.get(head, "") for head in heads)]


def _name(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _names_of(root: Any) -> dict[str, str]:
    """What identifiers are called: attributes and options of enumerations."""
    named = (
        item for item in root.iter(etree.Element) if _name(item).startswith(("ATTRIBUTE-DEFINITION", "ENUM-VALUE"))
    )
    known = {item.get("IDENTIFIER"): item.get("LONG-NAME") for item in named if item.get("IDENTIFIER")}
    return {id: name or id for id, name in known.items()}


def _values(item: Any, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    for value in item.iter(etree.Element):
        if not _name(value).startswith("ATTRIBUTE-VALUE-"):
            continue
        refs = [part for part in value.iter(etree.Element) if _name(part).endswith("-REF")]
        head = next((names.get(ref.text or "", ref.text or "") for ref in refs if "DEFINITION" in _name(ref)), "")
        if head:
            yield STANDARD.get(head, head), _said(value, refs, names)


def _said(value: Any, refs: list[Any], names: dict[str, str]) -> str:
    if (plain := value.get("THE-VALUE")) is not None:
        return str(plain)
    chosen = [names.get(ref.text or "", ref.text or "") for ref in refs if _name(ref) == "ENUM-VALUE-REF"]
    rich = next((part for part in value if _name(part) == "THE-VALUE"), None)
    return ", ".join(chosen) if rich is None else " ".join("".join(rich.itertext()).split())


def _places(root: Any) -> dict[str, str]:
    """The name of the specification in which each object stands."""
    result: dict[str, str] = {}
    for item in root.iter(etree.Element):
        if _name(item) == "SPECIFICATION":
            refs = (part.text for part in item.iter(etree.Element) if _name(part) == "SPEC-OBJECT-REF")
            result |= {ref: item.get("LONG-NAME", "") for ref in refs if ref}
    return result
