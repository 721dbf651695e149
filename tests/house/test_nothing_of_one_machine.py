"""What is committed names no machine: no absolute path of a home, no address of a package registry."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATHS = re.compile(r"(?<![\w.])/(?:root|home|work)/[a-z]")
REGISTRIES = re.compile(r"https?://[^\s\"')]+(?:/simple/?|\.whl|\.tgz|\.tar\.gz)")


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in names.stdout.splitlines()]


def test_no_path_and_no_registry() -> None:
    hits = []
    for path in tracked():
        if path == Path(__file__) or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        hits += [f"{path.name}: {hit}" for hit in PATHS.findall(text) + REGISTRIES.findall(text)]
    assert hits == []
