"""What the tests of delivery do: write notices, deliver them later, take the server away."""

import datetime as dt
import socket
from functools import partial

from bson import ObjectId

from models.kernel.base import clock
from models.kernel.base.words import L
from models.kernel.gate.notices import About, notice_for
from models.kernel.gate.unit import in_transaction
from models.mailing import MailSettings, set_post_office
from tests.fixtures.doing import sweep_on

make_dunning = partial(sweep_on, "moves.timed")
mark_overdue = partial(sweep_on, "mark_overdue")
NOW = dt.datetime(2025, 6, 2, 2, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def say(person, cause="alarm:1", kind="alarm", text="The disk is nearly full.", about=None):
    words, record = L(text, f"{text}（中文）"), about or About("task_run", ObjectId())
    notice = notice_for(person, cause=cause, kind=kind, words=words, record=record)
    in_transaction(lambda unit: unit.notify(notice))


def later(moment=HOUR):
    return clock.set_to(clock.now() + moment)


def states(db):
    return sorted(row["state"] for row in db["delivery"].find())


def down():
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    set_post_office(MailSettings(host="127.0.0.1", security="none", port=port, sender="guicheng@example.com"))
