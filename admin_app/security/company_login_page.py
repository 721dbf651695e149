"""The way to the company's login and back; linking it to oneself, and taking it off again.

An identity that nobody here has linked opens nothing: its owner signs in by password, and says that it is theirs.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bson import ObjectId
from flask import Response, abort, flash, redirect, render_template, request, session, url_for
from flask_login import current_user

from admin_app.security import accounts, company_login, second_factor
from admin_app.security.account_rows import find_account
from admin_app.security.addresses import safe_next
from admin_app.security.company_login import CompanyLogin
from admin_app.security.events import Event, record_event, tell
from admin_app.security.login import ask_for_code, endpoints, finish_sign_in, login_page
from admin_app.security.sessions import end_all
from admin_app.security.signed_in import require_password
from models.kernel.base.errors import Refused
from models.kernel.base.words import L

UNREACHABLE = L(
    "The company login does not answer. Please try again in a minute, or sign in with your password.",
    "公司統一登錄沒有響應，請稍後重試，或使用密碼登錄。",
)
UNPROVEN = L(
    "The company login was not completed. Please begin again.",
    "公司統一登錄未完成，請重新開始。",
)
NOT_LINKED = L(
    "Your company login is not linked to anybody here yet. Please sign in with login name and password this time; you "
    "can link it then.",
    "您的公司統一登錄尚未關聯。請先以登錄名與密碼登錄，然後即可關聯。",
)
NOT_ACTIVE = L("This account is closed. Please ask IT.", "此賬號已停用，請聯繫 IT。")
LINKED = L("From now on you can sign in with the company login.", "今後可使用公司統一登錄。")
UNLINKED = L("The company login is taken off your account.", "已取消與公司統一登錄的關聯。")


@endpoints.get("/login/company")
def company_sign_in() -> Any:
    """Go to the company's login."""
    offered = _offered()
    openid = _openid()
    try:
        url, flow = offered.provider.begin(_back(offered))
    except openid.Unreachable as problem:
        return _failed(UNREACHABLE, str(problem), 503)
    session["company"] = {**asdict(flow), "next": safe_next(request.args.get("next"), "")}
    return redirect(url, 303)


@endpoints.get("/login/company/return")
def company_return() -> Any:
    """Come back from the company's login: signed in, or with an identity that nobody has linked yet."""
    offered, openid = _offered(), _openid()
    kept = dict(session.pop("company", None) or {})
    target = kept.pop("next", "")
    try:
        flow = openid.Flow(**kept) if kept.keys() == openid.Flow.__dataclass_fields__.keys() else None
        proof = offered.provider.finish(flow, request.args, _back(offered))
    except openid.Unreachable as problem:
        return _failed(UNREACHABLE, str(problem), 503, target)
    except openid.Unproven as problem:
        return _failed(UNPROVEN, str(problem), 401, target)
    return _enter(proof, target)


def _enter(proof: Any, target: str) -> Any:
    """What somebody who has proved an identity gets: a session, the code page, or the way to link it."""
    user_id = company_login.person_of(proof.issuer, proof.subject)
    if current_user.is_authenticated:
        return _here_already(proof, user_id)
    if user_id is None:
        company_login.keep_pending(proof)
        return login_page(target, NOT_LINKED), 401
    if accounts.find_active(user_id) is None:
        record_event(Event.FAILURE, user=user_id, at="the company login")
        return login_page(target, NOT_ACTIVE), 401
    if second_factor.is_on(find_account(user_id)) and not proof.has_second_factor:
        return ask_for_code(user_id, "", target)
    return finish_sign_in(user_id, target, by_company=True, has_second_factor=proof.has_second_factor)


def _here_already(proof: Any, user_id: ObjectId | None) -> Any:
    """Somebody who is signed in has shown their identity: to link it."""
    if user_id == current_user.user.id:
        return redirect(url_for("security.account"), 303)
    if user_id is not None:
        flash(str(company_login.TAKEN), "bad")
        return redirect(url_for("security.account"), 303)
    company_login.keep_pending(proof)
    return redirect(url_for("security.company_link"), 303)


@endpoints.route("/login/company/link", methods=["GET", "POST"])
def company_link() -> Any:
    """Say that an identity of the company's login is one's own; or take it off. Each needs the password."""
    _offered()
    me = current_user.user
    if request.method == "GET":
        return _link_page()
    try:
        require_password(current_user.actor, request.form.get("password", ""))
        if request.form.get("verb") == "off":
            return _unlink(me.id)
        if pending := company_login.pending():
            company_login.link(me.id, pending)
    except Refused as refused:
        return _link_page(refused), 422
    if pending:
        session.pop("identity", None)
        record_event(Event.COMPANY_ON, user=me.id)
        flash(str(LINKED), "good")
    return redirect(url_for("security.account"), 303)


def _unlink(user_id: ObjectId) -> Any:
    if company_login.unlink(user_id):
        record_event(Event.COMPANY_OFF, user=user_id)
        flash(str(UNLINKED), "good")
    return redirect(url_for("security.account"), 303)


def _link_page(refused: Refused | None = None) -> str:
    problems = refused.problems if refused else {}
    return render_template(
        "company_link.html",
        pending=company_login.pending(),
        identity=company_login.identity_of(current_user.user.id),
        problems=problems,
        sentence=refused.sentence if refused else None,
    )


@endpoints.post("/login/company/logout")
def company_logout() -> Response:
    """The provider ends somebody's sessions (OpenID Connect Back-Channel Logout)."""
    offered, openid = _offered(), _openid()
    try:
        subject = offered.provider.subject_to_log_out(request.form.get("logout_token", "")[:20_000])
    except (openid.Unproven, openid.Unreachable) as problem:
        tell("logout refused", why=str(problem))
        return Response("", 400)
    if user_id := company_login.person_of(offered.issuer, subject):
        end_all(user_id)
        record_event(Event.LOGOUT_EVERYWHERE, user=user_id, by="the company login")
    return Response("", 200)


def _offered() -> CompanyLogin:
    return company_login.company_login() or abort(404)


def _openid() -> Any:
    """The protocol, which is loaded once there is a provider."""
    from admin_app.security import openid  # noqa: PLC0415

    return openid


def _back(offered: CompanyLogin) -> str:
    base = (offered.public_url or request.host_url).rstrip("/")
    return base + url_for("security.company_return")


def _failed(sentence: L, why: str, status: int, target: str = "") -> Any:
    tell("company login failed", why=why)
    if current_user.is_authenticated:
        flash(str(sentence), "bad")
        return redirect(url_for("security.account"), 303)
    return login_page(target, sentence), status
