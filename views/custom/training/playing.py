"""Playing a lesson is no form of a record: a page sends by itself how far somebody is in a package or a video."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, g, jsonify, redirect, request
from flask_admin import BaseView, expose

from models.kernel.base.errors import Missing, Refused
from models.kernel.base.words import L, current_locale
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.files import files
from models.services.files import viewing as file_viewing
from models.training import captions, packages, tracking
from models.training.courses import Enrolment, Lesson
from models.training.tracking import LessonStanding
from views import wording
from views.session import actor
from views.slots import CustomView

NO_HOST = L(
    "This lesson is a SCORM package, which is only opened on a host name of its own. IT has not set one yet "
    "(GUICHENG_CONTENTS_URL).",
    "本課時為 SCORM 課件，須在獨立網域打開。信息技術部尚未設置該網域（GUICHENG_CONTENTS_URL）。",
)
NO_PACKAGE = L(
    "The file of this lesson was not attached as a SCORM package; please tell the trainer.",
    "本課時的附件不是以「SCORM 課件」類型上傳的，請告知講師。",
)
NONSENSE = L("This page sent something that cannot be read.", "此頁面發送的內容無法讀取。")
STATUSES = {
    "passed": (L("Passed", "已通過"), "good"),
    "completed": (L("Done", "已完成"), "good"),
    "failed": (L("Not passed", "未通過"), "bad"),
    "incomplete": (L("Begun", "已開始"), "progress"),
    "browsed": (L("Begun", "已開始"), "progress"),
}
STRETCHES_SENT_MAX = 200


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = catalogue.get("enrolment") is Enrolment
    return [PlayingView(name="lesson", endpoint="lesson", url="/admin/lesson")] if known else []


class PlayingView(CustomView):
    """What the scripts of a lesson that is played ask for."""

    @expose("/")
    def index(self) -> Any:
        """There is no page without a course."""
        return redirect("/admin/course/")

    @expose("/<id>/", methods=("POST",))
    def take(self, id: str) -> Any:
        """Begin, say that the page is still there, or keep how far somebody is; `verb` says which."""
        enrolment: Any = rights.find(actor(), Enrolment, id)
        sent = request.get_json(silent=True)
        verb = _VERBS.get(sent.get("verb")) if isinstance(sent, dict) and isinstance(sent.get("verb"), str) else None
        if enrolment.ref("person") != actor().id or enrolment.course is None:
            raise Missing
        try:
            if verb is None:
                raise Refused(NONSENSE)
            return jsonify(ok=True, **verb(enrolment, sent))
        except Refused as refused:
            return jsonify(ok=False, message=str(refused.first)), 422

    @expose("/captions/<file_id>")
    def captions(self, file_id: str) -> Response:
        """Captions as WebVTT, whatever they were attached as."""
        look = file_viewing.may_look(file_id, actor=actor())
        if look.file.get("kind") != captions.CAPTIONS or look.file["size"] > captions.SIZE_MAX:
            raise Missing
        try:
            cues = captions.cues_of(files.bucket().open_download_stream(look.file["content"]).read())
        except Refused as refused:  # attached before captions were looked through
            raise Missing from refused
        return Response(captions.web_vtt(cues), content_type="text/vtt; charset=utf-8")


def _open(enrolment: Enrolment, sent: Mapping[str, Any]) -> dict[str, Any]:
    lesson = tracking.lesson_of(enrolment, str(sent.get("lesson", "")))
    file, place = tracking.file_of(enrolment, lesson), sent.get("place", 0)
    if file is None or enrolment.state not in ("in_progress", "done") or lesson.kind not in tracking.PLAYED:
        raise Missing
    if lesson.kind == "scorm" and not host_for("x"):
        raise Refused(NO_HOST)
    parts = len(packages.items_of(file)) if packages.package_of(file) else 1
    if not isinstance(place, int) or not 0 <= place < parts:
        raise Refused(NONSENSE)
    origin = request.host_url.rstrip("/")
    launch = tracking.begin(actor(), enrolment, lesson, file, place, origin)
    return {"launch": launch.key, "address": f"{host_for(launch.label)}/c/{launch.key}/"}


def _commit(enrolment: Enrolment, sent: Mapping[str, Any]) -> dict[str, Any]:
    values = sent.get("values")
    if not isinstance(values, dict):
        raise Refused(NONSENSE)
    is_over, seq = sent.get("over") is True, sent.get("seq")
    return _shown(tracking.commit(actor(), enrolment, _launch(sent), values, is_over=is_over, seq=seq))


def _alive(enrolment: Enrolment, sent: Mapping[str, Any]) -> dict[str, Any]:
    tracking.stays_open(actor(), enrolment, _launch(sent))
    return {}


def _watch(enrolment: Enrolment, sent: Mapping[str, Any]) -> dict[str, Any]:
    seen = sent.get("seen")
    if not isinstance(seen, list) or len(seen) > STRETCHES_SENT_MAX:
        raise Refused(NONSENSE)
    stretches = [(_seconds(each[0]), _seconds(each[1])) for each in seen if isinstance(each, list) and len(each) == 2]
    at, duration = _seconds(sent.get("at")), _seconds(sent.get("duration"))
    return _shown(tracking.watch(actor(), enrolment, _launch(sent), at, duration, stretches))


_VERBS = {"open": _open, "commit": _commit, "alive": _alive, "watch": _watch}


def _launch(sent: Mapping[str, Any]) -> str:
    return str(sent.get("launch", ""))[:100]


def _seconds(value: Any) -> float:
    """A number of seconds. Raises Refused for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= tracking.VIDEO_SECONDS_MAX:
        raise Refused(NONSENSE)
    return float(value)


def _shown(now: LessonStanding) -> dict[str, Any]:
    return {"done": now.is_done, "share": wording.number(now.share * 100, 0)}


def host_for(label: str) -> str:
    """The origin at which somebody's contents of a label are opened; empty where none is set."""
    return str(current_app.config.get("CONTENTS_URL", "")).replace("*", label)


def player_for(enrolment: Enrolment, lesson: Lesson | None, file: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the page of a lesson that is played is given: `kind`, and either `problem` or what its script needs."""
    if lesson is None or file is None or lesson.kind not in tracking.PLAYED:
        return None
    now = tracking.standing(enrolment, lesson, file)
    facts = {"kind": lesson.kind, "url": f"/admin/lesson/{enrolment.id}/", "lesson": lesson.key, "is_done": now.is_done}
    if lesson.kind == "video":
        tracks = captions.tracks_for(file, files.files_of(enrolment.course.id), current_locale())
        share = wording.number(now.share * 100, 0)
        return facts | {
            "tracks": tracks,
            "position": now.position,
            "share": share,
            "src": f"/files/{file['_id']}/video",
        }
    return facts | _package_for(lesson, file, now)


def _package_for(lesson: Lesson, file: Mapping[str, Any], now: LessonStanding) -> dict[str, Any]:
    label = tracking.label_for(actor(), file)
    if packages.package_of(file) is None or not host_for(label):
        return {"problem": NO_HOST if packages.package_of(file) else NO_PACKAGE}
    items = packages.items_of(file)
    typed = request.args.get("part", "0")
    place = int(typed) if typed.isdecimal() and len(typed) < 4 and int(typed) < len(items) else 0
    parts = urlsplit(host_for(label))
    g.framed = f"{parts.scheme}://{parts.netloc}"
    minutes = now.seconds // 60
    return {"parts": _parts(items, place, now), "place": place, "origin": g.framed, "minutes": minutes}


def _parts(items: list[packages.PackageItem], place: int, now: LessonStanding) -> list[dict[str, Any]]:
    statuses = now.statuses or {}
    return [
        {
            "title": item.title,
            "place": number,
            "is_shown": number == place,
            "badge": STATUSES.get(statuses.get(str(number), "")),
        }
        for number, item in enumerate(items)
    ]
