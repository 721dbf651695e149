"""Reads the mailboxes by the clock, message by message: how far each is, is kept after every one of them.

Killed anywhere a run is gone on with; a message that was begun is finished, and stands there once. When a mailbox
numbers its mail anew, the last thirty days are read again, and what came before makes nothing. A message of which
nothing can be made keeps no other back: it is kept for people as it stands, and where even that fails, IT is told.
"""

from __future__ import annotations

import datetime as dt
import time

import structlog

from models.incoming_mail import ADDED, MADE, IncomingMail
from models.kernel.base import clock
from models.kernel.base.words import L, Words
from models.kernel.language.declare import registered
from models.mail_receiving import FILE_MOST_MB, Arrival, Taken, take_in, take_unread
from models.mailing import mail_settings
from models.operations import mailboxes
from models.operations.mailboxes import Mailbox

from ..engine.alerts import alarm, tell_it
from ..engine.registry import job
from ..engine.run import Run
from .imap import ImapFolder, MailboxAway, UnreadMail

PER_RUN_MAX = 500
SECONDS_MAX = 300
TRIES = 3
AGAIN = dt.timedelta(days=30)
PATIENCE = dt.timedelta(minutes=30)
MEGABYTE = 1024 * 1024
NOT_READ = L("Mailbox “{name}” is not read: {problem}", "收信郵箱「{name}」無法讀取：{problem}")
LEFT = L(
    "A message in mailbox “{name}” (UID {uid}) cannot be read; it was left in the mailbox.",
    "收信郵箱「{name}」中有一封郵件（UID {uid}）無法讀取，已留在郵箱中。",
)

log = structlog.get_logger("guicheng.mail")


@job(
    "mail.read",
    L("Read mailboxes", "讀取收信郵箱"),
    L("New mail makes records, and answers are added to theirs.", "新郵件建立記錄，回覆追加到原記錄。"),
)
def read_all(run: Run) -> None:
    """Read every active mailbox; one that cannot be read keeps no other back."""
    run.each(Mailbox.type_name(), mailboxes.active_mailboxes(), lambda box: _read(run, box), id_of=lambda box: box.id)


def _read(run: Run, mailbox: Mailbox) -> None:
    cls = registered().get(mailbox.feeds)
    if cls is None or cls.declared.mail_in is None:
        return
    try:
        with ImapFolder(mailbox) as folder:
            is_done = _read_folder(run, mailbox, folder)
    except MailboxAway as problem:
        log.warning("mailbox not read", mailbox=mailbox.number, reason=str(problem))
        run.count(unreachable=1)
        _note_failure(mailbox, problem)
        return
    if is_done:
        mailboxes.note_success(mailbox.id)


def _note_failure(mailbox: Mailbox, problem: MailboxAway) -> None:
    """Keep why a mailbox is not read, and tell IT once: at once where its entry is wrong, else when it stays away."""
    since = mailboxes.note_failure(mailbox.id, problem.said)
    if problem.is_ours or clock.now() - since >= PATIENCE:
        words = NOT_READ(name=mailbox.name, problem=problem.said)
        _tell(mailbox, f"{mailbox.id}:{since:%Y%m%dT%H%M%S}", words)


def _tell(mailbox: Mailbox, key: str, words: Words) -> None:
    tell_it(words, cause=alarm("mailbox", key), about=mailbox)


def _read_folder(run: Run, mailbox: Mailbox, folder: ImapFolder) -> bool:
    """Read what is new; False where so much is left that another run goes on."""
    started = time.monotonic()
    last, since = _begin(mailbox, folder)
    own = mailboxes.own_addresses() | {mail_settings().sender.casefold()} - {""}
    for count, waiting in enumerate(folder.waiting(last, since)):
        if count >= PER_RUN_MAX or time.monotonic() - started > SECONDS_MAX:
            return False
        mailboxes.note_taken(mailbox.id, waiting.uid, _take(run, mailbox, folder, waiting, own))
        run.renew()
    return True


def _begin(mailbox: Mailbox, folder: ImapFolder) -> tuple[int, dt.date]:
    """The UID after which to read, and the day from which on: anew where the mailbox numbers its mail anew."""
    state = mailboxes.state_of(mailbox.id)
    start: dt.date = mailbox.start or clock.today()
    if state.get("validity") == folder.validity:
        return state.get("last", 0), start
    mailboxes.note_state(mailbox.id, validity=folder.validity, last=0, tries=0)
    return 0, max(start, clock.today() - AGAIN) if state.get("validity") is not None else start


def _take(run: Run, mailbox: Mailbox, folder: ImapFolder, waiting: UnreadMail, own: frozenset[str]) -> str:
    """Let one message become what it is to become, and return its outcome. One that fails, or at which processes have
    died three times, is kept for people as it stands."""
    tries = mailboxes.state_of(mailbox.id).get("tries", 0) + 1
    mailboxes.note_state(mailbox.id, tries=tries)
    arrival = _arrival(mailbox, folder, waiting, own)
    if arrival is None:
        return ""
    ways = (take_in, take_unread) if tries <= TRIES else (take_unread,)
    name = IncomingMail.type_name()
    results = (taken for way in ways for taken in run.each(name, [arrival], way, id_of=_place_of))
    if (taken := next(results, None)) is None:
        run.count(left=1)
        words = LEFT(name=mailbox.name, uid=waiting.uid)
        _tell(mailbox, f"{mailbox.id}:{folder.validity}:{waiting.uid}", words)
        return ""
    run.count(**{_counted_as(taken): 1})
    if mailbox.mark_seen:
        folder.mark_seen(waiting.uid)
    return "" if taken.is_double else taken.mail.outcome


def _place_of(arrival: Arrival) -> str:
    return arrival.place


def _counted_as(taken: Taken) -> str:
    if taken.is_double:
        return "doubles"
    outcome: str = taken.mail.outcome
    return outcome if outcome in (MADE, ADDED) else "not_taken"


def _arrival(mailbox: Mailbox, folder: ImapFolder, waiting: UnreadMail, own: frozenset[str]) -> Arrival | None:
    """A message as it is read now; None where it is gone."""
    is_large = waiting.size > FILE_MOST_MB * MEGABYTE
    raw = folder.head(waiting.uid) if is_large else folder.message(waiting.uid)
    if raw is None:
        return None
    return Arrival(
        cls=registered()[mailbox.feeds],
        mailbox=mailbox.name,
        place=f"{mailbox.id}:{folder.validity}:{waiting.uid}",
        raw=raw,
        size=waiting.size,
        received_at=waiting.received_at,
        own=own,
        is_large=is_large,
    )
