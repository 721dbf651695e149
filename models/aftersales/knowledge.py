"""What was learned from tickets (2.4.5): articles that are reviewed, come in editions, and are looked at again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from ..chapters import SERVICE
from ..departments import Code
from ..kernel.base import clock
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    HEAD,
    NOBODY,
    OWNER,
    REASON,
    Access,
    Browse,
    Choice,
    Day,
    FollowUp,
    Grid,
    L,
    LongText,
    Move,
    Part,
    Public,
    Record,
    Ref,
    Remind,
    Retention,
    Role,
    Scope,
    State,
    Text,
    Whole,
    Workflow,
    record,
    workdays,
)

AUDIENCE = {"internal": L("Colleagues", "內部"), "public": L("Everybody, on the help page", "公開（幫助頁）")}
REVIEW_DAYS = 365


def review_day() -> dt.date:
    """The day by which an article of today is looked at again."""
    return clock.today() + dt.timedelta(days=REVIEW_DAYS)


def next_edition(article: KnowledgeArticle) -> Mapping[str, Any]:
    """What the next edition of an article begins with."""
    kept = {name: article.raw(name) for name in ("question", "answer", "audience", "tags")}
    links = {"product": article.ref("product"), "ticket": article.ref("ticket"), "replaces": article.id}
    return {**kept, **links}


@record(
    label=L("Knowledge article", "知識文章"),
    plural=L("Knowledge base", "知識庫"),
    chapter=SERVICE,
    clause="2.4.5",
    number="KB-{yyyy}-{seq:4}",
    title="{question}",
    grid=Grid(
        "number question product audience edition review_on owner state",
        search="question answer product.title",
        inline="product audience review_on",
    ),
    form=(
        Part(
            L("Article", "文章"),
            "question answer product audience",
            clause="2.4.5",
            help=L(
                "The question as customers ask it, and the answer step by step; no names of customers.",
                "按客戶的問法填寫問題，答案分步驟書寫；不得出現客戶名稱。",
            ),
        ),
        Part(
            L("Validity", "有效性"),
            "review_on edition replaces ticket",
            clause="2.4.5",
            help=L(
                "After this day the article is no longer suggested until it was looked at again.",
                "超過此日期未複核的文章不再推薦。",
            ),
        ),
    ),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "in_review", by=OWNER, require="answer review_on"),
            Move("approve", "in_review", "published", by=HEAD, within=workdays(3)),
            Move("return", "in_review", "draft", by=HEAD, ask=REASON),
            Move("supersede", "published", "superseded", by=NOBODY, label=L("Supersede", "取代")),
            Move("retire", "published", "retired", by=HEAD, ask=REASON, optional=True),
        ),
        facts=(State("superseded", L("Superseded", "已被取代"), tone="neutral"),),
    ),
    access=Access(
        departments={Code.SERVICE},
        read={Role.CLERK: Scope.ALL, Role.HEAD: Scope.ALL},
    ),
    helpful="published",
    public=Public(browse=Browse(states="published", only={"audience": "public"}, show="answer", votes=True)),
    reminders=(Remind("review_on", 14, OWNER, "published"),),
    retention=Retention(archive=730, delete=10, states="superseded retired"),
    follow_ups=(
        FollowUp(
            "revise",
            "KnowledgeArticle",
            L("Write the next edition", "修訂新版"),
            states="published",
            fill=next_edition,
        ),
    ),
)
class KnowledgeArticle(Record):
    """A question that customers ask, with its answer (2.4.5)."""

    question = Text(required=True, most=200, label=L("Question", "問題"))
    answer = LongText(required=True, label=L("Answer", "答案"))
    product = Ref("Product", label=L("Product", "產品"))
    audience = Choice(AUDIENCE, required=True, default="internal", label=L("Readers", "讀者"))
    review_on = Day(
        required=True, default=review_day, editable_in={"published"}, label=L("To be looked at again by", "複核日期")
    )
    edition = Whole(computed=True, default=1, label=L("Edition", "版次"))
    replaces = Ref("KnowledgeArticle", fixed=True, label=L("Replaces", "取代"))
    ticket = Ref("Ticket", fixed=True, label=L("From the ticket", "來源工單"))

    def clean(self) -> None:
        before = self.replaces if self.ref("replaces") else None
        self.edition = (before.edition or 1) + 1 if before is not None else 1

    def on_approve(self, actions: MoveActions) -> None:
        """The edition before is read no more."""
        before = self.replaces if self.ref("replaces") else None
        if before is not None and before.state == "published":
            actions.move(before, "supersede")
