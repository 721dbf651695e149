"""The pages of the second step: the code when signing in, and setting it up, renewing its codes or taking it off."""

import datetime as dt
from typing import Any

from bson import ObjectId
from flask import flash, redirect, render_template, request, session, url_for
from flask_login import current_user

from admin_app.security import second_factor, throttle
from admin_app.security.account_rows import find_account
from admin_app.security.addresses import safe_next
from admin_app.security.events import Event, record_event
from admin_app.security.login import CODE_WRONG, endpoints, finish_sign_in
from admin_app.security.signed_in import require_password
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.words import L, Words

HALF_VALID = dt.timedelta(minutes=5)
NOT_THE_APPS = L(
    "This code is not the one that the app shows now. Please check the clock of your phone.",
    "驗證碼與應用目前顯示的不符，請檢查手機時間。",
)
NEEDED = L("Your role needs the second step; it cannot be taken off.", "您的角色必須使用兩步驗證，不能停用。")
TAKEN_OFF = L("The second step is taken off.", "兩步驗證已停用。")


@endpoints.route("/login/code", methods=["GET", "POST"])
def second_step() -> Any:
    """The code after the right password."""
    user_id = _half_in()
    target = request.values.get("next")
    if user_id is None:
        return redirect(url_for("security.sign_in", next=safe_next(target, "") or None), 303)
    if request.method == "GET":
        return _code_page(target)
    account = find_account(user_id) or {}
    attempt = throttle.confirmation(f"{account.get('login')}#code")
    if attempt.wait:
        return _code_page(target, throttle.wait_sentence(attempt.wait)), 429
    if not second_factor.passes(user_id, request.form.get("code", "")):
        record_event(Event.FAILURE, user=user_id, at="the second step")
        return _code_page(target, CODE_WRONG), 401
    attempt.succeeded()
    session.pop("half", None)
    return finish_sign_in(user_id, target)


def _half_in() -> ObjectId | None:
    """Whose password was right in this session some minutes ago."""
    half = session.get("half") or {}
    since = dt.datetime.fromtimestamp(half.get("at", 0), dt.UTC)
    return ObjectId(half["user"]) if half and clock.now() - since < HALF_VALID else None


def _code_page(target: str | None, problem: Words | None = None) -> str:
    return render_template("login_code.html", next=safe_next(target, ""), problem=problem)


@endpoints.route("/second-step", methods=["GET", "POST"])
def own_second_step() -> Any:
    """Set up, renew or take off one's own second step; each needs the password."""
    if request.method == "GET":
        return _page()
    try:
        require_password(current_user.actor, request.form.get("password", ""))
    except Refused as refused:
        return _page(refused.problems), 422
    return {"on": _turn_on, "off": _turn_off}.get(request.form.get("verb", ""), _renew)()


def _turn_on() -> Any:
    user_id, held = current_user.user.id, session.get("factor_key")
    if _is_on() or not held:
        return _page()
    codes = second_factor.turn_on(user_id, second_factor.unhold(held), request.form.get("code", ""))
    if codes is None:
        return _page({"code": [NOT_THE_APPS]}), 422
    session.pop("factor_key", None)
    record_event(Event.FACTOR_ON, user=user_id)
    return _page(codes=codes)


def _turn_off() -> Any:
    user = current_user.user
    if second_factor.is_asked_of(user.roles):
        return _page({"password": [NEEDED]}), 422
    if second_factor.turn_off(user.id):
        record_event(Event.FACTOR_OFF, user=user.id)
        flash(str(TAKEN_OFF), "good")
    return redirect(url_for("security.account"), 303)


def _renew() -> Any:
    if not _is_on():
        return _page()
    record_event(Event.FACTOR_CODES, user=current_user.user.id)
    return _page(codes=second_factor.renew_codes(current_user.user.id))


def _is_on() -> bool:
    return second_factor.is_on(find_account(current_user.user.id))


def _page(problems: dict[str, list[Words]] | None = None, codes: list[str] | None = None) -> str:
    user = current_user.user
    account = find_account(user.id) or {}
    facts: dict[str, Any] = {"is_on": second_factor.is_on(account), "codes": codes, "problems": problems or {}}
    if not facts["is_on"]:
        held = session.get("factor_key")
        key = second_factor.unhold(held) if held else second_factor.new_key()
        session["factor_key"] = held or second_factor.hold(key)
        facts |= {"key": key, "picture": second_factor.picture_of(second_factor.address_of(key, user.login))}
    else:
        facts["left"] = len(account["factor"]["recovery"])
    return render_template(
        "second_step.html",
        is_needed=second_factor.is_asked_of(user.roles),
        next=safe_next(request.values.get("next"), ""),
        **facts,
    )
