"""Drafts of new editions of documents (3.1.1), as records of their own (docs/decisions/007).

Only those who write the document see them. Approved, a draft gives its fields and files to the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..chapters import DOCUMENTS
from ..kernel.base.collections import ARCHIVED_AT
from ..kernel.base.people import Actor, actor_of
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    HEAD,
    OWNER,
    REASON,
    Access,
    Attached,
    Choice,
    Grid,
    L,
    LongText,
    Move,
    Part,
    Record,
    Ref,
    Retention,
    Text,
    Unique,
    Whole,
    Words,
    Workflow,
    record,
    workdays,
)
from ..kernel.rights import rights
from ..services.files import files
from .categories import CONFIDENTIALITY
from .documents import BY_DEPARTMENT, LEVELS, MAIN, Document, add_edition, opened_by, stricter

NOT_YOUR_DOCUMENT = L(
    "New editions are drafted by the department that the document belongs to.", "新版本須由文件所屬部門編制。"
)
OPENS_FORMER = L(
    "A new edition cannot be less strict, since the former ones would be opened with it. Register what others may read "
    "as a document of its own.",
    "新版本的密級不能低於現行版本，否則舊版本將一併開放。可供他人閱讀的內容請另行登記為文件。",
)
SUBMITTED_FILES = L(
    "The files of a submitted edition are locked. Take it back to change them.",
    "已提交版本的文件已鎖定。如需修改，請先撤回。",
)
VOID_NOW = L("The document is no longer in force; it gets no new edition.", "該文件已作廢，不能再編制新版本。")


def revision_opened_by(person: Actor) -> dict[str, Any] | None:
    """Drafts of new editions: as the stricter of the document's level and the one they propose; archived ones, whose
    level no longer follows the document's, by the records manager and management alone."""
    opened = opened_by(person, "level")
    return {"$and": [opened, {ARCHIVED_AT: None}]} if opened else opened


@record(
    label=L("New edition", "文件修訂"),
    plural=L("New editions", "文件修訂"),
    chapter=DOCUMENTS,
    clause="3.1.1",
    number="RV-{yyyy}-{seq:4}",
    title="{number} {subject}",
    grid=Grid("number document subject edition owner state", search="subject"),
    form=(
        Part(
            L("New edition", "新版本"),
            "document edition subject category confidentiality summary what_changed level",
            clause="3.1.1",
            help=L(
                "What is left empty stays as in the edition in force. That edition stays readable until this one is "
                "approved.",
                "留空的項目沿用現行版本。新版本批准前，現行版本繼續有效。",
            ),
        ),
    ),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", by=OWNER, require=("what_changed", Attached(MAIN))),
            Move("approve", "submitted", "approved", by=HEAD, within=workdays(3)),
            Move("return", "submitted", "draft", by=HEAD, ask=REASON),
            Move("cancel", "draft", "cancelled", by=OWNER, optional=True),
        ),
    ),
    access=Access(read=BY_DEPARTMENT, write=BY_DEPARTMENT, openable=revision_opened_by, guarded=True),
    files={MAIN: L("Document", "文件正文"), "annex": L("Annex", "附件")},
    retention=Retention(archive=365, delete=10),
    unique=(Unique("document", while_in="draft submitted"),),
    belongs_to="document",
    in_menu=True,
)
class Revision(Record):
    """The draft of a new edition of a document (3.1.1)."""

    document = Ref("Document", required=True, fixed=True, states={"approved"}, label=L("Document", "文件"))
    edition = Whole(computed=True, label=L("Edition", "版次"))
    subject = Text(label=L("Title", "標題"))
    category = Ref("Category", label=L("Category", "文件分類"))
    confidentiality = Choice(CONFIDENTIALITY, label=L("Confidentiality", "密級"))
    summary = LongText(most=4000, restricted=True, label=L("Summary", "摘要"))
    what_changed = LongText(most=2000, restricted=True, label=L("What changes", "修訂內容"))
    level = Choice(CONFIDENTIALITY, computed=True, label=L("Treated as", "按此密級管理"))

    def clean(self) -> None:
        document = self.document
        self.subject = self.subject or document.subject
        self.put("category", self.ref("category") or document.ref("category"))
        self.confidentiality = self.confidentiality or document.confidentiality
        self.summary = self.summary or document.summary
        self.level = stricter(document.confidentiality, self.confidentiality)
        if self.state in ("draft", "submitted", None):
            self.edition = document.edition + 1

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.document is None:
            return  # said already: the field is required
        if self.version == 0 and self.ref("owner") and not self._is_of_a_writer():
            yield "document", NOT_YOUR_DOCUMENT
        if self.state in ("draft", "submitted") and self.document.state == "void":
            yield "document", VOID_NOW
        if self.state in ("draft", "submitted") and self._is_less_strict():
            yield "confidentiality", OPENS_FORMER

    def _is_of_a_writer(self) -> bool:
        """Whoever may not open the document does not get at what is in it by revising it."""
        return rights.is_writer(actor_of(self.owner), Document, self.document)

    def _is_less_strict(self) -> bool:
        confidentiality = self.confidentiality
        return confidentiality in LEVELS and LEVELS.index(confidentiality) < LEVELS.index(self.document.confidentiality)

    def closed_to_files(self) -> Words | None:
        return None if self.state == "draft" else SUBMITTED_FILES

    def on_approve(self, actions: MoveActions) -> None:
        """Give the document its new edition; the former ones stay as they are, but are as strict as it is now."""
        values = {name: self.raw(name) for name in ("subject", "category", "confidentiality", "summary")}
        former = self.document.confidentiality
        add_edition(actions, self.document, values, files.files_of(self.id), self.what_changed or "")
        if former != self.confidentiality:
            for document in Revision.objects(document=self.ref("document"), id__ne=self.id, removed_at=None):
                actions.update(document, {"level": stricter(document.level, self.confidentiality)})
