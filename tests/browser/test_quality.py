"""Every page by three judges: axe-core in a real browser, both themes and 360 px; the Nu HTML checker; its language."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route

from models import catalogue
from models.kernel.base.words import HANT
from tests.fixtures._languages import untranslated
from tests.fixtures._nu import VERSION, check
from tests.fixtures._types import FULL, VARIED
from tests.fixtures._visits import Tour, Visit

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
PAGES_MIN = 40
WIDE, NARROW = {"width": 1366, "height": 860}, {"width": 360, "height": 740}
OVERFLOW = "() => document.scrollingElement.scrollWidth - innerWidth"
LOOK = """async ([within, options]) => { const result = await axe.run(within || document, options);
    const rules = ["passes", "violations", "inapplicable", "incomplete"].flatMap((kind) => result[kind]);
    return { version: result.testEngine.version, rules: rules.map((rule) => rule.id), violations: result.violations };
}"""
RULES = {"rules": {"target-size": {"enabled": True}}}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
CONTENT = {"exclude": [["header.topbar"], ["nav.sidebar"]]}  # the frame, which is the same on every page of a person
TWINS_MAX = 2
KINDS = ("home", "move", "refused", "race", "bulk")


@pytest.mark.browser
def test_every_page_is_valid_accessible_translated_and_fits_a_phone(
    app: Any, company: Any, browser_as: Any, sit_down: Callable[..., Page], tmp_path: Path
) -> None:
    """Each page is asked for once and read by all; axe looks at it in the browser while it is as it was."""
    for login in company.logins:
        browser_as(login, locale=HANT)
    judge, visits = Judge(sit_down), []
    for visit in axe_looks_at(Tour(app, company, browser_as).visits(), visits):
        judge.look(visit)
    result = {"axe": list(judge.findings()), "words": untranslated(visits, HANT)}
    result["html"] = check({f"{visit.name} ({visit.login})": visit.html for visit in visits}, tmp_path)
    _note("axe", checker=judge.version, pages=judge.pages, rules=len(judge.rules), findings=len(result["axe"]))
    _note("html", checker=f"vnu {VERSION}", pages=len(visits), findings=len(result["html"]))
    assert judge.pages >= PAGES_MIN
    assert len({visit.path.split("?")[0] for visit in visits}) >= PAGES_MIN
    assert not any(result.values()), "\n".join(
        f"{by}: {finding}" for by, findings in result.items() for finding in findings
    )


@pytest.mark.browser
def test_what_is_wrong_with_a_page_is_said(company: Any, sit_down: Callable[..., Page]) -> None:
    judge, style = Judge(sit_down), "width: 900px; color: #999; background: #aaa"
    body = f'<main><h1>x</h1><img src="data:,"><p style="{style}">hard to read</p></main>'
    html = f'<!doctype html><html lang="en"><title>x</title>{body}</html>'
    judge.look(Visit("wrong", "", "/login", html, posted=True))
    said = "\n".join(judge.findings())
    for fault in ("light: image-alt", "light: color-contrast", "dark: color-contrast", "px wider than a phone"):
        assert fault in said, said


def axe_looks_at(visits: Iterable[Visit], seen: list[Visit]) -> Iterator[Visit]:
    """The pages that axe looks at; all that are passed are noted."""

    def noted() -> Iterator[Visit]:
        for visit in visits:
            seen.append(visit)
            yield visit

    return chosen(noted())


def chosen(visits: Iterable[Visit]) -> Iterator[Visit]:
    """All pages; of those that several types have, the lists and records of the types that have all kinds and options
    between them, the forms of those that have all kinds, and a few of each other."""
    seen = Counter[str]()
    full, varied = ({cls.type_name() for cls in types} for types in (FULL, VARIED))
    drawn_by_fields = {"": full, "details/": full, "new/": varied}
    for visit in visits:
        kind = kind_of(visit)
        seen[kind] += 1
        if visit.name.split("/")[2:3] and kind in drawn_by_fields:
            if visit.name.split("/")[2] in drawn_by_fields[kind]:
                yield visit
        elif seen[kind] <= TWINS_MAX:
            yield visit


def kind_of(visit: Visit) -> str:
    """What pages of different types have in common: the last part of the address, or the first word of the name."""
    name = visit.name
    if name.startswith("/admin/") and name.split("/")[2] in catalogue:
        return name.split("/", 3)[3]
    return name.split(" ")[0] if name.startswith(KINDS) else name


class Judge:
    """Looks at pages with axe and remembers what it does not like."""

    def __init__(self, sit_down: Callable[..., Page]):
        self.sit_down = sit_down
        self.windows: dict[str, Page] = {}
        self.script = Axe().axe_script
        self.rules: set[str] = set()
        self.framed: set[str] = set()  # the people whose frame was looked at
        self.faults: dict[str, list[str]] = {}
        self.pages = 0
        self.version = ""

    def look(self, visit: Visit) -> None:
        """A page in light and dark colours and at 360 px; the frame on the first of each person."""
        page = self._window(visit.login)
        self._open(page, visit)
        page.evaluate(self.script)
        self.pages += 1
        within = CONTENT if visit.login in self.framed else None
        self._judge(page, visit, "light", RULES, within)
        page.emulate_media(color_scheme="dark")
        self._judge(page, visit, "dark", COLOURS, within)
        self.framed.add(visit.login)
        page.set_viewport_size(NARROW)
        if (excess := page.evaluate(OVERFLOW)) > 0:
            self.faults.setdefault(f"{excess} px wider than a phone", []).append(visit.name)
        page.goto("about:blank")  # a page that waits for a task would reload itself while the next is opened
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(WIDE)

    def findings(self) -> Iterator[str]:
        for sentence, names in self.faults.items():
            yield f"{sentence} | {len(names)} pages: {', '.join(names[:4])}"

    def _window(self, login: str) -> Page:
        if login not in self.windows:
            self.windows[login] = self.sit_down(login, reduced_motion="reduce", color_scheme="light")
        return self.windows[login]

    def _open(self, page: Page, visit: Visit) -> None:
        if not visit.posted:
            page.goto(visit.path)
            return

        def answer(route: Route) -> None:
            route.fulfill(status=visit.status, body=visit.html, content_type="text/html; charset=utf-8")

        page.route(f"**{visit.path}", answer, times=1)
        page.goto(visit.path)

    def _judge(self, page: Page, visit: Visit, how: str, options: Any, within: Any = None) -> None:
        result = page.evaluate(LOOK, [within, {"resultTypes": ["violations"], **options}])
        self.version = f"axe-core {result['version']}"
        self.rules |= set(result["rules"])
        for rule in result["violations"]:
            for node in rule["nodes"]:
                sentence = f"{how}: {rule['id']} {node['target']} {node['html'][:160]} {node['failureSummary'][:300]}"
                self.faults.setdefault(sentence, []).append(f"{visit.name} ({visit.login})")


def _note(kind: str, **facts: Any) -> None:
    """Keep the counts for whoever asks what was checked, and say them."""
    ARTEFACTS.mkdir(exist_ok=True)
    path = ARTEFACTS / f"quality-{kind}.json"
    path.write_text(json.dumps(facts, indent=1), encoding="utf-8")
    print(kind, facts)
