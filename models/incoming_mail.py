"""Every message that came in, and what became of it: a record, an addition to one, or nothing, and why."""

from __future__ import annotations

from bson import ObjectId

from . import refused_senders
from .chapters import SERVICE
from .kernel.base.errors import Missing
from .kernel.base.people import SYSTEM
from .kernel.base.store import in_unit
from .kernel.gate.changes import MoveActions
from .kernel.language import (
    Access,
    AnyRef,
    Choice,
    Grid,
    L,
    LocalizedText,
    LongText,
    Mail,
    Moment,
    Move,
    Part,
    Record,
    Retention,
    Sealed,
    State,
    Text,
    Workflow,
    record,
    writers_in,
)
from .kernel.language.declare import registered
from .kernel.language.kinds.any_links import kept_as, key_in
from .kernel.rights import rights
from .mail_entries import BY_MAIL, CONTEXT, MailParts, enter
from .operations.mailboxes import FedType
from .services.files import files

AUTOMATIC, BOUNCE, OWN, LARGE, FLOOD, UNREADABLE, NO_SENDER, NO_MATCH, REFUSED, MADE, ADDED, BY_HAND, SPAM = (
    "automatic", "bounce", "own", "large", "flood", "unreadable", "no_sender", "no_match", "refused", "made", "added",
    "by_hand", "spam",
)  # fmt: skip
OUTCOMES = {
    AUTOMATIC: L("Left out: sent by a program", "未受理：自動郵件"),
    BOUNCE: L("Left out: mail that came back", "未受理：退信"),
    OWN: L("Left out: our own mail", "未受理：本系統郵件"),
    LARGE: L("Left out: too large", "未受理：郵件過大"),
    FLOOD: L("Left out: too many in an hour", "未受理：一小時內過多"),
    UNREADABLE: L("Left out: cannot be read", "未受理：無法讀取"),
    NO_SENDER: L("Left out: no address to answer", "未受理：無可回覆地址"),
    NO_MATCH: L("Left out: answers nothing of ours", "未受理：並非答覆本系統郵件"),
    REFUSED: L("Left out: refused", "未受理：內容不符要求"),
    SPAM: L("Left out: spam", "未受理：垃圾郵件"),
    MADE: L("Made a record", "已建立記錄"),
    ADDED: L("Added to a record", "已追加到記錄"),
    BY_HAND: L("Made a record, by a person", "已人工建立記錄"),
}
TAKEN = frozenset({MADE, ADDED, BY_HAND})
ORIGINAL = "original"
LATEST_MAX = 20


def is_taken(mail: IncomingMail) -> bool:
    """Whether something was made of it."""
    return mail.outcome in TAKEN


def may_be_made(mail: IncomingMail) -> bool:
    """Whether a record can be made of it by hand: mail about its type is more than answers."""
    cls = registered().get(mail.feeds or "")
    return cls is not None and bool(cls.declared.mail_in) and not cls.declared.mail_in.answers_only


TAKE = Move("take", "left_out", "taken", auto=True, when=is_taken, label=L("Take in", "受理"))
MAKE = Move(
    "make",
    "left_out",
    "taken",
    by=writers_in("department"),
    require="sender",
    when=may_be_made,
    optional=True,
    label=L("Make a record of it", "據此建立記錄"),
)


NOT_WANTED = Move(
    "refuse_sender",
    "left_out taken",
    "refused",
    by=writers_in("department"),
    require="sender",
    optional=True,
    label=L("This is spam", "標為垃圾郵件"),
)
ACCEPT = Move(
    "accept_sender",
    "refused",
    "left_out",
    by=writers_in("department"),
    optional=True,
    label=L("Not spam: accept the sender again", "非垃圾郵件：恢復接收該發件人"),
)


@record(
    label=L("Incoming mail", "來信"),
    plural=L("Incoming mail", "來信"),
    chapter=SERVICE,
    clause="2.4.1",
    number="IM-{yyyy}{mm}-{seq:5}",
    title="{subject}",
    grid=Grid("number received_at subject outcome about feeds state", search="subject", sort="-received_at"),
    form=(
        Part(L("Message", "郵件"), "subject sender sender_name received_at body"),
        Part(L("What became of it", "處理結果"), "outcome about feeds mailbox remarks"),
    ),
    workflow=Workflow(
        "left_out",
        (TAKE, MAKE, NOT_WANTED, ACCEPT),
        ends="left_out taken",
        edit="",
        facts=(
            State("left_out", L("Left out", "未受理"), tone="neutral"),
            State("taken", L("Taken in", "已受理"), tone="good"),
            State("refused", L("Spam", "垃圾郵件"), tone="bad"),
        ),
    ),
    access=Access(write={}),
    happened="received_at",
    retention=Retention(after="received_at", archive=365, delete=10),
    files={ORIGINAL: L("The message as it came", "原始郵件")},
)
class IncomingMail(Record):
    """A message that was read from a mailbox; the message itself is attached as it came."""

    subject = Text(label=L("Subject", "主題"))
    sender = Sealed(Mail(), label=L("Sender", "發件人"))
    sender_name = Sealed(Text(most=200), label=L("Name of the sender", "發件人姓名"))
    received_at = Moment(required=True, label=L("Received at", "接收時間"))
    body = LongText(restricted=True, label=L("Text", "正文"))
    outcome = Choice(OUTCOMES, required=True, label=L("Outcome", "結果"))
    about = AnyRef(computed=True, holds=False, label=L("Record", "相關記錄"))
    feeds = FedType(required=True, label=L("Kind of record", "記錄類型"))
    mailbox = Text(label=L("Mailbox", "收信郵箱"))
    remarks = LocalizedText(label=L("Remarks", "說明"))
    message_id = Text(most=300, internal=True, label=L("Message-ID", "郵件標識"))
    place = Text(internal=True, label=L("Place", "位置"))

    def on_make(self, actions: MoveActions) -> None:
        """Enter it as it would have been, with the whole message as its file."""
        cls = registered().get(self.feeds or "")
        if cls is None or cls.declared.mail_in is None:
            raise Missing
        made = enter(cls, self.parts(), once=f"mail:hand:{self.id}")
        self.outcome, self.about = BY_HAND, f"{cls.type_name()}:{made.id}"
        if cls.declared.mail_in.files:
            for file in files.files_of(self.id):
                files.refer(file, made, actor=BY_MAIL, context=CONTEXT, kind=cls.declared.mail_in.files)

    def on_refuse_sender(self, actions: MoveActions) -> None:
        """No more mail of the sender is taken in; what this one has made goes to the bin, if it can be edited still."""
        refused_senders.refuse(self.sender, self.id)
        made = self._made()
        if made is not None and made.removed_at is None and rights.may_remove(SYSTEM, made):
            actions.remove(made)
        self.outcome = SPAM

    def on_accept_sender(self, actions: MoveActions) -> None:
        """Their mail is taken in again, and what went to the bin comes back."""
        refused_senders.accept(self.sender)
        made = self._made()
        if made is not None and made.removed_at is not None:
            made = actions.restore(made)
        self.outcome = MADE if made is not None else SPAM

    def _made(self) -> Record | None:
        """The record that was made of this message; None where it was added to one, or nothing was made."""
        key = key_in(self.about)
        cls = registered().get(key.type) if key else None
        row = in_unit(cls.type_name()).find_one({"_id": key.id}) if cls and key else None
        is_own = (row or {}).get("once", "").startswith("public:mail:")
        return cls.from_stored(row) if cls and row and is_own and self.outcome != ADDED else None

    def parts(self) -> MailParts:
        """The parts of the message, as they were kept."""
        return MailParts(
            subject=self.subject or "",
            body=self.body or "",
            sender=self.sender or "",
            name=self.sender_name or "",
            received=self.received_at or self.created_at,
        )


def last_id_from(address: str, type_name: str, id: ObjectId) -> str:
    """The Message-ID of the last message about a record that came from an address; empty where none did."""
    query = {"about": {"$in": kept_as(type_name, id)}, "outcome": {"$in": sorted(TAKEN)}}
    rows = IncomingMail._get_collection().find(query).sort("_id", -1).limit(LATEST_MAX)
    mails = (IncomingMail.from_stored(row) for row in rows)
    own = (mail.message_id for mail in mails if mail.message_id and is_from(mail, address))
    return next(own, "")


def is_from(mail: IncomingMail, address: str) -> bool:
    """Whether a message is from an address; one whose sender no key opens is from nobody."""
    try:
        return (mail.sender or "").casefold() == address.casefold()
    except ValueError:
        return False
