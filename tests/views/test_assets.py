"""What pages load: from this server alone, by the hash of its content, kept for a year; others' work with a licence."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from admin_app import vendor

ROOT = Path(__file__).parents[2]
LOADED = re.compile(r'<(?:script|link)\b[^>]*?\b(?:src|href)="([^"]+)"')
GRID_BYTES_MAX = 350_000
YEAR = "public, max-age=31536000, immutable"


@pytest.mark.parametrize("package", vendor.PACKAGES, ids=lambda item: item.name)
class TestVendored:
    def test_what_lies_there_is_what_was_pinned(self, package):
        for path, digest in package.files.items():
            content = (package.folder / Path(path).name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == digest, path

    def test_its_licence_lies_beside_it(self, package):
        licences = [path for path in package.folder.iterdir() if path.name.startswith("LICENSE")]
        assert licences
        assert "Permission is hereby granted" in "".join(licence.read_text("utf-8") for licence in licences)

    def test_it_asks_for_no_eval(self, package):
        for path in package.folder.glob("*.js"):
            assert not re.search(r"\beval\(|new Function\(", path.read_text("utf-8")), path.name


def test_nothing_lies_there_that_is_not_in_the_table():
    known = {package.folder / Path(path).name for package in vendor.PACKAGES for path in package.files}
    assert {path for path in vendor.FOLDER.rglob("*") if path.is_file()} == known | {vendor.FOLDER / "README.md"}
    assert (vendor.FOLDER / "README.md").read_text("utf-8") == vendor.readme()


def test_it_is_installed_with_the_product():
    data = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]["views"]
    shipped = {path for pattern in data for path in (ROOT / "views").glob(pattern) if path.is_file()}
    assert {path for path in vendor.FOLDER.rglob("*") if path.is_file()} <= shipped


def test_other_content_is_refused(monkeypatch, tmp_path):
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed (apt-get install npm)")

    def packs_another(command, cwd, **_):
        (Path(cwd) / "x.tgz").write_bytes(b"something else")

    monkeypatch.setattr(vendor.subprocess, "run", packs_another)
    with pytest.raises(vendor.WrongContent):
        vendor.fetch("qr", "0.7.0", "sha512-AAAA")


def loaded(browser, path):
    """The addresses of the scripts and styles of a page."""
    return LOADED.findall(browser.get(path).text)


def test_every_address_changes_with_its_content_and_is_kept_for_a_year(company, browser_as):
    browser = browser_as("clerk_sal")
    result = loaded(browser, "/admin/customer/")
    assert len(result) >= 4
    for address in result:
        answer = browser.get(address)
        assert answer.headers["Cache-Control"] == YEAR, address
        assert urlsplit(address).query == f"v={hashlib.sha256(answer.data).hexdigest()[:12]}", address


@pytest.mark.parametrize("query", ["", "?v=", "?v=000000000000"])
def test_an_address_without_the_hash_of_the_content_is_asked_for_again(company, browser_as, query):
    answer = browser_as("").get(f"/static/app.css{query}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["ETag"]


def test_scripts_and_styles_of_a_grid_are_light(company, browser_as):
    browser = browser_as("clerk_sal")
    content = [browser.get(address).data for address in loaded(browser, "/admin/quotation/")]
    assert sum(len(gzip.compress(item)) for item in content) < GRID_BYTES_MAX


def test_the_policy_lets_nothing_run_but_what_we_serve(company, browser_as):
    for path in ("/login", "/admin/", "/admin/customer/", "/nowhere"):
        policy = browser_as("" if path == "/login" else "clerk_sal").get(path).headers["Content-Security-Policy"]
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        assert rules["default-src"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == "'self'"
        assert "unsafe" not in policy
        assert "http" not in policy
