"""What gunicorn calls in each worker: settings, logs and database first, then the application."""

import structlog
from flask import Flask
from pymongo.errors import PyMongoError

from admin_app.app import create_app, create_public_app
from admin_app.database import check_server
from admin_app.loading import show_loading
from admin_app.settings import load_settings
from admin_app.start import start
from models import catalogue
from seed.demo import percent_loaded


def app() -> Flask:
    """Build the application of this worker process; a database that is down is waited for, an unsafe one is refused."""
    settings = load_settings()
    client = start(settings, reads_go_on=True)
    is_loading = False
    try:
        check_server(client)
        is_loading = settings.demo and percent_loaded() is not None
    except PyMongoError as problem:  # /readyz says so and looks again
        structlog.get_logger("guicheng.start").warning(
            "the database does not answer yet", reason=type(problem).__name__
        )
    made = create_app(settings, catalogue)
    if is_loading:
        show_loading(made)
    return made


def public_app() -> Flask:
    """Build the application of a worker process that serves the public pages alone."""
    settings = load_settings()
    start(settings, reads_go_on=True)
    return create_public_app(settings, catalogue)
