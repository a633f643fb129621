"""Batches as the kernel makes them, from the random command generator."""

from collections.abc import Iterator

from openoutcry.codec.records import decode_events
from openoutcry.kernel import Kernel
from openoutcry.ports.feeds import Committed
from openoutcry.simulation.commands import CommandStream


def random_batches(seed: int, count: int) -> Iterator[tuple[Kernel, Committed]]:
    """Yield each batch with the kernel that has just applied it."""
    stream = CommandStream(seed)
    kernel = Kernel()
    for seq in range(1, count + 1):
        batch = stream.batch()
        events = kernel.apply(batch.data, seq, batch.skip)
        stream.observe(events)
        yield kernel, Committed(seq, kernel.time_us(), decode_events(events))
