"""The wallets of a running exchange: their parts joined, their worker started."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from openoutcry.adapters.simulated.custodian import (
    SIMULATED_BLOCK_US,
    SimulatedCustodian,
    simulated_networks,
)
from openoutcry.adapters.sqlite.history import SqliteHistory
from openoutcry.adapters.sqlite.ledger import SqliteLedger
from openoutcry.adapters.sqlite.wallets import SqliteWalletStore
from openoutcry.app.engine import CUSTODIAN_NAME, PEOPLE_NAME
from openoutcry.app.notifications import CatalogTerms
from openoutcry.app.settings import ServeSettings
from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.gateways.edge.service import Exchange
from openoutcry.gateways.web import statements, wallet, wallet_operator, wallet_unclaimed
from openoutcry.gateways.web.api import Route
from openoutcry.notifications.withdrawals import WithdrawalOccurrences
from openoutcry.ports.audit import Audit
from openoutcry.ports.custodian import (
    AddressFault,
    CustodianAwayError,
    Network,
    Payment,
    SendOrder,
    SendStatus,
)
from openoutcry.ports.notifications import OccurrenceLog
from openoutcry.ports.operations import Gauge
from openoutcry.ports.people import PeopleDirectory
from openoutcry.ports.wallet_desk import WalletDesk
from openoutcry.ports.wallets import WalletStore, WalletStoreError, WithdrawalRule
from openoutcry.simulation import demo
from openoutcry.wallets.desk import Desk, WalletParts
from openoutcry.wallets.faucet import FaucetRule
from openoutcry.wallets.networks import KnownAsset
from openoutcry.wallets.rules import WalletTimes
from openoutcry.wallets.worker import WalletWorker

DEMO_TIMES = WalletTimes(address_cool_off_s=30, security_cool_off_s=60)
"""At most so long in the demo: long enough to be seen, short enough to be waited for."""
DEMO_FAUCET: Mapping[int, FaucetRule] = {
    demo.USD: FaucetRule(10_000 * demo.ATOMS, 5),
    demo.BTC: FaucetRule(demo.ATOMS // 2, 5),
    demo.ETH: FaucetRule(5 * demo.ATOMS, 5),
}
_DEMO_RULES: Mapping[int, tuple[int, int, int]] = {
    demo.USD: (50_000, 100_000, 10_000),
    demo.BTC: (2, 4, 1),
    demo.ETH: (20, 40, 10),
}
"""Whole units of an hour, of a day, and from which on a second person decides."""


class NoCustodian:
    """Serves no network: nothing comes and nothing goes."""

    def networks(self) -> Sequence[Network]:
        """Return none."""
        return ()

    async def check_address(self, chain: str, address: str) -> AddressFault | None:
        """Take no text for an address."""
        del chain, address
        return AddressFault.MALFORMED

    async def deposit_address(self, chain: str, account_id: int) -> str:
        """Raise CustodianAwayError."""
        raise CustodianAwayError(f"no custodian gives account {account_id} a {chain} address")

    async def payments(self, after: int, limit: int = 500) -> Sequence[Payment]:
        """Return none."""
        del after, limit
        return ()

    async def payment(self, chain: str, transaction: str, output: int) -> Payment | None:
        """Raise CustodianAwayError: what was seen before may well be there."""
        raise CustodianAwayError(f"no custodian knows {chain} {transaction}:{output}")

    async def send(self, order: SendOrder) -> SendStatus:
        """Raise CustodianAwayError."""
        raise CustodianAwayError(f"no custodian sends {order.key}")

    async def sent(self, key: str) -> SendStatus | None:
        """Raise CustodianAwayError."""
        raise CustodianAwayError(f"no custodian knows {key}")


@dataclass(frozen=True, slots=True)
class Money:
    """The wallets, once they run."""

    desk: WalletDesk
    routes: tuple[Route, ...]
    occurrences: OccurrenceLog
    """What people hear of their withdrawals."""
    gauge: Callable[[], Gauge]
    """What operators see of the wallets beside the rest."""


async def open_wallets(
    stack: AsyncExitStack,
    exchange: Exchange,
    settings: ServeSettings,
    audit: Audit,
    people: PeopleDirectory,
) -> Money:
    """Open the wallets, until the stack is left; raises WalletStoreError."""
    assert isinstance(exchange.history, SqliteHistory), "the embedded exchange has its own history"
    store = await asyncio.to_thread(SqliteWalletStore, settings.data / PEOPLE_NAME)
    stack.callback(store.close)
    custodian, simulated = await asyncio.to_thread(_custodian, settings, exchange)
    if simulated is not None:
        stack.callback(simulated.close)
    if settings.demo:
        await _set_demo_rules(store)
    catalog = exchange.catalog
    desk = Desk(
        WalletParts(
            calls=exchange.calls,
            ledger=SqliteLedger(exchange.history, _assets_of(catalog)),
            store=store,
            custodian=custodian,
            demo_chain=simulated if settings.demo else None,
            asset_by_name=lambda name: _known(catalog, name),
            clock=exchange.clock,
            people=people,
            faucet=DEMO_FAUCET if settings.demo else {},
            times=_times(settings),
            audit=audit,
        )
    )
    await desk.rules.load()
    worker = WalletWorker(desk)
    worker.start()
    stack.push_async_callback(worker.stop)
    routes = (
        *wallet.routes(desk, catalog, exchange.calls),
        *statements.routes(desk, catalog),
        *wallet_operator.routes(desk, catalog),
        *wallet_unclaimed.routes(desk),
    )
    occurrences = WithdrawalOccurrences(store, CatalogTerms(catalog))
    return Money(desk, routes, occurrences, lambda: _unclaimed(desk))


def _unclaimed(desk: Desk) -> Gauge:
    count = desk.unclaimed_flow.open_count
    meaning = "payments to nobody that wait for an operator"
    return Gauge("payments_unclaimed", count, meaning, is_alarming=count > 0)


def _custodian(
    settings: ServeSettings, exchange: Exchange
) -> tuple[SimulatedCustodian | NoCustodian, SimulatedCustodian | None]:
    if settings.custodian != "simulated" and not settings.demo:
        return NoCustodian(), None
    try:
        found = SimulatedCustodian(
            settings.data / CUSTODIAN_NAME,
            simulated_networks(demo.SCALE),
            SIMULATED_BLOCK_US,
            exchange.clock,
        )
    except (OSError, sqlite3.Error) as error:
        raise WalletStoreError(f"{settings.data / CUSTODIAN_NAME}: {error}") from error
    return found, found


async def _set_demo_rules(store: WalletStore) -> None:
    """Give the demo's assets their rules, unless an operator has set others."""
    there = await store.rules()
    for asset, (hour, day, second) in _DEMO_RULES.items():
        if asset not in there:
            await store.set_rule(
                WithdrawalRule(
                    asset=asset,
                    hour_atoms=hour * demo.ATOMS,
                    day_atoms=day * demo.ATOMS,
                    second_person_atoms=second * demo.ATOMS,
                )
            )


def _times(settings: ServeSettings) -> WalletTimes:
    address_s, security_s = settings.address_cool_off_seconds, settings.security_cool_off_seconds
    if settings.demo:
        address_s = min(address_s, DEMO_TIMES.address_cool_off_s)
        security_s = min(security_s, DEMO_TIMES.security_cool_off_s)
    return WalletTimes(address_cool_off_s=address_s, security_cool_off_s=security_s)


def _known(catalog: Catalog, name: str) -> KnownAsset | None:
    asset = catalog.asset_by_name(name)
    return None if asset is None else KnownAsset(asset.id, asset.scale)


def _assets_of(catalog: Catalog) -> Callable[[int], tuple[int, int]]:
    """Return how the ledger finds base and quote of a market."""

    def assets(market: int) -> tuple[int, int]:
        found = catalog.market_by_id(market)
        return found.base.id, found.quote.id

    return assets
