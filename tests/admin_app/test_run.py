"""The command as its users see it: one sentence when refused, and a whole start and stop of `guicheng run`."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from pymongo import MongoClient

from admin_app.cli import main
from tests.fixtures.processes import until


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def guicheng(*arguments, **variables):
    environment = os.environ | {f"GUICHENG_{name.upper()}": str(value) for name, value in variables.items()}
    command = [sys.executable, "-m", "admin_app.cli", *arguments]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_for(process, text, seconds_max=300):
    """Read until a line holds the text; the end of the output is a failure."""
    deadline = time.monotonic() + seconds_max
    lines = []
    while time.monotonic() < deadline and (line := process.stdout.readline()):
        lines.append(line)
        if text in line:
            return line
    process.kill()
    raise AssertionError("".join(lines) + process.stderr.read())


def test_a_wrong_setting_is_one_sentence_and_exit_code_1(monkeypatch, capsys):
    monkeypatch.setenv("GUICHENG_PORT", "eighty")
    assert main(["check"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("run", "web", "worker", "beat", "seed", "user", "check", "draw", "settings"))


@pytest.mark.slow
def test_a_taken_port_is_one_sentence(port, data_folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        process = guicheng("run", port=port, data=data_folder / "taken")
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors == f"guicheng: Port {port} is taken by another program; name a free one in GUICHENG_PORT.\n"


@pytest.mark.slow
def test_web_alone_needs_a_named_server(port, data_folder):
    process = guicheng("web", port=port, data=data_folder / "web")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "GUICHENG_MONGODB_URI" in errors


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_run_comes_up_serves_and_stops_cleanly(port, data_folder, ending):
    """First on an empty folder, which is given the demo company, then on what was left there."""
    folder = data_folder / "run"
    process = guicheng("run", port=port, data=folder, log_level="WARNING", cheap_passwords="true")
    address = wait_for(process, "Guicheng is ready:").split()[-1]
    try:
        with urllib.request.urlopen(f"{address}healthz", timeout=10) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"{address}readyz", timeout=10) as answer:
            assert answer.status == 200
    finally:
        process.send_signal(ending)
        output, errors = process.communicate(timeout=90)
    assert process.returncode == 0, errors
    assert output.rstrip().endswith("Stopped.")
    assert "Traceback" not in errors
    assert not any(str(folder) in line for line in command_lines())


def children_of(pid):
    """The processes that a process has started, by what they do."""
    result = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split():
        with contextlib.suppress(OSError):  # it has ended meanwhile
            words = Path(f"/proc/{child}/cmdline").read_text("utf-8", "replace").split("\0")
            result |= {name: int(child) for name in ("gunicorn", "worker", "beat") if name in words}
    return result


def all_children_of(pid):
    """The same when all three are there; one that is just becoming the program that it runs is not yet seen as it."""
    seen = {}

    def is_complete():
        seen.clear()
        seen.update(children_of(pid))
        return seen.keys() == {"gunicorn", "worker", "beat"}

    until(is_complete, 20, "not all came back")
    return seen


@pytest.mark.slow
def test_run_starts_again_what_was_killed_and_leaves_nothing_behind(port, settings, tmp_path):
    """Against a server that runs already, so that only its own processes are to be waited for."""
    own = settings.model_copy(update={"database": f"{settings.database}_run", "port": port, "data": tmp_path})
    with MongoClient(settings.mongodb_uri) as client:
        client[own.database]["user"].insert_one({"login": "somebody"})  # no demo company is loaded beside
        process = subprocess.Popen(
            [sys.executable, "-m", "admin_app.cli", "run"],
            env=os.environ | own.as_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            wait_for(process, "Guicheng is ready:")
            first = all_children_of(process.pid)
            for name in ("worker", "beat"):
                os.kill(first[name], signal.SIGKILL)
                wait_for(process, f"{name} has ended (code -9); starting it again")
            again = all_children_of(process.pid)
            assert again["gunicorn"] == first["gunicorn"]
            assert {again["worker"], again["beat"]}.isdisjoint(first.values())
            until(lambda: client[own.database]["lease"].find_one({"_id": "beat"}), 20, "no scheduler leads")
        finally:
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=90)
            client.drop_database(own.database)
            client.drop_database(f"{own.database}_broker")
    assert process.returncode == 0, errors
    assert output.rstrip().endswith("Stopped.")
    assert not any(own.database in text for text in environments()), "a process was left behind"


def environments():
    """What the processes of this machine were told, as far as they may be read."""
    for process in os.listdir("/proc"):
        if process.isdigit() and int(process) != os.getpid():
            with contextlib.suppress(OSError):  # it has ended meanwhile
                yield Path(f"/proc/{process}/environ").read_text("utf-8", "replace")


def command_lines():
    result = []
    for process in os.listdir("/proc"):
        if process.isdigit():
            try:
                with open(f"/proc/{process}/cmdline", encoding="utf-8", errors="replace") as file:
                    result.append(file.read())
            except OSError:  # it has ended meanwhile
                continue
    return result
