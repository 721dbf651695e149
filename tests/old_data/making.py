"""Makes a small backup of a company that has something of everything, for the programs that come after this one.

`PYTHONPATH=. .venv/bin/python -m tests.old_data.making FOLDER` writes a new entry into the folder. Kept ones are never
made again: each is what a program of its day wrote.
"""

from __future__ import annotations

import datetime as dt
import io
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from mongoengine.connection import get_db

from admin_app.app import create_app
from admin_app.embedded import EmbeddedMongo
from admin_app.key_check import check_keys
from admin_app.security.accounts import open_demo_accounts
from admin_app.settings import Settings
from admin_app.start import start
from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import HANT, speaking
from models.kernel.gate import changes, comments
from models.operations.first_policy import ensure_first_policy
from models.operations.retention import DeletionList
from models.services.database import ensure_indexes
from models.services.files import files
from models.services.imports.cells import heads_of
from models.services.notify import preferences
from models.services.personal import layouts
from models.services.work import jobs
from tasks.backup.crypt import KeyRing
from tasks.backup.dump import dump
from tasks.backup.targets import Target
from tasks.engine.defaults import ensure_default_schedules
from tasks.engine.worker import work
from tests.fixtures.company import PDF, Company, Stuck
from tests.fixtures.doing import do
from tests.fixtures.http import Browser, reader, signed_in, writer
from tests.old_data.keys import PASSWORD, RING_KEYS, keys
from tests.tasks.archive.doing import approve, ended

MADE_BY_JOBS = ("backup", "restore_drill", "deletion_list", "backup_policy")
MAIL = {"smtp_host": "127.0.0.1", "smtp_port": 9, "smtp_security": "none", "mail_from": "guicheng@example.com"}
BINNED_AGO = dt.timedelta(days=60)

JOBS = (
    "calendar.load", "reminders.sweep", "loans.sweep", "loans.remind", "cases.escalate", "moves.timed",
    "dunning.letters", "expire_quotations", "files.reread", "search.refresh", "search.measure", "archive.run",
    "archive.delete_list", "bin.delete_list", "audit.seal", "audit.check", "backup.run", "backup.verify",
    "backup.drill", "backup.alarms", "notices.deliver", "runs.tidy",
)  # fmt: skip


def furnish(company: Company, browser_as: Callable[[str], Browser]) -> None:
    """All that a company has: each type in each of its states, and what stands beside records."""
    for login, id in company.users.items():
        changes.update(catalogue["user"], id, {"mail": f"{login}@example.com"}, actor=SYSTEM, version=None)
    _destroyed(company)
    for name, cls in catalogue.items():
        flow = cls.declared.workflow
        for state in flow.states if flow else ("",):
            if name not in MADE_BY_JOBS:
                _walked(company, name, state)
    for record in _sample():
        _touch(company, record)
    _personal(company, browser_as)
    _sheets(browser_as("clerk_sal"), company.actor("clerk_sal"))


def _walked(company: Company, name: str, state: str) -> None:
    """A record in this state, or as near to it as it comes."""
    with suppress(Stuck, Refused, AssertionError):
        record = company.make(name)
        if state:
            company.walk(record, state)


def _destroyed(company: Company) -> None:
    """Records that were archived, one that was destroyed by an approved list, and one whose list waits."""
    for name in ("requirement", "customer", "quotation"):
        ended(company, name)
    do("archive.run")
    for at in range(2):
        with clock.set_to(clock.now() - BINNED_AGO):
            binned = company.make("customer")
            changes.remove(type(binned), binned.id, actor=SYSTEM, version=None)
        do("bin.delete_list")
        if at == 0:
            approve(company, DeletionList.objects.get())
            _work_off("archive.carry_out")


def _sample() -> Iterator[Any]:
    """The newest record of each type."""
    for cls in catalogue.values():
        yield from cls.objects.order_by("-id").limit(1)


def _touch(company: Company, record: Any) -> None:
    """A comment, a file, what follows from it, and a record of its type in the bin."""
    cls, name = type(record), record.declared.name
    with suppress(Refused, Missing, AssertionError):
        comments.comment(cls, record.id, "請核對明細。", actor=company.actor(reader(company, cls, record)))
    with suppress(Refused, Missing, StopIteration):
        company.attach(record, next(iter(cls.declared.file_kinds), ""))
    for leads in record.declared.follow_ups:
        with suppress(Refused, Missing, LookupError, AssertionError):
            changes.follow_up(cls, record.id, leads.verb, actor=SYSTEM)
    if writer(company, cls) and name not in ("department", "user"):
        with suppress(Refused, Missing, AssertionError):
            changes.remove(cls, company.make(name).id, actor=SYSTEM, version=None)


def _personal(company: Company, browser_as: Callable[[str], Browser]) -> None:
    """What belongs to one person: drafts, views of lists, wishes about notices, a deputy, a large file."""
    clerk, person = company.actor("clerk_sal"), company.users["clerk_sal"]
    content = {"pairs": [("f.state", "draft")], "columns": ["number", "state"], "sort": "-number"}
    layouts.save_view(clerk, "quotation", "我的草稿", content)
    layouts.save_view(company.actor("head_sal"), "quotation", "部門草稿", content, shared=True)
    layouts.keep_columns(clerk, "customer", None, ["number", "name"])
    preferences.make_feed(person)
    for name, cls in catalogue.items():
        if login := writer(company, cls):
            _draft(browser_as(login), name)
    quotation = catalogue["quotation"].objects.first()
    noise = random.Random(1).randbytes(600_000)
    for at, half in enumerate((noise[:20_000], noise[20_000:30_000])):
        with suppress(Refused):
            upload = files.Upload(f"圖{at}.pdf", io.BytesIO(PDF + half))
            files.attach(type(quotation), quotation.id, "", upload, actor=SYSTEM)


def _draft(browser: Browser, name: str) -> None:
    form = browser.form(f"/admin/{name}/new/")
    texts = [item for item in form.controls if item not in ("csrf_token", "once") and form.get(item, "") == ""]
    browser.post(f"/admin/{name}/draft/", {**form, **dict.fromkeys(texts[:2], "未完成")})


def _sheets(clerk: Browser, actor: Any) -> None:
    """Imports: one carried out whole, one in part, one that was checked and waits, one that cannot be read."""
    with speaking(HANT):
        heads = heads_of(catalogue["customer"], actor)
    name, score = heads["name"], heads["score"]
    for text, goes_on in (
        (f"{name}\n甲公司\n乙公司", True),
        (f"{name}\t{score}\n丙公司\t1\n\t2", True),
        (f"{name}\n丁公司", False),
        ("\x00", False),
    ):
        sent = {"csrf_token": clerk.token, "text": text}
        answer = clerk.client.post("/admin/customer/import/", data=sent, content_type="multipart/form-data")
        _work_off("imports.check")
        if goes_on:
            clerk.send(clerk.form(answer.headers["Location"], "/import/run/"))
            _work_off("imports.run")


def _work_off(task: str) -> None:
    """Carry out what is ordered of a task, also where the sheet or the list is refused."""
    for row in get_db()[jobs.COLLECTION].find({"state": jobs.QUEUED, "task": task}, {"_id": 1}):
        work(row["_id"])


def run_jobs() -> None:
    """Each job once; what one cannot do is said and left."""
    ensure_default_schedules()
    ensure_first_policy()
    for name in JOBS:
        try:
            do(name)
        except Refused as fault:
            print(f"{name}: {fault}")


def make(folder: Path) -> None:
    """A company in a database of its own, and its backup in the folder."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        mongo = EmbeddedMongo(Path(place), cache_gb=0.25, oplog_mb=64)
        settings = Settings(
            data=Path(place), mongodb_uri=mongo.start(), database="guicheng_kept", demo=True, cheap_passwords=True,
            demo_password=PASSWORD, backup_keys=RING_KEYS, **MAIL, **keys(),
        )  # fmt: skip
        try:
            _made(settings, folder)
        finally:
            mongo.stop()


def _made(settings: Settings, folder: Path) -> None:
    start(settings)
    ensure_indexes(catalogue)
    check_keys(list(settings.field_keys))
    company = Company()
    open_demo_accounts(PASSWORD)
    app = create_app(settings)
    open_browsers: dict[str, Browser] = {}

    def browser_as(login: str) -> Browser:
        if login not in open_browsers:
            open_browsers[login] = signed_in(app, login)
        return open_browsers[login]

    furnish(company, browser_as)
    run_jobs()
    entry = dump(get_db(), Target(str(folder)), KeyRing(RING_KEYS))
    print(entry.name, entry.manifest.documents, entry.manifest.size)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
