"""What the market research report prints beside its fields (2.1.3): the needs it rests on, as far as its reader may
know them, and the opinions of its reviewers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mongoengine.base import get_document

from .kernel.base.words import L
from .kernel.language.fields import label_of
from .kernel.rights import rights

SECTIONS = ("market_status", "competitors", "opportunities_threats", "recommendations")
COLUMNS = ("number", "title", "source", "category", "priority")
OPINIONS_OF = ("submit", "approve", "return", "agree", "send_back", "publish")
WORDS = {
    "number": L("Number", "編號"),
    "state": L("State", "狀態"),
    "period": L("Period", "期間"),
    "owner": L("Author", "撰寫人"),
    "department": L("Department", "部門"),
    "date": L("Date", "日期"),
    "requirements": L("Requirements", "相關需求"),
    "opinions": L("Opinions", "審核意見"),
    "when": L("When", "時間"),
    "who": L("Who", "人員"),
    "what": L("Step", "步驟"),
    "opinion": L("Opinion", "意見"),
    "printed": L("Printed", "打印日期"),
}


def report(record: Any, reader: Any) -> Mapping[str, Any]:
    """The words of the format, and the linked needs in their order: the number as the record page shows it, the rest
    if its reader may read them."""
    cls = get_document("Requirement")
    return {
        "words": {name: str(words) for name, words in WORDS.items()},
        "sections": list(SECTIONS),
        "opinions_of": list(OPINIONS_OF),
        "columns": [str(label_of(cls.fields_of()[name])) for name in COLUMNS],
        "requirements": _needs(cls, record.refs("requirements"), reader),
    }


def _needs(cls: Any, ids: list[Any], reader: Any) -> list[list[str]]:
    rows = {row["_id"]: row for row in cls.collection().find({"_id": {"$in": ids}}, dict.fromkeys(COLUMNS, 1))}
    scope = rights.visible(reader, cls)
    own = {row["_id"] for row in cls.collection().find({"_id": {"$in": ids}, **scope}, {"_id": 1})} if scope else set()
    if scope == {}:
        own = set(rows)
    seen = rights.readable_fields(reader, cls)
    return [
        [
            _text(cls.fields_of()[name], rows[id].get(name)) if name == "number" or (id in own and name in seen) else ""
            for name in COLUMNS
        ]
        for id in ids
        if id in rows
    ]


def _text(field: Any, value: Any) -> str:
    return "" if value is None else str(field.in_words(value))
