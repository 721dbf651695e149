"""What the tests of the archive do: carry out its jobs, bring records to their end, approve and hold."""

import contextvars
import datetime as dt
from concurrent.futures import ThreadPoolExecutor

from models import catalogue
from models.kernel.base import clock, collections
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.language.fields import Moment
from models.operations.retention import DeletionList, LegalHold, has_own_rule
from models.services.keeping import audit
from models.services.work import jobs
from tasks.engine import registry, run

TYPES = [name for name, cls in sorted(catalogue.items()) if has_own_rule(cls)]
LONG_AGO = dt.datetime(2020, 3, 2, 4, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
LATER = dt.datetime(2060, 1, 4, 4, tzinfo=dt.UTC)


def work(task, **params):
    """Carry out a job as a worker does; returns its run."""
    order = jobs.enqueue(jobs.Order(task=task, params=params))
    done = run.Run(jobs.claim("w", order), "w")
    registry.jobs()[task].body(done, **params)
    return done


def ended(company, name, at=LONG_AGO, **values):
    """A record that came to its end long ago, and with it all that links to it."""
    cls = catalogue[name]
    if name == "data_check":  # of a period that was over then
        values = {"since": at.date(), "until": at.date()} | values
    with clock.set_to(at):
        record = _to_the_end(company, company.make(name, **values))
        after = cls.declared.retention.after
        if after != "updated_at":
            moment = at if isinstance(cls._fields[after], Moment) else at.date()
            changes.update(cls, record.id, {after: moment}, actor=SYSTEM, version=None)
        links = [(other, field, record.id) for other, field in catalogue.pointing_to(cls)]
        links += [(other, field, f"{name}:{record.id}") for other, field in catalogue.pointing_anywhere(cls)]
        for other, field, link in links * 3:  # what ends one may have made another
            for follower in other.objects(__raw__={field: link}):
                _to_the_end(company, follower)
    return company.fresh(record)


def _to_the_end(company, record):
    flow = record.flow()
    retention = record.declared.retention
    ends = (retention.states if retention and retention.states else flow.ends) if flow else ()
    for state in sorted(ends):
        try:
            return company.walk(record, state)
        except (AssertionError, Refused):
            if company.fresh(record).state in ends:
                break
    return company.fresh(record)


def where(record):
    """In which collections a record and its entries stand."""
    db, name = record._get_db(), record.type_name()
    pairs = ((name, collections.HISTORY), (collections.archive_of(name), collections.HISTORY_ARCHIVE))
    result = []
    for live, entries in pairs:
        count = db[entries].count_documents({"type": name, "record": record.id})
        if db[live].count_documents({"_id": record.id}):
            result.append((live, count))
        else:
            assert count == 0
    return result


def is_sound():
    audit.seal_all()
    return [(str(fault.where), str(fault.what)) for fault in audit.check().faults]


def old_values(record):
    names = set(record.declared.own_fields) | {"department", "owner"}
    return {name: record._data[name] for name in names if record._data.get(name) is not None}


def approve(company, listed, login="records"):
    actor = company.actor(login)
    context = Context(signed=True)
    return changes.move(DeletionList, listed.id, "approve", actor=actor, version=listed.version, context=context)


def hold_all(company):
    changes.create(LegalHold, {"reason": "訴訟", "record_type": "requirement"}, actor=company.actor("legal"))


def fresh_context():
    """The context of somebody else: outside the transaction that this one is in."""
    return contextvars.Context()


def aside(body, *arguments):
    """Do something as another process would, and wait for it."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(fresh_context().run, body, *arguments).result(20)


class Killed(BaseException):
    """What a killed process feels, as far as a test can tell."""
