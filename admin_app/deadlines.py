"""Every request has a deadline for the database, and reading goes on while nobody takes writes.

What a request met of damaged records is told when it has been answered.
"""

from typing import Any

import mongoengine
import pymongo
from flask import Flask, g, request

from models.kernel.gate import unit
from models.kernel.language.sound import for_screens, met
from models.kernel.rights import qualified
from models.services.work import damage

REQUEST_SECONDS = 15
UNBOUNDED = ("takes_files",)  # an upload is as long as its sender is slow; the server sees to that


def has_primary() -> bool:
    """Whether a server that takes writes is known at this moment."""
    return mongoengine.get_connection().topology_description.has_writable_server()


def keep_deadlines(app: Flask) -> None:
    """Bound what a request waits for the database; call it before other hooks are registered."""

    @app.before_request
    def begin() -> None:
        unit.forget_outcome()
        qualified.begin_request()
        for_screens.set(True)
        met.set([])
        view: Any = app.view_functions.get(request.endpoint or "")
        if not any(getattr(view, name, False) for name in UNBOUNDED):
            g.deadline = pymongo.timeout(REQUEST_SECONDS)
            g.deadline.__enter__()

    @app.teardown_request
    def end(_fault: BaseException | None) -> None:
        for_screens.set(False)
        qualified.end_request()
        damage.tell_of(met.get() or ())
        met.set(None)
        deadline = g.pop("deadline", None)
        if deadline is not None:
            deadline.__exit__(None, None, None)

    @app.context_processor
    def outage() -> dict[str, Any]:
        return {"is_read_only": not has_primary()}
