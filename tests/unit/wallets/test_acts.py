"""What the wallets record of acts, and when: whatever dies, nobody is left untold."""

from pathlib import Path

import pytest
from tests.support.wallet_scene import Death, Died, Scene

from openoutcry.adapters.memory.audit import MemoryAudit
from openoutcry.identity.audit import AuditLog
from openoutcry.ports.wallet_desk import WalletRefusedError

PERSON = "person:1"


async def actions(audit: MemoryAudit) -> list[str]:
    return [record.action for record in await audit.records(None, 99)]


async def test_no_address_is_added_in_silence_whatever_dies(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    address = scene.custodian.address_of("BTC", "outside")
    for at in range(1, 20):
        for after in (False, True):
            audit, death = MemoryAudit(), Death()
            desk = await scene.open(death, audit=AuditLog(audit, scene.clock))
            death.at, death.after = death.calls + at, after
            has_died = False
            try:
                await desk.acting(PERSON).allow(scene.alice, "BTC", address, "cold")
            except Died:
                has_died = True
            if await scene.store.disallow(scene.alice, "BTC", address):
                assert "address.allow" in await actions(audit)
        if not has_died:
            break
    assert at > 2
    scene.close()


async def test_an_address_that_is_refused_tells_its_owner_nothing(tmp_path: Path) -> None:
    scene, audit = Scene(tmp_path), MemoryAudit()
    desk = await scene.open(audit=AuditLog(audit, scene.clock))
    with pytest.raises(WalletRefusedError):
        await desk.acting(PERSON).allow(scene.alice, "BTC", "no address", "cold")
    assert await actions(audit) == ["address.ask", "address.ask.refused"]
    scene.close()
