"""Makes the papers that moves have ordered, and attaches each once, in the order of their causes.

A paper says what was kept at its cause. It is left out where it is not to be made any more, or its record is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from bson import ObjectId

from models import public_links
from models.kernel.base.collections import FILES
from models.kernel.base.errors import Missing
from models.kernel.base.people import SYSTEM
from models.kernel.base.store import in_unit
from models.kernel.base.words import L
from models.kernel.gate import papers
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.gate.unit import in_transaction
from models.kernel.language.declare import registered
from models.kernel.language.outside import CREATE
from models.kernel.language.paper import Paper
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.mailing import mail_settings
from models.sales.receivables import Dunning
from models.services.files import files
from models.services.files.files import Upload
from models.services.papers import checking, making

from ..engine.registry import job
from ..engine.run import Run

_CONTEXT = Context(source=Source.TASK)


@job(
    papers.MAKE,
    L("Make papers", "生成文書"),
    L("Makes the papers that a step leads to, as PDF, and attaches them.", "生成辦理步驟所需的 PDF 文書並附於記錄。"),
    hidden=True,
)
def make(run: Run, type: str, record: str) -> None:
    """Make what is ordered for a record, oldest first; a run before may have done so already."""
    run.count(made=0)
    for order in papers.orders_of(ObjectId(record)):
        run.count(**{"made" if carried_out(order) else "left_out": 1})
        run.renew()


def carried_out(order: Mapping[str, Any]) -> bool:
    """Attach a paper that is ordered; False when it is not to be made any more."""
    cls = registered().get(order["type"])
    paper = making.paper_of(cls, order["paper"]) if cls else None
    is_made = cls is not None and paper is not None and _attached(cls, paper, order)
    papers.done(order["_id"])
    return is_made


def _attached(cls: type[Record], paper: Paper, order: Mapping[str, Any]) -> bool:
    try:
        record = rights.find(SYSTEM, cls, order["record"])
        if not paper.is_for(record):
            return False
        code = papers.code_of(order["content"]) if paper.proof else ""
        path = public_links.path_of(record, public_links.mailed(record)) if paper.public else checking.path_of(code)
        stream = making.stream_of(paper, order, mail_settings().page(path))
        name = making.name_of(paper, order["content"])
        upload = Upload(name, stream, id=order["file"], code=code, of_version=order["version"])
        files.attach(cls, record.id, paper.attach, upload, actor=SYSTEM, context=_CONTEXT)
    except Missing:
        return False
    structlog.get_logger("guicheng.tasks").info("paper made", type=order["type"], paper=paper.id)
    return True


@job(
    "dunning.letters",
    L("Create dunning letters", "生成催款函"),
    L("Each first step of dunning gets its letter as a PDF, once.", "為每個一級催款步驟生成一份 PDF 催款函。"),
)
def write_letters(run: Run) -> None:
    """Make the letters of steps from before each ordered its own. Schedules of before name this."""
    [letter] = Dunning.declared.papers
    for rows in run.batches(Dunning, {"level": "1", "state": "open"}):
        run.each(Dunning.type_name(), [row["_id"] for row in rows], lambda id: _make_missing(run, letter, id))


def _make_missing(run: Run, paper: Paper, id: ObjectId) -> None:
    """Make a paper of a record's entry that is not there and never was."""
    record = rights.find(SYSTEM, Dunning, id)
    [locale] = paper.languages_of(record)
    if in_unit(FILES).find_one({"_id": papers.file_id(record, paper, CREATE, locale)}, {"_id": 1}):
        return
    if not paper.is_for(record):
        run.count(left_out=1)
        return
    in_transaction(lambda unit: papers.order_paper(record, paper, CREATE, locale))
    for order in papers.orders_of(id):
        run.count(**{"made" if carried_out(order) else "left_out": 1})
    run.renew()
