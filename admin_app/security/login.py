"""The doors: signing in and out, and changing one's own password.

The second step is in second_step_page.py, the account page in account_page.py.
"""

import time
from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask import Blueprint, flash, jsonify, redirect, render_template, request, session, url_for
from flask_login import current_user, login_user
from flask_wtf.csrf import generate_csrf
from werkzeug import Response

from admin_app.security import accounts, second_factor, throttle
from admin_app.security.account_rows import find_account
from admin_app.security.addresses import safe_next
from admin_app.security.company_login import company_login, pending
from admin_app.security.events import Event, record_event, tell
from admin_app.security.sessions import this_session
from admin_app.security.signed_in import CHANGE_FIRST, ENROL_FIRST, PASSWORD_WRONG, SignedIn, wants_json
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.words import L, Words

WRONG = L(
    "The login name or the password is not right. A first password is valid for seven days.",
    "登錄名或密碼不正確。初始密碼七天內有效。",
)
CODE_ASKED = L("Now the code of your authenticator app.", "請輸入驗證器應用顯示的驗證碼。")
CODE_WRONG = L(
    "The code is not right, or was used already. Please wait for the next one.",
    "驗證碼不正確或已使用過，請等待下一個驗證碼。",
)
ONLY_COMPANY = L(
    "Please sign in with the company login; passwords are for emergencies.",
    "請使用公司統一登錄；密碼登錄僅供緊急情況使用。",
)
DIFFERENT = L("The two new passwords are not the same.", "兩次輸入的新密碼不一致。")
SAME = L("The new password must differ from the old one.", "新密碼不得與原密碼相同。")
CHANGED = L("Your password is changed; you are signed out everywhere else.", "密碼已更改，其他設備均已退出。")
GONE = L("You are signed out.", "您已退出。")
GONE_EVERYWHERE = L("You are signed out everywhere.", "您已在所有設備上退出。")

endpoints = Blueprint("security", __name__)


@endpoints.route("/login", methods=["GET", "POST"])
def sign_in() -> Any:
    """The login page, and the attempt to get in."""
    if request.method == "POST":
        return _try_to_sign_in()
    if current_user.is_authenticated:
        return redirect(safe_next(request.args.get("next")), 303)
    return login_page(request.args.get("next"))


def _try_to_sign_in() -> Any:
    login, target = accounts.typed_login(request.form.get("login", "")), request.form.get("next")
    offered = company_login()
    if offered and not offered.may_use_password(login) and not pending():
        return _not_in(target, ONLY_COMPANY, 403)
    attempt = throttle.attempt(login, request.remote_addr)
    if attempt.wait:
        tell("held up")
        page = _not_in(target, throttle.wait_sentence(attempt.wait), 429)
        page.headers["Retry-After"] = str(attempt.wait)
        return page
    user_id = accounts.check(login, request.form.get("password", ""))
    if user_id is None:
        named = accounts.accounts().find_one({"login": login}, {"_id": 1})
        record_event(Event.FAILURE, user=named["_id"] if named else None)
        return _not_in(target, WRONG, 401)
    attempt.succeeded()
    if second_factor.is_on(find_account(user_id)) and (answer := ask_for_code(user_id, login, target)):
        return answer
    return finish_sign_in(user_id, target)


def ask_for_code(user_id: ObjectId, login: str, target: str | None) -> Any:
    """The password was right: now the code, on a page of its own, or beside the password in a dialog that is open."""
    if not wants_json():
        _renew()
        session["half"] = {"user": str(user_id), "at": clock.now().timestamp()}
        return redirect(url_for("security.second_step", next=safe_next(target, "") or None), 303)
    typed = request.form.get("code", "")
    attempt = throttle.confirmation(f"{login}#code") if typed else None
    if attempt and attempt.wait:
        return _not_in(target, throttle.wait_sentence(attempt.wait), 429)
    if attempt and second_factor.passes(user_id, typed):
        attempt.succeeded()
        return None
    if typed:
        record_event(Event.FAILURE, user=user_id, at="the second step")
    answer = jsonify(ok=False, login="", needs="code", message=str(CODE_WRONG if typed else CODE_ASKED))
    answer.status_code = 401
    return answer


def finish_sign_in(
    user_id: ObjectId,
    target: str | None,
    *,
    by_company: bool = False,
    has_second_factor: bool = False,
    at: float | None = None,
) -> Any:
    """Everything was right: begin the session and go where the visitor wanted. `at`: when they showed who they are, in
    seconds since 1970, where that is not now."""
    signed_in = _begin_session(user_id, has_second_factor=has_second_factor, at=at)
    if signed_in is None:
        return _not_in(target, WRONG, 401)
    record_event(Event.LOGIN, user=user_id, **({"by": "the company login"} if by_company else {}))
    if wants_json():
        return _told_in_place(signed_in)
    if signed_in.must_change:
        return redirect(url_for("security.own_password", next=safe_next(target)), 303)
    if not by_company and pending():
        return redirect(url_for("security.company_link"), 303)
    return redirect(safe_next(target), 303)


def _not_in(target: str | None, problem: Words, status: int) -> Response:
    """The attempt failed: the login page again, or a sentence for the dialog of a page that is still open."""
    if not wants_json():
        return Response(login_page(target, problem), status, mimetype="text/html")
    answer = jsonify(ok=False, message=str(problem))
    answer.status_code = status
    return answer


def _told_in_place(signed_in: SignedIn) -> Response:
    """Signed in from a dialog: the page stays, and its forms take the token of the new session."""
    if signed_in.must_change or signed_in.must_enrol:
        return jsonify(ok=False, login="", message=str(CHANGE_FIRST if signed_in.must_change else ENROL_FIRST))
    return jsonify(ok=True, login=signed_in.user.login, token=generate_csrf())


@endpoints.get("/session")
def whose_session() -> Response:
    """Whose session this is, if anybody's, for a page that was open for long; and the token that its forms need now."""
    may_work = current_user.is_authenticated and not (current_user.must_change or current_user.must_enrol)
    answer = jsonify(ok=True, login=current_user.user.login if may_work else "", token=generate_csrf())
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _renew() -> None:
    """Go on under a new session id with nothing in it but the identity that waits for who says that it is theirs."""
    waiting = session.get("identity")
    this_session().renew()
    if waiting:
        session["identity"] = waiting


def _begin_session(user_id: ObjectId, *, has_second_factor: bool = False, at: float | None = None) -> SignedIn | None:
    """Go on under a new session id as this user, whoever the session belonged to before."""
    user, account = accounts.find_active(user_id), find_account(user_id)
    if user is None or account is None:
        return None
    signed_in = SignedIn(user, account, has_second_factor=has_second_factor)
    _renew()
    session["epoch"] = account["epoch"]
    session["confirmed"] = time.time() if at is None else at
    if has_second_factor:
        session["second_factor"] = True
    login_user(signed_in)
    return signed_in


def login_page(target: str | None, problem: Words | None = None) -> str:
    """The login page, with a sentence where something went wrong."""
    typed = request.form.get("login", "")[: accounts.LOGIN_MAX * 4]
    return render_template(
        "login.html", next=safe_next(target, ""), login=typed, problem=problem, company=company_login()
    )


@endpoints.post("/logout")
def sign_out() -> Response:
    """End this session: its cookie, copied or not, opens nothing any more."""
    record_event(Event.LOGOUT, user=current_user.user.id)
    return leave(GONE)


@endpoints.post("/logout-everywhere")
def sign_out_everywhere() -> Response:
    """End all sessions of this user."""
    user_id = current_user.user.id
    accounts.log_out_everywhere(user_id)
    record_event(Event.LOGOUT_EVERYWHERE, user=user_id)
    return leave(GONE_EVERYWHERE)


def leave(sentence: L) -> Response:
    """Forget everything about this visitor, and show the login page with a sentence."""
    spoken = str(sentence)
    this_session().renew()
    flash(spoken, "good")
    return redirect(url_for("security.sign_in"), 303)


@endpoints.route("/password", methods=["GET", "POST"])
def own_password() -> Any:
    """Change one's own password, which needs the old one; a first password leads here from every page."""
    if request.method == "POST":
        return _change_password()
    return _password_page({})


def _change_password() -> Any:
    me, old, new = current_user.user, request.form.get("old_password", ""), request.form.get("new_password", "")
    problems = _typing_problems(old, new, request.form.get("new_password_again", ""))
    if problems:
        return _password_page(problems), 422
    attempt = throttle.confirmation(me.login)
    if attempt.wait:
        return _password_page({"old_password": [throttle.wait_sentence(attempt.wait)]}), 429
    if accounts.check(me.login, old) != me.id:
        record_event(Event.FAILURE, user=me.id, at="changing the password")
        return _password_page({"old_password": [PASSWORD_WRONG]}), 422
    attempt.succeeded()
    try:
        accounts.set_password(me.id, new)
    except Refused as refused:
        return _password_page(refused.problems), 422
    _begin_session(me.id)
    record_event(Event.PASSWORD, user=me.id)
    flash(str(CHANGED), "good")
    return redirect(safe_next(request.form.get("next")), 303)


def _typing_problems(old: str, new: str, again: str) -> dict[str, list[Words]]:
    problems: dict[str, list[Words]] = {}
    if new != again:
        problems["new_password_again"] = [DIFFERENT]
    if new == old:
        problems["new_password"] = [SAME]
    return problems


def _password_page(problems: Mapping[str, list[Words]]) -> str:
    target = request.form.get("next") or request.args.get("next")
    return render_template(
        "password.html", next=safe_next(target, ""), problems=problems, must_change=current_user.must_change
    )
