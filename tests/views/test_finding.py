"""Records are found by tags, by the folder they stand in, from above too, and in the log; what counts not is said."""

from __future__ import annotations

from typing import Any

import pytest

from models import catalogue
from models.kernel.gate import changes
from models.services.keeping import archive
from tests.fixtures.company import Company

LIST = "/admin/document/"


@pytest.fixture
def tagged(company: Company) -> Any:
    return company.walk(company.make("document", "clerk_sal", subject="甲規程", tags=["招標專用", "年檢"]), "approved")


def is_there(answer: Any, record: Any) -> bool:
    return str(record.id) in answer.text


@pytest.mark.parametrize("typed", ["招標專用", "招标", "zbzy"])
@pytest.mark.parametrize("path", ["/admin/search/", LIST, "/admin/palette/"])
def test_a_tag_is_searched(path: str, typed: str, tagged: Any, browser_as: Any) -> None:
    assert is_there(browser_as("clerk_sal").get(path, {"q": typed}), tagged)


def test_a_tag_that_is_taken_away_finds_nothing(tagged: Any, company: Company, browser_as: Any) -> None:
    changes.update(type(tagged), tagged.id, {"tags": ["年檢"]}, actor=changes.SYSTEM, version=None)
    assert not is_there(browser_as("clerk_sal").get("/admin/search/", {"q": "招標專用"}), tagged)


def test_a_list_is_narrowed_by_tags(tagged: Any, browser_as: Any) -> None:
    browser = browser_as("clerk_sal")
    assert "f.tags" in browser.get(LIST).text
    for value, expected in {"招標專用": True, "年檢": True, "沒有": False, "招標": False}.items():
        assert is_there(browser.get(LIST, {"f.tags": value}), tagged) == expected, value
    assert "標籤 = 招標專用" in browser.page(LIST, {"f.tags": "招標專用"}).text


def test_tags_are_offered_as_far_as_their_records_are_seen(tagged: Any, company: Company, browser_as: Any) -> None:
    company.make("document", "clerk_sal", subject="乙", tags=["密標"], confidentiality="secret")

    def offered(login: str, text: str = "") -> list[str]:
        results = browser_as(login).get(f"{LIST}ajax/lookup/", {"field": "tags", "query": text}).get_json()["results"]
        return sorted(row["label"] for row in results)

    assert offered("clerk_sal", "標") == ["密標", "招標專用"]
    assert offered("clerk_mkt") == ["年檢", "招標專用"]
    assert browser_as("it").get(f"{LIST}ajax/lookup/", {"field": "tags"}).status_code == 403


def test_an_index_answers_the_filter_by_tags(db: Any) -> None:
    for expected in ("急", {"$in": ["急", "密"]}):
        plan = catalogue["document"]._get_collection().find({"tags": expected}).explain()
        assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])


def test_a_category_is_found_with_those_below_it(company: Company, browser_as: Any) -> None:
    content = {"confidentiality": "internal", "loan_days": 10}
    top = company.make("category", code="QA", name="質量", **content)
    middle = company.make("category", code="QB", name="檢驗", parent=top.id, **content)
    low = company.make("category", code="QC", name="來料檢驗", parent=middle.id, **content)
    document, browser = company.make("document", "clerk_sal", category=low.id), browser_as("clerk_sal")
    for category in (top, middle, low):
        assert is_there(browser.get(LIST, {"f.category": category.id}), document)
    other = company.make("category", code="QD", name="其他", **content)
    assert not is_there(browser.get(LIST, {"f.category": other.id}), document)
    assert "QA 質量（含下級）" in browser.page(LIST, {"f.category": top.id}).text
    owner = company.users["clerk_sal"]
    assert "含下級" not in browser.page(LIST, {"f.owner": owner}).text


@pytest.mark.parametrize("key", ["f.nonsense", "f.summary", "f.nonsense.from"])
def test_a_filter_that_the_list_does_not_know_is_said(key: str, company: Company, browser_as: Any) -> None:
    said = browser_as("clerk_sal", locale="en").page(LIST, {key: "1"}).text
    assert f"The filter “{key.split('.')[1]}” was left out" in said
    assert "was left out" not in browser_as("clerk_sal").page(LIST, {"f.tags": "x", key: ""}).text


def test_the_borrowing_log_finds_the_loans_of_an_archived_document(company: Company, browser_as: Any) -> None:
    document = company.walk(company.make("document", "clerk_sal", subject="舊規程"), "approved")
    loan = company.make("loan", "clerk_mkt", document=document.id)
    other = company.make("loan", "clerk_mkt", document=company.walk(company.make("document"), "approved").id)
    assert archive.move_out(type(document), document.id, is_due=lambda _: True)
    for text in (document.number, "舊規程"):
        log = browser_as("records").page("/admin/borrowing_log/", {"document": text}).text
        assert loan.number in log
        assert other.number not in log
