"""Refused attempts over HTTP: each way in leaves one, looking and drafting leave none, and who sees which of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from models import catalogue
from models.kernel.base.collections import ATTEMPTS, UNSEALED
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.roles import Role
from models.kernel.base.words import L
from models.kernel.gate import attempts, changes
from models.services.keeping import audit
from tests.fixtures.company import Company
from tests.fixtures.doing import work_off
from tests.models.test_imports import GOOD, HEADS

SCRIPT = {"X-Requested-With": "XMLHttpRequest"}
NAME = "蘇州恒遠精密機械有限公司"


@pytest.fixture(autouse=True)
def counted_anew() -> Iterator[None]:
    attempts.forget_counts()
    yield
    attempts.forget_counts()


@pytest.fixture
def kept(db: Any) -> Any:
    """The attempts that are kept, in order: verb, source, rules."""

    def read() -> list[tuple[str, str, set[str]]]:
        queue = [row["attempt"] for row in db[UNSEALED].find({"attempt": {"$ne": None}}).sort("_id", 1)]
        return [(row["verb"], row["door"], {part["rule"] for part in row["missing"]}) for row in queue]

    return read


class TestEveryWayIn:
    def test_the_form_a_missing_field_and_a_date_that_is_none(self, company: Company, browser_as: Any, kept: Any):
        clerk = browser_as("clerk_sal")
        known = company.make("quotation", "clerk_sal")
        form = clerk.form("/admin/quotation/new/", "/new/", copy=str(known.id))
        assert clerk.post("/admin/quotation/new/", {**form, "customer": ""}).status_code == 422
        assert clerk.post("/admin/quotation/new/", {**form, "valid_until": "soon"}).status_code == 422
        assert [(verb, source) for verb, source, _ in kept()] == [("create", "form")] * 2
        assert ["required" in kept()[0][2], "form" in kept()[1][2]] == [True, True]

    def test_the_page_of_a_move_in_another_state(self, company: Company, browser_as: Any, kept: Any) -> None:
        record = company.make("quotation", "clerk_sal")
        head = browser_as("head_sal")
        address = f"/admin/quotation/move/?id={record.id}&verb=approve&version=1"
        assert head.get(address).status_code >= 400
        assert kept() == []  # a look is no attempt
        assert (
            head.post("/admin/quotation/move/", {"id": record.id, "verb": "approve", "version": 1}).status_code >= 400
        )
        assert kept() == [("approve", "form", {"state"})]

    def test_the_list(self, company: Company, browser_as: Any, kept: Any) -> None:
        record = company.make("customer", "clerk_sal")
        clerk = browser_as("clerk_sal")
        inline = catalogue["customer"].declared.grid.inline[0]
        sent = {"id": record.id, "version": 9, "name": inline, "value": ""}
        assert clerk.post("/admin/customer/ajax/update/", sent, headers=SCRIPT).status_code >= 400
        assert clerk.post("/admin/customer/ajax/update/", {**sent, "name": "number"}).status_code == 403
        assert [(verb, source) for verb, source, _ in kept()] == [("update", "grid")] * 2
        assert kept()[1][2] == {"rights"}

    def test_the_inbox(self, company: Company, browser_as: Any, kept: Any) -> None:
        record = company.walk(company.make("quotation", "clerk_sal"), "submitted")
        head = browser_as("head_sal")
        sent = {"case": f"quotation:{record.id}:1", "decision": "yes", "sure": "1"}
        head.post("/admin/decide/", sent, headers=SCRIPT)
        assert [(verb, source) for verb, source, _ in kept()] == [("approve", "inbox")]

    def test_the_bulk_action_when_it_is_made_not_when_it_is_rehearsed(
        self, company: Company, browser_as: Any, kept: Any
    ) -> None:
        clerk, record = browser_as("clerk_sal"), company.walk(company.make("quotation", "clerk_sal"), "submitted")
        sent = {"verb": "submit", "rowid": f"{record.id}:{record.version}"}
        assert clerk.post("/admin/quotation/action/", sent).status_code == 200
        assert kept() == []
        assert clerk.post("/admin/quotation/action/", {**sent, "sure": "1"}).status_code == 200
        assert kept() == [("submit", "bulk", {"state"})]

    def test_an_import_when_it_is_carried_out_not_when_it_is_rehearsed(
        self, company: Company, sheets: Any, kept: Any
    ) -> None:
        known = company.make("customer", "clerk_sal", name="老客戶", region="北京")
        new, bad = ["", *GOOD[0]], ["", "", "無名", "", "", ""]
        item = sheets.checked([["編號", *HEADS], new, [known.number, "老客戶", "", "上海", "", ""], bad])
        assert kept() == []
        changes.update(type(known), known.id, {"region": "廣州"}, actor=SYSTEM, version=None)
        sheets.start(item)
        work_off("imports.run")
        assert kept() == [("update", "import", {"version"})]

    def test_a_row_that_is_refused_only_when_it_is_carried_out(
        self, company: Company, sheets: Any, kept: Any, db: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        item = sheets.checked([HEADS, *GOOD])
        late = L("“{label}” with this value already exists.", "已存在", code="taken")
        monkeypatch.setattr(catalogue["customer"], "check", lambda self: iter([("name", late(label="x"))]))
        sheets.start(item)
        work_off("imports.run")
        assert kept() == [("create", "import", {"taken"})] * len(GOOD)

    def test_a_type_that_is_not_theirs(self, company: Company, browser_as: Any, kept: Any) -> None:
        assert browser_as("it").post("/admin/quotation/new/", {}).status_code == 403
        assert kept() == [("create", "form", {"rights"})]

    def test_a_record_that_they_may_not_see(self, company: Company, browser_as: Any, kept: Any) -> None:
        record = company.make("quotation", "clerk_sal")
        other = browser_as("clerk_mkt")
        assert other.get(f"/admin/quotation/edit/?id={record.id}").status_code >= 400
        assert kept() == []
        assert other.post("/admin/quotation/edit/", {"id": record.id, "version": 1}).status_code >= 400
        assert len(kept()) == 1


def test_a_draft_and_a_question_leave_none(company: Company, browser_as: Any, kept: Any, db: Any) -> None:
    clerk = browser_as("clerk_sal")
    company.make("customer", "clerk_sal", name=NAME)
    form = clerk.form("/admin/customer/new/")
    half = {**form, "name": ""}
    assert clerk.post("/admin/customer/draft/", half, headers=SCRIPT).status_code < 400
    assert db["draft"].count_documents({}) == 1
    double = clerk.send(form, name=NAME)
    assert double.status_code == 422
    assert "confirm" in double.text
    assert kept() == []


class TestWhoSeesThem:
    @pytest.fixture
    def refused(self, company: Company) -> Any:
        """One attempt each of two departments: at an own quotation, and at one that the marketing clerk cannot see."""
        record = company.make("quotation", "clerk_sal", subject="機密報價")
        for login, values in (("clerk_sal", {"customer": None}), ("clerk_mkt", {"customer": None})):
            with pytest.raises((Refused, Missing)):
                changes.update(type(record), record.id, values, actor=company.actor(login), version=1)
        return record

    @pytest.mark.parametrize("is_sealed", [False, True])
    def test_the_table(self, company: Company, browser_as: Any, refused: Any, is_sealed: bool) -> None:
        if is_sealed:
            audit.seal_all()
        both, sales, marketing = {"林曉梅", "趙雨晴"}, {"林曉梅"}, {"趙雨晴"}
        table = {
            "supervisor": both, "management": both, "head_sal": sales, "head_mkt": marketing,
            "clerk_sal": sales, "clerk_mkt": marketing, "clerk_sal2": set(), "it": set(), "hr": set(),
        }  # fmt: skip
        for login, seen in table.items():
            text = browser_as(login, locale="en").get("/admin/attempts/").text
            rows = text.partition("<tbody>")[2].partition("</tbody>")[0]
            assert {name for name in both if name in rows} == seen, login

    def test_a_record_that_the_reader_may_not_see_is_not_named(self, browser_as: Any, refused: Any) -> None:
        for login, names in (("supervisor", True), ("head_sal", True), ("clerk_mkt", False), ("head_mkt", False)):
            text = browser_as(login).get("/admin/attempts/").text
            assert (refused.number in text or str(refused.id) in text) == names, login

    def test_a_field_that_the_reader_may_not_see_is_not_named(
        self, company: Company, browser_as: Any, refused: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reader = browser_as("head_sal", locale="en")
        label = str(catalogue["quotation"]._fields["customer"].label.en)
        assert f"{label}: missing" in reader.get("/admin/attempts/").text
        monkeypatch.setattr(catalogue["quotation"]._fields["customer"], "see", frozenset({Role.FINANCE}))
        page = reader.get("/admin/attempts/").text
        assert label not in page.partition("<tbody>")[2]
        assert "missing" in page

    def test_nothing_can_be_sent_to_the_page(self, company: Company, browser_as: Any) -> None:
        assert browser_as("supervisor").post("/admin/attempts/", {}).status_code == 405

    def test_pages_follow_each_other_over_both_places(
        self, company: Company, browser_as: Any, db: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("views.custom.operations.attempts.PAGE", 4)
        for at in range(11):
            with pytest.raises(Refused):
                changes.create(catalogue["customer"], {}, actor=company.actor("clerk_sal"))
            if at == 5:
                audit.seal_all()
        assert db[ATTEMPTS].count_documents({}) == 6
        reader, address, counts = browser_as("supervisor"), "/admin/attempts/", []
        while address:
            page = reader.page(address)
            counts.append(page.text.count("林曉梅"))
            address = next((link for link in page.links if "after=" in link), "")
        assert counts == [4, 4, 3]
