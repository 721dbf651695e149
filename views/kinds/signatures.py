"""Signatures: a place to draw in, an image that is chosen, or a name that is typed and confirmed."""

from __future__ import annotations

import base64
from typing import Any

import wtforms
from markupsafe import Markup

from models.kernel.base.words import L
from models.kernel.language.fields import Signature, label_of
from models.kernel.language.kinds.signatures import DRAWN, TYPED
from models.kernel.language.typed import BadValue
from models.services.files.confined import Unreadable
from models.services.files.signing import picture_of
from models.services.files.uploads import MEGABYTE

from ..wording import Labels
from .base import Kind
from .inputs import Value
from .registry import for_kind

TYPED_NAME, SURE = ".typed", ".sure"  # beside the picture: the typed name, and that it is meant
NAME_MAX = 100
REASONS = {
    "large": L("The image of “{label}” is too large: at most {most} MB.", "「{label}」的圖片過大，最大 {most} MB。"),
    "pixels": L("The image of “{label}” is too large: at most {most} MB.", "「{label}」的圖片過大，最大 {most} MB。"),
    "empty": L("Nothing is drawn in “{label}”.", "「{label}」尚未簽寫。"),
}
NO_IMAGE = L("What was chosen for “{label}” is no PNG or JPEG image.", "「{label}」所選的不是 PNG 或 JPEG 圖片。")
NOT_SURE = L("Tick the box in “{label}” to sign with your typed name.", "以姓名簽署「{label}」須勾選確認。")


class SignatureInput(Value):
    """What was drawn or chosen, or the typed name; what is empty leaves a signature as it is."""

    name_typed = ""
    is_sure = False

    def process(self, formdata: Any, data: Any = wtforms.utils.unset_value, extra_filters: Any = None) -> None:
        super().process(formdata, data, extra_filters)
        if not formdata:
            return
        self.name_typed = self._last(formdata, TYPED_NAME)[: NAME_MAX + 1]
        self.is_sure = bool(self._last(formdata, SURE))
        if not self.raw and self.name_typed:
            self.was_posted, self.process_errors = True, []  # type: ignore[attr-defined]
            self.data = {"how": TYPED, "typed": self.name_typed}
            if not self.is_sure:
                self.process_errors.append(NOT_SURE(label=label_of(self.field)))  # type: ignore[attr-defined]

    def process_data(self, value: Any) -> None:
        self.data, self.raw = None, []

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist and valuelist[-1].strip():
            super().process_formdata(valuelist[-1:])

    def entered(self, kept: Any) -> Any:
        return self.data

    def _last(self, formdata: Any, place: str) -> str:
        return (formdata.getlist(self.name + place) or [""])[-1].strip()


@for_kind(Signature)
class SignatureKind(Kind):
    """A signature; pages show its picture, everything else who signed and when."""

    control = "signature"
    is_wide = True

    def say(self, value: Any, labels: Labels) -> str:
        return str(self.field.in_words(value))

    def linked(self, value: Any, labels: Labels) -> Any:
        if not value:
            return ""
        said = f"{self.say(value, labels)} · {value.get('hash', '')[:8].upper()}"
        if not value.get("png"):
            return Markup('<span class="signed"><i>{}</i> {}</span>').format(value.get("typed", ""), said)
        address = f"data:image/png;base64,{base64.b64encode(value['png']).decode()}"
        return Markup('<span class="signed"><img src="{}" alt="{}"> {}</span>').format(address, self.field.label, said)

    def raw(self, value: Any) -> list[str]:
        return []

    def read(self, raw: list[str]) -> Any:
        if not raw or not raw[0]:
            return None
        try:
            return {"how": DRAWN, "png": picture_of(raw[0])}
        except Unreadable as fault:
            words = REASONS.get(str(fault), NO_IMAGE)
            raise BadValue(words(label=label_of(self.field), most=1)) from fault

    def input(self) -> Any:
        return SignatureInput(kind=self)

    def drawn(self, entry: Any, held: Any, titles: Any) -> dict[str, Any]:
        return {"typed": entry.name_typed, "sure": entry.is_sure, "largest": MEGABYTE}

    def copied(self, value: Any) -> Any:
        return None
