"""Pictures of questions: whether one can be taken over, and how it stands in a text, `![what is seen](its name)`."""

from __future__ import annotations

import io
import posixpath
import re
import struct
import unicodedata
import zlib

from PIL import Image

from .question_rows import ALT, LARGE, MEDIA, PICTURE_BYTES, PICTURE_PIXELS, NotTaken

ENDINGS = {"PNG": ("png",), "JPEG": ("jpg", "jpeg"), "GIF": ("gif",), "WEBP": ("webp",)}
NAME_MAX = 120
_BRACKETS = str.maketrans("[]", "［］")
_BAD = re.compile(r'[\x00-\x1f\x7f\ud800-\udfff()/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]')


def form_of(content: bytes) -> str:
    """The form of a picture, such as PNG. Raises NotTaken for what is too large or cannot be read as one."""
    if len(content) > PICTURE_BYTES:
        raise NotTaken(LARGE)
    try:
        picture = Image.open(io.BytesIO(content), formats=tuple(ENDINGS))
        if picture.width * picture.height > PICTURE_PIXELS:
            raise NotTaken(LARGE)
        picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as fault:
        raise NotTaken(LARGE) from fault
    except (OSError, SyntaxError, ValueError, ArithmeticError, LookupError, struct.error, zlib.error) as fault:
        raise NotTaken(MEDIA) from fault
    return str(picture.format)


def marked(pictures: dict[str, bytes], words: str, path: str, content: bytes) -> str:
    """How a picture stands in a text of a question, whose pictures it joins under a name of its own. Raises NotTaken:
    without words, too large, no picture."""
    seen = " ".join(words.translate(_BRACKETS).split())
    if not seen:
        raise NotTaken(ALT)
    name = _free_name(pictures, _name_from(path, form_of(content)), content)
    pictures[name] = content
    return f"![{seen}]({name})"


def _name_from(path: str, form: str) -> str:
    """The name of a file as it can stand in a text, with an ending that fits its content."""
    name = " ".join(_BAD.sub("_", unicodedata.normalize("NFC", posixpath.basename(path))).split()).strip(" .")
    stem, _, ending = name.rpartition(".")
    if ending.lower() in ENDINGS[form]:
        return f"{stem[:NAME_MAX] or 'picture'}.{ending}"
    return f"{(stem or name)[:NAME_MAX] or 'picture'}.{ENDINGS[form][0]}"


def _free_name(pictures: dict[str, bytes], name: str, content: bytes) -> str:
    stem, _, ending = name.rpartition(".")
    place = 1
    while pictures.get(name, content) != content:
        place += 1
        name = f"{stem}-{place}.{ending}"
    return name
