"""The kernel and the reference give the same bytes for the same random commands (B22, B36)."""

import pytest
from bench.differential import DifferenceError, Pair, Sides, describe, records, run_seed

from openoutcry.core.enums import MarketStatus
from openoutcry.core.records import COMMANDS, NewOrder, SetMarketStatus
from openoutcry.kernel import Kernel
from openoutcry.simulation.commands import Batch, CommandStream, Coverage

SEEDS = range(16)
COMMANDS_PER_SEED = 12_600
LEAST = 100


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS)
def test_same_bytes(seed: int) -> None:
    run_seed(seed, COMMANDS_PER_SEED)


@pytest.mark.slow
def test_streams_cover_everything() -> None:
    total = Coverage()
    for seed in SEEDS:
        kernel, stream, seq = Kernel(), CommandStream(seed), 0
        while stream.coverage.commands < COMMANDS_PER_SEED:
            seq += 1
            batch = stream.batch()
            stream.observe(kernel.apply(batch.data, seq, batch.skip))
        total.add(stream.coverage)

    assert total.commands >= 200_000
    assert total.below(LEAST) == {}, total.table()


def test_same_seed_gives_the_same_stream() -> None:
    streams = [CommandStream(5), CommandStream(5)]
    kernels = [Kernel(), Kernel()]
    for seq in range(1, 400):
        batches = [stream.batch() for stream in streams]
        assert batches[0] == batches[1]
        for stream, kernel, batch in zip(streams, kernels, batches, strict=True):
            stream.observe(kernel.apply(batch.data, seq, batch.skip))


class _Deaf(Kernel):
    """A kernel that never hears that a market was closed."""

    def apply(self, batch: bytes, seq: int, skip: tuple[int, ...] = ()) -> bytes:
        heard = [
            record if record[2] != SetMarketStatus.KIND else self._opened(record)
            for record in records(batch)
        ]
        return super().apply(b"".join(heard), seq, skip)

    @staticmethod
    def _opened(record: bytes) -> bytes:
        command = SetMarketStatus.unpack(record)
        return command._replace(status=MarketStatus.TRADING).pack()


def test_a_difference_is_reported_with_its_command() -> None:
    sides = Sides(make_left=_Deaf)

    with pytest.raises(DifferenceError, match=r"seed 3, batch .*(?s:.*)SetMarketStatus.*status"):
        run_seed(3, 5_000, sides, restore=False)


def test_every_command_kind_is_text_in_a_report() -> None:
    assert (
        describe(NewOrder(market=3).pack(), COMMANDS)
        == "NewOrder size=168 kind=1 version=1 market=3"
    )
    assert describe(b"\x08\x00\xff\x01\x00\x00\x00\x00", COMMANDS).startswith("kind 255 bytes=")


def test_pair_raises_on_unequal_states() -> None:
    pair = Pair(Sides())
    pair.apply(Batch(b"", ()))
    pair.left = Kernel()

    with pytest.raises(DifferenceError):
        pair.compare_states()
