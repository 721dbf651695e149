"""A kind of field more costs two files: what its values are, and how they appear. In a copy of the tree in which
nothing else was touched, a type that uses it is walked through every screen, and passes the tests of every record."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "artefacts", ".*_cache", "node_modules")

VALUES = '''"""Lengths of time as people write them: 1:30 is an hour and a half."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import mongoengine as me

from models.kernel.base.words import L, Words
from models.kernel.language.kinds.rule import TOO_LARGE, LinkNames, Rule, label_of

NO_DURATION = L("“{label}” must be hours and minutes, such as 1:30.", "「{label}」須為時和分，如 1:30。")
DAY = 24 * 60
_PATTERN = re.compile(r"([0-9]{1,3}):([0-5][0-9])")


def in_hours(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"


class Duration(Rule, me.IntField):
    """A length of time, kept in minutes."""

    is_exact = True
    unreadable = NO_DURATION

    def read(self, text: str) -> Any:
        if not (parts := _PATTERN.fullmatch(text)):
            raise ValueError("no duration")
        return int(parts[1]) * 60 + int(parts[2])

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, int):
            yield NO_DURATION(label=label_of(self))
        elif value > DAY:
            yield TOO_LARGE(label=label_of(self), most=in_hours(DAY))

    def found_by(self, value: Any) -> str:
        return in_hours(value)

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield in_hours(value)

    def in_json(self, value: Any, sees: Any) -> Any:
        return in_hours(value)
'''

PAGES = '''"""How lengths of time appear."""

from __future__ import annotations

from typing import Any

from werkzeug.datastructures import MultiDict

from models.kernel.base.words import L
from models.kernel.language.kinds.durations import Duration, in_hours
from models.kernel.language.typed import parse

from ..wording import Labels
from .base import Kind, range_filter
from .registry import for_kind


@for_kind(Duration)
class DurationKind(Kind):
    """Hours and minutes."""

    attributes = {"type": "text", "placeholder": "1:30"}
    is_number = True
    layout = "number"
    takes = L("Hours and minutes, such as 1:30", "時和分，如 1:30")

    def say(self, value: Any, labels: Labels) -> str:
        return in_hours(value)

    def in_input(self, value: Any) -> str:
        return in_hours(value)

    def condition(self, values: list[str]) -> Any:
        return parse(self.field, values[-1])

    def condition_from(self, text: str) -> Any:
        return {"$gte": parse(self.field, text)}

    def condition_to(self, text: str) -> Any:
        return {"$lte": parse(self.field, text)}

    def filter(self, name: str, args: MultiDict, labels: Labels) -> dict[str, Any]:
        return range_filter(self, name, args, "text")
'''

TYPE = '''"""Trials of machines, each with how long it took."""

from models.chapters import SALES
from models.kernel.base.words import L
from models.kernel.language.declare import record
from models.kernel.language.fields import Text
from models.kernel.language.kinds.durations import Duration
from models.kernel.language.record import Record
from models.kernel.language.spec import Grid


@record(
    label=L("Trial run", "試機"),
    chapter=SALES,
    clause="2.2.2",
    number="TRL-{yyyy}-{seq:4}",
    title="{subject}",
    grid=Grid("number subject took", search="subject took", inline="took", filters="took"),
)
class TrialRun(Record):
    """A trial run of a machine."""

    subject = Text(required=True, label=L("Subject", "主題"))
    took = Duration(required=True, label=L("Took", "用時"))
'''

WALK = '''"""One record with a length of time, through every way in which a person meets it."""

import csv
import io

import pypdfium2
from python_calamine import CalamineWorkbook

from models.kernel.base.words import EN
from models.trials import TrialRun
from tests.fixtures.http import id_in, said

BASE = "/admin/trial_run/"


def test_a_new_kind_of_field_is_everywhere(company, browser_as, sheets) -> None:
    clerk = browser_as("clerk_sal", locale=EN)

    form = clerk.form(f"{BASE}new/")
    refused = clerk.send(form, subject="Press", took="ninety")
    assert "“Took” must be hours and minutes, such as 1:30." in refused.text
    assert "ninety" in refused.text, "what was typed is lost"
    assert "“Took” must be 24:00 or less." in clerk.send(form, subject="Press", took="30:00").text
    made = clerk.send(form, subject="Press", took="1:30")
    assert made.status_code == 302, said(made)
    record = TrialRun.objects.get(id=id_in(made))
    assert record.took == 90
    assert clerk.form(f"{BASE}edit/", id=record.id)["took"] == "1:30"
    assert "1:30" in clerk.page(f"{BASE}details/", {"id": record.id}).text

    long = TrialRun.objects.get(id=id_in(clerk.send(clerk.form(f"{BASE}new/"), subject="Lathe", took="12:05")))
    assert clerk.page(BASE).heads[-1] == "Took"
    shown = lambda query: [row[-1] for row in clerk.page(BASE, query).rows if any(row)][1:]
    assert shown({"sort": "took"}) == ["1:30", "12:05"]
    assert shown({"sort": "-took"}) == ["12:05", "1:30"]
    assert shown({"f.took.from": "2:00"}) == ["12:05"]
    assert shown({"f.took.to": "1:30"}) == ["1:30"]
    assert shown({"f.took": "12:05"}) == ["12:05"]
    assert shown({"q": "12:05"}) == ["12:05"]
    assert "must be hours and minutes" in clerk.page(BASE, {"f.took.from": "long"}).text

    cell = {"id": long.id, "version": long.version, "name": "took"}
    assert "hours and minutes" in clerk.post(f"{BASE}ajax/update/", cell | {"value": "x"}).get_json()["message"]
    edited = clerk.post(f"{BASE}ajax/update/", cell | {"value": "2:15"}).get_json()
    assert (edited["ok"], edited["text"], edited["value"]) == (True, "2:15", "2:15")

    out = clerk.get(f"{BASE}export/csv/").get_data()
    lines = list(csv.reader(io.StringIO(out.decode("utf-8-sig"))))
    assert sorted(line[-1] for line in lines[1:]) == ["1:30", "2:15"]
    book = CalamineWorkbook.from_filelike(io.BytesIO(clerk.get(f"{BASE}export/xlsx/").get_data()))
    assert sorted(str(row[-1]) for row in book.get_sheet_by_index(0).to_python()[1:]) == ["1:30", "2:15"]
    assert set(sheets.checked(out, "trial_run").counts) == {"same"}, "an export that comes back is a change"

    template = CalamineWorkbook.from_filelike(io.BytesIO(clerk.get(f"{BASE}import/template/").get_data()))
    assert "Hours and minutes, such as 1:30" in str(template.get_sheet_by_index(1).to_python())
    rows = [["Number", "Subject", "Took"], ["", "Drill", "0:45"], ["", "Saw", "soon"]]
    assert sheets.imported(rows, "trial_run").counts["refused"] == 1
    assert TrialRun.objects.get(subject="Drill").took == 45

    with pypdfium2.PdfDocument(clerk.get(f"{BASE}print/", {"id": record.id}).get_data()) as paper:
        assert "1:30" in paper[0].get_textpage().get_text_bounded()
'''

KIND = {"models/kernel/language/kinds/durations.py": VALUES, "views/kinds/durations.py": PAGES}
USE = {"models/trials.py": TYPE, "tests/every_record/test_walk.py": WALK}


@pytest.mark.slow
def test_a_kind_of_two_files_is_on_every_screen(tmp_path: Path, mongo_uri: str) -> None:
    assert not any((ROOT / path).exists() for path in KIND | USE)
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=LEFT_OUT, symlinks=True)
    for path, source in (KIND | USE).items():
        (tree / path).write_text(source, "utf-8")
    run = _pytest(tree, mongo_uri)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-1000:]
    for screen in ("is_everywhere", "entered_by_hand[TrialRun]", "by_an_index[TrialRun]", "changes_nothing[TrialRun]"):
        assert f"{screen} PASSED" in run.stdout, f"{screen} did not run"


def _pytest(tree: Path, mongo_uri: str) -> subprocess.CompletedProcess[str]:
    """The walk and the tests of every record for its type, in a process of their own on a database of their own."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "GUICHENG_", "COV_"))}
    own = {"TEST_MONGODB_URI": mongo_uri, "PYTEST_XDIST_WORKER": f"kind_{os.getpid()}", "PYTHONPATH": str(tree)}
    chosen = ["tests/every_record", "-k", "everywhere or [TrialRun] or [TrialRun-", "-v", "--color=no"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *chosen, "-p", "no:cacheprovider"],
        cwd=tree,
        env=plain | own,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
