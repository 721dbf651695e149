"""Killed at any write of it, a meeting is called with all its invitations or not at all, and a decision is one task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mongoengine.connection import get_db

from models.kernel.gate import changes
from models.meetings.lines import MeetingDecision, MinuteLine
from models.meetings.meetings import Meeting
from tests.fixtures.doing import Killed, do
from tests.fixtures.http import COMMANDS
from tests.meetings.conftest import OUTSIDER, SEEN, WHEN, attending, change, invited, step
from tests.meetings.test_minutes import DUE

WRITES = ("insert", "update", "findAndModify", "bulkWrite", "commitTransaction")
MOST = 200


def cut_off_at_each_write(act: Callable[[], Any], seen: Callable[[], Any]) -> int:
    """Let the process end at its first write, at its second, and so on, until it comes through: each time before
    nothing is to be seen of it. How often it ended."""
    before = seen()
    for at in range(1, MOST):
        count = 0

        def kill(command: Mapping[str, Any]) -> None:
            nonlocal count
            count += next(iter(command)) in WRITES
            if count == at:  # noqa: B023
                COMMANDS.listeners.clear()
                raise Killed

        COMMANDS.listeners.append(kill)
        try:
            act()
        except Killed:
            assert seen() == before, f"half of it stands after write {at}"
            continue
        finally:
            COMMANDS.listeners.clear()
        return at - 1
    raise AssertionError("It never came through.")


def counted() -> tuple[int, ...]:
    names = ("meeting", "attendance", "task", "history", "public_link")
    outside = get_db()["notice"].count_documents({"channel": "outside"})
    return (*(get_db()[name].count_documents({}) for name in names), outside)


def test_a_meeting_asks_everybody_once_or_nobody(people: Any, mailbox: Any, mail_box: Any) -> None:
    values = {"topic": "報價檢討", "starts": WHEN, **attending(people, "clerk_sal2", OUTSIDER)}

    def call() -> Meeting:
        return changes.create(Meeting, values, actor=people.actor("clerk_sal"), context=SEEN, once="form:1")

    assert cut_off_at_each_write(call, counted) > 5
    assert set(invited(call())) == {"clerk_sal", "clerk_sal2", OUTSIDER}
    do("notices.deliver")
    do("notices.deliver")
    assert sorted(message["To"] for message in mail_box.kept) == sorted({m["To"] for m in mail_box.kept})
    assert len(mail_box.kept) == 3


def test_decisions_become_tasks_and_guests_are_asked_or_nothing_is_circulated(
    meet: Any, people: Any, mail_box: Any
) -> None:
    meeting = step(people, meet("clerk_sal2", OUTSIDER), "begin")
    lines = [MeetingDecision(text=text, person=people.users["clerk_sal2"], due=DUE) for text in ("送樣", "報價")]
    change(people, meeting, minutes=[MinuteLine(text="一")], resolutions=lines)

    def seen() -> Any:
        fresh = people.fresh(meeting)
        return fresh.state, fresh.version, invited(fresh)[OUTSIDER].state, counted()

    assert cut_off_at_each_write(lambda: step(people, meeting, "circulate"), seen) > 5
    fresh = people.fresh(meeting)
    assert (fresh.state, invited(fresh)[OUTSIDER].state) == ("review", "reviewing")
    assert sorted(row["subject"] for row in get_db()["task"].find({})) == sorted(["送樣", "報價"])
    assert all(line.ref("task") for line in fresh.resolutions)
