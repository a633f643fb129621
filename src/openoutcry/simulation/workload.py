"""A plain stream of orders to measure with: one market, many accounts, seeded and endless."""

import random
from collections.abc import Iterator

from openoutcry.core.enums import (
    AccountFlag,
    MarketStatus,
    OrderType,
    Side,
    StpMode,
    TimeInForce,
)
from openoutcry.core.ids import account_id_of
from openoutcry.core.records import (
    CancelOrder,
    CreateAccount,
    CreateAsset,
    CreateMarket,
    Deposit,
    NewOrder,
    SetFees,
)

ACCOUNTS = 1_000
RESTING = 1_000
"""Orders that lie in the book before cancels begin."""
DEPTH_TICKS = 500
_FUNDS = 10**15
_MIDDLE = 100_000


def market() -> Iterator[bytes]:
    """Yield the commands that make two assets and their market, without filters or fees."""
    yield CreateAsset(asset=1, scale=8, name=b"USD").pack()
    yield CreateAsset(asset=2, scale=8, name=b"BTC").pack()
    yield CreateMarket(
        market=1,
        base_asset=2,
        quote_asset=1,
        status=MarketStatus.TRADING,
        default_stp_mode=StpMode.NONE,
        symbol=b"BTCUSD",
        stp_modes=1 << StpMode.NONE,
        order_types=1 << OrderType.LIMIT,
        tick_atoms=1_000_000,
        lot_atoms=1_000,
        tick_lot_atoms=10,
    ).pack()


def set_up() -> Iterator[bytes]:
    """Yield the commands that open one market with fees and funded accounts."""
    yield from market()
    yield SetFees(maker_rate=100_000, taker_rate=100_000).pack()
    for number in range(1, ACCOUNTS + 1):
        account_id = account_id_of(number)
        flags = AccountFlag.TRADE | AccountFlag.DEPOSIT
        yield CreateAccount(account_id=account_id, flags=flags).pack()
        for asset in (1, 2):
            yield Deposit(account_id=account_id, asset=asset, amount_atoms=_FUNDS).pack()


def orders(seed: int) -> Iterator[bytes]:
    """Yield orders without end. An order's client id is its number, so cancels find it by that."""
    chance = random.Random(seed)
    resting: list[tuple[int, bytes]] = []
    middle = _MIDDLE
    number = 0
    while True:
        middle += chance.randint(-1, 1)
        dice = chance.random()
        if dice < 0.4 and len(resting) > RESTING:
            account_id, client_order_id = resting.pop(chance.randrange(len(resting)))
            yield CancelOrder(
                account_id=account_id, market=1, original_client_order_id=client_order_id
            ).pack()
            continue
        number += 1
        crossing = dice > 0.9
        side = chance.choice((Side.BUY, Side.SELL))
        away = -5 if crossing else 1 + int(DEPTH_TICKS * chance.random() ** 3)
        client_order_id = b"%d" % number
        account_id = account_id_of(chance.randint(1, ACCOUNTS))
        if not crossing:
            resting.append((account_id, client_order_id))
        yield NewOrder(
            account_id=account_id,
            market=1,
            side=side,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.IOC if crossing else TimeInForce.GTC,
            price_ticks=middle - away if side is Side.BUY else middle + away,
            qty_lots=chance.randint(1, 1_000),
            client_order_id=client_order_id,
        ).pack()
