"""From a need to a launched product over HTTP, by the people whom it names: nothing on the way is left uncovered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.services.files import files
from tests.fixtures.company import Company
from tests.fixtures.doing import work_off
from tests.fixtures.http import Browser, id_in, said
from tests.models.test_projects import ready_launch


class Desk:
    """What people do in their browsers; whatever is refused says why."""

    def __init__(self, browser_as: Callable[..., Browser]):
        self.browser_as = browser_as

    def enter(self, login: str, kind: str, /, **values: Any) -> ObjectId:
        browser = self.browser_as(login)
        return id_in(browser.send(browser.form(f"/admin/{kind}/new/"), **values))

    def change(self, login: str, kind: str, id: Any, /, **values: Any) -> None:
        browser = self.browser_as(login)
        answer = browser.send(browser.form(f"/admin/{kind}/edit/", id=str(id)), **values)
        assert answer.status_code == 302, said(answer)

    def ask(self, login: str, kind: str, id: Any, verb: str, /, **values: Any) -> Any:
        browser = self.browser_as(login)
        return browser.send(browser.form(f"/admin/{kind}/move/", "/move/", id=str(id), verb=verb), **values)

    def move(self, login: str, kind: str, id: Any, verb: str, /, **values: Any) -> str:
        """Make a move; the state in which the record is then."""
        answer = self.ask(login, kind, id, verb, **values)
        assert answer.status_code == 302, f"{verb}: {said(answer)}"
        return str(row(kind, id)["state"])

    def lead(self, login: str, kind: str, id: Any, verb: str) -> Any:
        browser = self.browser_as(login)
        return browser.send(browser.page(f"/admin/{kind}/details/", {"id": str(id)}).form("/lead/"), verb=verb)

    def text(self, login: str, path: str, **query: Any) -> str:
        return self.browser_as(login).page(path, {name: str(value) for name, value in query.items()}).text


def row(kind: str, id: Any) -> Any:
    return get_db()[kind].find_one({"_id": id})


def day(ahead: int) -> str:
    return (clock.today() + dt.timedelta(days=ahead)).isoformat()


def test_from_a_need_to_a_launched_product(company: Company, browser_as: Callable[..., Browser]) -> None:
    desk, users = Desk(browser_as), {login: str(id) for login, id in company.users.items()}
    project = _initiated(desk, company, users)
    first, second = _specified_and_designed(desk, project, users)
    case = _to_testing(desk, project, first, second, users)
    _tried_changed_and_tried_again(desk, project, first, case, users)
    _launched(desk, company, project)
    line = desk.text("clerk_mkt", "/admin/line/", type="project", id=project)
    report = row("research_report", row("project", project)["report"])
    for number in (report["number"], row("specification_item", first)["number"], row("test_case", case)["number"]):
        assert number in line


def _initiated(desk: Desk, company: Company, users: dict[str, str]) -> ObjectId:
    """2.3.1: proposed from a report in one action, weighed, granted by management."""
    report = company.walk(company.make("research_report", "clerk_mkt", subject="網關需求調研"), "approved")
    project = id_in(desk.lead("clerk_mkt", "research_report", report.id, "propose_project"))
    plan = {f"phases-{at}-planned": day(10 * (at + 1)) for at in range(6)}
    desk.change(
        "clerk_mkt", "project", project, proposal="開發網關。", budget="300000", leader=users["clerk_rnd"], **plan
    )
    assert desk.move("clerk_mkt", "project", project, "submit") == "proposed"
    assert desk.ask("head_rnd", "project", project, "assess").status_code == 422, "no area has said anything"
    areas = {f"feasibility-{at}-score": "5" for at in range(3)} | {f"feasibility-{at}-answer": "yes" for at in range(3)}
    desk.change("head_rnd", "project", project, **{**areas, "feasibility-1-answer": "no"})
    assert desk.move("head_rnd", "project", project, "assess") == "assessed"
    refused = desk.ask("management", "project", project, "approve", **{"value-budget": "250000"})
    assert refused.status_code == 422, "a no is outweighed by nothing"
    assert desk.move("management", "project", project, "return", reason="市場結論須重新論證") == "draft"
    desk.change("head_rnd", "project", project, **areas)
    desk.move("clerk_mkt", "project", project, "submit")
    desk.move("head_rnd", "project", project, "assess")
    assert desk.move("management", "project", project, "approve", **{"value-budget": "250000"}) == "initiated"
    assert row("project", project)["granted"].to_decimal() == 250_000
    assert desk.move("clerk_rnd", "project", project, "begin") == "requirement"
    return project


def _specified_and_designed(desk: Desk, project: ObjectId, users: dict[str, str]) -> tuple[ObjectId, ObjectId]:
    """2.3.2 and 2.3.3: no phase is left before what it is to give is approved."""
    refused = desk.ask("clerk_rnd", "project", project, "enter_design")
    assert refused.status_code == 422, "nothing is specified"
    people = {"lead": users["head_rnd"], "marketing": users["clerk_mkt"]}
    facts = {"project": str(project), "subject": "網關規格", **people}
    specification = desk.enter("clerk_rnd", "specification", **facts)
    of = {"specification": str(specification), "text": "設備應在三秒內啟動。", "criterion": "實測不超過三秒。"}
    first, second = (desk.enter("clerk_rnd", "specification_item", **of, name=name) for name in ("啟動", "重啟"))
    desk.move("clerk_rnd", "specification", specification, "submit")
    desk.move("head_rnd", "specification", specification, "release")
    assert desk.move("clerk_mkt", "specification", specification, "release") == "in_force"
    closed = desk.browser_as("clerk_rnd").get("/admin/specification_item/edit/", {"id": str(first)})
    assert closed.status_code == 403, "a released item is changed by a request alone"
    assert desk.move("clerk_rnd", "project", project, "enter_design") == "design"
    assert desk.ask("clerk_rnd", "project", project, "enter_development").status_code == 422
    facts = {"project": str(project), "subject": "總體設計", "lead": users["head_rnd"], "body": "分三層。"}
    design = desk.enter("clerk_rnd", "design_document", **facts, kind="architecture", items=[str(first), str(second)])
    desk.move("clerk_rnd", "design_document", design, "submit")
    assert desk.move("head_rnd", "design_document", design, "approve") == "approved"
    assert desk.move("clerk_rnd", "project", project, "enter_development") == "development"
    return first, second


def _to_testing(desk: Desk, project: ObjectId, first: ObjectId, second: ObjectId, users: dict[str, str]) -> ObjectId:
    """2.3.4: a case for one item alone; the other one is named as uncovered."""
    steps = {"steps-0-action": "上電", "steps-0-expected": "三秒內就緒"}
    facts = {"project": str(project), "subject": "計時啟動", "tester": users["clerk_rnd"], **steps}
    case = desk.enter("clerk_rnd", "test_case", **facts, items=str(first))
    assert desk.move("clerk_rnd", "test_case", case, "put_in_force") == "in_force"
    assert desk.ask("clerk_rnd", "project", project, "enter_testing").status_code == 422, "no plan is under way"
    facts = {"project": str(project), "subject": "系統測試", "build": "b1", "cases": str(case)}
    plan = desk.enter("clerk_rnd", "test_plan", **facts)
    desk.move("clerk_rnd", "test_plan", plan, "begin")
    assert desk.move("clerk_rnd", "project", project, "enter_testing") == "testing"
    uncovered = row("specification_item", second)["number"]
    assert uncovered in said(desk.ask("clerk_rnd", "project", project, "leave_testing"))
    desk.change("clerk_rnd", "test_case", case, items=[str(first), str(second)])
    assert uncovered not in said(desk.ask("clerk_rnd", "project", project, "leave_testing"))
    return case


def _tried(desk: Desk, project: ObjectId, case: ObjectId, build: str, result: str) -> ObjectId:
    line = {"results-0-case": str(case), "results-0-result": result, "results-0-note": "黑屏"}
    run = desk.enter("clerk_rnd", "test_run", project=str(project), build=build, **line)
    desk.move("clerk_rnd", "test_run", run, "finish")
    return run


def _tried_changed_and_tried_again(
    desk: Desk, project: ObjectId, first: ObjectId, case: ObjectId, users: dict[str, str]
) -> None:
    """A failed step is a defect, mended by one and verified by another; a change says beforehand what turns suspect."""
    run = _tried(desk, project, case, "b1", "failed")
    assert desk.lead("clerk_rnd", "test_run", run, "report_defects").status_code == 302
    [defect] = get_db()["defect"].find({"run": run})
    assert (defect["case"], defect["build"]) == (case, "b1")
    desk.change("clerk_rnd", "defect", defect["_id"], severity="high", assignee=users["clerk_rnd"])
    assert defect["number"] in said(desk.ask("clerk_rnd", "project", project, "leave_testing"))
    desk.move("clerk_rnd", "defect", defect["_id"], "fix", fixed_in="b2", correction="延長復位時間")
    assert desk.ask("clerk_rnd", "defect", defect["_id"], "verify").status_code == 403, "who has mended it"
    assert desk.move("head_rnd", "defect", defect["_id"], "verify") == "verified"
    facts = {"specification": str(row("specification_item", first)["specification"]), "subject": "加快啟動"}
    line = {"changed-0-item": str(first), "changed-0-text": "設備應在兩秒內啟動。", "changed-0-name": "啟動"}
    line |= {"changed-0-kind": "function", "changed-0-priority": "must", "changed-0-criterion": "實測不超過兩秒。"}
    request = desk.enter("clerk_rnd", "change_request", **facts, why="客戶要求", **line)
    desk.move("clerk_rnd", "change_request", request, "submit")
    number = row("test_case", case)["number"]
    assert number in desk.text("head_rnd", "/admin/change_request/details/", id=request), "what it will cost"
    desk.move("head_rnd", "change_request", request, "approve")
    desk.move("clerk_mkt", "change_request", request, "approve")
    assert row("test_case", case)["suspect"] is True
    _tried(desk, project, case, "b2", "passed")
    refused = said(desk.ask("clerk_rnd", "project", project, "leave_testing"))
    assert number in refused, "a pass on a suspect link does not count"
    desk.move("clerk_rnd", "test_case", case, "confirm_links")
    for design in list(get_db()["design_document"].find({"project": project, "suspect": True})):
        desk.move("head_rnd", "design_document", design["_id"], "confirm_links")
    _tried(desk, project, case, "b2", "passed")
    assert desk.move("clerk_rnd", "project", project, "leave_testing") == "launch"
    work_off("papers.make")
    assert [item["kind"] for item in files.files_of(project)] == ["certificate"]


def _launched(desk: Desk, company: Company, project: ObjectId) -> None:
    """2.3.5 and 2.3.6: go by each who says it, live with every line done, then reviewed each quarter."""
    launch = ready_launch(company, catalogue["project"].objects.get(id=project)).id
    desk.move("clerk_rnd", "launch", launch, "request_go")
    desk.move("management", "launch", launch, "go", **{"value-risk": "2"})
    assert desk.move("head_svc", "launch", launch, "go", **{"value-risk": "3"}) == "approved"
    assert "已完成 0/4" in desk.text("clerk_rnd", "/admin/launch/details/", id=launch)
    assert desk.ask("clerk_rnd", "launch", launch, "go_live").status_code == 422, "the checklist is open"
    desk.change("clerk_rnd", "launch", launch, **{f"checklist-{at}-done": day(0) for at in range(4)})
    assert desk.move("clerk_rnd", "launch", launch, "go_live") == "live"
    seen = {"monitoring-0-note": "平穩", "outcome": "success", "result": "按計劃完成"}
    desk.change("clerk_rnd", "launch", launch, **seen)
    assert desk.move("clerk_rnd", "launch", launch, "complete") == "completed"
    assert desk.move("clerk_rnd", "project", project, "enter_maintenance") == "maintenance"
    [review] = get_db()["maintenance"].find({"project": project})
    assert (review["kind"], review["state"]) == ("performance", "open")
