"""Makes the search parts of records anew where they are not what they would be today."""

from __future__ import annotations

from bson import ObjectId
from mongoengine.connection import get_db

from models.kernel.base.collections import GRAM_SHARES
from models.kernel.base.words import L
from models.kernel.gate import search_parts
from models.kernel.language import finding
from models.kernel.language.declare import registered

from ..engine.registry import job
from ..engine.run import Run


@job(
    "search.refresh",
    L("Update the search index", "更新記錄檢索內容"),
    L(
        "Looks over all records for what they are found by: after an upgrade or the restore of an older backup.",
        "檢查全部記錄的檢索內容並予以更新，用於升級或恢復較早的備份之後。",
    ),
)
def refresh(run: Run) -> None:
    """Go along all types in order; what is as it should be is only read."""
    homes = [(cls, home) for _, cls in sorted(registered().items()) for home in search_parts.homes_of(cls)]
    begun, after = run.checkpoint.get("home", ""), run.checkpoint.get("after")
    places = [home for _, home in homes]
    for cls, home in homes[places.index(begun) if begun in places else 0 :]:
        last = ObjectId(after) if after and home == begun else None
        while True:
            count, last = search_parts.refresh(cls, home, last)
            if last is None:
                break
            run.count(refreshed=count)
            run.save(home=home, after=str(last))


@job(
    "search.measure",
    L("Measure search frequencies", "統計檢索字頻"),
    L(
        "Counts in a sample which pairs of characters are common, so that a search begins with the rare ones.",
        "抽樣統計各類記錄中的常見字組，使搜索從罕見字組開始，速度更快。",
    ),
)
def measure(run: Run) -> None:
    """One sample of each type; asked again, it is only measured again."""
    for name in sorted(registered()):
        common = finding.measure_grams(name)
        get_db()[GRAM_SHARES].replace_one({"_id": name}, {"common": common}, upsert=True)
        run.count(measured=1)
        run.renew()
