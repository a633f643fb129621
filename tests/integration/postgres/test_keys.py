"""API keys that several processes share. Covers A02."""

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from tests.support.rows import wait_until

from openoutcry.adapters.postgres.keys import PostgresApiKeys
from openoutcry.identity.sealing import API_KEYS, AesGcmSealer
from openoutcry.ports.users import ApiKey, KeyStoreError, KeyType

Opener = Callable[[], PostgresApiKeys]
SEALER = AesGcmSealer(bytes(32), API_KEYS)


@pytest.fixture
def opener(database: str) -> Iterator[Opener]:
    opened: list[PostgresApiKeys] = []

    def store() -> PostgresApiKeys:
        opened.append(PostgresApiKeys(database, SEALER))
        return opened[-1]

    yield store
    for each in opened:
        each.close()


def key(name: str, account_id: int = 1025, label: str = "") -> ApiKey:
    return ApiKey(name, account_id, KeyType.HMAC, b"secret", created_us=5, label=label)


def test_a_revoked_key_is_gone_everywhere_within_a_second_a02(opener: Opener) -> None:
    one, two = opener(), opener()
    for number in range(5):
        name = f"key-{number}"
        one.add(key(name))
        wait_until(lambda name=name: two.find(name) is not None, "a new key", 1.0)
        revoked_at = time.monotonic()
        assert two.revoke(name)
        assert two.find(name) is None
        wait_until(lambda name=name: one.find(name) is None, "the end of a key", 1.0)
        assert time.monotonic() - revoked_at < 1.0


def test_a_lost_notice_is_made_good_a02(opener: Opener, database: str) -> None:
    """The connection that listens is gone when the key is revoked."""
    one, two = opener(), opener()
    one.add(key("a"))
    wait_until(lambda: two.find("a") is not None, "a new key")
    with psycopg.connect(database, autocommit=True) as operator:
        operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'outcry-keys' AND datname = current_database()"
        )
        operator.execute("UPDATE identity.change SET last = last + 1")
        operator.execute(
            "UPDATE identity.api_key SET is_revoked = true, material = '',"
            " changed = (SELECT last FROM identity.change)"
        )
    wait_until(lambda: one.find("a") is None and two.find("a") is None, "the end of a key", 1.5)


def test_keys_outlive_their_process_and_secrets_do_not_outlive_their_key(
    opener: Opener, database: str
) -> None:
    first = opener()
    first.add(key("a", label="märkte"))
    first.add(key("b"))
    first.revoke("b")
    first.add(key("b", label="again"))
    second = opener()
    assert second.find("a") == key("a", label="märkte")
    assert second.find("b") == key("b", label="again")
    assert [found.api_key for found in second.of_account(1025)] == ["a", "b"]
    with psycopg.connect(database) as operator:
        rows = operator.execute("SELECT material FROM identity.api_key WHERE is_revoked")
        assert rows.fetchall() == [(b"",)]


def test_changes_by_many_at_once_reach_everybody(opener: Opener) -> None:
    stores = [opener() for _ in range(3)]

    def change(number: int) -> None:
        for count in range(10):
            stores[number].add(key(f"{number}-{count}"))
            if count % 3 == 0:
                stores[number].revoke(f"{number}-{count}")

    threads = [threading.Thread(target=change, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wanted = {f"{number}-{count}" for number in range(3) for count in range(10) if count % 3}
    for store in stores:
        wait_until(
            lambda store=store: {each.api_key for each in store.of_account(1025)} == wanted,
            "the same keys everywhere",
        )


def test_of_two_that_add_a_name_one_is_refused(opener: Opener) -> None:
    one, two = opener(), opener()
    one.add(key("a"))
    with pytest.raises(ValueError, match="exists"):
        two.add(key("a", label="other"))
    assert one.revoke("a")
    assert not two.revoke("a")


def test_an_unknown_database_is_an_error(opener: Opener, empty_database: str) -> None:
    with pytest.raises(KeyStoreError):
        PostgresApiKeys(empty_database, SEALER)


def test_it_says_how_old_its_knowledge_is(opener: Opener) -> None:
    store = opener()
    wait_until(lambda: store.age_seconds() < 0.2, "a fresh look")


def test_a_suspended_key_is_found_nowhere_within_a_second(opener: Opener) -> None:
    one, two = opener(), opener()
    one.add(key("a"))
    wait_until(lambda: two.find("a") is not None, "a new key", 1.0)
    assert two.suspend(1025) == 1
    assert two.find("a") is None
    wait_until(lambda: one.find("a") is None, "the suspension", 1.0)
    assert opener().find("a") is None
    assert one.resume(1025) == 1
    wait_until(lambda: two.find("a") is not None, "the resumption", 1.0)


def test_secrets_are_sealed_in_the_table(opener: Opener, database: str) -> None:
    opener().add(key("a"))
    with psycopg.connect(database) as operator:
        [(material, is_sealed)] = operator.execute(
            "SELECT material, is_sealed FROM identity.api_key"
        )
    assert is_sealed
    assert b"secret" not in material
    with pytest.raises(KeyStoreError, match="does not open"):
        PostgresApiKeys(database, AesGcmSealer(bytes([1] * 32), API_KEYS))


def test_a_key_that_does_not_open_is_unknown_and_the_others_go_on(
    opener: Opener, database: str
) -> None:
    here = opener()
    other = PostgresApiKeys(database, AesGcmSealer(bytes([1] * 32), API_KEYS))
    other.add(key("theirs"))
    other.close()
    here.add(key("ours"))
    wait_until(lambda: here.find("ours") is not None, "a new key", 1.0)
    assert here.find("theirs") is None


def test_secrets_that_an_older_release_left_are_sealed_at_open(
    opener: Opener, database: str
) -> None:
    with psycopg.connect(database) as operator:
        operator.execute(
            "INSERT INTO identity.api_key(api_key, account_id, key_type, material, may_read,"
            " may_trade, created_us, label, changed)"
            " VALUES('old', 1025, 'HMAC', 'secret', true, true, 5, '', 0)"
        )
        operator.execute("UPDATE identity.change SET last = 1")
        operator.execute("UPDATE identity.api_key SET changed = 1")
    assert opener().find("old") == key("old")
    with psycopg.connect(database) as operator:
        [(material,)] = operator.execute("SELECT material FROM identity.api_key")
    assert b"secret" not in material
    assert opener().find("old") == key("old")
