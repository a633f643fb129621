"""The operator's requests, straight, over the control socket, and with nobody running."""

import asyncio
import json
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from openoutcry.adapters.local.folder import FolderLock
from openoutcry.adapters.memory.keys import MemoryApiKeys
from openoutcry.app.admin import AdminError, Administration, Answer
from openoutcry.app.control import SOCKET_NAME, ControlServer, NoServerError, ask
from openoutcry.app.engine import open_engine
from openoutcry.app.offline import administer
from openoutcry.app.settings import ServeSettings
from openoutcry.core.enums import MarketStatus, StpMode
from openoutcry.core.ids import account_id_of
from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.identity.keys import generate_key
from openoutcry.partition.runtime import Partition, now_us
from openoutcry.ports.users import KeyType, ListenKeysAwayError

FIRST = account_id_of(1_000)


@asynccontextmanager
async def engine(directory: Path) -> AsyncIterator[Partition]:
    settings = ServeSettings(data=directory, reserve_bytes=0, journal_synchronous="OFF")
    async with open_engine(settings) as partition:
        yield partition


class Desk:
    """An administration with a few shorthands."""

    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.keys = MemoryApiKeys()
        self.administration = Administration(partition, self.keys, Catalog(), now_us)

    async def do(self, request_name: str, /, **values: object) -> Answer:
        request = {key.replace("_", "-"): value for key, value in values.items()}
        return await self.administration.run({"do": request_name, **request})

    async def open_market(self) -> int:
        """Return the first of the accounts that there are then."""
        await self.do("create-asset", name="EUR", scale=2)
        await self.do("create-asset", name="BTC")
        await self.do("create-market", base="BTC", quote="EUR", tick="0.01", lot="1")
        account = (await self.do("create-account"))["account"]
        assert isinstance(account, int)
        return account


@asynccontextmanager
async def desk(directory: Path) -> AsyncIterator[Desk]:
    async with engine(directory) as partition:
        yield Desk(partition)


async def test_an_exchange_is_built_from_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        account = await at.open_market()
        answer = await at.do("credit", account=account, asset="EUR", amount="1000.5", reference=7)
        assert answer == {"account": account, "asset": "EUR", "free": "1000.50", "locked": "0.00"}
        answer = await at.do("debit", account=account, asset="EUR", amount="0.5")
        assert answer["free"] == "1000.00"
        shown = await at.do("show-account", account=account)
        assert shown["balances"] == [{"asset": "EUR", "free": "1000.00", "locked": "0.00"}]
        market = await at.partition.market(1)
        assert market is not None
        assert market.status == MarketStatus.TRADING
        assert market.default_stp_mode == StpMode.EXPIRE_MAKER
        assert (market.tick_atoms, market.lot_atoms, market.tick_lot_atoms) == (1, 10**8, 1)
        assert (market.price_ticks_min, market.qty_lots_min, market.orders_max) == (1, 1, 200)


async def test_accounts_get_the_next_free_id(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        given = [(await at.do("create-account"))["account"] for _ in range(9)]
        assert given == [account_id_of(number) for number in range(1_000, 1_009)]
        assert await at.do("create-account", account=5) == {"account": 5}
        with pytest.raises(AdminError, match="already exists"):
            await at.do("create-account", account=5)


async def test_an_account_is_changed_in_what_is_named_only(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        account = await at.open_market()
        await at.do("update-account", account=account, fee_schedule=3, may_withdraw=False)
        shown = await at.do("update-account", account=account, trade_group=9)
        assert shown["may"] == ["trade", "deposit"]
        assert (shown["fee_schedule"], shown["trade_group"]) == (3, 9)
        await at.do("credit", account=account, asset="EUR", amount="1")
        with pytest.raises(AdminError, match="may not withdraw"):
            await at.do("debit", account=account, asset="EUR", amount="1")


@pytest.mark.parametrize("key_type", list(KeyType))
async def test_keys_are_made_listed_and_revoked(tmp_path: Path, key_type: KeyType) -> None:
    async with desk(tmp_path) as at:
        account = await at.open_market()
        made = await at.do(
            "create-key", account=account, type=key_type.value, label="bot", read_only=True
        )
        name = made["api_key"]
        assert isinstance(name, str)
        assert made["secret"]
        stored = at.keys.find(name)
        assert stored is not None
        assert not stored.may_trade
        listed = (await at.do("list-keys", account=account))["keys"]
        assert isinstance(listed, list)
        assert [row["label"] for row in listed] == ["bot"]
        assert "secret" not in json.dumps(listed)
        await at.do("revoke-key", api_key=name)
        assert at.keys.find(name) is None
        with pytest.raises(AdminError, match="no such"):
            await at.do("revoke-key", api_key=name)


async def test_a_key_is_held_to_what_was_said(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        account = await at.open_market()
        limits = {"may_withdraw": True, "allow_ip": ["203.0.113.7"], "allow_symbol": ["BTCEUR"]}
        made = await at.do("create-key", account=account, type="HMAC", days=2, **limits)
        name = made["api_key"]
        assert isinstance(name, str)
        key = at.keys.find(name)
        assert key is not None
        assert key.may_withdraw
        assert (key.allowed_ips, key.allowed_symbols) == (("203.0.113.7/32",), ("BTCEUR",))
        assert key.expires_us == key.created_us + 2 * 86_400_000_000
        [shown] = (await at.do("list-keys", account=account))["keys"]  # type: ignore[misc]
        assert (shown["allowed_ips"], shown["allowed_symbols"]) == ("203.0.113.7/32", "BTCEUR")
        assert shown["expires"] != "never"
        for wrong, words in (
            ({"may_withdraw": True}, "held to addresses"),
            ({"allow_ip": ["here"]}, "neither an address"),
            ({"allow_ip": "203.0.113.7"}, "a list"),
            ({"allow_symbol": ["NONE"]}, "no market"),
        ):
            with pytest.raises(AdminError, match=words):
                await at.do("create-key", account=account, type="HMAC", **wrong)


async def test_whoever_watches_hears_which_account_has_lost_a_key(tmp_path: Path) -> None:
    heard: list[int] = []

    async def on_revoked(account_id: int) -> None:
        heard.append(account_id)

    async with desk(tmp_path) as at:
        account = await at.open_market()
        at.administration = Administration(
            at.partition, at.keys, Catalog(), now_us, on_revoked=on_revoked
        )
        made = await at.do("create-key", account=account, type="HMAC")
        with pytest.raises(AdminError):
            await at.do("revoke-key", api_key="x")
        await at.do("revoke-key", api_key=made["api_key"])
        assert heard == [account]


async def test_a_listen_key_that_may_live_on_is_said(tmp_path: Path) -> None:
    async def away(_account_id: int) -> None:
        raise ListenKeysAwayError("no connection")

    async with desk(tmp_path) as at:
        account = await at.open_market()
        at.administration = Administration(
            at.partition, at.keys, Catalog(), now_us, on_revoked=away
        )
        made = await at.do("create-key", account=account, type="HMAC")
        with pytest.raises(AdminError, match="the key is revoked, but"):
            await at.do("revoke-key", api_key=made["api_key"])
        assert at.keys.find(str(made["api_key"])) is None


async def test_a_public_key_made_elsewhere_is_stored_without_a_secret(tmp_path: Path) -> None:
    pem = generate_key(KeyType.RSA).material.decode()
    async with desk(tmp_path) as at:
        account = await at.open_market()
        made = await at.do("create-key", account=account, type="RSA", public_key=pem)
        assert "secret" not in made
        with pytest.raises(AdminError, match="ED25519"):
            await at.do("create-key", account=account, type="ED25519", public_key=pem)


async def test_markets_are_changed_and_stopped(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.open_market()
        shown = await at.do("set-filters", symbol="BTCEUR", filters={"price-max": "99.5"})
        assert shown["version"] == 2
        filters = shown["filters"]
        assert isinstance(filters, dict)
        assert (filters["price-max"], filters["orders-max"]) == ("99.5", "200")
        for status in MarketStatus:
            await at.do("set-status", symbol="BTCEUR", status=status.name)
            market = await at.partition.market(1)
            assert market is not None
            assert market.status == status
        listed = (await at.do("list"))["markets"]
        assert isinstance(listed, list)
        assert [row["status"] for row in listed] == ["END_OF_DAY"]


async def test_fees_are_set_for_all_markets_or_one(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        account = await at.open_market()
        await at.do("set-fees", maker="0.001", taker="0.002")
        assert await at.partition.fee_rates(account, 1) == (100_000, 200_000)
        await at.do("set-fees", symbol="BTCEUR", maker="0", taker="0.00000001")
        assert await at.partition.fee_rates(account, 1) == (0, 1)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("fly", {}, "unknown request"),
        ("credit", {"account": 1}, "asset is missing"),
        ("credit", {"account": 1, "asset": "XXX", "amount": "1"}, "no asset 'XXX'"),
        ("credit", {"account": 1, "asset": "EUR", "amount": "1"}, "unknown account"),
        ("credit", {"account": 1, "asset": "EUR", "amount": "0.001"}, "more than 2 decimals"),
        ("credit", {"account": FIRST, "asset": "EUR", "amount": "-1"}, "invalid amount"),
        ("credit", {"account": "1", "asset": "EUR", "amount": "1"}, "account is a whole number"),
        ("credit", {"account": True, "asset": "EUR", "amount": "1"}, "account is a whole number"),
        ("show-account", {"account": 99}, "no account 99"),
        ("create-key", {"account": 99, "type": "HMAC"}, "no account 99"),
        ("create-asset", {"name": "EUR"}, "already exists"),
        ("create-asset", {"name": "eur"}, "invalid specification"),
        ("create-asset", {"name": "Ä"}, "plain letters"),
        ("create-asset", {"name": 5}, "name is text"),
        (
            "create-market",
            {"base": "BTC", "quote": "EUR", "tick": "0", "lot": "1"},
            "more than zero",
        ),
        ("create-asset", {"name": "A" * 17}, "16 at most"),
        ("credit", {"account": 99, "asset": "EUR", "amount": "9" * 20}, "out of range"),
        ("credit", {"account": 99, "asset": "EUR", "amount": "much"}, "not a number"),
        (
            "create-market",
            {"base": "BTC", "quote": "EUR", "tick": "0.01", "lot": "0.5"},
            "whole number of the smallest unit of EUR",
        ),
        ("set-filters", {"symbol": "BTCEUR"}, "at least one"),
        ("set-filters", {"symbol": "BTCEUR", "filters": {"x": "1"}}, "no filter 'x'"),
        ("set-filters", {"symbol": "BTCEUR", "filters": {"price-max": "a"}}, "price-max: 'a'"),
        ("set-filters", {"symbol": "BTCEUR", "filters": []}, "an object"),
        ("set-filters", {"symbol": "NONE", "filters": {"price-max": "1"}}, "no market 'NONE'"),
        ("set-status", {"symbol": "BTCEUR", "status": "OPEN"}, "TRADING"),
        ("set-fees", {"maker": "1", "taker": "0"}, "below 1"),
        ("set-fees", {"maker": "0"}, "taker is missing"),
        ("update-account", {"account": 1, "may-trade": "no"}, "no account"),
    ],
)
async def test_what_cannot_be_done_is_said(
    tmp_path: Path, name: str, values: dict[str, object], words: str
) -> None:
    async with desk(tmp_path) as at:
        await at.open_market()
        with pytest.raises(AdminError, match=words):
            await at.do(name, **values)


async def asked(directory: Path, **request: object) -> Answer:
    return await asyncio.to_thread(ask, directory, request)


@pytest.mark.parametrize("depth", [1, 12], ids=["short path", "path too long for a socket"])
async def test_a_running_exchange_is_asked_through_its_socket(tmp_path: Path, depth: int) -> None:
    directory = tmp_path.joinpath(*["a long name of a folder"] * depth)
    directory.mkdir(parents=True)
    async with desk(directory) as at:
        control = ControlServer(at.administration, directory)
        await control.start()
        mode = (directory / SOCKET_NAME).stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
        assert await asked(directory, do="create-account") == {"account": account_id_of(1_000)}
        with pytest.raises(AdminError, match="unknown request"):
            await asked(directory, do="nothing")
        await control.close()
        assert not (directory / SOCKET_NAME).exists()
        with pytest.raises(NoServerError):
            await asked(directory, do="list")


async def test_requests_come_one_after_the_other(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        control = ControlServer(at.administration, tmp_path)
        await control.start()
        answers = await asyncio.gather(*(asked(tmp_path, do="create-account") for _ in range(8)))
        accounts = {answer["account"] for answer in answers}
        assert accounts == {account_id_of(number) for number in range(1_000, 1_008)}
        await control.close()


async def test_a_connection_may_ask_nonsense_and_go_on(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        control = ControlServer(at.administration, tmp_path)
        await control.start()
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / SOCKET_NAME))
        for line in (b"{", b"[]", b"\xff", b'{"do": 5}', b'{"do": "list"}'):
            writer.write(line + b"\n")
            answer = json.loads(await reader.readline())
            assert ("ok" in answer) == (line == b'{"do": "list"}')
        writer.write(b"x" * 200_000 + b"\n")
        assert await reader.read() == b""
        writer.close()
        assert "assets" in await asked(tmp_path, do="list")
        idle = await asyncio.open_unix_connection(str(tmp_path / SOCKET_NAME))
        await asyncio.wait_for(control.close(), 30)
        idle[1].close()


async def test_a_socket_left_by_a_killed_server_is_nobody(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / SOCKET_NAME))
    with pytest.raises(NoServerError):
        await asked(tmp_path, do="list")
    async with desk(tmp_path) as at:
        control = ControlServer(at.administration, tmp_path)
        await control.start()
        assert "markets" in await asked(tmp_path, do="list")
        await control.close()


def test_with_nobody_running_the_folder_is_opened_for_the_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTCRY_RESERVE_BYTES", "0")

    async def make() -> None:
        async with desk(tmp_path) as at:
            await at.open_market()

    asyncio.run(make())
    account = account_id_of(1_000)
    made = administer(tmp_path, {"do": "create-key", "account": account, "type": "HMAC"})
    listed = administer(tmp_path, {"do": "list-keys", "account": account})["keys"]
    assert isinstance(listed, list)
    assert [row["api_key"] for row in listed] == [made["api_key"]]
    administer(tmp_path, {"do": "credit", "account": account, "asset": "EUR", "amount": "1"})
    shown = administer(tmp_path, {"do": "show-account", "account": account})
    assert shown["balances"] == [{"asset": "EUR", "free": "1.00", "locked": "0.00"}]


def test_no_exchange_is_made_by_accident(tmp_path: Path) -> None:
    with pytest.raises(AdminError, match="holds no exchange"):
        administer(tmp_path / "typo", {"do": "list"})
    assert not (tmp_path / "typo").exists()


def test_a_folder_in_use_that_does_not_answer_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch()
    lock = FolderLock(tmp_path)
    with pytest.raises(AdminError, match="in use"):
        administer(tmp_path, {"do": "list"})
    lock.release()


def test_a_damaged_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"this is no journal" * 1_000)
    with pytest.raises(AdminError):
        administer(tmp_path, {"do": "list"})
