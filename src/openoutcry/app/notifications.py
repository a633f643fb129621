"""Notifications joined to the rest: terms from the catalogue, addresses from the people."""

from openoutcry.gateways.edge.catalog import Catalog, Market
from openoutcry.ports.notifications import AssetTerms, MarketTerms
from openoutcry.ports.people import PeopleDirectory


class CatalogTerms:
    """`ports.notifications.Terms` of the live catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def market(self, market: int) -> MarketTerms:
        """Return the terms of a market that is known to exist."""
        return _terms_of(self._catalog.market_by_id(market))

    def market_of(self, symbol: str) -> MarketTerms | None:
        """Return the terms of the market of this symbol."""
        found = self._catalog.find(symbol)
        return None if found is None else _terms_of(found)

    def asset(self, asset: int) -> AssetTerms:
        """Return the terms of an asset that is known to exist."""
        found = self._catalog.asset(asset)
        return AssetTerms(found.name, found.scale)


def _terms_of(market: Market) -> MarketTerms:
    return MarketTerms(
        market=market.id,
        symbol=market.symbol,
        base=market.base.name,
        quote=market.quote.name,
        base_scale=market.base.scale,
        quote_scale=market.quote.scale,
        tick_atoms=market.tick_atoms,
        lot_atoms=market.lot_atoms,
        tick_lot_atoms=market.tick_lot_atoms,
    )


class DirectoryRecipients:
    """`ports.notifications.Recipients` of the directory of people."""

    def __init__(self, people: PeopleDirectory) -> None:
        self._people = people

    async def address_of(self, person_id: int) -> str | None:
        """Return a person's address; only confirmed ones belong to people."""
        person = await self._people.person(person_id)
        return None if person is None else person.email
