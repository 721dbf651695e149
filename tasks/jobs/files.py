"""Scans uploaded files where there is a scanner, and reads their text; and those that were left waiting, again."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from gridfs.errors import NoFile
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.collections import FILES
from models.kernel.base.words import L
from models.kernel.gate.notices import NoticeKind, notice_for
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.language.declare import registered
from models.services.files import files, scanning
from models.services.files import reading as file_reading
from models.services.files.scanning import ScannerUnavailable

from ..engine.alerts import alarm, page_of_run, tell_it
from ..engine.registry import job
from ..engine.run import Run

BATCH = 200
INFECTED = L(
    "A virus ({virus}) was found in the file {name} that you attached to {number}. Nobody can open the file any more.",
    "您添加到 {number} 的文件「{name}」檢出病毒（{virus}），已隔離，任何人不能打開。",
)
INFECTED_IT = L(
    "A virus ({virus}) was found in an uploaded file; the file is locked, its uploader was told.",
    "上傳的文件檢出病毒（{virus}），文件已隔離，並已通知上傳人。",
)
SCANNER_AWAY = L(
    "The virus scanner does not answer; new files wait and can be opened by their uploaders only.",
    "病毒掃描程序沒有回應，新上傳的文件等待掃描，暫時只有上傳人可以打開。",
)


@job(
    "files.read",
    L("Read an uploaded file", "讀取上傳文件"),
    L(
        "Scans a file if there is a scanner, takes the text out of it, makes its small picture and counts its pages.",
        "如設有掃描程序，先掃描病毒；然後提取文件中的文字，生成縮略圖並統計頁數。",
    ),
    hidden=True,
)
def read(run: Run, file: str) -> None:
    """Scan and read one file."""
    row = get_db()[FILES].find_one({"_id": ObjectId(file), "removed_at": None}) if ObjectId.is_valid(file) else None
    if row is None:
        run.count(gone=1)
    elif _is_clean(run, row):
        run.count(**{file_reading.read(row["_id"]): 1})


@job(
    "files.scan",
    L("Scan files that wait for it", "掃描等待中的文件"),
    L(
        "Scans files that could not be scanned when they came, because the virus scanner did not answer.",
        "掃描上傳時因掃描程序沒有回應而等待的文件。",
    ),
)
def scan(run: Run) -> None:
    """Go along the waiting files until the scanner is away; without a scanner there is nothing to do."""
    after: ObjectId | None = None
    while scanning.is_on():
        query: dict[str, Any] = {"scan.state": scanning.WAITING, "removed_at": None}
        query |= {"_id": {"$gt": after}} if after else {}
        row = get_db()[FILES].find_one(query, sort=[("_id", 1)])
        if row is None or not _is_answered(run, row):
            return
        after = row["_id"]
        run.progress(sum(run.counts.values()), 0)


def _is_answered(run: Run, file: dict[str, Any]) -> bool:
    """Scan one waiting file and read it if it is clean; whether the scanner answered."""
    if _is_clean(run, file):
        file_reading.read(file["_id"])
    return not run.counts.get("waiting")


def _is_clean(run: Run, file: dict[str, Any]) -> bool:
    """Whether a file may be read: it needs no scan, or its scan found nothing."""
    state = scanning.state_of(file)
    if state == scanning.WAITING:
        state = _scanned(run, file)
    return state not in (scanning.WAITING, scanning.INFECTED)


def _scanned(run: Run, file: dict[str, Any]) -> str:
    """Scan a file and write the verdict; tell its uploader and IT of a virus, and IT of a scanner that is away."""
    try:
        state, virus = scanning.scan(files.bucket().open_download_stream(file["content"]))
    except NoFile:
        return ""  # the reading says so
    except ScannerUnavailable as fault:
        run.log(str(fault))
        run.count(waiting=1)
        tell_it(SCANNER_AWAY, cause=alarm("scanner", clock.today()), about=page_of_run(run.id))
        return scanning.WAITING
    run.count(**{state: 1})
    if state == scanning.INFECTED:  # told first: a scan that is killed here is made again, a notice only once
        tell_it(INFECTED_IT(virus=virus), cause=alarm("virus", file["_id"]), about=page_of_run(run.id))
        _tell_uploader(file, virus)
    scanning.note(file["_id"], state, virus)
    return state


def _tell_uploader(file: dict[str, Any], virus: str) -> None:
    cls = registered().get(file["type"])
    document = cls._get_collection().find_one({"_id": file["record_id"]}) if cls else None
    if cls is None or document is None:
        return
    record = cls._from_son(document)
    words = INFECTED(virus=virus, name=file["name"], number=record.number)

    def body(unit: Unit) -> None:
        cause = alarm("virus", f"{file['_id']}:{file['uploaded_by']}")
        unit.notify(notice_for(file["uploaded_by"], cause=cause, kind=NoticeKind.ALARM, words=words, record=record))

    in_transaction(body)


@job(
    "files.reread",
    L("Read files that have no text yet", "補讀文件文字"),
    L(
        "Reads files whose text is not there: after an upgrade, a restore, or when a reading was lost.",
        "讀取尚無文字的文件：用於升級、恢復之後，或讀取中斷時。",
    ),
)
def reread(run: Run) -> None:
    """Go along all files in order; what is read already costs nothing."""
    after = run.checkpoint.get("after")
    while True:
        ids, last = file_reading.unread(after, BATCH)
        if last is None:
            return
        for id in ids:
            run.count(**{file_reading.read(id): 1})
            run.progress(sum(run.counts.values()), 0)
        after = last
        run.save(after=after)
