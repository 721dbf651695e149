"""Wrong declarations of public pages stop the start in one sentence."""

import re
from typing import Any

import pytest

from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Answers, Line, Lines, LongText, Ref, Text
from models.kernel.language.public import Browse, Public
from models.kernel.language.unique import Unique
from models.kernel.language.who import NOBODY, OWNER
from models.kernel.language.workflow import Move, State, days, hours
from tests.models.test_declaring import CLOSE, NAME, declared, flow, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here


class Note(Line):
    """A line."""

    text = Text(label=NAME)


def public(fields: dict[str, Any] | None = None, more: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"create": "name", "department": "SAL", **options}
    return {"public": Public(**given), "fields": fields or {}, **(more or {})}


def seen(create: str = "", department: str = "", **options: Any) -> dict[str, Any]:
    return public(create=create, department=department, token=True, **options)


def asking(create: str = "", department: str = "", **options: Any) -> dict[str, Any]:
    """A type whose holder is asked for its name by a move of the system."""
    words = (State("replied", NAME),)
    ask = "name" if options.get("by", "reply") == "reply" else ()
    moves = (CLOSE, Move("reply", "draft", "replied", by=NOBODY, ask=ask, label=NAME))
    given = {"token": True, "asks": "name", "by": "reply", "create": create, "department": department, **options}
    return public({"remark": Text(label=NAME)}, {"workflow": flow(*moves, facts=words)}, **given)


FAULTS: dict[str, dict[str, Any]] = {
    "public is 'name', which is no Public(...)": {"public": "name"},
    "public opens nothing: say create=, token=True or browse=": {"public": Public()},
    "public names a field 'nmae' that the type does not have": public(create="name nmae"),
    "public names a field 'number' that the type does not have": public(create="name number"),
    "public takes 'total', which nobody can write": public({"total": Text(computed=True, label=NAME)}, create="total"),
    "public takes 'mark', which nobody can write": public({"mark": Text(internal=True, label=NAME)}, create="mark"),
    "public takes 'other', which leads to records of the company": public(
        {"other": Ref("Product", label=NAME)}, create="other"
    ),
    "public takes 'rows', which holds lines": public({"rows": Lines(Note, label=NAME)}, create="rows"),
    "public takes 'code', which is unique: a refusal would tell": public(
        {"code": Text(unique=True, label=NAME)}, create="code"
    ),
    "public takes 'name', which is unique: a refusal would tell": public(more={"unique": (Unique("name day"),)}),
    "public asks for 'name' and fills it": public(fill={"name": "x"}),
    "public names a field 'nmae' that the type does not have ": public(fill={"nmae": "x"}),
    "public takes 'other', which leads to records of the company ": public(
        {"other": Ref("Product", label=NAME)}, fill={"other": None}
    ),
    "public takes a file kind 'photo' that is not declared": public(files="photo"),
    "public has create=, but no department that the entries belong to": public(department=""),
    "public names a department 'NIL' that is not declared": public(department="NIL"),
    "public has create=, but a record of the type belongs to another": public(
        {"other": Ref("Product", required=True, fixed=True, label=NAME, default=lambda: None)},
        {"belongs_to": "other"},
    ),
    "public has create=, but the type asks for a department of its own": public(
        {"department": Ref("Department", label=NAME)}
    ),
    "public entries lack 'remark', which is required: add it to create= or fill=": public(
        {"remark": Text(required=True, label=NAME)}
    ),
    "public has department=, but nothing can be entered": seen(department="SAL"),
    "public has fill=, but nothing can be entered": seen(fill={"name": "x"}),
    "public has show=, but nobody gets a link to see it: say token=True": public(show="name"),
    "public has browse='all', which is no Browse(...)": seen(browse="all"),
    "public is browsed in no state: say Browse(states=)": seen(browse=Browse(show="name")),
    "public is browsed in a state 'gone' that does not exist": seen(browse=Browse(states="gone")),
    "public has clocks=, but no link to a page or no deadlines": seen(clocks=True),
    "public has asks= or by= alone: what the holder fills in is a move": seen(asks="name"),
    "public has by='close', which is no move that the system is asked for (by=NOBODY)": asking(by="close"),
    "public has seen='colse', which is no move that the system is asked for (by=NOBODY)": asking(seen="colse"),
    "public has asks=, but nobody gets a link to answer: say token=True": asking(
        token=False, create="name", department="SAL"
    ),
    "public asks for 'remark', which the move 'reply' does not take": asking(asks="remark"),
    "public names a field 'nmae' that the type does not have    ": asking(asks="nmae"),
    "public has answers=, expires= or secret=, but no link: say token=True": public(answers=True),
    "public has answers=, expires= or secret=, but no link: say token=True ": public(expires=days(3)),
    "public has answers=, expires= or secret=, but no link: say token=True  ": public(secret=True),
    "public has expires=Within(hours=3, days=0), which is no number of days: days(90)": seen(expires=hours(3)),
    "public names a field 'nmae' that the type does not have  ": seen(show="nmae"),
    "public names a field 'owner' that the type does not have": seen(show="owner"),
    "public names a field 'decisions' that the type does not have": seen(show="decisions"),
    "public shows the state of a type that has none": seen(show="state"),
    "public shows 'mark', which not everybody may see who reads the record": seen(
        fields={"mark": Text(internal=True, label=NAME)}, show="mark"
    ),
    "public shows 'note', which not everybody may see who reads the record": seen(
        fields={"note": LongText(see=OWNER, label=NAME)}, show="note"
    ),
    "public shows 'body', which not everybody may see who reads the record": seen(
        fields={"body": LongText(restricted=True, label=NAME)}, show="body"
    ),
    "public shows 'other', which names other records": seen(fields={"other": Ref("Product", label=NAME)}, show="other"),
    "public has under='name', which is no required and fixed link to one record": public(under="name"),
    "public has under=, but nothing can be entered": seen(under="name"),
    "public has under='other', but nobody outside sees a Product: say token=True or browse= there": public(
        {"other": Ref("Product", required=True, fixed=True, label=NAME)}, under="other"
    ),
    "public has department=, but its entries have that of the record that they belong to": public(
        {"other": Ref("Product", required=True, fixed=True, label=NAME)}, {"belongs_to": "other"}, under="other"
    ),
    "public takes 'answers', which answers questions of what it is not under: say under=": public(
        {
            "other": Ref("Survey", required=True, fixed=True, label=NAME),
            "answers": Answers(of="other.questions", label=NAME),
        },
        create="answers",
    ),
    "public has limit=0, which is no number from 1": public(limit=0),
    "public has total=True, which is no number from 1": public(total=True),
}


@pytest.mark.parametrize("sentence", list(FAULTS))
def test_wrong_public_pages_are_refused_in_one_sentence(sentence: str) -> None:
    with pytest.raises(DeclarationError, match="^" + re.escape(f"Sample: {sentence.strip()}.") + "$"):
        started(**FAULTS[sentence])


def test_right_public_pages_are_taken() -> None:
    more = {"workflow": flow(CLOSE)}
    cls = declared(**public(more=more, token=True, show="state number name", answers=True, expires=days(9)))
    assert cls.declared.public.taken == {"name"}
    assert declared().declared.public is None
    assert declared(**asking()).declared.public.asks == ("name",)


def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(TypeError):
        Public(colour="red")  # type: ignore[call-arg]
