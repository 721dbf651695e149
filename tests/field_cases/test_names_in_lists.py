"""Names with separators inside, in columns of several links: rehearsed, imported, and exported again over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import HANT
from models.kernel.gate import changes
from tests.field_cases.cases import checked, imported

HEADS = "標題,期間,相關部門"


@pytest.fixture
def clerk(company: Any, browser_as: Any) -> Any:
    """Somebody in a company with departments whose names hold what stands between names elsewhere."""
    for code, name in {"PRD": "研發、設計部", "LOG": "倉儲, 物流部"}.items():
        values = {"name": name}
        changes.update(catalogue["department"], company.department(code), values, actor=SYSTEM, version=None)
    return browser_as("clerk_mkt", locale=HANT)


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("研發、設計部", ["PRD"]),
        ("研發、設計部、法務部", ["PRD", "LEG"]),
        ("法務部；倉儲, 物流部", ["LEG", "LOG"]),
        ("倉儲, 物流部、研發、設計部", ["LOG", "PRD"]),
    ],
)
def test_names_with_separators_inside(clerk: Any, company: Any, db: Any, cell: str, codes: list[str]) -> None:
    content = f'{HEADS}\n市場報告,2026Q1,"{cell}"\n'.encode()
    assert "新建 1" in clerk.page(checked(clerk, "research_report", "r.csv", content)).text
    assert db["research_report"].count_documents({}) == 0  # rehearsed alone
    imported(clerk, "research_report", "r.csv", content)
    made = db["research_report"].find_one({})
    assert made
    assert made["related_departments"] == [company.department(code) for code in codes]


def test_a_name_that_there_is_none_of_is_refused_and_named(clerk: Any, db: Any) -> None:
    content = f'{HEADS}\n市場報告,2026Q1,"研發、不存在部"\n'.encode()
    assert "不存在部" in clerk.page(checked(clerk, "research_report", "r.csv", content)).text
    assert db["research_report"].count_documents({}) == 0
