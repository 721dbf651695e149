"""The directories of the company, as they are set."""

from __future__ import annotations

from admin_app.settings import Settings
from models.services.directory.dingtalk import DingTalk
from models.services.directory.ldap import Ldap
from models.services.directory.wecom import WeCom

_OF_LDAP = ("host", "port", "security", "base", "user", "password", "kind", "ca", "people")


def directories_of(settings: Settings) -> tuple[Ldap | WeCom | DingTalk, ...]:
    """What is set of LDAP, WeCom and DingTalk, in this order."""
    result: list[Ldap | WeCom | DingTalk] = []
    if settings.ldap_host:
        facts = {name: getattr(settings, f"ldap_{name}") for name in _OF_LDAP}
        result.append(Ldap(**facts, **({"name": settings.ldap_name} if settings.ldap_name else {})))
    if settings.wecom_corp:
        urls = dict(zip(("scan_url", "inner_url", "api_url"), settings.wecom_urls, strict=False))
        own = {"corp": settings.wecom_corp, "agent": settings.wecom_agent, "secret": settings.wecom_secret}
        result.append(WeCom(**own, **urls))
    if settings.dingtalk_corp:
        urls = dict(zip(("login_url", "api_url", "old_api_url"), settings.dingtalk_urls, strict=False))
        own = {"corp": settings.dingtalk_corp, "client": settings.dingtalk_client, "secret": settings.dingtalk_secret}
        result.append(DingTalk(**own, **urls))
    return tuple(result)


def roles_by_group(text: str) -> dict[str, str]:
    """Which role a group gives: "CN=Heads,DC=example,DC=com=head; branch:12=clerk"."""
    pairs = (part.rpartition("=") for part in text.split(";") if part.strip())
    return {group.strip(): role.strip() for group, _, role in pairs}
