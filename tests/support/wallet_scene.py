"""The wallets over a real kernel, a ledger fed by it and a simulated custodian, with a set clock.

`Scene` outlives its desks: a test may let a desk die at any step of any port, and open another one
over what the dead one has left, as a start after a crash does.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.small_exchange import SmallExchange

from openoutcry.adapters.memory.ledger import MemoryLedger
from openoutcry.adapters.memory.wallets import MemoryWalletStore
from openoutcry.adapters.simulated.custodian import (
    SIMULATED_BLOCK_US,
    SimulatedCustodian,
    simulated_networks,
)
from openoutcry.codec.records import decode_balances
from openoutcry.core.records import BalanceEvent
from openoutcry.ports.audit import Audit
from openoutcry.ports.feeds import Committed
from openoutcry.ports.wallet_desk import WithdrawalRequest
from openoutcry.ports.wallets import WalletStore, WithdrawalRule
from openoutcry.simulation import demo
from openoutcry.wallets.desk import Desk, WalletParts
from openoutcry.wallets.faucet import FaucetRule
from openoutcry.wallets.networks import KnownAsset
from openoutcry.wallets.rules import WalletTimes
from openoutcry.wallets.worker import WalletWorker

ONE = demo.ATOMS
SECOND_US = 1_000_000
START_US = 1_800_000_000_000_000


class Died(BaseException):
    """The process is gone: nothing of it runs any more, and nobody catches this."""


@dataclass
class Death:
    """Lets a process die at the n-th call of any port, before or after the call has its effect."""

    at: int = 0
    after: bool = False
    calls: int = 0
    is_dead: bool = False
    seen: list[str] = field(default_factory=list)

    def wrap(self, port: Any) -> Any:
        """Return a port through which this process speaks."""
        return _Mortal(port, self)


class _Mortal:
    def __init__(self, port: Any, death: Death) -> None:
        self._port = port
        self._death = death

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not inspect.iscoroutinefunction(found):
            return found
        death = self._death

        async def call(*values: Any, **named: Any) -> Any:
            if death.is_dead:
                raise Died
            death.calls += 1
            death.seen.append(name)
            dies = death.calls == death.at
            if dies and not death.after:
                death.is_dead = True
                raise Died
            result = await found(*values, **named)
            if dies:
                death.is_dead = True
                raise Died
            return result

        return call


class Scene:
    """What is outside of the wallets, and stays when they die."""

    def __init__(self, folder: Path, store: WalletStore | None = None) -> None:
        self.now_us = START_US
        self.exchange = SmallExchange(clock=self.clock)
        self.alice, self.bob = self.exchange.alice, self.exchange.bob
        self.given = {
            asset: self.total(self.alice, asset) for asset in (demo.USD, demo.BTC, demo.ETH)
        }
        """What each account had before the ledger of this scene began."""
        self.ledger = MemoryLedger(lambda _market: (demo.BTC, demo.USD))
        self.moved: list[BalanceEvent] = []
        self.exchange.feed.subscribe(self.ledger.take)
        self.exchange.feed.subscribe(self._note)
        self.store: WalletStore = store or MemoryWalletStore()
        self.custodian = SimulatedCustodian(
            folder / "custodian.db",
            simulated_networks(demo.SCALE),
            SIMULATED_BLOCK_US,
            self.clock,
            is_synced=False,
        )
        self.rules = {
            asset: WithdrawalRule(
                asset=asset,
                hour_atoms=10**6 * ONE,
                day_atoms=2 * 10**6 * ONE,
                second_person_atoms=second * ONE,
            )
            for asset, second in ((demo.USD, 500_000), (demo.BTC, 10), (demo.ETH, 100))
        }

    def clock(self) -> int:
        """Return the time that a test has set."""
        return self.now_us

    def pass_seconds(self, seconds: float) -> None:
        """Let time go by."""
        self.now_us += round(seconds * SECOND_US)

    def _note(self, batch: Committed) -> None:
        self.moved += batch.of_type(BalanceEvent)

    async def open(
        self, death: Death | None = None, *, people: Any = None, audit: Audit | None = None
    ) -> Desk:
        """Start wallets over what is there."""
        wrap: Callable[[Any], Any] = (death or Death()).wrap
        for rule in self.rules.values():
            await self.store.set_rule(rule)
        custodian = wrap(self.custodian)
        desk = Desk(
            WalletParts(
                calls=wrap(self.exchange.calls),
                ledger=wrap(self.ledger),
                store=wrap(self.store),
                custodian=custodian,
                demo_chain=custodian,
                asset_by_name=self.asset_by_name,
                clock=self.clock,
                people=people,
                faucet={demo.USD: FaucetRule(1000 * ONE, 3)},
                times=WalletTimes(address_cool_off_s=60, security_cool_off_s=120),
                audit=audit,
            )
        )
        await desk.rules.load()
        return desk

    def asset_by_name(self, name: str) -> KnownAsset | None:
        """Return what the exchange lists by this name."""
        asset = self.exchange.catalog.asset_by_name(name)
        return None if asset is None else KnownAsset(asset.id, asset.scale)

    async def allow_outside(self, account_id: int, chain: str = "BTC") -> str:
        """Return an address of somebody outside that an account may withdraw to."""
        desk = await self.open()
        address = self.custodian.address_of(chain, f"outside {account_id}")
        await desk.allow(account_id, chain, address, "mine")
        self.pass_seconds(61)
        return address

    async def run_rounds(self, desk: Desk, seconds: float, rounds: int = 8) -> None:
        """Let the worker go round, time passing in between."""
        worker = WalletWorker(desk)
        for _ in range(rounds):
            await worker.round()
            self.pass_seconds(seconds)

    def total(self, account_id: int, asset: int) -> int:
        """Return what an account has in the kernel: free and held."""
        kernel = self.exchange.calls.kernel
        rows = decode_balances(kernel.balances(account_id))
        return sum(row.free_atoms + row.held_atoms for row in rows if row.asset == asset)

    def movements(self, reference: int) -> list[int]:
        """Return the amounts by which the kernel moved money under a reference."""
        return [event.amount_atoms for event in self.moved if event.reference == reference]

    def close(self) -> None:
        """Close the custodian's file."""
        self.custodian.close()


def request(
    account_id: int, address: str, units: float, *, chain: str = "BTC", client_id: str = ""
) -> WithdrawalRequest:
    """Return a request for so many whole bitcoins."""
    return WithdrawalRequest(
        account_id=account_id,
        asset=demo.BTC,
        chain=chain,
        address=address,
        amount_atoms=round(units * ONE),
        client_id=client_id,
    )
