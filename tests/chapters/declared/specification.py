"""Specifications and the test cases that cover their items (clause 2.3.5 in small)."""

from .chapters import ORGANISATION
from .kernel.language import Choice, Grid, L, Line, LineRef, Lines, Matrix, Record, Text, record


class SpecifiedLine(Line):
    """One thing that is asked for."""

    text = Text(required=True, label=L("Item", "條目"))
    source = Text(label=L("Source", "來源"))


@record(
    label=L("Outline", "規格說明"),
    plural=L("Outlines", "規格說明"),
    chapter=ORGANISATION,
    clause="2.3.5",
    number="OU-{yyyy}-{seq:4}",
    title="{number} {subject}",
    grid=Grid("number subject owner", search="subject items.text"),
)
class Outline(Record):
    """What is to be built, item by item."""

    subject = Text(required=True, label=L("Subject", "主題"))
    items = Lines(SpecifiedLine, label=L("Items", "條目"))


@record(
    label=L("Test case", "測試用例"),
    plural=L("Test cases", "測試用例"),
    chapter=ORGANISATION,
    clause="2.3.5",
    number="CC-{yyyy}-{seq:4}",
    title="{number} {subject}",
    grid=Grid("number subject covers build result", search="subject"),
    analyses=(
        Matrix("covers", cell="result", good="passed", label=L("Coverage", "覆蓋矩陣"), menu=L("Coverage", "覆蓋矩陣")),
        Matrix("covers", cell="result", good="passed", columns="build", label=L("Results by build", "各版本結果")),
    ),
)
class CoverCase(Record):
    """How one item is tried, and what came out."""

    subject = Text(required=True, label=L("Subject", "主題"))
    covers = LineRef("Outline.items", required=True, label=L("Covers", "覆蓋條目"))
    build = Choice({"b1": L("Build 1", "版本 1"), "b2": L("Build 2", "版本 2")}, label=L("Build", "版本"))
    result = Choice({"passed": L("Passed", "通過"), "failed": L("Failed", "未通過")}, label=L("Result", "結果"))
