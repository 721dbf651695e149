"""A list of questions as those who answer see it, before it is saved: what is shown is what stands in the form, so that
no screen of records can derive it. Nothing is stored; each page carries the questions and what was answered along."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask import request
from flask_admin import BaseView, expose

from models.kernel.base.errors import Missing
from models.kernel.base.words import LOCALES, L, Words, current_locale, speaking
from models.kernel.language.kinds.lines import KEY
from models.kernel.language.questions import given as answers
from models.kernel.language.questions.sheet import cell_faults, questions_of
from models.kernel.language.record import Record
from models.kernel.rights import rights
from views.forms.inputs import form_class, form_names, values_of
from views.forms.paging import GO, LAST, PART, Paging
from views.kinds import kind_of
from views.session import actor, catalogue
from views.slots import CustomView

LINES, GIVEN, TITLE, WIDTH, LANGUAGE = "lines", "given", "title", "width", "lang"
NARROW = "narrow"
NUMBERS = ("least", "most", "points")
NUMBER_MAX = 40
PREVIEW = L("Preview", "預覽")
MORE_TO_ANSWER = L("There is a question more to answer on this page.", "本頁還有題目需要回答。")
NO_QUESTIONS = L("There are no questions yet.", "尚無題目。")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = any(_list_in(cls) for cls in catalogue.values())
    return [PreviewView(name="preview", endpoint="preview", url="/admin/preview")] if known else []


def _list_in(cls: type[Record]) -> str:
    """The list of questions of a type; empty: it has none."""
    fields = cls.declared.own_fields.items()
    return next((name for name, field in fields if kind_of(field).builder), "")


class PreviewView(CustomView):
    """Draws the questions that were sent along; whoever sends them sees nothing but what they sent."""

    @expose("/", methods=("POST",))
    def index(self) -> str:
        """A part of the questions: from the form of their record first, then from page to page."""
        language = next((text for text in (request.form.get("switch"), request.form.get(LANGUAGE)) if text), "")
        with speaking(language if language in LOCALES else current_locale()):
            return self._page()

    def _page(self) -> str:
        title, lines = _carried() if LINES in request.form else _from_form()
        questions = questions_of(lines)
        before = _mapping(request.form.get(GIVEN, "")) if request.form.get(GO) != "start" else {}
        paging, facts = Paging(questions, before), {}
        at, is_over = 0, False
        if LINES in request.form and questions and request.form.get(GO) != "start":
            at = paging.number_of(request.form.get(PART, ""))
            paging = Paging(questions, paging.taken_in(at, request.form))
            at, is_over, facts = _led(paging, at, request.form.get(GO, ""))
        return self.render(
            "custom/preview.html",
            title=title or str(PREVIEW),
            is_over=is_over,
            is_narrow=_width() == NARROW,
            width=_width(),
            type_name=request.args.get("type", ""),
            said=[*map(str, facts.get("said", ())), *([str(NO_QUESTIONS)] if not questions else [])],
            wrong=[str(sentence) for _, sentence in cell_faults(lines)],
            lines=json.dumps(lines, ensure_ascii=False, default=str),
            given=json.dumps(paging.given, ensure_ascii=False),
            **paging.drawn(paging.nearest(at) if questions else 0, facts.get("problems", {}), facts.get("focus", "")),
        )


def _led(paging: Paging, at: int, go: str) -> tuple[int, bool, dict[str, Any]]:
    """Which part follows on a button, whether all are answered, and what is said."""
    if go == "back":
        return paging.before(at), False, {}
    if go != "forward":
        return at, False, {}
    if new := paging.unseen(at, request.form):
        return at, False, {"said": [MORE_TO_ANSWER], "focus": new[0]}
    problems: Mapping[str, Words] = answers.settled(paging.questions, paging.given).problems
    if paging.of_part(problems, at):
        return at, False, {"problems": problems}
    following = paging.after(at)
    return (at, bool(request.form.get(LAST)), {}) if following is None else (following, False, {})


def _from_form() -> tuple[str, Sequence[dict[str, Any]]]:
    """The title and the lines that stand in the form of a record. Raises Missing."""
    cls = catalogue().get(request.args.get("type", ""))
    if cls is None or not (name := _list_in(cls)):
        raise Missing
    form = form_class(cls, form_names(cls.declared, rights.writable_fields(actor(), cls)))(request.form)
    values = values_of(form, cls)
    title = next((values.get(field) for field in cls.declared.title_fields if isinstance(values.get(field), str)), "")
    columns = list(cls.declared.own_fields[name].columns)
    lines = [_line(line, n, columns) for n, line in enumerate(values.get(name) or ())]
    return str(title or ""), lines


def _line(line: Any, n: int, columns: Sequence[str]) -> dict[str, Any]:
    """What stands in a line; a new one has the key that it is known by on these pages."""
    filled = {name: value for name in columns if (value := line.raw(name)) is not None}
    return {**filled, KEY: line.claimed or line.raw("code") or f"line_{n}"}


def _carried() -> tuple[str, Sequence[dict[str, Any]]]:
    """What the last page carried along; what is none of ours is left out."""
    try:
        lines = json.loads(request.form.get(LINES, ""))
    except ValueError:
        lines = []
    known = [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []
    return request.form.get(TITLE, ""), [line | _numbers(line) for line in known]


def _numbers(line: Mapping[str, Any]) -> dict[str, Decimal]:
    texts = {name: line[name] for name in NUMBERS if isinstance(line.get(name), str) and len(line[name]) < NUMBER_MAX}
    return {name: Decimal(text) for name, text in texts.items() if text.replace(".", "", 1).lstrip("-").isdecimal()}


def _mapping(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def _width() -> str:
    """The width that was chosen; the button comes after what was chosen before."""
    return (request.form.getlist(WIDTH) or [NARROW])[-1]
