"""What operators ask of the scaled size alone: where things live, and moving them."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from openoutcry.adapters.postgres.ownership import Ownership
from openoutcry.app.admin import AdminError, Answer, Handler, Request
from openoutcry.app.scaled.gateway import Callers
from openoutcry.app.scaled.settings import PartitionSettings, ScaledSettings
from openoutcry.core.enums import EntityKind
from openoutcry.core.ids import entity_of_market, entity_of_shard
from openoutcry.core.limits import ACCOUNT_SHARDS
from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.ports.journal import JournalError

MOVE_SECONDS_MAX = 60.0
POLL_SECONDS = 0.01

_T = TypeVar("_T")


class Operations:
    """Requests beside those of `app.admin.Administration`."""

    def __init__(self, settings: ScaledSettings, callers: Callers, catalog: Catalog) -> None:
        self._plans = {plan.number: plan for plan in settings.partitions}
        self._engines = sorted({plan.preferred for plan in settings.partitions if plan.preferred})
        self._callers = callers
        self._catalog = catalog
        self._ownership = Ownership(settings.journal_dsn, "outcry-operations")

    async def close(self) -> None:
        """Let go of the database."""
        await asyncio.to_thread(self._ownership.close)

    def requests(self) -> Mapping[str, Handler]:
        """Return the handlers by the name of their request."""
        return {
            "list-partitions": self._list_partitions,
            "move": self._move,
            "split": self._split,
        }

    async def _list_partitions(self, request: Request) -> Answer:
        del request
        directory = self._callers.directory
        await directory.refresh()
        found: list[dict[str, object]] = []
        for number, plan in sorted(self._plans.items()):
            row = directory.row_of(number)
            hosted = [entity for entity, home in directory.routes() if home == number]
            found.append(
                {
                    "partition": number,
                    "role": plan.role,
                    "owner": "" if row is None or row.lease_until_us is None else row.owner,
                    "epoch": 0 if row is None else row.epoch,
                    "preferred": "" if row is None else row.preferred,
                    "shards": sum(entity >> 24 == EntityKind.SHARD for entity in hosted),
                    "markets": [self._symbol(entity) for entity in hosted if _is_market(entity)],
                }
            )
        return {"partitions": found}

    def _symbol(self, entity: int) -> str:
        for market in self._catalog.markets():
            if entity_of_market(market.id) == entity:
                return market.symbol
        return f"market {entity & 0xFFFFFF}"

    # -- moves

    async def _move(self, request: Request) -> Answer:
        entities = self._entities(_text(request, "what"))
        where = _text(request, "to")
        began = time.monotonic()
        if where in self._engines:
            answer = await self._move_to_engine(entities, where)
        elif where.isdecimal() and int(where) in self._plans:
            answer = await self._move_to_partition(entities, int(where))
        else:
            known = ", ".join([*self._engines, *map(str, sorted(self._plans))])
            raise AdminError(f"there is no engine or partition {where!r}, only {known}")
        return {**answer, "seconds": round(time.monotonic() - began, 3)}

    async def _split(self, request: Request) -> Answer:
        """Move every other entity of a partition to another one."""
        source, target = _number(request, "partition"), _number(request, "to")
        for number in (source, target):
            if number not in self._plans:
                raise AdminError(f"there is no partition {number}")
        await self._callers.directory.refresh()
        hosted = [entity for entity, home in self._callers.directory.routes() if home == source]
        if len(hosted) < 2:
            raise AdminError(f"partition {source} hosts too little to be split")
        began = time.monotonic()
        answer = await self._move_to_partition(hosted[1::2], target)
        return {**answer, "seconds": round(time.monotonic() - began, 3)}

    def _entities(self, what: str) -> list[int]:
        """Return what a word stands for: a market by its symbol, or shards such as 0-255."""
        market = self._catalog.find(what)
        if market is not None:
            return [entity_of_market(market.id)]
        first, dash, last = what.removeprefix("shards:").partition("-")
        last = last if dash else first
        if not (first.isdecimal() and last.isdecimal()):
            if not self._catalog.markets():
                raise AdminError("an engine does not answer what markets there are: ask again")
            raise AdminError(f"{what!r} is neither a market's symbol nor shards such as 0-255")
        low, high = int(first), int(last)
        if not low <= high < ACCOUNT_SHARDS:
            raise AdminError(f"account shards are 0 to {ACCOUNT_SHARDS - 1}")
        return [entity_of_shard(shard) for shard in range(low, high + 1)]

    async def _move_to_engine(self, entities: list[int], engine: str) -> Answer:
        """Hand over whole partitions where that is what is asked for; else move entities."""
        directory = self._callers.directory
        await directory.refresh()
        homes = {directory.partition_of(entity) for entity in entities}
        for home in sorted(home for home in homes if home is not None):
            hosted = [entity for entity, number in directory.routes() if number == home]
            if set(hosted) <= set(entities):
                await self._hand_over(home, engine)
                continue
            target = self._partition_at(engine, self._plans[home])
            await self._move_to_partition(
                [entity for entity in entities if entity in hosted], target
            )
        return {"moved": len(entities), "to": engine}

    def _partition_at(self, engine: str, like: PartitionSettings) -> int:
        directory = self._callers.directory
        found = []
        for number, plan in self._plans.items():
            row = directory.row_of(number)
            if row is not None and row.owner == engine and plan.role == like.role:
                found.append(number)
        if not found:
            raise AdminError(
                f"{engine} owns no partition of role {like.role}, and partition {like.number} "
                "hosts more than what is to move: name a partition"
            )
        return min(found)

    async def _hand_over(self, number: int, engine: str) -> None:
        """Have another engine own a partition, and wait until that one takes orders."""
        await self._at_database(self._ownership.prefer, number, engine)

        def is_there() -> bool:
            row = self._callers.directory.row_of(number)
            owner = self._callers.directory.owner_of(number)
            return (
                row is not None
                and owner is not None
                and row.owner == engine
                and self._callers.connections.to(owner.address).owns(number)
            )

        await self._until(is_there, f"partition {number} is not at {engine} yet")

    async def _move_to_partition(self, entities: list[int], target: int) -> Answer:
        role = self._plans[target].role
        kind = EntityKind.MARKET if role == "MARKETS" else EntityKind.SHARD
        if any(entity >> 24 != kind for entity in entities):
            raise AdminError(f"partition {target} has role {role}: it cannot host that")
        asked = 0
        for entity in entities:
            move = await self._at_database(self._ownership.ask_move, entity, target)
            if move is None:
                continue
            asked += 1
            if move.target != target:
                raise AdminError(f"it is on its way to partition {move.target} already")
        left = set(entities)

        async def all_there() -> bool:
            moving = {move.entity for move in await self._at_database(self._ownership.moves)}
            return not left & moving

        deadline = time.monotonic() + MOVE_SECONDS_MAX + len(entities) / 10
        while not await all_there():
            if time.monotonic() > deadline:
                raise AdminError("the move is still under way: see list-partitions")
            await asyncio.sleep(POLL_SECONDS)
        await self._callers.directory.refresh()
        return {"moved": asked, "to": target}

    async def _until(self, condition: Callable[[], bool], late: str) -> None:
        deadline = time.monotonic() + MOVE_SECONDS_MAX
        while not condition():
            if time.monotonic() > deadline:
                raise AdminError(late)
            await self._callers.directory.refresh()
            await asyncio.sleep(POLL_SECONDS)

    async def _at_database(self, work: Callable[..., _T], *values: object) -> _T:
        try:
            return await asyncio.to_thread(work, *values)
        except JournalError as error:
            raise AdminError(f"the database does not answer: {error}") from error


def _is_market(entity: int) -> bool:
    return entity >> 24 == EntityKind.MARKET


def _text(request: Request, name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not value:
        raise AdminError(f"{name} is missing")
    return value


def _number(request: Request, name: str) -> int:
    value = request.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise AdminError(f"{name} is a whole number")
    return value
