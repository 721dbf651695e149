"""Results in JUnit XML: matched by key, rehearsed, taken over once; nasty files are refused, large ones pass by."""

from __future__ import annotations

import io
import tempfile
from typing import Any

import pytest

from models.development import junit
from models.services.files import confined, files
from tests.fixtures.doing import work_off

SUITE = """<testsuites><testsuite name="s">
<testcase classname="gate.Boot" name="cold" time="1.25"/>
<testcase classname="gate.Boot" name="warm" time="0,5"><failure message="late">5 s &lt; 7 s</failure></testcase>
<testcase classname="gate.Boot" name="warm" time="0.5"/>
<testcase classname="gate.Boot" name="off"><skipped/></testcase>
<testcase classname="gate.Other" name="new"><system-out>noise</system-out></testcase>
</testsuite></testsuites>"""
ENTITIES = """<!DOCTYPE x [<!ENTITY a "b">]><testsuite><testcase name="&a;"/></testsuite>"""


def rows_of(text: str) -> list[Any]:
    with tempfile.TemporaryFile() as content:
        content.write(text.encode())
        return list(confined.rows("junit", {}, content))


def attached(workshop: Any, run: Any, text: str) -> None:
    upload = files.Upload("results.xml", io.BytesIO(text.encode()))
    files.attach(type(run), run.id, "junit", upload, actor=workshop.company.actor("clerk_rnd"))


def test_results_are_rehearsed_matched_by_key_and_taken_over_once(workshop: Any) -> None:
    (item,) = workshop.released()
    cold, warm, off = (workshop.case(item, subject=name, key=f"gate.Boot.{name}") for name in ("cold", "warm", "off"))
    run = workshop.run("b1")
    attached(workshop, run, SUITE)
    workshop.move(run, "read_file")
    work_off("junit.read")
    run = workshop.fresh(run)
    assert (run.state, run.would_add, run.unknown, run.results) == ("rehearsed", 2, 1, [])
    assert [(line.name, line.what) for line in run.unmatched] == [
        ("gate.Other.new", "unknown"),
        ("gate.Boot.warm", "twice"),
    ]
    workshop.move(run, "take_over")
    work_off("junit.read")
    run = workshop.fresh(run)
    assert (run.state, run.found_by, run.passed, run.failed) == ("under_way", "junit", 1, 1)
    results = [workshop.fresh(case).result for case in (cold, warm, off)]
    assert results == ["passed", "failed", "not_run"]  # what was skipped was not run
    assert "5 s < 7 s" in run.results[1].note
    assert {line.ref("by") for line in run.results} == {workshop.company.users["clerk_rnd"]}


@pytest.mark.parametrize(("text", "why"), [(ENTITIES, "實體"), ("<html/>", "JUnit"), ("<testsuite><testcase", "損壞")])
def test_what_cannot_be_read_is_said_on_the_run(workshop: Any, text: str, why: str) -> None:
    workshop.released()
    run = workshop.run("b1")
    attached(workshop, run, text)
    workshop.move(run, "read_file")
    work_off("junit.read")
    run = workshop.fresh(run)
    assert run.state == "under_way"
    assert why in run.file_says["zh-Hant"]


def test_much_output_passes_by() -> None:
    """Thirty megabytes in one element, read in the memory of the confined process; nothing of it comes out."""
    noise = "x" * (30 * 1024 * 1024)
    text = f'<testsuite><testcase name="a"><system-out>{noise}</system-out></testcase><testcase name="b"/></testsuite>'
    assert [row[:2] for row in rows_of(text)] == [["a", "passed"], ["b", "passed"]]


def test_the_number_of_results_has_no_bound_but_that_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 MB of nothing but short cases were once too long an answer; here the same with other figures: 3 MB, and a
    bound of 64 kB. (200 MB, 1,942,000 cases, read by hand: 18 MB of memory in the confined process, 41 s.)"""
    monkeypatch.setattr(confined, "ANSWER_MAX", 64 * 1024)
    with tempfile.TemporaryFile() as content:
        content.write(b"<testsuite>")
        content.writelines(f'<testcase classname="網關.啟動" name="c{at}"/>\n'.encode() for at in range(50_000))
        content.write(b"</testsuite>")
        size = content.tell()
        assert sum(1 for _ in junit.rows_of(content, size)) == 50_000
        with pytest.raises(confined.Unreadable):
            list(confined.rows("junit", {}, content, most=confined.ANSWER_MAX))


def test_memory_is_for_the_cases_that_are_there_alone(workshop: Any) -> None:
    many = ([f"no.such.case{at}", "passed", "", None] for at in range(200_000))
    answer = junit.results_in(workshop.project.id, many)
    assert (len(answer.unknown), answer.unknown_count, answer.results) == (500, 200_000, {})
