"""Gifts of the demo: a fixed amount of an asset, so many times a person and day."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex

from openoutcry.ports.wallet_desk import FaucetOffer, WalletRefusalCode, WalletRefusedError
from openoutcry.ports.wallets import Movement, MovementKind, MovementState, WalletStore
from openoutcry.wallets.movements import Mover, reference_of

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class FaucetRule:
    """What one gift of an asset is, and how many there are in a day."""

    amount_atoms: int
    gifts_max: int


class Faucet:
    """Gives; a gift is counted and its movement stored at once, so none is lost or given twice."""

    def __init__(
        self,
        store: WalletStore,
        mover: Mover,
        rules: Mapping[int, FaucetRule],
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._mover = mover
        self._rules = rules
        self._clock = clock

    def gift_atoms(self, asset: int) -> int:
        """Return what one gift of an asset is; 0 when it is not given."""
        rule = self._rules.get(asset)
        return 0 if rule is None else rule.amount_atoms

    async def offers(self, account_id: int) -> Sequence[FaucetOffer]:
        """Return what an account may still take today (a day of UTC)."""
        given = await self._store.gifts(account_id, self._clock() // DAY_US)
        return [
            FaucetOffer(
                asset=asset,
                amount_atoms=rule.amount_atoms,
                left=max(rule.gifts_max - given.get(asset, 0), 0),
            )
            for asset, rule in self._rules.items()
        ]

    async def take(self, account_id: int, asset: int) -> FaucetOffer:
        """Give once more; raises WalletRefusedError."""
        rule = self._rules.get(asset)
        if rule is None:
            raise WalletRefusedError(
                WalletRefusalCode.NO_FAUCET, "The faucet does not give this asset.", "asset"
            )
        now_us = self._clock()
        movement = Movement(
            reference=reference_of(f"gift {token_hex(16)}"),
            kind=MovementKind.FAUCET,
            account_id=account_id,
            asset=asset,
            amount_atoms=rule.amount_atoms,
            created_us=now_us,
        )
        number = await self._store.add_gift(movement, now_us // DAY_US, rule.gifts_max)
        if number is None:
            raise WalletRefusedError(
                WalletRefusalCode.FAUCET_EMPTY,
                f"The faucet gives this asset {rule.gifts_max} times a day.",
                "asset",
            )
        settled = await self._mover.settle(movement)
        if settled.state is not MovementState.APPLIED:
            raise WalletRefusedError(
                WalletRefusalCode.NO_FAUCET, "The account cannot be given anything.", "asset"
            )
        return FaucetOffer(
            asset=asset, amount_atoms=rule.amount_atoms, left=rule.gifts_max - number
        )

    async def finish(self) -> None:
        """Settle the gifts that a crash or a busy ledger left over."""
        for movement in await self._store.pending_movements(MovementKind.FAUCET):
            await self._mover.settle(movement)
