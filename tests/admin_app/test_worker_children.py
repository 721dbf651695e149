"""A process of a worker that cannot start ends, so that it takes no messages that it could only lose."""

import os

import pytest

from admin_app.celery import CANNOT_START, started_or_ended


def ended_with(begin):
    """What a process ends with that begins so; 0 where it goes on."""
    child = os.fork()
    if not child:
        started_or_ended(begin, pause_seconds=0)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def broken():
    raise ImportError("the program was replaced")


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_process_that_cannot_start_ends():
    assert ended_with(broken) == CANNOT_START
    assert ended_with(lambda: None) == 0
