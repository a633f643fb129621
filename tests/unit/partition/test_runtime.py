"""The owner of a partition over a journal in memory. Covers J03, J05, J09, J10, O10, O39."""

import asyncio
import threading
from collections.abc import Sequence

import pytest
from tests.support.toy_machine import TOYS, deposit, order

from openoutcry.adapters.memory.journal import MemoryJournal, MemorySnapshots
from openoutcry.codec.journal import JournalRow, open_row
from openoutcry.codec.records import split_commands
from openoutcry.core.enums import CommandKind
from openoutcry.core.records import (
    BalanceEvent,
    CancelOrder,
    EpochEvent,
    OrderEvent,
    Quarantine,
    QuarantinedEvent,
)
from openoutcry.partition.recovery import recover
from openoutcry.partition.runtime import Partition, PartitionLimits
from openoutcry.ports.calls import CallError, NotAcceptedError, Reply, StorageFullError
from openoutcry.ports.feeds import Committed
from openoutcry.ports.journal import FencedError, JournalFullError, JournalUnknownError


class GatedJournal(MemoryJournal):
    """Appends wait for `gate`; the next ones fail with what is in `errors`."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.started = threading.Event()
        self.errors: list[Exception] = []

    def append(self, rows: Sequence[JournalRow]) -> None:
        self.started.set()
        assert self.gate.wait(10)
        if self.errors:
            raise self.errors.pop(0)
        super().append(rows)


class FakeRoom:
    """A disk whose shortness the test decides."""

    def __init__(self) -> None:
        self.short = False
        self.kept = False

    def is_short(self) -> bool:
        return self.short

    def release(self) -> None:
        self.kept = False

    def set_aside(self) -> bool:
        self.kept = True
        return True


async def started(journal: MemoryJournal, **options: object) -> Partition:
    partition = Partition(recover(TOYS, journal, None), TOYS, journal, **options)
    await partition.start()
    return partition


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def cancel() -> bytes:
    return CancelOrder(account_id=1024, market=1).pack()


async def test_the_first_row_of_an_owner_is_its_epoch() -> None:
    journal = MemoryJournal()
    for epoch in (1, 2):
        partition = await started(journal)
        await partition.stop()
        commands = open_row(journal.row(epoch))
        assert commands[2] == CommandKind.EPOCH
        assert journal.row(epoch).epoch == epoch


async def test_replies_carry_the_events_of_their_command() -> None:
    partition = await started(MemoryJournal())
    replies = await asyncio.gather(*(partition.submit(deposit(n)) for n in range(1, 101)))
    assert [reply.events[0].amount_atoms for reply in replies] == list(range(1, 101))
    assert all(len(reply.events) == 1 for reply in replies)
    assert {reply.seq for reply in replies} == {2}, "what arrives together is one batch"
    await partition.stop()


async def test_nothing_leaves_before_the_append_is_durable_j03() -> None:
    journal = GatedJournal()
    partition = await started(journal)
    seen: list[Committed] = []
    partition.subscribe(seen.append)
    journal.gate.clear()
    journal.started.clear()
    reply = asyncio.ensure_future(partition.submit(deposit(5)))
    await settle()
    read = asyncio.ensure_future(partition.balances(1024))
    await asyncio.to_thread(journal.started.wait, 10)
    await settle()
    assert not reply.done()
    assert not read.done(), "a read shows the batch in flight, so it waits for its commit"
    assert not seen
    assert await partition.committed_seq() == 1
    journal.gate.set()
    assert (await reply).seq == 2
    assert (await read)[0].free_atoms == 5
    assert [committed.seq for committed in seen] == [2]
    await partition.stop()


async def test_what_arrives_during_an_append_is_the_next_batch() -> None:
    journal = GatedJournal()
    partition = await started(journal)
    journal.gate.clear()
    first = asyncio.ensure_future(partition.submit(deposit(1)))
    await settle()
    rest = [asyncio.ensure_future(partition.submit(deposit(1))) for _ in range(50)]
    await settle()
    journal.gate.set()
    assert (await first).seq == 2
    assert {(await reply).seq for reply in rest} == {3}
    assert journal.row(3).n_commands == 50
    await partition.stop()


class Arrivals:
    """Sends a command in each round of the loop; each reply is noted by number."""

    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.replies: dict[int, Reply | CallError] = {}
        self.sent = 0

    def send(self) -> None:
        number = self.sent
        self.sent += 1
        self.partition.send(deposit(1), lambda reply: self.replies.update({number: reply}))

    async def run(self, rounds: int) -> list[int]:
        """Return the sequence of each reply."""
        for _ in range(rounds):
            self.send()
            await asyncio.sleep(0)
        while len(self.replies) < self.sent:
            await asyncio.sleep(0)
        replies = [self.replies[number] for number in range(self.sent)]
        return [reply.seq for reply in replies if isinstance(reply, Reply)]


async def test_a_batch_waits_while_each_round_brings_more() -> None:
    limits = PartitionLimits(gather_seconds=60.0)
    partition = await started(MemoryJournal(), limits=limits)
    assert await Arrivals(partition).run(rounds=20) == [2] * 20
    await partition.stop()


async def test_a_batch_does_not_wait_for_ever() -> None:
    journal = MemoryJournal()
    partition = await started(journal, limits=PartitionLimits(gather_seconds=0.0))
    seqs = await Arrivals(partition).run(rounds=20)
    assert seqs[0] == 2
    assert seqs[-1] > 2
    await partition.stop()


async def test_a_full_batch_waits_for_nothing() -> None:
    limits = PartitionLimits(batch_commands_max=5, gather_seconds=60.0)
    partition = await started(MemoryJournal(), limits=limits)
    seqs = await Arrivals(partition).run(rounds=20)
    assert [seqs.count(seq) for seq in range(2, 6)] == [5] * 4
    await partition.stop()


async def test_a_taker_that_fails_keeps_no_reply_from_the_others() -> None:
    partition = await started(MemoryJournal())
    failures: list[BaseException] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: failures.append(context["exception"])
    )
    replies: list[Reply | CallError] = []

    def fail(_reply: Reply | CallError) -> None:
        raise ZeroDivisionError

    for taker in (fail, replies.append, fail, replies.append, fail):
        partition.send(deposit(1), taker)
    seq = await partition.idle()
    await settle()
    assert [reply.seq for reply in replies if isinstance(reply, Reply)] == [seq, seq]
    assert [type(failure) for failure in failures] == [ZeroDivisionError] * 3
    await partition.stop()


async def test_listeners_get_each_batch_once_in_order() -> None:
    partition = await started(MemoryJournal())
    seen: list[int] = []
    stop = partition.subscribe(lambda committed: seen.append(committed.seq))
    for _ in range(20):
        await partition.submit(deposit(1))
    stop()
    await partition.submit(deposit(1))
    assert seen == list(range(2, 22))
    await partition.stop()


async def test_a_listener_has_run_when_the_caller_hears() -> None:
    partition = await started(MemoryJournal())
    seen: list[int] = []
    partition.subscribe(lambda committed: seen.append(committed.seq))
    reply = await partition.submit(deposit(1))
    assert seen == [reply.seq]
    await partition.stop()


async def test_time_never_goes_back() -> None:
    journal = MemoryJournal()
    clock = iter([100, 90, 80, 120, 120])
    partition = await started(journal, clock=lambda: next(clock))
    times = [(await partition.submit(deposit(1))).time_us for _ in range(4)]
    assert times == [100, 100, 120, 120]
    await partition.stop()
    again = await started(journal, clock=lambda: 5)
    assert (await again.submit(deposit(1))).time_us == 120
    await again.stop()


async def test_continuations_get_a_tick_before_other_commands() -> None:
    journal = MemoryJournal()
    partition = await started(journal)
    seen: list[Committed] = []
    partition.subscribe(seen.append)
    await asyncio.gather(partition.submit(order("pend1")), partition.submit(order("pend2")))
    await partition.submit(deposit(1))
    await partition.stop()
    kinds = [[c[2] for c in split_commands(open_row(row))] for row in journal.read(2)]
    assert kinds == [
        [CommandKind.NEW_ORDER, CommandKind.NEW_ORDER],
        [CommandKind.TICK],
        [CommandKind.DEPOSIT],
    ]
    assert [len(committed.events) for committed in seen] == [2, 2, 1]


async def test_a_full_queue_refuses() -> None:
    journal = GatedJournal()
    partition = await started(journal, limits=PartitionLimits(queue_commands_max=3))
    journal.gate.clear()
    tasks = [asyncio.ensure_future(partition.submit(deposit(1))) for _ in range(1)]
    await settle()
    tasks += [asyncio.ensure_future(partition.submit(deposit(1))) for _ in range(3)]
    await settle()
    with pytest.raises(NotAcceptedError):
        await partition.submit(deposit(1))
    journal.gate.set()
    await asyncio.gather(*tasks)
    await partition.stop()


async def test_a_stopped_partition_refuses_and_has_answered_all_j05() -> None:
    partition = await started(MemoryJournal())
    tasks = [asyncio.ensure_future(partition.submit(deposit(1))) for _ in range(100)]
    await asyncio.sleep(0)
    await partition.stop()
    assert all(task.done() for task in tasks)
    with pytest.raises(NotAcceptedError):
        await partition.submit(deposit(1))


async def test_what_is_no_command_is_refused_at_the_door() -> None:
    partition = await started(MemoryJournal())
    forged = Quarantine(seq=1).pack()
    for wrong in (b"", bytes(48), deposit(1) + bytes(8), deposit(1) * 2, deposit(1)[:-8], forged):
        with pytest.raises(ValueError):
            await partition.submit(wrong)
    await partition.stop()


async def test_a_caller_that_went_away_does_not_matter() -> None:
    journal = GatedJournal()
    partition = await started(journal)
    journal.gate.clear()
    gone = asyncio.ensure_future(partition.submit(deposit(1)))
    stays = asyncio.ensure_future(partition.submit(deposit(2)))
    await settle()
    gone.cancel()
    await settle()
    journal.gate.set()
    assert (await stays).events[0].free_atoms == 3
    await partition.stop()


@pytest.mark.parametrize("error", [JournalUnknownError("EIO"), FencedError("stale")])
async def test_a_failed_append_stops_without_a_reply_j09_j10(error: Exception) -> None:
    journal = GatedJournal()
    failed: list[BaseException] = []
    partition = await started(journal, fatal=failed.append)
    seen: list[Committed] = []
    partition.subscribe(seen.append)
    journal.errors.append(error)
    reply = asyncio.ensure_future(partition.submit(deposit(1)))
    await asyncio.sleep(0.1)
    assert failed == [error]
    assert not reply.done()
    assert not seen
    reply.cancel()


async def test_a_poison_command_is_quarantined_and_others_are_served_o39() -> None:
    journal, snapshots = MemoryJournal(), MemorySnapshots()
    partition = Partition(recover(TOYS, journal, snapshots), TOYS, journal, snapshots)
    await partition.start()
    seen: list[Committed] = []
    partition.subscribe(seen.append)
    await partition.submit(deposit(7))
    replies = await asyncio.gather(
        partition.submit(deposit(1)),
        partition.submit(order("poison-1")),
        partition.submit(order("fine")),
        partition.submit(order("poison-2")),
    )
    assert isinstance(replies[0].events[0], BalanceEvent)
    assert isinstance(replies[1].events[0], QuarantinedEvent)
    assert replies[1].events[0].quarantined_index == 1
    assert replies[1].events[0].market == 1
    assert isinstance(replies[2].events[0], OrderEvent)
    assert replies[3].events[0].quarantined_index == 3
    assert (await partition.submit(deposit(2))).events[0].free_atoms == 10
    assert (await partition.balances(1024))[0].free_atoms == 10
    await partition.stop()
    assert [committed.seq for committed in seen] == [2, 3, 4, 5]
    assert [len(committed.events) for committed in seen] == [1, 2, 2, 1]
    replayed = recover(TOYS, journal, None)
    assert replayed.machine.seq() == 5
    assert not replayed.quarantine


async def test_a_crash_between_fault_and_quarantine_is_mended_at_the_next_start() -> None:
    journal = MemoryJournal()
    partition = await started(journal)
    reply = asyncio.ensure_future(partition.submit(order("poison")))
    await reply
    await partition.stop()
    del journal.store.rows[2:]  # as if the process had died before the quarantine was durable
    again = await started(journal)
    await again.stop()
    kinds = [[c[2] for c in split_commands(open_row(row))] for row in journal.read(2)]
    assert kinds == [[CommandKind.NEW_ORDER], [CommandKind.QUARANTINE], [CommandKind.EPOCH]]
    assert recover(TOYS, journal, None).machine.state["quarantined"] == 1


async def test_a_full_disk_refuses_orders_and_takes_cancels_until_there_is_room_o10() -> None:
    journal, room = GatedJournal(), FakeRoom()
    partition = await started(journal, room=room, limits=PartitionLimits(room_check_seconds=0.02))
    assert room.kept
    journal.errors.append(JournalFullError("ENOSPC"))
    room.short = True
    assert (await partition.submit(order("last"))).events, "the reserve carries this one"
    assert not room.kept
    assert partition.is_full
    for refused in (order("late"), deposit(1)):
        with pytest.raises(StorageFullError):
            await partition.submit(refused)
    await partition.submit(cancel())
    room.short = False
    await asyncio.sleep(0.1)
    assert room.kept
    assert (await partition.submit(order("again"))).events
    await partition.stop()


async def test_when_even_the_reserve_is_spent_the_batch_waits_for_room() -> None:
    journal, room = GatedJournal(), FakeRoom()
    partition = await started(journal, room=room)
    journal.errors += [JournalFullError("ENOSPC")] * 3
    waiting = asyncio.ensure_future(partition.submit(order("waits")))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    with pytest.raises(StorageFullError):
        await partition.submit(cancel())
    assert (await waiting).events
    await partition.submit(cancel())
    await partition.stop()


async def test_low_space_is_seen_before_it_hurts() -> None:
    room = FakeRoom()
    partition = await started(
        MemoryJournal(), room=room, limits=PartitionLimits(room_check_seconds=0.02)
    )
    room.short = True
    await asyncio.sleep(0.1)
    with pytest.raises(StorageFullError):
        await partition.submit(order("late"))
    await partition.submit(cancel())
    await partition.stop()


async def test_an_empty_state_cannot_own_a_journal_with_rows_j16() -> None:
    journal = MemoryJournal()
    partition = await started(journal)
    await partition.stop()
    empty = recover(TOYS, MemoryJournal(), None)
    with pytest.raises(ValueError, match="cannot own"):
        Partition(empty, TOYS, journal)


async def test_the_epoch_reply_is_an_event() -> None:
    journal = MemoryJournal()
    partition = Partition(recover(TOYS, journal, None), TOYS, journal)
    seen: list[Committed] = []
    partition.subscribe(seen.append)
    await partition.start()
    assert isinstance(seen[0].events[0], EpochEvent)
    await partition.stop()
