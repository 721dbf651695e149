"""The archive of the demo company by itself: its plan, papers, copies and loans, as its people would find them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from models import catalogue
from models.documents.lending import long_overdue
from models.kernel.base import clock
from models.services.files import files
from seed import archive_room
from seed.desk import Desk
from seed.organisation import FOUNDED_DAYS_AGO, enter_calendars, found_company, special_days
from seed.scan import prepare_files
from seed.vocabulary.archive_room import PAPERS

NOW = dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC)


@pytest.fixture
def room(db: Any) -> Any:
    with clock.set_to(NOW - dt.timedelta(days=FOUNDED_DAYS_AGO)):
        desk = Desk()
        found_company(desk)
        enter_calendars(desk, special_days(NOW))
    prepare_files()
    with clock.set_to(NOW):
        archive_room.fill_archive_room(NOW)
    return db


def test_the_archive_is_there_with_loans_in_every_state(room: Any) -> None:
    documents, loans = catalogue["document"].objects, catalogue["loan"].objects
    assert Counter(document.state for document in documents) == {"approved": len(PAPERS)}
    assert {document.confidentiality for document in documents} == {"public", "internal", "confidential", "secret"}
    assert {loan.state for loan in loans} >= {
        "requested", "refused", "approved", "waiting", "on_loan", "returned", "lost", "expired",
    }  # fmt: skip
    endings = Counter(file["name"].rpartition(".")[2] for document in documents for file in files.files_of(document.id))
    assert min(endings["pdf"], endings["docx"], endings["txt"]) >= 15
    assert sum(document.edition == 2 for document in documents) == 2
    with clock.set_to(NOW):
        assert any(long_overdue(loan.ref("borrower")) for loan in loans), "somebody is blocked"
        assert not room["notice"].find_one({}), "nobody is told of the past"


def test_it_is_the_same_on_every_load() -> None:
    assert len({paper.title for paper in PAPERS}) == len(PAPERS)
    assert all(place < len(PAPERS) for place, *_ in archive_room.LOANS)
