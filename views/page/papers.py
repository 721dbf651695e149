"""The papers of a record on its page: buttons for those that its reader may have made, and what is being made."""

from __future__ import annotations

from typing import Any

from models.kernel.base.words import L
from models.kernel.gate.papers import orders_of
from models.kernel.language.record import Record
from models.services.papers.making import paper_of

BEING_MADE = L("“{paper}” is being made and will be attached here.", "「{paper}」正在生成，完成後附於此處。")


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
