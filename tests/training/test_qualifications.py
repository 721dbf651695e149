"""Who has not passed the course of a procedure after its grace loses its steps until they have (4.4.3)."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, intents
from models.kernel.gate.changes import Context
from models.kernel.gate.rehearsal import rehearse
from models.kernel.rights import qualified, rights
from models.services.files import files
from models.training import assigning, courses, effects, qualifications
from models.training.courses import Course, Enrolment, Lesson
from models.training.effects import effect_of
from models.training.qualifications import GovernedMove, Qualification
from tests.every_record.test_lists import commands
from tests.fixtures.doing import Killed, do, work_off

USER, QUOTATION = catalogue["user"], catalogue["quotation"]
MONDAY = dt.datetime(2026, 12, 7, 1, tzinfo=dt.UTC)  # nine in the morning in Shanghai
IN_TIME, LATE = MONDAY + dt.timedelta(days=2), MONDAY + dt.timedelta(days=3)
SIGNED = Context(signed=True, reason="培訓")
JOB = "qualifications.follow"
HOLDERS = ("clerk_sal", "clerk_sal2", "head_sal", "head_two")


class Office:
    """Sales with two heads, whose position goes by one procedure; two working days of grace from Monday on."""

    def __init__(self, company: Any) -> None:
        self.company = company
        hr = company.actor("hr")
        self.position = changes.create(catalogue["position"], {"name": "銷售崗"}, actor=hr).id
        self.hire("head_two", "head")
        for login in HOLDERS:
            self.set_user(login, position=self.position)
        self.document = company.walk(company.make("document", "clerk_sal", subject="報價規程"), "approved")
        lessons = [Lesson(title="閱讀規程", kind="document", document=self.document.id)]
        values = {"name": "報價規程課程", "trainer": company.users["head_sal"], "lessons": lessons}
        made = changes.create(Course, values, actor=hr)
        self.course = changes.move(Course, made.id, "publish", actor=hr, version=made.version)

    def hire(self, login: str, role: str, **facts: Any) -> None:
        values = {"login": login, "name": f"新人 {login}", "department": self.company.department("SAL"), **facts}
        self.company.users[login] = changes.create(USER, {**values, "roles": [role]}, actor=SYSTEM).id

    def rule(self, *steps: str, **facts: Any) -> Any:
        moves = [GovernedMove(step=step) for step in steps or ("quotation:approve", "quotation:submit")]
        values = {"document": self.document.id, "course": self.course.id, "positions": [self.position], "grace": 2}
        context = facts.pop("context", Context(confirmed=True))
        return changes.create(Qualification, {**values, "moves": moves, **facts}, actor=self.hr, context=context)

    def switched_on(self, *steps: str, **facts: Any) -> Any:
        rule = self.move(self.rule(*steps, **facts), "submit", "hr")
        return self.move(rule, "switch_on", "management")

    def move(self, record: Any, verb: str, login: str) -> Any:
        fresh, actor = self.company.fresh(record), self.company.actor(login)
        return changes.move(type(record), record.id, verb, actor=actor, version=fresh.version, context=SIGNED)

    def passes(self, login: str) -> Any:
        """Somebody learns what they were given."""
        me = self.company.actor(login)
        enrolment = Enrolment.objects.get(person=me.id, state="assigned")
        begun = changes.move(Enrolment, enrolment.id, "begin", actor=me, version=enrolment.version)
        done = courses.done_with(me, begun, begun.course.lessons[0].key)
        assert done.state == "done"
        return done

    def set_user(self, login: str, **values: Any) -> None:
        changes.update(USER, self.company.users[login], values, actor=SYSTEM, version=None)

    def quotation(self, state: str = "submitted") -> Any:
        return self.company.walk(self.company.make("quotation", "clerk_sal"), state)

    def may(self, login: str, record: Any, verb: str = "approve") -> Any:
        fresh = self.company.fresh(record)
        return rights.standing(self.company.actor(login), fresh, fresh.flow().find(verb, fresh.state))

    def revised(self) -> None:
        """A further edition of the document is approved."""
        revision = self.company.make("revision", "clerk_sal", document=self.document.id, what_changed="第二章")
        upload = files.Upload("第二版.pdf", io.BytesIO(b"%PDF-1.4\n%%EOF\n"))
        files.attach(type(revision), revision.id, "document", upload, actor=self.company.actor("clerk_sal"))
        self.company.walk(revision, "approved")

    @property
    def hr(self) -> Any:
        return self.company.actor("hr")

    def given(self, *states: str) -> dict[str, str]:
        """By login how what they were given stands."""
        logins = {id: login for login, id in self.company.users.items()}
        rows = Enrolment.collection().find({"state": {"$in": states or ("assigned", "in_progress", "done")}})
        return {logins[row["person"]]: row["due"].date().isoformat() for row in rows}


@pytest.fixture
def office(company: Any) -> Iterator[Office]:
    with clock.set_to(MONDAY):
        yield Office(company)


def notices(kind: str) -> list[str]:
    return [row["text"]["zh-Hant"] for row in get_db()["notice"].find({"kind": kind})]


def test_it_is_given_once_held_after_the_grace_and_given_back_at_once(office: Office, browser_as: Any) -> None:
    record = office.quotation()
    office.switched_on()
    assert work_off(JOB) == {"assigned": 4, "alone": 0}
    assert do(JOB)["assigned"] == 0
    assert office.given() == dict.fromkeys(HOLDERS, "2026-12-09")
    assert sum("報價規程" in text for text in notices("assigned")) == 4
    office.passes("head_two")
    address = f"/admin/quotation/details/?id={record.id}"
    head = browser_as("head_sal")
    with clock.set_to(IN_TIME):
        assert "前往課程" not in head.get(address).text
        assert office.may("head_sal", record)
    with clock.set_to(LATE):
        head = browser_as("head_sal", is_new=True)
        page = head.get(address).text
        assert "前往課程" in page
        assert "報價規程課程" in page
        assert "2026-12-09" in page
        assert "verb=approve" not in page
        card = head.get("/admin/board/quotation/moves/", {"id": record.id}).get_json()
        assert "approve" not in [move["verb"] for move in card["moves"]]
        assert [step["url"] for step in card["held"] if "報價規程" in step["why"]]
        inbox = head.get("/admin/inbox/").text
        assert record.number in inbox
        assert "yes " not in inbox
        assert "前往課程" in inbox
        sent = {"id": str(record.id), "verb": "approve", "version": str(office.company.fresh(record).version)}
        answer = head.post("/admin/quotation/move/", sent | {"reason": "同意此價"})
        assert answer.status_code == 403
        assert "同意此價" in answer.text
        assert "前往課程" in answer.text
        bulk = head.post("/admin/quotation/action/", {"verb": "approve", "rowid": f"{record.id}"})
        assert "尚未通過" in bulk.text
        assert office.company.fresh(record).state == "submitted"
        assert get_db()["unsealed"].count_documents({"attempt.missing.rule": "qualification"}) == 1
        assert office.may("head_two", record)
        office.passes("head_sal")
        assert "verb=approve" in head.get(address).text
        assert head.post("/admin/quotation/move/", sent).status_code == 302
    assert office.company.fresh(record).state == "approved"


@pytest.mark.parametrize(
    ("holds", "deputy_of", "has_passed", "principal_passed", "expected"),
    [
        (False, "", False, False, True),  # a rule binds who holds the position
        (True, "", False, False, False),
        (True, "", True, False, True),
        (False, "head_sal", False, False, False),  # who stands in must have passed
        (False, "head_sal", False, True, False),  # the pass of the absent one is not theirs
        (False, "head_sal", True, False, True),
        (True, "head_sal", False, True, False),
        (True, "head_sal", True, True, True),
    ],
)
def test_whose_pass_counts(
    office: Office, holds: bool, deputy_of: str, has_passed: bool, principal_passed: bool, expected: bool
) -> None:
    who = "clerk_mkt" if deputy_of else "head_sal"
    record = office.quotation()
    office.set_user(who, position=office.position if holds else None)
    if deputy_of:
        office.set_user(deputy_of, deputy=office.company.users[who], absent_from=clock.today())
    office.switched_on()
    do(JOB)
    office.passes("head_two")
    assert (who in office.given()) == (holds or bool(deputy_of))
    for login, is_so in ((who, has_passed), ("head_sal", principal_passed)):
        if is_so and login in office.given("assigned"):
            office.passes(login)
    with clock.set_to(LATE):
        assert bool(office.may(who, record)) == expected


def test_no_case_is_left_without_anybody_able(office: Office, browser_as: Any) -> None:
    office.switched_on("quotation:approve", "quotation:send")
    do(JOB)
    with clock.set_to(LATE):  # what is not overdue is the head's own
        first, second = office.quotation(), office.quotation()
        assert office.may("head_sal", first).waived
        assert do(JOB)["alone"] == 2
        texts = notices("alarm")
        assert len(texts) == 2
        assert do(JOB)["alone"] == 2
        assert office.move(first, "approve", "head_sal").state == "approved"
        assert notices("alarm") == texts
        history = browser_as("head_sal").get("/admin/quotation/history/", {"id": first.id}).text
        assert history.count("當時無其他合格人員，予以放行") == 1
        office.passes("head_two")  # from now on somebody able is there
        with pytest.raises(Forbidden) as refused:
            office.move(second, "approve", "head_sal")
        assert "報價規程課程" in str(refused.value.sentence)
        with pytest.raises(Forbidden):  # one's own work waits for oneself
            office.move(first, "send", "clerk_sal")
        office.set_user("head_two", active=False)
        assert office.may("head_sal", second).waived
        assert office.move(second, "approve", "head_sal").state == "approved"


def test_what_a_page_has_drawn_is_asked_again_in_the_transaction(office: Office) -> None:
    office.switched_on("quotation:approve")
    do(JOB)
    with clock.set_to(LATE):
        record = office.quotation()
        intent = intents.on(office.company.actor("head_sal"), office.company.fresh(record))
        assert intent.standing(intent.record.flow().find("approve", "submitted")).waived
        office.passes("head_two")
        with pytest.raises(Forbidden):
            changes.move(QUOTATION, intent, "approve", actor=intent.actor, version=intent.record.version)
        assert rehearse(intents.on(intent.actor, intent.record), "approve", context=Context()).ok is False


def test_a_new_edition_is_given_anew_and_a_killed_run_goes_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = office.switched_on()
    do(JOB)
    office.passes("head_two")
    with clock.set_to(LATE):
        old = office.given("assigned")
        office.revised()
        assert get_db()["task_run"].count_documents({"task": JOB, "state": "queued"}) == 2
        real, calls = assigning.notify, []

        def dies(*args: Any) -> None:
            calls.append(args)
            if len(calls) == 3:
                raise Killed
            real(*args)

        monkeypatch.setattr(assigning, "notify", dies)
        with pytest.raises(Killed):
            do(JOB)
        monkeypatch.setattr(assigning, "notify", real)
        assert len(office.given("assigned")) == 4 - 1 or len(office.given("assigned")) == len(old)
        do(JOB)
        do(JOB)
        now = office.given("assigned")
        assert now == {**old, "head_two": "2026-12-14"}  # who was over the grace stays over it
        assert Enrolment.objects(state="cancelled").count() == 3
        assert (office.company.fresh(rule).edition, Enrolment.objects.count()) == (2, 8)
        record = office.quotation("draft")
        assert not office.may("clerk_sal", record, "submit")
        office.passes("clerk_sal")
        assert office.may("clerk_sal", record, "submit")


def test_who_comes_later_has_the_grace_from_then_on(office: Office) -> None:
    office.switched_on()
    do(JOB)
    with clock.set_to(LATE):
        office.hire("clerk_new", "clerk", position=office.position)
        record = office.company.make("quotation", "clerk_sal")
        assert not office.may("clerk_sal", record, "submit")
        assert do(JOB)["assigned"] == 1
        assert office.given()["clerk_new"] == "2026-12-14"
        case = office.company.walk(office.company.make("quotation", "clerk_new"), "draft")
        assert office.may("clerk_new", case, "submit")
        given = Enrolment.objects.get(person=office.company.users["clerk_sal"])
        cancelled = office.move(given, "cancel", "hr")
        assert not office.may("clerk_sal", record, "submit")  # to cancel it frees nobody
        assert do(JOB)["assigned"] == 1
        assert office.given()["clerk_sal"] == cancelled.due.isoformat()
        again = Enrolment.objects.get(person=office.company.users["clerk_sal"], state="assigned")
        changes.update(Enrolment, again.id, {"due": dt.date(2027, 1, 8)}, actor=office.hr, version=again.version)
        assert office.may("clerk_sal", record, "submit")  # human resources gives one person longer
        changes.update(Course, office.course.id, {"name": "報價"}, actor=office.hr, version=office.course.version)
        office.move(office.course, "revise", "hr")
        qualified.forget()
        assert office.may("head_sal", office.quotation())  # nobody is held by what cannot be learned


def test_to_name_a_deputy_who_has_learned_nothing_helps_nobody(office: Office) -> None:
    office.switched_on("quotation:approve")
    do(JOB)
    deputy = {"deputy": office.company.users["clerk_mkt"], "absent_from": dt.date(2026, 12, 7)}
    with clock.set_to(IN_TIME):
        record = office.quotation()
        office.set_user("head_sal", **deputy)
        assert office.may("clerk_mkt", record)  # in the grace of the edition
    with clock.set_to(LATE):
        office.passes("head_two")
        verdict = office.may("clerk_mkt", record).verdict  # nobody has given it to them
        assert not verdict
        assert verdict.url == f"/admin/course/details/?id={office.course.id}"
        assert do(JOB)["assigned"] == 1
        assert not office.may("clerk_mkt", record)
        office.passes("clerk_mkt")
        assert office.may("clerk_mkt", record)


def test_it_is_rehearsed_before_it_is_switched_on(office: Office, browser_as: Any) -> None:
    record = office.quotation()
    rule = office.rule("quotation:approve")
    effect = effect_of(rule)
    assert [case.record.id for case in effect.cases] == [record.id]
    assert effect.alone == 1
    assert len(effect.lacking) == 4
    rule = office.move(rule, "submit", "hr")
    assert (rule.bound, rule.lacking, rule.cases, rule.alone) == (4, 4, 1, 1)
    address = f"/admin/qualification/details/?id={rule.id}"
    page = browser_as("management").get(address).text
    assert "預演" in page
    assert record.number in page
    assert "無人" in page
    inbox = browser_as("management").get("/admin/inbox/").text
    assert rule.number in inbox
    assert f"yes qualification:{rule.id}" not in inbox  # it is opened, and confirmed by password
    assert office.may("head_sal", record)


def test_what_is_not_looked_at_is_said_and_the_rest_is_counted(
    office: Office, browser_as: Any, monkeypatch: Any
) -> None:
    for _ in range(2):
        office.quotation()
    monkeypatch.setattr(effects, "CASES_MAX", 1)
    rule = office.move(office.rule("quotation:approve"), "submit", "hr")
    effect = effect_of(rule)
    assert (effect.count, effect.more) == (1, True), "those that wait longest, and that there are more"
    assert "<b>1+</b>" in browser_as("management").get(f"/admin/qualification/details/?id={rule.id}").text
    monkeypatch.setattr(qualifications, "RULES_MAX", 1)
    second = office.move(office.rule("quotation:submit"), "submit", "hr")
    office.move(rule, "switch_on", "management")
    with pytest.raises(Refused, match="1"):
        office.move(second, "switch_on", "management")
    assert office.company.fresh(second).state == "submitted"


def test_a_wrong_or_vanished_step_is_said(office: Office, browser_as: Any) -> None:
    for step in ("quotation:fly", "enrolment:begin", "nonsense", "quotation:approve_by_rule"):
        with pytest.raises(Refused) as refused:
            office.rule(step)
        assert step in str(refused.value.problems["moves.0.step"][0])
    with pytest.raises(Refused):
        office.rule("quotation:approve", "quotation:approve")
    hr = office.hr
    other = changes.create(
        Course, {"name": "別的", "trainer": hr.id, "lessons": [Lesson(title="一", text="文")]}, actor=hr
    )
    other = changes.move(Course, other.id, "publish", actor=hr, version=other.version)
    with pytest.raises(Refused) as refused:
        office.rule(course=other.id, context=Context())
    assert len(refused.value.problems["course"]) == 2  # it shows the document nowhere, and has no quiz: asked about
    rule = office.switched_on()
    query = {"_id": rule.id}
    Qualification.collection().update_one(query, {"$set": {"moves.0.step": "quotation:gone", "moves.1.step": "x"}})
    qualified.forget()
    for place in ("details", "edit"):
        assert browser_as("hr").get(f"/admin/qualification/{place}/?id={rule.id}").status_code in (200, 302, 403)
    assert "quotation:gone" in browser_as("hr").get(f"/admin/qualification/details/?id={rule.id}").text
    do(JOB)
    with clock.set_to(LATE):
        assert office.may("head_sal", office.quotation())


def test_it_costs_nothing_while_no_rule_is_in_force_and_one_query_after(office: Office) -> None:
    record = office.quotation()
    fresh, head = office.company.fresh(record), office.company.actor("head_sal")
    moves = [fresh.flow().find(verb, "submitted") for verb in ("approve", "return")]

    def queries_of_six() -> int:
        qualified.begin_request()
        try:
            rights.standing(head, fresh, moves[0])
            with commands() as heard:
                qualified.begin_request()
                for move in moves * 3:
                    rights.standing(head, fresh, move)
            return len(heard)
        finally:
            qualified.end_request()

    assert queries_of_six() == 0
    office.switched_on("quotation:approve", "quotation:return")
    do(JOB)
    assert queries_of_six() == 1
    with clock.set_to(LATE):
        office.passes("head_sal")
        assert queries_of_six() == 1
