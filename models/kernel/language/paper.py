"""Papers of a record: documents in one fixed format, made by a move and attached, or for a reader by a button."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.words import HANT, LOCALES, L
from .names import Names, NameSet
from .outside import CREATE, holds_language, values_at
from .relations import Relation

if TYPE_CHECKING:
    from .spec import Declaration

FORMATS = Path(__file__).parents[2] / "data" / "papers"
GENERAL = "paper.typ"


@dataclass(frozen=True)
class Paper:
    """A document in a fixed format: `Paper("notice", L(…), format="notice.typ", on="issue", attach="letter")`.

    `format` names a file in `models/data/papers/`; without one it is the general one. `on`: the moves that make it, or
    "create"; what it says is kept in their transaction, and a run ordered there attaches it, once, under the file kind
    `attach`. `when` is asked at the move and again before it is made. Without `on`, or with `button`, a reader has it
    made by a button, in the language and with the rights of that reader, in the `states` that are named.

    `fields`: what it says (none: all fields); an attached one says nothing that not everybody sees who reads it, from
    the state on in which it is made.
    `note`: a sentence below them, such as how an amount comes about.
    `content(record, reader)` gives more for its format, as texts; `reader` is None where it is attached.

    `languages`: one paper in each of these; `locale` is a field, of the record or of one that it links to, that holds
    the language of who gets it, and goes before. `proof` prints on an attached one its number, version, a code of what
    it says, which stands beside the file, and a QR code that leads to where anybody checks it (`/p/check/`); with
    `public`, to the page behind the record's public link, on which whoever holds the paper sees what the type shows.
    """

    id: str
    label: L
    _: KW_ONLY
    format: str = GENERAL
    on: Names = Names(())
    attach: str = ""
    when: Callable[[Any], bool] | None = None
    button: bool | None = None
    states: NameSet = NameSet(frozenset())
    fields: Names = Names(())
    note: L | None = None
    content: Callable[[Any, Any], Mapping[str, Any]] | None = None
    languages: Names = Names((HANT,))
    locale: str = ""
    proof: bool = False
    public: bool = False

    @property
    def has_button(self) -> bool:
        """Whether a reader has it made."""
        return not self.on if self.button is None else self.button

    @property
    def path(self) -> Path:
        """Where its format stands."""
        return FORMATS / self.format

    def is_for(self, record: Any) -> bool:
        """Whether it is, or still is, to be made of a record."""
        return self.when is None or self.when(record)

    def languages_of(self, record: Any) -> tuple[str, ...]:
        """The languages in which it is made of a record."""
        chosen = [value for value in values_at(record, self.locale) if value in LOCALES] if self.locale else []
        return (chosen[0],) if chosen else self.languages

    def is_offered(self, record: Any) -> bool:
        """Whether its button stands on the page of a record."""
        return self.has_button and (not self.states or record.state in self.states) and self.is_for(record)


def paper_faults(spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the papers of a type, as halves of a sentence."""
    ids = [paper.id for paper in spec.papers if isinstance(paper, Paper)]
    yield from (f"paper {id!r} is declared twice" for id in sorted({id for id in ids if ids.count(id) > 1}))
    for paper in spec.papers:
        if not isinstance(paper, Paper):
            yield f"papers has {paper!r}, which is no Paper(...)"
            continue
        for faults in (_form_faults, _cause_faults, _language_faults):
            yield from (f"paper {paper.id!r} {fault}" for fault in faults(paper, spec, fields))
        yield from (f"paper {paper.id!r} {fault}" for fault in _field_faults(paper, spec, fields))


def _form_faults(paper: Paper, spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    if not paper.id.isidentifier():
        yield "has a name that is no word of letters"
    if "/" in paper.format or not paper.path.is_file():
        yield f"has the format {paper.format!r}, which does not stand in models/data/papers/"
    if paper.note is not None and not isinstance(paper.note, L):
        yield f"has note={paper.note!r}, which is not a label in the languages of the house (L)"
    elif paper.note is not None and paper.format != GENERAL:
        yield f"has note=, which the format {paper.format!r} does not print"
    if paper.content is not None and len(inspect.signature(paper.content).parameters) != 2:
        yield "has content= that does not take the record and the reader"


def _cause_faults(paper: Paper, spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    moves = spec.workflow.moves if spec.workflow else ()
    for verb in paper.on:
        made = [move for move in moves if move.verb == verb]
        if verb != CREATE and not made:
            yield f"is made by a move {verb!r} that does not exist"
        if any(move.target in move.source for move in made):
            yield f"is made by {verb!r}, which leads where it begins"
    if paper.on and not paper.attach:
        yield "is made by a move, but attached nowhere: say attach="
    if paper.attach and not paper.on:
        yield "is attached, but no move makes it: say on="
    if paper.proof and not paper.attach:
        yield "has proof=, but no file with which its code is compared: say attach="
    if paper.attach and paper.attach not in spec.file_kinds:
        yield f"is attached as a file kind {paper.attach!r} that is not declared"
    if not (paper.on or paper.has_button):
        yield "is made by no move and by no button"
    if paper.public and not (paper.proof and spec.public is not None and getattr(spec.public, "token", False)):
        yield "has public=, but no QR code or no public link: say proof=True, and Public(token=True)"
    if paper.states and not paper.has_button:
        yield "has states=, but no button"
    for state in sorted(paper.states - set(spec.workflow.states if spec.workflow else ())):
        yield f"is offered in a state {state!r} that does not exist"


def _language_faults(paper: Paper, spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    if not paper.languages:
        yield "is made in no language"
    yield from (f"is made in {name!r}, which is no language" for name in paper.languages if name not in LOCALES)
    name, _, rest = paper.locale.partition(".")
    is_linked = bool(rest) and name in fields and fields[name].is_single_link
    if paper.locale and not is_linked and not holds_language(fields.get(paper.locale)):
        yield f"speaks the language in {paper.locale!r}, which is no choice of languages"


def _field_faults(paper: Paper, spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    flow, states = spec.workflow, frozenset[str]()
    if flow:
        made_in = {move.target for move in flow.moves if move.verb in paper.on}
        states = flow.reached_from(made_in | ({flow.start} if CREATE in paper.on else set()))
    for name in paper.fields:
        if name not in spec.own_fields:
            yield f"says a field {name!r} that the type does not have"
        elif paper.on and not is_for_everybody(fields[name], states):
            yield f"is attached and says {name!r}, which not everybody may see who reads the record"


def is_for_everybody(field: Any, states: Collection[str] = ()) -> bool:
    """Whether a field may stand in what everybody sees who opens the record in these states (none: in any); what is
    kept sealed may not."""
    is_seen = field.see is None or (
        bool(states) and isinstance(field.see, Relation) and field.see.is_for_all_in(states)
    )
    return is_seen and not field.internal and (field.is_signature or field.is_for_strangers)
