"""Characters that nobody can see, and one plain form of those that come in several widths or as parts of characters."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0e\ufeff]"
    "|\u200d(?![\u2600-\u27bf\U0001f000-\U0001faff])"
)
_CARRIES_NOTHING = re.compile("[\u00ad\u180e\u200b\u2060-\u2064\ufeff]")
# Radicals of PDF texts that NFKC leaves as they are, by the characters that they stand for.
_RADICALS = str.maketrans(
    "⺁⺃⺄⺅⺇⺉⺋⺌⺍⺎⺐⺒⺓⺔⺕⺖⺗⺘⺙⺛⺜⺝⺞⺟⺠⺡⺢⺣⺥⺦⺨⺩⺪⺫⺬⺭⺮⺯⺰⺱⺲⺶⺷⺸⺹⺺⺻⺼⺽⺾⺿⻀⻁⻂⻃⻄⻅⻆⻈⻉⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻖⻘⻙⻚⻛⻜⻝⻟⻠⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲",
    "厂乚乙亻几刂㔾小小尣尢巳幺彑彐忄㣺扌攵旡日月歺母民氵氺灬爫丬犭王疋目示礻竹糹纟罓罒羊羊羊耂肀聿肉臼艹艹艹虎衤西西见角讠贝车辶辶辶阝钅長長长门阝青韦页风飞食飠饣马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龟亀",
)


def tidy(text: str) -> str:
    """A text as it is kept: without blanks of no width; marks of direction and of joining stay as typed."""
    return _CARRIES_NOTHING.sub("", text)


def visible(text: str) -> str:
    """A text without the characters that nobody can see, such as a blank of no width; joined pictures stay joined."""
    return _INVISIBLE.sub("", text)


def plain(text: str) -> str:
    """A text as it is compared: visible, of one width, radicals as the characters that they are."""
    return unicodedata.normalize("NFKC", visible(text)).translate(_RADICALS)
