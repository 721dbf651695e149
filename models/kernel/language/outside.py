"""Mail to people outside, who are no users: which moves it follows, to whom it goes, and what it may say.

What is mailed leaves the house: it holds the words of the declaration and such fields as everybody may see who reads
the record. Addresses are read from the record, its lines, or a record that it links to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Any

from ..base.words import HANT, LOCALES, At, L, speaking
from .names import Names, OptionalNameSet
from .workflow import Workflow

if TYPE_CHECKING:
    from .spec import Declaration

CREATE = "create"
ADDED = "added"
BASE_PLACES = frozenset({"number", "state", "created_at"})
_PLAIN_PLACE = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Tell:
    """A mail that follows each of the moves `on`, or the entry of a record (`on="create"`), in the transaction of it.

    `to`: where the record names addresses: a field (`contact_mail`), a column of lines (`contacts.mail`), or these of a
    record that it links to (`customer.contacts.mail`). `subject` and `body` may have places: the number, the state, and
    fields that everybody may see who reads the record; what strangers typed into a public form is not mailed on its
    entry. `link`: adds the public link of the record, of types that give one. `locale`: the field, of the record or of
    one that it links to, that holds the language of the recipient; else it is the company's.

    `added`, instead of `on`: an append-only list of the record. Each new line of it is mailed, its first text in the
    place `{added}`.

    `having`: a field of the record that must be filled; else nothing is mailed. Of two mails of one move to one
    address the first that is declared goes out.

    `while_in`: the states in which the matter still stands when it is sent; else that to which the move leads, and
    those that the system makes of it by itself. `unsubscribe`: lets the recipient end mail of this type.

    `calendar`, of types with `event=`: the mail asks (`REQUEST`) or calls off (`CANCEL`), in a part that calendar
    programs read (RFC 6047).
    """

    on: Names = Names(())
    to: Names = Names()
    subject: L
    body: L
    link: bool = False
    locale: str = ""
    added: str = ""
    having: str = ""
    while_in: OptionalNameSet = OptionalNameSet(None)
    unsubscribe: bool = False
    calendar: str = ""

    @property
    def places(self) -> frozenset[str]:
        """What the places of its texts name, in any language. Raises ValueError for a pattern that is none."""
        texts = (text.in_locale(locale) for text in (self.subject, self.body) for locale in LOCALES)
        return frozenset(name for text in texts for name in _places_in(text))

    def states(self, flow: Workflow | None, verb: str) -> list[str] | None:
        """The states in which a mail that follows a verb is still to be sent; None: in every one."""
        if self.while_in is not None:
            return sorted(self.while_in)
        if flow is None or verb == CREATE:
            return None
        reached = {move.target for move in flow.moves if move.verb == verb}
        while more := {m.target for m in flow.moves if m.is_by_itself and not reached.isdisjoint(m.source)} - reached:
            reached |= more
        return sorted(reached)

    def language(self, record: Any) -> str:
        """The language in which the recipients of a record are written to."""
        chosen = [value for value in values_at(record, self.locale) if value in LOCALES] if self.locale else []
        return chosen[0] if chosen else HANT

    def line_of(self, record: Any, changed: Iterable[str]) -> str:
        """The text of the line that was added to the list that is mailed, if one was; else nothing."""
        lines: list[Any] = (record.raw(self.added) if self.added in changed else None) or []
        if not lines:
            return ""
        columns = record.fields_of()[self.added].columns
        return next((str(lines[-1].raw(name)) for name, column in columns.items() if column.is_text), "")

    def texts(self, record: Any, state: Any, locale: str, added: str = "") -> tuple[str, str]:
        """The subject, in one line, and the body for a record as it stands; `state`: the word of its state; `added`:
        the text of the line that is mailed."""
        with speaking(locale):
            words = {name: _in_words(record, name, state) for name in self.places - {ADDED}} | {ADDED: added}
            subject, body = (str(text).format(**words) for text in (self.subject, self.body))
        return " ".join(subject.split()), body


def values_at(record: Any, path: str) -> list[Any]:
    """What a record holds at a field, in a column of its lines, or so in the record that a field links to, which alone
    is loaded; nothing for what is not there."""
    name, _, rest = path.partition(".")
    held = record.raw(name)
    if held is None:
        return []
    if not rest:
        return held if isinstance(held, list) else [held]
    within = held if isinstance(held, list) else [getattr(record, name)]
    return [value for part in within if hasattr(part, "raw") for value in values_at(part, rest)]


def _in_words(record: Any, name: str, state: Any) -> str:
    """A field in the language that is spoken now."""
    if name == "state":
        return str(state)
    if name == "created_at":
        return str(At(record.created_at))
    value = record.raw(name)
    return "" if value is None else str(record.fields_of()[name].in_words(value))


def _places_in(text: str) -> Iterator[str]:
    """The names in the places of a pattern. Raises ValueError where one is more than a name."""
    for _, name, form, conversion in Formatter().parse(text):
        if name is None:
            continue
        if form or conversion or not _PLAIN_PLACE.fullmatch(name):
            raise ValueError(text)
        yield name


def tell_faults(spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the mails of a type, as halves of a sentence."""
    pairs: list[tuple[str, str]] = []
    for tell in spec.tells:
        if not isinstance(tell, Tell):
            yield f"tells has {tell!r}, which is no Tell(...)"
            continue
        yield from _cause_faults(tell, spec)
        for path in tell.to:
            yield from _address_faults(path, fields)
        if not tell.to:
            yield "mail to people outside names no address: say to="
        yield from _text_faults(tell, spec, fields)
        yield from _option_faults(tell, spec, fields)
        pairs += [(verb, path) for verb in tell.on for path in tell.to if not tell.having]
    for verb, path in sorted({pair for pair in pairs if pairs.count(pair) > 1}):
        yield f"mail to people outside goes to {path!r} twice for one {verb!r}"


def _cause_faults(tell: Tell, spec: Declaration) -> Iterator[str]:
    moves = spec.workflow.moves if spec.workflow else ()
    if bool(tell.on) is bool(tell.added):
        yield "mail to people outside follows one of moves and an added line: say on= or added="
    lines = spec.own_fields.get(tell.added)
    if tell.added and not (lines is not None and lines.columns and lines.append_only):
        yield f"mail to people outside has added={tell.added!r}, which is no append-only list"
    for verb in tell.on:
        made = [move for move in moves if move.verb == verb]
        if verb != CREATE and not made:
            yield f"mail to people outside follows a move {verb!r} that does not exist"
        if tell.calendar and any(move.is_decision for move in made):
            yield f"mail with calendar= follows {verb!r}, which several people may decide one after the other"
        is_bounded = any(prompt.move == verb for prompt in spec.prompts) or bool(tell.calendar)
        if not is_bounded and any(move.target in move.source for move in made):
            yield f"mail to people outside follows {verb!r}, which leads where it begins"
    if tell.having and tell.having not in spec.own_fields:
        yield f"mail to people outside has having={tell.having!r}, which is no field of the type"
    for state in sorted((tell.while_in or frozenset()) - set(spec.workflow.states if spec.workflow else ())):
        yield f"mail to people outside is sent in a state {state!r} that does not exist"


def _address_faults(path: str, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a path as far as this type knows; of a linked record the catalogue knows more."""
    name, _, rest = path.partition(".")
    field = fields.get(name)
    if field is not None and rest and field.is_single_link:
        return
    last = field if not rest else field.columns.get(rest) if field is not None else None
    if last is None or not last.holds_mail:
        yield f"mail to people outside goes to {path!r}, which holds no mail address"


def linked_address_faults(spec: Declaration, fields: Mapping[str, Any], types: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the paths of a type's mails and papers through links, where all types are known by class
    name."""
    for path in dict.fromkeys(path for tell in spec.tells for path in tell.to):
        name, _, rest = path.partition(".")
        if rest and fields[name].is_single_link and fields[name].target in types:
            for _fault in _address_faults(rest, types[fields[name].target].fields_of()):
                yield f"mail to people outside goes to {path!r}, which holds no mail address"
    spoken = [("mail to people outside", tell.locale) for tell in spec.tells]
    spoken += [(f"paper {paper.id!r}", paper.locale) for paper in spec.papers]
    for what, path in dict.fromkeys(spoken):
        name, _, rest = path.partition(".")
        if rest and not holds_language(_linked(fields[name], types).get(rest)):
            yield f"{what} speaks the language in {path!r}, which is no choice of languages"


def _linked(link: Any, types: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of the type that a field links to."""
    return types[link.target].fields_of() if link.target in types else {}


def _text_faults(tell: Tell, spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    if not (isinstance(tell.subject, L) and isinstance(tell.body, L)):
        yield "mail to people outside needs subject and body in L(...)"
        return
    try:
        places = tell.places
    except ValueError as wrong:
        yield f"mail to people outside has the text {str(wrong)!r}, with a place that is more than a name in brackets"
        return
    typed = frozenset(spec.public.create) if CREATE in tell.on and spec.public else frozenset()
    for name in sorted(places - BASE_PLACES - ({ADDED} if tell.added else set())):
        if name not in spec.own_fields:
            yield f"mail to people outside names a field {name!r} that the type does not have"
        elif fault := unshowable(fields[name]):
            yield f"mail to people outside says {name!r}, which {fault}"
        elif fields[name].columns:
            yield f"mail to people outside says {name!r}, which holds lines"
        elif name in typed:
            yield f"mail to people outside says {name!r} on entry, which a stranger typed: anybody would be mailed it"
    if "state" in places and spec.workflow is None:
        yield "mail to people outside says the state of a type that has none"


def _option_faults(tell: Tell, spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    if tell.link and not (spec.public and spec.public.token):
        yield "mail to people outside has link=, but nobody gets one: say public=Public(token=True)"
    name, _, rest = tell.locale.partition(".")
    is_linked = bool(rest) and name in fields and fields[name].is_single_link
    if tell.locale and not is_linked and not holds_language(fields.get(tell.locale)):
        yield f"mail to people outside speaks the language in {tell.locale!r}, which is no choice of languages"


def holds_language(field: Any) -> bool:
    """Whether a field is a choice of languages."""
    options = set(getattr(field, "options", None) or ())
    return bool(options) and options <= set(LOCALES)


def unshowable(own: Any) -> str:
    """Why a field cannot be shown to strangers; empty where it can."""
    if own.internal or own.restricted or own.see is not None or not own.is_for_strangers:
        return "not everybody may see who reads the record"
    return "names other records" if own.target or own.is_any_link else ""
