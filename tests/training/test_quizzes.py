"""A quiz is taken by the server's clock, marked exactly, and tells nobody what is right before it is over (5.2)."""

from __future__ import annotations

import datetime as dt
import io
import random
import re
import zipfile
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import HANT, speaking
from models.kernel.gate import changes, rehearsal
from models.kernel.rights import rights
from models.training import attempts
from models.training.attempts import QuizAttempt
from models.training.drawn import DrawnQuestion, has_passed
from models.training.marking import right_words
from models.training.quizzes import DrawRule
from tests.fixtures.doing import do
from tests.training.conftest import QUESTIONS, SECRETS, Taking

NINE = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
JSON = {"X-Requested-With": "XMLHttpRequest"}


def minutes(count: float) -> dt.datetime:
    return NINE + dt.timedelta(minutes=count)


def begun(taking: Taking, quiz: Any, login: str = "clerk_sal") -> Any:
    return attempts.begin(taking.company.actor(login), quiz.id)


def given(taking: Taking, attempt: Any, typed: dict[str, Any], login: str = "clerk_sal") -> Any:
    problems = attempts.give(taking.company.actor(login), taking.fresh(attempt), typed)
    assert not problems
    return taking.fresh(attempt)


def handed_in(taking: Taking, attempt: Any, verb: str = "submit", login: str = "clerk_sal") -> Any:
    now = taking.fresh(attempt)
    return changes.move(QuizAttempt, now.id, verb, actor=taking.company.actor(login), version=now.version)


def text_of(answer: Any) -> str:
    """Everything that an answer says, that of a workbook too."""
    content = answer.get_data()
    if content[:2] != b"PK":
        return content.decode()
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())


def test_nothing_tells_what_is_right_before_it_is_handed_in(taking: Taking, browser_as: Any) -> None:
    quiz = taking.quiz(*QUESTIONS, shows_answers=True, minutes=30)
    browser = browser_as("clerk_sal")
    place = browser.post("/admin/taking/begin/", {"id": str(quiz.id)}).headers["Location"]
    attempt = QuizAttempt.objects.get()
    bank = next(iter(taking.bank.values()))
    edition = attempt.drawn[0].edition
    answers = [browser.get(place)]
    answers += [browser.post(place, {"a-1": "?", "held-1": "", "go": "save"}, headers=JSON)]
    answers += [
        browser.get(path)
        for path in (
            f"/admin/quiz_attempt/details/?id={attempt.id}",
            f"/admin/quiz_attempt/history/?id={attempt.id}",
            f"/admin/quiz_attempt/edit/?id={attempt.id}",
            "/admin/quiz_attempt/",
            "/admin/quiz_attempt/export/csv/",
            "/admin/quiz_attempt/export/xlsx/",
            f"/admin/quiz/details/?id={quiz.id}",
            f"/admin/quiz/history/?id={quiz.id}",
            "/admin/quiz/export/csv/",
            f"/admin/bank_question/details/?id={bank.id}",
            f"/admin/bank_question/history/?id={bank.id}",
            f"/admin/bank_question/edit/?id={bank.id}",
            "/admin/bank_question/",
            "/admin/bank_question/export/csv/",
            f"/admin/results/?type=quiz_attempt&id={attempt.id}&edition={edition}",
            "/admin/search/?q=題目",
            "/admin/palette/?q=題目",
            "/admin/",
            "/admin/day/",
            "/admin/notices/",
        )
    ]
    for answer in answers:
        assert answer.status_code in (200, 302, 303, 308, 403, 404, 422), answer.request.path
        text = text_of(answer)
        assert not [secret for secret in SECRETS if secret in text], answer.request.path
        assert "正確答案" not in text, answer.request.path
    page = answers[0].get_data(as_text=True)
    assert "題目 single" in page
    assert not re.search(r"right|correct|points=|\* 工單", page.replace("copyright", ""))
    for login in ("clerk_sal", "head_sal", "management", "supervisor", "it"):
        assert browser_as(login).get(f"/admin/bank_question/details/?id={bank.id}").status_code in (403, 404)


def test_a_rehearsal_marks_nothing(taking: Taking) -> None:
    attempt = begun(taking, taking.quiz("true_false"))
    attempt = given(taking, attempt, {"1": "yes"})
    me = taking.company.actor("clerk_sal")

    def body() -> Any:
        return changes.move(QuizAttempt, attempt.id, "submit", actor=me, version=attempt.version)

    would_be = rehearsal.rehearsed(body).result
    assert (would_be.state, would_be.result, would_be.points, would_be.drawn[0].worth) == ("graded", None, None, None)
    assert (handed_in(taking, attempt).result, rehearsal.is_rehearsing()) == ("passed", False)


def test_a_paper_with_every_kind_is_marked_and_what_is_right_is_shown_after(taking: Taking, browser_as: Any) -> None:
    quiz = taking.quiz(*QUESTIONS, shows_answers=True)
    browser = browser_as("clerk_sal")
    place = browser.post("/admin/taking/begin/", {"id": str(quiz.id)}).headers["Location"]
    attempt = QuizAttempt.objects.get()
    held = {f"held-{number}": "" for number in range(1, 7)}
    answer = browser.post(place, {**held, **taking.right(attempt), "go": "submit"})
    assert answer.status_code == 303
    attempt = taking.fresh(attempt)
    assert (attempt.state, attempt.result, attempt.points, attempt.percent) == ("graded", "passed", 6, 100)
    text = browser.get(place).get_data(as_text=True)
    assert not [secret for secret in SECRETS if secret not in text]
    with speaking(HANT):
        shown = [right_words(line.item()) for line in attempt.drawn]
    assert not [words for words in shown if words not in text.replace("&gt;", ">")]


def test_the_clock_of_the_server_decides(taking: Taking) -> None:
    quiz = taking.quiz("single", "true_false", minutes=10)
    with clock.set_to(NINE):
        attempt = begun(taking, quiz)
        right = {key.removeprefix("a-"): value for key, value in taking.right(attempt).items()}
    assert attempt.ends_at == minutes(10) + dt.timedelta(seconds=5)
    with clock.set_to(attempt.ends_at):  # the grace is for the last answer on its way
        given(taking, attempt, {"1": right["1"]})
    with clock.set_to(attempt.ends_at + dt.timedelta(seconds=1)), pytest.raises(Refused):
        given(taking, attempt, {"2": right["2"]})
    with clock.set_to(minutes(12)):
        do("moves.timed")
    attempt = taking.fresh(attempt)
    assert (attempt.state, attempt.points, attempt.result) == ("graded", 1, "failed")
    with pytest.raises(Refused):
        given(taking, attempt, {"2": right["2"]})


def test_extra_time_is_a_right_of_the_person(taking: Taking) -> None:
    quiz = taking.quiz("true_false", minutes=40)
    user = taking.company.user("clerk_sal")
    hr, clerk = taking.company.actor("hr"), taking.company.actor("clerk_sal")
    changes.update(type(user), user.id, {"extra_time": Decimal(25)}, actor=hr, version=user.version)
    with clock.set_to(NINE):
        attempt = begun(taking, quiz)
    assert attempt.ends_at == minutes(50) + dt.timedelta(seconds=5)
    assert "extra_time" not in rights.writable_fields(clerk, type(user), user)
    assert rights.writable_fields(hr, type(user), user) == {"extra_time"}


def test_one_attempt_is_open_and_the_last_saved_answer_wins(taking: Taking, browser_as: Any) -> None:
    quiz = taking.quiz("number", "true_false")
    first, second = browser_as("clerk_sal"), browser_as("clerk_sal", is_new=True)
    place = first.post("/admin/taking/begin/", {"id": str(quiz.id)}).headers["Location"]
    assert second.post("/admin/taking/begin/", {"id": str(quiz.id)}).headers["Location"] == place
    attempt = QuizAttempt.objects.get()
    number = next(n for n, line in enumerate(attempt.drawn, 1) if "number" in line.text)
    other = 3 - number
    first.post(place, {f"a-{number}": "1", f"held-{number}": ""}, headers=JSON)
    second.post(place, {f"a-{number}": "2", f"held-{number}": ""}, headers=JSON)
    # the first page knows only its own answer to that question, and leaves the newer one alone
    stale = {f"a-{number}": "1", f"held-{number}": '"1"', f"a-{other}": "yes", f"held-{other}": ""}
    first.post(place, {**stale, "go": "save"})
    held = [line.held() for line in taking.fresh(attempt).drawn]
    assert held[number - 1] == "2"
    assert held[other - 1] == "yes"
    entries = catalogue["quiz_attempt"]._get_db()["history"].find({"record": attempt.id, "verb": "update"})
    assert [entry["actor_name"] for entry in entries] == ["林曉梅"] * 3


def test_a_short_answer_waits_and_until_then_nobody_passes_or_fails(taking: Taking) -> None:
    quiz = taking.quiz("short", "true_false")
    attempt = begun(taking, quiz)
    number = next(n for n, line in enumerate(attempt.drawn, 1) if "short" in line.text)
    given(taking, attempt, {str(number): "我認為……", str(3 - number): "yes"})
    attempt = handed_in(taking, attempt, "hand_in")
    assert (attempt.state, attempt.result, attempt.points) == ("submitted", None, None)
    head = taking.company.actor("head_sal")
    with pytest.raises(Refused):
        changes.move(QuizAttempt, attempt.id, "mark", actor=head, version=attempt.version)
    lines = list(attempt.drawn)
    lines[number - 1].given = Decimal("1.01")
    with pytest.raises(Refused):
        changes.update(QuizAttempt, attempt.id, {"drawn": lines}, actor=head, version=attempt.version)
    lines[number - 1].given = Decimal("0.5")
    attempt = changes.update(QuizAttempt, attempt.id, {"drawn": lines}, actor=head, version=attempt.version)
    attempt = changes.move(QuizAttempt, attempt.id, "mark", actor=head, version=attempt.version)
    assert (attempt.state, attempt.result, attempt.points) == ("graded", "passed", Decimal("1.5"))


@pytest.mark.parametrize(
    ("points", "most", "mark", "passed"),
    [
        (Fraction(8995, 100), Fraction(100), "90", False),  # 89.95 is shown as 90 and is not 90
        (Fraction(90), Fraction(100), "90", True),
        (Fraction(2, 3), Fraction(1), "66.67", False),
        (Fraction(2, 3), Fraction(1), "66.66", True),
    ],
)
def test_passing_compares_exact_points(points: Fraction, most: Fraction, mark: str, passed: bool) -> None:
    assert has_passed(points, most, Decimal(mark)) is passed


def test_tries_and_the_time_between_them(taking: Taking) -> None:
    quiz = taking.quiz("true_false", tries=2, wait_hours=24)
    with clock.set_to(NINE):
        handed_in(taking, begun(taking, quiz))
    with clock.set_to(minutes(60 * 23)), pytest.raises(Refused):
        begun(taking, quiz)
    with clock.set_to(minutes(60 * 25)):
        attempt = begun(taking, quiz)
        assert attempt.tried == 2
        handed_in(taking, attempt)
    with clock.set_to(minutes(60 * 60)), pytest.raises(Refused):
        begun(taking, quiz)


def test_papers_are_drawn_by_category_and_difficulty_and_worth_the_same(taking: Taking) -> None:
    for n in range(6):
        taking.question("true_false", "安全", difficulty="hard" if n % 2 else "easy", text=f"安全 {n}")
    draws = [
        DrawRule(category="安全", difficulty="easy", count=2, points=Decimal(3)),
        DrawRule(category="安全", count=2, points=Decimal("1.5")),
    ]
    quiz = taking.quiz(questions=[], draws=draws)
    papers = [begun(taking, quiz, login) for login in ("clerk_sal", "clerk_mkt", "clerk_prd")]
    assert [paper.most for paper in papers] == [9, 9, 9]
    for paper in papers:
        assert len({line.ref("question") for line in paper.drawn}) == 4


def test_rules_that_draw_from_the_same_questions_leave_each_other_enough(taking: Taking, browser_as: Any) -> None:
    for n in range(5):
        taking.question("true_false", "安全", difficulty="easy" if n < 2 else "hard", text=f"安全 {n}")

    def drawing(*rules: tuple[str | None, int]) -> Any:
        draws = [DrawRule(category="安全", difficulty=level, count=n, points=Decimal(n)) for level, n in rules]
        return taking.quiz(questions=[], draws=draws)

    for rules in ([("hard", 4)], [("easy", 1), ("easy", 2)], [(None, 4), ("easy", 2)], [(None, 2), (None, 4)]):
        with pytest.raises(Refused):
            drawing(*rules)
    quiz = drawing((None, 3), ("easy", 2))  # the three are not to take the easy ones
    for n in range(8):
        picks = quiz.draw(random.Random(n))
        assert (len(picks), sum(pick.points for pick in picks)) == (5, 13)
    gone = taking.bank["true_false"]
    changes.move(type(gone), gone.id, "retire", actor=taking.company.actor("hr"), version=gone.version)
    with pytest.raises(Refused, match="4 of 5"):
        begun(taking, quiz)
    answer = browser_as("clerk_sal").post("/admin/taking/begin/", {"id": str(quiz.id)}, follow_redirects=True)
    assert "現有 4 題" in answer.get_data(as_text=True)
    assert not QuizAttempt.objects.count()


def test_a_long_chinese_answer_is_kept_and_what_cannot_be_kept_stays_in_the_page(
    taking: Taking, browser_as: Any
) -> None:
    quiz = taking.quiz("short", "number")
    browser = browser_as("clerk_sal")
    place = browser.post("/admin/taking/begin/", {"id": str(quiz.id)}).headers["Location"]
    attempt = QuizAttempt.objects.get()
    number = next(n for n, line in enumerate(attempt.drawn, 1) if "short" in line.text)
    long = "答\n" * 4999 + "完"  # line breaks are sent as two signs
    kept = browser.post(place, {f"a-{number}": long[:9000], f"held-{number}": ""}, headers=JSON)
    assert (kept.status_code, kept.json["problems"]) == (200, {})
    assert taking.fresh(attempt).drawn[number - 1].held() == long[:9000].strip()
    again = browser.post(place, {f"a-{number}": long[:9000], f"held-{number}": kept.json["held"][str(number)]})
    assert again.status_code == 303
    over = {f"a-{number}": "答" * 10_001, f"held-{number}": kept.json["held"][str(number)]}
    assert "10001" in browser.post(place, over, headers=JSON).json["problems"][str(number)]
    page = browser.post(place, {**over, "go": "submit"})
    assert page.status_code == 422
    assert "答" * 10_001 in page.get_data(as_text=True)
    assert taking.fresh(attempt).drawn[number - 1].held() == long[:9000].strip()


def test_what_the_gate_refuses_stands_beside_the_question(
    taking: Taking, browser_as: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiz = taking.quiz("short")
    browser = browser_as("clerk_sal")
    place = browser.post("/admin/taking/begin/", {"id": str(quiz.id)}).headers["Location"]
    monkeypatch.setattr(DrawnQuestion.answer, "most", 10)
    sent = {"a-1": "一二三四五六七八九十", "held-1": ""}
    assert browser.post(place, sent, headers=JSON).json["problems"]["1"]
    page = browser.post(place, {**sent, "go": "submit"})
    assert page.status_code == 422
    assert "一二三四五六七八九十" in page.get_data(as_text=True)
    assert QuizAttempt.objects.get().state == "open"


def test_an_attempt_keeps_its_questions_whatever_becomes_of_them(taking: Taking) -> None:
    quiz = taking.quiz("single")
    attempt = begun(taking, quiz)
    right = taking.right(attempt)["a-1"]
    bank = taking.fresh(taking.bank["single"])
    changes.update(
        type(bank),
        bank.id,
        {"text": "另一題", "options": "工單編號\n* 客戶電話\n今天日期"},
        actor=taking.company.actor("hr"),
        version=bank.version,
    )
    given(taking, attempt, {"1": right})
    attempt = handed_in(taking, attempt)
    assert (attempt.drawn[0].text, attempt.result) == ("題目 single", "passed")


def test_nobody_answers_for_another_or_afterwards(taking: Taking, browser_as: Any) -> None:
    quiz = taking.quiz("true_false")
    attempt = begun(taking, quiz)
    place = f"/admin/taking/{attempt.id}/"
    for login in ("clerk_sal2", "head_sal", "hr", "management", "it"):
        assert browser_as(login).get(place).status_code == 404
        assert browser_as(login).post(place, {"a-1": "yes", "held-1": ""}).status_code == 404
        with pytest.raises((Forbidden, Missing, Refused)):
            changes.move(QuizAttempt, attempt.id, "submit", actor=taking.company.actor(login), version=attempt.version)
    assert taking.fresh(attempt).drawn[0].answer is None
    assert not any(rights.may_create(taking.company.actor(login), QuizAttempt) for login in taking.company.logins)
    assert rights.find(SYSTEM, QuizAttempt, attempt.id).state == "open"
