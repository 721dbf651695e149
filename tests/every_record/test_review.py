"""Every type whose entries a second person reviews (3.2.2): when, by whom, and how they are marked until then."""

from __future__ import annotations

from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import HANT, speaking
from models.kernel.gate import changes, history
from models.kernel.gate.changes import Context
from models.kernel.gate.waiting import COLLECTION
from models.kernel.language.reviewing import REVIEW, REVIEWED, UNREVIEWED, counted
from models.kernel.rights import rights
from tests.fixtures._sound import is_sound
from tests.fixtures._types import types_with
from tests.fixtures.doing import do
from views.wording import title_of

REVIEWED_TYPES = types_with(lambda declared: declared.is_reviewed)
REASON = Context(reason="請核對日期")


def reviewer_of(record: Any, company: Any) -> Any:
    move = record.flow().find(REVIEW, UNREVIEWED)
    people = (company.actor(login) for login in company.logins)
    return next(person for person in people if rights.may_move(person, record, move))


def make(record: Any, verb: str, actor: Any, context: Context = REASON) -> Any:
    return changes.move(type(record), record.id, verb, actor=actor, version=record.version, context=context)


def edited(record: Any, company: Any) -> Any:
    """The record after its owner has changed a text of it."""
    owner = next(p for login in company.logins if (p := company.actor(login)).id == record.ref("owner"))
    fields = rights.writable_fields(owner, type(record), record)
    name = next(n for n, f in record.declared.own_fields.items() if n in fields and f.is_text and not f.columns)
    return changes.update(type(record), record.id, {name: "改過的內容"}, actor=owner, version=record.version)


@REVIEWED_TYPES
def test_an_entry_is_reviewed_by_a_second_person_and_again_after_each_change(
    cls: Any, record: Any, company: Any
) -> None:
    assert record.state == UNREVIEWED
    assert get_db()[COLLECTION].find_one({"_id": record.id}) is None, "nobody's inbox is filled with entries"
    reviewer = reviewer_of(record, company)
    assert reviewer.id != record.ref("owner")
    for login in company.logins:
        person = company.actor(login)
        if person.id == record.ref("owner"):
            with pytest.raises(Refused):
                make(record, REVIEW, person)
    assert cls.collection().find_one({"_id": record.id, **counted(cls)}) is None
    reviewed = make(record, REVIEW, reviewer)
    assert reviewed.state == REVIEWED
    assert cls.collection().find_one({"_id": record.id, **counted(cls)})
    again = edited(reviewed, company)
    assert again.state == UNREVIEWED
    entry = history.entries_of(record.id, newest_first=True, limit=1)[0]
    assert (entry["verb"], entry["state_from"], entry["state_to"]) == ("update", REVIEWED, UNREVIEWED)
    assert is_sound(again)


@REVIEWED_TYPES
def test_what_is_sent_back_waits_for_its_owner(cls: Any, record: Any, company: Any) -> None:
    reviewer = reviewer_of(record, company)
    with pytest.raises(Refused):
        make(record, "send_back", reviewer, Context())
    back = make(record, "send_back", reviewer)
    case = get_db()[COLLECTION].find_one({"_id": record.id})
    assert case
    assert case["act"] == [f"user:{record.ref('owner')}"]
    assert edited(back, company).state == UNREVIEWED
    assert get_db()[COLLECTION].find_one({"_id": record.id}) is None


@REVIEWED_TYPES
def test_who_reviews_and_changes_it_is_not_the_second_person(cls: Any, record: Any, company: Any) -> None:
    reviewer = reviewer_of(record, company)
    fields = rights.writable_fields(reviewer, cls, record)
    name = next(n for n, f in cls.declared.own_fields.items() if n in fields and f.is_text)
    changed = changes.update(cls, record.id, {name: "改過的內容"}, actor=reviewer, version=record.version)
    with pytest.raises(Refused):
        make(changed, REVIEW, reviewer)


@REVIEWED_TYPES
def test_an_unreviewed_entry_is_marked_wherever_it_is_shown(
    cls: Any, record: Any, company: Any, browser_as: Any
) -> None:
    reviewer = reviewer_of(record, company)
    browser = browser_as(reviewer.login, locale=HANT)
    base = f"/admin/{cls.declared.name}/"
    with speaking(HANT):
        word = str(cls.declared.workflow.labels[UNREVIEWED])
    for path, query in ((base, {}), (f"{base}details/", {"id": record.id}), (f"{base}export/csv/", {})):
        assert word in browser.get(path, query).text, path
    assert f"{base}?f.state={UNREVIEWED}" in browser.get("/admin/").text
    make(record, REVIEW, reviewer)
    assert record.number in browser.get(base, {"f.state": REVIEWED}).text
    assert record.number not in browser.get(base, {"f.state": UNREVIEWED}).text
    with speaking(HANT):
        assert title_of(cls, {"title": "甲", "state": UNREVIEWED}) == "甲（未審核）"
        assert title_of(cls, {"title": "甲", "state": REVIEWED}) == "甲"


@REVIEWED_TYPES
def test_entries_of_before_the_review_count_as_reviewed(cls: Any, record: Any, company: Any) -> None:
    """They are read so at once; a job gives them the state through the gate, so that filters find them."""
    before = {"state": "", "state_since": "", "submitted_by": "", "submitted_by_head": ""}
    first = history.entries_of(record.id)[0]
    first["changes"] = [change for change in first["changes"] if change["field"] not in before]
    first["hash"] = history.digest(first)
    get_db()["history"].replace_one({"_id": first["_id"]}, first)
    cls.collection().update_one(
        {"_id": record.id}, {"$unset": before, "$set": {"chain": {"seq": 1, "hash": first["hash"]}}}
    )
    assert rights.find(SYSTEM, cls, record.id).state == REVIEWED
    assert do("records.adopt")["adopted"] == 1
    assert cls.collection().find_one({"_id": record.id, "state": REVIEWED})
    assert is_sound(company.fresh(record))
    assert do("records.adopt") == {}


def test_every_business_type_says_who_sees_its_entries_second() -> None:
    """By a workflow, by its review, or as what belongs to the organisation and the system itself."""
    apart = {"organisation", "operations", "time", "records"}
    silent = {
        name for name, cls in catalogue.items() if not cls.declared.workflow and cls.declared.chapter.id not in apart
    }
    assert silent == {"category", "naming_rule"}, "the records manager's own order of things"
