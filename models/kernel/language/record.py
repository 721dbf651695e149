"""What every record has: number, department, owner, state, version, timestamps, tags, and the head of its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import mongoengine as me
from bson import ObjectId
from pymongo.collection import Collection

from ..base import store
from ..base.collections import FILES
from ..base.people import Actor
from ..base.words import L, Words
from .fields import Flag, Moment, Ref, Tags, Text, Whole
from .kinds.built import built
from .kinds.held import Held
from .kinds.lines import with_keys
from .sound import DAMAGED_FIELDS, for_screens, row_of
from .spec import Declaration
from .unique import Unique
from .workflow import Workflow


class Record(Held, me.Document):
    """The base of all record types. Instances are read and computed with; only the gate writes them."""

    declared: ClassVar[Declaration]
    history_is_a_log: ClassVar[bool] = False  # whether its history is read by itself, across records
    meta: ClassVar[dict] = {"abstract": True, "auto_create_index": False, "strict": False}

    number = Text(label=L("Number", "編號"))
    title = Text(label=L("Title", "標題"), most=400)
    department = Ref("Department", label=L("Department", "部門"))
    owner = Ref("User", label=L("Owner", "經辦人"))
    state = Text(label=L("State", "狀態"))
    state_since = Moment(label=L("In this state since", "進入狀態時間"))
    due_at = Moment(label=L("Next step due", "下一步期限"))
    due_provisional = Flag(label=L("Due provisionally", "期限暫定"))
    version = Whole(label=L("Version", "版本"), default=0)
    created_at = Moment(label=L("Created", "建立時間"))
    created_by = Ref("User", label=L("Created by", "建立人"))
    updated_at = Moment(label=L("Changed", "修改時間"))
    updated_by = Ref("User", label=L("Changed by", "修改人"))
    submitted_by = Ref("User", label=L("Submitted by", "提交人"))
    submitted_by_head = Flag(label=L("Submitted by a head", "由負責人提交"), default=False)
    superior = Ref("Department", label=L("Decided by the superior department", "上級部門審批"))
    passed_up = Text(label=L("Passed up to it", "轉由其審批"))
    removed_at = Moment(label=L("Removed", "移除時間"))
    removed_by = Ref("User", label=L("Removed by", "移除人"))
    tags = Tags(label=L("Tags", "標籤"))
    once = Text(label=L("Entry key", "錄入鍵"))
    flow_version = Whole(label=L("Workflow version", "流程版本"), default=1)
    schema = Whole(label=L("Schema version", "結構版本"), default=1)
    decisions = me.ListField(me.DictField())
    seen_by = me.ListField(me.ObjectIdField(), default=None)
    worked_by = me.ListField(me.ObjectIdField(), default=None)
    holds = me.ListField(me.DictField(), default=None)
    clocks = me.ListField(me.DictField(), default=None)
    meant_since = me.IntField(default=None)
    stands_on = me.ListField(me.DictField(), default=None)
    read_by = me.ListField(me.ObjectIdField(), default=None)
    went_into = me.ObjectIdField(default=None)
    known_as = me.ListField(me.StringField(), default=None)
    chain = me.DictField()
    extra = me.DictField()
    s = me.ListField(me.StringField())
    g = me.ListField(me.StringField())
    sv = me.StringField()
    r = me.DictField(default=None)

    damaged: tuple[str, ...] = ()

    @classmethod
    def _from_son(cls, son: Mapping[str, Any], *args: Any, **options: Any) -> Any:
        """A record of a stored document, lines of before they had keys with one; on screens, values that its fields
        cannot hold are left out and named in `damaged`."""
        flow = getattr(cls, "declared", None) and cls.declared.workflow
        if flow and son.get("state") is None and son.get("number"):  # from before there was a workflow
            son = {**son, "state": flow.adopted or flow.start}
        kept = with_keys(cls, son)
        if not for_screens.get():
            return super()._from_son(kept, *args, **options)
        row = row_of(cls, kept)
        wrong = row.pop(DAMAGED_FIELDS, ())
        record = super()._from_son(row, *args, **options)
        if wrong:
            object.__setattr__(record, "damaged", tuple(wrong))
        return record

    @classmethod
    def _get_collection(cls) -> Any:
        """Where records of the type are kept, with what a block has gathered of it so far."""
        store.settle(cls._get_collection_name())
        return super()._get_collection()

    def __str__(self) -> str:
        return self.title or self.number or str(self.id)

    @classmethod
    def type_name(cls) -> str:
        return cls.declared.name

    @classmethod
    def fields_of(cls) -> Mapping[str, Any]:
        """The fields by name, those that every record has included."""
        return cls._fields

    @classmethod
    def collection(cls) -> Collection[dict[str, Any]]:
        """Where records of the type are kept; what is read from it is as stored."""
        return cls._get_collection()

    @classmethod
    def blank(cls, id: ObjectId | None = None) -> Self:
        """A record in which nothing was entered yet: as `cls(id=id)` makes it, in one go."""
        record: Self = built(cls, {} if id is None else {"_id": id}) or cls(id=id)
        return record

    @classmethod
    def from_stored(cls, document: Mapping[str, Any]) -> Self:
        """The record that a stored document is."""
        return cls._from_son(document)

    def flow(self) -> Workflow | None:
        """The workflow this case runs on: the version it started with, while that is still declared."""
        flow = self.declared.workflow
        if flow is None:
            return None
        return next((old for old in flow.earlier if old.version == self.flow_version), flow)

    def number_pattern(self) -> str:
        """The pattern of a new record's number, department's code aside; types override it where records tell more."""
        return self.declared.number

    def closed_to_files(self) -> Words | None:
        """Why files may not be added, taken off or renamed now, for a reason of the type's own; None: they may."""
        return None

    @classmethod
    def derived_of(cls, rows: Sequence[Mapping[str, Any]]) -> Mapping[Any, Mapping[str, Any]]:
        """The values of the derived fields of stored records, by id, as they are stored: for all of them together."""
        return {}

    @classmethod
    def forget_read(cls) -> None:
        """Drop what the process remembers of the type; the gate asks for it after each write of a record."""

    @classmethod
    def conflict_message(cls, rule: Unique, row: Mapping[str, Any]) -> Words | None:
        """What is said when a stored record has what may stand once only; None: the usual sentence."""
        return None

    @classmethod
    def still_reminds(cls, row: Mapping[str, Any]) -> bool:
        """Whether a stored record is still to be reminded of, where more than its state and its date say so."""
        return True

    def watermark_for(self, actor: Actor) -> Words | None:
        """What stands across the pages of its files beside this reader's name and the time; None: nothing at all."""
        return None

    def attached_kinds(self) -> set[str]:
        """The kinds of files attached to this record."""
        files = self._get_db()[FILES]
        return set(files.distinct("kind", {"record_id": self.id, "removed_at": None}))

    def check(self) -> Iterator[tuple[str, Words]]:
        """What is wrong with the record as a whole: pairs of field and sentence. Types override it."""
        yield from ()

    def needs_consent(self, before: Mapping[str, Any], actor: Actor) -> Iterator[tuple[str, Words]]:
        """What this actor may not set alone, given the stored fields before: pairs of field and sentence."""
        yield from ()

    def warnings(self) -> Iterator[tuple[str, Words]]:
        """What a person should confirm before the record is first saved, such as a likely duplicate."""
        yield from ()

    def warnings_of_change(self, before: Mapping[str, Any]) -> Iterator[tuple[str, Words]]:
        """What a person should confirm before a change of the record is saved, given the stored fields before."""
        yield from ()
