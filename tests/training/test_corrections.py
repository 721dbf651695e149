"""A wrong key is corrected once: previewed, decided, carried out whatever is killed, told to those concerned (5.2)."""

from __future__ import annotations

import contextvars
import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.words import EN, speaking
from models.kernel.gate import changes
from models.training import attempts, correcting, corrections, courses
from models.training.attempts import QuizAttempt
from models.training.certificates import Certificate
from models.training.corrections import QuestionCorrection
from models.training.courses import Course, Enrolment, Lesson
from tests.fixtures.doing import work_off
from tests.training.conftest import Taking

WRONG, RIGHT = "* 甲\n乙\n丙", "甲\n* 乙\n丙"
CLERKS = ("clerk_sal", "clerk_log", "clerk_prd")


class Correcting(Taking):
    """A quiz of one question with a wrong key and others, taken by some people."""

    def open_quiz(self, *kinds: str, **facts: Any) -> Any:
        """The question with the wrong key, and one of each of these kinds."""
        wrong = self.question("single", options=WRONG, text="哪一項正確？")
        self.bank["wrong"] = wrong
        others = [self.question(kind).id for kind in kinds]
        values = {"name": "流程測試", "trainer": self.company.users["head_sal"], "questions": [wrong.id, *others]}
        hr = self.company.actor("hr")
        made = changes.create(catalogue["quiz"], {**values, **facts}, actor=hr)
        return changes.move(catalogue["quiz"], made.id, "publish", actor=hr, version=made.version)

    def take(self, quiz: Any, login: str, said: str, *, others: bool = True, hand_in: bool = True) -> Any:
        """An attempt that answers the wrong question so, and the rest right, or not at all."""
        me = self.company.actor(login)
        attempt = attempts.begin(me, quiz.id)
        typed: dict[str, Any] = {}
        for number, line in enumerate(attempt.drawn, 1):
            if line.ref("question") == self.bank["wrong"].id:
                typed[str(number)] = next(key for key, text in line.item().options.items() if text == said)
            elif others:
                typed[str(number)] = line.item().right
        assert not attempts.give(me, attempt, typed)
        return self.hand_in(attempt, login) if hand_in else self.fresh(attempt)

    def hand_in(self, attempt: Any, login: str) -> Any:
        now = self.fresh(attempt)
        return changes.move(QuizAttempt, now.id, "submit", actor=self.company.actor(login), version=now.version)

    def correction(self, policy: str = "new", login: str = "hr", **facts: Any) -> Any:
        values = {"question": self.bank["wrong"].id, "mistake": "答案標錯", "options": RIGHT, "policy": policy}
        return changes.create(QuestionCorrection, {**values, **facts}, actor=self.company.actor(login))

    def step(self, correction: Any, *verbs: str, login: str = "hr") -> Any:
        for verb in verbs:
            now = self.fresh(correction)
            me = self.company.actor(login)
            correction = changes.move(QuestionCorrection, now.id, verb, actor=me, version=now.version)
            if verb == "preview":
                work_off(corrections.COUNT)
        return self.fresh(correction)

    def carried_out(self, correction: Any) -> Any:
        self.step(correction, "preview", "decide")
        work_off(corrections.JOB)
        done = self.fresh(correction)
        assert done.state == "done"
        return done

    def notices(self, login: str) -> list[str]:
        rows = QuizAttempt._get_db()["notice"].find({"person": self.company.users[login], "type": "quiz_attempt"})
        return [row["text"]["en"] for row in rows]

    def course(self, quiz: Any, *logins: str) -> Any:
        """A course that ends with the quiz, of which these have done all lessons."""
        hr = self.company.actor("hr")
        values = {"name": "報價課程", "trainer": self.company.users["head_sal"], "quiz": quiz.id}
        made = changes.create(Course, values | {"lessons": [Lesson(title="第一課", text="內容")]}, actor=hr)
        course = changes.move(Course, made.id, "publish", actor=hr, version=made.version)
        for login in logins:
            joined = courses.join(self.company.actor(login), course)
            courses.done_with(self.company.actor(login), joined, course.lessons[0].key)
        return course


@pytest.fixture
def scene(company: Any) -> Correcting:
    return Correcting(company)


def place_of(attempt: Any, scene: Correcting) -> int:
    return next(n for n, line in enumerate(attempt.drawn) if line.ref("question") == scene.bank["wrong"].id)


def test_what_the_preview_says_is_what_is_done(scene: Correcting) -> None:
    """Who gave the right answer gets the marks, who gave the wrong one keeps them, and a certificate follows."""
    quiz = scene.open_quiz("true_false", pass_mark=60)
    scene.course(quiz, "clerk_sal", "clerk_log")
    wins, keeps = scene.take(quiz, "clerk_sal", "乙"), scene.take(quiz, "clerk_log", "甲")
    same = scene.take(quiz, "clerk_prd", "丙")
    assert [attempt.result for attempt in (wins, keeps, same)] == ["failed", "passed", "failed"]
    made = scene.step(scene.correction(), "preview")
    counts = {name: getattr(made, name) for name in ("attempts", "better", "worse", "kept", "newly_passed")}
    assert counts == {"attempts": 3, "better": 1, "worse": 0, "kept": 1, "newly_passed": 1}
    assert (made.certificates_new, made.certificates_lost, made.no_longer, made.waiting) == (1, 0, 0, 0)
    before = Certificate.objects.count()
    scene.step(made, "decide")
    work_off(corrections.JOB)
    made = scene.fresh(made)
    assert (made.state, made.changed, made.now_passed, made.now_failed) == ("done", 1, 1, 0)
    assert Certificate.objects.count() == before + made.certificates_new
    wins, keeps, same = (scene.fresh(attempt) for attempt in (wins, keeps, same))
    assert (wins.result, wins.points, wins.percent, wins.most) == ("passed", 2, 100, 2)
    assert (keeps.result, keeps.points) == ("passed", 2)
    note = wins.regrades[0]
    assert (note.percent_before, note.percent_after, note.result_before, note.result_after) == (
        50,
        100,
        "failed",
        "passed",
    )
    assert (note.marks_before, note.marks_after, note.place - 1) == (0, 1, place_of(wins, scene))
    assert (keeps.regrades[0].result_after, len(same.regrades)) == ("passed", 0)
    entry = QuizAttempt._get_db()["history"].find_one({"record": wins.id}, sort=[("seq", -1)])
    assert (entry["verb"], entry["door"], made.number in entry["reason"]) == ("update", "task", True)
    assert {change["field"] for change in entry["changes"]} >= {"drawn", "regrades", "percent", "result"}
    with speaking(EN):
        told_words = [scene.notices(login) for login in CLERKS]
    assert "50.0 %, Not passed → 100.0 %, Passed" in told_words[0][-1]
    assert "stands as it was: 100.0 %, Passed" in told_words[1][-1]
    assert not [text for text in told_words[2] if "corrected" in text]
    assert not [text for texts in told_words for text in texts if "甲" in text or "乙" in text]
    question = scene.fresh(scene.bank["wrong"])
    assert (question.options, question.state) == (RIGHT, "in_force")


@pytest.mark.parametrize(
    ("policy", "shares", "most"),
    [
        ("both", (100, 100, 50), 2),
        ("new", (100, 100, 50), 2),
        ("full", (100, 100, 100), 2),
        ("drop", (100, 100, 100), 1),
    ],
)
def test_each_policy(scene: Correcting, policy: str, shares: tuple[int, ...], most: int) -> None:
    quiz = scene.open_quiz("true_false")
    taken = [scene.take(quiz, *pair) for pair in zip(CLERKS, "乙甲丙", strict=True)]
    scene.carried_out(scene.correction(policy))
    taken = [scene.fresh(attempt) for attempt in taken]
    assert tuple(attempt.percent for attempt in taken) == shares
    assert taken[2].most == most


def test_only_human_resources_lets_somebody_lose_and_the_certificate_is_revoked_with_the_reason(
    scene: Correcting, browser_as: Any
) -> None:
    quiz = scene.open_quiz("true_false", shows_answers=True)
    scene.course(quiz, "clerk_log")
    taken = scene.take(quiz, "clerk_log", "甲")
    certificate = Certificate.objects.get(attempt=taken.id)
    with pytest.raises(Refused):
        scene.correction(may_lose=True)  # no reason is given
    made = scene.step(scene.correction(may_lose=True, why_lose="安全要求"), "preview")
    assert (made.worse, made.no_longer, made.certificates_lost) == (1, 1, 1)
    scene.step(made, "decide")
    work_off(corrections.JOB)
    taken, certificate = scene.fresh(taken), scene.fresh(certificate)
    assert (taken.result, taken.points, certificate.state) == ("failed", 1, "revoked")
    entry = QuizAttempt._get_db()["history"].find_one({"record": certificate.id, "verb": "revoke"})
    assert "安全要求" in entry["reason"]
    page = browser_as("clerk_log").get(f"/admin/taking/{taken.id}/").get_data(as_text=True)
    assert "100.0 %, 及格 → 50.0 %, 不及格" in page
    assert "安全要求" in page
    # the next correction finds that both were right: what was lost comes back, with another certificate
    scene.carried_out(scene.correction("full", edition=made.edition))
    assert scene.fresh(taken).result == "passed"
    assert [attempt.state for attempt in Certificate.objects(person=taken.ref("person"))] == ["revoked", "valid"]
    assert scene.fresh(Enrolment.objects.get()).ref("certificate") != certificate.id


def test_who_keeps_the_question_corrects_it_but_lets_nobody_lose(scene: Correcting) -> None:
    quiz = scene.open_quiz("true_false")
    scene.take(quiz, "clerk_log", "甲")
    question, hr = scene.fresh(scene.bank["wrong"]), scene.company.actor("hr")
    expert = {"expert": scene.company.users["head_sal"]}
    changes.update(type(question), question.id, expert, actor=hr, version=question.version)
    made = scene.correction(login="head_sal", may_lose=True, why_lose="理由")
    assert (made.may_lose, made.why_lose) == (False, None)
    made = scene.step(made, "preview", login="head_sal")
    now = scene.step(made, "revise", login="head_sal")
    risky = {"may_lose": True, "why_lose": "理由"}
    changes.update(QuestionCorrection, now.id, risky, actor=hr, version=now.version)
    now = scene.step(now, "preview", login="head_sal")
    with pytest.raises(Refused):
        scene.step(now, "decide", login="head_sal")
    assert scene.step(now, "decide").state == "running"


def test_a_preview_goes_on_where_it_was_and_one_that_was_given_up_says_nothing(
    scene: Correcting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correcting, "STEP", 1)
    quiz = scene.open_quiz("true_false")
    for pair in zip(CLERKS, "乙甲丙", strict=True):
        scene.take(quiz, *pair)
    made = scene.correction()
    hr = scene.company.actor("hr")
    chosen = changes.move(QuestionCorrection, made.id, "preview", actor=hr, version=made.version)
    state = correcting.count_on(chosen, {})
    again = correcting.count_on(chosen, state)  # killed there, it begins with what was saved
    assert (state["seen"], again["seen"], correcting.count_on(chosen, state)) == (1, 2, again)
    while state["after"]:
        state = correcting.count_on(chosen, state)
    now = changes.move(QuestionCorrection, chosen.id, "revise", actor=hr, version=chosen.version)
    correcting.counted(chosen, state)
    assert (scene.fresh(now).state, scene.fresh(now).attempts) == ("draft", None)
    now = scene.step(now, "preview")
    assert (now.state, now.attempts, now.better, now.kept) == ("previewed", 3, 1, 1)


def test_what_is_open_follows_when_it_is_handed_in(scene: Correcting) -> None:
    quiz = scene.open_quiz("true_false")
    attempt = scene.take(quiz, "clerk_sal", "乙", hand_in=False)
    made = scene.step(scene.correction(), "preview")
    assert (made.attempts, made.waiting) == (0, 1)
    scene.step(made, "decide")
    work_off(corrections.JOB)
    attempt = scene.hand_in(attempt, "clerk_sal")
    assert (attempt.points, attempt.result, len(attempt.regrades)) == (2, "passed", 1)


def test_one_after_the_other_and_a_killed_run_does_nothing_twice(
    scene: Correcting, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiz = scene.open_quiz("true_false")
    taken = [scene.take(quiz, *pair) for pair in zip(CLERKS, "乙乙丙", strict=True)]
    first, stale = scene.correction(), scene.correction("full")
    scene.step(stale, "preview")
    scene.step(first, "preview", "decide")
    with pytest.raises(Refused):
        scene.step(stale, "decide")  # another one is being carried out
    with clock.set_to(clock.now() + dt.timedelta(days=8)), pytest.raises(Refused) as refused:
        scene.step(stale, "decide")
    assert "7 days" in refused.value.sentence.in_locale("en")
    assert correcting.carry_out(scene.fresh(first), taken[0].id)  # and then it was killed
    assert not correcting.carry_out(scene.fresh(first), taken[0].id)
    work_off(corrections.JOB)
    assert [len(scene.fresh(attempt).regrades) for attempt in taken] == [1, 1, 0]
    assert len([text for text in scene.notices("clerk_sal") if "corrected" in text]) == 1
    with pytest.raises(Refused):
        scene.step(stale, "decide")  # the preview is of before
    scene.step(stale, "revise")
    edition = scene.fresh(first).edition
    assert scene.fresh(stale).edition == edition
    scene.carried_out(stale)
    assert [scene.fresh(attempt).percent for attempt in taken] == [100, 100, 100]


def test_what_is_being_handed_in_at_the_moment_of_the_decision_is_not_left_out(scene: Correcting) -> None:
    """The decision writes to what is open, so that of the two transactions one waits for the other."""
    quiz = scene.open_quiz("true_false")
    attempt = scene.take(quiz, "clerk_sal", "乙", hand_in=False)
    made = scene.step(scene.correction(), "preview")
    settled, decided = QuizAttempt._settle, list[Any]()

    def decide() -> None:
        scene.step(made, "decide")
        work_off(corrections.JOB)

    def at_the_same_moment(self: Any, actions: Any) -> None:
        settled(self, actions)
        if not decided:
            decided.append(outside(decide))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QuizAttempt, "_settle", at_the_same_moment)
        attempt = scene.hand_in(attempt, "clerk_sal")
    work_off(corrections.JOB)
    assert scene.fresh(attempt).percent == 100


def outside(body: Any) -> Any:
    """What a body gives that runs in another thread, beside the transaction that is under way here."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(contextvars.Context().run, body).result()


def test_who_sees_what(scene: Correcting, browser_as: Any) -> None:
    """Right answers and others' results reach nobody who may not have them: page, API, export, history, preview."""
    quiz = scene.open_quiz("true_false", shows_answers=False)
    taken = [scene.take(quiz, *pair) for pair in zip(CLERKS, "乙甲丙", strict=True)]
    question, hr = scene.fresh(scene.bank["wrong"]), scene.company.actor("hr")
    expert = {"expert": scene.company.users["head_mkt"]}
    changes.update(type(question), question.id, expert, actor=hr, version=question.version)
    made = scene.step(scene.correction(), "preview")
    pages = [
        f"/admin/question_correction/details/?id={made.id}",
        f"/admin/question_correction/history/?id={made.id}",
        f"/admin/corrections/?question={question.id}",
        f"/admin/corrections/{made.id}/",
    ]
    lists = ["/admin/question_correction/", "/admin/question_correction/export/csv/"]
    for login in (*CLERKS, "head_sal", "management", "supervisor", "it"):
        browser = browser_as(login)
        assert [browser.get(page).status_code for page in pages] == [404] * len(pages), login
        for page in lists:
            answer = browser.get(page)
            assert made.number not in answer.get_data(as_text=True), (login, page)
    keeps, sees_all = browser_as("head_mkt"), browser_as("hr")
    assert "* 乙" in keeps.get(pages[0]).get_data(as_text=True)
    begin = sees_all.get(pages[2]).get_data(as_text=True)
    assert f'value="{made.edition}"' in begin
    body = {"question": str(question.id), "edition": made.edition}
    assert browser_as("clerk_sal").post("/admin/corrections/begin/", body).status_code == 404
    place = keeps.post("/admin/corrections/begin/", body).headers["Location"]
    assert keeps.post("/admin/corrections/begin/", body).headers["Location"] == place  # sent twice, it is begun once
    form = keeps.page(place)
    assert "乙" in form.text
    draft = QuestionCorrection.objects.order_by("-id").first()
    with pytest.raises(Refused):  # neither the mistake nor how it counts is said
        scene.step(draft, "preview", login="head_mkt")
    shown = {browser: browser.get(pages[3]).get_data(as_text=True) for browser in (keeps, sees_all)}
    numbers = [attempt.number for attempt in taken]
    assert [number in shown[sees_all] for number in numbers] == [True, True, False]
    assert [number in shown[keeps] for number in numbers] == [False] * 3
    assert re.search(r"您無權查看的作答：\s*2<", shown[keeps])
    scene.step(made, "decide")
    work_off(corrections.JOB)
    assert [number in sees_all.get(pages[3]).get_data(as_text=True) for number in numbers] == [True, True, False]
    mine = browser_as("clerk_sal")
    for page in (
        f"/admin/taking/{taken[0].id}/",
        f"/admin/quiz_attempt/details/?id={taken[0].id}",
        f"/admin/quiz_attempt/history/?id={taken[0].id}",
        "/admin/quiz_attempt/export/csv/",
        f"/admin/quiz/details/?id={quiz.id}",
        "/admin/notices/",
        "/admin/",
    ):
        text = mine.get(page).get_data(as_text=True)
        assert not [word for word in ("* 乙", "答案標錯", *numbers[1:]) if word in text], page
    seen = sees_all.get(f"/admin/taking/{taken[2].id}/").get_data(as_text=True)  # whose result did not change
    assert re.search(r"正確答案</dt><dd>乙<", seen)
    assert not re.search(r"正確答案</dt><dd>甲<", seen)
    assert "0 → 1" in mine.get(f"/admin/taking/{taken[0].id}/").get_data(as_text=True)
    assert mine.get(f"/admin/taking/{taken[1].id}/").status_code == 404


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"options": WRONG}, "policy"),
        ({"options": "甲\n* 丁\n丙"}, "options"),
        ({"options": "甲\n乙\n丙"}, "options"),
        ({"edition": "0" * 32}, "edition"),
    ],
    ids=["nothing changes", "not on the paper", "nothing right", "no such edition"],
)
def test_a_correction_that_makes_no_sense_is_refused(scene: Correcting, facts: dict[str, Any], field: str) -> None:
    scene.open_quiz("true_false")
    with pytest.raises(Refused) as refused:
        scene.correction(**facts)
    assert field in refused.value.problems


def test_editions_have_number_date_and_author_and_say_what_differs(scene: Correcting, browser_as: Any) -> None:
    quiz = scene.open_quiz("true_false")
    scene.take(quiz, "clerk_sal", "甲")
    hr = scene.company.actor("hr")
    question = scene.fresh(scene.bank["wrong"])
    question = changes.update(type(question), question.id, {"category": "別類"}, actor=hr, version=question.version)
    values = {"text": "哪一項不正確？", "options": RIGHT}
    changes.update(type(question), question.id, values, actor=hr, version=question.version)
    scene.take(quiz, "clerk_log", "乙")
    text = browser_as("hr").get(f"/admin/corrections/?question={question.id}").text
    assert text.index("第 2 版") < text.index("第 1 版")  # the change of the category made none
    assert "第 3 版" not in text
    assert text.count(f"<dd>{hr.name}</dd>") == 2
    assert "哪一項<ins>不</ins>正確" in text
    assert "<del>甲</del>" in text
    assert "<ins>乙</ins>" in text
    first = QuizAttempt.objects.first()
    name = next(line.edition for line in first.drawn if line.ref("question") == question.id)
    assert not re.search(rf">\s*{name}", text)  # the name by which it is kept stands in no words
