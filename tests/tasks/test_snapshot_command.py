"""The certificate of a release and `guicheng audit snapshot`: what testing was left with is proven by number, also from
a restored backup, and one altered result is found."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import Any

import pytest
from mongoengine.connection import get_db
from pymongo import MongoClient

from admin_app import audit_commands, backup_commands, cli
from admin_app.cli import parser
from models.kernel.base import collections, store
from models.kernel.base.people import SYSTEM
from models.services.files import files
from models.services.keeping import snapshots
from tests.fixtures.doing import work_off
from tests.fixtures.papers import text_in

KEYS = {1: b"1" * 32}


@pytest.fixture
def audit(db: Any, settings: Any, monkeypatch: Any, capsys: Any) -> Any:
    """Run the command on the test database; returns its exit code and what it printed."""
    monkeypatch.setattr(audit_commands, "database", nullcontext)
    monkeypatch.setattr(cli, "load_settings", lambda: settings)

    def run(name: str) -> tuple[int, str]:
        code = cli.main(["audit", "snapshot", name])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def restored(settings: Any, folder: str, monkeypatch: Any) -> Any:
    """The present database, saved and brought back under another name."""
    own = settings.model_copy(update={"backup_keys": KEYS})
    client: MongoClient[Any] = MongoClient(own.mongodb_uri, tz_aware=True)
    into = f"{own.database}_r"
    client.drop_database(into)
    monkeypatch.setattr(backup_commands, "database", lambda *_, **_options: nullcontext())
    monkeypatch.setattr(backup_commands, "get_connection", lambda: client)
    monkeypatch.setattr(backup_commands, "get_db", lambda: client[own.database])
    backup_commands.COMMANDS["backup"](own, parser().parse_args(["backup", "--to", folder]))
    (saved,) = (name for name in os.listdir(folder) if name.startswith("guicheng-"))
    path = os.path.join(folder, saved)
    backup_commands.COMMANDS["restore"](own, parser().parse_args(["restore", path, "--into", into]))
    return client, into


def test_what_testing_was_left_with_is_proven_years_later(
    company: Any, audit: Any, settings: Any, tmp_path: Any, monkeypatch: Any
) -> None:
    project = company.walk(company.make("project"), "launch")
    passed = project.passages[-1]
    work_off("papers.make")
    [certificate] = [item for item in files.files_of(project.id) if item["kind"] == "certificate"]
    _, content = files.open_for(certificate["_id"], actor=SYSTEM)
    said = text_in(content.read()).replace("\n", "")
    editions = [row.number for row in snapshots.passages.snapshot(passed.digest)]
    assert all(number in said for number in editions)
    assert passed.digest[:20] in said
    code, words = audit(project.number)
    assert (code, f"{len(editions)} editions" in words) == (0, True), words
    assert audit(passed.digest)[0] == 0
    assert audit("PJ-1999-001")[0] == 2
    client, into = restored(settings, str(tmp_path), monkeypatch)
    try:
        with monkeypatch.context() as patch:
            for module in (snapshots, store, collections):
                patch.setattr(module, "get_db", lambda: client[into])
            assert snapshots.check(passed.digest).is_good
            client[into]["project"].update_one({"_id": project.id}, {"$set": {"name": "偷改"}})
            assert not snapshots.check(passed.digest).is_good
    finally:
        client.drop_database(into)
        client.close()
    run = get_db()["test_run"].find_one({})
    assert run
    results = [{**line, "result": "failed"} for line in run["results"]]
    get_db()["test_run"].update_one({"_id": run["_id"]}, {"$set": {"results": results}})
    code, words = audit(project.number)
    assert (code, run["number"] in words) == (1, True), words
