"""Wrong declarations of people named in records, and of fields by relation, stop the start in one sentence."""

import re
from dataclasses import replace
from typing import Any

import pytest

from models import catalogue
from models.kernel.base.roles import Role
from models.kernel.language.catalogue import Catalogue
from models.kernel.language.declare import record
from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Day, Flag, Line, Lines, LongText, Ref, Refs, Text, Whole
from models.kernel.language.publication import Publish
from models.kernel.language.record import Record
from models.kernel.language.relations import READ, WRITE, Relation, Way, during, in_state
from models.kernel.language.rollup import Rollup
from models.kernel.language.spec import Access, Grid, Part, Remind, Retention, Scope
from models.kernel.language.who import HEAD, NOBODY, OWNER, Who, of_department, role, user_in, writers_in
from models.kernel.language.workflow import Move, Workflow
from tests.models.test_declaring import CLOSE, NAME, RETURN, ROOM, SUBMIT, declared, flow, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here

BUYER = user_in("buyer", NAME)


class Member(Line):
    """A line that names a user and a note."""

    user = Ref("User", label=NAME)
    note = Text(label=NAME)


TEAM = {"team": Lines(Member, label=NAME)}


OF_PRODUCT = {"other": Ref("Product", required=True, fixed=True, label=NAME)}


def note(**facts: Any) -> dict[str, Any]:
    """A type with one more field of these facts."""
    return {"fields": {"note": LongText(label=NAME, **facts), "buyer": Ref("User", label=NAME)}}


def seen(see: Any, **options: Any) -> dict[str, Any]:
    return {**note(see=see), "workflow": flow(CLOSE), **options}


def approved_by(who: Who, access: Access | None = None, **fields: Any) -> dict[str, Any]:
    moves = (SUBMIT, Move("approve", "submitted", "approved", by=who), RETURN)
    return {"workflow": flow(*moves), "fields": fields, **({"access": access} if access else {})}


def reasoned(see: Any) -> dict[str, Any]:
    """A type with a move whose reason some people read."""
    return {**note(), "workflow": flow(replace(CLOSE, reason_see=see))}


FAULTS: dict[str, dict[str, Any]] = {
    "access names a field 'nmae' that the type does not have": {"access": Access(named={"nmae": READ})},
    "access names people in 'name', which is no link to User": {"access": Access(named={"name": READ})},
    "access names people in 'team.nmae', which is no link to User": {
        "fields": TEAM,
        "access": Access(named={"team.nmae": READ}),
    },
    "access names people in 'team.note', which is no link to User": {
        "fields": TEAM,
        "access": Access(named={"team.note": READ}),
    },
    "access names people in 'buyer.phone', which is no link to User": {
        "fields": {"buyer": Ref("User", label=NAME)},
        "access": Access(named={"buyer.phone": READ}),
    },
    "access names people in 'buyers.manager', which is no link to User": {
        "fields": {"buyers": Refs("User", label=NAME)},
        "access": Access(named={"buyers.manager": READ}),
    },
    "access gives the home 'SAL', which does not work with the type": {"access": Access(departments="PRD", home="SAL")},
    "access gives the home 'SAL', but records say their department themselves": {
        "fields": {"department": Ref("Department", label=NAME)},
        "access": Access(home="SAL"),
    },
    "access names a department 'NIX' that is not declared": {"access": Access(home="NIX")},
    "access lets those named in 'buyer' do 'write', which is neither READ nor WRITE": {
        "fields": {"buyer": Ref("User", label=NAME)},
        "access": Access(named={"buyer": "write"}),  # type: ignore[dict-item]
    },
    "field 'note' has see= in a state 'gone' that does not exist": seen(in_state("gone")),
    "field 'note' has edit= in a state 'gone' that does not exist": {
        **note(edit=during("gone", OWNER)),
        "workflow": flow(CLOSE),
    },
    "field 'note' has see= in a state 'closed' that does not exist": note(see=in_state("closed")),
    "field 'note' names a field 'byuer' that the type does not have": seen(OWNER | user_in("byuer")),
    "field 'note' has see= for whom 'name' names, which is no link to User": seen(OWNER | user_in("name")),
    "field 'note' has see= for 'haed', which is not a role": seen(OWNER | role("haed")),  # type: ignore[arg-type]
    "move 'close' has reason_see= in a state 'gone' that does not exist": reasoned(in_state("gone")),
    "move 'close' has reason_see= for whom 'name' names, which is no link to User": reasoned(
        in_state("closed") | user_in("name")
    ),
    "move 'close' has reason_see='hr', which is no relation: during(…), in_state(…)": reasoned("hr"),
    "field 'note' has see= for the system, which needs no leave": seen(NOBODY),
    "field 'note' names a department 'NIL' that is not declared": seen(of_department(Role.HEAD, "NIL")),
    "field 'note' is shown by relation to the record and cannot stand in the list": seen(OWNER, grid=Grid("name note")),
    "field 'note' is shown by relation to the record and cannot stand in the search": seen(
        OWNER, grid=Grid("name", search="note")
    ),
    "field 'note' is shown by relation to the record and cannot stand in the title": seen(OWNER, title="{note}"),
    "field 'note' is required, and whoever enters the record may not set it": {
        **note(required=True, edit=during("closed", OWNER)),
        "workflow": flow(CLOSE),
    },
    "field 'due' is shown by relation to the record and cannot stand in a reminder": {
        "fields": {"due": Day(label=NAME, see=OWNER)},
        "reminders": (Remind("due"),),
    },
    "field 'due' is shown by relation to the record and cannot stand in the retention": {
        "fields": {"due": Day(label=NAME, see=OWNER)},
        "retention": Retention(after="due", archive=1, delete=1),
    },
    "move 'approve' waits for whom 'buyer' names, who may not see the record: add it to Access(named=)": approved_by(
        BUYER, buyer=Ref("User", label=NAME)
    ),
    "move 'approve' waits for whom 'team.user' names, who may not see the record: add it to Access(named=)": (
        approved_by(user_in("team.user"), **TEAM)
    ),
    "move 'approve' waits for the role 'legal', which may not see the record: add it to Access(read=)": approved_by(
        role(Role.LEGAL)
    ),
    "move 'approve' waits for the role 'legal', which may not see the record: add it to Access(read=) ": approved_by(
        HEAD | role(Role.LEGAL), Access(read={Role.LEGAL: Scope.DEPARTMENT})
    ),
    "move 'approve' waits for the department that 'other' names, which may not see the record: add it to "
    "Access(related=)": approved_by(writers_in("other"), other=Ref("Department", label=NAME)),
    "field 'note' names people in 'buyer.phone', which is no link to User": seen(OWNER | user_in("buyer.phone")),
    "belongs_to names a field 'onwer' that the type does not have": {"belongs_to": "onwer"},
    "belongs to another by 'name', which is no link to one record": {"belongs_to": "name"},
    "belongs to another by 'products', which is no link to one record": {
        "fields": {"products": Refs("Product", label=NAME)},
        "belongs_to": "products",
    },
    "belongs to Nowhere by 'other', which must be declared before it": {
        "fields": {"other": Ref("Nowhere", label=NAME)},
        "belongs_to": "other",
    },
    "belongs to another by 'other', which must be required and fixed": {
        "fields": {"other": Ref("Product", required=True, label=NAME)},
        "belongs_to": "other",
    },
    "belongs to another by 'other', and asks for a department of its own": {
        "fields": {**OF_PRODUCT, "department": Ref("Department", required=True, label=NAME)},
        "belongs_to": "other",
    },
    "belongs to Document, whose access has extra_rows=: give access= of its own": {
        "fields": {"other": Ref("Document", required=True, fixed=True, label=NAME)},
        "belongs_to": "other",
    },
    "has a workflow of its own and a review; the workflow says who sees its records second": {
        "workflow": flow(CLOSE),
        "review": HEAD,
    },
    "move 'review' is made by 'haed', which is not a role": {"review": role("haed")},  # type: ignore[arg-type]
    "state 'gone' is named but no move leads to it": {
        "workflow": Workflow("draft", (CLOSE,), edited="gone"),
    },
    "is published by a move 'publish' that it does not have": {
        "workflow": flow(CLOSE),
        "fields": {"all": Flag(label=NAME)},
        "publish": Publish("all"),
    },
    "is published to a field 'evrybody' that the type does not have": {
        "workflow": flow(CLOSE),
        "publish": Publish("evrybody", on="close"),
    },
    "is published to 'name', which names neither everyone nor departments, users or roles": {
        "workflow": flow(CLOSE),
        "publish": Publish("name", on="close"),
    },
    "field 'seen_by' has a name that the kernel keeps": {"fields": {"seen_by": Text(label=NAME)}},
    "field 'chain' has a name that the kernel keeps": {"fields": {"chain": Text(label=NAME)}},
}


@pytest.mark.parametrize("sentence", list(FAULTS))
def test_a_wrong_relation_is_refused_in_one_sentence(sentence: str) -> None:
    with pytest.raises(DeclarationError, match="^" + re.escape(f"Sample: {sentence.strip()}.") + "$"):
        started(**FAULTS[sentence])


def test_right_relations_are_taken() -> None:
    options = {
        "fields": {
            "buyer": Ref("User", label=NAME),
            **TEAM,
            "note": LongText(label=NAME, see=BUYER | during("closed", OWNER), edit=during("closed", BUYER)),
        },
        "form": (Part(NAME, "name day buyer team note"),),
        "access": Access(named={"buyer": WRITE, "team.user": READ, "buyer.manager": READ}),
        "workflow": flow(Move("close", "draft", "closed", by=user_in("buyer.manager", own=True))),
    }
    cls = started(**options)["sample"]
    assert cls.declared.own_fields["note"].see == Relation((Way(BUYER), Way(OWNER, "closed")))


OF_QUOTATION = {"other": Ref("Quotation", required=True, fixed=True, label=NAME)}


def test_what_belongs_has_the_rights_of_its_record_and_its_own_people() -> None:
    fields = {**OF_QUOTATION, "buyer": Ref("User", label=NAME)}
    spec = declared(fields=fields, belongs_to="other", access=Access(named={"buyer": READ})).declared
    assert (spec.inherits, spec.in_menu) == (True, False)
    assert spec.access.named == {"buyer": READ}
    assert spec.access.departments == spec.parent.declared.access.departments
    own = declared(fields=OF_PRODUCT, belongs_to="other", access=Access(open=True), in_menu=True).declared
    assert (own.inherits, own.in_menu, own.parent.__name__) == (False, True, "Product")


def test_a_rule_for_people_alone_is_a_relation_in_every_state() -> None:
    field = declared(**note(see=OWNER | BUYER)).declared.own_fields["note"]
    assert [way.states for way in field.see.ways] == [frozenset()]
    assert field.see.people[0].fields == ("buyer",)


ROLLUPS: dict[str, Rollup] = {
    "counts Nowhere, which is not a record type": Rollup("Nowhere.sample"),
    "counts by Payment.receivable, which is no link to Sample": Rollup("Payment.receivable"),
    "counts by Payment.payer, which is no link to Sample": Rollup("Payment.payer"),
    "adds up Part.name, which is no number": Rollup("Part.sample", "name"),
    "counts by='mean', which is none of sum, min and max of a field": Rollup("Part.sample", "size", by="mean"),
    "counts by='min', which is none of sum, min and max of a field": Rollup("Part.sample", by="min"),
    "is fresh='hourly', which is neither on_write nor nightly": Rollup("Part.sample", fresh="hourly"),
    "counts a state 'gone' that Part does not have": Rollup("Part.sample", states="gone"),
}


@pytest.mark.parametrize("fault", list(ROLLUPS))
def test_a_wrong_rollup_is_refused_in_one_sentence(fault: str) -> None:
    sample = declared(fields={"sum": Whole(rollup=ROLLUPS[fault], label=NAME)})
    fields = {"name": Text(label=NAME), "size": Whole(label=NAME), "sample": Ref("Sample", label=NAME)}
    options: dict[str, Any] = {
        "label": NAME,
        "chapter": ROOM,
        "clause": "9.1",
        "grid": Grid("name"),
        "number": "PX-{seq}",
    }
    part = record(**options)(type("Part", (Record,), {**fields, "__module__": __name__}))
    with pytest.raises(DeclarationError, match="^" + re.escape(f"Sample: field 'sum' {fault}.") + "$"):
        Catalogue({**catalogue, "sample": sample, "part": part}, departments=catalogue.departments)


def test_what_is_no_rollup_is_refused() -> None:
    with pytest.raises(DeclarationError, match="has rollup='Part', which is not a Rollup"):
        declared(fields={"sum": Whole(rollup="Part", label=NAME)})  # type: ignore[arg-type]
