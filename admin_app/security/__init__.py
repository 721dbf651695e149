"""Everything that keeps strangers out: passwords, sessions, throttles, headers, tokens, and the doors themselves.

Views cannot import this package (arrows point one way); they find what they need in `app.extensions["security"]`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from bson import ObjectId
from flask import Flask, Response, request
from flask_login import current_user
from werkzeug.exceptions import MethodNotAllowed, NotFound, SecurityError, ServiceUnavailable
from werkzeug.middleware.proxy_fix import ProxyFix

from admin_app.security import (
    account_page,
    accounts,
    company_login,
    company_login_page,
    confirm_page,
    csrf,
    first_link_page,
    flood,
    fresh,
    headers,
    keys_page,
    language,
    login,
    passwords,
    programs,
    second_step_page,
    signed_in,
    streaming,
)
from admin_app.security.events import record_event
from admin_app.security.sessions import configure_sessions, this_session
from admin_app.security.signed_in import current_actor, require_password
from admin_app.settings import Settings
from models.kernel.base.people import Actor
from models.organisation import User

__all__ = ["Security", "current_actor", "init_public_security", "init_security", "record_event", "require_password"]

PAGES = (
    account_page,
    company_login_page,
    confirm_page,
    first_link_page,
    keys_page,
    second_step_page,
)  # they add theirs to the doors of log-in
MEGABYTE = 1024 * 1024
REQUEST_MAX, FORM_MAX, FORM_PARTS_MAX = 4 * MEGABYTE, 2 * MEGABYTE, 5000
PUBLIC_ASSETS = frozenset({"app.css", "seal.svg", "survey.js", "questions.js"})
UNUSED_METHODS = frozenset({"TRACE", "TRACK", "CONNECT", "OPTIONS"})


@dataclass(frozen=True)
class Security:
    """What views may ask of this package, as `app.extensions["security"]`."""

    current_actor: Callable[[], Actor] = current_actor
    require_password: Callable[[Actor, str], None] = require_password
    record_event: Callable[..., None] = record_event
    request_locale: Callable[[], str] = language.request_locale
    begin_reset: Callable[[User, Actor], ObjectId | None] = accounts.begin_reset
    log_out_everywhere: Callable[[ObjectId], None] = accounts.log_out_everywhere
    seconds_to_wait: Callable[[str, int, int], int] = flood.seconds_to_wait
    has_second_step: Callable[[ObjectId], bool] = accounts.has_second_step
    close_account: Callable[[ObjectId], None] = accounts.close_account
    has_company_login: Callable[[ObjectId], bool] = accounts.has_company_login
    take_off_company_login: Callable[[User, Actor], bool] = accounts.company_login_off
    take_off_second_step: Callable[[User, Actor], bool] = accounts.step_off


def init_security(app: Flask, settings: Settings) -> None:
    """Secure an application; call it before other hooks are registered, so that theirs run behind the guard.

    A view function is open to strangers if it has the attribute `is_public`, and takes bodies up to the upload limit
    (of signed-in users) if it has the attribute `takes_files`; with `stores_files`, files are stored as they arrive.
    """
    passwords.use_profile(cheap=settings.cheap_passwords)
    _secure(app, settings)
    streaming.stream_uploads(app)
    _limit_requests(app, settings.upload_limit_mb * MEGABYTE)
    csrf.protect(app)
    app.extensions["company_login"] = company_login.from_settings(settings)
    app.extensions["csrf"].exempt(company_login_page.company_logout)  # which goes by a signed token, without a cookie
    programs.count_uses(app)
    signed_in.guard(app)
    fresh.watch(app, settings.confirm_minutes)
    confirm_page.answer_confirmations(app)
    app.register_blueprint(login.endpoints)


def init_public_security(app: Flask, settings: Settings) -> None:
    """Secure an application that has public pages alone: nobody signs in, so that it reads no session and no account.
    What its pages need of styles is served, and no other static file."""
    _secure(app, settings)

    @app.before_request
    def limit() -> None:
        if request.method in UNUSED_METHODS:
            raise MethodNotAllowed(valid_methods=["GET", "HEAD", "POST"])
        if request.endpoint == "static" and (request.view_args or {}).get("filename") not in PUBLIC_ASSETS:
            raise NotFound


def _secure(app: Flask, settings: Settings) -> None:
    """What every application has: whom it believes, what it takes, and what its answers say."""
    app.secret_key = settings.secret_key
    app.config.update(
        TRUSTED_HOSTS=list(settings.trusted_hosts) or None,
        TRUSTED_PROXIES=settings.trusted_proxies,
        API_REQUESTS_PER_MINUTE=settings.api_requests_per_minute,
        MAX_CONTENT_LENGTH=REQUEST_MAX,
        MAX_FORM_MEMORY_SIZE=FORM_MAX,
        MAX_FORM_PARTS=FORM_PARTS_MAX,
        SECOND_FACTOR_ROLES=frozenset(settings.second_factor_roles),
    )
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]
    configure_sessions(app, settings)
    headers.add_headers(app, is_secure=settings.secure_cookies)
    app.register_error_handler(SecurityError, _refuse_host)
    app.extensions["security"] = Security()
    language.speak(app)


def _limit_requests(app: Flask, upload_max: int) -> None:
    """Refuse unused methods, and everything while no session can be read; let signed-in users send files."""

    @app.before_request
    def limit() -> None:
        if request.method in UNUSED_METHODS:
            raise MethodNotAllowed(valid_methods=["GET", "HEAD", "POST"])
        if this_session().is_unavailable and not (request.endpoint or "").startswith("health."):
            raise ServiceUnavailable
        view: Any = app.view_functions.get(request.endpoint or "")
        if getattr(view, "takes_files", False) and current_user.is_authenticated:
            request.max_content_length = upload_max
            if getattr(view, "stores_files", False):
                cast(streaming.StreamingRequest, request).store_files(upload_max)


def _refuse_host(_problem: SecurityError) -> Response:
    """Answer a request for another host without a page, since no address of a page could be trusted."""
    return Response("This host name is not known here.\n", 400, content_type="text/plain; charset=utf-8")
