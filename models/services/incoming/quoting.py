"""What somebody wrote now, and what their program quoted under it: nothing is dropped, the quoted lines are marked.

Gone through line by line in one pass: what comes from outside must not be able to make it slow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LINE_MAX = 400
WRITTEN_MAX = 3
# One line that stands above what is quoted, as programs write it.
_ABOVE = re.compile(
    r"^\s*(?:[-_*=]{2,60}\s*)?(?:"
    r"original message|forwarded message|begin forwarded message|ursprüngliche nachricht"
    r"|原始郵件|原始邮件|原郵件|原邮件|轉發的郵件|转发的邮件|轉寄的郵件|回复的原邮件|回覆的原郵件"
    r")\s*:?\s*(?:[-_*=]{2,60})?\s*$",
    re.IGNORECASE,
)
_WROTE = re.compile(r"(?:wrote|写道|寫道|写到|寫到|schrieb|a écrit)\s*[:：]\s*$", re.IGNORECASE)
_WROTE_BEGINS = re.compile(
    r"^\s*(?:On\s|Am\s|Le\s|在\s*\d|於\s*\d|于\s*\d|\d{4}\s*[年/.-]|.{0,80}<[^<>\s]{3,200}>|At\s\d)", re.IGNORECASE
)
_FROM = re.compile(r"^\s*\*?(?:From|Von|发件人|發件人|寄件者|寄件人|送信者)\*?\s*[:：]", re.IGNORECASE)
_OTHER = re.compile(
    r"^\s*\*?(?:Sent|Date|To|Cc|Subject|发送时间|發送時間|发送日期|寄件日期|传送日期|日期|时间|時間|收件人|收件者"
    r"|抄送|副本|主题|主題|主旨|件名|日時|宛先)\*?\s*[:：]",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*_{10,}\s*$")


@dataclass(frozen=True)
class Body:
    """What is new in a message, and the rest of it, without marks."""

    latest: str
    quoted: str

    @property
    def marked(self) -> str:
        """Both, with `> ` before each quoted line."""
        if not self.quoted:
            return self.latest
        under = "\n".join(line if line.startswith(">") else f"> {line}".rstrip() for line in self.quoted.split("\n"))
        return f"{self.latest}\n\n{under}" if self.latest else under


def split(text: str) -> Body:
    """A text at the place where its program began to quote; one that answers between quoted lines stays whole."""
    rows = text.strip("\n").split("\n")
    at = next((number for number in range(len(rows)) if _begins(rows, number)), None)
    if at is None:
        at = _tail(rows)
    if at is None:
        return Body(text.strip(), "")
    quoted = "\n".join(rows[at:]).strip("\n")
    return Body("\n".join(rows[:at]).strip(), quoted)


def _begins(rows: list[str], at: int) -> bool:
    """Whether everything from a row on is quoted."""
    row = rows[at][:LINE_MAX]
    if _ABOVE.match(row):
        return True
    if _FROM.match(row):
        near = [other for other in rows[at + 1 : at + 8] if other.strip()]
        return sum(bool(_OTHER.match(other[:LINE_MAX])) for other in near[:5]) >= 2
    if _RULE.match(row):
        following = next((other for other in rows[at + 1 : at + 3] if other.strip()), "")
        return bool(_FROM.match(following[:LINE_MAX]))
    return _is_wrote(rows, at)


def _is_wrote(rows: list[str], at: int) -> bool:
    """Whether "On …, somebody wrote:" begins here, which programs break into as many as three lines, with nothing but
    quoted lines under it."""
    if not _WROTE_BEGINS.match(rows[at][:LINE_MAX]):
        return False
    for count in range(1, WRITTEN_MAX + 1):
        row = rows[at + count - 1 : at + count]
        if not row or not row[0].strip():
            return False
        if _WROTE.search(row[0][-60:]) and len(row[0]) <= LINE_MAX:
            under = [other for other in rows[at + count :] if other.strip()]
            marked = sum(other.lstrip().startswith(">") for other in under)
            return marked in (0, len(under))
    return False


def _tail(rows: list[str]) -> int | None:
    """Where the marked lines at the end of a text begin; None where there are none."""
    at = len(rows)
    while at and (rows[at - 1].lstrip().startswith(">") or not rows[at - 1].strip()):
        at -= 1
    marked = any(row.lstrip().startswith(">") for row in rows[at:])
    return at if marked else None
