"""A small project of the tests: a released specification, cases in force, and what people do with them."""

from __future__ import annotations

from typing import Any

import pytest

from models import catalogue
from models.development.cases import CaseStep
from models.development.changes import AddedItem, ChangedItem, WithdrawnItem
from models.development.runs import RunResult
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from tests.fixtures.company import Company

LISTS = {ChangedItem: "changed", WithdrawnItem: "withdrawn", AddedItem: "added"}


class Workshop:
    """Makes and moves what belongs to one project."""

    def __init__(self, company: Company):
        self.company = company
        self.project = company.make("project", "clerk_rnd", name="網關")
        facts = {"leader": company.users["head_rnd"]}
        changes.update(catalogue["project"], self.project.id, facts, actor=SYSTEM, version=None)
        people = {"lead": company.users["head_rnd"], "marketing": company.users["clerk_mkt"]}
        self.specification = self.make("specification", subject="網關規格", **people)

    def make(self, type_name: str, login: str = "clerk_rnd", **values: Any) -> Any:
        belongs = catalogue[type_name].declared.belongs_to
        parent = {"project": self.project.id} if belongs == "project" else {belongs: self.specification.id}
        facts = {**parent, **values}
        return changes.create(catalogue[type_name], facts, actor=self.company.actor(login))

    def fresh(self, record: Any) -> Any:
        return self.company.fresh(record)

    def update(self, record: Any, login: str = "clerk_rnd", **values: Any) -> Any:
        version = self.fresh(record).version
        return changes.update(type(record), record.id, values, actor=self.company.actor(login), version=version)

    def move(self, record: Any, verb: str, login: str = "clerk_rnd", **values: Any) -> Any:
        version, context = self.fresh(record).version, Context(reason="試驗")
        actor = self.company.actor(login)
        return changes.move(type(record), record.id, verb, actor=actor, version=version, values=values, context=context)

    def item(self, name: str = "啟動", **values: Any) -> Any:
        facts = {"text": "設備應在三秒內啟動。", "criterion": "實測不超過三秒。", **values}
        return self.make("specification_item", name=name, **facts)

    def released(self, count: int = 1) -> list[Any]:
        """Some items of a specification that is released."""
        items = [self.item(f"條目 {at}") for at in range(count)]
        self.move(self.specification, "submit")
        self.move(self.specification, "release", "head_rnd")
        self.move(self.specification, "release", "clerk_mkt")
        return [self.fresh(item) for item in items]

    def case(self, *items: Any, **values: Any) -> Any:
        """A case in force that covers some items."""
        facts = {"subject": "計時啟動", "steps": [CaseStep(action="上電", expected="三秒內就緒")], **values}
        case = self.make("test_case", items=[item.id for item in items], **facts)
        return self.move(case, "put_in_force")

    def run(self, build: str, *results: Any, login: str = "clerk_rnd", **values: Any) -> Any:
        """A run with results: pairs of case and result."""
        lines = [line_of(case, result) for case, result in results]
        return self.make("test_run", login, build=build, results=lines, **values)

    def change(self, *lines: Any, approve: bool = True) -> Any:
        """A change request with these lines, approved by both."""
        by_list: dict[str, list[Any]] = {}
        for line in lines:
            by_list.setdefault(LISTS[type(line)], []).append(line)
        request = self.make("change_request", subject="變更", why="客戶要求", **by_list)
        request = self.move(request, "submit")
        for login in ("head_rnd", "clerk_mkt") if approve else ():
            request = self.move(request, "approve", login)
        return request


def line_of(case: Any, result: str, **values: Any) -> RunResult:
    note = None if result == "passed" else "現象如圖"
    return RunResult(case=case.id, result=result, note=note, **values)


@pytest.fixture
def workshop(company: Company) -> Workshop:
    return Workshop(company)
