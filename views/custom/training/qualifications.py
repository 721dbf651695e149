"""The rehearsal of a rule of qualification on its page: whom it would hold, at which steps, and which cases it would
leave without anybody able; the same as things stand once it is in force (4.4.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_admin import BaseView

from models.kernel.base.people import Actor
from models.kernel.base.words import L, Listed
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.training.courses import Enrolment
from models.training.effects import BoundPerson, HeldCase, RuleEffect, effect_of
from models.training.qualifications import Qualification
from views import wording
from views.slots import Link, Panel, on_record_page, on_record_top

PEOPLE_SHOWN, CASES_SHOWN, NAMES_SHOWN = 60, 60, 6
LEARNING = L("Learning of this course", "本課程的學習記錄")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    """It has no page of its own."""
    return []


@on_record_page("qualification")
def _learning(me: Actor, record: Record) -> Link | None:
    seen = rights.can_open(me, Enrolment) and record.state == "in_force"
    return Link(LEARNING, f"/admin/enrolment/?f.course={record.ref('course')}") if seen else None


@on_record_top("qualification")
def rehearsal(me: Actor, record: Record) -> Panel | None:
    """What the rule does, or would do once all grace is over."""
    if not isinstance(record, Qualification) or record.damaged or record.state == "off":
        return None
    if record.document is None or record.course is None:
        return None
    effect = effect_of(record)
    seen = _seen(me, effect)
    steps = record.moves or ()
    names = {person.id: person.name for person in effect.people}
    shown = [case for case in effect.cases if case.record.id in seen]
    others = {person for case in shown[:CASES_SHOWN] for person in case.able} - set(names)
    names |= wording.titles({"User": others}) if others else {}
    positions = wording.titles({"Position": {person.position for person in effect.people if person.position}})
    facts: dict[str, Any] = {
        "is_on": record.state == "in_force",
        "grace": record.grace,
        "passed": len(effect.people) - len(effect.lacking),
        "people": [_person(person, positions) for person in effect.lacking[:PEOPLE_SHOWN]],
        "people_more": max(0, len(effect.lacking) - PEOPLE_SHOWN),
        "steps": [str(type(line)._fields["step"].in_words(line.step)) for line in steps],
        "gone": [line.step for line in steps if line.step not in type(line)._fields["step"].options],
        "cases": [_case(some, names) for some in _together(shown)[:CASES_SHOWN]],
        "cases_all": effect.count,
        "cases_more": max(0, len(_together(shown)) - CASES_SHOWN),
        "cases_hidden": effect.count - len(seen),
        "is_cut": effect.more,
        "alone": effect.alone,
    }
    return Panel("custom/qualification.html", facts)


def _seen(me: Actor, effect: RuleEffect) -> set[Any]:
    """Of the cases those whose records the reader may see: one query for each type."""
    ids: dict[type[Record], list[Any]] = {}
    for case in effect.cases:
        ids.setdefault(type(case.record), []).append(case.record.id)
    return {row["_id"] for cls, some in ids.items() for row in rights.find_rows(me, cls, some)}


def _person(person: BoundPerson, positions: Mapping[Any, str]) -> dict[str, Any]:
    return {
        "name": person.name,
        "url": f"/admin/user/details/?id={person.id}",
        "position": positions.get(person.position, ""),
        "due": person.due.isoformat() if person.due else "",
        "cases": person.cases,
    }


def _together(cases: Sequence[HeldCase]) -> list[list[HeldCase]]:
    """The steps of a case in one row, where they hold the same people."""
    rows: dict[Any, list[HeldCase]] = {}
    for case in cases:
        rows.setdefault((case.record.id, case.held, case.able, case.is_alone), []).append(case)
    return list(rows.values())


def _case(some: list[HeldCase], names: Mapping[Any, str]) -> dict[str, Any]:
    case, record = some[0], some[0].record
    return {
        "kind": record.declared.label,
        "number": record.number,
        "title": record.title,
        "url": f"/admin/{record.type_name()}/details/?id={record.id}",
        "step": str(Listed(tuple(each.step for each in some))),
        "held": _names(case.held, names),
        "able": _names(case.able, names),
        "is_alone": case.is_alone,
    }


def _names(ids: frozenset[Any], names: Mapping[Any, str]) -> str:
    known = sorted(names[id] for id in ids if id in names)
    more = f" +{len(known) - NAMES_SHOWN}" if len(known) > NAMES_SHOWN else ""
    return f"{Listed(tuple(known[:NAMES_SHOWN]))}{more}"
