"""DingTalk (釘釘): who came back with a code, and who works in the company.

By the API of an own application: oauth2/userAccessToken, contact/users/me, user/getbyunionid, department/listsub,
user/list, user/get. The key of a person is their userid within the company: a unionid is one of the application.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from ...kernel.base.words import L, Words
from .source import Branch, DirectoryAnswer, DirectoryAway, DirectoryEntry
from .vendor import VendorError, answer_of, rows_of, text_of, with_token

DINGTALK = L("DingTalk", "釘釘")
LOGIN_URL = "https://login.dingtalk.com"
API_URL = "https://api.dingtalk.com"
OLD_API_URL = "https://oapi.dingtalk.com"
ROOT = 1
PAGE = 100
BRANCHES_MAX = 5000
_STALE = frozenset({"88", "40001", "40014", "42001"})
_NO_SUCH = frozenset({"60121", "33012"})


@dataclass(frozen=True, kw_only=True)
class DingTalk:
    """An application of a company in DingTalk. The addresses are the vendor's, or of what answers as they do."""

    corp: str
    client: str
    secret: str = field(repr=False)
    login_url: str = LOGIN_URL
    api_url: str = API_URL
    old_api_url: str = OLD_API_URL
    name: Words = DINGTALK
    key: str = "dingtalk"

    @property
    def issuer(self) -> str:
        return f"dingtalk:{self.corp}"

    def address(self, back: str, state: str, *, is_inner: bool) -> str:
        """Where a browser goes to show who its person is, as a member of this company."""
        asks = {
            "client_id": self.client,
            "redirect_uri": back,
            "response_type": "code",
            "scope": "openid corpid",
            "state": state,
            "prompt": "consent",
            "exclusiveLogin": "true",
            "exclusiveCorpId": self.corp,
        }
        return f"{self.login_url}/oauth2/auth?{urlencode(asks)}"

    def who(self, code: str) -> tuple[str, str]:
        """Subject and name of who came back with a code; taken once. Raises VendorError, DirectoryAway."""
        sent = {"clientId": self.client, "clientSecret": self.secret, "code": code, "grantType": "authorization_code"}
        own = _newer(answer_of("POST", f"{self.api_url}/v1.0/oauth2/userAccessToken", json=sent))
        if text_of(own, "corpId") != self.corp:
            raise VendorError("another company")
        headers = {"x-acs-dingtalk-access-token": text_of(own, "accessToken")}
        me = _newer(answer_of("GET", f"{self.api_url}/v1.0/contact/users/me", headers=headers))
        if not text_of(me, "unionId"):
            raise VendorError("no unionId")
        member = self._post("user/getbyunionid", {"unionid": text_of(me, "unionId")})
        if member.get("contact_type") != 0 or not text_of(member, "userid"):
            raise VendorError("nobody of the company")
        return text_of(member, "userid"), text_of(me, "nick") or text_of(member, "userid")

    def read(self) -> DirectoryAnswer:
        """Everybody of each department from the top, each once."""
        try:
            branches = tuple(self._branches())
            people = {
                entry.subject: entry for key in (str(ROOT), *(b.key for b in branches)) for entry in self._in(key)
            }
        except VendorError as problem:
            raise DirectoryAway(str(problem)) from problem
        return DirectoryAnswer(people=tuple(people.values()), branches=branches)

    def find(self, subject: str) -> DirectoryEntry | None:
        """One member; None where the vendor says that there is none such."""
        try:
            return self._entry(self._post("v2/user/get", {"userid": subject}))
        except VendorError as problem:
            if problem.code in _NO_SUCH:
                return None
            raise DirectoryAway(str(problem)) from problem

    def _branches(self) -> Iterator[Branch]:
        waiting, known = [ROOT], set()
        while waiting:
            above = waiting.pop()
            for row in self._rows("v2/department/listsub", {"dept_id": above}):
                key = int(text_of(row, "dept_id") or 0)
                if not key or key in known:
                    raise DirectoryAway("departments in a circle")
                known.add(key)
                waiting.append(key)
                yield Branch(
                    key=str(key), name=text_of(row, "name") or str(key), parent=str(above) if above != ROOT else ""
                )
            if len(known) > BRANCHES_MAX:
                raise DirectoryAway("too many departments")

    def _in(self, department: str) -> Iterator[DirectoryEntry]:
        cursor = 0
        while True:
            page = self._post("v2/user/list", {"dept_id": int(department), "cursor": cursor, "size": PAGE})
            yield from map(self._entry, rows_of(page, "list"))
            if page.get("has_more") is False:
                return
            following = int(text_of(page, "next_cursor") or 0)
            if following <= cursor:
                raise DirectoryAway("a page without the next")
            cursor = following

    def _entry(self, row: dict[str, Any]) -> DirectoryEntry:
        user = text_of(row, "userid")
        if not user:
            raise DirectoryAway("a member without userid")
        within = [str(item) for item in row.get("dept_id_list") or ()]
        return DirectoryEntry(
            subject=user,
            login=user.lower(),
            name=text_of(row, "name") or user,
            is_active=True,  # `active` says whether somebody has begun to use DingTalk; who leaves is gone
            department=next((item for item in within if item != str(ROOT)), ""),
            mail=text_of(row, "org_email") or text_of(row, "email"),
            phone=text_of(row, "telephone") or text_of(row, "mobile"),
            manager=text_of(row, "manager_userid"),
            groups=tuple(sorted(f"branch:{item}" for item in within)),
        )

    def _rows(self, what: str, sent: dict[str, Any]) -> list[dict[str, Any]]:
        return rows_of({"result": self._call(what, sent).get("result")}, "result")

    def _post(self, what: str, sent: dict[str, Any]) -> dict[str, Any]:
        result = self._call(what, sent).get("result")
        if not isinstance(result, dict):
            raise DirectoryAway("no result")
        return result

    def _call(self, what: str, sent: dict[str, Any]) -> dict[str, Any]:
        def use(token: str) -> dict[str, Any]:
            url = f"{self.old_api_url}/topapi/{what}"
            answer = answer_of("POST", url, params={"access_token": token}, json=sent)
            if answer.get("errcode") != 0:
                raise VendorError(text_of(answer, "errcode"), text_of(answer, "errmsg"))
            return answer

        held: dict[str, Any] = with_token(f"{self.issuer}:{self.client}", self._token, use, _STALE)
        return held

    def _token(self) -> tuple[str, int]:
        sent = {"appKey": self.client, "appSecret": self.secret}
        try:
            answer = _newer(answer_of("POST", f"{self.api_url}/v1.0/oauth2/accessToken", json=sent))
        except VendorError as problem:
            raise DirectoryAway(f"no token: {problem}") from problem
        if not text_of(answer, "accessToken"):
            raise DirectoryAway("no token")
        return text_of(answer, "accessToken"), int(text_of(answer, "expireIn") or 0)


def _newer(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of the newer API, which says what is wrong by a word."""
    if "code" in answer and "accessToken" not in answer and "unionId" not in answer:
        raise VendorError(text_of(answer, "code"), text_of(answer, "message"))
    return answer
