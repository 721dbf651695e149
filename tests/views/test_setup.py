"""A new company is led: what is still to be set up, on a page and on IT's home, and a backup policy from the start."""

from __future__ import annotations

import pytest

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.mailing import MailSettings, set_post_office
from models.operations import setup
from models.operations.backups import BackupPolicy, policies
from models.operations.first_policy import FirstTarget, ensure_first_policy, first_target, set_first_target
from models.organisation import Department, User
from models.services.work import jobs
from models.working_calendars import CalendarDay


@pytest.fixture
def first_folder(tmp_path):
    """The folder of the first backups, as the settings name it."""
    before = first_target()
    set_first_target(FirstTarget(tmp_path / "data" / "backups", encrypted=False))
    yield tmp_path / "data" / "backups"
    set_first_target(before)


@pytest.fixture
def new_company(app, monkeypatch):
    """A company of one department and one administrator, as `guicheng user add` makes it, in no demo."""
    monkeypatch.setitem(app.config, "IS_DEMO", False)
    home = changes.create(Department, {"code": "ITD", "name": "信息技術部"}, actor=SYSTEM)
    facts = {"login": "it", "name": "盧文濤", "department": home.id, "roles": ["it"], "active": True}
    return changes.create(User, facts, actor=SYSTEM)


def keys() -> set[str]:
    return {line.key for line in setup.open_lines()}


def test_home_tells_it_what_is_missing_and_leads_there(new_company, browser_as):
    home = browser_as("it", locale="en").page("/admin/")
    assert "/admin/setup/" in home.links
    assert "Still to be set up: Administrators, Departments and their heads, People" in home.text


def test_each_line_has_its_state_and_a_way(new_company, browser_as):
    it = browser_as("it", locale="en")
    page = it.page("/admin/setup/")
    for line in setup.LINES:
        assert str(line.label.en) in page.text
        assert line.url in page.links
        assert it.get(line.url).status_code == 200
    assert it.get("/admin/setup/").text.count(">to do<") == len(setup.open_lines())


def test_a_line_is_done_when_it_is_done(new_company, first_folder):
    assert keys() == {line.key for line in setup.LINES}
    home = new_company.ref("department")
    facts = {"name": "某人", "department": home, "active": True}
    second = changes.create(User, facts | {"login": "it2", "roles": ["it"]}, actor=SYSTEM)
    assert "administrators" not in keys()
    head = changes.create(User, facts | {"login": "head", "roles": ["head"]}, actor=SYSTEM)
    assert "people" not in keys()
    other = changes.create(Department, {"code": "SAL", "name": "銷售部", "head": head.id}, actor=SYSTEM)
    assert "departments" in keys(), "the department of IT has no head"
    changes.update(Department, home, {"head": second.id}, actor=SYSTEM, version=None)
    assert "departments" not in keys()
    assert other.code == "SAL"
    changes.create(CalendarDay, {"day": clock.today(), "kind": "off", "name": "節"}, actor=SYSTEM)
    assert "calendar" not in keys()
    ensure_first_policy()
    assert {"backup_target", "backup_made"} <= keys()
    changes.create(BackupPolicy, {"name": "異機", "target": "/srv/backups", "department": home}, actor=SYSTEM)
    assert "backup_target" not in keys()


def test_mail_is_done_when_the_settings_name_a_server(new_company):
    assert "mail" in keys()
    set_post_office(MailSettings(host="mail.example.com"))
    try:
        assert "mail" not in keys()
    finally:
        set_post_office(MailSettings())


def test_it_may_do_without_a_line_and_take_it_up_again(new_company, browser_as, db):
    it = browser_as("it", locale="en")
    assert "Mail" in it.page("/admin/").text
    assert it.post("/admin/setup/without/", {"key": "mail", "without": "1"}).status_code == 302
    assert "mail" not in keys()
    assert "not needed" in it.page("/admin/setup/").text
    it.post("/admin/setup/without/", {"key": "mail", "without": ""})
    assert "mail" in keys()
    it.post("/admin/setup/without/", {"key": "$where", "without": "1"})
    assert setup.without() == frozenset()


def test_only_it_is_led(company, app, browser_as, monkeypatch):
    monkeypatch.setitem(app.config, "IS_DEMO", False)
    for login in ("clerk_sal", "management", "supervisor"):
        assert "/admin/setup/" not in browser_as(login).page("/admin/").links
        assert browser_as(login).get("/admin/setup/").status_code in {403, 404}
        assert browser_as(login).post("/admin/setup/without/", {"key": "mail", "without": "1"}).status_code in {
            403,
            404,
        }


def test_a_demo_is_not_to_be_set_up(company, browser_as):
    assert "Still to be set up" not in browser_as("it", locale="en").page("/admin/").text


def test_backups_go_into_the_data_folder_from_the_first_hour(new_company, first_folder, db, browser_as):
    assert ensure_first_policy()
    (policy,) = policies()
    assert (policy.target, policy.encrypted, policy.ref("department")) == (
        str(first_folder), False, new_company.ref("department"),
    )  # fmt: skip
    assert first_folder.is_dir()
    assert db.history.find_one({"record": policy.id})["actor_name"] == SYSTEM.name
    (run,) = db.task_run.find()
    assert (run["task"], run["params"]) == ("backup.run", {"policy": str(policy.id), "drill": True})
    assert "no backup policy" not in browser_as("it", locale="en").page("/admin/").text


def test_the_first_policy_is_made_once_and_stays_away_when_removed(new_company, first_folder, db):
    assert ensure_first_policy()
    assert not ensure_first_policy()
    (policy,) = policies()
    changes.remove(BackupPolicy, policy.id, actor=SYSTEM, version=policy.version)
    assert not ensure_first_policy()
    assert (policies(), db.task_run.count_documents({"task": "backup.run"})) == ([], 1)


def test_the_first_policy_waits_for_somebody_and_for_a_folder(app, first_folder, db):
    assert not ensure_first_policy(), "it belongs to nobody yet"
    first_folder.parent.mkdir()
    first_folder.write_text("in the way")
    home = changes.create(Department, {"code": "ITD", "name": "信息技術部"}, actor=SYSTEM)
    facts = {"login": "it", "name": "盧文濤", "department": home.id, "roles": ["it"], "active": True}
    changes.create(User, facts, actor=SYSTEM)
    assert not ensure_first_policy(), "a file lies where the folder should be"
    first_folder.unlink()
    assert ensure_first_policy()
    assert db[jobs.COLLECTION].count_documents({}) == 1
