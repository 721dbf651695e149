"""Whether this process lives (/healthz) and can serve (/readyz), for load balancers and the runner; needs no login."""

import mongoengine
import structlog
from flask import Blueprint, Response, jsonify
from pymongo.errors import PyMongoError

from admin_app.database import UnsafeServer, check_writable

READY_SECONDS_MAX = 1.5

health = Blueprint("health", __name__)
log = structlog.get_logger("guicheng.health")


@health.get("/healthz")
def healthz() -> Response:
    """Answer that the process is alive, whatever the database does."""
    return _uncached(jsonify(status="ok"))


@health.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Answer 200 if a write reaches the primary within two seconds, else 503 with the reason."""
    try:
        database = mongoengine.get_db()
        check_writable(database.client, database.name, READY_SECONDS_MAX)
    except UnsafeServer as problem:
        return _not_ready(str(problem))
    except (PyMongoError, mongoengine.ConnectionFailure) as problem:
        log.warning("not ready", reason=type(problem).__name__)
        return _not_ready("The database has no primary that accepts writes.")
    return _uncached(jsonify(status="ok")), 200


def _not_ready(reason: str) -> tuple[Response, int]:
    return _uncached(jsonify(status="unavailable", reason=reason)), 503


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
