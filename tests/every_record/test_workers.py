"""Whom open work waits for: whoever the record names as working on it, else its owner, else all who may write it."""

from __future__ import annotations

from typing import Any

from models.kernel.base.addresses import at_user
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, search_parts
from models.kernel.gate.waiting import COLLECTION, NOBODY_THERE, waiting_for
from models.services.keeping import audit
from tests.fixtures._types import FLOWS, types_with

WORKERS = types_with(lambda declared: declared.workflow and declared.workflow.worker)


def case_of(record: Any) -> dict[str, Any]:
    return record._get_db()[COLLECTION].find_one({"_id": record.id}) or {}


@WORKERS
def test_who_works_on_it_is_waited_for(cls: Any, record: Any, company: Any) -> None:
    name = cls.declared.workflow.worker
    for login in ("clerk_sal", "clerk_sal2"):
        values = {name: company.user(login).id}
        record = changes.update(cls, record.id, values, actor=SYSTEM, version=None)
        assert case_of(record)["act"] == [at_user(company.user(login).id)]
    record = changes.update(cls, record.id, {name: None}, actor=SYSTEM, version=None)
    assert at_user(company.user("clerk_sal2").id) not in case_of(record)["act"]


@FLOWS
def test_without_an_owner_those_who_may_are_waited_for(cls: Any, record: Any) -> None:
    """A record that the system or somebody outside made waits at addresses that reach somebody, or nowhere."""
    record.owner = None
    if cls.declared.workflow.worker:
        setattr(record, cls.declared.workflow.worker, None)
    case = waiting_for(record)
    assert case is None or NOBODY_THERE not in case["act"]
    writers = [move for move in record.flow().out_of(record.state) if move.by.waits_for_owner and not move.optional]
    if any(move.by.quorum(record).slots[0].key == "writer" and not (move.when or move.auto) for move in writers):
        assert case is not None
        assert case["act"]


@WORKERS
def test_cases_of_before_are_brought_up_to_date(cls: Any, record: Any) -> None:
    """As an earlier program left them: the refresh that an update orders opens them anew."""
    cls.collection().update_one({"_id": record.id}, {"$set": {"sv": "before"}})
    record._get_db()[COLLECTION].update_one({"_id": record.id}, {"$set": {"act": [NOBODY_THERE]}})
    assert not audit.check().faults
    search_parts.refresh(cls, cls.type_name(), None)
    assert NOBODY_THERE not in case_of(record)["act"]
    assert not audit.check().faults
