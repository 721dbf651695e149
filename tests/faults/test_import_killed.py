"""Killed with SIGKILL at random moments of checking, importing and taking back: the end is the same, each row once."""

import os

import pytest

from models import catalogue
from models.services.imports import imports
from models.services.imports import rows as import_rows
from models.services.keeping import audit
from tests.fixtures.processes import ROOT, let_run

pytestmark = pytest.mark.slow
KILLS = 2  # of each step; tests/tasks/test_imports.py ends it at every access to the store
CHANGED = 60
MADE = 140


@pytest.fixture
def carry_out(settings, db, forks):
    """Starts the process on an import and kills it again and again, then lets it come to the end."""
    before = db.client.admin.command("getParameter", 1, transactionLifetimeLimitSeconds=1)
    db.client.admin.command("setParameter", 1, transactionLifetimeLimitSeconds=1)  # of the killed, nothing waits longer
    environment = {**os.environ, **settings.as_environment(), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}

    def run(record):
        command = ("-m", "tests.faults.importing", str(record.id))
        for _ in range(KILLS):
            with forks.start(*command, environment=environment) as process:
                assert process.stdout.readline() == "begun\n"
                let_run(0.6)
                process.kill()
        with forks.start(*command, environment=environment) as process:
            assert process.wait(240) == 0
        return imports.load(record.id)

    yield run
    limit = before["transactionLifetimeLimitSeconds"]
    db.client.admin.command("setParameter", 1, transactionLifetimeLimitSeconds=limit)


def test_killed_at_random(company, sheets, db, carry_out, monkeypatch):
    monkeypatch.setattr(import_rows, "BATCH", 20)
    customer = catalogue["customer"]
    known = [company.make("customer", "clerk_sal", name=f"老客戶{n}", region="北京") for n in range(CHANGED)]
    rows = [["編號", "名稱", "地區"], *([item.number, item.name, "上海"] for item in known)]
    rows += [["", f"新客戶{n}", "蘇州"] for n in range(MADE)]

    record = carry_out(sheets.sent(rows))
    assert (record.state, record.counts) == (imports.CHECKED, {"change": CHANGED, "create": MADE})
    assert customer.objects.count() == CHANGED
    assert db["content.files"].count_documents({}) == 0

    sheets.start(record)
    record = carry_out(record)
    assert (record.state, record.counts) == (imports.DONE, {"changed": CHANGED, "created": MADE})
    names = db["customer"].distinct("name")
    numbers = db["customer"].distinct("number")
    assert len(names) == len(numbers) == db["customer"].count_documents({}) == CHANGED + MADE
    assert db["history"].count_documents({"batch": record.batch}) == CHANGED + MADE
    assert {row["version"] for row in db["customer"].find({"region": "上海"})} == {2}

    imports.ask_back(record, actor=company.actor("clerk_sal"))
    record = carry_out(imports.load(record.id))
    assert (record.state, record.counts) == (imports.TAKEN_BACK, {"back": CHANGED, "binned": MADE})
    assert db["customer"].count_documents({"removed_at": None, "region": "北京"}) == CHANGED
    assert db["customer"].count_documents({"removed_at": {"$ne": None}}) == MADE
    audit.seal_all()
    assert audit.check().faults == []
