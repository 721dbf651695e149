"""Lists of questions: built as cards, with rows for options and conditions; the same texts stand in them either way."""

from __future__ import annotations

from models.kernel.language.kinds.questions import OptionList, Questions, ShownIf, Translations

from .lines import LinesKind
from .registry import for_kind
from .texts import LongTextKind


@for_kind(Questions)
class QuestionsKind(LinesKind):
    """A list of questions."""

    builder = "questionnaire.js"


@for_kind(OptionList)
class OptionListKind(LongTextKind):
    """Options: a text with an option on each line, which a script shows as rows."""

    control = "options"


@for_kind(ShownIf)
class ShownIfKind(LongTextKind):
    """A condition: a text, which a script shows as rows of question, comparison and value."""

    control = "condition"


@for_kind(Translations)
class TranslationsKind(LongTextKind):
    """Texts in other languages: a text, which a script shows by language."""

    control = "translations"
