"""The training matrix is no list of records: it sets people against courses, and shows above all what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import structlog
from bson import ObjectId
from flask import Response, request
from flask_admin import BaseView, expose
from mongoengine.base import get_document

from models.chapters import TRAINING
from models.kernel.base.arithmetic.ratio import Ratio
from models.kernel.base.people import Actor, departments
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
EXPORT_BATCH, EXPORT_COURSES_MAX = 500, 1000
COURSES_LEFT = L(
    "{shown} courses are shown; {left} more stand in the export.", "此處顯示 {shown} 門課程，其餘 {left} 門見導出文件。"
)
EXPORT_LEFT = L("{left} more courses have no place in this sheet.", "另有 {left} 門課程未列入此表。")
OF_PAGE = L("on this page: {count}", "本頁 {count}")
WORDS = {
    matrix.GOOD: L("Valid", "有效"),
    matrix.SOON: L("Expires soon", "即將到期"),
    matrix.EXPIRED: L("Expired", "已過期"),
    matrix.REVOKED: L("Revoked", "已撤銷"),
    matrix.OVERDUE: L("Overdue", "逾期"),
    matrix.DUE: L("Due", "學習中"),
    matrix.GAP: L("Missing", "缺"),
}
TONES = {
    matrix.GOOD: "good",
    matrix.SOON: "wait",
    matrix.EXPIRED: "bad",
    matrix.REVOKED: "bad",
    matrix.OVERDUE: "bad",
    matrix.DUE: "progress",
    matrix.GAP: "bad",
}
BY_CERTIFICATE = frozenset({matrix.GOOD, matrix.SOON, matrix.EXPIRED, matrix.REVOKED})
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
        after = request.args.get("after", "")
        table = matrix_for(actor(), chosen, after, matrix.PEOPLE_MAX, matrix.COURSES_MAX)
        names, is_part = _names(table), bool(after) or table.has_more
        shown, left = len(table.courses), table.courses_left
        return self.render(
            "custom/training_matrix.html",
            courses=[_head(table, course, is_part=is_part) for course in table.courses],
            cut=str(COURSES_LEFT(shown=shown, left=left)) if left else "",
            rows=[_row(table, person, names) for person in table.people],
            departments=[(str(id), facts.name) for id, facts in departments().items()],
            chosen=str(chosen or ""),
            more=table.people[-1]["login"] if table.has_more else "",
        )

    @expose("/export/<kind>/")
    def export(self, kind: str) -> Response:
        """The whole of it as a sheet, however many people there are."""
        form: SheetKind = sheet_kind(kind)
        structlog.get_logger("guicheng.export").info("export", type="training", user=actor().login, format=kind)
        pages = _pages(actor(), _department())
        first = next(pages)
        heads = [*map(str, HEADS), *(course["name"] for course in first.courses)]
        return download(form, "training", heads, _cells(chain([first], pages)))


def _department() -> ObjectId | None:
    text = request.args.get("department", "")
    return ObjectId(text) if ObjectId.is_valid(text) else None


def _pages(me: Actor, department: ObjectId | None) -> Iterator[TrainingMatrix]:
    """The matrix in parts of so many people, until all have been read."""
    after, has_more = "", True
    while has_more:
        table = matrix_for(me, department, after, EXPORT_BATCH, EXPORT_COURSES_MAX)
        yield table
        after, has_more = table.people[-1]["login"] if table.has_more else "", table.has_more


def _names(table: TrainingMatrix) -> dict[Any, str]:
    """What positions and departments are called."""
    ids = list({person.get("position") for person in table.people} - {None})
    rows = get_document("Position").collection().find({"_id": {"$in": ids}}, {"name": 1})
    return {row["_id"]: row["name"] for row in rows} | {id: facts.name for id, facts in departments().items()}


def _cells(pages: Iterable[TrainingMatrix]) -> Iterator[list[Cell]]:
    """A row for each person, in the columns of the first part; the last one says what was left out."""
    courses: Sequence[ObjectId] | None = None
    left = 0
    for table in pages:
        names = _names(table)
        if courses is None:
            courses, left = [course["_id"] for course in table.courses], table.courses_left
        for person in table.people:
            cells = [_said(table.cells.get((person["_id"], course))) for course in courses]
            yield [person["name"], names.get(person["department"], ""), names.get(person.get("position"), ""), *cells]
    if left:
        yield [str(EXPORT_LEFT(left=left))]


def _said(cell: TrainingCell | None) -> str:
    if cell is None:  # its course was withdrawn while the sheet was written
        return ""
    words = str(WORDS[cell.standing]) if cell.standing else ""
    return f"{words} {wording.day(cell.day)}" if cell.day else words


def _head(table: TrainingMatrix, course: Mapping[str, Any], *, is_part: bool) -> dict[str, Any]:
    hits, of = table.counts(course["_id"])
    ratio = Ratio(hits, of)
    share = "" if ratio.is_small else f" ({wording.number(ratio.percent, 0)} %)"
    url = f"/admin/course/details/?id={course['_id']}"
    count = f"{hits} / {of}{share}"
    return {"name": course["name"], "url": url, "count": str(OF_PAGE(count=count)) if is_part else count}


def _row(table: TrainingMatrix, person: Mapping[str, Any], names: Mapping[Any, str]) -> dict[str, Any]:
    return {
        "name": person["name"],
        "url": f"/admin/enrolment/?own=1&f.person={person['_id']}",
        "position": names.get(person.get("position"), ""),
        "cells": [_drawn(table, person, course) for course in table.courses],
    }


def _drawn(table: TrainingMatrix, person: Mapping[str, Any], course: Mapping[str, Any]) -> dict[str, Any]:
    cell = table.cells[person["_id"], course["_id"]]
    is_learnt = cell.standing == matrix.GOOD and course.get("gives_certificate") is False
    name = "certificate" if cell.standing in BY_CERTIFICATE and not is_learnt else "enrolment"
    return {
        "word": str(WORDS[cell.standing]) if cell.standing else "",
        "tone": TONES.get(cell.standing, ""),
        "day": wording.day(cell.day) if cell.day else "",
        "required": cell.required,
        "url": f"/admin/{name}/?own=1&f.person={person['_id']}&f.course={course['_id']}",
    }
