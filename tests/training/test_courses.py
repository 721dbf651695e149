"""A course is learned in order, ends with its quiz, and gives a certificate that anybody can check (5.2)."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest

from models import catalogue, public_links
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.services.files import files
from models.training import attempts, courses, matrix
from models.training.attempts import QuizAttempt
from models.training.certificates import Certificate, last_day
from models.training.courses import Course, Enrolment, Lesson
from models.training.matrix import matrix_for
from tests.fixtures.doing import do
from tests.training.conftest import Taking
from views.custom.training import matrix as shown

NINE = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 8


def course_of(company: Any, *attached: tuple[str, str, bytes], **facts: Any) -> Any:
    """A published course of two lessons and an optional one, with files of (kind, name, content)."""
    hr = company.actor("hr")
    lessons = [
        Lesson(title="第一課", text="內容一"),
        Lesson(title="選讀", text="內容", optional=True),
        Lesson(title="第二課", text="內容二"),
    ]
    values = {"name": "報價課程", "trainer": company.users["head_sal"], "lessons": lessons, "valid_months": 12, **facts}
    made = changes.create(Course, values, actor=hr)
    for kind, name, content in attached:
        files.attach(Course, made.id, kind, files.Upload(name, io.BytesIO(content)), actor=hr)
    return changes.move(Course, made.id, "publish", actor=hr, version=company.fresh(made).version)


def test_lessons_in_order_then_the_quiz_then_a_certificate(company: Any, browser_as: Any) -> None:
    taking = Taking(company)
    quiz = taking.quiz("true_false")
    course = course_of(company, quiz=quiz.id)
    me, browser = company.actor("clerk_sal"), browser_as("clerk_sal")
    place = browser.post("/admin/learning/join/", {"id": str(course.id)}).headers["Location"]
    enrolment = Enrolment.objects.get()
    first, _, second = (line.key for line in course.lessons)
    with pytest.raises(Refused):
        courses.done_with(me, enrolment, second)
    assert "內容一" in browser.get(place).text
    for key in (first, second):
        browser.post(place, {"lesson": key})
    enrolment = company.fresh(enrolment)
    assert (enrolment.state, enrolment.progress) == ("in_progress", Decimal(67))
    assert [line.edition for line in enrolment.done] == [1, 1]
    attempt = attempts.begin(me, quiz.id)
    attempts.give(me, attempt, {"1": "yes"})
    attempt = company.fresh(attempt)
    changes.move(QuizAttempt, attempt.id, "submit", actor=me, version=attempt.version)
    enrolment = company.fresh(enrolment)
    assert (enrolment.state, enrolment.progress, enrolment.ref("attempt")) == ("done", 100, attempt.id)
    certificate = Certificate.objects.get()
    assert enrolment.ref("certificate") == certificate.id
    assert (certificate.ref("person"), certificate.ref("attempt"), certificate.course_edition) == (me.id, attempt.id, 1)
    assert certificate.department.id == me.department
    assert "證書" in browser.get(place).text


@pytest.mark.parametrize(
    ("issued", "months", "ends"),
    [
        ("2026-01-31", 12, "2027-01-31"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2027-12-31", 2, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
    ],
)
def test_a_certificate_ends_on_the_last_day_of_its_month_at_most(issued: str, months: int, ends: str) -> None:
    assert last_day(dt.date.fromisoformat(issued), months) == dt.date.fromisoformat(ends)


def test_its_page_shows_valid_expired_or_revoked_only(company: Any, app: Any) -> None:
    course = course_of(company)
    made = {}
    with clock.set_to(NINE):
        for login, ends in (("clerk_sal", None), ("clerk_mkt", dt.date(2026, 12, 1)), ("clerk_prd", None)):
            values = {
                "person": company.users[login],
                "course": course.id,
                "issued_on": clock.today(),
                "expires_on": ends,
            }
            made[login] = changes.create(Certificate, values, actor=company.actor("hr"))
        hr = company.actor("hr")
        with pytest.raises(Refused):
            changes.move(Certificate, made["clerk_prd"].id, "revoke", actor=hr, version=made["clerk_prd"].version)
        changes.move(
            Certificate,
            made["clerk_prd"].id,
            "revoke",
            actor=hr,
            version=made["clerk_prd"].version,
            context=Context(reason="誤發"),
        )
        assert sorted(certificate.ref("person") for certificate in made.values()) == sorted(
            company.users[login] for login in made
        )
    with clock.set_to(dt.datetime(2026, 12, 1, 16, 1, tzinfo=dt.UTC)):  # past the end of that day in Shanghai
        do("moves.timed")
        said = {"clerk_sal": "有效", "clerk_mkt": "已過期", "clerk_prd": "已撤銷"}
        for login, words in said.items():
            link = public_links.shown(made[login], SYSTEM)
            answer = app.test_client().get(f"/p/certificate/at/{link.token}", headers={"Accept-Language": "zh-TW"})
            text = answer.get_data(as_text=True)
            assert words in text
            assert not [hidden for hidden in ("林曉梅", "趙雨晴", "吳海峰", "報價課程", "誤發") if hidden in text]
        guessed = [made["clerk_sal"].number, str(made["clerk_sal"].id)]
        assert {app.test_client().get(f"/p/certificate/at/{text}").status_code for text in guessed} == {404}


def test_it_is_given_to_those_who_need_it_once(company: Any) -> None:
    position = changes.create(catalogue["position"], {"name": "銷售代表"}, actor=SYSTEM)
    for login in ("clerk_sal", "clerk_sal2"):
        changes.update(catalogue["user"], company.users[login], {"position": position.id}, actor=SYSTEM, version=None)
    course = course_of(company, positions=[position.id])
    for _ in range(2):
        changes.follow_up(Course, course.id, "assign", actor=company.actor("hr"))
    rows = list(Enrolment.objects.order_by("number"))
    assert {row.ref("person") for row in rows} == {company.users["clerk_sal"], company.users["clerk_sal2"]}
    assert len(rows) == 2
    assert {row.department.id for row in rows} == {company.department("SAL")}


def tried(taking: Taking, quiz: Any, answer: str, login: str = "clerk_sal") -> Any:
    """An attempt that was handed in: yes is right, no is wrong."""
    me = taking.company.actor(login)
    attempt = attempts.begin(me, quiz.id)
    attempts.give(me, attempt, {"1": answer})
    return changes.move(QuizAttempt, attempt.id, "submit", actor=me, version=taking.fresh(attempt).version)


def learned(taking: Taking, enrolment: Any) -> Any:
    """With all required lessons done."""
    me = taking.company.actor("clerk_sal")
    for line in enrolment.course.lessons:
        if not line.optional:
            enrolment = courses.done_with(me, enrolment, line.key)
    return taking.fresh(enrolment)


def test_each_year_there_are_all_tries_and_no_pass_counts_twice(company: Any) -> None:
    """One try, and a certificate for a year: whoever passed could never take the quiz again."""
    taking, me = Taking(company), company.actor("clerk_sal")
    quiz = taking.quiz("true_false", tries=1)
    course = course_of(company, quiz=quiz.id)
    with clock.set_to(NINE):
        assert learned(taking, courses.join(me, course)).state == "in_progress"
        first = tried(taking, quiz, "yes")
        tried(taking, quiz, "no", "clerk_mkt")
        with pytest.raises(Refused, match="All 1 tries"):
            tried(taking, quiz, "yes", "clerk_mkt")
    with clock.set_to(NINE + dt.timedelta(days=370)):
        do("moves.timed")
        changes.follow_up(Course, course.id, "assign", actor=company.actor("hr"))
        again = Enrolment.objects.get(person=me.id, state="assigned")
        again = changes.move(Enrolment, again.id, "begin", actor=me, version=again.version)
        again = learned(taking, again)
        assert (again.state, again.ref("attempt")) == ("in_progress", None)
        second = tried(taking, quiz, "yes")
        assert taking.fresh(again).ref("attempt") == second.id != first.id
    assert (first.tried, second.tried) == (1, 2)
    assert Certificate.objects(person=me.id).count() == 2


@pytest.mark.parametrize(("counts", "is_credited"), [("best", True), ("last", False)])
def test_who_has_passed_before_joining_passes_the_course(company: Any, counts: str, is_credited: bool) -> None:
    """As long as that try counts: where the last one does, one that failed later takes it away."""
    taking, me = Taking(company), company.actor("clerk_sal")
    quiz = taking.quiz("true_false", counts=counts)
    course = course_of(company, quiz=quiz.id)
    passed = tried(taking, quiz, "yes")
    later = attempts.begin(me, quiz.id)
    enrolment = courses.join(me, course)
    assert (enrolment.ref("attempt"), enrolment.progress) == (passed.id, Decimal(33))
    changes.move(QuizAttempt, later.id, "submit", actor=me, version=later.version)  # with no answer
    assert taking.fresh(enrolment).ref("attempt") == (passed.id if is_credited else None)
    done = learned(taking, enrolment)
    assert (done.state, bool(done.ref("certificate"))) == (("done", True) if is_credited else ("in_progress", False))
    if not is_credited:
        tried(taking, quiz, "yes")
        assert taking.fresh(enrolment).state == "done"


def test_the_quiz_comes_last(company: Any, browser_as: Any) -> None:
    taking = Taking(company)
    quiz = taking.quiz("true_false")
    course = course_of(company, quiz=quiz.id)
    changes.follow_up(Course, course.id, "assign", actor=company.actor("hr"))
    browser = browser_as("clerk_sal")
    answer = browser.post("/admin/taking/begin/", {"id": str(quiz.id)}, follow_redirects=True)
    assert "請先完成課程「報價課程」的「第一課」" in answer.get_data(as_text=True)
    assert not QuizAttempt.objects.count()
    enrolment = Enrolment.objects.get(person=company.users["clerk_sal"])
    me = company.actor("clerk_sal")
    enrolment = changes.move(Enrolment, enrolment.id, "begin", actor=me, version=enrolment.version)
    assert "參加測試</a>" not in browser.get(f"/admin/learning/{enrolment.id}/").text
    learned(taking, enrolment)
    assert "參加測試</a>" in browser.get(f"/admin/learning/{enrolment.id}/").text
    tried(taking, quiz, "yes")
    assert taking.fresh(enrolment).state == "done"


def test_what_comes_before_is_finished_first(company: Any) -> None:
    first = course_of(company, name="基礎")
    second = course_of(company, name="進階", prerequisites=[first.id])
    with pytest.raises(Refused, match="基礎"):
        courses.join(company.actor("clerk_sal"), second)
    assert not Enrolment.objects.count()


def test_lessons_done_on_two_pages_are_both_kept(company: Any) -> None:
    course, me = course_of(company), company.actor("clerk_sal")
    first, optional, _ = (line.key for line in course.lessons)
    seen = courses.join(me, course)
    courses.done_with(me, seen, first)
    done = courses.done_with(me, seen, optional).done
    assert [line.raw("lesson").rpartition(":")[2] for line in done] == [first, optional]


def test_a_video_is_sent_in_ranges_to_those_who_may_open_it(company: Any, browser_as: Any) -> None:
    course = course_of(company)
    upload = files.Upload("課程.mp4", io.BytesIO(VIDEO))
    file = files.attach(Course, course.id, "video", upload, actor=company.actor("hr"))
    browser = browser_as("clerk_sal")
    answer = browser.get(f"/files/{file['_id']}/video", headers={"Range": "bytes=100-199"})
    assert (answer.status_code, answer.get_data()) == (206, VIDEO[100:200])
    assert answer.headers["Content-Type"] == "video/mp4"
    whole = browser.get(f"/files/{file['_id']}/video")
    assert (whole.status_code, whole.get_data()) == (200, VIDEO)
    paper = files.attach(
        Course, course.id, "material", files.Upload("a.txt", io.BytesIO(b"text")), actor=company.actor("hr")
    )
    assert browser.get(f"/files/{paper['_id']}/video").status_code == 404


def test_the_matrix_shows_what_each_position_needs_to_whom_it_concerns(company: Any, browser_as: Any) -> None:
    position = changes.create(catalogue["position"], {"name": "銷售代表"}, actor=SYSTEM)
    for login in ("clerk_sal", "clerk_sal2"):
        changes.update(catalogue["user"], company.users[login], {"position": position.id}, actor=SYSTEM, version=None)
    today = clock.today()
    kept, lacking = (course_of(company, name=name, positions=[position.id]) for name in ("甲課", "乙課"))
    values = {"course": kept.id, "issued_on": today, "expires_on": today + dt.timedelta(days=30)}
    hr = company.actor("hr")
    changes.create(Certificate, {**values, "person": company.users["clerk_sal"]}, actor=hr)
    late = {"course": lacking.id, "person": company.users["clerk_sal"], "due": today - dt.timedelta(days=1)}
    changes.create(Enrolment, late, actor=hr)
    table = matrix_for(hr)
    standing = {
        (login, course.name): table.cells[company.users[login], course.id].standing
        for login in ("clerk_sal", "clerk_sal2", "clerk_mkt")
        for course in (kept, lacking)
    }
    assert standing == {
        ("clerk_sal", "甲課"): "soon",
        ("clerk_sal", "乙課"): "overdue",
        ("clerk_sal2", "甲課"): "gap",
        ("clerk_sal2", "乙課"): "gap",
        ("clerk_mkt", "甲課"): "",
        ("clerk_mkt", "乙課"): "",
    }
    assert table.counts(kept.id) == (1, 2)
    seen = {"hr": 18, "management": 18, "supervisor": 18, "head_sal": 3, "clerk_sal": 1, "it": 1}
    for login, count in seen.items():
        assert len(matrix_for(company.actor(login)).people) == count, login
    page = browser_as("head_sal").page("/admin/training/")
    assert "缺" in page.text
    assert "趙雨晴" not in page.text
    links = [link for link in page.links if link.startswith("/admin/certificate/?")]
    assert "甲課" in browser_as("head_sal").get(links[0]).text
    sheet = browser_as("head_sal").get("/admin/training/export/csv/").get_data().decode("utf-8-sig")
    assert "逾期" in sheet
    assert browser_as("head_sal").get("/admin/training/export/xlsx/").status_code == 200
    everybody = course_of(company, name="丙課")
    changes.create(Certificate, {**values, "course": everybody.id, "person": company.users["clerk_sal"]}, actor=hr)
    assert "1 / 18 (6 %)" in browser_as("hr").page("/admin/training/").text  # a share that no decimals say


def test_the_certificate_that_counts_is_the_one_that_is_good_for_longest(company: Any) -> None:
    course, hr, today = course_of(company), company.actor("hr"), clock.today()
    plain = course_of(company, name="無證書", gives_certificate=False)

    def certified(login: str, issued: int, ends: int | None) -> Any:
        days = {"issued_on": today + dt.timedelta(days=issued), "expires_on": ends and today + dt.timedelta(days=ends)}
        return changes.create(Certificate, {"course": course.id, "person": company.users[login], **days}, actor=hr)

    def standing(login: str, of: Any = course) -> tuple[str, dt.date | None]:
        cell = matrix_for(hr).cells[company.users[login], of.id]
        return cell.standing, cell.day

    certified("clerk_sal", -10, 300)
    for login in ("clerk_sal", "clerk_mkt"):
        certified(login, -400, -35)  # an older one, entered later
    assert standing("clerk_sal") == ("good", today + dt.timedelta(days=300))
    assert standing("clerk_mkt") == ("expired", today - dt.timedelta(days=35))
    certified("clerk_sal", -20, None)
    assert standing("clerk_sal") == ("good", None)
    for of in (course, plain):  # learned, and what it brought is revoked
        me, enrolment = company.actor("clerk_prd"), courses.join(company.actor("clerk_prd"), of)
        for place in (0, 2):
            enrolment = courses.done_with(me, enrolment, of.lessons[place].key)
        assert (enrolment.state, standing("clerk_prd", of)[0]) == ("done", "good")
    gone = Certificate.objects(person=company.users["clerk_prd"]).get()
    changes.move(Certificate, gone.id, "revoke", actor=hr, version=gone.version, context=Context(reason="誤發"))
    assert (standing("clerk_prd"), standing("clerk_prd", plain)[0]) == (("revoked", None), "good")


def test_the_matrix_says_what_it_leaves_out(company: Any, browser_as: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("甲課", "乙課"):
        course_of(company, name=name)
    monkeypatch.setattr(matrix, "COURSES_MAX", 1)
    monkeypatch.setattr(matrix, "PEOPLE_MAX", 5)
    monkeypatch.setattr(shown, "EXPORT_BATCH", 5)
    browser = browser_as("hr")
    text = browser.page("/admin/training/").text
    assert "其餘 1 門" in text
    assert "本頁 0 / 5" in text
    rows = browser.get("/admin/training/export/csv/").get_data().decode("utf-8-sig").splitlines()
    assert len(rows) == 1 + 18  # a head, and everybody
    assert rows[0].endswith("甲課,乙課")
    monkeypatch.setattr(shown, "EXPORT_COURSES_MAX", 1)
    assert "另有 1 門" in browser.get("/admin/training/export/csv/").get_data().decode("utf-8-sig").splitlines()[-1]
