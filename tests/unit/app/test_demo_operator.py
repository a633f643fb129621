"""The demo's operator is made once, whatever becomes of them."""

import json
from dataclasses import replace
from pathlib import Path

from tests.support.people_directory import ToyDirectory, person_view

from openoutcry.adapters.memory.audit import MemoryAudit
from openoutcry.app.people import OPERATOR_EMAIL, OPERATOR_FILE, open_demo_operator
from openoutcry.identity.audit import AuditLog
from openoutcry.ports.people import OperatorRole


async def _started(directory: ToyDirectory, data: Path) -> str:
    """Start the demo; returns what it says of its operator."""
    return await open_demo_operator(directory, AuditLog(MemoryAudit(), lambda: 1), data, 1)


async def test_they_are_told_once_with_their_password(tmp_path: Path) -> None:
    directory = ToyDirectory()
    told = await _started(directory, tmp_path)
    made = json.loads((tmp_path / OPERATOR_FILE).read_text())
    assert made["email"] == OPERATOR_EMAIL
    assert told.endswith(made["one_time_password"])
    assert (await _started(directory, tmp_path)).endswith(f"in {tmp_path / OPERATOR_FILE}")
    [person] = directory.by_id.values()
    directory.by_id[person.person_id] = replace(person, signed_in_us=5)
    assert await _started(directory, tmp_path) == ""


async def test_who_has_another_address_is_not_made_again(tmp_path: Path) -> None:
    directory = ToyDirectory()
    await _started(directory, tmp_path)
    [person] = directory.by_id.values()
    directory.by_id[person.person_id] = replace(person, email="kim@example.org", signed_in_us=5)
    assert await _started(directory, tmp_path) == ""
    assert len(directory.by_id) == 1


async def test_other_people_and_other_operators_are_none_of_the_demos(tmp_path: Path) -> None:
    """The folder is of an exchange that was no demo; or its people were thrown away."""
    directory = ToyDirectory(person_view(1_000_000, [OperatorRole.ADMIN]))
    assert OPERATOR_EMAIL in await _started(directory, tmp_path)
    emptied = ToyDirectory(person_view(1_000_000, [OperatorRole.SUPPORT]))
    assert OPERATOR_EMAIL in await _started(emptied, tmp_path)
