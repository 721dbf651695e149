"""The demo company: whole, believable, written through the gate, and never half of one.

It is loaded once for all of these tests, by the real command, after a load that was killed in the middle: so whatever
holds here also holds where a start was cut off, and a first load takes the same way from its beginning on.
"""

import datetime as dt
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from admin_app.security.account_rows import accounts
from admin_app.security.passwords import verify
from models import catalogue
from models.kernel.base import clock, people
from models.kernel.base.people import actor_of
from models.kernel.gate.history import faults_in
from models.kernel.language import working_time
from models.kernel.rights import qualified, rights
from models.kernel.rights.rights import addresses_of
from models.services.work import jobs
from models.services.work.jobs import Order
from seed import demo
from seed.script import DEALS, OFFERS
from seed.stage import META, script_for
from tasks.engine.run import Run
from tasks.jobs.timed import make_steps_of
from tests.fixtures.doing import Counts, sweep_on
from tests.seed.killed import Cut, load_after_a_kill

expire_quotations = partial(sweep_on, "expire_quotations")
mark_overdue = partial(sweep_on, "mark_overdue")


def make_dunning() -> Counts:
    """What the sweep makes of receivables by time."""
    document = jobs.claim("tests", jobs.enqueue(Order(task="moves.timed")))
    assert document is not None
    run = Run(document, "tests")
    make_steps_of(run, catalogue["receivable"])
    jobs.finish(run.id, "tests", jobs.DONE)
    return Counts(run.counts["done"], run.counts.get("refused", 0))


pytestmark = pytest.mark.slow
AT_LEAST = {
    "assessment_cycle": 8,
    "assessment": 45,
    "score_sheet": 150,
    "bonus": 38,
    "position_change": 2,
    "project_assessment": 1,
    "department": 13,
    "user": 45,
    "requirement": 120,
    "research_report": 12,
    "product": 60,
    "customer": 300,
    "interaction": 500,
    "quotation": 1500,
    "negotiation": 60,
    "contract": 400,
    "sales_order": 300,
    "receivable": 900,
    "payment": 600,
    "dunning": 40,
    "incoming_mail": 60,
    "mailbox": 1,
    "ticket": 600,
    "task": 800,
    "work_plan": 10,
    "meeting": 60,
    "attendance": 200,
    "survey": 6,
    "survey_response": 80,
    "survey_invitation": 60,
    "knowledge_article": 40,
    "specification_item": 300,
    "test_case": 900,
    "test_run": 19,
    "defect": 150,
    "bank_question": 400,
    "quiz": 24,
    "quiz_attempt": 3000,
    "paper_test": 100,
    "course": 12,
    "enrolment": 200,
    "certificate": 100,
}
WAITING_AT_LEAST = {
    "head_sal": 10,
    "legal": 5,
    "head_mkt": 3,
    "clerk_prd": 3,
    "clerk_log": 3,
    "management": 3,
    "clerk_log2": 3,
}


@pytest.fixture(scope="module")
def cut(database: Database[dict[str, Any]], settings: Any) -> Iterator[Cut]:
    """The demo company is there, and this is what the killed load before it left; an empty database is left behind."""
    _empty(database)
    yield load_after_a_kill(settings, database)
    _empty(database)


@pytest.fixture
def company(cut: Cut, database: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    """The demo company; only the tests at the end of this module, which ask for `db` instead, empty the database."""
    _forget()
    return database


def _empty(database: Database[dict[str, Any]]) -> None:
    for name in database.list_collection_names(filter={"type": "collection"}):
        if not name.startswith("system."):
            database[name].delete_many({})
    _forget()


def _forget() -> None:
    """What this process remembers of another company."""
    people.forget_departments()
    working_time.forget_calendar()
    qualified.forget()


def states(company: Database[dict[str, Any]], name: str) -> Counter[str]:
    return Counter(row["state"] for row in company[name].find({}, {"state": 1}))


def actor(login: str) -> people.Actor:
    return actor_of(catalogue["user"].objects.get(login=login))


def test_there_is_enough_of_everything(company):
    counts = {name: company[name].count_documents({}) for name in AT_LEAST}
    assert {name: count for name, count in counts.items() if count < AT_LEAST[name]} == {}
    assert company["project"].count_documents({}) == 4
    looked_at = company["inspection"].distinct("planned_on")
    assert (max(looked_at) - min(looked_at)).days > 320
    assert company["finding"].count_documents({}) >= 60
    assert company["rectification_notice"].count_documents({"state": "closed"}) >= 10
    assert sum(len(run["results"]) for run in company["test_run"].find({}, {"results": 1})) >= 6000


# Where no record of the story stands: states of a moment, and turns that it does not take yet.
NOT_PLAYED = {
    "bonus": {"proposed", "rejected"},
    "project_assessment": {"draft", "submitted", "scored"},
    "position_change": {"draft", "asked", "agreed", "approved", "declined", "cancelled"},
    "attendance": {"cancelled", "reviewing"},
    "defect": {"rejecting", "lowering", "rejected"},
    "meeting": {"held", "cancelled"},
    "specification_item": {"withdrawn"},
    "test_case": {"draft", "retiring", "retired"},
    "test_run": {"reading", "rehearsed", "under_way", "taking"},
    "bank_question": {"retired"},
    "quiz": {"draft", "retired"},
    "quiz_attempt": {"open", "submitted"},
    "course": {"draft", "retired"},
    "paper_test": {"draft", "printed", "cancelled"},
    "enrolment": {"cancelled"},
    "certificate": {"expired", "revoked"},
}


@pytest.mark.parametrize("name", [name for name, cls in catalogue.items() if cls.declared.workflow])
def test_every_state_is_there(company, name):
    if name in AT_LEAST:
        known, there = set(catalogue[name].declared.workflow.states), set(states(company, name))
        assert known - NOT_PLAYED.get(name, set()) <= there <= known


def test_one_procedure_governs_steps_and_one_person_has_not_passed_it(company):
    """Two have passed, one has not: he may not submit the draft that he has written."""
    rule = company["qualification"].find_one({"state": "in_force"})
    login = {row["_id"]: row["login"] for row in company["user"].find({}, {"login": 1})}
    given = company["enrolment"].find({"course": rule["course"]})
    assert {login[row["person"]]: row["state"] for row in given} == {
        "clerk_prd": "done",
        "clerk_prd2": "done",
        "clerk_prd3": "assigned",
    }
    me = actor("clerk_prd3")
    draft = catalogue["document"].objects.get(owner=me.id, state="draft")
    assert rights.standing(me, draft, draft.flow().find("submit", "draft")).verdict.url.startswith("/admin/learning/")


def test_every_history_is_whole_and_nothing_went_around_the_gate(company):
    entries = defaultdict(list)
    for entry in company["history"].find().sort([("record", 1), ("seq", 1)]):
        entries[entry["record"]].append(entry)
    written = 0
    for name, cls in catalogue.items():
        noted = {
            "attach",
            "waits",
            *(item.verb for item in cls.declared.follow_ups if item.over),
        }  # they change nothing
        for row in company[name].find({}, {"chain": 1, "version": 1}):
            story = entries[row["_id"]]
            assert list(faults_in(story, row["chain"])) == [], (name, row["_id"])
            versions = [entry["version"] for entry in story if entry["verb"] not in noted]
            assert versions == list(range(1, row["version"] + 1)), (name, row["_id"])
            written += len(story)
    assert written == company["history"].count_documents({})


def test_nothing_happened_in_the_future_or_out_of_order(company):
    now = dt.datetime.now(dt.UTC)
    last: dict[ObjectId, dt.datetime] = {}
    for entry in company["history"].find({}, {"record": 1, "at": 1}).sort([("record", 1), ("seq", 1)]):
        assert last.get(entry["record"], entry["at"]) <= entry["at"] <= now
        last[entry["record"]] = entry["at"]


def test_there_are_three_calendars(company):
    rows = {row["code"]: row for row in company["working_calendar"].find()}
    assert set(rows) == {"company", "service-desk", "24x7"}
    saturday = dt.date(2026, 6, 6)
    assert [working_time.calendar(code).is_workday(saturday) for code in rows] == [False, True, True]
    service = company["department"].find_one({"code": "SVC"})
    assert working_time.calendar_of(service["_id"]) is working_time.calendar("service-desk")
    assert company["calendar_day"].count_documents({"calendar": rows["24x7"]["_id"]}) == 0


def test_people_work_in_working_time(company):
    calendar = working_time.calendar()
    founded = company["user"].find_one()["created_at"]
    for entry in company["history"].find({"actor": {"$ne": None}, "at": {"$gt": founded}}, {"at": 1}):
        local = entry["at"].astimezone(clock.zone())
        assert calendar.is_workday(local.date())
        assert dt.time(9) <= local.time() <= dt.time(18)


def test_what_was_received_is_what_was_paid(company):
    paid: dict[ObjectId, Decimal] = defaultdict(Decimal)
    for row in company["payment"].find({"state": "booked"}):
        paid[row["receivable"]] += row["amount"].to_decimal()
    for row in company["receivable"].find():
        received, outstanding = row["received"].to_decimal(), row["outstanding"].to_decimal()
        assert received == paid[row["_id"]]
        is_cancelled = row["state"] == "cancelled"  # nothing is owed on it
        assert outstanding == (0 if is_cancelled else row["amount"].to_decimal() - received)
        assert (row["state"] == "paid") == (outstanding == 0 and row["state"] != "cancelled")


def test_receivables_add_up_to_their_contracts(company):
    owed: dict[ObjectId, Decimal] = defaultdict(Decimal)
    for row in company["receivable"].find():
        owed[row["contract"]] += row["amount"].to_decimal()
    signed = list(company["contract"].find({"state": {"$in": ["signed", "completed", "terminated"]}}))
    assert {row["_id"]: row["amount"].to_decimal() for row in signed} == dict(owed)


def test_overdue_money_is_of_every_age(company):
    today = clock.today()
    ages = [(today - row["due"].date()).days for row in company["receivable"].find({"state": "overdue"})]
    ends = (0, 30, 60, 90, 10_000)
    for least, most in itertools.pairwise(ends):
        assert any(least < age <= most for age in ages), (least, most)


@pytest.mark.parametrize(
    "sweep", [mark_overdue, make_dunning, expire_quotations], ids=["overdue", "dunning", "expired"]
)
def test_the_daily_sweeps_find_nothing_left_to_do(company, sweep):
    assert sweep() == Counts()


@pytest.mark.parametrize("login", WAITING_AT_LEAST)
def test_work_waits_for_people_today(company, login):
    who = actor(login)
    decide = {"decide": {"$in": addresses_of(who)}, "barred": {"$ne": who.id}}
    handed_over = {"act": {"$in": [token for token in addresses_of(who) if "@" in token]}}
    assert company["waiting"].count_documents({"$or": [decide, handed_over]}) >= WAITING_AT_LEAST[login]


def test_every_sales_clerk_has_drafts_and_someone_a_returned_entry(company):
    clerks = {row["_id"] for row in company["user"].find({"login": {"$regex": "^clerk_sal"}})}
    assert {row["owner"] for row in company["quotation"].find({"state": "draft"})} == clerks
    for name in ("quotation", "contract", "research_report"):
        drafts = [row["_id"] for row in company[name].find({"state": "draft"})]
        query = {"record": {"$in": drafts}, "verb": {"$in": ["return", "send_back"]}, "reason": {"$gt": ""}}
        assert company["history"].count_documents(query)


def test_a_deputy_acts_for_the_absent_head(company):
    deputy = actor("clerk_log2")
    assert [principal.login for principal in deputy.principals] == ["head_log"]
    acted = company["history"].find_one({"actor": deputy.id, "acting_for": {"$ne": None}})
    assert acted["acting_for_name"] == "韓天寧"


def test_offers_below_the_floor_went_to_the_head(company):
    head = company["user"].find_one({"login": "head_sal"})["_id"]
    by_head = company["history"].count_documents({"type": "quotation", "verb": "approve", "actor": head})
    by_rule = company["history"].count_documents({"type": "quotation", "verb": "approve_by_rule"})
    assert by_head > 50
    assert by_rule > 10 * by_head


def test_every_signed_contract_has_its_scan(company):
    signed = {row["_id"] for row in company["contract"].find({"signed_on": {"$ne": None}})}
    scans = list(company["file"].find({"kind": "scan"}))
    assert signed <= {row["record_id"] for row in scans}
    assert company["content.chunks"].find_one({"files_id": scans[0]["content"]})["data"].startswith(b"%PDF-1.4")


def test_all_users_get_the_demo_password(company, settings):
    secrets = {row["_id"]: row["hash"] for row in accounts().find({}, {"hash": 1})}
    assert set(secrets) == {row["_id"] for row in company["user"].find({}, {"_id": 1})}
    assert all(verify(hashed, settings.demo_password) for hashed in set(secrets.values()))


def test_the_load_is_marked_as_whole(company, settings):
    assert company[META].find_one({"_id": "demo"})["state"] == "whole"
    assert not demo.is_empty()
    with pytest.raises(RuntimeError, match="without users"):
        demo.load_demo(settings)


def test_nothing_of_the_killed_load_is_left(cut, company):
    assert cut.state == demo.FOUNDED
    assert cut.quotations
    assert "an earlier load was cut off" in cut.said
    assert not company["quotation"].find_one({"_id": {"$in": list(cut.quotations)}})


def test_no_step_of_the_story_is_there_twice(company):
    logins = [row["login"] for row in company["user"].find({}, {"login": 1})]
    assert len(logins) == len(set(logins)) == 45
    created = 0
    for name in catalogue:
        steps = [row["once"] for row in company[name].find({"once": {"$gt": ""}}, {"once": 1})]
        assert len(steps) == len(set(steps)), name
        created += company[name].count_documents({})
    assert created == company["history"].count_documents({"verb": "create"})


NOWS = [
    "2026-11-23T05:40",
    "2027-01-03T02:00",
    "2026-10-09T01:10",
    "2026-02-25T00:30",
    "2026-06-15T15:00",
    "2026-06-15T16:20",
]


@pytest.mark.parametrize("now", NOWS)
def test_the_script_fits_any_day(now):
    moment = dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC)
    script = script_for(moment, Decimal(10))
    steps = script.lane(OFFERS) + script.lane(DEALS)
    assert 14_000 < len(steps) < 26_000
    assert max(step.at for step in steps) <= moment
    assert [step.at for step in script_for(moment, Decimal(10)).lane(OFFERS)] == [s.at for s in script.lane(OFFERS)]


def test_a_load_that_was_cut_off_is_cleared_away(db):
    catalogue["user"]._get_collection().insert_one({"login": "half", "version": 1})
    assert not demo.is_empty()
    first = demo._begin(print)
    assert demo.is_empty()
    second = demo._begin(print)
    assert catalogue["user"]._get_collection().count_documents({}) == 0
    assert first != second
    assert "unique_login" in catalogue["user"]._get_collection().index_information()


def test_only_demo_mode_loads_the_demo(db, settings):
    with pytest.raises(RuntimeError, match="demo mode only"):
        demo.load_demo(settings.model_copy(update={"demo": False}))
