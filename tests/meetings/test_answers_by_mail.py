"""Answers to invitations (3.3.4): by calendar programs, by plain mail, on the page of the link, and by a click."""

from __future__ import annotations

import datetime as dt
import re
from email.message import EmailMessage
from typing import Any

import pytest
from mongoengine.connection import get_db

from models.kernel.base.people import SYSTEM
from models.kernel.base.words import speaking
from models.kernel.gate import changes
from models.meetings.attendance import Attendance
from models.operations.mailboxes import Mailbox
from tests.fixtures.http import read_page
from tests.meetings.conftest import OUTSIDER, WHEN, attending, calendar_part, came, change, invited, posted, reply, step


@pytest.fixture
def calendar(meet: Any, mailbox: Any, mail_box: Any) -> Any:
    """The invitation of somebody outside, as it arrived."""
    meet("clerk_sal2", OUTSIDER)
    return dict(posted(mail_box))[OUTSIDER]


def own() -> Attendance:
    return next(row for row in Attendance.objects.order_by("-id") if row.mail == OUTSIDER)


def why(taken: Any) -> str:
    return str(taken.mail.remarks["en"])


@pytest.mark.parametrize("answer", ["ACCEPTED", "DECLINED", "TENTATIVE"])
def test_the_answer_of_a_calendar_program_stands_on_the_list(calendar: Any, answer: str) -> None:
    taken = came(reply(calendar, answer, text="晚到十分鐘"))
    assert (taken.mail.outcome, taken.mail.about) == ("added", f"attendance:{own().id}")
    assert (own().state, own().answer, own().note) == ("answered", answer.lower(), "晚到十分鐘")
    entry = get_db()["history"].find_one({"record": own().id, "verb": "answer"})
    assert entry["door"] == "mail"


def test_an_answer_that_a_program_sends_at_a_click_counts(calendar: Any) -> None:
    message = reply(calendar)
    message["Auto-Submitted"] = "auto-generated"
    assert came(message).mail.outcome == "added"


def test_the_same_answer_twice_counts_once(calendar: Any) -> None:
    message = reply(calendar)
    assert not came(message).is_double
    assert came(message).is_double
    assert get_db()["history"].count_documents({"record": own().id, "verb": "answer"}) == 1


def test_an_answer_to_an_earlier_time_does_not_count(calendar: Any, people: Any) -> None:
    meeting = own().meeting
    change(people, meeting, starts=WHEN + dt.timedelta(days=1))
    taken = came(reply(calendar))
    assert (taken.mail.outcome, own().state) == ("refused", "asked")
    assert why(taken) == "It answers an earlier time of the meeting, which was changed since."
    assert came(reply(calendar, sequence=1)).mail.outcome == "added"


def test_an_answer_that_was_overtaken_does_not_count(calendar: Any) -> None:
    assert came(reply(calendar, "DECLINED", stamp="20270301T005900Z")).mail.outcome == "added"
    late = came(reply(calendar, "ACCEPTED", stamp="20270301T005800Z"))
    assert (late.mail.outcome, why(late), own().answer) == ("refused", "A later answer is there already.", "declined")


def test_an_answer_from_an_address_that_was_not_invited_does_not_count(calendar: Any) -> None:
    """Somebody to whom the invitation was forwarded answers, with the right key."""
    taken = came(reply(calendar, sender="stranger@else.example"))
    assert (taken.mail.outcome, why(taken), own().state) == (
        "refused",
        "It comes from an address that was not invited.",
        "asked",
    )


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"to": "meet@example.com"}, "It lacks the key of the invitation"),
        ({"to": f"meet+{'0' * 32}@example.com"}, "It lacks the key of the invitation"),
        ({"uid": "0" * 24 + "-" + "0" * 32 + "@guicheng"}, "It answers an invitation that is not ours"),
        ({"uid": "nothing"}, "It answers an invitation that is not ours"),
        ({"answer": "DELEGATED"}, "It says neither yes nor no"),
    ],
    ids=["no_key", "wrong_key", "guessed_uid", "no_uid", "delegated"],
)
def test_a_forged_answer_does_not_count(calendar: Any, parts: dict[str, str], said: str) -> None:
    taken = came(reply(calendar, **parts))
    assert (taken.mail.outcome, own().state) == ("refused", "asked")
    assert why(taken).startswith(said)


def test_without_addresses_with_a_plus_sender_and_identity_count(meet: Any, mailbox: Any, mail_box: Any) -> None:
    changes.update(Mailbox, mailbox.id, {"has_plus": False}, actor=SYSTEM, version=None)
    meet(OUTSIDER)
    calendar = dict(posted(mail_box))[OUTSIDER]
    assert calendar.vevent.organizer.value == "mailto:meet@example.com"
    forged = reply(calendar, sender="stranger@else.example", attendee=OUTSIDER)
    assert (came(forged).mail.outcome, own().state) == ("refused", "asked")
    assert came(reply(calendar)).mail.outcome == "added"


def test_a_broken_calendar_part_breaks_nothing(calendar: Any) -> None:
    for text in ("BEGIN:VCALENDAR", "METHOD:REPLY", "\x00", "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nSEQUENCE:x"):
        message = reply(calendar)
        calendar_part(message).set_content(text.encode(), maintype="text", subtype="calendar")
        assert came(message).mail.outcome in ("added", "no_match", "refused")
    assert own().state == "asked"


def test_an_answer_in_words_alone_is_told_to_the_organiser(calendar: Any, people: Any, db: Any) -> None:
    message = EmailMessage()
    message["From"], message["To"] = OUTSIDER, calendar.vevent.organizer.value.removeprefix("mailto:")
    message["Subject"], message["Message-ID"] = "Re: 會議邀請", "<words@client.example>"
    message.set_content("我會參加，謝謝。")
    assert came(message).mail.outcome == "added"
    assert (own().state, own().answer) == ("asked", None)  # words are not guessed at
    [notice] = db["notice"].find({"kind": "comment", "record": own().id})
    assert notice["person"] == people.users["clerk_sal"]
    assert "我會參加" in notice["text"]["zh-Hant"]


def test_what_answers_nothing_is_left_for_a_person(calendar: Any, people: Any) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "advert@else.example", "meet@example.com"
    message["Subject"], message["Message-ID"] = "Cheap meetings", "<ad@else.example>"
    message.set_content("Buy.")
    taken = came(message)
    assert (taken.mail.outcome, taken.mail.ref("department")) == ("no_match", people.department("MGT"))


def test_the_page_of_the_link_answers_by_a_button_alone(meet: Any, mailbox: Any, mail_box: Any, app: Any) -> None:
    meet(OUTSIDER, place="三樓")
    posted(mail_box)
    text = next(m for m in mail_box.kept if m["To"] == OUTSIDER).get_body(("plain",)).get_content()
    path = re.search(r"/p/attendance/at/[\w-]+", text)[0]
    client = app.test_client()
    page = client.get(path)
    assert "報價檢討" in page.text
    assert own().state == "asked"  # a scanner of mail opens links
    form = next(form for form in read_page(page.text).forms if "public-asked" in form)
    answer = client.post(path, data={**form, "answer": "accepted"})
    assert answer.status_code == 200, answer.text
    assert (own().state, own().answer) == ("answered", "accepted")


def test_colleagues_answer_by_one_click_and_change_their_mind(meet: Any, people: Any) -> None:
    meeting = meet("clerk_sal2", "clerk_mkt")
    asked_one = invited(meeting)["clerk_mkt"]
    assert get_db()["waiting"].find_one({"_id": asked_one.id})["act"] == [f"user:{people.users['clerk_mkt']}"]
    step(people, asked_one, "accept", "clerk_mkt")
    step(people, asked_one, "decline", "clerk_mkt")
    assert invited(meeting)["clerk_mkt"].answer == "declined"
    assert get_db()["waiting"].find_one({"_id": asked_one.id, "act": {"$ne": []}}) is None
    with speaking("en"), pytest.raises(changes.Forbidden):
        step(people, invited(meeting)["clerk_sal2"], "accept", "clerk_mkt")


def test_the_answer_of_who_is_asked_no_more_does_not_count(calendar: Any, people: Any) -> None:
    change(people, own().meeting, **attending(people, "clerk_sal2"))
    taken = came(reply(calendar, sequence=1))
    assert (taken.mail.outcome, why(taken)) == ("refused", "The invitation can no longer be answered.")
