"""The keeper of child processes: starts named commands, restarts the dead with growing delay, stops all in order."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

from admin_app.embedded import dies_with_parent, stop_process
from admin_app.problems import Problem

TICK_SECONDS = 0.2
RESTART_SECONDS_MAX = 60
STEADY_SECONDS = 60
STOP_SECONDS_MAX = 40
DEATHS_BEFORE_READY_MAX = 3


class NeverReady(Problem):
    """A child keeps dying before the whole was ready once."""


@dataclass
class Child:
    """One command that ought to be running."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restart_at: float = 0.0
    deaths: int = 0
    has_ended: bool = False

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it in its own session, so that Ctrl-C reaches the runner alone."""
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            dies_with_parent(list(self.command)), env=dict(environment), start_new_session=True
        )

    def note_death(self) -> float:
        """Take note that it has ended; return the seconds to wait before the next start."""
        now = time.monotonic()
        self.deaths = 1 if now - self.started > STEADY_SECONDS else self.deaths + 1
        delay = min(2.0 ** (self.deaths - 1), RESTART_SECONDS_MAX)
        self.process, self.restart_at = None, now + delay
        return delay


@dataclass
class Runner:
    """Runs `commands` (name -> argument list) until told to stop; they are stopped in the order they are named.

    `is_ready` is asked until it says yes, then `on_ready` is called once; `on_tick` is called five times a second.
    Those in `once` run to their end, whatever it is, and `on_failure` is called when it is a bad one; those in `after`
    are started only when its function says yes.
    """

    commands: Mapping[str, Sequence[str]]
    environment: Mapping[str, str]
    is_ready: Callable[[], bool]
    on_ready: Callable[[], None]
    on_tick: Callable[[], None] = lambda: None
    echo: Callable[[str], None] = print
    once: Collection[str] = ()
    on_failure: Callable[[], None] = lambda: None
    after: Mapping[str, Callable[[], bool]] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Start everything and stay until `stop` is called; raise NeverReady if it does not come up."""
        children = [Child(name, command) for name, command in self.commands.items()]
        is_ready = False
        try:
            while not self._stop.wait(TICK_SECONDS):
                self.on_tick()
                for child in children:
                    self._keep_running(child, is_ready)
                if not is_ready and self.is_ready():
                    is_ready = True
                    self.on_ready()
        finally:
            stop_all(children)

    def stop(self) -> None:
        """Ask for the end; safe in a signal handler."""
        self._stop.set()

    def _keep_running(self, child: Child, is_ready: bool) -> None:
        if child.process is None:
            if self._may_start(child):
                child.start(self.environment)
            return
        code = child.process.poll()
        if code is None:
            return
        if child.name in self.once:
            child.process, child.has_ended = None, True
            if code:
                self.echo(f"{child.name} has ended (code {code}); see above why.")
                self.on_failure()
            return
        delay = child.note_death()
        if not is_ready and child.deaths >= DEATHS_BEFORE_READY_MAX:
            raise NeverReady(
                f"{child.name} ended {child.deaths} times (code {code}) before it was ready; see above why."
            )
        self.echo(f"{child.name} has ended (code {code}); starting it again in {delay:.0f} s.")

    def _may_start(self, child: Child) -> bool:
        if child.has_ended or time.monotonic() < child.restart_at:
            return False
        return child.name not in self.after or self.after[child.name]()


def stop_all(children: Sequence[Child]) -> None:
    """Stop the children one after the other, in order."""
    for child in children:
        if child.process:
            stop_process(child.process, STOP_SECONDS_MAX)


class StopSignals:
    """Within it SIGTERM and SIGINT call `stop` instead of ending the process."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop

    def __enter__(self) -> None:
        def answer(_number: int, _frame: FrameType | None) -> None:
            self._stop()

        self._before = {number: signal.signal(number, answer) for number in (signal.SIGTERM, signal.SIGINT)}

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
