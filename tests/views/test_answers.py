"""What answers say beside their content: what may be kept, and where a fault really was."""

from __future__ import annotations

from typing import Any

import pytest

from models import catalogue
from models.kernel.language.who import WRITER
from models.kernel.rights import rights
from views.custom.documents.archive import ArchiveView
from views.home.pages import HomeView
from views.record import RecordView


@pytest.mark.parametrize("path", ["export/csv/", "export/xlsx/", "import/template/"])
def test_lists_that_are_taken_out_are_kept_by_nobody(path: str, company: Any, browser_as: Any) -> None:
    company.make("customer")
    answer = browser_as("clerk_sal").get(f"/admin/customer/{path}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/admin/analysis/receivable/?format=csv", "/admin/borrowing-log/?format=csv"])
def test_nor_are_reports(path: str, company: Any, browser_as: Any) -> None:
    assert browser_as("management").get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("screen", [RecordView, HomeView, ArchiveView])
@pytest.mark.parametrize("kind", [TypeError, AttributeError, KeyError])
def test_a_fault_is_raised_where_it_was_and_once(screen: Any, kind: Any) -> None:
    """Flask-Admin's own way runs the view again where it is a TypeError, and the log shows that place."""
    calls: list[int] = []

    def broken(self: Any) -> str:
        calls.append(1)
        raise kind("here")

    view = object.__new__(screen)
    with pytest.raises(kind, match="here") as fault:
        view._run_view(broken)
    assert calls == [1]
    assert fault.traceback[-1].name == "broken"


@pytest.mark.parametrize("verb", ["retire", "revise"])
def test_a_product_is_retired_by_those_who_may_write_it(verb: str, company: Any, browser_as: Any) -> None:
    product = company.walk(company.make("product"), "active")
    sent = {"id": str(product.id), "verb": verb, "version": str(product.version)}
    for login in ("clerk_sal", "clerk_sal2", "head_mkt"):
        assert browser_as(login).post("/admin/product/move/", sent).status_code == 403, login
    assert browser_as("head_sal").post("/admin/product/move/", sent).status_code == 302


@pytest.mark.parametrize("name", [name for name, cls in catalogue.items() if cls.declared.workflow])
def test_whoever_moves_as_a_writer_may_write(name: str, company: Any) -> None:
    """In each type: a move of writers is open to nobody who could not edit the record in its first state."""
    cls = catalogue[name]
    moves = [move for move in cls.declared.workflow.moves if move.by is WRITER]
    if not moves:
        pytest.skip("no move of writers")
    record = company.make(name)
    for login in company.logins:
        person = company.actor(login)
        if any(slot.fits(person) for slot in WRITER.quorum(record).slots):
            assert rights.is_writer(person, cls, record), login
