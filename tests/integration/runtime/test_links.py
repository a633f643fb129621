"""Partitions in one process that trade with each other, each with its own journal."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial

import pytest
import pytest_asyncio
from tests.support.reference_scene import ASSETS, BASE, CASH, market_command

from openoutcry.adapters.memory.journal import MemoryJournal
from openoutcry.core.enums import Execution, OrderStatus, OrderType, Reason, Role, Side, TimeInForce
from openoutcry.core.ids import account_id_of, entity_of_market, entity_of_shard, shard_of_account
from openoutcry.core.records import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    CancelReplace,
    Command,
    CreateAccount,
    Deposit,
    Event,
    Host,
    MoveDone,
    MoveOut,
    NewOrder,
    OrderEvent,
    OrderRequestedEvent,
    RefusedEvent,
    SetRole,
)
from openoutcry.kernel import Kernel, KernelFault
from openoutcry.partition.books import hosted, whole_book
from openoutcry.partition.links import move_parts
from openoutcry.partition.local_links import LocalLinks
from openoutcry.partition.machine import Machines
from openoutcry.partition.recovery import recover
from openoutcry.partition.runtime import Partition
from openoutcry.ports.calls import NotHostedError, OutcomeUnknownError

ALICE, BOB = account_id_of(1), account_id_of(2)
MARKET = entity_of_market(1)
MONEY = 10**9


@dataclass
class Exchange:
    """Two partitions of accounts and one of a market, and the links between them."""

    partitions: dict[int, Partition] = field(default_factory=dict)
    journals: dict[int, MemoryJournal] = field(default_factory=dict)
    route: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.links = LocalLinks(lambda entity: self.partitions.get(self.route.get(entity, -1)))

    async def start(self, number: int) -> Partition:
        """Start a partition from its journal, and join it to the others."""
        machines = Machines(partial(Kernel, number), Kernel.restore, KernelFault)
        journal = self.journals.setdefault(number, MemoryJournal(number))
        made = Partition(recover(machines, journal, None), machines, journal, partition=number)
        await made.start()
        self.partitions[number] = made
        await self.links.connect(made)
        return made

    async def stop(self, number: int) -> None:
        """Stop a partition; its journal stays."""
        stopped = self.partitions.pop(number)
        self.links.disconnect(stopped)
        await stopped.stop()

    async def send(self, command: Command) -> list[Event]:
        """Give a command to the partition of its account; return the events of its reply."""
        number = self.route[entity_of_shard(shard_of_account(command.account_id))]
        reply = await self.partitions[number].submit(command.pack())
        return list(reply.events)


@pytest_asyncio.fixture
async def exchange() -> AsyncIterator[Exchange]:
    made = Exchange()
    made.route = {
        entity_of_shard(shard_of_account(ALICE)): 1,
        entity_of_shard(shard_of_account(BOB)): 2,
        MARKET: 3,
    }
    for number, role in ((1, Role.ACCOUNTS), (2, Role.ACCOUNTS), (3, Role.MARKETS)):
        partition = await made.start(number)
        genesis: list[Command] = [SetRole(role=role), *ASSETS, market_command()]
        genesis += [
            Host(entity=entity, hosted=1, route_version=1)
            for entity, home in made.route.items()
            if home == number
        ]
        for command in genesis:
            reply = await partition.submit(command.pack())
            assert not isinstance(reply.events[0], RefusedEvent)
    for account in (ALICE, BOB):
        await made.send(CreateAccount(account_id=account, flags=7))
        for asset in (CASH, BASE):
            await made.send(Deposit(account_id=account, asset=asset, amount_atoms=MONEY))
    yield made
    for number in list(made.partitions):
        await made.stop(number)


def order(account: int, side: Side, price: int, lots: int, name: bytes) -> NewOrder:
    return NewOrder(
        account_id=account,
        market=1,
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price_ticks=price,
        qty_lots=lots,
        client_order_id=name,
    )


def told(events: list[Event]) -> list[tuple[int, int]]:
    """Execution and status of each order event."""
    return [
        (event.execution, event.status)
        for event in events
        if isinstance(event, OrderEvent | OrderRequestedEvent)
    ]


async def money(exchange: Exchange, account: int) -> dict[int, tuple[int, int]]:
    number = exchange.route[entity_of_shard(shard_of_account(account))]
    rows = await exchange.partitions[number].balances(account)
    return {row.asset: (row.free_atoms, row.held_atoms) for row in rows}


async def until_sent(partition: Partition) -> None:
    """Wait until messages are in the outbox that nobody takes."""
    async with asyncio.timeout(5):
        while not await partition.outbox():
            await asyncio.sleep(0.001)


NEW = (Execution.NEW, OrderStatus.NEW)
FILLED = (Execution.TRADE, OrderStatus.FILLED)
PARTLY = (Execution.TRADE, OrderStatus.PARTIALLY_FILLED)
CANCELED = (Execution.CANCELED, OrderStatus.CANCELED)


async def test_an_order_rests_and_another_partition_takes_it(exchange: Exchange) -> None:
    resting = await exchange.send(order(ALICE, Side.SELL, 100, 5, b"a"))
    taking = await exchange.send(order(BOB, Side.BUY, 101, 8, b"b"))
    await exchange.links.idle()

    assert told(resting) == [NEW]
    assert told(taking) == [NEW, PARTLY]
    assert await money(exchange, ALICE) == {CASH: (MONEY + 500, 0), BASE: (MONEY - 5, 0)}
    assert await money(exchange, BOB) == {
        CASH: (MONEY - 500 - 303, 303),
        BASE: (MONEY + 5, 0),
    }


async def test_every_kind_of_request_has_one_reply(exchange: Exchange) -> None:
    await exchange.send(order(ALICE, Side.BUY, 90, 5, b"a"))
    amended = await exchange.send(
        AmendOrder(account_id=ALICE, market=1, original_client_order_id=b"a", qty_lots=4)
    )
    replaced = await exchange.send(
        CancelReplace(
            **_body(order(ALICE, Side.BUY, 91, 5, b"c")),
            cancel_original_client_order_id=b"a",
            mode=1,
        )
    )
    failed = await exchange.send(
        CancelReplace(
            **_body(order(ALICE, Side.BUY, 91, 5, b"d")),
            cancel_original_client_order_id=b"gone",
            mode=2,
        )
    )
    every = await exchange.send(CancelAll(account_id=ALICE, market=1))
    gone = await exchange.send(
        CancelOrder(account_id=ALICE, market=1, original_client_order_id=b"c")
    )

    assert told(amended) == [(Execution.REPLACED, OrderStatus.NEW)]
    assert told(replaced) == [CANCELED, NEW]
    assert isinstance(failed[0], RefusedEvent)
    assert told(failed) == [NEW]
    assert told(every) == [CANCELED, CANCELED]
    assert [type(event) for event in gone] == [RefusedEvent]


def _body(command: NewOrder) -> dict[str, object]:
    fields = command._asdict()
    return {name: fields[name] for name in fields if name not in {"size", "kind", "version"}}


async def test_a_market_refuses_in_its_own_time(exchange: Exchange) -> None:
    await exchange.send(order(ALICE, Side.SELL, 100, 5, b"a"))
    maker = order(BOB, Side.BUY, 100, 5, b"b")._replace(
        order_type=OrderType.LIMIT_MAKER, time_in_force=TimeInForce.NONE
    )
    refused = await exchange.send(maker)

    assert [event.reason for event in refused if isinstance(event, RefusedEvent)] == [
        Reason.WOULD_TAKE
    ]
    assert await money(exchange, BOB) == {CASH: (MONEY, 0), BASE: (MONEY, 0)}


async def test_k01_k05_a_market_that_restarts_catches_up_from_the_outbox(
    exchange: Exchange,
) -> None:
    await exchange.send(order(ALICE, Side.SELL, 100, 5, b"a"))
    await exchange.stop(3)
    asked = asyncio.create_task(exchange.send(order(BOB, Side.BUY, 100, 5, b"b")))
    await until_sent(exchange.partitions[2])
    waiting = await exchange.partitions[2].outbox()
    await exchange.start(3)
    taking = await asked
    await exchange.links.idle()

    assert waiting
    assert told(taking) == [NEW, FILLED]
    assert await money(exchange, ALICE) == {CASH: (MONEY + 500, 0), BASE: (MONEY - 5, 0)}


async def test_k01_accounts_that_restart_hear_what_became_of_their_orders(
    exchange: Exchange,
) -> None:
    await exchange.send(order(ALICE, Side.SELL, 100, 5, b"a"))
    await exchange.stop(1)
    taking = await exchange.send(order(BOB, Side.BUY, 100, 5, b"b"))
    await exchange.start(1)
    await exchange.links.idle()

    assert told(taking) == [NEW, FILLED]
    assert await money(exchange, ALICE) == {CASH: (MONEY + 500, 0), BASE: (MONEY - 5, 0)}


async def test_who_waits_while_the_accounts_stop_does_not_know(exchange: Exchange) -> None:
    await exchange.stop(3)
    asked = asyncio.create_task(exchange.send(order(BOB, Side.BUY, 100, 5, b"b")))
    await until_sent(exchange.partitions[2])
    await exchange.stop(2)

    with pytest.raises(OutcomeUnknownError):
        await asked


async def test_outboxes_are_emptied_by_acknowledgements(exchange: Exchange) -> None:
    for number in range(20):
        await exchange.send(order(ALICE, Side.SELL, 100 + number, 5, b"a%d" % number))
    async with asyncio.timeout(5):
        while [p for p in exchange.partitions.values() if await p.outbox()]:
            await asyncio.sleep(0.01)

    rows = exchange.journals[1].head().seq
    assert rows < 100  # acknowledgements go with other commands, or many in one row


async def test_k10_an_account_moves_and_trades_on(exchange: Exchange) -> None:
    """The rows go by hand, as the control process carries them; then the route changes."""
    await exchange.send(order(ALICE, Side.SELL, 100, 5, b"a"))
    entity = entity_of_shard(shard_of_account(ALICE))
    source, target = exchange.partitions[1], exchange.partitions[2]
    await source.submit(MoveOut(entity=entity, target=2, route_version=2).pack())
    away = await exchange.send(order(ALICE, Side.SELL, 100, 1, b"b"))
    taking = asyncio.create_task(exchange.send(order(BOB, Side.BUY, 100, 5, b"c")))
    await taking
    export = await source.inspect(lambda machine: machine.export(entity))
    for part in move_parts(entity, 2, export):
        await target.submit(part)
    exchange.route[entity] = 2
    await exchange.links.refresh()
    await source.submit(MoveDone(entity=entity, route_version=2).pack())
    await exchange.links.idle()

    assert [event.reason for event in away if isinstance(event, RefusedEvent)] == [
        Reason.NOT_HOSTED
    ]
    assert await money(exchange, ALICE) == {CASH: (MONEY + 500, 0), BASE: (MONEY - 5, 0)}
    assert told(await exchange.send(order(ALICE, Side.BUY, 90, 1, b"d"))) == [NEW]


async def test_only_the_host_answers_for_what_lives_in_it(exchange: Exchange) -> None:
    """V04: a read that goes where an account was, or never was, is asked for again elsewhere."""
    await exchange.send(order(ALICE, Side.SELL, 100, 5, b"a"))
    stranger, market = exchange.partitions[2], exchange.partitions[3]
    reads = [
        lambda calls: calls.order(ALICE, 1),
        lambda calls: calls.order_by_client_id(ALICE, 1, b"a"),
        lambda calls: calls.open_orders(ALICE),
        lambda calls: calls.balances(ALICE),
        lambda calls: calls.account(ALICE),
        lambda calls: calls.fee_rates(ALICE, 1),
        lambda calls: calls.committed_seq(ALICE),
    ]
    for read in reads:
        await read(exchange.partitions[1])
        for elsewhere in (stranger, market):
            with pytest.raises(NotHostedError):
                await read(elsewhere)
    with pytest.raises(NotHostedError):
        await stranger.average_price_ticks(1)
    assert await market.average_price_ticks(1) == 0
    assert await stranger.market(1) is not None, "a copy, for those who bring it up to date"
    assert await stranger.committed_seq() > 0


async def test_an_owner_publishes_only_what_lives_in_it(exchange: Exchange) -> None:
    await exchange.send(order(ALICE, Side.SELL, 100, 5, b"a"))
    await exchange.links.idle()
    found = {
        number: await partition.inspect(hosted) for number, partition in exchange.partitions.items()
    }
    assert [found[number].markets for number in (1, 2, 3)] == [[], [], [1]]
    assert [[shard for shard, _ in found[number].shards] for number in (1, 2, 3)] == [
        [shard_of_account(ALICE)],
        [shard_of_account(BOB)],
        [],
    ]
    for number, partition in exchange.partitions.items():
        book = await partition.inspect(partial(whole_book, market=1, partition=number, epoch=7))
        assert (book is None) == (number != 3)
        meta, shards = await partition.inspect(lambda machine: (machine.meta(), machine.shards()))
        assert meta + shards != b""
        assert (await partition.inspect(lambda machine: machine.snapshot())).startswith(meta)
    assert book is not None
    assert (list(book.bids), list(book.asks)) == ([], [(100, 5)])
