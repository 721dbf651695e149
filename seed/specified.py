"""What the projects of the demo year specify, design, try and find (2.3.2-2.3.4), as far as their gates ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.development.cases import CaseStep
from models.development.runs import RunResult
from seed.desk import Desk
from seed.projects import PROJECTS, DemoProject
from seed.script import Act, Script
from seed.vocabulary import projects as texts

CONDITIONS = ("正常條件", "極限條件", "異常輸入")  # under which each item is tried
CASES_EACH = len(CONDITIONS)
FAILED = (3, 10, 17, 24, 31, 38, 45, 52, 59)  # by their places among the cases of the first build
SEVERITIES = ("high", "medium", "low", "medium", "high", "low", "medium", "low", "medium")


@dataclass(frozen=True)
class DemoTesting:
    """Who specifies, reviews for marketing and tries; how many days ago each was done."""

    project: DemoProject
    writer: str
    marketing: str
    tester: str
    items: int
    specified: int
    designed: int = 0
    planned: int = 0
    builds: tuple[tuple[str, int, bool], ...] = ()  # name, days ago, whether some fail in it

    @property
    def place(self) -> str:
        return self.project.key.partition(":")[2]

    def keys(self, type_name: str, count: int) -> list[str]:
        return [f"{type_name}:{self.place}:{at:03}" for at in range(count)]

    @property
    def item_keys(self) -> list[str]:
        return self.keys("specification_item", self.items)

    @property
    def case_keys(self) -> list[str]:
        return self.keys("test_case", self.items * CASES_EACH)


def builds_of(name: str, first: int, last: int, count: int, *, ends_well: bool) -> tuple[tuple[str, int, bool], ...]:
    """So many builds between two days; in all some fail, but in the last one where it ends well."""
    ago = [first - round((first - last) * at / (count - 1)) for at in range(count)]
    names = [f"{name}-b{at:02}" for at in range(1, count)] + [name]
    return tuple((build, day, not ends_well or build != name) for build, day in zip(names, ago, strict=True))


TESTINGS = (
    DemoTesting(
        PROJECTS[0],
        "clerk_rnd2",
        "clerk_mkt",
        "clerk_rnd4",
        120,
        312,
        285,
        190,
        builds_of("2.0", 176, 120, 12, ends_well=True),
    ),
    DemoTesting(
        PROJECTS[1],
        "clerk_rnd5",
        "clerk_mkt3",
        "clerk_rnd4",
        80,
        190,
        166,
        60,
        builds_of("1.4-rc1", 45, 12, 7, ends_well=False),
    ),
    DemoTesting(PROJECTS[2], "clerk_rnd5", "clerk_mkt", "clerk_rnd4", 100, 70, 30, 20),
)
FIRST_BUILD = "1.0"
TRIED_HOURS = 26  # of working time since the newest build was tried, at least
HURRY = 40  # so many items, or cases, are entered in an hour


def plan_specified(script: Script) -> None:
    """Each project's specification, designs, cases and runs, before the gates that ask for them."""
    for work in TESTINGS:
        _plan_specification(script, work)
        if work.designed:
            _plan_design(script, work)
        if work.planned:
            _plan_cases(script, work)
        for place, (build, ago, fails) in enumerate(work.builds):
            script.add(_tried(script, ago), work.tester, _run(work, build, ago, fails=fails))
            if fails:
                _plan_defects(script, work, build, ago, is_last=place + 1 == len(work.builds))


def _tried(script: Script, ago: int) -> float:
    """When a build was tried: so many days ago, and early enough that its defects were reported by now."""
    return min(script.tape.ago(ago), script.tape.end - TRIED_HOURS)


def _plan_specification(script: Script, work: DemoTesting) -> None:
    key, at = f"specification:{work.place}", script.tape.ago(work.specified)
    script.add(at, work.writer, _specify(work, key))
    for place, item in enumerate(work.item_keys):
        script.add(at + 1 + place / HURRY, work.writer, _enter_item(key, item, place))
    script.add(at + 8, work.writer, lambda desk: desk.move(key, "submit"))
    script.add(at + 16, work.project.leader, lambda desk: desk.move(key, "release"))
    script.add(at + 20, work.marketing, lambda desk: desk.move(key, "release"))


def _specify(work: DemoTesting, key: str) -> Act:
    def act(desk: Desk) -> None:
        values = {"project": desk.id(work.project.key), "subject": f"{work.project.text.product}規格說明書"}
        people = {
            "lead": desk.id(f"user:{work.project.leader}"),
            "marketing": desk.id(f"user:{work.marketing}"),
        }
        desk.create(key, {**values, **people, "scope": texts.SCOPE})

    return act


def _enter_item(specification: str, key: str, place: int) -> Act:
    name, kind, text, criterion = texts.item(place)

    def act(desk: Desk) -> None:
        values = {"specification": desk.id(specification), "name": name, "kind": kind, "text": text}
        desk.create(key, {**values, "criterion": criterion, "priority": "must" if place % 3 else "should"})

    return act


def _plan_design(script: Script, work: DemoTesting) -> None:
    key, at = f"design_document:{work.place}", script.tape.ago(work.designed)

    def act(desk: Desk) -> None:
        values = {
            "project": desk.id(work.project.key),
            "subject": f"{work.project.text.product}總體設計",
            "kind": "architecture",
            "lead": desk.id(f"user:{work.project.leader}"),
            "items": [desk.id(item) for item in work.item_keys],
            "body": texts.DESIGN_BODY,
        }
        desk.create(key, values)

    script.add(at, work.writer, act)
    if work.builds:
        script.add(at + 10, work.writer, lambda desk: desk.move(key, "submit"))
        script.add(at + 24, work.project.leader, lambda desk: desk.move(key, "approve"))


def _plan_cases(script: Script, work: DemoTesting) -> None:
    at, key = script.tape.ago(work.planned), f"test_plan:{work.place}"
    for place, case in enumerate(work.case_keys):
        script.add(at + place / HURRY, work.tester, _enter_case(work, case, place))
        script.add(at + place / HURRY + 0.01, work.tester, _in_force(case))

    def act(desk: Desk) -> None:
        values = {
            "project": desk.id(work.project.key),
            "subject": f"{work.project.text.product}系統測試",
            "build": work.builds[0][0] if work.builds else FIRST_BUILD,
            "cases": [desk.id(case) for case in work.case_keys],
        }
        desk.create(key, values)

    script.add(at + 10, work.tester, act)
    if work.builds:
        script.add(at + 11, work.tester, lambda desk: desk.move(key, "begin"))


def _enter_case(work: DemoTesting, key: str, place: int) -> Act:
    name, kind, _, criterion = texts.item(place // CASES_EACH)
    steps = [tuple(part.format(name=name, criterion=criterion) for part in texts.STEP)]
    steps += [texts.BORDER_STEP] if place % CASES_EACH else []

    def act(desk: Desk) -> None:
        values = {
            "project": desk.id(work.project.key),
            "subject": f"{name}（{CONDITIONS[place % CASES_EACH]}）",
            "kind": "performance" if kind == "performance" else "function",
            "tester": desk.id(f"user:{work.tester}"),
            "items": [desk.id(work.item_keys[place // CASES_EACH])],
            "steps": [CaseStep(action=action, expected=expected) for action, expected in steps],
        }
        desk.create(key, values)

    return act


def _in_force(key: str) -> Act:
    return lambda desk: desk.move(key, "put_in_force")


def _run(work: DemoTesting, build: str, ago: int, *, fails: bool) -> Act:
    key = f"test_run:{work.place}:{ago}"

    def act(desk: Desk) -> None:
        desk.create(
            key,
            {
                "project": desk.id(work.project.key),
                "build": build,
                "environment": "試驗臺 2 號",
                "results": _results(desk, work.case_keys, failed_in(work, build) if fails else ()),
            },
        )
        desk.move(key, "finish")

    return act


def failed_in(work: DemoTesting, build: str) -> tuple[int, ...]:
    """The places of the cases that fail in a build: others in each."""
    at = next(place for place, each in enumerate(work.builds) if each[0] == build)
    return tuple((place + 7 * at) % (work.items * CASES_EACH) for place in FAILED)


def _results(desk: Desk, cases: Sequence[str], failed: Sequence[int]) -> list[RunResult]:
    lines = []
    for place, case in enumerate(cases):
        is_bad = place in failed
        note = texts.SEEN if is_bad else None
        lines.append(RunResult(case=desk.id(case), result="failed" if is_bad else "passed", note=note))
    return lines


def _plan_defects(script: Script, work: DemoTesting, build: str, ago: int, *, is_last: bool) -> None:
    """What failed is reported, mended by its writer and verified by the tester; in the last build some wait."""
    at = _tried(script, ago) + 2
    for place, case_place in enumerate(failed_in(work, build)):
        key = f"defect:{work.place}:{build}:{place}"
        script.add(at + place / 4, work.tester, _report(work, key, case_place, build, SEVERITIES[place]))
        if not is_last or place == 1:
            script.add(min(at + 20 + place, script.tape.end - 2), work.writer, _mend(key))
        if not is_last:
            verified = min(at + 40 + place, script.tape.end - 1)
            script.add(verified, work.tester, lambda desk, key=key: desk.move(key, "verify"))


def _report(work: DemoTesting, key: str, case_place: int, build: str, severity: str) -> Act:
    case, name = work.case_keys[case_place], texts.item(case_place // CASES_EACH)[0]

    def act(desk: Desk) -> None:
        desk.create(
            key,
            {
                "project": desk.id(work.project.key),
                "subject": f"{name}：極限條件下不合格",
                "severity": severity,
                "description": texts.SEEN,
                "case": desk.id(case),
                "build": build,
                "tester": desk.id(f"user:{work.tester}"),
                "assignee": desk.id(f"user:{work.writer}"),
            },
        )

    return act


def _mend(key: str) -> Act:
    return lambda desk: desk.move(key, "fix", fixed_in="下一版本", correction=texts.MENDED)
