"""Bonuses of a cycle (4.4.1): hand-computed amounts, who learns them where, an appeal before and after the approval.

The five who have a grade worth something weigh 5000 × 1, four times, and 5000 × 0.6; the sixth has a D, worth nothing.
10000.00 / 4.6 is 2173.913, four times, and 1304.348: in whole cents two are left, the first goes to the larger
remainder of C (.78), the other to the lowest number of the four who have .30.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from mongoengine.connection import get_db
from python_calamine import CalamineWorkbook

from models import catalogue
from models.assessment import awarding, results
from models.assessment.cycles import BONUSES
from models.assessment.filling import exact_of
from models.assessment.grading import at_rate
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.papers import MAKE
from tests.fixtures._scenes import Stage
from tests.fixtures.doing import work_off
from tests.fixtures.papers import text_in
from tests.fixtures.rounds import CYCLE, MARKS, NOW, SHEET, USER, act, said_in, sheet_of

BONUS = catalogue["bonus"]
POOL = Decimal("10000.00")


def cycle_of(published: Any) -> Any:
    return CYCLE.objects.get(id=published["cycle"])


def bonus_of(company: Any, login: str, kind: str = "regular") -> Any:
    return BONUS.objects.get(employee=company.users[login], kind=kind)


def amounts() -> list[Decimal]:
    return sorted(bonus.amount for bonus in BONUS.objects(kind="regular"))


@pytest.fixture
def computed(company: Any, published: Any, stage: Stage) -> Any:
    def build() -> None:
        with clock.set_to(NOW):
            act(CYCLE, cycle_of(published), "share_out", "hr")
            work_off(BONUSES)

    stage.once("computed bonuses", build)
    return published


@pytest.fixture
def awarded(company: Any, computed: Any, stage: Stage) -> Any:
    def build() -> None:
        with clock.set_to(NOW):
            act(CYCLE, cycle_of(computed), "award", "management")
            work_off(BONUSES)

    stage.once("awarded bonuses", build)
    return computed


def test_the_parts_are_base_by_coefficient_by_share_and_add_up_to_the_cent(company: Any, computed: Any) -> None:
    lowest = min(
        (USER.objects.get(id=company.users[name]).number, name) for name in MARKS if name not in ("peer2", "peer3")
    )[1]
    given = {name: bonus_of(company, name).amount for name in MARKS}
    expected = dict.fromkeys(MARKS, Decimal("2173.91")) | {"peer2": Decimal("1304.35"), "peer3": Decimal("0.00")}
    assert given == expected | {lowest: Decimal("2173.92")}
    assert sum(given.values()) == POOL
    none = bonus_of(company, "peer3")
    assert (none.grade, none.coefficient, none.why) == ("D", 0, "no_worth")
    share = bonus_of(company, "peer2")
    assert (share.base, share.coefficient, share.share, share.why, share.state) == (
        5000,
        Decimal("0.6"),
        100,
        None,
        "computed",
    )
    assert BONUS.objects().count() == 6


def test_who_is_not_assessable_is_listed_with_the_reason(company: Any, published: Any) -> None:
    sheet = sheet_of(company, "peer1")
    get_db().assessment.update_one({"_id": sheet.id}, {"$set": {"total": None, "exact": None, "grade": None}})
    act(CYCLE, cycle_of(published), "share_out", "hr")
    work_off(BONUSES)
    assert (bonus_of(company, "peer1").amount, bonus_of(company, "peer1").why) == (Decimal(0), "no_grade")
    assert sum(amounts()) == POOL


def test_nobody_types_an_amount_and_no_pool_is_moved_under_it(company: Any, computed: Any) -> None:
    bonus = bonus_of(company, "clerk_sal")
    for login in ("hr", "management", "finance", "head_sal", "clerk_sal"):
        with pytest.raises((Forbidden, Refused, Missing)):
            changes.update(
                BONUS, bonus.id, {"amount": Decimal(9000), "base": Decimal(1)}, actor=company.actor(login),
                version=bonus.version,
            )  # fmt: skip
        with pytest.raises((Forbidden, Refused, Missing)):
            changes.create(
                BONUS, {"cycle": computed["cycle"], "sheet": bonus.ref("sheet"), "employee": bonus.ref("employee")},
                actor=company.actor(login),
            )  # fmt: skip
    cycle = cycle_of(computed)
    with pytest.raises((Forbidden, Refused)):
        changes.update(CYCLE, cycle.id, {"pool": Decimal(1)}, actor=company.actor("hr"), version=cycle.version)
    assert cycle_of(computed).pool == POOL


def test_management_approves_but_nobody_what_they_share_in(company: Any, computed: Any) -> None:
    for login in ("hr", "finance", "head_sal"):
        with pytest.raises((Forbidden, Missing)):
            act(CYCLE, cycle_of(computed), "award", login)
    changes.update(USER, company.users["head_sal"], {"roles": ["head", "management"]}, actor=SYSTEM, version=None)
    with pytest.raises(Forbidden):
        act(CYCLE, cycle_of(computed), "award", "head_sal")
    act(CYCLE, cycle_of(computed), "return", "management", reason="總額待覆核")
    cycle = cycle_of(computed)
    changes.update(CYCLE, cycle.id, {"pool": Decimal(4600)}, actor=company.actor("hr"), version=cycle.version)
    act(CYCLE, cycle_of(computed), "share_out", "hr")
    with pytest.raises(Refused, match=r"add up|合計"):
        act(CYCLE, cycle_of(computed), "award", "management")
    work_off(BONUSES)
    assert amounts() == [Decimal(0), Decimal(600), *[Decimal(1000)] * 4]
    act(CYCLE, cycle_of(computed), "award", "management")


def test_an_appeal_before_the_approval_moves_all_amounts_as_shown(company: Any, computed: Any, browser_as: Any) -> None:
    """peer2 rises to a B: five weigh the same, 2000.00 each."""
    sheet = act(SHEET, sheet_of(company, "peer2"), "appeal", "peer2", {"grounds": "漏計"})
    with pytest.raises(Refused):
        act(CYCLE, cycle_of(computed), "award", "management")
    page = browser_as("hr", locale="en").get("/admin/assessment-results/effect", {"id": sheet.id, "points": "8"}).text
    assert "1,304.35 → 2,000.00" in page
    assert "2,173.91 → 2,000.00" in page
    effect = results.of_appeal(sheet, Decimal(8))
    act(SHEET, sheet, "grant", "hr", {"adjust_by": Decimal(8)}, "屬實")
    assert {bonus.ref("sheet"): bonus.amount for bonus in BONUS.objects()} == {
        key: outcome.amount for key, outcome in effect.after.items()
    }
    assert amounts() == [Decimal(0), *[Decimal(2000)] * 5]
    assert awarding.is_up_to_date(cycle_of(computed))
    act(CYCLE, cycle_of(computed), "award", "management")


def test_an_appeal_after_the_approval_makes_a_correction_and_overwrites_nothing(
    company: Any, awarded: Any, browser_as: Any
) -> None:
    """At the rate of 10000.00 for 23000 a B of 5000 is worth 2173.91: 869.56 more than the 1304.35 of a C."""
    before = {bonus.id: (bonus.version, bonus.amount) for bonus in BONUS.objects()}
    sheet = act(SHEET, sheet_of(company, "peer2"), "appeal", "peer2", {"grounds": "漏計"})
    page = browser_as("hr", locale="en").get("/admin/assessment-results/effect", {"id": sheet.id, "points": "8"}).text
    assert "1,304.35 → 2,173.91" in page
    assert "→ 2,000.00" not in page
    act(SHEET, sheet, "grant", "hr", {"adjust_by": Decimal(8)}, "屬實")
    assert {id: (b.version, b.amount) for id in before for b in [BONUS.objects.get(id=id)]} == before
    correction = bonus_of(company, "peer2", "correction")
    assert (correction.amount, correction.state, correction.grade) == (Decimal("869.56"), "proposed", "B")
    assert correction.ref("corrects") == bonus_of(company, "peer2").id
    for login in ("hr", "finance", "peer2", "head_sal"):
        with pytest.raises((Forbidden, Missing)):
            act(BONUS, correction, "approve", login)
    assert str(correction.id) not in browser_as("peer2", is_new=True).get("/admin/bonus/").text
    act(BONUS, correction, "approve", "management")
    assert "869.56" in browser_as("peer2", is_new=True).get("/admin/bonus/details/", {"id": correction.id}).text
    now = results.published(results.of_cycle(awarded["cycle"]))
    assert now[sheet.id].amount == Decimal("2173.91")


def test_a_correction_of_the_own_bonus_is_approved_by_somebody_else(company: Any, awarded: Any) -> None:
    changes.update(USER, company.users["peer2"], {"roles": ["clerk", "management"]}, actor=SYSTEM, version=None)
    sheet = act(SHEET, sheet_of(company, "peer2"), "appeal", "peer2", {"grounds": "漏計"})
    act(SHEET, sheet, "grant", "hr", {"adjust_by": Decimal(8)}, "屬實")
    correction = bonus_of(company, "peer2", "correction")
    with pytest.raises(Missing):
        act(BONUS, correction, "approve", "peer2")
    act(BONUS, correction, "reject", "management", reason="預算已用盡")
    assert bonus_of(company, "peer2").amount == Decimal("1304.35")


def test_a_killed_run_gives_each_once(company: Any, computed: Any) -> None:
    act(CYCLE, cycle_of(computed), "award", "management")
    changes.move(BONUS, bonus_of(company, "peer2").id, "award", actor=SYSTEM, version=None)
    sheet = act(SHEET, sheet_of(company, "peer3"), "appeal", "peer3", {"grounds": "漏計"})
    act(SHEET, sheet, "grant", "hr", {"adjust_by": Decimal(4)}, "屬實")  # 60.67: a C, while most are not given yet
    work_off(BONUSES)
    assert {bonus.state for bonus in BONUS.objects(kind="regular")} == {"approved"}
    assert sum(amounts()) == POOL
    assert bonus_of(company, "peer3", "correction").amount == Decimal("1304.35")
    ids = [bonus.id for bonus in BONUS.objects(kind="regular")]
    assert [get_db().history.count_documents({"record": id, "verb": "award"}) for id in ids] == [1] * 6


AMOUNT = "1304.35"
MAY = {"peer2": "y", "head_sal": "y", "hr": "y", "management": "y", "finance": "y", "clerk_sal": "n",
       "clerk_mkt": "n", "head_mkt": "n", "legal": "n", "it": "n", "records": "n", "supervisor": "n"}  # fmt: skip


def test_who_learns_an_amount(company: Any, awarded: Any, browser_as: Any, program: Any) -> None:
    """Page, history, print, slip, list, export, sums, search, API and the sheet it is of: the own one, or by office."""
    bonus = bonus_of(company, "peer2")
    for login, may in MAY.items():
        browser, sees = browser_as(login, is_new=True), may == "y"
        pages = [browser.get(f"/admin/bonus/{path}", {"id": bonus.id}) for path in ("details/", "history/", "print/")]
        assert {page.status_code for page in pages} == ({200} if sees else {404}), login
        assert {AMOUNT in said_in(page).replace(",", "") for page in pages[::2]} == {sees}, login
        for path, query in (
            ("/admin/bonus/", {"size": "200"}), ("/admin/bonus/export/csv/", {}), ("/admin/search/", {"q": "十月考核"}),
            ("/admin/analysis/bonus/", {}), ("/admin/assessment_cycle/details/", {"id": awarded["cycle"]}),
            ("/admin/user/details/", {"id": company.users["peer2"]}),
        ):  # fmt: skip
            said = browser.get(path, query).text.replace(",", "")
            assert sees or (AMOUNT not in said and str(bonus.id) not in said), (login, path)
        api = program(login)
        answer = api.get(f"bonus/{bonus.id}")
        assert (answer.status_code == 200 and AMOUNT in answer.text) == sees, login
        assert (str(bonus.id) in api.get("bonus").text) == sees, login


def test_who_learns_the_pool(company: Any, awarded: Any, browser_as: Any, program: Any) -> None:
    """Everybody counts their own by the slip; whoever saw the pool could count those of others in a small group."""
    offices, said_to = {"hr", "management", "finance"}, set()
    for login in MAY:
        browser = browser_as(login, is_new=True)
        pages = [
            said_in(browser.get(f"/admin/assessment_cycle/{path}", query))
            for path, query in (
                *((f"{page}/", {"id": awarded["cycle"]}) for page in ("details", "history", "print", "edit")),
                ("", {"size": "200", "columns": "name pool"}), ("export/csv/", {"columns": "pool"}),
            )
        ]  # fmt: skip
        pages.append(browser.get("/admin/analysis/assessment_cycle/", {"rows": "kind", "value": "pool"}).text)
        pages.append(browser.get("/admin/assessment-results/", {"id": awarded["cycle"]}).text)
        pages.append(program(login).get(f"assessment_cycle/{awarded['cycle']}").text)
        if any(str(POOL) in page.replace(",", "") for page in pages):
            said_to.add(login)
    assert said_to == offices


def test_a_clerk_lists_the_own_bonus_alone_and_not_before_the_approval(
    company: Any, computed: Any, browser_as: Any
) -> None:
    own = browser_as("clerk_sal", is_new=True)
    assert own.get("/admin/bonus/details/", {"id": bonus_of(company, "clerk_sal").id}).status_code == 404
    act(CYCLE, cycle_of(computed), "award", "management")
    work_off(BONUSES)
    rows = list(csv.reader(io.StringIO(own.get("/admin/bonus/export/csv/").text.lstrip("\ufeff"))))
    assert len(rows) == 2
    said = [str(row) for row in get_db().notice.find({"kind": "published"})]
    assert not [row for row in said if "2173" in row]
    other = browser_as("supervisor", is_new=True).get("/admin/assessment-results/", {"id": computed["cycle"]}).text
    assert "76.67" in other
    assert "2,173" not in other


def test_nobody_sees_the_own_amount_before_it_is_given_whatever_their_office(
    company: Any, computed: Any, browser_as: Any
) -> None:
    """The head sees the amounts of the others, and HR that of the head; in results and rehearsals the own is a dash."""
    own, other = bonus_of(company, "head_sal"), bonus_of(company, "peer2")
    head = browser_as("head_sal", is_new=True)
    assert head.get("/admin/bonus/details/", {"id": other.id}).status_code == 200
    assert head.get("/admin/bonus/details/", {"id": own.id}).status_code == 404
    changes.update(USER, company.users["head_sal"], {"roles": ["head", "hr"]}, actor=SYSTEM, version=None)
    as_hr = browser_as("head_sal", is_new=True)
    page = as_hr.get("/admin/assessment-results/", {"id": computed["cycle"]}).text
    assert page.count("2,173.9") == 3  # four weigh the same, and one of them is the reader
    assert str(own.id) not in as_hr.get("/admin/bonus/", {"size": "200"}).text
    sheet = act(SHEET, sheet_of(company, "peer2"), "appeal", "peer2", {"grounds": "漏計"})
    page = as_hr.get("/admin/assessment-results/effect", {"id": sheet.id, "points": "8"}).text
    assert company.user("head_sal").name not in page.split("<tbody>")[1]
    act(SHEET, sheet, "refuse", "hr", reason="不成立")
    act(CYCLE, cycle_of(computed), "award", "management")
    work_off(BONUSES)
    assert as_hr.get("/admin/bonus/details/", {"id": own.id}).status_code == 200


def test_the_payroll_sheet_is_exact_and_takes_no_formula(company: Any, awarded: Any, browser_as: Any) -> None:
    changes.update(USER, company.users["clerk_sal"], {"name": "=2+3"}, actor=SYSTEM, version=None)
    finance = browser_as("finance", is_new=True)
    query = {"own": "1", "f.cycle": awarded["cycle"]}
    content = finance.get("/admin/bonus/export/xlsx/", query).data
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    place = next(at for at, name in enumerate(rows[0]) if str(name).startswith(("Amount", "金額")))
    assert sum((Decimal(str(row[place])) for row in rows[1:]), Decimal()) == POOL
    assert len(rows) == 7
    table = finance.get("/admin/bonus/export/csv/", query).text
    assert ",=2+3" not in table


def test_the_slip_is_in_the_language_of_the_employee(company: Any, computed: Any, browser_as: Any) -> None:
    changes.update(USER, company.users["clerk_sal"], {"locale": "en"}, actor=SYSTEM, version=None)
    changes.update(USER, company.users["peer2"], {"locale": "zh-Hans"}, actor=SYSTEM, version=None)
    act(CYCLE, cycle_of(computed), "award", "management")
    work_off(BONUSES)
    work_off(MAKE)
    for login, words, way in (
        ("clerk_sal", "Amount", "the weight by which the pool"), ("peer2", "金额", "分配本周期奖金总额所用的权重"),
        ("head_sal", "金額", "分配本週期獎金總額所用的權重"),
    ):  # fmt: skip
        bonus = bonus_of(company, login)
        kept = get_db().file.find_one({"record_id": bonus.id, "kind": "slip"})
        answer = browser_as(login, is_new=True).get(f"/files/{kept['_id']}")
        assert words in text_in(answer.data)
        assert "".join(way.split()) in "".join(text_in(answer.data).split())
        assert str(bonus.amount) in text_in(answer.data).replace(",", "")
    other = browser_as("clerk_sal2", is_new=True)
    assert other.get(f"/files/{kept['_id']}").status_code == 404


def test_a_rate_is_rounded_half_up_to_the_cent() -> None:
    assert at_rate(Decimal("0.05"), 2, 1) == Decimal("0.03")  # 0.025
    assert at_rate(POOL, 23000, 5000) == Decimal("2173.91")
    assert at_rate(POOL, 0, 5000) == 0


def test_fifteen_appeals_in_a_row_change_exactly_what_was_shown(company: Any, computed: Any) -> None:
    """Through the gate: totals, ranks, grades, noted ranks and bonuses of everybody, and the pool to the cent."""
    rng, logins = Random(26), ("clerk_sal", "clerk_sal2", "peer1", "peer2", "peer3")
    granted = moved = 0
    for _ in range(15):
        login = rng.choice(logins)
        sheet = act(SHEET, sheet_of(company, login), "appeal", login, {"grounds": "漏計"})
        points = Decimal(rng.randrange(1, 60)) / 10
        if exact_of(sheet) + Fraction(points) > 100:
            act(SHEET, sheet, "refuse", "hr", reason="已滿分")
            continue
        effect = results.of_appeal(sheet, points)
        before = {row["_id"]: row for name in ("assessment", "bonus") for row in get_db()[name].find()}
        act(SHEET, sheet, "grant", "hr", {"adjust_by": points}, "屬實")
        granted += 1
        now = results.published(results.of_cycle(computed["cycle"]))
        assert now == effect.after
        rows = {name: list(get_db()[name].find()) for name in ("assessment", "bonus")}
        changed = {
            name: {row["_id"] for row in own if row["version"] != before[row["_id"]]["version"]}
            for name, own in rows.items()
        }
        assert changed["assessment"] == {sheet.id, *effect.noted}
        for id, rank in effect.noted.items():
            assert SHEET.objects.get(id=id).noted_rank == rank != before[id].get("noted_rank")
        assert sheet_of(company, login).noted_rank is None
        shown = {key for key, outcome in effect.after.items() if outcome.amount != effect.before[key].amount}
        paid = {row["sheet"]: row["amount"].to_decimal() for row in rows["bonus"]}
        assert paid == {key: outcome.amount for key, outcome in effect.after.items()}
        assert {row["sheet"] for row in rows["bonus"] if row["amount"] != before[row["_id"]]["amount"]} == shown
        assert sum(paid.values()) == POOL
        moved += bool(shown)
    assert granted >= 9
    assert moved >= 2
