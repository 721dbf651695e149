"""Each kind of field says what is wrong with a value, and never breaks on one."""

import datetime as dt
from decimal import Decimal
from typing import Any

import mongoengine as me
import pytest
from bson import DBRef, ObjectId

from models.kernel.base.people import Actor, Role
from models.kernel.base.words import EN, L
from models.kernel.language.fields import (
    BLANKS,
    NOT_A_CHOICE,
    NOT_A_NUMBER,
    REQUIRED,
    TOO_LARGE,
    WRONG_FORM,
    Answers,
    AnyRef,
    Choice,
    Choices,
    Commitment,
    CommittedNumber,
    Day,
    Duration,
    Flag,
    Line,
    LineRef,
    Lines,
    LineState,
    LongText,
    Mail,
    Moment,
    Money,
    Number,
    Percent,
    Phone,
    Questions,
    Rating,
    Recurrence,
    Ref,
    Refs,
    Rule,
    Sealed,
    Secret,
    Signature,
    Tags,
    Text,
    Time,
    Url,
    Whole,
    decimals_of,
    is_empty,
    problems_in,
)
from models.kernel.language.kinds.commitments import NO_DIGEST, NO_NUMBER
from models.kernel.language.kinds.measures import NOT_AN_ADDRESS
from models.kernel.language.kinds.questions import QuestionLine
from models.kernel.language.kinds.recurrence import NOT_A_RULE
from models.kernel.language.kinds.rule import CONTROL, TOO_FINE, TOO_LONG, TOO_MANY, TOO_SMALL
from models.kernel.language.kinds.signatures import PNG, PNG_MAX
from models.kernel.language.typed import BadValue, parse
from models.kernel.rights import rights
from views.kinds.registry import kind_of

LABEL = L("Field", "欄位")
DAYS = L("days", "天")
OPTIONS = {"a": L("A", "甲"), "b": L("B", "乙")}


class Row(Line):
    """A line for these tests."""

    name = Text(required=True, label=LABEL)
    count = Whole(least=1, label=LABEL)

    def check(self):
        if self.name == "wrong together":
            yield "count", L("No.", "否。")


KINDS: dict[str, Any] = {
    "text": Text(label=LABEL),
    "long": LongText(label=LABEL),
    "mail": Mail(label=LABEL),
    "phone": Phone(label=LABEL),
    "sealed": Sealed(Phone(), label=LABEL),
    "secret": Secret(label=LABEL),
    "commitment": Commitment(label=LABEL),
    "committed_number": CommittedNumber(to="commitment", label=LABEL),
    "whole": Whole(least=0, most=100, label=LABEL),
    "number": Number(places=3, least=0, label=LABEL),
    "money": Money(label=LABEL),
    "flag": Flag(label=LABEL),
    "day": Day(label=LABEL),
    "moment": Moment(label=LABEL),
    "choice": Choice(OPTIONS, label=LABEL),
    "choices": Choices(OPTIONS, label=LABEL),
    "tags": Tags(label=LABEL),
    "ref": Ref("User", label=LABEL),
    "refs": Refs("User", label=LABEL),
    "lines": Lines(Row, label=LABEL),
    "questions": Questions(label=LABEL),
    "answers": Answers(of="survey.questions", label=LABEL),
    "percent": Percent(label=LABEL),
    "rating": Rating(label=LABEL),
    "duration": Duration(label=LABEL),
    "time": Time(label=LABEL),
    "url": Url(label=LABEL),
    "line_state": LineState(OPTIONS, ends="a", label=LABEL),
    "recurrence": Recurrence(label=LABEL),
    "signature": Signature(label=LABEL),
    "any_ref": AnyRef(of="User Customer", label=LABEL),
    "line_ref": LineRef("SalesOrder.milestones", label=LABEL),
}
GOOD: list[tuple[str, Any]] = [
    ("signature", {"how": "drawn", "png": PNG + b"x"}),
    ("signature", {"how": "typed", "typed": "王建國"}),
    ("text", "重慶銀行"),
    ("text", "🎉 emoji 👨‍👩‍👧 of several parts"),
    ("text", "שלום עולם"),
    ("text", "مرحبا"),
    ("text", "x" * 200),
    ("text", "\U0002070e of the far planes"),
    ("long", "two\nlines\tand a tab"),
    ("mail", "li.ming@example.com"),
    ("phone", "+86 (21) 5555-0101"),
    ("sealed", "13800138000"),
    ("secret", "a p-4ssword"),
    ("commitment", "0a" * 32),
    ("committed_number", "6f1c4d0a92b84e7f93a5"),
    ("whole", 0),
    ("whole", 100),
    ("number", Decimal("1.125")),
    ("number", Decimal("1.10000000000000000000000000000")),
    ("number", 0),
    ("money", Decimal("0.01")),
    ("money", Decimal("1E+3")),
    ("flag", False),
    ("day", dt.date(2024, 2, 29)),
    ("day", dt.date(1900, 1, 1)),
    ("moment", dt.datetime(2200, 12, 31, tzinfo=dt.UTC)),
    ("choice", "a"),
    ("choices", ["b", "a"]),
    ("tags", ["急件", "vip"]),
    ("ref", ObjectId()),
    ("ref", DBRef("user", ObjectId())),
    ("refs", [ObjectId(), ObjectId()]),
    ("lines", [Row(name="x")]),
    ("questions", [QuestionLine(code="q1", kind="text", text="Why?")]),
    ("percent", Decimal("12.5")),
    ("rating", 5),
    ("recurrence", "FREQ=WEEKLY;BYDAY=MO"),
    ("recurrence", "daily"),
    ("any_ref", "user:65a1b2c3d4e5f60718293a4b"),
    ("duration", 90),
    ("time", 1439),
    ("url", "https://example.com/路徑?x=1"),
    ("line_state", "a"),
    ("answers", {"given": {"k1": "x", "k2": ["a"], "k3": {"row": "a"}}}),
]
BAD: list[tuple[str, Any, L]] = [
    ("percent", Decimal("100.01"), TOO_LARGE),
    ("rating", 0, TOO_SMALL),
    ("recurrence", "FREQ=HOURLY", NOT_A_RULE),
    ("recurrence", "FREQ=DAILY;X-FROM=DONE", NOT_A_RULE),
    ("recurrence", 7, NOT_A_RULE),
    ("any_ref", "user", WRONG_FORM),
    ("any_ref", "user:65a1b2c3d4e5f60718293a4b:3", WRONG_FORM),
    ("any_ref", "../user:65a1b2c3d4e5f60718293a4b", WRONG_FORM),
    ("any_ref", ObjectId(), WRONG_FORM),
    ("any_ref", {"$ne": 1}, WRONG_FORM),
    ("duration", "1:30", NOT_A_NUMBER),
    ("time", 1440, TOO_LARGE),
    ("url", "javascript:alert(1)", NOT_AN_ADDRESS),
    ("line_state", "gone", NOT_A_CHOICE),
    ("text", 7, WRONG_FORM),
    ("text", b"bytes", WRONG_FORM),
    ("text", ["x"], WRONG_FORM),
    ("text", "x" * 1_000_000, TOO_LONG),
    ("text", "a\x00b", CONTROL),
    ("text", "half \ud83d", CONTROL),
    ("text", "escape \x1b[31m", CONTROL),
    ("long", "文" * 1_000_000, TOO_LONG),
    ("long", "a\x00b", CONTROL),
    ("mail", "nobody", WRONG_FORM),
    ("mail", "a@b@c.de", WRONG_FORM),
    ("mail", "a b@example.com", WRONG_FORM),
    ("phone", "call me", WRONG_FORM),
    ("phone", "１３８００１３８０００", WRONG_FORM),
    ("sealed", "call me", WRONG_FORM),
    ("whole", True, NOT_A_NUMBER),
    ("whole", 1.0, NOT_A_NUMBER),
    ("whole", "7", NOT_A_NUMBER),
    ("whole", float("nan"), NOT_A_NUMBER),
    ("whole", -1, TOO_SMALL),
    ("whole", 101, TOO_LARGE),
    ("number", True, NOT_A_NUMBER),
    ("number", "many", NOT_A_NUMBER),
    ("number", None, NOT_A_NUMBER),
    ("number", Decimal("NaN"), NOT_A_NUMBER),
    ("number", Decimal("sNaN"), NOT_A_NUMBER),
    ("number", Decimal("Infinity"), NOT_A_NUMBER),
    ("number", float("-inf"), NOT_A_NUMBER),
    ("number", Decimal("1.1255"), TOO_FINE),
    ("number", Decimal("1e-400"), TOO_FINE),
    ("number", Decimal("1e400"), TOO_LARGE),
    ("money", Decimal("0.001"), TOO_FINE),
    ("money", Decimal("0." + "9" * 33), TOO_FINE),
    ("money", Decimal("-0.01"), TOO_SMALL),
    ("flag", "yes", WRONG_FORM),
    ("flag", 1, WRONG_FORM),
    ("day", "2025-01-01", WRONG_FORM),
    ("day", "0000-01-01", WRONG_FORM),
    ("day", "10000-01-01", WRONG_FORM),
    ("day", dt.date(1, 1, 1), WRONG_FORM),
    ("day", dt.date(9999, 12, 31), WRONG_FORM),
    ("moment", dt.date(2025, 1, 1), WRONG_FORM),
    ("moment", dt.datetime(1, 1, 1, tzinfo=dt.UTC), WRONG_FORM),
    ("choice", "c", NOT_A_CHOICE),
    ("choice", ["a"], NOT_A_CHOICE),
    ("choice", {"$ne": 1}, NOT_A_CHOICE),
    ("choices", "a", NOT_A_CHOICE),
    ("choices", ["a", "c"], NOT_A_CHOICE),
    ("choices", [{"$ne": 1}], NOT_A_CHOICE),
    ("tags", "vip", TOO_MANY),
    ("tags", ["x"] * 51, TOO_MANY),
    ("tags", ["x" * 41], WRONG_FORM),
    ("tags", ["a\x00b"], WRONG_FORM),
    ("tags", [""], WRONG_FORM),
    ("ref", "somebody", WRONG_FORM),
    ("ref", {"$gt": ""}, WRONG_FORM),
    ("refs", ObjectId(), WRONG_FORM),
    ("refs", [ObjectId(), "x"], WRONG_FORM),
    ("refs", [ObjectId()] * 501, TOO_MANY),
    ("lines", {"0": {}}, WRONG_FORM),
    ("lines", [{"name": "x"}], WRONG_FORM),
    ("signature", {"how": "typed", "typed": ""}, WRONG_FORM),
    ("signature", {"how": "typed", "typed": "a\x00b"}, WRONG_FORM),
    ("signature", {"how": "typed", "typed": "x" * 101}, WRONG_FORM),
    ("signature", {"how": "drawn", "png": b"<svg>"}, WRONG_FORM),
    ("signature", {"how": "drawn", "png": PNG + b"x" * PNG_MAX}, WRONG_FORM),
    ("signature", {"how": "drawn", "png": PNG.decode("latin-1")}, WRONG_FORM),
    ("signature", {"how": "drawn", "png": PNG + b"x", "at": "yesterday"}, WRONG_FORM),
    ("commitment", "0A" * 32, NO_DIGEST),
    ("commitment", "0a" * 31, NO_DIGEST),
    ("commitment", 7, WRONG_FORM),
    ("committed_number", "short", NO_NUMBER),
    ("committed_number", "sixteen letters, at least", NO_NUMBER),
    ("signature", {"how": "stamp", "png": PNG}, WRONG_FORM),
    ("signature", "text", WRONG_FORM),
    ("lines", [Row(name="x")] * 501, TOO_MANY),
    ("questions", [{"code": "q1"}], WRONG_FORM),
    ("questions", [QuestionLine(code="q1", kind="text", text="Field?")] * 501, TOO_MANY),
    ("answers", "yes", WRONG_FORM),
    ("answers", {"k1": "x"}, WRONG_FORM),
    ("answers", {"given": {"$gt": ""}}, WRONG_FORM),
    ("answers", {"given": {"a.b": ""}}, WRONG_FORM),
    ("answers", {"given": {7: ""}}, WRONG_FORM),
    ("answers", {"given": {f"k{n}": "" for n in range(20_000)}}, WRONG_FORM),
]


def shown(value: Any) -> str:
    return ascii(value)[:30] if isinstance(value, str | int | float | Decimal | dt.date) else type(value).__name__


@pytest.mark.parametrize(("kind", "value"), GOOD, ids=shown)
def test_good_values_have_no_fault(kind: str, value: Any) -> None:
    assert list(KINDS[kind].faults(value)) == []


@pytest.mark.parametrize(("kind", "value", "sentence"), BAD, ids=shown)
def test_bad_values_are_named_in_a_sentence(kind: str, value: Any, sentence: L) -> None:
    faults = list(KINDS[kind].faults(value))
    assert sentence in [item.pattern for item in faults]
    assert all("Field" in item.in_locale(EN) for item in faults)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize(
    "value", [0, 1.5, True, "", "x", b"x", [], ["x"], [[]], [{}], {}, {"$gt": 1}, object(), Decimal("NaN"), dt.date.max]
)  # fmt: skip
def test_no_value_breaks_a_field(kind: str, value: Any) -> None:
    list(KINDS[kind].faults(value))


def test_every_kind_of_field_is_tried_here() -> None:
    from models.kernel.language import fields

    kinds = {
        var for var in vars(fields).values() if isinstance(var, type) and issubclass(var, Rule) and var is not Rule
    }
    assert {type(kind) for kind in KINDS.values()} == kinds


@pytest.mark.parametrize(
    ("number", "places"),
    [("0", 0), ("0.000", 0), ("1E+5", 0), ("100", 0), ("1.50", 1), ("1.05", 2), ("1E-7", 7), ("0." + "9" * 40, 40)],
)
def test_decimals_are_counted_without_rounding(number: str, places: int) -> None:
    assert decimals_of(Decimal(number)) == places


@pytest.mark.parametrize("value", [None, "", [], (), {}, BLANKS, "\u3000"])
def test_nothing_is_empty(value: Any) -> None:
    assert is_empty(value)


@pytest.mark.parametrize("value", [0, False, Decimal(0), "0", [0], "\x00"])
def test_something_is_not_empty(value: Any) -> None:
    assert not is_empty(value)


class Sheet(me.EmbeddedDocument):
    """A document as far as its rules go."""

    name = Text(required=True, label=LABEL)
    rows = Lines(Row, label=LABEL)


def test_all_that_is_wrong_is_said_at_once_by_its_place() -> None:
    rows = [Row(name="good", count=1), Row(count=0), Row(name="wrong together")]
    problems = problems_in(Sheet(name="\u3000", rows=rows), {"name": Sheet.name, "rows": Sheet.rows})
    assert {path: [getattr(item, "pattern", item) for item in problem] for path, problem in problems.items()} == {
        "name": [REQUIRED],
        "rows.1.name": [REQUIRED],
        "rows.1.count": [TOO_SMALL],
        "rows.2.count": [L("No.", "否。")],
    }  # fmt: skip


def test_a_link_given_by_its_id_reads_as_the_record(company: Any) -> None:
    """A payment entered in a form takes its currency and department from the receivable, which it knows by id."""
    owed = company.make("receivable", department=company.department("SAL"))
    payment = company.fresh(company.make("payment", receivable=owed.id))
    assert payment.currency == owed.currency
    assert payment.ref("department") == company.department("SAL")
    assert payment.receivable.number == owed.number


def test_a_link_whose_target_is_gone_reads_as_a_bare_reference(company: Any) -> None:
    contract = company.make("contract")
    contract._data["customer"] = ObjectId()
    assert isinstance(contract.customer, DBRef)


@pytest.mark.parametrize("role", list(Role))
def test_what_names_no_role_is_shown_to_nobody(role: Role) -> None:
    """The start is stopped by it already; a field that gets past is hidden, never disclosed."""
    person = Actor(ObjectId(), "a", "A", roles=frozenset({role}))
    for wrong in ("head", {"haed"}, role.value, [role]):
        field = Money(label=LABEL, see=wrong, edit=wrong)  # type: ignore[arg-type]
        assert rights.sees(person, field) == (role == Role.SUPERVISOR)
        assert field.edit == frozenset()
    assert not rights.sees(person, Text(label=LABEL, internal=True))
    assert rights.sees(person, Text(label=LABEL, see={role}))


@pytest.mark.parametrize(
    ("unit", "text", "shown"),
    [("%", "12.5%", "12.5%"), ("%", "12.5", "12.5%"), (DAYS, "3 days", "3 days"), (DAYS, "3天", "3 days")],
)
def test_a_unit_is_shown_behind_the_number_and_may_be_typed(unit: Any, text: str, shown: str) -> None:
    field = Number(label=LABEL, unit=unit)
    field.name = "count"
    assert kind_of(field).plain(parse(field, text)) == shown


def test_a_number_without_a_unit_takes_none() -> None:
    with pytest.raises(BadValue):
        parse(Number(label=LABEL), "3 days")
