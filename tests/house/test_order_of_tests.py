"""The longest files come first in a run; the list of them names files that are there."""

from pathlib import Path
from types import SimpleNamespace

from tests.fixtures.order import LONGEST, pytest_collection_modifyitems

TESTS = Path(__file__).parents[1]


def test_the_longest_files_exist():
    assert [name for name in LONGEST if not (TESTS / name).is_file()] == []


def test_the_longest_come_first_and_the_order_within_a_file_stays():
    names = ["admin_app/test_x.py", LONGEST[1], LONGEST[0], LONGEST[1], "views/test_y.py"]
    items = [SimpleNamespace(path=TESTS / name, at=at) for at, name in enumerate(names)]
    pytest_collection_modifyitems(items)
    assert [item.at for item in items] == [2, 1, 3, 0, 4]
