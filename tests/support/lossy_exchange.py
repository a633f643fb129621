"""Partitions in one process whose every message may be lost or come twice, and rival owners.

Each owner is an engine of its own: a `Partition`, a `LinkHub`, a journal that it shares with its
rivals. A deposed owner is not told; callers still come to it for a while. What guards against all
this can be taken away, to show that the run would notice.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.support.reference_scene import ASSETS, BASE, CASH, MARKET, market_command
from tools.faults.client import BrokenPromiseError
from tools.faults.truth import Replica, Truth

from openoutcry.adapters.memory.journal import MemoryJournal, MemoryStore
from openoutcry.app.scaled.link_hub import LinkHub
from openoutcry.codec.journal import JournalRow
from openoutcry.core.enums import OrderType, Reason, Role, Side, TimeInForce
from openoutcry.core.ids import account_id_of, entity_of_market, entity_of_shard, shard_of_account
from openoutcry.core.records import (
    Command,
    CreateAccount,
    Deposit,
    DuplicateEvent,
    Host,
    NewOrder,
    OrderEvent,
    OrderRequestedEvent,
    RefusedEvent,
    SetRole,
)
from openoutcry.kernel import Kernel, KernelFault
from openoutcry.partition.machine import Machines
from openoutcry.partition.recovery import recover
from openoutcry.partition.runtime import Partition, now_us
from openoutcry.ports.calls import CallError, OutcomeUnknownError, Reply
from openoutcry.ports.links import LinkPosition, LinkReceiver

ALICE, BOB = account_id_of(1), account_id_of(2)
ROLES = {1: Role.ACCOUNTS, 2: Role.ACCOUNTS, 3: Role.MARKETS}
ROUTE = {
    entity_of_shard(shard_of_account(ALICE)): 1,
    entity_of_shard(shard_of_account(BOB)): 2,
    entity_of_market(MARKET): 3,
}
MONEY = 10**9
LOST = 0.12
ANSWER_SECONDS_MAX = 0.3
SETTLE_SECONDS_MAX = 15.0
DRAIN_SECONDS_MAX = 6.0


class UnfencedJournal(MemoryJournal):
    """A journal whose fence was taken away: neither epoch nor key keep a former owner out."""

    def append(self, rows: Sequence[JournalRow]) -> None:
        with self.store.lock:
            for row in rows:
                if self.row(row.seq) is None and row.prev_hash == self._head().hash:
                    self.store.rows.append(row)


@dataclass(frozen=True)
class Guards:
    """What a run is made with: everything as it should be, unless a field says otherwise."""

    kernel: Any = Kernel
    journal: type[MemoryJournal] = MemoryJournal
    hub: type[LinkHub] = LinkHub


class Directory:
    """The route, which does not change here."""

    def partitions(self) -> Sequence[int]:
        return sorted(ROLES)

    def partition_of(self, entity: int) -> int | None:
        return ROUTE.get(entity)

    def when_changed(self, look: Callable[[], None]) -> None:
        """Never."""

    async def refresh(self) -> None:
        """It is as it was."""


@dataclass
class Owner:
    """One engine that owns, or believes to own, one partition."""

    partition: Partition
    hub: LinkHub
    receiver: LinkReceiver
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class LossyExchange:
    """Two partitions of accounts and one of a market."""

    def __init__(self, seed: int, guards: Guards) -> None:
        self.random = random.Random(seed)
        self.guards = guards
        self.stores = {number: MemoryStore() for number in ROLES}
        self.owners: dict[int, Owner] = {}
        self.former: dict[int, Owner] = {}
        self.everybody: list[Owner] = []
        self.acknowledged: dict[bytes, int] = {}
        self.refused: set[bytes] = set()
        self.counts: Counter[str] = Counter()
        self.busy: set[asyncio.Task[Any]] = set()

    # -- owners

    async def own(self, number: int) -> Owner:
        """Let a new owner take over; whoever was it before is not told."""
        guards, loop = self.guards, asyncio.get_running_loop()
        machines = Machines(partial(guards.kernel, number), guards.kernel.restore, KernelFault)
        journal = guards.journal(number, self.stores[number])
        epoch = journal.acquire()
        ended = asyncio.Event()
        made = Partition(
            recover(machines, journal, None),
            machines,
            journal,
            partition=number,
            fatal=lambda _error: loop.call_soon_threadsafe(ended.set),
        )
        await made.start(epoch)
        hub = guards.hub(Directory(), self)  # type: ignore[arg-type]
        owner = Owner(made, hub, hub.add(number, made), ended)
        if number in self.owners:
            self.former[number] = self.owners[number]
            self.counts["take-overs"] += 1
        self.owners[number] = owner
        self.everybody.append(owner)
        return owner

    async def start(self) -> None:
        """Open accounts and market, with nothing lost."""
        for number, role in ROLES.items():
            owner = await self.own(number)
            genesis: list[Command] = [SetRole(role=role), *ASSETS, market_command()]
            genesis += [
                Host(entity=entity, hosted=1, route_version=1)
                for entity, home in ROUTE.items()
                if home == number
            ]
            for command in genesis:
                await owner.partition.submit(command.pack())
        for number, account in ((1, ALICE), (2, BOB)):
            calls = self.owners[number].partition
            await calls.submit(CreateAccount(account_id=account, flags=7).pack())
            for asset in (CASH, BASE):
                deposit = Deposit(account_id=account, asset=asset, amount_atoms=MONEY)
                await calls.submit(deposit.pack())

    async def stop(self) -> None:
        """End every owner, however it stands."""
        for task in self.busy:
            task.cancel()
        for owner in self.everybody:
            await owner.hub.stop()
            owner.partition._running = False
            await owner.partition._appender.stop()

    # -- ports.links.LinkSender, with losses

    def _lose(self, what: str) -> None:
        if self.random.random() < LOST:
            self.counts[f"{what} lost"] += 1
            raise OutcomeUnknownError(f"a {what} was lost")

    async def send(self, partition: int, messages: bytes) -> Sequence[LinkPosition]:
        self._lose("message")
        receiver = self.owners[partition].receiver
        if self.random.random() < LOST:
            self.counts["messages repeated"] += 1
            await receiver.receive(messages)
        positions = await receiver.receive(messages)
        self._lose("position")
        return positions

    async def positions(self, partition: int, sources: Sequence[int]) -> Sequence[LinkPosition]:
        self._lose("message")
        return await self.owners[partition].receiver.positions(sources)

    # -- callers

    async def _ask(self, number: int, command: bytes) -> Reply:
        """Ask an owner, or one that no longer is it; raises OutcomeUnknownError."""
        former = self.former.get(number)
        owner = self.owners[number]
        if former is not None and not former.ended.is_set() and self.random.random() < 0.5:
            owner = former
        self._lose("request")
        asked = asyncio.ensure_future(owner.partition.submit(command))
        self.busy.add(asked)
        asked.add_done_callback(self.busy.discard)
        done, _ = await asyncio.wait({asked}, timeout=ANSWER_SECONDS_MAX)
        if not done or isinstance(asked.exception(), CallError):
            raise OutcomeUnknownError("no answer")
        self._lose("reply")
        return asked.result()

    async def trade(self, account: int, name: str, count: int) -> None:
        """Send orders one after the other, each until its outcome is known."""
        number = ROUTE[entity_of_shard(shard_of_account(account))]
        for at in range(count):
            client_order_id = b"%s-%d" % (name.encode(), at)
            command = NewOrder(
                account_id=account,
                digest_lo=self.random.getrandbits(63),
                digest_hi=self.random.getrandbits(63),
                deadline_us=now_us() + 60_000_000,
                market=MARKET,
                side=self.random.choice((Side.BUY, Side.SELL)),
                order_type=OrderType.LIMIT,
                time_in_force=TimeInForce.GTC,
                price_ticks=self.random.randint(95, 105),
                qty_lots=self.random.randint(1, 9),
                client_order_id=client_order_id,
            ).pack()
            async with asyncio.timeout(SETTLE_SECONDS_MAX):
                while not self._take(client_order_id, await self._outcome(number, command)):
                    await asyncio.sleep(0.02)

    async def _outcome(self, number: int, command: bytes) -> Reply | None:
        try:
            return await self._ask(number, command)
        except OutcomeUnknownError:
            self.counts["unknown"] += 1
            return None

    def _take(self, name: bytes, reply: Reply | None) -> bool:
        """Note what was said of an order; False when that is nothing yet."""
        if reply is None:
            return False
        for event in reply.events:
            if isinstance(event, OrderEvent | OrderRequestedEvent) and (
                event.client_order_id.rstrip(b"\0") == name
            ):
                self.acknowledged[name] = event.order_id
                return True
            if isinstance(event, DuplicateEvent):
                self.counts["answered again"] += 1
                self.acknowledged[name] = event.order_id
                return True
            if isinstance(event, RefusedEvent):
                if event.reason == Reason.REQUEST_PENDING:
                    return False
                self.refused.add(name)
                return True
        raise BrokenPromiseError(f"{name!r}: an answer that says nothing: {list(reply.events)}")

    async def depose(self, until: asyncio.Event) -> None:
        """Have new owners take over at random, until told to stop."""
        while not until.is_set():
            await asyncio.sleep(self.random.uniform(0.05, 0.3))
            await self.own(self.random.choice(list(ROLES)))

    # -- what must hold

    async def account(self) -> None:
        """Drain, then hold the journals against what was said; raises BrokenPromiseError."""
        end = asyncio.get_running_loop().time() + DRAIN_SECONDS_MAX
        while True:
            truth = self._truth()
            truth.check_money({CASH: 2 * MONEY, BASE: 2 * MONEY})
            moving = truth.at_rest()
            if not moving:
                break
            if asyncio.get_running_loop().time() > end:
                raise BrokenPromiseError(moving)
            await asyncio.sleep(0.1)
        placed = self._placed()
        for name, order_id in self.acknowledged.items():
            if order_id not in placed.get(name, ()):
                raise BrokenPromiseError(f"{name!r} was acknowledged and is missing (J04)")
        for name, order_ids in placed.items():
            if len(order_ids) != 1:
                raise BrokenPromiseError(f"{name!r} was placed {len(order_ids)} times (K02)")
            if name in self.refused:
                raise BrokenPromiseError(f"{name!r} was refused and is there (K02)")

    def _truth(self) -> Truth:
        truth = Truth([])
        for number, store in self.stores.items():
            replica = Replica(number, self.guards.kernel(number))
            journal = MemoryJournal(number, store)
            replica.follow(journal, journal.head().seq)
            truth.replicas[number] = replica
        return truth

    def _placed(self) -> dict[bytes, set[int]]:
        """Return the ids of all orders that journals have ever told of, by client order id."""
        placed: dict[bytes, set[int]] = {}
        for number in (1, 2):
            replica = Replica(number, self.guards.kernel(number))
            journal = MemoryJournal(number, self.stores[number])
            replica.follow(journal, journal.head().seq, placed)
        return placed


async def run(seed: int, guards: Guards, orders: int = 25) -> Counter[str]:
    """Trade under losses and take-overs, and account for it; raises BrokenPromiseError."""
    exchange = LossyExchange(seed, guards)
    await exchange.start()
    stopping = asyncio.Event()
    deposing = asyncio.create_task(exchange.depose(stopping))
    try:
        await asyncio.gather(
            *(
                exchange.trade(account, f"{account}-{trader}", orders)
                for account in (ALICE, BOB)
                for trader in range(3)
            )
        )
        stopping.set()
        await deposing
        await exchange.account()
    except TimeoutError:
        raise BrokenPromiseError("an outcome was never known (J05)") from None
    finally:
        stopping.set()
        deposing.cancel()
        await asyncio.gather(deposing, return_exceptions=True)
        await exchange.stop()
    return exchange.counts
