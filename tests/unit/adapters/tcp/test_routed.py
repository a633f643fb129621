"""How a gateway finds the owner and asks again. Covers J05, K02, O03, O37."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from openoutcry.adapters.memory.routes import MemoryOwners, MemoryRoute
from openoutcry.adapters.tcp.remote import take_outcome
from openoutcry.adapters.tcp.routed import RoutedCalls, RoutedLimits
from openoutcry.core.enums import Reason
from openoutcry.core.ids import account_id_of, entity_of_market, entity_of_shard
from openoutcry.core.records import (
    CancelAll,
    CancelOrder,
    CreateAccount,
    CreateAsset,
    CreateMarket,
    Deposit,
    DuplicateEvent,
    Epoch,
    MarketRow,
    NewOrder,
    OrderEvent,
    RefusedEvent,
    SetFees,
    SetLimits,
    SetMarketStatus,
    UpdateMarket,
)
from openoutcry.ports.calls import (
    CallError,
    NotAcceptedError,
    NotConnectedError,
    NotHostedError,
    NotOwnerError,
    OutcomeUnknownError,
    OverloadedError,
    Reply,
    StorageFullError,
    Taker,
)
from openoutcry.ports.routes import Owner

ALICE, BOB = account_id_of(1), account_id_of(2)
ACCOUNTS, OTHERS, MARKETS = 0, 1, 2
QUICK = RoutedLimits(
    wait_seconds_max=0.3,
    read_seconds_max=0.2,
    spread_seconds_max=0.5,
    refresh_seconds_min=0.0,
    pause_seconds_min=0.001,
    pause_seconds_max=0.01,
)
OK = Reply(5, 7, OrderEvent(order_id=1024).pack())
AGAIN = Reply(6, 8, DuplicateEvent(order_id=1024).pack())
Step = Reply | CallError | Callable[[], Any]


def refused(reason: Reason) -> Reply:
    return Reply(5, 7, RefusedEvent(reason=reason).pack())


class Scripted:
    """A partition that answers by a script, and with OK after its end."""

    def __init__(self, *script: Step) -> None:
        self.script = list(script)
        self.got: list[bytes] = []
        self.versions: dict[int, int] = {}

    async def submit(self, command: bytes) -> Reply:
        self.got.append(command)
        await asyncio.sleep(0)
        step: Any = self.script.pop(0) if self.script else OK
        if callable(step):
            step = step()
        if isinstance(step, Exception):
            raise step
        if command[2] == UpdateMarket.KIND and step is OK:
            market = UpdateMarket.unpack(command).market
            self.versions[market] = self.versions.get(market, 1) + 1
        return step

    def send(self, command: bytes, taker: Taker) -> None:
        take_outcome(self.submit(command), taker)

    async def committed_seq(self, account_id: int) -> int:
        self.got.append(b"seq")
        step: Any = self.script.pop(0) if self.script else 9
        if callable(step):
            step = step()
        if isinstance(step, Exception):
            raise step
        return step

    async def market(self, market: int) -> MarketRow | None:
        return MarketRow(market=market, specification_version=self.versions.get(market, 1))


class Scene:
    """Alice on one partition, Bob on another, market 1 on a third."""

    def __init__(self, limits: RoutedLimits = QUICK) -> None:
        self.route = MemoryRoute(
            {
                entity_of_shard(1): ACCOUNTS,
                entity_of_shard(2): OTHERS,
                entity_of_market(1): MARKETS,
            }
        )
        self.owners = MemoryOwners({n: Owner(f"engine-{n}:1", 1) for n in range(3)})
        self.at: dict[tuple[int, Owner], Scripted] = {}
        self.made = 0
        self.calls = RoutedCalls(self.route, self.owners, self._make, now_us, limits)

    def _make(self, partition: int, owner: Owner) -> Scripted:
        self.made += 1
        return self.partition(partition, owner)

    def partition(self, partition: int, owner: Owner | None = None) -> Scripted:
        owner = owner or self.owners.owner_of(partition)
        assert owner is not None
        return self.at.setdefault((partition, owner), Scripted())

    def script(self, partition: int, *steps: Step) -> Scripted:
        scripted = self.partition(partition)
        scripted.script = list(steps)
        return scripted


def now_us() -> int:
    return time.time_ns() // 1000


def order(account_id: int = ALICE, digest: int = 3, window_us: int = 5_000_000) -> bytes:
    return NewOrder(
        account_id=account_id, digest_lo=digest, deadline_us=now_us() + window_us, market=1
    ).pack()


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_commands_go_to_the_owner_of_their_account(scene: Scene) -> None:
    assert await scene.calls.submit(order(ALICE)) == OK
    await scene.calls.submit(CancelOrder(account_id=BOB, market=1).pack())
    await scene.calls.submit(CreateAccount(account_id=BOB).pack())
    await scene.calls.submit(Deposit(account_id=ALICE).pack())
    await scene.calls.submit(order(ALICE))
    assert [len(scene.partition(number).got) for number in range(3)] == [3, 2, 0]
    assert scene.made == 2, "the calls of an owner are made once"


async def test_a_markets_status_goes_to_its_host_alone(scene: Scene) -> None:
    await scene.calls.submit(SetMarketStatus(market=1, status=2).pack())
    assert [len(scene.partition(number).got) for number in range(3)] == [0, 0, 1]


@pytest.mark.parametrize("command", [Epoch().pack(), b"", b"short", CreateMarket().pack()[:48]])
async def test_what_is_not_a_gateways_is_no_command(scene: Scene, command: bytes) -> None:
    with pytest.raises(ValueError):
        await scene.calls.submit(command)


@pytest.mark.parametrize(
    "failure",
    [
        refused(Reason.NOT_HOSTED),
        refused(Reason.REQUEST_PENDING),
        OutcomeUnknownError("cut"),
        NotOwnerError("moved"),
        NotConnectedError("away"),
        NotAcceptedError("stopping"),
        NotHostedError("moved"),
    ],
    ids=["not hosted", "pending", "unknown", "not owner", "away", "stopping", "moved"],
)
async def test_the_same_bytes_are_sent_again_k02(scene: Scene, failure: Step) -> None:
    scripted = scene.script(ACCOUNTS, failure, failure, AGAIN)
    command = order()
    assert await scene.calls.submit(command) == AGAIN
    assert scripted.got == [command] * 3
    assert scene.route.refreshed >= 2
    assert scene.owners.refreshed >= 2


async def sent(scene: Scene, command: bytes) -> Reply:
    """Do as `submit`, by `send`."""
    told: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def take(outcome: Reply | CallError) -> None:
        if isinstance(outcome, CallError):
            told.set_exception(outcome)
        else:
            told.set_result(outcome)

    scene.calls.send(command, take)
    return await told


async def test_what_is_sent_without_waiting_is_asked_again_too(scene: Scene) -> None:
    steps = (NotConnectedError("away"), refused(Reason.REQUEST_PENDING), AGAIN)
    scripted = scene.script(ACCOUNTS, *steps)
    command = order()
    assert await sent(scene, command) == AGAIN
    assert scripted.got == [command] * 3
    scene.script(ACCOUNTS, StorageFullError("full"))
    with pytest.raises(StorageFullError):
        await sent(scene, order())
    scene.owners.set(ACCOUNTS, None)
    with pytest.raises(NotConnectedError):
        await sent(scene, order(window_us=20_000))


async def test_what_is_sent_counts_until_its_taker_is_told_o37() -> None:
    scene = Scene(RoutedLimits(commands_max=2, orders_max=1, pause_seconds_min=0.001))
    scene.script(ACCOUNTS, NotConnectedError("away"), OK, refused(Reason.INSUFFICIENT_BALANCE))
    first = asyncio.create_task(sent(scene, order()))
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        scene.calls.send(order(), lambda _: None)
    assert await first == OK
    for _ in range(3):
        await sent(scene, order())


async def test_a_moved_account_is_found_again(scene: Scene) -> None:
    def move() -> Reply:
        scene.route.set(entity_of_shard(1), OTHERS)
        return refused(Reason.NOT_HOSTED)

    scene.script(ACCOUNTS, move)
    assert await scene.calls.submit(order()) == OK
    assert len(scene.partition(OTHERS).got) == 1


async def test_a_new_owner_is_found(scene: Scene) -> None:
    def take_over() -> CallError:
        scene.owners.set(ACCOUNTS, Owner("engine-9:1", 2))
        return OutcomeUnknownError("the engine died")

    old = scene.script(ACCOUNTS, take_over)
    command = order()
    assert await scene.calls.submit(command) == OK
    assert old.got == scene.partition(ACCOUNTS).got == [command]


async def test_a_partition_without_owner_is_waited_for(scene: Scene) -> None:
    scene.owners.set(ACCOUNTS, None)
    asyncio.get_running_loop().call_later(
        0.05, lambda: scene.owners.set(ACCOUNTS, Owner("engine-9:1", 2))
    )
    assert await scene.calls.submit(order()) == OK


async def test_without_a_digest_an_unknown_outcome_is_told_at_once(scene: Scene) -> None:
    scripted = scene.script(ACCOUNTS, OutcomeUnknownError("cut"))
    with pytest.raises(OutcomeUnknownError):
        await scene.calls.submit(order(digest=0))
    assert len(scripted.got) == 1


async def test_without_a_digest_what_did_not_happen_is_sent_again(scene: Scene) -> None:
    scripted = scene.script(ACCOUNTS, refused(Reason.NOT_HOSTED), NotConnectedError("away"))
    assert await scene.calls.submit(Deposit(account_id=ALICE).pack()) == OK
    assert len(scripted.got) == 3


async def test_it_ends_with_what_is_known_at_the_deadline(scene: Scene) -> None:
    def always(error: CallError) -> None:
        scene.script(ACCOUNTS, *[error] * 1000)

    always(NotConnectedError("away"))
    with pytest.raises(NotConnectedError):
        await scene.calls.submit(order(window_us=50_000))
    always(OutcomeUnknownError("cut"))
    with pytest.raises(OutcomeUnknownError):
        await scene.calls.submit(order(window_us=50_000))
    scene.script(ACCOUNTS, OutcomeUnknownError("cut"), *[NotConnectedError("away")] * 1000)
    with pytest.raises(OutcomeUnknownError):
        await scene.calls.submit(order(window_us=50_000))


async def test_it_ends_before_a_far_deadline(scene: Scene) -> None:
    scene.script(ACCOUNTS, *[NotConnectedError("away")] * 1000)
    begun = time.monotonic()
    with pytest.raises(NotConnectedError):
        await scene.calls.submit(order(window_us=60_000_000))
    assert time.monotonic() - begun < 5


async def test_a_resend_that_is_late_leaves_the_outcome_unknown_j05(scene: Scene) -> None:
    """The first copy may have been done in time: "too late" would be a wrong answer."""
    late = refused(Reason.DEADLINE_PASSED)
    scene.script(ACCOUNTS, OutcomeUnknownError("cut"), late)
    with pytest.raises(OutcomeUnknownError):
        await scene.calls.submit(order())
    scene.script(ACCOUNTS, late)
    assert await scene.calls.submit(order()) == late
    scene.script(ACCOUNTS, NotOwnerError("moved"), late)
    assert await scene.calls.submit(order()) == late


@pytest.mark.parametrize("error", [OverloadedError("full"), StorageFullError("full")])
async def test_overload_is_not_made_worse_o37(scene: Scene, error: CallError) -> None:
    scripted = scene.script(ACCOUNTS, error)
    with pytest.raises(type(error)):
        await scene.calls.submit(order())
    assert len(scripted.got) == 1
    scripted = scene.script(ACCOUNTS, OutcomeUnknownError("cut"), error, AGAIN)
    assert await scene.calls.submit(order()) == AGAIN, "an unknown outcome is still asked for"


async def test_new_orders_are_refused_before_cancels_o37() -> None:
    scene = Scene(RoutedLimits(commands_max=6, orders_max=4))
    gate = asyncio.Event()

    class Slow(Scripted):
        async def submit(self, command: bytes) -> Reply:
            await gate.wait()
            return OK

    owner = scene.owners.owner_of(ACCOUNTS)
    assert owner is not None
    scene.at[ACCOUNTS, owner] = Slow()
    tasks = [asyncio.create_task(scene.calls.submit(order(digest=n + 1))) for n in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await scene.calls.submit(order())
    cancels = (CancelOrder(account_id=ALICE).pack(), CancelAll(account_id=ALICE).pack())
    tasks += [asyncio.create_task(scene.calls.submit(command)) for command in cancels]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await scene.calls.submit(cancels[0])
    gate.set()
    assert await asyncio.gather(*tasks) == [OK] * 6
    assert await scene.calls.submit(order()) == OK


async def test_tables_that_are_away_hold_nobody_up_for_long() -> None:
    scene = Scene(
        RoutedLimits(wait_seconds_max=0.3, refresh_seconds_max=0.02, pause_seconds_min=0.001)
    )

    async def hang() -> None:
        await asyncio.Event().wait()

    scene.route.refresh = hang  # type: ignore[method-assign]
    scene.script(ACCOUNTS, NotConnectedError("away"))
    assert await scene.calls.submit(order()) == OK


async def test_many_waiting_share_one_reading_of_the_tables(scene: Scene) -> None:
    readings = 0

    async def slow() -> None:
        nonlocal readings
        readings += 1
        await asyncio.sleep(0.02)

    scene.route.refresh = slow  # type: ignore[method-assign]
    scene.script(ACCOUNTS, *[NotConnectedError("away")] * 50)
    await asyncio.gather(*(scene.calls.submit(order(digest=n + 1)) for n in range(50)))
    assert readings == 1


# -- reads


async def test_reads_are_asked_again_until_somebody_answers(scene: Scene) -> None:
    def move() -> CallError:
        scene.route.set(entity_of_shard(1), OTHERS)
        return NotHostedError("moved")

    scene.script(ACCOUNTS, OutcomeUnknownError("cut"), NotOwnerError("moved"), move)
    assert await scene.calls.committed_seq(ALICE) == 9
    assert scene.partition(OTHERS).got == [b"seq"]


async def test_a_read_that_nobody_answers_has_not_happened(scene: Scene) -> None:
    scene.script(ACCOUNTS, *[OutcomeUnknownError("cut")] * 1000)
    with pytest.raises(NotAcceptedError):
        await scene.calls.committed_seq(ALICE)
    scripted = scene.script(ACCOUNTS, OverloadedError("full"))
    scripted.got.clear()
    with pytest.raises(OverloadedError):
        await scene.calls.committed_seq(ALICE)
    assert len(scripted.got) == 1


async def test_a_market_without_a_row_in_the_route_is_none(scene: Scene) -> None:
    assert await scene.calls.market(8) is None
    row = await scene.calls.market(1)
    assert row is not None
    assert row.market == 1


# -- what everybody has to have


@pytest.mark.parametrize(
    "command",
    [
        CreateAsset(asset=1),
        CreateMarket(market=1),
        UpdateMarket(market=1),
        SetFees(market=1),
        SetLimits(orders_max=1),
    ],
    ids=lambda command: type(command).__name__,
)
async def test_everybody_is_told_and_the_hosts_answer_counts(scene: Scene, command: Any) -> None:
    exists = refused(Reason.ALREADY_EXISTS)
    host = MARKETS if isinstance(command, CreateMarket | UpdateMarket) else ACCOUNTS
    others = {ACCOUNTS, OTHERS, MARKETS} - {host}
    first, second = others
    if not isinstance(command, UpdateMarket):
        scene.script(first, exists)
    scene.script(second, NotOwnerError("moved"), OutcomeUnknownError("cut"))
    assert await scene.calls.submit(command.pack()) == OK
    assert len(scene.partition(host).got) == 1
    assert len(scene.partition(first).got) == 1
    assert len(scene.partition(second).got) == 3
    if isinstance(command, UpdateMarket):
        assert {scene.partition(number).versions[1] for number in range(3)} == {2}


async def test_what_the_host_refuses_goes_no_further(scene: Scene) -> None:
    scene.script(MARKETS, refused(Reason.INVALID_SPECIFICATION))
    reply = await scene.calls.submit(CreateMarket(market=1).pack())
    assert reply.records == refused(Reason.INVALID_SPECIFICATION).records
    assert scene.partition(ACCOUNTS).got == []


async def test_a_creation_that_was_broken_off_is_finished_by_a_repetition(scene: Scene) -> None:
    scene.script(ACCOUNTS, *[NotConnectedError("away")] * 1000)
    command = CreateMarket(market=1).pack()
    with pytest.raises(OutcomeUnknownError):
        await scene.calls.submit(command)
    scene.script(ACCOUNTS)
    exists = refused(Reason.ALREADY_EXISTS)
    scene.script(MARKETS, exists)
    scene.script(OTHERS, exists)
    assert await scene.calls.submit(command) == exists, "the answer of the host counts"
    assert scene.partition(ACCOUNTS).got[-1] == command


async def test_a_copy_that_lags_is_brought_up_to_its_host(scene: Scene) -> None:
    scene.partition(MARKETS).versions[1] = 4
    await scene.calls.submit(UpdateMarket(market=1).pack())
    assert [scene.partition(number).versions[1] for number in range(3)] == [5, 5, 5]


async def test_a_copy_that_refuses_is_told_of(scene: Scene) -> None:
    scene.script(OTHERS, refused(Reason.UNKNOWN_ASSET))
    with pytest.raises(OutcomeUnknownError, match="partition 1 refused: UNKNOWN_ASSET"):
        await scene.calls.submit(CreateMarket(market=1).pack())


async def test_two_administrators_are_obeyed_in_one_order(scene: Scene) -> None:
    commands = [SetFees(maker_rate=rate).pack() for rate in range(1, 6)]
    await asyncio.gather(*map(scene.calls.submit, commands))
    orders = {tuple(scene.partition(number).got) for number in range(3)}
    assert len(orders) == 1


async def test_a_market_that_no_partition_is_to_host_is_not_made(scene: Scene) -> None:
    with pytest.raises(NotHostedError):
        await scene.calls.submit(CreateMarket(market=5).pack())
