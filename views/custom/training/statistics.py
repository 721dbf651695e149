"""How good a question of the bank is follows from attempts, and stands in no field of it: a panel on its page."""

from __future__ import annotations

from collections.abc import Mapping

from flask_admin import BaseView

from models.kernel.base.arithmetic.ratio import NoData
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.people import Actor
from models.kernel.language.record import Record
from models.training.bank import BankQuestion
from models.training.statistics import READ_MAX, SHOWN_FROM, statistics_of
from views import wording
from views.slots import Panel, on_record_top

CHOSEN_MAX = 12


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    """No pages of its own."""
    return []


@on_record_top("bank_question")
def panel(me: Actor, question: BankQuestion) -> Panel | None:
    """Facility and discrimination, from thirty first attempts on, and what was answered."""
    if question.damaged:
        return None
    result = statistics_of(question.id)
    figures = [result.facility, result.discrimination]
    shown = ["—" if isinstance(figure, NoData) else wording.number(rounded(figure, 1), 1) for figure in figures]
    facts = {
        "n": result.n,
        "least": SHOWN_FROM,
        "is_shown": result.is_shown,
        "is_flagged": result.is_flagged,
        "cut": READ_MAX if result.is_cut else 0,
        "facility": shown[0],
        "discrimination": shown[1],
        "chosen": result.chosen.most_common(CHOSEN_MAX) if result.is_shown else [],
    }
    return Panel("custom/question_statistics.html", facts)
