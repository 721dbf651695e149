"""The kinds of fields: MongoEngine's own, each knowing its label, its rule, and the sentence when it is broken."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import mongoengine as me
from bson import DBRef, ObjectId
from bson.binary import Binary
from mongoengine.base import BaseField

from ..base import secrets
from ..base.collections import in_archive
from ..base.words import L, Listed, Words

SHORT_MAX = 200
LONG_MAX = 20_000
BLANKS = " \t\r\n\u00a0\u3000"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LINE_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_MAIL = re.compile(r"[^@\s<>,;]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}")
_PHONE = re.compile(r"\+?[0-9][0-9 ()/-]{4,30}")

REQUIRED = L("“{label}” is needed.", "請填寫「{label}」。")
TOO_LONG = L(
    "“{label}” may have {most} characters at most; these are {count}.", "「{label}」最多 {most} 字，現有 {count} 字。"
)
CONTROL = L("“{label}” contains a character that cannot be kept.", "「{label}」含有無法保存的字符。")
NOT_A_CHOICE = L("“{label}” must be one of: {choices}.", "「{label}」須為下列之一：{choices}。")
TOO_SMALL = L("“{label}” must be {least} or more.", "「{label}」不得小於 {least}。")
TOO_LARGE = L("“{label}” must be {most} or less.", "「{label}」不得大於 {most}。")
NOT_A_NUMBER = L("“{label}” must be a number.", "「{label}」須為數字。")
TOO_FINE = L("“{label}” may have {places} decimals at most.", "「{label}」最多 {places} 位小數。")
WRONG_FORM = L("“{label}” is not in the right form.", "「{label}」格式不正確。")
NOT_THERE = L(
    "What “{label}” names does not exist, or is not yours to see.", "「{label}」所指的記錄不存在，或您無權查看。"
)
TOO_MANY = L("“{label}” may have {most} lines at most.", "「{label}」最多 {most} 行。")


class Problems(dict[str, list[Words]]):
    """What is wrong, by dotted path of the field."""

    def add(self, path: str, sentence: Words) -> None:
        self.setdefault(path, []).append(sentence)


class Rule:
    """Mixed into every kind of field: `faults` says what is wrong with a value, in whole sentences."""

    if TYPE_CHECKING:  # what MongoEngine's fields have; it ships no types
        creation_counter: int

        def __get__(self, instance: Any, owner: Any) -> Any: ...

        def __set__(self, instance: Any, value: Any) -> None: ...

    def faults(self, value: Any) -> Iterator[Words]:
        yield from ()


def label_of(field: Any) -> Words:
    return getattr(field, "label", None) or L(field.name, field.name)


class Text(Rule, me.StringField):
    """One line of text."""

    unwanted = _LINE_CONTROL

    def __init__(self, *, most: int = SHORT_MAX, **facts: Any):
        super().__init__(**facts)
        self.most = most

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, str):
            yield WRONG_FORM(label=label_of(self))
        elif self.unwanted.search(value):
            yield CONTROL(label=label_of(self))
        elif len(value) > self.most:
            yield TOO_LONG(label=label_of(self), most=self.most, count=len(value))


class LongText(Text):
    """Several lines of text."""

    unwanted = _CONTROL

    def __init__(self, *, most: int = LONG_MAX, **facts: Any):
        super().__init__(most=most, **facts)


class Mail(Text):
    """An e-mail address."""

    def faults(self, value: Any) -> Iterator[Words]:
        yield from super().faults(value)
        if isinstance(value, str) and not _MAIL.fullmatch(value):
            yield WRONG_FORM(label=label_of(self))


class Phone(Text):
    """A telephone number as people write it."""

    def faults(self, value: Any) -> Iterator[Words]:
        yield from super().faults(value)
        if isinstance(value, str) and not _PHONE.fullmatch(value):
            yield WRONG_FORM(label=label_of(self))


class Sealed(Rule, BaseField):
    """A sensitive text, kept encrypted (3.2.4); `form` is the kind of field whose rule it follows."""

    def __init__(self, form: Text | None = None, **facts: Any):
        super().__init__(**facts)
        self.form = form or Text()

    @property
    def _place(self) -> str:
        return f"{self.owner_document.__name__}.{self.name}"

    def to_mongo(self, value: Any) -> Any:
        return value if value is None or isinstance(value, bytes) else Binary(secrets.seal(value, self._place))

    def to_python(self, value: Any) -> Any:
        return secrets.unseal(bytes(value), self._place) if isinstance(value, bytes) else value

    def validate(self, value: Any, clean: bool = True) -> None:
        if not isinstance(value, str | bytes):
            self.error("text expected")

    def prepare_query_value(self, op: str, value: Any) -> Any:
        raise TypeError("a sealed field cannot be queried")

    def faults(self, value: Any) -> Iterator[Words]:
        self.form.label = label_of(self)
        yield from self.form.faults(value)


class Whole(Rule, me.IntField):
    """A whole number between `least` and `most`."""

    def __init__(self, *, least: int | None = None, most: int | None = 10**12, **facts: Any):
        super().__init__(**facts)
        self.least, self.most = least, most

    def faults(self, value: Any) -> Iterator[Words]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield NOT_A_NUMBER(label=label_of(self))
        else:
            yield from _range_faults(self, value)


class Number(Rule, me.Decimal128Field):
    """A decimal number with at most `places` decimals."""

    def __init__(self, *, places: int = 2, least: Any = None, most: Any = Decimal(10) ** 15, **facts: Any):
        super().__init__(**facts)
        self.places = places
        self.least = None if least is None else Decimal(least)
        self.most = Decimal(most)

    def to_mongo(self, value: Any) -> Any:
        """Kept with all its decimals, so that 100 and 100.00 are the same value in the database too."""
        if isinstance(value, Decimal) and value.is_finite():
            exponent = value.as_tuple().exponent
            if isinstance(exponent, int) and exponent > -self.places and value.adjusted() < 25:
                value = value.quantize(Decimal(1).scaleb(-self.places))
        return super().to_mongo(value)

    def faults(self, value: Any) -> Iterator[Words]:
        try:
            number = Decimal("NaN" if isinstance(value, bool) else value)
        except (InvalidOperation, TypeError, ValueError):
            yield NOT_A_NUMBER(label=label_of(self))
            return
        if not number.is_finite():
            yield NOT_A_NUMBER(label=label_of(self))
            return
        if decimals_of(number) > self.places:
            yield TOO_FINE(label=label_of(self), places=self.places)
        yield from _range_faults(self, number)


class Money(Number):
    """An amount in the record's currency, to the cent; never a float."""

    def __init__(self, *, least: Any = 0, **facts: Any):
        super().__init__(places=2, least=least, **facts)


def decimals_of(number: Decimal) -> int:
    """How many decimals a finite number has, without the zeros at its end; `normalize` would round long ones away."""
    _, digits, exponent = number.as_tuple()
    kept = "".join(map(str, digits)).rstrip("0")
    return max(0, -(int(exponent) + len(digits) - len(kept))) if kept else 0


def _range_faults(field: Any, value: Any) -> Iterator[Words]:
    if field.least is not None and value < field.least:
        yield TOO_SMALL(label=label_of(field), least=field.least)
    if field.most is not None and value > field.most:
        yield TOO_LARGE(label=label_of(field), most=field.most)


class Flag(Rule, me.BooleanField):
    """Yes or no."""

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, bool):
            yield WRONG_FORM(label=label_of(self))


class Day(Rule, me.DateField):
    """A date as written on paper, without a time zone."""

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, dt.date) or not 1900 <= value.year <= 2200:
            yield WRONG_FORM(label=label_of(self))


class Moment(Rule, me.DateTimeField):
    """A point in time, kept in UTC."""

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, dt.datetime) or not 1900 <= value.year <= 2200:
            yield WRONG_FORM(label=label_of(self))


class Choice(Rule, me.StringField):
    """One of a few declared options: a mapping of stable id to label."""

    def __init__(self, options: Mapping[str, L], **facts: Any):
        super().__init__(**facts)
        self.options = dict(options)

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, str) or value not in self.options:
            yield NOT_A_CHOICE(label=label_of(self), choices=Listed(tuple(self.options.values())))


class Choices(Rule, me.ListField):
    """Any number of a few declared options."""

    def __init__(self, options: Mapping[str, L], **facts: Any):
        super().__init__(me.StringField(), **facts)
        self.options = dict(options)

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, list | tuple) or any(not isinstance(x, str) or x not in self.options for x in value):
            yield NOT_A_CHOICE(label=label_of(self), choices=Listed(tuple(self.options.values())))


class Tags(Rule, me.ListField):
    """Free words that people find a record by."""

    def __init__(self, **facts: Any):
        super().__init__(me.StringField(), **facts)

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, list | tuple) or len(value) > 50:
            yield TOO_MANY(label=label_of(self), most=50)
        elif any(not isinstance(tag, str) or not tag or len(tag) > 40 or _CONTROL.search(tag) for tag in value):
            yield WRONG_FORM(label=label_of(self))


class Ref(Rule, me.ReferenceField):
    """A link to one record of a type, kept as its id; one whose target is gone reads as a bare DBRef, not an error.

    `fills` names fields beside it that are filled, while they are empty, from fields of the record that is chosen.
    """

    @staticmethod
    def _lazy_load_ref(ref_cls: type, dbref: DBRef) -> Any:
        db = ref_cls._get_db()  # type: ignore[attr-defined]
        found = db[dbref.collection].find_one({"_id": dbref.id}) or in_archive(dbref.collection, {"_id": dbref.id})
        return ref_cls._from_son(found) if found else dbref  # type: ignore[attr-defined]

    def __get__(self, instance: Any, owner: Any) -> Any:
        """The linked record; a form gives its id, which MongoEngine by itself would hand back as it is."""
        if instance is not None and isinstance(held := instance._data.get(self.name), ObjectId):
            instance._data[self.name] = self.to_python(held)
        return super().__get__(instance, owner)

    @property
    def target(self) -> str:
        """The class name of the type that it links to."""
        kind = self.document_type_obj
        return kind if isinstance(kind, str) else kind.__name__

    def faults(self, value: Any) -> Iterator[Words]:
        if id_of(value) is None:
            yield WRONG_FORM(label=label_of(self))


class Refs(Rule, me.ListField):
    """Links to several records of a type, in order."""

    def __init__(self, target: str, **facts: Any):
        super().__init__(Ref(target), **facts)

    @property
    def target(self) -> str:
        return self.field.target

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, list | tuple) or any(id_of(one) is None for one in value):
            yield WRONG_FORM(label=label_of(self))
        elif len(value) > 500:
            yield TOO_MANY(label=label_of(self), most=500)


class Line(me.EmbeddedDocument):
    """One line of an embedded list; subclasses declare its columns, `clean` fills computed ones."""

    meta = {"abstract": True, "strict": False}

    def ref(self, name: str) -> ObjectId | None:
        return id_of(self._data.get(name))

    def check(self) -> Iterator[tuple[str, Words]]:
        """What is wrong with the line as a whole: pairs of column and sentence."""
        yield from ()


class Lines(Rule, me.EmbeddedDocumentListField):
    """Embedded lines, in order."""

    lines_max = 500

    def __get__(self, instance: Any, owner: Any) -> Any:
        """The lines as they are held; MongoEngine by itself would load everything that they link to."""
        return self if instance is None else instance._data.get(self.name)

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, list | tuple) or any(not isinstance(line, Line) for line in value):
            yield WRONG_FORM(label=label_of(self))
        elif len(value) > self.lines_max:
            yield TOO_MANY(label=label_of(self), most=self.lines_max)

    @property
    def columns(self) -> dict[str, Any]:
        """The declared fields of a line by name, in the order written."""
        return declared_fields(self.field.document_type)


def id_of(value: Any) -> ObjectId | None:
    """The id behind a reference in whatever shape it is held, without loading it."""
    if isinstance(value, ObjectId):
        return value
    if isinstance(value, DBRef | me.Document):
        return value.id
    return None


def declared_fields(cls: type) -> dict[str, Any]:
    """A class's fields by name in the order written (a base's first), without MongoEngine's own."""
    found = {name: field for name, field in cls._fields.items() if isinstance(field, Rule)}  # type: ignore[attr-defined]
    return dict(sorted(found.items(), key=lambda pair: pair[1].creation_counter))


def is_empty(value: Any) -> bool:
    """Whether nothing was filled in; blanks, the Chinese one too, are nothing."""
    if isinstance(value, str):
        return not value.strip(BLANKS)
    return value is None or (isinstance(value, list | tuple | dict) and not value)


def problems_in(document: Any, fields: Mapping[str, Any], prefix: str = "") -> Problems:
    """Everything that is wrong with the values of these fields, lines included. No query is made."""
    problems = Problems()
    for name, field in fields.items():
        value = document._data.get(name)
        path = prefix + name
        if is_empty(value):
            if field.required:
                problems.add(path, REQUIRED(label=label_of(field)))
            continue
        before = len(problems)
        for sentence in field.faults(value):
            problems.add(path, sentence)
        if isinstance(field, Lines) and len(problems) == before:
            for at, line in enumerate(value):
                problems.update(problems_in(line, field.columns, f"{path}.{at}."))
                for column, sentence in line.check():
                    problems.add(f"{path}.{at}.{column}", sentence)
    return problems
