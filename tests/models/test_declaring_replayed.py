"""What a type says wrongly of its replay stops the start in one sentence."""

import re
from typing import Any

import pytest

from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Text
from models.kernel.language.replayed import Replayed
from tests.models.test_declaring import NAME, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here
FAULTS: dict[str, Any] = {
    "replayed is 'name', which is no Replayed(...)": "name",
    "replays a field 'nmae' that the type does not have": Replayed("nmae"),
    "is replayed before a move 'enforce' that does not exist": Replayed("name", on="enforce"),
    "is replayed, but no deadline goes by its lines": Replayed("name"),
}


@pytest.mark.parametrize("sentence", list(FAULTS))
def test_a_wrong_replay_is_refused_in_one_sentence(sentence: str) -> None:
    with pytest.raises(DeclarationError, match="^" + re.escape(f"Sample: {sentence}.") + "$"):
        started(fields={"name": Text(label=NAME)}, replayed=FAULTS[sentence])
