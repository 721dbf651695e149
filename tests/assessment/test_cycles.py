"""A cycle from its form to the decision on an appeal: who gets which sheet, who scores, what is seen when."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.assessment import results
from models.assessment.filling import exact_of
from models.assessment.sheet_words import PUBLISH
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, follow_ups
from tests.fixtures.doing import do, work_off
from tests.fixtures.rounds import (
    CYCLE,
    MARKS,
    NOW,
    SCORES,
    SHEET,
    UNTIL,
    USER,
    act,
    marked,
    said_in,
    score_all,
    send,
    sheet_of,
)

POSITION = catalogue["position"]


def test_each_employee_in_scope_gets_one_sheet_and_those_who_score_are_asked(company: Any, running: Any) -> None:
    assert {sheet.ref("employee") for sheet in SHEET.objects()} == {company.users[login] for login in MARKS}
    kinds = [given.kind for given in SCORES.objects(employee=company.users["clerk_sal"])]
    assert sorted(kinds) == ["manager", "own", "peer", "peer", "peer", "peer"]
    kinds = [given.kind for given in SCORES.objects(employee=company.users["head_sal"])]
    assert sorted(kinds) == ["manager", "own", "upward", "upward", "upward", "upward", "upward"]
    assert not [g for g in SCORES.objects() if g.kind != "own" and g.ref("rater") == g.ref("employee")]
    again = changes.follow_up(CYCLE, running["cycle"], "make_sheets", actor=company.actor("hr"))
    assert again == []
    assert SHEET.objects().count() == 6


def test_the_dry_run_says_who_gets_what_and_why_and_who_gets_none(company: Any, running: Any, browser_as: Any) -> None:
    """One who came later is listed; one whose position no form is for gets none, with the reason."""
    guard = changes.create(POSITION, {"name": "門衛"}, actor=SYSTEM)
    get_db().assessment_form.update_one({"_id": running["form"]}, {"$set": {"positions": [guard.id]}})
    for login, position in (("late1", guard.id), ("late2", None)):
        changes.create(
            USER, {"login": login, "name": login, "department": company.department("SAL"), "position": position},
            actor=SYSTEM,
        )  # fmt: skip
    page = (
        browser_as("hr", locale="en")
        .get("/admin/assessment_cycle/lead/", {"id": running["cycle"], "verb": "make_sheets"})
        .text
    )
    assert "通用方案, for the position 門衛" in page
    assert "late2: none: no form of the cycle is for the position without a position" in page
    made = changes.follow_up(CYCLE, running["cycle"], "make_sheets", actor=company.actor("hr"))
    assert [USER.objects.get(id=sheet.ref("employee")).login for sheet in made] == ["late1"]


def test_a_cycle_does_not_begin_with_weights_of_another_sum(company: Any, running: Any) -> None:
    cycle = changes.create(
        CYCLE,
        {"name": "另一個", "forms": [running["form"]], "first_day": dt.date(2026, 9, 1)},
        actor=company.actor("hr"),
    )
    get_db().assessment_form.update_one(
        {"_id": running["form"]}, [{"$set": {"items": {"$map": {"input": "$items", "in": {"$mergeObjects": [
            "$$this", {"weight": {"$toDecimal": "99.99"}}]}}}}}]
    )  # fmt: skip
    with pytest.raises(Refused, match="100"):
        act(CYCLE, cycle, "open", "hr")


def test_nobody_sees_the_draft_or_the_sent_scores_of_others(company: Any, running: Any, browser_as: Any) -> None:
    """Heads, HR, management, the employee, colleagues: over pages, lists, history, export."""
    given = next(g for g in SCORES.objects(employee=company.users["clerk_sal"]) if g.kind == "peer")
    rater = next(name for name, id in company.users.items() if id == given.ref("rater"))
    changes.update(
        SCORES, given.id, {"scores": marked(given, "37.3")}, actor=company.actor(rater), version=given.version
    )
    for step in ("draft", "sent"):
        if step == "sent":
            act(SCORES, given, "send", rater)
        for login in ("clerk_sal", "head_sal", "hr", "management", "supervisor", "finance", "it", "clerk_mkt"):
            browser = browser_as(login, is_new=True)
            for path in ("details/", "history/", "edit/", "print/"):
                assert "37.3" not in said_in(browser.get(f"/admin/score_sheet/{path}", {"id": given.id}))
            for path in ("", "export/csv/"):
                assert "37.3" not in browser.get(f"/admin/score_sheet/{path}", {"q": given.number}).text
            for path in ("details/", "history/", "print/"):
                sheet = sheet_of(company, "clerk_sal")
                assert "37.3" not in said_in(browser.get(f"/admin/assessment/{path}", {"id": sheet.id}))
            expected = 200 if login == "hr" else 404
            assert browser.get("/admin/score_sheet/details/", {"id": given.id}).status_code == expected
        assert "37.3" in browser_as(rater, is_new=True).get("/admin/score_sheet/details/", {"id": given.id}).text


def test_the_sheet_is_scored_when_the_last_has_sent_and_says_nothing_before(
    company: Any, running: Any, browser_as: Any
) -> None:
    """Manager 90 of 60, self 50 of 10, four colleagues 50 of 20, no staff: (5400 + 500 + 1000) / 90 = 76.67."""
    own, *others = sorted(SCORES.objects(employee=company.users["clerk_sal"]), key=lambda given: given.kind != "own")
    send(company, own, 50, "自評說明")
    assert sheet_of(company, "clerk_sal").state == "self_done"
    for given in others:
        assert sheet_of(company, "clerk_sal").total is None
        send(company, given, 90 if given.kind == "manager" else 50, "上級評語" if given.kind == "manager" else "")
    sheet = sheet_of(company, "clerk_sal")
    assert (sheet.state, exact_of(sheet), sheet.total) == ("scored", Fraction(6900, 90), Decimal("76.67"))
    assert (sheet.items[0].peer, sheet.items[0].upward, sheet.coverage) == (Decimal(50), None, Decimal(90))
    seen = {login: browser_as(login, is_new=True).get("/admin/assessment/details/", {"id": sheet.id}).text
            for login in ("clerk_sal", "head_sal", "hr")}  # fmt: skip
    assert "76.67" in seen["head_sal"]
    assert "76.67" in seen["hr"]
    assert "76.67" not in seen["clerk_sal"]
    assert "自評說明" in seen["clerk_sal"]
    assert "上級評語" not in seen["clerk_sal"]


def test_two_colleagues_of_four_are_not_shown_and_their_weight_goes_on(company: Any, running: Any) -> None:
    """Two send, time is up: manager 80 of 60 alone, 60 % of the weight."""
    for given in list(SCORES.objects(employee=company.users["clerk_sal"])):
        if given.kind == "manager":
            send(company, given, 80)
    for given in [g for g in SCORES.objects(employee=company.users["clerk_sal"]) if g.kind == "peer"][:2]:
        send(company, given, 10)
    with clock.set_to(dt.datetime(2026, 11, 21, 4, tzinfo=dt.UTC)):
        do("moves.timed")
    sheet = sheet_of(company, "clerk_sal")
    assert (sheet.state, sheet.total, sheet.coverage, sheet.items[0].peer) == ("scored", Decimal(80), Decimal(60), None)
    assert {given.state for given in SCORES.objects(employee=company.users["clerk_sal"])} == {"sent", "lapsed"}
    late = next(g for g in SCORES.objects(employee=company.users["clerk_sal"], state="lapsed"))
    with pytest.raises(Refused):
        send(company, late, 10)
    # of a sheet for which nobody has scored nothing is said
    other = sheet_of(company, "peer1")
    assert (other.state, other.total, other.coverage) == ("scored", None, Decimal(0))


def test_nobody_approves_their_own_sheet(company: Any, running: Any) -> None:
    score_all(company)
    own = sheet_of(company, "head_sal")
    with pytest.raises((Forbidden, Missing)):
        act(SHEET, own, "approve", "head_sal")
    changes.update(
        USER, company.users["management"],
        {"deputy": company.users["head_sal"], "absent_from": NOW.date(), "absent_until": NOW.date()},
        actor=SYSTEM, version=None,
    )  # fmt: skip
    with pytest.raises((Forbidden, Missing)):
        act(SHEET, own, "approve", "head_sal")


def test_computed_and_filled_values_cannot_be_typed_over(company: Any, approved: Any) -> None:
    sheet = sheet_of(company, "clerk_sal")
    for login in ("hr", "head_sal", "management"):
        with pytest.raises((Forbidden, Refused, Missing)):
            changes.update(
                SHEET,
                sheet.id,
                {"total": Decimal(100), "adjust_by": 5},
                actor=company.actor(login),
                version=sheet.version,
            )
    assert sheet_of(company, "clerk_sal").total == sheet.total


def test_a_calibration_is_shown_before_and_keeps_both_values(company: Any, approved: Any, browser_as: Any) -> None:
    """clerk_sal2 and peer1 have equal totals of 70; one is raised by 5.5 with a reason."""
    sheet = sheet_of(company, "clerk_sal2")
    page = browser_as("hr", locale="en").get("/admin/assessment-results/effect", {"id": sheet.id, "points": "5.5"})
    effect = results.of_calibration(sheet, Decimal("5.5"))
    assert "70.00 → 75.50" in page.text
    with pytest.raises(Refused):
        act(SHEET, sheet, "calibrate", "hr", {"adjust_by": Decimal("5.5")})  # no reason
    act(SHEET, sheet, "calibrate", "hr", {"adjust_by": Decimal("5.5")}, "與同級可比")
    real = results.of_cycle(approved["cycle"]).outcomes
    assert real == effect.after
    sheet = sheet_of(company, "clerk_sal2")
    line = sheet.adjustments[0]
    assert (line.before, line.after, line.reason) == (Decimal(70), Decimal("75.50"), "與同級可比")
    with pytest.raises(Refused, match="100"):
        act(SHEET, sheet, "calibrate", "hr", {"adjust_by": Decimal(40)}, "過高")
    page = browser_as("hr", locale="en").get("/admin/assessment-results/", {"id": approved["cycle"]})
    assert page.status_code == 200
    for login in ("clerk_sal", "head_sal", "finance", "it"):
        answer = browser_as(login, is_new=True).get("/admin/assessment-results/", {"id": approved["cycle"]})
        assert answer.status_code in (403, 404)


def test_publishing_gives_ranks_and_grades_and_the_days_of_an_appeal(
    company: Any, published: Any, browser_as: Any
) -> None:
    """Totals 76.67 70 70 63.33 56.67 and of the head 72.5 (5100 + 500 + 500) / 80 = 76.25."""
    ranked = {login: (sheet_of(company, login).rank, sheet_of(company, login).grade) for login in MARKS}
    assert ranked == {
        "clerk_sal": (1, "B"), "head_sal": (2, "B"), "clerk_sal2": (3, "B"), "peer1": (3, "B"), "peer2": (5, "C"),
        "peer3": (6, "D"),
    }  # fmt: skip
    sheet = sheet_of(company, "clerk_sal")
    assert (sheet.delivered_on, sheet.appeal_until) == (dt.date(2026, 11, 12), dt.date(2026, 11, 19))
    own = browser_as("clerk_sal", is_new=True)
    assert "76.67" in own.get("/admin/assessment/details/", {"id": sheet.id}).text
    notices = list(get_db().notice.find({"kind": "published", "person": company.users["clerk_sal"]}))
    assert len([n for n in notices if str(sheet.id) in str(n) and "2026-11-19" in str(n)]) == 1


def test_the_days_of_an_appeal_end_on_a_workday(company: Any, approved: Any) -> None:
    """Published on Saturday 14 November: seven days later is a Saturday, so Monday 23 November."""
    with clock.set_to(dt.datetime(2026, 11, 14, 2, tzinfo=dt.UTC)):
        act(CYCLE, CYCLE.objects.get(id=approved["cycle"]), "publish", "hr")
        work_off(PUBLISH)
        assert sheet_of(company, "peer1").appeal_until == dt.date(2026, 11, 23)
    with clock.set_to(dt.datetime(2026, 11, 24, 2, tzinfo=dt.UTC)), pytest.raises(Refused):
        act(SHEET, sheet_of(company, "peer1"), "appeal", "peer1", {"grounds": "理由"})


def test_an_appeal_changes_exactly_what_was_shown(company: Any, published: Any, browser_as: Any) -> None:
    """peer2, fifth with 63.33, is raised by 8 to 71.33: rank 3 and grade B. Published ranks of others stay."""
    sheet = act(SHEET, sheet_of(company, "peer2"), "appeal", "peer2", {"grounds": "評分未計入十月的項目"})
    page = browser_as("hr", locale="en").get("/admin/assessment-results/effect", {"id": sheet.id, "points": "8"}).text
    effect = results.of_appeal(sheet, Decimal(8))
    assert "63.33 → 71.33" in page
    before = {row["_id"]: row for row in get_db().assessment.find()}
    with pytest.raises((Forbidden, Missing)):
        act(SHEET, sheet, "grant", "peer2", {"adjust_by": Decimal(8)}, "本人")
    act(SHEET, sheet, "grant", "hr", {"adjust_by": Decimal(8)}, "屬實")
    now = results.published(results.of_cycle(published["cycle"]))
    assert now == effect.after
    assert sum(outcome.amount for outcome in now.values()) == Decimal(10000)
    mine = sheet_of(company, "peer2")
    assert (mine.rank, mine.grade, mine.total) == (3, "B", Decimal("71.33"))
    for id, row in before.items():
        after = get_db().assessment.find_one({"_id": id})
        if id != sheet.id:
            assert {name: after.get(name) for name in ("rank", "grade", "total")} == {
                name: row.get(name) for name in ("rank", "grade", "total")
            }
            noted = after.get("noted_rank")
            assert (noted is not None) == (id in effect.noted)
    assert sheet_of(company, "clerk_sal2").noted_rank == 4


OTHERS = {"clerk_sal2": "n", "clerk_mkt": "n", "head_mkt": "n", "finance": "n", "legal": "n", "it": "n", "records": "n",
          "clerk_sal": "y", "head_sal": "y", "hr": "y", "management": "y", "supervisor": "y"}  # fmt: skip


def test_who_learns_a_published_total(company: Any, published: Any, browser_as: Any) -> None:
    """Page, history, print, list, export, search, API-less: nobody but those who may finds total, rank or grade."""
    sheet = sheet_of(company, "clerk_sal")
    for login, may in OTHERS.items():
        browser = browser_as(login, is_new=True)
        pages = [
            browser.get(f"/admin/assessment/{path}", {"id": sheet.id}) for path in ("details/", "history/", "print/")
        ]
        assert {page.status_code for page in pages} == ({200} if may == "y" else {404}), login
        assert {("76.67" in said_in(page)) for page in pages[::2]} == {may == "y"}
        assert may == "y" or "76.67" not in pages[1].text
        lists = [browser.get(path, query) for path, query in (
            ("/admin/assessment/", {"size": "200"}), ("/admin/assessment/export/csv/", {}),
            ("/admin/search/", {"q": sheet.number}),
        )]  # fmt: skip
        assert not any("76.67" in answer.text for answer in lists)
        assert any(str(sheet.id) in answer.text for answer in lists[::2]) == (may == "y"), login


def test_no_notice_says_a_number(company: Any, published: Any) -> None:
    said = [str(row) for row in get_db().notice.find()]
    assert not [row for row in said if "76.67" in row or "56.67" in row]


def test_a_killed_publication_goes_on(company: Any, approved: Any, monkeypatch: Any) -> None:
    act(CYCLE, CYCLE.objects.get(id=approved["cycle"]), "publish", "hr")
    first = next(iter(SHEET.objects(state="approved").order_by("id")))
    changes.move(SHEET, first.id, "publish", actor=SYSTEM, version=None)
    work_off(PUBLISH)
    assert {sheet.state for sheet in SHEET.objects()} == {"published"}
    assert [get_db().history.count_documents({"record": s.id, "verb": "publish"}) for s in SHEET.objects()] == [1] * 6


def test_sheets_are_made_in_the_background_and_once(company: Any, running: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(follow_ups, "AT_ONCE_MAX", 2)
    cycle = changes.create(
        CYCLE, {"name": "九月考核", "forms": [running["form"]], "first_day": dt.date(2026, 9, 1), "score_until": UNTIL},
        actor=company.actor("hr"),
    )  # fmt: skip
    act(CYCLE, cycle, "open", "hr")
    changes.follow_up(CYCLE, cycle.id, "make_sheets", actor=company.actor("hr"))
    assert SHEET.objects(cycle=cycle.id).count() == 2
    work_off(follow_ups.GENERATE)
    everybody = USER.objects(active=True).count()
    assert SHEET.objects(cycle=cycle.id).count() == everybody
    assert len({sheet.ref("employee") for sheet in SHEET.objects(cycle=cycle.id)}) == everybody
