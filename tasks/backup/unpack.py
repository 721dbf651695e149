"""Writes a backup as plain files in mongodump's layout, for MongoDB's own tools and for a day without this program."""

from __future__ import annotations

from pathlib import Path

from models.services.naming import named

from . import faults
from .faults import BackupFault
from .format import Entry
from .progress import Progress, Tell, nobody


def unpack(entry: Entry, folder: Path, tell: Tell = nobody) -> None:
    """Decrypt and unpack every file into a new or empty folder. Raises BackupFault, and Damaged at the first fault."""
    progress = Progress(tell, entry.manifest.plain_size)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BackupFault(faults.FOLDER_FILLED(place=folder))
        for file in entry.manifest.files:
            path = folder / file.name.removesuffix(".enc").removesuffix(".zst")
            path.parent.mkdir(exist_ok=True)
            with path.open("wb") as out:
                for piece in entry.plain(file):
                    out.write(piece)
                    progress.add(len(piece), named(file.collection))
    except OSError as fault:
        raise BackupFault(faults.TARGET_AWAY(place=folder, why=fault.strerror)) from fault
    progress.end()
