"""Causes are stored: their strings stay as those of older databases, so that an upgrade tells nothing twice."""

import datetime as dt

import pytest
from bson import ObjectId

from models.kernel.gate import causes
from models.kernel.gate.causes import parsed

ID = ObjectId("65a1b2c3d4e5f60718293a4b")
DAY = dt.date(2025, 6, 13)
DUE = dt.datetime(2025, 6, 13, 9, 30, tzinfo=dt.UTC)
STORED = {
    f"remind:sales_order:{ID}:milestones.due@ab12cd34ef56.2:2025-06-13:-4": causes.LineDateCause(
        "sales_order", ID, "milestones.due", "ab12cd34ef56.2", DAY, -4
    ),
    f"quotation:{ID}:4:decision": causes.VersionCause("quotation", ID, 4, "decision"),
    f"loan:{ID}:3:loan": causes.VersionCause("loan", ID, 3, "loan"),
    f"comment:{ID}:7": causes.CommentCause(ID, 7),
    f"remind:quotation:{ID}:valid_until:2025-06-13:3": causes.DateCause("quotation", ID, "valid_until", DAY, 3),
    f"remind:reminder:{ID}:at:2025-06-13T09.30.00Z:0": causes.OwnReminderCause.at(ID, DUE),
    f"loan:{ID}:overdue:2025-06-13:head:2": causes.OverdueLoanCause(ID, DAY, "head", 2),
    f"receivable:{ID}:dunning:1": causes.StepCause("receivable", ID, "dunning", "1"),
    f"escalate:contract:{ID}:submitted:2025-06-13T09:30:00+00:00:superior": causes.EscalationCause(
        "contract", ID, "submitted", DUE, "superior"
    ),
    f"outside:ticket:{ID}:7:solve:ab12": causes.OutsideCause("ticket", ID, 7, "solve", "ab12"),
    f"unreached:receivable:{ID}:dunning:1": causes.UnreachedCause(f"receivable:{ID}:dunning:1"),
    f"task_run:{ID}:not_taken:2025-06-13T09:30:00.123000+00:00": causes.RunCause(
        ID, "not_taken", DUE.replace(microsecond=123000)
    ),
    f"schedule:{ID}:damaged:2025-06-13": causes.ScheduleCause(ID, DAY),
    f"backup_policy:{ID}:Backup “{{policy}}”: late:2025-06-13": causes.BackupCause(
        ID, "Backup “{policy}”: late:2025-06-13"
    ),
    "calendar:2026:2025-11": causes.CalendarCause(2026, "2025-11"),
    f"content:{ID}": causes.AlarmCause("content", str(ID)),
    "scanner:2025-06-13": causes.AlarmCause("scanner", "2025-06-13"),
    f"virus:{ID}": causes.AlarmCause("virus", str(ID)),
    "damaged:reminders.sweep:ab12:2025-06-13": causes.AlarmCause("damaged", "reminders.sweep:ab12:2025-06-13"),
}


@pytest.mark.parametrize("text", STORED)
def test_a_cause_is_written_and_read_as_it_always_was(text):
    assert str(STORED[text]) == text
    assert parsed(text) == STORED[text]


def test_every_class_of_causes_has_a_stored_example():
    assert {type(item) for item in STORED.values()} == set(causes._classes)


def test_the_time_of_an_own_reminder_is_read_back_to_the_second():
    assert parsed(f"remind:reminder:{ID}:at:2025-06-13T09.30.00Z:0").moment == DUE


@pytest.mark.parametrize("text", ["", "x", "remind", f"loan {ID}"])
def test_what_no_class_writes_is_no_cause(text):
    assert parsed(text) is None
