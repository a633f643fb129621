"""The demo exchange: opened once by ordinary commands, its keys in a file, its bots trading while
it runs.

Every step looks at the state first, so a start after a crash finishes what is missing and a start
on a finished demo changes nothing: a balance that was ever credited is never credited again.
"""

import asyncio
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from openoutcry.core.enums import Reason
from openoutcry.core.records import (
    CreateAccount,
    CreateAsset,
    CreateMarket,
    Deposit,
    RefusedEvent,
    SetFees,
)
from openoutcry.identity.keys import KeyFormatError, generate_key, material_of_secret
from openoutcry.ports.calls import CallError, Calls
from openoutcry.ports.users import ApiKey, ApiKeys, KeyType
from openoutcry.simulation import demo
from openoutcry.simulation.bots import BotMarket

KEYS_FILE = "demo-keys.json"
KEY_TYPES = {
    "alice": KeyType.HMAC,
    "bob": KeyType.HMAC,
    "carol": KeyType.ED25519,
    "dave": KeyType.RSA,
}
DEFAULT_SEED = 1
STEP_SECONDS = 0.25
"""How often prices move and makers look at their ladders."""
_PAUSE_SECONDS = 1.0

_Command = CreateAsset | CreateMarket | SetFees | CreateAccount | Deposit


class DemoError(Exception):
    """The data directory cannot hold the demo; the message says what is in the way."""


class DemoKey(TypedDict):
    """One entry of the key file."""

    name: str
    api_key: str
    secret: str
    key_type: str
    balances: dict[str, str]


async def open_demo(calls: Calls, keys: ApiKeys, directory: Path, now_us: int) -> None:
    """Bring markets, accounts, money and keys to where the demo needs them."""
    await _open_markets(calls)
    for participant in demo.PARTICIPANTS:
        await _open_account(calls, participant)
    await asyncio.to_thread(_write_keys_if_needed, directory / KEYS_FILE, _stored_hmac_keys(keys))
    _store_keys(keys, directory / KEYS_FILE, now_us)


async def _open_markets(calls: Calls) -> None:
    markets = demo.create_markets()
    found = {command.market: await calls.market(command.market) for command in markets}
    for command in markets:
        row = found[command.market]
        if row is not None and row.symbol.rstrip(b"\0") != command.symbol:
            here, there = row.symbol.rstrip(b"\0").decode(), command.symbol.decode()
            raise DemoError(
                f"market {command.market} is {here} here and {there} in the demo:"
                " use an empty data directory"
            )
    if all(found.values()):
        return
    for asset in demo.create_assets():
        await _submit(calls, asset, Reason.ALREADY_EXISTS)
    for fees in demo.set_fees():
        await _submit(calls, fees)
    for command in markets:
        if found[command.market] is None:
            await _submit(calls, command)


async def _open_account(calls: Calls, participant: demo.Participant) -> None:
    """Open an account; the kernel never drops a balance row, so a row says that it was credited."""
    if await calls.account(participant.account_id) is None:
        await _submit(calls, demo.create_account(participant))
    credited = {row.asset for row in await calls.balances(participant.account_id)}
    for asset, deposit in demo.deposits(participant).items():
        if asset not in credited:
            await _submit(calls, deposit)


async def _submit(calls: Calls, command: _Command, tolerated: Reason = Reason.NONE) -> None:
    reply = await calls.submit(command.pack())
    for event in reply.events:
        if isinstance(event, RefusedEvent) and event.reason != tolerated:
            raise DemoError(f"{type(command).__name__} was refused: {Reason(event.reason).name}")


def _stored_hmac_keys(keys: ApiKeys) -> dict[str, ApiKey]:
    """Return the demo's own HMAC keys: their secrets can be written out again."""
    return {
        user.name: key
        for user in demo.USERS
        for key in keys.of_account(user.account_id)
        if key.key_type is KeyType.HMAC and key.label == _label(user.name)
    }


def _write_keys_if_needed(path: Path, stored: dict[str, ApiKey]) -> None:
    if not path.exists():
        _write_private(path, json.dumps(_new_keys(stored), indent=2) + "\n")


def _new_keys(stored: dict[str, ApiKey]) -> list[DemoKey]:
    entries: list[DemoKey] = []
    for user in demo.USERS:
        key_type = KEY_TYPES[user.name]
        if user.name in stored:
            api_key = stored[user.name].api_key
            secret = stored[user.name].material.decode()
        else:
            generated = generate_key(key_type)
            api_key, secret = generated.api_key, generated.secret
        entries.append(
            DemoKey(
                name=user.name,
                api_key=api_key,
                secret=secret,
                key_type=key_type.value,
                balances={
                    demo.ASSET_NAMES[asset]: f"{units}.00000000"
                    for asset, units in user.units.items()
                },
            )
        )
    return entries


def _write_private(path: Path, text: str) -> None:
    """Replace a file whole, readable by its owner alone, so that no reader ever sees half of it."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _store_keys(keys: ApiKeys, path: Path, now_us: int) -> None:
    """Make the key store agree with the file."""
    accounts = {user.name: user.account_id for user in demo.USERS}
    for entry in _read_keys(path):
        if keys.find(entry["api_key"]) is not None:
            continue
        name = entry["name"]
        if name not in accounts:
            raise DemoError(f"{path} names {name!r}, who is not in the demo")
        key_type = KeyType(entry["key_type"])
        for old in keys.of_account(accounts[name]):
            if old.label == _label(name):
                keys.revoke(old.api_key)
        material = material_of_secret(key_type, entry["secret"])
        keys.add(
            ApiKey(
                api_key=entry["api_key"],
                account_id=accounts[name],
                key_type=key_type,
                material=material,
                created_us=now_us,
                label=_label(name),
            )
        )


def _read_keys(path: Path) -> list[DemoKey]:
    try:
        entries: list[DemoKey] = json.loads(path.read_text(encoding="utf-8"))
        for entry in entries:
            material_of_secret(KeyType(entry["key_type"]), entry["secret"])
            _ = entry["api_key"], entry["name"]
    except (OSError, ValueError, TypeError, KeyError, KeyFormatError) as error:
        raise DemoError(
            f"{path} is damaged ({error}): move it away and new keys are made"
        ) from error
    return entries


def _label(name: str) -> str:
    return f"demo {name}"


class DemoBots:
    """The bots of the demo, trading through `Calls` like anyone else until they are stopped."""

    def __init__(
        self, calls: Calls, *, seed: int = DEFAULT_SEED, step_seconds: float = STEP_SECONDS
    ) -> None:
        self._calls = calls
        self._seed = seed
        self._step_seconds = step_seconds
        self._task: asyncio.Task[None] | None = None
        self._opened = asyncio.Event()

    def start(self, on_failure: Callable[[BaseException], None]) -> None:
        """Begin to trade; must be called with the event loop running."""
        assert self._task is None, "bots are started once"
        self._task = asyncio.create_task(self._run(), name="demo bots")
        self._task.add_done_callback(lambda task: _report(task, on_failure))

    async def opened(self) -> None:
        """Wait until every market that takes orders has a book on both sides and a trade."""
        await self._opened.wait()

    async def stop(self) -> None:
        """Stop; orders stay in the books and are taken up at the next start."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        crowd = await self._crowd()
        due = loop.time()
        while True:
            try:
                crowd.advance()
                await asyncio.gather(*(self._step_market(crowd, plan) for plan in demo.BOT_MARKETS))
            except CallError:
                self._opened.set()  # whoever waits need not: orders are not taken now
                await asyncio.sleep(_PAUSE_SECONDS)
            self._opened.set()  # a taker is due at its first step
            due = max(due + self._step_seconds, loop.time())
            await asyncio.sleep(due - loop.time())

    async def _crowd(self) -> demo.Crowd:
        first = demo.BOT_MARKETS[0].market
        seq = await self._calls.committed_seq(demo.MAKERS[first].account_id)
        return demo.crowd(self._seed, seq, await last_prices(self._calls))

    async def _step_market(self, crowd: demo.Crowd, plan: BotMarket) -> None:
        await self._step_maker(crowd, plan)
        taker = crowd.takers[plan.market]
        if taker.is_due():
            balances = await self._calls.balances(taker.account_id)
            order = taker.step(crowd.prices[plan.market].ticks(), balances)
            await self._calls.submit(order)

    async def _step_maker(self, crowd: demo.Crowd, plan: BotMarket) -> None:
        """Refusals need no answer: the next step sees what is there and tries again."""
        maker = crowd.makers[plan.market]
        orders = await self._calls.open_orders(maker.account_id, plan.market)
        commands = maker.step(crowd.prices[plan.market].ticks(), orders)
        await asyncio.gather(*(self._calls.submit(command) for command in commands))


async def last_prices(calls: Calls) -> dict[int, int]:
    """Return the last price in ticks of each market that the bots trade; 0: it never traded."""
    rows = [await calls.market(plan.market) for plan in demo.BOT_MARKETS]
    return {row.market: row.last_price_ticks for row in rows if row is not None}


def _report(task: asyncio.Task[None], on_failure: Callable[[BaseException], None]) -> None:
    if task.cancelled():
        return
    failure = task.exception()
    if failure is not None:
        on_failure(failure)
