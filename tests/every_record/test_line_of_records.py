"""Every type that stands in a line: from what it comes from down to it, and from it up, as far as one may see both."""

from __future__ import annotations

from typing import Any

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.language.line import link_at
from models.kernel.rights import rights
from tests.fixtures._guesses import Guesses
from tests.fixtures._types import types_with
from tests.fixtures.http import reader

IN_LINE = types_with(lambda declared: declared.upstream or declared.downstream)
BASE = "/admin/line/"


def leading(company: Any, record: Any, path: str) -> Any:
    """The record with something in a link of the line."""
    cls, name = type(record), path.partition(".")[0]
    if not record.ids_at(path):
        guesses = Guesses(company, cls, company.actor("clerk_sal"), reuse=True, record=record)
        value = next(iter(guesses.options(cls.fields_of()[name], [])))
        record = changes.update(cls, record.id, {name: value}, actor=SYSTEM, version=None)
    return record


@IN_LINE
def test_one_goes_up_and_down_the_line(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    for path in (*cls.declared.upstream, *cls.declared.downstream):
        record = leading(company, record, path)
        target = catalogue.by_class(link_at(cls, path).target)
        for other in record.ids_at(path)[:1]:
            for login in dict.fromkeys((reader(company, cls, record), "management", "clerk_log")):
                me, browser = company.actor(login), browser_as(login)
                sees = {type_.type_name(): is_seen(me, type_, id) for type_, id in ((cls, record.id), (target, other))}
                for type_, id, there in ((cls, record.id, (target, other)), (target, other, (cls, record.id))):
                    answer = browser.get(BASE, {"type": type_.type_name(), "id": id})
                    assert answer.status_code == (200 if sees[type_.type_name()] else 404), (login, path)
                    if sees[type_.type_name()]:
                        link = f"/admin/{there[0].type_name()}/details/?id={there[1]}"
                        assert (link in answer.text) is sees[there[0].type_name()], (login, path)
    offered = browser_as(reader(company, cls, record)).page(f"/admin/{cls.declared.name}/details/", {"id": record.id})
    assert f"{BASE}?type={cls.type_name()}&id={record.id}" in offered.links


def is_seen(me: Any, cls: Any, id: Any) -> bool:
    scope = rights.visible(me, cls)
    return scope is not None and cls.collection().find_one({"$and": [scope, {"_id": id}]}, {"_id": 1}) is not None
