"""The watcher over random streams: what must hold after every command, whatever was sent.

L01 L02 L03 L04 L05 L06 L07 L08, B01 B02 B03 B04 B06 B07 B08 B09 B11 B12 B13 B14 B15 B16 B21 B24
B31 B32 B34 B39,
F01 F03 F04 F05: the assertions of `watch.py` say which.
"""

import pytest
from tests.property.watch import Watcher

from openoutcry.core.enums import EventKind
from openoutcry.kernel import Kernel
from openoutcry.simulation.commands import CommandStream

STATE_BATCHES = 25


def _watched(seed: int, commands: int) -> Watcher:
    kernel, stream, watcher, seq = Kernel(), CommandStream(seed), Watcher(), 0
    while stream.coverage.commands < commands:
        seq += 1
        batch = stream.batch()
        events = kernel.apply(batch.data, seq, batch.skip)
        stream.observe(events)
        watcher.batch(batch.data, events)
        if seq % STATE_BATCHES == 0:
            watcher.state(kernel.snapshot())
            assert kernel.recount() == ""
    watcher.state(kernel.snapshot())
    return watcher


@pytest.mark.parametrize("seed", range(100, 112))
def test_invariants_hold_on_a_random_stream(seed: int) -> None:
    watcher = _watched(seed, 3_000)

    assert watcher.ids["trade", 1] > 50
    assert len(watcher.orders) > 500


def _garbled(seed: int, batches: int) -> None:
    kernel, stream, watcher = Kernel(), CommandStream(seed), Watcher()
    for seq in range(1, batches):
        batch = stream.batch()
        events = bytearray(kernel.apply(batch.data, seq, batch.skip))
        stream.observe(bytes(events))
        if seq > 100 and len(events) > 150 and events[2] == EventKind.ORDER:
            events[-160] ^= 1
        watcher.batch(batch.data, bytes(events))


def test_the_watcher_sees_a_wrong_event() -> None:
    with pytest.raises(AssertionError):
        _garbled(1, 300)
