"""When a ticket may go back and on, and what others take over from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..kernel.base import clock

if TYPE_CHECKING:
    from .tickets import Ticket

CLOSE_DAYS, REOPEN_DAYS = 7, 30
ONE_DAY = dt.timedelta(days=1)


def may_reopen(ticket: Ticket) -> bool:
    """Within thirty days of the solution; later a new ticket is linked."""
    return ticket.solved_at is not None and clock.now() < ticket.solved_at + REOPEN_DAYS * ONE_DAY


def is_read(ticket: Ticket) -> bool:
    """Whether nothing that the customer has said waits to be read."""
    return not ticket.answer_unread


def may_unmerge(ticket: Ticket) -> bool:
    """Within a day."""
    return ticket.state_since is not None and clock.now() < ticket.state_since + ONE_DAY


def may_rejoin(ticket: Ticket) -> bool:
    """What was split off within the last day."""
    return ticket.ref("split_from") is not None and clock.now() < ticket.created_at + ONE_DAY


def article_of(ticket: Ticket) -> Mapping[str, Any]:
    """What an article takes over from a ticket."""
    return {
        "question": ticket.subject,
        "answer": ticket.solution or ticket.plan or ticket.description,
        "product": ticket.ref("product"),
        "ticket": ticket.id,
    }


def asked_of(ticket: Ticket) -> Mapping[str, Any] | None:
    """What the customer is asked about a solution; nothing where there is no address to ask."""
    if not ticket.mail:
        return None
    facts = {"matter": ticket.subject, "answer_by": ticket.closes_on, "owner": ticket.ref("assignee")}
    return {"ticket": ticket.id, "solution_no": (ticket.reopened or 0) + 1, **facts}
