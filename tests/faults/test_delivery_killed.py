"""Mail goes out while the process that sends it is killed with -9 again and again: each once, or shown as not sure."""

import datetime as dt
import os
import signal

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.gate.notices import About, notice_for
from models.kernel.gate.unit import in_transaction
from tests.fixtures.doing import do
from tests.fixtures.processes import let_run, until

pytestmark = pytest.mark.slow
COUNT, KILLS = 120, 4


@pytest.fixture
def child(settings, mail_server, forks):
    """Starts a process that delivers; its kills are counted."""
    content = {"smtp_host": "127.0.0.1", "smtp_port": mail_server.port, "smtp_security": "none"}
    made = settings.model_copy(update=content | {"mail_from": "guicheng@example.com"})
    environment = {**os.environ, **made.as_environment(), "PYTHONWARNINGS": "ignore"}
    started = []

    def start(*jobs):
        started.append(forks.start("-m", "tests.faults.delivering", *jobs, environment=environment))
        return started[-1]

    yield start
    for process in started:
        process.close()


def test_each_once_or_not_sure(company, mail_box, child, db):
    person = company.users["it"]
    changes.update(catalogue["user"], person, {"mail": "it@example.com"}, actor=SYSTEM, version=None)

    def write(unit):
        for number in range(COUNT):
            words = L(f"Alarm {number}", f"告警 {number}")
            about = About("task_run", ObjectId())
            unit.notify(notice_for(person, cause=f"alarm:{number}", kind="alarm", words=words, record=about))

    in_transaction(write)
    for _ in range(KILLS):
        before = len(mail_box.seen)
        process = child()
        until(lambda before=before: len(mail_box.seen) > before or not _is_left(db), 60, "nothing is delivered")
        let_run(0.15)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with clock.set_to(dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)):
        do("notices.deliver")
        do("notices.deliver")
    ids = [message["Message-ID"] for message in mail_box.kept]
    rows = list(db["delivery"].find())
    assert len(ids) == len(set(ids))
    assert len(rows) == COUNT
    unsure = [row for row in rows if row["state"] == "not_sure"]
    assert len(unsure) <= KILLS
    assert {row["state"] for row in rows} <= {"sent", "not_sure"}
    assert {f"<{row['_id']}@example.com>" for row in rows if row["state"] == "sent"} <= set(ids)


def _is_left(db):
    return db["delivery"].count_documents({"state": {"$ne": "sent"}}) > 0 or db["delivery"].count_documents({}) < COUNT


REMINDERS = 40


def test_each_reminder_once(company, mail_box, child, db):
    """The sweep that writes reminders and the delivery of their mails, killed together."""
    person = company.users["clerk_sal"]
    changes.update(catalogue["user"], person, {"mail": "clerk@example.com"}, actor=SYSTEM, version=None)
    with clock.set_to(dt.datetime.now(dt.UTC) - dt.timedelta(hours=2)):
        at = clock.now() + dt.timedelta(hours=1)
        actor, reminder = company.actor("clerk_sal"), catalogue["reminder"]
        wishes = [{"text": f"致電客戶 {n}", "at": at, "recurring": "none"} for n in range(REMINDERS)]
        changes.in_batch(lambda: [changes.create(reminder, wish, actor=actor) for wish in wishes])
    content = {"kind": "reminder", "person": person}
    for _ in range(KILLS - 1):
        before = db["notice"].count_documents(content)
        process = child("reminders.sweep", "notices.deliver")
        until(
            lambda before=before: db["notice"].count_documents(content) > before or before >= REMINDERS, 60, "no notice"
        )
        let_run(0.15)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with clock.set_to(dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)):
        for job in ("reminders.sweep", "notices.deliver"):
            do(job)
    rows = list(db["notice"].find(content))
    assert len(rows) == len({row["record"] for row in rows}) == REMINDERS
    assert db["delivery"].count_documents({"person": person}) == REMINDERS
    ids = [message["Message-ID"] for message in mail_box.kept]
    assert len(ids) == len(set(ids))
    assert {row["state"] for row in db["delivery"].find()} <= {"sent", "not_sure"}
