"""Exit codes: 0 means that it was done, and a verdict is a verdict; whatever else happened has a code of its own."""

import os
import signal
import subprocess
import sys

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
def test_stopped_while_it_waits(number, code, tmp_path):
    """A server that does not answer keeps it waiting; then the signal comes."""
    started = [sys.executable, "-c", HEARING, "audit", "verify"]
    env = environment(GUICHENG_DATA=str(tmp_path))
    with subprocess.Popen(started, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        assert "waiting for it" in process.stdout.readline()
        process.send_signal(number)
        said = process.communicate(timeout=30)[1]
    assert (process.returncode, "Traceback" in said) == (code, False), said
    assert "not taken for done" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_that_ends_waits_for_ever(command, tmp_path):
    env = environment(GUICHENG_DATA=str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", IMPATIENT, *command.split()],
        check=False, capture_output=True, text=True, env=env, timeout=60,
    )  # fmt: skip
    assert done.returncode == (2 if command.startswith("audit") else 1), done.stderr
    assert "did not answer within" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        {"GUICHENG_NONSENSE": "1"},
        {"GUICHENG_FIELD_KEYS": "x"},
        {"GUICHENG_MONGODB_URI": "mongodb://127.0.0.1:9/?replicaSet=rs0&w=1"},
        {"GUICHENG_MONGODB_URI": "mongodb://127.0.0.1:9/?replicaSet=rs0&readPreference=secondary"},
    ],
)
def test_what_hinders_a_check_is_no_verdict(wrong, tmp_path):
    command = [sys.executable, "-c", IMPATIENT, "audit", "verify"]
    env = environment(GUICHENG_DATA=str(tmp_path)) | wrong
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=env, timeout=60)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert "GUICHENG_" in done.stderr
    verify = [*command[:3], "check"]
    assert subprocess.run(verify, check=False, capture_output=True, env=env, timeout=60).returncode == 1


def test_every_command_is_known():
    known = next(action for action in cli.parser()._actions if action.dest == "command").choices
    for name in set(known) - {"settings"}:
        assert callable(cli._handler(name))


def test_names_of_databases_are_those_of_the_setting():
    from admin_app.backup_commands import DATABASE

    rule = next(item.pattern for item in Settings.model_fields["database"].metadata if hasattr(item, "pattern"))
    assert rule == f"^{DATABASE.pattern}$"
