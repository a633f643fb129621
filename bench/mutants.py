"""Faults seeded into the kernel, to show that the differential bites.

`python -m bench.mutants` builds the variant of the kernel that holds the faults (build/faults) and
tells after how many random commands each fault was caught.
"""

import argparse
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from bench.differential import DifferenceError, Sides, run_seed
from bench.links import run_links
from bench.network import native_pair

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "faults"
MUTANTS = {
    1: "fees are rounded down",
    2: "the maker pays the taker's rate",
    3: "a buy at a better price keeps the difference on hold",
    4: "fill-or-kill counts own orders under every mode",
    5: "fill-or-kill is never tried first",
    6: "a new slice of an iceberg keeps its place",
    7: "a cancelled order's hold is not given back",
    8: "post-only may take at its own price",
    9: "prevention knows accounts but no groups",
    10: "EXPIRE_MAKER acts as EXPIRE_TAKER",
    11: "no request is remembered",
    12: "a client order id may be used twice",
    13: "a rising stop needs one tick more",
    14: "immediate-or-cancel rests",
    15: "an amended order goes to the back of its level",
    16: "a new order goes to the front of its level",
    17: "market by quote spends beyond its budget",
    18: "the notional minimum itself is refused",
    19: "a closed market takes orders",
    20: "sells are judged by the band of buys",
    21: "TRANSFER needs no consent of the maker",
    22: "a suspended sweep goes to the back of the queue",
    23: "a trailing sell forgets the high",
    24: "a message that comes twice is taken in twice",
    25: "an acknowledgement trims one message too many",
    26: "a message beyond a gap is taken in",
    27: "a market forgets to tell that an order has ended",
    28: "a hold is released twice at an expiry",
    29: "a client order id asked for by an amend is not kept for its order",
    30: "what an answered request came to is not remembered",
    31: "a request under way may be sent again",
    32: "an order is answered before its fills are told",
    33: "what was never sent may be acknowledged",
}
"""What each MUTANT(n) in native/src does."""
FIRST_OF_LINKS = 24
"""From here on only partitions that links connect can tell."""
COMMANDS_MAX = 20_000
SEED_COMMANDS = 10_000
_SOURCES = ("CMakeLists.txt", "native/src/*.cpp", "native/src/*.hpp")


class Caught(NamedTuple):
    """How a fault was found."""

    mutant: int
    seed: int
    commands: int
    found: str


def source_hash() -> str:
    """Digest of everything that the variant is built from."""
    digest = hashlib.sha256(sys.version.encode())
    for pattern in _SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def build() -> Path:
    """Build the variant if its sources changed; return the module's file."""
    BUILD.mkdir(parents=True, exist_ok=True)
    stamp, wanted = BUILD / "source-hash", source_hash()
    with (BUILD / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
            _compile()
            stamp.write_text(wanted, encoding="utf-8")
    return next(BUILD.glob("_native.*.so"))


def _compile() -> None:
    tools = Path(sys.executable).parent
    path = f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"
    cmake = shutil.which("cmake", path=path)
    assert cmake is not None, "cmake is among the locked tools"
    ninja = shutil.which("ninja", path=path)
    generator = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}"] if ninja else []
    for old in BUILD.glob("_native.*.so"):
        old.unlink()
    configure = [cmake, "-S", ROOT, "-B", BUILD, *generator, "-DOUTCRY_FAULTS=ON"]
    configure.append(f"-DPython_EXECUTABLE={sys.executable}")
    for command in (configure, [cmake, "--build", BUILD]):
        subprocess.run(command, check=True, capture_output=True)


def load() -> ModuleType:
    """Import the variant beside the installed kernel."""
    path = build()
    known = sys.modules.get("openoutcry_faults._native")
    if known is not None:
        return known
    specification = importlib.util.spec_from_file_location("openoutcry_faults._native", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    sys.modules["openoutcry_faults._native"] = module
    return module


def hunt(mutant: int, first_seed: int = 0) -> Caught | None:
    """Run the differential against one fault; return how it was caught, None if it was not."""
    module = load()
    sides = Sides(make_left=module.Kernel, restore_left=module.Kernel.restore)
    done = 0
    module.set_mutant(mutant)
    try:
        for seed in range(first_seed, first_seed + COMMANDS_MAX // SEED_COMMANDS):
            try:
                if mutant < FIRST_OF_LINKS:
                    done += run_seed(seed, SEED_COMMANDS, sides).commands
                else:
                    done += run_links(seed, SEED_COMMANDS, partial(native_pair, sides=sides))[
                        "commands"
                    ]
            except DifferenceError as error:
                lines = str(error).splitlines()
                return Caught(mutant, seed, done + error.commands, lines[-1].strip())
    finally:
        module.set_mutant(0)
    return None


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Hunt every fault; return the figures."""
    started = time.monotonic()
    rows = []
    for mutant, words in MUTANTS.items():
        caught = hunt(mutant, args.seed)
        rows.append(
            {"mutant": mutant, "fault": words, "commands": caught.commands if caught else None}
        )
        told = f"caught after {caught.commands:,} commands" if caught else "NOT CAUGHT"
        print(f"{mutant:>3}  {words:<52} {told}", flush=True)
        if caught:
            print(f"     {caught.found[:110]}", flush=True)
    missed = [row["mutant"] for row in rows if row["commands"] is None]
    return {"mutants": rows, "missed": missed, "seconds": round(time.monotonic() - started, 1)}


def main() -> int:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    found = run(parser.parse_args())
    print(f"{len(MUTANTS) - len(found['missed'])} of {len(MUTANTS)} caught, {found['seconds']} s")
    return 1 if found["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
