"""Where mail goes out and under which address people reach the product; the wiring fills it from the settings."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class MailSettings:
    """The mail server. `security`: tls from the first byte, starttls, or none; without a host no mail is sent."""

    host: str = ""
    port: int = 587
    security: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    public_url: str = ""
    pages_url: str = ""  # where the public pages stand, if not there

    def __bool__(self) -> bool:
        return bool(self.host)

    def link(self, path: str) -> str:
        """The full address of a page, or nothing when the product does not know its own."""
        return f"{self.public_url.rstrip('/')}{path}" if self.public_url else ""

    def page(self, path: str) -> str:
        """The full address of a public page, or nothing when the product does not know its own."""
        host = self.pages_url or self.public_url
        return f"{host.rstrip('/')}{path}" if host and path else ""


_current: list[MailSettings] = [MailSettings()]


def mail_settings() -> MailSettings:
    return _current[0]


def set_post_office(new: MailSettings) -> None:
    _current[:] = [new]
