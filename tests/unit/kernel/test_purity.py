"""The native kernel asks nothing of the world (J14) and counts in whole numbers only (L09)."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from openoutcry.kernel import _native

ROOT = Path(__file__).resolve().parents[3]
SOURCES = sorted(p for p in (ROOT / "native" / "src").iterdir() if p.suffix in {".cpp", ".hpp"})
MODULE = Path(_native.__file__ or "")
OF_THE_WORLD = re.compile(
    r"^(clock|clock_gettime|clock_nanosleep|gettimeofday|time|times|localtime\w*|gmtime\w*|mktime|"
    r"strftime|nanosleep|usleep|sleep|getenv|secure_getenv|setlocale|rand|rand_r|random|srand\w*|"
    r"drand48|arc4random\w*|getrandom|getentropy|getpid|gettid|gethostname|uname|sysconf|"
    r"f?open(at)?(64)?|read|write|pread(64)?|pwrite(64)?|fread|fwrite|socket|connect|"
    r"pthread_create|fork|exec\w*|system|"
    r"_ZNSt6chrono\w+|_ZNSt13random_device\w+|_ZNSt6thread\w+)(@.*)?$"
)
EXPLAINED = {"fwrite": "nanobind's last words on stderr before it aborts"}
"""What the binding asks for, and why it reaches no result."""
FLOATING_TYPE = re.compile(
    r"\b(float|double|long\s+double|_Float\w+|std::(sin|cos|pow|sqrt|floor|ceil|round)\w*)\b"
)
FLOATING_LITERAL = re.compile(r"(?<![\w.'])\d[\d']*\.\d|(?<![\w.'])\d[\d']*[eE][+-]?\d")
VARYING = re.compile(
    r"#include\s*<(chrono|random|ctime|time\.h|thread|fstream|iostream|filesystem|unordered_map|"
    r"unordered_set|locale|cmath|math\.h)>"
)
COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def _code(path: Path) -> str:
    """The source without its comments and texts, line by line where it was."""
    source = path.read_text(encoding="utf-8")
    return COMMENT_OR_TEXT.sub(lambda found: "\n" * found[0].count("\n"), source)


def _found(pattern: re.Pattern[str], path: Path, code: str) -> list[str]:
    return [
        f"{path.name}:{number}: {line.strip()}"
        for number, line in enumerate(code.splitlines(), start=1)
        if pattern.search(line)
    ]


def _undefined(path: Path) -> list[str]:
    nm = shutil.which("nm")
    if nm is None:
        pytest.skip("nm (binutils) is not installed")
    done = subprocess.run([nm, "-D", "-u", path], capture_output=True, text=True, check=True)
    return [line.split()[-1] for line in done.stdout.splitlines() if line.strip()]


def test_module_imports_nothing_that_varies() -> None:
    """J14: no clock, no randomness, no environment, no files, no threads."""
    symbols = _undefined(MODULE)
    asked = {symbol.split("@")[0] for symbol in symbols if OF_THE_WORLD.match(symbol)}

    assert "mmap" in {symbol.split("@")[0] for symbol in symbols}, "nm has read the module"
    assert asked - set(EXPLAINED) == set()


def test_sources_include_nothing_that_varies() -> None:
    """J14, and no iteration over unordered things."""
    found = [
        line for path in SOURCES for line in _found(VARYING, path, path.read_text(encoding="utf-8"))
    ]

    assert len(SOURCES) >= 10
    assert found == []


def test_sources_hold_no_floating_point() -> None:
    """L09."""
    found = [
        line
        for path in SOURCES
        for pattern in (FLOATING_TYPE, FLOATING_LITERAL)
        for line in _found(pattern, path, _code(path))
    ]

    assert found == []


@pytest.mark.parametrize("text", ["double x", "auto x = 1.5;", "x * 1e6", "std::floor(x)"])
def test_scan_sees_floating_point(text: str) -> None:
    assert FLOATING_TYPE.search(text) or FLOATING_LITERAL.search(text)


@pytest.mark.parametrize("text", ["c.d", "0x1e5", "1'000'000", "a1e5", "x86.row", "doubled"])
def test_scan_lets_whole_numbers_pass(text: str) -> None:
    assert not FLOATING_TYPE.search(text)
    assert not FLOATING_LITERAL.search(text)


@pytest.mark.parametrize("symbol", ["getrandom@GLIBC_2.25", "time", "clock_gettime@GLIBC_2.17"])
def test_scan_sees_the_world(symbol: str) -> None:
    assert OF_THE_WORLD.match(symbol)
