"""What Celery's own command loads: `celery -A admin_app.celery worker` and `beat`, wired with the settings."""

import logging
import os
import resource
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from celery import Celery
from celery.signals import beat_init, setup_logging, worker_process_init, worker_shutting_down

from admin_app.database import wait_for_server
from admin_app.logs import configure_logs
from admin_app.problems import Problem
from admin_app.settings import Settings, load_settings
from admin_app.start import start
from tasks.engine.app import make_celery
from tasks.engine.worker import StopFlag, work

TASKS_PER_CHILD = 200
CANNOT_START = 70  # EX_SOFTWARE of sysexits.h


def build(settings: Settings) -> Celery:
    """The application of a worker or beat. Raises Problem without a database."""
    if not settings.mongodb_uri:
        raise Problem("Workers and beat need GUICHENG_MONGODB_URI; guicheng run starts a database of its own.")
    stop = StopFlag()
    carry_out = partial(work, stop=stop, is_alone=True)  # each child does one job at a time, and is made anew
    made = make_celery(settings.broker_url, settings.mongodb_uri, settings.database, carry_out)
    made.conf.worker_max_tasks_per_child = TASKS_PER_CHILD
    made.conf.worker_max_memory_per_child = settings.worker_memory_mb * 1024
    _listen(settings, stop)
    return made


def _listen(settings: Settings, stop: StopFlag) -> None:
    """Prepare each process when Celery has made it; connections are never made before the fork."""

    def logs(**_facts: Any) -> None:
        configure_logs(settings.log_level)
        for chatty in ("celery.worker.strategy", "celery.app.trace"):  # the worker says itself what it begins and ends
            logging.getLogger(chatty).setLevel(logging.WARNING)

    def child(**_facts: Any) -> None:
        _limit_memory(settings.worker_memory_mb)
        started_or_ended(partial(start, settings))

    def beat(**_facts: Any) -> None:
        wait_for_server(start(settings))

    def stopping(**_facts: Any) -> None:
        stop.set()

    for signal, answer in (
        (setup_logging, logs),
        (worker_process_init, child),
        (beat_init, beat),
        (worker_shutting_down, stopping),
    ):
        signal.connect(answer, weak=False)


def started_or_ended(begin: Callable[[], object], pause_seconds: float = 5) -> None:
    """Start a process, or end it: Celery goes on with one that could not start, and each message that it takes fails.

    Such a process is met where the program was replaced beneath a running worker. The worker makes another; it waits
    before it ends, so that these do not follow each other without a pause.
    """
    is_started = False
    try:
        begin()
        is_started = True
    finally:
        if not is_started:
            structlog.get_logger("guicheng.worker").error("the process of a worker could not start", exc_info=True)
            time.sleep(pause_seconds)
            os._exit(CANNOT_START)


def _limit_memory(megabytes: int) -> None:
    """Let a job that wants too much fail by itself, rather than be killed with everything beside it."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 1024 * 1024, hard))


def __getattr__(name: str) -> Celery:
    """Celery asks this module for `app`, and gets it as the environment describes it; importing alone does nothing."""
    if name != "app":
        raise AttributeError(name)
    globals()[name] = made = build(load_settings())
    return made
