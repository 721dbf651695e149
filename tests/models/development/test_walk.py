"""A test run by keys: one case after the other, its answer sent by a button; what is refused keeps what was typed."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Choice, Ref, SignedLine, Walk
from tests.models.test_declaring import NAME, declared, nothing_stays
from tests.models.test_declaring_lines import line, lines

__all__ = ["nothing_stays"]  # a fixture of the wrong declarations


def test_a_run_is_entered_one_case_after_the_other(workshop: Any, browser_as: Any, app: Any) -> None:
    (item,) = workshop.released()
    cases = [workshop.case(item, subject=name) for name in ("甲", "乙")]
    plan = workshop.make("test_plan", subject="一輪", build="b1", cases=[case.id for case in cases])
    run = workshop.make("test_run", build="b1", plan=plan.id)
    browser, address = browser_as("clerk_rnd"), "/admin/walk/test_run/"
    page = browser.get("/admin/test_run/details/", {"id": run.id}).text
    assert f"{address}?id={run.id}" in page
    form = browser.form(address, address, id=run.id)
    assert form["item"] == str(cases[0].id)
    assert browser.send(form, choice="failed").status_code == 422  # a failure wants its note
    assert browser.send(form, choice="passed").status_code == 302
    form = browser.form(address, address, id=run.id)
    assert form["item"] == str(cases[1].id)
    answer = browser.send(form, choice="failed", note="黑屏")
    assert answer.status_code == 302
    lines = workshop.fresh(run).results
    assert [(line.result, line.note) for line in lines] == [("passed", None), ("failed", "黑屏")]
    assert all(line.ref("by") == workshop.company.users["clerk_rnd"] and line.seconds < Decimal(60) for line in lines)
    assert browser.get(address, {"id": run.id}).status_code == 302  # nothing is left
    assert browser_as("clerk_log").get(address, {"id": run.id}).status_code == 404


def tried(**options: Any) -> dict[str, Any]:
    given = {"link": "case", "choice": "result", **options}
    of = line(SignedLine, case=Ref("Product", label=NAME), result=Choice({"a": NAME}, label=NAME))
    return lines(of, append_only=True, walk=Walk("other", **given))


WRONG = {
    "is walked through by 'csae', which is no link among its columns": {"link": "csae"},
    "is walked through with 'case', which is no choice among its columns": {"choice": "case"},
    "is walked through with 'wrods', which is no column of its lines": {"note": "wrods"},
}


@pytest.mark.parametrize("fault", list(WRONG))
def test_a_wrong_walk_is_refused_in_one_sentence(fault: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(fault)):
        declared(**tried(**WRONG[fault]))
