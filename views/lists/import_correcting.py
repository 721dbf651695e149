"""Rows of an import that were refused or are in doubt, as cells that are typed anew: how they are drawn and taken in.

Each cell is named by the place of its row and its column, so that a page without scripts sends all of them at once, and
a script one row after the other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from flask import jsonify, request

from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.localized import localized
from models.kernel.language.record import Record
from models.services.imports import imports
from models.services.imports.cells import CELL_MAX, NUMBER, shown_of
from models.services.imports.correcting import CorrectedRow, correct
from models.services.imports.imports import Import
from models.services.imports.line_columns import label_at
from models.services.imports.rows import BAD, DOUBT, RowOutcome

from ..wording import number

_NAME = re.compile(r"cell-(\d{1,7})\.(\d{1,7})-(\d{1,4})")
SHOWN_MAX = 30
NOW_GOOD = L("Can be imported now.", "現可導入。")
NOW_DOUBTFUL = L("Doubtful", "存疑")
CORRECTED = L("{good} of {count} corrected rows can be imported now.", "已更正 {count} 行，其中 {good} 行可導入。")


def heads_of(cls: type[Record], sheet: Import) -> list[tuple[int, str]]:
    """The columns that are shown: where each stands in the sheet, and what its field is called."""
    named = [(at, name) for at, name in enumerate(sheet.columns) if name][:SHOWN_MAX]
    return [(at, str(label_at(cls, name))) for at, name in named]


def cells_of(
    cls: type[Record], sheet: Import, place: str, cells: Sequence[str], outcome: RowOutcome
) -> tuple[list[dict[str, Any]], list[str]]:
    """The cells of a row to be typed anew, each with what is wrong about it; and what is wrong beside them."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for name, words in outcome.problems:
        reasons[name].append(localized(words))
    drawn = []
    for at, label in heads_of(cls, sheet):
        text = shown_of(cells[at]) if at < len(cells) else ""
        facts = {"at": at, "name": f"cell-{place}-{at}", "label": label, "text": text}
        drawn.append(facts | {"reasons": reasons.pop(sheet.columns[at], [])})
    beside = [f"{_label(cls, name)}{said}" for name, words in reasons.items() for said in words]
    return drawn, beside


def _label(cls: type[Record], name: str) -> str:
    return str(FIELD(label=label_at(cls, name))) if name and name != NUMBER else ""


FIELD = L("{label}: ", "{label}：")


def typed_rows(form: Mapping[str, str]) -> dict[int, dict[int, dict[int, str]]]:
    """What was typed: by batch, place in it, and column."""
    result: dict[int, dict[int, dict[int, str]]] = defaultdict(lambda: defaultdict(dict))
    for name, text in form.items():
        if match := _NAME.fullmatch(name):
            n, at, column = (int(part) for part in match.groups())
            result[n][at][column] = text[: CELL_MAX + 1]
    return result


def taken_in(sheet: Import, me: Actor) -> list[tuple[str, CorrectedRow]]:
    """Take over what was typed, batch by batch; each row with its place. Raises Refused."""
    if request.form.get("turn", "") != str(sheet.turn):
        raise Refused(imports.LOOKED_AT_ANOTHER)
    return [
        (f"{n}.{row.at}", row)
        for n, typed in sorted(typed_rows(request.form).items())
        for row in correct(str(sheet.id), me, n, typed)
    ]


def said(rows: Sequence[tuple[str, CorrectedRow]]) -> str:
    """How many rows were corrected, in words."""
    good = sum(row.outcome.verdict not in (BAD, DOUBT) for _, row in rows)
    return str(CORRECTED(good=number(good), count=number(len(rows))))


def answer(cls: type[Record], sheet: Import, rows: Sequence[tuple[str, CorrectedRow]], counts: Any) -> Any:
    """What is said of rows now, for the script of the page."""
    return jsonify(rows=[_row(cls, sheet, place, row) for place, row in rows], counts=counts)


def _row(cls: type[Record], sheet: Import, place: str, row: CorrectedRow) -> dict[str, Any]:
    drawn, beside = cells_of(cls, sheet, place, row.cells, row.outcome)
    verdict = row.outcome.verdict
    words = {BAD: "", DOUBT: str(NOW_DOUBTFUL)}.get(verdict, str(NOW_GOOD))
    cells = [{"name": cell["name"], "reasons": cell["reasons"]} for cell in drawn]
    return {"place": place, "ok": verdict not in (BAD, DOUBT), "words": words, "cells": cells, "reasons": beside}
