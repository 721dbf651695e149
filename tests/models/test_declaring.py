"""Declarations that cannot be right stop the program with one sentence that names the type and the fault."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import pytest
from mongoengine.base import common

from models import catalogue
from models.kernel.base.people import Role
from models.kernel.base.words import L
from models.kernel.language import declare
from models.kernel.language.catalogue import Catalogue
from models.kernel.language.declare import record
from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Day, Line, Lines, Money, Ref, Sealed, Text, Whole
from models.kernel.language.record import Record
from models.kernel.language.spec import Access, Chapter, FollowUp, Grid, Part, Remind, Retention
from models.kernel.language.who import HEAD, OWNER, heads_of, user_in
from models.kernel.language.workflow import Attached, Move, Workflow, completed, faults_of, workdays

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
    told = {"label": L("Sample", "樣品"), "chapter": ROOM, "clause": "9.1", "grid": Grid("name"), **options}
    return record(**told)(type("Sample", (Record,), body))


def flow(*moves: Move, **options: Any) -> Workflow:
    return Workflow("draft", moves, **options)


def test_a_short_declaration_is_completed_once() -> None:
    told = declared(workflow=flow(SUBMIT, APPROVE, Move("return", "submitted", "draft", by=HEAD))).declared
    assert told.name == "sample"
    assert told.number == "S-{yyyy}{mm}-{seq:4}"
    assert [part.fields for part in told.form] == [("name", "day")]
    assert told.workflow.ends == {"approved"}
    assert told.workflow.edit == {"draft"}
    assert told.workflow.find("withdraw", "submitted").target == "draft"


class Bare(Line):
    """A line whose column was forgotten a label."""

    count = Whole()


class Odd(Line):
    """A line whose column has a misspelt option."""

    count = Whole(label=NAME, seee=set())  # type: ignore[call-arg]


BAD_TEXT = Text(seee=set())  # type: ignore[call-arg]


def price(**options: Any) -> Money:
    return Money(label=NAME, **options)


FAULTS: dict[str, dict[str, Any]] = {
    "field 'bare' has no label": {"fields": {"bare": Text()}},
    "column rows.count has no label": {"fields": {"rows": Lines(Bare, label=NAME)}},
    "field 'price' has an option 'seee' that Money does not know": {"fields": {"price": price(seee={Role.HEAD})}},
    "field 'price' has an option 'sensitive' that Money does not know": {"fields": {"price": price(sensitive=True)}},
    "field 'price' has see='head', which is not a set of roles": {"fields": {"price": price(see="head")}},
    "field 'price' has see={'haed'}, which is not a set of roles": {"fields": {"price": price(see={"haed"})}},
    "field 'price' has see=frozenset(), which is not a set of roles": {"fields": {"price": price(see=frozenset())}},
    "field 'price' has edit='head', which is not a set of roles": {"fields": {"price": price(edit="head")}},
    "field 'price' has editable_in='draft', which is not a set of states": {
        "fields": {"price": price(editable_in="draft")}
    },
    "field 'price' has fixed=1, which is not True or False": {"fields": {"price": price(fixed=1)}},
    "field 'price' has help='In euros', which is not a label in the languages of the house (L)": {
        "fields": {"price": price(help="In euros")}
    },
    "field 'price' is required and computed: nobody could fill it in": {
        "fields": {"price": price(required=True, computed=True)}
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
    "access names a field 'nmae' that the type does not have": {"access": Access(related=("nmae",))},
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
    "state 'fallow' has no word: add labels={...} or a line to models/kernel/language/glossary.py": {
        "workflow": flow(Move("submit", "draft", "fallow"))
    },
    "move 'plough' has no word: add label= or a line to models/kernel/language/glossary.py": {
        "workflow": flow(Move("plough", "draft", "closed"))
    },
    "automatic move 'close' needs a condition (when=)": {"workflow": flow(Move("close", "draft", "closed", auto=True))},
    "move 'submit' needs a field 'nmae' that the type does not have": {
        "workflow": flow(Move("submit", "draft", "closed", require=("nmae",)))
    },
    "move 'submit' needs a file kind 'scan' that is not declared": {
        "workflow": flow(Move("submit", "draft", "closed", require=(Attached("scan"),)))
    },
    "move 'submit' needs something that is neither field, file nor Need": {
        "workflow": flow(Move("submit", "draft", "closed", require=(7,)))  # type: ignore[arg-type]
    },
    "move 'submit' names a field 'nmae' that the type does not have": {
        "workflow": flow(Move("submit", "draft", "closed", ask=("nmae",)))
    },
    "move 'approve' names a field 'buyer' that the type does not have": {
        "workflow": flow(Move("approve", "draft", "closed", by=user_in("buyer", NAME)))
    },
    "move 'approve' names a field 'related' that the type does not have": {
        "workflow": flow(Move("approve", "draft", "closed", by=heads_of("related")))
    },
    "follow-up 'go_on' names a state 'gone' that does not exist": {
        "workflow": flow(Move("submit", "draft", "closed")),
        "follow_ups": (FollowUp("go_on", "Sample", NAME, states=frozenset({"gone"}), fill=lambda one: {}),),
    },
    "reminder on 'day' names a state 'gone' that does not exist": {
        "workflow": flow(Move("submit", "draft", "closed")),
        "reminders": (Remind("day", states=frozenset({"gone"})),),
    },
}


@pytest.mark.parametrize("sentence", list(FAULTS))
def test_a_wrong_declaration_is_refused_in_one_sentence(sentence: str) -> None:
    with pytest.raises(DeclarationError, match="^" + re.escape(f"Sample: {sentence}.") + "$"):
        declared(**FAULTS[sentence])
    assert "sample" not in declare.registered()


def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(TypeError):
        declared(colour="red")
    with pytest.raises(TypeError):
        Move("submit", "draft", "submitted", by_whom=OWNER)  # type: ignore[call-arg]
    with pytest.raises(DeclarationError, match="options are given by name"):
        Move("submit", "draft", "submitted", OWNER)


def test_links_to_types_that_do_not_exist_are_found_when_all_are_known() -> None:
    sample = declared(fields={"partner": Ref("Partner", label=NAME)})
    with pytest.raises(DeclarationError, match="field 'partner' links to Partner, which is not a record type"):
        Catalogue({**catalogue, "sample": sample})


@pytest.mark.parametrize(
    ("one", "name"),
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
def test_a_frozen_declaration_cannot_be_changed(one: Any, name: str) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(one, name, "changed")


def test_an_owner_may_withdraw_until_somebody_decided() -> None:
    full = completed(flow(SUBMIT, APPROVE))
    (back,) = [move for move in full.moves if move.verb == "withdraw"]
    assert back.undecided
    assert back.optional
    assert not list(faults_of(full))
    assert not [move for move in completed(flow(SUBMIT, APPROVE, withdraw=False)).moves if move.verb == "withdraw"]
