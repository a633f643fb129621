"""The demo on a real engine: opened once whatever happens, and alive within three seconds."""

import asyncio
import json
import stat
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from openoutcry.adapters.memory.keys import MemoryApiKeys
from openoutcry.app.demo import KEYS_FILE, DemoBots, DemoError, open_demo
from openoutcry.app.engine import open_engine
from openoutcry.app.settings import ServeSettings
from openoutcry.core.enums import AccountFlag, StpMode
from openoutcry.core.records import (
    AccountRow,
    BalanceRow,
    CreateAsset,
    CreateMarket,
    MarketRow,
    OrderRow,
    RefusedEvent,
    TradeEvent,
)
from openoutcry.identity.keys import material_of_secret
from openoutcry.kernel import Kernel
from openoutcry.partition.runtime import Partition
from openoutcry.ports.calls import Reply, StorageFullError
from openoutcry.ports.feeds import Committed
from openoutcry.ports.users import KeyType
from openoutcry.simulation import demo

NOW_US = 1_700_000_000_000_000


@asynccontextmanager
async def engine(directory: Path) -> AsyncIterator[Partition]:
    settings = ServeSettings(data=directory, reserve_bytes=0, journal_synchronous="OFF")
    async with open_engine(settings) as partition:
        yield partition


class CutOffError(Exception):
    """The process would have died here."""


class CutOffCalls:
    """Calls of an engine, of which only so many are let through."""

    def __init__(self, partition: Partition, allowed: int) -> None:
        self._partition = partition
        self.allowed = allowed

    async def submit(self, command: bytes) -> Reply:
        if self.allowed == 0:
            raise CutOffError
        self.allowed -= 1
        return await self._partition.submit(command)

    async def account(self, account_id: int) -> AccountRow | None:
        return await self._partition.account(account_id)

    async def balances(self, account_id: int) -> list[BalanceRow]:
        return await self._partition.balances(account_id)

    async def market(self, market: int) -> MarketRow | None:
        return await self._partition.market(market)


async def holdings(partition: Partition) -> dict[str, dict[int, int]]:
    return {
        participant.name: {
            row.asset: row.free_atoms + row.held_atoms
            for row in await partition.balances(participant.account_id)
        }
        for participant in demo.PARTICIPANTS
    }


GIVEN = {
    participant.name: {asset: units * demo.ATOMS for asset, units in participant.units.items()}
    for participant in demo.PARTICIPANTS
}


async def test_it_is_opened_once_and_never_credits_again(tmp_path: Path) -> None:
    keys = MemoryApiKeys()
    async with engine(tmp_path) as partition:
        await open_demo(partition, keys, tmp_path, NOW_US)
        assert await holdings(partition) == GIVEN
        written = (tmp_path / KEYS_FILE).read_bytes()
        seq = await partition.committed_seq()
        await open_demo(partition, keys, tmp_path, NOW_US)
        assert await partition.committed_seq() == seq
    async with engine(tmp_path) as partition:
        await open_demo(partition, keys, tmp_path, NOW_US)
        assert await holdings(partition) == GIVEN
    assert (tmp_path / KEYS_FILE).read_bytes() == written


async def test_wherever_it_is_cut_off_the_next_start_finishes_it(tmp_path: Path) -> None:
    async with engine(tmp_path) as partition:
        cuts = 0
        while cuts < 50:
            calls = CutOffCalls(partition, cuts % 13)
            try:
                await open_demo(calls, MemoryApiKeys(), tmp_path, NOW_US)  # type: ignore[arg-type]
            except CutOffError:
                cuts += 1
            else:
                break
        assert 5 < cuts < 50, "it was cut off, and got through in the end"
        assert await holdings(partition) == GIVEN


async def test_the_key_file_has_what_clients_need(tmp_path: Path) -> None:
    keys = MemoryApiKeys()
    async with engine(tmp_path) as partition:
        await open_demo(partition, keys, tmp_path, NOW_US)
    path = tmp_path / KEYS_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    entries = json.loads(path.read_text())
    types = Counter(entry["key_type"] for entry in entries)
    assert types["HMAC"] >= 2
    assert types["ED25519"] == 1
    assert types["RSA"] == 1
    for entry in entries:
        assert set(entry) == {"name", "api_key", "secret", "key_type", "balances"}
        stored = keys.find(entry["api_key"])
        assert stored is not None
        key_type = KeyType(entry["key_type"])
        assert stored.material == material_of_secret(key_type, entry["secret"])
        assert float(entry["balances"]["USD"]) >= 50_000
        assert float(entry["balances"]["BTC"]) >= 1
        assert float(entry["balances"]["ETH"]) >= 10


async def test_lost_keys_are_put_back(tmp_path: Path) -> None:
    async with engine(tmp_path) as partition:
        first = MemoryApiKeys()
        await open_demo(partition, first, tmp_path, NOW_US)
        before = json.loads((tmp_path / KEYS_FILE).read_text())
        second = MemoryApiKeys()  # the store is gone, the file is there
        await open_demo(partition, second, tmp_path, NOW_US)
        assert all(second.find(entry["api_key"]) for entry in before)
        (tmp_path / KEYS_FILE).unlink()  # the file is gone, the store is there
        await open_demo(partition, second, tmp_path, NOW_US)
        after = json.loads((tmp_path / KEYS_FILE).read_text())
    kept = [entry for entry in after if entry in before]
    assert [entry["key_type"] for entry in kept] == ["HMAC", "HMAC"]
    assert all(second.find(entry["api_key"]) for entry in after)
    for user in demo.USERS:
        assert len(second.of_account(user.account_id)) == 1


@pytest.mark.parametrize("text", ["", "{}", "[{}]", '[{"key_type": "DSA"}]', "[1]"])
async def test_a_damaged_key_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / KEYS_FILE).write_text(text)
    async with engine(tmp_path) as partition:
        if text == "{}":
            await open_demo(partition, MemoryApiKeys(), tmp_path, NOW_US)
            return
        with pytest.raises(DemoError, match=KEYS_FILE):
            await open_demo(partition, MemoryApiKeys(), tmp_path, NOW_US)


async def test_another_exchange_is_not_turned_into_a_demo(tmp_path: Path) -> None:
    usd, btc, _ = demo.create_assets()
    async with engine(tmp_path) as partition:
        await partition.submit(CreateAsset(asset=1, scale=2, name=b"EUR").pack())
        await partition.submit(btc.pack())
        market: CreateMarket = demo.create_markets()[0]._replace(
            symbol=b"BTCEUR", tick_atoms=1, lot_atoms=demo.ATOMS, tick_lot_atoms=1
        )
        await partition.submit(market.pack())
        with pytest.raises(DemoError, match="BTCEUR"):
            await open_demo(partition, MemoryApiKeys(), tmp_path, NOW_US)
        assert usd.name == b"USD"


async def test_markets_are_as_the_public_api_wants_them(tmp_path: Path) -> None:
    async with engine(tmp_path) as partition:
        await open_demo(partition, MemoryApiKeys(), tmp_path, NOW_US)
        for market in (demo.BTCUSD, demo.ETHUSD, demo.ETHBTC):
            row = await partition.market(market)
            assert row is not None
            assert row.default_stp_mode == StpMode.EXPIRE_MAKER
            assert row.stp_modes == 0b111111
            assert row.order_types == 0b11111110
        btc = await partition.market(demo.BTCUSD)
        assert btc is not None
        assert demo.ATOMS % btc.tick_atoms == 0, "whole dollars are on the tick"
        assert demo.ATOMS // 1_000 % btc.lot_atoms == 0, "0.001 BTC is on the step"
        for user in demo.USERS:
            assert await partition.fee_rates(user.account_id, demo.BTCUSD) == (100_000, 100_000)
            account = await partition.account(user.account_id)
            assert account is not None
            assert account.flags == sum(AccountFlag)


class Watcher:
    """Counts what a feed brings, and knows when the first trade of a market came."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.first_trade_seconds: dict[int, float] = {}
        self.refusals = 0
        self.batches = 0

    def take(self, batch: Committed) -> None:
        self.batches += 1
        for event in batch.events:
            if isinstance(event, TradeEvent):
                seconds = time.monotonic() - self.began
                self.first_trade_seconds.setdefault(event.market, seconds)
            self.refusals += isinstance(event, RefusedEvent)


def failed(error: BaseException) -> None:
    raise AssertionError from error


async def depths(partition: Partition) -> dict[int, tuple[int, int]]:
    """Return how many levels each side of each book has."""
    seen: dict[int, tuple[int, int]] = {}
    for plan in demo.BOT_MARKETS:
        bids, asks = await partition.inspect(
            lambda machine, market=plan.market: (  # type: ignore[misc]
                machine.depth(market, 100) if isinstance(machine, Kernel) else ([], [])
            )
        )
        assert bids[0][0] < asks[0][0]
        seen[plan.market] = (len(bids), len(asks))
    return seen


async def test_every_market_is_alive_within_three_seconds_and_after_a_restart(
    tmp_path: Path,
) -> None:
    for _ in range(2):
        async with engine(tmp_path) as partition:
            await open_demo(partition, MemoryApiKeys(), tmp_path, NOW_US)
            watcher = Watcher()
            partition.subscribe(watcher.take)
            bots = DemoBots(partition, step_seconds=0.05)
            bots.start(failed)
            while len(watcher.first_trade_seconds) < 3:
                assert time.monotonic() - watcher.began < 3
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.5)
            await bots.stop()
            assert await depths(partition) == {1: (25, 25), 2: (25, 25), 3: (25, 25)}
            assert watcher.refusals == 0
            assert await partition.inspect(lambda machine: machine.recount()) == ""
            for maker in demo.MAKERS.values():
                orders = await partition.open_orders(maker.account_id)
                ids = [order.client_order_id for order in orders]
                assert len(ids) == len(set(ids)) == 50


async def test_once_opened_every_market_has_a_book_and_a_trade(tmp_path: Path) -> None:
    async with engine(tmp_path) as partition:
        await open_demo(partition, MemoryApiKeys(), tmp_path, NOW_US)
        watcher = Watcher()
        partition.subscribe(watcher.take)
        bots = DemoBots(partition, step_seconds=3600)  # the first step must do
        bots.start(failed)
        await bots.opened()
        assert set(watcher.first_trade_seconds) == {demo.BTCUSD, demo.ETHUSD, demo.ETHBTC}
        assert await depths(partition) == {1: (25, 25), 2: (25, 25), 3: (25, 25)}
        await bots.stop()


class FullCalls(CutOffCalls):
    """Calls of an engine that takes no orders."""

    async def submit(self, command: bytes) -> Reply:
        raise StorageFullError

    async def open_orders(self, account_id: int, market: int) -> list[OrderRow]:
        return await self._partition.open_orders(account_id, market)

    async def committed_seq(self, account_id: int) -> int:
        return await self._partition.committed_seq(account_id)


async def test_an_exchange_that_takes_no_orders_opens_all_the_same(tmp_path: Path) -> None:
    async with engine(tmp_path) as partition:
        await open_demo(partition, MemoryApiKeys(), tmp_path, NOW_US)
        bots = DemoBots(FullCalls(partition, 0))  # type: ignore[arg-type]
        bots.start(failed)
        await bots.opened()
        await bots.stop()


async def test_bots_stop_when_the_exchange_does_not_take_orders_and_go_on_after(
    tmp_path: Path,
) -> None:
    async with engine(tmp_path) as partition:
        await open_demo(partition, MemoryApiKeys(), tmp_path, NOW_US)
        bots = DemoBots(partition, step_seconds=0.01)
        await bots.stop()  # never started: nothing to do
        bots.start(failed)
        await asyncio.sleep(0.2)
        await bots.stop()
        seq = await partition.idle()
        await asyncio.sleep(0.1)
        assert await partition.committed_seq() == seq
