"""A questionnaire goes out as an XLSForm and comes back the same; what is not taken over is said with its row."""

from __future__ import annotations

import io
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from werkzeug.datastructures import FileStorage

from models.services.sheets.writing import write_book
from models.surveys import xlsform
from models.surveys.sittings import questions_now
from models.surveys.surveys import Survey
from tests.fixtures.surveys import LINES, draft, lines
from tests.models.questions._samples import SURVEY

EVERY = [
    {name: value for name, value in row.items() if name != "key"}
    | ({"divides": True} if row["kind"] == "single" else {})
    for row in SURVEY
]


def send(clerk: Any, survey: Survey, content: Any, company: Any) -> Any:
    with content:
        upload = FileStorage(io.BytesIO(content.read()), "q.xlsx")
    version = str(company.fresh(survey).version)
    return clerk.post("/admin/surveys/sheet/", {"id": str(survey.id), "version": version, "sheet": upload})


@pytest.mark.parametrize("rows", [LINES, EVERY], ids=["branches", "every kind"])
def test_what_goes_out_comes_back_the_same(rows: Any, company: Any, browser_as: Any) -> None:
    survey = draft(company, questions=lines(rows))
    before = questions_now(survey)
    clerk = browser_as("clerk_mkt")
    sheet = io.BytesIO(clerk.get(f"/admin/surveys/sheet/?id={survey.id}").data)
    book = CalamineWorkbook.from_filelike(io.BytesIO(sheet.getvalue()))
    assert book.sheet_names == list(xlsform.SHEETS)
    assert send(clerk, survey, sheet, company).status_code == 303
    after = questions_now(company.fresh(survey))
    assert [q.key for q in after if q.code and q.kind != "section"] == [
        q.key for q in before if q.code and q.kind != "section"
    ]

    def said(questions: Any) -> list[Any]:
        return [
            (
                q.kind,
                q.text,
                q.options,
                q.rows,
                q.is_required,
                q.has_other,
                q.least,
                q.most,
                q.show_if,
                q.divides,
                dict(q.others),
            )
            for q in questions
        ]

    assert said(after) == said(before)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"type": "geopoint", "name": "where"}, "geopoint"),
        ({"type": "select_one nowhere", "name": "a", "label": "A"}, "nowhere"),
        ({"type": "text", "name": "a", "label": "A", "relevant": "count(${x}) > 1"}, "count("),
        ({"type": "integer", "name": "a", "label": "A", "constraint": "regex(., 'x')"}, "regex"),
        ({"type": "end_group"}, "分組"),
        ({"type": "text", "name": "a b", "label": "A"}, "代碼"),
    ],
)
def test_what_is_not_taken_over_is_said_and_nothing_changes(
    row: dict[str, str], sentence: str, company: Any, browser_as: Any
) -> None:
    survey = draft(company)
    before = questions_now(survey)
    cells = [row.get(head, "") for head in xlsform.SURVEY_HEADS]
    clerk = browser_as("clerk_mkt")
    answer = send(clerk, survey, write_book({"survey": (xlsform.SURVEY_HEADS, [cells])}), company)
    assert sentence in clerk.get(answer.location).text
    assert questions_now(company.fresh(survey)) == before


@pytest.mark.parametrize("content", [b"", b"no workbook", b"PK\x03\x04 torn"])
def test_what_is_no_workbook_is_refused(content: bytes, company: Any, browser_as: Any) -> None:
    survey = draft(company)
    answer = send(browser_as("clerk_mkt"), survey, io.BytesIO(content), company)
    assert answer.status_code == 303


def test_who_may_not_write_a_survey_takes_nothing_over(company: Any, browser_as: Any) -> None:
    survey = draft(company)
    before = questions_now(survey)
    for login, status in (("clerk_sal", 404), ("management", 303)):
        content = write_book({"survey": (xlsform.SURVEY_HEADS, [["text", "a", "A"]])})
        assert send(browser_as(login), survey, content, company).status_code == status
    assert questions_now(company.fresh(survey)) == before
