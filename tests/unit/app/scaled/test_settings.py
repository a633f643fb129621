"""The settings file of the scaled size: what it may say, and what is said when it is wrong."""

from pathlib import Path

import pytest

from openoutcry.app.scaled.settings import Address, ScaledSettings
from openoutcry.app.settings import SettingsError

TWO = """
[[partitions]]
number = 0
role = "ACCOUNTS"
shards = ["0-511", 512, "513-1023"]
preferred = "engine-1"
[[partitions]]
number = 1
role = "MARKETS"
markets = [1, "3-4"]
"""


def load(tmp_path: Path, text: str, **environment: str) -> ScaledSettings:
    path = tmp_path / "outcry.toml"
    path.write_text(text)
    return ScaledSettings.load(path, environment)


def test_without_a_file_everything_has_its_default() -> None:
    assert ScaledSettings.load(None, {}) == ScaledSettings()


def test_a_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        'name = "engine-1"\nlease_seconds = 2\nport = 81\nredis_nodes = ["a:1"]\nlimits = true\n'
        + TWO,
        OUTCRY_PORT="82",
        OUTCRY_REDIS_NODES="b:2, [::1]:3",
        OUTCRY_LIMITS="off",
        OUTCRY_PARTITIONS="ignored",
        OUTCRY_LEASE_SECONDS="2.5",
    )
    assert settings.name == "engine-1"
    assert settings.lease_seconds == 2.5
    assert settings.port == 82
    assert settings.redis_nodes == (Address("b", 2), Address("::1", 3))
    assert settings.redis_nodes[1].text == "[::1]:3"
    assert not settings.limits
    assert [one.number for one in settings.partitions] == [0, 1]
    assert settings.partitions[0].shards == frozenset(range(1024))
    assert settings.partitions[0].preferred == "engine-1"
    assert settings.partitions[1].markets == {1, 3, 4}


def test_databases_stand_in_for_each_other() -> None:
    journal, query = "postgresql://a/j", "postgresql://a/q"
    assert ScaledSettings(journal_dsn=journal).with_query_dsns() == (journal,) * 3
    both = ScaledSettings(journal_dsn=journal, query_dsn=query)
    assert both.with_query_dsns() == (journal, query, query)


def test_paths_in_a_file_are_from_where_it_lies(tmp_path: Path) -> None:
    for name in ("a.pem", "a.key", "b.pem"):
        (tmp_path / name).touch()
    settings = load(
        tmp_path,
        'calls_certificate = "a.pem"\ncalls_key = "a.key"\ncalls_authority = "b.pem"\n'
        'calls_listen = "0.0.0.0:9000"\ncalls_address = "engine-1.lan:9000"\n',
        OUTCRY_CALLS_KEY=str(tmp_path / "a.key"),
    )
    assert settings.calls_certificate == tmp_path / "a.pem"
    assert settings.calls_key == tmp_path / "a.key"
    assert settings.address == "engine-1.lan:9000"


def test_secrets_are_not_shown() -> None:
    settings = ScaledSettings(journal_dsn="postgresql://u:secret@a/j", redis_password="secret")
    assert "secret" not in repr(settings)


def test_a_process_says_what_it_lacks() -> None:
    with pytest.raises(SettingsError, match=r"journal_dsn and name must be set.*OUTCRY_NAME"):
        ScaledSettings().require("journal_dsn", "name")
    ScaledSettings(name="a").require("name")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port = ", "is no TOML"),
        ("prot = 1", "no setting 'prot': did you mean port?"),
        ("wholly_other = 1", "no setting 'wholly_other'$"),
        ('port = "81"', "port is a whole number, not '81'"),
        ("port = true", "port is a whole number, not True"),
        ("port = 65536", "port is 0 to 65535"),
        ("limits = 1", "limits is true or false, not 1"),
        ("name = 1", "name is text, not 1"),
        ('lease_seconds = "5"', "lease_seconds is a number"),
        ("lease_seconds = 0", "lease_seconds is above zero"),
        ("credits = 0", "credits is above zero"),
        ('journal_dsn = "here"', "write postgresql://"),
        ('redis_nodes = "a:1"', "redis_nodes is a list"),
        ('redis_nodes = ["a"]', "redis_nodes is HOST:PORT, not 'a'"),
        ('calls_listen = ":1"', "calls_listen is HOST:PORT"),
        ('calls_listen = "0.0.0.0:1"', "set calls_certificate, calls_key and calls_authority"),
        ('calls_address = "a:b"', "calls_address is HOST:PORT"),
        ('calls_key = "a"', "calls_certificate and calls_authority must be set too"),
        ('redis_certificate = "a"', "redis_key must be set too"),
        ('redis_authority = "nowhere"', "redis_authority is .*nowhere, and there is no such file"),
        ("partitions = 3", r"write each under its own \[\[partitions\]\]"),
        ("[[partitions]]", "a partition has no number"),
        ("[[partitions]]\nnumber = 0\ncolour = 1", "partition 0 has no 'colour', only"),
        ("[[partitions]]\nnumber = -1", "numbers are 0 to"),
        ('[[partitions]]\nnumber = 0\nrole = "BOTH"', "role is one of JOINED, ACCOUNTS, MARKETS"),
        ("[[partitions]]\nnumber = 0\nshards = [1]", "leave shards and markets out"),
        (
            '[[partitions]]\nnumber = 0\nrole = "ACCOUNTS"',
            "no partition hosts account shards 0-1023",
        ),
        (
            '[[partitions]]\nnumber = 0\nrole = "MARKETS"',
            "no partition hosts account shards 0-1023",
        ),
        (
            '[[partitions]]\nnumber = 0\nrole = "ACCOUNTS"\nshards = ["0-9", "12-1023"]',
            "no partition hosts account shards 10-11:",
        ),
        (
            '[[partitions]]\nnumber = 0\nrole = "ACCOUNTS"\nshards = [1]\nmarkets = [1]',
            "move its markets",
        ),
        (
            '[[partitions]]\nnumber = 0\nrole = "MARKETS"\nshards = [1]\nmarkets = [1]',
            "move its shards",
        ),
        ('[[partitions]]\nnumber = 0\nrole = "ACCOUNTS"\nshards = ["5-3"]', "not within 0 to 1023"),
        ('[[partitions]]\nnumber = 0\nrole = "ACCOUNTS"\nshards = [1024]', "not within 0 to 1023"),
        ('[[partitions]]\nnumber = 0\nrole = "ACCOUNTS"\nshards = ["all"]', "nor a range such as"),
        ('[[partitions]]\nnumber = 0\nrole = "ACCOUNTS"\nshards = 5', "are a list such as"),
        (TWO + '[[partitions]]\nnumber = 1\nrole = "MARKETS"\nmarkets = [9]', "there twice"),
        (
            TWO + '[[partitions]]\nnumber = 2\nrole = "MARKETS"\nmarkets = [4]',
            "market 4 is in partition 1 and in partition 2: take it out of one",
        ),
        (TWO + "[[partitions]]\nnumber = 2", "partition 2 is JOINED.*make it the only one"),
        (TWO.replace("[1, ", "[0, "), "markets are numbered from 1"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [("OUTCRY_PORT", "many"), ("OUTCRY_LIMITS", "maybe"), ("OUTCRY_LEASE_SECONDS", "")],
)
def test_a_wrong_variable_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name):
        ScaledSettings.load(None, {name: text})


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="name a settings file"):
        ScaledSettings.load(tmp_path / "none.toml", {})
