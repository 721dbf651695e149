"""What the general document of a record prints: its parts as its reader may see them, its lines, and its decisions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import history, signing
from models.kernel.gate.stored_form import stored
from models.kernel.language.declare import references_of
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.files import files

from ..formats import FORMATS
from ..kinds import kind_of
from ..wording import line_labels, moment, reference_labels, state_label
from .record_page import base_facts, parts_of
from .timeline import timeline

ENTRIES_MAX = 500
TEXT_MAX = 40_000
WIDTH_MIN, WIDTH_MAX = 6, 40
WIDE_FROM = "\u2e80"  # Chinese characters stand in twice the room of Latin ones
WORDS = {
    "state": L("State: ", "狀態："),
    "version": L("Version", "版本"),
    "record": L("Record", "記錄"),
    "decisions": L("Workflow history", "辦理過程"),
    "files": L("Attachments", "附件"),
    "when": L("When", "時間"),
    "who": L("Who", "人員"),
    "what": L("Step", "步驟"),
    "said": L("Reason or remark", "原因或意見"),
    "none": L("None.", "無。"),
    "left": L("Older entries are left out; the record has them all.", "較早的記錄未列出，可在系統中查看。"),
}
FORMAT = FORMATS / "record.typ"
PRINTED = L("Printed by {who} on {at}", "{who} 打印於 {at}")


def contents(cls: type[Record], record: Record, me: Actor) -> dict[str, Any]:
    """Everything that the format prints, as texts in the reader's language. Bounded, however long the record is."""
    document = stored(record)
    labels = reference_labels(cls, [document], list(references_of(cls))) | line_labels(cls, document)
    currency, viewer = _currency(cls, document), rights.Viewer(me, record)
    moves = history.entries_of(record.id, newest_first=True, limit=ENTRIES_MAX)
    decisions = [move for move in moves if move.get("state_to") or move["verb"] in _verbs(cls)]
    return {
        "words": {name: str(words) for name, words in WORDS.items()},
        "kind": str(cls.declared.label),
        "clause": cls.declared.clause,
        "number": record.number,
        "title": record.title,
        "state": state_label(cls, record.state),
        "version": str(record.version),
        "printed": str(PRINTED(who=me.name, at=moment(clock.now()))),
        "signatures": list(_signatures(cls, record, viewer)),
        "parts": [_part(part, currency) for part in parts_of(cls, document, labels, viewer)],
        "base": [
            [str(base_fact["label"]), _text(base_fact["value"])] for base_fact in base_facts(cls, document, labels)
        ],
        "files": [[file["name"], moment(file["at"])] for file in files.files_of(record.id)],
        "decisions": [[e["when"], e["who"], e["text"], e["comment"]] for e in timeline(cls, decisions[::-1], viewer)],
        "is_cut": len(moves) == ENTRIES_MAX,
    }


def _signatures(cls: type[Record], record: Record, viewer: rights.Viewer) -> Iterator[dict[str, Any]]:
    """The pictures of signatures that the reader sees, as numbers, since a text cannot hold them."""
    for name in signing.signatures_of(record):
        field, value = cls.fields_of()[name], record.raw(name)
        if value and value.get("png") and viewer.sees(field):
            yield {"label": str(label_of(field)), "png": list(value["png"])}


def _verbs(cls: type[Record]) -> tuple[str, ...]:
    flow = cls.declared.workflow
    return flow.verbs() if flow else ()


def _currency(cls: type[Record], document: Mapping[str, Any]) -> str:
    field = cls._fields.get("currency")
    return kind_of(field).plain(document.get("currency")) if field else ""


def _part(part: dict[str, Any], currency: str) -> dict[str, Any]:
    return {
        "label": str(part["label"]),
        "clause": part["clause"],
        "pieces": list(_pieces(part["pieces"], currency)),
    }


def _pieces(pieces: list[dict[str, Any]], currency: str) -> Iterator[dict[str, Any]]:
    """Tables of lines, and facts as pairs; amounts that follow a table are its totals and stand under it."""
    for at, piece in enumerate(pieces):
        if "table" in piece:
            yield _table(piece["table"])
            continue
        totals = [fact for fact in piece["facts"] if at and fact["amount"]]
        if totals:
            yield {"totals": [[str(total["label"]), _amount(total, currency)] for total in totals]}
        facts = [
            [str(fact["label"]), _text(fact["value"]), fact["wide"]] for fact in piece["facts"] if fact not in totals
        ]
        if facts:
            yield {"facts": facts}


def _amount(fact: dict[str, Any], currency: str) -> str:
    text = _text(fact["value"])
    return f"{currency} {text}".strip() if text else ""


def _table(table: dict[str, Any]) -> dict[str, Any]:
    """A table of lines with its heads, which columns are numbers, and how much room each of the others wants."""
    heads = [str(head["label"]) for head in table["heads"]]
    rows = [[_text(cell["text"]) for cell in row] for row in table["rows"]]
    return {
        "label": str(table["label"]),
        "heads": heads,
        "numbers": [head["number"] for head in table["heads"]],
        "widths": [_width(column) for column in zip(heads, *rows, strict=True)],
        "rows": rows,
    }


def _width(texts: Iterable[str]) -> int:
    longest = max(sum(2 if letter >= WIDE_FROM else 1 for letter in text[:WIDTH_MAX]) for text in texts)
    return min(max(longest, WIDTH_MIN), WIDTH_MAX)


def _text(value: Any) -> str:
    """A value as the record page shows it, without the links that stand in it there."""
    shown = value.striptags() if hasattr(value, "striptags") else str(value if value is not None else "")
    return shown[:TEXT_MAX]


def file_name(record: Record) -> str:
    """The name under which a browser keeps the document."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", record.number or str(record.id)) + ".pdf"
