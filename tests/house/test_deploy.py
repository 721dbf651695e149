"""What deploy/ tells people to start exists: commands, settings, files. Nothing is started here."""

import base64
import configparser
import re
import secrets
import shlex
from pathlib import Path

import pytest
import yaml

from admin_app.cli import parser
from admin_app.settings import PREFIX, Settings, load_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
KNOWN = {PREFIX + name.upper() for name in Settings.model_fields}
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}


def understands(words):
    """Whether the command line takes these words after `guicheng`; it ends the process when it does not."""
    return parser().parse_args(words).command


def unit_of(path):
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str
    read.read(path, "utf-8")
    return read


def environment_file():
    lines = (DEPLOY / "guicheng.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_services_of_compose():
    assert {name: service["command"] for name, service in OURS.items()} == {
        name: ["guicheng", name] for name in ("web", "worker", "beat")
    }
    for service in OURS.values():
        assert understands(service["command"][1:])
        assert set(service["environment"]) <= KNOWN
        assert set(service["depends_on"]) <= set(COMPOSE["services"])
    for name, service in COMPOSE["services"].items():
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        published = service.get("ports", [])
        assert all(port.startswith("127.0.0.1:") for port in published), f"{name} is open to the network"
    assert not COMPOSE["services"]["mongo"].get("ports")
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_the_image_is_made_of_what_is_there():
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    copied = [word for line in re.findall(r"^COPY (.+)$", text, re.M) for word in line.split()[:-1]]
    assert {"admin_app", "models", "views", "tasks", "seed", "constraints.txt"} <= set(copied)
    assert all((ROOT / path).exists() for path in copied)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_starts_a_command(path):
    service = unit_of(path)["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert Path(program).name == "guicheng"
    assert understands(words) == path.stem.removeprefix("guicheng-")
    assert service["Environment"].split("=")[0] in KNOWN
    assert service["User"] != "root"


def test_there_is_a_unit_for_each_service():
    assert {path.stem for path in UNITS} == {f"guicheng-{name}" for name in OURS}


def test_the_environment_file_is_enough(monkeypatch):
    variables = environment_file()
    assert set(variables) <= KNOWN
    keys = {"SECRET_KEY": secrets.token_hex(32), "TRUSTED_HOSTS": "guicheng.example.com"}
    keys |= {
        name: f"1:{base64.b64encode(b'k' * size).decode()}" for name, size in (("FIELD_KEYS", 64), ("BACKUP_KEYS", 32))
    }
    keys |= {
        "PUBLIC_URL": "https://guicheng.example.com",
        "SMTP_HOST": "mail.example.com",
        "MAIL_FROM": "g@example.com",
    }
    keys |= {"MONGODB_URI": OURS["web"]["environment"]["GUICHENG_MONGODB_URI"]}
    for name, value in (variables | {PREFIX + name: value for name, value in keys.items()}).items():
        monkeypatch.setenv(name, value)
    for name, value in OURS["web"]["environment"].items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.demo, settings.trusted_proxies, settings.host) == (False, 1, "0.0.0.0")
    assert set(settings.backup_keys) == {1}
