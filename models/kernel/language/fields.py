"""The kinds of fields: MongoEngine's own, each knowing its label, its rule, and the sentence when it is broken."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Unpack

import mongoengine as me
from bson import DBRef, ObjectId
from bson.binary import Binary
from mongoengine.base import BaseField

from ..base import characters, clock, secrets
from ..base.collections import in_archive
from ..base.people import Role
from ..base.words import LOCALES, L, Listed, Words, enumerate_words, speaking
from . import typed
from .facts import Facts, fact_faults, is_names, usable
from .typed import BadValue, parse

SHORT_MAX = 200
LONG_MAX = 20_000
BLANKS = " \t\r\n\u00a0\u3000"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LINE_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_MAIL = re.compile(
    r"[^@\s<>,;]{1,64}@(?:[^\W_][\w-]{0,62}\.){1,8}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59})", re.IGNORECASE
)
_PHONE = re.compile(
    r"(?:(?:tel|phone|mobile|電話|电话|手機|手机)\.?:? ?)?[+(]{0,2}[0-9](?:[0-9 ()./\-–—~、,;+]"
    r"|轉|转|分機|分机|內線|内线|ext\.?:?|extension|x|#){4,60}",
    re.IGNORECASE,
)
_PHONE_DIGITS_MIN = 5

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
YES_OR_NO = L("“{label}” must be yes or no.", "「{label}」須為「是」或「否」。")
TOO_MANY = L("“{label}” may have {most} lines at most.", "「{label}」最多 {most} 行。")


_ENGINE_FACTS = ("required", "unique", "default")
_OWN_FACTS = Facts.__annotations__.keys() - set(_ENGINE_FACTS)


class Problems(dict[str, list[Words]]):
    """What is wrong, by dotted path of the field."""

    def add(self, path: str, sentence: Words) -> None:
        self.setdefault(path, []).append(sentence)


class LinkNames(Protocol):
    """What the names of records in a sheet mean, and what linked records are called there."""

    def meant(self, link: Any, text: str) -> ObjectId: ...

    def several(self, link: Any, text: str) -> list[ObjectId]: ...

    def title(self, link: Any, id: ObjectId) -> str: ...


class Rule:
    """Mixed into every kind of field: its facts (`Facts` says what each means), how a value is read, and what is wrong
    with it, in whole sentences. What is wrong with the field itself is kept for the check of its record type.

    What a kind needs of pages stands in `views.kinds`.
    """

    label: Words | None = None
    help: Words | None = None
    see: frozenset[Role] | None = None
    edit: frozenset[Role] | None = None
    editable_in: frozenset[str] = frozenset()
    computed: bool = False
    fixed: bool = False
    restricted: bool = False
    internal: bool = False
    unit: Words | str = ""
    fills: Mapping[str, str] = {}
    states: frozenset[str] = frozenset()
    acyclic: bool = False
    tree: bool = False
    own_faults: tuple[str, ...] = ()

    is_exact: ClassVar[bool] = False  # typed in digits or ids: full-width signs mean the plain ones
    is_date: ClassVar[bool] = False  # a record stands in a calendar by it
    is_sortable: ClassVar[bool] = True  # kept in the order in which it reads
    is_indexable: ClassVar[bool] = True  # short, and kept as it is
    is_text: ClassVar[bool] = False  # kept as the text that a person typed
    is_column: ClassVar[bool] = True  # a reader may choose it as a column of a list
    is_in_sheet: ClassVar[bool] = True  # a cell of a sheet can fill it
    unreadable: ClassVar[L] = WRONG_FORM

    if TYPE_CHECKING:  # what MongoEngine's fields have; it ships no types
        creation_counter: int
        name: str
        required: bool
        unique: bool
        default: Any

        def __get__(self, instance: Any, owner: Any) -> Any: ...

        def __set__(self, instance: Any, value: Any) -> None: ...

    @property
    def target(self) -> str:
        """The class name of the type that it links to; empty: it is no link."""
        return ""

    @property
    def columns(self) -> Mapping[str, Any]:
        """The declared fields of a line by name, for a kind that holds lines."""
        return {}

    def __init__(self, *given: Any, **facts: Unpack[Facts]) -> None:
        spec: dict[str, Any] = dict(facts)
        super().__init__(*given, **{name: spec[name] for name in _ENGINE_FACTS if name in spec})
        self.note_faults(fact_faults(type(self).__name__, spec))
        for name in spec.keys() & _OWN_FACTS:
            setattr(self, name, usable(name, spec[name]))

    def note_faults(self, faults: Iterable[str]) -> None:
        """Keep what is wrong with the declaration of the field."""
        self.own_faults += tuple(faults)

    def faults(self, value: Any) -> Iterator[Words]:
        yield from ()

    def cleaned(self, text: str) -> str:
        """A typed text without what is no part of it."""
        return text

    def read(self, text: str) -> Any:
        """The value that a typed text means, blanks around it taken off. Raises ValueError."""
        return text

    def misread(self) -> Words:
        """What is said of a text that is no value of this kind."""
        return self.unreadable(label=label_of(self))

    def found_by(self, value: Any) -> str:
        """The text by which a search finds a value of it, and which stands for it in a title."""
        return str(value)

    def ids_in(self, value: Any) -> list[ObjectId]:
        """The records that a value links to."""
        return []

    def names_in(self, text: str) -> list[str]:
        """The names of records in a cell of a sheet."""
        return []

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        """What reads the cells of a column; it is made once for a sheet, and raises BadValue."""
        return partial(parse, self)

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        """How an export writes a value, in each language; nothing for kinds of which it leaves something out."""
        yield from ()

    def is_said_by(self, text: str, value: Any, names: LinkNames) -> bool:
        """Whether a cell says this value as an export would have written it."""
        exported = [""] if value is None or value == [] else self.exported(value, names)
        return text.strip() in {known.strip() for known in exported}


def label_of(field: Any) -> Words:
    return (isinstance(field, Rule) and field.label) or L(field.name, field.name)


class Text(Rule, me.StringField):
    """One line of text."""

    is_text = True
    unwanted = _LINE_CONTROL

    def cleaned(self, text: str) -> str:
        """Without the characters that nobody can see."""
        return characters.visible(text)

    def __init__(self, *, most: int = SHORT_MAX, **facts: Unpack[Facts]):
        super().__init__(**facts)
        self.most = most

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, str):
            yield WRONG_FORM(label=label_of(self))
        elif self.unwanted.search(value):
            yield CONTROL(label=label_of(self))
        elif len(value) > self.most:
            yield TOO_LONG(label=label_of(self), most=self.most, count=len(value))

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield str(value).replace("\r\n", "\n")


class LongText(Text):
    """Several lines of text."""

    unwanted = _CONTROL

    def cleaned(self, text: str) -> str:
        """As it is: several lines may be a piece of code, or of another script."""
        return text

    is_sortable = is_indexable = False

    def __init__(self, *, most: int = LONG_MAX, **facts: Unpack[Facts]):
        super().__init__(most=most, **facts)


class Mail(Text):
    """An e-mail address."""

    def cleaned(self, text: str) -> str:
        return characters.plain(text)

    def faults(self, value: Any) -> Iterator[Words]:
        yield from super().faults(value)
        if isinstance(value, str) and not _MAIL.fullmatch(value):
            yield WRONG_FORM(label=label_of(self))


class Phone(Text):
    """A telephone number as people write it."""

    def cleaned(self, text: str) -> str:
        return characters.plain(text)

    def faults(self, value: Any) -> Iterator[Words]:
        yield from super().faults(value)
        if isinstance(value, str) and not _may_be_called(value):
            yield WRONG_FORM(label=label_of(self))


def _may_be_called(text: str) -> bool:
    """Whether a text is a telephone number in any way of writing: it is for calling, not for comparing."""
    has_digits = sum(one.isdigit() for one in text) >= _PHONE_DIGITS_MIN
    return has_digits and _PHONE.fullmatch(text) is not None and text[-1] not in "+-(./、,;"


class Sealed(Rule, BaseField):
    """A sensitive text, kept encrypted (3.2.4); `form` is the kind of field whose rule it follows."""

    def __init__(self, form: Text | None = None, **facts: Unpack[Facts]):
        super().__init__(**facts)
        self.form = form or Text()
        self.note_faults(self.form.own_faults)
        if self.unique:
            self.note_faults(["is unique, which what is sealed cannot be"])

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

    is_sortable = is_indexable = is_column = False

    def cleaned(self, text: str) -> str:
        return self.form.cleaned(text)

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield from self.form.exported(value, names)


class Whole(Rule, me.IntField):
    """A whole number between `least` and `most`; `unit` stands behind it wherever it is shown."""

    def __init__(
        self, *, least: int | None = None, most: int | None = 10**12, unit: Words | str = "", **facts: Unpack[Facts]
    ):
        super().__init__(**facts)
        self.least, self.most, self.unit = least, most, unit
        self.note_faults(_range_mistakes(self))

    def faults(self, value: Any) -> Iterator[Words]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield NOT_A_NUMBER(label=label_of(self))
        else:
            yield from _range_faults(self, value)

    is_exact = True
    unreadable = NOT_A_NUMBER

    def read(self, text: str) -> Any:
        return typed.whole_of(text)


class Number(Rule, me.Decimal128Field):
    """A decimal number with at most `places` decimals; `unit` stands behind it wherever it is shown."""

    def __init__(
        self,
        *,
        places: int = 2,
        least: Decimal | int | None = None,
        most: Decimal | int = Decimal(10) ** 15,
        unit: Words | str = "",
        **facts: Unpack[Facts],
    ):
        super().__init__(**facts)
        self.unit = unit
        self.places = places
        self.least = None if least is None else Decimal(least)
        self.most = Decimal(most)
        self.note_faults(_range_mistakes(self))

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

    is_exact = True
    unreadable = NOT_A_NUMBER

    def read(self, text: str) -> Any:
        return typed.number_of(text, is_percent=self.unit == "%")


class Money(Number):
    """An amount in the record's currency, to the cent; never a float."""

    def __init__(
        self, *, least: Decimal | int | None = 0, most: Decimal | int = Decimal(10) ** 15, **facts: Unpack[Facts]
    ):
        super().__init__(places=2, least=least, most=most, **facts)


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


def _range_mistakes(field: Any) -> Iterator[str]:
    if field.least is not None and field.most is not None and field.least > field.most:
        yield f"has least={field.least} above most={field.most}"


class Flag(Rule, me.BooleanField):
    """Yes or no."""

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, bool):
            yield WRONG_FORM(label=label_of(self))

    is_exact = True
    unreadable = YES_OR_NO

    def read(self, text: str) -> Any:
        return typed.flag_of(text)

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        return lambda text: bool(parse(self, text))


class Day(Rule, me.DateField):
    """A date as written on paper, without a time zone."""

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, dt.date) or not 1900 <= value.year <= 2200:
            yield WRONG_FORM(label=label_of(self))

    is_exact = is_date = True

    def read(self, text: str) -> Any:
        return typed.day_of(text, clock.today())

    def start_of(self, day: dt.date) -> dt.datetime:
        """How the database keeps the beginning of a day in this field."""
        return dt.datetime.combine(day, dt.time(), clock.UTC)

    def day_in(self, value: dt.date) -> dt.date:
        """The day of a kept value."""
        return value.date() if isinstance(value, dt.datetime) else value

    def moved_to(self, day: dt.date, value: Any) -> dt.date:
        """The value that a drag to another day makes of one."""
        return day


class Moment(Rule, me.DateTimeField):
    """A point in time, kept in UTC."""

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, dt.datetime) or not 1900 <= value.year <= 2200:
            yield WRONG_FORM(label=label_of(self))

    is_exact = is_date = True

    def read(self, text: str) -> Any:
        return typed.moment_of(text, clock.today()).replace(tzinfo=clock.zone()).astimezone(clock.UTC)

    def start_of(self, day: dt.date) -> dt.datetime:
        """How the database keeps the beginning of a day of the company in this field."""
        return clock.start_of(day)

    def day_in(self, value: dt.datetime) -> dt.date:
        """The day of a kept value, as the company's wall shows it."""
        return value.astimezone(clock.zone()).date()

    def moved_to(self, day: dt.date, value: Any) -> dt.datetime:
        """The value that a drag to another day makes of one: it keeps its time of the day."""
        time = value.astimezone(clock.zone()).time() if value else dt.time(9)
        return dt.datetime.combine(day, time, clock.zone()).astimezone(clock.UTC)

    def is_said_by(self, text: str, value: Any, names: LinkNames) -> bool:
        """An export shows no seconds."""
        if super().is_said_by(text, value, names):
            return True
        try:
            read = parse(self, text)
        except BadValue:
            return False
        return value is not None and read is not None and read == value.replace(second=0, microsecond=0)


class Choice(Rule, me.StringField):
    """One of a few declared options: a mapping of stable id to label."""

    def __init__(self, options: Mapping[str, L], **facts: Unpack[Facts]):
        super().__init__(**facts)
        self.options = dict(options)
        self.note_faults(_option_mistakes(options))

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, str) or value not in self.options:
            yield NOT_A_CHOICE(label=label_of(self), choices=Listed(tuple(self.options.values())))

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        spellings = _spellings(self.options)
        return lambda text: _option(self, spellings, text) if text.strip() else None

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        label = self.options.get(value)
        yield from (label.in_locale(locale) for locale in LOCALES if label)


def _option_mistakes(options: Mapping[str, L]) -> Iterator[str]:
    yield from (f"has an option {id!r} without a label" for id, label in options.items() if not isinstance(label, L))


class Choices(Rule, me.ListField):
    """Any number of a few declared options."""

    def __init__(self, options: Mapping[str, L], **facts: Unpack[Facts]):
        super().__init__(me.StringField(), **facts)
        self.options = dict(options)
        self.note_faults(_option_mistakes(options))

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, list | tuple) or any(not isinstance(x, str) or x not in self.options for x in value):
            yield NOT_A_CHOICE(label=label_of(self), choices=Listed(tuple(self.options.values())))

    is_sortable = False

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        return partial(self._labelled, _spellings(self.options))

    def _labelled(self, spellings: Mapping[str, set[str]], text: str) -> list[str]:
        """The options of the labels in one cell, each once. Raises BadValue."""
        try:
            labels = typed.names_in(text, lambda label: typed.label_folded(label) in spellings)
        except ValueError as fault:
            raise BadValue(self.misread()) from fault
        return [_option(self, spellings, label) for label in labels]

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield from _listed(lambda: [self.options.get(id, id) for id in value])


def _spellings(options: Mapping[str, L]) -> dict[str, set[str]]:
    """The ids of options by what may be typed for them; an id counts before a label that reads the same."""
    known: dict[str, set[str]] = {}
    for id, label in options.items():
        for locale in LOCALES:
            known.setdefault(typed.label_folded(label.in_locale(locale)), set()).add(id)
    return known | {typed.label_folded(id): {id} for id in options}


def _option(field: Any, spellings: Mapping[str, set[str]], text: str) -> str:
    """The option of a label in any language, or of its id. Raises BadValue."""
    meant = spellings.get(typed.label_folded(text), set())
    if len(meant) != 1:
        raise BadValue(NOT_A_CHOICE(label=label_of(field), choices=Listed(tuple(field.options.values()))))
    return next(iter(meant))


def _listed(values: Callable[[], list[Any]]) -> Iterator[str]:
    """Some values as an export writes them in one cell, in each language."""
    for locale in LOCALES:
        with speaking(locale):
            yield enumerate_words([str(value) for value in values()])


class Tags(Rule, me.ListField):
    """Free words that people find a record by."""

    def __init__(self, **facts: Unpack[Facts]):
        super().__init__(me.StringField(), **facts)

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, list | tuple) or len(value) > 50:
            yield TOO_MANY(label=label_of(self), most=50)
        elif any(not isinstance(tag, str) or not tag or len(tag) > 40 or _CONTROL.search(tag) for tag in value):
            yield WRONG_FORM(label=label_of(self))

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        return typed.tags_of

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield from _listed(lambda: value)


class Ref(Rule, me.ReferenceField):
    """A link to one record of a type, kept as its id; one whose target is gone reads as a bare DBRef, not an error.

    `fills` names fields beside it that are filled, while they are empty, from fields of the record that is chosen;
    `states`: only a record in one of them can be chosen; `acyclic`: following the link from record to record never
    comes back to the first; `tree`: what stands below a record is found from above, too.
    """

    def __init__(
        self,
        target: Any,
        *,
        fills: Mapping[str, str] | None = None,
        states: Collection[str] = (),
        acyclic: bool = False,
        tree: bool = False,
        **facts: Unpack[Facts],
    ):
        super().__init__(target, **facts)
        self.fills = dict(fills or {})
        self.states = frozenset(states)
        self.tree, self.acyclic = tree, acyclic or tree
        if not is_names(states):
            self.note_faults([f"has states={states!r}, which is not a set of states"])

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

    is_exact = True
    is_sortable = False

    def read(self, text: str) -> Any:
        return typed.id_of(text)

    def ids_in(self, value: Any) -> list[ObjectId]:
        id = id_of(value)
        return [id] if id else []

    def names_in(self, text: str) -> list[str]:
        return [text.strip()]

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        return lambda text: names.meant(self, text.strip()) if text.strip() else None

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield from _listed(lambda: [names.title(self, id) for id in self.ids_in(value)])


class Refs(Rule, me.ListField):
    """Links to several records of a type, in order."""

    def __init__(self, target: str, **facts: Unpack[Facts]):
        super().__init__(Ref(target), **facts)

    @property
    def target(self) -> str:
        return self.field.target

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, list | tuple) or any(id_of(one) is None for one in value):
            yield WRONG_FORM(label=label_of(self))
        elif len(value) > 500:
            yield TOO_MANY(label=label_of(self), most=500)

    is_exact = True
    is_sortable = False

    def read(self, text: str) -> Any:
        """One of its links, as a form sends them."""
        return typed.id_of(text)

    def ids_in(self, value: Any) -> list[ObjectId]:
        return [id for held in value or [] if (id := id_of(held)) is not None]

    def names_in(self, text: str) -> list[str]:
        return list(typed.joined_names(text))

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        return partial(names.several, self)

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield from _listed(lambda: [names.title(self, id) for id in self.ids_in(value)])


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
    is_sortable = is_indexable = is_in_sheet = is_column = False

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
        if field.columns and len(problems) == before:
            for at, line in enumerate(value):
                problems.update(problems_in(line, field.columns, f"{path}.{at}."))
                for column, sentence in line.check():
                    problems.add(f"{path}.{at}.{column}", sentence)
    return problems
