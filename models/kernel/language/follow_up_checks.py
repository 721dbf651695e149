"""What is wrong with what the records of one type lead to, and how its declaration is completed."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .spec import Declaration, FollowUp, Kept
from .steps import step_faults


def completed_follow_up(leads: FollowUp, own: Mapping[str, Any]) -> FollowUp:
    """A follow-up with the column that names what is made, where it is to be named and there is one such column."""
    places = _places(leads, own)
    return replace(leads, back=places[0] if leads.link_back and len(places) == 1 else "")


def follow_up_faults(spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    """Everything that is wrong with the follow-ups of a declaration."""
    verbs = [leads.verb for leads in spec.follow_ups]
    yield from (f"has two follow-ups {verb!r}" for verb in sorted({verb for verb in verbs if verbs.count(verb) > 1}))
    for leads in spec.follow_ups:
        yield from (f"follow-up {leads.verb!r} {fault}" for fault in _faults(leads, spec))
        yield from (f"follow-up {leads.verb!r} {fault}" for fault in step_faults(leads, spec, fields))


def _faults(leads: FollowUp, spec: Declaration) -> Iterator[str]:
    own, flow = spec.own_fields, spec.workflow
    if leads.filled and (leads.opens or leads.each or leads.over or leads.on or leads.states or leads.link_back):
        yield "is made when a field is filled in, which goes with fill= alone"
    if leads.filled and leads.filled not in own:
        yield f"is made when {leads.filled!r} is filled in, which is no field of the type"
    is_kept = isinstance(leads.kept, Kept) and leads.kept.while_in
    if not (leads.states or leads.on or leads.filled or leads.steps or is_kept):
        yield "names no state in which it is offered"
    if bool(leads.fill) == bool(leads.opens):
        yield "needs one of fill= and opens="
    if leads.opens and (leads.each or leads.on or leads.link_back):
        yield "opens a blank form, which is neither made of lines nor by a move, nor linked back"
    yield from _each_faults(leads, own)
    if leads.on and (flow is None or leads.on not in flow.verbs()):
        yield f"is made on {leads.on!r}, which is no move of the workflow"
    if leads.anew and (not leads.on or leads.states or leads.each or leads.over or leads.link_back):
        yield "is made anew with each move, which holds for a single one made on= a move alone"
    if leads.over and (leads.each or leads.link_back or leads.opens):
        yield "is made over other records, which goes with neither each=, link_back= nor opens="
    if bool(leads.over) != bool(leads.where):
        yield "needs over= and where= together"
    yield from _why_faults(leads)
    is_of_parts = bool(leads.each or leads.over or leads.steps)
    needed = "the record and its part" if is_of_parts else "the record alone"
    if leads.fill and len(inspect.signature(leads.fill).parameters) != (2 if is_of_parts else 1):
        yield f"has a fill= that does not take what it is given: {needed}"
    yield from _kept_faults(leads, spec)
    if leads.link_back and not leads.back:
        known = ", ".join(_places(leads, own)) or "none"
        yield f"is to be linked back, but the columns that link to {leads.to} are: {known}; it takes exactly one"


def _why_faults(leads: FollowUp) -> Iterator[str]:
    if leads.why and not leads.over:
        yield "says why, which holds for what is made over other records"
    elif leads.why and len(inspect.signature(leads.why).parameters) != 2:
        yield "has a why= that does not take the record and the other"


def _each_faults(leads: FollowUp, own: Mapping[str, Any]) -> Iterator[str]:
    if leads.each and (leads.each not in own or not _is_list(own[leads.each])):
        yield f"is made of each of {leads.each!r}, which is no list of lines"
    elif leads.each and not own[leads.each].columns and leads.link_back:
        yield f"is made of each of {leads.each!r}, whose links name nothing back"


def _is_list(field: Any) -> bool:
    return bool(field.columns or (field.target and not field.is_single_link))


def _kept_faults(leads: FollowUp, spec: Declaration) -> Iterator[str]:
    kept = leads.kept
    if kept is None:
        return
    if not isinstance(kept, Kept):
        yield f"has kept={kept!r}, which is no Kept(...)"
        return
    if not leads.each or not leads.fill:
        yield "is kept, which holds for what is made of each line"
    if not (leads.on or kept.while_in):
        yield "is kept, but nothing says when: a move on=, or while_in="
    if leads.link_back and kept.while_in:
        yield "is kept with each write, in which no line is named back"
    for state in sorted((kept.while_in | kept.none_in) - set(spec.workflow.states if spec.workflow else ())):
        yield f"is kept by a state {state!r} that does not exist"


def kept_faults(leads: FollowUp, target: Declaration) -> Iterator[str]:
    """What is wrong with how a follow-up is kept, where the type of what is made is known."""
    kept, flow = leads.kept, target.workflow
    moves = flow.moves if flow else ()
    for name in kept.fields if kept else ():
        if name not in target.own_fields:
            yield f"keeps a field {name!r} that {leads.to} does not have"
    if kept and not any(move.verb == kept.drop for move in moves):
        yield f"is dropped by a move {kept.drop!r} that {leads.to} does not have"
    if kept and kept.by:
        taken = [move for move in moves if move.verb == kept.by]
        if not taken:
            yield f"is kept by a move {kept.by!r} that {leads.to} does not have"
        for name in kept.fields if taken else ():
            if any(name not in move.asked_fields for move in taken):
                yield f"is kept by {kept.by!r}, which does not ask for {name!r}"
    for state in sorted((kept.drop_in if kept else frozenset()) - set(flow.states if flow else ())):
        yield f"is dropped in a state {state!r} that {leads.to} does not have"


def _places(leads: FollowUp, own: Mapping[str, Any]) -> list[str]:
    """The fields, or columns of the lines, that can name what is made."""
    fields = getattr(own.get(leads.each), "columns", {}) if leads.each else own
    return [name for name, field in fields.items() if field.target == leads.to and not isinstance(field.default, list)]
