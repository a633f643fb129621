"""The JSON of user data events that are not execution reports: balances and notices."""

import msgspec

from openoutcry.core.records import BalanceEvent
from openoutcry.gateways.edge.catalog import Asset

Balance = tuple[Asset, int, int]
"""An asset, what is free of it and what is held."""


def account_position(balances: list[Balance], time_us: int, now_us: int, unit_us: int) -> str:
    """`outboundAccountPosition`: the balances that a command changed, as they are after it."""
    items = ",".join(
        [
            f'{{"a":"{asset.name}","f":"{asset.text(free)}","l":"{asset.text(held)}"}}'
            for asset, free, held in balances
        ]
    )
    return (
        f'{{"e":"outboundAccountPosition","E":{now_us // unit_us},'
        f'"u":{time_us // unit_us},"B":[{items}]}}'
    )


def balance_update(asset: Asset, event: BalanceEvent, now_us: int, unit_us: int) -> str:
    """`balanceUpdate`: a deposit, a withdrawal or an adjustment."""
    return (
        f'{{"e":"balanceUpdate","E":{now_us // unit_us},"a":"{asset.name}",'
        f'"d":"{asset.signed_text(event.amount_atoms)}","T":{event.time_us // unit_us}}}'
    )


def notice(kind: str, now_us: int, unit_us: int, **more: str | int) -> str:
    """Return an event that says only that something happened."""
    return msgspec.json.encode({"e": kind, "E": now_us // unit_us, **more}).decode()
