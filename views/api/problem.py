"""What programs are answered when something goes wrong: problem details (RFC 9457) with every fault of every field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException

from models.kernel.base.errors import CHANGED, Forbidden, Refused
from models.kernel.base.words import L, Words, current_locale
from models.kernel.gate.attempts import rule_of
from models.kernel.gate.validation import DOUBT

MEDIA = "application/problem+json"
CODES = {
    301: "merged",
    400: "unreadable",
    401: "no_key",
    403: "forbidden",
    404: "not_found",
    405: "method",
    409: "conflict",
    412: "stale",
    413: "too_large",
    415: "media_type",
    422: "refused",
    428: "version_needed",
    429: "too_many",
    500: "our_fault",
    503: "unavailable",
}
TITLES = {
    301: L("Merged into another record", "已併入另一條記錄"),
    400: L("This request cannot be understood", "無法理解此請求"),
    401: L("No key that holds", "沒有有效的密鑰"),
    403: L("Not allowed", "無權限"),
    404: L("Not found", "找不到"),
    405: L("Not possible here", "此處不支持"),
    409: L("Not possible at present", "目前不能辦理"),
    412: L("Changed meanwhile", "已被修改"),
    413: L("Too large", "過大"),
    415: L("Not in a form that is read here", "不支持此格式"),
    422: L("Not done", "未辦理"),
    428: L("Say which version you have seen", "請說明您查看的版本"),
    429: L("Too many requests", "請求過多"),
    500: L("Something went wrong on our side", "系統出錯"),
    503: L("The database cannot be reached", "無法連接數據庫"),
}
DETAILS = {
    401: L(
        "Send a key of yours: Authorization: Bearer gck_…. You make one on the page of your account.",
        "請隨請求發送您的密鑰：Authorization: Bearer gck_…。密鑰在「我的賬號」頁面建立。",
    ),
    404: L("There is nothing at this address, or you may not view it.", "此地址沒有內容，或您無權查看。"),
}
STALE = L(
    "Somebody changed this record after you read it. Nothing was saved; its present version comes with this answer.",
    "在您讀取之後，已有人修改了這條記錄。尚未保存任何內容，當前版本隨此答覆返回。",
)


def sentence_of(fault: HTTPException) -> object:
    """What is said of a request that the server refuses: our own sentence where it gives one."""
    given = fault.description if type(fault).description != fault.description else None
    return given or DETAILS.get(fault.code or 500) or TITLES.get(fault.code or 500, TITLES[400])


def answer(status: int, detail: object, *, code: str = "", faults: Any = (), **facts: Any) -> Response:
    """A problem in the language of the request. `faults`: what is wrong by field; `facts`: members beside them."""
    name = code or CODES.get(status, CODES[400])
    content = {
        "type": f"/api/#problem-{name}",
        "title": str(TITLES.get(status, TITLES[400])),
        "status": status,
        "code": name,
        "detail": str(DETAILS.get(status, detail) if status == 401 else detail),
        **({"faults": faults} if faults else {}),
        **facts,
    }
    response = Response(json.dumps(content, ensure_ascii=False), status, mimetype=MEDIA)
    response.headers["Content-Language"] = current_locale()
    return response


def refused(fault: Refused) -> Response:
    """What was refused, with all that is wrong."""
    if isinstance(fault, Forbidden):
        return answer(403, fault.sentence, faults=faults_of(fault.problems))
    code = DOUBT if DOUBT in fault.problems else rule_of(fault.sentence) if not fault.problems else ""
    return answer(422, fault.sentence, code=code, faults=faults_of(fault.problems))


def stale(current: Mapping[str, Any] | None) -> Response:
    """Somebody was first: the record as it stands now."""
    return answer(412, STALE if current is not None else CHANGED, **({"current": current} if current else {}))


def faults_of(problems: Mapping[str, list[Words]]) -> list[dict[str, str]]:
    """What is wrong by field: its dotted path, the rule, and the sentence."""
    return [
        {"field": path, "code": rule_of(words) or "rule", "detail": str(words)}
        for path, said in problems.items()
        for words in said
    ]
