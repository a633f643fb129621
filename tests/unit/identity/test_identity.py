"""Identity as one thing that is started, looks round, and is closed."""

import asyncio
from pathlib import Path

import pytest
from tests.support.identity_scene import (
    EMAIL,
    HOUR_US,
    MINUTE_US,
    PASSWORD,
    SECOND_US,
    IdentityScene,
    started,
)

from openoutcry.adapters.sqlite.people import SqlitePeopleFile
from openoutcry.identity import identity
from openoutcry.ports.people import Factor


async def test_sessions_end_by_themselves_while_it_runs() -> None:
    scene = IdentityScene()
    session = await scene.person()
    scene.identity.start()
    scene.wait(30 * MINUTE_US)
    async with asyncio.timeout(10):
        while not scene.ended:
            await asyncio.sleep(0.01)
    assert scene.ended == [session.view.session_id]
    await scene.identity.close()


async def test_a_round_drops_what_is_good_no_more() -> None:
    scene = IdentityScene()
    await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller())
    await scene.identity.settle()
    await scene.signing_in.passkey_options(scene.caller())
    tokens, attempts = scene.stores.tokens, scene.stores.attempts
    await scene.identity.look_round()
    scene.wait(25 * HOUR_US)
    await scene.identity.look_round()
    assert await tokens.forget_expired(scene.now_us) == 0
    assert await attempts.forget_attempts_before(scene.now_us) == 0
    assert identity.CLEAN_US < 25 * HOUR_US


async def test_people_and_sessions_outlive_a_restart(tmp_path: Path) -> None:
    file = SqlitePeopleFile(tmp_path / "people.db")
    scene = IdentityScene(stores=file.stores)
    session = await scene.person()
    generator, _ = await scene.with_totp(session)
    session = await scene.signing_in.step_up_code(
        session.view, Factor.TOTP, scene.code(generator, 1), scene.caller()
    )
    await scene.identity.close()
    file.close()
    file = SqlitePeopleFile(tmp_path / "people.db")
    again = IdentityScene(stores=file.stores, now_us=scene.now_us)
    found = await again.sessions.find(session.token, again.now_us)
    assert found == session.view
    again.wait(30 * SECOND_US)
    renewed = await again.signing_in.step_up_code(
        found, Factor.TOTP, again.code(generator, 1), again.caller()
    )
    assert started(renewed).view.session_id == session.view.session_id
    await again.identity.close()
    file.close()


async def test_a_listener_that_fails_ends_the_rounds_aloud(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scene = IdentityScene()
    await scene.person()

    def fail(_session_id: str) -> None:
        raise RuntimeError("a listener")

    scene.sessions.on_ended(fail)
    scene.wait(30 * MINUTE_US)
    scene.identity.start()
    levels: list[str] = []
    async with asyncio.timeout(10):
        while not levels:
            await asyncio.sleep(0.01)
            ours = [record for record in caplog.records if record.name.startswith("openoutcry.")]
            levels = [record.levelname for record in ours]
    assert levels == ["CRITICAL"]
    await scene.identity.close()
