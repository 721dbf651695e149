"""Puts the browser libraries of others into views/static/vendor, pinned and checked; `make vendor` runs it.

What is served lies in the repository with its licence, so that installing and running the product fetches nothing.
"""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "views" / "static" / "vendor"
FETCH_SECONDS_MAX = 120


class WrongContent(Exception):
    """What was fetched is not what the table says."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """A released package: what is taken of it (path inside it: SHA-256), and under which terms."""

    name: str
    version: str
    licence: str
    why: str
    integrity: str
    files: dict[str, str]

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return FOLDER / self.name.rsplit("/", maxsplit=1)[-1]


PACKAGES = (
    Package(
        name="chart.js",
        version="4.6.1",
        licence="MIT",
        why="charts; a classic script that gives `window.Chart`",
        integrity="sha512-hJyniucsFmq//EvXYvJ6c6mahPoI3kaxdjVH8awTaJ/fDNWeSqqqArixMJWkWNN6fcYvPU3HneSANFNYtRi61g==",
        files={
            "LICENSE.md": "41a84aa2caba645f966a18d9c2056b73e6d3a81d80bc0046bc0011a2634d4cce",
            "dist/chart.umd.min.js": "87364cc2b2a76a6684929e7d6b80b18a897794db38400caff1fcf1791c6925d2",
        },
    ),
    Package(
        name="@kurkle/color",
        version="0.3.2",
        licence="MIT",
        why="a part of chart.umd.min.js; only its licence is kept here",
        integrity="sha512-fuscdXJ9G1qb7W8VdHi+IwRqij3lBkosAm4ydQtEmbY58OzHXqQhvlxqEkoz0yssNVn38bcpRWgA9PP+OGoisw==",
        files={"LICENSE.md": "2859c50313bad2ba77b081410c477beaf92b60ca13a77a248d89859a6dd6ac81"},
    ),
    Package(
        name="qr",
        version="0.7.0",
        licence="MIT OR Apache-2.0",
        why="reads QR codes from a camera; modules: import dom.js",
        integrity="sha512-/VrrACmOAwZVipuRITwfEwOL5oAMEHH5PTmBWaGtlTom2Thxaa+rhmna4zU9PRN2uLw2wdccbkHOLGZb1Q9SdA==",
        files={
            "LICENSE": "f9946796a8a5bd5981565142fa42e3b0cc36aef6f80e86beaf5905b3c0fef1b5",
            "LICENSE-MIT": "07a9f887e9215644439b808628b09f8eece932d79130ff563f958f3a1783e684",
            "decode.js": "00e209820dcb11d624e9a03d6383e580766792b57d1651318f0a29e4e1ff0fe8",
            "dom.js": "7b4092715e904c7357584ac836e319321006e5dd92af418af6adfb5cc02ab520",
            "index.js": "a0de370051f94bd74f218f74401fdf197585e3f9ef0143164f87ea941a3fdd6f",
        },
    ),
)


def fetch(name: str, version: str, integrity: str) -> bytes:
    """The archive of a package from the registry that npm is set up for; anything but the pinned content is refused."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(  # noqa: S603 - the names are ours
            ["npm", "pack", "--silent", "--ignore-scripts", f"{name}@{version}"],  # noqa: S607 - wherever npm is
            cwd=folder, check=True, capture_output=True, timeout=FETCH_SECONDS_MAX,
        )  # fmt: skip
        (archive,) = Path(folder).glob("*.tgz")
        content = archive.read_bytes()
    if integrity != "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode():
        raise WrongContent(f"{name} {version} is not the content that was pinned.")
    return content


def place(package: Package) -> list[Path]:
    """Fetch a package and write the files that are taken of it."""
    package.folder.mkdir(parents=True, exist_ok=True)
    written = []
    with tarfile.open(fileobj=io.BytesIO(fetch(package.name, package.version, package.integrity))) as archive:
        for path, digest in package.files.items():
            inside = archive.extractfile(f"package/{path}")
            content = inside.read() if inside else b""
            if hashlib.sha256(content).hexdigest() != digest:
                raise WrongContent(f"{package.name}: {path} is not the content that was pinned.")
            written.append(package.folder / Path(path).name)
            written[-1].write_bytes(content)
    return written


def readme() -> str:
    """What lies in the folder, from where, under which terms."""
    rows = "".join(
        f"| {package.folder.name}/ | {package.name} | {package.version} | {package.licence} | {package.why} |\n"
        for package in PACKAGES
    )
    return (
        "# Browser libraries of others\n\n"
        "Written by `make vendor` from the table in `admin_app/vendor.py`; change that, not these files.\n\n"
        f"| folder | package | version | licence | what for |\n|---|---|---|---|---|\n{rows}"
    )


def main() -> None:
    """Place all packages and write what there is."""
    for package in PACKAGES:
        for path in place(package):
            print(path.relative_to(FOLDER))
    (FOLDER / "README.md").write_text(readme(), encoding="utf-8")


if __name__ == "__main__":
    main()
