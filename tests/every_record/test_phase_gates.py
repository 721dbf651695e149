"""Every move through a gate: refused with the records that miss while a condition is not met, and once it is passed the
editions that stood then are frozen, provable, and proven wrong when one of them was altered."""

from __future__ import annotations

from typing import Any

import pytest
from mongoengine.connection import get_db

from models.kernel.base.collections import PHASE_SNAPSHOTS
from models.kernel.base.errors import Changed, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, passages
from models.kernel.gate.changes import Context
from models.kernel.language.phase_gate import Judged, gates_of
from models.kernel.rights import rights
from models.services.keeping import snapshots
from tests.fixtures._types import types_with

GATED = types_with(lambda declared: list(gates_of(declared.workflow)))
REASONED = Context(reason="試驗所需", signed=True)


def login_of(company: Any, actor: Any) -> str:
    return next(login for login in company.logins if company.users[login] == actor.id)


def go(company: Any, record: Any, move: Any, version: int | None = None) -> Any:
    someone = company.who_may(record, move)
    seen = record.version if version is None else version
    return changes.move(type(record), record.id, move.verb, actor=someone, version=seen, context=REASONED)


def prepared(company: Any, record: Any, move: Any) -> Any:
    """With all that a move needs."""
    return company._prepare(company.fresh(record), move, imminent=True)


@GATED
def test_each_gate_is_refused_with_what_misses_and_freezes_what_stood(
    cls: Any, company: Any, browser_as: Any, made_anew: Any
) -> None:
    record, passed = made_anew(), 0
    for move, gate in gates_of(cls.declared.workflow):
        try:
            record = company.walk(record, move.source[0])
        except (AssertionError, Refused):
            continue  # a way back: its line is held by the walk of its own test
        unmet = [condition for condition in gate.conditions if not condition.is_met(record)]
        login = login_of(company, company.who_may(record, move))
        page = browser_as(login).get(f"/admin/{cls.declared.name}/details/", {"id": record.id}).text
        for condition in unmet:
            with pytest.raises(Refused) as refused:
                go(company, record, move)
            said = " ".join(str(words) for words in refused.value.problems["require"])
            if isinstance(condition, Judged):
                wrong = [judgement for judgement in condition.judge(record) if not judgement.is_met]
                assert wrong
                assert all(str(judgement.label) in said for judgement in wrong)
                assert all(row.url.replace("&", "&amp;") in page for judgement in wrong for row in judgement.rows[:20])
                continue
            assert str(condition.label) in said
            for row in passages.unmet_by(record, condition, company.actor(login)).rows:
                assert row["number"] in said
                assert str(row["_id"]) in page
        record = prepared(company, record, move)
        assert all(condition.is_met(record) for condition in gate.conditions)
        before = list(record.raw(gate.keeps) or ())
        made = go(company, record, move)
        with pytest.raises((Refused, Changed)):
            go(company, record, move)
        lines = made.raw(gate.keeps)
        assert len(lines) == len(before) + 1
        assert (lines[-1].left, lines[-1].entered) == (record.state, move.target)
        if gate.freezes:
            passed += 1
            editions = list(passages.snapshot(lines[-1].digest))
            assert len(editions) == lines[-1].editions >= 1
            assert (record.id, record.version) in {(item.id, item.version) for item in editions}
            assert snapshots.check(lines[-1].digest).faults == []
        record = made
    assert passed


@GATED
def test_what_was_frozen_is_proven_and_what_was_altered_is_found(cls: Any, company: Any, made_anew: Any) -> None:
    move, gate = next((m, g) for m, g in gates_of(cls.declared.workflow) if g.freezes)
    record = go(company, prepared(company, company.walk(made_anew(), move.source[0]), move), move)
    digest = record.raw(gate.keeps)[-1].digest
    assert snapshots.digests_of(record.number) == [digest]
    changed = changes.update(cls, record.id, {"tags": ["後來"]}, actor=SYSTEM, version=None)
    assert snapshots.check(digest).is_good, "a later change is no fault"
    get_db()[cls.declared.name].update_one({"_id": record.id}, {"$set": {"tags": ["偷改"]}})
    assert not snapshots.check(digest).is_good
    get_db()[cls.declared.name].update_one({"_id": record.id}, {"$set": {"tags": changed.tags}})
    first = get_db()[PHASE_SNAPSHOTS].find_one({"digest": digest})
    assert first
    forged = [line.replace(str(record.id), str(company.users["it"])) for line in first["editions"]]
    get_db()[PHASE_SNAPSHOTS].update_one({"_id": first["_id"]}, {"$set": {"editions": forged}})
    assert not snapshots.check(digest).is_good
    get_db()[PHASE_SNAPSHOTS].update_one({"_id": first["_id"]}, {"$set": {"editions": first["editions"]}})
    get_db()["history"].update_one({"record": record.id, "seq": 1}, {"$set": {"reason": "偷改"}})
    assert not snapshots.check(digest).is_good
    assert not snapshots.check("0" * 64).is_good


@GATED
def test_nobody_writes_passages_by_another_way(cls: Any, record: Any, company: Any) -> None:
    for _, gate in gates_of(cls.declared.workflow):
        for login in company.logins:
            assert gate.keeps not in rights.writable_fields(company.actor(login), cls, record)
