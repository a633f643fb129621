"""The real kernel, the real journal, random commands. Covers J01, J02, X10 on replay."""

import random
from pathlib import Path

import pytest

from openoutcry.adapters.local.snapshots import FileSnapshots
from openoutcry.adapters.sqlite.journal import SqliteJournal
from openoutcry.app.engine import kernel_machines
from openoutcry.codec.journal import seal
from openoutcry.codec.records import command_sizes
from openoutcry.codec.snapshots import Snapshot
from openoutcry.core.records import Quarantine
from openoutcry.kernel import Kernel
from openoutcry.partition.follower import Follower, NullProjection, SnapshotPolicy
from openoutcry.partition.recovery import recover
from openoutcry.simulation.commands import CommandStream

BATCHES = 1_500
SNAPSHOTS = 12


class Leader:
    """Journals a random stream as an owner would, quarantines included."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.journal = SqliteJournal(folder / "journal.db", synchronous="OFF")
        self.epoch = self.journal.acquire()
        self.stream = CommandStream(seed)
        self.kernel = Kernel()
        self.commands = 0
        self.hashes: dict[int, bytes] = {}

    def step(self) -> None:
        batch = self.stream.batch()
        seq = self.kernel.seq() + 1
        self._append(batch.data)
        self.stream.observe(self.kernel.apply(batch.data, seq, batch.skip))
        self.hashes[seq] = self.kernel.events_hash()
        if batch.skip:
            records = [
                Quarantine(seq=seq, index=index, time_us=self.kernel.time_us()).pack()
                for index in batch.skip
            ]
            self._append(b"".join(records))
            self.stream.observe(self.kernel.apply(b"".join(records), seq + 1))
            self.hashes[seq + 1] = self.kernel.events_hash()

    def _append(self, data: bytes) -> None:
        count = len(list(command_sizes(data)))
        self.commands += count
        self.journal.append([seal(self.journal.head(), 0, self.epoch, data, count)])

    def snapshot(self) -> Snapshot:
        kernel = self.kernel
        return Snapshot(
            partition=0,
            seq=kernel.seq(),
            commands=self.commands,
            time_us=kernel.time_us(),
            journal_hash=self.journal.head().hash,
            state_hash=kernel.state_hash(),
            events_hash=kernel.events_hash(),
            rows=kernel.snapshot(),
        )


@pytest.mark.parametrize("seed", [1, 2])
def test_every_road_leads_to_the_live_state_j01_j02(seed: int, tmp_path: Path) -> None:
    leader = Leader(tmp_path, seed)
    files = FileSnapshots(tmp_path / "snapshots")
    moments = set(random.Random(seed).sample(range(BATCHES), SNAPSHOTS))
    for number in range(BATCHES):
        leader.step()
        if number in moments:
            files.save(leader.snapshot())
    live = leader.kernel
    machines = kernel_machines()
    genesis = recover(machines, leader.journal, None)
    assert genesis.machine.state_hash() == live.state_hash()
    assert genesis.machine.events_hash() == live.events_hash()
    assert genesis.commands == leader.commands
    for seq in files.seqs():
        recovered = recover(machines, leader.journal, files, snapshot_max=seq)
        assert recovered.snapshot_seq == seq
        assert recovered.machine.state_hash() == live.state_hash()
        assert recovered.machine.events_hash() == live.events_hash()
        assert recovered.machine.recount() == ""
    leader.journal.close()


def test_a_follower_agrees_batch_by_batch_and_its_snapshots_hold(tmp_path: Path) -> None:
    leader = Leader(tmp_path, 3)
    files = FileSnapshots(tmp_path / "snapshots")
    follower = Follower(
        kernel_machines(),
        leader.journal,
        files,
        NullProjection(),
        policy=SnapshotPolicy(seconds=1e9, commands=200, keep=100),
    )
    for _ in range(BATCHES):
        leader.step()
    for seq, events_hash in leader.hashes.items():
        follower.announce(seq, events_hash)
    while follower.is_behind:
        follower.advance(17)
        if follower.snapshot_due():
            follower.take_snapshot()
    assert len(files.seqs()) > 5
    for seq in files.seqs():
        at_that_time = recover(kernel_machines(), leader.journal, None, up_to=seq)
        assert files.load(seq).state_hash == at_that_time.machine.state_hash()
    leader.journal.close()
