"""Results of automated tests (2.3.4): what a file in JUnit XML would add to a run, and what of it finds no case."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO, Any

from bson import ObjectId

from ..kernel.base.store import in_unit
from ..kernel.base.words import L
from ..services.files import confined, files, scanning, tampering
from .cases import FAILED
from .runs import LISTED_MAX, RunResult, TestRun, Unmatched

SECONDS_MAX = 600
FAILED_SILENTLY = L("Failed without a message.", "未通過，未附說明。")
WHY = {
    "entities": L("it declares a document type; entities are not read.", "含文檔類型聲明，不讀取實體。"),
    "junit": L("it is no JUnit XML.", "不是 JUnit XML。"),
}


@dataclass
class JUnitResults:
    """What a file holds for the cases of a project. A name that is there twice has failed when one of them did."""

    results: dict[ObjectId, tuple[str, str, float | None]] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)
    twice: dict[str, None] = field(default_factory=dict)
    unknown_count: int = 0

    def lines(self, by: ObjectId | None) -> list[RunResult]:
        """The results as lines of a run."""
        return [
            RunResult(
                case=id,
                result=result,
                note=note or (str(FAILED_SILENTLY) if result == FAILED else None),
                seconds=None if seconds is None else round(Decimal(str(seconds)), 1),
                by=by,
            )
            for id, (result, note, seconds) in self.results.items()
        ]

    def unmatched(self) -> list[Unmatched]:
        """What finds no case, and what is there twice, as far as it is listed."""
        rows = [Unmatched(name=key, what="unknown") for key in self.unknown]
        return [*rows, *(Unmatched(name=key, what="twice") for key in self.twice)][:LISTED_MAX]


def results_in(project: ObjectId, rows: Iterable[Any]) -> JUnitResults:
    """The results of a file by the keys of the cases of a project: one query, and memory for what has a case alone."""
    cases = in_unit("test_case").find({"project": project, "key": {"$gt": ""}, "removed_at": None}, {"key": 1})
    by_key = {row["key"]: row["_id"] for row in cases}
    answer = JUnitResults()
    for key, result, note, seconds in rows:
        case = by_key.get(key)
        if case is None:
            answer.unknown_count += 1
            if len(answer.unknown) < LISTED_MAX:
                answer.unknown[key] = None
            continue
        former = answer.results.get(case)
        if former is not None:
            answer.twice[key] = None
        if former is None or former[0] != FAILED:
            answer.results[case] = (result, note, seconds)
    return answer


def read_file(run: TestRun) -> JUnitResults:
    """What the newest results file of a run holds. Raises confined.Unreadable."""
    attached = [file for file in files.files_of(run.id) if file.get("kind") == "junit"]
    if not attached or scanning.state_of(attached[-1]) in (scanning.WAITING, scanning.INFECTED):
        raise confined.Unreadable("gone")
    tampering.refuse_changed_facts(attached[-1])
    project: Any = run.ref("project")
    with tempfile.TemporaryFile() as copy:
        return results_in(project, rows_of(copy, _copy(attached[-1], copy)))


def rows_of(content: IO[bytes], size: int) -> Iterator[Any]:
    """The results in a file, whatever their number: each is told in less than twice the bytes that it takes there."""
    most = max(confined.ANSWER_MAX, 2 * size)
    return confined.rows("junit", {}, content, seconds=SECONDS_MAX, most=most)


def _copy(file: dict[str, Any], copy: IO[bytes]) -> int:
    """Copy a stored file; how many bytes it has."""
    stored = files.bucket().open_download_stream(file["content"])
    while chunk := stored.readchunk():
        copy.write(chunk)
    return copy.tell()
