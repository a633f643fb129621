"""A movement's awkward moments: clocks apart, answers lost, a ledger that forgot or contradicts."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.wallet_scene import ONE, Scene, request

from openoutcry.core.records import Deposit
from openoutcry.ports.calls import NotAcceptedError, OutcomeUnknownError, Reply
from openoutcry.ports.custodian import CustodianAwayError, Payment
from openoutcry.ports.wallets import DepositState, Movement, MovementKind, MovementState
from openoutcry.simulation import demo
from openoutcry.wallets.movements import (
    LedgerContradictsError,
    LedgerForgotError,
    MovementUnsettledError,
    Mover,
    reference_of,
)
from openoutcry.wallets.turns import Turns
from openoutcry.wallets.worker import WalletWorker


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.close()


class Line:
    """Calls whose answers may be lost or refused; everything else is the exchange's own."""

    def __init__(self, scene: Scene) -> None:
        self.calls = scene.exchange.calls
        self.failures: list[tuple[Exception, bool]] = []
        """What goes wrong, and whether the command is done all the same; then nothing."""
        self.submitted = 0

    async def submit(self, command: bytes) -> Reply:
        self.submitted += 1
        if self.failures:
            error, is_done = self.failures.pop(0)
            if is_done:
                self.calls.apply(command)
            raise error
        return self.calls.apply(command)

    async def committed_seq(self, account_id: int) -> int:
        return await self.calls.committed_seq(account_id)


class PrunedLedger:
    """A ledger that begins after any batch."""

    async def find(self, *_where: object) -> None:
        return None

    async def begins_after(self) -> int:
        return 1 << 40


def mover(scene: Scene, line: Line, clock: Callable[[], int] | None = None) -> Mover:
    return Mover(line, scene.ledger, scene.store, clock or scene.clock)  # type: ignore[arg-type]


def gift(scene: Scene, name: str = "one", kind: MovementKind = MovementKind.FAUCET) -> Movement:
    return Movement(
        reference=reference_of(name),
        kind=kind,
        account_id=scene.alice,
        asset=demo.USD,
        amount_atoms=5 * ONE,
        created_us=scene.now_us,
    )


@pytest.mark.parametrize("pause_seconds", [0, 29, 31, 200])
@pytest.mark.parametrize("what", ["the command", "the answer"])
async def test_an_answer_that_is_lost_is_asked_for_and_nothing_is_done_twice(
    scene: Scene, what: str, pause_seconds: int
) -> None:
    line, is_done = Line(scene), what == "the answer"
    line.failures = [(OutcomeUnknownError("lost"), is_done)] * 2
    wanted = gift(scene)
    for _ in range(2):
        with pytest.raises(OutcomeUnknownError):
            await mover(scene, line).settle(wanted)
    scene.pass_seconds(pause_seconds)
    settled = await mover(scene, line).settle(wanted)
    assert settled.state is MovementState.APPLIED
    assert scene.movements(wanted.reference) == [5 * ONE]
    again = await mover(scene, line).settle(wanted)
    assert (again, line.submitted) == (settled, 3 + (pause_seconds > 30 and not is_done))


async def test_what_was_not_taken_is_sent_again(scene: Scene) -> None:
    line = Line(scene)
    line.failures = [(NotAcceptedError("full"), False)]
    with pytest.raises(NotAcceptedError):
        await mover(scene, line).settle(gift(scene))
    assert (await mover(scene, line).settle(gift(scene))).state is MovementState.APPLIED


async def test_calls_for_one_movement_at_once_make_one(scene: Scene) -> None:
    one, line = gift(scene), Line(scene)
    together = mover(scene, line)
    settled = await asyncio.gather(*(together.settle(one) for _ in range(50)))
    assert {movement.state for movement in settled} == {MovementState.APPLIED}
    assert line.submitted == 1


async def test_a_clock_ahead_of_the_ledgers_waits_for_it(scene: Scene) -> None:
    line = Line(scene)
    ahead = mover(scene, line, lambda: scene.now_us + 3_600_000_000)
    with pytest.raises(MovementUnsettledError):
        await ahead.settle(gift(scene))
    assert scene.movements(gift(scene).reference) == []
    scene.pass_seconds(3600)
    assert (await ahead.settle(gift(scene))).state is MovementState.APPLIED


@pytest.mark.parametrize("kind", [MovementKind.FAUCET, MovementKind.HOLD])
async def test_a_clock_behind_the_ledgers_learns_from_it(scene: Scene, kind: MovementKind) -> None:
    line = Line(scene)
    behind = mover(scene, line, lambda: scene.now_us - 3_600_000_000)
    settled = await behind.settle(gift(scene, kind=kind))
    assert (settled.state, settled.attempt) == (MovementState.APPLIED, 2)
    amount = -5 * ONE if kind is MovementKind.HOLD else 5 * ONE
    assert scene.movements(gift(scene).reference) == [amount]
    assert line.submitted == 2


async def test_a_ledger_that_forgot_settles_nothing(scene: Scene) -> None:
    line = Line(scene)
    line.failures = [(OutcomeUnknownError("lost"), True)]
    pruned = Mover(line, PrunedLedger(), scene.store, scene.clock)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknownError):
        await pruned.settle(gift(scene))
    scene.pass_seconds(60)
    for _ in range(2):
        with pytest.raises(LedgerForgotError):
            await pruned.settle(gift(scene))
    assert scene.movements(gift(scene).reference) == [5 * ONE], "and makes nothing of it"


async def test_another_movement_under_its_reference_stops_it(scene: Scene) -> None:
    wanted = gift(scene)
    foreign = Deposit(
        account_id=scene.alice, asset=demo.USD, amount_atoms=7, reference=wanted.reference
    )
    scene.exchange.calls.apply(foreign.pack())
    with pytest.raises(LedgerContradictsError):
        await mover(scene, Line(scene)).settle(wanted)


def test_references_are_above_what_operators_type() -> None:
    references = {reference_of(f"deposit {number}") for number in range(1000)}
    assert len(references) == 1000
    assert min(references) >= 1 << 63
    assert max(references) < 1 << 64


async def test_turns_vanish_when_nobody_needs_them() -> None:
    turns = Turns()
    order: list[str] = []

    async def work(key: str, name: str) -> None:
        async with turns.of(key):
            order.append(f"{name} in")
            await asyncio.sleep(0)
            order.append(f"{name} out")

    await asyncio.gather(work("a", "1"), work("a", "2"), work("b", "3"))
    assert order.index("1 out") < order.index("2 in")
    assert order.index("3 in") < order.index("1 out")
    assert len(turns) == 0


@pytest.mark.parametrize(
    "error",
    [CustodianAwayError("no answer about this chain"), ZeroDivisionError("a fault of ours")],
)
async def test_one_deposit_in_trouble_does_not_stand_in_the_way(
    scene: Scene, error: Exception
) -> None:
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open()
    for asset, chain in ((demo.BTC, "BTC"), (demo.ETH, "ETH")):
        await desk.simulate_payment(scene.alice, asset, chain, ONE)
    made = await desk.withdraw(request(scene.alice, address, 1))
    original = scene.custodian.payment

    async def troubled(chain: str, transaction: str, output: int) -> Payment | None:
        if chain == "BTC":
            raise error
        return await original(chain, transaction, output)

    scene.custodian.payment = troubled  # type: ignore[method-assign]
    worker = WalletWorker(desk)
    for _ in range(6):
        assert await worker.round() == 1
        scene.pass_seconds(10)
    states = {one.chain: one.state.value for one in await desk.deposits(scene.alice)}
    assert states == {"BTC": "seen", "ETH": "credited"}
    assert (await desk.withdrawal(None, made.withdrawal_id)).state.value == "settled"


async def test_a_refused_movement_stays_refused_until_it_is_asked_for_again(scene: Scene) -> None:
    line = Line(scene)
    much = replace(gift(scene, "much", MovementKind.HOLD), amount_atoms=10**15)
    for _ in range(2):
        assert (await mover(scene, line).settle(much)).state is MovementState.REFUSED
    assert line.submitted == 1
    await mover(scene, line).again(much.reference)
    assert (await mover(scene, line).settle(much)).state is MovementState.REFUSED
    assert line.submitted == 2


async def test_a_fault_of_ours_in_finding_work_ends_no_work(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await scene.open()
    await desk.simulate_payment(scene.alice, demo.ETH, "ETH", ONE)
    unfinished, has_failed = desk.deposits_flow.unfinished, asyncio.Event()

    async def broken_once() -> list[int]:
        if not has_failed.is_set():
            has_failed.set()
            raise ZeroDivisionError("a fault of ours")
        return await unfinished()

    monkeypatch.setattr(desk.deposits_flow, "unfinished", broken_once)
    worker = WalletWorker(desk, round_seconds=0.01)
    worker.start()
    async with asyncio.timeout(10):
        while not await desk.deposits(scene.alice, states=[DepositState.CREDITED]):
            scene.pass_seconds(10)
            await asyncio.sleep(0.01)
    await worker.stop()
    assert has_failed.is_set()
