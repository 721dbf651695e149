"""Wrong declarations of gates between phases stop the start in one sentence."""

import re
from typing import Any

import pytest

from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Choice, Line, Lines, Ref
from models.kernel.language.phase_gate import Condition, Judged, PassageLine, PhaseGate
from models.kernel.language.workflow import Move
from tests.models.test_declaring import NAME, declared, flow, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here

STATES = {"draft": NAME, "closed": NAME}


class Passed(PassageLine):
    """As it should be."""

    left = Choice(STATES, label=NAME)
    entered = Choice(STATES, label=NAME)


class Unsaid(PassageLine):
    """Without the states."""


class Elsewhere(PassageLine):
    """With a state too few."""

    left = Choice(STATES, label=NAME)
    entered = Choice({"draft": NAME}, label=NAME)


class Simple(Line):
    """No passage."""

    left = Choice(STATES, label=NAME)


def gated(gate: Any, line: type[Line] = Passed, **facts: Any) -> dict[str, Any]:
    passed = Lines(line, label=NAME, **{"computed": True, **facts})
    return {"workflow": flow(Move("close", "draft", "closed", gate=gate)), "fields": {"passed": passed}}


def over(of: str, **options: Any) -> dict[str, Any]:
    made = gated(PhaseGate("passed", Condition(NAME, of, **options)))
    made["fields"]["product"] = Ref("Product", label=NAME)
    return made


FAULTS: dict[str, dict[str, Any]] = {
    "move 'close' has gate='passed', which is no PhaseGate(...)": gated("passed"),
    "move 'close' keeps its passages in 'gone', which is no list of PassageLine": gated(PhaseGate("gone")),
    "move 'close' keeps its passages in 'passed', which is no list of PassageLine": gated(PhaseGate("passed"), Simple),
    "move 'close' keeps its passages in 'passed', which people could write by themselves: say computed=True": gated(
        PhaseGate("passed"), computed=False
    ),
    "move 'close' keeps its passages in 'passed', whose lines have no choice 'left'": gated(
        PhaseGate("passed"), Unsaid
    ),
    "move 'close' keeps its passages in 'passed', whose choice 'entered' does not know 'closed'": gated(
        PhaseGate("passed"), Elsewhere
    ),
    "move 'close' freezes 'name', which is no link to records": gated(PhaseGate("passed", also="name")),
    "move 'close' has a gate with 'approved', which is no Condition(...)": gated(PhaseGate("passed", "approved")),  # type: ignore[arg-type]
}
AT_THE_START: dict[str, dict[str, Any]] = {
    "move 'close' is judged by 'nobody', which no function is: @judge_of('nobody')": gated(
        PhaseGate("passed", Judged(NAME, "nobody"))
    ),
    "move 'close' needs Gone.sample, which is neither a type with its link nor a link of its own": over("Gone.sample"),
    "move 'close' needs name, which is neither a type with its link nor a link of its own": over("name"),
    "move 'close' needs Quotation.customer, which is no link to Sample": over("Quotation.customer"),
    "move 'close' needs product, and asks for a field 'colour' that Product does not have": over(
        "product", holds={"colour": "red"}
    ),
    "move 'close' needs Task.about, in a state 'gone' that Task does not have": over("Task.about", states="gone"),
    "move 'close' needs Task.about, and at least -1, which is no number": over("Task.about", least=-1),
}


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_wrong_gate_is_refused(fault: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(f"{fault}.")):
        declared(**FAULTS[fault])


@pytest.mark.parametrize("fault", list(AT_THE_START))
def test_a_condition_over_what_is_not_there_is_refused_at_the_start(fault: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(f"{fault}.")):
        started(**AT_THE_START[fault])


def test_a_right_one_joins_what_the_move_requires() -> None:
    condition = Condition(NAME, "Task.about", states="done cancelled")
    [close] = declared(**gated(PhaseGate("passed", condition))).declared.workflow.moves
    assert close.require == (condition,)
