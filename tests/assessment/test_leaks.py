"""Who learns which number of a sheet, by whatever page, list, file, history or program: truth tables over HTTP.

Nor by how long an answer takes: what the database is asked for, command by command, is the same whatever a hidden score
is. Time itself is never measured.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from bson import Decimal128
from mongoengine.connection import get_db
from python_calamine import CalamineWorkbook

from models.assessment.sheet_words import PUBLISH
from models.kernel.base import clock
from tests.fixtures._scenes import Stage
from tests.fixtures.doing import do, work_off
from tests.fixtures.http import COMMANDS
from tests.fixtures.rounds import (
    CYCLE,
    MARKS,
    NOW,
    SCORES,
    SHEET,
    act,
    said_in,
    send,
    sheet_of,
)

WHOSE = "peer1"
PEERS = ("31.1", "32.2", "33.3", "34.4")
TOTAL, PEER, MANAGER, OWN, REMARK, CALIBRATED = "71.71", "32.75", "87.6", "54.3", "上級評語之言", "81.71"
FIGURES = (TOTAL, PEER, MANAGER, OWN, REMARK, CALIBRATED)
STAGES = ("approved", "published")
ALL = frozenset(FIGURES)
# what each sees of the sheet of somebody else, or as its employee, at a stage; nobody else anything of it at any
SEEN: dict[str, dict[str, frozenset[str]]] = {
    login: {"approved": ALL, "published": ALL} for login in ("hr", "management", "supervisor", "head_sal")
}
SEEN[WHOSE] = {"approved": frozenset({OWN}), "published": ALL}
PEOPLE = {  # a colleague who scored, another head, two offices
    "approved": (WHOSE, "hr", "clerk_sal"),
    "published": (WHOSE, "hr", "head_sal", "clerk_sal", "head_mkt", "it"),
}
HIDDEN = (
    "total",
    "coverage",
    "grade",
    "rank",
    "group_rank",
    "noted_rank",
    "items",
    "voices",
    "exact",
    "parts",
    "share",
)


@pytest.fixture(params=STAGES)
def stage_of(request: Any, company: Any, running: Any, stage: Stage) -> str:
    """A sheet at a stage: approved and raised by ten; published. All its numbers are found nowhere else."""

    def approved() -> None:
        for given in list(SCORES.objects(state="open")):
            _send(company, given, next(name for name, id in company.users.items() if id == given.ref("employee")))
        for sheet in list(SHEET.objects()):
            head = "management" if sheet.ref("employee") == company.users["head_sal"] else "head_sal"
            act(SHEET, sheet, "approve", head)
        act(SHEET, sheet_of(company, WHOSE), "calibrate", "hr", {"adjust_by": Decimal(10)}, "比照同崗位上調")

    def published() -> None:
        act(CYCLE, CYCLE.objects.get(id=running["cycle"]), "publish", "hr")
        work_off(PUBLISH)

    with clock.set_to(NOW):
        for name, build in zip(STAGES, (approved, published), strict=True):
            stage.once(f"figures {name}", build)
            if name == request.param:
                break
    return str(request.param)


def _send(company: Any, given: Any, login: str) -> None:
    if login != WHOSE:
        send(company, given, MARKS[login] if given.kind == "manager" else 50)
    elif given.kind == "peer":
        sent = SCORES.objects(employee=given.ref("employee"), kind="peer", state="sent").count()
        send(company, given, PEERS[sent])
    else:
        send(company, given, MANAGER if given.kind == "manager" else OWN, REMARK if given.kind == "manager" else "")


def pages(browser: Any, sheet: Any, cycle: Any) -> Iterator[tuple[str, str]]:
    """Every page and file of the sheet, and all on which something of it could stand."""
    id, base = {"id": sheet.id}, "/admin/assessment/"
    visits = [(base + path, id) for path in ("details/", "history/", "print/", "edit/", "delete/")]
    if browser.login not in SEEN or browser.login == WHOSE:  # who sees all now is not asked what they saw then
        visits += [(f"{base}history/", {**id, "version": n}) for n in range(1, sheet.version + 1)]
        visits += [(f"{base}history/", {**id, "version": 1, "other": n}) for n in range(2, sheet.version + 1)]
    visits += [(f"{base}move/", {**id, "verb": verb}) for verb in ("approve", "return", "calibrate", "appeal", "grant")]
    visits += [(base, {"size": "200"}), (base, {"q": sheet.number}), (base, {"columns": "total"})]
    visits += [(base, {"sort": name}) for name in HIDDEN] + [(base, {f"f.{name}": "1"}) for name in HIDDEN]
    visits += [(f"{base}export/{kind}/", {"columns": "total"}) for kind in ("csv",)]
    visits += [(f"{base}{path}/", id) for path in ("totals", "row", "neighbour", "deadline", "columns", "paper")]
    made = {"rows": "grade", "columns": "total", "value": "total"}
    visits += [(f"/admin/analysis/assessment/{path}", made) for path in ("", "export/csv/")]
    visits += [(f"/admin/process/assessment/{path}", {}) for path in ("", "cases/", "log/ocel-json/", "log/xes/")]
    visits += [(f"/admin/{path}/", {}) for path in ("inbox", "day", "calendar", "notices", "batches", "compliance")]
    visits += [(f"/admin/{path}/", {"type": "assessment"}) for path in ("board", "calendar")]
    visits += [(f"/admin/{path}/", {"q": q}) for path in ("search", "palette") for q in (sheet.number, "十月考核")]
    visits += [("/admin/", {}), ("/admin/assessment_cycle/details/", {"id": cycle})]
    visits += [
        ("/admin/assessment-results/", {"id": cycle}),
        ("/admin/assessment-results/effect", {**id, "points": "1"}),
    ]
    for given in SCORES.objects(sheet=sheet.id):
        visits += [
            (f"/admin/score_sheet/{path}", {"id": given.id}) for path in ("details/", "history/", "print/", "edit/")
        ]
        visits += [("/admin/score_sheet/history/", {"id": given.id, "version": n}) for n in range(1, given.version + 1)]
    visits += [("/admin/score_sheet/", {"size": "200"}), ("/admin/score_sheet/export/csv/", {})]
    for path, query in visits:
        answer = browser.get(path, query)
        assert answer.status_code < 500, (path, query)
        yield f"{path} {query}", said_in(answer)


def programs(client: Any, sheet: Any) -> Iterator[tuple[str, str]]:
    """What a program with the key of somebody gets of it: lists, records, histories, earlier versions, rehearsals."""
    own = f"assessment/{sheet.id}"
    paths = [
        "assessment",
        "score_sheet",
        "assessment?fields=total",
        own,
        f"{own}/history",
        f"{own}/moves",
        f"{own}/comments",
    ]
    paths += [f"assessment?sort={name}" for name in HIDDEN] + [f"assessment?f.{name}=1" for name in HIDDEN]
    moments = [entry["at"] for entry in get_db().history.find({"record": sheet.id}, {"at": 1})]
    paths += [f"{own}?at={at.isoformat().replace('+', '%2B')}" for at in {*moments}]
    for given in SCORES.objects(sheet=sheet.id):
        paths += [f"score_sheet/{given.id}", f"score_sheet/{given.id}/history"]
    for path in paths:
        answer = client.get(path)
        assert answer.status_code < 500, path
        yield path, answer.text
    for verb in ("approve", "return", "calibrate", "publish", "score", "appeal"):
        body = {"reason": "試", **({"fields": {"adjust_by": "1"}} if verb == "calibrate" else {})}
        answer = client.ask("POST", f"{own}/moves/{verb}?rehearse=1", body, If_Match=f'"v{sheet.version}"')
        assert answer.status_code < 500, verb
        yield f"rehearse {verb}", answer.text


def figures_in(said: dict[str, str]) -> dict[str, set[str]]:
    """Each figure, with the places in which it stands."""
    no_figure = re.compile(r'[0-9a-f]{24,}| (?:d|x|y|points)="[^"]*"')  # ids, and where a drawing has its lines
    texts = {name: no_figure.sub("", text) for name, text in said.items()}
    return {figure: {place for place, text in texts.items() if figure in text} for figure in (*FIGURES, *PEERS)}


def test_who_learns_which_number(
    stage_of: str, company: Any, running: Any, browser_as: Callable[..., Any], program: Callable[..., Any]
) -> None:
    """Single scores of colleagues: their givers alone. All others: as the table says, on the pages of the sheet."""
    sheet = sheet_of(company, WHOSE)
    assert (sheet.state, str(sheet.total)) == (stage_of, CALIBRATED)
    givers = {given.ref("rater"): str(given.scores[0].score) for given in SCORES.objects(sheet=sheet.id)}
    for login in PEOPLE[stage_of]:
        said = dict(pages(browser_as(login, is_new=True), sheet, running["cycle"]))
        said |= dict(programs(program(login), sheet))
        may = set(SEEN.get(login, {}).get(stage_of, ()))
        own = givers.get(company.users[login])
        for figure, places in figures_in(said).items():
            if figure == own or (figure == REMARK and login == "head_sal"):
                continue  # what they gave themselves stands on their own score sheet
            assert bool(places) == (figure in may), (login, stage_of, figure, sorted(places)[:3])
            among_many = {place for place in places if place.startswith(("/admin/assessment/ ", "assessment?"))}
            assert not among_many, (login, figure)


def test_no_list_is_sorted_narrowed_or_summed_by_what_it_does_not_show(
    company: Any, running: Any, browser_as: Callable[..., Any], program: Callable[..., Any]
) -> None:
    """A filter that is not known is said, and the rows are the same; the API refuses it. An analysis offers none."""
    for login in ("hr", "supervisor", "clerk_sal"):
        browser, client = browser_as(login, locale="en", is_new=True), program(login)
        rows = _numbers(browser.get("/admin/assessment/", {"size": "200"}).text)
        for name in HIDDEN:
            assert _numbers(browser.get("/admin/assessment/", {"size": "200", "sort": name}).text) == rows, (
                login,
                name,
            )
            assert client.get(f"assessment?sort={name}").status_code == 422, (login, name)
            for way in ("", ".from", ".to", ".is", ".not"):
                assert client.get(f"assessment?f.{name}{way}=1").status_code == 422, (login, name, way)
        page = browser.get("/admin/analysis/assessment/", {"rows": "grade", "value": "total"}).text
        assert not [name for name in HIDDEN if f'value="{name}"' in page]


def test_nothing_of_it_is_mailed_or_exported_and_no_work_tells_it(
    stage_of: str, company: Any, running: Any, browser_as: Callable[..., Any]
) -> None:
    """XLSX sheets; notices and mails, to whomever; and which commands the database is sent, whatever the score is: for
    a colleague, and for the employee before the publication."""
    sheet = sheet_of(company, WHOSE)
    do("notices.deliver")
    said = [str(row) for name in ("notice", "mail", "outbox") for row in get_db()[name].find()]
    assert said
    assert not [text for text in said if any(figure in text for figure in (*FIGURES, *PEERS))]
    for login in ("hr", "clerk_sal", "head_mkt"):
        browser = browser_as(login, is_new=True)
        for address in ("/admin/assessment/export/xlsx/", "/admin/score_sheet/export/xlsx/"):
            content = browser.get(address, {"columns": "total", "size": "200"}).data
            cells = {str(cell) for row in _rows_of(content) for cell in row}
            assert not cells & {*FIGURES, *PEERS}, (login, address)
    pages = [
        ("details/", {"id": sheet.id}),
        ("", {"size": "200"}),
        ("history/", {"id": sheet.id}),
        ("", {"q": sheet.number}),
    ]
    readers = [browser_as(login, is_new=True) for login in ("clerk_sal", *([WHOSE] if stage_of == "approved" else ()))]
    works = []
    for reader in readers:
        for path, query in pages:
            reader.get(f"/admin/assessment/{path}", query)
    for exact, total in ((sheet.exact, sheet.total), ("5", Decimal(5)), (None, None)):
        stored = None if total is None else Decimal128(total)
        get_db().assessment.update_one({"_id": sheet.id}, {"$set": {"exact": exact, "total": stored}})
        works.append([_work_of(by, f"/admin/assessment/{path}", query) for by in readers for path, query in pages])
    assert all(works[0])
    assert works[0] == works[1] == works[2]


def _rows_of(content: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def _work_of(browser: Any, address: str, query: Any) -> list[str]:
    """The commands that the database is sent for a page, and of which collection each is."""
    names: list[str] = []
    COMMANDS.listeners.append(listen := lambda command: names.append(" ".join(map(str, next(iter(command.items()))))))
    try:
        browser.get(address, query)
    finally:
        COMMANDS.listeners.remove(listen)
    return names


def _numbers(page: str) -> list[str]:
    return re.findall(r"AS-\d{4}-\d{5}", page)
