"""Whether a backup is, byte for byte, what was written: read, decrypted, unpacked and summed, file by file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.kernel.base.words import L, Words
from models.services.naming import named

from .crypt import KeyRing
from .faults import Damaged
from .format import Entry, Stored, open_entry
from .progress import Progress, Tell, nobody
from .targets import MANIFEST, Target

MISSING = L("{file} is missing.", "缺少 {file}。")
EXTRA = L("{file} does not belong to this backup.", "{file} 不屬於此備份。")
CUT = L("{file} has {found} bytes instead of {size}.", "{file} 為 {found} 字節，應為 {size}。")
SWAPPED = L("{file} has the content of {other}.", "{file} 的內容為 {other} 的內容。")


@dataclass(frozen=True)
class BackupVerdict:
    """What was found wrong with a backup; nothing means that every byte is as written."""

    entry: Entry
    problems: tuple[Words, ...]

    def __bool__(self) -> bool:
        return not self.problems


def verify(target: Target, name: str, ring: KeyRing, tell: Tell = nobody, *, seal: str = "") -> BackupVerdict:
    """Read all of a backup. Raises BackupFault or Damaged when it cannot even be opened."""
    entry = open_entry(target, name, ring, seal=seal)
    return BackupVerdict(entry, tuple(_problems(entry, Progress(tell, entry.manifest.plain_size))))


def must_be_whole(entry: Entry, tell: Tell = nobody) -> None:
    """Raise Damaged, naming the first fault, unless every byte is as written."""
    for problem in _problems(entry, Progress(tell, entry.manifest.plain_size)):
        raise Damaged(problem)


def _problems(entry: Entry, progress: Progress) -> Iterator[Words]:
    files = entry.target.files(entry.name)
    known = {file.name: file for file in entry.manifest.files}
    for name in sorted(set(files) - set(known) - {MANIFEST}):
        yield EXTRA(file=name)
    for file in entry.manifest.files:
        if file.name not in files:
            yield MISSING(file=file.name)
            continue
        if files[file.name] != file.size:
            yield _wrong_size(entry, file, files[file.name])
            continue
        try:
            for piece in entry.plain(file):
                progress.add(len(piece), named(file.collection))
        except Damaged as fault:
            yield _swapped(entry, file) or fault.sentence
    progress.end()


def _wrong_size(entry: Entry, file: Stored, size: int) -> Words:
    return _swapped(entry, file) or CUT(file=file.name, found=size, size=file.size)


def _swapped(entry: Entry, file: Stored) -> Words | None:
    """If a file is wholly another one of the same backup, say so."""
    there = entry.target.sum_of(entry.name, file.name)
    other = next((item.name for item in entry.manifest.files if item.sha256 == there and item.name != file.name), None)
    return SWAPPED(file=file.name, other=other) if other else None
