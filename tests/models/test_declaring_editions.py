"""Wrong declarations of editions, of links that stand on them and of derived fields stop the start in one sentence."""

import re
from typing import Any

import pytest

from models.kernel.language.analysis import Also, Matrix
from models.kernel.language.edition import Editions
from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Choice, Flag, LineRef, Ref, Refs, Text, Whole
from models.kernel.language.spec import Access
from models.kernel.language.who import OWNER, but_not
from models.kernel.language.workflow import Move
from tests.models.test_declaring import CLOSE, NAME, flow, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here

EDITION = {"edition": lambda: Whole(computed=True, label=NAME)}
SUSPECT = {"suspect": lambda: Flag(derived=True, label=NAME)}
LINK = {"items": lambda: Refs("SpecificationItem", by_edition=True, label=NAME)}
CELL = {"kind": lambda: Choice({"a": NAME}, label=NAME), "open": lambda: Flag(label=NAME)}
PRODUCT = {"other": lambda: Ref("Product", required=True, fixed=True, label=NAME)}


def matrix(rows: str = "items", **options: Any) -> dict[str, Any]:
    return {"fields": {**LINK, **SUSPECT, **CELL}, "analyses": (Matrix(rows, cell="kind", good="a", **options),)}


WRONG: dict[str, dict[str, Any]] = {
    "has editions, and no computed number 'edition' that counts them": {"editions": Editions("name")},
    "makes a new edition by 'nmae', which is no field that people change": {
        "editions": Editions("nmae"),
        "fields": EDITION,
    },
    "makes a new edition by 'edition', which is no field that people change": {
        "editions": Editions("edition"),
        "fields": EDITION,
    },
    "tells editorial changes by 'open', which is no internal flag": {
        "editions": Editions("name", editorial="open"),
        "fields": {**EDITION, **CELL},
    },
    "field 'items' links by edition, and no derived flag 'suspect' says whether one has changed": {"fields": LINK},
    "field 'items' links by edition to Product, which has no editions": {
        "fields": {"items": lambda: Refs("Product", by_edition=True, label=NAME), **SUSPECT},
    },
    "field 'size' is derived, and the type has no derived_of() that fills it": {
        "fields": {"size": lambda: Whole(derived=True, label=NAME)},
    },
    "field 'suspect' is derived, and the type has no derived_of() that fills it": {"fields": SUSPECT},
    "move 'close' names a field 'wrong_by' that the type does not have": {
        "workflow": flow(Move("close", "draft", "closed", by=but_not("wrong_by", OWNER))),
    },
    "move 'close' is not made by whom 'name' names, which is no link to User": {
        "workflow": flow(Move("close", "draft", "closed", by=but_not("name", OWNER))),
    },
    "is open_while states of a record that it belongs to, and belongs to none": {"open_while": "draft"},
    "is open while Product is 'gone', a state that it does not have": {
        "fields": PRODUCT,
        "belongs_to": "other",
        "access": Access(departments=frozenset({"SAL"})),
        "open_while": "gone",
    },
    "upstream names 'name', which is no link to a record": {"upstream": "name"},
    "downstream names 'team.user', which is no link to a record": {"downstream": "team.user"},
    "'other' leads up the line and down": {"fields": PRODUCT, "upstream": "other", "downstream": "other"},
    "analysis 'items-kind' tells what is suspect by 'kind', which is no flag that lists show": matrix(suspect="kind"),
    "analysis 'items-open' has suspect= and columns=, and a cell of the latter shows a result alone": matrix(
        suspect="suspect", columns="open"
    ),
    "analysis 'items-kind' is among 'gone' of 'state', which SpecificationItem does not have": matrix(
        among={"state": "gone"}
    ),
    "analysis 'line-kind' is among some records, and its lines are those of a list": {
        "fields": {"line": lambda: LineRef("SalesOrder.milestones", label=NAME), **CELL},
        "analyses": (Matrix("line", cell="kind", good="a", among={"state": "draft"}),),
    },
    "analysis 'items-kind' counts Defect.case, which is no link to what its lines are": matrix(
        also=(Also("Defect.case"),)
    ),
    "analysis 'items-kind' counts Nowhere.items, which is no link to what its lines are": matrix(
        also=(Also("Nowhere.items"),)
    ),
    "analysis 'items-kind' counts Defect.items in a state 'gone' that Defect does not have": matrix(
        also=(Also("Defect.items", states="gone"),)
    ),
}


def fields_of(options: dict[str, Any]) -> dict[str, Any]:
    return {**options, "fields": {name: make() for name, make in options.get("fields", {}).items()}}


@pytest.mark.parametrize("sentence", list(WRONG))
def test_a_wrong_declaration_is_refused_in_one_sentence(sentence: str) -> None:
    with pytest.raises(DeclarationError, match="^" + re.escape(f"Sample: {sentence}.") + "$"):
        started(**fields_of(WRONG[sentence]))


def test_right_ones_are_taken() -> None:
    fields = {**EDITION, **LINK, **SUSPECT, "words": lambda: Flag(internal=True, default=False, label=NAME)}
    note = {"note": lambda: Text(label=NAME)}
    options = {"fields": {**fields, **note}, "editions": Editions("note state", editorial="words")}
    started(**fields_of(options), workflow=flow(CLOSE))
