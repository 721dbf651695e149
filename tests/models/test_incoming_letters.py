"""Messages taken apart: quoted text is found in whatever way programs write it, and nothing makes it slow or fail."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.services.incoming import html, letters, quoting
from tests.tasks.mail_in.corpus import samples

QUOTED: dict[str, tuple[str, str]] = {
    "Apple, simplified": ("好了\n\n在 2026年11月3日，上午10:02，服务 <s@x.com> 写道：\n> 您好", "好了"),
    "Gmail, traditional": ("好了\n\n服務 <s@x.com> 於 2026年11月3日 週二 上午10:02寫道：\n\n> 您好", "好了"),
    "Gmail, English, broken": ("OK\n\nOn Tue, Nov 3, 2026 at 10:02 AM Service\n<s@x.com> wrote:\n\n> hello", "OK"),
    "QQ": ('好了\n\n------------------ 原始邮件 ------------------\n发件人: "服务"\n\n您好', "好了"),
    "QQ, new": ("好了\n\n---原始邮件---\n发件人：服务\n\n您好", "好了"),
    "163": ("好了\n\nAt 2026-11-03 10:02:00, service@x.com wrote:\n>您好", "好了"),
    "163, Chinese": ('好了\n在 2026-11-03 10:02:00，"服务" <s@x.com> 写道：\n>您好', "好了"),
    "Foxmail": ("好了\n\n发件人： 服务\n发送时间： 2026-11-03 10:02\n收件人： 李\n主题： 机器\n您好", "好了"),
    "Outlook, traditional": (
        "好了\n\n寄件者: 服務 <s@x.com>\n寄件日期: 2026年\n收件者: 李\n主旨: 機器\n\n您好",
        "好了",
    ),
    "Outlook, English": (
        "OK\n\n____________________\nFrom: S\nSent: x\nTo: y\nSubject: z\n\nhi",
        "OK",
    ),
    "Outlook, old": ("OK\n\n-----Original Message-----\nFrom: a\nSent: b\n\nhello", "OK"),
    "forwarded": ("請看\n\n---------- Forwarded message ---------\n寄件者： x\n\n您好", "請看"),
    "marks alone": ("好了\n\n> 您好\n> 請重啟\n", "好了"),
    "answers between": ("> 您好\n我好\n> 請重啟\n好的", "> 您好\n我好\n> 請重啟\n好的"),
    "no quote": ("From: 這是我寫的一行\n機器停了", "From: 這是我寫的一行\n機器停了"),
    "wrote of oneself": ("I wrote:\nnothing else", "I wrote:\nnothing else"),
    "only a quote": ("> 您好", ""),
}
SLOW = ("On ", "> ", "From: a\n", "-", " ", "\n", "发件人: ", "a\n> b\n", "On x wrote:\n", "_", "在 2026", "<a@b.c> ")
DEEP = ("<div>", "<blockquote>", "<table><tr><td>", "&amp;", "<a ", "<b>")
SECONDS_MAX = 5
KNOWN = {name: sample.raw for name, sample in samples().items() if len(sample.raw) < 20_000}


@pytest.mark.parametrize("program", list(QUOTED))
def test_what_is_new_is_told_from_what_is_quoted_and_nothing_is_lost(program: str) -> None:
    text, latest = QUOTED[program]
    body = quoting.split(text)
    assert body.latest == latest
    assert "".join((body.latest + body.quoted).split()) == "".join(text.split())
    assert all(line.startswith(">") for line in body.marked[len(body.latest) :].split("\n") if line.strip())


def test_no_text_makes_it_slow() -> None:
    started = time.process_time()
    for piece in SLOW:
        quoting.split(piece * 60_000)
    for piece in DEEP:
        html.text_in(piece * 100_000 + "x")
    assert time.process_time() - started < SECONDS_MAX


def test_html_is_read_in_lines_however_deep() -> None:
    assert html.text_in("<p>一<b>二</b>三<br>四</p><ul><li>五<li>六</ul>") == "一二三\n四\n\n五\n六"
    assert html.text_in("<div>一</div>\n <div>二</div><div><br></div><div>三</div>") == "一\n二\n\n三"
    assert html.text_in("<div>" * 400 + "深") == "深"
    assert html.text_in("<table><tr><td>a</td><td>b</td></tr></table><style>x{}</style>") == "a\tb"
    assert html.text_in("a < b") == "a < b"


@settings(max_examples=120)
@given(st.binary(max_size=400), st.sampled_from(sorted(KNOWN)), st.integers(0, 400))
def test_no_bytes_make_it_fail(noise: bytes, name: str, at: int) -> None:
    raw = KNOWN[name]
    for letter in (letters.read(noise), letters.read(raw[:at] + noise + raw[at:]), letters.read(raw[:at])):
        text = letter.subject + letter.body.marked + letter.name + letter.sender
        assert "\x00" not in text
        assert "\n" not in letter.subject + letter.name
        text.encode()
