"""Design documents (2.3.3): how specified items are built; each stands on the edition of the items that it answers."""

from __future__ import annotations

from ..chapters import DEVELOPMENT
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    OWNER,
    READ,
    REASON,
    WRITER,
    Access,
    Chart,
    Choice,
    Editions,
    Flag,
    Grid,
    L,
    LongText,
    Move,
    Part,
    Record,
    Ref,
    Refs,
    State,
    Text,
    Whole,
    Workflow,
    record,
    user_in,
    workdays,
)
from ..kernel.language.edition import STANDS_ON
from .projects import Project

KINDS = {
    "architecture": L("Architecture", "總體架構"),
    "module": L("Module", "模塊設計"),
    "database": L("Database", "數據庫設計"),
    "interface": L("Interface", "接口設計"),
}
LEAD = user_in("lead", L("Team lead", "團隊負責人"))


DESIGN_FLOW = Workflow(
    "draft",
    (
        Move("submit", "draft", "submitted", by=OWNER, require="lead body"),
        Move("approve", "submitted", "approved", by=LEAD, within=workdays(5)),
        Move("return", "submitted", "draft", by=LEAD, ask=REASON),
        Move("revise", "approved", "draft", by=WRITER, ask=REASON, optional=True, label=L("Revise", "修訂")),
        Move(
            "confirm_links",
            "approved",
            "approved",
            by=WRITER,
            when=lambda document: bool(document.suspect),
            optional=True,
            label=L("Confirm for the changed items", "確認仍適用於變更後條目"),
        ),
        Move("retire", "approved", "retired", by=LEAD, ask=REASON, optional=True, label=L("Retire", "停用")),
    ),
    ends="retired",
    facts=(State("retired", L("Retired", "停用")),),
)


@record(
    label=L("Design document", "設計文檔"),
    plural=L("Design documents", "設計文檔"),
    chapter=DEVELOPMENT,
    clause="2.3.3",
    upstream="items",
    number="DD-{yyyy}-{seq:4}",
    title="{subject}",
    grid=Grid("number subject project kind edition suspect owner state", search="subject"),
    form=(
        Part(
            L("Design document", "設計文檔"),
            "project subject kind lead items body edition suspect",
            clause="2.3.3",
            help=L(
                "Name the items that it answers. When one of them changes, the document is suspect until it is "
                "confirmed or revised.",
                "列出所對應的規格條目；條目變更後，本文檔須經確認或修訂。",
            ),
        ),
    ),
    belongs_to="project",
    in_menu=True,
    editions=Editions("subject kind body"),
    files={"document": L("Document", "文檔")},
    workflow=DESIGN_FLOW,
    access=Access(named={"lead": READ}),
    analyses=(Chart("kind"), Chart("suspect")),
)
class DesignDocument(Record):
    """How some items are built (2.3.3)."""

    project = Ref("Project", required=True, fixed=True, label=L("Project", "研發項目"))
    subject = Text(required=True, label=L("Subject", "名稱"))
    kind = Choice(KINDS, required=True, default="module", label=L("Kind", "類別"))
    lead = Ref("User", label=L("Team lead", "團隊負責人"))
    items = Refs("SpecificationItem", by_edition=True, label=L("Items answered", "對應規格條目"))
    body = LongText(label=L("Body", "正文"))
    edition = Whole(computed=True, label=L("Edition", "版次"))
    suspect = Flag(derived=True, label=L("An item has changed since", "條目已變更"))

    def clean(self) -> None:
        if self.ref("lead") is None and isinstance(project := self.project, Project):
            self.put("lead", project.ref("leader"))

    def on_confirm_links(self, _actions: MoveActions) -> None:
        """It holds for the items as they are now."""
        self.put(STANDS_ON, None)
