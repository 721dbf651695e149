"""Where a login may lead to: only to an own page, whatever stands in `next` (security 37)."""

import unicodedata
from urllib.parse import urlsplit

HOME = "/admin/"
LENGTH_MAX = 2000
_NOT_AGAIN = ("/login", "/logout", "/logout-everywhere", "/language")


def safe_next(target: str | None, default: str = HOME) -> str:
    """The target if it is an absolute path of this site, else the default.

    Browsers drop tabs and line ends, take backslashes for slashes and two slashes for a host: all are refused.
    """
    if not target or len(target) > LENGTH_MAX or not target.startswith("/") or not _is_plain(target):
        return default
    path = target.partition("?")[0].partition("#")[0]
    if "//" in path or path.rstrip("/") in _NOT_AGAIN:
        return default
    try:
        parts = urlsplit(target)
    except ValueError:
        return default
    return default if parts.scheme or parts.netloc else target


def _is_plain(target: str) -> bool:
    return "\\" not in target and not any(c.isspace() or unicodedata.category(c).startswith("C") for c in target)
