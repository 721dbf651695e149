"""Records of before an upgrade are found by what they are found by today; nothing else of them changes."""

from __future__ import annotations

from typing import Any

from models.kernel.base.search import contains
from models.kernel.gate import search_parts
from models.kernel.gate.history import entries_of
from models.services.keeping import archive
from tests.fixtures.company import Company
from tests.fixtures.doing import do


def forget(rows: Any) -> None:
    rows.update_many({}, {"$set": {"s": ["old"], "g": ["ol", "ld"], "sv": "1:"}})


def test_what_was_stored_before_is_found_afterwards(company: Company, db: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(search_parts, "BATCH", 2)
    kept = [company.make("document", "clerk_sal", tags=["招標專用"]) for _ in range(3)]
    old = company.walk(company.make("customer", "clerk_sal", name="華新水泥", tags=["招標專用"]), "dormant")
    assert archive.move_out(type(old), old.id, is_due=lambda _: True)
    before, entries = {row["_id"]: row for row in db["document"].find()}, entries_of(kept[0].id)
    places = (db["document"], db["customer_archive"])
    for rows in places:
        forget(rows)
        assert not rows.find_one(contains("招標專用"))
    counts = do("search.refresh")
    assert counts == {"refreshed": 4}
    assert [rows.count_documents(contains("招標专用")) for rows in places] == [3, 1]
    assert {row["_id"]: row for row in db["document"].find()} == before
    assert entries_of(kept[0].id) == entries
    assert do("search.refresh") == {}


def test_what_has_the_form_of_today_is_not_read_again(company: Company, db: Any) -> None:
    kept = company.make("document", "clerk_sal", tags=["招標專用"])
    parts = {"s": ["kept as it is"], "g": ["as"]}
    db["document"].update_one({"_id": kept.id}, {"$set": parts})
    assert do("search.refresh") == {}
    assert db["document"].find_one({"_id": kept.id}, {"_id": 0, "s": 1, "g": 1}) == parts
    db["document"].update_one({"_id": kept.id}, {"$unset": {"sv": ""}})
    assert do("search.refresh") == {"refreshed": 1}
    assert db["document"].count_documents(contains("招標專用")) == 1
