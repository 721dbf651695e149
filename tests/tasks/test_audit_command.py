"""`guicheng audit`: what it prints, and with which code it ends; the checkpoint that an outsider keeps."""

from contextlib import nullcontext

import pytest
from pymongo.errors import AutoReconnect

from admin_app import audit_commands, cli
from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes


@pytest.fixture
def guicheng(db, settings, monkeypatch, capsys):
    """Run a command on the test database; returns its exit code and what it printed."""
    monkeypatch.setattr(audit_commands, "database", nullcontext)
    monkeypatch.setattr(cli, "load_settings", lambda: settings)

    def run(*arguments):
        code = cli.main(arguments)
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture
def position(db):
    return changes.create(catalogue["position"], {"name": "會計"}, actor=SYSTEM)


def test_sound_with_a_checkpoint_then_tampered_with(guicheng, position, db, tmp_path):
    kept = str(tmp_path / "seal.json")
    code, said = guicheng("audit", "export", "--to", kept)
    assert (code, "Seal 1" in said) == (0, True)
    changes.update(catalogue["position"], position.id, {"name": "出納"}, actor=SYSTEM, version=1)
    code, said = guicheng("audit", "verify", "--seal", kept)
    assert (code, "is sound: 1 seals, 2 entries, 1 records" in said) == (0, True)
    db.position.update_one({"_id": position.id}, {"$set": {"name": "總監"}})
    code, said = guicheng("audit", "verify")
    assert code == 1
    assert f"position {position.number}: changed without entry: name" in said
    db.history_seal.delete_many({})
    code, said = guicheng("audit", "verify", "--seal", kept)
    assert (code, "cut off" in said) == (1, True)


@pytest.mark.parametrize("content", [None, "", "{}", "[]", "x", '{"format": "guicheng-seal-1", "number": "1"}'])
def test_what_is_no_checkpoint_checks_nothing(guicheng, position, tmp_path, content):
    path = tmp_path / "seal.json"
    if content is not None:
        path.write_text(content)
    assert guicheng("audit", "verify", "--seal", str(path))[0] == 2


def test_what_cannot_be_done_is_said(guicheng, position, db, tmp_path, monkeypatch):
    assert guicheng("audit", "export", "--to", str(tmp_path / "no" / "folder"))[0] == 2
    db.history_seal.delete_many({})
    db.history.delete_many({})
    db.unsealed.delete_many({})
    assert guicheng("audit", "export", "--to", str(tmp_path / "seal.json"))[0] == 2

    def away(*_args, **_named):
        raise AutoReconnect("away")

    monkeypatch.setattr(audit_commands.audit, "check", away)
    code, said = guicheng("audit", "verify")
    assert (code, "nothing was checked" in said) == (2, True)
