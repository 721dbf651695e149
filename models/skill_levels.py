"""The levels of a skill (5.3), the least first: as positions ask for them, courses prove them and people are judged."""

from __future__ import annotations

from .kernel.language import L

LEVELS = {
    "1": L("1 Knows it", "1 了解"),
    "2": L("2 Does it with help", "2 在指導下完成"),
    "3": L("3 Does it alone", "3 獨立完成"),
    "4": L("4 Teaches it", "4 可指導他人"),
}
PROVEN_BY_DEFAULT = "2"
