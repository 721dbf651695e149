"""The settings of one running Guicheng: every name, default and meaning; nobody else reads GUICHENG_ variables."""

import base64
import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from admin_app.own_keys import (
    BACKUP_KEY_BYTES,
    FIELD_KEY_BYTES,
    kept_backup_keys,
    kept_secrets,
    parse_field_keys,
    parse_keys,
)
from admin_app.problems import SettingsError

PREFIX = "GUICHENG_"
SECRET_KEY_CHARACTERS_MIN = 32
DIFFERENT_MIN = 12  # of 32 random hexadecimal digits at least so many differ, but for one in a thousand
BROKER_SCHEMES = ("redis", "rediss", "amqp", "amqps")
METRICS_TOKEN_MIN = 16


_LISTS = (
    "trusted_hosts",
    "second_factor_roles",
    "password_logins",
    "webhook_inner_hosts",
    "wecom_urls",
    "dingtalk_urls",
)


def _option(default: Any, meaning: str, **rules: Any) -> Any:
    return Field(default, description=meaning, **rules)


def _derived(rule: Any, default_text: str, meaning: str, **rules: Any) -> Any:
    """An option whose default follows from the options declared before it."""
    return Field(default_factory=rule, description=meaning, json_schema_extra={"default_text": default_text}, **rules)


def _keeps_own_secrets(values: Mapping[str, Any]) -> bool:
    return "data" in values and bool(values.get("demo") or not values.get("mongodb_uri"))


def _kept_secret_key(values: dict[str, Any]) -> str:
    return kept_secrets(values["data"])["secret_key"] if _keeps_own_secrets(values) else ""


def _kept_field_keys(values: dict[str, Any]) -> dict[int, bytes]:
    return parse_field_keys(kept_secrets(values["data"])["field_keys"]) if _keeps_own_secrets(values) else {}


def _kept_backup_keys(values: dict[str, Any]) -> dict[int, bytes]:
    if not _keeps_own_secrets(values):
        return {}
    return parse_keys(kept_backup_keys(values["data"]), BACKUP_KEY_BYTES)


class Settings(BaseSettings):
    """What the operator decides. Each option is read from GUICHENG_<NAME>; keyword arguments win over variables."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", validate_default=True)

    host: str = _option("127.0.0.1", "Address the web server listens on.", min_length=1)
    port: int = _option(8000, "Port the web server listens on.", ge=1, le=65535)
    data: Path = _option(
        Path("var"), "Folder for the embedded database, the secrets made in demo mode, and the first backups."
    )
    mongodb_uri: str | None = _option(
        None, "Connection string of a MongoDB 6-8 replica set; empty means the embedded server.", repr=False
    )
    database: str = _option("guicheng", "Name of the database.", pattern=r"^[A-Za-z0-9_-]{1,38}$")
    broker_url: str | None = _option(
        None,
        "Broker that wakes the workers, as redis://, rediss://, amqp:// or amqps://; empty means the MongoDB server.",
        repr=False,
    )
    demo: bool = _derived(
        lambda values: not values.get("mongodb_uri"),
        "true without GUICHENG_MONGODB_URI, else false",
        "Demo company with known passwords; listens on this machine only.",
    )
    demo_password: str = _option(
        "guicheng-demo", "Password of every demo login; means nothing outside demo mode.", min_length=8, repr=False
    )
    secret_key: str = _derived(
        _kept_secret_key,
        "none; made and kept in the data folder in demo mode or with the embedded server",
        f"Signs forms and tokens; at least {SECRET_KEY_CHARACTERS_MIN} random characters.",
        repr=False,
    )
    field_keys: Annotated[dict[int, bytes], NoDecode] = _derived(
        _kept_field_keys,
        "none; made and kept in the data folder in demo mode or with the embedded server",
        f"Keys of the encrypted fields as 1:base64,2:base64 ({FIELD_KEY_BYTES} bytes each); the highest number "
        "encrypts, all decrypt.",
        repr=False,
    )
    backup_keys: Annotated[dict[int, bytes], NoDecode] = _derived(
        _kept_backup_keys,
        "none; made and kept in the data folder in demo mode or with the embedded server",
        f"Keys of the backups as 1:base64,2:base64 ({BACKUP_KEY_BYTES} bytes each); the highest number encrypts, all "
        "decrypt. Keep a copy elsewhere: without them the backups cannot be read.",
        repr=False,
    )
    upload_limit_mb: int = _option(200, "Largest upload in megabytes.", ge=1, le=4096)
    clamav: str = _option(
        "",
        "ClamAV daemon that scans new files, as host:port or the path of its socket; empty means no file is scanned.",
    )
    session_idle_minutes: int = _option(60, "Minutes without a request after which a login ends.", ge=1, le=1440)
    session_absolute_hours: int = _option(12, "Hours after which a login ends in any case.", ge=1, le=168)
    time_zone: str = _option("Asia/Shanghai", "Time zone of the company's working time and of dates on screens.")
    currency: str = _option("CNY", "Currency of amounts without their own, as an ISO 4217 code.", pattern="^[A-Z]{3}$")
    api_requests_per_minute: int = _option(
        600, "Requests that one key of the API may send in a minute.", ge=1, le=1_000_000
    )
    metrics_token: str = _option(
        "", "Token with which a monitoring system reads /metrics; empty means that there are no figures.", repr=False
    )
    web_workers: int = _option(2, "Web server processes.", ge=1, le=64)
    web_threads: int = _option(4, "Threads per web server process.", ge=1, le=64)
    worker_processes: int = _option(2, "Processes of one worker: so many jobs run at once.", ge=1, le=64)
    worker_memory_mb: int = _option(
        1024, "Memory in megabytes that one job may take; one that needs more fails with a sentence.", ge=256, le=65536
    )
    trusted_hosts: Annotated[tuple[str, ...], NoDecode] = _derived(
        lambda values: ("localhost", "127.0.0.1") if values.get("demo") else (),
        "localhost,127.0.0.1 in demo mode, else none",
        "Host names the application answers to, separated by commas; needed outside demo mode.",
    )
    second_factor_roles: Annotated[tuple[str, ...], NoDecode] = _derived(
        lambda values: () if values.get("demo") else ("head", "it", "management"),
        "none in demo mode, else head,it,management",
        "Roles that sign in with a code of an authenticator app as well, separated by commas; others may choose to.",
    )
    oidc_issuer: str = _option(
        "",
        "Issuer of the company's login by OpenID Connect, such as https://login.example.com; empty means that there is "
        "none.",
    )
    oidc_client_id: str = _option("", "Under which name the provider knows Guicheng.")
    oidc_client_secret: str = _option("", "The secret that goes with it; empty for a public client.", repr=False)
    oidc_name: str = _option("", "How people call the company's login; empty means Company login.", max_length=40)
    ldap_host: str = _option("", "Directory server (LDAP, Active Directory); empty means that there is none.")
    ldap_security: Literal["tls", "starttls", "none"] = _option(
        "tls", "How the way to the directory is encrypted; its certificate is checked. none only on this machine."
    )
    ldap_port: int = _derived(
        lambda values: 636 if values.get("ldap_security") == "tls" else 389,
        "636 with tls, else 389",
        "Port of the directory server.",
        ge=1,
        le=65535,
    )
    ldap_ca: str = _option("", "File with the certificates that sign the directory's; empty means the machine's.")
    ldap_kind: Literal["ad", "ldap"] = _option(
        "ad", "Whose names for things it has: Active Directory's, or RFC 2798's."
    )
    ldap_base: str = _option("", "Where people stand, such as OU=People,DC=example,DC=com.")
    ldap_user: str = _option("", "Service account that searches, as the directory names it; it needs to read only.")
    ldap_password: str = _option("", "Password of the service account.", repr=False)
    ldap_people: str = _option("", "Filter of those who belong here, such as (memberOf=CN=…); empty means all people.")
    ldap_name: str = _option("", "How people call the directory; empty means Company directory.", max_length=40)
    wecom_corp: str = _option("", "Company id (corpid) in WeCom; empty means that there is no WeCom.")
    wecom_agent: str = _option("", "Id of the application in WeCom (AgentId).")
    wecom_secret: str = _option("", "Secret of the application in WeCom.", repr=False)
    wecom_urls: Annotated[tuple[str, ...], NoDecode] = _option(
        (),
        "Other addresses for the login, the login within WeCom, and the API, separated by commas; for a gateway or a "
        "test.",
    )
    dingtalk_corp: str = _option("", "Company id (CorpId) in DingTalk; empty means that there is no DingTalk.")
    dingtalk_client: str = _option("", "Client ID (AppKey) of the application in DingTalk.")
    dingtalk_secret: str = _option("", "Client secret of the application in DingTalk.", repr=False)
    dingtalk_urls: Annotated[tuple[str, ...], NoDecode] = _option(
        (), "Other addresses for the login, the API and the older API, separated by commas; for a gateway or a test."
    )
    directory_roles: str = _option(
        "",
        "Roles that groups of a directory give, such as CN=Heads,OU=Groups,DC=example,DC=com=head; branch:12=clerk; "
        "other roles are set by hand. Nobody becomes it by a group.",
    )
    confirm_minutes: int = _option(
        10,
        "Minutes for which it holds that somebody confirmed who they are, before roles, keys and the like.",
        ge=1,
        le=60,
    )
    password_logins: Annotated[tuple[str, ...], NoDecode] = _option(
        (),
        "Login names that sign in by password beside the company's login, separated by commas, such as one for "
        "emergencies; empty means everybody.",
    )
    trusted_proxies: int = _option(0, "Reverse proxies in front whose forwarding headers are believed.", ge=0, le=5)
    clerk_discount_limit: Decimal = _option(
        Decimal(10), "Largest discount in percent a clerk may grant without approval.", ge=0, le=100
    )
    loan_block_days: int = _option(
        14, "Days a borrowed paper copy may be overdue before its borrower gets nothing more.", ge=1, le=3650
    )
    secure_cookies: bool = _derived(
        lambda values: not values.get("demo"), "true outside demo mode", "Send cookies over HTTPS only."
    )
    public_url: str = _option(
        "", "Address under which people reach Guicheng, for links in mail; https://… outside demo."
    )
    public_pages: bool = _option(
        True, "Serve the public pages (/p/) from guicheng web, too; false where guicheng web --public alone does."
    )
    public_port: int = _option(8001, "Port that guicheng web --public listens on.", ge=1, le=65535)
    public_pages_url: str = _option(
        "",
        "Address under which people outside reach the public pages, for their links, such as "
        "https://service.example.com; empty means GUICHENG_PUBLIC_URL.",
    )
    contents_url: str = _derived(
        lambda values: f"http://*.contents.localhost:{values.get('port')}" if values.get("demo") else "",
        "http://*.contents.localhost:… in demo mode, else none",
        "Address of a host name for contents of courses alone (SCORM packages), such as "
        "https://*.contents.example.net, where * stands for a name of each person and package; empty means that none "
        "are opened.",
    )
    webhook_inner_hosts: Annotated[tuple[str, ...], NoDecode] = _option(
        (),
        "Machines inside the house that webhooks may reach, separated by commas, over http, too; empty means none.",
    )
    smtp_host: str = _option("", "Mail server that takes outgoing mail; empty means that no mail is sent.")
    smtp_port: int = _option(587, "Port of the mail server.", ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = _option(
        "starttls", "How the way to the mail server is encrypted; none only with a server on this machine."
    )
    smtp_user: str = _option("", "Login name at the mail server; empty means without login.")
    smtp_password: str = _option("", "Password at the mail server.", repr=False)
    mail_from: str = _option("", "Sender of mail, such as guicheng@example.com; needed with a mail server.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = _option("INFO", "Least severity that is logged.")
    cheap_passwords: bool = _option(False, "Hash passwords with the cheapest profile; for tests, refused outside demo.")

    @field_validator("data")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().resolve()

    @field_validator("mongodb_uri")
    @classmethod
    def _is_mongodb_uri(cls, uri: str | None) -> str | None:
        if uri and not uri.startswith(("mongodb://", "mongodb+srv://")):
            raise ValueError("must begin with mongodb:// or mongodb+srv://")
        return uri or None

    @field_validator("broker_url")
    @classmethod
    def _is_broker_url(cls, url: str | None) -> str | None:
        if url and urlsplit(url).scheme not in BROKER_SCHEMES:
            raise ValueError(f"must begin with one of {', '.join(f'{scheme}://' for scheme in BROKER_SCHEMES)}")
        return url or None

    @field_validator("clamav")
    @classmethod
    def _is_scanner(cls, address: str) -> str:
        is_named = re.fullmatch(r"(unix:)?/[^\0]+|(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}", address)
        if address and not is_named:
            raise ValueError("must look like clamav.example.com:3310 or /run/clamav/clamd.ctl")
        return address

    @field_validator("public_url", "public_pages_url")
    @classmethod
    def _is_public_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
            raise ValueError("must look like https://guicheng.example.com")
        return url

    @field_validator("contents_url")
    @classmethod
    def _is_contents_url(cls, url: str) -> str:
        if url and not re.fullmatch(r"https?://(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?/?", url):
            raise ValueError("must look like https://*.contents.example.net")
        return url.rstrip("/").lower()

    @field_validator("mail_from")
    @classmethod
    def _is_sender(cls, address: str) -> str:
        if address and not re.fullmatch(r"[!-?A-~]+@[A-Za-z0-9.-]+", address):
            raise ValueError("must be one mail address")
        return address

    @field_validator("time_zone")
    @classmethod
    def _is_time_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as problem:
            raise ValueError("must name a time zone such as Asia/Shanghai") from problem
        return name

    @field_validator("field_keys", mode="before")
    @classmethod
    def _read_field_keys(cls, keys: Any) -> Any:
        return parse_field_keys(keys) if isinstance(keys, str) else keys

    @field_validator("backup_keys", mode="before")
    @classmethod
    def _read_backup_keys(cls, keys: Any) -> Any:
        return parse_keys(keys, BACKUP_KEY_BYTES) if isinstance(keys, str) else keys

    @field_validator("oidc_issuer")
    @classmethod
    def _is_issuer(cls, url: str) -> str:
        if url and not _is_safe_url(url):
            raise ValueError("must look like https://login.example.com")
        return url

    @field_validator("wecom_urls", "dingtalk_urls")
    @classmethod
    def _are_three(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        if len(urls) not in (0, 3) or not all(_is_safe_url(url) for url in urls):
            raise ValueError("must be three addresses with https://")
        return urls

    @field_validator(*_LISTS, mode="before")
    @classmethod
    def _read_list(cls, names: Any) -> Any:
        return tuple(name.strip() for name in names.split(",") if name.strip()) if isinstance(names, str) else names

    @field_validator("directory_roles")
    @classmethod
    def _give_roles(cls, text: str) -> str:
        from models.kernel.base.people import Role  # noqa: PLC0415 - as below

        for part in filter(str.strip, text.split(";")):
            group, _, role = part.rpartition("=")
            if not group.strip() or role.strip() not in {*Role} - {Role.IT}:
                raise ValueError(f"must look like group=role; group=role with roles such as head, not {role.strip()}")
        return text

    @field_validator("second_factor_roles")
    @classmethod
    def _are_roles(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        from models.kernel.base.people import Role  # noqa: PLC0415 - the record types take a second to load

        if unknown := sorted({*names} - {*Role}):
            raise ValueError(f"does not know the role {unknown[0]}; the roles are {', '.join(Role)}")
        return names

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        for name, problem in _conflicts(self):
            raise SettingsError(f"{PREFIX}{name.upper()} {problem}.")
        return self

    @property
    def url(self) -> str:
        """The address to type into a browser."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}/"

    def as_environment(self, **changes: Any) -> dict[str, str]:
        """Return all settings as GUICHENG_ variables, so that a child process sees exactly these."""
        values = {name: getattr(self, name) for name in type(self).model_fields} | changes
        return {PREFIX + name.upper(): _as_text(value) for name, value in values.items() if value is not None}


def _has_company_login(settings: Settings) -> bool:
    return bool(settings.oidc_issuer or settings.ldap_host or settings.wecom_corp or settings.dingtalk_corp)


_BELONGING = {
    "ldap_host": ("ldap_base", "ldap_user", "ldap_password"),
    "wecom_corp": ("wecom_agent", "wecom_secret"),
    "dingtalk_corp": ("dingtalk_client", "dingtalk_secret"),
}


def _lacking(settings: Settings) -> Iterator[tuple[str, bool, str]]:
    """What belongs to a setting that is set, and is not set."""
    for first, names in _BELONGING.items():
        for name in names:
            is_lacking = bool(getattr(settings, first)) and not getattr(settings, name)
            yield name, is_lacking, f"is needed with {PREFIX}{first.upper()}"


def _conflicts(settings: Settings) -> list[tuple[str, str]]:
    rules = (
        ("host", settings.demo and not _is_loopback(settings.host), "must be 127.0.0.1 in demo mode: known passwords"),
        ("secret_key", not settings.secret_key, "is needed outside demo mode"),
        (
            "secret_key",
            len(settings.secret_key) < SECRET_KEY_CHARACTERS_MIN,
            f"must have at least {SECRET_KEY_CHARACTERS_MIN} characters",
        ),
        ("secret_key", _is_guessable(settings.secret_key), "must be made at random, such as by openssl rand -hex 32"),
        ("metrics_token", 0 < len(settings.metrics_token) < METRICS_TOKEN_MIN, "must have at least 16 characters"),
        ("field_keys", not settings.field_keys, "is needed outside demo mode"),
        ("trusted_hosts", not settings.trusted_hosts, "must name the host names users type, outside demo mode"),
        (
            "contents_url",
            _is_near_contents(settings),
            "must be a host name of its own: neither one of GUICHENG_TRUSTED_HOSTS, nor above or below one, since "
            "cookies reach from one to the other",
        ),
        (
            "contents_url",
            settings.secure_cookies and settings.contents_url.startswith("http:"),
            "must begin with https://",
        ),
        ("cheap_passwords", settings.cheap_passwords and not settings.demo, "is refused outside demo mode"),
        ("oidc_client_id", bool(settings.oidc_issuer) and not settings.oidc_client_id, "is needed with an issuer"),
        (
            "password_logins",
            bool(settings.password_logins) and not _has_company_login(settings),
            "needs a company login, such as GUICHENG_OIDC_ISSUER",
        ),
        *_lacking(settings),
        (
            "ldap_security",
            bool(settings.ldap_host) and settings.ldap_security == "none" and not _is_loopback(settings.ldap_host),
            "may be none only with a directory on this machine",
        ),
        ("mail_from", bool(settings.smtp_host) and not settings.mail_from, "is needed with GUICHENG_SMTP_HOST"),
        (
            "smtp_security",
            bool(settings.smtp_host) and settings.smtp_security == "none" and not _is_loopback(settings.smtp_host),
            "may be none only with a mail server on this machine",
        ),
        ("database", _other_database(settings), "differs from the database in the path of GUICHENG_MONGODB_URI"),
    )
    return [(name, problem) for name, is_broken, problem in rules if is_broken]


def _is_near_contents(settings: Settings) -> bool:
    """Whether contents of courses would share cookies with the application; localhost takes none for names below it."""
    name = urlsplit(settings.contents_url).hostname or ""
    name = name.removeprefix("*.")
    others = {host.lower().lstrip(".") for host in settings.trusted_hosts} if name else set()
    return any(
        name == other or other.endswith(f".{name}") or (name.endswith(f".{other}") and other != "localhost")
        for other in others
    )


def _is_guessable(key: str) -> bool:
    """Whether a secret was typed rather than made: few different characters, a repetition, or words that ask for it."""
    plain = key.lower()
    return len(set(key)) < DIFFERENT_MIN or any(word in plain for word in ("changeme", "secret", "password", "example"))


def _is_safe_url(url: str) -> bool:
    """Whether secrets may go to an address: https, or this machine."""
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
    return bool(is_safe and parts.netloc and not parts.query and not parts.fragment)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _other_database(settings: Settings) -> bool:
    path = urlsplit(settings.mongodb_uri or "").path.strip("/")
    return path not in ("", settings.database)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in value.items())
    return ",".join(value) if isinstance(value, tuple) else str(value)


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from the environment; raise SettingsError with one sentence if something is wrong."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for variable in sorted(os.environ):
        if variable.upper().startswith(PREFIX) and variable not in known:
            raise SettingsError(f"{variable} is not a setting of Guicheng; docs/settings.md lists them all.")
    try:
        return Settings(**overrides)
    except ValidationError as problem:
        raise SettingsError(_sentence(problem)) from None  # pydantic's own text would show the value


def _sentence(problem: ValidationError) -> str:
    first = problem.errors(include_url=False, include_input=False, include_context=False)[0]
    name = PREFIX + str(first["loc"][0]).upper()
    return f"{name} is wrong: {first['msg'].removeprefix('Value error, ').rstrip('.')}."


def settings_page() -> str:
    """Return docs/settings.md: every variable with default and meaning."""
    lines = [
        "# Settings",
        "",
        "Environment variables, read once at start. An unknown `GUICHENG_` variable or a wrong value stops the start.",
        "This page is made from `admin_app/settings.py` by `make docs`.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{PREFIX}{name.upper()}` | {_default_text(name)} | {_meaning(name)} |" for name in Settings.model_fields
    ]
    return "\n".join(lines) + "\n"


def _default_text(name: str) -> str:
    field = Settings.model_fields[name]
    if isinstance(field.json_schema_extra, dict):
        return str(field.json_schema_extra["default_text"])
    return "none" if field.default in (None, "", ()) else f"`{_as_text(field.default)}`"


def _meaning(name: str) -> str:
    return str(Settings.model_fields[name].description)
