"""Withdrawals: what is refused, who has to agree, how money leaves and comes back."""

import asyncio
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.support.wallet_scene import ONE, SECOND_US, Scene, request

from openoutcry.adapters.simulated.custodian import Fault
from openoutcry.adapters.sqlite.wallets import SqliteWalletStore
from openoutcry.core.enums import AccountFlag, Side
from openoutcry.core.records import UpdateAccount
from openoutcry.ports.custodian import SendOrder
from openoutcry.ports.wallet_desk import WalletRefusalCode, WalletRefusedError
from openoutcry.ports.wallets import WithdrawalCause, WithdrawalState
from openoutcry.simulation import demo
from openoutcry.wallets.desk import ALLOWED_MAX
from openoutcry.wallets.withdrawals import hold_reference, return_reference

State = WithdrawalState
Code = WalletRefusalCode


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.close()


async def test_a_small_withdrawal_is_held_sent_and_settled_without_anybody(scene: Scene) -> None:
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open()
    before = scene.total(scene.alice, demo.BTC)
    made = await desk.withdraw(request(scene.alice, address, 1))
    assert made.state is State.APPROVED
    assert scene.total(scene.alice, demo.BTC) == before - ONE, "held before anything is sent"
    assert await scene.custodian.paid_out() == {}

    await scene.run_rounds(desk, seconds=10)
    done = await desk.withdrawal(scene.alice, made.withdrawal_id)
    assert done.state is State.SETTLED
    assert done.transaction
    assert done.confirmations >= 3
    assert await scene.custodian.paid_out() == {made.withdrawal_id: ONE - done.fee_atoms}
    assert scene.movements(hold_reference(made.withdrawal_id)) == [-ONE]
    assert [step.state for step in await desk.steps(made.withdrawal_id)] == [
        State.REQUESTED,
        State.HELD,
        State.APPROVED,
        State.SENDING,
        State.SENT,
        State.SETTLED,
    ]


async def test_a_large_one_waits_for_somebody_else(scene: Scene) -> None:
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open()
    made = await desk.withdraw(request(scene.alice, address, 10))
    assert made.state is State.AWAITING
    await scene.run_rounds(desk, seconds=60)
    assert (await desk.withdrawal(None, made.withdrawal_id)).state is State.AWAITING

    with pytest.raises(WalletRefusedError) as own:
        await desk.approve(made.withdrawal_id, 7, scene.alice, "")
    assert own.value.code is Code.OWN_WITHDRAWAL
    approved = await desk.approve(made.withdrawal_id, 7, scene.bob, "called her")
    assert (approved.state, approved.decided_by) == (State.APPROVED, 7)
    await scene.run_rounds(desk, seconds=20)
    done = await desk.withdrawal(scene.alice, made.withdrawal_id)
    assert (done.state, done.note) == (State.SETTLED, "called her")
    with pytest.raises(WalletRefusedError) as late:
        await desk.reject(made.withdrawal_id, 7, scene.bob, "")
    assert late.value.code is Code.TOO_LATE


@pytest.mark.parametrize("how", ["cancelled", "rejected"])
async def test_one_that_waits_can_be_taken_back_and_the_money_returns(
    scene: Scene, how: str
) -> None:
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open()
    before = scene.total(scene.alice, demo.BTC)
    made = await desk.withdraw(request(scene.alice, address, 12))
    if how == "cancelled":
        await desk.cancel(scene.alice, made.withdrawal_id)
    else:
        await desk.reject(made.withdrawal_id, 9, scene.bob, "odd address")
    await scene.run_rounds(desk, seconds=5)
    done = await desk.withdrawal(scene.alice, made.withdrawal_id)
    assert (done.state, done.cause) == (State.RETURNED, WithdrawalCause(how))
    assert scene.total(scene.alice, demo.BTC) == before
    assert scene.movements(return_reference(made.withdrawal_id)) == [12 * ONE]
    assert await scene.custodian.paid_out() == {}


async def test_what_was_paid_is_not_returned_by_a_store_that_has_forgotten_it(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """`people.db` was put back to a copy from before the approval; the custodian was not."""
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open()
    made = await desk.withdraw(request(scene.alice, address, 12))
    held = scene.total(scene.alice, demo.BTC)
    order = SendOrder(
        key=made.withdrawal_id,
        chain=made.chain,
        asset_name="BTC",
        address=made.address,
        amount_atoms=made.amount_atoms - made.fee_atoms,
    )
    await scene.custodian.send(order)
    await desk.cancel(scene.alice, made.withdrawal_id)
    await scene.run_rounds(desk, seconds=60)
    stands = await desk.withdrawal(scene.alice, made.withdrawal_id)
    assert stands.state is State.RETURNING
    assert scene.movements(return_reference(made.withdrawal_id)) == []
    assert scene.total(scene.alice, demo.BTC) == held
    assert "needs somebody to look" in caplog.text


async def test_what_was_returned_is_not_paid_by_a_store_that_has_forgotten_it(
    scene: Scene,
) -> None:
    """`people.db` was put back to a copy from before it was taken back; the ledger was not."""
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open()
    before = scene.total(scene.alice, demo.BTC)
    made = await desk.withdraw(request(scene.alice, address, 12))
    copy = deepcopy(scene.store)
    await desk.cancel(scene.alice, made.withdrawal_id)
    await scene.run_rounds(desk, seconds=10)
    assert scene.total(scene.alice, demo.BTC) == before

    scene.store = copy
    desk = await scene.open()
    assert (await desk.approve(made.withdrawal_id, 7, 0, "")).state is State.APPROVED
    await scene.run_rounds(desk, seconds=10)
    stands = await desk.withdrawal(scene.alice, made.withdrawal_id)
    assert stands.state is State.RETURNED
    assert await scene.custodian.paid_out() == {}
    assert scene.movements(return_reference(made.withdrawal_id)) == [12 * ONE]
    assert scene.total(scene.alice, demo.BTC) == before


async def test_what_is_on_its_way_cannot_be_cancelled(scene: Scene) -> None:
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open()
    made = await desk.withdraw(request(scene.alice, address, 1))
    with pytest.raises(WalletRefusedError) as refused:
        await desk.cancel(scene.alice, made.withdrawal_id)
    assert refused.value.code is Code.TOO_LATE


async def test_another_accounts_withdrawal_is_as_good_as_none_r16(scene: Scene) -> None:
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open()
    made = await desk.withdraw(request(scene.alice, address, 10))
    for account_id, withdrawal_id in ((scene.bob, made.withdrawal_id), (scene.bob, "nothing")):
        with pytest.raises(WalletRefusedError) as refused:
            await desk.cancel(account_id, withdrawal_id)
        assert refused.value.code is Code.UNKNOWN_WITHDRAWAL


@pytest.mark.parametrize("fault", [Fault.REFUSE_SEND, Fault.DROP_SEND])
async def test_what_the_custodian_fails_to_send_is_returned_once(
    scene: Scene, fault: Fault
) -> None:
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open()
    before = scene.total(scene.alice, demo.BTC)
    await scene.custodian.fail(fault)
    made = await desk.withdraw(request(scene.alice, address, 2))
    await scene.run_rounds(desk, seconds=30)
    done = await desk.withdrawal(scene.alice, made.withdrawal_id)
    assert (done.state, done.cause) == (State.RETURNED, WithdrawalCause.CUSTODIAN_FAILED)
    assert done.note
    assert scene.total(scene.alice, demo.BTC) == before
    assert scene.movements(return_reference(made.withdrawal_id)) == [2 * ONE]


@pytest.mark.parametrize("fault", [Fault.AWAY, Fault.AWAY_AFTER])
async def test_a_custodian_that_is_away_is_asked_again_and_pays_once(
    scene: Scene, fault: Fault
) -> None:
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open()
    made = await desk.withdraw(request(scene.alice, address, 2))
    await scene.custodian.fail(fault, 5)
    await scene.run_rounds(desk, seconds=10, rounds=14)
    assert (await desk.withdrawal(None, made.withdrawal_id)).state is State.SETTLED
    assert await scene.custodian.paid_out() == {made.withdrawal_id: 2 * ONE - made.fee_atoms}


async def test_a_thousand_at_once_of_the_full_balance_make_one_r26(scene: Scene) -> None:
    """ASVS 2.3.1, 2.3.3, 2.3.4, 15.4.1-4"""
    address = await scene.allow_outside(scene.alice)
    scene.rules[demo.BTC] = replace(
        scene.rules[demo.BTC], hour_atoms=10**9 * ONE, day_atoms=10**9 * ONE
    )
    desk = await scene.open()
    units = scene.total(scene.alice, demo.BTC) / ONE
    outcomes = await asyncio.gather(
        *(desk.withdraw(request(scene.alice, address, units)) for _ in range(1000)),
        return_exceptions=True,
    )
    held = [one for one in outcomes if not isinstance(one, BaseException)]
    refused = [one for one in outcomes if isinstance(one, WalletRefusedError)]
    assert len(held) == 1
    assert len(refused) == 999
    assert {one.code for one in refused} == {Code.INSUFFICIENT_BALANCE}
    assert scene.total(scene.alice, demo.BTC) == 0
    kept = await scene.store.withdrawals(scene.alice, limit=2000)
    assert sum(one.state is State.REFUSED for one in kept) == 999


async def test_a_thousand_repetitions_by_one_client_id_make_one_r25(scene: Scene) -> None:
    """R24"""
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open()
    before = scene.total(scene.alice, demo.BTC)
    same = request(scene.alice, address, 1, client_id="rent-may")
    outcomes = await asyncio.gather(*(desk.withdraw(same) for _ in range(1000)))
    assert len({one.withdrawal_id for one in outcomes}) == 1
    assert scene.total(scene.alice, demo.BTC) == before - ONE
    with pytest.raises(WalletRefusedError) as other:
        await desk.withdraw(request(scene.alice, address, 2, client_id="rent-may"))
    assert other.value.code is Code.CLIENT_ID_REUSED


async def test_limits_of_an_hour_and_a_day_slide(scene: Scene) -> None:
    address = await scene.allow_outside(scene.alice)
    scene.rules[demo.BTC] = replace(scene.rules[demo.BTC], hour_atoms=3 * ONE, day_atoms=5 * ONE)
    desk = await scene.open()
    for units in (2, 1):
        await desk.withdraw(request(scene.alice, address, units))
    with pytest.raises(WalletRefusedError) as hour:
        await desk.withdraw(request(scene.alice, address, 0.5))
    assert hour.value.code is Code.LIMIT_REACHED
    scene.pass_seconds(3601)
    quote = await desk.quote(request(scene.alice, "", 1))
    assert (quote.hour_left_atoms, quote.day_left_atoms) == (3 * ONE, 2 * ONE)
    await desk.withdraw(request(scene.alice, address, 2))
    with pytest.raises(WalletRefusedError) as day:
        await desk.withdraw(request(scene.alice, address, 0.5))
    assert "day" in day.value.text
    scene.pass_seconds(23 * 3600)
    assert (await desk.withdraw(request(scene.alice, address, 1))).state is State.APPROVED


async def test_limits_are_per_person_and_forget_what_was_returned(scene: Scene) -> None:
    addresses = {one: await scene.allow_outside(one) for one in (scene.alice, scene.bob)}
    scene.rules[demo.BTC] = replace(scene.rules[demo.BTC], hour_atoms=12 * ONE, day_atoms=12 * ONE)
    desk = await scene.open()
    made = await desk.withdraw(request(scene.alice, addresses[scene.alice], 12))
    await desk.withdraw(request(scene.bob, addresses[scene.bob], 12))
    with pytest.raises(WalletRefusedError):
        await desk.withdraw(request(scene.alice, addresses[scene.alice], 1))
    await desk.cancel(scene.alice, made.withdrawal_id)
    await scene.run_rounds(desk, seconds=1, rounds=1)
    again = await desk.withdraw(request(scene.alice, addresses[scene.alice], 12))
    assert again.state is State.AWAITING


async def test_addresses_that_nobody_should_be_paid_at_r41(scene: Scene) -> None:
    desk = await scene.open()
    good = scene.custodian.address_of("BTC", "somebody")
    typo = good[:-1] + ("q" if good[-1] != "q" else "p")
    own = await desk.deposit_address(scene.bob, demo.BTC, "BTC")
    other_chain = scene.custodian.address_of("ETH", "somebody")
    look_alike = good.replace("s", "\u0455", 1)
    for address, code in (
        (typo, Code.ADDRESS_WRONG_CHECKSUM),
        (other_chain, Code.ADDRESS_WRONG_CHAIN),
        (own, Code.ADDRESS_IS_OURS),
        (look_alike, Code.ADDRESS_MALFORMED),
        (good.upper(), Code.ADDRESS_MALFORMED),
        (good + " ", Code.ADDRESS_MALFORMED),
        ("", Code.ADDRESS_MALFORMED),
        ("x" * 5000, Code.ADDRESS_MALFORMED),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Code.ADDRESS_MALFORMED),
    ):
        with pytest.raises(WalletRefusedError) as listing:
            await desk.allow(scene.alice, "BTC", address, "")
        assert listing.value.code is code, address
        with pytest.raises(WalletRefusedError) as leaving:
            await desk.withdraw(request(scene.alice, address, 1))
        assert leaving.value.code is code, address
    assert await desk.withdrawals(scene.alice) == []


async def test_an_address_that_becomes_ours_after_it_was_listed_is_refused(scene: Scene) -> None:
    desk = await scene.open()
    bobs = scene.custodian.address_of("BTC", f"account {scene.bob}")
    await desk.allow(scene.alice, "BTC", bobs, "bob")
    scene.pass_seconds(61)
    assert await desk.deposit_address(scene.bob, demo.BTC, "BTC") == bobs
    with pytest.raises(WalletRefusedError) as refused:
        await desk.withdraw(request(scene.alice, bobs, 1))
    assert refused.value.code is Code.ADDRESS_IS_OURS


async def test_an_address_is_listed_first_and_cools_off(scene: Scene) -> None:
    desk = await scene.open()
    address = scene.custodian.address_of("BTC", "somebody")
    with pytest.raises(WalletRefusedError) as unlisted:
        await desk.withdraw(request(scene.alice, address, 1))
    assert unlisted.value.code is Code.ADDRESS_NOT_ALLOWED
    entry = await desk.allow(scene.alice, "BTC", address, "cold")
    assert entry.usable_us == scene.now_us + 60 * SECOND_US
    scene.pass_seconds(59)
    assert await desk.allow(scene.alice, "BTC", address, "again") == entry, "no second wait"
    with pytest.raises(WalletRefusedError) as warm:
        await desk.withdraw(request(scene.alice, address, 1))
    assert warm.value.code is Code.ADDRESS_COOLING_OFF
    assert " 1 seconds" in warm.value.text
    with pytest.raises(WalletRefusedError) as others:
        await desk.withdraw(request(scene.bob, address, 1))
    assert others.value.code is Code.ADDRESS_NOT_ALLOWED
    scene.pass_seconds(1)
    assert (await desk.withdraw(request(scene.alice, address, 1))).state is State.APPROVED
    assert await desk.disallow(scene.alice, "BTC", address)
    assert not await desk.disallow(scene.alice, "BTC", address)
    with pytest.raises(WalletRefusedError):
        await desk.withdraw(request(scene.alice, address, 1))


async def test_a_list_of_addresses_is_full_for_those_that_come_at_once_too(tmp_path: Path) -> None:
    store = SqliteWalletStore(tmp_path / "people.db")  # whose answers take a while
    scene = Scene(tmp_path, store)
    desk = await scene.open()
    addresses = [scene.custodian.address_of("BTC", f"outside {n}") for n in range(ALLOWED_MAX + 20)]
    works = [desk.allow(scene.alice, "BTC", address, "") for address in addresses]
    done = await asyncio.gather(*works, return_exceptions=True)
    refused = [one for one in done if isinstance(one, WalletRefusedError)]
    assert {one.code for one in refused} == {Code.ADDRESSES_FULL}
    assert len(refused) == 20
    assert len(await desk.allowed(scene.alice)) == ALLOWED_MAX
    scene.close()
    store.close()


async def test_a_change_of_password_makes_withdrawals_wait(scene: Scene) -> None:
    address = await scene.allow_outside(scene.alice)
    person = SimpleNamespace(security_changed_us=scene.now_us)

    class People:
        async def by_account(self, account_id: int) -> object:
            return person if account_id == scene.alice else None

    desk = await scene.open(people=People())
    with pytest.raises(WalletRefusedError) as refused:
        await desk.withdraw(request(scene.alice, address, 1))
    assert refused.value.code is Code.SECURITY_CHANGED
    scene.pass_seconds(120)
    assert (await desk.withdraw(request(scene.alice, address, 1))).state is State.APPROVED


async def test_amounts_networks_and_assets_that_will_not_do(scene: Scene) -> None:
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open()
    good = request(scene.alice, address, 1)
    for bad, code in (
        (replace(good, amount_atoms=0), Code.AMOUNT_TOO_SMALL),
        (replace(good, amount_atoms=-ONE), Code.AMOUNT_TOO_SMALL),
        (replace(good, amount_atoms=ONE // 1000), Code.AMOUNT_TOO_SMALL),
        (replace(good, chain="SIM"), Code.UNKNOWN_NETWORK),
        (replace(good, chain=""), Code.UNKNOWN_NETWORK),
        (replace(good, asset=77), Code.UNKNOWN_NETWORK),
        (replace(good, amount_atoms=1 << 70), Code.LIMIT_REACHED),
    ):
        with pytest.raises(WalletRefusedError) as refused:
            await desk.withdraw(bad)
        assert refused.value.code is code
    await desk.set_rule(replace(scene.rules[demo.BTC], is_open=False))
    with pytest.raises(WalletRefusedError) as closed:
        await desk.withdraw(good)
    assert closed.value.code is Code.ASSET_CLOSED
    with pytest.raises(WalletRefusedError) as unknown:
        await desk.set_rule(replace(scene.rules[demo.BTC], asset=77))
    assert unknown.value.code is Code.UNKNOWN_ASSET


async def test_an_account_that_may_not_withdraw_does_not(scene: Scene) -> None:
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open()
    flags = AccountFlag.TRADE | AccountFlag.DEPOSIT
    scene.exchange.calls.apply(UpdateAccount(account_id=scene.alice, flags=flags).pack())
    before = scene.total(scene.alice, demo.BTC)
    with pytest.raises(WalletRefusedError) as refused:
        await desk.withdraw(request(scene.alice, address, 1))
    assert refused.value.code is Code.ACCOUNT_MAY_NOT_WITHDRAW
    assert scene.total(scene.alice, demo.BTC) == before


async def test_what_is_held_by_an_order_does_not_leave(scene: Scene) -> None:
    address = await scene.allow_outside(scene.alice)
    desk = await scene.open()
    units = scene.total(scene.alice, demo.BTC) // ONE
    scene.exchange.limit(scene.alice, Side.SELL, 9_000_000, 100_000)
    with pytest.raises(WalletRefusedError) as refused:
        await desk.withdraw(request(scene.alice, address, units))
    assert refused.value.code is Code.INSUFFICIENT_BALANCE
