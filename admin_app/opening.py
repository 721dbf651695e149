"""Opens the database for one command: the named server, or the embedded one, started for it if it isn't running."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mongoengine
from mongoengine.connection import get_db
from pymongo.errors import ConnectionFailure, PyMongoError

from admin_app.database import wait_for_server
from admin_app.embedded import EmbeddedMongo
from admin_app.key_check import check_keys
from admin_app.problems import Problem
from admin_app.settings import Settings
from admin_app.start import start
from tasks.backup.restore import half_restored

WAIT_SECONDS_MAX = 30


@contextmanager
def database(settings: Settings, *, is_restoring: bool = False) -> Iterator[Settings]:
    """Connect to the named server, or to the embedded one, starting it for this command if it isn't running.

    A command that ends by itself waits for the server for a bounded time only, then says so.
    """
    mongo = None
    if not settings.mongodb_uri:
        mongo = EmbeddedMongo(Path(settings.data))
        settings = settings.model_copy(update={"mongodb_uri": mongo.running_uri() or mongo.start()})
    try:
        with connected(settings, is_restoring=is_restoring, seconds_max=WAIT_SECONDS_MAX):
            yield settings
    finally:
        if mongo:
            mongo.stop()


@contextmanager
def connected(settings: Settings, *, is_restoring: bool = False, seconds_max: float = float("inf")) -> Iterator[None]:
    """Connect, and wait until the server answers and is sound; half a restore is refused but to who restores."""
    try:
        _open(settings, is_restoring, seconds_max)
        yield
    finally:
        mongoengine.disconnect()


def _open(settings: Settings, is_restoring: bool, seconds_max: float) -> None:
    try:
        wait_for_server(start(settings), echo=_say, seconds_max=seconds_max)
        backup = None if is_restoring else half_restored(get_db())
    except ConnectionFailure as fault:
        waited = "" if seconds_max == float("inf") else f" within {seconds_max:.0f} seconds"
        raise Problem(f"The database did not answer{waited} ({type(fault).__name__}). Try again.") from fault
    except PyMongoError as fault:
        raise Problem(f"The database cannot be used: {fault}") from fault
    if backup:
        raise Problem(
            f"The database {settings.database} holds a part of the backup {backup} only: its restore was cut off. "
            f"Run it again, it goes on: guicheng restore .../{backup} --into {settings.database}"
        )
    if not is_restoring:
        check_keys(list(settings.field_keys))


def _say(text: str) -> None:
    print(text, flush=True)
