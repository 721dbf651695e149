"""Where the states and moves of a workflow stand in its drawing: boxes in columns and rows, lines between them.

Nothing can overlap by construction: between two columns lie the vertical lines first and the words of the moves after
them; moves that skip columns or lead back run on lanes above or below the boxes that they pass, short ones inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from models.kernel.base.text_width import width_of, wrapped
from models.kernel.base.words import L
from models.kernel.language.course import columns
from models.kernel.language.workflow import Move, Workflow

STATE_FONT, STATE_LINE, _STATE_WIDEST = 14, 18, 118
LABEL_FONT, LABEL_LINE, _LABEL_WIDEST = 12, 15, 132
MARGIN, BEND, HEAD = 8, 8, 8
_TRACK, PORT, _ROW_GAP, _LANE_GAP = 12, 18, 22, 14
_BOX_PAD, _BOX_HEIGHT, LOOP_DEPTH = 20, 44, 14
_START_ROOM = 34


@dataclass(frozen=True)
class Arrow:
    """All moves from one state to another, with their words in lines."""

    source: str
    target: str
    moves: tuple[Move, ...]
    lines: tuple[str, ...]

    @property
    def room(self) -> float:
        return len(self.lines) * LABEL_LINE


@dataclass
class Lane:
    """Arrows with the same words to the same state, bundled on one line above or below the boxes."""

    arrows: list[Arrow]
    side: str
    is_back: bool
    gap: int = 0
    y: float = 0

    @property
    def target(self) -> str:
        return self.arrows[0].target

    @property
    def room(self) -> float:
        return self.arrows[0].room

    @property
    def far_y(self) -> float:
        """The outer edge of the lane with its words."""
        return self.y - self.room - 4 if self.side == "top" else self.y + self.room + 4


@dataclass
class Box:
    """A state: where it stands, and what is tied to its four sides."""

    state: str
    column: int
    row: int
    lines: list[str]
    is_lowest: bool = False
    loop: Arrow | None = None
    entries: list[tuple[Arrow | Lane, float]] = field(default_factory=list)
    leaves_right: bool = False
    x: float = 0
    width: float = 0
    line_y: float = 0
    bus: float = 0

    @property
    def half(self) -> float:
        return max(_BOX_HEIGHT, len(self.lines) * STATE_LINE + 16) / 2

    @property
    def top(self) -> float:
        return self.line_y - self.half

    @property
    def bottom(self) -> float:
        return self.line_y + max(self.half, max((at for _, at in self.entries), default=0) + 16)

    @property
    def foot(self) -> float:
        """The lowest point of the box with its loop."""
        return self.bottom + (LOOP_DEPTH + self.loop.room + 4 if self.loop else 0)

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width


def word_of(flow: Workflow, state: str) -> L:
    return flow.labels.get(state) or L(state, state)


class Plan:
    """Where everything stands: first the order, then the heights, then the widths, then the lanes."""

    def __init__(
        self,
        flow: Workflow,
        notes: Mapping[str, str] | None = None,
        counts: Mapping[tuple[str, str], str] | None = None,
    ):
        self.flow = flow
        self.notes = dict(notes or {})
        self.arrows = list(_arrows(flow, counts or {}))
        self.columns = columns(flow)
        self.boxes = self._boxes()
        self.lanes = self._lanes()
        self.gaps: dict[int, tuple[float, float]] = {}
        self.tracks: dict[int, float] = {}
        self.top = self.bottom = self.width = 0.0

    def place(self) -> None:
        self._tie_entries()
        self._place_rows()
        self._place_columns()
        self._place_lanes()

    def next_to(self) -> Iterator[Arrow]:
        """The arrows into the next column."""
        for arrow in self.arrows:
            if self.columns[arrow.target] - self.columns[arrow.source] == 1:
                yield arrow

    def _boxes(self) -> dict[str, Box]:
        boxes: dict[str, Box] = {}
        rows: dict[int, int] = {}
        for state in self.flow.states:
            column = self.columns[state]
            row = rows[column] = rows.get(column, -1) + 1
            lines = wrapped(str(word_of(self.flow, state)), _STATE_WIDEST, STATE_FONT)
            noted = [self.notes[state]] if self.notes.get(state) else []
            boxes[state] = Box(state, column, row, [*lines, *noted])
        for box in boxes.values():
            box.is_lowest = box.row == rows[box.column]
        for arrow in self.arrows:
            if arrow.source == arrow.target:
                boxes[arrow.source].loop = arrow
        return boxes

    def _lanes(self) -> list[Lane]:
        lanes: dict[tuple, Lane] = {}
        for arrow in self.arrows:
            span = self.columns[arrow.target] - self.columns[arrow.source]
            if span == 1 or arrow.source == arrow.target:
                continue
            side = "bottom" if span < 0 or self.boxes[arrow.target].row else "top"
            key = (arrow.target, side, span < 0, tuple(move.verb for move in arrow.moves), arrow.lines)
            lanes.setdefault(key, Lane([], side, span < 0)).arrows.append(arrow)
        for lane in lanes.values():
            ends = [self.columns[item] for arrow in lane.arrows for item in (arrow.source, arrow.target)]
            lane.gap = (min(ends) + max(ends) - 1) // 2
        return list(lanes.values())

    def touches(self, lane: Lane, state: str) -> bool:
        """Whether a lane is tied to the upper or lower edge of a box; otherwise it goes around it."""
        box = self.boxes[state]
        return box.row == 0 if lane.side == "top" else box.is_lowest

    def _tie_entries(self) -> None:
        """Give each arrow that comes in from the left its height below the middle line of the box."""
        for arrow in self.next_to():
            self.boxes[arrow.source].leaves_right = True
        for lane in self.lanes:
            for arrow in lane.arrows:
                if not self.touches(lane, arrow.source):
                    self.boxes[arrow.source].leaves_right = True
        for box in self.boxes.values():
            self._tie_left(box)

    def _tie_left(self, box: Box) -> None:
        arrows = [arrow for arrow in self.next_to() if arrow.target == box.state]
        arrows.sort(key=lambda move: (self.boxes[move.source].row != box.row, self.boxes[move.source].row))
        lanes = [lane for lane in self.lanes if lane.target == box.state and not self.touches(lane, box.state)]
        beside = [item for item in self.boxes.values() if (item.column, item.row) == (box.column - 1, box.row)]
        is_taken = any(item.leaves_right and item.state not in {a.source for a in arrows} for item in beside)
        at = 0.0
        together: list[Arrow | Lane] = [*arrows, *lanes]
        for number, tied in enumerate(together):
            room = tied.room if isinstance(tied, Arrow) else 0
            if number or is_taken:
                at += max(room + 6, LABEL_LINE)
            box.entries.append((tied, at))

    def _place_rows(self) -> None:
        y = 0.0
        for row in range(max(box.row for box in self.boxes.values()) + 1):
            boxes = [box for box in self.boxes.values() if box.row == row]
            above = max(
                max(box.half, *(_room(tied) + 6 - at for tied, at in [*box.entries[:1], (None, 0)])) for box in boxes
            )
            for box in boxes:
                box.line_y = y + above
            y = max(box.foot for box in boxes) + _ROW_GAP
        self.bottom = y - _ROW_GAP

    def _place_columns(self) -> None:
        x = float(_START_ROOM)
        for column in range(max(self.columns.values()) + 1):
            boxes = [box for box in self.boxes.values() if box.column == column]
            width = max(self._box_width(box) for box in boxes)
            for box in boxes:
                box.x, box.width = x, width
            x = self._place_gap(column, x + width, boxes)
        self.width = x + MARGIN

    def _box_width(self, box: Box) -> float:
        text = max(width_of(line, STATE_FONT) for line in box.lines)
        slots = max(sum(size for _, size in self.slots(box, side)) for side in ("top", "bottom"))
        return max(text + 2 * _BOX_PAD, slots + 16, 80)

    def slots(self, box: Box, side: str) -> list[tuple[Lane | None, float]]:
        """What is tied to the upper or lower edge, from left to right, so that short lanes lie inside long ones."""
        tied = [
            lane
            for lane in self.lanes
            if lane.side == side and self.touches(lane, box.state)
            if box.state == lane.target or box.state in {arrow.source for arrow in lane.arrows}
        ]
        reach = {id(lane): self._far_column(lane, box.state) - box.column for lane in tied}
        leftward = sorted((item for item in tied if reach[id(item)] < 0), key=lambda item: -reach[id(item)])
        rightward = sorted((item for item in tied if reach[id(item)] > 0), key=lambda item: -reach[id(item)])
        loop: list[tuple[Lane | None, float]] = []
        if box.loop and side == "bottom":
            loop = [(None, max(2 * PORT, _widest(box.loop.lines) + 10))]
        return [*((item, PORT) for item in leftward), *loop, *((item, PORT) for item in rightward)]

    def _far_column(self, lane: Lane, state: str) -> int:
        if state != lane.target:
            return self.columns[lane.target]
        sources = [self.columns[arrow.source] for arrow in lane.arrows]
        return max(sources) if lane.is_back else min(sources)

    def _place_gap(self, column: int, x: float, boxes: list[Box]) -> float:
        """Lay the vertical lines behind a column, then the room for words; give the start of the next column."""
        ahead = [box for box in self.boxes.values() if box.column == column + 1]
        track = x + _TRACK / 2
        for box in boxes:
            if box.leaves_right and self._bends(box):
                track += _TRACK
                box.bus = track
        for box in ahead:
            for tied, _ in box.entries:
                if isinstance(tied, Lane):
                    track += _TRACK
                    self.tracks[id(tied)] = track
        if not ahead:
            return max(track, x)
        words = [line for arrow in self.next_to() if self.columns[arrow.source] == column for line in arrow.lines]
        words += [line for lane in self.lanes if lane.gap == column for line in lane.arrows[0].lines]
        begin, room = track + _TRACK / 2, max(_widest(words), 16) + 8
        self.gaps[column] = (begin, begin + room)
        return begin + room + HEAD

    def _bends(self, box: Box) -> bool:
        if any(
            arrow.source == box.state
            for lane in self.lanes
            for arrow in lane.arrows
            if not self.touches(lane, box.state)
        ):
            return True
        return any(
            arrow.source == box.state and self.entry_y(arrow, arrow.target) != box.line_y for arrow in self.next_to()
        )

    def entry_y(self, tied: Arrow | Lane, state: str) -> float:
        box = self.boxes[state]
        return box.line_y + next(at for item, at in box.entries if item is tied)

    def port_x(self, lane: Lane, state: str) -> float:
        """Where a lane's vertical line at a box stands."""
        box = self.boxes[state]
        if not self.touches(lane, state):
            return self.tracks[id(lane)] if state == lane.target else box.bus
        slots = self.slots(box, lane.side)
        x = box.middle - sum(size for _, size in slots) / 2
        for item, size in slots:
            if item is lane:
                return x + size / 2
            x += size
        raise LookupError(state)

    def loop_x(self, box: Box) -> float:
        slots = self.slots(box, "bottom")
        x = box.middle - sum(size for _, size in slots) / 2
        for item, size in slots:
            if item is None:
                return x + size / 2
            x += size
        return box.middle

    def _place_lanes(self) -> None:
        """Short lanes next to the boxes, long ones outside; two are at one height where they do not meet."""
        placed: list[Lane] = []
        for lane in sorted(self.lanes, key=lambda item: self._reach(item)[1] - self._reach(item)[0]):
            sign = -1 if lane.side == "top" else 1
            inside = [item for item in placed if item.side == lane.side and self._meet(item, lane)]
            edges = [item.far_y for item in inside] + [self._edge(column, lane.side) for column in self._under(lane)]
            lane.y = sign * (max(sign * edge for edge in edges) + _LANE_GAP)
            placed.append(lane)
        columns = set(self.columns.values())
        self.top = min([*(self._edge(column, "top") for column in columns), *(item.far_y for item in placed)]) - MARGIN
        self.bottom = max([self.bottom, *(item.far_y for item in placed)]) + MARGIN

    def _reach(self, lane: Lane) -> tuple[float, float]:
        ends = [self.port_x(lane, item) for arrow in lane.arrows for item in (arrow.source, arrow.target)]
        return min(ends) - PORT / 2, max(ends) + PORT / 2

    def _meet(self, lane: Lane, other: Lane) -> bool:
        (begin, end), (start, stop) = self._reach(lane), self._reach(other)
        return begin <= stop and start <= end

    def _under(self, lane: Lane) -> set[int]:
        """The columns that a lane passes, the next one too where it goes around a box."""
        around = [self.columns[a.source] + 1 for a in lane.arrows if not self.touches(lane, a.source)]
        ends = [self.columns[item] for arrow in lane.arrows for item in (arrow.source, arrow.target)] + around
        return set(range(min(ends), max(ends) + 1)) & set(self.columns.values())

    def _edge(self, column: int, side: str) -> float:
        """How far the boxes of a column, and the words on the arrows into them, reach up or down."""
        boxes = [box for box in self.boxes.values() if box.column == column]
        if side == "bottom":
            return max(box.foot for box in boxes)
        words = [box.line_y + at - _room(tied) - 6 for box in boxes for tied, at in box.entries]
        return min([*(box.top for box in boxes), *words])


def _arrows(flow: Workflow, counts: Mapping[tuple[str, str], str]) -> Iterator[Arrow]:
    """The moves gathered by where they start and lead, in the order written; with what stands below their words."""
    result: dict[tuple[str, str], list[Move]] = {}
    for move in flow.moves:
        for source in move.source:
            result.setdefault((source, move.target), []).append(move)
    for (source, target), moves in result.items():
        words = dict.fromkeys(str(flow.verb_label(move.verb)) for move in moves)
        lines = [line for word in words for line in wrapped(word, _LABEL_WIDEST, LABEL_FONT)]
        counted = counts.get((source, target))
        yield Arrow(source, target, tuple(moves), (*lines, *([counted] if counted else [])))


def _room(tied: Arrow | Lane | None) -> float:
    return tied.room if isinstance(tied, Arrow) else 0


def _widest(lines: Iterable[str]) -> float:
    return max((width_of(line, LABEL_FONT) for line in lines), default=0)
