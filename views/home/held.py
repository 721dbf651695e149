"""Steps of open cases that somebody cannot take until they have passed the course of a procedure: said, not offered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bson import ObjectId

from models.kernel.base.people import Actor
from models.kernel.gate import intents
from models.kernel.gate.intents import Intent
from models.kernel.language.record import Record
from models.kernel.rights import qualified
from models.kernel.rights.rights import Verdict

Held = Mapping[str, Verdict]


def held_back(
    me: Actor, cases: Iterable[Mapping[str, Any]], catalogue: Mapping[str, type[Record]]
) -> dict[ObjectId, Held]:
    """Of some open cases the steps by verb that are held back from a person, and why. Without a rule in force nothing
    is asked; else whether they lack anything; only then their cases of governed types are loaded."""
    ids: dict[str, list[ObjectId]] = {}
    for case in cases:
        if case["type"] in catalogue and qualified.is_governed(case["type"]):
            ids.setdefault(case["type"], []).append(case["_id"])
    if not ids or me.id is None or not qualified.lacks_of([me.id])[me.id]:
        return {}
    known = {id: item for name, some in ids.items() for id, item in intents.of_many(me, catalogue[name], some).items()}
    with intents.looking_up_once(known.values()):
        return {id: held for id, intent in known.items() if (held := dict(_held(intent)))}


def _held(intent: Intent[Any]) -> Iterator[tuple[str, Verdict]]:
    record = intent.record
    flow = None if record.damaged else record.flow()
    for move in flow.out_of(record.state) if flow else ():
        verdict = intent.standing(move).verdict
        if not verdict and verdict.url:
            yield move.verb, verdict
