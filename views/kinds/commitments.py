"""Commitments and the numbers behind them: the browser chooses a number, keeps it, and fills it in when it is asked for
(`commit.js`); without scripts both are typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.kernel.base.words import L, Words
from models.kernel.language.kinds.commitments import EXAMPLE, EXAMPLE_DIGEST, Commitment, CommittedNumber

from .registry import for_kind
from .texts import TextKind

SCRIPT = "commit.js"
DIGEST = L("A SHA-256, such as {example}", "SHA-256 摘要，如 {example}")
NUMBER = L("16 letters and digits at least, such as {example}", "至少 16 個字母與數字，如 {example}")
CHOOSE = L("Choose a number", "生成數字")
KEPT_BY_BROWSER = L(
    "This browser keeps the number {number} for you. Write it down as well.",
    "本瀏覽器已為您保存 {number}，請另行抄錄。",
)


@for_kind(Commitment)
class CommitmentKind(TextKind):
    """The digest of a number."""

    script = SCRIPT

    def __init__(self, field: Any):
        super().__init__(field)
        words = {"data-choose": CHOOSE, "data-kept-words": KEPT_BY_BROWSER}
        self.attributes = {**self.attributes, "spellcheck": "false", "data-commitment": "", **words}

    def takes_words(self) -> Words:
        return DIGEST(example=EXAMPLE_DIGEST)


@for_kind(CommittedNumber)
class CommittedNumberKind(TextKind):
    """The number that was promised."""

    script = SCRIPT

    def __init__(self, field: Any):
        super().__init__(field)
        self.attributes = {**self.attributes, "spellcheck": "false", "data-committed": "", "data-of": field.to}

    def attributes_in(self, record: Any) -> Mapping[str, object]:
        """With the digest that was promised, by which the browser keeps the number."""
        promised = record.raw(self.field.to) if record is not None and self.field.to in record.fields_of() else None
        return {**self.attributes, "data-committed": promised or ""}

    def takes_words(self) -> Words:
        return NUMBER(example=EXAMPLE)
