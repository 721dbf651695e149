"""Score sheets (4.3): what one person gives for another, or for themselves. Nobody else ever sees it; a sheet of an
employee shows what came of all of them, of colleagues and staff as one number of three or more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import ObjectId

from ..chapters import SUPERVISION
from ..kernel.base.errors import Refused
from ..kernel.base.people import is_active
from ..kernel.base.store import in_unit
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    NOBODY,
    REASON,
    WRITE,
    Access,
    Choice,
    Day,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Move,
    Need,
    Number,
    Part,
    Record,
    Ref,
    Remind,
    Retention,
    Role,
    Scope,
    State,
    Whole,
    Words,
    Workflow,
    during,
    record,
    user_in,
)
from .raters import AskedRater, next_rater
from .scoring import BLIND, LEAST_VOICES, MANAGER, OWN, PEER, UPWARD
from .sheet_words import HR_OF_OTHERS

RATER = user_in("rater", L("Who scores", "評價人"), own=True)
OPEN, SENT, LAPSED = "open", "sent", "lapsed"
VOICES = {
    OWN: L("Self-assessment", "自評"),
    MANAGER: L("Manager", "上級評價"),
    PEER: L("Colleague", "同事評價"),
    UPWARD: L("Staff", "下屬評價"),
}
BY_SYSTEM = during(LAPSED, RATER)  # in which nothing is changed any more: people never set it
NOT_THEIRS = L("Items are neither added nor taken out.", "不得增減評價項目。")
NO_WORDS = L(
    "Colleagues and staff give marks alone: words would tell who they are.", "同事及下屬只評分；文字可能暴露身份。"
)
DRAWN = L("Leave this empty: the next colleague is drawn by the system.", "請留空，由系統抽取下一位。")
NOBODY_LEFT = L("There is nobody else who could be asked.", "沒有其他可評價的人員。", code="state")
SOMEBODY_ELSE = L(
    "Name somebody active who was not asked for this sheet yet, and neither the employee nor yourself.",
    "請填寫在職、尚未評價此表的人員，且不得為被考核人或您本人。",
)
NAME_ANOTHER = L(
    "Without its manager a sheet has little to go by: ask somebody else instead.",
    "缺少上級評價難以評定，請更換評價人。",
    code="state",
)
TOO_FEW = L(
    "Fewer than three would be left, so that what they give would not count: ask somebody else instead.",
    "免除後不足三人，其評分將不計入，請更換評價人。",
    code="state",
)
TOO_LATE = L("The scores of this assessment are closed.", "此考核的評分已截止。", code="state")
EVERYBODY = tuple(
    item for item in Role if item is not Role.IT
)  # reads what they give themselves; HR whether it is sent
REMARKS = {OWN: "own_remark", MANAGER: "manager_remark"}
SCORED = Need(
    L("Each item has its score", "每項均已評分"),
    lambda sheet: all(line.score is not None for line in sheet.scores or ()),
)


def _of_others(actor: Any) -> dict[str, Any] | None:
    """Human resources sees who scores whom, but not who scores themselves."""
    return {"employee": {"$ne": actor.id}} if Role.HR in actor.roles else None


class ScoreLine(Line):
    """The score of one item, from 0 to 100."""

    indicator = Ref("Indicator", edit=BY_SYSTEM, label=L("Item", "考核項目"))
    score = Number(places=1, least=0, most=100, label=L("Score (0 to 100)", "評分（0—100）"))


class ScoreVoice(Line):
    """One score without a name, as the sheet keeps it: shown to nobody, counted when the scores are closed."""

    kind = Choice(VOICES, label=L("As", "評價身份"))
    part = Whole(label=L("Part", "部分"))
    indicator = Ref("Indicator", label=L("Item", "考核項目"))
    score = Number(places=1, label=L("Score", "評分"))


@record(
    label=L("Score sheet", "評分表"),
    plural=L("Score sheets", "評分表"),
    chapter=SUPERVISION,
    clause="4.3",
    number="SS-{yyyy}-{seq:6}",
    title="{cycle} {employee}",
    grid=Grid("number cycle employee kind rater until state", sort="-number"),
    form=(
        Part(
            L("Who scores whom", "評價對象"),
            "sheet cycle employee kind rater part until successor",
            clause="4.3",
            help=L(
                "Only you see what you enter here. Human resources sees whether it was sent, not what it says.",
                "僅本人可見所填內容；人力資源只能看到是否已提交。",
            ),
        ),
        Part(L("Scores", "評分"), "scores remark"),
    ),
    workflow=Workflow(
        OPEN,
        (
            Move("send", OPEN, SENT, by=RATER, require=(SCORED,)),
            Move(
                "excuse",
                OPEN,
                LAPSED,
                by=HR_OF_OTHERS,
                ask=REASON,
                optional=True,
                submits=False,
                label=L("Excuse", "免予評分"),
            ),
            Move(
                "replace",
                OPEN,
                LAPSED,
                by=HR_OF_OTHERS,
                ask=f"successor {REASON}",
                when=lambda sheet: sheet.kind != OWN,
                optional=True,
                submits=False,
                label=L("Ask somebody else", "更換評價人"),
            ),
            Move("lapse", OPEN, LAPSED, by=NOBODY, label=L("Not scored in time", "逾期未評")),
            Move("reopen", SENT, OPEN, by=NOBODY),
        ),
        ends="sent lapsed",
        edit=OPEN,
        withdraw=False,
        due="until",
        facts=(
            State(OPEN, L("To be scored", "待評分"), tone="wait"),
            State(LAPSED, L("Not scored", "未評分"), tone="neutral"),
        ),
    ),
    access=Access(
        read=dict.fromkeys(EVERYBODY, Scope.OWN),
        write={},
        named={"rater": WRITE},
        extra_rows=_of_others,
        private=True,
    ),
    reminders=(Remind("until", before=2, to=RATER, states=OPEN),),
    retention=Retention(archive=1095, delete=5),
)
class ScoreSheet(Record):
    """The scores that somebody gives for one sheet; once sent they stand."""

    sheet = Ref("Assessment", required=True, fixed=True, label=L("Assessment", "考核表"))
    cycle = Ref("AssessmentCycle", fixed=True, label=L("Cycle", "考核週期"))
    employee = Ref("User", required=True, fixed=True, label=L("Employee", "被考核人"))
    kind = Choice(VOICES, required=True, fixed=True, default=OWN, label=L("As", "評價身份"))
    rater = Ref("User", fixed=True, label=L("Who scores", "評價人"))
    part = Whole(least=1, most=40, default=1, fixed=True, label=L("Part of the period", "期間部分"))
    until = Day(fixed=True, label=L("Until", "截止日期"))
    scores = Lines(ScoreLine, most=40, see=RATER, edit=during(OPEN, RATER), label=L("Scores", "評分"))
    remark = LongText(see=RATER, edit=during(OPEN, RATER), label=L("Remark", "評語"))
    successor = Ref(
        "User",
        see=HR_OF_OTHERS,
        label=L("Asked instead", "改由其評價"),
        help=L(
            "Of a manager: who assesses instead. Of colleagues and staff it stays empty: the next one is drawn.",
            "上級評價須填寫；同事及下屬留空，由系統抽取下一位。",
        ),
    )
    count = Whole(internal=True, label=L("Number of items", "項目數"))

    def check(self) -> Iterator[tuple[str, Words]]:
        lines = list(self.scores or ())
        if self.count and (len(lines) != self.count or any(line.ref("indicator") is None for line in lines)):
            yield "scores", NOT_THEIRS
        if self.remark and self.kind in BLIND:
            yield "remark", NO_WORDS

    def on_send(self, actions: MoveActions) -> None:
        """Tell the sheet; nobody learns who it was."""
        sheet = _sheet_of(self)
        if sheet is None or sheet.state not in ("draft", "self_done"):
            raise Refused(TOO_LATE)
        _answered(self, sheet, actions)

    def on_replace(self, actions: MoveActions) -> None:
        """Somebody else is asked; what was drafted here is gone and counts nowhere. The sheet goes on waiting."""
        sheet = _sheet_of(self)
        if sheet is None or sheet.state not in ("draft", "self_done"):
            raise Refused(TOO_LATE)
        person = self._instead(sheet, actions)
        items = tuple(line.ref("indicator") for line in self.scores or ())
        self.scores, self.remark = [ScoreLine(indicator=id) for id in items], None
        self.put("successor", person)
        ask_of(sheet, AskedRater(self.kind, person, self.part, items), actions)
        parts = list(sheet.parts or ())
        if self.kind == MANAGER and self.part <= len(parts):
            parts[self.part - 1].put("assessor", person)
            sheet.parts = parts
        actions.update(sheet, {"parts": parts})  # also where nothing changes: of two moves at once the second waits

    def _instead(self, sheet: Any, actions: MoveActions) -> ObjectId:
        """Who is asked instead: of colleagues and staff the next in the order that nobody chooses."""
        given, known = self.ref("successor"), self._asked_already()
        if self.kind in BLIND:
            if given is not None:
                raise Refused(None, {"successor": [DRAWN]})
            if (drawn := next_rater(sheet, self.kind, known)) is None:
                raise Refused(NOBODY_LEFT)
            return drawn
        barred = {*known, sheet.ref("employee"), actions.actor.id}
        if given is None or given in barred or not is_active(given):
            raise Refused(None, {"successor": [SOMEBODY_ELSE]})
        return given

    def _asked_already(self) -> set[Any]:
        """Who was asked for this sheet, those who were excused or replaced among them; not managers of other parts."""
        rows = in_unit(self.type_name()).find({"sheet": self.ref("sheet")}, {"rater": 1, "kind": 1, "part": 1})
        return {row.get("rater") for row in rows if row["kind"] != MANAGER or row.get("part") == self.part}

    def on_excuse(self, actions: MoveActions) -> None:
        """One is missing: the sheet goes on without; not where that would make what others gave count for nothing."""
        if self.kind == MANAGER:
            raise Refused(NAME_ANOTHER)
        rest = {"sheet": self.ref("sheet"), "kind": self.kind, "state": {"$in": [OPEN, SENT]}, "removed_at": None}
        left = in_unit(self.type_name()).count_documents({**rest, "_id": {"$ne": self.id}})
        if self.kind in BLIND and left == LEAST_VOICES - 1:
            raise Refused(TOO_FEW)
        if (sheet := _sheet_of(self)) is not None and sheet.state in ("draft", "self_done"):
            _answered(self, sheet, actions)


def ask_of(sheet: Any, whom: AskedRater, actions: MoveActions) -> None:
    """Make the score sheet of one person."""
    values = {
        "sheet": sheet.id,
        "cycle": sheet.ref("cycle"),
        "employee": sheet.ref("employee"),
        "department": sheet.ref("department"),
        "owner": whom.rater,
        "kind": whom.kind,
        "rater": whom.rater,
        "part": whom.part,
        "until": sheet.score_until,
        "scores": [ScoreLine(indicator=id) for id in whom.items],
        "count": len(whom.items),
    }
    actions.create(ScoreSheet, values, once=f"score:{sheet.id}:{whom.kind}:{whom.part}:{whom.rater}")


def _sheet_of(given: ScoreSheet) -> Any:
    cls: Any = ScoreSheet.sheet.document_type
    row = in_unit("assessment").find_one({"_id": given.ref("sheet"), "removed_at": None})
    return cls.from_stored(row) if row else None


def _answered(given: ScoreSheet, sheet: Any, actions: MoveActions) -> None:
    """Hand the scores over without the name, and count what is still open: both in the record of the sheet, so that of
    two who are last at once the second sees it."""
    query = {"sheet": sheet.id, "state": OPEN, "removed_at": None, "_id": {"$ne": given.id}}
    rest = in_unit(ScoreSheet.type_name()).count_documents(query)
    values: dict[str, Any] = {"outstanding": rest}
    if given.state == SENT:
        own = [
            ScoreVoice(
                kind=given.kind,
                part=given.part if given.kind == MANAGER else 0,
                indicator=line.ref("indicator"),
                score=line.score,
            )
            for line in given.scores or ()
        ]
        values["voices"] = [*(sheet.voices or ()), *own]
        if given.remark and given.kind in REMARKS:
            name = REMARKS[given.kind]
            values[name] = "\n\n".join(text for text in (sheet.raw(name), given.remark) if text)
    sheet = actions.update(sheet, values)
    if given.kind == OWN and given.state == SENT and sheet.state == "draft":
        sheet = actions.move(sheet, "self")
    if not rest:
        actions.move(sheet, "score")
