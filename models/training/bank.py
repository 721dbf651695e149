"""The bank of questions (5.2): each question with what is right, known to those who keep it and to nobody else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..chapters import TRAINING
from ..kernel.language import (
    WRITE,
    WRITER,
    Access,
    Choice,
    Flag,
    Grid,
    L,
    LongText,
    Move,
    Number,
    Part,
    Record,
    Ref,
    Role,
    Scope,
    State,
    Text,
    Words,
    Workflow,
    record,
)
from . import pictures
from .marking import BANK_KINDS, SHORT, BankItem, Typed, item_of, line_of

DIFFICULTIES = {"easy": L("Easy", "易"), "middle": L("Middle", "中"), "hard": L("Hard", "難")}
PICTURED = L(
    "A picture that is attached to the question stands as ![what is seen](its file name) in the text or in an option.",
    "題目附件中的圖片以 ![圖中內容](文件名) 寫在題目或選項中。",
)
DRAWN_BY = L(
    "Quizzes draw by category and difficulty. Whoever keeps the bank knows the answers, and nobody else.",
    "測試按類別與難度抽題。僅題庫管理者知道答案。",
)
WRITTEN_AS = L(
    "Choices: an option each line, * before each right one. An order: the options as they are right. Pairs: left = "
    "right. Which comes first on a page is drawn anew for everybody.",
    "選擇題：每行一個選項，正確者前加 *。排序題：按正確順序填寫。配對題：左項 = 右項。作答時順序隨機。",
)
ONE_A_LINE = L("* before each right one; for pairs: left = right.", "正確選項前加 *；配對題：左項 = 右項。")
KEEPERS = Access(
    departments=(),
    read={Role.HR: Scope.ALL, **dict.fromkeys((Role.CLERK, Role.HEAD, Role.MANAGEMENT, Role.SUPERVISOR), Scope.NONE)},
    write={Role.HR: Scope.ALL},
    named={"expert": WRITE},
    guarded=True,
)  # also the supervision group is tested: whoever reads a question here knows what is right


@record(
    label=L("Question", "題目"),
    plural=L("Bank of questions", "題庫"),
    chapter=TRAINING,
    clause="5.2",
    number="QB-{seq:5}",
    title="{text}",
    grid=Grid("number text category difficulty kind state", search="text category", inline="text category difficulty"),
    form=(
        Part(L("Question", "題目"), "kind category difficulty expert text", clause="5.2", help=DRAWN_BY),
        Part(L("What is right", "答案"), "options is_true answer tolerance explanation", help=WRITTEN_AS),
    ),
    access=KEEPERS,
    workflow=Workflow(
        "in_force",
        (
            Move("retire", "in_force", "retired", by=WRITER, optional=True),
            Move("reactivate", "retired", "in_force", by=WRITER, optional=True),
        ),
        ends="retired",
        edit="in_force",
        facts=(
            State("in_force", L("In use", "啟用"), tone="good"),
            State("retired", L("Not drawn any more", "停用"), tone="neutral"),
        ),
        withdraw=False,
    ),
    files={pictures.KIND: L("Picture", "圖片")},
)
class BankQuestion(Record):
    """A question that quizzes draw; an attempt keeps the edition in which it was put."""

    kind = Choice(BANK_KINDS, required=True, fixed=True, label=L("Kind", "題型"))
    category = Text(required=True, most=60, label=L("Category", "類別"))
    difficulty = Choice(DIFFICULTIES, required=True, default="middle", ordered=True, label=L("Difficulty", "難度"))
    expert = Ref("User", label=L("Trainer who keeps it, too", "共同維護的講師"))
    text = LongText(most=2000, required=True, help=PICTURED, label=L("Question", "題目"))
    options = LongText(most=10_000, help=ONE_A_LINE, label=L("Options, one on a line", "選項（每行一個）"))
    is_true = Flag(default=False, label=L("The statement is true", "命題為真"))
    answer = LongText(most=2000, label=L("Right number, or what it should say", "正確數值，或簡答題評分要點"))
    tolerance = Number(places=6, least=0, label=L("Tolerance", "允許誤差"))
    explanation = LongText(most=4000, label=L("Explanation, shown after the last try", "解析（測試結束後顯示）"))

    def check(self) -> Iterator[tuple[str, Words]]:
        yield from item_of(self.typed(), str(self.id))[1]
        yield from pictures.faults_of(self)

    def typed(self) -> Typed:
        """The question as its author typed it."""
        return Typed(
            self.kind, self.text or "", self.options or "", bool(self.is_true), self.answer or "", self.tolerance
        )


def read_row(row: Mapping[str, Any]) -> tuple[BankItem, dict[str, Any]]:
    """A question of its stored form, and the line that its edition is kept as: with what is right, and what is said of
    it afterwards."""
    tolerance = row.get("tolerance")
    given = Typed(
        row["kind"],
        row.get("text") or "",
        row.get("options") or "",
        bool(row.get("is_true")),
        row.get("answer") or "",
        tolerance.to_decimal() if tolerance is not None else None,
    )
    item, key = item_of(given, str(row["_id"]))[0], str(row["_id"])
    guide = given.answer if given.kind == SHORT else ""
    line = {**line_of(item, key), "explanation": row.get("explanation") or "", "guide": guide}
    if kept := pictures.contents_in(row["_id"], given.text, given.options):
        line["pictures"] = kept
    return item, line
