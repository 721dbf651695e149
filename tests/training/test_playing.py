"""A package or a video is played on a page; what was worked through is kept, counts, and is nobody else's (5.2)."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from gridfs.synchronous.grid_file import GridOut

from models.kernel.base import clock
from models.kernel.base.errors import Missing, Refused
from models.services.files import files
from models.training import courses, tracking
from models.training.courses import Course, Lesson
from tests.fixtures.scorm import FIND, package
from tests.training.test_courses import VIDEO, course_of

PAGE = "<!doctype html><title>安全</title>"
SRT = "1\n00:00:01,000 --> 00:00:02,500\n第一句\n"
RULES = "<adlcp:masteryscore>80</adlcp:masteryscore>"


class Playing:
    """A course with a package of two parts and a video, in the hands of clerk_sal."""

    def __init__(self, company: Any, app: Any, browser_as: Any) -> None:
        self.company, self.app, self.browser = company, app, browser_as("clerk_sal")
        lessons = [
            Lesson(title="安全作業", kind="scorm", file="安全.zip"),
            Lesson(title="觀看", kind="video", file="片.mp4"),
        ]
        pages = {"index.html": PAGE + FIND, "two/2.html": PAGE, "media/long.mp4": bytes(range(256)) * 4}
        content = package("1.2", pages, "index.html", "two/2.html", rules=RULES)
        attached = ("package", "安全.zip", content), ("video", "片.mp4", VIDEO)
        self.course = course_of(company, *attached, lessons=lessons)
        self.me = company.actor("clerk_sal")
        self.enrolment = courses.join(self.me, self.course)
        self.package, self.video = (line.key for line in self.course.lessons)

    def attach(self, kind: str, name: str, content: bytes) -> dict[str, Any]:
        upload = files.Upload(name, io.BytesIO(content))
        return files.attach(Course, self.course.id, kind, upload, actor=self.company.actor("hr"))

    def sent(self, browser: Any = None, **facts: Any) -> Any:
        """What the server says to a script."""
        browser = browser or self.browser
        headers = {"X-CSRFToken": browser.token, "X-Requested-With": "XMLHttpRequest"}
        return browser.client.post(f"/admin/lesson/{self.enrolment.id}/", json=facts, headers=headers)

    def opened(self, lesson: str, place: int = 0) -> dict[str, Any]:
        answer = self.sent(verb="open", lesson=lesson, place=place)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def commit(self, launch: dict[str, Any], *, over: bool = False, **core: str) -> Any:
        values = {f"cmi.core.{name}": value for name, value in core.items()}
        return self.sent(verb="commit", launch=launch["launch"], values=values, over=over)

    def contents(self, address: str, **headers: str) -> Any:
        """What stands behind an address on the host of contents, for whoever has it."""
        parts = urlsplit(address)
        base = f"{parts.scheme}://{parts.netloc}"
        return self.app.test_client().get(parts.path, base_url=base, headers=headers, buffered=True)

    def now(self) -> Any:
        return self.company.fresh(self.enrolment)


@pytest.fixture
def playing(company: Any, app: Any, browser_as: Any) -> Playing:
    return Playing(company, app, browser_as)


def test_all_parts_done_make_the_lesson_done_with_time_and_score(playing: Playing) -> None:
    nine = clock.now()
    with clock.set_to(nine):
        first = playing.opened(playing.package)
        second = playing.opened(playing.package, 1)
    with clock.set_to(nine + dt.timedelta(minutes=4)):
        answer = playing.commit(
            first, over=True, lesson_status="passed", **{"score.raw": "90"}, session_time="0000:04:00"
        )
        assert answer.get_json() == {"ok": True, "done": False, "share": "0"}
    with clock.set_to(nine + dt.timedelta(minutes=5)):
        assert playing.commit(second, over=True, session_time="0100:00:00").get_json()["done"] is True
    enrolment = playing.now()
    assert (enrolment.progress, enrolment.done[0].spent, enrolment.done[0].score) == (Decimal(50), 5, Decimal(90))
    page = playing.browser.page(f"/admin/learning/{enrolment.id}/", {"lesson": playing.package})
    assert "已通過" in page.text
    assert "學習時長 5 分鐘" in page.text


def test_no_package_claims_more_time_than_has_passed_over_all_pages(playing: Playing) -> None:
    """Two pages at once, a hundred hours each."""
    nine = clock.now()
    with clock.set_to(nine):
        left, right = playing.opened(playing.package), playing.opened(playing.package)
    for minute in (1, 2, 3):
        with clock.set_to(nine + dt.timedelta(minutes=minute)):
            playing.commit(left, session_time="0100:00:00")
            playing.commit(right, session_time="0100:00:00")
    with clock.set_to(nine + dt.timedelta(minutes=43)):  # a long way away does not count
        playing.commit(left, session_time="0100:00:00")
        lesson = playing.course.lessons[0]
        now = tracking.standing(playing.now(), lesson, tracking.file_of(playing.enrolment, lesson))
    assert now.seconds == 8 * 60


def test_the_last_commit_stands_but_nobody_is_set_back(playing: Playing) -> None:
    left, right = playing.opened(playing.package), playing.opened(playing.package)
    playing.commit(left, lesson_status="passed", lesson_location="9", **{"score.raw": "85"})
    playing.commit(right, lesson_status="incomplete", lesson_location="2", **{"score.raw": "5"})
    state = playing.contents(playing.opened(playing.package)["address"]).text
    assert '"cmi.core.lesson_status": "passed"' in state
    assert '"cmi.core.score.raw": "85"' in state
    assert '"cmi.core.lesson_location": "2"' in state
    assert '"cmi.core.entry": "resume"' in state


def test_what_is_said_as_the_page_goes_counts_and_is_not_overtaken(playing: Playing) -> None:
    launch = playing.opened(playing.package)
    said = {"seq": 2, "over": True, "values": {"cmi.core.lesson_status": "passed", "cmi.core.lesson_location": "7"}}
    parts = urlsplit(launch["address"])
    home = f"{parts.scheme}://{parts.netloc}"

    def leave(origin: str = home, content: Any = said) -> int:
        client, headers = playing.app.test_client(), {"Origin": origin}
        return int(client.post(f"{parts.path}leave", base_url=home, json=content, headers=headers).status_code)

    assert leave("http://other.example") == 403
    assert leave(content={"values": {"cmi.core.student_name": "x"}}) == leave(content=[]) == 422
    assert leave(content={"values": {"cmi.comments": "x" * 70_000}}) == 413
    assert leave() == 204
    late = {"cmi.core.lesson_location": "6"}  # sent before, and on the way for longer
    assert playing.sent(verb="commit", launch=launch["launch"], values=late, over=False, seq=1).status_code == 200
    state = playing.contents(launch["address"]).text
    assert '"cmi.core.lesson_location": "7"' in state
    assert '"cmi.core.lesson_status": "passed"' in state


@pytest.mark.parametrize(
    "values",
    [
        {"cmi.suspend_data": "x" * 5000},
        {"cmi.core.student_name": "forged"},
        {"$set": "x"},
        {"cmi.core.lesson_status": {"$ne": "x"}},
        {f"cmi.interactions.{place}.id": "x" for place in range(300)},
        [],
        None,
    ],
)
def test_what_is_forged_is_refused_with_a_sentence_and_changes_nothing(playing: Playing, values: Any) -> None:
    launch = playing.opened(playing.package)
    playing.commit(launch, lesson_location="3")
    answer = playing.sent(verb="commit", launch=launch["launch"], values=values, over=True)
    assert answer.status_code == 422
    assert answer.get_json()["message"]
    assert '"cmi.core.lesson_location": "3"' in playing.contents(launch["address"]).text


def test_a_launch_is_of_one_person_one_host_and_some_minutes(playing: Playing, browser_as: Any) -> None:
    launch = playing.opened(playing.package)
    address = launch["address"]
    assert playing.contents(address).status_code == 200
    assert playing.contents(address.replace("://", "://0")).status_code == 404  # the host of another package
    assert playing.contents(address[:-2] + ("x/" if address[-2] != "x" else "y/")).status_code == 404
    assert playing.sent(browser_as("clerk_mkt"), verb="commit", launch=launch["launch"], values={}).status_code == 404
    assert playing.sent(browser_as("hr"), verb="open", lesson=playing.package, place=0).status_code == 404
    with clock.set_to(clock.now() + dt.timedelta(minutes=11)):
        assert playing.contents(address).status_code == 404
        assert playing.sent(verb="alive", launch=launch["launch"]).status_code == 200  # the page was asleep
        assert playing.contents(address).status_code == 200
    for nonsense in ({"verb": "open", "lesson": playing.package, "place": 7}, {"verb": "?"}, {"verb": []}):
        assert playing.sent(**nonsense).status_code == 422
    assert playing.sent(verb="open", lesson="none", place=0).status_code == 404


def test_contents_are_served_on_their_host_alone_and_reach_nothing(playing: Playing) -> None:
    launch = playing.opened(playing.package)
    address = launch["address"]
    inside = playing.contents(f"{address}f/index.html")
    policy = inside.headers["Content-Security-Policy"]
    assert inside.text == PAGE + FIND
    assert inside.headers["Content-Type"].startswith("text/html")
    for rule in (
        "sandbox allow-scripts",
        f"connect-src {address}f/ data:",
        "worker-src 'none'",
        f"form-action {address}f/",
    ):
        assert rule in policy
    assert "allow-top-navigation" not in policy
    assert "allow-popups" not in policy
    for answer in (inside, playing.contents(address), playing.contents(f"{address}f/none.html")):
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors" in answer.headers["Content-Security-Policy"] or answer.status_code == 404
    assert playing.contents(f"{address}f/media/long.mp4", Range="bytes=250-259").get_data() == bytes(
        [*range(250, 256), *range(4)]
    )
    host = "{0.scheme}://{0.netloc}".format(urlsplit(address))
    for path in ("/login", "/admin/", "/static/app.js", "/p/", "/healthz", "/c/player.js/x"):
        assert playing.contents(host + path).status_code == 404
    assert playing.contents(f"{host}/c/player.js").status_code == 200
    assert playing.contents(f"{address}f/index.html", **{"Service-Worker": "script"}).status_code == 403
    assert playing.contents(f"{address}f/index.html", **{"Sec-Fetch-Dest": "document"}).status_code == 403
    assert playing.browser.get(urlsplit(address).path).status_code == 404  # nor on the host of the screens
    page = playing.browser.get(f"/admin/learning/{playing.enrolment.id}/?lesson={playing.package}")
    assert f"frame-src {host}" in page.headers["Content-Security-Policy"]
    other = playing.browser.get(f"/admin/learning/{playing.enrolment.id}/?lesson={playing.video}")
    assert "frame-src" not in other.headers["Content-Security-Policy"]


def test_no_course_is_published_without_its_package(company: Any) -> None:
    lessons = [Lesson(title="安全作業", kind="scorm", file="安全.zip")]
    with pytest.raises(Refused, match="安全"):
        course_of(company, ("material", "安全.zip", package("1.2", {"index.html": PAGE})), lessons=lessons)


def test_a_lesson_that_is_played_is_not_done_by_saying_so(playing: Playing) -> None:
    place = f"/admin/learning/{playing.enrolment.id}/"
    for key in (playing.package, playing.video):
        answer = playing.browser.post(place, {"lesson": key}, follow_redirects=True)
        assert "由系統自動記錄" in answer.text
    with pytest.raises(Refused):
        tracking.finish(playing.me, playing.enrolment, playing.package)
    assert not playing.now().done


def test_without_a_host_of_its_own_no_package_is_opened(playing: Playing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(playing.app.config, "CONTENTS_URL", "")
    page = playing.browser.page(f"/admin/learning/{playing.enrolment.id}/", {"lesson": playing.package})
    assert any("GUICHENG_CONTENTS_URL" in words for words in page.notices)
    answer = playing.sent(verb="open", lesson=playing.package, place=0)
    assert answer.status_code == 422
    assert "GUICHENG_CONTENTS_URL" in answer.get_json()["message"]


def test_a_file_that_is_gone_or_replaced_begins_anew(playing: Playing) -> None:
    launch = playing.opened(playing.package)
    playing.commit(launch, lesson_status="passed")
    [old] = [file for file in files.files_of(playing.course.id) if file["kind"] == "package"]
    files.detach(old["_id"], actor=playing.company.actor("hr"))
    assert playing.contents(launch["address"]).status_code == 404
    assert playing.commit(launch, lesson_status="passed").status_code == 404
    assert "附件已不存在" in playing.browser.page(f"/admin/learning/{playing.enrolment.id}/").text
    playing.attach("package", "安全.zip", package("2004", {"index.html": PAGE}))
    assert '"cmi.completion_status": "unknown"' in playing.contents(playing.opened(playing.package)["address"]).text
    with pytest.raises(Missing):
        tracking.played("nothing", "")


class OfServer:
    """What gunicorn wraps files in: it reads on and on, and does not seek."""

    def __init__(self, content: Any, size: int) -> None:
        self.content, self.size = content, size

    def __iter__(self) -> Any:
        return iter(lambda: self.content.read(self.size), b"")


def test_a_range_at_the_end_reads_nothing_before_it(playing: Playing, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last bytes of two gigabytes: memory stays flat, and no more is read than asked for."""
    size = 12 * 1024 * 1024
    file = playing.attach("video", "長.mp4", VIDEO + bytes(size))
    read: list[int] = []
    whole = GridOut.readchunk
    monkeypatch.setattr(GridOut, "readchunk", lambda out: read.append(1) or whole(out))
    headers = {"Range": f"bytes={size}-{size + 99}"}
    answer = playing.browser.get(
        f"/files/{file['_id']}/video", headers=headers, environ_overrides={"wsgi.file_wrapper": OfServer}
    )
    assert (answer.status_code, len(answer.get_data())) == (206, 100)
    assert 0 < len(read) < 6


def watched(playing: Playing, launch: dict[str, Any], at: float, *seen: tuple[float, float]) -> Any:
    facts = {"verb": "watch", "launch": launch["launch"], "at": at, "duration": 100.0, "seen": seen}
    return playing.sent(**facts).get_json()


def test_a_video_is_done_when_it_was_watched_and_goes_on_where_somebody_was(playing: Playing) -> None:
    courses.done_with(playing.me, playing.enrolment, playing.package)
    nine = clock.now()
    with clock.set_to(nine):
        launch = playing.opened(playing.video)
        assert watched(playing, launch, 99.9)["done"] is False  # gone to the end by hand
        assert watched(playing, launch, 99.9, (0, 100))["share"] == "0"  # nor in no time
    with clock.set_to(nine + dt.timedelta(seconds=30)):
        assert watched(playing, launch, 40, (0, 40)) == {"ok": True, "done": False, "share": "40"}
        assert watched(playing, launch, 40, (0, 40))["share"] == "40"  # the same again
    page = playing.browser.get(f"/admin/learning/{playing.enrolment.id}/").text
    assert 'data-position="40.0"' in page
    with clock.set_to(nine + dt.timedelta(seconds=30)):
        other = playing.opened(playing.video)  # on another device
    with clock.set_to(nine + dt.timedelta(seconds=70)):
        assert watched(playing, other, 100, (41, 97)) == {"ok": True, "done": True, "share": "97"}
    enrolment = playing.now()
    assert (enrolment.state, enrolment.progress, enrolment.done[1].spent) == ("done", Decimal(100), 1)
    for facts in ({"at": -1}, {"at": "x"}, {"duration": 1e9}, {"seen": "x"}, {"seen": [[0, None]]}):
        sent = {"verb": "watch", "launch": launch["launch"], "at": 0, "duration": 1, "seen": [], **facts}
        assert playing.sent(**sent).status_code == 422


def test_captions_beside_a_video(playing: Playing, browser_as: Any) -> None:
    with pytest.raises(Refused):
        playing.attach("captions", "片.en.vtt", b"WEBVTT\n\nno time\nx")
    file = playing.attach("captions", "片.zh-Hant.srt", SRT.encode())
    page = playing.browser.get(f"/admin/learning/{playing.enrolment.id}/?lesson={playing.video}").text
    place = f"/admin/lesson/captions/{file['_id']}"
    assert f'<track kind="captions" src="{place}" srclang="zh-Hant" label="繁體中文" default>' in page
    answer = playing.browser.get(place)
    assert answer.headers["Content-Type"] == "text/vtt; charset=utf-8"
    assert answer.text == "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n第一句\n"
    video = next(each for each in files.files_of(playing.course.id) if each["kind"] == "video")
    assert playing.browser.get(f"/admin/lesson/captions/{video['_id']}").status_code == 404
    assert browser_as("").get(place).status_code == 303
