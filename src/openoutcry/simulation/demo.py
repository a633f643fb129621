"""The demo exchange: its assets, markets, fees, people and bots, and how bots see prices.

Plain descriptions and the commands that they become; `app.demo` sends them.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from openoutcry.core.enums import (
    AccountFlag,
    MarketFlag,
    MarketStatus,
    OrderType,
    StpMode,
)
from openoutcry.core.ids import account_id_of
from openoutcry.core.records import CreateAccount, CreateAsset, CreateMarket, Deposit, SetFees
from openoutcry.simulation.bots import BotMarket, Maker, Taker
from openoutcry.simulation.prices import Cross, Walk

SCALE = 8
ATOMS = 10**SCALE
"""Atoms of one whole unit; every demo asset has the same scale."""
USD, BTC, ETH = 1, 2, 3
BTCUSD, ETHUSD, ETHBTC = 1, 2, 3
USER_FEES, BOT_FEES = 0, 1
"""Fee schedules: people pay 0.1 %, bots nothing, so that they last for ever."""
USER_RATE = 100_000

ASSET_NAMES: Mapping[int, str] = {USD: "USD", BTC: "BTC", ETH: "ETH"}

_USER_FLAGS = AccountFlag.TRADE | AccountFlag.WITHDRAW | AccountFlag.DEPOSIT
_MARKET_FLAGS = (
    MarketFlag.ICEBERG
    | MarketFlag.TRAILING_STOP
    | MarketFlag.QUOTE_ORDER_QTY
    | MarketFlag.CANCEL_REPLACE
    | MarketFlag.AMEND
    | MarketFlag.MIN_NOTIONAL_ON_MARKET
)


class Participant(NamedTuple):
    """An account of the demo and what it is given at the start, in whole units."""

    name: str
    account_id: int
    fee_schedule: int
    units: Mapping[int, int]


_USER_UNITS = {USD: 1_000_000, BTC: 20, ETH: 200}
_BOT_UNITS = {USD: 1_000_000_000, BTC: 20_000, ETH: 400_000}
_TAKER_UNITS = {USD: 1_000_000_000, BTC: 1_000, ETH: 20_000}

USERS = tuple(
    Participant(name, account_id_of(number), USER_FEES, _USER_UNITS)
    for number, name in enumerate(("alice", "bob", "carol", "dave"), start=1)
)
MAKERS: Mapping[int, Participant] = {
    market: Participant(f"maker-{market}", account_id_of(100 + market), BOT_FEES, _BOT_UNITS)
    for market in (BTCUSD, ETHUSD, ETHBTC)
}
TAKERS: Mapping[int, Participant] = {
    market: Participant(f"taker-{market}", account_id_of(200 + market), BOT_FEES, _TAKER_UNITS)
    for market in (BTCUSD, ETHUSD, ETHBTC)
}
PARTICIPANTS = (*USERS, *MAKERS.values(), *TAKERS.values())

BTCUSD_ANCHOR_TICKS = 7_800_000
ETHUSD_ANCHOR_TICKS = 240_000
_ETHBTC_TICKS_OF_ONE = 100_000

BOT_MARKETS = (
    BotMarket(
        market=BTCUSD,
        base_asset=BTC,
        step_ticks=600,
        levels=25,
        maker_lots_min=20_000,
        maker_lots_max=150_000,
        taker_lots_min=50,
        taker_lots_max=4_000,
        taker_base_atoms=_TAKER_UNITS[BTC] * ATOMS,
        taker_wait_steps=6,
    ),
    BotMarket(
        market=ETHUSD,
        base_asset=ETH,
        step_ticks=20,
        levels=25,
        maker_lots_min=40_000,
        maker_lots_max=300_000,
        taker_lots_min=100,
        taker_lots_max=10_000,
        taker_base_atoms=_TAKER_UNITS[ETH] * ATOMS,
        taker_wait_steps=6,
    ),
    BotMarket(
        market=ETHBTC,
        base_asset=ETH,
        step_ticks=1,
        levels=25,
        maker_lots_min=4_000,
        maker_lots_max=30_000,
        taker_lots_min=10,
        taker_lots_max=1_000,
        taker_base_atoms=_TAKER_UNITS[ETH] * ATOMS,
        taker_wait_steps=8,
    ),
)


def create_assets() -> list[CreateAsset]:
    """Return the commands that make the assets."""
    return [
        CreateAsset(asset=asset, scale=SCALE, name=name.encode())
        for asset, name in ASSET_NAMES.items()
    ]


def set_fees() -> list[SetFees]:
    """Return the commands that set what people and bots pay, in every market."""
    return [
        SetFees(schedule=USER_FEES, maker_rate=USER_RATE, taker_rate=USER_RATE),
        SetFees(schedule=BOT_FEES),
    ]


def create_markets() -> list[CreateMarket]:
    """Return the commands that open the markets."""
    usd = _specification(
        quote_asset=USD,
        tick_atoms=ATOMS // 100,
        price_ticks_max=100_000_000,
        notional_atoms_min=5 * ATOMS,
        notional_atoms_max=9_000_000 * ATOMS,
    )
    return [
        usd._replace(
            market=BTCUSD,
            symbol=b"BTCUSD",
            base_asset=BTC,
            lot_atoms=1_000,
            tick_lot_atoms=10,
            qty_lots_min=1,
            qty_lots_max=9_000 * 100_000,
            market_qty_lots_max=200 * 100_000,
        ),
        usd._replace(
            market=ETHUSD,
            symbol=b"ETHUSD",
            base_asset=ETH,
            lot_atoms=10_000,
            tick_lot_atoms=100,
            qty_lots_min=1,
            qty_lots_max=9_000 * 10_000,
            market_qty_lots_max=4_000 * 10_000,
        ),
        _specification(
            quote_asset=BTC,
            tick_atoms=ATOMS // 100_000,
            price_ticks_max=_ETHBTC_TICKS_OF_ONE * 100,
            notional_atoms_min=ATOMS // 10_000,
            notional_atoms_max=1_000 * ATOMS,
        )._replace(
            market=ETHBTC,
            symbol=b"ETHBTC",
            base_asset=ETH,
            lot_atoms=100_000,
            tick_lot_atoms=1,
            qty_lots_min=1,
            qty_lots_max=100_000 * 1_000,
            market_qty_lots_max=4_000 * 1_000,
        ),
    ]


def create_account(participant: Participant) -> CreateAccount:
    """Return the command that opens an account."""
    return CreateAccount(
        account_id=participant.account_id,
        fee_schedule=participant.fee_schedule,
        flags=_USER_FLAGS,
    )


def deposits(participant: Participant) -> dict[int, Deposit]:
    """Return the commands that give a participant its money, by asset."""
    return {
        asset: Deposit(account_id=participant.account_id, asset=asset, amount_atoms=units * ATOMS)
        for asset, units in participant.units.items()
    }


@dataclass(frozen=True, slots=True)
class Crowd:
    """All bots of the demo with the prices that they believe in."""

    walks: Mapping[int, Walk]
    prices: Mapping[int, Walk | Cross]
    makers: Mapping[int, Maker]
    takers: Mapping[int, Taker]

    def advance(self) -> None:
        """Let the prices take one step."""
        for walk in self.walks.values():
            walk.advance()


def crowd(
    seed: int, run: int, last_ticks: Mapping[int, int], plans: Sequence[BotMarket] = BOT_MARKETS
) -> Crowd:
    """Make the bots. `run` sets their order ids apart from those of earlier runs on the same data.

    `last_ticks` has the last price of each market that ever traded: prices go on from there.
    """
    walks = {
        BTCUSD: Walk(BTCUSD_ANCHOR_TICKS, random.Random(f"{seed}-{run}-btcusd")),
        ETHUSD: Walk(ETHUSD_ANCHOR_TICKS, random.Random(f"{seed}-{run}-ethusd")),
    }
    for market, walk in walks.items():
        if last_ticks.get(market):
            walk.start_at(last_ticks[market])
    prices: dict[int, Walk | Cross] = {
        **walks,
        ETHBTC: Cross(walks[ETHUSD], walks[BTCUSD], _ETHBTC_TICKS_OF_ONE),
    }
    makers: dict[int, Maker] = {}
    takers: dict[int, Taker] = {}
    for plan in plans:
        chance = random.Random(f"{seed}-{run}-bots-{plan.market}")
        makers[plan.market] = Maker(plan, MAKERS[plan.market].account_id, chance, run)
        takers[plan.market] = Taker(plan, TAKERS[plan.market].account_id, chance, run)
    return Crowd(walks, prices, makers, takers)


def _specification(
    *,
    quote_asset: int,
    tick_atoms: int,
    price_ticks_max: int,
    notional_atoms_min: int,
    notional_atoms_max: int,
) -> CreateMarket:
    """Return what the demo's markets have in common."""
    return CreateMarket(
        quote_asset=quote_asset,
        status=MarketStatus.TRADING,
        default_stp_mode=StpMode.EXPIRE_MAKER,
        stp_modes=sum(1 << mode for mode in StpMode),
        order_types=sum(1 << order_type for order_type in OrderType),
        flags=_MARKET_FLAGS,
        average_price_minutes=5,
        tick_atoms=tick_atoms,
        price_ticks_min=1,
        price_ticks_max=price_ticks_max,
        notional_atoms_min=notional_atoms_min,
        notional_atoms_max=notional_atoms_max,
        bid_multiplier_up=50_000,
        bid_multiplier_down=2_000,
        ask_multiplier_up=50_000,
        ask_multiplier_down=2_000,
        orders_max=200,
        algo_orders_max=20,
        iceberg_orders_max=10,
        iceberg_parts_max=100,
        amends_max=10,
        trailing_above_bips_min=10,
        trailing_above_bips_max=2_000,
        trailing_below_bips_min=10,
        trailing_below_bips_max=2_000,
    )
