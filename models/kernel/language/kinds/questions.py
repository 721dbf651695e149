"""Lists of questions: lines of a closed set of kinds, checked together, and kept in editions for answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Unpack

from ...base.words import L, Words
from ..facts import Facts
from ..questions.kinds import KINDS
from ..questions.sheet import cell_faults
from .choices import Choice, Flag
from .lines import LINES_MAX, Line, Lines
from .numbers import Number
from .texts import LONG_MAX, LongText, Text

PLACES = 6


class OptionList(LongText):
    """Options, each on a line: `key | label`, and where `has_points`, ` | points`. A form shows them as rows."""

    def __init__(self, *, has_points: bool = True, most: int = LONG_MAX, **facts: Unpack[Facts]):
        super().__init__(most=most, **facts)
        self.has_points = has_points


class ShownIf(LongText):
    """A condition over earlier lines of its list, as `questions.conditions` reads it. A form shows it as rows: an
    earlier question, a comparison that its kind has, a value; joined by and, or, and brackets."""


class Translations(LongText):
    """Texts in other languages, each on a line: `language: text`, of an option `language/key: text`."""


class QuestionLine(Line):
    """A question as people write it; `questions.sheet` reads it."""

    code = Text(most=40, label=L("Code", "代碼"))
    kind = Choice({name: kind.label for name, kind in KINDS.items()}, required=True, label=L("Kind", "題型"))
    text = LongText(most=2000, required=True, label=L("Question", "題目"))
    options = OptionList(most=20_000, label=L("Options (key | label | points)", "選項（代碼 | 名稱 | 分值）"))
    rows = OptionList(
        most=20_000, has_points=False, label=L("Rows of a matrix (key | label)", "矩陣的行（代碼 | 名稱）")
    )
    other = Flag(default=False, label=L("“Other” with a text", "「其他」可填文字"))
    required = Flag(default=False, label=L("Required", "必答"))
    least = Number(places=PLACES, least=-(10**15), label=L("Least", "最小"))
    most = Number(places=PLACES, least=-(10**15), label=L("Most", "最大"))
    points = Number(places=2, least=0, most=10_000, label=L("Points of a full rating", "滿分分值"))
    divides = Flag(default=False, label=L("Results are shown by its answers", "按本題分組查看結果"))
    show_if = ShownIf(most=500, label=L("Shown if", "顯示條件"))
    translations = Translations(
        most=20_000,
        label=L("In other languages (language: text, language/key: text)", "其他語言（語言: 文字，語言/代碼: 文字）"),
    )


class Questions(Lines):
    """Questions, each known by the key of its line. `Answers` of other records are given to them.

    `editions`: answers stay with the questions that they were given to, word for word, also where they are corrected
    later; without it, corrected answers are checked against the questions as they stand then. Either way every answer
    names the questions that it was given to, and is shown with these.
    """

    def __init__(self, *, editions: bool = False, most: int = LINES_MAX, **facts: Unpack[Facts]):
        super().__init__(QuestionLine, most=most, **facts)
        self.editions = editions
        if not isinstance(editions, bool):
            self.note_faults([f"has editions={editions!r}, which is not True or False"])

    def faults_together(self, lines: Iterable[Line]) -> Iterator[Words | tuple[str, Words]]:
        yield from cell_faults([line._data for line in lines])
