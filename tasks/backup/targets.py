"""Where backups lie: a folder, or a store that fsspec knows (the extra `s3`). What is wrong with it is a sentence."""

from __future__ import annotations

import errno
import hashlib
import os
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import Any, BinaryIO, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from . import faults
from .faults import BackupFault

if find_spec("botocore"):
    from botocore.exceptions import BotoCoreError
else:

    class BotoCoreError(Exception):  # type: ignore[no-redef]
        """Stands for the store's own errors where its library is not installed."""


PREFIX = "guicheng-"
MANIFEST = "manifest.json"
MARK = ".guicheng-backups"
WRITING = ".writing"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_MISSING = {errno.ENOENT, errno.ENOTDIR}


class Target:
    """A place that holds backups, each in a folder of its own. Raises BackupFault with what is wrong with the place."""

    def __init__(self, place: str):
        self.place = place.rstrip("/") or place
        try:
            self._fs, self._root = fsspec.core.url_to_fs(self.place)
        except (ImportError, ValueError) as fault:
            raise BackupFault(faults.NO_STORE(place=place)) from fault
        self._is_local = isinstance(self._fs, LocalFileSystem)

    def check(self) -> None:
        """Refuse a place that is not there: a folder is never made, since its disk may just not be mounted."""
        with self.faults_in_words():
            if self._is_local and not self._fs.isdir(self._root):
                raise FileNotFoundError(errno.ENOENT, "no folder", self._root)

    def has_mark(self) -> bool:
        """Whether the file stands here that tells a folder of backups from a mount point without its disk."""
        if not self._is_local:
            return True  # a bucket is there or it is not
        with self.faults_in_words():
            return bool(self._fs.exists(self._path(MARK)))

    def mark(self) -> None:
        """Make this folder known as one of backups."""
        self.check()
        if not self.has_mark():
            with self.faults_in_words():
                self._fs.touch(self._path(MARK), truncate=False)
                _sync(self._path(MARK))
                _sync(self._root)

    def set_writing(self, entry: str, who: str) -> None:
        """Say beside the folder of a backup that it is being written, and on which machine."""
        with self.faults_in_words():
            self._fs.pipe_file(self._mark_of(entry), who.encode())

    def end_writing(self, entry: str) -> None:
        with self.faults_in_words(), suppress(FileNotFoundError):
            self._fs.rm(self._mark_of(entry))

    def writing_now(self) -> list[str]:
        """The backups that are said to be written, whether anybody still does or not."""
        self.check()
        names: list[str] = []
        with self.faults_in_words(), suppress(FileNotFoundError):  # of a store, in which nothing was put yet
            self._fs.invalidate_cache()
            names = [posixpath.basename(row["name"]) for row in self._fs.ls(self._root, detail=True)]
        return sorted(
            name[1 : -len(WRITING)] for name in names if name.startswith(f".{PREFIX}") and name.endswith(WRITING)
        )

    def writer_of(self, entry: str) -> str:
        with self.faults_in_words():
            return bytes(self._fs.cat_file(self._mark_of(entry))).decode("utf-8", "replace")

    def path_of_writing(self, entry: str) -> str | None:
        """Where the mark stands as a file that can be locked; None in a store."""
        return self._mark_of(entry) if self._is_local else None

    def _mark_of(self, entry: str) -> str:
        return self._path(f".{entry}{WRITING}")

    def entries(self) -> list[str]:
        """The names of the backups here, oldest first, the unfinished ones included."""
        self.check()
        with self.faults_in_words():
            self._fs.invalidate_cache()
            result = [posixpath.basename(row["name"].rstrip("/")) for row in self._fs.ls(self._root, detail=True)]
        return sorted(name for name in result if name.startswith(PREFIX))

    def begin(self, entry: str) -> None:
        """Make the folder of a new backup, for its owner's eyes only."""
        self.check()
        if self._is_local:  # a store has no folders, and would make a bucket
            with self.faults_in_words():
                self._fs.makedirs(self._path(entry), exist_ok=True)
                os.chmod(self._path(entry), 0o700)

    def files(self, entry: str) -> dict[str, int]:
        """The files of a backup with their sizes, by name below its folder."""
        with self.faults_in_words():
            self._fs.invalidate_cache()
            base = self._path(entry)
            rows = self._fs.find(base, detail=True)
        return {posixpath.relpath(path, base): int(facts["size"]) for path, facts in rows.items()}

    @contextmanager
    def writing(self, entry: str, name: str) -> Iterator[BinaryIO]:
        """A file to write; what was written is sure to be on the disk after the next `put_whole`."""
        path = self._path(entry, name)
        with self.faults_in_words():
            if self._is_local:
                self._fs.makedirs(posixpath.dirname(path), exist_ok=True)
            with self._fs.open(path, "wb") as file:
                yield cast(BinaryIO, file)

    @contextmanager
    def reading(self, entry: str, name: str) -> Iterator[BinaryIO]:
        with self.faults_in_words(), self._fs.open(self._path(entry, name), "rb") as file:
            yield cast(BinaryIO, file)

    def sum_of(self, entry: str, name: str) -> str:
        """The SHA-256 of a file as it lies there."""
        total = hashlib.sha256()
        with self.reading(entry, name) as file:
            while piece := file.read(1 << 20):
                total.update(piece)
        return total.hexdigest()

    def put_whole(self, entry: str, name: str, content: bytes) -> None:
        """Write a small file that is there whole or not at all, after everything that was written before it."""
        if not self._is_local:  # a store shows an object only when all of it has come
            with self.faults_in_words():
                self._fs.pipe_file(self._path(entry, name), content)
            return
        with self.writing(entry, f".{name}.part") as file:
            file.write(content)
        with self.faults_in_words():
            for folder, _folders, names in os.walk(self._path(entry)):
                for path in (*(os.path.join(folder, name) for name in names), folder):
                    _sync(path)
            os.replace(self._path(entry, f".{name}.part"), self._path(entry, name))
            _sync(self._path(entry))
            _sync(self._root)

    def has(self, entry: str, name: str) -> bool:
        with self.faults_in_words():
            self._fs.invalidate_cache()
            return bool(self._fs.exists(self._path(entry, name)))

    def delete(self, entry: str) -> None:
        """Take a backup away, its manifest first, so that what is left of it is never taken for a good one."""
        manifest = self._path(entry, MANIFEST)
        with self.faults_in_words():
            if self._fs.exists(manifest):
                self._fs.rm(manifest)
            if self._fs.exists(self._path(entry)):
                self._fs.rm(self._path(entry), recursive=True)

    @contextmanager
    def faults_in_words(self) -> Iterator[None]:
        """Turn what the place answers into a sentence."""
        try:
            yield
        except OSError as fault:
            raise BackupFault(self._sentence(fault)) from fault
        except BotoCoreError as fault:
            raise BackupFault(faults.TARGET_AWAY(place=self.place, why=fault)) from fault

    def _sentence(self, fault: OSError) -> Any:
        if fault.errno in _FULL:
            return faults.TARGET_FULL(place=self.place)
        if fault.errno in _READ_ONLY or isinstance(fault, PermissionError):
            return faults.TARGET_READ_ONLY(place=self.place)
        if fault.errno in _MISSING or isinstance(fault, FileNotFoundError):
            return faults.TARGET_MISSING(place=fault.filename or self.place)
        return faults.TARGET_AWAY(place=self.place, why=fault.strerror or type(fault).__name__)

    def _path(self, entry: str, name: str = "") -> str:
        return posixpath.join(self._root, entry, name) if name else posixpath.join(self._root, entry)


def split_entry(path: str) -> tuple[Target, str]:
    """The target and the name of the backup at a path."""
    whole = path.rstrip("/")
    if "://" not in whole:
        whole = os.path.abspath(os.path.expanduser(whole))
    place, _, entry = whole.rpartition("/")
    return Target(place or "/"), entry


def _sync(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
