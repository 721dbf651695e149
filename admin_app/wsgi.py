"""What gunicorn calls in each worker: settings, logs and database first, then the application."""

import structlog
from flask import Flask
from pymongo.errors import PyMongoError

from admin_app.app import create_app
from admin_app.database import check_server
from admin_app.settings import load_settings
from admin_app.start import start
from models import catalogue


def app() -> Flask:
    """Build the application of this worker process; a database that is down is waited for, an unsafe one is refused."""
    settings = load_settings()
    client = start(settings)
    try:
        check_server(client)
    except PyMongoError as problem:  # /readyz says so and looks again
        structlog.get_logger("guicheng.start").warning(
            "the database does not answer yet", reason=type(problem).__name__
        )
    return create_app(settings, catalogue)
