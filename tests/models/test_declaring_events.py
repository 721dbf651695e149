"""Wrong declarations of what stands in calendars stop the start in one sentence."""

import re
from typing import Any

import pytest

from models.kernel.language.event import CalendarEvent
from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Choice, Flag, Mail, Moment, Ref, Text, Whole
from models.kernel.language.mail_in import MailIn
from models.kernel.language.outside import Tell
from models.kernel.language.public import Public
from models.kernel.language.who import HEAD, NOBODY
from models.kernel.language.workflow import Move
from tests.models.test_declaring import CLOSE, NAME, L, declared, flow, nothing_stays

__all__ = ["nothing_stays"]  # a fixture of every test here
ANSWERS = {"accepted": L("Yes", "是"), "declined": L("No", "否"), "tentative": L("Maybe", "待定")}
REPLY = Move("reply", "draft", "draft", by=NOBODY, ask="answer", label=NAME)
BACK = Move("decide", "closed", "draft", by=HEAD, optional=True, label=NAME)


def standing(more: dict[str, Any] | None = None, tell: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    link = {"required": True, "fixed": True, "label": NAME}
    own: dict[str, Any] = {name: Text(label=NAME) for name in ("uid", "note")}
    own |= {name: Moment(label=NAME) for name in ("begins", "ends")}
    own |= {"edition": Whole(label=NAME), "whole": Flag(label=NAME), "mail": Mail(label=NAME)}
    own |= {
        "answer": Choice(ANSWERS, label=NAME),
        "user": Ref("User", label=NAME),
        "parent": Ref("Requirement", **link),
    }
    given = {"uid": "uid", "sequence": "edition", "starts": "begins", "ends": "ends", "summary": "name", **options}
    event = CalendarEvent(**{"person": "user", "mail": "mail", "answer": "answer", **given})
    sent = Tell(**{"on": "close", "to": "mail", "subject": NAME, "body": NAME, "calendar": "REQUEST", **(tell or {})})
    base = {
        "fields": own,
        "belongs_to": "parent",
        "workflow": flow(CLOSE, REPLY, BACK),
        "event": event,
        "tells": (sent,),
    }
    return {**base, **(more or {})}


def replying(**options: Any) -> dict[str, Any]:
    mail = MailIn(answers_only=True, department="SAL", replies=True, **options)
    return standing({"mail_in": mail, "public": Public(token=True, asks="answer", by="reply")})


FAULTS: dict[str, dict[str, Any]] = {
    "mail has calendar=, but the type has no event=": standing({"event": None}),
    "event is 'x', which is no CalendarEvent(...)": standing({"event": "x"}),
    "event names a field 'far' that the type does not have": standing(place="far"),
    "event starts at 'name', which is no moment": standing(starts="name"),
    "event ends at 'day', which is no moment": standing(ends="day"),
    "event is in the calendar of 'name', which is no link to a user": standing(person="name"),
    "event takes whole days by 'name', which is no flag": standing(all_day="name"),
    "event is the part of one person in a record that it belongs to: say belongs_to=": standing(
        {"belongs_to": "", "workflow": flow(CLOSE)}
    ),
    "event is answered in 'name', which is no choice among accepted, declined, tentative": standing(answer="name"),
    "mail has calendar='PUBLISH': say REQUEST or CANCEL": standing(tell={"calendar": "PUBLISH"}),
    "mail with calendar= follows 'decide', which several people may decide one after the other": standing(
        tell={"on": "decide"}
    ),
    "mail_in fills 'note' of an answer, which the move 'reply' does not take": replying(note="note"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_right_stops_the_start(fault: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(f"Sample: {fault}.")):
        declared(**FAULTS[fault])


def test_one_that_is_right_starts() -> None:
    assert declared(**standing()).declared.event.facts is not None
    assert declared(**replying()).declared.mail_in.places == {}
