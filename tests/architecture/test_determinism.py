"""The deterministic rooms use nothing that could make two runs differ.

A line that must bend a rule says so: `# determinism: allow, because ...`.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("core", "kernel", "reference")
ALLOWED = "# determinism: allow, because "
FORBIDDEN_MODULES = frozenset(
    {
        "asyncio",
        "datetime",
        "logging",
        "os",
        "random",
        "secrets",
        "socket",
        "threading",
        "time",
        "uuid",
    }
)


def _modules_imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module


def _is_set(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in {"set", "frozenset"}
    return isinstance(node, ast.Set | ast.SetComp)


def _offences(node: ast.AST) -> Iterator[str]:
    for module in _modules_imported(node):
        if module.split(".")[0] in FORBIDDEN_MODULES:
            yield f"imports {module}"
    if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
        yield f"floating point literal {node.value}"
    if isinstance(node, ast.Name) and node.id in {"float", "complex"}:
        yield f"uses {node.id}"
    if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
        yield "true division"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hash":
        yield "hash() differs from process to process"
    if isinstance(node, ast.For | ast.comprehension) and _is_set(node.iter):
        yield "iterates over a set"


def scan(source: str) -> list[tuple[int, str]]:
    """Return (line, offence) for each line that could make two runs differ."""
    lines = source.splitlines()
    found: set[tuple[int, str]] = set()
    for node in ast.walk(ast.parse(source)):
        place = node.iter if isinstance(node, ast.comprehension) else node
        for offence in _offences(node):
            line = getattr(place, "lineno", 1)
            last = getattr(place, "end_lineno", line)
            # A compound statement's body has lines of its own; only its head can hold its marker.
            last = line if isinstance(place, ast.For) else last
            if not any(ALLOWED in text for text in lines[line - 1 : last]):
                found.add((line, offence))
    return sorted(found)


def _sources() -> list[Path]:
    package = ROOT / "src" / "openoutcry"
    return sorted(path for room in ROOMS for path in (package / room).rglob("*.py"))


def test_deterministic_rooms_hold_nothing_that_varies() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {offence}"
        for path in _sources()
        for line, offence in scan(path.read_text(encoding="utf-8"))
    ]

    assert found == []


@pytest.mark.parametrize(
    ("source", "offence"),
    [
        ("import time", "imports time"),
        ("from datetime import datetime", "imports datetime"),
        ("import os.path", "imports os.path"),
        ("from asyncio import sleep", "imports asyncio"),
        ("price = 1.5", "floating point literal 1.5"),
        ("price = float(text)", "uses float"),
        ("def f(price: float) -> None: ...", "uses float"),
        ("half = price / 2", "true division"),
        ("price /= 2", "true division"),
        ("slot = hash(name)", "hash() differs from process to process"),
        ("for x in {1, 2}: pass", "iterates over a set"),
        ("[x for x in set(names)]", "iterates over a set"),
    ],
)
def test_scan_sees(source: str, offence: str) -> None:
    assert scan(source) == [(1, offence)]


@pytest.mark.parametrize(
    "source",
    [
        "from __future__ import annotations",
        "half = price // 2",
        "known = name in {1, 2}",
        "for name in sorted(names): pass",
        f"import os  {ALLOWED}the build's variant is read once",
    ],
)
def test_scan_lets_pass(source: str) -> None:
    assert scan(source) == []


def test_marker_excuses_its_own_line_only() -> None:
    source = f"for x in range(3):\n    a = x / 2\n    b = x / 2  {ALLOWED}it is a ratio\n"

    assert scan(source) == [(2, "true division")]
