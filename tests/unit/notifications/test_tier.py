"""A fault in one part ends what is told, and nothing else."""

import asyncio
from collections.abc import Callable

import pytest

from openoutcry.notifications.tier import Tier


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def test_a_fault_in_one_part_ends_the_others_and_is_kept() -> None:
    ended = asyncio.Event()

    async def other() -> None:
        try:
            await _for_ever()
        finally:
            ended.set()

    async def faulty() -> None:
        await asyncio.sleep(0)
        raise KeyError("fact")

    tier = Tier()
    assert tier.fault == ""
    tier.start({"courier": faulty, "outbox": other})
    await _until(lambda: tier.fault)
    assert tier.fault == "KeyError('fact')"
    assert ended.is_set()
    await tier.stop()


async def test_a_part_that_ends_by_itself_is_a_fault() -> None:
    async def short() -> None:
        return

    tier = Tier()
    tier.start({"outbox": short, "courier": _for_ever})
    await _until(lambda: tier.fault)
    assert "outbox" in tier.fault
    await tier.stop()


async def test_a_stop_is_no_fault_and_what_comes_last_is_done() -> None:
    done: list[str] = []

    async def flush() -> None:
        done.append("flushed")

    tier = Tier()
    tier.start({"outbox": _for_ever})
    await asyncio.sleep(0)
    await tier.stop()
    await tier.last(flush())
    assert (tier.fault, done) == ("", ["flushed"])


async def test_after_a_fault_nothing_is_done_last() -> None:
    done: list[str] = []

    async def flush() -> None:
        done.append("flushed")

    async def faulty() -> None:
        raise ValueError("no words")

    tier = Tier()
    tier.start({"outbox": faulty})
    await _until(lambda: tier.fault)
    await tier.stop()
    await tier.last(flush())
    assert done == []


async def test_a_fault_at_the_very_end_goes_no_further(caplog: pytest.LogCaptureFixture) -> None:
    async def faulty() -> None:
        raise ValueError("no words")

    tier = Tier()
    tier.start({"outbox": _for_ever})
    await tier.stop()
    await tier.last(faulty())
    assert tier.fault == "ValueError('no words')"
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
