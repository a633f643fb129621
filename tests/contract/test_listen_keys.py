"""One suite for every store of listen keys: they live an hour from their last renewal."""

from collections.abc import AsyncIterator

import pytest

from openoutcry.adapters.memory.listen_keys import MemoryListenKeys
from openoutcry.adapters.postgres.listen_keys import PostgresListenKeys
from openoutcry.ports.users import LISTEN_KEY_LIFE_US, ListenKeys, ListenKeysAwayError

Stores = tuple[ListenKeys, ListenKeys]


@pytest.fixture(params=["memory", "postgres"])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    """The store as two gateways have it, where there can be two."""
    if request.param == "memory":
        keys = MemoryListenKeys()
        yield keys, keys
        return
    dsn = request.getfixturevalue("database")
    first, second = PostgresListenKeys(dsn), PostgresListenKeys(dsn)
    await first.open()
    await second.open()
    yield first, second
    await first.close_all()
    await second.close_all()


async def test_a_key_is_renewed_by_asking_again(stores: Stores) -> None:
    here, there = stores
    first = await here.create(7, 0)
    assert len(first) == 60
    assert await there.create(7, LISTEN_KEY_LIFE_US - 1) == first
    assert await here.accounts_of([first, "x"], LISTEN_KEY_LIFE_US + 1) == {first: 7}
    assert await there.create(8, 0) != first
    assert await there.accounts_of([], 0) == {}


async def test_a_key_that_was_let_go(stores: Stores) -> None:
    here, there = stores
    first = await here.create(7, 0)
    assert await there.accounts_of([first], LISTEN_KEY_LIFE_US - 1) == {first: 7}
    assert await there.accounts_of([first], LISTEN_KEY_LIFE_US) == {}
    second = await there.create(7, LISTEN_KEY_LIFE_US)
    assert second != first
    assert not await here.renew(first, 7, LISTEN_KEY_LIFE_US)
    assert await here.accounts_of([first], LISTEN_KEY_LIFE_US) == {}
    assert not await here.close(second, 8, LISTEN_KEY_LIFE_US), "another account's"
    assert await here.close(second, 7, LISTEN_KEY_LIFE_US)
    assert not await there.close(second, 7, LISTEN_KEY_LIFE_US)
    assert await there.accounts_of([second], LISTEN_KEY_LIFE_US) == {}


async def test_a_renewed_key_lives_on_everywhere(stores: Stores) -> None:
    here, there = stores
    key = await here.create(7, 0)
    assert not await there.renew(key, 8, 1)
    assert await there.renew(key, 7, LISTEN_KEY_LIFE_US - 1)
    assert await here.accounts_of([key], LISTEN_KEY_LIFE_US + 1) == {key: 7}


async def test_a_database_that_is_away_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openoutcry.adapters.postgres.listen_keys.WAIT_SECONDS", 0.05)
    keys = PostgresListenKeys("postgresql://nobody@127.0.0.1:1/none")
    await keys.open()
    try:
        with pytest.raises(ListenKeysAwayError):
            await keys.create(7, 0)
    finally:
        await keys.close_all()
