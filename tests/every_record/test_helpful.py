"""Every type whose readers say whether a record helped them: once each, changeable, where it may be read."""

from __future__ import annotations

from typing import Any

from models.kernel.rights import rights
from models.services.personal import helpfulness
from tests.fixtures._types import types_with
from tests.fixtures.http import read_page

HELPFUL = types_with(lambda declared: declared.helpful)


def is_read_by(person: Any, record: Any) -> bool:
    return person.id in rights.readers_among(record, [person])


@HELPFUL
def test_each_reader_is_counted_once_and_only_where_it_is_asked(
    cls: Any, record: Any, company: Any, browser_as: Any
) -> None:
    base, say = f"/admin/{cls.declared.name}/details/", "/admin/helpful/"
    people = [company.actor(login) for login in company.logins]
    readers = [person for person in people if is_read_by(person, record)]
    assert len(readers) > 1
    first, second = readers[:2]
    sent = {"type": cls.declared.name, "id": str(record.id), "helped": "yes"}
    assert browser_as(first.login).post(say, sent).status_code == 422
    record = company.walk(record, sorted(cls.declared.helpful)[0])
    for person, helped in ((first, "yes"), (first, "yes"), (second, "yes"), (second, "no")):
        browser = browser_as(person.login)
        form = read_page(browser.get(base, {"id": record.id}).text).form(say)
        assert browser.send(form, helped=helped).status_code == 302
    use = helpfulness.of_record(record, second)
    assert (use.helped, use.not_helped, use.own, use.read) == (1, 1, False, 4)
    browser = browser_as(first.login)
    assert browser.post(say, {**sent, "helped": "$ne"}).status_code == 422
    assert browser.post(say, {**sent, "id": "0" * 24}).status_code == 404
    assert browser.post(say, {**sent, "type": "user"}).status_code == 404
    outsiders = [person.login for person in people if not is_read_by(person, record)]
    assert all(browser_as(login).post(say, sent).status_code == 404 for login in outsiders[:2])
