"""Wrong declarations of charts, tables and matrices stop the start in one sentence; right ones are taken."""

import re
from typing import Any

import pytest

from models.kernel.language.analysis import By, Chart, Matrix, Pivot
from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Choice, Day, LineRef, LongText, Money, Ref, Whole
from models.kernel.language.who import OWNER
from tests.models.test_declaring import CLOSE, NAME, declared, flow, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here

FIELDS: dict[str, Any] = {
    "kind": lambda: Choice({"a": NAME, "b": NAME}, label=NAME),
    "on": lambda: Day(label=NAME),
    "buyer": lambda: Ref("User", label=NAME),
    "covers": lambda: LineRef("SalesOrder.milestones", label=NAME),
    "paid": lambda: Money(label=NAME),
    "size": lambda: Whole(label=NAME),
    "note": lambda: LongText(label=NAME),
    "secret": lambda: Choice({"a": NAME}, see=OWNER, label=NAME),
    "inner": lambda: Choice({"a": NAME}, internal=True, label=NAME),
}
WRONG: dict[str, Any] = {
    "analyses has 'kind', which is neither Chart nor Pivot nor Matrix": "kind",
    "analysis 'knid' names a field 'knid' that the type does not have": Chart("knid"),
    "analysis 'kind-byuer' names a field 'byuer' that the type does not have": Pivot("kind", "byuer"),
    "analysis 'kind.piad' names a field 'piad' that the type does not have": Chart("kind", total="piad"),
    "analysis 'note' goes by 'note', whose values are no groups of a list": Chart("note"),
    "analysis 'size' goes by 'size', whose values are no groups of a list": Chart("size"),
    "analysis 'secret' goes by 'secret', whose values are no groups of a list": Chart("secret"),
    "analysis 'inner' goes by 'inner', whose values are no groups of a list": Chart("inner"),
    "analysis 'kind-kind' has the same field in lines and columns": Pivot("kind", "kind"),
    "analysis 'on' goes by each='week', which is none of month, quarter, year": Chart(By("on", each="week")),
    "analysis 'kind' goes by 'kind' in periods or ages, which is no date": Chart(By("kind", each="month")),
    "analysis 'on' goes by 'on' in periods and in ages at once": Chart(By("on", each="month", ages=(0, 30))),
    "analysis 'on' has ages=(30, 0), which are no days in their order": Chart(By("on", ages=(30, 0))),
    "analysis 'on' has ages=(0, '30'), which are no days in their order": Chart(By("on", ages=(0, "30"))),  # type: ignore[arg-type]
    "analysis 'buyer' has top=0, which is not between 1 and 100": Chart(By("buyer", top=0)),
    "analysis 'buyer' has top=True, which is not between 1 and 100": Chart(By("buyer", top=True)),
    "analysis 'kind.paid' has total= and mean=, and a table shows one of them": Chart(
        "kind", total="paid", mean="paid"
    ),
    "analysis 'kind.buyer' adds up 'buyer', which is no number that lists show": Chart("kind", total="buyer"),
    "analysis 'kind' is within 'buyer', which is no date that lists show": Chart("kind", within="buyer"),
    "analysis 'kind' names an option 'c' that 'kind' does not have": Chart("kind", rate="a c"),
    "analysis 'kind' names an option 'd' that 'kind' does not have": Chart("kind", tones={"d": "bad"}),
    "analysis 'kind' has a tone 'red', which is none of bad, good, neutral, progress, wait": Chart(
        "kind", tones={"a": "red"}
    ),
    "analysis 'kind' names an option 'gone' that 'state' does not have": Chart("kind", only={"state": "gone"}),
    "analysis 'kind' counts only some of 'buyer', which has neither options nor states": Chart(
        "kind", only={"buyer": "x"}
    ),
    "analysis 'kind-state' has lines of 'kind', which is no link to a record or to a line": Matrix(
        "kind", cell="state", good="closed"
    ),
    "analysis 'covers-buyer' shows 'buyer', which has neither options nor states": Matrix(
        "covers", cell="buyer", good="x"
    ),
    "analysis 'covers-state' names an option 'passed' that 'state' does not have": Matrix(
        "covers", cell="state", good="passed"
    ),
    "analysis 'covers-on' has columns by 'on', whose values are no columns": Matrix(
        "covers", cell="kind", good="a", columns="on"
    ),
    "analysis 'covers-kind' has the same field in lines and columns": Matrix(
        "covers", cell="kind", good="a", columns="kind"
    ),
    "analysis 'covers-kind' takes the last by 'buyer', which is no date that lists show": Matrix(
        "covers", cell="kind", good="a", last="buyer"
    ),
    "analysis 'covers-kind' has no good=: nothing could be verified": Matrix("covers", cell="kind", good=""),
}


def sample(*analyses: Any) -> Any:
    fields = {name: make() for name, make in FIELDS.items()}
    return declared(fields=fields, workflow=flow(CLOSE), analyses=analyses)


@pytest.mark.parametrize("sentence", list(WRONG))
def test_a_wrong_analysis_is_refused_in_one_sentence(sentence: str) -> None:
    with pytest.raises(DeclarationError, match="^" + re.escape(f"Sample: {sentence}.") + "$"):
        sample(WRONG[sentence])


def test_what_is_declared_twice_is_refused() -> None:
    with pytest.raises(DeclarationError, match="analysis 'kind' is declared twice"):
        sample(Chart("kind"), Chart("kind", within="on"))


def test_right_analyses_are_taken() -> None:
    items = (
        Chart("state", only={"kind": "a"}, rate="closed draft", tones={"closed": "good"}),
        Chart(By("on", ages=(0, 30)), total="paid", within="on"),
        Pivot(By("buyer", top=5), By("on", each="quarter"), mean="size"),
        Matrix("covers", cell="state", good="closed", columns="kind", last="on"),
        Matrix("buyer", cell="kind", good="a b"),
    )
    spec = sample(*items).declared
    assert [item.key for item in spec.analyses] == ["state", "on.paid", "buyer-on.size", "covers-kind", "buyer-kind"]
    assert items[2].names == {"buyer", "on", "size"}
    assert items[3].names == {"covers", "kind", "state", "on"}


def test_two_charts_of_the_home_page_have_two_names() -> None:
    fields = {name: make() for name, make in FIELDS.items()}
    chart = Chart("kind", home="owed")
    fault = "Receivable: a chart stands on the home page as 'owed', as one of Sample does."
    with pytest.raises(DeclarationError, match="^" + re.escape(fault) + "$"):
        started(fields=fields, analyses=(chart,))
