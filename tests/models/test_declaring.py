"""Declarations that cannot be right stop the program with one sentence that names the type and the fault."""

import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from mongoengine.base import common

from models import catalogue
from models.kernel.base.roles import Role
from models.kernel.base.words import L
from models.kernel.gate.caches import forget_read
from models.kernel.language import declare
from models.kernel.language.catalogue import Catalogue
from models.kernel.language.declare import record
from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import (
    Choice,
    Day,
    Line,
    LineRef,
    Lines,
    LongText,
    Money,
    Ref,
    Refs,
    Sealed,
    SignedLine,
    Text,
    Whole,
)
from models.kernel.language.measures.library import HeldUp
from models.kernel.language.merging import Merging
from models.kernel.language.record import Record
from models.kernel.language.rollup import Rollup
from models.kernel.language.spec import Access, Chapter, FollowUp, Grid, Part, Remind, Retention, Scope
from models.kernel.language.steps import Steps
from models.kernel.language.timeline import Timeline
from models.kernel.language.unique import Unique
from models.kernel.language.waits import Waits
from models.kernel.language.who import HEAD, NOBODY, OWNER, Who, head_in, heads_of, n_of, of_department, role, user_in
from models.kernel.language.workflow import (
    REASON,
    Attached,
    Move,
    State,
    Workflow,
    completed,
    days,
    faults_of,
    hours,
    workdays,
)

ROOM = Chapter("room", L("Room", "房間"), "9")
NAME = L("Name", "名稱")
SUBMIT = Move("submit", "draft", "submitted")
APPROVE = Move("approve", "submitted", "approved", by=HEAD)


@pytest.fixture(autouse=True)
def nothing_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is declared here is forgotten again."""
    monkeypatch.setattr(declare, "_registered", dict(declare._registered))
    known = set(common._document_registry)
    yield
    for name in set(common._document_registry) - known:
        del common._document_registry[name]


def declared(*, fields: dict[str, Any] | None = None, **options: Any) -> Any:
    """A record type of one field with these options."""
    body = {"name": Text(label=NAME), "day": Day(label=L("Day", "日期")), **(fields or {}), "__module__": __name__}
    content = {"label": L("Sample", "樣品"), "chapter": ROOM, "clause": "9.1", "grid": Grid("name"), **options}
    return record(**content)(type("Sample", (Record,), body))


def started(**options: Any) -> Catalogue:
    """What a start does with such a type: it is declared, then checked against the others."""
    return Catalogue({**catalogue, "sample": declared(**options)}, departments=catalogue.departments)


def flow(*moves: Move, **options: Any) -> Workflow:
    return Workflow("draft", moves, **options)


def test_a_short_declaration_is_completed_once() -> None:
    said = declared(workflow=flow(SUBMIT, APPROVE, Move("return", "submitted", "draft", by=HEAD))).declared
    assert said.name == "sample"
    assert said.number == "S-{yyyy}{mm}-{seq:4}"
    assert [part.fields for part in said.form] == [("name", "day")]
    assert said.workflow.ends == {"approved"}
    assert said.workflow.edit == {"draft"}
    assert said.workflow.find("withdraw", "submitted").target == "draft"


class Bare(Line):
    """A line whose column was forgotten a label."""

    count = Whole()


class Odd(Line):
    """A line whose column has a misspelt option."""

    count = Whole(label=NAME, seee=set())  # type: ignore[call-arg]


class Dated(Line):
    """A line that is to be done until a day."""

    name = Text(label=NAME)
    due = Day(label=NAME)


class Guarded(Line):
    """A line with a column that heads alone see."""

    name = Text(see={Role.HEAD}, label=NAME)


class SignedRow(SignedLine):
    """A line that is only added."""

    name = Text(label=NAME)


LINES = {"lines": Lines(Dated, label=NAME)}
BY_NAME = Grid("name", search="name")
MERGED = Merging(by={Role.HEAD}, alike="name")
BAD_TEXT = Text(seee=set())  # type: ignore[call-arg]


def price(**options: Any) -> Money:
    return Money(label=NAME, **options)


RETURN = Move("return", "submitted", "draft", by=HEAD, ask=REASON)
CLOSE = Move("close", "draft", "closed")


def handled(*moves: Move, **methods: Any) -> dict[str, Any]:
    """A type with methods that follow its moves."""
    return {"workflow": flow(*moves), "fields": methods}


def timed(**options: Any) -> dict[str, Any]:
    """A type that is closed by time."""
    return {"workflow": flow(Move("close", "draft", "closed", **options))}


def in_steps_of(field: str) -> dict[str, Any]:
    """A follow-up in steps whose keys stand in a field of a loan."""
    steps = Steps("created_at", {"1": days(1)}, states="closed", field=field)
    leads = FollowUp("go_on", "Loan", NAME, fill=lambda record, key: {}, steps=steps)
    return {"workflow": flow(CLOSE), "follow_ups": (leads,)}


def follow_up(to: str, states: Iterable[str] = ("closed",)) -> FollowUp:
    return FollowUp("go_on", to, NAME, states=frozenset(states), fill=lambda item: {})


def made_by(who: Who, **fields: Any) -> dict[str, Any]:
    """A type whose record somebody approves or returns."""
    decisions = (Move("approve", "submitted", "approved", by=who), Move("return", "submitted", "draft", by=who))
    return {"workflow": flow(SUBMIT, *decisions), "fields": fields}


class Inner(Line):
    """A line that would stand within another."""

    count = Whole(label=NAME)


class Outer(Line):
    """A line that holds lines."""

    inner = Lines(Inner, label=NAME)


class Alone(Line):
    """A line with a column that should exist once in all records."""

    code = Text(unique=True, label=NAME)


class Late(Line):
    """A line with a column that should stay open longer than its record."""

    code = Text(editable_in={"closed"}, label=NAME)


class Ordered(Line):
    """A line with a choice by which no list could sort."""

    rank = Choice({"low": NAME, "high": NAME}, ordered=True, label=NAME)


EXPERIMENT: dict[str, dict[str, Any]] = {  # the declarations that were once accepted without a word
    "field 'price' has an option 'seee' that Money does not know": {"fields": {"price": price(seee={Role.HEAD})}},
    "field 'price' has see={'haed'}, which is not a set of roles": {"fields": {"price": price(see={"haed"})}},
    "field 'price' has edit='head', which is not a set of roles": {"fields": {"price": price(edit="head")}},
    "field 'price' names a state 'gone' that does not exist": {
        "fields": {"price": price(editable_in={"gone"})},
        "workflow": flow(CLOSE),
    },
    "access names a department 'NIL' that is not declared": {"access": Access(departments="NIL")},
    "method 'on_aprove' follows no move of the workflow": handled(
        SUBMIT, APPROVE, RETURN, on_aprove=lambda self, actions: None
    ),
    "method 'on_approve' must take the actions": handled(SUBMIT, APPROVE, RETURN, on_approve=lambda self: None),
    "reminder on 'name', which is not a date": {"reminders": (Remind("name"),)},
    "reminder names a field 'milestones.due' that the type does not have": {"reminders": (Remind("milestones.due"),)},
    "retention counts from 'name', which is not a date": {"retention": Retention(after="name", archive=1, delete=1)},
    "grid names a field 'other.number' that the type does not have": {
        "fields": {"other": Ref("Customer", label=NAME)},
        "grid": Grid("name other.number"),
    },
    "grid edits 'price' in place, which is computed": {
        "fields": {"price": price(computed=True)},
        "grid": Grid("price", inline="price"),
    },
    "field 'day' stands in no part of the form": {"form": (Part(NAME, "name"),)},
    "field 'day' stands in the form twice": {"form": (Part(NAME, "name day"), Part(NAME, "day"))},
    "column rows.inner has lines within lines, which no form can show": {"fields": {"rows": Lines(Outer, label=NAME)}},
    "column rows.code has unique=, which holds for fields of a record only": {
        "fields": {"rows": Lines(Alone, label=NAME)}
    },
    "column rows.code has editable_in=, which holds for fields of a record only": {
        "fields": {"rows": Lines(Late, label=NAME)}
    },
    "has two follow-ups 'go_on'": {
        "workflow": flow(CLOSE),
        "follow_ups": (follow_up("Loan"), follow_up("Contract")),
    },
    "access own_write names 'price', which nobody can write": {
        "fields": {"price": price(computed=True)},
        "access": Access(own_write="price"),
    },
    "access is related by 'name', which is no link to departments": {"access": Access(related="name")},
    "move 'approve' is made by whom 'name' names, which is no link to User": made_by(user_in("name", NAME)),
    "move 'approve' names a department 'NIL' that is not declared": made_by(of_department(Role.HEAD, "NIL")),
    "field 'price' is required and computed: nobody could fill it in": {
        "fields": {"price": price(required=True, computed=True)}
    },
    "its numbers begin with 'QT-', as those of Quotation do": {"number": "QT-{seq:4}"},
    "title '{name!r}' has a place that is more than a name in brackets": {"title": "{name!r}"},
    "move 'close' has within=, but it is the system that makes it": {
        "workflow": flow(Move("close", "draft", "closed", by=NOBODY, within=workdays(1)))
    },
    "state 'submitted' has no way out but the decision 'approve': add one for the answer no": {
        "workflow": flow(SUBMIT, APPROVE)
    },
}
MORE: dict[str, dict[str, Any]] = {  # of the same kinds
    "happened names 'name', which is not a date": {"happened": "name"},
    "happened names a field 'nowhere' that the type does not have": {"happened": "nowhere"},
    "field 'note' is internal and cannot stand in the form": {
        "fields": {"note": Text(internal=True, label=NAME)},
        "form": (Part(NAME, "name day note"),),
    },
    "field 'note' is internal and cannot stand in the grid, the search or the title": {
        "fields": {"note": Text(internal=True, label=NAME)},
        "title": "{note}",
    },
    "field 'level' is a choice, called otherwise in each language, and cannot stand in the title": {
        "fields": {"level": Choice({"low": NAME}, label=NAME)},
        "title": "{level}",
    },
    "field 'secret' is sealed and cannot stand in the title": {
        "fields": {"secret": Sealed(label=NAME)},
        "title": "{secret}",
    },
    "grid searches 'secret', which is sealed": {
        "fields": {"secret": Sealed(label=NAME)},
        "grid": Grid("name", search="secret"),
    },
    "grid sorts by 'remark', which is of a kind that is not kept in order": {
        "fields": {"remark": LongText(label=NAME)},
        "grid": Grid("name", sort="remark"),
    },
    "grid has the column 'name' twice": {"grid": Grid("name name")},
    "grid edits 'day' in place, which is not among its columns": {"grid": Grid("name", inline="day")},
    "grid edits 'state' in place, which the system keeps": {"grid": Grid("state", inline="state")},
    "grid searches 'name.title', but 'name' is no link": {"grid": Grid("name", search="name.title")},
    "grid searches 'other.nmae', and there is no such field": {
        "fields": {"other": Ref("Customer", label=NAME)},
        "grid": Grid("name", search="other.nmae"),
    },
    "grid searches 'other.floor_price', which not everybody may see": {
        "fields": {"other": Ref("Product", label=NAME)},
        "grid": Grid("name", search="other.floor_price"),
    },
    "field 'count' is unique, which only a text can be": {"fields": {"count": Whole(unique=True, label=NAME)}},
    "field 'day' links to Nowhere, which is not a record type": {"fields": {"day": Ref("Nowhere", label=NAME)}},
    "field 'other' wants a state 'gone' that Loan does not have": {
        "fields": {"other": Ref("Loan", states={"gone"}, label=NAME)}
    },
    "field 'other' is acyclic, but links to another type": {"fields": {"other": Ref("Loan", acyclic=True, label=NAME)}},
    "field 'other' fills 'price', which nobody can write": {
        "fields": {
            "price": price(computed=True),
            "other": Ref("Product", fills={"price": "list_price"}, label=NAME),
        }
    },
    "access read names 'haed', which is not a role": {"access": Access(read={"haed": Scope.ALL})},  # type: ignore[dict-item]
    "access write gives 'all', which is not a scope": {"access": Access(write={Role.HEAD: "all"})},  # type: ignore[dict-item]
    "access has related_write, but no field in related": {"access": Access(related_write="name")},
    "access is kept from 'name', which is no link to one person": {"access": Access(kept_from="name", private=True)},
    "access has kept_from=, but is not private: whoever stands in for somebody would see it": {
        "access": Access(kept_from="about"),
        "fields": {"about": Ref("User", label=NAME)},
    },
    "move 'approve' is made by 'haed', which is not a role": made_by(role("haed")),  # type: ignore[arg-type]
    "move 'approve' is made by 3 of 1, which nobody can be": made_by(n_of(3, HEAD)),
    "move 'approve' is made by whom 'people' names, which is no link to Department": made_by(
        heads_of("people"), people=Refs("User", label=NAME)
    ),
    "move 'submit' asks for 'price', which nobody can write": {
        "fields": {"price": price(computed=True)},
        "workflow": flow(Move("submit", "draft", "closed", ask="price")),
    },
    "move 'close' has ask=, but it is the system that makes it": {
        "workflow": flow(Move("close", "draft", "closed", by=NOBODY, ask=REASON))
    },
    "move 'remove' has the name of a verb of the gate": {
        "workflow": flow(SUBMIT, APPROVE, RETURN, Move("remove", "draft", "draft", label=NAME))
    },
    "method 'on_edit' must take the actions and what was before": {"fields": {"on_edit": lambda self, actions: None}},
    "timeline names 'name', which is no date of the type": {"timeline": Timeline("name", "day")},
    "timeline names 'end', which is no date of the type": {"timeline": Timeline("day", "end")},
    "timeline begins and ends with 'day'": {"timeline": Timeline("day", "day")},
    "timeline comes after 'name', which does not link to several records of the type": {
        "timeline": Timeline("day", "created_at", after="name")
    },
    "timeline comes after 'before', which may lead in a circle: say acyclic=True": {
        "fields": {"before": Refs("Sample", label=NAME)},
        "timeline": Timeline("day", "created_at", after="before"),
    },
    "merges is True, which is no Merging(...)": {"merges": True},
    "is merged by nobody, which is no set of roles": {"merges": Merging(by=set(), alike="name"), "grid": BY_NAME},
    "is merged by haed, which is no set of roles": {"merges": Merging(by={"haed"}, alike="name"), "grid": BY_NAME},  # type: ignore[arg-type]
    "merges, and says nothing by which doubles are alike": {"merges": Merging(by={Role.HEAD}, alike="")},
    "merges what is alike in 'nmae', which the type does not have": {"merges": Merging(by={Role.HEAD}, alike="nmae")},
    "merges what is alike in 'lines.nmae', which the type does not have": {
        "fields": LINES,
        "merges": Merging(by={Role.HEAD}, alike="lines.nmae"),
    },
    "merges what is alike in 'name', by which its list does not search": {
        "merges": Merging(by={Role.HEAD}, alike="name")
    },
    "merges, and says belongs_to=, which others outside or the clock go by": {
        "fields": {"loan": Ref("Loan", required=True, fixed=True, label=NAME)},
        "belongs_to": "loan",
        "merges": MERGED,
        "grid": BY_NAME,
    },
    "merges, and has the list 'lines' with see=, though lists are united whoever merges": {
        "fields": {"lines": Lines(Dated, see={Role.HEAD}, label=NAME)},
        "merges": MERGED,
        "grid": BY_NAME,
    },
    "merges, and has the list 'lines' with edit=, though lists are united whoever merges": {
        "fields": {"lines": Lines(Dated, edit={Role.HEAD}, label=NAME)},
        "merges": MERGED,
        "grid": BY_NAME,
    },
    "merges, and has the list 'seen' with see=, though lists are united whoever merges": {
        "fields": {"seen": Lines(Guarded, label=NAME)},
        "merges": MERGED,
        "grid": BY_NAME,
    },
    "merges, and has the list 'added' with append_only=, though lists are united whoever merges": {
        "fields": {"added": Lines(SignedRow, append_only=True, label=NAME)},
        "merges": MERGED,
        "grid": BY_NAME,
    },
    "merges, and is private or lent, so that nobody sees both records": {
        "access": Access(private=True),
        "merges": MERGED,
        "grid": BY_NAME,
    },
    "merges, and counts fields from other records, some of which go on naming the merged one": {
        "fields": {"n": Whole(rollup=Rollup("Loan.other"), label=NAME)},
        "merges": MERGED,
        "grid": BY_NAME,
    },
    "'which' links to lines of Sample, which merges": {
        "fields": {**LINES, "which": LineRef("Sample.lines", label=NAME)},
        "merges": MERGED,
        "grid": BY_NAME,
    },
    "waits for 'name', which does not link to several records of the type": {
        "workflow": flow(CLOSE, waits=Waits("name"))
    },
    "waits for 'before', which may lead in a circle: say acyclic=True": {
        "fields": {"before": Refs("Sample", label=NAME)},
        "workflow": flow(CLOSE, waits=Waits("before")),
    },
    "waits for whom 'name' names, which is no user": {
        "fields": {"before": Refs("Sample", acyclic=True, label=NAME)},
        "workflow": flow(CLOSE, waits=Waits("before", worker="name")),
    },
    "measure 'heldup' measures what others waited for, and its records wait for none (waits=)": {
        "workflow": flow(CLOSE),
        "measures": (HeldUp(),),
    },
    "follow-up 'go_on' names no state in which it is offered": {
        "workflow": flow(CLOSE),
        "follow_ups": (follow_up("Loan", states=()),),
    },
    "follow-up 'go_on' needs one of fill= and opens=": {
        "workflow": flow(CLOSE),
        "follow_ups": (FollowUp("go_on", "Loan", NAME, states="closed"),),
    },
    "follow-up 'go_on' keeps its step in 'purpose', which is no choice of Loan": in_steps_of("purpose"),
    "follow-up 'go_on' has a step '1', which Loan.kind does not offer": in_steps_of("kind"),
    "follow-up 'go_on' opens 'nothing', which Loan does not have": {
        "workflow": flow(CLOSE),
        "follow_ups": (FollowUp("go_on", "Loan", NAME, states="closed", opens="nothing"),),
    },
    "follow-up 'go_on' makes a Nothing, which is not a record type": {
        "workflow": flow(CLOSE),
        "follow_ups": (follow_up("Nothing"),),
    },
    "retention names a state 'gone' that does not exist": {"retention": Retention(archive=1, delete=1, states="gone")},
    "receipts names a state 'gone' that does not exist": {"receipts": frozenset({"gone"})},
    "reminder on 'lines.name', which is not a date": {"fields": LINES, "reminders": (Remind("lines.name"),)},
    "reminder names a field 'lines.nmae' that the type does not have": {
        "fields": LINES,
        "reminders": (Remind("lines.nmae"),),
    },
    "reminder on 'lines.due' ends by 'lines.nmae', which is no column of the same lines": {
        "fields": LINES,
        "reminders": (Remind("lines.due", unless="lines.nmae"),),
    },
    "reminder on 'lines.due' ends by 'name', which is no column of the same lines": {
        "fields": LINES,
        "reminders": (Remind("lines.due", unless="name"),),
    },
    "reminder on 'lines.due' goes to 'lines.name', which is no column of the same lines that links to Department": {
        "fields": LINES,
        "reminders": (Remind("lines.due", to=head_in("lines.name")),),
    },
    "reminder on 'day' has unless=, which holds for a column of lines only": {
        "reminders": (Remind("day", unless="name"),)
    },
    "reminder on 'day' is to come before and after the date": {"reminders": (Remind("day", 3, overdue=2),)},
    "reminder on 'day', 3 days before, is declared twice": {"reminders": (Remind("day", 3), Remind("day", 3))},
    "retention deletes before it has archived": {"retention": Retention(archive=730, delete=2)},
    "reminder on 'day' comes 3 days after the date": {"reminders": (Remind("day", -3),)},
    "state 'closed' has the tone 'green', which is none of good, progress, wait, bad, neutral": {
        "workflow": flow(CLOSE, facts=(State("closed", tone="green"),))
    },
    "field 'who' informs people who may not see the record: name them in access": {
        "fields": {"who": Ref("User", informs=True, label=NAME)}
    },
    "field 'who' informs, and is no link to users": {"fields": {"who": Refs("Customer", informs=True, label=NAME)}},
    "work is due by 'name', which is no date of the record": {"workflow": flow(CLOSE, due="name")},
    "work is due by 'far', which is no date of the record": {"workflow": flow(CLOSE, due="far")},
    "state 'gone' has facts but no move leads to it": {"workflow": flow(CLOSE, facts=(State("gone", NAME),))},
    "unique has 'name', which is no Unique": {"unique": ("name",)},
    "uniqueness of nothing: name the fields": {"unique": (Unique(""),)},
    "uniqueness of 'name day' knows the rows of sheets, which a text does that is unique among all records": {
        "unique": (Unique("name day", knows=True),)
    },
    "uniqueness of 'owner name' knows the rows of sheets, and so does another one": {
        "unique": (Unique("day name", knows=True), Unique("owner name", knows=True))
    },
    "uniqueness of 'nmae day' names a field 'nmae' that the type does not have": {"unique": (Unique("nmae day"),)},
    "uniqueness of 'name day name' names a field twice": {"unique": (Unique("name day name"),)},
    "uniqueness of 'name lines' names 'lines', which holds lines": {
        "fields": LINES,
        "unique": (Unique("name lines"),),
    },
    "uniqueness of 'name people' names 'people', which holds more than one value": {
        "fields": {"people": Refs("User", label=NAME)},
        "unique": (Unique("name people"),),
    },
    "uniqueness of 'name secret' names 'secret', which is sealed": {
        "fields": {"secret": Sealed(label=NAME)},
        "unique": (Unique("name secret"),),
    },
    "uniqueness of 'day remark' names 'remark', which may be too long for an index": {
        "fields": {"remark": LongText(label=NAME)},
        "unique": (Unique("day remark"),),
    },
    "uniqueness of 'day' names a state 'gone' that does not exist": {
        "workflow": flow(CLOSE),
        "unique": (Unique("day", while_in="gone"),),
    },
    "uniqueness of 'day' names a state 'draft' that does not exist": {"unique": (Unique("day", while_in="draft"),)},
    "uniqueness of 'day' counts only kind='other', which nothing can be": {
        "fields": {"kind": Choice({"one": NAME}, label=NAME)},
        "unique": (Unique("day", only={"kind": "other"}),),
    },
    "uniqueness of 'day' is declared twice": {"unique": (Unique("day"), Unique("day"))},
    "uniqueness of 'name' stands on the field itself: name = …(unique=True)": {"unique": (Unique("name"),)},
    "field 'rank' is ordered, but has fewer than two options": {
        "fields": {"rank": Choice({"low": NAME}, ordered=True, label=NAME)}
    },
    "field 'rank' is ordered, but the grid has no column of it, so that no list sorts by it": {
        "fields": {"rank": Choice({"low": NAME, "high": NAME}, ordered=True, label=NAME)}
    },
    "field 'rank' has ordered='up', which is not True or False": {
        "fields": {"rank": Choice({"low": NAME, "high": NAME}, ordered="up", label=NAME)}  # type: ignore[arg-type]
    },
    "column rows.rank has ordered=, which holds for fields of a record only": {
        "fields": {"rows": Lines(Ordered, label=NAME)}
    },
    "work is done by 'name', which does not name one user": {
        "workflow": flow(SUBMIT, APPROVE, RETURN, worker="name"),
    },
    "work is done by whom 'helper' names, who may not write the record: add it to Access(named=)": {
        "workflow": flow(SUBMIT, APPROVE, RETURN, worker="helper"),
        "fields": {"helper": Ref("User", label=NAME)},
    },
    "move 'close' has after= and at=, of which one can be": timed(after=days(7), at="day", of_day="end"),
    "move 'close' has after=7, which is no span of time: days(7), workdays(7), hours(7)": timed(after=7),
    "move 'submit' has every=Within(hours=8, days=0), which is no number of calendar days: days(7)": {
        "workflow": flow(Move("submit", "draft", "draft", every=hours(8)), CLOSE)  # type: ignore[arg-type]
    },
    "move 'close' goes by 'name', which is not a date": timed(at="name"),
    "move 'close' names a field 'nmae' that the type does not have": timed(at="nmae"),
    "move 'close' goes by the day 'day': say of_day='start' or 'end'": timed(at="day"),
    "move 'close' has of_day=, which holds for a day": timed(after=days(7), of_day="end"),
    "move 'close' has of_day=, which holds for timed moves": timed(of_day="end"),
    "move 'close' has only=, which holds for timed moves": timed(only={"name": "x"}),
    "move 'close' names a field 'kind' that the type does not have": timed(after=days(7), only={"kind": "x"}),
    "move 'close' has only name=7, which nothing can be": timed(after=days(7), only={"name": 7}),
    "move 'close' has auto= and after=: what is made by time waits for it": timed(
        after=days(7), auto=True, when=lambda item: True
    ),
    "move 'close' has by= and after=: what is made by time is made by nobody else": timed(after=days(7), by=HEAD),
    "move 'close' has sign=, but it is the system that makes it": timed(after=days(7), sign=True),
    "move 'submit' leads back to its own state: say every=": {
        "workflow": flow(Move("submit", "draft", "draft", after=days(7)), CLOSE)
    },
    "move 'close' has every=, but does not lead from one state back to it": timed(every=days(7)),
    "moves by date run in a circle at state 'draft'": {
        "workflow": flow(
            Move("close", "draft", "closed", at="day", of_day="start"),
            Move("reopen", "closed", "draft", label=NAME, at="day", of_day="end"),
            ends="closed",
        )
    },
    "number pattern 'S-{seq!r}-{seq}' has a place that is more than a name in brackets": {"number": "S-{seq!r}-{seq}"},
}
FAULTS: dict[str, dict[str, Any]] = {
    "field 'price' has overseen=False, but no roles in see= that are shown it": {
        "fields": {"price": Text(overseen=False, label=NAME)}
    },
    "field 'bare' has no label": {"fields": {"bare": Text()}},
    "column rows.count has no label": {"fields": {"rows": Lines(Bare, label=NAME)}},
    **EXPERIMENT,
    **MORE,
    "field 'price' has an option 'sensitive' that Money does not know": {"fields": {"price": price(sensitive=True)}},
    "field 'price' has see='head', which is not a set of roles": {"fields": {"price": price(see="head")}},
    "field 'price' has see=frozenset(), which is not a set of roles": {"fields": {"price": price(see=frozenset())}},
    "field 'price' has editable_in='draft', which is not a set of states": {
        "fields": {"price": price(editable_in="draft")}
    },
    "field 'price' has fixed=1, which is not True or False": {"fields": {"price": price(fixed=1)}},
    "field 'price' has help='In euros', which is not a label in the languages of the house (L)": {
        "fields": {"price": price(help="In euros")}
    },
    "field 'price' is internal and required: nobody could fill it in": {
        "fields": {"price": price(required=True, internal=True)}
    },
    "field 'price' has least=9 above most=1": {"fields": {"price": price(least=9, most=1)}},
    "field 'price' begins with -1, which its own rule refuses": {"fields": {"price": price(default=-1)}},
    "field 'secret' has an option 'seee' that Text does not know": {"fields": {"secret": Sealed(BAD_TEXT, label=NAME)}},
    "field 'secret' is unique, which what is sealed cannot be": {"fields": {"secret": Sealed(unique=True, label=NAME)}},
    "field 'other' has states='draft', which is not a set of states": {
        "fields": {"other": Ref("Sample", states="draft", label=NAME)}
    },
    "column rows.count has an option 'seee' that Whole does not know": {"fields": {"rows": Lines(Odd, label=NAME)}},
    "grid names a field 'nmae' that the type does not have": {"grid": Grid("nmae")},
    "grid sort names a field 'nmae' that the type does not have": {"grid": Grid("name", sort="-nmae")},
    "title names a field 'nmae' that the type does not have": {"title": "{nmae}"},
    "part 'Name' names a field 'nmae' that the type does not have": {"form": (Part(NAME, "nmae"),)},
    "access names a field 'nmae' that the type does not have": {"access": Access(related="nmae")},
    "reminder names a field 'nmae' that the type does not have": {"reminders": (Remind("nmae"),)},
    "retention names a field 'nmae' that the type does not have": {
        "retention": Retention(after="nmae", archive=1, delete=1)
    },
    "number pattern has an unknown place {yy}": {"number": "S-{yy}-{seq:4}"},
    "number pattern has no {seq}": {"number": "S-{yyyy}"},
    "state 'lost' cannot be reached from 'draft'": {"workflow": flow(SUBMIT, APPROVE, Move("return", "lost", "draft"))},
    "state 'gone' is named but no move leads to it": {"workflow": flow(SUBMIT, APPROVE, ends=frozenset({"gone"}))},
    "state 'closed' is named but no move leads to it": {"workflow": flow(SUBMIT, APPROVE, edit=frozenset({"closed"}))},
    "state 'approved' has no way out and is not among the ends": {
        "workflow": flow(SUBMIT, APPROVE, Move("reject", "submitted", "rejected"), ends=frozenset({"rejected"}))
    },
    "two moves 'approve' leave state 'submitted'": {
        "workflow": flow(SUBMIT, APPROVE, Move("approve", "submitted", "rejected", by=HEAD))
    },
    "state 'fallow' has no word: add facts=(State('fallow', L(...)),)": {
        "workflow": flow(Move("submit", "draft", "fallow"))
    },
    "move 'plough' has no word: add label= or a line to models/kernel/language/glossary.py": {
        "workflow": flow(Move("plough", "draft", "closed"))
    },
    "automatic move 'close' needs a condition (when=)": {"workflow": flow(Move("close", "draft", "closed", auto=True))},
    "move 'submit' needs a field 'nmae' that the type does not have": {
        "workflow": flow(Move("submit", "draft", "closed", require="nmae"))
    },
    "move 'submit' needs a file kind 'scan' that is not declared": {
        "workflow": flow(Move("submit", "draft", "closed", require=(Attached("scan"),)))
    },
    "move 'submit' needs something that is neither field, file nor Need": {
        "workflow": flow(Move("submit", "draft", "closed", require=(7,)))  # type: ignore[arg-type]
    },
    "move 'submit' names a field 'nmae' that the type does not have": {
        "workflow": flow(Move("submit", "draft", "closed", ask="nmae"))
    },
    "move 'approve' names a field 'buyer' that the type does not have": {
        "workflow": flow(Move("approve", "draft", "closed", by=user_in("buyer", NAME)))
    },
    "move 'approve' names a field 'related' that the type does not have": {
        "workflow": flow(Move("approve", "draft", "closed", by=heads_of("related")))
    },
    "follow-up 'go_on' names a state 'gone' that does not exist": {
        "workflow": flow(Move("submit", "draft", "closed")),
        "follow_ups": (FollowUp("go_on", "Sample", NAME, states="gone", fill=lambda item: {}),),
    },
    "reminder on 'day' names a state 'gone' that does not exist": {
        "workflow": flow(Move("submit", "draft", "closed")),
        "reminders": (Remind("day", states="gone"),),
    },
}


@pytest.mark.parametrize("sentence", list(FAULTS))
def test_a_wrong_declaration_is_refused_in_one_sentence(sentence: str) -> None:
    with pytest.raises(DeclarationError, match="^" + re.escape(f"Sample: {sentence}.") + "$"):
        started(**FAULTS[sentence])


def test_a_type_that_is_refused_is_not_registered() -> None:
    with pytest.raises(DeclarationError):
        declared(grid=Grid("nmae"))
    assert "sample" not in declare.registered()


def test_the_experiment_has_all_its_cases() -> None:
    assert len(EXPERIMENT) == 27
    assert len(MORE) >= 15


def test_a_state_that_nothing_is_known_of_is_neutral_never_good() -> None:
    known = completed(flow(CLOSE, facts=(State("closed", NAME, tone="bad"),)))
    assert (known.labels["closed"], known.tones) == (NAME, {"draft": "neutral", "closed": "bad"})
    fallow = completed(flow(Move("close", "draft", "fallow"), facts=(State("fallow", NAME),)))
    assert fallow.tones["fallow"] == "neutral"


def test_a_state_of_a_former_version_keeps_its_word_and_tone() -> None:
    former = flow(Move("close", "draft", "fallow"), facts=(State("fallow", NAME, tone="wait"),))
    now = completed(flow(CLOSE, version=2, earlier=(former,)))
    assert (now.labels["fallow"], now.tones["fallow"]) == (NAME, "wait")
    assert not list(faults_of(now))


def test_a_span_of_days_is_one_day_at_least() -> None:
    for wrong in (0, -3, 1.5):
        with pytest.raises(DeclarationError, match="one day at least"):
            days(wrong)  # type: ignore[arg-type]


def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(TypeError):
        declared(colour="red")
    with pytest.raises(TypeError):
        Move("submit", "draft", "submitted", by_whom=OWNER)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Move("submit", "draft", "submitted", OWNER)  # type: ignore[misc]
    with pytest.raises(TypeError):
        Grid("number", "title")  # type: ignore[misc]
    with pytest.raises(TypeError):
        Grid()  # type: ignore[call-arg]


def test_names_are_written_as_one_text_or_one_by_one() -> None:
    grid = Grid("number title", search="title owner.name", inline=("title",))
    assert (grid.columns, grid.search, grid.inline, grid.filters) == (
        ("number", "title"),
        ("title", "owner.name"),
        ("title",),
        (),
    )
    assert Part(NAME, "name day").fields == ("name", "day")
    assert Move("close", "draft submitted", "closed", ask=REASON, require="name day").source == ("draft", "submitted")
    assert flow(CLOSE, ends="closed", edit="draft closed").edit == {"draft", "closed"}
    assert Access().departments is None
    assert Access(departments="SAL PRD", related="name").departments == {"SAL", "PRD"}
    assert Remind("day", states={"closed"}).states == {"closed"}
    assert dataclasses.replace(grid, sort="title").columns == ("number", "title")
    assert hash(grid) == hash(Grid("number title", search="title owner.name", inline="title"))


def test_links_to_types_that_do_not_exist_are_found_when_all_are_known() -> None:
    sample = declared(fields={"partner": Ref("Partner", label=NAME)})
    with pytest.raises(DeclarationError, match="field 'partner' links to Partner, which is not a record type"):
        Catalogue({**catalogue, "sample": sample}, departments=catalogue.departments)


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (SUBMIT, "verb"),
        (flow(SUBMIT, APPROVE), "moves"),
        (Grid("name"), "columns"),
        (Part(NAME, "name"), "fields"),
        (Access(), "open"),
        (Remind("day"), "before"),
        (Retention(archive=1, delete=1), "delete"),
        (ROOM, "clause"),
        (OWNER, "label"),
        (NAME, "en"),
        (workdays(1), "days"),
    ],
)
def test_a_frozen_declaration_cannot_be_changed(item: Any, name: str) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(item, name, "changed")


def test_an_owner_may_withdraw_until_somebody_decided() -> None:
    full = completed(flow(SUBMIT, APPROVE))
    (back,) = [move for move in full.moves if move.verb == "withdraw"]
    assert back.undecided
    assert back.optional
    assert not list(faults_of(full))
    assert not [move for move in completed(flow(SUBMIT, APPROVE, withdraw=False)).moves if move.verb == "withdraw"]


def test_a_type_says_what_is_forgotten_when_a_record_of_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("department", "calendar_day"):
        names: list[str] = []
        monkeypatch.setattr(catalogue[name], "forget_read", lambda name=name, query=names: query.append(name))
        forget_read(name)
        assert names == [name]
    forget_read("quotation")
