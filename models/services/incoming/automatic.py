"""Which messages nobody wrote (RFC 3834): answers of programs, lists, receipts, and mail that came back."""

from __future__ import annotations

import re
from email.message import Message

from .charsets import header, heads, lines, one_line, text_of

AUTOMATIC, BOUNCE = "automatic", "bounce"
PERMANENT_MAX = 300
_MARKS = ("X-Autoreply", "X-Autorespond", "X-Auto-Response", "X-Autoreply-From", "X-Mail-Autoreply")
_LISTS = ("List-Id", "List-Unsubscribe", "List-Post", "X-Mailing-List")
_MACHINE = re.compile(r"^(?:mailer-daemon|mail-daemon|postmaster|mdaemon)(?:@|$)", re.IGNORECASE)
_NO_REPLY = re.compile(r"^(?:bounces?|bounce[-+].*)@", re.IGNORECASE)
_SUBJECT = re.compile(
    r"^\s*(?:\[?(?:auto(?:matic)?|automated)[ -]?(?:reply|response|answer|antwort)\b|out of (?:the )?office\b"
    r"|ooo\s*[:：]"
    r"|(?:自動|自动)(?:回复|回覆|回復|答复|答覆|回信|应答|應答|回應|回应)"
    r"|[\[【(（]?(?:系統|系统)?(?:自動|自动)(?:回复|回覆|回復|答覆|答复)[\]】)）]?"
    r"|(?:外出|休假|不在辦公室|不在办公室)(?:自動|自动)?(?:回复|回覆|答覆|通知|中)?\s*[:：]|不在(?:辦公室|办公室)|已读[:：]|已讀[:：])",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"undeliver|delivery status notification|returned mail|failure notice|mail delivery (?:failed|system)|退信|退件"
    r"|無法傳遞|无法传递|投递失败|投遞失敗|未送达|未送達|无法送达|無法送達",
    re.IGNORECASE,
)
_STATUS = re.compile(r"^Status\s*:\s*([245]\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE)
_SAID = re.compile(r"^Diagnostic-Code\s*:\s*(.{1,400})", re.IGNORECASE | re.MULTILINE)


def why_nobody(message: Message) -> str:
    """AUTOMATIC or BOUNCE for a message that no person wrote to us; "" for others."""
    if _is_bounce(message):
        return BOUNCE
    return AUTOMATIC if any(rule(message) for rule in (_says_so, _has_no_sender, _is_list, _by_subject)) else ""


def _value(message: Message, name: str) -> str:
    return str(next(iter(heads(message, name)), ""))[:1000].strip()


def _is_bounce(message: Message) -> bool:
    kind = message.get_content_type()
    if kind == "multipart/report":
        return "disposition" not in str(message.get_param("report-type") or "").lower()
    is_machine = _has_null_path(message) or bool(_MACHINE.match(_address(message)))
    is_failure = bool(heads(message, "X-Failed-Recipients")) or bool(_FAILED.search(header(_value(message, "Subject"))))
    return is_machine and is_failure


def _address(message: Message) -> str:
    value = one_line(_value(message, "From"))
    return value.rpartition("<")[2].strip(" >")


def _has_null_path(message: Message) -> bool:
    return any(str(value).strip() == "<>" for value in heads(message, "Return-Path"))


def _says_so(message: Message) -> bool:
    said = _value(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if said and said != "no":
        return True
    if _value(message, "Precedence").lower() in ("bulk", "junk", "list", "auto_reply"):
        return True
    return any(heads(message, name) for name in _MARKS) or message.get_content_type() == "multipart/report"


def _has_no_sender(message: Message) -> bool:
    return _has_null_path(message) or bool(_MACHINE.match(_address(message)) or _NO_REPLY.match(_address(message)))


def _is_list(message: Message) -> bool:
    return any(heads(message, name) for name in _LISTS)


def _by_subject(message: Message) -> bool:
    return bool(_SUBJECT.match(header(_value(message, "Subject"))))


def failure_in(message: Message) -> str:
    """What a server says of a mail that came back: its status, and its words. A mere delay says nothing: ""."""
    texts = [_report(part) for part in message.walk() if part.get_content_type() == "message/delivery-status"]
    text = "\n".join(texts)[:20_000]
    status, said = _STATUS.search(text), _SAID.search(text)
    if status and status[1].startswith(("2", "4")):
        return ""
    words = [status[1] if status else "", one_line(said[1].partition(";")[2] or said[1]) if said else ""]
    return " ".join(filter(None, words))[:PERMANENT_MAX] or header(_value(message, "Subject"))[:PERMANENT_MAX] or "?"


def _report(part: Message) -> str:
    inner = part.get_payload()
    if isinstance(inner, list):
        blocks = [block for block in inner if isinstance(block, Message)]
        return "\n".join(f"{name}: {value}" for block in blocks for name, value in block.items())
    return lines(text_of(str(inner).encode("utf-8", "surrogateescape")))
