"""The page on which somebody confirms who they are before an act, with the form that they were sending."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import Flask, flash, g, jsonify, redirect, render_template, request, session, url_for
from flask_login import current_user

from admin_app.security import company_login, fresh, second_factor
from admin_app.security.account_rows import find_account, has_password
from admin_app.security.addresses import safe_next
from admin_app.security.login import endpoints
from admin_app.security.proofs import Proof, Unreachable
from admin_app.security.signed_in import wants_json
from models.kernel.base.secrets import seal, unseal
from models.kernel.base.words import L, Words
from models.kernel.gate.fresh import ConfirmFirst

FORM_MOST = 1_000_000
FRESH_WITHIN = 120  # seconds between signing in at the provider and coming back
_PLACE = "session.confirming"
FIRST = L(
    "Please confirm first that it is you: {what}. Nothing was done yet; what you typed is kept.",
    "請先確認是您本人：{what}。尚未辦理，您輸入的內容已保留。",
)
ELSEWHERE = L(
    "Please confirm first that it is you, under {path}; then do this once more. What you typed is still on this page.",
    "請先在 {path} 確認是您本人，再重新提交；輸入的內容仍在本頁。",
)
CONFIRMED = L("Confirmed.", "已確認。")
NOT_FRESH = L(
    "The company login does not say that you signed in just now, as you. Please confirm in another way.",
    "公司統一登錄未能證明您本人剛剛登錄，請以其他方式確認。",
)
TOO_LONG = L("The form is too long to be taken along; confirm by password.", "表單過長，請以密碼確認。")


def answer_confirmations(app: Flask) -> None:
    """Let every act that asks for it lead to the page."""
    app.register_error_handler(ConfirmFirst, lambda problem: _asking(problem.what))


def _asking(what: Words) -> Any:
    problem = g.get("confirm_problem")
    if wants_json() or request.path.endswith("/ajax/update/"):
        return jsonify(ok=False, message=str(ELSEWHERE(path="/confirm")), needs="confirm"), 403
    return _refusal(_page(FIRST(what=what), problem, request.full_path.rstrip("?"), _sent()))


def _refusal(page: str) -> Any:
    """What was typed did not confirm it, or nothing was; who has guessed too often is told for how long to wait."""
    wait = g.get("confirm_wait")
    return (page, 429, {"Retry-After": str(wait)}) if wait else (page, 403)


def _sent() -> list[tuple[str, str]]:
    """The form as it was sent, but for what confirmed it and its token."""
    own = {"csrf_token", *fresh.FIELDS}
    return [(name, value) for name, value in request.form.items(multi=True) if name not in own]


def _page(sentence: Words, problem: Words | None, path: str, pairs: Sequence[tuple[str, str]]) -> str:
    user_id = current_user.user.id
    return render_template(
        "confirm.html",
        sentence=sentence,
        problem=problem,
        path=path,
        pairs=pairs,
        has_files=any(file.filename for file in request.files.values()),
        has_password=has_password(user_id),
        has_code=second_factor.is_on(find_account(user_id)),
        there=company_login.directory_name() if company_login.is_linked_there(user_id) else None,
        elsewhere=_provider_of(user_id),
    )


def _provider_of(user_id: Any) -> Any:
    """The provider at which this person can sign in anew, if they are linked there."""
    offered = company_login.company_login()
    way = offered.way(company_login.COMPANY) if offered else None
    return way if way and any(own["issuer"] == way.issuer for own in company_login.identities_of(user_id)) else None


@endpoints.route("/confirm", methods=["GET", "POST"])
def confirm_here() -> Any:
    """Confirm without a form, for pages that stay open meanwhile."""
    if request.method == "POST" and fresh.is_confirmed():
        flash(str(CONFIRMED), "good")
        return redirect(safe_next(request.form.get("next")), 303)
    problem = g.get("confirm_problem")
    words = L("Please confirm that it is you.", "請確認是您本人。")
    target = safe_next(request.values.get("next"), "")
    page = _page(words, problem, url_for("security.confirm_here"), [("next", target)])
    return _refusal(page) if problem else page


@endpoints.post("/confirm/company")
def confirm_away() -> Any:
    """The way to the company's login, to sign in anew; the form waits, sealed, in the session. The way is a link, since
    the policy of our pages lets no form lead to another site."""
    way = _provider_of(current_user.user.id)
    path = safe_next(request.args.get("path"), "")
    pairs = json.dumps(_sent())
    if way is None or not path or len(pairs) > FORM_MOST:
        return _page(TOO_LONG, None, path or "/admin/", _sent()), 403
    try:
        url, flow = way.provider.begin(company_login.back_of(way), is_anew=True)
    except Unreachable:
        return _page(fresh.AWAY(name=way.name), None, path, _sent()), 503
    session["confirming"] = {"path": path, "form": seal(pairs, _PLACE).hex()}
    session["company"] = {**asdict(flow), "key": way.key, "next": ""}
    return render_template("confirm_away.html", url=url, name=way.name)


def not_back(sentence: Words) -> Any:
    """It came to nothing there: the page once more, with the form that waits."""
    path, pairs = _kept()
    return _page(sentence, None, path, pairs), 403


def _kept() -> tuple[str, list[tuple[str, str]]]:
    kept = session.pop("confirming")
    return kept["path"], [tuple(pair) for pair in json.loads(unseal(bytes.fromhex(kept["form"]), _PLACE))]


def came_back(proof: Proof) -> Any:
    """Somebody who was to sign in anew is back: the form, ready to be sent on."""
    path, pairs = _kept()
    is_own = company_login.person_of(proof.issuer, proof.subject) == current_user.user.id
    if not is_own or not fresh.is_just_now(proof.at, FRESH_WITHIN):
        return _page(NOT_FRESH, None, path, pairs), 403
    fresh.confirm()
    return render_template("confirm_on.html", path=path, pairs=pairs)
