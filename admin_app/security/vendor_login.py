"""Signing in by WeCom and DingTalk: the code flow of OAuth as each vendor has published it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask import request

from admin_app.security.proofs import Flow, Proof, Unproven, Unreachable, new_flow, refuse_another_state
from models.services.directory import source
from models.services.directory.dingtalk import DingTalk
from models.services.directory.vendor import VendorError
from models.services.directory.wecom import WeCom

_INNER = re.compile(r"wxwork/", re.IGNORECASE)
CODE_MAX = 512


@dataclass(frozen=True)
class VendorLogin:
    """The way to a vendor and back. What a person shows there holds from when they came back: the vendors say nothing
    of how or when it was shown, so that it is no second factor and no fresh proof."""

    vendor: WeCom | DingTalk

    def begin(self, back: str, *, is_anew: bool = False) -> tuple[str, Flow]:
        """The address to send a browser to, and what it keeps."""
        flow = new_flow()
        is_inner = bool(_INNER.search(request.user_agent.string)) and not is_anew
        return self.vendor.address(back, flow.state, is_inner=is_inner), flow

    def finish(self, flow: Flow | None, given: Mapping[str, str], back: str) -> Proof:
        """Who came back. Raises Unproven, Unreachable."""
        flow = refuse_another_state(flow, given)
        code = given.get("authCode") or given.get("code") or ""
        if not 0 < len(code) <= CODE_MAX:
            raise Unproven("no code")
        if isinstance(self.vendor, WeCom) and given.get("appid", self.vendor.corp) != self.vendor.corp:
            raise Unproven("another company")
        try:
            subject, name = self.vendor.who(code)
        except VendorError as problem:
            raise Unproven(f"the vendor: {problem}") from problem
        except source.DirectoryAway as problem:
            raise Unreachable(str(problem)) from problem
        return Proof(self.vendor.issuer, subject, name[:100])
