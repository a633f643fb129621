"""A movement of money in the ledger, exactly once, whatever crashes and however often it is asked.

Each attempt is durable (its number and deadline) before its command is sent. Within the deadline
the kernel's own dedupe answers a repetition; after it, the kernel refuses the command for good, and
the ledger's entries say whether it had happened. Only when it had not is there a next attempt.
"""

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b

from openoutcry.core.enums import Reason
from openoutcry.core.limits import DEADLINE_AHEAD_US_MAX
from openoutcry.core.records import (
    Adjust,
    BalanceEvent,
    Deposit,
    DuplicateEvent,
    RefusedEvent,
    Withdraw,
)
from openoutcry.ports.calls import Calls, Reply
from openoutcry.ports.ledger import Ledger
from openoutcry.ports.wallets import Movement, MovementKind, MovementState, WalletStore
from openoutcry.wallets.turns import Turns

DEADLINE_US = 30_000_000
"""How long the command of an attempt may take effect."""
ATTEMPTS_AT_ONCE_MAX = 3
"""Attempts of one call; a clock that runs wild is left to the next call."""

assert DEADLINE_US < DEADLINE_AHEAD_US_MAX

_COMMANDS: dict[MovementKind, type[Deposit | Withdraw | Adjust]] = {
    MovementKind.DEPOSIT: Deposit,
    MovementKind.FAUCET: Deposit,
    MovementKind.HOLD: Withdraw,
    MovementKind.RETURN: Adjust,
}
_LAPSING = frozenset((MovementKind.HOLD,))
"""Not tried again when it was left over and its deadline has passed: nobody was told of it."""


class MovementUnsettledError(Exception):
    """It is not known yet whether a movement happened; it is to be settled later."""


class LedgerForgotError(MovementUnsettledError):
    """The ledger does not reach back to when a movement was first asked for; a person must look."""


class LedgerContradictsError(RuntimeError):
    """The ledger has an entry by this reference that is not this movement."""


def reference_of(name: str) -> int:
    """Return the 64-bit reference of what is named; above all that operators type by hand."""
    digest = blake2b(name.encode(), digest_size=8, person=b"outcry-wallet").digest()
    return int.from_bytes(digest, "little") | 1 << 63


def deposit_reference(chain: str, transaction: str, output: int) -> int:
    """Return the ledger's name of a payment: the same for ever, whatever becomes of the store."""
    return reference_of(f"deposit {chain} {transaction} {output}")


def _digest_of(movement: Movement) -> tuple[int, int]:
    text = b"%d %d" % (movement.reference, movement.attempt)
    digest = blake2b(text, digest_size=16, person=b"outcry-wallet").digest()
    return int.from_bytes(digest[:8], "little") | 1, int.from_bytes(digest[8:], "little")


class Mover:
    """Settles movements; several calls for one movement wait for each other."""

    def __init__(
        self, calls: Calls, ledger: Ledger, store: WalletStore, clock: Callable[[], int]
    ) -> None:
        self._calls = calls
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._turns = Turns()

    async def settle(self, wanted: Movement) -> Movement:
        """Have a movement happen if it may; return it APPLIED, REFUSED or LAPSED.

        Raises MovementUnsettledError, CallError, HistoryAwayError or WalletStoreError while its
        outcome is not known: then ask again with the same reference.
        """
        async with self._turns.of(wanted.reference):
            return await self._settle(await self._store.add_movement(wanted))

    async def has_happened(self, movement: Movement) -> bool:
        """Whether the ledger has a movement, whatever the store knows of it."""
        seq = await self._calls.committed_seq(movement.account_id)
        return await self._happened(movement, seq)

    async def again(self, reference: int) -> None:
        """Let a refused movement be tried once more: the ledger said that it moved nothing.

        Does nothing to one that is not REFUSED.
        """
        movement = await self._store.movement(reference)
        if movement is not None and movement.state is MovementState.REFUSED:
            await self._store.save_movement(
                replace(movement, state=MovementState.PENDING, deadline_us=0, reason=0)
            )

    async def _settle(self, movement: Movement) -> Movement:
        if movement.state is not MovementState.PENDING:
            return movement
        is_left_over = movement.attempt > 0
        # A store that was lost, or put back to a copy, does not know what it has done before.
        if not is_left_over and await self.has_happened(movement):
            return await self._concluded(movement, MovementState.APPLIED)
        ledger_us = 0
        for _ in range(ATTEMPTS_AT_ONCE_MAX):
            if movement.deadline_us == 0:
                movement = await self._next_attempt(movement, ledger_us)
            reply = await self._calls.submit(_command_of(movement))
            reason = _outcome(reply, movement)
            if reason == Reason.NONE:
                return await self._concluded(movement, MovementState.APPLIED)
            if reason == Reason.DEADLINE_TOO_FAR:
                break  # the ledger's clock is behind: the same command is good later
            if reason != Reason.DEADLINE_PASSED:
                return await self._concluded(movement, MovementState.REFUSED, reason)
            # From this batch on the command is refused for good; had it happened, it shows.
            if await self._happened(movement, reply.seq):
                return await self._concluded(movement, MovementState.APPLIED)
            if await self._ledger.begins_after() > movement.since_seq:
                raise LedgerForgotError(f"entries of movement {movement.reference:#x} were pruned")
            if is_left_over and movement.kind in _LAPSING:
                return await self._concluded(movement, MovementState.LAPSED)
            movement, ledger_us = replace(movement, deadline_us=0), reply.time_us
        raise MovementUnsettledError(f"movement {movement.reference:#x} is still to be settled")

    async def _next_attempt(self, movement: Movement, ledger_us: int) -> Movement:
        """Begin another attempt; `ledger_us`: the ledger's clock, which ours may be behind."""
        since_seq = movement.since_seq
        if movement.attempt == 0:
            since_seq = await self._calls.committed_seq(movement.account_id)
        movement = replace(
            movement,
            attempt=movement.attempt + 1,
            deadline_us=max(self._clock(), ledger_us) + DEADLINE_US,
            since_seq=since_seq,
        )
        await self._store.save_movement(movement)
        return movement

    async def _happened(self, movement: Movement, seq: int) -> bool:
        entry = await self._ledger.find(seq, movement.account_id, movement.reference)
        if entry is None:
            return False
        amount = movement.amount_atoms * (-1 if movement.kind is MovementKind.HOLD else 1)
        if (entry.asset, entry.amount_atoms) != (movement.asset, amount):
            raise LedgerContradictsError(
                f"movement {movement.reference:#x} is {amount} of asset {movement.asset}, and the"
                f" ledger has {entry.amount_atoms} of asset {entry.asset} by that reference"
            )
        return True

    async def _concluded(
        self, movement: Movement, state: MovementState, reason: int = Reason.NONE
    ) -> Movement:
        movement = replace(movement, state=state, reason=reason)
        await self._store.save_movement(movement)
        return movement


def _command_of(movement: Movement) -> bytes:
    low, high = _digest_of(movement)
    return _COMMANDS[movement.kind](
        account_id=movement.account_id,
        digest_lo=low,
        digest_hi=high,
        deadline_us=movement.deadline_us,
        asset=movement.asset,
        amount_atoms=movement.amount_atoms,
        reference=movement.reference,
    ).pack()


def _outcome(reply: Reply, movement: Movement) -> int:
    """Return why the ledger refused, now or when it was asked the first time; NONE: it did it."""
    for event in reply.events:
        if isinstance(event, BalanceEvent) and event.reference == movement.reference:
            return Reason.NONE
        if isinstance(event, DuplicateEvent) and event.account_id == movement.account_id:
            return event.reason
        if isinstance(event, RefusedEvent) and event.account_id == movement.account_id:
            return event.reason
    raise MovementUnsettledError(f"movement {movement.reference:#x} got an answer without a word")
