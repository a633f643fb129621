"""Administrators' commands that every partition has to have: assets, markets, fees, limits.

The host decides; the others keep copies. What is repeated changes nothing a second time: a creation
is refused with ALREADY_EXISTS, and a market's copy is brought up to the version of its host.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from struct import Struct

from openoutcry.codec.records import COMMAND_KIND_OFFSET, COMMAND_MARKET_OFFSET
from openoutcry.core.enums import CommandKind, Reason
from openoutcry.core.records import RefusedEvent
from openoutcry.ports.calls import CallError, Calls, OutcomeUnknownError, Reply

PAUSE_SECONDS = 0.1
_MARKET = Struct("<H")


class Spreading:
    """Sends one such command at a time, so that all partitions see them in one order."""

    def __init__(self, calls_of: Callable[[int], Calls], seconds_max: float) -> None:
        self._calls_of = calls_of
        self._seconds_max = seconds_max
        self._one_at_a_time = asyncio.Lock()

    async def submit(
        self,
        command: bytes,
        first: Callable[[], Awaitable[Reply]],
        partitions: Callable[[], Sequence[int]],
        host: Callable[[], int],
    ) -> Reply:
        """Have the host decide, by `first`; return its answer once all have what it accepted.

        Raises OutcomeUnknownError when some partitions do not have it yet: it is to be repeated.
        """
        async with self._one_at_a_time:
            reply = await first()
            if refusal(reply) not in {Reason.NONE, Reason.ALREADY_EXISTS}:
                return reply
            decided = host()
            version = 0
            if command[COMMAND_KIND_OFFSET] == CommandKind.UPDATE_MARKET:
                version = await self._version(decided, command)
            others = [partition for partition in partitions() if partition != decided]
            failed = await asyncio.gather(
                *(self._until_has(partition, command, version) for partition in others)
            )
            lacking = [text for text in failed if text]
            if lacking:
                raise OutcomeUnknownError(f"repeat the command: {'; '.join(lacking)}")
            return reply

    async def _version(self, partition: int, command: bytes) -> int:
        market = _MARKET.unpack_from(command, COMMAND_MARKET_OFFSET)[0]
        row = await self._calls_of(partition).market(market)
        return 0 if row is None else row.specification_version

    async def _until_has(self, partition: int, command: bytes, version: int) -> str:
        """Repeat a command until a partition has it; returns what is in the way, or nothing."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._seconds_max
        while True:
            try:
                if version and await self._version(partition, command) >= version:
                    return ""
                reason = refusal(await self._calls_of(partition).submit(command))
            except CallError as error:
                found = str(error)
            else:
                if reason not in {Reason.NONE, Reason.ALREADY_EXISTS}:
                    return f"partition {partition} refused: {reason.name}"
                if not version:
                    return ""
                found = "its copy is older"
            if loop.time() >= until:
                return f"partition {partition}: {found}"
            await asyncio.sleep(PAUSE_SECONDS if found != "its copy is older" else 0)


def refusal(reply: Reply) -> Reason:
    """Return why a whole command was refused, or NONE."""
    records = reply.records
    at = len(records) - RefusedEvent.SIZE
    if at < 0 or records[at + COMMAND_KIND_OFFSET] != RefusedEvent.KIND:
        return Reason.NONE  # known without decoding anything, for most
    events = reply.events
    if events and type(events[-1]) is RefusedEvent:
        return Reason(events[-1].reason)
    return Reason.NONE
