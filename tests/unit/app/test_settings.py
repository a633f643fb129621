"""Settings of people: what is refused, and what a child process is not told."""

from pathlib import Path
from typing import Any

import pytest

from openoutcry.app.people import warning_of, where_to_look
from openoutcry.app.settings import ServeSettings, SettingsError


def settings(**more: Any) -> ServeSettings:
    return ServeSettings(data=Path("data"), **more)


@pytest.mark.parametrize(
    "wrong",
    [
        {"public_origin": "exchange.example"},
        {"public_origin": "https://exchange.example/"},
        {"public_origin": "ftp://exchange.example"},
        {"public_origin": "https://user@exchange.example"},
        {"trusted_proxies": "10.0.0.1/8"},
        {"trusted_proxies": "10.0.0.1,nginx"},
        {"session_idle_seconds": 300},
        {"session_idle_seconds": 7_200, "session_seconds": 3_600},
        {"smtp_security": "ssl"},
        {"smtp_port": -1},
        {"smtp_port": 65_536},
        {"smtp_from": "nobody", "smtp_host": "mail.example"},
        {"smtp_username": "exchange", "smtp_security": "none"},
    ],
)
def test_what_makes_no_sense_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))[:8]):
        settings(**wrong)


def test_a_child_process_is_told_no_secret() -> None:
    secret = settings(smtp_password="hunter2", secrets_key="ab" * 32)
    assert "hunter2" not in repr(secret)
    text = secret.to_json()
    assert "hunter2" not in text
    assert "ab" * 32 not in text
    assert ServeSettings.from_json(text) == settings()


def test_the_environment_sets_them() -> None:
    found = settings().with_environment(
        {"OUTCRY_PUBLIC_ORIGIN": "https://exchange.example", "OUTCRY_SESSION_SECONDS": "3600"}
    )
    assert (found.public_origin, found.session_seconds) == ("https://exchange.example", 3600)


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({}, "http://localhost:9000"),
        ({"host": "0.0.0.0"}, "http://localhost:9000"),
        ({"host": "::1"}, "http://localhost:9000"),
        ({"host": "10.0.0.7"}, "http://10.0.0.7:9000"),
        ({"host": "fe80::1"}, "http://[fe80::1]:9000"),
        ({"public_origin": "https://exchange.example"}, "https://exchange.example"),
    ],
)
def test_where_a_browser_is_pointed(more: dict[str, str], place: str) -> None:
    assert where_to_look(settings(**more), 9000) == place


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_a_demo_on_this_machine_alone_is_no_danger(host: str) -> None:
    assert warning_of(settings(demo=True, host=host)) == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "exchange.example"])
def test_a_demo_that_others_reach_is_warned_of(host: str) -> None:
    assert f"not for strangers, and this one listens on {host}:" in warning_of(
        settings(demo=True, host=host)
    )
    assert warning_of(settings(host=host)) == ""
