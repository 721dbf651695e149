"""What nobody can steer once scores are given: raters, thresholds, leave, late sheets, decisions on themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from mongoengine.connection import get_db

from models.assessment import filling, results
from models.assessment.cycles import cancelled_with_open_sheets
from models.assessment.filling import exact_of
from models.assessment.forms import FormItem
from models.assessment.sheet_words import CANCEL, PUBLISH
from models.kernel.base.errors import Changed, Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, history
from tasks.engine import defaults
from tasks.jobs import assessments as job
from tests.fixtures.doing import Killed, work_off
from tests.fixtures.rounds import (
    CYCLE,
    FORM,
    INDICATOR,
    MARKS,
    SCORES,
    SHEET,
    USER,
    act,
    marked,
    said_in,
    score_all,
    send,
    sheet_of,
)
from tests.races.at_once import at_once, done

SECRET = "與被考核人有私怨"


def killed_at_third_move(monkeypatch: Any, run: Callable[[], object]) -> None:
    """A run that is killed when it makes its third move."""
    real, moved = changes.move, []

    def move(*args: Any, **named: Any) -> Any:
        moved.append(args)
        if len(moved) == 3:
            raise Killed
        return real(*args, **named)

    monkeypatch.setattr(job.changes, "move", move)
    with pytest.raises(Killed):
        run()
    monkeypatch.setattr(job.changes, "move", real)


def given_for(company: Any, login: str, kind: str) -> list[Any]:
    return [g for g in SCORES.objects(employee=company.users[login], state="open") if g.kind == kind]


def login_of(company: Any, id: Any) -> str:
    return next(login for login, known in company.users.items() if known == id)


def newcomer(company: Any, login: str, **facts: Any) -> None:
    values = {"login": login, "name": "新同事", "department": company.department("SAL"), "roles": ["clerk"], **facts}
    company.users[login] = changes.create(USER, values, actor=SYSTEM).id


def said_to(browser: Any, sheet: Any) -> str:
    """All that the pages of a sheet and the notices say to somebody."""
    pages = [browser.get(f"/admin/assessment/{path}", {"id": sheet.id}) for path in ("details/", "history/")]
    return "".join(page.text for page in (*pages, browser.get("/admin/notices/"), browser.get("/admin/")))


class TestExcused:
    def test_the_reason_is_for_human_resources_and_the_rater(self, company: Any, running: Any, browser_as: Any) -> None:
        given = given_for(company, "clerk_sal", "peer")[0]
        act(SCORES, given, "excuse", "hr", reason=SECRET)
        sheet = sheet_of(company, "clerk_sal")
        assert SECRET not in said_to(browser_as("clerk_sal"), sheet)
        assert not [entry for entry in history.entries_of(sheet.id) if entry.get("reason")]
        assert SECRET in browser_as("hr").get("/admin/score_sheet/history/", {"id": given.id}).text

    def test_no_group_falls_below_three_by_it(self, company: Any, running: Any) -> None:
        """Of four colleagues one; the next would make what the others give count for nothing. Managers are replaced."""
        first, second, *_ = given_for(company, "clerk_sal", "peer")
        act(SCORES, first, "excuse", "hr", reason="休假")
        with pytest.raises(Refused, match=r"三人|three"):
            act(SCORES, second, "excuse", "hr", reason="休假")
        with pytest.raises(Refused):
            act(SCORES, given_for(company, "clerk_sal", "manager")[0], "excuse", "hr", reason="休假")

    def test_human_resources_neither_sees_nor_excuses_who_scores_themselves(
        self, company: Any, running: Any, browser_as: Any
    ) -> None:
        given = given_for(company, "clerk_sal", "peer")[0]
        get_db().score_sheet.update_one({"_id": given.id}, {"$set": {"employee": company.users["hr"]}})
        for verb in ("excuse", "replace"):
            with pytest.raises((Forbidden, Missing)):
                act(SCORES, given, verb, "hr", reason="本人")
        browser = browser_as("hr")
        assert browser.get("/admin/score_sheet/details/", {"id": given.id}).status_code == 404
        assert given.number not in browser.get("/admin/score_sheet/", {"size": "200"}).text

    def test_who_scores_does_not_put_the_sheet_into_the_bin(self, company: Any, running: Any) -> None:
        given = given_for(company, "clerk_sal", "manager")[0]
        with pytest.raises(Forbidden):
            changes.remove(SCORES, given.id, actor=company.actor("head_sal"), version=given.version)


class TestReplaced:
    def test_a_colleague_by_the_next_who_is_drawn(self, company: Any, running: Any, browser_as: Any) -> None:
        """The draft is gone for its readers, counts nowhere, and the employee learns nothing."""
        newcomer(company, "peer4")
        given = given_for(company, "clerk_sal", "peer")[0]
        rater = login_of(company, given.ref("rater"))
        values = {"scores": marked(given, "37.3")}
        changes.update(SCORES, given.id, values, actor=company.actor(rater), version=given.version)
        sheet = sheet_of(company, "clerk_sal")
        before = said_to(browser_as("clerk_sal", locale="en"), sheet).count("<li")
        with pytest.raises(Refused):
            act(SCORES, given, "replace", "hr", {"successor": company.users["peer4"]}, "HR chooses")
        act(SCORES, given, "replace", "hr", reason=SECRET)
        old = SCORES.objects.get(id=given.id)
        new = SCORES.objects.get(employee=company.users["clerk_sal"], rater=company.users["peer4"])
        assert (old.state, old.ref("successor"), [line.score for line in old.scores]) == (
            "lapsed",
            new.ref("rater"),
            [None],
        )
        assert (new.state, new.kind, new.until, new.count) == ("open", "peer", sheet.score_until, 1)
        assert sheet_of(company, "clerk_sal").outstanding == sheet.outstanding
        said = said_to(browser_as("clerk_sal"), sheet)
        assert said.count("<li") == before
        assert not [text for text in (SECRET, "37.3", "新同事") if text in said]
        assert "新同事" not in browser_as(rater, is_new=True).get("/admin/score_sheet/details/", {"id": old.id}).text
        with pytest.raises((Refused, Forbidden)):
            send(company, old, 37)
        score_all(company)
        [item] = sheet_of(company, "clerk_sal").items
        assert item.peer == Decimal(50)

    def test_nobody_is_left_to_be_drawn(self, company: Any, running: Any) -> None:
        with pytest.raises(Refused, match=r"沒有其他|nobody else"):
            act(SCORES, given_for(company, "clerk_sal", "peer")[0], "replace", "hr", reason="調離")

    def test_a_manager_by_whom_human_resources_names(self, company: Any, running: Any) -> None:
        given = given_for(company, "clerk_sal", "manager")[0]
        for wrong in (None, "hr", "clerk_sal", "peer1"):
            with pytest.raises(Refused):
                act(SCORES, given, "replace", "hr", {"successor": wrong and company.users[wrong]}, "調離")
        act(SCORES, given, "replace", "hr", {"successor": company.users["head_mkt"]}, "調離")
        assert sheet_of(company, "clerk_sal").parts[0].ref("assessor") == company.users["head_mkt"]
        assert [g.ref("rater") for g in given_for(company, "clerk_sal", "manager")] == [company.users["head_mkt"]]
        with pytest.raises(Refused):
            act(SCORES, given_for(company, "clerk_sal", "own")[0], "replace", "hr", reason="代為自評")


def test_heads_are_no_colleagues_of_those_whose_sheets_they_approve(company: Any, running: Any) -> None:
    """Else their own score would tell them what the other two gave."""
    newcomer(company, "peer4", manager=company.users["peer3"])
    values = {"cycle": running["cycle"], "employee": company.users["peer4"]}
    sheet = changes.create(SHEET, values, actor=company.actor("hr"))
    kinds = {(g.kind, login_of(company, g.ref("rater"))) for g in SCORES.objects(sheet=sheet.id)}
    assert ("manager", "peer3") in kinds
    assert "head_sal" not in {login for _, login in kinds}


class TestOfTheHead:
    def test_who_assessed_returns_nothing_to_themselves(self, company: Any, running: Any, browser_as: Any) -> None:
        """Having seen what colleagues gave, they would score once more with that in mind."""
        score_all(company)
        sheet = sheet_of(company, "clerk_sal")
        with pytest.raises(Forbidden):
            act(SHEET, sheet, "return", "head_sal", reason="重評")
        page = browser_as("head_sal", locale="en").get("/admin/assessment/details/", {"id": sheet.id}).text
        assert "verb=approve" in page
        assert "verb=return" not in page

    def test_what_was_returned_is_not_read_by_the_employee(self, company: Any, running: Any, browser_as: Any) -> None:
        """Neither the reason, nor the score and remark that were taken back: not then, and not after publication."""
        for given in given_for(company, "clerk_sal", "manager"):
            act(SCORES, given, "replace", "hr", {"successor": company.users["head_mkt"]}, "兼管")
        for given in list(SCORES.objects(employee=company.users["clerk_sal"], state="open")):
            send(company, given, "41.5" if given.kind == "manager" else 50, "初評" if given.kind == "manager" else "")
        score_all(company)
        act(SHEET, sheet_of(company, "clerk_sal"), "return", "head_sal", reason="評 41.5 分過低")
        browser = browser_as("clerk_sal", is_new=True)
        assert "41.5" not in said_to(browser, sheet_of(company, "clerk_sal"))
        [given] = given_for(company, "clerk_sal", "manager")
        send(company, given, 80, "複評")
        for sheet in list(SHEET.objects(state="scored")):
            head = "management" if sheet.ref("employee") == company.users["head_sal"] else "head_sal"
            act(SHEET, sheet, "approve", head)
        act(CYCLE, CYCLE.objects.get(id=running["cycle"]), "publish", "hr")
        work_off(PUBLISH)
        sheet = sheet_of(company, "clerk_sal")
        pages = [browser.get("/admin/assessment/history/", {"id": sheet.id, "version": n}).text
                 for n in range(1, sheet.version + 1)]  # fmt: skip
        pages.append(browser.get("/admin/assessment/history/", {"id": sheet.id, "version": 1, "other": 9}).text)
        said = "".join((*pages, said_to(browser, sheet)))
        assert "複評" in said
        assert not [text for text in ("41.5", "初評") if text in said]
        assert "41.5" in browser_as("head_sal", is_new=True).get("/admin/assessment/history/", {"id": sheet.id}).text


class TestCycles:
    def test_sheets_are_made_while_their_cycle_runs(self, company: Any, published: Any) -> None:
        """A late one would hold up every appeal; a draft has no sheets."""
        newcomer(company, "peer4")
        values = {"cycle": published["cycle"], "employee": company.users["peer4"]}
        for change in ({}, {"$set": {"state": "draft"}}, {"$set": {"state": "cancelled"}}):
            if change:
                get_db().assessment_cycle.update_one({"_id": published["cycle"]}, change)
            with pytest.raises(Refused):
                changes.create(SHEET, values, actor=company.actor("hr"))

    def test_one_that_runs_is_cancelled_by_management_alone(self, company: Any, running: Any) -> None:
        """Else human resources could begin anew, with other colleagues drawn, until it likes the result."""
        cycle = CYCLE.objects.get(id=running["cycle"])
        with pytest.raises(Forbidden):
            act(CYCLE, cycle, "cancel", "hr", reason="重來")
        assert act(CYCLE, cycle, "cancel", "management", reason="誤開").state == "cancelled"

    def test_the_sheets_of_a_cancelled_one_end_with_its_reason_and_show_no_score(
        self, company: Any, running: Any, browser_as: Any, monkeypatch: Any
    ) -> None:
        """Whatever they stand in; killed in the middle and begun again, each ends once. Late sheets are not made."""
        late = given_for(company, "peer2", "own")[0]
        for given in SCORES.objects(state="open", id__ne=late.id):
            send(company, given, MARKS[login_of(company, given.ref("employee"))] if given.kind == "manager" else 50)
        first = sheet_of(company, "peer1")
        act(SHEET, first, "approve", "head_sal")
        assert {sheet.state for sheet in SHEET.objects()} == {"approved", "scored", "draft"}
        act(CYCLE, CYCLE.objects.get(id=running["cycle"]), "cancel", "management", reason="週期誤開")
        killed_at_third_move(monkeypatch, lambda: job.cancel(_NoRun(), str(running["cycle"])))
        assert SHEET.objects(state="cancelled").count() == 2
        work_off(CANCEL)
        assert {sheet.state for sheet in SHEET.objects()} == {"cancelled"}
        assert SCORES.objects(state="open").count() == 0
        for sheet in SHEET.objects():
            [entry] = get_db().history.find({"record": sheet.id, "verb": "cancel"})
            assert entry["reason"] == "週期誤開"
        for login in ("peer1", "clerk_sal", "head_sal", "hr", "management", "supervisor"):
            browser = browser_as(login, is_new=True)
            pages = [said_in(browser.get(f"/admin/assessment/{p}/", {"id": first.id})) for p in ("details", "history")]
            pages += [
                browser.get("/admin/assessment/history/", {"id": first.id, "version": n}).text for n in range(1, 20)
            ]
            assert not [page for page in pages if "76.67" in page or "80.00" in page], login
        assert "週期誤開" in browser_as("peer1", is_new=True).get("/admin/assessment/history/", {"id": first.id}).text
        newcomer(company, "peer4")
        with pytest.raises(Refused):
            changes.create(
                SHEET, {"cycle": running["cycle"], "employee": company.users["peer4"]}, actor=company.actor("hr")
            )

    def test_what_is_fixed_stays_so_once_it_runs(self, company: Any, running: Any) -> None:
        """Grades, forms, dates, peers, weights: by nobody, in no way."""
        cycle, form = CYCLE.objects.get(id=running["cycle"]), FORM.objects.get(id=running["form"])
        for record, values in (
            (cycle, {"grading": "forced"}), (cycle, {"peers_most": 0}), (cycle, {"score_until": dt.date(2026, 11, 13)}),
            (cycle, {"least_days": 0}), (cycle, {"forms": []}), (form, {"items": []}),
            (form, {"manager_share": Decimal(100)}),
        ):  # fmt: skip
            before = type(record).objects.get(id=record.id)
            for login in ("hr", "management", "head_sal"):
                with suppress(Forbidden, Refused, Missing, Changed):
                    changes.update(type(record), record.id, values, actor=company.actor(login), version=before.version)
                name = next(iter(values))
                assert type(record).objects.get(id=record.id).raw(name) == before.raw(name), (login, name)
            with pytest.raises((Forbidden, Refused)):
                changes.remove(type(record), record.id, actor=company.actor("hr"), version=before.version)

    def test_calibration_ends_with_the_publication(self, company: Any, approved: Any) -> None:
        act(CYCLE, CYCLE.objects.get(id=approved["cycle"]), "publish", "hr")
        with pytest.raises(Refused, match=r"申訴|appeal"):
            act(SHEET, sheet_of(company, "peer1"), "calibrate", "hr", {"adjust_by": Decimal(3)}, "晚了")

    def test_a_sheet_that_was_late_for_the_publication_is_published_after_it(self, company: Any, approved: Any) -> None:
        act(CYCLE, CYCLE.objects.get(id=approved["cycle"]), "publish", "hr")
        late = sheet_of(company, "peer1")
        get_db().assessment.update_one({"_id": late.id}, {"$set": {"state": "scored"}})
        work_off(PUBLISH)
        assert sheet_of(company, "peer1").state == "scored"
        act(SHEET, late, "approve", "head_sal")
        work_off(PUBLISH)
        assert {sheet.state for sheet in SHEET.objects()} == {"published"}

    def test_no_member_of_the_office_sees_their_own_result_first(
        self, company: Any, approved: Any, browser_as: Any
    ) -> None:
        """76.67 in the table of results and on the page of the sheet: for others, not for themselves."""
        sheet = sheet_of(company, "clerk_sal")
        for login in ("hr", "management", "supervisor"):
            own = {"employee": company.users[login], "owner": company.users[login], "seen_by": [company.users[login]]}
            get_db().assessment.update_one({"_id": sheet.id}, {"$set": own})
            other = next(each for each in ("hr", "management", "supervisor") if each != login)
            for reader, may in ((login, False), (other, True)):
                browser = browser_as(reader, is_new=True)
                table = browser.get("/admin/assessment-results/", {"id": approved["cycle"]}).text
                page = browser.get("/admin/assessment/details/", {"id": sheet.id}).text
                assert ("76.67" in table, "76.67" in page) == (may, may), (login, reader)
        effect = browser_as("hr").get(
            "/admin/assessment-results/effect", {"id": sheet_of(company, "peer3").id, "points": "30"}
        )
        assert effect.status_code == 200


def test_the_sheets_of_a_cycle_that_an_earlier_program_cancelled_end_once(company: Any, running: Any, db: Any) -> None:
    """It left them open and ordered nothing; the first start of this program ends them with the reason of the cycle."""
    assert cancelled_with_open_sheets() == []
    act(CYCLE, CYCLE.objects.get(id=running["cycle"]), "cancel", "management", reason="週期誤開")
    db.task_run.delete_many({"task": CANCEL})
    assert cancelled_with_open_sheets() == [running["cycle"]]
    orders = [(defaults.order_after_upgrade(), db.task_run.count_documents({"task": CANCEL})) for _ in range(2)]
    assert [count for _, count in orders] == [1, 1]
    work_off(CANCEL)
    assert {sheet.state for sheet in SHEET.objects()} == {"cancelled"}
    assert {given.state for given in SCORES.objects()} == {"lapsed"}
    ended = list(db.history.find({"type": "assessment", "verb": "cancel"}))
    assert sorted(entry["record"] for entry in ended) == sorted(sheet.id for sheet in SHEET.objects())
    assert {entry["reason"] for entry in ended} == {"週期誤開"}
    db.task_run.delete_many({"task": CANCEL})
    defaults.order_after_upgrade()
    assert db.task_run.count_documents({"task": CANCEL}) == 0


def test_a_revised_indicator_changes_no_sheet_that_was_made(company: Any, month: Any) -> None:
    """Human resources takes it back to a draft and halves the target: the sheet is counted as it was agreed."""
    id, hr = month["一次通過率"], company.actor("hr")
    get_db().indicator.update_one({"_id": id}, {"$set": {"floor": None, "target": None, "state": "in_force"}})
    form = changes.create(FORM, {"name": "計算方案", "items": [FormItem(indicator=id, weight=Decimal(100))]}, actor=hr)
    for verb, login in (("submit", "hr"), ("approve", "management")):
        act_as(company, FORM, form, verb, login)
    values = {
        "name": "十月",
        "forms": [form.id],
        "first_day": dt.date(2026, 10, 1),
        "departments": [company.department("SAL")],
    }
    cycle = changes.create(CYCLE, values, actor=hr)
    act_as(company, CYCLE, cycle, "open", "hr")
    sheet = changes.create(SHEET, {"cycle": cycle.id, "employee": company.users["clerk_sal"]}, actor=hr)
    filling.fill(sheet)
    agreed = exact_of(sheet)
    assert agreed
    act_as(company, INDICATOR, INDICATOR.objects.get(id=id), "revise", "hr", "放寬")
    draft = INDICATOR.objects.get(id=id)
    changes.update(INDICATOR, id, {"floor": Decimal(0), "target": Decimal(40)}, actor=hr, version=draft.version)
    filling.fill(sheet)
    assert exact_of(sheet) == agreed
    with pytest.raises(Refused, match=r"修訂|revision"):
        changes.create(SHEET, {"cycle": cycle.id, "employee": company.users["clerk_sal2"]}, actor=hr)


def act_as(company: Any, cls: Any, record: Any, verb: str, login: str, reason: str = "") -> Any:
    fresh = cls.objects.get(id=record.id)
    context = changes.Context(reason=reason)
    return changes.move(cls, fresh.id, verb, actor=company.actor(login), version=fresh.version, context=context)


class TestAtOnce:
    def test_the_last_scores_are_all_counted_and_close_the_sheet_once(self, company: Any, running: Any) -> None:
        given = list(SCORES.objects(employee=company.users["clerk_sal"]))
        for each in given:
            actor = company.actor(login_of(company, each.ref("rater")))
            changes.update(SCORES, each.id, {"scores": marked(each, 60)}, actor=actor, version=each.version)

        def sending(each: Any) -> Any:
            fresh, actor = SCORES.objects.get(id=each.id), company.actor(login_of(company, each.ref("rater")))
            return lambda: changes.move(SCORES, fresh.id, "send", actor=actor, version=fresh.version)

        results_ = at_once(*(sending(each) for each in given))
        sheet = sheet_of(company, "clerk_sal")
        assert (len(done(results_)), len(sheet.voices), sheet.outstanding, sheet.state) == (6, 6, 0, "scored")
        assert [entry["verb"] for entry in history.entries_of(sheet.id)].count("score") == 1

    def test_two_appeals_decided_at_once_come_to_what_one_after_the_other_does(
        self, company: Any, published: Any
    ) -> None:
        for login in ("peer2", "peer3"):
            act(SHEET, sheet_of(company, login), "appeal", login, {"grounds": "漏計"})

        def granting(login: str, points: int) -> Any:
            sheet, hr = sheet_of(company, login), company.actor("hr")
            values, context = {"adjust_by": Decimal(points)}, changes.Context(reason="屬實")

            def grant() -> Any:
                fresh = SHEET.objects.get(id=sheet.id)
                return changes.move(
                    SHEET, sheet.id, "grant", actor=hr, version=fresh.version, values=values, context=context
                )

            return grant

        at_once(granting("peer2", 15), granting("peer3", 18))
        for login, points in (("peer2", 15), ("peer3", 18)):  # whoever met a newer version decides once more
            if sheet_of(company, login).state == "appealed":
                granting(login, points)()
        known = results.of_cycle(published["cycle"])
        fresh = results.outcomes(known.people, known.scheme)
        for id, outcome in fresh.items():
            row = known.rows[id]
            assert (row.get("noted_rank") or row["rank"]) == outcome.rank or row["employee"] in (
                company.users["peer2"], company.users["peer3"],
            )  # fmt: skip
        assert sum(each.amount for each in results.published(known).values()) == Decimal(10000)

    def test_a_publication_that_is_killed_between_two_sheets_goes_on(
        self, company: Any, approved: Any, monkeypatch: Any
    ) -> None:
        act(CYCLE, CYCLE.objects.get(id=approved["cycle"]), "publish", "hr")
        killed_at_third_move(monkeypatch, lambda: job.publish(_NoRun(), str(approved["cycle"])))
        [first, second] = SHEET.objects(state="published").order_by("id")
        person = login_of(company, first.ref("employee"))
        act(SHEET, first, "appeal", person, {"grounds": "在公佈途中"})
        with pytest.raises(Refused):  # until all are out
            act(SHEET, first, "grant", "hr", {"adjust_by": Decimal(1)}, "屬實")
        work_off(PUBLISH)
        assert {sheet.state for sheet in SHEET.objects()} == {"published", "appealed"}
        published_once = [[e["verb"] for e in history.entries_of(s.id)].count("publish") for s in SHEET.objects()]
        assert published_once == [1] * 6
        assert get_db().notice.count_documents({"kind": "published"}) == 6
        act(SHEET, first, "grant", "hr", {"adjust_by": Decimal(1)}, "屬實")
        assert second.rank == SHEET.objects.get(id=second.id).rank


class _NoRun:
    def progress(self, *_: Any) -> None:
        pass

    def count(self, **_: Any) -> None:
        pass
