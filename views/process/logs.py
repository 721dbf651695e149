"""The event log of a process as a download; who took it stands in the log of the program."""

from __future__ import annotations

import tempfile
from pathlib import Path

import structlog
from flask import Response
from pymongo.errors import ExecutionTimeout

from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.words import L
from models.services.process.event_log import EventLog, LogFormat, TooManyEvents, log_of
from models.services.process.log_formats import write_ocel_json, write_ocel_sqlite, write_xes
from models.services.process.steps import STEPS_MAX, steps_of
from models.services.sheets.writing import spooled

from ..lists.export import sent
from ..lists.listing import SLOW
from ..wording import number
from .report import ProcessRequest

TOO_MANY = L(
    "More than {count} moves were made in this period; choose a shorter one.",
    "該期間的流轉超過 {count} 次，請縮短期間。",
)
LOG_LABELS = {
    LogFormat.OCEL_JSON: L("OCEL 2.0 (JSON)", "OCEL 2.0（JSON）"),
    LogFormat.OCEL_SQLITE: L("OCEL 2.0 (SQLite)", "OCEL 2.0（SQLite）"),
    LogFormat.XES: L("XES (IEEE 1849)", "XES（IEEE 1849）"),
}
_MIMETYPES = {
    LogFormat.OCEL_JSON: "application/json",
    LogFormat.OCEL_SQLITE: "application/vnd.sqlite3",
    LogFormat.XES: "application/xml",
}


def answer_log(asks: ProcessRequest, kind: LogFormat) -> Response:
    """The whole courses of the cases that were moved in a period. Raises Refused where there are too many, or where
    reading takes too long."""
    try:
        log = _log(asks)
    except TooManyEvents as many:
        raise Refused(TOO_MANY(count=number(STEPS_MAX))) from many
    except ExecutionTimeout as late:
        raise Refused(SLOW) from late
    type_name = asks.cls.declared.name
    structlog.get_logger("guicheng.export").info(
        "export", type=f"event log of {type_name}", user=asks.me.login, format=kind, filters=sorted(dict(asks.pairs))
    )
    return _sent(log, kind, f"{type_name}-events-{clock.today().isoformat()}.{kind}")


def _log(asks: ProcessRequest) -> EventLog:
    period = steps_of(asks.cls, asks.me, asks.span, department=asks.department, every_source=asks.every_source)
    if period.more:
        raise TooManyEvents
    cases = dict.fromkeys(step.record for step in period.steps)
    return log_of(asks.cls, asks.me, cases, asks.span.end, every_source=asks.every_source)


def _sent(log: EventLog, kind: LogFormat, name: str) -> Response:
    with spooled() as file:
        if kind is LogFormat.OCEL_SQLITE:
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder) / "log.sqlite"
                write_ocel_sqlite(log, place)
                file.write(place.read_bytes())
        else:
            {LogFormat.OCEL_JSON: write_ocel_json, LogFormat.XES: write_xes}[kind](log, file)
    return sent(file, name, _MIMETYPES[kind])
