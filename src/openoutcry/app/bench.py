"""`outcry bench`: finds the repository's benchmarks, and measures the kernel without them."""

import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import openoutcry
from openoutcry.kernel import Kernel
from openoutcry.simulation.workload import ACCOUNTS, RESTING, orders, set_up

SEED = 1
BATCH_COMMANDS = 256
_SINGLES = 5_000

Figures = dict[str, str | int | float]


def repository_benchmarks() -> Path | None:
    """Return the root of the working tree that this package lies in, if it has benchmarks."""
    root = Path(openoutcry.__file__).resolve().parents[2]
    return root if (root / "bench" / "__main__.py").is_file() else None


def run_repository_benchmarks(root: Path, arguments: Sequence[str]) -> int:
    """Run the repository's benchmarks; returns their exit code."""
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, cwd=root, check=False).returncode  # noqa: S603 - our own


def measure_kernel(commands: int) -> Figures:
    """Measure the kernel: half passive orders, two fifths cancels, a tenth trades, seeded."""
    kernel = Kernel()
    seq = 1
    kernel.apply(b"".join(set_up()), seq)
    stream = orders(SEED)
    work = [next(stream) for _ in range(RESTING + commands + _SINGLES)]
    batches = [
        b"".join(work[start : min(start + BATCH_COMMANDS, RESTING + commands)])
        for start in range(0, RESTING + commands, BATCH_COMMANDS)
    ]
    warm = -(-RESTING // BATCH_COMMANDS)
    events = 0
    seconds = 0.0
    for number, batch in enumerate(batches):
        seq += 1
        began = time.perf_counter()
        out = kernel.apply(batch, seq)
        if number >= warm:
            seconds += time.perf_counter() - began
            events += len(out)
    singles = []
    for command in work[RESTING + commands :]:
        seq += 1
        began = time.perf_counter()
        kernel.apply(command, seq)
        singles.append(time.perf_counter() - began)
    singles.sort()
    measured = len(batches[warm:]) * BATCH_COMMANDS
    assert kernel.recount() == "", "money was conserved"
    return {
        "workload": f"one market, {ACCOUNTS:,} accounts, fees on, batches of {BATCH_COMMANDS}",
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "commands": measured,
        "nanoseconds_per_command": round(seconds / measured * 1e9, 1),
        "commands_per_second": round(measured / seconds),
        "event_bytes_per_command": round(events / measured, 1),
        "single_command_microseconds_p50": _percentile(singles, 50),
        "single_command_microseconds_p99": _percentile(singles, 99),
    }


def _percentile(sorted_seconds: Sequence[float], percent: int) -> float:
    return round(sorted_seconds[len(sorted_seconds) * percent // 100] * 1e6, 2)
