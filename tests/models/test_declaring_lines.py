"""Wrong declarations of lists of lines stop the start in one sentence; what their options say is derived once."""

import re
from typing import Any

import pytest

from models.kernel.base.roles import Role
from models.kernel.base.words import L
from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import (
    AnyRef,
    Choice,
    Day,
    Line,
    LineRef,
    Lines,
    LineState,
    LongText,
    Recurrence,
    Ref,
    SignedLine,
    Text,
)
from models.kernel.language.recurs import Recurs
from models.kernel.language.relations import READ, during
from models.kernel.language.spec import Access
from models.kernel.language.who import OWNER
from tests.models.test_declaring import CLOSE, NAME, declared, flow, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here

STATES = {"open": NAME, "done": NAME}


COLUMNS: dict[str, Any] = {
    "name": lambda: Text(required=True, label=NAME),
    "user": lambda: Ref("User", label=NAME),
    "team": lambda: Ref("Department", label=NAME),
    "other": lambda: Ref("Customer", label=NAME),
    "due": lambda: Day(label=NAME),
    "done": lambda: Day(label=NAME),
}


def line(base: Any = Line, **columns: Any) -> Any:
    """A class of lines with some columns more than a name, users, departments and dates."""
    plain = {name: make() for name, make in COLUMNS.items()}
    return type("SampleLine", (base,), {**plain, **columns, "__module__": __name__})


def at() -> LineState:
    return LineState(STATES, ends="done", label=NAME)


def lines(of: Any = None, **options: Any) -> dict[str, Any]:
    return {"fields": {"rows": Lines(of or line(), label=NAME, **options)}, "workflow": flow(CLOSE)}


def column(kind: Any, **facts: Any) -> dict[str, Any]:
    return lines(line(note=kind(label=NAME, **facts)))


def state(**options: Any) -> dict[str, Any]:
    given = {"options": STATES, "ends": "done", **options}
    return lines(
        type("Odd", (Line,), {"at": LineState(given.pop("options"), label=NAME, **given), "__module__": __name__})
    )


FAULTS: dict[str, dict[str, Any]] = {
    "column rows.key has the name of the key by which lines are known": lines(line(key=Text(label=NAME))),
    "field 'rows' has most=0, which is not a number of lines from 1 to 5000": lines(most=0),
    "field 'rows' has most=5001, which is not a number of lines from 1 to 5000": lines(most=5001),
    "field 'rows' has most='many', which is not a number of lines from 1 to 5000": lines(most="many"),
    "field 'rows' has most=True, which is not a number of lines from 1 to 5000": lines(most=True),
    "field 'rows' is append-only, and its lines are no SignedLine, which says who wrote them and when": lines(
        append_only=True
    ),
    "field 'rows' has indexed='nobody', which is no column of its lines that an index holds": lines(indexed="nobody"),
    "field 'rows' has indexed='text', which is no column of its lines that an index holds": lines(
        line(text=LongText(label=NAME)), indexed="text"
    ),
    "field 'rows' is append-only, and its lines have a state that nobody could change": lines(
        line(SignedLine, at_last=at()), append_only=True
    ),
    "field 'rows' has lines with two states": lines(line(first=at(), second=at())),
    "field 'rows' is added to in turn, which holds for lists that are append-only": lines(in_turn=True),
    "field 'rows' has whole='name', which is no choice among the columns of its lines": lines(whole="name"),
    "field 'rows' is append-only, and a table with a line for each combination": lines(
        line(SignedLine, of=Choice({"a": NAME}, label=NAME)), append_only=True, whole="of"
    ),
    "field 'rows' has owner='usr', which is no column of its lines": lines(owner="usr"),
    "field 'rows' has due='by', which is no column of its lines": lines(due="by"),
    "field 'rows' has done='by', which is no column of its lines": lines(done="by"),
    "field 'rows' has owner='other', which is no link to User or Department": lines(owner="other"),
    "field 'rows' has owner='name', which is no link to User or Department": lines(owner="name"),
    "field 'rows' has due='name', which is not a date": lines(due="name", done="done"),
    "field 'rows' has due='due', but nothing says when a line is done: a LineState, or done=": lines(due="due"),
    "field 'rows' has due_in=, but no due=": lines(due_in="draft"),
    "field 'rows' names a state 'gone' that does not exist": lines(due="due", done="done", due_in="draft gone"),
    "field 'rows' is for whom 'rows.user' names, who may not see the record: add it to Access(named=)": lines(
        owner="user", due="due", done="done"
    ),
    "column rows.at has fewer than two states": state(options={"open": NAME}, ends="open"),
    "column rows.at has no state in which a line is done": state(ends=""),
    "column rows.at names a state 'gone' that is none of its options": state(steps={"open": "gone"}),
    "column rows.at names a state 'far' that is none of its options": state(ends="far done"),
    "column rows.note has edit='head', which is not a set of roles": column(Text, edit="head"),
    "column rows.note has edit= in a state 'gone' that does not exist": column(Text, edit=during("gone", OWNER)),
    "column rows.note is required, and not everybody who enters lines may set it: give it a default": column(
        Text, required=True, edit=frozenset({Role.HEAD})
    ),
}


LINKS = {
    "Nowhere.items": "field 'part' links to Nowhere.items, which is no list of lines",
    "Quotation.items": "field 'part' links to Quotation.items, which is no list of lines",
    "Quotation.subject": "field 'part' links to Quotation.subject, which is no list of lines",
    "Quotation": "field 'part' links to Quotation., which is no list of lines",
    "Sample.rows": "field 'part' links to Sample.rows, whose lines have no text",
}


@pytest.mark.parametrize("path", LINKS)
def test_a_link_to_lines_leads_to_lines(path: str) -> None:
    bare = type("BareLine", (Line,), {"day": Day(label=NAME), "__module__": __name__})
    fields = {"part": LineRef(path, label=NAME), "rows": Lines(bare, label=NAME)}
    with pytest.raises(DeclarationError, match=re.escape(f"Sample: {LINKS[path]}.")):
        started(fields=fields)


def test_a_link_to_lines_may_stand_in_a_line() -> None:
    fault = "column rows.part links to Quotation.subject, which is no list of lines"
    with pytest.raises(DeclarationError, match=re.escape(f"Sample: {fault}.")):
        started(**lines(line(part=LineRef("Quotation.subject", label=NAME))))
    started(**lines(line(part=LineRef("Quotation.lines", label=NAME))))


ANYWHERE = {
    "Quotation Nothing": "field 'about' links to Nothing, which is not a record type",
    "quotation": "field 'about' links to quotation, which is not a record type",
}


@pytest.mark.parametrize("of", ANYWHERE)
def test_a_link_to_several_types_leads_to_types(of: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(f"Sample: {ANYWHERE[of]}.")):
        started(fields={"about": AnyRef(of=of, label=NAME)})


def test_a_link_to_any_type_may_stand_in_a_line() -> None:
    fault = "column rows.about links to Nothing, which is not a record type"
    with pytest.raises(DeclarationError, match=re.escape(f"Sample: {fault}.")):
        started(**lines(line(about=AnyRef(of="Quotation Nothing", label=NAME))))
    started(**lines(line(about=AnyRef(label=NAME))))


def recurring(rule: str = "again", *, from_done: bool = False, **options: Any) -> dict[str, Any]:
    fields = {"again": Recurrence(from_done=from_done, label=NAME), "rows": Lines(line(), label=NAME)}
    return {"fields": fields, "recurs": Recurs(rule, **{"date": "day", **options}), "workflow": flow(CLOSE)}


RECURS = {
    "recurs names a field 'far' that the type does not have": recurring(also="far"),
    "recurs names a field 'rows.far' that the type does not have": recurring(but="rows.far"),
    "recurs by 'name', which is no Recurrence": recurring("name"),
    "recurs moves 'name' on, which is not a date": recurring(date="name"),
    "recurs and names the one before in 'name', which is no link to another of the type": recurring(names="name"),
    "recurs leaves out its own rule or date": recurring(but="day"),
    "recurs on 'fly', which is no move of the workflow": recurring(on="fly"),
    "recurs while in a state 'far' that does not exist": recurring(states="far"),
    "recurs on a move: ahead=, states= and missed= hold for what the sweep makes": recurring(on="close", ahead=3),
    "recurs by 'again', which may be counted from when it is done: say on=": recurring(from_done=True),
    "recurs with ahead=-1, which is no number of days": recurring(ahead=-1),
    "recurs with missed='all': say 'last' or 'each'": recurring(missed="all"),
}


@pytest.mark.parametrize("fault", RECURS)
def test_what_recurs_is_declared_right(fault: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(f"Sample: {fault}.")):
        declared(**RECURS[fault])


def test_a_rule_of_recurrence_stands_in_a_record_alone() -> None:
    fault = "column rows.again says how often it comes again, which a field of a record can alone"
    with pytest.raises(DeclarationError, match=re.escape(f"Sample: {fault}.")):
        declared(**lines(line(again=Recurrence(label=NAME))))


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_right_stops_the_start(fault: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(f"Sample: {fault}.")):
        declared(**FAULTS[fault])


def test_who_is_reminded_follows_from_owner_and_due() -> None:
    access = Access(named={"rows.user": READ})
    said = declared(
        **lines(line(state=at()), owner="user", due="due", due_in="draft"), access=access
    ).declared.reminders
    assert [(item.field, item.offset, item.unless) for item in said] == [
        ("rows.due", offset, "rows.state") for offset in (3, 0, -1, -4)
    ]
    assert said[0].to.fields == ("rows.user",)
    assert said[3].to.roles == (Role.MANAGEMENT,)
    assert {frozenset(item.states) for item in said} == {frozenset({"draft"})}
    by_team = declared(**lines(owner="team", due="due", done="done")).declared.reminders
    assert [item.to.fields for item in by_team] == [("rows.team",), ("rows.team",), ("rows.team",), ()]


def test_a_state_of_a_line_leads_where_it_says() -> None:
    column = LineState(
        {"open": NAME, "doing": NAME, "done": NAME}, ends="done", steps={"open": "doing", "doing": "open done"}
    )
    assert [to for to in column.options if column.leads("doing", to)] == ["open", "doing", "done"]
    assert not column.leads("open", "done")
    assert not column.leads("done", "open")
    free = LineState(STATES, ends="done", label=L("State", "狀態"))
    assert free.leads("done", "open")
    assert free.default == "open"
