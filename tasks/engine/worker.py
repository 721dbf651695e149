"""Carries out one run: claims it, keeps its lease while the job's body works, and ends it whatever the body does."""

from __future__ import annotations

import datetime as dt
import hashlib
import inspect
import mmap
import os
import secrets
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from bson import ObjectId
from pymongo.errors import ConnectionFailure, PyMongoError

from models.kernel.base import clock
from models.kernel.base.errors import NOT_FOUND, Missing, Refused
from models.kernel.base.words import L, Words, in_all_locales
from models.kernel.language.declare import registered
from models.kernel.rights import qualified
from models.services.work import jobs

from . import registry
from .alerts import alarm, page_of_run, tell_it
from .registry import Job
from .run import Lost, Run, Stop, Stopping

DELAY_FIRST = dt.timedelta(seconds=10)
DELAY_MOST = dt.timedelta(minutes=15)
WAITS_FOR_EARLIER = dt.timedelta(seconds=5)
ENDING_SECONDS_MAX = 60
ERROR_CHARACTERS_MAX = 8000
NO_SUCH_JOB = L("This version of the program does not know the job “{name}”.", "目前程序版本中沒有作業「{name}」。")
WRONG_PARAMS = L("The parameters do not fit the job “{name}”.", "參數不符合作業「{name}」的要求。")
WILL_TRY_AGAIN = L(
    "The attempt failed ({kind}); the next one follows by itself. Nothing was lost.",
    "本次執行失敗（{kind}），稍後將自動重試，數據沒有丟失。",
)
GIVEN_UP = L(
    "All {tries} attempts failed ({kind}). IT can look at the details and try again.",
    "已嘗試 {tries} 次，均告失敗（{kind}）。信息技術部可查看詳情並重試。",
)
DIED = L(
    "The worker died each of the {tries} times that it tried. IT can look at the log and try again.",
    "已嘗試 {tries} 次，每次執行程序都異常退出。信息技術部可查看日誌並重試。",
)
DAMAGED = L(
    "“{job}” left out {count} damaged records, such as {type} {id}; the others were done. The log of the run has all.",
    "作業「{job}」跳過了 {count} 條損壞的記錄（如{type} {id}），其他記錄已處理；執行日誌列有明細。",
)
HUNG = L(
    "No sign of progress for {minutes} minutes: the process was ended, and the job goes on where it stopped.",
    "已有 {minutes} 分鐘沒有進展，執行程序已被終止，作業將從中斷處繼續。",
)
NO_MEMORY = L(
    "The job needed more memory than one job may have, and was ended. Others go on.",
    "該作業佔用內存超出上限，已被終止，其他作業不受影響。",
)
DATABASE_AWAY = L(
    "The database did not answer; the job goes on where it stopped.", "數據庫沒有回應，作業稍後從中斷處繼續。"
)

log = structlog.get_logger("guicheng.worker")


class StopFlag:
    """A flag that a worker sets for its child processes; it lives in memory that they share since the fork."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, 1)

    def set(self) -> None:
        self._page[0] = 1

    def is_set(self) -> bool:
        return self._page[0] == 1


class Heartbeat:
    """Renews a run's lease in a thread of its own, so that a body may be silent for longer than a lease.

    A body that hangs for longer than its job allows is ended, if `end` is given: it ends this process.
    """

    def __init__(self, run: Run, job: Job, end: Callable[[], None] | None = None):
        self._run, self._job, self._end = run, job, end
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{run.id}", daemon=True)

    def _beat(self) -> None:
        while not self._ended.wait(jobs.LEASE.total_seconds() / 3):
            silent = dt.timedelta(seconds=time.monotonic() - self._run.moved)
            try:
                if self._end and silent > self._job.hard_timeout:
                    log.error("hangs; its process is ended", task=self._job.name, run=str(self._run.id))
                    self._run.log(HUNG(minutes=int(silent.total_seconds() // 60)))
                    self._end()
                    return
                if not jobs.renew(self._run.id, self._run.worker):
                    return
            except PyMongoError as problem:  # the lease may run out; then the run goes on elsewhere
                log.warning("the lease could not be renewed", run=str(self._run.id), reason=type(problem).__name__)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()


def end_process() -> None:
    """End this process at once, as if it died: what it held is free again when the lease runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def new_worker_name() -> str:
    """A name that no other worker ever has."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def work(run_id: ObjectId | None = None, *, stop: Stop | None = None, is_alone: bool = False) -> bool:
    """Carry out a run (or the next that is due); False when there is nothing to do: a message came twice.

    `is_alone`: this process does nothing else meanwhile and is made anew when it dies, so that it ends with what hangs.
    """
    if stop is not None and stop.is_set():  # a message that was taken before the stop; its run stays queued
        return False
    worker = new_worker_name()
    try:
        document = jobs.claim(worker, run_id)
    except ConnectionFailure as problem:  # the run stays queued, and its message comes again
        log.warning("the database is away; nothing was claimed", reason=type(problem).__name__)
        return False
    if document is None:
        return False
    _Attempt(document, worker, stop, end_process if is_alone else None).make()
    return True


class _Attempt:
    """One attempt at one run by one worker."""

    def __init__(
        self, document: Mapping[str, Any], worker: str, stop: Stop | None, end: Callable[[], None] | None = None
    ):
        self.document, self.worker, self.end = document, worker, end
        self.run = Run(document, worker, stop)
        self.job: Job | None = registry.jobs().get(document["task"])

    def make(self) -> None:
        """Do the work, or end the run when it cannot be done."""
        job = self.job
        if job is None:
            self._end(jobs.SET_ASIDE, NO_SUCH_JOB(name=self.document["task"]))
        elif self.run.attempts > job.tries:
            self._end(jobs.SET_ASIDE, DIED(tries=job.tries), keep_error=True)
        elif self._has_earlier():
            self._put_back(WAITS_FOR_EARLIER)
        elif not _fits(job, self.run):
            self._end(jobs.FAILED, WRONG_PARAMS(name=job.label))
        else:
            self.run.stall_timeout = job.stall_timeout
            with Heartbeat(self.run, job, self.end):
                self._carry_out(job)
            self._tell_damage(job)

    def _has_earlier(self) -> bool:
        """Whether an earlier run of the same schedule is not done yet: they follow each other."""
        schedule = self.document.get("schedule")
        return schedule is not None and jobs.open_runs(schedule, before=self.run.id) > 0

    def _carry_out(self, job: Job) -> None:
        began = time.monotonic()
        say = log.debug if self.document.get("passing") else log.info  # one of so many that nobody would read them
        say("begun", task=job.name, run=str(self.run.id), attempt=self.run.attempts)
        try:
            if job.stall_timeout != jobs.STALL_TIMEOUT:
                self.run.renew()
            qualified.forget()
            job.body(self.run, **self.run.params)
        except Stopping:
            self._put_back(dt.timedelta())
        except Lost:
            log.warning("lost to another worker", task=job.name, run=str(self.run.id))
        except MemoryError:
            self._end(jobs.FAILED, NO_MEMORY, error=traceback.format_exc())
        except (Refused, Missing) as refused:
            self._end(jobs.FAILED, _sentence_of(refused), error=traceback.format_exc())
        except ConnectionFailure:
            self._put_back(DELAY_FIRST, sentence=DATABASE_AWAY, is_put_off=True)
        except Exception as problem:  # the edge: every fault of a job is caught, logged and shown to IT
            log.exception("failed", task=job.name, run=str(self.run.id))
            self._failed(job, problem)
        else:
            self._end(jobs.DONE, None)
            say("done", task=job.name, run=str(self.run.id), seconds=round(time.monotonic() - began, 2))

    def _tell_damage(self, job: Job) -> None:
        """Tell IT of records that the body left out, once a day for the same ones."""
        if not self.run.damaged:
            return
        damaged = sorted(set(self.run.damaged))
        key = hashlib.sha256(repr(damaged).encode()).hexdigest()[:16]
        type_name, id = damaged[0]
        cls = registered().get(type_name)
        words = DAMAGED(job=job.label, count=len(damaged), type=cls.declared.label if cls else type_name, id=id)
        try:
            cause = alarm("damaged", f"{job.name}:{key}:{clock.today()}")
            tell_it(words, cause=cause, about=page_of_run(self.run.id))
        except PyMongoError as problem:  # the next run finds them again
            log.warning("damage was not told", task=job.name, reason=type(problem).__name__)

    def _failed(self, job: Job, problem: Exception) -> None:
        """Try later, ever later; after so many attempts set it aside."""
        kind, error = type(problem).__name__, traceback.format_exc()
        if self.run.attempts >= job.tries:
            self._end(jobs.SET_ASIDE, GIVEN_UP(tries=job.tries, kind=kind), error=error)
            return
        delay = min(DELAY_FIRST * 2 ** (self.run.attempts - 1), DELAY_MOST)
        values: dict[str, Any] = {"error": _short(error), "sentence": in_all_locales(WILL_TRY_AGAIN(kind=kind))}
        _surely(lambda: jobs.requeue(self.run.id, self.worker, after=delay, **values))

    def _put_back(self, after: dt.timedelta, sentence: Words | None = None, *, is_put_off: bool = False) -> None:
        """Give the run back without counting the attempt: nothing is wrong with the job."""
        values: dict[str, Any] = {"is_put_off": is_put_off}
        values |= {"sentence": in_all_locales(sentence)} if sentence else {}
        _surely(lambda: jobs.requeue(self.run.id, self.worker, after=after, counted=False, **values))

    def _end(self, state: str, sentence: Words | None, *, error: str | None = None, keep_error: bool = False) -> None:
        values: dict[str, Any] = {"sentence": in_all_locales(sentence) if sentence else None}
        if state == jobs.DONE:  # else the counts stay those of the checkpoint, from which another attempt counts on
            values["counts"] = self.run.counts
        if not keep_error:
            values["error"] = _short(error) if error else None
        _surely(lambda: jobs.finish(self.run.id, self.worker, state, **values))


def _fits(job: Job, run: Run) -> bool:
    try:
        inspect.signature(job.body).bind(run, **run.params)
    except TypeError:
        return False
    return True


def _sentence_of(refused: Refused | Missing) -> Words:
    if isinstance(refused, Refused):
        first = next((words[0] for words in refused.problems.values() if words), None)
        return first or refused.sentence
    return NOT_FOUND


def _short(error: str) -> str:
    """The end of a traceback, where the fault stands."""
    return error[-ERROR_CHARACTERS_MAX:]


def _surely(write: Callable[[], Any]) -> None:
    """Write how a run ended, waiting a while for a database that is away; after that the lease runs out instead."""
    deadline = time.monotonic() + ENDING_SECONDS_MAX
    while True:
        try:
            write()
        except ConnectionFailure:
            if time.monotonic() > deadline:
                return
            time.sleep(1)
        else:
            return
