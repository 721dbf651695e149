"""Specifications, cases, runs and defects (2.3.2-2.3.4): what must be computed right, each with its value."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from models.development import changes as changes_of_items
from models.development.changes import AddedItem, ChangedItem, WithdrawnItem
from models.development.runs import RunResult
from models.development.specifications import as_released, between
from models.development.tracing import conditions_of, is_ready
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.words import speaking
from models.kernel.gate import changes

from .conftest import line_of


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with speaking("en"):
        yield


def condition(workshop: Any, key: str) -> Any:
    return next(each for each in conditions_of(workshop.project.id) if each.key == key)


def numbers(workshop: Any, key: str) -> list[str]:
    return [row.number for row in condition(workshop, key).rows]


def test_a_released_item_changes_by_a_request_alone_and_keeps_its_former_edition(workshop: Any) -> None:
    first, second = workshop.released(2)
    with pytest.raises(Forbidden, match="not changed while"):
        workshop.update(first, text="設備應在兩秒內啟動。")
    with pytest.raises(Refused):
        workshop.item("多出一條")
    case = workshop.case(first)
    request = workshop.change(
        ChangedItem(item=first.id, text="設備應在兩秒內啟動。"),
        WithdrawnItem(item=second.id),
        AddedItem(name="休眠", text="閒置時休眠。", criterion="一分鐘內。"),
    )
    first, second, specification = workshop.fresh(first), workshop.fresh(second), workshop.fresh(workshop.specification)
    assert (first.edition, first.text, first.past[0].text) == (2, "設備應在兩秒內啟動。", "設備應在三秒內啟動。")
    assert (second.state, second.withdrawn_in, second.edition) == ("withdrawn", 2, 2)
    assert [(line.edition, line.items) for line in specification.releases] == [(1, 2), (2, 2)]
    assert (request.affected, request.turned) == (1, 1)
    assert workshop.fresh(case).suspect is True
    rows = list(type(first).collection().find({"specification": specification.id}).sort("_id", 1))
    assert [as_released(row, 1) is not None for row in rows] == [True, True, False]
    assert [as_released(row, 2) is not None for row in rows] == [True, False, True]
    assert [(row["name"], bool(a), bool(b)) for row, a, b in between(rows, 1, 2)] == [
        ("條目 0", True, True),
        ("條目 1", True, False),
        ("休眠", False, True),
    ]


def test_two_releases_are_compared_item_by_item(workshop: Any, browser_as: Any) -> None:
    first, second, same = workshop.released(3)
    added = AddedItem(name="休眠", text="閒置時<b>休眠</b>。", criterion="一分鐘內。")
    workshop.change(ChangedItem(item=first.id, text="設備應在兩秒內啟動。"), WithdrawnItem(item=second.id), added)
    workshop.change(ChangedItem(item=first.id, priority="could"))
    browser, args = browser_as("clerk_rnd"), {"id": workshop.specification.id}
    page = browser.get("/admin/releases/", {**args, "old": 1, "new": 2}).text
    assert "設備應在<del>三</del>秒內啟動。" in page
    assert "設備應在<ins>兩</ins>秒內啟動。" in page
    assert "<ins>閒置時&lt;b&gt;休眠&lt;/b&gt;。</ins>" in page
    assert (second.number in page, same.number in page) == (True, False)
    assert page.count('<section class="panel changes">') == 3
    last = browser.get("/admin/releases/", args).text
    assert ("<del>必須</del>" in last, "三" in last, page.count(first.number) > 0) == (True, False, True)
    back = browser.get("/admin/releases/", {**args, "old": 2, "new": 1}).text
    assert "設備應在<ins>三</ins>秒內啟動。" in back
    assert "/admin/releases/?id=" in browser.get("/admin/specification/details/", args).text
    for odd in ({"old": "x"}, {"old": "0", "new": "99"}, {"from": "-1"}, {"from": "9999"}, {"old": "3", "new": "3"}):
        assert browser.get("/admin/releases/", {**args, **odd}).status_code == 200
    assert browser_as("clerk_log").get("/admin/releases/", args).status_code == 404


def test_a_comma_turns_a_row_suspect_until_it_is_confirmed_and_done_again(workshop: Any) -> None:
    (item,) = workshop.released()
    case = workshop.case(item)
    workshop.run("b1", (case, "passed"))
    assert workshop.fresh(case).result == "passed"
    assert is_ready(conditions_of(workshop.project.id))
    workshop.change(ChangedItem(item=item.id, text="設備應在三秒內，啟動。"))
    assert (workshop.fresh(case).suspect, workshop.fresh(case).result) == (True, "outdated")
    assert numbers(workshop, "suspect") == numbers(workshop, "not_passed") == [case.number]
    workshop.move(case, "confirm_links")
    assert (workshop.fresh(case).suspect, workshop.fresh(case).result) == (False, "outdated")
    assert not numbers(workshop, "suspect")
    workshop.run("b1", (case, "passed"))
    assert workshop.fresh(case).result == "passed"
    assert is_ready(conditions_of(workshop.project.id))


def test_an_editorial_change_needs_the_approvers_and_leaves_links_good(workshop: Any) -> None:
    (item,) = workshop.released()
    case = workshop.case(item)
    workshop.run("b1", (case, "passed"))
    line = ChangedItem(item=item.id, text="設備應在三秒內，啟動。", editorial=True)
    request = workshop.change(line, approve=False)
    with pytest.raises(Forbidden):
        workshop.move(request, "approve", "clerk_rnd")  # who wrote it does not confirm it
    workshop.move(request, "approve", "head_rnd")
    workshop.move(request, "approve", "clerk_mkt")
    assert workshop.fresh(item).edition == 2
    assert (workshop.fresh(case).suspect, workshop.fresh(case).result) == (False, "passed")


def test_a_change_that_concerns_more_than_it_can_list_says_so(workshop: Any, monkeypatch: Any) -> None:
    (item,) = workshop.released()
    for _ in range(2):
        workshop.case(item)
    request = workshop.change(ChangedItem(item=item.id, priority="could"), approve=False)
    monkeypatch.setattr(changes_of_items, "PRICE_MAX", 2)
    assert workshop.move(request, "count_anew").affected == 2
    workshop.case(item)
    with pytest.raises(Refused, match=r"3 records turn suspect, more than a request lists \(2\)"):
        workshop.move(request, "count_anew")
    with pytest.raises(Refused, match="3 records"):
        workshop.change(ChangedItem(item=item.id, priority="should"), approve=False)


def test_a_change_knows_its_price(workshop: Any, company: Any) -> None:
    first, other = workshop.released(2)
    cases = [workshop.case(first, subject="甲"), workshop.case(first, other, subject="乙"), workshop.case(other)]
    design = workshop.make("design_document", subject="總體設計", items=[first.id])
    workshop.make("test_run", build="b1", results=[line_of(cases[0], "passed", seconds=Decimal("90.5"))])
    request = workshop.change(ChangedItem(item=first.id, priority="could"),
                              ChangedItem(item=other.id, name="另名", editorial=True),
                              approve=False)  # fmt: skip
    affected = {f"test_case:{cases[0].id}", f"test_case:{cases[1].id}", f"design_document:{design.id}"}
    assert {line.record for line in request.price} == affected
    assert (request.affected, request.seconds, request.price[0].because) == (3, Decimal("90.5"), first.number)
    assert {line.ref("whose") for line in request.price} == {company.users["clerk_rnd"]}
    workshop.case(first, subject="丁")
    with pytest.raises(Refused) as refused:
        workshop.move(request, "approve", "head_rnd")
    assert "as the request says" in str(refused.value.problems["require"][0])
    request = workshop.move(request, "count_anew")
    workshop.move(request, "approve", "head_rnd")
    request = workshop.move(request, "approve", "clerk_mkt")
    assert (request.affected, request.turned) == (4, 4)
    assert workshop.fresh(cases[2]).suspect is False


def test_a_new_edition_of_a_design_has_looked_at_the_changed_items(workshop: Any) -> None:
    (item,) = workshop.released()
    design = workshop.make(
        "design_document", subject="總體設計", items=[item.id], lead=workshop.company.users["head_rnd"]
    )
    workshop.change(ChangedItem(item=item.id, text="另一內容。"))
    assert workshop.fresh(design).suspect is True
    design = workshop.update(design, body="按新條目設計。")
    assert (design.suspect, design.edition, design.stands_on[0]["edition"]) == (False, 2, 2)


def test_two_requests_for_one_item_do_not_overwrite_each_other(workshop: Any) -> None:
    (item,) = workshop.released()
    requests = [workshop.change(ChangedItem(item=item.id, text=text), approve=False) for text in ("甲", "乙")]
    for login in ("head_rnd", "clerk_mkt"):
        workshop.move(requests[0], "approve", login)
    with pytest.raises(Refused) as refused:
        workshop.move(requests[1], "approve", "head_rnd")
    assert "has been changed since" in str(refused.value.problems["changed.0.item"][0])


def test_a_pass_in_one_build_says_nothing_of_the_next(workshop: Any) -> None:
    (item,) = workshop.released()
    first, other = workshop.case(item), workshop.case(item, subject="另一用例")
    workshop.run("b1", (first, "passed"), (other, "passed"))
    workshop.run("b2", (first, "failed"))
    assert [workshop.fresh(case).result for case in (first, other)] == ["failed", "not_run"]
    assert [(line.build, line.result) for line in workshop.fresh(first).standings] == [
        ("b2", "failed"),
        ("b1", "passed"),
    ]
    assert numbers(workshop, "not_passed") == [first.number, other.number]


def test_the_rate_is_of_what_is_planned_and_what_does_not_apply_leaves_the_base(workshop: Any) -> None:
    (item,) = workshop.released()
    cases = [workshop.case(item, subject=f"用例 {at}") for at in range(10)]
    plan = workshop.make("test_plan", subject="一輪", build="b1", cases=[case.id for case in cases])
    workshop.run("b1", *((case, "passed") for case in cases[:3]), plan=plan.id)
    plan = workshop.fresh(plan)
    assert (plan.planned, plan.passed, plan.rate) == (10, 3, Decimal(30))
    for login in ("clerk_rnd", "head_rnd"):
        workshop.run("b1", (cases[9], "not_applicable"), plan=plan.id, login=login)
    plan = workshop.fresh(plan)
    assert (plan.left_out, plan.rate) == (1, Decimal("33.33"))
    again = workshop.make("test_plan", subject="二輪", build="b2", cloned_from=plan.id)
    assert (len(again.cases), again.passed, again.planned) == (10, 0, 10)


def test_that_it_does_not_apply_two_people_say(workshop: Any) -> None:
    (item,) = workshop.released()
    case = workshop.case(item)
    workshop.run("b1", (case, "not_applicable"))
    workshop.run("b1", (case, "not_applicable"))
    assert workshop.fresh(case).result == "asked"
    assert numbers(workshop, "undecided") == [case.number]
    workshop.run("b1", (case, "not_applicable"), login="head_rnd")
    assert workshop.fresh(case).result == "not_applicable"
    assert numbers(workshop, "not_applicable") == [case.number]
    with pytest.raises(Refused) as refused:
        workshop.make("test_run", build="b1", results=[RunResult(case=case.id, result="failed")])
    assert any("needs a note" in str(words[0]) for words in refused.value.problems.values())


def test_a_case_without_a_step_covers_nothing(workshop: Any) -> None:
    (item,) = workshop.released()
    assert numbers(workshop, "uncovered") == [item.number]
    case = workshop.make("test_case", subject="空", items=[item.id])
    with pytest.raises(Refused):
        workshop.move(case, "put_in_force")
    assert numbers(workshop, "uncovered") == [item.number]
    covering = workshop.case(item)
    with pytest.raises(Refused):
        workshop.update(covering, steps=[])
    assert not numbers(workshop, "uncovered")


def test_nothing_specified_is_nothing_covered(workshop: Any) -> None:
    assert numbers(workshop, "uncovered") == [workshop.project.number]


def test_results_are_added_and_never_changed(workshop: Any) -> None:
    (item,) = workshop.released()
    case = workshop.case(item)
    run = workshop.run("b1", (case, "failed"))
    run = workshop.update(run, results=[line_of(case, "passed")])
    assert [(line.result, line.edition, line.editions) for line in run.results] == [
        ("failed", 1, f"{item.number}/1"),
        ("passed", 1, f"{item.number}/1"),
    ]
    assert (run.passed, run.failed, workshop.fresh(case).result) == (1, 1, "passed")
    case = workshop.update(case, steps=[*case.steps, type(case.steps[0])(action="再上電", expected="同上")])
    assert (case.edition, case.result) == (2, "outdated")


def test_the_rate_of_first_time_fixes_is_of_what_was_verified(workshop: Any, browser_as: Any) -> None:
    """One verified at once, one after a return, one still open: one of two."""
    workshop.released()
    first, later, _ = (workshop.make("defect", subject=name, description="偶發") for name in ("甲", "乙", "丙"))
    for defect in (first, later):
        workshop.move(defect, "fix", fixed_in="b2")
    workshop.move(later, "fail", "head_rnd")
    workshop.move(later, "fix", fixed_in="b3")
    for defect in (first, later):
        workshop.move(defect, "verify", "head_rnd")
    page = browser_as("clerk_rnd", locale="en").get("/admin/analysis/defect/").text
    part = page[page.index("First-time fixes") :]
    assert "1 of 2" in part[: part.index("</figure>")]


def test_a_defect_is_made_of_a_failed_result_once_and_verified_by_another(workshop: Any, company: Any) -> None:
    (item,) = workshop.released()
    case = workshop.case(item)
    run = workshop.run("b1", (case, "failed"), (case, "passed"))
    made = [changes.follow_up(type(run), run.id, "report_defects", actor=company.actor("clerk_rnd")) for _ in range(2)]
    (defect,) = made[0]
    assert made[1] == []
    assert (defect.ref("case"), defect.case_edition, defect.build, defect.refs("items")) == (
        case.id,
        1,
        "b1",
        [item.id],
    )
    assert workshop.fresh(run).results[0].ref("defect") == defect.id
    workshop.move(defect, "fix", fixed_in="b2")
    with pytest.raises(Forbidden):
        workshop.move(defect, "verify", "clerk_rnd")
    defect = workshop.move(defect, "fail", "head_rnd")
    assert (defect.state, defect.reopened) == ("open", 1)
    workshop.move(defect, "fix", fixed_in="b3")
    defect = workshop.move(defect, "verify", "head_rnd")
    assert (defect.state, defect.mended) == ("verified", "later")


def test_lowering_and_rejecting_need_a_second_person_and_stand_on_the_list(workshop: Any) -> None:
    workshop.released()
    defect = workshop.make("defect", subject="死機", description="偶發", severity="critical")
    assert numbers(workshop, "severe") == [defect.number]
    with pytest.raises(Refused):
        workshop.update(defect, severity="low")
    workshop.move(defect, "ask_to_lower", lowered_to="medium")
    assert (numbers(workshop, "severe"), numbers(workshop, "undecided")) == ([defect.number], [defect.number])
    with pytest.raises(Forbidden):
        workshop.move(defect, "lower")
    defect = workshop.move(defect, "lower", "head_rnd")
    assert (defect.severity, numbers(workshop, "severe"), numbers(workshop, "lowered")) == (
        "medium",
        [],
        [defect.number],
    )
    workshop.move(defect, "ask_to_reject")
    workshop.move(defect, "reject", "head_rnd")
    assert numbers(workshop, "rejected") == [defect.number]


def test_a_case_is_taken_out_by_two(workshop: Any) -> None:
    (item,) = workshop.released()
    case = workshop.case(item)
    workshop.move(case, "ask_to_retire")
    with pytest.raises(Forbidden):
        workshop.move(case, "retire")
    workshop.move(case, "retire", "head_rnd")
    assert (numbers(workshop, "retired"), numbers(workshop, "uncovered")) == ([case.number], [item.number])
