"""What is wrong with a record before it is written: its fields, its lines, its links, and the rules of its type."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document
from mongoengine.connection import get_db

from ..base.errors import Refused
from ..base.people import SYSTEM, Actor
from ..base.store import RowQuery, answers
from ..base.words import L, Words
from ..language.declare import kept_links_of, references_of, registered
from ..language.fields import NOT_THERE, LongText, Problems, label_of, problems_in
from ..language.kinds.links import id_of
from ..language.merging import stands_for, with_merged
from ..language.record import Record
from ..rights import rights
from . import alike, any_links, line_links, lines, signing
from .answering import answer_problems
from .circles import circle_problems
from .search_parts import parent_of

COMMENT_MAX = 4000
_SAID = LongText(most=COMMENT_MAX, label=L("Reason or comment", "原因或評論"))
DOUBT = "confirm"
PLEASE_CONFIRM = L(
    "Please look at the remarks. If the entry is right all the same, tick “save anyway”.",
    "請查看提示。若確認無誤，請勾選「仍然保存」。",
    code="confirm",
)
WRONG_STATE = L(
    "What “{label}” names is in a state in which it cannot be chosen.",
    "「{label}」所指記錄的當前狀態不可選用。",
    code="state_of_link",
)


def refuse_if_wrong(
    record: Record, actor: Actor, before: Mapping[str, Any], *, warnings: bool = False, titles: Titles | None = None
) -> None:
    """Compute the record's derived fields, then raise Refused with everything that is wrong."""
    problems = problems_of(record, actor, before, titles=titles)
    if problems:
        raise Refused(None, problems)
    if warnings and (result := _doubts(record, actor, before)):
        for path, sentence in result:
            problems.add(path, sentence)
        problems.add(DOUBT, PLEASE_CONFIRM)
        raise Refused(PLEASE_CONFIRM, problems)


def _doubts(record: Record, actor: Actor, before: Mapping[str, Any]) -> list[tuple[str, Words]]:
    """What a person is to confirm: of a new record also that it may have been entered before."""
    if before:
        return list(record.warnings_of_change(before))
    said = list(record.warnings())
    return [*said, *alike.warnings_of(record, actor, {path for path, _ in said})]


def problems_of(
    record: Record,
    actor: Actor,
    before: Mapping[str, Any],
    *,
    unread: Mapping[str, list[Words]] | None = None,
    titles: Titles | None = None,
) -> Problems:
    """Everything wrong with the record by dotted path. `unread`: what was typed for it and could not be read, which is
    said of its field instead of anything else, and nothing is computed from the rest. `titles`: filled with those of
    the links that were looked up.

    A link that leads where the actor may not is refused before a rule of the type follows it (Refused at once): no rule
    says anything of what the actor does not see, and one that is not there answers as one that is hidden.
    """
    fields = {**record.declared.own_fields, "tags": record._fields["tags"]}
    problems = problems_in(record, {n: f for n, f in fields.items() if not f.computed})
    problems.update(unread or {})
    links = frozenset(_links(record))
    if wrong := link_problems(record, actor, before, titles=titles):
        raise Refused(None, {**wrong, **problems} if unread else {**problems, **wrong})
    problems.update(answer_problems(record, before, problems))
    if not problems:
        compute(record)
        problems = problems_in(record, fields)
        chooser = SYSTEM if actor.is_public else actor  # people outside set no link: what is there now was computed
        problems.update(link_problems(record, chooser, before, but=links))
        problems.update(circle_problems(record, actor, before))
        for path, sentence in line_problems(record, actor, before):
            problems.add(path, sentence)
        for path, sentence in signing.problems_of(record, actor, before):
            problems.add(path, sentence)
        problems.update(_belonging_problems(record, actor))
    problems.update(rule_problems(record, problems))
    if not actor.is_system:
        for path, sentence in record.needs_consent(before, actor):
            problems.add(path, sentence)
    return problems


def _belonging_problems(record: Record, actor: Actor) -> Problems:
    """What belongs to a record and has its rights is entered by those who may write that one."""
    problems = Problems()
    if record.version or actor.is_system or not (record.declared.inherits or record.declared.open_while):
        return problems
    parent = parent_of(record)
    verdicts = [rights.parent_allows(type(record), parent)] if parent is not None else []
    verdicts += [rights.is_parent_writer(actor, parent)] if parent is not None and record.declared.inherits else []
    for verdict in verdicts:
        if not verdict:
            problems.add(record.declared.belongs_to, verdict.why)
    return problems


def line_problems(record: Record, actor: Actor, before: Mapping[str, Any]) -> Iterator[tuple[str, Words]]:
    """What is wrong with links to lines, and with what was done to lines; the system may do the latter all the same."""
    yield from line_links.kept_link_problems(record, actor, before)
    if not actor.is_system:
        yield from lines.state_problems(record, before)
        yield from line_links.removal_problems(record, before)


def rule_problems(record: Record, known: Mapping[str, Any]) -> Problems:
    """What the rules of the type say, leaving out fields that are known to be wrong.

    Beside other problems the record may lack what a rule compares; the rule is then asked again at the next try.
    """
    result = Problems()
    try:
        for path, sentence in record.check():
            if path not in known:
                result.add(path, sentence)
    except (TypeError, AttributeError, ArithmeticError):
        if not known:
            raise
    return result


def compute(record: Record) -> None:
    """Fill the computed fields: of the lines first, then of the record."""
    for name, field in record.declared.own_fields.items():
        if field.columns:
            for line in record._data.get(name) or []:
                line.clean()
    record.clean()


def try_compute(document: Any) -> bool:
    """Compute a record or a line of it; False while something that is needed has not been typed yet."""
    try:
        document.clean()
    except (TypeError, ArithmeticError, AttributeError):
        return False
    return True


Link = tuple[str, Any, str, ObjectId]  # path, field, the class it links to, and the id
Titles = dict[ObjectId, str]


def link_problems(
    record: Record,
    actor: Actor,
    before: Mapping[str, Any],
    *,
    but: Collection[Link] = (),
    titles: Titles | None = None,
) -> Problems:
    """Links that changed must lead to records that exist and that the actor may see, in a state that may be chosen.

    One command for all linked types. A link to a record that was merged meanwhile leads from now on to the one that
    stands for it. `but`: links that were looked up already; `titles`: filled with those of what was there.
    """
    problems = Problems()
    query: dict[str, dict[ObjectId, list[tuple[str, Any]]]] = {}
    held = _held_in(before)
    for link in _links(record):
        path, field, target, result = link
        if link not in but and result not in held(path):
            query.setdefault(target, {}).setdefault(result, []).append((path, field))
    seen = _known_of_each(actor, {get_document(target): list(places) for target, places in query.items()})
    for (target, places), known in zip(query.items(), seen, strict=True):
        _follow_merged(record, actor, get_document(target), places, known)
        if titles is not None:
            titles |= {id: row.get("title") or row.get("number", "") for id, row in known.items()}
        for id, links in places.items():
            for path, field in links:
                if id not in known:
                    problems.add(path, NOT_THERE(label=label_of(field)))
                elif (state := known[id].get("state")) not in (field.states or {state}):
                    problems.add(path, WRONG_STATE(label=label_of(field)))
    return problems


def _follow_merged(
    record: Record, actor: Actor, cls: type[Record], places: Mapping[ObjectId, list[tuple[str, Any]]], known: dict
) -> None:
    """Let links that lead to records that were merged meanwhile lead to those that stand for them, where the actor
    sees these; `known` gains them under the ids that were given."""
    missing = [id for id in places if id not in known] if cls.declared.merges else []
    onward = {id: into for id in missing if (into := stands_for(cls, id)) is not None}
    seen = _known(actor, cls, [*onward.values()]) if onward else {}
    for id, into in onward.items():
        if into in seen:
            known[id] = seen[into]
            for path, _ in places[id]:
                _lead_elsewhere(record, path, id, into)


def _lead_elsewhere(record: Record, path: str, id: ObjectId, into: ObjectId) -> None:
    """Let the link at a path lead to another record than it does."""
    name, _, rest = path.partition(".")
    at, _, column = rest.partition(".")
    holder: Any = record.raw(name)[int(at)] if rest else record
    held = holder.raw(column or name)
    if not isinstance(held, list):
        holder.put(column or name, into)
    else:
        ids = [into if id_of(link) == id else id_of(link) for link in held]
        holder.put(column or name, list(dict.fromkeys(ids)))


def said_faults(text: str) -> Iterator[Words]:
    """What is wrong with a reason or a comment."""
    yield from _SAID.faults(text)


def linked_by(record: Record) -> frozenset[ObjectId]:
    """Everything that the record's own fields and its owner field link to."""
    owner = record.ref("owner")
    kept = [id for link, value in _kept_anywhere(record) for id in link.ids_in(value)]
    return frozenset([*(link[-1] for link in _links(record)), *kept, *([owner] if owner else [])])


def _kept_anywhere(record: Record) -> Iterator[tuple[Any, Any]]:
    """The links to records of any type, with what they hold, in lines, too."""
    for path, link in kept_links_of(type(record)).items():
        name, _, column = path.partition(".")
        if link.is_any_link:
            held = [line.raw(column) for line in record.raw(name) or ()] if column else [record.raw(name)]
            yield from ((link, value) for value in held)


def _links(record: Record) -> Iterator[Link]:
    for name, field in references_of(type(record)).items():
        if name in record.declared.own_fields:
            for result in field.ids_in(record._data.get(name)):
                yield name, field, field.target, result
    for name, content in record.declared.own_fields.items():
        links = {column: ref for column, ref in content.columns.items() if ref.target}
        for at, line in enumerate(record._data.get(name) or [] if links else []):
            for column, ref in links.items():
                for result in ref.ids_in(line._data.get(column)):
                    yield f"{name}.{at}.{column}", ref, ref.target, result


def _held_in(before: Mapping[str, Any]) -> Callable[[str], Container[Any]]:
    """What a record held already in a field, or in a column of its lines wherever these stood; gathered once."""
    known: dict[tuple[str, str], Container[Any]] = {}

    def held(path: str) -> Container[Any]:
        name, _, rest = path.partition(".")
        column = rest.split(".")[-1]
        if (name, column) not in known:
            value = before.get(name)
            rows = [line.get(column) for line in value or ()] if rest else value if isinstance(value, list) else [value]
            known[name, column] = {item for row in rows for item in (row if isinstance(row, list) else [row])}
        return known[name, column]

    return held


def _known(actor: Actor, cls: type[Record], ids: list[ObjectId]) -> dict[ObjectId, dict[str, Any]]:
    """Those of these records that the actor may see, with their states and titles."""
    return _known_of_each(actor, {cls: ids})[0]


def _known_of_each(actor: Actor, ids_of: Mapping[type[Record], list[ObjectId]]) -> list[dict[ObjectId, dict[str, Any]]]:
    """The same of records of several types, in their order: one command for all of them."""
    questions = [_question(actor, cls, ids) for cls, ids in ids_of.items()]
    given = iter(answers([item for item in questions if item]))
    return [{row["_id"]: row for row in next(given)} if item else {} for item in questions]


def _question(actor: Actor, cls: type[Record], ids: list[ObjectId]) -> RowQuery | None:
    """What is asked of records that are linked to; None where the actor sees none of them."""
    scope = rights.visible(actor, cls)
    if scope is None and actor.holds in ids:  # somebody outside, by whose link the page was opened
        ids, scope = [actor.holds], {"removed_at": None}
    if scope is None:
        return None
    return RowQuery(cls.type_name(), {"$and": [{"_id": {"$in": ids}}, scope]}, {"state": 1, "title": 1, "number": 1})


def links_to(record: Record) -> tuple[int, str]:
    """How many records outside the bin link to this one, and the number of one of them."""
    total, example, ids = 0, "", with_merged(type(record), [record.id])
    for cls in registered().values():
        for name, ref in references_of(cls).items():
            if ref.target != type(record).__name__ or name not in cls.declared.own_fields:
                continue
            query = {name: {"$in": ids}, "removed_at": None}
            count = get_db()[cls._get_collection_name()].count_documents(query, limit=1000)
            if count and not example:
                example = cls._get_collection().find_one(query, {"number": 1})["number"]
            total += count
    for count, other in (
        line_links.links_to_lines_of(type(record), record.id),
        *(any_links.links_to_record(type(record), id) for id in ids),
    ):
        total, example = total + count, example or other
    return total, example
