"""Reasons and comments are texts of people: what cannot be kept is refused with a sentence, never with a crash."""

from typing import Any

import pytest

from models.kernel.base.errors import Refused
from models.kernel.gate import changes, comments
from models.kernel.gate.changes import Context
from models.kernel.gate.validation import COMMENT_MAX

BAD = ["half \ud83d", "a\x00b", "x" * (COMMENT_MAX + 1)]


@pytest.mark.parametrize("text", BAD, ids=["half a character", "NUL", "too long"])
def test_a_reason_that_cannot_be_kept_is_refused(company: Any, text: str) -> None:
    record = company.walk(company.make("requirement"), "analysed")
    with pytest.raises(Refused) as refused:
        changes.move(
            type(record), record.id, "reject", actor=company.actor("head_sal"), version=record.version,
            context=Context(reason=text),
        )  # fmt: skip
    assert "reason" in refused.value.problems
    assert company.fresh(record).state == "analysed"


@pytest.mark.parametrize("text", [*BAD, "", " \n "], ids=["half a character", "NUL", "too long", "nothing", "blanks"])
def test_a_comment_that_cannot_be_kept_is_refused(company: Any, text: str) -> None:
    record = company.make("requirement")
    with pytest.raises(Refused) as refused:
        comments.comment(type(record), record.id, text, actor=company.actor("clerk_sal"))
    assert "comment" in refused.value.problems


def test_emoji_and_other_scripts_are_welcome(company: Any) -> None:
    record = company.make("requirement")
    said = "好的 👍 שלום"
    assert comments.comment(type(record), record.id, said, actor=company.actor("clerk_sal")).chain["seq"] == 2
