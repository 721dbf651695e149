"""What every kind of field is: its facts, its rule, the sentences when it is broken, and how cells are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Unpack

from bson import ObjectId

from ...base.roles import Role
from ...base.words import LOCALES, L, Words, enumerate_words, speaking
from ..facts import Facts, fact_faults, usable
from ..relations import Relation
from ..rollup import Rollup
from ..typed import BadValue, parse

CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
REQUIRED = L("“{label}” is needed.", "請填寫「{label}」。", code="required")
TOO_LONG = L(
    "“{label}” may have {most} characters at most; these are {count}.",
    "「{label}」最多 {most} 字，現有 {count} 字。",
    code="too_long",
)
CONTROL = L("“{label}” contains a character that cannot be kept.", "「{label}」含有無法保存的字符。", code="form")
NOT_A_CHOICE = L("“{label}” must be one of: {choices}.", "「{label}」須為下列之一：{choices}。", code="not_a_choice")
NO_SUCH_OPTION = L(
    "“{label}”: there is no such choice (any more): {value}. Choose one of the list.",
    "「{label}」：沒有（或已不存在）此選項：{value}。請從列表中選擇。",
    code="not_a_choice",
)
TOO_SMALL = L("“{label}” must be {least} or more.", "「{label}」不得小於 {least}。", code="range")
TOO_LARGE = L("“{label}” must be {most} or less.", "「{label}」不得大於 {most}。", code="range")
NOT_A_NUMBER = L("“{label}” must be a number.", "「{label}」須為數字。", code="form")
TOO_FINE = L("“{label}” may have {places} decimals at most.", "「{label}」最多 {places} 位小數。", code="form")
WRONG_FORM = L("“{label}” is not in the right form.", "「{label}」格式不正確。", code="form")
NOT_THERE = L(
    "What “{label}” names does not exist, or is not yours to see.",
    "「{label}」所指的記錄不存在，或您無權查看。",
    code="no_such_record",
)
YES_OR_NO = L("“{label}” must be yes or no.", "「{label}」須為「是」或「否」。", code="form")
NO_SUCH_FIELD = L(
    "There is no such field here, or it is not yours to set.", "此處沒有這個字段，或您無權填寫。", code="no_such_field"
)
TOO_MANY = L("“{label}” may have {most} lines at most.", "「{label}」最多 {most} 行。", code="too_many")
_ENGINE_FACTS = ("required", "unique", "default")
_OWN_FACTS = Facts.__annotations__.keys() - set(_ENGINE_FACTS)


Sees = Callable[[Any], bool]
"""Whether somebody is shown a field, or a column of lines."""


class LinkNames(Protocol):
    """What the names of records in a sheet mean, and what linked records are called there."""

    def meant(self, link: Any, text: str) -> ObjectId: ...

    def several(self, link: Any, text: str) -> list[ObjectId]: ...

    def title(self, link: Any, id: ObjectId) -> str: ...

    def meant_kept(self, link: Any, text: str) -> str: ...

    def kept_titles(self, link: Any, kept: str) -> list[str]: ...


class Rule:
    """Mixed into every kind of field: its facts (`Facts` says what each means), how a value is read, and what is wrong
    with it, in whole sentences. What is wrong with the field itself is kept for the check of its record type.

    What a kind needs of pages stands in `views.kinds`.
    """

    label: Words | None = None
    help: Words | None = None
    see: frozenset[Role] | Relation | None = None
    overseen: bool = True  # the supervision group is shown it, whatever `see` says
    edit: frozenset[Role] | Relation | None = None
    editable_in: frozenset[str] = frozenset()
    computed: bool = False
    fixed: bool = False
    rollup: Rollup | None = None
    restricted: bool = False
    fresh: bool = False
    derived: bool = False
    by_edition: bool = False  # links to an edition of a record
    internal: bool = False
    unit: Words | str = ""
    fills: Mapping[str, str] = {}
    states: frozenset[str] = frozenset()
    acyclic: bool = False
    informs: bool = False
    ordered: bool = False
    tree: bool = False
    answers_to: str = ""  # the questions of a linked record, `survey.questions`, that it holds answers to
    photos: str = ""  # the file kind of the photographs that are taken beside its questions
    own_faults: tuple[str, ...] = ()

    is_single_link: ClassVar[bool] = False  # names one record
    is_grouped: ClassVar[bool] = False  # charts and tables may count records by it
    is_exact: ClassVar[bool] = False  # typed in digits or ids: full-width signs mean the plain ones
    is_moment: ClassVar[bool] = False  # a point in time, by which a clock can go
    is_flag: ClassVar[bool] = False
    is_number: ClassVar[bool] = False
    is_date: ClassVar[bool] = False  # a record stands in a calendar by it
    is_sortable: ClassVar[bool] = True  # kept in the order in which it reads
    is_for_strangers: ClassVar[bool] = True  # may stand on public pages
    is_from_strangers: ClassVar[bool] = True  # may be typed on a public form
    is_indexable: ClassVar[bool] = True  # short, and kept as it is
    is_text: ClassVar[bool] = False  # kept as the text that a person typed
    is_column: ClassVar[bool] = True  # a reader may choose it as a column of a list
    is_in_sheet: ClassVar[bool] = True  # a cell of a sheet can fill it
    line_target = line_list = ""  # the type and the list of lines to one of which it links
    is_rhythm: ClassVar[bool] = False  # says how often something comes again
    is_any_link: ClassVar[bool] = False  # kept with the type of the record that it links to
    is_signature: ClassVar[bool] = False  # signed by the gate; given once
    holds_mail: ClassVar[bool] = False  # its values are mail addresses
    is_written: ClassVar[bool] = False  # a text in free words, sealed or not
    is_line_state: ClassVar[bool] = False  # says of a line how far it is
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

    def settled(self, record: Any, value: Any) -> Any:
        """What a value means that a record is given: itself, but for kinds for which something else may stand."""
        return value

    @property
    def is_picked(self) -> bool:
        """Whether a picker enters it, so that a text may stand there which nobody chose."""
        return bool(self.target) or self.is_kept_link

    @property
    def is_kept_link(self) -> bool:
        """Whether it is kept as a text that names where it leads, to a line or to a record of any type."""
        return self.is_any_link or bool(self.line_target)

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
        self.computed = self.computed or self.rollup is not None or self.derived

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

    def in_words(self, value: Any) -> Any:
        """A value as it stands in a sentence: a text, or words that turn into the language that is spoken."""
        return str(value)

    def order_key(self, name: str) -> str:
        """Where the database keeps what a list sorts by, for a field of this name."""
        return name

    def is_done(self, value: Any) -> bool:
        """Whether a value of it says that its line is done."""
        return value is not None

    def not_done(self) -> Any:
        """What the database compares it with to find lines that are not done."""
        return None

    def ids_in(self, value: Any) -> list[ObjectId]:
        """The records that a value links to."""
        return []

    def names_in(self, text: str) -> list[str]:
        """The names of records in a cell of a sheet."""
        return []

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        """What reads the cells of a column; it is made once for a sheet, and raises BadValue."""
        return partial(parse, self)

    def in_json(self, value: Any, sees: Sees) -> Any:
        """A stored value as JSON says it to a program: exactly, in no language, and only what `sees` allows."""
        return value

    def from_json(self, given: Any, sees: Sees) -> Any:
        """The value that a JSON one, which is not null, means. Raises BadValue."""
        if not isinstance(given, str):
            raise BadValue(self.misread())
        return parse(self, given)

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        """What `in_json` gives and `from_json` takes, as a JSON Schema of its own."""
        return {"type": "string"}

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        """How an export writes a value, in each language; nothing for kinds of which it leaves something out."""
        yield from ()

    def is_said_by(self, text: str, value: Any, names: LinkNames) -> bool:
        """Whether a cell says this value as an export would have written it."""
        exported = [""] if value is None or value == [] else self.exported(value, names)
        return text.strip() in {known.strip() for known in exported}


def label_of(field: Any) -> Words:
    return (isinstance(field, Rule) and field.label) or L(field.name, field.name)


def in_each_language(values: Callable[[], list[Any]]) -> Iterator[str]:
    """Some values as an export writes them in one cell, in each language."""
    for locale in LOCALES:
        with speaking(locale):
            yield enumerate_words([str(value) for value in values()])


def described(field: Any, sees: Sees) -> dict[str, Any]:
    """The JSON Schema of a field as it stands in a record or a line: with its label, and null where it may be empty."""
    own = dict(field.json_schema(sees))
    notes = [str(words) for words in (label_of(field), field.help, own.get("description")) if words]
    own["description"] = " · ".join(notes)
    if field.computed:
        own["readOnly"] = True
    own["type"] = [own["type"], "null"]
    if "enum" in own:
        own["enum"] = [*own["enum"], None]
    return own
