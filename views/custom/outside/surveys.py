"""How a survey stands, and trying it out, are no fields of its record: what is half filled is nobody's record yet."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from typing import Any

from flask import redirect, request, send_file, url_for
from flask_admin import BaseView, expose

from models.kernel.base.arithmetic.ratio import NoData, Ratio
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.sheets.writing import MIMETYPES, SheetKind
from models.surveys import sheets, sittings
from models.surveys.invitations import counts_of
from models.surveys.surveys import Survey
from views.session import actor, say
from views.slots import CustomView, Panel, on_record_top


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [SurveysView(name="surveys", endpoint="surveys", url="/admin/surveys")] if "survey" in catalogue else []


FAULTS_SHOWN = 20
TAKEN = L("The questions are those of the sheet now.", "題目已按工作表更新。")
NO_FILE = L("Please choose a workbook.", "請選擇工作簿文件。")


@on_record_top("survey")
def how_it_stands(me: Actor, record: Record) -> Panel | None:
    """How many have answered and begun, and the button with which its writers try it out."""
    if not isinstance(record, Survey):
        return None
    invited = counts_of(record.id)
    facts = {
        "invited": invited,
        "rate": _rate(invited.used, invited.delivered),
        "id": record.id,
        "complete": sittings.completed(record),
        "half_filled": sittings.half_filled(record),
        "limit": record.complete_limit,
        "version": record.version,
        "may_edit": bool(rights.may_update(me, record)),
        "may_try": rights.is_writer(me, Survey, record) and record.removed_at is None,
    }
    return Panel("custom/survey.html", facts)


def _rate(used: int, invited: int) -> str:
    """The response rate: of the invitations that were delivered; an open link has none."""
    ratio = Ratio(used, invited)
    percent = ratio.percent
    return "" if ratio.is_small or isinstance(percent, NoData) else f"{rounded(percent)} %"


class SurveysView(CustomView):
    """Begins a trial of a survey, which is marked and counted nowhere; hands out its questions, and takes them in."""

    @expose("/", methods=("POST",))
    def index(self) -> Any:
        """Fill a survey in as people outside do."""
        survey = rights.find(actor(), Survey, request.form.get("id"))
        if not rights.is_writer(actor(), Survey, survey):
            raise Forbidden(rights.NOT_YOURS)
        return redirect(url_for("public.fill", token=sittings.begin(survey, is_test=True).token), 303)

    @expose("/sheet/", methods=("GET", "POST"))
    def sheet(self) -> Any:
        """The questions as a workbook (XLSForm); or those of a workbook instead of them."""
        survey = rights.find(actor(), Survey, request.values.get("id"))
        if request.method == "GET":
            kind = SheetKind.XLSX
            name = f"questionnaire-{survey.number}.xlsx"
            return send_file(sheets.workbook(survey), MIMETYPES[kind], as_attachment=True, download_name=name)
        back = redirect(f"/admin/survey/details/?id={survey.id}", 303)
        try:
            _take_over(survey)
        except Refused as refused:
            every = [words for problem in refused.problems.values() for words in problem] or [refused.sentence]
            for words in every[:FAULTS_SHOWN]:
                say("bad", words)
            return back
        say("good", TAKEN)
        return back


def _take_over(survey: Survey) -> None:
    given = request.files.get("sheet")
    if given is None or not given.filename:
        raise Refused(NO_FILE)
    version = request.form.get("version", "")
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(given.stream, file)
        sheets.take_over(survey, file, int(version) if version.isdecimal() else -1, actor=actor())
