"""Double entry: balances of accounts, the house's accounts, and the totals that must stay zero."""

from collections import defaultdict
from dataclasses import dataclass

from openoutcry.core.enums import HouseKind
from openoutcry.core.ids import shard_of_account

HouseKey = tuple[int, int, int, int]
"""(shard, kind, market, asset); market 0 except for CLEARING."""


@dataclass(slots=True)
class Balance:
    """What an account has of an asset."""

    free: int = 0
    held: int = 0


class Ledger:
    """Every method is one balanced posting inside one shard."""

    def __init__(self) -> None:
        self.balances: dict[int, dict[int, Balance]] = defaultdict(dict)
        """By account, then asset. A row exists from the first credit and is never removed."""
        self.house: dict[HouseKey, int] = defaultdict(int)
        self.supply: dict[int, int] = defaultdict(int)
        """By asset: free and held over all accounts."""
        self.totals: dict[int, int] = defaultdict(int)
        """By asset: the sum of everything, from the legs as they were posted."""

    def balance(self, account_id: int, asset: int) -> tuple[int, int]:
        """Return (free, held); zeros when there is no row."""
        row = self.balances.get(account_id, {}).get(asset)
        return (row.free, row.held) if row else (0, 0)

    def adjust(self, account_id: int, shard: int, asset: int, amount: int) -> None:
        """Bring money in from outside (or out, when negative)."""
        self._house(shard, HouseKind.EXTERNAL, 0, asset, -amount)
        self._account(account_id, asset, free=amount)

    def hold(self, account_id: int, asset: int, amount: int) -> None:
        """Set free money aside (or release it, when negative)."""
        self._account(account_id, asset, free=-amount, held=amount)

    def fill(
        self,
        account_id: int,
        shard: int,
        market: int,
        *,
        pay_asset: int,
        paid: int,
        receive_asset: int,
        received: int,
        fee: int,
    ) -> None:
        """Pay from what is held into clearing, and receive from clearing less the fee."""
        self._account(account_id, pay_asset, held=-paid)
        self._house(shard, HouseKind.CLEARING, market, pay_asset, paid)
        self._house(shard, HouseKind.CLEARING, market, receive_asset, -received)
        self._account(account_id, receive_asset, free=received - fee)
        self._house(shard, HouseKind.FEE, 0, receive_asset, fee)

    def forget_shard(self, shard: int) -> None:
        """Give a shard's accounts and houses away; together they are nothing of any asset."""
        for account_id in [a for a in self.balances if shard_of_account(a) == shard]:
            for asset, row in self.balances.pop(account_id).items():
                self.supply[asset] -= row.free + row.held
                self.totals[asset] -= row.free + row.held
        for key in [key for key in self.house if key[0] == shard]:
            self.totals[key[3]] -= self.house.pop(key)
        self.check()

    def check(self) -> None:
        """Assert conservation from the running totals (L01, L04)."""
        assert not any(self.totals.values()), f"postings do not balance: {dict(self.totals)}"

    def recount(self) -> str:
        """Add everything up anew; say what differs, or return an empty string."""
        totals: dict[int, int] = defaultdict(int)
        supply: dict[int, int] = defaultdict(int)
        for account_id, rows in self.balances.items():
            for asset, row in rows.items():
                if row.free < 0 or row.held < 0:
                    return f"account {account_id} has a negative balance of asset {asset}"
                supply[asset] += row.free + row.held
        for (_, _, _, asset), amount in self.house.items():
            totals[asset] += amount
        for asset in totals.keys() | supply.keys():
            if totals[asset] + supply[asset]:
                return f"asset {asset} does not add up to zero"
            if supply[asset] != self.supply[asset]:
                return f"supply of asset {asset} is not its running total"
        return ""

    def clearing(self) -> dict[tuple[int, int], int]:
        """Return what is in clearing by (market, asset); joined, nothing is left at rest."""
        clearing: dict[tuple[int, int], int] = defaultdict(int)
        for (_, kind, market, asset), amount in self.house.items():
            if kind == HouseKind.CLEARING:
                clearing[market, asset] += amount
        return {key: amount for key, amount in clearing.items() if amount}

    def _account(self, account_id: int, asset: int, free: int = 0, held: int = 0) -> None:
        rows = self.balances[account_id]
        row = rows.get(asset)
        if row is None:
            row = rows[asset] = Balance()
        row.free += free
        row.held += held
        assert row.free >= 0, f"free of account {account_id}, asset {asset} is {row.free}"
        assert row.held >= 0, f"held of account {account_id}, asset {asset} is {row.held}"
        self.supply[asset] += free + held
        self.totals[asset] += free + held

    def _house(self, shard: int, kind: int, market: int, asset: int, amount: int) -> None:
        self.house[shard, int(kind), market, asset] += amount
        self.totals[asset] += amount
