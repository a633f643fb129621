"""Copies of the tables of owners and routes: never older than what was read last (K09)."""

import asyncio
import random
import time

import pytest

from openoutcry.app.scaled.directory import Directory
from openoutcry.ports.ownership import Owner, Route

ENTITY = 0x1000002


class Tables:
    """The tables, slow to answer; an entity that moves all the time."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.version = 1

    def _wait(self) -> None:
        time.sleep(self._random.choice((0, 0, 0.0005, 0.002)))

    def owners(self) -> dict[int, Owner]:
        self._wait()
        return {}

    def routes_mark(self) -> tuple[int, int]:
        self._wait()
        return 1, self.version

    def routes(self) -> dict[int, Route]:
        version = self.version
        self._wait()
        return {ENTITY: Route(ENTITY, version, version)}

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("seed", range(5))
async def test_readings_that_overlap_leave_the_latest_route(seed: int) -> None:
    tables = Tables(seed)
    directory = Directory(tables, [1, 2, 3])  # type: ignore[arg-type]
    await directory.start()
    try:
        for _ in range(30):
            readings = [asyncio.create_task(directory.refresh()) for _ in range(6)]
            await asyncio.sleep(0.001)
            tables.version += 1
            readings += [asyncio.create_task(directory.refresh()) for _ in range(6)]
            await asyncio.gather(*readings)
            await directory.refresh()
            assert directory.partition_of(ENTITY) == tables.version
    finally:
        await directory.stop()
