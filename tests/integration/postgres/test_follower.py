"""A partition's whole way through PostgreSQL: journal, follower, rows, snapshots. J01, J02."""

from openoutcry.adapters.postgres.journal import PostgresJournal
from openoutcry.adapters.postgres.projector import PostgresProjector
from openoutcry.adapters.postgres.snapshots import PostgresSnapshots
from openoutcry.app.engine import kernel_machines
from openoutcry.codec.journal import seal
from openoutcry.kernel import Kernel
from openoutcry.partition.follower import Follower
from openoutcry.partition.recovery import recover
from openoutcry.simulation.commands import CommandStream

BATCHES = 400


def test_a_follower_starts_again_from_snapshot_and_cursor(database: str) -> None:
    journal = PostgresJournal(database, owner="leader")
    epoch = journal.acquire()
    machines = kernel_machines()
    snapshots = PostgresSnapshots(database)
    leader = Kernel()
    stream = CommandStream(3)
    follower, projector = None, None
    for seq in range(1, BATCHES + 1):
        batch = stream.batch()
        stream.observe(leader.apply(batch.data, seq, ()))
        row = seal(journal.head(), 0, epoch, batch.data, 1)
        journal.append([row])
        if seq % 100 == 1:
            projector = PostgresProjector(database)
            follower = Follower(machines, journal, snapshots, projector)
        assert follower is not None
        assert projector is not None
        follower.announce(seq, leader.events_hash())
        if seq % 10 == 0:
            while follower.is_behind:
                follower.advance()
            follower.commit()
        if seq % 50 == 0:
            follower.take_snapshot()
        if seq % 100 == 0:
            projector.close()
    assert snapshots.seqs() == [400, 350, 300]
    for snapshot_max in (400, 350, 300, 0):
        recovered = recover(machines, journal, snapshots, snapshot_max=snapshot_max)
        assert recovered.machine.state_hash() == leader.state_hash()
        assert recovered.head == journal.head()
    projector = PostgresProjector(database)
    assert projector.cursor() == BATCHES
    projector.close()
    journal.close()
