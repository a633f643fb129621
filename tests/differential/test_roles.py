"""Roles, hosting, requests and moves step by step, on both implementations at once."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from bench.differential import Pair, Sides, records
from bench.network import Move, Node, compare_links, deliver, link_of, move_in, native_pair
from tests.support.reference_scene import ASSETS, BASE, CASH, START_US, market_command

from openoutcry.core import records as r
from openoutcry.core.enums import (
    EventKind,
    Execution,
    LinkKind,
    MarketStatus,
    OrderStatus,
    OrderType,
    Reason,
    Role,
    Side,
    TimeInForce,
)
from openoutcry.core.ids import account_id_of, entity_of_market, entity_of_shard, shard_of_account
from openoutcry.core.limits import ACCOUNT_SHARDS, OUTBOX_MESSAGES_MAX, REQUESTS_MAX
from openoutcry.kernel import Kernel
from openoutcry.simulation.commands import Batch

ALICE, BOB = account_id_of(1), account_id_of(2)
SHARD, OTHER = entity_of_shard(shard_of_account(ALICE)), entity_of_shard(shard_of_account(BOB))
MARKET = entity_of_market(1)
MONEY = 10**9


class Partition:
    """A partition of one role, kernel and reference; they must agree on every byte."""

    def __init__(self, role: Role, number: int = 1) -> None:
        self.number = number
        self.pair: Pair = native_pair(number)
        self.time_us = START_US
        self.do(r.SetRole(role=role))

    def do(self, *commands: Any) -> list[Any]:
        """Apply commands as one batch; return its events."""
        self.time_us = max(self.time_us + 1, self.view.time_us())
        data = b""
        for command in commands:
            record = command if isinstance(command, bytes) else command.pack()
            data += record[:40] + self.time_us.to_bytes(8, "little") + record[48:]
        events = self.pair.apply(Batch(data, ()))
        self.pair.compare_states()
        compare_links(self.pair)
        return [r.EVENTS[record[2]].unpack(record) for record in records(events)]

    def reasons(self, *commands: Any) -> list[Reason]:
        """Apply commands; return the reasons of their refusals."""
        return [Reason(e.reason) for e in self.do(*commands) if e.kind == EventKind.REFUSED]

    @property
    def view(self) -> Any:
        return self.pair.left


def accounts() -> Partition:
    """Alice, with money, and a copy of the market."""
    made = Partition(Role.ACCOUNTS)
    made.do(*ASSETS, market_command(), r.Host(entity=SHARD, hosted=1, route_version=1))
    made.do(r.CreateAccount(account_id=ALICE, flags=7))
    for asset in (CASH, BASE):
        made.do(r.Deposit(account_id=ALICE, asset=asset, amount_atoms=MONEY))
    return made


def market() -> Partition:
    """The market."""
    made = Partition(Role.MARKETS, 2)
    made.do(*ASSETS, market_command(), r.Host(entity=MARKET, hosted=1, route_version=1))
    return made


def order(name: bytes = b"a", side: Side = Side.BUY, **fields: Any) -> r.NewOrder:
    given: dict[str, Any] = {
        "account_id": ALICE,
        "market": 1,
        "side": side,
        "order_type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "price_ticks": 100,
        "qty_lots": 5,
        "client_order_id": name,
    }
    return r.NewOrder(**(given | fields))


def sent(events: list[Any]) -> Iterator[Any]:
    """Messages that a batch sends."""
    return (link_of(event.pack()) for event in events if event.kind == EventKind.LINK)


def exchange(here: Partition, there: Partition, events: list[Any]) -> tuple[list[Any], list[Any]]:
    """Deliver what was sent, and what is said to that; return the events there and here."""
    replies = there.do(*(deliver(m.pack()) for m in sent(events)))
    return replies, here.do(*(deliver(m.pack()) for m in sent(replies)))


def kinds(events: list[Any]) -> list[EventKind]:
    return [EventKind(event.kind) for event in events]


# ----- roles and hosting


def test_a_role_is_taken_once_and_first() -> None:
    made = Partition(Role.ACCOUNTS)
    assert made.view.role() == Role.ACCOUNTS
    assert made.reasons(r.SetRole(role=2)) == [Reason.ALREADY_EXISTS]
    assert made.reasons(r.SetRole(role=0), r.SetRole(role=3)) == [Reason.INVALID_SPECIFICATION] * 2

    joined = Pair(Sides())
    for command in (ASSETS[0], r.SetRole(role=1)):
        events = joined.apply(Batch(command._replace(time_us=START_US).pack(), ()))
    assert r.RefusedEvent.unpack(events).reason == Reason.ALREADY_EXISTS


@pytest.mark.parametrize(
    "command",
    [
        r.Host(entity=SHARD, hosted=1),
        r.LinkAck(destination=1, link_seq=1),
        r.MoveOut(entity=SHARD, target=3, route_version=9),
        r.MoveDone(entity=SHARD, route_version=9),
        r.MoveIn(entity=SHARD),
        deliver(r.CancelLink(source=SHARD, destination=MARKET, link_seq=1).pack()),
    ],
)
def test_a_joined_partition_knows_nothing_of_links(command: Any) -> None:
    pair = Pair(Sides())
    record = command if isinstance(command, bytes) else command.pack()
    events = pair.apply(Batch(record, ()))
    pair.compare_states()

    assert r.RefusedEvent.unpack(events).reason == Reason.UNKNOWN_COMMAND


def test_what_may_be_hosted() -> None:
    made = accounts()
    wrong = (MARKET, entity_of_shard(ACCOUNT_SHARDS), 0)
    assert made.reasons(*(r.Host(entity=entity, hosted=1) for entity in wrong)) == [
        Reason.INVALID_SPECIFICATION
    ] * len(wrong)
    assert made.reasons(r.Host(entity=SHARD, hosted=1)) == [Reason.ALREADY_EXISTS]
    assert made.reasons(r.Host(entity=OTHER)) == [Reason.NOT_HOSTED]
    assert made.reasons(r.Host(entity=SHARD)) == [Reason.INVALID_SPECIFICATION]
    assert made.do(r.Host(entity=OTHER, hosted=1, route_version=4))[0].route_version == 4
    assert made.view.hosted() == [(SHARD, 1), (OTHER, 4)]
    made.do(r.Host(entity=OTHER))
    assert made.view.hosted() == [(SHARD, 1)]

    there = market()
    unknown = r.Host(entity=entity_of_market(9), hosted=1)
    assert there.reasons(unknown) == [Reason.UNKNOWN_MARKET]
    there.do(r.Host(entity=MARKET))
    assert r.MarketRow.unpack(there.view.market(1)).entity_seq == 0


def test_who_lives_elsewhere_is_refused_by_the_partition() -> None:
    made = accounts()
    away: list[Any] = [
        order(account_id=BOB),
        r.CancelAll(account_id=BOB, market=1),
        r.Deposit(account_id=BOB, asset=1, amount_atoms=1),
        r.CreateAccount(account_id=BOB, flags=7),
        r.UpdateAccount(account_id=BOB),
        r.SetMarketStatus(market=1, status=MarketStatus.HALT),
    ]
    refused = made.do(*away)
    assert [e.reason for e in refused] == [Reason.NOT_HOSTED] * len(away)
    assert {e.entity for e in refused} == {0}
    assert made.reasons(order(account_id=ALICE + (1 << 30))) == [Reason.UNKNOWN_ACCOUNT]


# ----- requests


def test_an_order_goes_and_comes_back() -> None:
    here, there = accounts(), market()
    asked = here.do(order())
    replies, answered = exchange(here, there, asked)

    assert kinds(asked) == [EventKind.LINK, EventKind.PENDING]
    assert [m.kind for m in sent(replies)] == [LinkKind.ANSWER, LinkKind.ANSWER]
    assert kinds(answered) == [EventKind.ORDER, EventKind.ANSWERED]
    assert (answered[0].held_atoms, answered[0].status) == (500, OrderStatus.NEW)
    assert answered[1].origin_command == asked[1].origin_command
    assert (answered[1].origin_seq, answered[1].origin_partition) == (asked[1].seq, 1)


def test_a_request_under_way_is_not_begun_again() -> None:
    here, there = accounts(), market()
    late = order(digest_lo=5, deadline_us=START_US + 60_000_000)
    asked = here.do(late)
    assert here.reasons(late) == [Reason.REQUEST_PENDING]
    here.pair.restore()
    assert here.reasons(late._replace(client_order_id=b"b")) == [Reason.REQUEST_PENDING]
    exchange(here, there, asked)
    again = here.do(late)

    assert kinds(again) == [EventKind.DUPLICATE]
    assert again[0].order_id == asked[1].order_id


def test_a_request_survives_a_restore_on_either_side() -> None:
    here, there = accounts(), market()
    asked = here.do(order(), order(b"b", Side.SELL, price_ticks=101))
    for side in (here, there):
        side.pair.restore()
    _, answered = exchange(here, there, asked)

    assert kinds(answered) == [EventKind.ORDER, EventKind.ANSWERED] * 2


def test_a_name_that_an_amend_asks_for_is_taken_until_it_is_answered() -> None:
    here, there = accounts(), market()
    exchange(here, there, here.do(order()))
    amend = r.AmendOrder(
        account_id=ALICE,
        market=1,
        original_client_order_id=b"a",
        qty_lots=9,
        client_order_id=b"new",
    )
    asked = here.do(amend)
    assert here.reasons(order(b"new")) == [Reason.DUPLICATE_CLIENT_ORDER_ID]
    here.pair.restore()
    assert here.reasons(order(b"new")) == [Reason.DUPLICATE_CLIENT_ORDER_ID]
    _, answered = exchange(here, there, asked)

    assert [e.reason for e in answered if e.kind == EventKind.REFUSED] == [Reason.AMEND_INCREASE]
    assert here.reasons(order(b"new")) == []


def test_a_prevention_is_told_to_the_account() -> None:
    here, there = accounts(), market()
    exchange(here, there, here.do(order(b"a", Side.SELL, stp_mode=4)))
    replies, told = exchange(here, there, here.do(order(b"b", qty_lots=3, stp_mode=4)))

    of_market = [e for e in replies if e.kind == EventKind.PREVENTED]
    of_account = [e for e in told if e.kind == EventKind.PREVENTED]
    body = r.PreventedEvent._fields.index("market")
    assert len(of_market) == 1
    assert [tuple(e)[body:] for e in of_account] == [tuple(of_market[0])[body:]] * 2
    at = kinds(told).index(EventKind.PREVENTED)
    assert told[at + 1].execution == Execution.TRADE_PREVENTION


def test_k01_a_message_counts_once_and_in_its_turn() -> None:
    here, there = accounts(), market()
    first, second = (next(sent(here.do(order(name)))) for name in (b"a", b"b"))
    assert there.do(deliver(second.pack())) == []
    assert there.do(deliver(first.pack())) != []
    assert there.do(deliver(first.pack())) == []
    assert there.view.link_positions() == [(SHARD, MARKET, 1)]
    assert there.view.last_in(SHARD, MARKET) == 1

    ack = r.LinkAck(entity=SHARD, destination=MARKET, link_seq=1)
    outboxes = [len(here.view.outbox())]
    for acknowledged in (ack._replace(link_seq=3), ack, ack):
        assert here.do(acknowledged) == []
        outboxes.append(len(here.view.outbox()))
    assert outboxes == [2 * 128, 2 * 128, 128, 128]


@pytest.mark.slow
def test_requests_and_outboxes_are_bounded() -> None:
    """The last that fits, and one more, on both sides."""
    here, there = accounts(), market()
    asked: list[bytes] = []
    for begin in range(0, REQUESTS_MAX, 8_192):
        names = (b"n%d" % number for number in range(begin, begin + 8_192))
        told = here.pair.apply(batch(order(name, price_ticks=1, qty_lots=1) for name in names))
        asked += [link_of(e).pack() for e in records(told) if e[2] == EventKind.LINK]
    assert len(asked) == REQUESTS_MAX
    assert here.reasons(order()) == [Reason.CAPACITY_REACHED]
    taken = OUTBOX_MESSAGES_MAX // 2  # each is answered twice
    for begin in range(0, taken, 8_192):
        there.pair.apply(batch(deliver(m) for m in asked[begin : begin + 8_192]))
    (refused,) = sent(there.do(deliver(asked[taken])))

    assert (refused.kind, refused.reason) == (LinkKind.DONE, Reason.CAPACITY_REACHED)
    assert here.reasons(r.Deposit(account_id=ALICE, asset=1, amount_atoms=1)) == []


def batch(commands: Iterable[Any]) -> Batch:
    """Commands at the time at which the partitions begin."""
    packed = (c if isinstance(c, bytes) else c.pack() for c in commands)
    time = (START_US + 20).to_bytes(8, "little")
    return Batch(b"".join(c[:40] + time + c[48:] for c in packed), ())


# ----- moves


def parts(source: Partition, target: int, version: int, size: int) -> list[bytes]:
    """MOVE_OUT at the source; return the MOVE_IN commands."""
    entity = source.view.hosted()[0][0]
    source.do(r.MoveOut(entity=entity, target=target, route_version=version))
    rows = source.view.export(entity)
    nobody = Node(0, Role.JOINED, source.pair)
    move = Move(entity, nobody, nobody, version, size)
    cuts = range(0, len(rows), size)
    return [
        move_in(move, n, rows[at : at + size], last=at == cuts[-1]) for n, at in enumerate(cuts)
    ]


def test_k10_a_shard_moves_with_everything_that_is_under_way() -> None:
    here, there = accounts(), market()
    asked = here.do(order(digest_lo=3, deadline_us=START_US + 60_000_000))
    new = Partition(Role.ACCOUNTS, 7)
    new.do(*ASSETS, market_command())
    new.time_us = here.time_us + 10
    moved = parts(here, 7, 2, 480)
    assert here.reasons(order(b"b")) == [Reason.NOT_HOSTED]
    assert new.reasons(order(b"b")) == [Reason.NOT_HOSTED]
    for part in moved[:-1]:
        assert kinds(new.do(part)) == [EventKind.MOVED_IN]
        assert new.reasons(part) == [Reason.ALREADY_EXISTS]
        new.pair.restore()
    assert new.view.accounts_count() == 0
    new.do(moved[-1])
    assert new.reasons(moved[-1]) == [Reason.ALREADY_EXISTS]

    late = order(digest_lo=3, deadline_us=START_US + 60_000_000)
    assert new.reasons(late) == [Reason.REQUEST_PENDING]
    replies = there.do(*(deliver(m.pack()) for m in sent(asked)))
    messages = [deliver(m.pack()) for m in sent(replies)]
    assert here.do(*messages) == []
    assert kinds(new.do(*messages)) == [EventKind.ORDER, EventKind.ANSWERED]
    done = r.MoveDone(entity=SHARD, route_version=2)
    assert kinds(here.do(done)) == [EventKind.MOVE_DONE]
    assert here.reasons(done, done._replace(route_version=3)) == [
        Reason.ALREADY_EXISTS,
        Reason.NOT_HOSTED,
    ]
    assert here.view.departures() == [(SHARD, 7, 2, 0)]
    assert here.reasons(r.Host(entity=SHARD, hosted=1)) == [Reason.ALREADY_EXISTS]
    for side in (here, new):
        side.pair.recount()
        side.pair.restore()


def test_k10_a_market_moves_with_its_book_and_outbox() -> None:
    here, there = accounts(), market()
    exchange(here, there, here.do(order(b"a", Side.SELL), order(b"b", price_ticks=90)))
    new = Partition(Role.MARKETS, 8)
    new.do(*ASSETS, market_command())
    new.time_us = there.time_us + 10
    before = (there.view.depth(1, 5), there.view.outbox())
    assert kinds(new.do(*parts(there, 8, 5, 60_000))) == [EventKind.MOVED_IN, EventKind.MARKET]

    assert (new.view.depth(1, 5), new.view.outbox()) == before
    assert (there.view.depth(1, 5), there.view.outbox()) == (([], []), b"")
    taken = here.do(order(b"c", qty_lots=5, price_ticks=100))
    assert there.do(*(deliver(m.pack()) for m in sent(taken))) == []
    replies, _ = exchange(here, new, taken)
    assert [e.trade_id for e in replies if e.kind == EventKind.TRADE] == [1]


def test_rows_that_are_not_sound_do_not_arrive() -> None:
    here = accounts()
    new = Partition(Role.ACCOUNTS, 7)
    new.do(*ASSETS, market_command())
    early = Partition(Role.ACCOUNTS, 9)
    early.do(*ASSETS, market_command())
    (whole,) = parts(here, 7, 2, 60_000)
    new.time_us = here.time_us + 10

    assert new.reasons(move_part(whole, whole[64:-8])) == [Reason.INVALID_SPECIFICATION]
    assert new.reasons(move_part(whole, whole[64:-24])) == [Reason.INVALID_SPECIFICATION]
    assert new.view.arrivals() == []
    assert early.reasons(whole) == [Reason.TIME_WENT_BACK]
    assert early.view.arrivals() == [(SHARD, 2, 0)]
    assert kinds(new.do(whole)) == [EventKind.MOVED_IN]


def move_part(part: bytes, rows: bytes) -> bytes:
    """The same MOVE_IN with other rows."""
    size = r.MoveIn.SIZE + len(rows)
    return size.to_bytes(2, "little") + part[2 : r.MoveIn.SIZE] + rows


def test_an_entity_leaves_only_forward_and_elsewhere() -> None:
    here = accounts()
    out = r.MoveOut(entity=SHARD, target=7, route_version=2)
    assert here.reasons(
        out._replace(entity=OTHER), out._replace(route_version=1), out._replace(target=1)
    ) == [Reason.NOT_HOSTED, Reason.INVALID_SPECIFICATION, Reason.INVALID_SPECIFICATION]
    here.do(out)
    rows = here.view.export(SHARD)
    nobody = Node(0, Role.JOINED, here.pair)
    back = [move_in(Move(SHARD, nobody, nobody, v, 1), 0, rows, last=True) for v in (2, 3)]
    assert here.reasons(back[0]) == [Reason.INVALID_SPECIFICATION]
    assert kinds(here.do(back[1])) == [EventKind.MOVED_IN]
    assert here.view.hosted() == [(SHARD, 3)]
    assert here.view.departures() == []
    assert isinstance(here.pair.left, Kernel)
