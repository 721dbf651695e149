"""What a package may say of itself: the data models of SCORM 1.2 and 2004, looked at again by the server (5.2)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models.kernel.base.errors import Refused
from models.training import scorm
from models.training.captions import cues_of, tracks_for, web_vtt
from models.training.watched import covered, merged

V12, V2004 = scorm.V12, scorm.V2004


@pytest.mark.parametrize(
    ("version", "name", "good", "bad"),
    [
        (V12, "cmi.core.lesson_status", "passed", "not attempted"),
        (V12, "cmi.core.lesson_location", "x" * 255, "x" * 256),
        (V12, "cmi.core.score.raw", "", "100.5"),
        (V12, "cmi.core.session_time", "0001:02:03.45", "1:2:3"),
        (V12, "cmi.suspend_data", "x" * 4096, "x" * 4097),
        (V12, "cmi.interactions.249.result", "0.5", "perhaps"),
        (V12, "cmi.interactions.3.time", "23:59:59", "24:00:00"),
        (V12, "cmi.objectives.0.status", "not attempted", "done"),
        (V12, "cmi.student_preference.audio", "-1", "101"),
        (V2004, "cmi.completion_status", "completed", "passed"),
        (V2004, "cmi.success_status", "failed", "completed"),
        (V2004, "cmi.score.scaled", "-1", "1.01"),
        (V2004, "cmi.location", "x" * 1000, "x" * 1001),
        (V2004, "cmi.suspend_data", "字" * 64000, "字" * 64001),
        (V2004, "cmi.session_time", "PT1H2M3.5S", "1:02:03"),
        (V2004, "cmi.session_time", "P1DT2S", "PT"),
        (V2004, "cmi.interactions.0.timestamp", "2026-11-30T18:00:00Z", "yesterday"),
        (V2004, "cmi.interactions.0.objectives.19.id", "urn:x", " "),
        (V2004, "cmi.objectives.99.progress_measure", "1", "1.5"),
    ],
)
def test_each_element_takes_what_the_standard_says(version: str, name: str, good: str, bad: str) -> None:
    assert scorm.misfit(version, {name: good}) is None
    assert scorm.misfit(version, {name: bad}) == name


@pytest.mark.parametrize(
    ("version", "values"),
    [
        (V12, {"cmi.core.student_name": "林"}),  # read only
        (V12, {"cmi.core.total_time": "9999:00:00"}),
        (V12, {"cmi.suspend_data": 7}),
        (V12, {"cmi.interactions.250.id": "x"}),  # more than is kept
        (V2004, {"cmi.interactions.0.objectives.20.id": "x"}),
        (V2004, {"cmi.mode": "review"}),
        (V2004, {"$where": "1"}),
        (V2004, {"cmi.core.lesson_status": "passed"}),  # of the other version
        (V2004, {f"cmi.interactions.{place}.learner_response": "x" * 4000 for place in range(80)}),
        (V12, {f"cmi.objectives.{place}.id": "x" for place in range(7000)}),
    ],
)
def test_nothing_else_is_taken(version: str, values: dict[str, object]) -> None:
    assert scorm.misfit(version, values)


def test_both_ends_know_the_same_elements() -> None:
    """Each form of the table is one that the player knows, too."""
    forms = {each.form for model in scorm.ELEMENTS.values() for each in model.values()}
    assert forms == {"text", "id", "words", "result", "score", "number", *scorm._FORMS}


def test_status_follows_from_the_rules_of_the_manifest() -> None:
    raw = {"cmi.core.score.raw": "79.5", "cmi.core.lesson_status": "completed"}
    assert scorm.settled(V12, raw, {"mastery": "80"}, is_over=True)["cmi.core.lesson_status"] == "failed"
    assert scorm.settled(V12, raw, {"mastery": "79.5"}, is_over=True)["cmi.core.lesson_status"] == "passed"
    assert scorm.settled(V12, raw, {"mastery": "80"}, is_over=False)["cmi.core.lesson_status"] == "failed"
    begun = {**raw, "cmi.core.lesson_status": "incomplete"}
    assert scorm.settled(V12, begun, {"mastery": "70"}, is_over=False) == begun
    assert scorm.settled(V12, begun, {"mastery": "70"}, is_over=True)["cmi.core.lesson_status"] == "passed"
    assert scorm.settled(V12, {}, {}, is_over=True) == {"cmi.core.lesson_status": "completed"}
    scaled = {"cmi.score.scaled": "0.8", "cmi.progress_measure": "0.5", "cmi.completion_status": "completed"}
    settled = scorm.settled(V2004, scaled, {"scaled": "0.8", "progress": "0.6"}, is_over=False)
    assert (settled["cmi.success_status"], settled["cmi.completion_status"]) == ("passed", "incomplete")


@pytest.mark.parametrize(
    ("version", "values", "is_done"),
    [
        (V12, {"cmi.core.lesson_status": "passed"}, True),
        (V12, {"cmi.core.lesson_status": "failed"}, False),
        (V2004, {"cmi.completion_status": "completed"}, True),
        (V2004, {"cmi.completion_status": "completed", "cmi.success_status": "failed"}, False),
        (V2004, {"cmi.completion_status": "incomplete", "cmi.success_status": "passed"}, True),
        (V2004, {}, False),
    ],
)
def test_what_counts_as_done(version: str, values: dict[str, str], is_done: bool) -> None:
    assert scorm.is_done(version, values) is is_done


def test_nobody_is_set_back_from_done() -> None:
    passed = {"cmi.core.lesson_status": "passed", "cmi.core.score.raw": "90"}
    later = {"cmi.core.lesson_status": "incomplete", "cmi.core.score.raw": "10", "cmi.suspend_data": "page=1"}
    assert scorm.not_set_back(V12, later, passed) == {**passed, "cmi.suspend_data": "page=1"}
    assert scorm.not_set_back(V12, {"cmi.core.lesson_status": "completed"}, passed) == passed
    better = {"cmi.core.lesson_status": "passed", "cmi.core.score.raw": "95"}
    assert scorm.not_set_back(V12, better, passed) == better
    assert scorm.not_set_back(V12, later, {}) == later


def test_times_and_scores() -> None:
    assert scorm.seconds_claimed(V12, {"cmi.core.session_time": "0001:02:03.99"}) == 3723
    assert scorm.seconds_claimed(V2004, {"cmi.session_time": "P1DT1H1M1.9S"}) == 90061
    assert scorm.seconds_claimed(V2004, {}) == 0
    assert (scorm.time_words(V12, 3723), scorm.time_words(V2004, 3723)) == ("0001:02:03", "PT1H2M3S")
    assert scorm.score_of(V2004, {"cmi.score.scaled": "0.85", "cmi.score.raw": "17"}) == Decimal("85.00")
    assert scorm.score_of(V12, {"cmi.core.score.raw": ""}) is None


def test_what_was_watched_is_counted_once() -> None:
    assert merged([(5, 9), (0, 4), (8, 12), (30, 20)], 11) == [(0, 11)]  # a second between two is none
    assert merged([(0, 4), (6, 9)], 100) == [(0, 4), (6, 9)]
    assert covered([(0, 4), (6, 9)]) == 7
    many = [(place * 10.0, place * 10.0 + 1 + place % 2) for place in range(1200)]
    assert len(merged(many, 10**5)) == 500


SRT = (
    "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>第一</i> &amp; <script>x</script>\r\n\r\n"
    "2\r\n00:01:00,5 --> 00:01:03,000\r\n二\r\n"
)


def test_captions_of_both_kinds_become_plain_webvtt() -> None:
    shown = web_vtt(cues_of(SRT.encode("gb18030")))
    assert shown.startswith(
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n第一 &amp; x\n\n00:01:00.500 --> 00:01:03.000\n二"
    )
    vtt = (
        "\ufeffWEBVTT - 標題\n\nSTYLE\n::cue { color: red }\n\nNOTE no\n\n"
        "01:00.000 --> 01:01.000 line:0 align:start\na < b --> c\n"
    )
    assert web_vtt(cues_of(vtt.encode("utf-16"))) == ("WEBVTT\n\n00:01:00.000 --> 00:01:01.000\na &lt; b --&gt; c\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("WEBVTT\n\n1\n00:01 --> 00:02\nx", "4"),
        ("WEBVTT\n\n00:02.000 --> 00:01.000\nx", "3"),
        ("1\n00:00:01,000 --> 00:00:02,000\na\n\n\nno time\n", "6"),
        ("WEBVTT\n", ""),
        ("", ""),
    ],
)
def test_captions_that_are_none_are_refused_with_their_line(text: str, line: str) -> None:
    with pytest.raises(Refused) as raised:
        cues_of(text.encode())
    assert f"Line {line} " in str(raised.value) if line else "no caption" in str(raised.value)


def test_captions_belong_to_the_video_of_their_name_and_start_in_the_language_of_the_reader() -> None:
    names = ("片.vtt", "片.en.srt", "片.zh-CN.vtt", "別.en.vtt", "片.txt", "片二.vtt")
    every = [{"name": name, "kind": "captions"} for name in names]
    for locale, default in (("en", "en"), ("zh-Hant", "zh-Hant"), ("zh-Hans", "zh-Hans")):
        tracks = tracks_for({"name": "片.mp4"}, every, locale)
        assert [item.language for item in tracks] == ["zh-Hant", "en", "zh-Hans"]
        assert [item.language for item in tracks if item.is_default] == [default]
