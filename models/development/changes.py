"""Change requests (2.3.2): an approved specification changes by one alone, which knows its price before it is approved.

The price is what turns suspect, whose it is, and how long trying it again took the last time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from bson import Decimal128, ObjectId

from ..chapters import DEVELOPMENT
from ..kernel.base.store import in_unit
from ..kernel.gate.by_edition import standing_on
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    OWNER,
    READ,
    REASON,
    WRITER,
    Access,
    AnyRef,
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
from ..kernel.language.declare import registered
from ..kernel.language.edition import SUSPECT
from .specifications import KEPT, KINDS, PRIORITIES, SpecificationItem, past_of
from .suspects import Change, links_in, turning

PRICE_MAX = 5000
LEAD = user_in("specification.lead", L("Team lead", "團隊負責人"))
MARKETING = user_in("specification.marketing", L("Reviewer of marketing", "市場評審人"))
NOT_OF_IT = L("{number} is no valid item of this specification.", "{number} 不是本規格說明書的有效條目。")
CHANGED_SINCE = L(
    "{number} has been changed since this request was written: compare, and choose it again.",
    "{number} 在本申請填寫後已變更，請核對後重新選擇。",
)
TWICE = L("{number} stands in two lines.", "{number} 出現在兩行。")


def is_priced(request: ChangeRequest) -> bool:
    """Whether what turns suspect is still what the request says."""
    stated = {line.record for line in request.price or ()}
    return request.state != "submitted" or stated == {row["record"] for row in price_of(request.changes())}


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


class Affected(Line):
    """One record that turns suspect."""

    record = AnyRef(label=L("Turns suspect", "受影響記錄"))
    whose = Ref("User", label=L("Whose", "負責人"))
    because = Text(most=400, label=L("Because of", "原因條目"))
    seconds = Number(places=1, label=L("Seconds to try it last time", "上次測試用時（秒）"))


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
        Part(
            L("What it costs", "變更代價"),
            "affected seconds turned price",
            help=L("What turns suspect and must be confirmed or done again.", "以下記錄須重新確認、修訂或重新測試。"),
        ),
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
    seconds = Number(places=1, computed=True, label=L("Seconds to try all again", "重新測試用時（秒）"))
    turned = Whole(computed=True, label=L("Have turned suspect", "實際受影響數"))
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
        """What it changes, as the arithmetic takes it."""
        editorial = [Change(line.ref("item"), editorial=bool(line.editorial)) for line in self.changed or ()]
        return [*editorial, *(Change(line.ref("item")) for line in self.withdrawn or ())]

    def _items(self) -> dict[ObjectId | None, Mapping[str, Any]]:
        ids = [id for line in self._lines() if (id := line.ref("item"))]
        kept = {"number": 1, "edition": 1, "state": 1, "specification": 1}
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
        self.price = [Affected(**row) for row in price_of(self.changes())]
        self.affected = len(self.price)
        self.seconds = sum((line.seconds or Decimal(0) for line in self.price), Decimal(0))

    def on_submit(self, _actions: MoveActions) -> None:
        self._count_price()

    def on_count_anew(self, _actions: MoveActions) -> None:
        self._count_price()

    def on_approve(self, actions: MoveActions) -> None:
        """Change the items, and release the specification again, in this transaction."""
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
        self.turned = len(now_suspect([line.record for line in self.price or ()]))

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


def price_of(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """What some changes of items turn suspect, whatever its type: a link to each, whose it is, because of which items,
    and how long trying it took the last time. One query for the items, one for each type that stands on them."""
    ids = [change.target for change in changes]
    items = {
        row["_id"]: row
        for row in in_unit("specification_item").find({"_id": {"$in": ids}}, {"number": 1, "meant_since": 1})
    }
    rows = {(cls.type_name(), row["_id"]): row for cls, row in standing_on(SpecificationItem, ids)}
    links = links_in(rows)
    since = {id: row.get("meant_since") or 1 for id, row in items.items()}
    already = {place for place, row in rows.items() if row.get(SUSPECT)}
    result = turning([link for link in links if link.source not in already], since, changes)
    return [_affected(place, rows[place], targets, items) for place, targets in sorted(result.items(), key=str)]


def _affected(place: Any, row: Mapping[str, Any], targets: Any, items: Mapping[Any, Any]) -> dict[str, Any]:
    last = next((line.get("seconds") for line in row.get("standings") or ()), None)
    because = ", ".join(sorted(items[id]["number"] for id in targets if id in items))
    return {
        "record": f"{place[0]}:{place[1]}",
        "whose": row.get("tester") or row.get("owner"),
        "because": because[:400],
        "seconds": last.to_decimal() if isinstance(last, Decimal128) else None,
    }


def now_suspect(places: Sequence[str]) -> list[str]:
    """Those of some records that are suspect now: one query for each type."""
    result = []
    for name in sorted({place.partition(":")[0] for place in places}):
        ids = [ObjectId(id) for place in places for type_name, _, id in [place.partition(":")] if type_name == name]
        rows = in_unit(registered()[name].type_name()).find({"_id": {"$in": ids}, SUSPECT: True}, {"_id": 1})
        result += [f"{name}:{row['_id']}" for row in rows]
    return result
