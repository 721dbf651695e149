"""Samples that are measured: every kind of measure in one small type."""

from .chapters import ORGANISATION
from .kernel.language import Duration, Grid, L, Percent, Rating, Record, Text, Time, Url, record


@record(
    label=L("Sampling", "抽樣"),
    plural=L("Samplings", "抽樣"),
    chapter=ORGANISATION,
    clause="4.1",
    number="SM-{yyyy}-{seq:4}",
    title="{name}",
    grid=Grid("number name share stars lasted begun", search="name", sort="share", inline="stars lasted"),
)
class Sampling(Record):
    """One sample with what was measured of it."""

    name = Text(required=True, label=L("Name", "名稱"))
    share = Percent(required=True, label=L("Share of faults", "缺陷率"))
    stars = Rating(required=True, label=L("Rating", "評分"))
    lasted = Duration(required=True, label=L("Duration", "時長"))
    begun = Time(required=True, label=L("Begun at", "開始時刻"))
    source = Url(required=True, label=L("Source", "來源網址"))
