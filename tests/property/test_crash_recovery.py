"""Whatever arrives and wherever it stops, what was acknowledged is there and the rest is whole.

Covers J03, J04, J05, J09 with a journal that dies at any append, before or after it is durable.
"""

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.toy_machine import TOYS, deposit, order

from openoutcry.adapters.memory.journal import MemoryJournal, MemorySnapshots, MemoryStore
from openoutcry.codec.journal import JournalRow
from openoutcry.partition.follower import Follower, NullProjection, SnapshotPolicy
from openoutcry.partition.recovery import recover
from openoutcry.partition.runtime import Partition
from openoutcry.ports.journal import JournalUnknownError

COMMANDS = st.sampled_from(["deposit", "order", "poison", "pend"])


class DyingJournal(MemoryJournal):
    """Dies at the append with this number; what it was given is kept or not, as told."""

    def __init__(self, store: MemoryStore, dies_at: int, *, keeps: bool) -> None:
        super().__init__(0, store)
        self.left = dies_at
        self.keeps = keeps

    def append(self, rows: Sequence[JournalRow]) -> None:
        self.left -= 1
        if self.left >= 0:
            super().append(rows)
            return
        if self.left == -1 and self.keeps:
            super().append(rows)
        raise JournalUnknownError("the power is gone")


class Life:
    """Several runs on one store: what was sent, and what was acknowledged."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.snapshots = MemorySnapshots()
        self.names: list[str] = []
        self.acknowledged: dict[str, int] = {}

    async def run(self, commands: list[str], burst: int, dies_at: int, *, keeps: bool) -> None:
        journal = DyingJournal(self.store, dies_at, keeps=keeps)
        dead = asyncio.Event()
        loop = asyncio.get_running_loop()
        partition = Partition(
            recover(TOYS, journal, self.snapshots),
            TOYS,
            journal,
            self.snapshots,
            fatal=lambda _: loop.call_soon_threadsafe(dead.set),
        )
        work = asyncio.ensure_future(self._work(partition, commands, burst))
        death = asyncio.ensure_future(dead.wait())
        await asyncio.wait({work, death}, return_when=asyncio.FIRST_COMPLETED)
        death.cancel()
        if dead.is_set():
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        else:
            await work

    async def _work(self, partition: Partition, commands: list[str], burst: int) -> None:
        await partition.start()
        for start in range(0, len(commands), burst):
            await asyncio.gather(
                *(self._send(partition, kind) for kind in commands[start : start + burst])
            )
        await partition.stop()

    async def _send(self, partition: Partition, kind: str) -> None:
        name = f"{kind}{len(self.names)}"
        self.names.append(name)
        command = deposit(1) if kind == "deposit" else order(name)
        reply = await partition.submit(command)
        assert reply.seq <= len(self.store.rows), "J03: acknowledged means journaled"
        self.acknowledged[name] = reply.seq

    def follow(self) -> None:
        """Have a follower come to the same state, and leave a snapshot."""
        journal = MemoryJournal(0, self.store)
        whole = recover(TOYS, journal, None)
        follower = Follower(
            TOYS, journal, self.snapshots, NullProjection(), policy=SnapshotPolicy(keep=2)
        )
        if not whole.quarantine:
            follower.announce(whole.head.seq, whole.machine.events_hash())
            follower.advance(10_000)
            follower.take_snapshot()

    def check(self) -> None:
        """Hold the acknowledgements against what a fresh replay finds."""
        state = recover(TOYS, MemoryJournal(0, self.store), None).machine.state
        kept = [name for _, name in state["orders"].values()]
        assert len(kept) == len(set(kept)), "nothing is there twice"
        assert set(kept) <= set(self.names)
        acknowledged = {n for n in self.acknowledged if n.startswith(("order", "pend"))}
        assert acknowledged <= set(kept), "J04"
        deposits = sum(name.startswith("deposit") for name in self.acknowledged)
        assert sum(state["balances"].values()) >= deposits


@settings(max_examples=60, deadline=None)
@given(
    runs=st.lists(
        st.tuples(
            st.lists(COMMANDS, max_size=14),
            st.integers(1, 6),
            st.integers(0, 9),
            st.booleans(),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_no_crash_loses_or_doubles_anything_j04_j05(
    runs: list[tuple[list[str], int, int, bool]],
) -> None:
    life = Life()
    for commands, burst, dies_at, keeps in runs:
        asyncio.run(life.run(commands, burst, dies_at, keeps=keeps))
        life.check()
        life.follow()
