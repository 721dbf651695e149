"""The runner: brings children up, starts the dead again, gives up on hopeless ones, stops all in order."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from admin_app import runner
from admin_app.runner import NeverReady, Runner
from tests.fixtures.processes import until

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def make(commands, **options):
    options = {"is_ready": lambda: True, "on_ready": lambda: None, "echo": lambda _text: None} | options
    return Runner(commands, environment=os.environ, **options)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(runner, "TICK_SECONDS", 0.02)


def test_ready_is_said_once_and_stop_ends_the_children():
    said, query = [], []
    keeper = make(
        {"a": SLEEP}, is_ready=lambda: query.append(1) or len(query) > 3, on_ready=lambda: said.append("ready")
    )
    threading.Timer(0.5, keeper.stop).start()
    keeper.run()
    assert said == ["ready"]


def test_a_dead_child_is_started_again(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "RESTART_SECONDS_MAX", 0.05)
    trace, said = tmp_path / "trace", []
    code = f"open({str(trace)!r}, 'a').write('x')"
    keeper = make({"short": [sys.executable, "-c", code]}, echo=said.append)
    monkeypatch.setattr(keeper, "on_tick", lambda: trace.exists() and len(trace.read_text()) >= 3 and keeper.stop())
    keeper.run()
    assert len(trace.read_text()) >= 3
    assert "short has ended (code 0)" in said[0]


def test_a_child_that_never_comes_up_ends_the_run(monkeypatch):
    monkeypatch.setattr(runner, "RESTART_SECONDS_MAX", 0.01)
    keeper = make({"web": [sys.executable, "-c", "raise SystemExit(3)"]}, is_ready=lambda: False)
    with pytest.raises(NeverReady, match="web ended 3 times"):
        keeper.run()


def test_children_stop_in_the_order_they_are_named(tmp_path):
    trace = tmp_path / "trace"
    code = (
        "import signal, sys, time\n"
        f"def end(*_): time.sleep(0.1); open({str(trace)!r}, 'a').write(sys.argv[1]); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"open({str(tmp_path)!r} + '/up-' + sys.argv[1], 'w')\n"
        "time.sleep(600)"
    )
    keeper = make({name: [sys.executable, "-W", "ignore", "-c", code, name] for name in "wb"})
    keeper.on_tick = lambda: all((tmp_path / f"up-{name}").exists() for name in "wb") and keeper.stop()
    keeper.run()
    assert trace.read_text() == "wb"


def test_a_child_that_ignores_the_end_is_killed(monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "STOP_SECONDS_MAX", 0.3)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('up', 'w'); time.sleep(600)"
    monkeypatch.chdir(tmp_path)
    keeper = make({"deaf": [sys.executable, "-W", "ignore", "-c", code]})
    keeper.on_tick = lambda: (tmp_path / "up").exists() and keeper.stop()
    began = time.monotonic()
    keeper.run()
    assert time.monotonic() - began < 30


def test_children_end_when_the_runner_is_killed(tmp_path):
    code = (
        "import os, sys\nfrom admin_app.runner import Runner\n"
        "child = [sys.executable, '-c', 'import os, time; print(os.getpid(), flush=True); time.sleep(600)']\n"
        "Runner({'a': child}, os.environ, lambda: True, lambda: None).run()"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = int(owner.stdout.readline())
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert _ends(child)


def _ends(pid):
    until(lambda: not Path(f"/proc/{pid}").exists(), 20, f"process {pid} goes on")
    return True


def test_what_runs_once_is_not_started_again_and_others_wait_for_it(tmp_path):
    trace, said, failures = tmp_path / "trace", [], []
    once = f"open({str(trace)!r}, 'a').write('x'); raise SystemExit(4)"
    later = f"open({str(tmp_path / 'later')!r}, 'w').write('y'); import time; time.sleep(600)"
    commands = {"load": [sys.executable, "-c", once], "later": [sys.executable, "-c", later]}
    keeper = make(commands, echo=said.append, once=["load"], after={"later": lambda: bool(failures)})
    keeper.on_failure = lambda: failures.append("load")
    keeper.on_tick = lambda: (tmp_path / "later").exists() and keeper.stop()
    keeper.run()
    assert trace.read_text() == "x"
    assert said == ["load has ended (code 4); see above why."]
    assert failures == ["load"]
