"""Every file of `tests/data/field_cases`, walked once through the running product, with the one value that counts.

What else is of the same kind stands in the other modules of this room (`docs/testing.md` has the table).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from models.kernel.base.words import HANT
from tests.field_cases.cases import FOLDER, checked, content_of, imported
from tests.fixtures.doing import work_off
from tests.fixtures.http import said

PASTED = {
    "P01-paste-columns.txt"
}  # a paste of two columns is of the browser: tests/browser/test_pasting_in_chromium.py
NAMES: dict[str, tuple[str, str, set[str]]] = {  # file: kind of record, its naming field, what is there afterwards
    "I02-traditional-in-gbk.csv": ("customer", "name", {"東莞長榮機電有限公司", "蘇州華碩電腦有限公司"}),
    "I05-sep-line.csv": ("customer", "name", {"分號有限公司"}),
    "I06-title-row.xlsx": ("customer", "name", {"標題行一有限公司", "標題行二有限公司"}),
    "I08-float-noise.xlsx": ("product", "list_price", {"0.30", "59.97", "121.00"}),
    "I09-zero-format.xlsx": ("product", "code", {"00042"}),
    "I10-equals-quoted.csv": ("product", "code", {"00123", "00124"}),
    "I11-zero-width-head.csv": ("customer", "industry", {"製造業"}),
    "I15-x000d.xlsx": ("requirement", "description", {"第一行\n第二行"}),
    "I17-date-midnight.csv": ("product", "code", {"DM-1"}),
    "I22-space-in-last-cell.xlsx": ("customer", "name", {"遠格有限公司"}),
    "N01-names.csv": ("customer", "name", {"王乾坤精密", "三豐木業", "寬機電有限公司"}),
}
REFUSED = {  # file: kind of record, what the page of the checked sheet says
    "I01-formula-no-value.xlsx": ("customer", "單元格為 #N/A"),
    "I04b-stray-quote-long.csv": ("requirement", "第 3 行有未配對的引號"),
}
SEARCHED = {  # file: what finds it in files
    "A01-word-containers.docx": ("BRAVO", "CHARLIE", "DELTA", "FOXTROT"),
    "A02-filled-form.pdf": ("88000",),
    "A10-radicals.txt": ("长期", "門店", "车间", "第3页", "人力", "cooperation"),
}
SHOWN = {  # file: what its view says
    "A03-three-pages.tif": ("共 3 頁",),
    "A11-number-formats.xlsx": ("5%", "NT$1,234.50", "2025-12-09", "0.30", "36:00"),
}
LOGINS = {"customer": "clerk_sal", "product": "head_sal", "requirement": "clerk_mkt"}
Open = Callable[..., Any]


def test_no_file_is_left_out() -> None:
    walked = PASTED | NAMES.keys() | REFUSED.keys() | SEARCHED.keys() | SHOWN.keys()
    assert {path.name for path in FOLDER.iterdir()} == walked
    assert len(walked) == 19


@pytest.mark.parametrize("name", NAMES)
def test_a_sheet_is_imported(name: str, company: Any, browser_as: Open, db: Any) -> None:
    kind, field, expected = NAMES[name]
    imported(browser_as(LOGINS[kind], locale=HANT), kind, name)
    values = {"\n".join(str(row.get(field)).splitlines()) for row in db[kind].find({"removed_at": None})}
    assert all(any(part in value for value in values) for part in expected), values
    assert len(values) == len(expected)


@pytest.mark.parametrize("name", REFUSED)
def test_a_sheet_is_refused_in_a_sentence(name: str, company: Any, browser_as: Open, db: Any) -> None:
    kind, sentence = REFUSED[name]
    browser = browser_as(LOGINS[kind], locale=HANT)
    if kind == "customer":
        made = company.make("customer", "clerk_sal", name="老客戶", region="北京")
        db[kind].update_one({"_id": made.id}, {"$set": {"number": "CU-2026-00201"}})
    before = list(db[kind].find())
    assert sentence in browser.page(checked(browser, kind, name)).text
    assert list(db[kind].find()) == before


@pytest.mark.parametrize("name", [*SEARCHED, *SHOWN])
def test_a_file_is_attached_seen_and_found(name: str, company: Any, browser_as: Open) -> None:
    browser, need = browser_as("clerk_mkt", locale=HANT), company.make("requirement", "clerk_mkt")
    sent = {"id": str(need.id), "file": (io.BytesIO(content_of(name)), name)}
    answer = browser.post("/admin/requirement/attach/", sent, content_type="multipart/form-data")
    assert answer.status_code == 302, said(answer)
    work_off("files.read")
    page = browser.page("/admin/requirement/details/", {"id": need.id})
    (view,) = {link for link in page.links if link.endswith("/view")}
    text = browser.get(view).text
    assert [part for part in SHOWN.get(name, ()) if part not in text] == []
    for word in SEARCHED.get(name, ()):
        links = browser.page("/admin/search/", {"q": word, "in": "files"}).links
        assert any("/view" in link for link in links), word
