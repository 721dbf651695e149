"""Exit codes: 0 means that it was done, and a verdict is a verdict; whatever else happened has a code of its own."""

import os
import signal

import pytest

from admin_app import cli
from admin_app.settings import Settings

IMPATIENT = """
import sys
from admin_app import cli, database, opening
opening.WAIT_SECONDS_MAX, database.SELECTION_SECONDS_MAX, database.RETRY_SECONDS = 0.5, 0.2, 0.1
sys.exit(cli.main(sys.argv[1:]))
"""
COMMANDS = [
    "archive", "audit verify", "audit export --to /nowhere/x", "backup --to /nowhere", "check", "drill /nowhere/x",
    "restore /nowhere/x --into y", "user reset it",
]  # fmt: skip


def environment(**more):
    away = {"GUICHENG_MONGODB_URI": "mongodb://127.0.0.1:9/?replicaSet=rs0", "GUICHENG_DEMO": "true"}
    return os.environ | away | more


@pytest.mark.parametrize(
    ("command", "code"),
    [("audit verify", 130), ("verify x", 130), ("restore x --into y", 130), ("archive", 130), ("web", 130), ("run", 0)],
)
def test_what_was_interrupted_is_not_done(command, code, monkeypatch, capsys, settings):
    def interrupted(*_given):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "load_settings", lambda: settings)
    monkeypatch.setattr(cli, "_handler", lambda _command: interrupted)
    monkeypatch.setattr(signal, "signal", lambda *_given: None)
    assert cli.main(command.split()) == code
    assert "topped" in "".join(capsys.readouterr())


# What a shell starts in the background is deaf to Ctrl-C, and so is what it starts.
HEARING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from admin_app.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_while_it_waits(number, code, tmp_path, forks):
    """A server that does not answer keeps it waiting; then the signal comes."""
    env = environment(GUICHENG_DATA=str(tmp_path))
    with forks.start("-c", HEARING, "audit", "verify", environment=env) as process:
        assert "waiting for it" in process.stdout.readline()
        process.send_signal(number)
        said = process.communicate(30)[1]
    assert (process.returncode, "Traceback" in said) == (code, False), said
    assert "not taken for done" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_that_ends_waits_for_ever(command, tmp_path, forks):
    done = forks.start("-c", IMPATIENT, *command.split(), environment=environment(GUICHENG_DATA=str(tmp_path)))
    errors = done.communicate(60)[1]
    assert done.returncode == (2 if command.startswith("audit") else 1), errors
    assert "did not answer within" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "wrong",
    [
        {"GUICHENG_NONSENSE": "1"},
        {"GUICHENG_FIELD_KEYS": "x"},
        {"GUICHENG_MONGODB_URI": "mongodb://127.0.0.1:9/?replicaSet=rs0&w=1"},
        {"GUICHENG_MONGODB_URI": "mongodb://127.0.0.1:9/?replicaSet=rs0&readPreference=secondary"},
    ],
)
def test_what_hinders_a_check_is_no_verdict(wrong, tmp_path, forks):
    env = environment(GUICHENG_DATA=str(tmp_path)) | wrong
    verify = forks.start("-c", IMPATIENT, "audit", "verify", environment=env)
    errors = verify.communicate(60)[1]
    assert (verify.returncode, "Traceback" in errors) == (2, False), errors
    assert "GUICHENG_" in errors
    check = forks.start("-c", IMPATIENT, "check", environment=env)
    check.communicate(60)
    assert check.returncode == 1


def test_every_command_is_known():
    known = next(action for action in cli.parser()._actions if action.dest == "command").choices
    for name in set(known) - {"settings"}:
        assert callable(cli._handler(name))


def test_names_of_databases_are_those_of_the_setting():
    from admin_app.backup_commands import DATABASE

    rule = next(item.pattern for item in Settings.model_fields["database"].metadata if hasattr(item, "pattern"))
    assert rule == f"^{DATABASE.pattern}$"
