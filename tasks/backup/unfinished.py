"""Half backups that a killed process left: a mark stands beside each folder that is being written, and says by whom.

Only what is marked is ever cleared away, and only when its writer is gone: on this machine by the lock that it held,
elsewhere (another machine, a store without locks) when more time has passed than any backup can take.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from models.kernel.base import clock

from .faults import BackupFault
from .format import made_at
from .targets import MANIFEST, Target

LONGEST = dt.timedelta(hours=12)  # a server keeps the moment that a backup reads for six


@contextmanager
def being_written(target: Target, entry: str) -> Iterator[None]:
    """Within it, the mark stands and is held; it stays beside half a backup that could not be removed."""
    target.check()
    with _mark(target, entry):
        try:
            yield
        finally:
            with suppress(BackupFault):
                if target.has(entry, MANIFEST) or not target.files(entry):
                    target.end_writing(entry)


def clear_away(target: Target) -> list[str]:
    """Take away what the killed left half written; returns the names."""
    left = [entry for entry in target.writing_now() if _is_left(target, entry)]
    for entry in left:
        if not target.has(entry, MANIFEST):  # killed after the last word was written: it is whole
            target.delete(entry)
        target.end_writing(entry)
    return left


@contextmanager
def _mark(target: Target, entry: str) -> Iterator[None]:
    """The mark, with a lock on it that ends with its process; where a file system knows none, age alone decides."""
    path = target.path_of_writing(entry)
    if path is None:
        target.set_writing(entry, socket.gethostname())
        yield
        return
    with target.faults_in_words():
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with target.faults_in_words():
            os.write(handle, socket.gethostname().encode())
        yield
    finally:
        os.close(handle)


def _is_left(target: Target, entry: str) -> bool:
    path = target.path_of_writing(entry)
    if path is None or target.writer_of(entry) != socket.gethostname():
        return _is_too_old(entry)
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return _is_too_old(entry)
    finally:
        os.close(handle)
    return True


def _is_too_old(entry: str) -> bool:
    begun = made_at(entry)
    return begun is not None and clock.now() - begun > LONGEST
