"""What every `Ledger` promises, on random runs: its entries add up to the balances."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.kernel_batches import random_batches

from openoutcry.adapters.memory.ledger import MemoryLedger
from openoutcry.adapters.sqlite.history import Projector, SqliteHistory
from openoutcry.adapters.sqlite.ledger import SqliteLedger
from openoutcry.codec.records import decode_balances
from openoutcry.core.enums import BalanceCause
from openoutcry.core.postings import Cause
from openoutcry.core.records import BalanceEvent, MarketEvent
from openoutcry.kernel import Kernel
from openoutcry.ports.feeds import Committed
from openoutcry.ports.history import HistoryAwayError
from openoutcry.ports.ledger import ENTRIES_PER_EVENT, START, Ledger, LedgerEntry

BATCHES = 400


class Run:
    """One random run, its last kernel, and a ledger of each kind over it."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.batches: list[Committed] = []
        self.assets: dict[int, tuple[int, int]] = {}
        self.memory = MemoryLedger(self.assets.__getitem__)
        self.path = folder / "history.db"
        projector = Projector(self.path)
        for kernel, batch in random_batches(seed, BATCHES):
            self.kernel: Kernel = kernel
            self.batches.append(batch)
            for event in batch.of_type(MarketEvent):
                self.assets[event.market] = (event.base_asset, event.quote_asset)
            self.memory.take(batch)
            projector.apply(batch)
            if batch.seq % 7 == 0:
                projector.commit()
        projector.commit()
        projector.close()
        self.history = SqliteHistory(self.path, no_wait)
        self.sqlite = SqliteLedger(self.history, self.assets.__getitem__)

    def accounts(self) -> list[int]:
        found = {e.account_id for b in self.batches for e in b.of_type(BalanceEvent)}
        return sorted(found)

    def balances(self, account_id: int) -> dict[int, int]:
        rows = decode_balances(self.kernel.balances(account_id))
        return {row.asset: row.free_atoms + row.held_atoms for row in rows}


async def no_wait(_seq: int) -> None:
    return


@pytest.fixture(scope="module", params=[3, 11])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    made = Run(request.param, tmp_path_factory.mktemp("ledger"))
    yield made
    made.history.close()


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, run: Run) -> Ledger:
    found: Ledger = getattr(run, request.param)
    return found


async def all_entries(ledger: Ledger, account_id: int, limit: int = 50) -> list[LedgerEntry]:
    found: list[LedgerEntry] = []
    after = START
    while page := await ledger.entries(0, account_id, after=after, limit=limit):
        found += page
        after = page[-1].position
    return found


async def test_the_entries_of_an_account_add_up_to_its_balances_l01(
    run: Run, ledger: Ledger
) -> None:
    assert len(run.accounts()) > 3
    causes = set()
    for account_id in run.accounts():
        sums: Counter[int] = Counter()
        for entry in await all_entries(ledger, account_id):
            sums[entry.asset] += entry.amount_atoms
            causes.add(entry.cause)
        expected = run.balances(account_id)
        assert {a: n for a, n in sums.items() if n} == {a: n for a, n in expected.items() if n}
        told = await ledger.sums(0, account_id)
        assert {a: n for a, n in told.items() if n} == {a: n for a, n in expected.items() if n}
    assert {Cause.DEPOSIT, Cause.WITHDRAWAL, Cause.ADJUSTMENT, Cause.TRADE, Cause.FEE} <= causes


async def test_both_kinds_have_the_same_entries_in_the_same_places(run: Run) -> None:
    for account_id in run.accounts():
        assert await all_entries(run.memory, account_id) == await all_entries(
            run.sqlite, account_id
        )


async def test_a_period_and_its_opening_make_the_closing(run: Run, ledger: Ledger) -> None:
    first, last = run.batches[0].time_us, run.batches[-1].time_us
    start_us, end_us = first + (last - first) // 3, first + (last - first) * 2 // 3
    for account_id in run.accounts():
        sums = Counter(await ledger.sums(0, account_id, start_us))
        period = await ledger.entries(
            0, account_id, start_us=start_us, end_us=end_us, limit=1_000_000
        )
        assert all(start_us <= entry.time_us < end_us for entry in period)
        for entry in period:
            sums[entry.asset] += entry.amount_atoms
        closing = await ledger.sums(0, account_id, end_us)
        assert {a: n for a, n in sums.items() if n} == {a: n for a, n in closing.items() if n}


async def test_pages_of_any_size_are_the_whole_and_keep_events_together(
    run: Run, ledger: Ledger
) -> None:
    account_id = max(run.accounts(), key=lambda one: len(run.memory._entries[one]))
    whole = await all_entries(ledger, account_id, limit=1_000_000)
    assert whole == sorted(whole)
    for limit in (1, 2, 3, 7):
        assert await all_entries(ledger, account_id, limit) == whole
    one = await ledger.entries(0, account_id, limit=1)
    assert len({(e.position.seq, e.position.number // ENTRIES_PER_EVENT) for e in one}) == 1


async def test_an_entry_is_found_by_its_reference_in_its_account_only(
    run: Run, ledger: Ledger
) -> None:
    seen = 0
    holders: dict[int, set[int]] = {}
    for batch in run.batches:
        for event in batch.of_type(BalanceEvent):
            holders.setdefault(event.reference, set()).add(event.account_id)
            if event.reference == 0 or event.cause != BalanceCause.DEPOSIT:
                continue
            found = await ledger.find(0, event.account_id, event.reference)
            assert found is not None
            assert found.reference == event.reference
            assert await ledger.find(0, event.account_id + (1 << 10), event.reference) is None
            seen += 1
    assert seen > 3
    for reference, accounts in [pair for pair in holders.items() if pair[0]][:20]:
        assert await ledger.holder(0, reference) in accounts
    assert await ledger.find(0, run.accounts()[0], (1 << 64) - 12345) is None
    assert await ledger.holder(0, (1 << 64) - 12345) is None


async def test_a_read_is_as_of_the_batch_that_it_names(run: Run, ledger: Ledger) -> None:
    for account_id in run.accounts()[:4]:
        seq = BATCHES // 2
        entries = await ledger.entries(seq, account_id, limit=1_000_000)
        assert all(entry.position.seq <= seq for entry in entries)
        sums: Counter[int] = Counter()
        for entry in entries:
            sums[entry.asset] += entry.amount_atoms
        told = await ledger.sums(seq, account_id)
        assert {a: n for a, n in sums.items() if n} == {a: n for a, n in told.items() if n}
        assert len(entries) < len(await ledger.entries(0, account_id, limit=1_000_000))


async def test_an_account_without_entries_has_none(ledger: Ledger) -> None:
    assert await ledger.entries(0, 999_424) == []
    assert await ledger.sums(0, 999_424) == {}
    assert await ledger.begins_after() == 0


async def test_entries_of_the_file_are_made_beside_the_event_loop(run: Run) -> None:
    threads: set[int] = set()

    def assets_of(market: int) -> tuple[int, int]:
        threads.add(threading.get_ident())
        return run.assets[market]

    ledger = SqliteLedger(run.history, assets_of)
    for account_id in run.accounts():
        await ledger.entries(0, account_id)
    assert threads
    assert threading.get_ident() not in threads


async def test_a_store_that_is_not_there_does_not_say_no(tmp_path: Path) -> None:
    history = SqliteHistory(tmp_path / "history.db", no_wait)
    ledger = SqliteLedger(history, lambda _market: (1, 2))
    with pytest.raises(HistoryAwayError):
        await ledger.find(0, 1025, 7)
    with pytest.raises(HistoryAwayError):
        await ledger.holder(0, 7)
    with pytest.raises(HistoryAwayError):
        await ledger.sums(0, 1025)
    history.close()


async def test_a_store_that_is_built_again_does_not_say_no_before_it_is_there(run: Run) -> None:
    with pytest.raises(HistoryAwayError):
        await run.sqlite.find(BATCHES + 1, run.accounts()[0], 7)
    with pytest.raises(HistoryAwayError):
        await run.sqlite.holder(BATCHES + 1, 7)


async def test_a_ledger_knows_that_it_does_not_reach_back_to_the_first_batch(
    run: Run, tmp_path: Path
) -> None:
    projector = Projector(tmp_path / "history.db")
    for batch in run.batches[100:]:
        projector.apply(batch)
    projector.commit()
    projector.close()
    history = SqliteHistory(tmp_path / "history.db", no_wait)
    assert await SqliteLedger(history, run.assets.__getitem__).begins_after() == 100
    history.close()
