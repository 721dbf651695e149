"""Wrong declarations of mail to people outside stop the start in one sentence."""

import re
from typing import Any

import pytest

from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Choice, Line, Lines, Mail, Ref, Sealed, Text
from models.kernel.language.outside import Tell
from models.kernel.language.public import Public
from models.kernel.language.workflow import Move, State
from tests.models.test_declaring import CLOSE, NAME, L, declared, flow, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here
WHAT = "mail to people outside"
LANGUAGE = Choice({"en": L("English", "English"), "zh-Hant": L("Chinese", "繁體中文")}, label=NAME)
SAID = L("Your matter", "您的事項")


class Contact(Line):
    """Somebody outside."""

    name = Text(label=NAME)
    address = Sealed(Mail(), label=NAME)


def telling(fields: dict[str, Any] | None = None, more: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"on": "close", "to": "contact", "subject": SAID, "body": SAID, **options}
    own = {"contact": Mail(label=NAME), **(fields or {})}
    return {"tells": (Tell(**given),), "fields": own, "workflow": flow(CLOSE), **(more or {})}


def says(text: str, fields: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return telling(fields, body=L(text, "無"), **options)


ENTERED = Public(create="name contact", department="SAL", token=True)
FAULTS: dict[str, dict[str, Any]] = {
    "tells has 'contact', which is no Tell(...)": {"tells": ("contact",)},
    f"{WHAT} follows one of moves and an added line: say on= or added=": telling(on=""),
    f"{WHAT} has added='name', which is no append-only list": telling(on="", added="name"),
    f"{WHAT} names no address: say to=": telling(to=""),
    f"{WHAT} follows a move 'clsoe' that does not exist": telling(on="clsoe"),
    f"{WHAT} follows 'again', which leads where it begins": telling(
        on="again", more={"workflow": flow(CLOSE, Move("again", "draft", "draft", label=NAME))}
    ),
    f"{WHAT} has having='gone', which is no field of the type": telling(having="gone"),
    f"{WHAT} is sent in a state 'gone' that does not exist": telling(while_in="gone"),
    f"{WHAT} goes to 'mail', which holds no mail address": telling(to="mail"),
    f"{WHAT} goes to 'name', which holds no mail address": telling(to="name"),
    f"{WHAT} goes to 'rows.name', which holds no mail address": telling(
        {"rows": Lines(Contact, label=NAME)}, to="rows.name"
    ),
    f"{WHAT} goes to 'customer.name', which holds no mail address": telling(
        {"customer": Ref("Customer", label=NAME)}, to="customer.name"
    ),
    f"{WHAT} goes to 'customer.contacts.name', which holds no mail address": telling(
        {"customer": Ref("Customer", label=NAME)}, to="customer.contacts.name"
    ),
    f"{WHAT} goes to 'contact' twice for one 'close'": telling(to="contact contact"),
    f"{WHAT} needs subject and body in L(...)": telling(body="Done"),
    f"{WHAT} has the text '{{name!r}}', with a place that is more than a name in brackets": says("{name!r}"),
    f"{WHAT} has the text '{{name.upper}}', with a place that is more than a name in brackets": says("{name.upper}"),
    f"{WHAT} names a field 'nmae' that the type does not have": says("{nmae}"),
    f"{WHAT} names a field 'owner' that the type does not have": says("{owner}"),
    f"{WHAT} says 'secret', which not everybody may see who reads the record": says(
        "{secret}", {"secret": Sealed(label=NAME)}
    ),
    f"{WHAT} says 'note', which not everybody may see who reads the record": says(
        "{note}", {"note": Text(restricted=True, label=NAME)}
    ),
    f"{WHAT} says 'other', which names other records": says("{other}", {"other": Ref("Product", label=NAME)}),
    f"{WHAT} says 'rows', which holds lines": says("{rows}", {"rows": Lines(Contact, label=NAME)}),
    f"{WHAT} says the state of a type that has none": says("{state}", on="create", more={"workflow": None}),
    f"{WHAT} says 'name' on entry, which a stranger typed: anybody would be mailed it": says(
        "{name}", on="create", more={"public": ENTERED}
    ),
    f"{WHAT} has link=, but nobody gets one: say public=Public(token=True)": telling(link=True),
    f"{WHAT} speaks the language in 'name', which is no choice of languages": telling(locale="name"),
    f"{WHAT} speaks the language in 'lang', which is no choice of languages": telling(locale="lang"),
    f"{WHAT} speaks the language in 'customer.name', which is no choice of languages": telling(
        {"customer": Ref("Customer", label=NAME)}, locale="customer.name"
    ),
}


@pytest.mark.parametrize("sentence", list(FAULTS))
def test_wrong_mail_is_refused_in_one_sentence(sentence: str) -> None:
    with pytest.raises(DeclarationError, match="^" + re.escape(f"Sample: {sentence}.") + "$"):
        started(**FAULTS[sentence])


def test_right_mail_is_taken_and_stands_in_what_the_system_makes_of_its_state() -> None:
    by_itself = Move("file", "closed", "filed", auto=True, when=lambda record: True, label=NAME)
    back = Move("reopen", "closed", "draft", optional=True, label=NAME)
    more = {"workflow": flow(CLOSE, by_itself, back, facts=(State("filed", NAME),)), "public": ENTERED}
    fields = {"rows": Lines(Contact, label=NAME), "language": LANGUAGE}
    options = {"on": "create close", "to": "rows.address contact", "link": True, "locale": "language"}
    cls = declared(**telling(fields, more, **options))
    (tell,) = cls.declared.tells
    assert tell.states(cls.declared.workflow, "close") == ["closed", "filed"]
    assert tell.states(cls.declared.workflow, "create") is None
    assert declared().declared.tells == ()


def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(TypeError):
        Tell(colour="red")  # type: ignore[call-arg]
