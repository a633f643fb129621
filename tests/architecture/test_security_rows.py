"""Which tests show what of the plan for security: each row is named by a test, or is said why not.

The rows are those of section 4 of the plan: bad inputs R.. and W.. (4.8), requirements of the
OWASP ASVS 5.0 (4.1), sessions and tickets (4.4), the audit chain (4.7).
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
BAD_INPUTS = [f"R{number:02}" for number in range(1, 44)] + [f"W{n:02}" for n in range(1, 17)]
NO_SUCH_INPUT = {
    "R22": "a signature of this API covers query and body; what is asked twice is told by its path",
    "W13": "no stream takes a sequence number: who has lost one reads the book again",
}
REQUIREMENTS = (
    "1.2.10", "1.5.3", "2.2.1-2", "2.3.1", "2.3.3", "2.3.4", "2.3.5", "2.4.1",
    "3.3.1-4", "3.4.1", "3.4.2", "3.4.3", "3.4.4-6", "3.4.7", "3.4.8", "3.5.1-3", "3.6.1",
    "4.1.3", "4.1.4", "4.2.1-4", "4.4.1-4",
    "6.2", "6.3.1", "6.3.3", "6.3.8", "6.4.3", "6.5.1", "6.5.3", "6.5.5", "6.5.8", "6.6.1-3",
    "6.7.2", "7.2.1-4", "7.3.1-2", "7.4.1-5", "7.5.1-3", "8.1-8.4",
    "11.3", "11.4.2", "11.5.1", "13.1.2", "14.2.1", "14.3.2",
    "15.3.3-5", "15.3.7", "15.4.1-4", "16.2-16.5",
)  # fmt: skip
"""Those that say something of people, the page, `/x/v1` or its sockets."""
AUDIT_CHAIN = ("edit", "delete", "reorder", "truncate", "fork")
"""What a verifier finds."""


@cache
def named() -> dict[str, list[str]]:
    """Return, by id, the tests whose name or docstring, or whose module's, has it."""
    found: dict[str, list[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        if path == Path(__file__):
            continue
        tree = ast.parse(path.read_text())
        tests = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name.startswith("test_")
        ]
        module = ids_in(ast.get_docstring(tree) or "") if tests else set()
        for node in tests:
            words = f"{node.name} {ast.get_docstring(node) or ''}"
            for name in module | ids_in(words):
                found.setdefault(name, []).append(f"{path.relative_to(TESTS)}::{node.name}")
    return found


def ids_in(text: str) -> set[str]:
    """Return the ids in a name or a docstring, a range of bad inputs one by one."""
    ids = {name.upper() for name in re.findall(r"(?<![A-Za-z0-9])([RrWw][0-9]{2})(?![0-9])", text)}
    for first, last in re.findall(r"\b([RW][0-9]{2}) to ([RW][0-9]{2})\b", text):
        ids |= {f"{first[0]}{n:02}" for n in range(int(first[1:]), int(last[1:]) + 1)}
    for rows in re.findall(r"ASVS ((?:[0-9.]+(?:-[0-9.]*[0-9])?(?:, )?)+)", text):
        ids |= {f"ASVS {row.rstrip('.')}" for row in rows.rstrip(", ").split(", ")}
    for words in re.findall(r"Audit chain: ([a-z, ]+)", text):
        ids |= {f"audit chain: {word}" for word in words.split(", ")}
    return ids


@pytest.mark.parametrize("name", [name for name in BAD_INPUTS if name not in NO_SUCH_INPUT])
def test_each_bad_input_has_a_test(name: str) -> None:
    assert named().get(name), f"no test names {name}"


@pytest.mark.parametrize("row", REQUIREMENTS)
def test_each_requirement_has_a_test(row: str) -> None:
    assert named().get(f"ASVS {row}"), f"no test names ASVS {row}"


@pytest.mark.parametrize("damage", AUDIT_CHAIN)
def test_each_damage_to_the_audit_chain_has_a_test(damage: str) -> None:
    assert named().get(f"audit chain: {damage}"), f"no test names it: Audit chain: {damage}"


def test_what_is_said_to_be_no_input_has_no_test() -> None:
    assert not NO_SUCH_INPUT.keys() & named().keys()


def test_ids_are_found_as_they_are_written() -> None:
    assert ids_in("test_a_thing_r06_r15") == {"R06", "R15"}
    assert ids_in("W04 to W06, V06") == {"W04", "W05", "W06"}
    assert ids_in("ASVS 3.3.1-4, 7. Sessions. R16") == {"ASVS 3.3.1-4", "ASVS 7", "R16"}
    assert ids_in("Audit chain: edit, fork") == {"audit chain: edit", "audit chain: fork"}
