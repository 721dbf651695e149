"""Designs that answer items of specifications, line by line, and what else each line goes back to (clause 2.3.3)."""

from .chapters import ORGANISATION
from .kernel.language import AnyRef, Grid, L, Line, LineRef, Lines, LongText, Record, Text, record


class AnsweredLine(Line):
    """One item, and how it is answered."""

    item = LineRef("Outline.items", label=L("Item", "條目"))
    answer = Text(required=True, label=L("How", "方案"))
    goes_back_to = AnyRef(label=L("Goes back to", "依據"))


@record(
    label=L("Design", "設計文檔"),
    plural=L("Designs", "設計文檔"),
    chapter=ORGANISATION,
    clause="2.3.3",
    number="DE-{yyyy}-{seq:4}",
    title="{number} {subject}",
    grid=Grid("number subject owner", search="subject"),
)
class Design(Record):
    """How what was specified is built."""

    subject = Text(required=True, label=L("Subject", "主題"))
    body = LongText(label=L("Body", "正文"))
    answers = Lines(AnsweredLine, label=L("Items answered", "條目方案"))
