"""Trades out of nothing, for what only looks at trades."""

from hypothesis import strategies as st

from openoutcry.core.enums import Side
from openoutcry.core.records import TradeEvent
from openoutcry.ports.feeds import Committed

MARKET = 7
START_US = 1_772_236_770_000_000  # 2026-02-27 23:59:30, soon a new day, weekend and month
STEPS_US = (0, 1, 400_000, 1_000_000, 30_000_000, 60_000_000, 3_600_000_000, 100_000_000_000)

steps = st.tuples(
    st.sampled_from(STEPS_US),
    st.integers(1, 50),  # price
    st.integers(1, 9),  # lots
    st.booleans(),  # the taker buys
    st.integers(0, 2),  # what is new: nothing, the taker, the batch
)
streams = st.lists(steps, min_size=1, max_size=60)


def batches_of(stream: list[tuple[int, int, int, bool, int]]) -> list[Committed]:
    """Turn drawn steps into batches of trades; a new taker also comes with a new side."""
    batches: list[tuple[int, list[TradeEvent]]] = []
    time_us, taker, taker_buys = START_US, 1, True
    for number, (step_us, price, lots, buys, new) in enumerate(stream, start=1):
        if new == 2 or not batches:
            time_us += step_us
            batches.append((time_us, []))
        if new or not batches[-1][1]:
            taker += 1
            taker_buys = buys
        seq = len(batches)
        batches[-1][1].append(
            TradeEvent(
                seq=seq,
                command=taker,
                time_us=time_us,
                market=MARKET,
                taker_side=Side.BUY if taker_buys else Side.SELL,
                trade_id=number,
                price_ticks=price,
                lots=lots,
                quote_atoms=price * lots * 3,
                buy_order_id=taker if taker_buys else 0,
                sell_order_id=0 if taker_buys else taker,
            )
        )
    return [Committed(seq, at_us, events) for seq, (at_us, events) in enumerate(batches, start=1)]
