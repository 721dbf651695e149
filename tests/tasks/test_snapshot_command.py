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
from models.kernel.base import store
from models.kernel.base.people import SYSTEM
from models.services.files import files
from models.services.keeping import seals, snapshots
from models.services.keeping.audit import newest_seal, seal_all
from tests.fixtures.doing import work_off
from tests.fixtures.papers import text_in

KEYS = {1: b"1" * 32}


@pytest.fixture
def audit(db: Any, settings: Any, monkeypatch: Any, capsys: Any) -> Any:
    """Run the command on the test database; returns its exit code and what it printed."""
    monkeypatch.setattr(audit_commands, "database", nullcontext)
    monkeypatch.setattr(cli, "load_settings", lambda: settings)

    def run(name: str, *more: str) -> tuple[int, str]:
        code = cli.main(["audit", "snapshot", name, *more])
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
            for module in (snapshots, store):
                patch.setattr(module, "get_db", lambda: client[into])
            assert snapshots.check(passed.digest).is_good
            client[into]["project"].update_one({"_id": project.id}, {"$set": {"name": "偷改"}})
            assert not snapshots.check(passed.digest).is_good
    finally:
        client.drop_database(into)
        client.close()
    _proven_by_seals(project, passed.digest, audit, tmp_path, monkeypatch)
    run = get_db()["test_run"].find_one({})
    assert run
    results = [{**line, "result": "failed"} for line in run["results"]]
    get_db()["test_run"].update_one({"_id": run["_id"]}, {"$set": {"results": results}})
    code, words = audit(project.number)
    assert (code, run["number"] in words) == (1, True), words


def _proven_by_seals(project: Any, digest: str, audit: Any, folder: Any, monkeypatch: Any) -> None:
    """Entries wait for their seal, then stand under it; who rewrites an entry, even while it waits and with all hashes
    made anew, or a seal, or cuts seals off, is found."""
    code, words = audit(digest)
    assert (code, "wait for their seal" in words) == (0, True), words
    database = get_db()
    entry = database["history"].find_one({"record": project.id, "verb": "leave_testing"})
    database["history"].update_one({"_id": entry["_id"]}, {"$set": {"actor_name": "偷改"}})
    assert "while it waited" in audit(digest)[1]
    database["history"].replace_one({"_id": entry["_id"]}, entry)
    seal_all()
    code, words = audit(digest)
    assert (code, "wait for" in words, "under the seals up to" in words) == (0, False, True), words
    kept = folder / "seal.json"
    kept.write_text(seals.checkpoint_of(newest_seal()), encoding="utf-8")
    assert audit(digest, "--seal", str(kept))[0] == 0
    database["history"].update_one({"_id": entry["_id"]}, {"$set": {"actor_name": "偷改"}})
    assert "after it was sealed" in audit(digest)[1]
    database["history"].replace_one({"_id": entry["_id"]}, entry)
    last = database["history_seal"].find_one({}, sort=[("_id", -1)])
    packed = seals.pack([each for each in seals.unpack(last["leaves"]) if each[0] != entry["_id"]])
    database["history_seal"].update_one({"_id": last["_id"]}, {"$set": {"leaves": packed}})
    words = audit(digest)[1]
    assert "does not fit its own entries" in words
    assert "added past the application" in words
    forged = {
        **last,
        "leaves": packed,
        "root": seals.root_of(list(seals.unpack(packed))).hex(),
        "count": last["count"] - 1,
    }
    forged["hash"] = seals.seal_hash(forged)
    database["history_seal"].replace_one({"_id": last["_id"]}, forged)
    assert "was rewritten" in audit(digest, "--seal", str(kept))[1]
    database["history_seal"].delete_one({"_id": last["_id"]})
    assert "was cut off" in audit(digest, "--seal", str(kept))[1]
    database["history_seal"].insert_one(last)
    assert audit(digest, "--seal", str(kept))[0] == 0
