"""The archive's process is killed with SIGKILL at random moments: every record stays whole and in one place."""

import datetime as dt
import os
import random
import subprocess
import sys
import time
from decimal import Decimal

import pytest

from models import catalogue
from models.kernel import audit, changes, clock, places
from models.kernel.people import SYSTEM
from tests.fixtures.processes import ROOT

RECORDS = 60
KILLS = 5
LONG_AGO = dt.datetime(2019, 3, 2, 4, tzinfo=dt.UTC)


@pytest.fixture
def paid(company, db):
    """Receivables that were paid long ago."""
    before = db.client.admin.command("getParameter", 1, transactionLifetimeLimitSeconds=1)
    db.client.admin.command(
        "setParameter", 1, transactionLifetimeLimitSeconds=1
    )  # for the killed, nothing waits longer
    with clock.set_to(LONG_AGO):
        contract = company.make("contract", "clerk_sal")
        facts = {
            "contract": contract.id,
            "customer": contract.ref("customer"),
            "currency": "CNY",
            "due": LONG_AGO.date(),
        }
        facts |= {"department": company.department("SAL"), "owner": company.users["clerk_sal"]}
        money = {"amount": Decimal(10), "received": Decimal(10)}
        made = changes.in_batch(
            lambda: [
                changes.create(catalogue["receivable"], {**facts, **money, "instalment": at + 1}, actor=SYSTEM)
                for at in range(RECORDS)
            ]
        )
    assert {one.state for one in made} == {"paid"}
    yield [one.id for one in made]
    limit = before["transactionLifetimeLimitSeconds"]
    db.client.admin.command("setParameter", 1, transactionLifetimeLimitSeconds=limit)


def in_one_place(db, ids):
    """How many are archived; each record stands once, with all its entries beside it."""
    archived = 0
    for id in ids:
        live, kept = (db[name].count_documents({"_id": id}) for name in ("receivable", "receivable_archive"))
        entries = [db[name].count_documents({"record": id}) for name in (places.HISTORY, places.HISTORY_ARCHIVE)]
        assert live + kept == 1
        assert entries[live] == 0
        archived += kept
    return archived


@pytest.mark.slow
def test_killed_at_random(settings, paid, db):
    environment = {**os.environ, **settings.as_environment(), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "tests.faults.archiving"]
    seen = []
    for _ in range(KILLS):
        with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "begun\n"
            time.sleep(random.uniform(0.02, 0.5))
            process.kill()
        seen.append(in_one_place(db, paid))
    subprocess.run(command, env=environment, cwd=ROOT, check=True, timeout=120, stdout=subprocess.DEVNULL)
    assert in_one_place(db, paid) == RECORDS
    assert seen == sorted(seen)
    audit.seal_all()
    report = audit.check()
    assert [(str(one.where), str(one.what)) for one in report.faults] == []
