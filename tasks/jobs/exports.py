"""Exports that are too long to be waited for: written with the rights that their person has then."""

from __future__ import annotations

from models.kernel.base.words import L, speaking
from models.services.work import exports

from ..engine.registry import job
from ..engine.run import Run
from ..messages.recipients import actor_named

NO_LONGER = L("The person is not active any more; nothing was written.", "該人員已停用，未導出。")


@job(
    exports.JOB,
    L("Write an export", "生成導出文件"),
    L(
        "Writes the rows of a list to a file that its person fetches later; after a crash it begins anew.",
        "將列表各行寫入文件，由提交人稍後下載；中斷後重新生成。",
    ),
    hidden=True,
)
def write(run: Run, export: str) -> None:
    """Write the file, unless it is whole already."""
    item = exports.load(export)
    if item is None or item.bytes is not None:
        return
    actor = actor_named(item.person)
    if actor is None:
        run.log(NO_LONGER)
        return
    done = 0

    def progress(rows: int) -> None:
        nonlocal done
        done = rows
        run.progress(rows, 0)

    with speaking(item.locale):
        exports.keep(item, actor, exports.written(item, actor, progress), lambda: done)
    run.count(exported=done)
