"""The wallets die at every step there is, before and after it took effect, and start again.

A port's call is a step: a write to the store, a command to the ledger, a question to the custodian.
Whatever the step and however long the pause, money is held once, sent once or returned once.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.wallet_scene import ONE, Death, Died, Scene, request

from openoutcry.adapters.simulated.custodian import Fault
from openoutcry.adapters.sqlite.wallets import SqliteWalletStore
from openoutcry.ports.wallet_desk import WalletRefusedError
from openoutcry.ports.wallets import (
    DepositState,
    MovementKind,
    MovementState,
    UnclaimedState,
    WithdrawalCause,
    WithdrawalState,
)
from openoutcry.simulation import demo
from openoutcry.wallets.desk import Desk
from openoutcry.wallets.movements import deposit_reference
from openoutcry.wallets.withdrawals import hold_reference, return_reference
from openoutcry.wallets.worker import WalletWorker

State = WithdrawalState
SHORT_SECONDS, LONG_SECONDS = 1, 300
"""Within the deadline of a command, and so long after it that the kernel has forgotten it."""
FINAL = (State.SETTLED, State.RETURNED, State.REFUSED)

Life = Callable[[Scene, Desk], Awaitable[None]]


async def run_rounds(scene: Scene, desk: Desk, rounds: int = 6) -> None:
    worker = WalletWorker(desk)
    for _ in range(rounds):
        await worker.round()
        scene.pass_seconds(12)


async def small_withdrawal(scene: Scene, desk: Desk) -> None:
    """Ask by a client id, as a client does that was not answered and asks again."""
    address = scene.custodian.address_of("BTC", f"outside {scene.alice}")
    await try_it(desk.withdraw(request(scene.alice, address, 2, client_id="rent")))
    await run_rounds(scene, desk)


async def approved_withdrawal(scene: Scene, desk: Desk) -> None:
    await large_withdrawal(scene, desk, lambda name: desk.approve(name, 7, scene.bob, "yes"))


async def rejected_withdrawal(scene: Scene, desk: Desk) -> None:
    await large_withdrawal(scene, desk, lambda name: desk.reject(name, 7, scene.bob, "no"))


async def cancelled_withdrawal(scene: Scene, desk: Desk) -> None:
    await large_withdrawal(scene, desk, lambda name: desk.cancel(scene.alice, name))


async def large_withdrawal(
    scene: Scene, desk: Desk, decide: Callable[[str], Awaitable[object]]
) -> None:
    address = scene.custodian.address_of("BTC", f"outside {scene.alice}")
    await try_it(desk.withdraw(request(scene.alice, address, 15, client_id="car")))
    for made in await desk.withdrawals(scene.alice, states=(State.AWAITING,)):
        await try_it(decide(made.withdrawal_id))
    await run_rounds(scene, desk)


async def deposit(scene: Scene, desk: Desk) -> None:
    if not await scene.custodian.payments(0):
        address = await desk.deposit_address(scene.alice, demo.BTC, "BTC")
        await scene.custodian.pay_in("BTC", "BTC", address, 3 * ONE)
    await run_rounds(scene, desk)


async def payment_to_nobody(scene: Scene, desk: Desk) -> None:
    """Have it given to Alice by an operator, who asks again when nobody has answered."""
    if not await scene.custodian.payments(0):
        address = await scene.custodian.deposit_address("BTC", 5 << 10)
        await scene.custodian.pay_in("BTC", "BTC", address, 3 * ONE)
    await run_rounds(scene, desk, rounds=2)
    for one in await desk.unclaimed_payments(states=(UnclaimedState.OPEN,)):
        await try_it(desk.assign_payment(one.number, scene.alice, 7, scene.bob, "hers"))
    await run_rounds(scene, desk)


async def gift(scene: Scene, desk: Desk) -> None:
    if not await scene.store.gifts(scene.alice, scene.now_us // 86_400_000_000):
        await try_it(desk.take_gift(scene.alice, demo.USD))
    await run_rounds(scene, desk, rounds=2)


async def try_it(work: Awaitable[object]) -> None:
    """Ask for something as a client does who can live with a refusal."""
    try:
        await work
    except WalletRefusedError:
        return


LIVES: dict[str, tuple[Life, Fault | None]] = {
    "small": (small_withdrawal, None),
    "refused by the chain": (small_withdrawal, Fault.REFUSE_SEND),
    "dropped by the chain": (small_withdrawal, Fault.DROP_SEND),
    "approved": (approved_withdrawal, None),
    "rejected": (rejected_withdrawal, None),
    "cancelled": (cancelled_withdrawal, None),
    "deposit": (deposit, None),
    "payment to nobody": (payment_to_nobody, None),
    "gift": (gift, None),
}


async def live_and_die(scene: Scene, life: Life, death: Death, pause_seconds: int) -> None:
    """Run one life to its end or death, and let some time pass."""
    try:
        await life(scene, await scene.open(death))
    except Died:
        scene.pass_seconds(pause_seconds)


async def finish(scene: Scene, life: Life) -> None:
    """Live on without accident until nothing is left to do."""
    desk = await scene.open()
    await life(scene, desk)
    await run_rounds(scene, desk, rounds=12)


async def check(scene: Scene) -> None:
    """Hold everything that is kept against everything else: each unit is in one place, once."""
    paid_out = await scene.custodian.paid_out()
    expected = {asset: scene.given[asset] for asset in (demo.USD, demo.BTC)}
    for one in await scene.store.withdrawals():
        name = one.withdrawal_id
        assert one.state in FINAL, one
        held, returned = (
            scene.movements(hold_reference(name)),
            scene.movements(return_reference(name)),
        )
        if one.state is State.REFUSED:
            assert (held, returned, name in paid_out) == ([], [], False), one
        elif one.state is State.RETURNED:
            assert (held, returned) == ([-one.amount_atoms], [one.amount_atoms]), one
            assert name not in paid_out, "returned and sent"
        else:
            assert (held, returned) == ([-one.amount_atoms], []), one
            assert paid_out[name] == one.amount_atoms - one.fee_atoms
            expected[one.asset] -= one.amount_atoms
    for one in await scene.store.deposits():
        assert one.state is DepositState.CREDITED
        reference = deposit_reference(one.chain, one.transaction, one.output)
        assert scene.movements(reference) == [one.amount_atoms]
        expected[one.asset] += one.amount_atoms
    assigned = await scene.store.unclaimed_payments()
    assert {(one.state, one.account_id) for one in assigned} <= {
        (UnclaimedState.ASSIGNED, scene.alice)
    }
    for kind in MovementKind:
        assert await scene.store.pending_movements(kind) == []
    gifts = await scene.store.gifts(scene.alice, scene.now_us // 86_400_000_000)
    expected[demo.USD] += gifts.get(demo.USD, 0) * 1000 * ONE
    for asset, atoms in expected.items():
        assert scene.total(scene.alice, asset) == atoms


async def whole_run(
    folder: Path, name: str, deaths: list[tuple[int, bool, int]], *, in_file: bool = False
) -> list[str]:
    """Live through these deaths and to the end; return the steps of the first life."""
    life, fault = LIVES[name]
    store = SqliteWalletStore(folder / "people.db") if in_file else None
    scene = Scene(folder, store)
    try:
        await scene.allow_outside(scene.alice)
        if fault is not None:
            await scene.custodian.fail(fault)
        steps: list[str] = []
        for at, after, pause_seconds in deaths:
            death = Death(at=at, after=after)
            await live_and_die(scene, life, death, pause_seconds)
            steps = steps or death.seen
        await finish(scene, life)
        await check(scene)
        return steps
    finally:
        scene.close()
        if store is not None:
            store.close()


@pytest.mark.parametrize("name", LIVES)
async def test_a_life_without_accident_ends_well(tmp_path: Path, name: str) -> None:
    steps = await whole_run(tmp_path, name, [(0, False, 0)])
    assert "submit" in steps


@pytest.mark.slow
@pytest.mark.parametrize("pause_seconds", [SHORT_SECONDS, LONG_SECONDS])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", LIVES)
async def test_a_death_at_any_step_loses_and_doubles_nothing(
    tmp_path: Path, name: str, when: str, pause_seconds: int
) -> None:
    (tmp_path / "0").mkdir()
    steps = await whole_run(tmp_path / "0", name, [(0, False, 0)])
    # the later rounds look at what is unfinished and find nothing new: the first ones are all
    for at in range(1, min(len(steps), 48) + 1):
        folder = tmp_path / str(at)
        folder.mkdir()
        await whole_run(folder, name, [(at, when == "after", pause_seconds)])


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    name=st.sampled_from(sorted(LIVES)),
    deaths=st.lists(
        st.tuples(
            st.integers(1, 30), st.booleans(), st.sampled_from([SHORT_SECONDS, 29, 31, 121, 300])
        ),
        min_size=2,
        max_size=5,
    ),
)
def test_no_row_of_deaths_loses_or_doubles_anything(
    name: str, deaths: list[tuple[int, bool, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(whole_run(Path(folder), name, deaths))


@pytest.mark.parametrize("name", ["small", "dropped by the chain", "deposit", "payment to nobody"])
async def test_the_file_keeps_what_a_death_must_not_take(tmp_path: Path, name: str) -> None:
    for at in range(3, 24, 4):
        folder = tmp_path / str(at)
        folder.mkdir()
        await whole_run(
            folder, name, [(at, True, SHORT_SECONDS), (at, False, LONG_SECONDS)], in_file=True
        )


async def test_a_hold_that_was_interrupted_for_long_is_refused_and_takes_nothing(
    tmp_path: Path,
) -> None:
    """Nobody was told that it worked, so it must not come as a surprise later."""
    submit_at = (await whole_run(tmp_path, "small", [(0, False, 0)])).index("submit") + 1
    (tmp_path / "again").mkdir()
    scene = Scene(tmp_path / "again")
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open(Death(at=submit_at))
    with pytest.raises(Died):
        await desk.withdraw(request(scene.alice, address, 2, client_id="rent"))
    scene.pass_seconds(LONG_SECONDS)
    desk = await scene.open()
    await run_rounds(scene, desk)
    (one,) = await desk.withdrawals(scene.alice)
    assert (one.state, one.cause) == (State.REFUSED, WithdrawalCause.INTERRUPTED)
    assert scene.movements(hold_reference(one.withdrawal_id)) == []
    movement = await scene.store.movement(hold_reference(one.withdrawal_id))
    assert movement is not None
    assert movement.state is MovementState.LAPSED
    scene.close()
