"""`guicheng archive`: what the nightly job would move is moved now; its words and exit codes."""

from contextlib import nullcontext

import pytest
from pymongo.errors import AutoReconnect

from admin_app import archive_commands, cli
from models import catalogue
from models.kernel.base import clock
from models.services.work import jobs
from tests.tasks.archive.doing import LONG_AGO, NOW


@pytest.fixture
def guicheng(company, settings, monkeypatch, capsys):
    """Run the command on the test database; returns its exit code and what it printed."""
    monkeypatch.setattr(archive_commands, "database", nullcontext)
    monkeypatch.setattr(cli, "load_settings", lambda: settings)

    def run():
        with clock.set_to(NOW):
            code = cli.main(["archive"])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture
def due(company):
    """Three requirements that ended long ago."""
    with clock.set_to(LONG_AGO):
        made = [company.make("requirement", "clerk_mkt") for _ in range(3)]
        return [company.walk(record, sorted(record.flow().ends)[0]) for record in made]


def archived(db):
    return db.requirement_archive.count_documents({})


def test_moves_what_is_due_and_says_how_much(guicheng, due, db):
    code, said = guicheng()
    assert (code, "3 archived" in said, archived(db)) == (0, True, 3)
    assert db[jobs.COLLECTION].count_documents({"task": "archive.run"}) == 0, "no worker is waited for"
    assert guicheng() == (0, "0 archived.\n")


def test_stopped_it_goes_on_when_asked_again(guicheng, due, db, monkeypatch):
    real = archive_commands.Foreground.count

    def stopped(self, **more):
        real(self, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(archive_commands.Foreground, "count", stopped)
        code, said = guicheng()
    assert (code, "not taken for done" in said, archived(db)) == (130, True, 1)
    assert guicheng() == (0, "2 archived.\n")


def test_a_damaged_record_is_named_and_the_others_go(guicheng, due, db):
    db.requirement.update_one({"_id": due[0].id}, {"$set": {"title": {"a": 1}, "chain": 3}})
    code, said = guicheng()
    assert (code, archived(db)) == (1, 2)
    assert f"requirement {due[0].id}" in said
    assert "1 records are damaged" in said


def test_a_database_that_goes_away_is_said(guicheng, monkeypatch):
    def away(_run):
        raise AutoReconnect("away")

    monkeypatch.setattr(archive_commands, "run_archive", away)
    code, said = guicheng()
    assert (code, "does not answer" in said) == (1, True)


def test_it_is_the_nightly_job():
    from tasks.engine.registry import load_jobs

    assert load_jobs()["archive.run"].body is archive_commands.run_archive
    assert "requirement" in catalogue
