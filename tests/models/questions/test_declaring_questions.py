"""Wrong declarations of questions and answers stop the start in one sentence."""

from __future__ import annotations

import re
from typing import Any

import pytest

from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Answers, Line, Lines, Questions, Ref, Refs, Text
from tests.models.test_declaring import NAME, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here


class Answering(Line):
    """A line that would hold answers."""

    name = Text(label=NAME)
    answers = Answers(of="other.questions", label=NAME)


class Inquiring(Line):
    """A line that would hold questions."""

    name = Text(label=NAME)
    questions = Questions(label=NAME)


def answering(of: Any, other: Any = None) -> dict[str, Any]:
    """A type with answers and a link."""
    link = {"other": other or Ref("Product", required=True, fixed=True, label=NAME)}
    return {"fields": {**link, "answers": Answers(of=of, label=NAME)}}


FAULTS: dict[str, dict[str, Any]] = {
    "field 'questions' has editions='yes', which is not True or False": {
        "fields": {"questions": Questions(editions="yes", label=NAME)}  # type: ignore[arg-type]
    },
    "field 'questions' has most=0, which is not a number of lines from 1 to 5000": {
        "fields": {"questions": Questions(most=0, label=NAME)}
    },
    "field 'answers' has of='questions', which is no link and field, such as 'survey.questions'": answering(
        "questions"
    ),
    "field 'answers' has of='a.b.c', which is no link and field, such as 'survey.questions'": answering("a.b.c"),
    "field 'answers' has of=7, which is no link and field, such as 'survey.questions'": answering(7),
    "field 'answers' answers 'gone.questions', and 'gone' is no link to one record": answering("gone.questions"),
    "field 'answers' answers 'name.questions', and 'name' is no link to one record": answering("name.questions"),
    "field 'answers' answers 'other.questions', and 'other' is no link to one record": answering(
        "other.questions", Refs("Product", required=True, fixed=True, label=NAME)
    ),
    "field 'answers' answers 'other.questions', and 'other' must be required and fixed": answering(
        "other.questions", Ref("Product", required=True, label=NAME)
    ),
    "field 'answers' answers 'other.questions', and Product has no such questions": answering("other.questions"),
    "field 'answers' answers 'other.name', and Product has no such questions": answering("other.name"),
    **{
        f"field 'answers' has apart={name!r}, which is no yes-or-no field of the type": {
            "fields": {
                "other": Ref("Sample", required=True, fixed=True, label=NAME),
                "questions": Questions(label=NAME),
                "answers": Answers(of="other.questions", apart=name, label=NAME),
            }
        }
        for name in ("gone", "name")
    },
    "field 'answers' has photos='photo', which is no file kind of the type": {
        "fields": {
            "other": Ref("Sample", required=True, fixed=True, label=NAME),
            "questions": Questions(label=NAME),
            "answers": Answers(of="other.questions", photos="photo", label=NAME),
        }
    },
    "column list.answers holds answers, which holds for fields of a record only": {
        "fields": {"list": Lines(Answering, label=NAME)}
    },
    "column list.questions has lines within lines, which no form can show": {
        "fields": {"list": Lines(Inquiring, label=NAME)}
    },
}


@pytest.mark.parametrize("sentence", list(FAULTS))
def test_a_wrong_declaration_is_refused_in_one_sentence(sentence: str) -> None:
    with pytest.raises(DeclarationError, match="^" + re.escape(f"Sample: {sentence}.") + "$"):
        started(**FAULTS[sentence])


def test_questions_and_answers_of_the_same_type_are_taken() -> None:
    fields = {
        "other": Ref("Sample", required=True, fixed=True, label=NAME),
        "questions": Questions(editions=True, label=NAME),
        "answers": Answers(of="other.questions", label=NAME),
    }
    assert started(fields=fields)["sample"].declared.own_fields["answers"].answers_to == "other.questions"
