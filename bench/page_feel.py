"""How a page feels in Chromium: first and largest paint, shifts, blocked time, bytes; of a server that runs already.

    PYTHONPATH=. .venv/bin/python bench/page_feel.py http://127.0.0.1:8000 LOGIN PASSWORD /admin/quotation/

Blocked time is what long tasks take beyond 50 ms each. The first visit loads scripts and styles, the others have them.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from typing import Any

from playwright.sync_api import Page, sync_playwright

ROUNDS = 5
OBSERVE = """
window.feel = { lcp: 0, cls: 0, blocked: 0 };
const watch = (type, take) =>
  new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
watch("largest-contentful-paint", (one) => { feel.lcp = one.startTime; });
watch("layout-shift", (one) => { if (!one.hadRecentInput) feel.cls += one.value; });
watch("longtask", (one) => { feel.blocked += Math.max(0, one.duration - 50); });
"""
READ = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const loaded = performance.getEntriesByType("resource");
  return { "server ms": page.responseStart, "first paint ms": paint?.startTime ?? 0, "largest paint ms": feel.lcp,
    "shift": feel.cls, "blocked ms": feel.blocked, "loaded ms": page.loadEventEnd,
    "KB": [page, ...loaded].reduce((sum, one) => sum + one.transferSize, 0) / 1000, "requests": loaded.length + 1 };
}"""


def visit(page: Page, path: str) -> dict[str, float]:
    """Load a page, wait until nothing happens any more, and read what was observed."""
    page.goto(path, wait_until="networkidle")
    timing: dict[str, Any] = page.evaluate(READ)
    return timing


def main(address: str, login: str, password: str, *paths: str) -> None:
    """Print a table for each page: the first visit, and the median of those that follow."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for path in paths:
            page = browser.new_context(base_url=address, viewport={"width": 1366, "height": 860}).new_page()
            page.add_init_script(OBSERVE)
            page.goto("/login")
            page.fill("[name=login]", login)
            page.fill("[name=password]", password)
            page.press("[name=password]", "Enter")
            page.wait_for_url("**/admin/**")
            first = visit(page, path)
            later = [visit(page, path) for _ in range(ROUNDS)]
            print(path)
            for name, value in first.items():
                print(f"  {name:18} first {value:9.3f}   then {statistics.median(visit[name] for visit in later):9.3f}")
            page.context.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
