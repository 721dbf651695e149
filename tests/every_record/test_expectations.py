"""Every rule of time and order (`expects=`): a deviation is proposed once, with its evidence; what is kept is not."""

from __future__ import annotations

import datetime as dt
from typing import Any

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.language.expected import CREATE, AtMost, Follows, NeverAfter, rule_id
from models.services.keeping import audit
from tests.fixtures._types import types_with
from tests.fixtures.doing import do

EXPECTING = types_with(lambda declared: declared.expects)
BEGIN = dt.datetime(2025, 3, 3, 2, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


class Story:
    """A record of a type, what it is linked to, and what is done to both, as entries at moments."""

    def __init__(self, company: Any, cls: Any, rule: Any):
        self.company, self.cls, self.rule = company, cls, rule
        own, _, far = rule.via.partition(".")
        values = {name: value[0] if isinstance(value, tuple) else value for name, value in rule.only.items()}
        with clock.set_to(BEGIN):
            if own and not far:
                values[own] = company.make(catalogue.by_class(rule.other_type).type_name()).id
            self.record = company.make(cls.type_name(), **values)
            self.other = self._other(own, far)
        if isinstance(rule, Follows) and rule.by:
            value = BEGIN + 10 * DAY if cls.fields_of()[rule.by].is_moment else clock.stored_day(dt.date(2025, 3, 13))
            cls.collection().update_one({"_id": self.record.id}, {"$set": {rule.by: value}})

    def _other(self, own: str, far: str) -> Any:
        if not own:
            return self.record
        if not far:
            return catalogue.by_class(self.rule.other_type).objects.get(id=self.record.ids_at(own)[0])
        return self.company.make(catalogue.by_class(own).type_name(), **{far: self.record.id})

    def _beside(self) -> Any:
        """Another one that may be a part of the same case."""
        made = self.company.make(self.cls.type_name(), **{self.rule.per: self.record.ref(self.rule.per)})
        same = {name: self.record.raw(name) for name in self.rule.same}
        self.cls.collection().update_one({"_id": made.id}, {"$set": {n: getattr(v, "id", v) for n, v in same.items()}})
        return made

    def do(self, record: Any, verb: str, moment: dt.datetime) -> None:
        if verb != CREATE:
            with clock.set_to(moment):
                changes.note(type(record), record.id, verb, actor=SYSTEM)

    def deviate(self) -> None:
        own, other = self.rule.triggers[0], self.rule.other_verbs[0]
        if isinstance(self.rule, AtMost):
            for place in range(self.rule.times + 1):
                is_last = place == self.rule.times
                record = self.record if is_last or not self.rule.within else self._beside()
                self.do(record, own, BEGIN + place * DAY)
        elif isinstance(self.rule, NeverAfter):
            self.do(self.other, other, BEGIN + DAY)
            self.do(self.record, own, BEGIN + 300 * DAY)
        else:
            self.do(self.record, own, BEGIN + DAY)

    def keep(self) -> None:
        own, other = self.rule.triggers[0], self.rule.other_verbs[0]
        if isinstance(self.rule, AtMost):
            self.do(self.record, own, BEGIN + DAY)
        elif isinstance(self.rule, Follows):
            self.do(self.record, own, BEGIN)
            self.do(self.other, other, BEGIN + dt.timedelta(hours=1))
        elif isinstance(self.rule, NeverAfter):
            self.do(self.record, own, BEGIN)
        else:
            self.do(self.other, other, BEGIN - DAY)
            self.do(self.record, own, BEGIN + DAY)


@EXPECTING
def test_a_deviation_is_proposed_once_and_what_is_kept_is_not(cls: Any, company: Any) -> None:
    for rule in cls.declared.expects:
        kept, broken = Story(company, cls, rule), Story(company, cls, rule)
        kept.keep()
        broken.deviate()
        with clock.set_to(BEGIN + 360 * DAY):
            audit.seal_all()
            for _ in range(2):
                do("expectations.check")
        findings = list(catalogue["finding"].objects(rule=rule_id(cls.type_name(), rule)))
        assert [finding.record for finding in findings] == [f"{cls.type_name()}:{broken.record.id}"]
        (finding,) = findings
        assert finding.state == "proposed"
        assert finding.clause_no == rule.clause
        assert finding.evidence_hash
        assert broken.record.number in finding.fact
