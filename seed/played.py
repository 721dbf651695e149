"""A course of the demo company whose lessons are played (5.2): a small SCORM package, and a film with captions."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

from models.kernel.base import clock
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.services.files import files
from models.training.attempts import for_person
from models.training.courses import Course, Enrolment, Lesson
from seed.archive_room import Room
from seed.desk import Desk
from seed.films import film, lockout
from seed.training import HR

COURSE, LEARNER, TRAINER = "course:lockout", "clerk_prd2", "head_prd"
DAYS, FILM_SECONDS = 6.0, 16
PACKAGE, FILM = "檢修斷電掛牌.zip", "斷電掛牌示範"
STEPS = (
    ("申請", "檢修前在工單上寫明設備、斷電點與負責人，由班組長確認。"),
    ("斷電", "拉下總閘，逐相驗電。未驗電視為帶電。"),
    ("掛牌上鎖", "每位檢修人員各掛一把鎖、一張牌；牌上寫姓名與時間。"),
    ("復電", "工具清點、人員撤離後，由掛牌人本人取下自己的鎖。"),
)
CAPTIONS = {
    "zh-Hant": ("先拉下閘刀，再驗電。", "確認無電後掛牌上鎖。"),
    "en": ("Open the switch, then test for voltage.", "Once it is dead, put on tag and lock."),
}
MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="lockout" version="1.0" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
  xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
  <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
  <organizations default="all"><organization identifier="all"><title>檢修斷電掛牌</title>
    <item identifier="one" identifierref="page"><title>檢修斷電掛牌</title>
      <adlcp:masteryscore>80</adlcp:masteryscore></item>
  </organization></organizations>
  <resources><resource identifier="page" type="webcontent" adlcp:scormtype="sco" href="index.html">
    <file href="index.html"/><file href="steps.js"/><file href="style.css"/></resource></resources>
</manifest>
"""
PAGE = """<!doctype html><html lang="zh-Hant"><head><meta charset="utf-8"><title>檢修斷電掛牌</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="style.css"></head>
<body><main>{steps}<form hidden><h2>想一想</h2><p>誰取下掛牌上的鎖？</p>
<label><input type="radio" name="who" value="0">班組長</label>
<label><input type="radio" name="who" value="100">掛牌人本人</label>
<label><input type="radio" name="who" value="0">最後離開的人</label></form></main>
<footer><button id="back">上一步</button><span id="where"></span><button id="next">下一步</button></footer>
<script src="steps.js"></script></body></html>
"""
SCRIPT = """let api = window, tries = 0;
while (!api.API && api.parent !== api && tries < 9) { api = api.parent; tries += 1; }
api = api.API;
const parts = [...document.querySelector("main").children], began = Date.now();
const where = document.getElementById("where");
api.LMSInitialize("");
let at = Math.min(Number(api.LMSGetValue("cmi.core.lesson_location")) || 0, parts.length - 1);
const keep = () => {
  const seconds = Math.round((Date.now() - began) / 1000), two = (number) => String(number).padStart(2, "0");
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  api.LMSSetValue("cmi.core.session_time", time);
  api.LMSSetValue("cmi.core.lesson_location", String(at));
  api.LMSCommit("");
};
const show = () => {
  parts.forEach((part, place) => { part.hidden = place !== at; });
  where.textContent = `${at + 1} / ${parts.length}`;
  document.getElementById("back").disabled = at === 0;
  document.getElementById("next").disabled = at === parts.length - 1;
};
const go = (by) => { at += by; show(); keep(); };
document.getElementById("back").onclick = () => go(-1);
document.getElementById("next").onclick = () => go(1);
document.querySelector("form").onchange = (event) => {
  api.LMSSetValue("cmi.core.score.raw", event.target.value);
  api.LMSSetValue("cmi.core.lesson_status", event.target.value === "100" ? "passed" : "incomplete");
  where.textContent = event.target.value === "100" ? "正確" : "再想一想";
  keep();
};
show();
"""
STYLE = """body { margin: 0; font: 1.1rem/1.7 sans-serif; color: #28282c; background: #f6f4ee; }
main { min-height: 60vh; padding: 1.5rem; } h2 { color: #b02020; } label { display: block; padding: .3rem 0; }
footer { display: flex; gap: 1rem; align-items: center; justify-content: space-between; padding: 1rem 1.5rem; }
button { padding: .5rem 1.2rem; font: inherit; }
"""


def package() -> bytes:
    """The SCORM package, the same each time."""
    steps = "".join(f"<section hidden><h2>{title}</h2><p>{text}</p></section>" for title, text in STEPS)
    pages = {"imsmanifest.xml": MANIFEST, "index.html": PAGE.format(steps=steps)}
    pages |= {"steps.js": SCRIPT, "style.css": STYLE}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in pages.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 5, 9, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def captions(lines: tuple[str, ...]) -> bytes:
    """Captions of which each has its share of the film, in WebVTT."""
    each = FILM_SECONDS // len(lines)
    cues = (f"00:{at * each:02d}.000 --> 00:{(at + 1) * each:02d}.000\n{line}\n" for at, line in enumerate(lines))
    return "WEBVTT\n\n{}".format("\n".join(cues)).encode()


def play_lessons(room: Room) -> None:
    """The course is entered with its files and published; one person has begun it."""
    course = room.at(HR, DAYS, _enter)
    attached = {"package": [(PACKAGE, package())], "video": [(f"{FILM}.webm", film(FILM_SECONDS, lockout))]}
    attached["captions"] = [(f"{FILM}.{tag}.vtt", captions(lines)) for tag, lines in CAPTIONS.items()]
    for kind, rows in attached.items():
        for name, content in rows:
            _attach(room, course, kind, name, content)
    room.desk.keep(COURSE, Course.collection().find_one({"_id": course.id}, {"version": 1}) or {})
    room.at(HR, DAYS - 0.3, lambda desk: desk.move(COURSE, "publish"))
    room.at(LEARNER, DAYS - 1, _begin)


def _attach(room: Room, course: Any, kind: str, name: str, content: bytes) -> None:
    """A file goes into GridFS first, which no transaction may do."""
    room.desk.login = HR
    with clock.set_to(room.moment(DAYS - 0.1)):
        files.attach(Course, course.id, kind, files.Upload(name, io.BytesIO(content)), actor=room.desk.actor)


def _enter(desk: Desk) -> Any:
    lessons = [
        Lesson(title="斷電掛牌四步", kind="scorm", file=PACKAGE, minutes=5),
        Lesson(title=FILM, kind="video", file=f"{FILM}.webm", minutes=1),
    ]
    values = {
        "name": "檢修斷電掛牌",
        "about": "rules",
        "trainer": desk.id(f"user:{TRAINER}"),
        "purpose": "檢修設備前按四步斷電、掛牌、上鎖。",
        "lessons": lessons,
        "voluntary": True,
        "gives_certificate": False,
    }
    return desk.create(COURSE, values)


def _begin(desk: Desk) -> None:
    me, context = desk.actor, Context(source=Source.SEED, confirmed=True)
    values = {"course": desk.id(COURSE), "person": me.id, "owner": me.id, "department": me.department}
    values |= {"due": clock.today() + dt.timedelta(days=30)}
    made = changes.create(Enrolment, values, actor=for_person(me), context=context)
    changes.move(Enrolment, made.id, "begin", actor=me, version=made.version, context=context)
