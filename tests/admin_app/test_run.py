"""The command as its users see it: one sentence when refused, and a whole start and stop of `guicheng run`."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from admin_app.cli import main


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
    folder = data_folder / f"run-{ending.name}"
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


def command_lines():
    found = []
    for process in os.listdir("/proc"):
        if process.isdigit():
            try:
                with open(f"/proc/{process}/cmdline", encoding="utf-8", errors="replace") as file:
                    found.append(file.read())
            except OSError:  # it has ended meanwhile
                continue
    return found
