"""Surveys: built by the marketing clerks, answered on public pages, counted question by question (2.1.1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from mongoengine.connection import get_db

from .. import public_links
from ..chapters import RESEARCH
from ..kernel.base import clock
from ..kernel.base.collections import SITTINGS
from ..kernel.base.words import EN, HANS, HANT, Words
from ..kernel.language import (
    WRITER,
    Access,
    Choice,
    Flag,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Moment,
    Move,
    Part,
    Public,
    Questions,
    Record,
    Retention,
    State,
    Text,
    Whole,
    Workflow,
    record,
)
from ..kernel.language.questions.question import in_language

GRACE = dt.timedelta(minutes=30)  # what was begun before the end may still be sent for so long
LANGUAGES = {
    EN: L("English", "英語"),
    HANT: L("Traditional Chinese", "繁體中文"),
    HANS: L("Simplified Chinese", "簡體中文"),
}
ENDS_EARLY = L("It closes before it opens.", "結束時間早於開始時間。")


NO_ADDRESS = L("An anonymous survey asks for no address.", "匿名問卷不詢問姓名與郵箱。")
PROMISED = L(
    "Whether answers are anonymous is chosen in the draft, before anybody has begun; it stays as it was said.",
    "是否匿名須在草稿階段、有人作答前選定，此後不能更改。",
    code="promised",
)


class SurveyText(Line):
    """What a survey says about itself, in one more language."""

    language = Choice(LANGUAGES, required=True, label=L("Language", "語言"))
    subject = Text(required=True, label=L("Title", "標題"))
    introduction = LongText(label=L("Introduction", "引言"))
    purpose = LongText(label=L("Purpose", "用途"))
    thanks = LongText(label=L("Words of thanks", "致謝語"))


class Opening(StrEnum):
    """Whether a survey can be answered."""

    OPEN = "open"
    EARLY = "early"
    PAUSED = "paused"
    OVER = "over"


@record(
    label=L("Survey", "問卷"),
    plural=L("Surveys", "問卷"),
    chapter=RESEARCH,
    clause="2.1.1",
    number="SV-{yyyy}-{seq:4}",
    title="{subject}",
    grid=Grid("number subject anonymous opens closes owner state", search="subject"),
    form=(
        Part(
            L("Survey", "問卷"),
            "subject introduction purpose thanks",
            clause="2.1.1",
            help=L(
                "What people read before the first question: also what the answers are for and how long they are kept.",
                "填寫開始頁的說明；用途與保存期限會向受訪者公示。",
            ),
        ),
        Part(
            L("When and how", "時間與方式"),
            "opens closes complete_limit invited_only anonymous asks_address remind_after remind_before remind_most "
            "released released_list",
            clause="2.1.1",
            help=L(
                "Anonymous is said on the page and holds: nobody can find out later who answered what. "
                "It is chosen in the draft, before anybody has begun.",
                "匿名會在頁面上公示並確實執行：事後無人能查出誰答了什麼。須在草稿階段、有人作答前選定。",
            ),
        ),
        Part(L("Questions", "題目"), "questions", clause="2.1.1"),
        Part(L("In other languages", "其他語言"), "texts", clause="2.1.1"),
    ),
    workflow=Workflow(
        "draft",
        (
            Move(
                "schedule",
                "draft",
                "scheduled",
                by=WRITER,
                require="purpose questions opens",
                optional=True,
                label=L("Open at its time", "按時開放"),
            ),
            Move(
                "unschedule", "scheduled", "draft", by=WRITER, optional=True, label=L("Back to the draft", "退回草稿")
            ),
            Move(
                "open",
                "draft scheduled",
                "open",
                by=WRITER,
                require="purpose questions",
                optional=True,
                label=L("Open for answers", "開放作答"),
            ),
            Move("open_on_time", "scheduled", "open", at="opens", label=L("Open on time", "到時開放")),
            Move("pause", "open", "paused", by=WRITER, optional=True, label=L("Pause", "暫停")),
            Move("resume", "paused", "open", by=WRITER, optional=True),
            Move("close", "open paused", "closed", by=WRITER, optional=True),
            Move("close_on_time", "open paused", "closed", at="closes", label=L("Close on time", "到時結束")),
        ),
        edit="draft scheduled open paused",
        facts=(
            State("draft", L("Draft", "草稿"), tone="neutral"),
            State("scheduled", L("Scheduled", "已排期"), tone="wait"),
            State("open", L("Open for answers", "開放作答"), tone="progress"),
            State("paused", L("Paused", "已暫停"), tone="wait"),
            State("closed", L("Closed", "已結束"), tone="good"),
        ),
        withdraw=False,
    ),
    access=Access(numbered=True),
    retention=Retention(archive=365, delete=3),
    public=Public(token=True, show="subject", limit=400, total=5000),
)
class Survey(Record):
    """A list of questions to people outside or inside, with the time in which it is answered (2.1.1)."""

    subject = Text(required=True, label=L("Title", "標題"))
    introduction = LongText(label=L("Introduction", "引言"))
    purpose = LongText(label=L("Purpose (what the answers are for)", "用途（收集回答的目的）"))
    thanks = LongText(label=L("Words of thanks", "致謝語"))
    opens = Moment(label=L("Opens", "開始時間"))
    closes = Moment(label=L("Closes", "結束時間"))
    complete_limit = Whole(least=1, most=1_000_000, label=L("Closes after so many complete answers", "完成份數上限"))
    asks_address = Flag(
        default=False,
        label=L("Asks at its end for a name and an address, for who wants to hear more", "結尾詢問姓名與郵箱（自願）"),
    )
    invited_only = Flag(default=False, label=L("By personal invitation only", "僅限受邀者作答"))
    anonymous = Flag(default=False, label=L("Anonymous", "匿名"))
    remind_after = Whole(
        least=1,
        most=60,
        label=L("Reminds after so many days without an answer", "未答滿幾天後提醒"),
        help=L(
            "By itself, in working hours, whoever was invited and has not answered.", "工作時間內自動提醒受邀未答者。"
        ),
    )
    remind_before = Whole(least=1, most=30, label=L("Reminds so many days before it closes", "結束前幾天提醒"))
    remind_most = Whole(
        least=1, most=5, label=L("Reminders for each person at most (empty: one)", "每人最多提醒次數（空白為 1）")
    )
    released = Whole(computed=True, label=L("Anonymous answers released", "已釋出匿名回答數"))
    released_list = Text(computed=True, label=L("Hash of the list of answers", "回答清單雜湊值"))
    questions = Questions(editions=True, required=True, label=L("Questions", "題目"))
    texts = Lines(SurveyText, most=len(LANGUAGES), label=L("Texts in other languages", "其他語言的文字"))

    def on_schedule(self, actions: Any) -> None:
        """The link can be handed out before it opens."""
        public_links.provide(self)

    def on_open(self, actions: Any) -> None:
        """There is a link by which it is answered."""
        public_links.provide(self)

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.opens and self.closes and self.closes <= self.opens:
            yield "closes", ENDS_EARLY
        if self.anonymous and self.asks_address:
            yield "asks_address", NO_ADDRESS
        if _was_promised(self):
            yield "anonymous", PROMISED


def _was_promised(survey: Survey) -> bool:
    """Whether people were told already that answers are anonymous, or that they are not, and it was the other."""
    before = get_db()[Survey.type_name()].find_one({"_id": survey.id}, {"anonymous": 1, "state": 1})
    if before is None or bool(before.get("anonymous")) == bool(survey.anonymous):
        return False
    begun = get_db()[SITTINGS].find_one({"survey": survey.id, "is_test": False}, {"_id": 1})
    return before["state"] != "draft" or begun is not None


def text_of(survey: Survey, name: str) -> str:
    """A text of a survey in the reader's language, or as it was written."""
    others = {line.language: getattr(line, name) for line in survey.texts or () if getattr(line, name)}
    return in_language(getattr(survey, name) or "", others)


def end_of(survey: Survey) -> dt.datetime | None:
    """When it was or will be over: by its time, or when somebody closed it."""
    by_hand = survey.state_since if survey.state == "closed" else None
    return min((moment for moment in (survey.closes, by_hand) if moment), default=None)


def opening_of(survey: Survey, begun: dt.datetime | None = None) -> Opening:
    """Whether a survey can be answered now; half-open, by the server's clock. What was begun before its end may be sent
    for half an hour more."""
    now, end = clock.now(), end_of(survey)
    if end and now >= end:
        in_time = begun is not None and begun < end and now < end + GRACE
        return Opening.OPEN if in_time else Opening.OVER
    if survey.state == "paused":
        return Opening.PAUSED
    is_released = survey.state in ("open", "scheduled")
    if not is_released or (survey.opens and now < survey.opens):
        return Opening.EARLY
    return Opening.OPEN
