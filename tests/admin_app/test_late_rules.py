"""Rules that compile their builder late build the addresses of werkzeug's own."""

import pytest
from werkzeug.routing import Map, Rule
from werkzeug.routing.exceptions import BuildError

from admin_app.late_rules import LateRule

PLACES = ["/", "/a/<int:number>/b", "/c/<path:place>", "/d/<name>", "/e/<name>/"]
VALUES: list[dict[str, object]] = [
    {},
    {"number": 7},
    {"place": "甲/乙 丙"},
    {"name": "x y"},
    {"name": "a", "q": "1", "more": ["b", "c"]},
]


@pytest.mark.parametrize("unknown", [True, False])
def test_late_rules_build_the_same_addresses(unknown: bool):
    late, usual = (
        Map([made(place, endpoint=str(at)) for at, place in enumerate(PLACES)]).bind("here.example", "/")
        for made in (LateRule, Rule)
    )
    for at in range(len(PLACES)):
        for values in VALUES:
            for _ in range(2):  # the second time by what the first compiled
                assert _built(late, at, values, unknown) == _built(usual, at, values, unknown)


def _built(places, at: int, values: dict[str, object], unknown: bool) -> str:
    try:
        return places.build(str(at), values, append_unknown=unknown)
    except BuildError as problem:
        return str(problem)


def test_the_applications_have_late_rules(app):
    assert all(isinstance(rule, LateRule) for rule in app.url_map.iter_rules())
