"""Which networks carry which assets: the custodian's list held against the catalog."""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from openoutcry.ports.custodian import Custodian, Network

log = logging.getLogger(__name__)


class KnownAsset(NamedTuple):
    """An asset as the exchange lists it."""

    asset: int
    scale: int


class Served(NamedTuple):
    """A network and the asset's number in the exchange."""

    asset: int
    network: Network


class Networks:
    """Finds networks by asset and chain. An asset that is listed later is found from then on."""

    def __init__(
        self, custodian: Custodian, asset_by_name: Callable[[str], KnownAsset | None]
    ) -> None:
        self._networks = tuple(custodian.networks())
        self._asset_by_name = asset_by_name
        self._told: set[str] = set()

    def all(self) -> Sequence[Served]:
        """Return the networks whose asset the exchange lists, at the same scale."""
        found = (self._served(network) for network in self._networks)
        return [served for served in found if served is not None]

    def of(self, asset: int, chain: str) -> Served | None:
        """Return the network of an asset on a chain, or None."""
        for served in self.all():
            if (served.asset, served.network.chain) == (asset, chain):
                return served
        return None

    def by_name(self, chain: str, asset_name: str) -> Served | None:
        """Return the network as the custodian names it, or None."""
        for served in self.all():
            if (served.network.chain, served.network.asset_name) == (chain, asset_name):
                return served
        return None

    def scale(self, chain: str, asset_name: str) -> int:
        """Return the decimal places of an asset as the custodian has it; 0 when it does not say."""
        for network in self._networks:
            if (network.chain, network.asset_name) == (chain, asset_name):
                return network.scale
        return 0

    def chains(self) -> frozenset[str]:
        """Return the chains that carry any asset of the exchange."""
        return frozenset(served.network.chain for served in self.all())

    def _served(self, network: Network) -> Served | None:
        known = self._asset_by_name(network.asset_name)
        if known is None:
            return None
        if known.scale != network.scale:
            if network.asset_name not in self._told:
                self._told.add(network.asset_name)
                log.error(
                    "%s has %d decimals here and %d at the custodian: it cannot come or go",
                    network.asset_name,
                    known.scale,
                    network.scale,
                )
            return None
        return Served(known.asset, network)
