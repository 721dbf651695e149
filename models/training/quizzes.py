"""Quizzes (5.2): what is drawn from the bank, how it is marked, and under which conditions it is taken."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bson import ObjectId

from ..chapters import TRAINING
from ..kernel.base.errors import Refused
from ..kernel.base.people import Actor
from ..kernel.language import (
    WRITE,
    WRITER,
    Access,
    Choice,
    Flag,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Move,
    Need,
    Number,
    Part,
    Percent,
    Record,
    Ref,
    Refs,
    Role,
    Scope,
    Text,
    Whole,
    Words,
    Workflow,
    record,
)
from .bank import DIFFICULTIES, BankQuestion

COUNTS = {"last": L("The last try counts", "以最後一次為準"), "best": L("The best try counts", "以最高分為準")}
MINUTES_MAX, QUESTIONS_MAX = 600, 100
SHORT_POOL = L(
    "{count} questions of “{category}” {difficulty} are to be drawn, and the bank has {has}.",
    "須從「{category}」{difficulty}抽取 {count} 題，題庫中僅有 {has} 題。",
    code="range",
)
TOO_LONG = L("A paper has {most} questions at most; these are {count}.", "試卷最多 {most} 題，現為 {count} 題。")


class DrawRule(Line):
    """So many questions of a category, each worth so many points: all papers are worth the same."""

    category = Text(required=True, most=60, label=L("Category", "類別"))
    difficulty = Choice(DIFFICULTIES, label=L("Difficulty (empty: any)", "難度（空白：不限）"))
    count = Whole(required=True, least=1, most=QUESTIONS_MAX, label=L("Questions", "題數"))
    points = Number(required=True, least=0, most=100, places=2, label=L("Points each", "每題分值"))


@dataclass(frozen=True)
class Pick:
    """One question on a paper, and what it is worth there."""

    question: ObjectId
    points: Fraction


def has_questions(quiz: Quiz) -> bool:
    return bool(quiz.refs("questions")) or bool(quiz.draws)


ASKS = Need(L("It asks something: questions, or what is drawn", "已有題目或抽題規則"), has_questions)


def published_only(person: Actor) -> dict[str, Any]:
    """Everybody sees the quizzes that can be taken."""
    return {"state": "published"}


@record(
    label=L("Quiz", "在線測試"),
    plural=L("Quizzes", "在線測試"),
    chapter=TRAINING,
    clause="5.2",
    number="QZ-{seq:4}",
    title="{name}",
    grid=Grid("number name trainer pass_mark minutes tries state", search="name"),
    form=(
        Part(L("Quiz", "測試"), "name trainer purpose", clause="5.2"),
        Part(
            L("What is asked", "題目"),
            "questions points_each draws",
            help=L(
                "The same for all, drawn anew for everybody, or both. All papers are worth the same.",
                "固定題目、隨機抽題，或兩者並用；每份試卷總分相同。",
            ),
        ),
        Part(
            L("How it is marked", "評分"),
            "pass_mark partial wrong_costs by_trainer",
            help=L(
                "Partial marks: of several right options the share of right ones chosen minus that of wrong ones, "
                "never below nothing; of an order what stands at its place; of pairs the right ones. Passing "
                "compares exact points.",
                "部分得分：多選題按選對比例減選錯比例（不低於零），排序題按位置正確比例，配對題按正確比例。及格按精確分值判定。",
            ),
        ),
        Part(L("How it is taken", "作答條件"), "minutes tries wait_hours counts shows_answers"),
    ),
    access=Access(
        departments=(),
        read={Role.HR: Scope.ALL},
        write={Role.HR: Scope.ALL},
        named={"trainer": WRITE},
        extra_rows=published_only,
    ),
    workflow=Workflow(
        "draft",
        (
            Move("publish", "draft", "published", by=WRITER, require=(ASKS,), optional=True),
            Move("revise", "published", "draft", by=WRITER, optional=True),
            Move("retire", "published", "retired", by=WRITER, optional=True),
        ),
        edit="draft",
        withdraw=False,
    ),
)
class Quiz(Record):
    """A test that people take; each attempt keeps what was drawn for it and by which rules."""

    name = Text(required=True, most=120, label=L("Name", "名稱"))
    trainer = Ref("User", required=True, informs=True, label=L("Trainer, who marks", "講師（評閱人）"))
    purpose = LongText(label=L("What it tests", "測試內容"))
    questions = Refs("BankQuestion", see={Role.HR}, label=L("Questions for all", "固定題目"))
    points_each = Number(default=1, least=0, most=100, places=2, label=L("Points of each of these", "固定題每題分值"))
    draws = Lines(DrawRule, most=50, see={Role.HR}, label=L("Drawn at random", "隨機抽題"))
    pass_mark = Percent(required=True, default=60, label=L("Pass mark", "及格線"))
    partial = Flag(default=False, label=L("Partial marks", "允許部分得分"))
    wrong_costs = Percent(
        default=0, label=L("A wrong single choice takes away (% of its points)", "單選與判斷答錯倒扣（佔分值 %）")
    )
    by_trainer = Flag(default=False, label=L("The trainer looks over each attempt", "逐份由講師覆核"))
    minutes = Whole(least=1, most=MINUTES_MAX, label=L("Minutes (empty: no limit)", "限時（分鐘，空白：不限）"))
    tries = Whole(least=1, most=100, label=L("Tries (empty: any number)", "可答次數（空白：不限）"))
    wait_hours = Whole(least=1, most=2000, label=L("Hours between two tries", "兩次作答間隔（小時）"))
    counts = Choice(COUNTS, required=True, default="best", label=L("Which try counts", "成績取法"))
    shows_answers = Flag(
        default=False,
        label=L("Shows what is right, once passed or after the last try", "通過後或次數用完後公佈答案"),
    )

    @property
    def paper_size(self) -> int:
        """How many questions stand on each paper."""
        return len(self.refs("questions")) + sum(rule.count or 0 for rule in self.draws or ())

    def rules_in_turn(self) -> list[DrawRule]:
        """The rules in the order in which they are drawn: those of one difficulty take theirs before the others, which
        then take of what is left, so that whatever is drawn there is enough for all where the bank has enough."""
        return sorted(self.draws or (), key=lambda rule: not rule.difficulty)

    def check(self) -> Iterator[tuple[str, Words]]:
        count = self.paper_size
        if count > QUESTIONS_MAX:
            yield "draws", TOO_LONG(most=QUESTIONS_MAX, count=count)

    def _pool_faults(self) -> Iterator[Words]:
        """What the bank lacks, for all rules that draw from the same questions together."""
        fixed, needed = self.refs("questions"), Counter[tuple[str, str]]()
        for rule in self.draws or ():
            for pool in {(rule.category, rule.difficulty or ""), (rule.category, "")}:
                needed[pool] += rule.count
        for (category, difficulty), count in needed.items():
            query = {**_pool(category, difficulty), "_id": {"$nin": fixed}}
            if (has := BankQuestion.collection().count_documents(query, limit=count)) < count:
                word = DIFFICULTIES[difficulty] if difficulty else L("", "")
                yield SHORT_POOL(count=count, category=category, difficulty=word, has=has)

    def on_publish(self, actions: Any) -> None:
        """The bank has enough for every paper."""
        if faults := list(self._pool_faults()):
            raise Refused(None, {"draws": faults})

    def draw(self, rng: random.Random) -> list[Pick]:
        """A paper: the questions for all, and those drawn, no question twice; shorter than `paper_size` where the
        bank has no longer enough. One query for each rule."""
        picks = [Pick(id, Fraction(self.points_each or 0)) for id in self.refs("questions")]
        taken = {pick.question for pick in picks}
        for rule in self.rules_in_turn():
            query = {**_pool(rule.category, rule.difficulty), "_id": {"$nin": [*taken]}}
            rows = BankQuestion.collection().find(query, {"_id": 1}).sort("_id", 1)
            pool = [row["_id"] for row in rows]
            chosen = rng.sample(pool, min(rule.count, len(pool)))
            picks += [Pick(id, Fraction(rule.points)) for id in chosen]
            taken.update(chosen)
        rng.shuffle(picks)
        return picks


def _pool(category: str, difficulty: str | None) -> dict[str, Any]:
    level = {"difficulty": difficulty} if difficulty else {}
    return {"category": category, **level, "state": "in_force", "removed_at": None}
