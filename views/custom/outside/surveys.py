"""How a survey stands, and trying it out, are no fields of its record: what is half filled is nobody's record yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, request, url_for
from flask_admin import BaseView, expose

from models.kernel.base.arithmetic.ratio import NoData, Ratio
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.errors import Forbidden
from models.kernel.base.people import Actor
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.surveys import sittings
from models.surveys.invitations import counts_of
from models.surveys.surveys import Survey
from views.session import actor
from views.slots import CustomView, Panel, on_record_top


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [SurveysView(name="surveys", endpoint="surveys", url="/admin/surveys")] if "survey" in catalogue else []


@on_record_top("survey")
def how_it_stands(me: Actor, record: Record) -> Panel | None:
    """How many have answered and begun, and the button with which its writers try it out."""
    if not isinstance(record, Survey):
        return None
    invited, used = counts_of(record.id)
    facts = {
        "invited": invited,
        "used": used,
        "rate": _rate(used, invited),
        "id": record.id,
        "complete": sittings.completed(record),
        "half_filled": sittings.half_filled(record),
        "limit": record.complete_limit,
        "may_try": rights.is_writer(me, Survey, record) and record.removed_at is None,
    }
    return Panel("custom/survey.html", facts)


def _rate(used: int, invited: int) -> str:
    """The response rate: of those who were invited; an open link has none."""
    ratio = Ratio(used, invited)
    percent = ratio.percent
    return "" if ratio.is_small or isinstance(percent, NoData) else f"{rounded(percent)} %"


class SurveysView(CustomView):
    """Begins a trial of a survey; what is sent so is marked and counted nowhere."""

    @expose("/", methods=("POST",))
    def index(self) -> Any:
        """Fill a survey in as people outside do."""
        survey = rights.find(actor(), Survey, request.form.get("id"))
        if not rights.is_writer(actor(), Survey, survey):
            raise Forbidden(rights.NOT_YOURS)
        return redirect(url_for("public.fill", token=sittings.begin(survey, is_test=True).token), 303)
