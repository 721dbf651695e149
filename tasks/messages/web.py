"""Posts a message to a program outside, and to no machine inside the house but those that are named in the settings.

The name is looked up once and the address that was checked is the one that is connected to, so that a name that leads
elsewhere a moment later gains nothing. Redirects are not followed.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

import certifi
import urllib3

CONNECT_SECONDS, READ_SECONDS = 5, 15
ANSWER_MAX = 65_536


class NotPosted(Exception):
    """The message did not arrive; the text says why. `for_good`: it would not another time either."""

    def __init__(self, why: str, *, for_good: bool = False):
        super().__init__(why)
        self.for_good = for_good


def post(url: str, body: str, headers: Mapping[str, str], *, inner: Collection[str] = ()) -> int:
    """Post a body and return the status of the answer. Raises NotPosted."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_inner = host in inner
    if parts.scheme != "https" and not is_inner:
        raise NotPosted("not https", for_good=True)
    address = _address(host, parts.port or (443 if parts.scheme == "https" else 80), is_inner=is_inner)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    sent = {"Host": parts.netloc, "User-Agent": "Guicheng", **headers}
    if parts.scheme == "https":
        pool: urllib3.HTTPConnectionPool = urllib3.HTTPSConnectionPool(
            *address, server_hostname=host, assert_hostname=host, ca_certs=certifi.where(), timeout=timeout
        )
    else:
        pool = urllib3.HTTPConnectionPool(*address, timeout=timeout)
    try:
        answer = pool.urlopen("POST", path, body.encode(), sent, retries=False, redirect=False, preload_content=False)
        answer.read(ANSWER_MAX, decode_content=False)
        answer.close()
        return int(answer.status)
    except (urllib3.exceptions.HTTPError, OSError) as problem:
        raise NotPosted(type(problem).__name__) from problem
    finally:
        pool.close()


def _address(host: str, port: int, *, is_inner: bool) -> tuple[str, int]:
    """The first address of a host, if all of them are on the internet, or the host is named as an inner one."""
    try:
        known = [row[4][0] for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError as problem:
        raise NotPosted("no such host") from problem
    if not is_inner and not all(ipaddress.ip_address(str(each).partition("%")[0]).is_global for each in known):
        raise NotPosted("an address inside the house", for_good=True)
    return str(known[0]), port
