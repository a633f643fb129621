"""Write the fuzz driver's corpus: prefixes of random command streams, and every scenario table.

python tests/sanitizer/write_corpus.py [folder]

A file is batches, each behind its length (u32, little-endian); an empty batch stands where the next
kernel begins.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from openoutcry.kernel import Kernel
from openoutcry.simulation.commands import CommandStream

ROOT = Path(__file__).resolve().parents[2]
SEEDS = (1, 2, 3)
COMMANDS_PER_SEED = 700
_LENGTH_BYTES = 4


def _framed(batches: Iterable[bytes]) -> bytes:
    return b"".join(len(b).to_bytes(_LENGTH_BYTES, "little") + b for b in batches)


def stream(seed: int) -> list[bytes]:
    """The first batches of a seed, and the batch that ends it at the end of time."""
    kernel, made, batches = Kernel(), CommandStream(seed), []
    while made.coverage.commands < COMMANDS_PER_SEED:
        batch = made.batch()
        batches.append(batch.data)
        made.observe(kernel.apply(batch.data, len(batches), batch.skip))
    batches.append(made.last_act().data)
    return batches


class _Recorder(Kernel):
    """A kernel that keeps the batches that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[bytes] = []

    def apply(self, batch: bytes, seq: int, skip: Iterable[int] = ()) -> bytes:
        self.batches.append(batch)
        return super().apply(batch, seq, skip)


def scenarios() -> dict[str, list[bytes]]:
    """Of each scenario table the batches of all its scenarios, an empty one between two."""
    sys.path.insert(0, str(ROOT / "tests" / "scenarios"))
    import table

    found: dict[str, list[bytes]] = {}
    for scenario in table.read_all():
        machine = _Recorder()
        player = table.Player(machine)
        for row in scenario.rows:
            player.play(row.text)
        runs = found.setdefault(Path(scenario.file).stem, [])
        runs += [b"", *machine.batches] if runs else machine.batches
    return found


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "native" / "tests" / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    for seed in SEEDS:
        (folder / f"stream-{seed}.batches").write_bytes(_framed(stream(seed)))
    for name, batches in scenarios().items():
        (folder / f"scenarios-{name}.batches").write_bytes(_framed(batches))


if __name__ == "__main__":
    main()
