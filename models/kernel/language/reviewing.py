"""Data review (3.2.2): new and changed entries are marked until a second person has seen them."""

from __future__ import annotations

from typing import Any

from ..base.words import L
from .facts import DeclarationError
from .who import OWNER, Who
from .workflow import REASON, Move, State, Workflow

UNREVIEWED, REVIEWED, SENT_BACK = "unreviewed", "reviewed", "sent_back"
REVIEW = "review"
MARK = L("{title} (not reviewed)", "{title}（未審核）")


def review_flow(by: Who) -> Workflow:
    """The life of an entry that somebody reviews. Nobody is waited for while it is unreviewed: whoever may review finds
    it in the list and on the home page, and may take many at once. Each change by a person asks for it again."""
    return Workflow(
        UNREVIEWED,
        (
            Move(REVIEW, (UNREVIEWED, SENT_BACK), REVIEWED, by=by, optional=True, label=L("Review", "審核通過")),
            Move("send_back", UNREVIEWED, SENT_BACK, by=by, ask=REASON, optional=True, label=L("Send back", "退回")),
            Move("hand_in", SENT_BACK, UNREVIEWED, by=OWNER, ask=REASON, label=L("Hand in again", "重新提交")),
        ),
        ends=REVIEWED,
        edit=(UNREVIEWED, REVIEWED, SENT_BACK),
        facts=(
            State(UNREVIEWED, L("Not reviewed", "未審核"), tone="wait"),
            State(REVIEWED, L("Reviewed", "已審核"), tone="good"),
            State(SENT_BACK, L("Sent back", "已退回"), tone="bad"),
        ),
        withdraw=False,
        edited=UNREVIEWED,
        adopted=REVIEWED,
    )


def flow_of(workflow: Workflow | None, review: Who | None) -> Workflow | None:
    """The workflow of a type: its own, or that of data review. Raises DeclarationError where both are declared."""
    if review and workflow:
        raise DeclarationError("has a workflow of its own and a review; the workflow says who sees its records second")
    return review_flow(review) if review else workflow


def is_unreviewed(cls: Any, state: str | None) -> bool:
    """Whether a record of a type in this state is marked wherever it is shown."""
    return cls.declared.is_reviewed and state in (UNREVIEWED, SENT_BACK)


def counted(cls: Any) -> dict[str, Any]:
    """The filter of the records of a type that figures count: none that nobody has reviewed."""
    return {"state": {"$nin": [UNREVIEWED, SENT_BACK]}} if cls.declared.is_reviewed else {}
