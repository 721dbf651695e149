"""Conditions of showing: a table that the browser is given, too, and what cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.kernel.language.questions.conditions import holds
from models.kernel.language.questions.sheet import faults_of, questions_of
from tests.models.questions._samples import line

TABLE = json.loads(Path(__file__).with_name("conditions.json").read_text("utf-8"))


@pytest.mark.parametrize(("text", "answers", "expected"), TABLE["cases"])
def test_a_condition_holds_as_the_table_says(text: str, answers: dict[str, Any], expected: bool) -> None:
    lines = [*TABLE["lines"], line("last", show_if=text)]
    assert [str(fault) for fault in faults_of(lines)] == []
    tree = questions_of(lines)[-1].show_if
    assert holds(json.loads(json.dumps(tree)), answers) is expected


LEFT = "the condition cannot be read at “{}”: write it like q1 = yes and (q2 > 3 or q3 has price)"
WRONG = {
    "used": LEFT.format("its end"),
    "used =": LEFT.format("its end"),
    "= yes": LEFT.format("="),
    "used = yes and": LEFT.format("its end"),
    "used = yes stars > 3": LEFT.format("stars"),
    "(used = yes": LEFT.format("its end"),
    "used = yes)": LEFT.format(")"),
    "used = = yes": LEFT.format("="),
    "used ! yes": LEFT.format("! yes"),
    "__import__('os')": LEFT.format("("),
    "(" * 300 + "used = yes": LEFT.format("("),
    "used = maybe": "the condition compares “used” with “maybe”, which is none of its options or values",
    "stars = 6": "the condition compares “stars” with “6”, which is none of its options or values",
    "amount > many": "the condition compares “amount” with “many”, which is none of its options or values",
    "since > 2026-02-30": "the condition compares “since” with “2026-02-30”, which is none of its options or values",
    "used > yes": "the condition compares “used” by “>”, which its kind of question does not allow",
    "mail = a": "the condition compares “mail” by “=”, which its kind of question does not allow",
    "used has yes": "the condition compares “used” by “has”, which its kind of question does not allow",
    "last = yes": "the condition names “last”, and no question with that code stands before this question",
    "later = yes": "the condition names “later”, and no question with that code stands before this question",
    "gone = yes": "the condition names “gone”, and no question with that code stands before this question",
}


@pytest.mark.parametrize("text", list(WRONG))
def test_a_wrong_condition_is_said_in_a_sentence(text: str) -> None:
    lines = [*TABLE["lines"], line("last", show_if=text), line("later", "single", options="yes | Yes\nno | No")]
    assert [str(fault) for fault in faults_of(lines)] == [f"Question 8 (last): {WRONG[text]}."]
