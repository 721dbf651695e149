"""WeCom (企業微信): who came back with a code, and who works in the company.

By the API of an own application: gettoken, auth/getuserinfo, department/list, user/list, user/get. User ids are
compared without case, as the vendor does; members of other companies get an answer of their own and are nobody here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from ...kernel.base.words import L, Words
from .source import Branch, DirectoryAnswer, DirectoryAway, DirectoryEntry
from .vendor import VendorError, answer_of, rows_of, text_of, with_token

WECOM = L("WeCom", "企業微信")
SCAN_URL = "https://login.work.weixin.qq.com"
INNER_URL = "https://open.weixin.qq.com"
API_URL = "https://qyapi.weixin.qq.com"
_STALE = frozenset({"40014", "42001", "42009"})
_NO_SUCH = frozenset({"60111", "46004"})
_LEFT, _DISABLED = 5, 2


@dataclass(frozen=True, kw_only=True)
class WeCom:
    """An application of a company in WeCom. The addresses are the vendor's, or of what answers as they do."""

    corp: str
    agent: str
    secret: str = field(repr=False)
    scan_url: str = SCAN_URL
    inner_url: str = INNER_URL
    api_url: str = API_URL
    name: Words = WECOM
    key: str = "wecom"

    @property
    def issuer(self) -> str:
        return f"wecom:{self.corp}"

    def address(self, back: str, state: str, *, is_inner: bool) -> str:
        """Where a browser goes to show who its person is: a code to scan, or at once within the vendor's own."""
        known = {"appid": self.corp, "agentid": self.agent, "redirect_uri": back, "state": state}
        if is_inner:
            asks = urlencode({**known, "response_type": "code", "scope": "snsapi_base"})
            return f"{self.inner_url}/connect/oauth2/authorize?{asks}#wechat_redirect"
        return f"{self.scan_url}/wwlogin/sso/login?{urlencode({'login_type': 'CorpApp', **known})}"

    def who(self, code: str) -> tuple[str, str]:
        """Subject and name of who came back with a code; taken once. Raises VendorError, DirectoryAway."""
        answer = self._get("auth/getuserinfo", code=code)
        if text_of(answer, "CorpId") not in ("", self.corp):
            raise VendorError("another company")
        user = text_of(answer, "userid") or text_of(answer, "UserId")
        if not user:
            raise VendorError("nobody of the company")
        return user.lower(), user

    def read(self) -> DirectoryAnswer:
        """Everybody of each department that the application sees, each once."""
        try:
            branches = tuple(self._branch(row) for row in rows_of(self._get("department/list"), "department"))
            rows = [
                row
                for branch in branches
                for row in rows_of(self._get("user/list", department_id=branch.key), "userlist")
            ]
        except VendorError as problem:
            raise DirectoryAway(str(problem)) from problem
        people = {entry.subject: entry for entry in map(self._entry, rows)}
        return DirectoryAnswer(people=tuple(people.values()), branches=branches)

    def find(self, subject: str) -> DirectoryEntry | None:
        """One member; None where the vendor says that there is none such."""
        try:
            return self._entry(self._get("user/get", userid=subject))
        except VendorError as problem:
            if problem.code in _NO_SUCH:
                return None
            raise DirectoryAway(str(problem)) from problem

    def _branch(self, row: dict[str, Any]) -> Branch:
        key, above = text_of(row, "id"), text_of(row, "parentid")
        return Branch(key=key, name=text_of(row, "name") or key, parent=above if above != "0" else "")

    def _entry(self, row: dict[str, Any]) -> DirectoryEntry:
        user = text_of(row, "userid")
        if not user:
            raise DirectoryAway("a member without userid")
        within = [str(item) for item in row.get("department") or ()]
        leaders = [str(item).lower() for item in row.get("direct_leader") or ()]
        return DirectoryEntry(
            subject=user.lower(),
            login=user.lower(),
            name=text_of(row, "name") or user,
            is_active=row.get("status") not in (_DISABLED, _LEFT) and row.get("enable", 1) != 0,
            department=text_of(row, "main_department") or next(iter(within), ""),
            mail=text_of(row, "biz_mail") or text_of(row, "email"),
            phone=text_of(row, "telephone") or text_of(row, "mobile"),
            manager=next(iter(leaders), ""),
            groups=tuple(sorted(f"branch:{item}" for item in within)),
        )

    def _get(self, what: str, **asks: str) -> dict[str, Any]:
        def use(token: str) -> dict[str, Any]:
            return _good(answer_of("GET", f"{self.api_url}/cgi-bin/{what}", params={"access_token": token, **asks}))

        held: dict[str, Any] = with_token(f"{self.issuer}:{self.agent}", self._token, use, _STALE)
        return held

    def _token(self) -> tuple[str, int]:
        asks = {"corpid": self.corp, "corpsecret": self.secret}
        try:
            answer = _good(answer_of("GET", f"{self.api_url}/cgi-bin/gettoken", params=asks))
        except VendorError as problem:
            raise DirectoryAway(f"no token: {problem}") from problem
        if not text_of(answer, "access_token"):
            raise DirectoryAway("no token")
        return text_of(answer, "access_token"), int(text_of(answer, "expires_in") or 0)


def _good(answer: dict[str, Any]) -> dict[str, Any]:
    if answer.get("errcode") != 0:
        raise VendorError(text_of(answer, "errcode"), text_of(answer, "errmsg"))
    return answer
