"""What a record type more costs the tests: runs them in a copy of the tree with generated types, plain to rich.

make bench-growth TYPES=30 ARGS="tests/every_record -n 2"     or     PYTHONPATH=. .venv/bin/python bench/growth.py 30 …
Prints wall and processor seconds of the run without and with the types, and what one of them costs.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "artefacts", ".*_cache", "node_modules")
NOTHING_CHOSEN = 5  # as when only generated types are and there are none
HEAD = '''"""Generated record types."""

from __future__ import annotations

from .chapters import {chapter}
from .kernel.base.words import L
from .kernel.language.declare import record
from .kernel.language.fields import Choice, Day, Flag, Line, Lines, LongText, Money, Number, Ref, Refs, Text, Whole
from .kernel.language.record import Record
from .kernel.language.spec import Grid, Retention
from .kernel.language.who import HEAD, OWNER
from .kernel.language.workflow import REASON, Move, Workflow, workdays
'''
SUBJECT = 'subject = Text(required=True, label=L("Subject", "主題"))'
FIELDS = (
    'customer = Ref("Customer", required=True, label=L("Customer", "客戶"))',
    'due_on = Day(required=True, label=L("Due on", "截止日期"))',
    'remark = LongText(label=L("Remark", "備註"))',
    'kind = Choice({"normal": L("Normal", "一般"), "urgent": L("Urgent", "緊急")}, label=L("Kind", "類型"))',
    'people = Refs("User", label=L("People", "人員"))',
    'count = Whole(least=1, most=200, label=L("Count", "數量"))',
    'amount = Money(label=L("Amount", "金額"))',
    'share = Number(label=L("Share", "比例"))',
    'is_public = Flag(label=L("Public", "公開"))',
)
SUBMIT = 'Move("submit", "draft", "submitted", by=OWNER)'
RETURN = 'Move("return", "submitted", "draft", by=HEAD, ask=REASON)'
APPROVE = 'Move("approve", "submitted", "approved", by=HEAD, within=workdays(1))'
REJECT = 'Move("reject", "submitted", "rejected", by=HEAD, ask=REASON)'
CLOSE = 'Move("close", "approved", "closed", by=OWNER)'
FLOWS = ((), (SUBMIT, RETURN, APPROVE), (SUBMIT, RETURN, APPROVE, REJECT, CLOSE))
LINE = '''

class Item{at}(Line):
    """A line of the generated type."""

    product = Ref("Product", required=True, label=L("Product", "產品"))
    quantity = Number(required=True, label=L("Quantity", "數量"))
'''


@dataclass(frozen=True)
class Cost:
    """What a run took."""

    tests: int
    wall: float
    processor: float


def module(at: int) -> str:
    """One generated type: each third reviewed instead of with a workflow, each second with lines, with more and more
    fields."""
    flow = FLOWS[at % len(FLOWS)]
    has_lines, fields = at % 2 == 1, FIELDS[: 2 + at % (len(FIELDS) - 1)]
    names = ["subject", *(line.split(" ")[0] for line in fields)]
    columns = " ".join(["number", *names[:3], *(["state"] if flow else [])])
    parts = [HEAD.format(chapter=("SALES", "RESEARCH", "OPERATIONS")[at % 3])]
    if has_lines:
        parts.append(LINE.format(at=at))
    options = [
        f'label=L("Generated {at}", "生成類型{at}")',
        f"chapter={('SALES', 'RESEARCH', 'OPERATIONS')[at % 3]}",
        f'clause="{("2.2", "2.1", "6")[at % 3]}.{at + 20}"',
        f'number="G{_letters(at)}-{{yyyy}}-{{seq:4}}"',
        'title="{subject}"',
        f'grid=Grid("{columns}", search="subject")',
        *([f'workflow=Workflow("draft", ({", ".join(flow)},))'] if flow else []),
        *([] if flow else ["review=HEAD"]),
        *(['retention=Retention(after="due_on", archive=365, delete=10)'] if at % 4 == 0 else []),
    ]
    body = [SUBJECT, *fields]
    if has_lines:
        body.append(f'lines = Lines(Item{at}, label=L("Lines", "明細"))')
    declared = "".join(f"    {option},\n" for option in options)
    own = "".join(f"    {line}\n" for line in body)
    parts.append(
        f'\n\n@record(\n{declared})\nclass Generated{at}(Record):\n    """Type {at} of the growth bench."""\n\n{own}'
    )
    return "".join(parts)


def _letters(at: int) -> str:
    return chr(ord("A") + at // 26) + chr(ord("A") + at % 26)


def run(types: int, arguments: list[str]) -> Cost:
    """The tests in a copy of the tree with so many types more."""
    with tempfile.TemporaryDirectory(prefix="guicheng-growth-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT, symlinks=True)
        for at in range(types):
            (tree / "models" / f"generated_{at}.py").write_text(module(at), "utf-8")
        began, before = time.monotonic(), _children()
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(tree)}
        content = subprocess.run(command, cwd=tree, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        passed = re.search(r"(\d+) passed", content.stdout)
        if content.returncode not in (0, NOTHING_CHOSEN):
            sys.exit(content.stdout[-6000:])
        return Cost(int(passed[1]) if passed else 0, time.monotonic() - began, _children() - before)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(types: int, arguments: list[str]) -> None:
    costs = {}
    for more in (0, types):
        costs[more] = cost = run(more, arguments)
        print(
            f"{more:3} types more: {cost.tests} tests, {cost.wall:.0f} s, {cost.processor:.0f} s of processor",
            flush=True,
        )
    each = (costs[types].processor - costs[0].processor) / types
    print(f"one type more: {(costs[types].tests - costs[0].tests) / types:.0f} tests, {each:.1f} s of processor")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:] or ["tests/every_record"])
