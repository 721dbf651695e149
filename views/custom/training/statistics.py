"""How good a question of the bank is follows from attempts, and stands in no field of it: a panel on its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_admin import BaseView

from models.kernel.base.arithmetic.ratio import NoData
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.people import Actor
from models.kernel.gate.editions import edition_of
from models.kernel.language.record import Record
from models.training.bank import BankQuestion, read_row
from models.training.statistics import READ_MAX, SHOWN_FROM, EditionStatistics, statistics_of
from views import wording
from views.slots import Panel, on_record_top

CHOSEN_MAX = 12
EDITIONS_MAX = 5


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    """No pages of its own."""
    return []


@on_record_top("bank_question")
def panel(me: Actor, question: BankQuestion) -> Panel | None:
    """Facility and discrimination by edition, from thirty first attempts on, and what was answered."""
    if question.damaged:
        return None
    known = statistics_of(question.id)
    row = BankQuestion.collection().find_one({"_id": question.id}) or {}
    present = edition_of([read_row(row)[1]])
    shown = [_figures(edition, present) for edition in known[:EDITIONS_MAX]]
    facts = {
        "least": SHOWN_FROM,
        "editions": shown,
        "is_flagged": any(edition["is_flagged"] and edition["is_present"] for edition in shown),
        "cut": READ_MAX if any(edition.statistics.is_cut for edition in known) else 0,
    }
    return Panel("custom/question_statistics.html", facts)


def _figures(edition: EditionStatistics, present: str) -> dict[str, Any]:
    result = edition.statistics
    figures = [result.facility, result.discrimination, result.median_seconds]
    shown = ["—" if isinstance(figure, NoData) else wording.number(rounded(figure, 1), 1) for figure in figures]
    return {
        "is_present": edition.edition == present,
        "last": wording.moment(edition.last) if edition.last else "",
        "n": result.n,
        "is_shown": result.is_shown,
        "is_flagged": result.is_flagged,
        "facility": shown[0],
        "discrimination": shown[1],
        "seconds": shown[2],
        "chosen": result.chosen.most_common(CHOSEN_MAX) if result.is_shown else [],
    }
