"""What the customer of a ticket is mailed, each once and in their language (2.4.1-2.4.3)."""

from __future__ import annotations

from ..kernel.language import L, Tell

RECEIVED = Tell(
    on="create",
    to="mail",
    locale="letters",
    subject=L("Your request {number}", "您的售後工單 {number}"),
    body=L(
        "We have received your request on {received_at}. Its number is {number}.",
        "您的反饋已於 {received_at} 收到，工單編號 {number}。",
    ),
    link=True,
)
SOLVED = Tell(
    on="solve",
    to="mail",
    locale="letters",
    subject=L("Your request {number}: {state}", "您的售後工單 {number}：{state}"),
    body=L(
        "This is how it was solved: {solution}\n\nIs something still wrong? Write to us on the page below; after seven "
        "days the request is closed.",
        "解決方案：{solution}\n\n如仍有問題，請在以下頁面留言；七天後工單自動關閉。",
    ),
    link=True,
)
NOTED = Tell(
    added="public_notes",
    to="mail",
    locale="letters",
    subject=L("Your request {number}", "您的售後工單 {number}"),
    body=L("{added}", "{added}"),
    link=True,
)
SPLIT = Tell(
    on="create",
    having="split_from",
    to="mail split_from.mail",
    locale="letters",
    subject=L("Your request {number}", "您的售後工單 {number}"),
    body=L(
        "A part of your request is dealt with by itself from now on; its number is {number}. The number that you have "
        "remains valid, too.",
        "您的工單中有一部分現單獨處理，編號為 {number}；原編號仍然有效。",
    ),
    link=True,
)
APART = Tell(
    on="unmerge",
    to="mail",
    locale="letters",
    subject=L("Your request {number}", "您的售後工單 {number}"),
    body=L("This request is dealt with by itself again.", "此工單現恢復單獨處理。"),
    link=True,
)
MERGED = Tell(
    on="merge rejoin",
    to="mail merged_into.mail",
    locale="letters",
    subject=L("Your request {number}", "您的售後工單 {number}"),
    body=L(
        "Several requests on one matter are dealt with together from now on. Both numbers remain valid.",
        "同一問題的多個工單現已合併處理，原編號仍然有效。",
    ),
)
