"""The facts that every kind of field takes by name, in one place: what each means, its default, what it may be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Set
from typing import Any, TypedDict

from ..base.roles import Role
from ..base.words import L, Sentence, Words
from .relations import Relation, related
from .rollup import Rollup
from .who import Who


class DeclarationError(Exception):
    """A declaration that cannot be right; stops the program at import and names the type and the fault."""


class Facts(TypedDict, total=False):
    """What can be said of a field of any kind. What a single kind takes beside them (`most`, `places`, `fills`) stands
    in its constructor; a name that is in neither is a fault of the declaration."""

    label: Words
    """How people call it; every declared field has one."""
    help: Words
    """One sentence beside the input of the form, and in the notes on filling in."""
    required: bool
    """Whether a record without it is refused."""
    default: Any
    """What a new record begins with; a callable is called for each."""
    unique: bool
    """Whether no two records, the bin included, may have the same; for several fields, other kinds or some states only,
    `record(unique=(Unique(...),))`."""
    see: Set[Role] | Who | Relation
    """The roles that are shown it, everywhere; the supervision group always is. Or who is shown it by their relation to
    the record and by its state, `OWNER | user_in("manager") | in_state("published")`: then it stands on the pages of
    single records alone, in no list, search, filter, export or notice. Default: whoever reads the record."""
    overseen: bool
    """False: the supervision group is shown it by the roles of `see` alone, as everybody is; for what would tell it
    what it may not read elsewhere."""
    edit: Set[Role] | Who | Relation
    """The roles among the writers that may set it. Or who sets it by relation and state, writers or not, and nobody
    else; where no state is named, while the record may be changed. Default: whoever writes the record."""
    editable_in: Collection[str]
    """States in which it may still be set although the record is closed."""
    computed: bool
    """Filled by `clean` and never typed."""
    rollup: Rollup
    """What it holds of other records that link to its own, counted at each of their writes; never typed."""
    fixed: bool
    """Set when the record is entered, and never again."""
    restricted: bool
    """Content: shown to those only who may open the record, so it stands in no list, search or title."""
    derived: bool
    """It follows from other records and is kept with the record as the search parts are: never typed, in no history,
    and made anew where what it follows from changes. `suspect` is filled by the gate (`Editions`), others by the class
    method `derived_of`."""
    fresh: bool
    """People change it only right after they have confirmed who they are (ASVS 7.5.3); a flag, where they set it."""
    internal: bool
    """A note of the system to itself: kept and computed with, and shown to nobody."""


def fact_faults(kind: str, facts: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the facts of one field, as halves of a sentence that begins with the name of the field."""
    for name, value in facts.items():
        if name not in Facts.__annotations__:
            yield f"has an option {name!r} that {kind} does not know"
        elif (rule := _RULES.get(name)) and not rule[0](value):
            yield f"has {name}={value!r}, which is not {rule[1]}"
    if facts.get("overseen") is False and not isinstance(facts.get("see"), Set):
        yield "has overseen=False, but no roles in see= that are shown it"
    if facts.get("required") and facts.get("computed"):
        yield "is required and computed: nobody could fill it in"
    if facts.get("internal") and facts.get("required") and "default" not in facts:
        yield "is internal and required: nobody could fill it in"


def is_names(value: Any) -> bool:
    """Whether a value is a collection of names; a single text, which is one of letters, is not."""
    return isinstance(value, Collection) and not isinstance(value, str) and all(isinstance(x, str) for x in value)


def usable(name: str, value: Any) -> Any:
    """A fact as it is kept: a set of roles holds roles only, so that what is no role lets nobody see or edit."""
    if name in ("see", "edit"):
        if isinstance(value, Who | Relation):
            return related(value)
        return frozenset(role for role in value if isinstance(role, Role)) if isinstance(value, Set) else frozenset()
    return frozenset(value) if name == "editable_in" and is_names(value) else value


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_words(value: Any) -> bool:
    return isinstance(value, L | Sentence)


def _is_roles(value: Any) -> bool:
    if isinstance(value, Who | Relation):
        return True
    return isinstance(value, Set) and bool(value) and all(isinstance(role, Role) for role in value)


def _is_rollup(value: Any) -> bool:
    return isinstance(value, Rollup)


_WORDS = (_is_words, "a label in the languages of the house (L)")
_FLAG = (_is_flag, "True or False")
_ROLES = (_is_roles, "a set of roles")
_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "label": _WORDS,
    "help": _WORDS,
    "required": _FLAG,
    "unique": _FLAG,
    "see": _ROLES,
    "overseen": _FLAG,
    "edit": _ROLES,
    "editable_in": (is_names, "a set of states"),
    "computed": _FLAG,
    "fixed": _FLAG,
    "rollup": (_is_rollup, "a Rollup"),
    "restricted": _FLAG,
    "derived": _FLAG,
    "fresh": _FLAG,
    "internal": _FLAG,
}
