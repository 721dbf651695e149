"""Wrong declarations of what records lead to stop the start in one sentence."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from models.kernel.base.notice_kinds import NoticeKind
from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Line, Lines, Ref, Refs, Text
from models.kernel.language.spec import FollowUp, Kept
from models.kernel.language.steps import Steps
from models.kernel.language.workflow import days, hours
from tests.models.test_declaring import CLOSE, NAME, declared, flow, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here


def of_record(record: Any) -> dict[str, Any]:
    return {}


def of_line(record: Any, line: Any) -> dict[str, Any]:
    return {}


def leading(fill: Callable[..., Any] | None = of_line, **options: Any) -> dict[str, Any]:
    """A type with lines that name a loan, and another list whose lines name two, and one follow-up."""
    plain = {"name": Text(label=NAME), "loan": Ref("Loan", label=NAME), "__module__": __name__}
    twice = {**plain, "other": Ref("Loan", label=NAME)}
    rows = Lines(type("LeadingLine", (Line,), plain), label=NAME)
    pairs = Lines(type("LeadingPair", (Line,), twice), label=NAME)
    bare = Lines(type("LeadingBare", (Line,), {"name": Text(label=NAME), "__module__": __name__}), label=NAME)
    leads = FollowUp("lend", "Loan", NAME, fill=fill, **{"each": "rows", "states": "closed", **options})
    return {
        "fields": {"rows": rows, "pairs": pairs, "bare": bare, "two": Refs("Loan", label=NAME)},
        "workflow": flow(CLOSE),
        "follow_ups": (leads,),
    }


SOON = Steps("created_at", {"1": days(7)}, states="closed")


def in_steps(after: str = "created_at", at: Any = SOON.at, **options: Any) -> dict[str, Any]:
    """A follow-up in steps."""
    steps = Steps(after, at, **{"states": "closed", **options})
    return leading(each="", states="", steps=steps)


FAULTS: dict[str, dict[str, Any]] = {
    "is made in steps after 'name', which is no date of the record": in_steps("name"),
    "is made in steps after 'far', which is no date of the record": in_steps("far"),
    "is made in steps, of which there are none": in_steps(at={}),
    "has a step '1' at Within(hours=3, days=0), which is no number of days: days(7), workdays(7)": in_steps(
        at={"1": hours(3)}
    ),
    "has a step '1' at 7, which is no number of days: days(7), workdays(7)": in_steps(at={"1": 7}),
    "is made in steps, but names no state in which they are": in_steps(states=""),
    "is made in steps in a state 'colsed' that does not exist": in_steps(states="colsed"),
    "tells somebody of its steps, which needs notice= and words= together": in_steps(notice=NoticeKind.DUNNING),
    "tells of its steps by 'dunning', which is no kind of notice": in_steps(notice="dunning", words=of_line),
    "is made in steps, which does not go with on=": leading(each="", on="close", states="", steps=SOON),
    "is made in steps, which does not go with states=": leading(each="", steps=SOON),
    "is made of each of 'lines', which is no list of lines": leading(each="lines"),
    "is made of each of 'name', which is no list of lines": leading(each="name"),
    "is made on 'colse', which is no move of the workflow": leading(on="colse"),
    "names no state in which it is offered": leading(states=""),
    "is made of each of 'two', whose links name nothing back": leading(each="two", link_back=True),
    "has kept='text', which is no Kept(...)": leading(kept="text"),
    "is kept, which holds for what is made of each line": leading(
        of_record, each="", kept=Kept(drop="lose"), on="close"
    ),
    "is kept, but nothing says when: a move on=, or while_in=": leading(kept=Kept(drop="lose")),
    "is kept with each write, in which no line is named back": leading(
        kept=Kept(drop="lose", while_in="draft"), link_back=True
    ),
    "is kept by a state 'gone' that does not exist": leading(on="close", kept=Kept(drop="lose", none_in="gone")),
    "is made anew with each move, which holds for a single one made on= a move alone": leading(anew=True),
    "is made when a field is filled in, which goes with fill= alone": leading(filled="name"),
    "is made when 'far' is filled in, which is no field of the type": leading(
        of_record, each="", states="", filled="far"
    ),
    "has a fill= that does not take what it is given: the record and its part": leading(of_record),
    "has a fill= that does not take what it is given: the record alone": leading(of_line, each=""),
    "is made over other records, which goes with neither each=, link_back= nor opens=": leading(
        over="User", where=of_record
    ),
    "says why, which holds for what is made over other records": leading(each="", why=of_line),
    "has a why= that does not take the record and the other": leading(
        of_line, each="", over="User", where=of_record, why=of_record
    ),
    "needs over= and where= together": leading(each="", over="User"),
    "needs one of fill= and opens=": leading(None),
    "opens a blank form, which is neither made of lines nor by a move, nor linked back": leading(None, opens="copy"),
    "is to be linked back, but the columns that link to Loan are: none; it takes exactly one": leading(
        each="bare", link_back=True
    ),
    "is to be linked back, but the columns that link to Loan are: loan, other; it takes exactly one": leading(
        each="pairs", link_back=True
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_right_stops_the_start(fault: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(f"Sample: follow-up 'lend' {fault}.")):
        declared(**FAULTS[fault])


ACROSS: dict[str, Kept] = {
    "keeps a field 'far' that Loan does not have": Kept("far", drop="lose"),
    "is dropped by a move 'fly' that Loan does not have": Kept(drop="fly"),
    "is kept by a move 'fly' that Loan does not have": Kept(drop="lose", by="fly"),
    "is kept by 'lose', which does not ask for 'purpose'": Kept("purpose", drop="lose", by="lose"),
    "is dropped in a state 'gone' that Loan does not have": Kept(drop="lose", drop_in="gone"),
}


@pytest.mark.parametrize("fault", ACROSS)
def test_what_is_kept_must_be_there_in_what_is_made(fault: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(f"Sample: follow-up 'lend' {fault}.")):
        started(**leading(on="close", kept=ACROSS[fault]))


def test_the_column_that_names_what_is_made_is_found() -> None:
    [leads] = declared(**leading(on="close", states="", link_back=True)).declared.follow_ups
    assert leads.back == "loan"
    [leads] = declared(**leading(on="close")).declared.follow_ups
    assert leads.back == ""
