"""Figures and results (4.2-4.4) as their people go through them: from a page of a process to a bonus and a new post."""

from __future__ import annotations

import datetime as dt
import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import nullcontext
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from python_calamine import CalamineWorkbook

from admin_app import cli, figure_commands
from models import catalogue
from models.assessment import publishing
from models.assessment.cycles import BONUSES
from models.assessment.sheet_words import PUBLISH
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.papers import MAKE
from models.services.keeping import audit
from tests.fixtures.doing import do, work_off
from tests.fixtures.histories import HOUR, Histories
from tests.fixtures.http import Browser, Page, id_in
from tests.fixtures.papers import text_in
from tests.fixtures.rounds import MARKS, SCORES, SHEET, USER, act, send
from tests.fixtures.seeded_month import NOW
from tests.journeys.test_supervision_over_http import move, save

MIDNIGHT = dt.datetime(2026, 11, 30, 16, tzinfo=dt.UTC)  # in Shanghai
DAY = {"from": "2026-10-09", "to": "2026-10-09"}
PROCESS, FIGURES, RESULTS = "/admin/process/quotation/", "/admin/indicator-figures/", "/admin/assessment-results/"
VALUE, INDICATOR, BONUS = (catalogue[name] for name in ("indicator_value", "indicator", "bonus"))


def way(browser: Browser, path: str, words: str, **query: str) -> str:
    """The address of the first link of a page in which these words stand."""
    links = [link for link in browser.page(path, query).links if words in link]
    assert links, f"No link of {path} has {words}."
    return unescape(links[0])


def row_of(page: Page, head: str) -> list[str]:
    """The row of a page that begins with these words."""
    return next(row for row in page.rows if row and row[0].startswith(head))


def test_the_page_of_a_process_opens_its_cases_and_gives_its_log(
    tenth_of_month: Any, browser_as: Any, tmp_path: Path
) -> None:
    """From the list to the eight that were given back, beside the day before; then the log: the same courses in each
    form, and none for who sees no quotation."""
    head = browser_as("head_sal", locale="en")
    assert way(head, "/admin/quotation/", PROCESS).startswith(PROCESS)
    page = head.page(PROCESS, {**DAY, "by": "owner"})
    assert next(row for row in page.rows if "Return" in row)[3:5] == ["8", "8"]
    assert "Beside the period before" in page.text
    cases = next(link for link in page.links if "/cases/" in link and "return" in link)
    assert len([row for row in head.page(unescape(cases)).rows if "Return" in "".join(row)]) == 8

    links = {kind: way(head, PROCESS, f"log/{kind}", **DAY) for kind in ("ocel.json", "ocel.sqlite", "xes")}
    log = json.loads(head.get(links["ocel.json"]).data)
    numbers = [item["id"] for item in log["objects"] if item["type"] == "quotation"]
    assert numbers
    place = tmp_path / "log.sqlite"
    place.write_bytes(head.get(links["ocel.sqlite"]).data)
    with sqlite3.connect(place) as database:
        assert {row[0] for row in database.execute("SELECT ocel_id FROM event")} == {e["id"] for e in log["events"]}
    database.close()
    root = ElementTree.parse(io.BytesIO(head.get(links["xes"]).data)).getroot()
    assert len(root.findall("{http://www.xes-standard.org/}trace")) == len(numbers)
    for link in links.values():
        assert browser_as("clerk_prd").get(link).status_code == 403


def test_an_indicator_is_filtered_by_human_resources_and_says_nothing_of_few_cases(
    tenth_of_month: Any, browser_as: Any
) -> None:
    """A filter that does not fit is kept in the draft and not handed in. Of 95 cases, 87 of them good, there is a
    value where five are enough, and a count alone where 96 are needed."""
    hr, management = browser_as("hr", locale="en"), browser_as("management", locale="en")
    facts = {"group": "process", "measure": "quotation.firstpass", "since": "2026-10-01", "filters-0-rule": "not"}
    for name, least in (("enough", "5"), ("too few", "96")):
        form = hr.form("/admin/indicator/new/")
        wrong = {"name": name, "least_n": least, "filters-0-field": "price", "filters-0-value": "USD", "confirm": "1"}
        id = str(id_in(hr.send(form, **facts, **wrong)))
        refused = hr.send(hr.form("/admin/indicator/move/", id=id, verb="submit"))
        assert refused.status_code == 422
        save(hr, "/admin/indicator/edit/", {"filters-0-field": "currency"}, id=id)
        move(hr, "indicator", id, "submit")
        move(management, "indicator", id, "approve")
    publishing.compute()
    assert row_of(management.page(FIGURES), "enough")[3] == "91.6 %n = 95 · 84.3–95.7"
    few = management.page(way(management, FIGURES, id))  # the last of the two
    assert "87/95n = 95" in row_of(few, "Company")


def test_a_value_is_objected_to_and_both_values_stay_and_are_proved(
    tenth_of_month: Any, company: Any, browser_as: Any, settings: Any, monkeypatch: Any, capsys: Any
) -> None:
    """From the head's value to the case that was late, to the objection; decided with all that hangs on it in view."""
    monkeypatch.setattr(figure_commands, "database", nullcontext)
    monkeypatch.setattr(cli, "load_settings", lambda: settings)
    supervisor, head = (browser_as(login, locale="en") for login in ("supervisor", "head_sal"))
    value = VALUE.objects.get(indicator=tenth_of_month["及時性"], scope="person", employee=company.users["head_sal"])
    misses = way(head, "/admin/indicator_value/details/", "part=misses", id=str(value.id))
    objection = save(head, way(head, misses, "figure_objection/new"), {"reason": "當日獲准休假"})
    move(head, "figure_objection", objection, "submit")
    address = {"id": objection}
    rehearsed = row_of(supervisor.page("/admin/figure_objection/details/", address), value.number)
    assert rehearsed[4:] == ["95.15", "103", "96.08", "102"]
    move(supervisor, "figure_objection", objection, "accept", reason="休假屬實")
    new = VALUE.objects.get(restates=value.id)
    decided = row_of(supervisor.page("/admin/figure_objection/details/", address), new.number)
    assert decided[1:] == rehearsed[4:]
    for record, shown in ((value, "95.15"), (new, "96.08")):
        assert shown in head.page("/admin/indicator_value/details/", {"id": record.id}).text
    assert cli.main(["figures", "verify", new.number]) == 0
    assert f"{new.number} is equal" in capsys.readouterr().out


def test_management_sees_what_is_late_most_often_and_supervisors_what_strikes(
    tenth_of_month: Any, company: Any, browser_as: Any
) -> None:
    """5 of 103 approvals late, down to their cases; and six approved within ten seconds, for supervisors alone."""
    histories, head = Histories(), company.users["head_sal"]
    facts = {"owner": company.users["clerk_sal"], "department": company.department("SAL"), "flow": 1}
    for _ in range(6):
        case = histories.case("quotation", actor=company.users["clerk_sal"], **facts)
        case.add(NOW - dt.timedelta(seconds=5), "submit", "draft", "submitted")
        case.add(NOW, "approve", "submitted", "approved", due=NOW + 2 * HOUR, spent=5, actor=head)
    histories.write()
    audit.seal_all()
    do("compliance.count")
    seen = {login: browser_as(login, locale="en").page("/admin/compliance/") for login in ("management", "supervisor")}
    cause = ["Quotation", "Submitted", "Approve", "5", "5 of 103 (4.9 %)"]
    assert row_of(seen["management"], "Quotation") == cause
    process = browser_as("management").page(way(browser_as("management"), "/admin/compliance/", PROCESS))
    assert any("/cases/" in link for link in process.links)
    assert "What strikes" not in seen["management"].text
    assert row_of(seen["supervisor"], company.user("head_sal").name)[1].startswith("6 of 111")


def test_from_the_dry_run_of_a_cycle_to_the_bonus_and_a_new_post(
    company: Any, running: Any, browser_as: Callable[..., Browser]
) -> None:
    """Sheets, scores, calibration, publication, appeal, pool and slip, and the change of position that follows."""
    hr = browser_as("hr", locale="en")
    sales = str(company.department("SAL"))
    facts = {"name": "九月考核", "first_day": "2026-09-01", "departments": sales, "forms": str(running["form"])}
    cycle = save(
        hr, "/admin/assessment_cycle/new/", {**facts, "score_until": "2026-11-20", "peers_most": "3", "pool": "10000"}
    )
    move(hr, "assessment_cycle", cycle, "open")
    dry_run = hr.page("/admin/assessment_cycle/lead/", {"id": cycle, "verb": "make_sheets"})
    assert not SHEET.objects(cycle=cycle)
    assert all(f"{company.user(login).name}" in dry_run.text for login in MARKS)
    hr.send(dry_run.form("/lead/"), verb="make_sheets")
    sheets = {login: SHEET.objects.get(cycle=cycle, employee=company.users[login]) for login in MARKS}
    _scored_and_approved(company, browser_as, cycle, dict(sheets))
    _calibrated(hr, sheets["clerk_sal2"])
    move(hr, "assessment_cycle", cycle, "publish")
    work_off(PUBLISH)
    _appealed(hr, browser_as("peer2"), cycle, sheets["peer2"])
    _paid(company, browser_as, cycle)
    _promoted(company, browser_as, str(sheets["clerk_sal"].id))


def _scored_and_approved(company: Any, browser_as: Any, cycle: str, sheets: dict[str, Any]) -> None:
    """Of each kind of score sheet of one clerk one by its form; the clerk learns nothing meanwhile."""
    by_form = {given.kind: given for given in SCORES.objects(cycle=cycle, employee=company.users["clerk_sal"])}
    assert by_form.keys() == {"own", "manager", "peer"}
    logins = {id: login for login, id in company.users.items()}
    for kind, given in by_form.items():
        rater = browser_as(logins[given.ref("rater")])
        assert "until" not in rater.form("/admin/score_sheet/edit/", id=given.id)  # by which their own step is due
        save(rater, "/admin/score_sheet/edit/", {"score": "90" if kind == "manager" else "50"}, id=given.id)
        move(rater, "score_sheet", given.id, "send")
    for given in list(SCORES.objects(cycle=cycle, state="open")):
        send(company, given, MARKS[logins[given.ref("employee")]] if given.kind == "manager" else 50)
    address = {"id": sheets["clerk_sal"].id}
    assert "76.67" in browser_as("head_sal").page("/admin/assessment/details/", address).text
    assert "76.67" not in browser_as("clerk_sal").page("/admin/assessment/details/", address).text
    move(browser_as("head_sal"), "assessment", sheets.pop("clerk_sal").id, "approve")
    for login, sheet in sheets.items():
        act(SHEET, sheet, "approve", "management" if login == "head_sal" else "head_sal")


def _calibrated(hr: Browser, sheet: Any) -> None:
    assert "70.00 → 75.50" in hr.page(f"{RESULTS}effect", {"id": sheet.id, "points": "5.5"}).text
    move(hr, "assessment", sheet.id, "calibrate", adjust_by="5.5", reason="與同級可比")
    assert str(SHEET.objects.get(id=sheet.id).total) == "75.50"


def _appealed(hr: Browser, own: Browser, cycle: str, sheet: Any) -> None:
    """Whatever the ripple shows of total, grade and amount of each is what the results show after the decision."""
    assert "63.33" in own.page("/admin/assessment/details/", {"id": sheet.id}).text
    move(own, "assessment", sheet.id, "appeal", grounds="漏計十月的項目")
    ripple = hr.page(f"{RESULTS}effect", {"id": sheet.id, "points": "8"}).rows[1:]
    assert [row[1] for row in ripple if "→" in row[1]] == ["63.33 → 71.33"]
    move(hr, "assessment", sheet.id, "grant", adjust_by="8", reason="屬實")
    results = {row[0]: row for row in hr.page(RESULTS, {"id": cycle}).rows if len(row) == 8}
    assert len(ripple) > 1
    for name, total, _, grade, amount, _ in ripple:
        now = [results[name][place] for place in (3, 6, 7)]
        assert now == [text.rpartition(" ")[2] for text in (total, grade, amount)]


def _paid(company: Any, browser_as: Any, cycle: str) -> None:
    """Five weigh the same, the sixth nothing: 2000.00 each, on the slip and in the sheet for payroll."""
    move(browser_as("hr"), "assessment_cycle", cycle, "share_out")
    work_off(BONUSES)
    assert browser_as("clerk_sal").page("/admin/bonus/").text.count("2,000.00") == 0
    move(browser_as("management"), "assessment_cycle", cycle, "award")
    work_off(BONUSES)
    work_off(MAKE)
    bonus = BONUS.objects.get(employee=company.users["peer2"])
    peer, finance = browser_as("peer2"), browser_as("finance", locale="en")
    slip = peer.get(way(peer, "/admin/bonus/details/", "/files/", id=str(bonus.id)).removesuffix("/view"))
    assert "2,000.00" in text_in(slip.data)
    export = finance.get("/admin/bonus/export/xlsx/", {"own": "1", "f.cycle": cycle})
    heads, *rows = CalamineWorkbook.from_filelike(io.BytesIO(export.data)).get_sheet_by_index(0).to_python()
    place = next(at for at, name in enumerate(heads) if str(name).startswith("Amount"))
    assert sorted(Decimal(str(row[place])) for row in rows) == [0, 2000, 2000, 2000, 2000, 2000]


def _promoted(company: Any, browser_as: Any, sheet: str) -> None:
    """Grounded on the assessment, signed by the employee, agreed by another of human resources and by management."""
    values = {"login": "hr2", "name": "人事二", "department": company.actor("hr").department, "roles": ["hr"]}
    company.users["hr2"] = changes.create(USER, values, actor=SYSTEM).id
    position = changes.create(catalogue["position"], {"name": "主管"}, actor=SYSTEM).id
    clerk, hr = browser_as("clerk_sal"), browser_as("hr")
    facts = {"employee": str(company.users["clerk_sal"]), "effective_on": "2026-12-01", "ground": "assessment"}
    facts |= {"evaluations": sheet, "why": "業績穩定，可獨當一面", "to_department": str(company.department("MKT"))}
    facts |= {"to_position": str(position)}
    change = save(hr, "/admin/position_change/new/", {**facts, "to_roles": ["head"]})
    assert clerk.get("/admin/position_change/details/", {"id": change}).status_code == 404  # a draft
    move(hr, "position_change", change, "submit")
    form = clerk.form("/admin/position_change/move/", id=change, verb="consent")
    assert clerk.send(form).status_code == 422  # without a signature
    signed = {"consent.typed": company.user("clerk_sal").name, "consent.sure": "1"}
    move(clerk, "position_change", change, "consent", **signed)
    move(browser_as("hr2"), "position_change", change, "review")
    move(browser_as("management"), "position_change", change, "approve")
    for moment, code, roles in ((MIDNIGHT - HOUR, "SAL", ["clerk"]), (MIDNIGHT, "MKT", ["head"])):
        with clock.set_to(moment):
            do("moves.timed")
        now = company.user("clerk_sal")
        assert (now.ref("department"), now.roles) == (company.department(code), roles)
