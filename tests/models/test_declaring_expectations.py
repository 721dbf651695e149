"""Wrong rules of time and order stop the start in one sentence each."""

from __future__ import annotations

import re
from typing import Any

import pytest

from models.kernel.language.expected import AtMost, Expected, Follows, NeverAfter, Precedes
from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Ref
from models.kernel.language.workflow import days, hours
from tests.models.test_declaring import CLOSE, NAME, flow, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here
CONTRACT = {"contract": Ref("Contract", label=NAME), "team": Ref("Department", label=NAME)}


def rule(kind: type[Expected], name: str = "r", label: Any = NAME, clause: str = "2.1", **options: Any) -> Expected:
    return kind(name, label, clause=clause, **options)


def follows(**options: Any) -> Expected:
    given = {"after": "create", "then": "close", "within": hours(8), **options}
    return rule(Follows, **{name: value for name, value in given.items() if value is not None})


def precedes(**options: Any) -> Expected:
    return rule(Precedes, **{"first": "Contract.sign", "before": "close", "via": "contract", **options})


def never(**options: Any) -> Expected:
    return rule(NeverAfter, **{"event": "close", "after": "create", **options})


def most(**options: Any) -> Expected:
    return rule(AtMost, **{"event": "close", **options})


FAULTS: dict[str, tuple[Any, ...]] = {
    "expects 'x', which is none of Follows, Precedes, NeverAfter and AtMost": ("x",),
    "expects 'r' twice": (follows(), most()),
    "expectation 'R r' has a name that is not of small letters, digits and _": (follows(name="R r"),),
    "expectation 'r' does not say in words what a deviation is: L(…)": (follows(label="late"),),
    "expectation 'r' names the clause '9.9', which is none": (follows(clause="9.9"),),
    "expectation 'r' begins with 'fly', which the type does not do": (follows(after="fly"),),
    "expectation 'r' begins with no event": (most(event=""),),
    "expectation 'r' counts within=3, which is no number of days: say days(3)": (
        most(within=3, per="contract", same="owner"),
    ),
    "expectation 'r' says only some of per=, same= and within=, by which it is known what one case was split into": (
        most(within=days(3), per="contract"),
    ),
    "expectation 'r' counts those with the same 'boat', which the type does not have": (
        most(within=days(3), per="contract", same="boat"),
    ),
    "expectation 'r' is held against 'fly', which the type does not do": (follows(then="fly"),),
    "expectation 'r' is held against no event": (follows(then=""),),
    "expectation 'r' is held against events of several types": (precedes(first="Contract.sign Quotation.accept"),),
    "expectation 'r' is held against events of Contract, and nothing says by which link: via=": (precedes(via=""),),
    "expectation 'r' is held against events of Boat, which is not a record type": (precedes(first="Boat.sail"),),
    "expectation 'r' is held against Contract.fly, which that type does not do": (precedes(first="Contract.fly"),),
    "expectation 'r' goes via 'name', which does not link Sample and Contract": (precedes(via="name"),),
    "expectation 'r' goes via 'Contract.customer', which does not link Sample and Contract": (
        precedes(via="Contract.customer"),
    ),
    "expectation 'r' has via=, but its events are of its own record": (follows(via="contract"),),
    "expectation 'r' says neither within= nor by=, or both": (follows(within=None),),
    "expectation 'r' has within=8, which is no span of time: hours(8), workdays(5), days(7)": (follows(within=8),),
    "expectation 'r' goes by 'name', which is no date of the type": (follows(within=None, by="name"),),
    "expectation 'r' ends with 'fly', which the type does not do": (follows(unless="fly"),),
    "expectation 'r' asks for a field 'far' that the type does not have": (follows(only={"far": 1}),),
    "expectation 'r' has only name=7, which nothing can be": (follows(only={"name": 7}),),
    "expectation 'r' concerns 'contract', which is no link to a department": (follows(concerns="contract"),),
    "expectation 'r' has later=30, which is no number of days: days(30)": (never(later=30),),
    "expectation 'r' comes 0 times at most, which is no number of times": (most(times=0),),
    "expectation 'r' counts per 'name', which is no link of the type to one record": (most(per="name"),),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_right_stops_the_start(fault: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(f"Sample: {fault}.")):
        started(workflow=flow(CLOSE), fields=dict(CONTRACT), expects=FAULTS[fault])


def test_those_that_are_right_start() -> None:
    rules = (
        follows(name="a", within=None, by="day", concerns="team", only={"name": ("x", "y")}),
        precedes(name="b"),
        never(name="c", later=days(3)),
        most(name="d", per="contract", times=2),
    )
    assert started(workflow=flow(CLOSE), fields=dict(CONTRACT), expects=rules)["sample"].declared.expects == rules
