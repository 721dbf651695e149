"""What earlier programs wrote opens with this one: restored from their backups, walked through, checked, worked on."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mongoengine.connection import get_db
from pymongo import MongoClient

from models import catalogue
from models.kernel.base import collections, people
from models.kernel.base.secrets import set_digest_key, set_keys
from models.kernel.base.words import EN
from models.kernel.gate import changes
from models.kernel.language import working_time
from models.kernel.language.sound import DAMAGED
from models.kernel.rights import rights
from models.services.keeping import audit
from models.services.work import damage
from tasks.backup import crypt
from tasks.backup.crypt import KeyRing
from tasks.backup.drill import drill
from tasks.backup.format import Entry, open_entry
from tasks.backup.records import restore_record
from tasks.backup.restore import restore
from tasks.backup.targets import Target
from tasks.backup.verify import verify
from tests.fixtures.doing import do
from tests.fixtures.http import reader, writer
from tests.old_data.keys import RING_KEYS, keys
from tests.old_data.making import JOBS

KEPT = sorted((Path(__file__).parents[1] / "data" / "old").glob("*.tar.gz"))
RING = KeyRing(RING_KEYS)
OWN_PAGES = ("/admin/", "/admin/inbox/", "/admin/notices/", "/admin/account/", "/calendar/", "/admin/search/?q=2026")
BEGUN_ANEW = ("backup.run", "backup.verify", "backup.drill")  # their folder stayed with the company of that day


class Kept:
    """The company of a kept backup, by the names that its people log in with."""

    def __init__(self) -> None:
        self.users = {row["login"]: row["_id"] for row in get_db()["user"].find({"removed_at": None})}

    @property
    def logins(self) -> tuple[str, ...]:
        return tuple(self.users)

    def actor(self, login: str) -> people.Actor:
        return people.actor_of(catalogue["user"].objects.get(id=self.users[login]))

    def maker_of(self, cls: Any) -> str | None:
        return next((login for login in self.logins if rights.may_create(self.actor(login), cls)), None)


@pytest.fixture(scope="module", params=KEPT, ids=lambda path: path.name.split(".")[0])
def entry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Entry:
    """A backup as that program wrote it."""
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(request.param) as packed:
        packed.extractall(folder, filter="data")
    return open_entry(Target(str(folder)), os.listdir(folder)[0], RING)


@pytest.fixture(scope="module")
def restored(entry: Entry, settings: Any) -> Iterator[Any]:
    """A database that the backup was restored into."""
    with MongoClient(settings.mongodb_uri, tz_aware=True) as client:
        other = client[f"{settings.database}_old"]
        client.drop_database(other.name)
        restore(entry, other)
        yield other
        client.drop_database(other.name)


@pytest.fixture
def old(app: Any, stage: Any, restored: Any, entry: Entry, settings: Any) -> Iterator[Kept]:
    """The restored company in the test database, opened with its own keys."""
    stage.once(f"restored {entry.name}", lambda: _copy(restored, stage))
    set_keys(keys()["field_keys"])
    set_digest_key(keys()["secret_key"])
    people.forget_departments()
    working_time.forget_calendar()
    damage._noted.clear()
    yield Kept()
    set_keys(settings.field_keys)
    set_digest_key(settings.secret_key)
    people.forget_departments()
    working_time.forget_calendar()


def _copy(restored: Any, stage: Any) -> None:
    """Under the indexes of this program; what they refuse was not upcast."""
    raw = stage.database.with_options(codec_options=stage.raw.codec_options)  # a scene is read by majority
    for name in restored.list_collection_names(filter={"type": "collection"}):
        rows = list(restored.get_collection(name, codec_options=raw.codec_options).find())
        if rows and name != "restore":
            raw[name].insert_many(rows)


def stored(names: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The last record of each type in each of its states, with its type."""
    for name in names:
        rows = get_db()[name].find({"removed_at": None}).sort("_id", 1)
        yield from ((catalogue[name], row) for row in {row.get("state"): row for row in rows}.values())


def test_it_is_whole_and_can_be_drilled(entry: Entry, settings: Any) -> None:
    assert verify(entry.target, entry.name, RING).problems == ()
    with MongoClient(settings.mongodb_uri, tz_aware=True) as client:
        assert drill(entry.target, entry.name, RING, client).differences == ()


def test_the_program_starts_on_it_and_its_history_is_sound(restored: Any, settings: Any) -> None:
    """From the command line, as IT does it after an upgrade."""
    own = settings.model_copy(update={"database": restored.name, "backup_keys": RING_KEYS, **keys()})
    for line in ("check", "audit verify --contents"):
        done = subprocess.run(
            [sys.executable, "-m", "admin_app.cli", *line.split()],
            check=False, capture_output=True, text=True, env=os.environ | own.as_environment(), timeout=100,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"


def test_there_is_a_record_of_every_type_of_that_day(old: Kept, entry: Entry) -> None:
    known = {item.collection for item in entry.manifest.data()}
    assert len(known & {*catalogue}) > 25
    assert [name for name in catalogue if name in known and not get_db()[name].find_one()] == []


def test_every_list_and_every_record_opens(old: Kept, browser_as: Callable[..., Any]) -> None:
    failed: list[str] = []
    for name, cls in catalogue.items():
        who = browser_as(reader(old, cls), locale=EN)
        ways = [f"/admin/{name}/", f"/admin/{name}/export/csv/", f"/admin/{name}/?removed=1"]
        if cls.declared.retention:
            ways.append(f"/admin/archive/{name}/")
            rows = get_db()[collections.archive_of(name)].find({}, {"_id": 1})
            ways += [f"/admin/archive/{name}/details/?id={row['_id']}" for row in rows]
        failed += [f"{way}: {fault}" for way in ways if (fault := fault_of(who.get(way)))]
    for cls, row in stored(catalogue):
        who = browser_as(reader(old, cls, cls._from_son(row)), locale=EN)
        for page in ("details", "history", "print"):
            if fault := fault_of(who.get(f"/admin/{cls.declared.name}/{page}/", {"id": row["_id"]})):
                failed.append(f"{cls.__name__} {row.get('number')} {row.get('state')} {page}: {fault}")
    assert failed == []
    assert get_db()["notice"].count_documents({"cause": {"$regex": "^damaged"}}) == 0


def fault_of(answer: Any) -> str:
    """What is wrong with a page; empty for one that opens, or that this type does not have."""
    if answer.status_code not in (200, 404):
        return str(answer.status)
    return str(DAMAGED) if answer.mimetype.startswith("text/") and str(DAMAGED) in answer.text else ""


def test_everybody_finds_what_is_theirs(old: Kept, browser_as: Callable[..., Any]) -> None:
    """Home, inbox, notices, drafts, kept views, imports."""
    failed = []
    for login in old.logins:
        who = browser_as(login, locale=EN)
        drafts = [
            f"/admin/{row['type']}/new/?draft={row['_id']}" for row in get_db()["draft"].find({"person": who.user})
        ]
        views = [f"/admin/{row['type']}/?view={row['_id']}" for row in get_db()["grid_view"].find({"person": who.user})]
        sheets = [
            f"/admin/{row['type']}/import/details/?id={row['_id']}"
            for row in get_db()["import"].find({"person": who.user})
        ]
        failed += [
            f"{login} {way}: {answer.status}"
            for way in (*OWN_PAGES, *drafts, *views, *sheets)
            if (answer := who.get(way, follow_redirects=True)).status_code != 200
        ]
    assert failed == []


def test_a_form_that_is_saved_as_it_stands_changes_nothing_and_loses_nothing(
    old: Kept, browser_as: Callable[..., Any]
) -> None:
    failed = []
    for cls, row in stored(catalogue):
        login = writer(old, cls)
        page = (
            browser_as(login, locale=EN).get(f"/admin/{cls.declared.name}/edit/", {"id": row["_id"]}) if login else None
        )
        if page is None or page.status_code != 200:
            continue
        who = browser_as(login)
        answer = who.send(who.form(f"/admin/{cls.declared.name}/edit/", id=row["_id"]))
        now = get_db()[cls.declared.name].find_one({"_id": row["_id"]})
        lost = {name for name in row if row[name] not in (None, [], "") and now.get(name) in (None, [], "")}
        if answer.status_code not in (302, 422) or lost:
            failed.append(f"{cls.__name__} {row.get('number')}: {answer.status} {lost}")
    assert failed == []


def test_the_jobs_run_on_it_and_the_history_stays_sound(old: Kept, settings: Any) -> None:
    crypt.set_keys(RING_KEYS)
    for name in (job for job in JOBS if job not in BEGUN_ANEW):
        do(name)
    audit.seal_all()
    report = audit.check(contents=True)
    assert [(str(fault.where), str(fault.what)) for fault in report.faults] == []
    assert report.files == get_db()[collections.FILES].count_documents({})
    crypt.set_keys(settings.backup_keys)


def test_one_record_comes_back_from_it(old: Kept, entry: Entry) -> None:
    """Each type's first record that people change, after somebody has spoilt its first text."""
    for cls, row in stored(("customer", "quotation", "document", "requirement", "contract")):
        name = next(field for field, item in cls.declared.own_fields.items() if isinstance(row.get(field), str))
        changes.update(cls, row["_id"], {name: row[name]}, actor=people.SYSTEM, version=None)
        back = restore_record(entry, cls.declared.name, str(row["_id"]))
        assert (back.id, back.number) == (row["_id"], row["number"])
        assert rights.find(people.SYSTEM, cls, row["_id"])[name] == row[name]
