"""The answers of a class are entered in a grid of people and questions, which no form of a record is: typed, pasted, or
read from a sheet, which fills the grid in and writes nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from flask import redirect, request
from flask_admin import BaseView, expose

from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.organisation import User
from models.services.files import confined
from models.services.files.text import WHY
from models.services.imports.imports import kind_of
from models.training import paper_tests
from models.training.answer_cells import LETTERS
from models.training.class_tables import ClassTable, read_table
from models.training.drawn import RESULTS
from models.training.marking import MATCHING, NUMBER, SHORT, TRUE_FALSE
from models.training.paper_tests import PRINTED, PaperTest
from views import wording
from views.session import actor, say
from views.slots import CustomView, Link, on_record_page

ENTER = L("Enter the answers", "錄入作答")
ENTERED = L("{count} sheets are entered.", "已錄入 {count} 份答題紙。")
NOTHING_TYPED = L("Nothing is filled in yet.", "尚未填寫任何作答。")
PLEASE_CORRECT = L(
    "Nothing was entered. Please correct the {count} cells that are marked.",
    "未錄入任何內容，請修改標出的 {count} 處。",
)
IS_FILLED_IN = L(
    "{count} rows are filled in below. Look them over, then enter them.", "已填入 {count} 行，請核對後錄入。"
)
STRANGE_ROWS = L(
    "These rows name no sheet, or one that stood above: {rows}", "以下各行找不到對應的答題紙，或重複：{rows}"
)
NOT_READ = L("The sheet could not be read: {why}", "無法讀取表格：{why}")
READ_SECONDS, BYTES_MAX = 15, 4 << 20
HINTS = {
    NUMBER: L("number", "數值"),
    SHORT: L("words", "文字"),
    TRUE_FALSE: L("A right, B wrong", "A 對 B 錯"),
}


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = catalogue.get("paper_test") is PaperTest
    return [ClassView(name="class_sheet", endpoint="class_sheet", url="/admin/class-sheet")] if known else []


@on_record_page("paper_test")
def _offer(me: Actor, test: PaperTest) -> Link | None:
    is_open = not test.damaged and test.state in (PRINTED, "closed") and rights.is_writer(me, PaperTest, test)
    return Link(ENTER, f"/admin/class-sheet/{test.id}/") if is_open else None


class ClassView(CustomView):
    """The answers of a class."""

    @expose("/")
    def index(self) -> Any:
        """There is no page without a test."""
        return redirect("/admin/paper_test/")

    @expose("/<id>/")
    def shown(self, id: str) -> str:
        """The grid, with what is entered already."""
        return self._page(_test(id), {}, {})

    @expose("/<id>/", methods=("POST",))
    def enter(self, id: str) -> Any:
        """Enter what is typed; or fill the grid in from a sheet, which enters nothing."""
        me, test = actor(), _test(id)
        cells = dict(_typed())
        if request.form.get("go") == "read":
            return self._filled_in(test, cells)
        if not any(any(row.values()) for row in cells.values()):
            say("warn", NOTHING_TYPED)
            return self._page(test, cells, {}), 422
        try:
            entry = paper_tests.enter(me, test, cells)
        except Refused as refused:
            say("bad", " ".join([str(refused), *(str(w) for some in refused.problems.values() for w in some)]))
            return self._page(test, cells, {}), 422
        if entry.problems:
            say("bad", PLEASE_CORRECT(count=len(entry.problems)))
            return self._page(test, cells, entry.problems), 422
        say("good", ENTERED(count=len(entry.entered)))
        return redirect(f"/admin/class-sheet/{test.id}/", 303)

    def _filled_in(self, test: PaperTest, cells: dict[int, dict[int, str]]) -> Any:
        try:
            table = _table(test)
        except confined.Unreadable as fault:
            say("bad", NOT_READ(why=WHY.get(str(fault), WHY["damaged"])))
            return self._page(test, cells, {}), 422
        if table.strange:
            say("warn", STRANGE_ROWS(rows="; ".join(table.strange[:20])))
        say("info", IS_FILLED_IN(count=len(table.cells)))
        return self._page(test, cells | table.cells, {})

    def _page(
        self, test: PaperTest, cells: Mapping[int, Mapping[int, str]], problems: Mapping[tuple[int, int], Words]
    ) -> str:
        names, known = _names(test), paper_tests.attempts_of(test)
        papers = {form: test.paper(form) for form in range(1, len(test.forms or ()) + 1)}
        rows = []
        for sheet, line in enumerate(test.sheets or (), 1):
            person, row = line.ref("person"), cells.get(sheet, {})
            rows.append(
                {
                    "sheet": sheet,
                    "person": names.get(person, ("", ""))[0],
                    "attempt": _attempt(known[person]) if person in known else None,
                    "problem": str(problems.get((sheet, 0), "")),
                    "cells": [
                        {
                            "name": f"c-{sheet}-{number}",
                            "value": row.get(number, ""),
                            "hint": _hint(question),
                            "problem": str(problems.get((sheet, number), "")),
                        }
                        for number, question in enumerate(papers[line.form], 1)
                    ],
                }
            )
        return self.render(
            "custom/class_sheet.html",
            test=test,
            rows=rows,
            count=max((len(paper) for paper in papers.values()), default=0),
            is_open=test.state == PRINTED,
        )


def _test(id: str) -> Any:
    test: Any = rights.find(actor(), PaperTest, id)
    if test.state not in (PRINTED, "closed") or not rights.is_writer(actor(), PaperTest, test):
        raise Missing
    return test


def _typed() -> Iterator[tuple[int, dict[int, str]]]:
    cells: dict[int, dict[int, str]] = {}
    for name, text in request.form.items():
        parts = name.split("-")
        if len(parts) == 3 and parts[0] == "c" and parts[1].isdecimal() and parts[2].isdecimal():
            cells.setdefault(int(parts[1]), {})[int(parts[2])] = text
    yield from cells.items()


def _table(test: PaperTest) -> ClassTable:
    """The sheet that was sent, or what was pasted. Raises Unreadable."""
    names = _names(test)
    sheets: dict[str, int] = {}
    for sheet, line in enumerate(test.sheets or (), 1):
        sheets |= {name: sheet for name in names.get(line.ref("person"), ()) if name}
    file = request.files.get("file")
    rows = _of_file(file) if file and file.filename else _pasted(request.form.get("text", ""))
    questions = max((len(test.paper(form)) for form in range(1, len(test.forms or ()) + 1)), default=0)
    return read_table(rows, sheets, len(test.sheets or ()), questions)


def _pasted(text: str) -> list[list[str]]:
    sign = "\t" if "\t" in text else ","
    return [line.split(sign) for line in text.splitlines()]


def _of_file(file: Any) -> list[list[str]]:
    content = file.stream.read(BYTES_MAX + 1)
    if len(content) > BYTES_MAX:
        raise confined.Unreadable("size")
    kind = kind_of(content[:4096])
    order = {"verb": "table", "kind": kind if kind == "sheets" else "text", "bytes": BYTES_MAX * 4}
    order |= {"rows": 1000, "columns": 200, "cell": 5000}
    with tempfile.TemporaryFile() as kept:
        kept.write(content)
        return [list(cells) for _number, cells in confined.rows("texts", order, kept, seconds=READ_SECONDS)]


def _names(test: PaperTest) -> dict[Any, tuple[str, str]]:
    people = [line.ref("person") for line in test.sheets or ()]
    rows = User.collection().find({"_id": {"$in": people}}, {"name": 1, "login": 1})
    return {row["_id"]: (row["name"], row["login"]) for row in rows}


def _attempt(row: Mapping[str, Any]) -> dict[str, str]:
    share = row["percent"].to_decimal() if row.get("percent") is not None else None
    result = str(RESULTS.get(row.get("result") or "", ""))
    shown = "" if share is None else f" · {wording.number(share, 1)} %"
    return {"number": row["number"], "url": f"/admin/taking/{row['_id']}/", "result": f"{result}{shown}"}


def _hint(question: Any) -> str:
    """What a cell takes: letters of the options, or what else."""
    item = question.item()
    if item is None:
        return ""
    if item.kind in HINTS:
        return str(HINTS[item.kind])
    options, rows = question.order()
    letters = f"A-{LETTERS[len(options) - 1]}"
    return f"{letters} × {len(rows)}" if item.kind == MATCHING else letters
