"""Questionnaires go out as workbooks and come in from them, read in the confined process (2.1.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO

from ..kernel.base.errors import Refused
from ..kernel.base.people import Actor
from ..kernel.base.words import L
from ..kernel.gate import changes
from ..kernel.gate.acts import Context
from ..kernel.gate.sources import Source
from ..kernel.language.kinds.questions import QuestionLine
from ..services.files import confined
from ..services.sheets.writing import write_book
from . import xlsform
from .sittings import questions_now
from .surveys import Survey
from .xlsform import Row

ROWS_MAX, COLUMNS_MAX, CELL_MAX, BYTES_MAX = 5000, 60, 20_000, 8 * 1024 * 1024
UNREADABLE = L(
    "The file is no workbook that can be read. Please save it as XLSX, with the sheets survey and choices.",
    "無法讀取文件。請保存為 XLSX 格式，並包含 survey 與 choices 工作表。",
)
NOTHING = L("The sheet “survey” holds no questions.", "工作表 survey 中沒有題目。")


def workbook(survey: Survey) -> IO[bytes]:
    """The questions of a survey as an XLSForm."""
    questions = questions_now(survey)
    settings = (["form_title", "form_id"], [[survey.subject or "", survey.number]])
    return write_book(
        {
            "survey": (xlsform.SURVEY_HEADS, xlsform.survey_rows(questions)),
            "choices": (xlsform.CHOICE_HEADS, xlsform.choice_rows(questions)),
            "settings": settings,
        }
    )


def take_over(survey: Survey, content: IO[bytes], version: int | None, *, actor: Actor) -> Survey:
    """The questions of a survey as a workbook has them; those with the code of one that stands there stay this one.
    Raises Refused with all that is wrong, Forbidden, Changed."""
    reader = xlsform.SheetReader(_rows(content, "survey"), _rows(content, "choices"))
    if reader.faults:
        raise Refused(None, {"questions": list(reader.faults)})
    if not reader.lines:
        raise Refused(NOTHING)
    keys = {line.code: line.key for line in survey.questions or () if line.code}
    lines = [_line(xlsform.finished(values), keys) for values in reader.lines]
    context = Context(source=Source.IMPORT)
    return changes.update(Survey, survey.id, {"questions": lines}, actor=actor, version=version, context=context)


def _line(values: xlsform.Line, keys: dict[str, str]) -> QuestionLine:
    line = QuestionLine(**values)
    line.claimed = keys.get(line.code or "", "")
    return line


def _rows(content: IO[bytes], sheet: str) -> Sequence[tuple[int, Row]]:
    """The rows of one sheet below its heads, by these."""
    order = {"verb": "table", "kind": "sheets", "sheet": sheet, "bytes": BYTES_MAX}
    order |= {"rows": ROWS_MAX, "columns": COLUMNS_MAX, "cell": CELL_MAX}
    try:
        rows = list(confined.rows("texts", order, content))
    except confined.Unreadable as fault:
        raise Refused(UNREADABLE) from fault
    heads = [str(head).strip() for head in rows[0][1]] if rows else []
    return list(_by_head(rows[1:], heads))


def _by_head(rows: Sequence[tuple[int, list[str]]], heads: Sequence[str]) -> Iterator[tuple[int, Row]]:
    for n, cells in rows:
        yield n, {head: cell.strip() for head, cell in zip(heads, cells, strict=False) if head}
