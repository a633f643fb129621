"""What every `WalletStore` promises: atomic methods, versions, limits counted in the store."""

import asyncio
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from openoutcry.adapters.memory.wallets import MemoryWalletStore
from openoutcry.adapters.sqlite.wallets import SqliteWalletStore
from openoutcry.ports.wallets import (
    AllowedAddress,
    Deposit,
    DepositState,
    Limit,
    LimitReachedError,
    Movement,
    MovementKind,
    MovementState,
    UnclaimedPayment,
    UnclaimedState,
    WalletStore,
    WalletStoreError,
    Withdrawal,
    WithdrawalCause,
    WithdrawalRule,
    WithdrawalState,
)

HOUR_US = 3_600_000_000
NOW_US = 1_790_000_000_000_000
BIG = (1 << 62) - 1
WIDE = WithdrawalRule(asset=2, hour_atoms=BIG, day_atoms=BIG, second_person_atoms=1)


def movement(reference: int = 1 << 63, **fields: object) -> Movement:
    made = Movement(
        reference=reference,
        kind=MovementKind.DEPOSIT,
        account_id=1025,
        asset=2,
        amount_atoms=5,
        created_us=NOW_US,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def deposit(name: str = "ab", **fields: object) -> Deposit:
    made = Deposit(
        chain="BTC",
        transaction=name,
        output=0,
        account_id=1025,
        asset=2,
        address="simbtc1x",
        amount_atoms=BIG,
        seen_us=NOW_US,
        changed_us=NOW_US,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def withdrawal(name: str = "w1", **fields: object) -> Withdrawal:
    made = Withdrawal(
        withdrawal_id=name,
        account_id=1025,
        asset=2,
        chain="BTC",
        address="simbtc1y",
        amount_atoms=100,
        fee_atoms=1,
        requested_us=NOW_US,
        changed_us=NOW_US,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def stray(name: str = "ab", **fields: object) -> UnclaimedPayment:
    made = UnclaimedPayment(
        chain="BTC",
        transaction=name,
        output=0,
        asset_name="BTC",
        scale=8,
        address="simbtc1x",
        amount_atoms=BIG,
        seen_us=NOW_US,
        changed_us=NOW_US,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WalletStore]:
    if request.param == "memory":
        yield MemoryWalletStore()
        return
    opened = SqliteWalletStore(tmp_path / "people.db")
    yield opened
    opened.close()


async def test_a_movement_is_added_once_and_keeps_its_first_content(store: WalletStore) -> None:
    first = movement((1 << 64) - 1)
    assert await store.add_movement(first) == first
    assert await store.add_movement(replace(first, amount_atoms=9)) == first
    assert await store.movement(first.reference) == first
    assert await store.movement(1) is None


async def test_many_movements_are_found_at_once(store: WalletStore) -> None:
    made = {number: await store.add_movement(movement(number)) for number in range(1, 1_200)}
    big = await store.add_movement(movement((1 << 64) - 1))
    assert await store.movements([*range(2_000), big.reference]) == made | {big.reference: big}
    assert await store.movements([]) == {}


async def test_a_settled_movement_stays_as_it_is(store: WalletStore) -> None:
    first = await store.add_movement(movement())
    await store.save_movement(replace(first, attempt=1, deadline_us=7, since_seq=3))
    await store.save_movement(replace(first, attempt=1, state=MovementState.APPLIED))
    await store.save_movement(replace(first, attempt=2, state=MovementState.REFUSED, reason=12))
    kept = await store.movement(first.reference)
    assert kept is not None
    assert (kept.attempt, kept.state) == (1, MovementState.APPLIED)


async def test_a_refused_movement_may_be_tried_again(store: WalletStore) -> None:
    first = await store.add_movement(movement())
    await store.save_movement(replace(first, state=MovementState.REFUSED, reason=16))
    assert await store.pending_movements(MovementKind.DEPOSIT) == []
    await store.save_movement(replace(first, attempt=2))
    assert await store.pending_movements(MovementKind.DEPOSIT) == [replace(first, attempt=2)]
    assert await store.pending_movements(MovementKind.FAUCET) == []


async def test_an_address_belongs_to_whom_it_was_given_first(store: WalletStore) -> None:
    await store.add_address("BTC", "a", 1025)
    await store.add_address("BTC", "a", 2050)
    assert await store.account_of_address("BTC", "a") == 1025
    assert await store.account_of_address("ETH", "a") is None


async def test_a_payment_is_one_deposit_by_chain_transaction_and_output(
    store: WalletStore,
) -> None:
    made = await asyncio.gather(*(store.add_deposit(deposit()) for _ in range(50)))
    assert {one.number for one in made} == {made[0].number}
    others = [
        await store.add_deposit(deposit(output=1)),
        await store.add_deposit(deposit(chain="ETH")),
        await store.add_deposit(deposit("cd")),
    ]
    numbers = [made[0].number, *(one.number for one in others)]
    assert numbers == sorted(set(numbers))
    assert await store.deposit(made[0].number) == made[0]
    assert await store.deposit(99) is None
    assert await store.deposit_named("ETH", "ab", 0) == others[1]
    assert await store.deposit_named("ETH", "cd", 0) is None


async def test_a_payment_that_is_nobodys_is_kept_once(store: WalletStore) -> None:
    made = await asyncio.gather(*(store.add_unclaimed(stray()) for _ in range(20)))
    assert {one.number for one in made} == {made[0].number}
    other = await store.add_unclaimed(stray(output=1, scale=0, amount_atoms=10**40))
    assert other.number > made[0].number
    assert await store.unclaimed(other.number) == other
    assert await store.unclaimed(99) is None
    assert await store.unclaimed_named("BTC", "ab", 1) == other
    assert await store.unclaimed_named("ETH", "ab", 1) is None
    assert await store.unclaimed_payments() == [other, made[0]]
    assert await store.unclaimed_payments(offset=1, limit=1) == [made[0]]
    assert await store.count_unclaimed() == 2


async def test_a_payment_that_is_nobodys_is_decided_on_once(store: WalletStore) -> None:
    made = await store.add_unclaimed(stray())
    assigned = replace(made, state=UnclaimedState.ASSIGNED, account_id=1025, note="é", version=1)
    dismissed = replace(made, state=UnclaimedState.DISMISSED, version=1)
    results = await asyncio.gather(
        store.claim(assigned, deposit()),
        store.save_unclaimed(dismissed),
        store.claim(assigned, deposit()),
    )
    assert results[0] is not None
    assert results[1:] == [False, None]
    assert await store.unclaimed(made.number) == assigned
    assert await store.add_unclaimed(stray()) == assigned
    assert [one.number for one in await store.deposits()] == [results[0].number]
    assert await store.unclaimed_payments(states=[UnclaimedState.OPEN]) == []
    assert await store.unclaimed_payments(states=[UnclaimedState.ASSIGNED]) == [assigned]
    assert await store.count_unclaimed() == 0


async def test_what_somebody_owns_by_now_can_be_claimed(store: WalletStore) -> None:
    assets = [("BTC", "BTC"), ("ETH", "USD")]
    first = await store.add_unclaimed(stray())
    token = await store.add_unclaimed(stray("cd", asset_name="TOKEN"))
    usd = await store.add_unclaimed(stray("ef", chain="ETH", asset_name="USD"))
    assert await store.claimable(assets, 9) == []
    await store.add_address("BTC", "simbtc1x", 1025)
    assert await store.claimable(assets, 9) == [(first, 1025)]
    await store.add_address("ETH", "simbtc1x", 2050)
    assert await store.claimable(assets, 9) == [(first, 1025), (usd, 2050)]
    assert await store.claimable(assets, 1) == [(first, 1025)]
    assert await store.claimable([("BTC", "TOKEN")], 9) == [(token, 1025)]
    await store.save_unclaimed(replace(first, state=UnclaimedState.DISMISSED, version=1))
    assert await store.claimable(assets, 9) == [(usd, 2050)]


async def test_of_two_writers_of_one_version_one_wins(store: WalletStore) -> None:
    made = await store.add_deposit(deposit())
    final = replace(made, state=DepositState.FINAL, version=1)
    orphaned = replace(made, state=DepositState.ORPHANED, version=1)
    assert await store.save_deposit(final)
    assert not await store.save_deposit(orphaned)
    assert not await store.save_deposit(replace(final, version=3))
    assert await store.deposit(made.number) == final

    await store.add_withdrawal(withdrawal(), WIDE)
    results = await asyncio.gather(
        *(
            store.save_withdrawal(
                withdrawal(state=WithdrawalState.HELD, version=1, note=str(number))
            )
            for number in range(20)
        )
    )
    assert sum(results) == 1


async def test_deposits_are_listed_newest_first_and_by_what_is_asked(store: WalletStore) -> None:
    for number in range(5):
        await store.add_deposit(
            deposit(
                f"t{number}",
                account_id=1025 + number % 2 * 1025,
                asset=1 + number % 3,
                seen_us=NOW_US + number,
            )
        )
    names = [one.transaction for one in await store.deposits()]
    assert names == ["t4", "t3", "t2", "t1", "t0"]
    assert [d.transaction for d in await store.deposits(1025)] == ["t4", "t2", "t0"]
    assert [d.transaction for d in await store.deposits(1025, limit=1, offset=1)] == ["t2"]
    assert [d.transaction for d in await store.deposits(asset=1)] == ["t3", "t0"]
    within = await store.deposits(start_us=NOW_US + 1, end_us=NOW_US + 3)
    assert [d.transaction for d in within] == ["t2", "t1"]
    assert await store.deposits(states=(DepositState.FINAL,)) == []
    assert len(await store.deposits(states=(DepositState.FINAL, DepositState.SEEN))) == 5


async def test_the_cursor_never_goes_back(store: WalletStore) -> None:
    assert await store.cursor() == 0
    await store.set_cursor(7)
    await store.set_cursor(5)
    assert await store.cursor() == 7


async def test_limits_count_what_has_not_been_given_back(store: WalletStore) -> None:
    rule = WithdrawalRule(asset=2, hour_atoms=250, day_atoms=350, second_person_atoms=1)
    await store.add_withdrawal(withdrawal("w1", requested_us=NOW_US - 2 * HOUR_US), rule)
    await store.add_withdrawal(withdrawal("w2"), rule)
    await store.add_withdrawal(withdrawal("w3", requested_us=NOW_US + 1), rule)
    with pytest.raises(LimitReachedError) as hour:
        await store.add_withdrawal(withdrawal("w4", requested_us=NOW_US + 2), rule)
    assert (hour.value.limit, hour.value.left_atoms) == (Limit.HOUR, 50)
    later = withdrawal("w4", requested_us=NOW_US + 2 * HOUR_US)
    with pytest.raises(LimitReachedError) as day:
        await store.add_withdrawal(later, rule)
    assert (day.value.limit, day.value.left_atoms) == (Limit.DAY, 50)
    assert await store.withdrawn(1025, 2, NOW_US - HOUR_US) == 200
    assert await store.withdrawn(1025, 3, 0) == 0

    returned = withdrawal("w2", state=WithdrawalState.RETURNED, version=1)
    assert await store.save_withdrawal(returned)
    await store.add_withdrawal(later, rule)
    with pytest.raises(LimitReachedError):
        await store.add_withdrawal(replace(later, withdrawal_id="w5"), rule)
    assert await store.withdrawal("w5") is None


async def test_a_thousand_at_once_do_not_pass_a_limit(store: WalletStore) -> None:
    rule = replace(WIDE, hour_atoms=700)
    outcomes = await asyncio.gather(
        *(store.add_withdrawal(withdrawal(f"w{n}"), rule) for n in range(1000)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Withdrawal) for one in outcomes) == 7
    assert sum(isinstance(one, LimitReachedError) for one in outcomes) == 993


async def test_sums_beyond_64_bits_are_exact(store: WalletStore) -> None:
    for number in range(4):
        day_us = NOW_US + number * 25 * HOUR_US
        one = withdrawal(f"w{number}", amount_atoms=BIG, requested_us=day_us)
        await store.add_withdrawal(one, WIDE)
    assert await store.withdrawn(1025, 2, 0) == 4 * BIG


async def test_a_client_id_names_one_withdrawal_of_its_account(store: WalletStore) -> None:
    first = await store.add_withdrawal(withdrawal("w1", client_id="rent"), WIDE)
    again = await store.add_withdrawal(withdrawal("w2", client_id="rent"), WIDE)
    assert again == first
    other = await store.add_withdrawal(withdrawal("w3", client_id="rent", account_id=2050), WIDE)
    assert other.withdrawal_id == "w3"
    for name in ("w4", "w5"):
        assert (await store.add_withdrawal(withdrawal(name), WIDE)).withdrawal_id == name
    assert [w.withdrawal_id for w in await store.withdrawals(1025, client_id="rent")] == ["w1"]


async def test_each_new_state_leaves_a_step_and_nothing_else_does(store: WalletStore) -> None:
    await store.add_withdrawal(withdrawal(), WIDE)
    changes = [
        withdrawal(state=WithdrawalState.HELD, changed_us=NOW_US + 1, version=1),
        withdrawal(state=WithdrawalState.HELD, confirmations=2, version=2),
        withdrawal(state=WithdrawalState.RETURNING, cause=WithdrawalCause.REJECTED, version=3),
    ]
    for change in changes:
        assert await store.save_withdrawal(change, by=9)
    steps = await store.steps("w1")
    assert [(step.state, step.by) for step in steps] == [
        (WithdrawalState.REQUESTED, 0),
        (WithdrawalState.HELD, 9),
        (WithdrawalState.RETURNING, 9),
    ]
    assert steps[1].time_us == NOW_US + 1
    assert steps[2].cause is WithdrawalCause.REJECTED
    assert await store.steps("unknown") == []
    assert await store.withdrawal("w1") == changes[-1]


async def test_steps_of_all_withdrawals_are_read_in_order(store: WalletStore) -> None:
    for name in ("w1", "w2"):
        await store.add_withdrawal(withdrawal(name), WIDE)
    assert await store.save_withdrawal(withdrawal(state=WithdrawalState.HELD, version=1), by=9)
    steps = await store.steps_after(0, 9)
    assert [(name, step.state) for _, name, step in steps] == [
        ("w1", WithdrawalState.REQUESTED),
        ("w2", WithdrawalState.REQUESTED),
        ("w1", WithdrawalState.HELD),
    ]
    assert [step for _, name, step in steps if name == "w1"] == await store.steps("w1")
    numbers = [number for number, _, _ in steps]
    assert numbers == sorted(set(numbers))
    assert await store.steps_after(numbers[0], 1) == [steps[1]]
    assert await store.steps_after(numbers[-1], 9) == []


async def test_withdrawals_are_listed_newest_first_and_by_what_is_asked(
    store: WalletStore,
) -> None:
    for number in range(5):
        await store.add_withdrawal(
            withdrawal(
                f"w{number}",
                account_id=1025 + number % 2 * 1025,
                asset=1 + number % 3,
                requested_us=NOW_US + number,
            ),
            WIDE,
        )
    await store.save_withdrawal(
        withdrawal("w0", state=WithdrawalState.AWAITING, needs_second_person=True, version=1)
    )
    names = [one.withdrawal_id for one in await store.withdrawals()]
    assert names == ["w4", "w3", "w2", "w1", "w0"]
    assert [w.withdrawal_id for w in await store.withdrawals(2050)] == ["w3", "w1"]
    (waiting,) = await store.withdrawals(states=(WithdrawalState.AWAITING,))
    assert waiting.withdrawal_id == "w0"
    assert waiting.needs_second_person is True
    within = await store.withdrawals(start_us=NOW_US + 1, end_us=NOW_US + 3, limit=1)
    assert [w.withdrawal_id for w in within] == ["w2"]


async def test_rules_and_addresses_are_kept(store: WalletStore) -> None:
    assert await store.rules() == {}
    await store.set_rule(WIDE)
    closed = replace(WIDE, is_open=False, hour_atoms=BIG, day_atoms=BIG)
    await store.set_rule(replace(closed, asset=3))
    await store.set_rule(closed)
    assert await store.rules() == {2: closed, 3: replace(closed, asset=3)}

    entry = AllowedAddress(
        account_id=1025, chain="BTC", address="z", label="é", added_us=1, usable_us=2
    )
    assert await store.allow(entry) == entry
    assert await store.allow(replace(entry, usable_us=9)) == entry
    second = await store.allow(replace(entry, address="a"))
    await store.allow(replace(entry, account_id=2050))
    assert await store.allowed(1025) == [entry, second]
    assert await store.disallow(1025, "BTC", "z")
    assert not await store.disallow(1025, "BTC", "z")
    assert await store.allowed(1025) == [second]


async def test_gifts_are_counted_with_their_movements(store: WalletStore) -> None:
    numbers = await asyncio.gather(
        *(
            store.add_gift(movement(reference, kind=MovementKind.FAUCET), 5, 3)
            for reference in range(1, 11)
        )
    )
    assert sorted(number for number in numbers if number) == [1, 2, 3]
    assert len(await store.pending_movements(MovementKind.FAUCET)) == 3
    assert await store.gifts(1025, 5) == {2: 3}
    assert await store.gifts(1025, 6) == {}
    assert await store.add_gift(movement(77), 6, 0) is None
    assert await store.add_gift(movement(77, asset=1), 6, 1) == 1
    assert await store.gifts(1025, 6) == {1: 1}


async def test_everything_is_there_after_the_file_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    store = SqliteWalletStore(path)
    await store.add_movement(movement())
    await store.add_deposit(deposit())
    await store.add_withdrawal(withdrawal(client_id="x"), WIDE)
    await store.set_cursor(4)
    store.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = SqliteWalletStore(path)
    assert await again.movement(1 << 63) == movement()
    assert await again.deposits() == [deposit(number=1)]
    assert await again.withdrawals() == [withdrawal(client_id="x")]
    assert await again.cursor() == 4
    again.close()


def test_a_file_of_another_release_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    SqliteWalletStore(path).close()
    database = sqlite3.connect(path)
    database.execute("UPDATE wallet_format SET version = 99")
    database.commit()
    database.close()
    with pytest.raises(WalletStoreError, match="format 99"):
        SqliteWalletStore(path)


async def test_an_older_format_is_brought_up_to_date_and_looks_again(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    older = SqliteWalletStore(path)
    made = await older.add_deposit(deposit())
    await older.set_cursor(12)
    older.close()
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE wallet_unclaimed")
        database.execute("UPDATE wallet_format SET version = 1")
    database.close()
    store = SqliteWalletStore(path)
    assert await store.deposit(made.number) == made
    assert await store.cursor() == 0, "what was nobody's was not kept"
    kept = await store.add_unclaimed(stray("cd"))
    await store.set_cursor(12)
    store.close()
    again = SqliteWalletStore(path)
    assert await again.unclaimed(kept.number) == kept
    assert await again.cursor() == 12
    again.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    path.write_bytes(b"not a database at all, however long it is" * 100)
    with pytest.raises(WalletStoreError):
        SqliteWalletStore(path)


async def test_other_tables_of_the_file_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE person (id INTEGER)")
    database.commit()
    store = SqliteWalletStore(path)
    database.execute("INSERT INTO person VALUES (1)")
    database.commit()
    await store.set_cursor(1)
    assert database.execute("SELECT count(*) FROM person").fetchone() == (1,)
    database.close()
    store.close()
