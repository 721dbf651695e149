"""Messages as they come in from the world, each with what is to become of it."""

from __future__ import annotations

import base64
from email.message import EmailMessage
from typing import NamedTuple

OUT = "out of it"
CRLF = "\r\n"


class Sample(NamedTuple):
    """A message, and what becomes of it: its outcome, and texts that its record holds, by field."""

    raw: bytes
    outcome: str
    values: dict[str, str]


def mail(name: str, text: str = "紅燈亮。", *, html: str = "", **headers: str) -> EmailMessage:
    """A plain message from a sender of its own."""
    message = EmailMessage()
    given = {"From": f"{name}@example.net", "To": "service@example.com", "Subject": "機器停了"}
    given |= {"Message-ID": f"<{name}@example.net>", "Date": "Mon, 02 Jun 2025 09:00:00 +0800"}
    for head, value in {**given, **{key.replace("_", "-"): value for key, value in headers.items()}}.items():
        if value:
            message[head] = value
    if text or not html:
        message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html") if text else message.set_content(html, subtype="html")
    return message


def bare(name: str, *lines: str | bytes, body: bytes = b"text", head: str = "") -> bytes:
    """A message as some program writes it, byte by byte."""
    own = [f"From: {name}@example.net", f"Message-ID: <{name}@example.net>", head]
    rows = [line if isinstance(line, bytes) else line.encode() for line in [*filter(None, own), *lines]]
    return b"\r\n".join(rows) + b"\r\n\r\n" + body


def coded(text: str, charset: str, named: str = "") -> str:
    """An encoded word."""
    return f"=?{named or charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


def _nobody() -> dict[str, Sample]:
    """What programs send."""
    heads = {
        "auto-replied": {"Auto_Submitted": "auto-replied"},
        "auto-generated": {"Auto_Submitted": "auto-generated; owner-email=x"},
        "null-path": {"Return_Path": "<>"},
        "bulk": {"Precedence": "bulk"},
        "junk": {"Precedence": "Junk"},
        "list": {"Precedence": "list"},
        "list-id": {"List_Id": "<news.example.net>"},
        "x-autoreply": {"X_Autoreply": "yes"},
        "x-autorespond": {"X_Autorespond": "1"},
        "outlook-en": {"Subject": "Automatic reply: Your request INQ-2025-0001"},
        "exchange-hant": {"Subject": "自動回覆: 您的諮詢"},
        "exchange-hans": {"Subject": "自动答复: 您的咨询"},
        "qq": {"Subject": "自动回复:Re: 您的咨询"},
        "office": {"Subject": "Out of Office: back on Monday"},
        "read": {"Subject": "已讀: 您的諮詢"},
        "daemon": {"From": "MAILER-DAEMON@example.net", "Subject": "hello"},
    }
    return {name: Sample(mail(name, **given).as_bytes(), "automatic", {}) for name, given in heads.items()}


def _written() -> dict[str, Sample]:
    """What people send, however their programs write it."""
    made: dict[str, tuple[bytes, dict[str, str]]] = {
        "plain": (mail("plain").as_bytes(), {"subject": "機器停了", "description": "紅燈亮。"}),
        "not-automatic": (mail("not-automatic", Auto_Submitted="no").as_bytes(), {}),
        "about-replies": (mail("about-replies", Subject="Re: 自動回覆功能壞了").as_bytes(), {}),
        "html": (
            mail("html", "", html="<p>機器<b>停</b>了<script>x()</script></p><blockquote>舊</blockquote>").as_bytes(),
            {"description": "機器停了\n\n> 舊"},
        ),
        "both": (mail("both", "平文", html="<p>HTML</p>").as_bytes(), {"description": "平文"}),
        "empty-plain": (mail("empty-plain", " ", html="<p>只有 HTML</p>").as_bytes(), {"description": "只有 HTML"}),
        "empty": (mail("empty", "").as_bytes(), {"description": "（無正文）"}),
        "no-subject": (mail("no-subject", Subject="").as_bytes(), {"subject": "（無主題）"}),
        "gbk": (
            bare(
                "gbk",
                f"Subject: {coded('机器停了', 'gbk', 'gb2312')}",
                "Content-Type: text/plain; charset=gb2312",
                body="红灯亮，镕基".encode("gbk"),
            ),
            {"subject": "机器停了", "description": "红灯亮，镕基"},
        ),
        "big5": (
            bare(
                "big5",
                f"Subject: {coded('機器停了', 'big5')}",
                'Content-Type: text/plain; charset="big5"',
                body="紅燈亮".encode("big5"),
            ),
            {"subject": "機器停了", "description": "紅燈亮"},
        ),
        "japanese": (
            bare(
                "japanese",
                f"Subject: {coded('機械が止まった', 'iso-2022-jp')}",
                "Content-Type: text/plain; charset=ISO-2022-JP",
                body="赤いランプ".encode("iso-2022-jp"),
            ),
            {"subject": "機械が止まった", "description": "赤いランプ"},
        ),
        "unnamed-charset": (
            bare("unnamed-charset", "Subject: x", body="设备已经停止工作，请尽快派人来处理，谢谢".encode("gbk")),
            {"description": "设备已经停止工作，请尽快派人来处理，谢谢"},
        ),
        "wrong-charset": (
            bare("wrong-charset", "Content-Type: text/plain; charset=us-ascii", body="紅燈亮".encode()),
            {"description": "紅燈亮"},
        ),
        "no-charset": (
            bare("no-charset", "Content-Type: text/plain; charset=x-klingon", body="紅燈亮".encode()),
            {"description": "紅燈亮"},
        ),
        "raw-subject": (
            bare("raw-subject", b"Subject: " + "设备已经停止工作，请尽快派人来处理".encode("gbk")),
            {"subject": "设备已经停止工作，请尽快派人来处理"},
        ),
        "cut-subject": (
            bare("cut-subject", "Subject: =?utf-8?B?5qmf?=", "  =?utf-8?B?5Zmo?= and =?utf-8?Q?=E5=81=9C?="),
            {"subject": "機器 and 停"},
        ),
        "broken-word": (bare("broken-word", "Subject: =?utf-8?B?%%%?= =?nope?x?y?="), {}),
        "long-subject": (mail("long-subject", Subject="長" * 10_000).as_bytes(), {"subject": "長" * 199 + "…"}),
        "nul": (
            bare("nul", "Subject: a\x00b", body=b"c\x00d\x07e"),
            {"subject": "a b", "description": "cde"},
        ),
        "script": (
            mail("script", "<script>alert(1)</script>", Subject="<script>alert(2)</script>").as_bytes(),
            {"subject": "<script>alert(2)</script>", "description": "<script>alert(1)</script>"},
        ),
        "year-1970": (mail("year-1970", Date="Thu, 01 Jan 1970 00:00:00 +0000").as_bytes(), {}),
        "no-date": (mail("no-date", Date="").as_bytes(), {}),
        "mad-date": (mail("mad-date", Date="yesterday").as_bytes(), {}),
        "header-bomb": (
            bare("header-bomb", "Subject: boom", *(f"X-{n}: {'y' * 60}" for n in range(9000))),
            {"subject": "boom"},
        ),
        "long-text": (mail("long-text", "字" * 30_000).as_bytes(), {}),
        "winmail": (_with_files("winmail", ("winmail.dat", b"\x78\x9f\x3e\x22" + b"x" * 40)), {}),
        "nested": (_nested(), {}),
        "many-files": (_with_files("many-files", *((f"{n}.txt", b"file %d" % n) for n in range(200))), {}),
        "names": (_names(), {}),
        "no-boundary": (
            bare("no-boundary", "Subject: x", "Content-Type: multipart/mixed", body="沒有邊界".encode()),
            {},
        ),
        "unclosed": (
            bare(
                "unclosed",
                "Content-Type: multipart/mixed; boundary=b",
                body=b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + "只有開頭".encode(),
            ),
            {"description": "只有開頭"},
        ),
        "reply-to": (
            mail("reply-to", From="form@web.example.net", Reply_To="王 <wang@example.net>").as_bytes(),
            {"contact": "wang@example.net"},
        ),
        "injected": (
            bare("injected", head="X: y")
            .replace(b"From: injected@", f"From: {coded('x <evil@example.net>,', 'utf-8')} <injected@".encode())
            .replace(b"injected@example.net\r\nMessage", b"injected@example.net>\r\nMessage"),
            {"contact": "injected@example.net"},
        ),
    }
    return {name: Sample(raw, "made", values) for name, (raw, values) in made.items()}


def _with_files(name: str, *files: tuple[str, bytes]) -> bytes:
    message = mail(name)
    for title, data in files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=title)
    return message.as_bytes()


def _nested() -> bytes:
    message = mail("nested")
    message.add_attachment(mail("inner", "裡面的信", Subject="原來的信"))
    return message.as_bytes()


def _names() -> bytes:
    """File names as programs write them, right and wrong."""
    heads = (
        "attachment; filename*=gbk''%BB%FA%C6%F7.txt",
        f'attachment; filename="{coded("機器二.txt", "big5")}"',
        "attachment; filename*0*=utf-8''%E9%95%B7; filename*1*=%E5%90%8D.txt",
        'attachment; filename="../../<script>x</script>.txt"',
    )
    parts = [f"--b\r\nContent-Type: text/plain\r\nContent-Disposition: {head}\r\n\r\nfile\r\n" for head in heads]
    return bare("names", "Content-Type: multipart/mixed; boundary=b", body=("".join(parts) + "--b--\r\n").encode())


def bounce(key: str, status: str = "5.1.1") -> bytes:
    """What a mail server writes of a mail of ours that it could not deliver."""
    rows = [
        "Return-Path: <>", "From: MAILER-DAEMON@mx.example.net", f"Message-ID: <b{key[:8]}{status}@mx.example.net>",
        "Subject: Undelivered Mail Returned to Sender",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b", "",
        "--b", "Content-Type: text/plain", "", "I am sorry.", "",
        "--b", "Content-Type: message/delivery-status", "",
        "Reporting-MTA: dns; mx.example.net", "", "Final-Recipient: rfc822; li@example.com", "Action: failed",
        f"Status: {status}", "Diagnostic-Code: smtp; 550 5.1.1 <li@example.com> User unknown", "",
        "--b", "Content-Type: text/rfc822-headers", "", f"Message-ID: <{key}@example.com>", "",
        "--b--", "",
    ]  # fmt: skip
    return CRLF.join(rows).encode()


def samples() -> dict[str, Sample]:
    """All of them, by the name that their Message-ID begins with."""
    rest = {
        "own": Sample(mail("own", From="Guicheng <guicheng@example.com>").as_bytes(), "own", {}),
        "own-box": Sample(mail("own-box", From="service@example.com").as_bytes(), "own", {}),
        "no-from": Sample(mail("no-from", From="").as_bytes(), "no_sender", {}),
        "mad-from": Sample(
            mail("mad-from", From="").as_bytes().replace(b"To:", b"From: nobody at all\r\nTo:"), "no_sender", {}
        ),
        "foreign-bounce": Sample(bounce("0" * 32), "bounce", {}),
        "delay": Sample(bounce("1" * 32, "4.4.7"), "automatic", {}),
    }
    return {**_nobody(), **_written(), **rest}


def deep() -> bytes:
    """A message within a message within … that no parser follows to its end."""
    return (
        bare("deep", body=b"", head="Content-Type: message/rfc822")[:-4]
        + b"\r\nContent-Type: message/rfc822\r\n" * 3000
    )
