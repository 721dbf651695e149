"""Wrong declarations of prompts stop the start in one sentence; a right one is taken."""

from __future__ import annotations

import re
from typing import Any

import pytest

from models.kernel.language import NOBODY, WRITER, Move, Prompt
from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Moment, Ref, Text, Whole
from tests.models.test_declaring import NAME, flow, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here
OWN = {"of": "survey", "states": "open", "since": "asked_at", "count": "times", "until": "closes"}
THEIRS = {"after": "remind_after", "before": "remind_before", "most": "remind_most"}


def prompting(move: str = "ask", *, is_computed: bool = True, **options: Any) -> dict[str, Any]:
    fields = {
        "name": Text(label=NAME),
        "survey": Ref("Survey", required=True, fixed=True, label=NAME),
        "asked_at": Moment(computed=True, label=NAME),
        "times": Whole(computed=is_computed, label=NAME),
    }
    moves = (
        Move("send", "draft", "submitted", by=WRITER, label=NAME),
        Move("ask", "submitted", "approved", by=NOBODY, label=NAME),
    )
    return {"fields": fields, "workflow": flow(*moves), "prompts": (Prompt(move, **{**OWN, **THEIRS, **options}),)}


FAULTS = {
    "prompt 'far' is no move that the system is asked for (by=NOBODY)": prompting("far"),
    "prompt 'send' is no move that the system is asked for (by=NOBODY)": prompting("send"),
    "prompt 'ask' goes by 'name', which is no link to one record": prompting(of="name"),
    "prompt 'ask' names 'name', which is no Moment field": prompting(since="name"),
    "prompt 'ask' names 'far', which is no Whole field": prompting(count="far"),
    "prompt 'ask' names 'times', which is not computed": prompting(is_computed=False),
    "prompt 'ask' (Survey) names 'subject', which is no Whole field": prompting(after="subject"),
    "prompt 'ask' (Survey) names 'far', which is no Moment field": prompting(until="far"),
    "prompt 'ask' names a state 'ajar' that does not exist": prompting(states="ajar"),
    "prompt 'ask' holds in no state of what it goes by: say states=": prompting(states=""),
}


@pytest.mark.parametrize("sentence", list(FAULTS))
def test_a_wrong_prompt_is_refused_in_one_sentence(sentence: str) -> None:
    with pytest.raises(DeclarationError, match="^" + re.escape(f"Sample: {sentence}.") + "$"):
        started(**FAULTS[sentence])


def test_a_right_one_is_taken() -> None:
    assert started(**prompting())["sample"].declared.prompts[0].states == {"open"}
