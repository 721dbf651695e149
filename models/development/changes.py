"""Change requests (2.3.2): an approved specification changes by one alone, which knows its price before it is approved.

The price is what turns suspect, whose it is, and how long trying it again took the last time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId

from ..chapters import DEVELOPMENT
from ..kernel.base.errors import Refused
from ..kernel.base.store import in_unit
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    OWNER,
    READ,
    REASON,
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
    Record,
    Ref,
    Text,
    Whole,
    Words,
    Workflow,
    all_of,
    any_of,
    record,
    user_in,
    workdays,
)
from .prices import PRICE_MAX, SUSPECTED, Affected, price_of, standing_now, totals_of
from .specifications import KEPT, KINDS, PRIORITIES, SpecificationItem, past_of
from .suspects import Change

LEAD = user_in("specification.lead", L("Team lead", "團隊負責人"))
MARKETING = user_in("specification.marketing", L("Reviewer of marketing", "市場評審人"))
NOT_OF_IT = L("{number} is no valid item of this specification.", "{number} 不是本規格說明書的有效條目。")
CHANGED_SINCE = L(
    "{number} has been changed since this request was written: compare, and choose it again.",
    "{number} 在本申請填寫後已變更，請核對後重新選擇。",
)
TOO_MANY = L(
    "{count} records turn suspect, more than a request lists ({most}): divide it into several requests.",
    "受影響記錄共 {count} 條，超過一份申請所能列出的 {most} 條，請分為多份申請。",
    code="too_many",
)
TWICE = L("{number} stands in two lines.", "{number} 出現在兩行。")


def is_priced(request: ChangeRequest) -> bool:
    """Whether what turns suspect is still what the request says."""
    stated = {line.record for line in request.price or () if (line.what or SUSPECTED) == SUSPECTED}
    return request.state != "submitted" or stated == {
        row["record"] for row in price_of(request.changes()) if row["what"] == SUSPECTED
    }


def says_something(request: ChangeRequest) -> bool:
    return bool(request.changed or request.withdrawn or request.added)


SAYS_SOMETHING = Need(L("At least one item", "至少一條變更"), says_something)
PRICED = Need(
    L("What turns suspect is as the request says; else count it anew", "影響範圍與申請所列一致（否則請重新統計）"),
    is_priced,
)


class ChangedItem(Line):
    """An item as it is to read from now on."""

    item = Ref("SpecificationItem", required=True, fills={name: name for name in KEPT}, label=L("Item", "條目"))
    name = Text(label=L("Name", "名稱"))
    kind = Choice(KINDS, label=L("Kind", "類別"))
    text = LongText(label=L("Text", "內容"))
    priority = Choice(PRIORITIES, label=L("Priority", "優先級"))
    criterion = LongText(label=L("Acceptance criterion", "驗收標準"))
    editorial = Flag(label=L("Editorial: the meaning stays", "僅文字修改，含義不變"))
    before = Text(computed=True, label=L("Edition before", "原版次"))


class WithdrawnItem(Line):
    """An item that is to hold no longer; it stays as withdrawn."""

    item = Ref("SpecificationItem", required=True, label=L("Item", "條目"))
    why = Text(label=L("Why", "原因"))
    before = Text(computed=True, label=L("Edition before", "原版次"))


class AddedItem(Line):
    """An item that is to be added."""

    name = Text(required=True, label=L("Name", "名稱"))
    kind = Choice(KINDS, required=True, default="function", label=L("Kind", "類別"))
    text = LongText(required=True, label=L("Text", "內容"))
    priority = Choice(PRIORITIES, required=True, default="must", label=L("Priority", "優先級"))
    criterion = LongText(required=True, label=L("Acceptance criterion", "驗收標準"))


def given(line: Line) -> dict[str, Any]:
    """The fields of an item that a line says something of."""
    return {name: value for name in KEPT if (value := line.raw(name))}


REQUEST_FLOW = Workflow(
    "draft",
    (
        Move("submit", "draft", "submitted", by=OWNER, require=(SAYS_SOMETHING,)),
        Move(
            "approve",
            "submitted",
            "approved",
            by=all_of(LEAD, MARKETING),
            require=(PRICED,),
            within=workdays(5),
        ),
        Move("return", "submitted", "draft", by=any_of(LEAD, MARKETING), ask=REASON, single=True),
        Move("reject", "submitted", "rejected", by=any_of(LEAD, MARKETING), ask=REASON, single=True),
        Move(
            "count_anew",
            "submitted",
            "submitted",
            by=WRITER,
            optional=True,
            submits=False,
            label=L("Count the price anew", "重新統計影響"),
        ),
        Move("cancel", "draft", "cancelled", by=OWNER, optional=True),
    ),
)

COSTS = Part(
    L("What it costs", "變更代價"),
    "affected results defects launches people seconds turned lapsed price",
    help=L(
        "What turns suspect must be confirmed or done again, and tried again where its result lapses; open "
        "defects and launches that wait for it are looked at again.",
        "存疑的記錄須重新確認或修訂，結果失效的須重新測試；相關未關閉缺陷與待上線計劃須重新核對。",
    ),
)


@record(
    label=L("Change request", "變更申請"),
    plural=L("Change requests", "變更申請"),
    chapter=DEVELOPMENT,
    clause="2.3.2",
    upstream="specification",
    number="CR-{yyyy}-{seq:4}",
    title="{number} {subject}",
    grid=Grid("number subject specification affected seconds owner state", search="subject"),
    form=(
        Part(
            L("Change", "變更內容"),
            "specification subject why changed withdrawn added",
            clause="2.3.2",
            help=L(
                "A change that only corrects words is marked so; the approvers confirm it, and links stay good.",
                "僅文字修改須勾選標記，經批准人確認後，原有關聯不受影響。",
            ),
        ),
        COSTS,
    ),
    belongs_to="specification",
    in_menu=True,
    workflow=REQUEST_FLOW,
    access=Access(named={"specification.lead": READ, "specification.marketing": READ}),
)
class ChangeRequest(Record):
    """What is to change in a released specification, and what that makes suspect (2.3.2)."""

    specification = Ref(
        "Specification", required=True, fixed=True, states={"in_force"}, label=L("Specification", "規格說明書")
    )
    subject = Text(required=True, label=L("Subject", "主題"))
    why = LongText(required=True, label=L("Why", "變更原因"))
    changed = Lines(ChangedItem, label=L("Changed items", "修改的條目"))
    withdrawn = Lines(WithdrawnItem, label=L("Withdrawn items", "撤回的條目"))
    added = Lines(AddedItem, label=L("New items", "新增的條目"))
    affected = Whole(computed=True, label=L("Turn suspect", "受影響數"))
    results = Whole(computed=True, label=L("Results that lapse", "失效測試結果數"))
    defects = Whole(computed=True, label=L("Open defects of these items", "相關未關閉缺陷數"))
    launches = Whole(computed=True, label=L("Launches that wait", "相關待上線計劃數"))
    people = Whole(computed=True, label=L("People whose work it is", "涉及人數"))
    seconds = Number(places=1, computed=True, label=L("Seconds to try all again", "重新測試用時（秒）"))
    turned = Whole(computed=True, label=L("Have turned suspect", "實際受影響數"))
    lapsed = Whole(computed=True, label=L("Results that have lapsed", "實際失效測試結果數"))
    price = Lines(Affected, computed=True, most=PRICE_MAX, label=L("Affected records", "受影響記錄"))

    def clean(self) -> None:
        """Note the editions that the lines are about; a line that says another item is about that one's."""
        if self.state == "draft":
            items = self._items()
            for line in self._lines():
                row = items.get(line.ref("item"))
                if row is not None and (line.before or "").rpartition("/")[0] != row["number"]:
                    line.put("before", _place(row))

    def _lines(self) -> list[Any]:
        return [*(self.changed or ()), *(self.withdrawn or ())]

    def changes(self) -> list[Change]:
        """What it changes, as the arithmetic takes it; a line that says what stands there already changes nothing."""
        items = self._items()
        editorial = [
            Change(line.ref("item"), editorial=bool(line.editorial))
            for line in self.changed or ()
            if any(value != (items.get(line.ref("item")) or {}).get(name) for name, value in given(line).items())
        ]
        return [*editorial, *(Change(line.ref("item")) for line in self.withdrawn or ())]

    def _items(self) -> dict[ObjectId | None, Mapping[str, Any]]:
        ids = [id for line in self._lines() if (id := line.ref("item"))]
        kept = dict.fromkeys(("number", "edition", "state", "specification", *KEPT), 1)
        rows = in_unit("specification_item").find({"_id": {"$in": ids}}, kept) if ids else ()
        return {row["_id"]: row for row in rows}

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.state not in ("draft", "submitted"):
            return
        items = self._items()
        for name in ("changed", "withdrawn"):
            named: set[Any] = set()
            for at, line in enumerate(self.raw(name) or ()):
                row = items.get(line.ref("item"))
                if row is not None and (words := self._fault(line, row, named)):
                    yield f"{name}.{at}.item", words
                named.add(line.ref("item"))

    def _fault(self, line: Any, row: Mapping[str, Any], named: set[Any]) -> Words | None:
        if row["specification"] != self.ref("specification") or row.get("state") != "valid":
            return NOT_OF_IT(number=row["number"])
        if line.before and line.before != _place(row):
            return CHANGED_SINCE(number=row["number"])
        return TWICE(number=row["number"]) if row["_id"] in named else None

    def _count_price(self) -> None:
        rows = price_of(self.changes())
        totals = totals_of(rows)
        if totals["affected"] > PRICE_MAX:  # what is approved is what the request lists
            raise Refused(TOO_MANY(count=totals["affected"], most=PRICE_MAX))
        for name, value in totals.items():
            self.put(name, value)
        self.price = [Affected(**row) for row in rows[:PRICE_MAX]]

    def on_submit(self, _actions: MoveActions) -> None:
        self._count_price()

    def on_count_anew(self, _actions: MoveActions) -> None:
        self._count_price()

    def on_approve(self, actions: MoveActions) -> None:
        """Change the items, and release the specification again, in this transaction."""
        ids = [change.target for change in self.changes()]
        before = standing_now(ids)
        self._count_price()
        specification = self.specification
        release = (specification.edition or 0) + 1
        for line in self.added or ():
            facts = {"specification": self.ref("specification"), "owner": self.ref("owner"), **given(line)}
            actions.create(SpecificationItem, facts, once=f"{self.id}:{line.key}")
        for line in self._lines():
            self._apply(line, release, actions)
        specification.release_again(self.number)
        facts = {"edition": specification.edition, "releases": specification.releases}
        actions.update(specification, facts)
        after = standing_now(ids)
        self.turned, self.lapsed = len(after.suspect - before.suspect), len(after.lapsed - before.lapsed)

    def _apply(self, line: Any, release: int, actions: MoveActions) -> None:
        item = SpecificationItem.from_stored(in_unit("specification_item").find_one({"_id": line.ref("item")}) or {})
        past = [*(item.past or ()), past_of(item, release, self.number)]
        if isinstance(line, WithdrawnItem):
            gone = actions.update(item, {"past": past, "withdrawn_in": release, "editorial": False})
            actions.move(gone, "drop")
        else:
            actions.update(item, {**given(line), "past": past, "editorial": bool(line.editorial)})


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['number']}/{row.get('edition') or 1}"
