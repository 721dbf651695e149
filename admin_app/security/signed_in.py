"""Who is signed in: looked up anew in each request, so that a role taken away or a disabled user counts at the next."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from bson import ObjectId
from flask import Flask, abort, jsonify, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user
from werkzeug import Response
from werkzeug.exceptions import Unauthorized

from admin_app.security import accounts, company_login, programs, second_factor, throttle
from admin_app.security.account_rows import has_password
from admin_app.security.events import Event, record_event
from admin_app.security.headers import is_static
from admin_app.security.session_rows import OfWhom, now_of
from admin_app.security.sessions import this_session
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import Actor, actor_beside, actor_of
from models.kernel.base.words import L
from models.kernel.rights import qualified
from models.organisation import User
from models.services.directory.source import DirectoryAway
from models.services.personal.api_keys import KeyUse

ANYBODY = frozenset(
    {
        "security.sign_in",
        "security.company_sign_in",
        "security.company_return",
        "security.directory_sign_in",
        "security.company_logout",
        "security.second_step",
        "security.first_link",
        "security.whose_session",
        "security.choose_language",
        "health.healthz",
        "health.readyz",
        "metrics.answer",
    }
)
BEFORE_CHANGE = frozenset({"security.own_password", "security.sign_out", "security.sign_out_everywhere"})
BEFORE_ENROLMENT = BEFORE_CHANGE | {"security.own_second_step"}

SIGN_IN = L("Please sign in.", "請先登錄。")
CHANGE_FIRST = L("Please change your first password before anything else.", "請先更改初始密碼。")
ENROL_FIRST = L("Please set up the second step before anything else.", "請先設置兩步驗證。")
AWAY = L("{name} does not answer; please try again later.", "{name}沒有響應，請稍後再試。")
PASSWORD_WRONG = L("The password is not right.", "密碼不正確。")


class SignedIn(UserMixin):
    """The signed-in user of one request, as Flask-Login's current_user."""

    def __init__(
        self,
        user: User,
        account: Mapping[str, Any],
        *,
        has_second_factor: bool = False,
        colleagues: Sequence[User] | None = None,
    ):
        self.user, self.colleagues = user, colleagues
        self.must_change = account["must_change"]
        has_one = has_second_factor or second_factor.is_on(account)
        self.must_enrol = not has_one and second_factor.is_asked_of(user.roles)

    use: KeyUse | None = None  # the key that a program sent, in the place of a session

    def get_id(self) -> str:
        return str(self.user.id)

    @cached_property
    def actor(self) -> Actor:
        """On whose behalf this request acts."""
        return actor_of(self.user) if self.colleagues is None else actor_beside(self.user, self.colleagues)


def find_signed_in(user_id: str) -> SignedIn | None:
    """The user of this session, if they are active and the session was not ended by a newer password or a logout."""
    id, of_whom = ObjectId(user_id), this_session().of_whom
    if of_whom is None or of_whom.id != id:  # who has just signed in
        of_whom = now_of(id)
    if of_whom.user and of_whom.account and session.get("epoch") == of_whom.account["epoch"]:
        return _signed_in(of_whom, has_second_factor=bool(session.get("second_factor")))
    session.clear()
    record_event(Event.REFUSED, user=ObjectId(user_id), why="session no longer valid")
    return None


def find_by_key(_request: Any) -> SignedIn | None:
    """The user for whom a program asks, by the key that it sends; none on pages, which know sessions alone."""
    use = programs.use_of_request()
    of_whom = now_of(use.key.user) if use else None
    if use is None or of_whom is None or not of_whom.user or not of_whom.account:
        return None
    result = _signed_in(of_whom)
    result.use = use
    return result


def _signed_in(of_whom: OfWhom, *, has_second_factor: bool = False) -> SignedIn:
    qualified.go_by(of_whom.rules)
    user, colleagues = User.from_stored(of_whom.user or {}), [User.from_stored(row) for row in of_whom.colleagues]
    return SignedIn(user, of_whom.account or {}, has_second_factor=has_second_factor, colleagues=colleagues)


def current_actor() -> Actor:
    """The actor of this request; without one the request ends at the login page, or with 401 for scripts."""
    if not current_user.is_authenticated:
        abort(to_login())
    return current_user.actor


def require_password(actor: Actor, password: str) -> None:
    """Make sure that it is really the actor who signs, by their password here, or that of the directory where they
    have none here. Raises Refused, also when too much was guessed."""
    attempt = throttle.confirmation(actor.login)
    if attempt.wait:
        raise Refused(None, {"password": [throttle.wait_sentence(attempt.wait)]})
    try:
        is_right = _is_password_of(actor, password)
    except DirectoryAway as away:
        raise Refused(None, {"password": [AWAY(name=company_login.directory_name())]}) from away
    if not is_right:
        record_event(Event.FAILURE, user=actor.id, at="signing")
        raise Refused(None, {"password": [PASSWORD_WRONG]})
    attempt.succeeded()


def _is_password_of(actor: Actor, password: str) -> bool:
    """A password of here is never sent to the directory, mistyped or not. Raises DirectoryAway."""
    if actor.id is None:
        return False
    if has_password(actor.id):
        return accounts.check(actor.login, password) == actor.id
    return company_login.confirms_there(actor.id, password)


def guard(app: Flask) -> None:
    """Close every page to strangers but those that are open to anybody, to first passwords but the change of it, and
    to those whose role needs a second step but its setting up.

    A view is open to anybody if its function has an attribute `is_public`.
    """
    manager = LoginManager(app)
    manager.session_protection = None
    manager.user_loader(find_signed_in)
    manager.request_loader(find_by_key)
    manager.unauthorized_handler(to_login)

    @app.before_request
    def check() -> Any:
        if request.endpoint is None or is_static(request.endpoint):
            return None
        if request.endpoint in ANYBODY or getattr(app.view_functions[request.endpoint], "is_public", False):
            return None
        if not current_user.is_authenticated:
            return to_login()
        programs.refuse_over(current_user.use)
        if current_user.must_change and request.endpoint not in BEFORE_CHANGE:
            return _first(CHANGE_FIRST, "security.own_password")
        if current_user.must_enrol and request.endpoint not in BEFORE_ENROLMENT:
            return _first(ENROL_FIRST, "security.own_second_step")
        return None


def to_login() -> Response:
    """The way to the login page and back to this one."""
    if programs.is_for_programs():
        raise Unauthorized
    if wants_json():
        return _refusal(SIGN_IN, 401)
    is_page = request.method in ("GET", "HEAD")
    return redirect(url_for("security.sign_in", next=request.full_path.rstrip("?") if is_page else None), 303)


def _first(sentence: L, endpoint: str) -> Response:
    if programs.is_for_programs():
        raise Forbidden(sentence)
    return _refusal(sentence, 403) if wants_json() else redirect(url_for(endpoint), 303)


def _refusal(sentence: L, status: int) -> Response:
    response = jsonify(ok=False, message=str(sentence))
    response.status_code = status
    return response


def wants_json() -> bool:
    """Whether a script asks, which cannot use a page."""
    if request.is_json or request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return True
    return request.accept_mimetypes.best_match(("text/html", "application/json")) == "application/json"
