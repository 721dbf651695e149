"""Settings: defaults, refusals in one sentence, kept secrets, and the page that lists them."""

import base64
import stat
from pathlib import Path

import pytest

from admin_app.own_keys import kept_secrets, new_field_key
from admin_app.settings import Settings, SettingsError, load_settings, settings_page

KEY = base64.b64encode(bytes(64)).decode()
PRODUCTION = {
    "MONGODB_URI": "mongodb://db.example/?replicaSet=rs0",
    "SECRET_KEY": "5f0c1e9a7b3d8246e1c09b7a5d3f8624f1a0",
    "FIELD_KEYS": f"1:{KEY}",
    "TRUSTED_HOSTS": "guicheng.example",
}


@pytest.fixture
def variables(monkeypatch, tmp_path):
    def put(**values: str) -> None:
        monkeypatch.setenv("GUICHENG_DATA", str(tmp_path))
        for name, value in values.items():
            monkeypatch.setenv(f"GUICHENG_{name}", value)

    return put


def test_defaults_are_a_demo_on_this_machine(variables):
    variables()
    settings = load_settings()
    assert settings.demo
    assert (settings.host, settings.port, settings.mongodb_uri) == ("127.0.0.1", 8000, None)
    assert not settings.secure_cookies
    assert settings.trusted_hosts == ("localhost", "127.0.0.1")


def test_a_named_server_means_production(variables):
    variables(**PRODUCTION, HOST="0.0.0.0")
    settings = load_settings()
    assert not settings.demo
    assert settings.secure_cookies
    assert settings.field_keys == {1: bytes(64)}


@pytest.mark.parametrize(
    ("address", "is_taken"),
    [
        ("https://*.contents.example.net", True),
        ("https://contents.example", True),
        ("https://guicheng.example", False),
        ("https://*.guicheng.example", False),
        ("https://contents.guicheng.example:8443", False),
        ("https://example", False),
        ("http://contents.example.net", False),
        ("https://contents.example.net/path", False),
        ("https://a.*.example.net", False),
    ],
)
def test_contents_have_a_host_name_that_shares_no_cookie(variables, address, is_taken):
    variables(**PRODUCTION, CONTENTS_URL=address)
    if is_taken:
        assert load_settings().contents_url == address
    else:
        with pytest.raises(SettingsError, match="GUICHENG_CONTENTS_URL"):
            load_settings()


@pytest.mark.parametrize("missing", ["SECRET_KEY", "FIELD_KEYS", "TRUSTED_HOSTS"])
def test_no_secret_has_a_default_in_production(variables, missing):
    variables(**{name: value for name, value in PRODUCTION.items() if name != missing})
    with pytest.raises(SettingsError, match=f"GUICHENG_{missing}"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("DEMO", "perhaps"),
        ("HOST", "0.0.0.0"),
        ("HOST", "example.org"),
        ("MONGODB_URI", "postgres://x"),
        ("MONGODB_URI", "mongodb://h/elsewhere"),
        ("DATABASE", "a.b"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "s" * 40),
        ("SECRET_KEY", "abab1212" * 5),
        ("SECRET_KEY", "changeme-1234567890-abcdefghijklmnopq"),
        ("FIELD_KEYS", "nonsense"),
        ("FIELD_KEYS", "1:AAAA"),
        ("FIELD_KEYS", f"0:{KEY}"),
        ("FIELD_KEYS", f"1:{KEY},1:{KEY}"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("CURRENCY", "yuan"),
        ("CLERK_DISCOUNT_LIMIT", "101"),
        ("LOG_LEVEL", "LOUD"),
        ("TRUSTED_PROXIES", "-1"),
        ("NO_SUCH_THING", "1"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_it(variables, name, value):
    variables(**{"DEMO": "true", name: value})
    with pytest.raises(SettingsError) as problem:
        load_settings()
    text = str(problem.value)
    assert f"GUICHENG_{name}" in text or f"GUICHENG_{'DATABASE' if name == 'MONGODB_URI' else name}" in text
    assert text.endswith(".")
    assert "\n" not in text


def test_a_wrong_secret_is_not_repeated(variables):
    variables(FIELD_KEYS="1:c2VjcmV0LWluLWJhc2U2NA==")
    with pytest.raises(SettingsError) as problem:
        load_settings()
    assert "c2VjcmV0" not in str(problem.value)


def test_cheap_passwords_are_refused_in_production(variables):
    variables(**PRODUCTION, CHEAP_PASSWORDS="true")
    with pytest.raises(SettingsError, match="GUICHENG_CHEAP_PASSWORDS"):
        load_settings()


def test_secrets_are_made_once_and_readable_by_the_owner_alone(tmp_path):
    first = kept_secrets(tmp_path / "data")
    assert kept_secrets(tmp_path / "data") == first
    assert stat.S_IMODE((tmp_path / "data" / "secrets.json").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secrets.json"]


def test_a_broken_secrets_file_is_named_and_kept(tmp_path):
    (tmp_path / "secrets.json").write_text("{}")
    with pytest.raises(SettingsError, match=r"secrets\.json"):
        kept_secrets(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == "{}"


def test_the_highest_key_number_comes_with_all_others(variables):
    variables(FIELD_KEYS=f"2:{new_field_key()}, 1:{KEY}")
    assert set(load_settings().field_keys) == {1, 2}


def test_printing_settings_shows_no_secret(tmp_path):
    settings = Settings(data=tmp_path)
    assert settings.secret_key not in repr(settings)
    assert "field_keys" not in repr(settings)


def test_a_child_process_sees_the_same_settings(tmp_path, monkeypatch):
    settings = Settings(data=tmp_path, demo=True, trusted_hosts="a.example,b.example", clerk_discount_limit="7.5")
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_the_settings_page_is_fresh():
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert page.read_text("utf-8") == settings_page(), "run: make docs"
