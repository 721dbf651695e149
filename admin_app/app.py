"""Makes the application: settings in, a catalogue of record types in, a Flask application with all screens out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import models
import views
from admin_app.deadlines import keep_deadlines
from admin_app.health import health, healthz
from admin_app.late_rules import LateRule
from admin_app.logs import log_requests
from admin_app.metrics import count_requests
from admin_app.security import init_public_security, init_security, language
from admin_app.settings import Settings
from admin_app.start import set_rules
from models.kernel.language.record import Record
from views.contents.endpoints import build_contents
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
    app.register_blueprint(health)
    count_requests(app, settings.metrics_token)
    build_screens(app, catalogue if catalogue is not None else models.catalogue)
    app.config["CONTENTS_URL"] = settings.contents_url
    if settings.contents_url:
        app.wsgi_app = ByHost(app.wsgi_app, create_contents_app(settings))  # type: ignore[method-assign]
    return app


def create_contents_app(settings: Settings) -> Flask:
    """An application with the contents of courses alone, which answers to their host name and sets no cookie."""
    app = _flask()
    app.config["CONTENTS_URL"] = settings.contents_url
    app.config["PUBLIC_ONLY"] = True
    log_requests(app)
    keep_deadlines(app)
    language.speak(app)
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=settings.trusted_proxies, x_host=0)  # type: ignore[method-assign]
    build_contents(app)
    return app


class ByHost:
    """Gives requests for the host name of contents to their application, and all others to the one with the screens:
    what is behind an address of one is never behind one of the other."""

    def __init__(self, screens: Any, contents: Flask):
        self.screens, self.contents = screens, contents
        name = urlsplit(contents.config["CONTENTS_URL"]).hostname or ""
        self.is_contents = re.compile(re.escape(name).replace(r"\*", "[a-z0-9-]{1,63}")).fullmatch

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        host = environ.get("HTTP_HOST", "").rpartition(":")[0] or environ.get("HTTP_HOST", "")
        chosen = self.contents if self.is_contents(host.lower()) else self.screens
        return chosen(environ, start_response)


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
