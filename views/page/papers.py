"""The papers of a record on its page: buttons for those that its reader may have made, and what is being made; and what
its signatures are of."""

from __future__ import annotations

from typing import Any

from models.kernel.base.words import At, L
from models.kernel.gate import signing
from models.kernel.gate.papers import orders_of
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.papers.making import paper_of

BEING_MADE = L("“{paper}” is being made and will be attached here.", "「{paper}」正在生成，完成後附於此處。")


CHANGED_SINCE = L(
    "“{label}”: the record has been changed since {name} signed it on {at}.",
    "「{label}」：{name} 於 {at} 簽署後，記錄已有變更。",
)


def signed_context(record: Record, viewer: rights.Viewer) -> dict[str, Any]:
    """Sentences on signatures whose record is not what was signed any more."""
    fields = {name: record.fields_of()[name] for name in signing.signatures_of(record)}
    given = {name: record.raw(name) for name, field in fields.items() if record.raw(name) and viewer.sees(field)}
    digest = signing.digest_of(record) if given else ""
    changed = {name: value for name, value in given.items() if value.get("hash") != digest}
    return {
        "signed_since": [
            str(CHANGED_SINCE(label=label_of(fields[name]), name=value.get("name", ""), at=At(value.get("at"))))
            for name, value in changed.items()
        ]
    }


def papers_context(record: Record, *, opened: bool) -> dict[str, Any]:
    """Addresses of the papers that are offered, and sentences on those that wait to be made; one query at most."""
    declared = record.declared
    base = f"/admin/{declared.name}/paper/?id={record.id}"
    offered = [paper for paper in declared.papers if opened and paper.is_offered(record)]
    waiting = orders_of(record.id) if any(paper.on for paper in declared.papers) else []
    labels = [paper.label for order in waiting if (paper := paper_of(type(record), order["paper"]))]
    return {
        "papers_": [{"label": paper.label, "url": f"{base}&paper={paper.id}"} for paper in offered],
        "papers_in_making": [str(BEING_MADE(paper=label)) for label in dict.fromkeys(labels)],
    }
