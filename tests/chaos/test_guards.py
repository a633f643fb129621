"""Each guard taken away makes a named run fail; with all of them it does not.

Covers K01, K02, K05, K06, J04, J05, J07, O29, X1 to X7: messages, positions, requests and replies
are lost or come twice, and owners are deposed without being told.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from bench import mutants
from tests.support.lossy_exchange import Guards, UnfencedJournal, run
from tests.support.redis_scene import RedisScene
from tools.faults.client import BrokenPromiseError

from openoutcry.adapters.local.valkey_cluster import ValkeyCluster
from openoutcry.adapters.redis.feed import RedisFeed
from openoutcry.app.scaled.link_hub import LinkHub
from openoutcry.partition.links import LinkDesk

NO_REQUEST_IS_REMEMBERED, TAKEN_IN_TWICE = 11, 24
RUNS_MAX = 5


class NothingIsResent(LinkHub):
    """A hub whose outboxes are never asked what to send again."""

    async def _catch_up(self, number: int, destination: int) -> None:
        del number, destination


async def _first_broken_promise(seed: int, guards: Guards) -> str:
    """Run until the lack of a guard shows. Nearly every run does; which, is the scheduler's say."""
    for at in range(seed, seed + RUNS_MAX):
        try:
            await run(at, guards)
        except BrokenPromiseError as error:
            return str(error)
    pytest.fail(f"{RUNS_MAX} runs notice nothing")


@pytest.fixture
def variant() -> Iterator[Any]:
    """The kernel that holds seeded faults; none is on before and after."""
    module = mutants.load()
    module.set_mutant(0)
    yield module
    module.set_mutant(0)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_with_all_guards_nothing_is_lost_and_nothing_happens_twice(seed: int) -> None:
    counts = await run(seed, Guards())
    assert counts["take-overs"] > 2
    assert counts["unknown"] > 10
    assert counts["message lost"] > 10


async def test_without_dedupe_of_requests_the_run_fails_k02(variant: Any) -> None:
    guards = Guards(kernel=variant.Kernel)
    await run(4, guards)
    variant.set_mutant(NO_REQUEST_IS_REMEMBERED)
    assert "(K02)" in await _first_broken_promise(4, guards)


async def test_without_dedupe_of_messages_the_run_fails_k01(
    variant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both that look at message numbers are taken away: the runtime's desk and the kernel."""
    monkeypatch.setattr(LinkDesk, "take", lambda _desk, messages: list(messages))
    guards = Guards(kernel=variant.Kernel)
    await run(5, guards)  # the kernel alone is right
    variant.set_mutant(TAKEN_IN_TWICE)
    assert await _first_broken_promise(5, guards)


async def test_without_a_fence_the_run_fails_j04() -> None:
    assert await _first_broken_promise(6, Guards(journal=UnfencedJournal))


async def test_without_resend_of_outboxes_the_run_fails_k05() -> None:
    said = await _first_broken_promise(7, Guards(hub=NothingIsResent))
    assert re.search(r"never known|\(K05\)", said)


@pytest.mark.parametrize("repairs", [True, False])
async def test_without_repair_of_gaps_the_views_stay_wrong_v02(
    valkey: ValkeyCluster, monkeypatch: pytest.MonkeyPatch, *, repairs: bool
) -> None:
    """One in ten messages of the feed is lost."""
    take, count, losing = RedisFeed.on_message, 0, False

    def lossy(feed: RedisFeed, channel: bytes, message: bytes) -> None:
        nonlocal count
        count += losing
        if not losing or count % 10:
            take(feed, channel, message)

    monkeypatch.setattr(RedisFeed, "on_message", lossy)
    async with RedisScene(valkey, 77) as scene:
        await scene.healed("at the start")
        await scene.follow_all()
        if not repairs:
            monkeypatch.setattr(RedisFeed, "_repair", lambda _feed, _entity: None)
        losing = True
        await scene.run(150, 0.002)
        losing = False
        assert count > 20
        if repairs:
            await scene.healed("one in ten messages lost")
        else:
            with pytest.raises(AssertionError, match="lost"):
                await scene.healed("lost", 4.0)
