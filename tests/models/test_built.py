"""Documents are built and stored in one go, as MongoEngine builds and stores them field by field."""

from __future__ import annotations

from typing import Any

import mongoengine as me
import pytest
from mongoengine.errors import InvalidDocumentError

from models import catalogue
from models.kernel.base import clock
from models.kernel.language.kinds.built import built, kept
from models.kernel.language.kinds.held import Held
from tests.fixtures._types import FULL
from tests.fixtures.company import Company


def _by_the_engine(monkeypatch: Any, work: Any) -> Any:
    with monkeypatch.context() as patch:
        patch.delattr(Held, "_from_son")
        patch.delattr(Held, "to_mongo")
        return work()


def _facts(document: Any) -> Any:
    """All that a document holds, lines as what they hold."""
    if isinstance(document, me.base.BaseDocument):
        own = {name: getattr(document, name) for name in ("_cls", "_changed_fields", "_created", "_initialised")}
        owner = getattr(document, "_instance", None)
        return own, {name: _facts(value) for name, value in document._data.items()}, owner is not None
    if isinstance(document, list):
        return [_facts(item) for item in document]
    return type(document), document


@pytest.mark.parametrize("name", sorted(cls.type_name() for cls in FULL))
def test_it_is_built_and_stored_as_by_the_engine(company: Company, monkeypatch: Any, name: str) -> None:
    cls = catalogue[name]
    row = cls.collection().find_one({"_id": company.make(name).id})
    assert row
    now = clock.now()  # some defaults are moments
    for stored in (row, {**row, "of_before": 1, "tags": None}, {"_id": row["_id"]}, {}):
        with clock.set_to(now):
            quick = built(cls, stored)
            slow = _by_the_engine(monkeypatch, lambda stored=stored: cls._from_son(stored))
        assert quick is not None
        assert _facts(quick) == _facts(slow)
        assert kept(quick) == _by_the_engine(monkeypatch, slow.to_mongo)
        assert list(kept(quick) or ()) == list(_by_the_engine(monkeypatch, slow.to_mongo))
    changed = built(cls, row)
    changed.number = "X"
    assert changed._changed_fields == ["number"]


def test_every_type_and_line_is_built_so() -> None:
    fields = [field for cls in catalogue.values() for field in cls.declared.own_fields.values() if field.columns]
    lines = {field.field.document_type for field in fields}
    assert all(built(cls, {}) is not None for cls in [*catalogue.values(), *lines])


def test_what_is_damaged_is_left_to_the_engine(company: Company) -> None:
    cls = catalogue["quotation"]
    assert built(cls, {"lines": [{"quantity": "much"}], "valid_until": 7, "_cls": "Quotation"}) is None
    with pytest.raises((InvalidDocumentError, TypeError)):
        cls._from_son({"lines": [5]})
