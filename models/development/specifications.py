"""Specifications (2.3.2): items with ids that are never used again; released ones change by request only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId

from ..chapters import DEVELOPMENT
from ..kernel.base import clock
from ..kernel.base.store import in_unit
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    NOBODY,
    OWNER,
    READ,
    REASON,
    Access,
    Chart,
    Choice,
    Editions,
    Flag,
    FollowUp,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Moment,
    Move,
    Need,
    Part,
    Record,
    Ref,
    State,
    Text,
    Unique,
    Whole,
    Words,
    Workflow,
    all_of,
    any_of,
    record,
    user_in,
    workdays,
)
from .projects import Project

KINDS = {
    "function": L("Function", "功能"),
    "performance": L("Performance", "性能"),
    "interface": L("Interface", "接口"),
}
PRIORITIES = {
    "could": L("Could", "可選"),
    "should": L("Should", "應有"),
    "must": L("Must", "必須"),
}
ITEMS_MAX = 5000
TOO_MANY_ITEMS = L("A specification has {most} items at most.", "一份規格說明書最多 {most} 條。")
LEAD = user_in("lead", L("Team lead", "團隊負責人"))
MARKETING = user_in("marketing", L("Reviewer of marketing", "市場評審人"))


def _item(id: ObjectId | None) -> dict[str, Any]:
    return {"specification": id, "removed_at": None}


def has_items(specification: Specification) -> bool:
    return in_unit("specification_item").find_one(_item(specification.id), {"_id": 1}) is not None


HAS_ITEMS = Need(L("At least one item", "至少一條規格條目"), has_items)


class Release(Line):
    """One edition of a specification, as it was approved."""

    edition = Whole(label=L("Edition", "版次"))
    at = Moment(label=L("Released at", "發佈時間"))
    items = Whole(label=L("Items", "條目數"))
    change = Text(label=L("By change", "依據變更"))


SPECIFICATION_FLOW = Workflow(
    "draft",
    (
        Move("submit", "draft", "submitted", by=OWNER, require=("lead", "marketing", HAS_ITEMS)),
        Move(
            "release",
            "submitted",
            "in_force",
            by=all_of(LEAD, MARKETING),
            within=workdays(5),
            label=L("Release", "發佈"),
        ),
        Move("return", "submitted", "draft", by=any_of(LEAD, MARKETING), ask=REASON, single=True),
        Move("retire", "in_force", "retired", by=LEAD, ask=REASON, optional=True, label=L("Retire", "停用")),
    ),
    ends="retired",
    facts=(State("in_force", L("Released", "已發佈"), tone="good"),),
)
SPECIFICATION_FOLLOWERS = (
    FollowUp(
        "request_change", "ChangeRequest", L("Change request", "變更申請"), states="in_force", opens="specification"
    ),
)


@record(
    label=L("Specification", "規格說明書"),
    plural=L("Specifications", "規格說明書"),
    chapter=DEVELOPMENT,
    clause="2.3.2",
    upstream="project",
    number="SP-{yyyy}-{seq:4}",
    title="{subject}",
    grid=Grid("number subject project edition lead owner state", search="subject"),
    form=(
        Part(
            L("Specification", "規格說明書"),
            "project subject scope lead marketing edition",
            clause="2.3.2",
            help=L(
                "Approved by the team lead and by marketing. After the release its items change by change requests.",
                "由團隊負責人與市場評審人共同批准；發佈後，條目僅通過變更申請修改。",
            ),
        ),
        Part(L("Releases", "發佈版次"), "releases"),
    ),
    belongs_to="project",
    in_menu=True,
    workflow=SPECIFICATION_FLOW,
    access=Access(named={"lead": READ, "marketing": READ}),
    follow_ups=SPECIFICATION_FOLLOWERS,
)
class Specification(Record):
    """What a product must do, item by item (2.3.2)."""

    project = Ref("Project", required=True, fixed=True, label=L("Project", "研發項目"))
    subject = Text(required=True, label=L("Subject", "名稱"))
    scope = LongText(label=L("Scope", "範圍"))
    lead = Ref("User", label=L("Team lead", "團隊負責人"))
    marketing = Ref("User", label=L("Reviewer of marketing", "市場評審人"))
    edition = Whole(computed=True, default=0, label=L("Released edition", "發佈版次"))
    releases = Lines(Release, computed=True, label=L("Releases", "發佈版次"))

    def clean(self) -> None:
        if self.ref("lead") is None and isinstance(project := self.project, Project):
            self.put("lead", project.ref("leader"))

    def release_again(self, change: str = "") -> None:
        """Note one more edition, with how many items are valid in it."""
        count = in_unit("specification_item").count_documents({**_item(self.id), "state": "valid"})
        self.edition = (self.edition or 0) + 1
        line = Release(edition=self.edition, at=clock.now(), items=count, change=change)
        self.releases = [*(self.releases or ()), line]

    def on_release(self, _actions: MoveActions) -> None:
        self.release_again()


class ItemEdition(Line):
    """An item as it was in an edition that is no longer in force."""

    edition = Whole(label=L("Edition", "版次"))
    until = Whole(label=L("Up to release", "至發佈版次"))
    name = Text(label=L("Item", "條目"))
    kind = Choice(KINDS, label=L("Kind", "類別"))
    text = LongText(label=L("Text", "內容"))
    priority = Choice(PRIORITIES, label=L("Priority", "優先級"))
    criterion = LongText(label=L("Acceptance criterion", "驗收標準"))
    change = Text(label=L("Changed by", "變更依據"))


KEPT = ("name", "kind", "text", "priority", "criterion")


ITEM_FLOW = Workflow(
    "valid",
    (Move("drop", "valid", "withdrawn", by=NOBODY, label=L("Withdraw", "撤回")),),
    edit="valid",
    ends="withdrawn",
    facts=(State("valid", L("Valid", "有效"), tone="good"), State("withdrawn", L("Withdrawn", "已撤回"))),
)


@record(
    label=L("Specification item", "規格條目"),
    plural=L("Specification items", "規格條目"),
    chapter=DEVELOPMENT,
    clause="2.3.2",
    upstream="specification source",
    number="SPI-{yyyy}-{seq:5}",
    title="{number} {name}",
    grid=Grid("number ident name specification kind priority edition state", search="name ident"),
    form=(
        Part(
            L("Item", "規格條目"),
            "specification project ident name kind priority text criterion source",
            clause="2.3.2",
            help=L(
                "Its number is never used again. Say by what it is seen that the item is met.",
                "條目編號不重複使用。驗收標準須寫明如何判定已滿足。",
            ),
        ),
        Part(L("Editions", "版次"), "edition added_in withdrawn_in past"),
    ),
    belongs_to="specification",
    open_while="draft",
    in_menu=True,
    unique=(Unique("specification ident", knows=True),),
    editions=Editions("name kind text priority criterion state", editorial="editorial"),
    workflow=ITEM_FLOW,
    analyses=(Chart("kind"), Chart("priority")),
)
class SpecificationItem(Record):
    """One thing that a product must do (2.3.2); what is withdrawn stays."""

    specification = Ref("Specification", required=True, fixed=True, label=L("Specification", "規格說明書"))
    project = Ref("Project", computed=True, label=L("Project", "研發項目"))
    ident = Text(most=120, fixed=True, label=L("Identifier elsewhere", "外部標識"))
    name = Text(required=True, label=L("Item", "條目"))
    kind = Choice(KINDS, required=True, default="function", label=L("Kind", "類別"))
    priority = Choice(PRIORITIES, required=True, default="must", ordered=True, label=L("Priority", "優先級"))
    text = LongText(required=True, label=L("Text", "內容"))
    criterion = LongText(required=True, label=L("Acceptance criterion", "驗收標準"))
    source = Ref("Requirement", label=L("Need", "來源需求"))
    edition = Whole(computed=True, label=L("Edition", "版次"))
    added_in = Whole(computed=True, label=L("Added in release", "新增於發佈版次"))
    withdrawn_in = Whole(computed=True, label=L("Withdrawn in release", "撤回於發佈版次"))
    editorial = Flag(internal=True, default=False, label=L("Editorial change", "文字性修改"))
    past = Lines(ItemEdition, computed=True, label=L("Former editions", "歷次版本"))

    def clean(self) -> None:
        if self.added_in is None and isinstance(parent := self.specification, Specification):
            self.put("project", parent.ref("project"))
            self.added_in = (parent.edition or 0) + 1

    def check(self) -> Iterator[tuple[str, Words]]:
        if not self.version and self.ref("specification"):
            count = in_unit(self.type_name()).count_documents(_item(self.ref("specification")), limit=ITEMS_MAX)
            if count >= ITEMS_MAX:
                yield "specification", TOO_MANY_ITEMS(most=ITEMS_MAX)


def past_of(item: SpecificationItem, release: int, change: str) -> ItemEdition:
    """The item as it is before a change in a release."""
    return ItemEdition(
        edition=item.edition, until=release - 1, change=change, **{name: item.raw(name) for name in KEPT}
    )


def as_released(row: Mapping[str, Any], release: int) -> Mapping[str, Any] | None:
    """A stored item as it was in a release of its specification; None where it was not in it."""
    if (row.get("added_in") or 1) > release or (row.get("withdrawn_in") or release + 1) <= release:
        return None
    lines = sorted(row.get("past") or (), key=lambda line: line["until"])
    return next((line for line in lines if line["until"] >= release), row)


def changed_between(old: int, new: int) -> dict[str, Any]:
    """The query of the items that may differ between two releases, the older one first."""
    since, until = {"$gt": old, "$lte": new}, {"$gte": old, "$lt": new}
    lines = {"past": {"$elemMatch": {"until": until}}}
    return {"removed_at": None, "$or": [{"added_in": since}, {"withdrawn_in": since}, lines]}


def between(rows: list[Mapping[str, Any]], old: int, new: int) -> list[tuple[Mapping[str, Any], Any, Any]]:
    """The items that differ between two releases, each as it was in the one and in the other (None: not in it)."""
    result = []
    for row in rows:
        a, b = as_released(row, old), as_released(row, new)
        if (a and {name: a.get(name) for name in KEPT}) != (b and {name: b.get(name) for name in KEPT}):
            result.append((row, a, b))
    return result
