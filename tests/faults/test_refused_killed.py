"""Killed with SIGKILL between a refusal and the writing down of it, and at random: nothing is half there."""

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from models.kernel.base.collections import ATTEMPTS, UNSEALED
from models.services.keeping import audit
from tests.fixtures.company import Company
from tests.fixtures.processes import ROOT, let_run

pytestmark = pytest.mark.slow
KILLS = 3
OF_ATTEMPTS = {"attempt": {"$ne": None}}


@pytest.fixture
def refusing(settings: Any, company: Company) -> Any:
    """Starts a process in which a clerk is refused; it has begun."""
    environment = {**os.environ, **settings.as_environment(), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}

    def begin(*how: str) -> subprocess.Popen[str]:
        user = str(company.users["clerk_sal"])
        command = [sys.executable, "-W", "ignore", "-m", "tests.faults.refusing", user, *how]
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        while (line := process.stdout.readline()) != "begun\n":
            assert line, "It ended before it had begun."
        return process

    return begin


def test_killed_between_refusal_and_insert(refusing: Any, db: Any) -> None:
    before = {name: db[name].count_documents({}) for name in ("customer", "history", UNSEALED, ATTEMPTS)}
    with refusing("dies") as process:
        assert process.wait(timeout=60) == -signal.SIGKILL
    assert {name: db[name].count_documents({}) for name in before} == before
    assert audit.check().faults == []


def test_killed_at_random_while_attempts_are_sealed(refusing: Any, db: Any) -> None:
    for _ in range(KILLS):
        with refusing() as process:
            let_run(0.5)
            audit.seal_all()
            process.kill()
    queue, sealed = db[UNSEALED].count_documents(OF_ATTEMPTS), db[ATTEMPTS].count_documents({})
    assert sealed > 0
    assert audit.check().faults == []
    audit.seal_all()
    later = db[ATTEMPTS].count_documents({}) - sealed - queue
    assert later in (0, 1), "nothing is lost or twice; the last order of who was killed may be carried out after it"
    assert all(row["missing"] and row["actor"] for row in db[ATTEMPTS].find())
    assert db["customer"].count_documents({}) == 0
    assert audit.check().faults == []
