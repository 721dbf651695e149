"""Pictures of every screen in three languages, two themes and three widths, on one page: `make gallery`.

It starts a database of its own with the demo company and leaves artefacts/gallery/index.html. With a word it takes only
the screens whose name holds it: `make gallery ONLY=quotation`.
"""

from __future__ import annotations

import html
import itertools
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import flask
from mongoengine.connection import get_db
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from admin_app.app import create_app
from admin_app.embedded import EmbeddedMongo
from admin_app.security.accounts import open_demo_accounts
from admin_app.settings import Settings
from admin_app.start import start
from models import catalogue
from models.kernel.base.words import LOCALES
from models.services.database import ensure_indexes
from seed.demo import load_demo
from tests.fixtures.http import Browser as Reader
from tests.fixtures.http import signed_in

FOLDER = Path(__file__).parents[2] / "artefacts" / "gallery"
PASSWORD = "four good words here"
THEMES = ("light", "dark")
WIDTHS = {360: 780, 1366: 860, 2560: 1440}
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")


@dataclass(frozen=True)
class Screen:
    """A page worth a picture, and who looks at it."""

    name: str
    login: str
    path: str


@dataclass(frozen=True)
class Shot:
    """A picture of a screen."""

    screen: Screen
    lang: str
    theme: str
    width: int

    @property
    def file(self) -> str:
        plain = "".join(letter if letter.isalnum() else "-" for letter in self.screen.name)
        return f"{plain}.{self.lang}.{self.theme}.{self.width}.jpg"


def screens_of(app: flask.Flask, logins: Iterable[str]) -> Iterator[Screen]:
    """The home of each person, and what they reach from their menu, each screen once."""
    yield Screen("login", "", "/login")
    seen: set[str] = set()
    for login in logins:
        reader = signed_in(app, login)
        yield Screen(f"home of {login}", login, "/admin/")
        for path in _links(reader, "/admin/"):
            if path not in seen:
                seen.add(path)
                yield from _around(reader, login, path)


def _links(reader: Reader, path: str) -> list[str]:
    """The addresses of screens on a page, without those of single records."""
    answer = reader.get(path)
    result = [part.split('"')[0] for part in answer.text.split('href="')[1:]]
    return sorted({link for link in result if link.startswith("/admin/") and link.endswith("/") and link != "/admin/"})


def _around(reader: Reader, login: str, path: str) -> Iterator[Screen]:
    """A screen, and, where it is the list of a type, its form, a record and its process."""
    answer = reader.get(path)
    if answer.status_code != 200 or not answer.data.startswith(b"<!doctype html>"):
        return
    name = path.removeprefix("/admin/").strip("/").replace("/", " ")
    yield Screen(name, login, path)
    if name not in catalogue:
        return
    first = next((part.split('"')[0] for part in answer.text.split('href="')[1:] if f"{path}details/?id=" in part), "")
    others = [(f"{name} {word}", f"{path}{word}/") for word in ("new", "help")]
    if first:
        record = first.split("id=")[1].split("&")[0]
        others += [(f"{name} {word}", f"{path}{word}/?id={record}") for word in ("details", "edit", "history")]
    for title, address in others:
        if reader.get(address).status_code == 200:
            yield Screen(title, login, address)


def take(
    browser: Browser, address: str, screens: Iterable[Screen], folder: Path, *, widths: Iterable[int] = WIDTHS
) -> Iterator[Shot]:
    """Pictures of these screens in each language, theme and width."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = list(screens)
    for lang in LOCALES:
        get_db()["user"].update_many({}, {"$set": {"locale": lang}})
        for login, group in itertools.groupby(chosen, key=lambda person: person.login):
            page = _window(browser, address, login, lang)
            for screen in group:
                yield from _shots(page, screen, lang, folder, widths)
            page.context.close()


def _window(browser: Browser, address: str, login: str, lang: str) -> Page:
    locale = {"en": "en-GB", "zh-Hant": "zh-TW", "zh-Hans": "zh-CN"}[lang]
    page = browser.new_context(base_url=address, locale=locale, reduced_motion="reduce").new_page()
    page.goto("/login")
    if login:
        page.fill("[name=login]", login)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url("**/admin/**")
    return page


def _shots(page: Page, screen: Screen, lang: str, folder: Path, widths: Iterable[int]) -> Iterator[Shot]:
    page.goto(screen.path)
    for width, theme in itertools.product(widths, THEMES):
        shot = Shot(screen, lang, theme, width)
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        page.screenshot(path=folder / shot.file, type="jpeg", quality=70, full_page=width < 1000)
        yield shot


def write_index(shots: Iterable[Shot], folder: Path) -> Path:
    """The page with all pictures, to be narrowed by language, theme, width and name."""
    figures = "\n".join(
        f'<figure data-lang="{shot.lang}" data-theme="{shot.theme}" data-width="{shot.width}">'
        f'<a href="{shot.file}"><img src="{shot.file}" loading="lazy" alt=""></a><figcaption>'
        f"{html.escape(shot.screen.name)} · {shot.lang} · {shot.theme} · {shot.width} px</figcaption></figure>"
        for shot in shots
    )
    path = folder / "index.html"
    path.write_text(INDEX.replace("FIGURES", figures), encoding="utf-8")
    return path


INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Gallery</title><style>
body { margin: 1rem; font: 14px/1.5 system-ui, sans-serif; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(22rem, 1fr)); gap: 1rem; align-items: start; }
figure { margin: 0; } img { width: 100%; border: 1px solid #bbb; } form { margin-bottom: 1rem; }
</style></head><body><h1>Gallery</h1>
<form><label>Language
<select name="lang"><option value="">all<option>en<option selected>zh-Hant<option>zh-Hans</select></label>
<label>Theme <select name="theme"><option value="">all<option selected>light<option>dark</select></label>
<label>Width <select name="width"><option value="">all<option>360<option selected>1366<option>2560</select></label>
<label>Name <input name="name"></label></form>
<main>
FIGURES
</main><script>
const form = document.forms[0];
const show = () => document.querySelectorAll("figure").forEach((one) => {
  const fits = ["lang", "theme", "width"].every((key) => !form[key].value || form[key].value === one.dataset[key]);
  one.hidden = !fits || !one.textContent.includes(form.elements.name.value);
});
form.addEventListener("input", show);
show();
</script></body></html>
"""


@contextmanager
def demo_company() -> Iterator[tuple[flask.Flask, str]]:
    """The demo company on a database of its own, served on a free port."""
    with tempfile.TemporaryDirectory(prefix="guicheng-gallery-", ignore_cleanup_errors=True) as folder:
        mongo = EmbeddedMongo(Path(folder))
        settings = Settings(data=Path(folder), mongodb_uri=mongo.start(), database="gallery", demo=True)
        start(settings)
        ensure_indexes(catalogue)
        load_demo(settings, echo=print, set_passwords=lambda _people, _password: None)
        open_demo_accounts(PASSWORD)
        app = create_app(settings)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield app, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        mongo.stop()


def one_of_each_role() -> list[str]:
    """The logins of a user for each set of roles, those with the most to see first."""
    logins: dict[tuple[str, ...], str] = {}
    for user in get_db()["user"].find({"active": True}).sort("login", 1):
        logins.setdefault(tuple(sorted(user.get("roles", []))), user["login"])
    first = ("clerk", "head", "management", "it")
    return [logins[key] for key in sorted(logins, key=lambda roles: (*(item not in roles for item in first), roles))]


def main(word: str = "") -> None:
    """Take all pictures and say where they are."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    with demo_company() as (app, address), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        screens = [screen for screen in screens_of(app, one_of_each_role()) if word in screen.name]
        shots = list(take(browser, address, screens, FOLDER))
        browser.close()
    print(f"{len(shots)} pictures of {len(screens)} screens: {write_index(shots, FOLDER)}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
