"""Deposits: credited once, when final, whatever the chain and the ledger do in between."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.wallet_scene import ONE, SECOND_US, Scene, request

from openoutcry.adapters.memory.wallets import MemoryWalletStore
from openoutcry.adapters.simulated.custodian import Fault
from openoutcry.core.enums import AccountFlag
from openoutcry.core.records import UpdateAccount
from openoutcry.ports.ledger import START
from openoutcry.ports.wallet_desk import WalletRefusalCode, WalletRefusedError
from openoutcry.ports.wallets import Deposit, DepositState, WithdrawalState
from openoutcry.simulation import demo
from openoutcry.wallets.desk import Desk
from openoutcry.wallets.movements import deposit_reference
from openoutcry.wallets.withdrawals import hold_reference

State = DepositState


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.close()


async def pay(scene: Scene, desk: Desk, atoms: int = ONE) -> str:
    return await desk.simulate_payment(scene.alice, demo.BTC, "BTC", atoms)


async def only_deposit(desk: Desk, account_id: int) -> Deposit:
    (found,) = await desk.deposits(account_id)
    return found


async def test_a_payment_is_seen_watched_and_credited_once_when_final(scene: Scene) -> None:
    desk = await scene.open()
    before = scene.total(scene.alice, demo.BTC)
    transaction = await pay(scene, desk)
    seen = []
    for _ in range(6):
        await scene.run_rounds(desk, seconds=10, rounds=1)
        one = await only_deposit(desk, scene.alice)
        seen.append((one.state, one.confirmations, scene.total(scene.alice, demo.BTC) - before))
    assert seen == [
        (State.SEEN, 0, 0),
        (State.SEEN, 1, 0),
        (State.SEEN, 2, 0),
        (State.CREDITED, 3, ONE),
        (State.CREDITED, 3, ONE),
        (State.CREDITED, 3, ONE),
    ]
    assert scene.movements(deposit_reference("BTC", transaction, 0)) == [ONE]
    assert await desk.deposits(scene.bob) == []


async def test_an_address_is_always_the_same_and_each_accounts_own(scene: Scene) -> None:
    desk = await scene.open()
    first = await desk.deposit_address(scene.alice, demo.BTC, "BTC")
    assert await desk.deposit_address(scene.alice, demo.BTC, "BTC") == first
    assert await desk.deposit_address(scene.bob, demo.BTC, "BTC") != first
    on_eth = await desk.deposit_address(scene.alice, demo.ETH, "ETH")
    assert await desk.deposit_address(scene.alice, demo.USD, "ETH") == on_eth
    with pytest.raises(WalletRefusedError) as refused:
        await desk.deposit_address(scene.alice, demo.BTC, "ETH")
    assert refused.value.code is WalletRefusalCode.UNKNOWN_NETWORK


async def test_two_assets_at_one_address_are_told_apart(scene: Scene) -> None:
    desk = await scene.open()
    before = {asset: scene.total(scene.alice, asset) for asset in (demo.ETH, demo.USD)}
    await desk.simulate_payment(scene.alice, demo.ETH, "ETH", 2 * ONE)
    await desk.simulate_payment(scene.alice, demo.USD, "ETH", 70 * ONE)
    await scene.run_rounds(desk, seconds=5)
    assert scene.total(scene.alice, demo.ETH) - before[demo.ETH] == 2 * ONE
    assert scene.total(scene.alice, demo.USD) - before[demo.USD] == 70 * ONE


async def test_a_payment_that_the_chain_drops_is_not_credited(scene: Scene) -> None:
    desk = await scene.open()
    before = scene.total(scene.alice, demo.BTC)
    await pay(scene, desk)
    await scene.run_rounds(desk, seconds=10, rounds=2)
    (payment,) = await scene.custodian.payments(0)
    await scene.custodian.orphan(payment)
    await scene.run_rounds(desk, seconds=60)
    assert (await only_deposit(desk, scene.alice)).state is State.ORPHANED
    assert scene.total(scene.alice, demo.BTC) == before

    await scene.custodian.mine_again(payment)
    await scene.run_rounds(desk, seconds=10)
    assert (await only_deposit(desk, scene.alice)).state is State.CREDITED
    assert scene.total(scene.alice, demo.BTC) == before + ONE
    assert len(scene.movements(deposit_reference("BTC", payment.transaction, 0))) == 1


async def test_dust_is_not_credited(scene: Scene) -> None:
    desk = await scene.open()
    before = scene.total(scene.alice, demo.BTC)
    await pay(scene, desk, atoms=1)
    await scene.run_rounds(desk, seconds=10)
    assert (await only_deposit(desk, scene.alice)).state is State.TOO_SMALL
    assert scene.total(scene.alice, demo.BTC) == before


async def test_a_blocked_deposit_is_credited_when_an_operator_says_so(scene: Scene) -> None:
    desk = await scene.open()
    before = scene.total(scene.alice, demo.BTC)
    flags = AccountFlag.TRADE | AccountFlag.WITHDRAW
    scene.exchange.calls.apply(UpdateAccount(account_id=scene.alice, flags=flags).pack())
    transaction = await pay(scene, desk)
    await scene.run_rounds(desk, seconds=10)
    blocked = await only_deposit(desk, scene.alice)
    assert (blocked.state, blocked.cause) == (State.BLOCKED, "account_may_not_deposit")
    assert (await desk.retry_deposit(blocked.number)).state is State.BLOCKED, "still not allowed"

    flags |= AccountFlag.DEPOSIT
    scene.exchange.calls.apply(UpdateAccount(account_id=scene.alice, flags=flags).pack())
    assert (await desk.retry_deposit(blocked.number)).state is State.CREDITED
    assert scene.total(scene.alice, demo.BTC) == before + ONE
    with pytest.raises(WalletRefusedError):
        await desk.retry_deposit(blocked.number)
    assert scene.movements(deposit_reference("BTC", transaction, 0)) == [ONE]


async def test_a_custodian_that_is_away_costs_time_and_nothing_else(scene: Scene) -> None:
    desk = await scene.open()
    before = scene.total(scene.alice, demo.BTC)
    await pay(scene, desk)
    await scene.custodian.fail(Fault.AWAY, 3)
    await scene.run_rounds(desk, seconds=10, rounds=10)
    assert scene.total(scene.alice, demo.BTC) == before + ONE


async def test_a_store_that_was_lost_credits_nothing_again(scene: Scene) -> None:
    """The ledger itself knows a payment by its reference, for as long as it has its history."""
    desk = await scene.open()
    await pay(scene, desk)
    await scene.run_rounds(desk, seconds=10)
    after = scene.total(scene.alice, demo.BTC)

    scene.store = MemoryWalletStore()
    desk = await scene.open()
    await desk.deposit_address(scene.alice, demo.BTC, "BTC")
    await scene.run_rounds(desk, seconds=10)
    assert (await only_deposit(desk, scene.alice)).state is State.CREDITED
    assert scene.total(scene.alice, demo.BTC) == after


async def test_the_faucet_gives_so_often_a_person_and_day(scene: Scene) -> None:
    desk = await scene.open()
    before = scene.total(scene.alice, demo.USD)
    assert [(o.asset, o.left) for o in await desk.faucet(scene.alice)] == [(demo.USD, 3)]
    lefts = [(await desk.take_gift(scene.alice, demo.USD)).left for _ in range(3)]
    assert lefts == [2, 1, 0]
    with pytest.raises(WalletRefusedError) as empty:
        await desk.take_gift(scene.alice, demo.USD)
    assert empty.value.code is WalletRefusalCode.FAUCET_EMPTY
    with pytest.raises(WalletRefusedError) as other:
        await desk.take_gift(scene.alice, demo.BTC)
    assert other.value.code is WalletRefusalCode.NO_FAUCET
    assert scene.total(scene.alice, demo.USD) - before == 3000 * ONE
    assert (await desk.take_gift(scene.bob, demo.USD)).left == 2
    scene.pass_seconds(86_400)
    assert (await desk.take_gift(scene.alice, demo.USD)).left == 2


async def test_the_simulated_chain_does_not_flood_the_demo(scene: Scene) -> None:
    desk = await scene.open()
    with pytest.raises(WalletRefusedError) as much:
        await desk.simulate_payment(scene.alice, demo.USD, "SIM", 10_000 * ONE + 1)
    assert much.value.code is WalletRefusalCode.FAUCET_EMPTY
    for _ in range(50):
        await desk.simulate_payment(scene.alice, demo.USD, "SIM", 10_000 * ONE)
    await scene.run_rounds(desk, seconds=10, rounds=2)
    with pytest.raises(WalletRefusedError) as often:
        await desk.simulate_payment(scene.alice, demo.USD, "SIM", ONE)
    assert often.value.code is WalletRefusalCode.FAUCET_EMPTY
    await desk.simulate_payment(scene.bob, demo.USD, "SIM", ONE)
    scene.pass_seconds(86_400)
    await desk.simulate_payment(scene.alice, demo.USD, "SIM", ONE)


async def test_a_store_put_back_to_a_copy_holds_nothing_twice(scene: Scene) -> None:
    """The copy knows that a withdrawal was asked for, and not that it was held."""
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open()
    made = await desk.withdraw(request(scene.alice, address, 12))
    kept = await scene.store.allowed(scene.alice)

    scene.store = MemoryWalletStore()
    for entry in kept:
        await scene.store.allow(entry)
    asked = replace(made, state=WithdrawalState.REQUESTED, version=0)
    await scene.store.add_withdrawal(asked, scene.rules[demo.BTC])
    scene.pass_seconds(3600)
    desk = await scene.open()
    await scene.run_rounds(desk, seconds=1)
    again = await desk.withdrawal(scene.alice, made.withdrawal_id)
    assert again.state is WithdrawalState.AWAITING
    assert scene.movements(hold_reference(made.withdrawal_id)) == [-12 * ONE]


async def test_what_an_entry_was_for_is_told_by_its_reference(scene: Scene) -> None:
    desk = await scene.open()
    await desk.take_gift(scene.alice, demo.USD)
    await pay(scene, desk)
    await scene.run_rounds(desk, seconds=10)
    entries = await desk.statement_entries(
        0, scene.alice, scene.now_us - 200 * SECOND_US, None, START, 100
    )
    purposes = await desk.purposes(entries)
    told = {(purposes.get(entry.position), entry.amount_atoms) for entry in entries}
    assert told >= {("faucet", 1000 * ONE), ("deposit", ONE)}
    foreign = [entry._replace(account_id=scene.bob) for entry in entries]
    assert await desk.purposes(foreign) == {}
    assert await desk.purposes([]) == {}


async def test_a_statement_opens_and_closes_with_what_there_was(scene: Scene) -> None:
    desk = await scene.open()
    start_us = scene.now_us + 1
    scene.pass_seconds(1)
    await desk.take_gift(scene.alice, demo.USD)
    sums = await desk.statement_sums(0, scene.alice, start_us, None)
    assert sums.is_whole
    closing = sums.closing_atoms[demo.USD] + scene.given[demo.USD]
    assert closing == scene.total(scene.alice, demo.USD)
    opening = sums.opening_atoms.get(demo.USD, 0)
    assert sums.closing_atoms[demo.USD] - opening == 1000 * ONE
