"""The jobs that workers know: a name, words for people, how often to try, and the function that does the work."""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.kernel.base.words import L
from models.services.work.jobs import STALL_TIMEOUT

DONE_OTHERWISE = L("This is done by another job now.", "此作業已併入其他作業。")
DONE_BY = L(
    "This is done by the job “{job}” now; nothing was done here.", "此作業已併入「{job}」，本次未辦理任何事項。"
)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A kind of background work. `body(run, **params)` may be run again at any time, from `run.checkpoint`.

    `tries`: after so many attempts a run is set aside for IT. `hidden`: not offered for schedules. `done_by`: it
    is no more, and that job does what it did: its runs of before end with a sentence, its schedules go into the bin.

    A body shows that it goes on by `run.progress`, `run.save` or `run.renew`. After `patience` without a sign IT is
    told that it hangs. After `ended_after` the process is killed, where it has one of its own: that is the same as a
    worker that dies, so the run goes on from its checkpoint elsewhere, and is set aside in the end. A body that shares
    its process (a command, a test) is left to itself, because nothing ends a thread safely; then IT was told.
    """

    name: str
    label: L
    help: L
    body: Callable[..., None]
    tries: int = 5
    stall_timeout: dt.timedelta = STALL_TIMEOUT
    hard_timeout: dt.timedelta = dt.timedelta(hours=2)
    hidden: bool = False
    done_by: str = ""


_jobs: dict[str, Job] = {}


def job(name: str, label: L, help: L, **options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register the function below as the body of a job. A name is given once."""

    def register(body: Callable[..., None]) -> Callable[..., None]:
        if name in _jobs:
            raise ValueError(f"The job {name!r} is declared twice.")
        _jobs[name] = Job(name=name, label=label, help=help, body=body, **options)
        return body

    return register


def retired_job(name: str, label: L, *, done_by: str) -> None:
    """Keep the name of a job that is no more, for the runs and schedules of before that name it."""

    @job(name, label, DONE_OTHERWISE, hidden=True, done_by=done_by)
    def body(run: Any) -> None:
        run.log(DONE_BY(job=_jobs[done_by].label))


def jobs() -> dict[str, Job]:
    """The jobs declared so far, by name."""
    return dict(_jobs)


_CELERY_ONLY = ("app", "beat", "mongolease", "dispatch")


def load_jobs() -> dict[str, Job]:
    """Import every module of this package that may declare jobs, and return them all: there is no list."""
    package = importlib.import_module("tasks")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if module.name.rpartition(".")[2] not in _CELERY_ONLY:
            importlib.import_module(module.name)
    return jobs()
