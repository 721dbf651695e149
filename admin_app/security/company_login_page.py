"""The way to the company's login and back; linking it to oneself, and taking it off again.

An identity that nobody here has linked opens nothing: its owner signs in by password, and says that it is theirs.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from bson import ObjectId
from flask import Response, abort, flash, make_response, redirect, render_template, request, session, url_for
from flask_login import current_user

from admin_app.security import accounts, company_login, second_factor, throttle
from admin_app.security.account_rows import find_account
from admin_app.security.addresses import safe_next
from admin_app.security.company_login import CompanyLogin, LoginWay, back_of
from admin_app.security.confirm_page import came_back, not_back
from admin_app.security.events import Event, record_event, tell
from admin_app.security.login import ask_for_code, endpoints, finish_sign_in, login_page
from admin_app.security.proofs import Flow, Proof, Unproven, Unreachable
from admin_app.security.sessions import end_all
from admin_app.security.signed_in import require_password
from models.kernel.base.errors import Refused
from models.kernel.base.words import L, Words
from models.services.directory import source
from models.services.directory.ldap import NAME_MAX

UNREACHABLE = L(
    "{name} does not answer. Please try again in a minute, or sign in with your password.",
    "{name}沒有響應，請稍後重試，或使用密碼登錄。",
)
UNPROVEN = L(
    "{name} was not completed. Please begin again.",
    "{name}未完成，請重新開始。",
)
WRONG_THERE = L(
    "{name}: the name or the password is not right, or the account there is disabled or locked.",
    "{name}：用戶名或密碼不正確，或該賬號已停用、鎖定。",
)
NOT_LINKED = L(
    "Your company login is not linked to anybody here yet. Please sign in with login name and password this time; you "
    "can link it then.",
    "您的公司統一登錄尚未關聯。請先以登錄名與密碼登錄，然後即可關聯。",
)
NOT_ACTIVE = L("This account is closed. Please ask IT.", "此賬號已停用，請聯繫 IT。")
LINKED = L("From now on you can sign in with the company login.", "今後可使用公司統一登錄。")
UNLINKED = L("The company login is taken off your account.", "已取消與公司統一登錄的關聯。")


@endpoints.get("/login/<any(company, wecom, dingtalk):key>")
def company_sign_in(key: str) -> Any:
    """Go to where people show who they are."""
    way = _way(key)
    try:
        url, flow = way.provider.begin(back_of(way))
    except Unreachable as problem:
        return _failed(UNREACHABLE(name=way.name), str(problem), 503)
    session.pop("confirming", None)  # of another way, that was not gone to its end
    session["company"] = {**asdict(flow), "key": key, "next": safe_next(request.args.get("next"), "")}
    return redirect(url, 303)


@endpoints.get("/login/<any(company, wecom, dingtalk):key>/return")
def company_return(key: str) -> Any:
    """Come back from there: signed in, or with an identity that nobody has linked yet."""
    way = _way(key)
    kept = dict(session.pop("company", None) or {})
    target = kept.pop("next", "")
    try:
        proof = way.provider.finish(_flow_of(kept, key), request.args, back_of(way))
    except Unreachable as problem:
        return _failed(UNREACHABLE(name=way.name), str(problem), 503, target)
    except Unproven as problem:
        return _failed(UNPROVEN(name=way.name), str(problem), 401, target)
    return _enter(proof, target)


def _flow_of(kept: dict[str, Any], key: str) -> Flow | None:
    """The way that this browser began at this provider, if it did."""
    is_this = kept.pop("key", "") == key and kept.keys() == Flow.__dataclass_fields__.keys()
    return Flow(**kept) if is_this else None


@endpoints.route("/login/directory", methods=["GET", "POST"])
def directory_sign_in() -> Any:
    """Sign in with name and password of the company's directory, guessed as slowly as those of this system."""
    way, target = _way(company_login.DIRECTORY), request.values.get("next")
    if request.method == "GET":
        return _directory_page(way, target)
    login = request.form.get("login", "").strip()
    attempt = throttle.attempt(f"directory:{login[:NAME_MAX].lower()}", request.remote_addr)
    if attempt.wait:
        tell("held up")
        answer = make_response(_directory_page(way, target, throttle.wait_sentence(attempt.wait)), 429)
        answer.headers["Retry-After"] = str(attempt.wait)
        return answer
    try:
        entry = directory_entry(login, request.form.get("password", ""))
    except source.DirectoryAway as problem:
        tell("company login failed", why=str(problem))
        return _directory_page(way, target, UNREACHABLE(name=way.name)), 503
    if entry is None:
        tell(Event.FAILURE)
        return _directory_page(way, target, WRONG_THERE(name=way.name)), 401
    attempt.succeeded()
    return _enter(Proof(way.issuer, entry.subject, entry.name[:100], at=time.time()), safe_next(target, ""))


def directory_entry(login: str, password: str) -> source.DirectoryEntry | None:
    """Whose name and password these are in the directory. Raises Unreachable."""
    known = company_login.directory()
    return known.proven(login, password) if known else None


def _directory_page(way: LoginWay, target: str | None, problem: Words | None = None) -> str:
    login = request.form.get("login", "")[:NAME_MAX]
    return render_template("login_directory.html", way=way, next=safe_next(target, ""), login=login, problem=problem)


def _enter(proof: Proof, target: str) -> Any:
    """What somebody who has proved an identity gets: a session, the code page, or the way to link it."""
    if current_user.is_authenticated and "confirming" in session:
        return came_back(proof)
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
    return finish_sign_in(user_id, target, by_company=True, has_second_factor=proof.has_second_factor, at=proof.at)


def _here_already(proof: Proof, user_id: ObjectId | None) -> Any:
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
            return _unlink(me.id, request.form.get("issuer", ""))
        if pending := company_login.pending():
            company_login.link(me.id, pending)
    except Refused as refused:
        return _link_page(refused), 422
    if pending:
        session.pop("identity", None)
        record_event(Event.COMPANY_ON, user=me.id)
        flash(str(LINKED), "good")
    return redirect(url_for("security.account"), 303)


def _unlink(user_id: ObjectId, issuer: str) -> Any:
    if company_login.unlink(user_id, issuer):
        record_event(Event.COMPANY_OFF, user=user_id)
        flash(str(UNLINKED), "good")
    return redirect(url_for("security.account"), 303)


def _link_page(refused: Refused | None = None) -> str:
    problems = refused.problems if refused else {}
    return render_template(
        "company_link.html",
        pending=company_login.pending(),
        identities=company_login.identities_of(current_user.user.id),
        ways=_offered().ways,
        problems=problems,
        sentence=refused.sentence if refused else None,
    )


@endpoints.post("/login/company/logout")
def company_logout() -> Response:
    """The provider ends somebody's sessions (OpenID Connect Back-Channel Logout)."""
    way = _way(company_login.COMPANY)
    try:
        subject = way.provider.subject_to_log_out(request.form.get("logout_token", "")[:20_000])
    except (Unproven, Unreachable) as problem:
        tell("logout refused", why=str(problem))
        return Response("", 400)
    if user_id := company_login.person_of(way.issuer, subject):
        end_all(user_id)
        record_event(Event.LOGOUT_EVERYWHERE, user=user_id, by="the company login")
    return Response("", 200)


def _offered() -> CompanyLogin:
    return company_login.company_login() or abort(404)


def _way(key: str) -> LoginWay:
    offered = company_login.company_login()
    return (offered.way(key) if offered else None) or abort(404)


def _failed(sentence: Words, why: str, status: int, target: str = "") -> Any:
    tell("company login failed", why=why)
    if current_user.is_authenticated and "confirming" in session:
        return not_back(sentence)
    if current_user.is_authenticated:
        flash(str(sentence), "bad")
        return redirect(url_for("security.account"), 303)
    return login_page(target, sentence), status
