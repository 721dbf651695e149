"""An attempt over a restart of the server, a change of summer time and a browser whose clock goes wrong; five thousand
questions of which some are wrong (5.2)."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from admin_app.app import create_app
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.services.files.child import gift
from models.training import attempts
from models.training.attempts import GRACE, QuizAttempt
from tests.fixtures.http import signed_in
from tests.training.conftest import Taking, taking

__all__ = ["taking"]
SPRING, AUTUMN = dt.datetime(2026, 3, 29, 0, 50, tzinfo=dt.UTC), dt.datetime(2026, 10, 25, 0, 50, tzinfo=dt.UTC)


def test_an_attempt_goes_on_after_a_restart_of_the_server(taking: Taking, app: Any, settings: Any) -> None:
    """Another process answers: what was saved is there, the time goes on, and the open page sends on."""
    quiz = taking.quiz("single", "true_false", minutes=30)
    attempt = attempts.begin(taking.company.actor("clerk_sal"), quiz.id)
    right = taking.right(attempt)
    address, first = f"/admin/taking/{attempt.id}/", signed_in(app, "clerk_sal")
    page = first.page(address)
    first_name, other = sorted(right)
    sent = {**page.form(address), first_name: right[first_name]}
    answer = first.post(address, sent, headers={"X-Requested-With": "XMLHttpRequest"})
    assert answer.status_code == 200
    later = clock.now() + dt.timedelta(minutes=10)
    with clock.set_to(later):
        again = signed_in(create_app(settings), "clerk_sal")
        text = again.get(address).text
        left = int(text.split('data-left="')[1].split('"')[0])
        assert 1180 <= left <= 1200
        assert f'value="{right[first_name]}" checked' in text
        form = again.page(address).form(address)
        assert (
            again.post(
                address, {**form, first_name: right[first_name], other: right[other], "go": "submit"}
            ).status_code
            == 303
        )
    assert taking.fresh(attempt).percent == 100


@pytest.mark.parametrize("begun", [SPRING, AUTUMN], ids=["an hour is left out", "an hour comes twice"])
def test_a_change_of_summer_time_takes_nothing_and_gives_nothing(
    taking: Taking, begun: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "zone", lambda: ZoneInfo("Europe/Berlin"))
    quiz = taking.quiz("single", minutes=30)
    with clock.set_to(begun):
        attempt = attempts.begin(taking.company.actor("clerk_sal"), quiz.id)
    assert attempt.ends_at - attempt.begun_at == dt.timedelta(minutes=30) + GRACE
    right = taking.right(attempt)["a-1"]
    with clock.set_to(begun + dt.timedelta(minutes=29)):
        assert not attempts.give(taking.company.actor("clerk_sal"), attempt, {"1": right})
    with clock.set_to(begun + dt.timedelta(minutes=31)):
        now = QuizAttempt.objects.get(id=attempt.id)
        done = changes.move(
            QuizAttempt, now.id, "time_up", actor=SYSTEM, version=None, context=Context(source=Source.RULE)
        )
    assert (done.state, done.percent) == ("graded", 100)


def test_five_thousand_questions_with_faults_are_read_each_at_its_line() -> None:
    texts = []
    for number in range(5000):
        wrong = number % 100 in (7, 42, 93)
        texts.append(f"::Q{number}:: 題目 {number} {{{'=甲 ~乙' if not wrong else '~%70%甲 ~%30%乙'}}}\n\n")
    _heads, *rows = gift.rows(io.BytesIO("".join(texts).encode()), "utf-8")
    refused = [line for line, cells in rows if cells[1].startswith("\x02")]
    assert (len(rows), len(refused)) == (5000, 150)
    assert refused[:3] == [15, 85, 187]  # two lines for each question, from one on
