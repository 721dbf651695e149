"""The training matrix is no list of records: it sets people against courses, and shows above all what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from bson import ObjectId
from flask import Response, request
from flask_admin import BaseView, expose
from mongoengine.base import get_document

from models.chapters import TRAINING
from models.kernel.base.arithmetic.ratio import Ratio
from models.kernel.base.people import departments
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.services.sheets.writing import Cell, SheetKind
from models.training import matrix
from models.training.courses import Course
from models.training.matrix import TrainingCell, TrainingMatrix, matrix_for
from views import wording
from views.lists.export import download, sheet_kind
from views.session import actor
from views.slots import CustomView, MenuItem

TITLE = L("Training matrix", "培訓矩陣")
EXPORT_MAX = 2000
WORDS = {
    matrix.GOOD: L("Valid", "有效"),
    matrix.SOON: L("Expires soon", "即將到期"),
    matrix.EXPIRED: L("Expired", "已過期"),
    matrix.OVERDUE: L("Overdue", "逾期"),
    matrix.DUE: L("Due", "學習中"),
    matrix.GAP: L("Missing", "缺"),
}
TONES = {
    matrix.GOOD: "good",
    matrix.SOON: "wait",
    matrix.EXPIRED: "bad",
    matrix.OVERDUE: "bad",
    matrix.DUE: "progress",
    matrix.GAP: "bad",
}
HEADS = (L("Person", "人員"), L("Department", "部門"), L("Position", "崗位"))


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = catalogue.get("course") is Course
    return [MatrixView(name="training", endpoint="training", url="/admin/training")] if known else []


class MatrixView(CustomView):
    """People and courses: each cell leads to its records."""

    menu_item = MenuItem(TRAINING, TITLE, "/admin/training/")

    @expose("/")
    def index(self) -> str:
        """A page of the people whose training the reader sees."""
        chosen = _department()
        table = matrix_for(actor(), chosen, request.args.get("after", ""))
        names = _names(table)
        return self.render(
            "custom/training_matrix.html",
            courses=[_head(table, course) for course in table.courses],
            rows=[_row(table, person, names) for person in table.people],
            departments=[(str(id), facts.name) for id, facts in departments().items()],
            chosen=str(chosen or ""),
            more=table.people[-1]["login"] if table.has_more else "",
        )

    @expose("/export/<kind>/")
    def export(self, kind: str) -> Response:
        """The whole of it as a sheet."""
        form: SheetKind = sheet_kind(kind)
        structlog.get_logger("guicheng.export").info("export", type="training", user=actor().login, format=kind)
        table = matrix_for(actor(), _department(), most=EXPORT_MAX)
        heads = [*map(str, HEADS), *(course["name"] for course in table.courses)]
        return download(form, "training", heads, _cells(table, _names(table)))


def _department() -> ObjectId | None:
    text = request.args.get("department", "")
    return ObjectId(text) if ObjectId.is_valid(text) else None


def _names(table: TrainingMatrix) -> dict[Any, str]:
    """What positions and departments are called."""
    ids = list({person.get("position") for person in table.people} - {None})
    rows = get_document("Position").collection().find({"_id": {"$in": ids}}, {"name": 1})
    return {row["_id"]: row["name"] for row in rows} | {id: facts.name for id, facts in departments().items()}


def _cells(table: TrainingMatrix, names: Mapping[Any, str]) -> Iterator[list[Cell]]:
    for person in table.people:
        cells = [_said(table.cells[person["_id"], course["_id"]]) for course in table.courses]
        yield [person["name"], names.get(person["department"], ""), names.get(person.get("position"), ""), *cells]


def _said(cell: TrainingCell) -> str:
    words = str(WORDS[cell.standing]) if cell.standing else ""
    return f"{words} {wording.day(cell.day)}" if cell.day else words


def _head(table: TrainingMatrix, course: Mapping[str, Any]) -> dict[str, Any]:
    hits, of = table.counts(course["_id"])
    ratio = Ratio(hits, of)
    share = "" if ratio.is_small else f" ({wording.number(ratio.percent, 0)} %)"
    url = f"/admin/course/details/?id={course['_id']}"
    return {"name": course["name"], "url": url, "count": f"{hits} / {of}{share}"}


def _row(table: TrainingMatrix, person: Mapping[str, Any], names: Mapping[Any, str]) -> dict[str, Any]:
    return {
        "name": person["name"],
        "url": f"/admin/enrolment/?own=1&f.person={person['_id']}",
        "position": names.get(person.get("position"), ""),
        "cells": [_drawn(table, person, course) for course in table.courses],
    }


def _drawn(table: TrainingMatrix, person: Mapping[str, Any], course: Mapping[str, Any]) -> dict[str, Any]:
    cell = table.cells[person["_id"], course["_id"]]
    name = "certificate" if cell.standing in (matrix.GOOD, matrix.SOON, matrix.EXPIRED) else "enrolment"
    return {
        "word": str(WORDS[cell.standing]) if cell.standing else "",
        "tone": TONES.get(cell.standing, ""),
        "day": wording.day(cell.day) if cell.day else "",
        "required": cell.required,
        "url": f"/admin/{name}/?own=1&f.person={person['_id']}&f.course={course['_id']}",
    }
