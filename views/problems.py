"""The pages of everything that goes wrong: each its own sentence, what is safe, what to do; never a trace."""

from __future__ import annotations

import errno
import secrets
from typing import Any

import structlog
from flask import Flask, current_app, g, jsonify, render_template, request
from pymongo.errors import PyMongoError
from werkzeug.exceptions import HTTPException

from models.kernel.base.errors import CHANGED, NOT_FOUND, Changed, Forbidden, Missing, Refused
from models.kernel.base.words import L
from models.kernel.gate.unit import Outcome, outcome

from .api import problem

HEADINGS = {
    400: L("This request cannot be understood", "無法理解此請求"),
    403: L("Not allowed", "無權限"),
    404: L("Not found", "找不到"),
    405: L("Not possible here", "此處不支持"),
    409: L("Changed meanwhile", "已被修改"),
    413: L("Too large", "過大"),
    422: L("Not done", "未辦理"),
    429: L("Too many requests", "請求過多"),
    500: L("Something went wrong on our side", "系統出錯"),
    503: L("The database cannot be reached", "無法連接數據庫"),
}
SENTENCES: dict[int, L] = {
    400: L("Nothing was changed. Please go back and try again.", "未作任何更改。請返回重試。"),
    403: L("Your roles do not include this.", "您的角色不包含此項。"),
    404: NOT_FOUND,
    405: L(
        "This address does not take this kind of request. Nothing was changed.", "此地址不接受此類請求，未作任何更改。"
    ),
    413: L("What was sent is too large. Nothing was stored.", "發送的內容過大，未保存。"),
    429: L("Please wait a moment and try again.", "請稍後重試。"),
    500: L(
        "What was confirmed as saved is safe; the last step may not have been done. "
        "IT can find the cause by this number: {ref}.",
        "已確認保存的內容是安全的；最後一步可能未完成。信息技術部可憑此編號查明原因：{ref}。",
    ),
    503: L(
        "Whether the last step was saved is not sure: open the record and look before you send it again. ({ref})",
        "最後一步是否已保存尚不確定：請先打開記錄查看，再決定是否重新提交。（{ref}）",
    ),
}
READING = L(
    "The database is busy or cannot be reached. Nothing was changed; please try again in a moment. ({ref})",
    "數據庫繁忙或暫時無法連接。未作任何更改，請稍後重試。（{ref}）",
)
NOT_SAVED = L(
    "Nothing was saved: the database is busy or cannot be reached. What you typed is kept below; send it again in a "
    "moment. ({ref})",
    "尚未保存：數據庫繁忙或暫時無法連接。您輸入的內容保留在下方，請稍後重新提交。（{ref}）",
)
FULL = L(
    "The storage of the database is full; nothing was saved. Please tell IT. Reading goes on. ({ref})",
    "數據庫存儲空間已滿，未保存。請告知信息技術部；仍可查看。（{ref}）",
)
DISK_FULL_CODES = frozenset({14031, 28})
NO_ROOM = L(
    "The disk of the server is full; nothing was saved. Please tell IT. ({ref})",
    "服務器磁盤空間已滿，未保存。請告知信息技術部。（{ref}）",
)
NO_ROOM_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT})

NO_PAGE = L(
    "There is no page at this address. Look whether it was copied whole, or begin at the home page.",
    "此地址沒有頁面。請檢查網址是否完整，或從首頁開始。",
)


def answer_problems(app: Flask) -> None:
    """Give each kind of failure its page; the one place besides the task runner that catches everything."""
    app.register_error_handler(Missing, lambda _: _page(404, NOT_FOUND))
    app.register_error_handler(Forbidden, lambda refused: _page(403, refused.sentence))
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(Changed, lambda _: _page(409, CHANGED))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(PyMongoError, lambda problem: _ours(503, problem))
    app.register_error_handler(OSError, lambda problem: _ours(503 if _has_no_room(problem) else 500, problem))
    app.register_error_handler(Exception, lambda problem: _ours(500, problem))


def _refused(refused: Refused) -> Any:
    said = [str(words) for problem in refused.problems.values() for words in problem]
    return _page(422, " ".join(said) or str(refused.sentence))


def _http(problem: HTTPException) -> Any:
    code = problem.code or 500
    if code < 400:
        return problem
    if code in (500, 503):
        return _ours(code, problem)
    if code == 404 and request.routing_exception is not None:  # no address of ours: it tells nothing of any record
        return _page(code, NO_PAGE)
    return _page(code, SENTENCES.get(code, L("Nothing was changed.", "未作任何更改。")))


def _ours(code: int, problem: Exception) -> Any:
    ref = secrets.token_hex(4)
    structlog.get_logger("guicheng.problem").error("request failed", ref=ref, exc_info=problem)
    g.is_bare = True  # the menu asks the database, which may be what is gone
    return _page(code, (_outage(problem) if code == 503 else SENTENCES[code])(ref=ref), is_kept=code == 503)


def _has_no_room(problem: OSError) -> bool:
    """Whether this machine has no room for what was sent or is being made; what the gate has saved is saved."""
    return problem.errno in NO_ROOM_ERRORS and outcome() in (Outcome.NONE, Outcome.UNDONE)


def _outage(problem: Exception) -> L:
    """What is said of a save that ran out, truthfully: not made, or not sure; reading changes nothing."""
    if getattr(problem, "code", None) in DISK_FULL_CODES:
        return FULL
    if isinstance(problem, OSError) and problem.errno in NO_ROOM_ERRORS:
        return NO_ROOM
    if request.method != "POST":
        return READING
    is_of_record = "version" in request.form or "once" in request.form  # records are written in transactions alone
    is_known = isinstance(problem, HTTPException) or (outcome() is Outcome.NONE and is_of_record)
    return NOT_SAVED if is_known or outcome() is Outcome.UNDONE else SENTENCES[503]


def is_for_strangers() -> bool:
    """Whether the request is for a public page, or this server has no others."""
    return request.path.startswith("/p/") or bool(current_app.config.get("PUBLIC_ONLY"))


def is_for_programs() -> bool:
    """Whether a program asked, which is answered by a document."""
    return request.path.startswith("/api/v1/") or request.path == "/api/openapi.json"


def _page(code: int, sentence: object, *, is_kept: bool = False) -> Any:
    if is_for_programs():
        return problem.answer(code, sentence)
    is_script = request.is_json or request.headers.get("X-Requested-With") == "XMLHttpRequest"
    if is_script or request.path.endswith(("/ajax/update/", "/ajax/lookup/", "/compute/")):
        return jsonify(ok=False, message=str(sentence)), code
    heading = HEADINGS.get(code, HEADINGS[400])
    typed = current_app.extensions.get("typed")
    kept, again = typed() if is_kept and typed and request.method == "POST" else ([], [])
    facts = {"heading": heading, "sentence": str(sentence), "code": code, "kept": kept, "again": again}
    g.is_bare = g.get("is_bare") or is_for_strangers()
    template = "public/problem.html" if is_for_strangers() else "problem.html"
    return render_template(template, **facts, path=request.full_path.rstrip("?")), code
