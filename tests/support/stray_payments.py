"""Payments on the simulated chain to an address that the exchange has given to nobody."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from openoutcry.adapters.simulated.custodian import (
    SIMULATED_BLOCK_US,
    SimulatedCustodian,
    simulated_networks,
)
from openoutcry.app.engine import CUSTODIAN_NAME
from openoutcry.partition.runtime import now_us
from openoutcry.ports.custodian import Payment
from openoutcry.simulation import demo

STRANGER = 5 << 10
"""An account that the custodian has an address for, and the exchange has not."""


def pay_to_nobody(data: Path, chain: str, asset_name: str, atoms: int) -> Payment:
    """Pay by the chain of an exchange's data folder, which may run; from a thread with no loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, _paid(data, chain, asset_name, atoms)).result()


async def _paid(data: Path, chain: str, asset_name: str, atoms: int) -> Payment:
    custodian = SimulatedCustodian(
        data / CUSTODIAN_NAME, simulated_networks(demo.SCALE), SIMULATED_BLOCK_US, now_us
    )
    try:
        address = await custodian.deposit_address(chain, STRANGER)
        return await custodian.pay_in(chain, asset_name, address, atoms)
    finally:
        custodian.close()
