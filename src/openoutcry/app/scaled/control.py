"""What the control process does beyond calling: it gives markets a partition to live in."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from struct import Struct
from typing import TYPE_CHECKING

from openoutcry.adapters.postgres.ownership import Ownership
from openoutcry.adapters.tcp.routed import RoutedCalls
from openoutcry.adapters.tcp.spreading import refusal
from openoutcry.app.scaled.directory import Directory
from openoutcry.app.scaled.settings import ScaledSettings
from openoutcry.codec.records import COMMAND_KIND_OFFSET, COMMAND_MARKET_OFFSET
from openoutcry.core.enums import CommandKind, EntityKind, Reason
from openoutcry.core.ids import entity_of_market, entity_of_shard
from openoutcry.core.records import AssetRow, Host, MarketRow, MetaRow
from openoutcry.ports.calls import OutcomeUnknownError, Reply
from openoutcry.ports.ownership import Route

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: object) -> object:  # typing has it from Python 3.12 on
        """Mark a method that replaces an inherited one."""
        return method


FIRST_VERSION = 1
"""The version of a route that no move has changed yet."""
_MARKET = Struct("<H")


def first_routes(settings: ScaledSettings) -> list[Route]:
    """Return where the settings have entities live at first."""
    hosted: list[tuple[int, int]] = []
    for plan in settings.partitions:
        hosted += [(entity_of_shard(shard), plan.number) for shard in sorted(plan.shards)]
        hosted += [(entity_of_market(market), plan.number) for market in sorted(plan.markets)]
    return [Route(entity, number, FIRST_VERSION) for entity, number in hosted]


class Hosting:
    """Has markets live where the route says; a market without a route is given one."""

    def __init__(self, settings: ScaledSettings, directory: Directory, calls: RoutedCalls) -> None:
        self._settings = settings
        self._directory = directory
        self._calls = calls
        self._hosts = [plan.number for plan in settings.partitions if plan.role == "MARKETS"]

    async def give_route(self, market: int) -> None:
        """Choose the partition of a new market: the one that hosts fewest."""
        entity = entity_of_market(market)
        if not self._hosts or self._directory.partition_of(entity) is not None:
            return
        hosted = Counter(dict.fromkeys(self._hosts, 0))
        hosted.update(
            partition
            for other, partition in self._directory.routes()
            if other >> 24 == EntityKind.MARKET and partition in hosted
        )
        chosen = min(self._hosts, key=lambda number: (hosted[number], number))
        ownership = Ownership(self._settings.journal_dsn, "outcry-routes")
        try:
            route = Route(entity, chosen, FIRST_VERSION)
            await asyncio.to_thread(ownership.place, [route])
        finally:
            await asyncio.to_thread(ownership.close)
        await self._directory.refresh()

    async def host(self, market: int) -> None:
        """Have a market that every partition knows live at its partition."""
        entity = entity_of_market(market)
        partition = self._directory.partition_of(entity)
        if partition not in self._hosts:
            return
        reply = await self._calls.of_partition(partition).submit(hosting(entity))
        reason = refusal(reply)
        if reason not in {Reason.NONE, Reason.ALREADY_EXISTS}:
            raise OutcomeUnknownError(f"market {market} is not hosted yet: {reason.name}")

    async def host_all(self) -> Sequence[AssetRow | MarketRow | MetaRow]:
        """Finish what a crash may have left: markets that exist and live nowhere.

        Returns the catalog, as `Calls.catalog` does.
        """
        rows = await self._calls.catalog()
        for row in rows:
            if isinstance(row, MarketRow):
                await self.host(row.market)
        return rows


class ControlCalls(RoutedCalls):
    """`RoutedCalls` with which a market that is created comes to live somewhere."""

    hosting: Hosting | None = None

    @override
    async def submit(self, command: bytes) -> Reply:
        """Have a command done; a market's creation ends with its hosting."""
        if command[COMMAND_KIND_OFFSET] != CommandKind.CREATE_MARKET or self.hosting is None:
            return await super().submit(command)
        market = _MARKET.unpack_from(command, COMMAND_MARKET_OFFSET)[0]
        await self.hosting.give_route(market)
        reply = await super().submit(command)
        if refusal(reply) in {Reason.NONE, Reason.ALREADY_EXISTS}:
            await self.hosting.host(market)
        return reply


def hosting(entity: int) -> bytes:
    """Return the command by which an entity comes to live in a partition."""
    return Host(entity=entity, hosted=1, route_version=FIRST_VERSION).pack()
