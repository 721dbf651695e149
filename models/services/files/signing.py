"""Pictures of signatures as browsers send them: read in a confined process and drawn anew, small and black on white."""

from __future__ import annotations

import base64
import binascii
import re
import tempfile
from functools import lru_cache

from models.kernel.language.kinds.signatures import PNG_MAX

from . import confined
from .confined import Unreadable

TEXT_MAX = 1_400_000  # of an image of a megabyte as it is sent
_DATA = re.compile(r"data:image/(?:png|jpeg|webp);base64,([A-Za-z0-9+/=\s]+)")
SECONDS = 10


@lru_cache(maxsize=64)
def picture_of(text: str) -> bytes:
    """The picture of a signature, from the address of an image that holds it. Raises Unreadable: `large`, `damaged`,
    `empty` (nothing is drawn on it), or what the program says of it."""
    if len(text) > TEXT_MAX:
        raise Unreadable("large")
    match = _DATA.fullmatch(text.strip())
    if match is None:
        raise Unreadable("damaged")
    try:
        content = base64.b64decode(match[1], validate=False)
    except (ValueError, binascii.Error) as fault:
        raise Unreadable("damaged") from fault
    with tempfile.TemporaryFile() as file:
        file.write(content)
        _, png = confined.run("pictures", {"verb": "signature"}, file, seconds=SECONDS)
    if not png or len(png) > PNG_MAX:
        raise Unreadable("large")
    return png
