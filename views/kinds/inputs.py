"""The inputs of forms: each keeps what was typed, is read as its kind of field reads it, and says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import wtforms
from bson import ObjectId

from models.kernel.base.words import Words
from models.kernel.language.kinds.lines import KEY, is_key
from models.kernel.language.typed import BadValue

TYPED, SHOWN = ".text", ".shown"  # beside the id of a picker: what stands in it, and the title that it was drawn with
TYPED_MAX = 200
_PLACE = re.compile(r"-([0-9]{1,6})-")


class Value(wtforms.Field):
    """One input. `raw` is what was typed, `data` what it means, `process_errors` why it means nothing.

    `typed` is a text in a picker that nobody chose from its list: pasted, or typed where no script runs.
    """

    def __init__(self, *args: Any, kind: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.kind, self.field = kind, kind.field
        self.raw: list[str] = []
        self.was_posted = False
        self.typed = ""

    def process(self, formdata: Any, data: Any = wtforms.utils.unset_value, extra_filters: Any = None) -> None:
        super().process(formdata, data, extra_filters)
        if formdata and self.field.is_picked:
            self._take_typed(*(_last(formdata, self.name + place) for place in (TYPED, SHOWN)))

    def _take_typed(self, typed: str, shown: str) -> None:
        """A text that is not the title of what was chosen counts instead of it; several links get one more."""
        if typed == shown:
            return
        self.typed, self.was_posted = typed[:TYPED_MAX], True
        if not self.kind.is_many:
            self.raw, self.data, self.process_errors = [], None, []  # type: ignore[attr-defined]

    def choose(self, id: ObjectId | str) -> None:
        """The record, or the line, that the typed text means."""
        self.typed = ""
        self.raw = [*self.raw, str(id)] if self.kind.is_many else [str(id)]
        self.data = self._read()

    def process_data(self, value: Any) -> None:
        self.data = value
        self.raw = self.kind.raw(value)

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist:
            return
        self.was_posted = True
        self.raw = [value for value in valuelist if value != ""] if self.kind.is_many else valuelist[-1:]
        self.data = self._read()

    def _read(self) -> Any:
        try:
            return self.kind.read(self.raw)
        except BadValue as bad:
            self.process_errors.append(bad.sentence)  # type: ignore[attr-defined]
            return None

    def _value(self) -> str:
        return self.raw[0] if self.raw else ""

    def entered(self, kept: Any) -> Any:
        """The value of the input. A text that stands as the form showed it keeps the stored value, so that seconds that
        were not shown survive."""
        return kept if kept is not None and self.kind.raw(kept) == self.raw else self.data

    def problems(self) -> Iterator[tuple[str, list[Words]]]:
        """What could not be read, by the path within the field."""
        if self.process_errors:
            yield "", list(self.process_errors)

    @property
    def is_filled(self) -> bool:
        """Whether anything was typed beyond a preset."""
        if self.typed:
            return True
        default = self.field.default() if callable(self.field.default) else self.field.default
        preset = self.kind.raw(default) if self.field.default is not None else [""]
        return bool(self.raw) and self.raw[0].strip() != "" and self.raw != preset


class LineEntry(wtforms.FormField):
    """One line of a list, with the key by which it is known again."""

    key = ""
    is_partial = False

    def process(self, formdata: Any, data: Any = wtforms.utils.unset_value, extra_filters: Any = None) -> None:
        super().process(formdata, data, extra_filters)
        held = data.get(KEY) if isinstance(data, Mapping) else None
        key = _last(formdata, f"{self.name}-{KEY}") if formdata else held
        self.key = key if is_key(key) else ""

    @property
    def is_kept(self) -> bool:
        """Whether it is a line of the record of which the reader does not set everything: it is never blank."""
        return self.is_partial and bool(self.key)


class LinesList(wtforms.FieldList):
    """A list of lines; `was_posted` tells "all lines removed" from "not on the page at all"."""

    was_posted = False

    def __init__(self, *args: Any, kind: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.kind, self.field = kind, kind.field

    def process(self, formdata: Any, data: Any = wtforms.utils.unset_value, extra_filters: Any = None) -> None:
        self.was_posted = bool(formdata) and any(
            key == self.name or key.startswith(f"{self.name}-") for key in (formdata or ())
        )
        super().process(formdata, data, extra_filters)

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        """The places of lines among the posted names. One more line than may be kept is taken, so that this is said."""
        places = (_PLACE.match(key, len(prefix)) for key in formdata if key.startswith(prefix))
        numbers = sorted({int(place[1]) for place in places if place})
        yield from numbers[: 2 * self.field.most]

    def leave_out(self, columns: Collection[str]) -> None:
        """Take no notice of what was posted for columns that are not the reader's to set."""
        for item in self if columns else ():
            for name in columns:
                if name in item.form:
                    del item.form[name]
                    item.is_partial = True

    def filled(self) -> list[Any]:
        """The lines in which anything was typed beyond a preset, and those of which more is kept than is shown."""
        return [item for item in self if item.is_kept or any(entry.is_filled for entry in item.form)]

    def entered(self, kept: Any) -> Any:
        """The lines as documents, each claiming the key that its row has; what stands as it was shown stays as kept."""
        before = {line.key: line for line in kept or ()}
        return [self._line(item, before.get(item.key)) for item in self.filled()]

    def _line(self, item: LineEntry, kept: Any) -> Any:
        line = self.field.field.document_type()
        line.claimed = item.key
        for name, entry in item.form._fields.items():
            value = entry.entered(kept.raw(name) if kept is not None else None)
            if value is not None:
                setattr(line, name, value)
        return line

    def problems(self) -> Iterator[tuple[str, list[Words]]]:
        """What could not be read, by the path within the field."""
        for at, item in enumerate(self.filled()):
            for column, entry in item.form._fields.items():
                yield from ((f".{at}.{column}", sentences) for _, sentences in entry.problems())


def _last(posted: Any, name: str) -> str:
    return (posted.getlist(name) or [""])[-1].strip()
