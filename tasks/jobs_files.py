"""Reads the text of attached files after they were uploaded, and of those that have none yet; the files stay as is."""

from __future__ import annotations

from bson import ObjectId

from models.kernel import file_reading
from models.kernel.words import L

from .registry import job
from .run import Run

BATCH = 200


@job(
    "files.read",
    L("Read an uploaded file", "讀取上傳文件"),
    L(
        "Takes the text out of a file, makes its small picture and counts its pages.",
        "提取文件中的文字，生成縮略圖並統計頁數。",
    ),
    hidden=True,
)
def read(run: Run, file: str) -> None:
    """Read one file."""
    if ObjectId.is_valid(file):
        run.count(**{file_reading.read(ObjectId(file)): 1})


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
