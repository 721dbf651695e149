"""Makes the application: settings in, a catalogue of record types in, a Flask application with all screens out."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask

import models
import views
from admin_app.deadlines import keep_deadlines
from admin_app.health import health, healthz
from admin_app.late_rules import LateRule
from admin_app.logs import log_requests
from admin_app.metrics import count_requests
from admin_app.security import init_public_security, init_security
from admin_app.settings import Settings
from admin_app.start import set_rules
from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor
from models.kernel.language.record import Record
from views.screens import build_public_screens, build_screens


def create_app(settings: Settings, catalogue: Mapping[str, type[Record]] | None = None) -> Flask:
    """An application for these settings and record types. The database is connected by `start`, not here."""
    app = _flask()
    app.config["UPLOAD_LIMIT_MB"] = settings.upload_limit_mb
    app.config["IS_DEMO"] = settings.demo
    app.config["PUBLIC_PAGES"] = settings.public_pages
    set_rules(settings)
    log_requests(app)
    keep_deadlines(app)
    init_security(app, settings)
    app.extensions["confirm_password"] = lambda actor, typed: _is_confirmed(app, actor, typed)
    app.register_blueprint(health)
    count_requests(app, settings.metrics_token)
    build_screens(app, catalogue if catalogue is not None else models.catalogue)
    return app


def create_public_app(settings: Settings, catalogue: Mapping[str, type[Record]] | None = None) -> Flask:
    """An application with the public pages alone: nobody signs in there, and no other screen is behind an address."""
    app = _flask()
    app.config["PUBLIC_ONLY"] = True
    set_rules(settings)
    log_requests(app)
    keep_deadlines(app)
    init_public_security(app, settings)
    app.add_url_rule("/healthz", "healthz", healthz)
    build_public_screens(app, catalogue if catalogue is not None else models.catalogue)
    return app


def _flask() -> Flask:
    """An empty application in the folder of the views; its own static files get a late rule as well."""
    return _Application("views", root_path=str(next(iter(views.__path__))))


class _Application(Flask):
    url_rule_class = LateRule


def _is_confirmed(app: Flask, actor: Actor, typed: str) -> bool:
    try:
        app.extensions["security"].require_password(actor, typed)
    except Refused:
        return False
    return True
