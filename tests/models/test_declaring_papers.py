"""Wrong declarations of papers stop the start in one sentence."""

import re
from typing import Any

import pytest

from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Ref, Sealed, Text
from models.kernel.language.paper import Paper
from models.kernel.language.relations import in_state
from models.kernel.language.who import OWNER
from models.kernel.language.workflow import Move
from tests.models.test_declaring import CLOSE, NAME, L, declared, flow, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here


def paper(fields: dict[str, Any] | None = None, more: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    given = {"on": "close", "attach": "letter", **options}
    made = (Paper(given.pop("id", "notice"), NAME, **given),)
    kinds = {"letter": L("Letter", "函件")}
    return {"papers": made, "fields": fields or {}, "workflow": flow(CLOSE), "files": kinds, **(more or {})}


FAULTS: dict[str, dict[str, Any]] = {
    "papers has 'notice', which is no Paper(...)": {"papers": ("notice",)},
    "paper 'notice' is declared twice": paper(more={"papers": (Paper("notice", NAME), Paper("notice", NAME))}),
    "paper 'a notice' has a name that is no word of letters": paper(id="a notice"),
    "paper 'notice' has the format 'ntoice.typ', which does not stand in models/data/papers/": paper(
        format="ntoice.typ"
    ),
    "paper 'notice' has the format '../papers/paper.typ', which does not stand in models/data/papers/": paper(
        format="../papers/paper.typ"
    ),
    "paper 'notice' has content= that does not take the record and the reader": paper(content=lambda record: {}),
    "paper 'notice' has note='So', which is not a label in the languages of the house (L)": paper(note="So"),
    "paper 'notice' has note=, which the format 'dunning_letter.typ' does not print": paper(
        note=NAME, format="dunning_letter.typ"
    ),
    "paper 'notice' is made by a move 'clsoe' that does not exist": paper(on="clsoe"),
    "paper 'notice' is made by 'again', which leads where it begins": paper(
        on="again", more={"workflow": flow(CLOSE, Move("again", "draft", "draft", label=NAME))}
    ),
    "paper 'notice' is made by a move, but attached nowhere: say attach=": paper(attach=""),
    "paper 'notice' is attached, but no move makes it: say on=": paper(on=""),
    "paper 'notice' has public=, but no QR code or no public link: say proof=True, and Public(token=True)": paper(
        public=True, proof=True
    ),
    "paper 'notice' has proof=, but no file with which its code is compared: say attach=": paper(
        on="", attach="", proof=True
    ),
    "paper 'notice' is attached as a file kind 'lettre' that is not declared": paper(attach="lettre"),
    "paper 'notice' is made by no move and by no button": paper(on="", attach="", button=False),
    "paper 'notice' has states=, but no button": paper(states="draft"),
    "paper 'notice' is offered in a state 'gone' that does not exist": paper(button=True, states="gone"),
    "paper 'notice' is made in no language": paper(languages=""),
    "paper 'notice' is made in 'de', which is no language": paper(languages="en de"),
    "paper 'notice' speaks the language in 'name', which is no choice of languages": paper(locale="name"),
    "paper 'notice' speaks the language in 'customer.name', which is no choice of languages": paper(
        {"customer": Ref("Customer", label=NAME)}, locale="customer.name"
    ),
    "paper 'notice' says a field 'nmae' that the type does not have": {
        "papers": (Paper("notice", NAME, fields="nmae"),)
    },
    "paper 'notice' is attached and says 'secret', which not everybody may see who reads the record": paper(
        {"secret": Sealed(label=NAME)}
    )
    | {"papers": (Paper("notice", NAME, on="close", attach="letter", fields="name secret"),)},
    "paper 'notice' is attached and says 'early', which not everybody may see who reads the record": paper(
        {"early": Text(see=in_state("draft"), label=NAME)}
    )
    | {"papers": (Paper("notice", NAME, on="close", attach="letter", fields="early"),)},
    "paper 'notice' is attached and says 'cost', which not everybody may see who reads the record": paper(
        {"cost": Text(internal=True, label=NAME)}
    )
    | {"papers": (Paper("notice", NAME, on="close", attach="letter", fields="cost"),)},
}


@pytest.mark.parametrize("sentence", list(FAULTS))
def test_a_wrong_paper_is_refused_in_one_sentence(sentence: str) -> None:
    with pytest.raises(DeclarationError, match="^" + re.escape(f"Sample: {sentence}.") + "$"):
        started(**FAULTS[sentence])


def test_right_papers_are_taken() -> None:
    both = paper(languages="zh-Hant en", button=True, states="closed", proof=True, content=lambda record, reader: {})
    (made,) = declared(**both).declared.papers
    assert made.has_button
    assert made.path.name == "paper.typ"
    assert Paper("sheet", NAME).has_button
    assert not Paper("letter", NAME, on="close", attach="letter").has_button


def test_a_paper_says_what_everybody_sees_from_its_move_on() -> None:
    seen = paper({"result": Text(see=OWNER | in_state("closed"), label=NAME)})
    declared(**seen | {"papers": (Paper("notice", NAME, on="close", attach="letter", fields="result"),)})


def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(TypeError):
        Paper("notice", NAME, colour="red")  # type: ignore[call-arg]
