"""The certificate of a release (2.3.4): every edition that stood when testing was left, to be proven later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from mongoengine.base import get_document

from ..kernel.base.store import in_unit
from ..kernel.base.words import At, L
from ..kernel.gate import passages
from ..kernel.gate.passages import FrozenEdition
from ..kernel.language import Paper

LEAVING = "leave_testing"
FACTS = {
    "build": L("Build", "版本"),
    "at": L("Released at", "放行時間"),
    "editions": L("Records frozen", "固定記錄數"),
    "digest": L("Digest of the snapshot", "快照摘要"),
    "proof": L("To be proven by", "驗證命令"),
}
HEADS = (L("Number", "編號"), L("Title", "標題"), L("Version", "版本"), L("History up to", "歷史摘要"))
FACT, VALUE = L("Fact", "項目"), L("Content", "內容")
HASH_SHOWN = 16


def certificate(project: Any, reader: Any) -> Mapping[str, Any]:
    """The tables of the certificate: the gate that was passed, then all editions by type."""
    passed = next((line for line in reversed(project.passages or ()) if line.verb == LEAVING), None)
    if passed is None:
        return {}
    facts = {
        "build": passed.build or "",
        "at": str(At(passed.at)),
        "editions": str(passed.editions),
        "digest": passed.digest,
        "proof": f"guicheng audit snapshot {project.number}",
    }
    rows = [[str(FACTS[name]), text] for name, text in facts.items()]
    summary = {
        "label": str(FACTS["editions"]),
        "heads": [str(FACT), str(VALUE)],
        "numbers": [True, False],
        "rows": rows,
    }
    return {"lines": {"gate": summary, **dict(_tables(passages.snapshot(passed.digest)))}}


def _tables(editions: Iterable[FrozenEdition]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, group in groupby(editions, key=lambda edition: edition.type):
        some = list(group)
        cls = get_document("".join(part.title() for part in name.split("_")))
        ids = [edition.id for edition in some]
        titles = {row["_id"]: row.get("title") for row in in_unit(name).find({"_id": {"$in": ids}}, {"title": 1})}
        yield (
            name,
            {
                "label": f"{cls.declared.plural} ({len(some)})",
                "heads": [str(head) for head in HEADS],
                "numbers": [True, False, True, True],
                "rows": [
                    [item.number, titles.get(item.id) or "", str(item.version), item.hash[:HASH_SHOWN]]
                    for item in sorted(some, key=lambda item: item.number)
                ],
            },
        )


CERTIFICATE = Paper(
    "certificate",
    L("Certificate of release", "放行證書"),
    on=LEAVING,
    attach="certificate",
    fields="name product leader",
    content=certificate,
    proof=True,
)
