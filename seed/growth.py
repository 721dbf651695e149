"""Growth in the demo company (5.2, 5.3): what people said of two trainings, a training whose effect shows in the work,
judgements of superiors, and development plans."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

from models.kernel.base import clock
from models.kernel.gate import changes
from models.kernel.language import working_time
from models.organisation import RequiredSkill
from models.training import feedback
from models.training.development import GoalLine, PathLine, SkillLine
from models.training.sessions import Participant
from seed.archive_room import Room
from seed.desk import SYSTEM_LOGIN, Desk
from seed.vocabulary.training import COURSES

HR = "hr"
TRAINED = ("clerk_mkt2", "clerk_prd2", "clerk_log2", "clerk_svc2", "clerk_rnd4")
OTHERS = ("clerk_mkt3", "clerk_prd", "clerk_log", "clerk_svc3", "clerk_rnd5")
ALSO_THERE, FEW = "clerk_sal5", ("legal", "legal2", "clerk_sal4")
MONTHS_AGO, EVERY_DAYS, WEEKLY = 5, 13, "工作計劃對照檢查"
OPINIONS = ("例子貼近工作，願意再參加。", "時間略緊，練習可再多一些。", "", "優先級的方法已在用。", "")
SALES_LADDER = ("銷售代表", "銷售工程師", "高級銷售工程師", "大客戶經理")
ASKED_OF = {
    "銷售工程師": (("報價與審批", "2", 0), ("合同條款", "2", 1)),
    "高級銷售工程師": (("報價與審批", "2", 0), ("合同條款", "2", 1), ("客戶談判", "3", None)),
    "大客戶經理": (("合同條款", "2", 1), ("客戶談判", "4", None), ("項目管理", "2", None)),
}
Act = Callable[[Desk], Any]


def grow_company(room: Room) -> None:
    """All of it, before the indicators are counted."""
    for name, field in (("position", "name"), ("course", "name")):
        room.desk.learn(name, field)
    held = _workday(_month(room.now, MONTHS_AGO) + dt.timedelta(days=14))
    _work(room, held)
    _train(room, held)
    lately = _workday(room.now - dt.timedelta(days=30))
    _hold(room, "few", "合同審核要點", "head_leg", FEW, lately)
    for login in FEW:
        _say(room, "few", login, lately + dt.timedelta(days=1), "")
    _plan(room)


def _at(room: Room, login: str, moment: dt.datetime, act: Act) -> Any:
    room.desk.login = login
    with clock.set_to(moment):
        return changes.in_batch(lambda: act(room.desk), quiet=True)


def _month(now: dt.datetime, back: int) -> dt.datetime:
    day = now.astimezone(clock.zone()).date()
    months = day.year * 12 + day.month - 1 - back
    return clock.start_of(dt.date(months // 12, months % 12 + 1, 1))


def _workday(moment: dt.datetime, *, after: bool = False) -> dt.datetime:
    """Ten o'clock of that day, or of the last one before it that is worked; `after`: of the next one after it."""
    calendar, day = working_time.calendar(), moment.astimezone(clock.zone()).date()
    if after:
        day = calendar.next_workday(day)
    while not calendar.is_workday(day):
        day -= dt.timedelta(days=1)
    return clock.start_of(day) + dt.timedelta(hours=10)


def _work(room: Room, held: dt.datetime) -> None:
    """A check that each of ten people makes again and again, one time in three too late; those who were trained in time
    from then on."""
    first, last = _month(held, 3), _month(held, -4)
    for place, login in enumerate((*TRAINED, *OTHERS)):
        due, number = first + dt.timedelta(days=3 + place % 5), place
        while due < last:
            is_late = number % 3 == 0 and not (login in TRAINED and due > held)
            _task(room, login, _workday(due) + dt.timedelta(hours=6), is_late)
            due, number = due + dt.timedelta(days=EVERY_DAYS), number + 1


def _task(room: Room, login: str, due: dt.datetime, is_late: bool) -> None:
    key = f"task:check:{login}:{due:%Y%m%d}"
    values = {"subject": WEEKLY, "assignee": room.desk.id(f"user:{login}"), "due": due}
    _at(room, login, _workday(due - dt.timedelta(days=4)), lambda desk: desk.create(key, values))
    done = _workday(due, after=True) if is_late else due - dt.timedelta(hours=1)
    _at(room, login, done, lambda desk: desk.move(key, "finish"))


def _train(room: Room, held: dt.datetime) -> None:
    """The training of five of them, and of one more; what they said, and what their superiors say 90 days later."""
    _hold(room, "time", "時間管理與優先級", "head_hrd", (*TRAINED, ALSO_THERE), held)
    for place, login in enumerate(TRAINED):
        _say(room, "time", login, held + dt.timedelta(days=1 + place), OPINIONS[place])
    opened = clock.start_of((held + dt.timedelta(days=90)).astimezone(clock.zone()).date())
    session = room.desk.id("training_session:time")
    judgements = room.desk.rows("training_feedback", {"session": session})
    logins = {id: key.removeprefix("user:") for key, (id, _) in room.desk.known.items() if key.startswith("user:")}
    for place, row in enumerate(judgements):
        key = f"training_feedback:{place}"
        room.desk.keep(key, row)
        _at(room, SYSTEM_LOGIN, opened, lambda desk, key=key: desk.move(key, "open"))
        if place < len(judgements) - 2:
            values = {"applied": ("mostly", "fully", "partly")[place % 3], "change": ("better", "same")[place == 2]}
            judged = _workday(opened + dt.timedelta(days=1 + place), after=True)
            _at(room, logins[row["assessor"]], judged, _judge(key, values))


def _judge(key: str, values: dict[str, Any]) -> Act:
    def act(desk: Desk) -> None:
        desk.update(key, values)
        desk.move(key, "judge")

    return act


def _hold(room: Room, name: str, subject: str, trainer: str, people: tuple[str, ...], starts: dt.datetime) -> None:
    key = f"training_session:{name}"
    ends = starts + dt.timedelta(hours=2)
    signed = {"signed_in": starts, "signed_out": ends}

    def enter(desk: Desk) -> None:
        values = {"subject": subject, "content": "teamwork", "trainer": desk.id(f"user:{trainer}")}
        values |= {"starts": starts, "ends": ends, "room": "二樓培訓室", "seats": 20, "cost": Decimal(1200)}
        desk.create(key, values)
        desk.move(key, "open")

    def close(desk: Desk) -> None:
        lines = [Participant(person=desk.id(f"user:{login}"), **signed) for login in people]
        desk.update(key, {"participants": lines, "summary": "按計劃完成，練習環節反響良好。"})
        desk.move(key, "hold")
        desk.move(key, "close")

    _at(room, HR, _workday(starts - dt.timedelta(days=10)), enter)
    _at(room, HR, ends + dt.timedelta(hours=1), close)


def _say(room: Room, name: str, login: str, moment: dt.datetime, comment: str) -> None:
    points = {"content": "45"[len(comment) % 2], "trainer": "5", "useful": "345"[len(comment) % 3]}

    def act(desk: Desk) -> None:
        feedback.give(desk.actor, desk.find(f"training_session:{name}"), points, comment)

    _at(room, login, moment, act)


def _plan(room: Room) -> None:
    """What positions ask for and lead to, and four plans: in force, with its talk due, before the superior, a draft."""
    _at(room, HR, _workday(room.now - dt.timedelta(days=260)), _ladder)
    today = room.now.astimezone(clock.zone()).date()
    goals = ("獨立完成大客戶報價三次", "通過合同管理課程", "帶教一名新人")
    days = {"clerk_sal3": 100, "clerk_sal4": 190, "clerk_sal2": 9, "clerk_sal5": 3}
    for place, (login, ago) in enumerate(days.items()):
        begun = _workday(room.now - dt.timedelta(days=ago))
        due = [today + dt.timedelta(days=each) for each in (20, 60, 120)]
        values = {
            "interests": "技術方案、客戶交流",
            "strengths": "溝通清楚，資料整理細緻",
            "direction": "銷售專業序列" if place % 2 else "大客戶管理",
            "goals": [GoalLine(goal=goal, due=day) for goal, day in zip(goals, due, strict=True)],
        }
        _at(room, login, begun, _enter(f"development_plan:{login}", login, values))
        if place < 3:
            _at(room, login, begun + dt.timedelta(hours=1), _moving(f"development_plan:{login}", "submit"))
        if place < 2:
            _at(room, "head_sal", _workday(begun, after=True), _agree(f"development_plan:{login}"))
    due_key = "development_plan:clerk_sal4"
    talk: Any = room.desk.find(due_key)
    _at(room, SYSTEM_LOGIN, clock.start_of(talk.next_talk), _moving(due_key, "open_talk"))


def _ladder(desk: Desk) -> None:
    for lower, upper in pairwise(SALES_LADDER):
        also = [desk.id("position:市場分析師")] if lower == "銷售工程師" else []
        desk.update(f"position:{lower}", {"leads_to": [desk.id(f"position:{upper}"), *also]})
    for name, skills in ASKED_OF.items():
        lines = [RequiredSkill(skill=skill, level=level, course=_course(desk, at)) for skill, level, at in skills]
        desk.update(f"position:{name}", {"skills": lines})


def _course(desk: Desk, place: int | None) -> Any:
    return None if place is None else desk.id(f"course:{COURSES[place].name}")


def _enter(key: str, login: str, values: dict[str, Any]) -> Act:
    def act(desk: Desk) -> None:
        position: Any = desk.rows("user", {"login": login})[0]["position"]
        at = next(at for at, name in enumerate(SALES_LADDER) if desk.id(f"position:{name}") == position)
        path = [PathLine(position=desk.id(f"position:{name}")) for name in SALES_LADDER[at + 1 :]]
        skills = [SkillLine(skill=name, course=_course(desk, course)) for name, _, course in ASKED_OF["高級銷售工程師"]]
        person = {"employee": desk.id(f"user:{login}"), "mentor": desk.id("user:clerk_sal")}
        desk.create(key, {**values, **person, "path": path, "skills": skills})
        made: Any = desk.find(key)
        for line, level in zip(made.skills, ("3", "2", "3"), strict=True):
            line.own = level
        desk.update(key, {"skills": made.skills})

    return act


def _moving(key: str, verb: str) -> Act:
    return lambda desk: desk.move(key, verb)


def _agree(key: str) -> Act:
    def act(desk: Desk) -> None:
        desk.move(key, "agree")
        made: Any = desk.find(key)
        for line, level in zip(made.skills, ("3", "1", "2"), strict=True):
            line.superior = level
        desk.update(key, {"skills": made.skills})

    return act
