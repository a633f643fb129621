"""The kernel under AddressSanitizer and UndefinedBehaviorSanitizer, fed by its fuzz driver.

OUTCRY_FUZZ_SECONDS is how long each of the three searches may take; a search that finds something
leaves the batches that led there in build/sanitizer, and says how to play them again.
"""

import fcntl
import hashlib
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "native"
BUILD = ROOT / "build" / "sanitizer"
PYTHON_DOOR = ("module.cpp", "wire.cpp")
"""What needs an interpreter; the kernel itself does not."""
CORPUS = sorted((NATIVE / "tests" / "corpus").glob("*.batches"))
SECONDS = int(os.environ.get("OUTCRY_FUZZ_SECONDS", "8"))
FLAGS = (
    "-std=gnu++20",
    "-O1",
    "-g",
    "-fno-omit-frame-pointer",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
)
PROBE = "int main(int count, char**) { int a[4] = {}; return a[count - 1]; }"
KEPT_BUILDS = 3

pytestmark = [pytest.mark.slow, pytest.mark.timeout(SECONDS + 600)]


def _compiler() -> str:
    names = (os.environ.get("CXX", ""), "g++", "c++", "clang++")
    return next(path for name in names if name and (path := shutil.which(name)))


def _sources() -> list[Path]:
    kernel = [p for p in (NATIVE / "src").glob("*.cpp") if p.name not in PYTHON_DOOR]
    return sorted([*kernel, NATIVE / "tests" / "fuzz.cpp"])


def _fingerprint() -> str:
    """Hash of all that the driver is made from."""
    digest = hashlib.sha256(" ".join((_compiler(), *FLAGS)).encode())
    headers = [*(NATIVE / "src").glob("*.hpp"), *(NATIVE / "tests").glob("*.hpp")]
    for path in sorted([*_sources(), *headers]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _alone() -> Iterator[None]:
    """Only one process at a time builds."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _probe(folder: Path) -> None:
    """Skip when this compiler has no sanitizers to link."""
    (folder / "probe.cpp").write_text(PROBE, encoding="utf-8")
    for command in ([_compiler(), *FLAGS, "probe.cpp", "-o", "probe"], ["./probe"]):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"no sanitizer libraries: {done.stderr.strip()[-300:]}")


def _compile(folder: Path) -> None:
    waiting = _sources()
    running: list[tuple[Path, subprocess.Popen[str]]] = []
    while waiting or running:
        while waiting and len(running) < 2:
            source = waiting.pop()
            command = [_compiler(), *FLAGS, "-c", str(source), "-o", f"{source.stem}.o"]
            started = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
            running.append((source, started))
        source, process = running.pop(0)
        errors = process.communicate()[1]
        assert process.returncode == 0, f"{source.name} does not compile:\n{errors}"
    objects = [f"{source.stem}.o" for source in _sources()]
    subprocess.run([_compiler(), *FLAGS, *objects, "-o", "fuzz"], cwd=folder, check=True)


@pytest.fixture(scope="session")
def driver() -> Path:
    """The driver, built once for each state of the sources."""
    folder = BUILD / _fingerprint()
    with _alone():
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            _probe(folder)
            _compile(folder)
            (folder / "made").touch()
            made = sorted(BUILD.glob("*/made"), key=lambda path: path.stat().st_mtime)
            for old in made[:-KEPT_BUILDS]:
                shutil.rmtree(old.parent)
    return folder / "fuzz"


def _run(driver: Path, mode: str, *words: str) -> dict[str, int]:
    """Run the driver and return what it counted."""
    trace = BUILD / f"{mode}-{os.getpid()}.batches"
    command = [str(driver), mode, *words]
    environment = {
        **os.environ,
        "TRACE": str(trace),
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=1",
    }
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    told = f"{' '.join(command[:4])}\n{done.stdout}\n{done.stderr[-6000:]}"
    if trace.exists():
        told += f"\nagain: {driver} replay {trace}"
    assert done.returncode == 0, told
    counted = done.stdout.split()
    return dict(zip(counted[::2], map(int, counted[1::2]), strict=True))


def _seed() -> str:
    """Drawn from the seed of the test run, which its head shows."""
    return str(random.getrandbits(31))


def test_corpus(driver: Path) -> None:
    counted = _run(driver, "replay", *map(str, CORPUS))

    assert counted["commands"] > 5_000


@pytest.mark.long
def test_damaged_commands(driver: Path) -> None:
    counted = _run(driver, "mutate", _seed(), str(SECONDS), *map(str, CORPUS))

    assert counted["commands"] > 1_000


@pytest.mark.long
def test_random_commands(driver: Path) -> None:
    counted = _run(driver, "random", _seed(), str(SECONDS))

    assert counted["commands"] > 1_000
    assert counted["restores"] > 0


@pytest.mark.long
def test_damaged_snapshots(driver: Path) -> None:
    counted = _run(driver, "snapshots", _seed(), str(SECONDS), *map(str, CORPUS))

    assert counted["refused"] > counted["restores"] // 4


def test_corpus_is_small_and_there() -> None:
    assert len(CORPUS) >= 8
    assert sum(path.stat().st_size for path in CORPUS) < 1_000_000
