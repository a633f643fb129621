"""The opening of a random run: which features it plays, its assets, markets, people and money."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from openoutcry.core.enums import AccountFlag, MarketFlag, MarketStatus, StpMode
from openoutcry.core.records import (
    Command,
    CreateAccount,
    CreateAsset,
    CreateMarket,
    Deposit,
    SetFees,
    UpdateAccount,
)

ASSETS = ((1, 2, b"USD"), (2, 3, b"BTC"), (3, 0, b"ETH"), (4, 18, b"WEI"))
"""Id, scale and name."""
MARKETS = (
    (1, 2, 1, b"BTCUSD"),
    (2, 3, 1, b"ETHUSD"),
    (3, 3, 2, b"ETHBTC"),
    (4, 4, 1, b"WEIUSD"),
)
"""Id, base, quote and symbol."""
OPEN, TIGHT, MIXED, WIDE = 1, 2, 3, 4
"""The market without filters, the one with all of them, the one where chance decides, and one with
large lots and low prices, left to the scripts of `extremes`."""
ALL_MARKET_FLAGS = sum(MarketFlag)
ALL_TYPES = 0b1111_1110
ALL_STP_MODES = 0b11_1111
ALL_ACCOUNT_FLAGS = sum(AccountFlag)
FEE_RATES = (0, 1, 100_000, 250_000, 33_333_333, 99_999_999)

ACTIONS = {
    "new": 52.0,
    "cancel": 11.0,
    "cancel_all": 0.6,
    "replace": 6.0,
    "amend": 5.0,
    "money": 4.0,
    "resend": 2.0,
    "status": 0.3,
    "update_market": 0.4,
    "fees": 0.2,
    "limits": 0.15,
    "account": 0.3,
    "tick": 0.8,
    "quarantine": 0.08,
    "epoch": 0.08,
    "malformed": 1.5,
    "sweep": 0.06,
    "cascade": 0.15,
    "extreme": 0.15,
    "aim": 5.0,
}
STYLES = {
    "passive": 30.0,
    "crossing": 14.0,
    "maker": 7.0,
    "immediate": 6.0,
    "fill_or_kill": 8.0,
    "iceberg": 8.0,
    "market": 7.0,
    "market_quote": 7.0,
    "stop": 8.0,
    "stop_limit": 8.0,
    "trailing": 8.0,
}


@dataclass(frozen=True, slots=True)
class Account:
    """A person of the run."""

    account_id: int
    trade_group: int
    fee_schedule: int
    flags: int
    wealth: int
    """Atoms of each asset that it starts with, as a multiple of the profile's unit."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The features of one run, drawn from its seed: a swarm needs its members to differ."""

    actions: dict[str, float]
    styles: dict[str, float]
    tick_lot_atoms: tuple[int, int, int]
    mid_ticks: int
    spread_ticks: int
    qty_lots_max: int
    own_chance: float
    """How often the taker of a crossing order is one who rests on the other side."""
    group_size: int
    batch_commands_max: int
    digest_chance: float
    slow_time: bool

    @classmethod
    def draw(cls, rng: random.Random) -> "Profile":
        """Draw a profile; every action and style stays possible, some get rare, some get common."""
        factors = (0.25, 0.5, 1.0, 1.0, 1.0, 2.0)

        def vary(weights: dict[str, float]) -> dict[str, float]:
            return {
                name: weight if name == "aim" else weight * rng.choice(factors)
                for name, weight in weights.items()
            }

        actions, styles = vary(ACTIONS), vary(STYLES)
        depth = rng.choice((1, 1, 3, 6))
        for style in ("passive", "maker", "iceberg"):
            styles[style] *= depth
        actions["cancel"] /= depth

        return cls(
            actions=actions,
            styles=styles,
            tick_lot_atoms=rng.choice(((1, 1, 1), (1, 7, 10), (100, 3, 1), (10**9, 1, 10))),
            mid_ticks=rng.choice((30, 100, 1000, 50_000)),
            spread_ticks=rng.choice((3, 8, 20, 60)),
            qty_lots_max=rng.choice((5, 20, 100)),
            own_chance=rng.choice((0.1, 0.3, 0.6)),
            group_size=rng.choice((2, 3, 5)),
            batch_commands_max=rng.choice((3, 10, 50)),
            digest_chance=rng.choice((0.2, 0.6, 0.9)),
            slow_time=rng.random() < 0.5,
        )


def lot_atoms_of(market: int) -> int:
    """Base atoms of one lot; not one, so that lot and atom are not the same thing."""
    return (5, 1, 10, 10**12)[market - 1]


def people(profile: Profile) -> list[Account]:
    """The accounts: rich ones alone and in groups, poor ones, and some without permissions."""
    found = []
    for number in range(1, 17):
        shard = number % 5 * 200
        group = 0
        if 5 <= number < 5 + profile.group_size:
            group = 7
        elif 5 <= number <= 10:
            group = -8
        wealth = 1 if number in {11, 12} else 0 if number == 13 else 1000
        flags = ALL_ACCOUNT_FLAGS
        if number == 14:
            flags = AccountFlag.DEPOSIT | AccountFlag.WITHDRAW
        elif number == 15:
            flags = AccountFlag.TRADE | AccountFlag.WITHDRAW
        elif number == 16:
            flags = AccountFlag.TRADE | AccountFlag.DEPOSIT
        found.append(Account(number << 10 | shard, group, number % 3, flags, wealth))
    return found


def specification(
    market: int, profile: Profile, rng: random.Random, filters: dict[str, int]
) -> CreateMarket:
    """A market with these filters on and the others off."""
    _, base, quote, symbol = MARKETS[market - 1]
    scale = ASSETS[base - 1][1]
    tick_lot_atoms = 1
    if market != WIDE:
        tick_lot_atoms = profile.tick_lot_atoms[market - 1] * lot_atoms_of(market)
    fields = {
        "default_stp_mode": rng.choice(tuple(StpMode)),
        "stp_modes": ALL_STP_MODES,
        "order_types": ALL_TYPES,
        "flags": ALL_MARKET_FLAGS - MarketFlag.MIN_NOTIONAL_ON_MARKET,
        "average_price_minutes": rng.choice((0, 1, 5, 60)),
        **filters,
    }
    return CreateMarket(
        market=market,
        base_asset=base,
        quote_asset=quote,
        status=MarketStatus.TRADING,
        symbol=symbol,
        tick_atoms=tick_lot_atoms * 10**scale // lot_atoms_of(market),
        lot_atoms=lot_atoms_of(market),
        tick_lot_atoms=tick_lot_atoms,
        **fields,
    )


def tight_filters(profile: Profile, rng: random.Random) -> dict[str, int]:
    """Every filter on, near what ordinary orders of the run ask for."""
    mid, spread, qty = profile.mid_ticks, profile.spread_ticks, profile.qty_lots_max
    return {
        "flags": ALL_MARKET_FLAGS,
        "price_ticks_min": max(1, mid - rng.randint(3, 8) * spread),
        "price_ticks_max": mid + rng.randint(4, 12) * spread,
        "qty_lots_min": rng.randint(1, 2),
        "qty_lots_max": qty * rng.randint(1, 4),
        "market_qty_lots_min": rng.randint(1, 3),
        "market_qty_lots_max": qty * rng.randint(1, 3) + 3,
        "market_qty_lots_step": rng.randint(0, 2),
        "bid_multiplier_up": 10_000 + rng.randint(200, 9000),
        "bid_multiplier_down": 10_000 - rng.randint(200, 9000),
        "ask_multiplier_up": 10_000 + rng.randint(200, 9000),
        "ask_multiplier_down": 10_000 - rng.randint(200, 9000),
        "orders_max": rng.randint(6, 40),
        "algo_orders_max": rng.randint(2, 8),
        "iceberg_orders_max": rng.randint(1, 5),
        "iceberg_parts_max": rng.randint(2, 10),
        "amends_max": rng.randint(1, 3),
        "trailing_above_bips_min": rng.randint(5, 50),
        "trailing_above_bips_max": rng.randint(500, 2000),
        "trailing_below_bips_min": rng.randint(5, 50),
        "trailing_below_bips_max": rng.randint(500, 2000),
    }


def mixed_filters(profile: Profile, rng: random.Random) -> dict[str, int]:
    """A random half of the filters."""
    everything = tight_filters(profile, rng)
    return {name: value for name, value in everything.items() if rng.random() < 0.5}


def filters_of(market: int, profile: Profile, rng: random.Random) -> dict[str, int]:
    """Draw the filters that suit this market's part in the run."""
    if market in {OPEN, WIDE}:
        return {}
    return tight_filters(profile, rng) if market == TIGHT else mixed_filters(profile, rng)


def wealth_unit(profile: Profile) -> int:
    """Atoms that pay for some ten ordinary orders in any market."""
    notional = max(profile.tick_lot_atoms) * 10 * profile.mid_ticks * profile.qty_lots_max
    return min(notional * 4, 1 << 48)


def wealth_atoms(profile: Profile, account: Account, asset: int) -> int:
    """Atoms of an asset that an account starts with; the poor have a few lots and half an order."""
    if account.wealth > 1:
        least = 10**14 if asset == ASSETS[-1][0] else 1 << 44 if asset == 1 else 0
        return account.wealth * max(wealth_unit(profile), least)
    if asset == 1:
        return account.wealth * wealth_unit(profile)
    return account.wealth * profile.qty_lots_max * 20


def opening(profile: Profile, rng: random.Random, accounts: list[Account]) -> Iterator[Command]:
    """The commands that come first."""
    for asset, scale, name in ASSETS:
        yield CreateAsset(asset=asset, scale=scale, name=name)
    for market, *_ in MARKETS:
        yield specification(market, profile, rng, filters_of(market, profile, rng))
    yield SetFees(schedule=0, market=0, maker_rate=100_000, taker_rate=200_000)
    yield SetFees(schedule=1, market=0, maker_rate=0, taker_rate=75_000)
    yield SetFees(schedule=1, market=2, maker_rate=33_333_333, taker_rate=99_999_999)
    for account in accounts:
        yield CreateAccount(
            account_id=account.account_id,
            trade_group=account.trade_group,
            fee_schedule=account.fee_schedule,
            flags=account.flags | AccountFlag.DEPOSIT,
        )
    for account in accounts:
        for asset, *_ in ASSETS:
            amount = wealth_atoms(profile, account, asset)
            if amount:
                yield Deposit(account_id=account.account_id, asset=asset, amount_atoms=amount)
    for account in accounts:
        if not account.flags & AccountFlag.DEPOSIT:
            yield UpdateAccount(account_id=account.account_id, flags=account.flags)
