"""Packages and videos of lessons in a real browser: what they keep, and what a hostile one does not reach (5.2)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from models.training import courses, tracking
from models.training.courses import Lesson
from seed.films import film, lockout
from tests.browser.conftest import picture
from tests.fixtures.processes import until
from tests.fixtures.scorm import FIND, package
from tests.training.test_courses import course_of

EXCESS = "() => document.scrollingElement.scrollWidth - innerWidth"
VTT = "WEBVTT\n\n00:00.000 --> 00:12.000\n請先斷電再檢修\n"
pytestmark = pytest.mark.browser

PAGE_12 = """<!doctype html><html><head><meta charset="utf-8"><title>安全</title><script src="api.js"></script></head>
<body><h1>斷電掛牌</h1><p id="at"></p><button id="next">下一頁</button><button id="end">結束</button><script>
const api = find("API"), at = () => Number(api.LMSGetValue("cmi.core.lesson_location") || 0);
const who = () => api.LMSGetValue("cmi.core.student_name");
const show = () => { document.getElementById("at").textContent = `第 ${at()} 頁 ${who()}`; };
api.LMSInitialize("");
show();
document.getElementById("next").onclick = () => {
  api.LMSSetValue("cmi.core.lesson_location", String(at() + 1));
  api.LMSSetValue("cmi.suspend_data", "頁".repeat(at()));
  if (at() === 1) api.LMSCommit("");
  show();
};
document.getElementById("end").onclick = () => {
  api.LMSSetValue("cmi.core.score.raw", "90");
  api.LMSSetValue("cmi.core.session_time", "0100:00:00");
  api.LMSFinish("");
};
</script></body></html>"""

PAGE_THAT_ENDS_LATE = """<!doctype html><title>x</title><script src="api.js"></script><body><p>open</p><script>
const api = find("API");
api.LMSInitialize("");
addEventListener("unload", () => { api.LMSSetValue("cmi.core.lesson_status", "completed"); api.LMSFinish(""); });
</script>"""
PAGE_2004 = """<!doctype html><meta charset="utf-8"><title>2004</title><script src="api.js"></script><body><script>
const api = find("API_1484_11"), codes = [];
const call = (name, ...given) => { const result = api[name](...given); codes.push([result, api.GetLastError()]); };
call("GetValue", "cmi.location");
call("Initialize", "");
call("Initialize", "");
call("GetValue", "cmi.location");
call("GetValue", "cmi.completion_status");
call("GetValue", "cmi.nothing");
call("SetValue", "cmi.learner_name", "x");
call("SetValue", "cmi.score.scaled", "x");
call("SetValue", "cmi.score.scaled", "1.5");
call("SetValue", "cmi.suspend_data", "x".repeat(64001));
call("SetValue", "cmi.interactions.0.type", "choice");
call("SetValue", "cmi.interactions.1.id", "b");
call("SetValue", "cmi.interactions.0.id", "a");
call("SetValue", "cmi.interactions.0.type", "choice");
call("SetValue", "cmi.interactions.0.learner_response", "c");
call("GetValue", "cmi.interactions._count");
call("GetValue", "cmi.score._children");
call("GetValue", "cmi.exit");
call("SetValue", "cmi.score.scaled", "0.85");
call("SetValue", "cmi.suspend_data", "x".repeat(64000));
call("SetValue", "cmi.completion_status", "completed");
call("Commit", "x");
call("Commit", "");
call("Terminate", "");
call("Terminate", "");
call("SetValue", "cmi.location", "1");
document.body.dataset.codes = JSON.stringify(codes);
</script>"""
CODES_2004 = [
    ["", "122"], ["true", "0"], ["false", "103"], ["", "403"], ["unknown", "0"], ["", "401"], ["false", "404"],
    ["false", "406"], ["false", "407"], ["false", "406"], ["false", "408"], ["false", "351"], ["true", "0"],
    ["true", "0"], ["true", "0"], ["1", "0"], ["scaled,raw,min,max", "0"], ["", "405"], ["true", "0"], ["true", "0"],
    ["true", "0"], ["false", "201"], ["true", "0"], ["true", "0"], ["false", "113"], ["false", "133"],
]  # fmt: skip

# Each attempt says what came of it; `app`: where the screens are, `other`: an address of another package.
HOSTILE = """
const { app, other } = JSON.parse(document.getElementById("where").textContent), results = {};
const attempt = async (name, act) => {
  try { results[name] = String(await act()); } catch (fault) { results[name] = `stopped: ${fault.name}`; }
};
const loads = (make) => new Promise((good, bad) => {
  const each = make();
  each.onload = () => good("loaded");
  each.onerror = () => bad(new Error("blocked"));
  setTimeout(() => bad(new Error("nothing")), 1500);
});
(async () => {
  await attempt("cookie", () => document.cookie);
  document.cookie = "guicheng=stolen; path=/";
  document.cookie = "guicheng=stolen; path=/; domain=localhost";
  await attempt("store", () => localStorage.getItem("mark"));
  await attempt("fetch", () => fetch(`${app}/admin/account/`, { credentials: "include", mode: "no-cors" }));
  await attempt("beacon", () => new Promise((good) => {
    addEventListener("securitypolicyviolation", (event) => good(`stopped: ${event.violatedDirective}`));
    navigator.sendBeacon(`${app}/logout`, "x");
    setTimeout(() => good("sent"), 1500);
  }));
  await attempt("image", () => loads(() => Object.assign(new Image(), { src: `${app}/static/seal.svg` })));
  const script = Object.assign(document.createElement("script"), { src: `${app}/static/app.js` });
  await attempt("script", () => loads(() => document.head.appendChild(script)));
  await attempt("socket", () => new Promise((good, bad) => {
    const socket = new WebSocket(app.replace("http", "ws"));
    socket.onopen = () => good("open");
    socket.onerror = () => bad(new Error("blocked"));
  }));
  await attempt("dom", () => top.document.title);
  await attempt("page", () => parent.parent.document.title);
  await attempt("top", () => { top.location.href = `${app}/login`; return "went"; });
  await attempt("window", () => String(window.open(`${app}/login`)));
  await attempt("worker", () => navigator.serviceWorker.register("sw.js"));
  await attempt("shared", () => new Promise((good, bad) => {
    const worker = new SharedWorker("sw.js");
    worker.onerror = () => bad(new Error("blocked"));
    setTimeout(() => good("runs"), 800);
  }));
  await attempt("other", () => fetch(other));
  await attempt("own root", () => fetch("/c/player.js"));
  await attempt("form", () => {
    const form = Object.assign(document.createElement("form"), { action: `${app}/logout`, target: "_top" });
    document.body.append(form);
    form.submit();
    return "asked";
  });
  await attempt("frame", () => new Promise((good) => {
    const frame = Object.assign(document.createElement("iframe"), { src: `${app}/login` });
    frame.onload = () => { try { good(frame.contentDocument ? "blank" : "foreign"); } catch { good("foreign"); } };
    document.body.append(frame);
    setTimeout(() => good("nothing"), 1500);
  }));
  const forged = { kind: "commit", seq: 1, over: true, values: { "cmi.core.lesson_status": "passed" } };
  await attempt("forged", () => { top.postMessage(forged, "*"); return "posted"; });
  for (let win = window; win.parent !== win; win = win.parent) win.API = win.API;
})().catch(() => {}).finally(() => {
  const api = find("API");
  api.LMSInitialize("");
  results.huge = api.LMSSetValue("cmi.suspend_data", "x".repeat(10000000)) + api.LMSGetLastError();
  results.name = api.LMSSetValue("cmi.core.student_name", "x") + api.LMSGetLastError();
  api.LMSSetValue("cmi.core.session_time", "9999:00:00");
  api.LMSSetValue("cmi.core.lesson_status", "incomplete");
  api.LMSCommit("");
  document.body.dataset.results = JSON.stringify(results);
});
"""
STOPPED = "fetch image script socket dom page worker shared other"


class Lessons:
    """A course of lessons that are played, in the hands of clerk_sal."""

    def __init__(self, company: Any, app: Any, address: str) -> None:
        self.company, self.address = company, address
        app.config["CONTENTS_URL"] = f"http://*.contents.localhost:{address.rpartition(':')[2]}"

    def course(self, **attached: tuple[str, bytes]) -> Any:
        """A course with a lesson for each package and video, begun: `package=("a.zip", …)`."""
        kinds = {"package": "scorm", "video": "video"}
        lessons = [
            Lesson(title=file[0].rpartition(".")[0], kind=kinds[kind], file=file[0])
            for kind, file in attached.items()
            if kind in kinds
        ]
        rows = [(kind, name, content) for kind, (name, content) in attached.items()]
        course = course_of(self.company, *rows, lessons=lessons)
        return courses.join(self.company.actor("clerk_sal"), course)

    def fresh(self, enrolment: Any) -> Any:
        return self.company.fresh(enrolment)


@pytest.fixture
def lessons(company: Any, app: Any, address: str, monkeypatch: pytest.MonkeyPatch) -> Lessons:
    monkeypatch.setitem(app.config, "CONTENTS_URL", "")
    return Lessons(company, app, address)


def inside(page: Page) -> FrameLocator:
    """The package, within the frame of its player."""
    return page.frame_locator(".played iframe").frame_locator("iframe")


def test_a_package_goes_on_where_somebody_was_after_a_crash_and_on_another_page(
    lessons: Lessons, sit_down: Any
) -> None:
    content = package(
        "1.2", {"index.html": PAGE_12, "api.js": FIND}, rules="<adlcp:masteryscore>80</adlcp:masteryscore>"
    )
    enrolment = lessons.course(package=("安全作業.zip", content))
    page, place = sit_down("clerk_sal"), f"/admin/learning/{enrolment.id}/"
    page.goto(place)
    expect(inside(page).locator("#at")).to_have_text("第 0 頁 林曉梅")
    inside(page).locator("#next").click()
    expect(page.locator("[data-note]")).to_have_text("已保存")
    with page.expect_response(lambda answer: "/admin/lesson/" in answer.url):
        inside(page).locator("#next").click()  # it does not commit this time
    picture(page, "lesson-package")
    page.reload()  # nor does it end
    expect(inside(page).locator("#at")).to_have_text("第 2 頁 林曉梅")
    other = sit_down("clerk_sal", has_touch=True)
    other.set_viewport_size({"width": 360, "height": 740})
    other.goto(place)
    expect(inside(other).locator("#at")).to_have_text("第 2 頁 林曉梅")
    assert other.evaluate(EXCESS) <= 0
    picture(other, "lesson-package-phone")
    inside(other).locator("#end").click()
    expect(other.locator("[data-finished]")).to_be_visible()
    inside(page).locator("#next").click()  # the page of before, where it is not done
    inside(page).locator("#next").click()
    expect(page.locator("[data-finished]")).to_be_visible()
    done = lessons.fresh(enrolment)
    assert (done.state, done.progress, done.done[0].score) == ("done", 100, 90)
    assert done.done[0].spent < 2  # whatever it says of a hundred hours


def test_a_package_that_ends_only_as_its_page_goes_is_done(lessons: Lessons, sit_down: Any) -> None:
    content = package("1.2", {"index.html": PAGE_THAT_ENDS_LATE, "api.js": FIND})
    enrolment = lessons.course(package=("晚.zip", content))
    page = sit_down("clerk_sal")
    page.goto(f"/admin/learning/{enrolment.id}/")
    expect(inside(page).locator("p")).to_have_text("open")
    page.goto("/admin/account/")
    until(lambda: lessons.fresh(enrolment).state == "done", 10, lambda: "the course is not done")


def test_a_package_of_2004_hears_the_codes_of_the_standard(lessons: Lessons, sit_down: Any) -> None:
    enrolment = lessons.course(package=("二.zip", package("2004", {"index.html": PAGE_2004, "api.js": FIND})))
    page = sit_down("clerk_sal")
    page.goto(f"/admin/learning/{enrolment.id}/")
    expect(page.locator("[data-finished]")).to_be_visible()
    codes = json.loads(inside(page).locator("body").get_attribute("data-codes") or "")
    assert codes == CODES_2004
    assert lessons.fresh(enrolment).done[0].score == 85


def test_a_hostile_package_reaches_nothing(lessons: Lessons, sit_down: Any) -> None:
    good = lessons.course(package=("好.zip", package("1.2", {"index.html": PAGE_12, "api.js": FIND})))
    file = tracking.file_of(good, good.course.lessons[0])
    launch = tracking.begin(lessons.company.actor("clerk_sal"), good, good.course.lessons[0], file, 0, lessons.address)
    port = lessons.address.rpartition(":")[2]
    where = {
        "app": lessons.address,
        "other": f"http://{launch.label}.contents.localhost:{port}/c/{launch.key}/f/index.html",
    }
    page_of_it = (
        f'<!doctype html><meta charset="utf-8"><title>x</title><script src="api.js"></script><body>'
        f'<script type="application/json" id="where">{json.dumps(where)}</script><script src="evil.js"></script>'
    )
    content = package("1.2", {"index.html": page_of_it, "api.js": FIND, "evil.js": HOSTILE, "sw.js": "onfetch = null;"})
    enrolment = lessons.course(package=("壞.zip", content))
    page = sit_down("clerk_sal", breaks_rules=True)
    page.evaluate("() => localStorage.setItem('mark', 'ours')")
    place = f"/admin/learning/{enrolment.id}/"
    page.goto(place)
    expect(page.locator("[data-note]")).to_have_text("已保存", timeout=30_000)
    results = json.loads(inside(page).locator("body").get_attribute("data-results") or "")
    assert results["cookie"] == ""
    assert results["store"] == "null"
    assert {name: results[name] for name in STOPPED.split() if not results[name].startswith("stopped")} == {}
    assert results["beacon"].startswith("stopped: connect-src")
    assert results["own root"].startswith("stopped")
    assert results["window"] == "null"
    assert results["frame"] != "blank"
    assert (results["huge"], results["name"]) == ("false405", "false403")
    assert page.url == f"{lessons.address}{place}"
    assert page.locator("[data-finished]").is_hidden()  # the forged message came from no player
    now = lessons.fresh(enrolment)
    assert not now.done
    lesson = now.course.lessons[0]
    assert tracking.standing(now, lesson, tracking.file_of(now, lesson)).seconds < 60
    page.goto("/admin/account/")  # signed in as before
    expect(page.locator("h1")).to_contain_text("我的賬號")


def test_a_video_has_captions_goes_on_and_is_done_by_watching(lessons: Lessons, sit_down: Any) -> None:
    enrolment = lessons.course(video=("斷電.webm", film(12, lockout)), captions=("斷電.zh-Hant.vtt", VTT.encode()))
    page, place = sit_down("clerk_sal"), f"/admin/learning/{enrolment.id}/"
    page.goto(place)
    video = page.locator("video")
    page.wait_for_function("() => document.querySelector('video').readyState >= 1")
    assert video.evaluate("video => Math.round(video.duration)") == 12
    page.wait_for_function("() => document.querySelector('video').textTracks[0].cues?.length === 1")
    assert video.evaluate("video => video.textTracks[0].mode") == "showing"
    video.evaluate("video => { video.currentTime = 11.9; }")
    page.wait_for_function("() => !document.querySelector('video').seeking")
    video.evaluate("video => { video.currentTime = 0; }")
    page.wait_for_function("() => !document.querySelector('video').seeking")
    video.evaluate("video => { video.muted = true; video.playbackRate = 4; return video.play(); }")
    page.wait_for_function("() => document.querySelector('video').currentTime >= 4")
    with page.expect_response(lambda answer: "/admin/lesson/" in answer.url):
        video.evaluate("video => video.pause()")
    picture(page, "lesson-video")
    assert not lessons.fresh(enrolment).done
    page.reload()
    page.wait_for_function("() => document.querySelector('video').currentTime >= 3.5")
    video.evaluate("video => { video.muted = true; video.playbackRate = 4; return video.play(); }")
    expect(page.locator("[data-finished]")).to_be_visible()
    until(lambda: lessons.fresh(enrolment).state == "done", 10, lambda: "the course is not done")
