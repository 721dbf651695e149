"""The web server's worker: a thread is given to a request only when the request has arrived, so that slow clients hold
sockets and no threads.

Heads, and bodies up to BUFFERED bytes, arrive on the loop of the worker, which also says that the process lives
(/healthz) while all threads are at work. A larger body (an upload) is read by a thread as it comes, but at a pace, and
never by more than half of the threads. Whoever is slower than that is cut off. When the connections grow many, the
oldest that sent no whole request make room.
"""

import errno
import re
import selectors
import socket
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn, ThreadWorker

BUFFERED = 256 * 1024
HEAD_MAX = 64 * 1024
HEAD_SECONDS, BODY_SECONDS, ANSWER_SECONDS = 10, 30, 60
PACE_FROM_SECONDS, PACE_BYTES = 5, 8 * 1024
FULL = 0.8
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
ALIVE_ASKED = b"GET /healthz HTTP/1.1\r\n"
ALIVE = (
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Type: application/json\r\n"
    b'Content-Length: 16\r\n\r\n{"status":"ok"}\n'
)
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_UNKNOWN = re.compile(rb"^(transfer-encoding|expect)[ \t]*:", re.IGNORECASE | re.MULTILINE)


class PacedUnreader(SocketUnreader):
    """Reads what is left of a request; raises ConnectionResetError when it comes more slowly than the pace."""

    def __init__(self, connection: socket.socket):
        super().__init__(connection)
        self.start()

    def start(self) -> None:
        """Count from here."""
        self.began, self.got = time.monotonic(), 0

    def chunk(self, size_hint: int | None = None) -> bytes:
        self.sock.settimeout(HEAD_SECONDS)
        try:
            data: bytes = super().chunk(size_hint)
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the body does not come") from None
        finally:
            self.sock.settimeout(ANSWER_SECONDS)
        self.got += len(data)
        seconds = time.monotonic() - self.began
        if seconds > PACE_FROM_SECONDS and self.got < seconds * PACE_BYTES:
            raise ConnectionResetError(errno.ECONNRESET, "the body comes too slowly")
        return data


class Connection(TConn):
    """A connection, and what has arrived of its next request. `is_large`: the rest of the body is read by a thread."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any):
        super().__init__(cfg, sock, client, server)
        self.arrived = bytearray()
        self.length: int | None = None
        self.is_large = False

    def init(self) -> None:
        """Make the parser, give it what has arrived, and bound how long an answer may take to be taken."""
        super().init()
        self.sock.settimeout(ANSWER_SECONDS)
        if not isinstance(self.parser.unreader, PacedUnreader):
            self.parser.unreader = PacedUnreader(self.sock)
        self.parser.unreader.start()
        if self.arrived:
            self.parser.unreader.buf.seek(0, 2)
            self.parser.unreader.buf.write(bytes(self.arrived))
            self.arrived.clear()

    def take(self, data: bytes) -> bool:
        """Take what came; True when a thread can begin."""
        self.arrived += data
        if self.length is None and not self._read_head():
            return len(self.arrived) > HEAD_MAX  # the parser refuses it
        return self.is_large or len(self.arrived) >= (self.length or 0)

    def _read_head(self) -> bool:
        end = self.arrived.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self.arrived[: end + 2])
        match = _LENGTH.search(head)
        body = int(match[1]) if match else 0
        self.is_large = body > BUFFERED or bool(_UNKNOWN.search(head))
        self.length = end + 4 + min(body, BUFFERED)
        self.timeout = time.monotonic() + BODY_SECONDS
        return True

    def begin(self) -> None:
        """Wait for the next request."""
        self.length, self.is_large, self.data_ready = None, False, True
        self.timeout = time.monotonic() + HEAD_SECONDS


class PatientWorker(ThreadWorker):
    """Gunicorn's threaded worker, whose loop reads requests and whose threads answer them."""

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.arriving: dict[int, Connection] = {}
        self.large = 0
        self.large_most = max(1, self.cfg.threads // 2)
        self.large_waiting: deque[Connection] = deque()

    def accept(self, listener: socket.socket) -> None:
        """Take a connection and wait for its request on the loop."""
        try:
            client, address = listener.accept()
        except OSError as fault:
            if fault.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        self._await(Connection(self.cfg, client, address, listener.getsockname()))
        self._make_room()

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """The next request on a connection that was kept: it arrives as the first one did."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await(conn)
        self._on_data(conn, client)

    def _await(self, conn: Connection) -> None:
        conn.begin()
        conn.sock.setblocking(False)
        self.arriving[id(conn)] = conn
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_data, conn))

    def _on_data(self, conn: Connection, client: socket.socket) -> None:
        if id(conn) not in self.arriving:
            return
        try:
            data = client.recv(HEAD_MAX)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._drop(conn)
        elif conn.take(data):
            if conn.arrived.startswith(ALIVE_ASKED):
                self._drop(conn, ALIVE)
                return
            del self.arriving[id(conn)]
            self.poller.unregister(client)
            self.enqueue_req(conn)

    def _drop(self, conn: Connection, answer: bytes = b"") -> None:
        self.arriving.pop(id(conn), None)
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        with suppress(OSError):
            if answer and conn.arrived:
                conn.sock.send(answer)
        self.nr_conns -= 1
        conn.close()

    def _make_room(self) -> None:
        """Before the worker is full, who waited longest without a whole request goes, then who is merely kept."""
        if self.nr_conns < self.worker_connections * FULL:
            return
        if self.arriving:
            self._drop(next(iter(self.arriving.values())), TOO_SLOW)
        elif self.keepalived_conns:
            self.keepalived_conns[0].timeout = 0
            self.murder_keepalived()

    def murder_pending(self) -> None:
        """Cut off who is too slow; when stopping, also who has not begun."""
        now = time.monotonic()
        for conn in list(self.arriving.values()):
            if conn.timeout <= now or (not self.alive and not conn.arrived):
                self._drop(conn, TOO_SLOW)

    def enqueue_req(self, conn: Connection) -> None:
        """Give a request to a thread; uploads wait while half of the threads are reading some."""
        if conn.is_large and self.large >= self.large_most:
            self.large_waiting.append(conn)
            return
        self.large += conn.is_large
        super().enqueue_req(conn)

    def finish_request(self, conn: Connection, fs: Future[Any]) -> None:
        """Keep the connection or close it, and let the next upload begin."""
        was_large, conn.is_large = conn.is_large, False
        ahead = conn.parser.unreader.take_buffered() if conn.parser else b""
        super().finish_request(conn, fs)
        if ahead and self.keepalived_conns and self.keepalived_conns[-1] is conn:
            self._go_on(conn, ahead)
        if was_large:
            self.large -= 1
            if self.large_waiting:
                self.enqueue_req(self.large_waiting.popleft())

    def _go_on(self, conn: Connection, ahead: bytes) -> None:
        """The client has begun its next request already: that arrives on the loop as well."""
        self.poller.unregister(conn.sock)
        self.keepalived_conns.remove(conn)
        self._await(conn)
        if conn.take(ahead):
            del self.arriving[id(conn)]
            self.poller.unregister(conn.sock)
            self.enqueue_req(conn)

    def is_parent_alive(self) -> bool:
        """When the master was killed, let go of the port at once: requests in work end, and a new start is not kept
        from it."""
        if super().is_parent_alive():
            return True
        self.set_accept_enabled(False)
        for listener in self.sockets:
            listener.close()
        return False
