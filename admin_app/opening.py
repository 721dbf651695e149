"""Opens the database for one command: the named server, or the embedded one, started for it if it isn't running."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mongoengine
from mongoengine.connection import get_db

from admin_app.database import wait_for_server
from admin_app.embedded import EmbeddedMongo
from admin_app.problems import Problem
from admin_app.settings import Settings
from admin_app.start import start
from tasks.backup.restore import half_restored


@contextmanager
def database(settings: Settings, *, is_restoring: bool = False) -> Iterator[Settings]:
    """Connect to the named server, or to the embedded one, starting it for this command if it isn't running."""
    mongo = None
    if not settings.mongodb_uri:
        mongo = EmbeddedMongo(Path(settings.data))
        settings = settings.model_copy(update={"mongodb_uri": mongo.running_uri() or mongo.start()})
    try:
        with connected(settings, is_restoring=is_restoring):
            yield settings
    finally:
        if mongo:
            mongo.stop()


@contextmanager
def connected(settings: Settings, *, is_restoring: bool = False) -> Iterator[None]:
    """Connect, and wait until the server answers and is sound; half a restore is refused but to who restores."""
    client = start(settings)
    try:
        wait_for_server(client, echo=_say)
        if not is_restoring and (backup := half_restored(get_db())):
            raise Problem(
                f"The database {settings.database} holds a part of the backup {backup} only: its restore was cut off. "
                f"Run it again, it goes on: guicheng restore .../{backup} --into {settings.database}"
            )
        yield
    finally:
        mongoengine.disconnect()


def _say(text: str) -> None:
    print(text, flush=True)
