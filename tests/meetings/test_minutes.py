"""Minutes (3.3.4): typed by several at once, confirmed or objected to, locked; decisions are one task each."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.errors import Changed, Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import speaking
from models.kernel.gate import changes
from models.kernel.rights import rights
from models.meetings.lines import AgendaItem, LinkedMatter, MeetingDecision, MinuteLine
from models.meetings.meetings import GOES_ON, MINUTES_MAX, Meeting, minutes_text
from models.services.files import files
from models.tasks import Task
from tests.fixtures.doing import do, work_off
from tests.fixtures.http import read_page
from tests.fixtures.papers import text_in
from tests.meetings.conftest import NOW, OUTSIDER, SEEN, WHEN, attending, change, invited, step

DUE = dt.date(2027, 3, 12)


@pytest.fixture
def held(meet: Any, people: Any) -> Meeting:
    """A meeting of clerk_sal, clerk_sal2 and clerk_mkt that has begun."""
    return step(people, meet("clerk_sal2", "clerk_mkt"), "begin")


@pytest.fixture
def circulated(held: Meeting, people: Any) -> Meeting:
    """Its minutes with two decisions, one of which somebody carries out."""
    lines = [MeetingDecision(text="送樣", person=people.users["clerk_mkt"], due=DUE), MeetingDecision(text="價格不變")]
    change(people, held, minutes=[MinuteLine(text="討論價格。")], resolutions=lines)
    return step(people, held, "circulate")


def tasks() -> list[Task]:
    return list(Task.objects().order_by("id"))


def confirm(company: Any, meeting: Meeting, login: str, view: str = "agree", reason: str = "") -> Meeting:
    return step(company, meeting, "confirm", login, values={"voices": {"view": view, "reason": reason}})


def test_two_who_write_two_lines_at_once_both_keep_theirs(held: Meeting, people: Any) -> None:
    first = change(people, held, minutes=[MinuteLine(text="一"), MinuteLine(text="二")])
    seen = people.fresh(first)
    for login, at, text in (("clerk_sal2", 0, "一改"), ("clerk_mkt", 1, "二改")):
        lines = [MinuteLine(key=line.key, text=line.text) for line in seen.minutes]
        lines[at].text = text
        changes.update(Meeting, seen.id, {"minutes": lines}, actor=people.actor(login), version=seen.version)
    assert [line.text for line in people.fresh(held).minutes] == ["一改", "二改"]


def test_the_same_line_written_by_two_is_shown_to_the_second(held: Meeting, people: Any) -> None:
    seen = change(people, held, minutes=[MinuteLine(text="一")])
    key = seen.minutes[0].key

    def write(login: str, text: str) -> None:
        lines = [MinuteLine(key=key, text=text)]
        changes.update(Meeting, seen.id, {"minutes": lines}, actor=people.actor(login), version=seen.version)

    write("clerk_sal2", "甲")
    with pytest.raises(Changed):
        write("clerk_mkt", "乙")
    assert [line.text for line in people.fresh(held).minutes] == ["甲"]


def test_attendees_write_the_minutes_and_nothing_else(held: Meeting, people: Any) -> None:
    change(people, held, "clerk_mkt", minutes=[MinuteLine(text="一")], topic="別的", starts=WHEN)
    assert (people.fresh(held).topic, people.fresh(held).minutes[0].text) == ("報價檢討", "一")


def test_a_decision_is_one_task_however_often_minutes_are_circulated(circulated: Meeting, people: Any) -> None:
    [task] = tasks()
    assert (task.subject, task.ref("assignee")) == ("送樣", people.users["clerk_mkt"])
    assert clock.aware(task.due) == dt.datetime(2027, 3, 12, 10, tzinfo=dt.UTC)  # the end of work
    assert task.about == f"meeting:{circulated.id}"
    assert people.fresh(circulated).resolutions[0].ref("task") == task.id
    step(people, circulated, "rectify")
    step(people, circulated, "circulate")
    confirm(people, circulated, "clerk_sal2")
    assert confirm(people, circulated, "clerk_mkt").state == "confirmed"
    assert [each.id for each in tasks()] == [task.id]


def test_a_corrected_decision_changes_its_task(circulated: Meeting, people: Any) -> None:
    [task] = tasks()
    step(people, circulated, "rectify")
    lines = people.fresh(circulated).resolutions
    lines[0].person, lines[0].due = people.users["clerk_sal2"], dt.date(2027, 3, 19)
    lines[1].person = people.users["clerk_mkt"]
    change(people, circulated, resolutions=lines)
    step(people, circulated, "circulate")
    moved, another = tasks()
    assert (moved.id, moved.ref("assignee")) == (task.id, people.users["clerk_sal2"])
    assert clock.aware(moved.due) == dt.datetime(2027, 3, 19, 10, tzinfo=dt.UTC)
    assert (another.subject, another.ref("assignee")) == ("價格不變", people.users["clerk_mkt"])


def test_what_somebody_has_set_in_the_task_stays_until_its_decision_changes(circulated: Meeting, people: Any) -> None:
    [task] = tasks()
    later = dt.datetime(2027, 4, 1, 10, tzinfo=dt.UTC)
    changes.update(Task, task.id, {"due": later}, actor=people.actor("clerk_mkt"), version=task.version)
    step(people, circulated, "rectify")
    change(people, circulated, minutes=[MinuteLine(text="更正錯字。")])
    step(people, circulated, "circulate")
    assert clock.aware(tasks()[0].due) == later


@pytest.mark.parametrize(("begun", "state"), [(False, "cancelled"), (True, "doing")])
def test_a_struck_decision_cancels_its_task_unless_it_is_begun(
    circulated: Meeting, people: Any, begun: bool, state: str
) -> None:
    [task] = tasks()
    if begun:
        step(people, task, "start", "clerk_mkt")
    step(people, circulated, "rectify")
    change(people, circulated, resolutions=people.fresh(circulated).resolutions[1:])
    step(people, circulated, "circulate")
    assert [each.state for each in tasks()] == [state]


def test_minutes_wait_for_each_attendee_and_are_locked_when_all_agree(circulated: Meeting, people: Any) -> None:
    case = get_db()["waiting"].find_one({"_id": circulated.id})
    assert sorted(case["decide"]) == sorted(f"user:{people.users[each]}" for each in ("clerk_sal2", "clerk_mkt"))
    with pytest.raises(Forbidden):
        confirm(people, circulated, "clerk_sal")  # who wrote them does not confirm them
    assert confirm(people, circulated, "clerk_sal2").state == "review"
    done = confirm(people, circulated, "clerk_mkt")
    assert done.state == "confirmed"
    with pytest.raises(Forbidden):
        change(people, done, minutes=[MinuteLine(text="事後更改")])
    work_off("papers.make")
    [file] = files.files_of(done.id)
    assert (file["kind"], file["name"].endswith(".pdf")) == ("minutes", True)


def test_an_objection_needs_a_reason_and_stands_in_the_minutes(circulated: Meeting, people: Any) -> None:
    with speaking("en"), pytest.raises(Refused) as refusal:
        confirm(people, circulated, "clerk_sal2", "object")
    assert "An objection needs its reason." in str(refusal.value.problems)
    confirm(people, circulated, "clerk_sal2", "object", "價格並未議定。")
    done = confirm(people, circulated, "clerk_mkt")
    [objection, _] = done.voices
    assert (objection.view, objection.reason, objection.ref("by")) == (
        "object",
        "價格並未議定。",
        people.users["clerk_sal2"],
    )
    assert objection.withdrawn_at is None
    work_off("papers.make")
    [file] = files.files_of(done.id)
    text = text_in(files.bucket().open_download_stream(file["content"]).read())
    assert "價格並未議定。" in text
    assert "送樣" in text


def test_after_three_working_days_silence_confirms_and_what_was_said_counts(circulated: Meeting, people: Any) -> None:
    confirm(people, circulated, "clerk_sal2", "object", "價格並未議定。")
    with clock.set_to(NOW + dt.timedelta(days=4)):
        do("moves.timed")
    done = people.fresh(circulated)
    assert (done.state, done.voices[0].withdrawn_at) == ("confirmed", None)


def test_rectified_minutes_are_confirmed_anew(circulated: Meeting, people: Any) -> None:
    confirm(people, circulated, "clerk_sal2", "object", "價格並未議定。")
    step(people, circulated, "rectify")
    again = step(people, circulated, "circulate")
    assert (len(again.voices), again.voices[0].withdrawn_at is not None) == (1, True)  # it stands, and counts no more
    confirm(people, circulated, "clerk_sal2")
    assert confirm(people, circulated, "clerk_mkt").state == "confirmed"


def test_who_was_absent_is_not_asked_and_is_told(held: Meeting, people: Any, db: Any) -> None:
    change(people, held, absent=[people.users["clerk_mkt"]], minutes=[MinuteLine(text="一")])
    circulated = step(people, held, "circulate")
    assert confirm(people, circulated, "clerk_sal2").state == "confirmed"
    assert db["notice"].count_documents({"person": people.users["clerk_mkt"], "kind": "result"}) == 1


def test_minutes_that_are_to_be_signed_are_not_circulated_without(held: Meeting, people: Any) -> None:
    changes.update(Meeting, held.id, {"to_sign": True}, actor=SYSTEM, version=None)
    change(people, held, minutes=[MinuteLine(text="一")])
    with speaking("en"), pytest.raises(Refused) as refusal:
        step(people, held, "circulate")
    assert "signed" in str(refusal.value.problems)
    change(people, held, signature={"how": "typed", "typed": "林曉梅"})
    assert step(people, held, "circulate").state == "review"


def test_open_decisions_lead_the_next_agenda_until_they_are_done(circulated: Meeting, people: Any, meet: Any) -> None:
    after = meet("clerk_mkt", starts=WHEN + dt.timedelta(days=7), agenda=[AgendaItem(text="新議題", length=20)])
    assert after.ref("follows") == circulated.id  # the same topic
    assert [item.text for item in after.agenda] == ["送樣", "新議題"]
    [task] = tasks()
    third = meet("clerk_mkt", starts=WHEN + dt.timedelta(days=14))
    assert [item.ref("task") for item in third.agenda] == [task.id]  # carried along over two meetings
    step(people, task, "finish", "clerk_mkt")
    assert [item.text for item in step(people, third, "begin").agenda] == []


def test_the_next_one_learns_what_was_decided_after_it_was_made(held: Meeting, people: Any, meet: Any) -> None:
    after = meet("clerk_mkt", starts=WHEN + dt.timedelta(days=7))
    assert after.agenda == []
    line = MeetingDecision(text="送樣", person=people.users["clerk_mkt"], due=DUE)
    change(people, held, minutes=[MinuteLine(text="一")], resolutions=[line])
    step(people, held, "circulate")
    confirm(people, held, "clerk_sal2")
    confirm(people, held, "clerk_mkt")
    assert [item.text for item in people.fresh(after).agenda] == ["送樣"]


def test_meetings_of_a_rhythm_are_made_ahead_each_with_its_own_identity(meet: Any, people: Any) -> None:
    first = meet("clerk_mkt", repeat="FREQ=WEEKLY;BYDAY=WE", agenda=[AgendaItem(text="進度", length=30)])
    do("moves.timed")
    second = Meeting.objects(follows=first.id).get()
    assert clock.aware(second.starts) == WHEN + dt.timedelta(days=7)
    assert (second.state, second.uid != first.uid, second.ref("follows")) == ("planned", True, first.id)
    assert [item.text for item in second.agenda] == ["進度"]
    assert set(second.refs("attendees")) == {people.users["clerk_sal"], people.users["clerk_mkt"]}
    do("moves.timed")
    assert Meeting.objects().count() == 2
    with clock.set_to(WHEN + dt.timedelta(days=30)):  # after an outage: none twice, none for what is long over
        do("moves.timed")
        do("moves.timed")
    assert Meeting.objects().count() == 3


def test_a_day_off_moves_one_meeting_and_not_the_series(meet: Any, people: Any) -> None:
    """The Wednesday after is a holiday: that meeting is on Thursday, the next on Wednesday again."""
    people.make("calendar_day", day=dt.date(2027, 3, 10), kind="off")
    meet("clerk_mkt", repeat="FREQ=WEEKLY;BYDAY=WE;X-DAYOFF=AFTER")
    do("moves.timed")
    with clock.set_to(WHEN + dt.timedelta(days=7)):
        do("moves.timed")
    days = [clock.aware(row.starts).astimezone(clock.zone()).date() for row in Meeting.objects().order_by("starts")]
    assert days == [dt.date(2027, 3, 3), dt.date(2027, 3, 11), dt.date(2027, 3, 17)]


def test_rights(meet: Any, people: Any, browser_as: Any) -> None:
    """Attendees and the department see a meeting; others do not, and a linked record that is hidden has no title."""
    quotation = people.make("quotation", "clerk_sal")
    meeting = meet("clerk_mkt", about=[LinkedMatter(record=f"quotation:{quotation.id}")])
    for login, sees in (
        ("clerk_sal", True), ("clerk_sal2", True), ("head_sal", True), ("clerk_mkt", True), ("management", True),
        ("head_mkt", False), ("clerk_prd", False), ("legal", False), ("it", False),
    ):  # fmt: skip
        person = people.actor(login)
        if sees:
            assert rights.find(person, Meeting, meeting.id)
        else:
            with pytest.raises(Missing):
                rights.find(person, Meeting, meeting.id)
    page = f"/admin/meeting/details/?id={meeting.id}"
    assert quotation.title in browser_as("clerk_sal").get(page).text
    hidden = browser_as("clerk_mkt").get(page).text
    assert quotation.number not in hidden
    assert quotation.title not in hidden


def clashes(company: Any, **values: Any) -> list[str]:
    given = {"topic": "另一個", "starts": WHEN, **attending(company, "clerk_mkt"), **values}
    with speaking("en"), pytest.raises(Refused) as refusal:
        changes.create(Meeting, given, actor=company.actor("head_sal"))
    assert changes.create(Meeting, given, actor=company.actor("head_sal"), context=SEEN)  # a warning, no refusal
    return [str(words) for words in refusal.value.problems.get("attendees", ())]


def test_who_is_in_another_meeting_is_said_without_its_topic(meet: Any, people: Any) -> None:
    meet("clerk_mkt", topic="機密")
    assert clashes(people, starts=WHEN + dt.timedelta(minutes=30)) == [
        "趙雨晴 is in another meeting from 03-03 10:00 to 03-03 11:00."
    ]


def test_who_has_declined_is_free(meet: Any, people: Any) -> None:
    step(people, invited(meet("clerk_mkt"))["clerk_mkt"], "decline", "clerk_mkt")
    given = {"topic": "另一個", "starts": WHEN, **attending(people, "clerk_mkt")}
    assert changes.create(Meeting, given, actor=people.actor("head_sal"))


def test_a_time_that_nobody_works_is_said(meet: Any, people: Any) -> None:
    evening = dt.datetime(2027, 3, 3, 12, tzinfo=dt.UTC)
    assert clashes(people, starts=evening) == [
        "The time lies outside the working time of 王建國.",
        "The time lies outside the working time of 趙雨晴.",
    ]
    saturday = dt.datetime(2027, 3, 6, 2, tzinfo=dt.UTC)
    assert clashes(people, starts=saturday)[1] == "趙雨晴 does not work on 2027-03-06."


def test_a_moved_time_is_looked_at_again_and_another_place_is_not(meet: Any, people: Any) -> None:
    meeting = people.fresh(meet("clerk_mkt"))
    actor = people.actor("clerk_sal")
    moved = changes.update(Meeting, meeting.id, {"place": "二樓"}, actor=actor, version=meeting.version)
    with pytest.raises(Refused):
        changes.update(Meeting, meeting.id, {"starts": WHEN + dt.timedelta(days=3)}, actor=actor, version=moved.version)


def test_guests_confirm_or_object_by_their_link(meet: Any, people: Any, mail_box: Any, app: Any) -> None:
    """On a page with the minutes, by a button alone; an objection needs its reason, stands in the minutes, is told to
    the organiser, and lapses with the minutes that it was of."""
    meeting = step(people, meet("clerk_sal2", OUTSIDER), "begin")
    lines = [MeetingDecision(text="送樣<b>", person=people.users["clerk_sal2"], due=DUE)]
    change(people, meeting, minutes=[MinuteLine(text="討論價格。")], resolutions=lines)
    step(people, meeting, "circulate")
    do("notices.deliver")
    mail = [each for each in mail_box.kept if each["To"] == OUTSIDER][-1]
    path = re.search(r"/p/attendance/at/[\w-]+", mail.get_body(("plain",)).get_content())[0]  # type: ignore[index]
    client = app.test_client()
    page = client.get(path).text
    assert "討論價格。" in page
    assert "送樣&lt;b&gt;" in page
    form = next(form for form in read_page(page).forms if "public-asked" in form)
    assert "answer" not in form, "whether they come is asked no more"
    own = invited(people.fresh(meeting))[OUTSIDER]
    assert (own.state, own.view) == ("reviewing", None)
    assert client.post(path, data={**form, "view": "object"}).status_code == 422
    assert client.post(path, data={**form, "view": "object", "objection": "價格未議定。"}).status_code == 200
    [voice] = people.fresh(meeting).guest_voices
    assert (voice.name, voice.view, voice.reason, voice.lapsed) == ("李先生", "object", "價格未議定。", None)
    notices = get_db()["notice"].find({"person": people.users["clerk_sal"], "record": meeting.id})
    assert any("價格未議定" in str(notice) for notice in notices)
    again = next(form for form in read_page(client.get(path).text).forms if "public-asked" in form)
    assert client.post(path, data={**again, "view": "agree", "objection": ""}).status_code == 200
    assert [each.view for each in people.fresh(meeting).guest_voices] == ["agree"]
    step(people, meeting, "rectify")
    step(people, meeting, "circulate")
    assert invited(people.fresh(meeting))[OUTSIDER].view is None
    assert [each.lapsed for each in people.fresh(meeting).guest_voices] == [True]
    with clock.set_to(NOW + dt.timedelta(days=5)):
        do("moves.timed")
    assert invited(people.fresh(meeting))[OUTSIDER].state == "over"
    assert client.post(path, data={**again, "view": "agree"}).status_code == 422
    assert people.fresh(meeting).state == "confirmed"


def test_minutes_too_long_for_a_guest_say_so_and_keep_the_decisions() -> None:
    meeting = Meeting(
        minutes=[MinuteLine(text="討論價格。" * 100) for _ in range(50)], resolutions=[MeetingDecision(text="送樣")]
    )
    text = minutes_text(meeting)
    assert len(text) <= MINUTES_MAX
    assert str(GOES_ON) in text
    assert text.endswith("1. 送樣")
    meeting.minutes = meeting.minutes[:1]
    assert str(GOES_ON) not in minutes_text(meeting)
