"""The copies of owners and routes: read again when they have changed, and not before."""

from typing import Any

from openoutcry.app.scaled.directory import Directory
from openoutcry.ports.ownership import Owner, Route


class Table:
    """Stands for `Ownership`, and counts how often all routes are read."""

    def __init__(self) -> None:
        self.rows = {7: Route(7, 1, 1), 8: Route(8, 2, 1)}
        self.read = 0

    def owners(self) -> dict[int, Owner]:
        return {}

    def routes_mark(self) -> tuple[int, int]:
        return len(self.rows), sum(route.version for route in self.rows.values())

    def routes(self) -> dict[int, Route]:
        self.read += 1
        return dict(self.rows)


async def test_routes_are_read_when_one_has_changed() -> None:
    table: Any = Table()
    directory = Directory(table, [1, 2])
    for _ in range(3):
        await directory.refresh()
    assert table.read == 1
    assert directory.routes() == [(7, 1), (8, 2)]
    version = directory.version
    table.rows[8] = Route(8, 1, 2)
    await directory.refresh()
    assert directory.partition_of(8) == 1
    assert directory.version == version + 1
    table.rows[9] = Route(9, 2, 1)
    await directory.refresh()
    assert directory.partition_of(9) == 2
    assert table.read == 3
