"""Drawings of workflows: nothing overlaps, whatever is declared; what is said is escaped and said in words too."""

import random
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import pytest

from models import catalogue
from models.kernel.base.text_width import width_of, wrapped
from models.kernel.base.words import EN, HANS, HANT, LOCALES, L
from models.kernel.language.who import NOBODY, OWNER
from models.kernel.language.workflow import Move, State, Workflow, completed
from models.services.drawing.drawing import draw

pytestmark = pytest.mark.usefixtures("db")  # who makes a move may be said by the name of a department

SVG = "{http://www.w3.org/2000/svg}"
FLOWS = {name: flow for name, cls in catalogue.items() if (flow := cls.declared.workflow)}
ALLOWED = set(
    "class role aria-label width height viewBox fill cx cy r x y rx d stroke stroke-width stroke-dasharray "
    "font-size font-weight text-anchor".split()
)


@dataclass
class Area:
    """A rectangle of the drawing and what it is."""

    what: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Area") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


def parsed(flow: Workflow, locale: str = EN, current: str | None = None) -> ET.Element:
    return ET.fromstring(draw(flow, locale, current))


def boxes_in(svg: ET.Element) -> list[Area]:
    """The outer frame of each state, less the rounding of numbers at its edges."""
    frames = [item.find(f"{SVG}rect") for item in svg.iter(f"{SVG}g") if item.get("class", "").startswith("state")]
    result = []
    for frame in frames:
        assert frame is not None
        x, y, wide, high = (float(frame.get(name, "")) for name in ("x", "y", "width", "height"))
        result.append(Area("box", x + 0.5, y + 0.5, x + wide - 0.5, y + high - 0.5))
    return result


def texts_in(svg: ET.Element, *, labels: bool) -> list[Area]:
    """Each text as one rectangle, a little smaller than its letters."""
    result = []
    for text in svg.iter(f"{SVG}text"):
        if (text.get("class") == "label") is not labels:
            continue
        font = float(text.get("font-size", ""))
        spans = list(text.iter(f"{SVG}tspan"))
        middle = float(spans[0].get("x", ""))
        half = max(width_of(span.text or "", font) for span in spans) / 2
        top, bottom = float(spans[0].get("y", "")) - font * 0.8, float(spans[-1].get("y", "")) + font * 0.1
        result.append(Area(" ".join(span.text or "" for span in spans), middle - half, top, middle + half, bottom))
    return result


def lines_in(svg: ET.Element) -> list[Area]:
    """The straight pieces of every line, without their corners."""
    result = []
    for path in svg.iter(f"{SVG}path"):
        if path.get("fill"):
            continue
        steps = re.findall(r"([MLQ])([^MLQ]+)", path.get("d", ""))
        points = [tuple(map(float, numbers.split()))[-2:] for _, numbers in steps]
        for (x, y), (to_x, to_y) in pairwise(points):
            result.append(Area("line", min(x, to_x), min(y, to_y), max(x, to_x), max(y, to_y)))
    return result


def overlaps_in(svg: ET.Element) -> list[str]:
    boxes, labels, lines = boxes_in(svg), texts_in(svg, labels=True), lines_in(svg)
    view = Area("view", *map(float, svg.get("viewBox", "").split()))
    view.right, view.bottom = view.left + view.right, view.top + view.bottom
    result = [f"{a.what} on {b.what}" for a, b in combinations(boxes + labels, 2) if a.meets(b)]
    result += [f"line through {label.what}" for label in labels for line in lines if line.meets(label)]
    result += [f"line through a box {line}" for box in boxes for line in lines if line.meets(box)]
    result += [
        f"{box.what} outside"
        for box in boxes + labels + lines
        if box.left < view.left or box.right > view.right or box.top < view.top or box.bottom > view.bottom
    ]
    return result


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", list(FLOWS))
def test_nothing_overlaps_in_what_is_declared(name: str, locale: str) -> None:
    for current in (None, *FLOWS[name].states):
        svg = parsed(FLOWS[name], locale, current)
        assert overlaps_in(svg) == []
        for text, box in zip(texts_in(svg, labels=False), boxes_in(svg), strict=True):
            assert box.left < text.left
            assert text.right < box.right


def random_flow(rng: random.Random) -> Workflow:
    """Any workflow that may be declared: every state reached, moves back, across and to itself, words of any length."""
    states = [f"s{at}" for at in range(rng.randint(2, 9))]
    words = [
        "Go",
        "Hand over to production",
        "批准",
        "轉交相關部門會簽並歸檔",
        "Internationalisierungsbeauftragter",
        "再次提交審核",
    ]

    def move(source: str, target: str) -> Move:
        verb = f"v{len(moves)}"
        return Move(verb, source, target, by=rng.choice((OWNER, NOBODY)), label=L(rng.choice(words), rng.choice(words)))

    moves: list[Move] = []
    for at, state in enumerate(states[1:], start=1):
        moves.append(move(rng.choice(states[:at]), state))
    for _ in range(rng.randint(0, 8)):
        moves.append(move(rng.choice(states), rng.choice(states)))
    facts = tuple(State(state, L(rng.choice(words), rng.choice(words))) for state in states)
    return completed(Workflow("s0", tuple(moves), facts=facts))


@pytest.mark.parametrize("seed", range(300))
def test_nothing_overlaps_whatever_may_be_declared(seed: int) -> None:
    rng = random.Random(seed)
    flow = random_flow(rng)
    for locale in (EN, HANT):
        assert overlaps_in(parsed(flow, locale, rng.choice(flow.states))) == []


def one_of(svg: ET.Element, kind: str) -> list[ET.Element]:
    return [item for item in svg.iter() if kind in item.get("class", "").split()]


def test_moves_between_the_same_states_share_one_arrow() -> None:
    moves = (Move("approve", "a", "b"), Move("agree", "a", "b"), Move("return", "b", "a"), Move("resume", "b", "b"))
    facts = (State("a", L("A", "甲")), State("b", L("B", "乙")))
    svg = parsed(completed(Workflow("a", moves, facts=facts)))
    assert len(one_of(svg, "move")) == 3
    assert [span.text for span in one_of(svg, "label")[0].iter(f"{SVG}tspan")] == ["Approve", "Agree"]
    assert one_of(svg, "move")[0].findtext(f"{SVG}title") == "Approve: Owner\nAgree: Owner"
    assert len(one_of(svg, "back")) == 2


def test_states_and_moves_are_told_apart_without_colour() -> None:
    svg = parsed(FLOWS["quotation"], EN, "submitted")
    (now,) = one_of(svg, "current")
    assert now.find(f"{SVG}circle") is not None
    assert now.findtext(f"{SVG}title") == "Now: “Submitted”."
    assert all(len(end.findall(f"{SVG}rect")) == 2 for end in one_of(svg, "end"))
    assert len(one_of(svg, "end")) == 3
    assert all("stroke-dasharray" in ET.tostring(item, encoding="unicode") for item in one_of(svg, "auto"))


def test_the_process_is_said_in_words() -> None:
    said = parsed(FLOWS["quotation"], EN, "sent").get("aria-label", "")
    assert "The process starts with “Draft”." in said
    assert "From “Submitted”: Approve (Head of the department) to “Approved”." in said
    assert "It ends with: Accepted, Declined, Expired." in said
    assert said.endswith("Now: “Sent”.")
    assert "「已提交」：批准（部門負責人）至「已批准」。" in parsed(FLOWS["quotation"], HANT).get("aria-label", "")
    assert "流程始于" in parsed(FLOWS["quotation"], HANS).get("aria-label", "")


@pytest.mark.parametrize("name", list(FLOWS))
def test_only_attributes_that_a_strict_policy_allows(name: str) -> None:
    drawn = draw(FLOWS[name], EN)
    for item in ET.fromstring(drawn).iter():
        assert set(item.attrib) <= ALLOWED
        assert item.tag.removeprefix(SVG) in {"svg", "g", "title", "rect", "circle", "path", "text", "tspan"}
    assert set(re.findall(r'(?:fill|stroke)="(\w+)"', drawn)) == {"none", "currentColor"}


def test_words_are_escaped() -> None:
    nasty = L("<b>&\"'</b>", "]]><script>")
    flow = completed(Workflow("a", (Move("go", "a", "b", label=nasty),), facts=(State("a", nasty), State("b", nasty))))
    for locale in LOCALES:
        assert "<script" not in draw(flow, locale)
        assert "<b>" not in draw(flow, locale)
    assert nasty.en in {item.text for item in parsed(flow).iter(f"{SVG}tspan")}


def test_an_earlier_workflow_without_words_is_drawn_all_the_same() -> None:
    svg = parsed(Workflow("old", (Move("submit", "old", "gone"),)))
    assert {"old", "gone"} <= {item.text for item in svg.iter(f"{SVG}tspan")}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("Open", ["Open"]),
        ("Review by related departments", ["Review by", "related", "departments"]),
        ("各相關部門負責人共同審閱意見", ["各相關部門負責", "人共同審閱意見"]),
        ("Donaudampfschifffahrtsgesellschaft", ["Donaudampfschifffahrtsgesellschaft"]),
        ("已批准（待簽訂），請及時辦理。", ["已批准（待簽", "訂），請及時辦", "理。"]),
    ],
)
def test_long_words_are_broken_into_lines_of_about_the_same_length(text: str, lines: list[Any]) -> None:
    broken = wrapped(text, 118, 14)
    assert len(broken) == len(lines)
    assert "".join(broken).replace(" ", "") == text.replace(" ", "")
    assert not any(line[:1] in "，。）" for line in broken if line)


def test_time_spent_stands_in_the_boxes_and_in_the_words() -> None:
    flow = FLOWS["quotation"]
    notes = {flow.start: "2 days", "submitted": "<1 hour", "approved": ""}
    svg = ET.fromstring(draw(flow, EN, "approved", notes))
    boxes = {tuple("".join(span.itertext()) for span in item.iter(f"{SVG}tspan")): item for item in svg.iter(f"{SVG}g")}
    for words in (("Draft", "2 days"), ("Submitted", "<1 hour"), ("Approved",)):
        assert "passed" in boxes[words].get("class", "").split()
    assert "2 days" in svg.get("aria-label", "")
    assert no_overlap(svg)


def no_overlap(svg: ET.Element) -> bool:
    return not any(item.meets(other) for item, other in combinations(boxes_in(svg), 2))
