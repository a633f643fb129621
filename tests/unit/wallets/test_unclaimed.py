"""Payments that are nobody's: kept, given to somebody once, or to nobody with a reason."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.wallet_scene import ONE, Scene

from openoutcry.adapters.memory.audit import MemoryAudit
from openoutcry.adapters.memory.wallets import MemoryWalletStore
from openoutcry.adapters.sqlite.wallets import SqliteWalletStore
from openoutcry.identity.audit import AuditLog
from openoutcry.ports.calls import CallError
from openoutcry.ports.custodian import Payment
from openoutcry.ports.wallet_desk import WalletRefusalCode, WalletRefusedError
from openoutcry.ports.wallets import DepositState, UnclaimedPayment, UnclaimedState
from openoutcry.simulation import demo
from openoutcry.wallets.desk import Desk
from openoutcry.wallets.movements import deposit_reference

State = UnclaimedState
Code = WalletRefusalCode
STRANGER = 5 << 10
"""An account that the custodian has an address for, and the exchange has not."""
OPERATOR = 7


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.close()


async def paid_to_nobody(scene: Scene, desk: Desk, asset: str = "BTC") -> UnclaimedPayment:
    address = await scene.custodian.deposit_address("BTC", STRANGER)
    await scene.custodian.pay_in("BTC", asset, address, 3 * ONE)
    await scene.run_rounds(desk, seconds=1, rounds=1)
    (found,) = await desk.unclaimed_payments(states=(State.OPEN,))
    return found


async def assigned(scene: Scene, desk: Desk, number: int, account_id: int = 0) -> UnclaimedPayment:
    return await desk.assign_payment(number, account_id or scene.alice, OPERATOR, STRANGER, "hers")


def reference_of(payment: UnclaimedPayment) -> int:
    return deposit_reference(payment.chain, payment.transaction, payment.output)


async def refusal(work: object) -> WalletRefusalCode:
    with pytest.raises(WalletRefusedError) as refused:
        await work  # type: ignore[misc]
    return refused.value.code


async def test_a_payment_to_nobody_is_kept_once_and_credits_nobody(scene: Scene) -> None:
    desk = await scene.open()
    one = await paid_to_nobody(scene, desk)
    assert (one.chain, one.asset_name, one.scale) == ("BTC", "BTC", demo.SCALE)
    assert (one.amount_atoms, one.state, one.account_id) == (3 * ONE, State.OPEN, 0)
    await scene.store.set_cursor(0)
    scene.store._cursor = 0  # type: ignore[attr-defined]  # as after a crash before it was moved
    await scene.run_rounds(await scene.open(), seconds=20)
    assert await desk.unclaimed_payments() == [one]
    assert await desk.deposits(None) == []
    assert scene.movements(reference_of(one)) == []


async def test_an_operator_gives_it_to_an_account_and_it_is_credited_once(scene: Scene) -> None:
    desk = await scene.open()
    before = scene.total(scene.alice, demo.BTC)
    one = await paid_to_nobody(scene, desk)
    done = await assigned(scene, desk, one.number)
    assert (done.state, done.account_id, done.decided_by) == (State.ASSIGNED, scene.alice, OPERATOR)
    assert scene.total(scene.alice, demo.BTC) == before, "it is not final yet"
    await scene.run_rounds(desk, seconds=10)
    assert await assigned(scene, desk, one.number) == done
    await scene.run_rounds(desk, seconds=10)
    (deposit,) = await desk.deposits(scene.alice)
    assert deposit.state is DepositState.CREDITED
    assert scene.total(scene.alice, demo.BTC) == before + 3 * ONE
    assert scene.movements(reference_of(one)) == [3 * ONE]
    assert await refusal(assigned(scene, desk, one.number, scene.bob)) is Code.TOO_LATE
    assert await refusal(desk.dismiss_payment(one.number, OPERATOR, "x")) is Code.TOO_LATE


async def test_what_the_chain_drops_is_credited_to_nobody(scene: Scene) -> None:
    desk = await scene.open()
    before = scene.total(scene.alice, demo.BTC)
    one = await paid_to_nobody(scene, desk)
    await assigned(scene, desk, one.number)
    (payment,) = await scene.custodian.payments(0)
    await scene.custodian.orphan(payment)
    await scene.run_rounds(desk, seconds=10)
    (deposit,) = await desk.deposits(scene.alice)
    assert deposit.state is DepositState.ORPHANED
    await scene.custodian.mine_again(payment)
    await scene.run_rounds(desk, seconds=10)
    assert scene.total(scene.alice, demo.BTC) == before + 3 * ONE
    assert scene.movements(reference_of(one)) == [3 * ONE]


async def test_one_that_is_dismissed_stays_so(scene: Scene) -> None:
    desk = await scene.open()
    one = await paid_to_nobody(scene, desk)
    done = await desk.dismiss_payment(one.number, OPERATOR, "sent back by hand")
    assert (done.state, done.note) == (State.DISMISSED, "sent back by hand")
    assert await refusal(assigned(scene, desk, one.number)) is Code.TOO_LATE
    (payment,) = await scene.custodian.payments(0)
    await desk.deposit_address(scene.alice, demo.BTC, "BTC")
    await scene.store.add_address("BTC", one.address, scene.alice)
    await scene.custodian.orphan(payment)
    await scene.custodian.mine_again(payment)
    await scene.run_rounds(desk, seconds=10)
    assert await desk.unclaimed_payments() == [done]
    assert scene.movements(reference_of(one)) == []


async def test_it_is_given_to_its_owner_once_the_address_is_known(scene: Scene) -> None:
    """A store that was put back to a copy does not know the addresses that were made since."""
    desk = await scene.open()
    await desk.deposit_address(scene.alice, demo.BTC, "BTC")
    address = await scene.custodian.deposit_address("BTC", scene.alice)
    scene.store = MemoryWalletStore()
    desk = await scene.open()
    before = scene.total(scene.alice, demo.BTC)
    await scene.custodian.pay_in("BTC", "BTC", address, 3 * ONE)
    await scene.run_rounds(desk, seconds=10)
    assert desk.unclaimed_flow.open_count == 1
    assert scene.total(scene.alice, demo.BTC) == before
    await desk.deposit_address(scene.alice, demo.BTC, "BTC")
    await scene.run_rounds(desk, seconds=10)
    (one,) = await desk.unclaimed_payments()
    assert (one.state, one.account_id, one.decided_by) == (State.ASSIGNED, scene.alice, 0)
    assert desk.unclaimed_flow.open_count == 0
    assert scene.total(scene.alice, demo.BTC) == before + 3 * ONE
    assert scene.movements(reference_of(one)) == [3 * ONE]


async def test_an_asset_that_is_not_listed_waits_until_it_is(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = scene.asset_by_name
    monkeypatch.setattr(
        scene, "asset_by_name", lambda name: None if name == "BTC" else listed(name)
    )
    address = await scene.custodian.deposit_address("BTC", scene.alice)
    await scene.store.add_address("BTC", address, scene.alice)
    await scene.custodian.pay_in("BTC", "BTC", address, 3 * ONE)
    desk = await scene.open()
    await scene.run_rounds(desk, seconds=10)
    (one,) = await desk.unclaimed_payments()
    assert one.state is State.OPEN
    assert await refusal(assigned(scene, desk, one.number)) is Code.UNKNOWN_ASSET
    monkeypatch.setattr(scene, "asset_by_name", listed)
    desk = await scene.open()
    assert await refusal(assigned(scene, desk, one.number, scene.bob)) is Code.PAYMENT_IS_ANOTHERS
    await scene.run_rounds(desk, seconds=10)
    assert scene.movements(reference_of(one)) == [3 * ONE]


async def test_nobody_gives_to_themselves_or_to_nobody(scene: Scene) -> None:
    desk = await scene.open()
    one = await paid_to_nobody(scene, desk)
    assert await refusal(assigned(scene, desk, one.number, STRANGER)) is Code.OWN_ACCOUNT
    assert await refusal(assigned(scene, desk, one.number, 77 << 10)) is Code.UNKNOWN_ACCOUNT
    assert await refusal(assigned(scene, desk, one.number + 1)) is Code.UNKNOWN_PAYMENT
    assert await desk.unclaimed_payments() == [one]


async def test_a_store_that_has_forgotten_whom_it_was_given_to_credits_no_other(
    scene: Scene,
) -> None:
    desk = await scene.open()
    one = await paid_to_nobody(scene, desk)
    await assigned(scene, desk, one.number)
    await scene.run_rounds(desk, seconds=10)
    after = scene.total(scene.alice, demo.BTC)

    scene.store = MemoryWalletStore()
    desk = await scene.open()
    await scene.run_rounds(desk, seconds=10)
    (again,) = await desk.unclaimed_payments()
    assert again.state is State.OPEN
    assert await refusal(assigned(scene, desk, again.number, scene.bob)) is Code.PAYMENT_IS_ANOTHERS
    await assigned(scene, desk, again.number)
    await scene.run_rounds(desk, seconds=10)
    assert scene.total(scene.alice, demo.BTC) == after
    assert scene.movements(reference_of(one)) == [3 * ONE]


async def test_an_owner_who_turns_up_late_is_not_credited_with_what_another_has(
    scene: Scene,
) -> None:
    desk = await scene.open()
    one = await paid_to_nobody(scene, desk)
    await assigned(scene, desk, one.number)
    await scene.run_rounds(desk, seconds=10)

    scene.store = MemoryWalletStore()
    await scene.store.add_address("BTC", "another", scene.bob)
    desk = await scene.open()
    await scene.run_rounds(desk, seconds=10)
    await scene.store.add_address("BTC", one.address, scene.bob)
    await scene.run_rounds(desk, seconds=10)
    (again,) = await desk.unclaimed_payments()
    assert (again.state, again.account_id) == (State.ASSIGNED, scene.alice)
    assert scene.movements(reference_of(one)) == [3 * ONE]


async def test_an_owner_who_is_there_first_is_not_credited_with_what_another_has(
    scene: Scene,
) -> None:
    """The store is lost, and the owner asks for the address before the payment is seen again."""
    desk = await scene.open()
    one = await paid_to_nobody(scene, desk)
    await assigned(scene, desk, one.number)
    await scene.run_rounds(desk, seconds=10)

    scene.store = MemoryWalletStore()
    await scene.store.add_address("BTC", one.address, scene.bob)
    desk = await scene.open()
    before = scene.total(scene.bob, demo.BTC)
    await scene.run_rounds(desk, seconds=10)
    assert scene.movements(reference_of(one)) == [3 * ONE]
    assert scene.total(scene.bob, demo.BTC) == before
    assert await desk.unclaimed_payments() == []
    (deposit,) = await desk.deposits(None)
    assert (deposit.account_id, deposit.state) == (scene.alice, DepositState.CREDITED)


async def test_of_two_operators_one_decides(scene: Scene) -> None:
    desk = await scene.open()
    one = await paid_to_nobody(scene, desk)
    flow = desk.unclaimed_flow
    first = await flow.assign(one, scene.alice, by=OPERATOR, note="")
    assert first is not None
    assert await flow.assign(one, scene.bob, by=OPERATOR, note="") is None
    assert await flow.dismiss(one, by=OPERATOR, reason="x") is None
    assert len(await desk.deposits(None)) == 1


async def test_decisions_are_recorded(scene: Scene) -> None:
    audit = MemoryAudit()
    desk = await scene.open(audit=AuditLog(audit, scene.clock))
    one = await paid_to_nobody(scene, desk)
    acts = desk.acting("person:7", "request")
    await refusal(acts.assign_payment(one.number, 77 << 10, OPERATOR, STRANGER, ""))
    await acts.dismiss_payment(one.number, OPERATOR, "a test of ours")
    records = await audit.records(None, 9)
    assert [(found.action, found.target, dict(found.details)) for found in records] == [
        ("payment.assign", "payment:1", {"account": str(77 << 10), "note": ""}),
        ("payment.assign.refused", "payment:1", {"reason": "unknown_account"}),
        ("payment.dismiss", "payment:1", {"reason": "a test of ours"}),
    ]


HUGE = 25 * 10**18
"""Twenty-five of a token with eighteen decimals: more than 64 bits hold."""


def paid_too_much(scene: Scene, monkeypatch: pytest.MonkeyPatch, asset_name: str) -> None:
    """Have the next payment that the custodian tells of be of a huge amount."""
    payments = scene.custodian.payments

    async def told(after: int, limit: int = 500) -> list[Payment]:
        first, *others = [*await payments(after, limit)] or [None]
        if first is None:
            return []
        changed = replace(first, asset_name=asset_name, amount_atoms=HUGE)
        return [changed if first.number == 1 else first, *others]

    monkeypatch.setattr(scene.custodian, "payments", told)


@pytest.mark.parametrize("asset_name", ["TOKEN", "BTC"])
async def test_more_than_the_ledger_holds_waits_and_stands_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asset_name: str
) -> None:
    store = SqliteWalletStore(tmp_path / "people.db")
    scene = Scene(tmp_path, store)
    desk = await scene.open()
    before = scene.total(scene.alice, demo.BTC)
    address = await desk.deposit_address(scene.alice, demo.BTC, "BTC")
    await scene.custodian.pay_in("BTC", "BTC", address, ONE)
    await scene.custodian.pay_in("BTC", "BTC", address, ONE)
    paid_too_much(scene, monkeypatch, asset_name)
    await scene.run_rounds(desk, seconds=10)
    assert scene.total(scene.alice, demo.BTC) == before + ONE
    (one,) = await desk.unclaimed_payments()
    assert (one.asset_name, one.amount_atoms, one.state) == (asset_name, HUGE, State.OPEN)
    code = Code.UNKNOWN_ASSET if asset_name == "TOKEN" else Code.AMOUNT_TOO_LARGE
    assert await refusal(assigned(scene, desk, one.number)) is code
    await desk.dismiss_payment(one.number, OPERATOR, "nobody knows it")
    assert desk.unclaimed_flow.open_count == 1
    await scene.run_rounds(desk, seconds=1, rounds=1)
    assert desk.unclaimed_flow.open_count == 0
    scene.close()
    store.close()


async def test_a_payment_of_a_ledger_that_is_away_holds_no_other_up(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await scene.open()
    for account in (scene.alice, scene.bob):
        address = await scene.custodian.deposit_address("BTC", account)
        await scene.custodian.pay_in("BTC", "BTC", address, ONE)
    await scene.run_rounds(desk, seconds=1, rounds=1)
    assert desk.unclaimed_flow.open_count == 2
    for account in (scene.alice, scene.bob):
        await desk.deposit_address(account, demo.BTC, "BTC")
    calls = scene.exchange.calls
    committed_seq = calls.committed_seq

    async def away(account_id: int) -> int:
        if account_id == scene.alice:
            raise CallError("the partition of Alice does not answer")
        return await committed_seq(account_id)

    monkeypatch.setattr(calls, "committed_seq", away)
    before = scene.total(scene.bob, demo.BTC)
    await scene.run_rounds(desk, seconds=10)
    assert scene.total(scene.bob, demo.BTC) == before + ONE
    assert desk.unclaimed_flow.open_count == 1
    monkeypatch.undo()
    before = scene.total(scene.alice, demo.BTC)
    await scene.run_rounds(desk, seconds=10)
    assert scene.total(scene.alice, demo.BTC) == before + ONE


async def test_a_deposit_that_comes_back_while_its_asset_is_not_listed_is_nobodys_else(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chain dropped it, and took it in again while the exchange did not list the asset."""
    desk = await scene.open()
    address = await desk.deposit_address(scene.alice, demo.BTC, "BTC")
    payment = await scene.custodian.pay_in("BTC", "BTC", address, 3 * ONE)
    await scene.run_rounds(desk, seconds=1, rounds=1)
    await scene.custodian.orphan(payment)
    await scene.run_rounds(desk, seconds=1, rounds=1)
    before = scene.total(scene.alice, demo.BTC)
    listed = scene.asset_by_name
    monkeypatch.setattr(
        scene, "asset_by_name", lambda name: None if name == "BTC" else listed(name)
    )
    await scene.custodian.mine_again(payment)
    await scene.run_rounds(await scene.open(), seconds=10)
    monkeypatch.setattr(scene, "asset_by_name", listed)
    await scene.run_rounds(await scene.open(), seconds=10)
    assert scene.total(scene.alice, demo.BTC) == before + 3 * ONE
    (deposit,) = await desk.deposits(scene.alice)
    assert deposit.state is DepositState.CREDITED
