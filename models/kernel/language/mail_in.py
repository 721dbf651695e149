"""Mail that comes in for a type: which field takes what of a message, and what an answer to a closed record does.

A message from outside is an entry from outside: it takes what the public form of the type takes, goes into the same
department, and is counted by the same limits. Who answers adds to the record as the holder of its public link does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .outside import holds_language
from .public import Public
from .workflow import Move

if TYPE_CHECKING:
    from .spec import Declaration


@dataclass(frozen=True, kw_only=True)
class MailIn:
    """`subject`, `body`, `sender`: the fields that take the subject, the text and the mail address of the sender; of
    them `sender` must hold mail addresses. `name`: takes the sender's name, `received` the moment of receipt; `files`:
    the kind of files as which attachments are kept. `fill`: what a record that came by mail begins with, besides and
    instead of what `public` fills in.

    `locale`: the field for the language in which the sender is written to. It is that of the one record that is known
    by the sender's address, of the type to which the link `known` leads, as that link's `fills` says; else it is
    guessed from the text; else it stays as `fill` or `public` say.

    `instead`: the link by which a record names the one that has taken its place, to which its answers go, too.
    `reopen`: the move that the system makes when an answer comes to a record that is over. Without one, or where its
    conditions do not hold, the answer makes a new record that says which one it answers.

    `answers_only`: messages make no records; what answers none is left out, for `department` (a code) to look at. Then
    nothing says where parts of a message go.

    `replies`, of types with `event=` and `Public(asks=, by=)`: the answers of calendar programs count as those of the
    page do; `note` takes their comment, `stamp` when they were given; `by` asks for both.
    """

    subject: str = ""
    body: str = ""
    sender: str = ""
    name: str = ""
    received: str = ""
    files: str = ""
    fill: Mapping[str, Any] = field(default_factory=dict)
    instead: str = ""
    reopen: str = ""
    locale: str = ""
    known: str = ""
    answers_only: bool = False
    department: str = ""
    replies: bool = False
    note: str = ""
    stamp: str = ""

    def places_of_reply(self, event: Any) -> dict[str, str]:
        """The fields that take the parts of an answer of a calendar program."""
        options = {"answer": event.answer, "note": self.note, "stamp": self.stamp}
        return {option: name for option, name in options.items() if name}

    @property
    def places(self) -> dict[str, str]:
        """The fields that take a part of a message, by the option that names them."""
        options = ("subject", "body", "sender", "name", "received")
        return {option: name for option in options if (name := getattr(self, option))}

    @property
    def taken(self) -> frozenset[str]:
        """The fields that a message sets."""
        return frozenset({*self.places.values(), *self.fill})


def mail_in_faults(spec: Declaration, fields: Mapping[str, Any], own_name: str) -> Iterator[str]:
    """What is wrong with how mail makes records of a type, as halves of a sentence; `own_name`: that of its class."""
    mail = spec.mail_in
    if mail is None:
        return
    if not isinstance(mail, MailIn):
        yield f"mail_in is {mail!r}, which is no MailIn(...)"
        return
    public = spec.public
    if mail.answers_only:
        yield from _answers_only_faults(mail, spec)
        yield from _reply_faults(mail, spec)
        return
    if not isinstance(public, Public) or not public.create or not public.token or public.under:
        yield "mail_in makes entries from outside, which the type does not take: say public=Public(create=, token=True)"
        return
    yield from _place_faults(mail, spec)
    yield from _fill_faults(mail, spec)
    yield from _reply_faults(mail, spec)
    if mail.department:
        yield "mail_in has department=, which holds for answers_only="
    if mail.files and mail.files not in public.files:
        yield f"mail_in keeps attachments as {mail.files!r}, a kind of files that public does not take"
    yield from _locale_faults(mail, spec)
    if mail.instead and (mail.instead not in fields or fields[mail.instead].target != own_name):
        yield f"mail_in passes answers on by {mail.instead!r}, which is no link to another record of the type"
    if mail.reopen:
        yield from _reopen_faults(mail.reopen, spec)


def _locale_faults(mail: MailIn, spec: Declaration) -> Iterator[str]:
    own = spec.own_fields.get(mail.locale)
    if mail.locale and not holds_language(own):
        yield f"mail_in speaks the language in {mail.locale!r}, which is no choice of languages"
    elif mail.locale and mail.locale not in spec.public.taken:
        yield f"mail_in puts the language into {mail.locale!r}, which no entry from outside sets: say it in fill="
    link = spec.own_fields.get(mail.known)
    if mail.known and (not mail.locale or mail.locale not in getattr(link, "fills", {})):
        yield f"mail_in knows senders by {mail.known!r}, which is no link that fills in their language"


def _answers_only_faults(mail: MailIn, spec: Declaration) -> Iterator[str]:
    if not isinstance(spec.public, Public) or not spec.public.token:
        yield "mail_in takes answers alone, but nobody gets a link: say public=Public(token=True)"
    if mail.places or mail.fill or mail.files or mail.instead or mail.reopen:
        yield "mail_in takes answers alone, and says what records are made of"
    if not mail.department:
        yield "mail_in takes answers alone: say department=, where what answers nothing is looked at"


def _reply_faults(mail: MailIn, spec: Declaration) -> Iterator[str]:
    event, public = spec.event, spec.public
    if not mail.replies:
        if mail.note or mail.stamp:
            yield "mail_in has note= or stamp=, but no replies="
        return
    if event is None or not event.answer or not isinstance(public, Public) or event.answer not in public.asks:
        yield "mail_in takes the answers of calendar programs, for which event= and public name no answer"
        return
    moves = spec.workflow.moves if spec.workflow else ()
    verb = next(iter(public.by), "")
    taken = {name for move in moves if move.verb == verb for name in move.asked_fields}
    for name in mail.places_of_reply(event).values():
        if name not in taken:
            yield f"mail_in fills {name!r} of an answer, which the move {verb!r} does not take"
    if mail.stamp in spec.own_fields and not spec.own_fields[mail.stamp].is_moment:
        yield f"mail_in notes when an answer was given in {mail.stamp!r}, which is no moment"


def _place_faults(mail: MailIn, spec: Declaration) -> Iterator[str]:
    for option in ("subject", "body", "sender"):
        if not getattr(mail, option):
            yield f"mail_in does not say where the {option} goes: say {option}="
    for option, name in mail.places.items():
        if name not in spec.own_fields:
            yield f"mail_in puts the {option} into {name!r}, which the type does not have"
        elif name not in spec.public.taken:
            yield f"mail_in puts the {option} into {name!r}, which no entry from outside sets: add it to create="
        elif fault := _unfit(option, spec.own_fields[name]):
            yield f"mail_in puts the {option} into {name!r}, which {fault}"
    names = list(mail.places.values())
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"mail_in puts two parts of a message into {name!r}"


def _unfit(option: str, own: Any) -> str:
    """Why a field cannot take a part of a message; empty where it can."""
    if option == "received":
        return "" if own.is_moment else "is no moment"
    if option == "sender":
        return "" if own.holds_mail else "holds no mail addresses"
    return "" if own.is_written and not own.holds_mail else "is no free text"


def _fill_faults(mail: MailIn, spec: Declaration) -> Iterator[str]:
    for name in mail.fill:
        if name not in spec.own_fields:
            yield f"mail_in fills {name!r}, which the type does not have"
        elif name not in spec.public.taken:
            yield f"mail_in fills {name!r}, which no entry from outside sets: add it to fill= of public"
    for name in sorted({*mail.fill} & {*mail.places.values()}):
        yield f"mail_in fills {name!r} and puts a part of the message into it"
    given = mail.taken | frozenset(spec.public.fill)
    for name, own in spec.own_fields.items():
        if own.required and own.default is None and not own.computed and name not in given:
            yield f"mail_in leaves out {name!r}, which is required: add it to fill="


def _reopen_faults(verb: str, spec: Declaration) -> Iterator[str]:
    flow = spec.workflow
    made: list[Move] = [move for move in flow.moves if move.verb == verb] if flow else []
    if not made:
        yield f"mail_in reopens by a move {verb!r} that does not exist"
    elif flow and not any(flow.ends & set(move.source) for move in made):
        yield f"mail_in reopens by {verb!r}, which leads out of no end"
    elif any(move.asked_fields for move in made):
        yield f"mail_in reopens by {verb!r}, which asks for fields that nobody fills in"
