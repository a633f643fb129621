"""Moves of markets, partitions and account shards under load, and crashes in the middle of them.
Covers K01, K05 to K08, K10, J04 to J07, L01, O01, V01, V02, V04, V07.

After each move everything is accounted for, as after a fault; the streams stay connected all along.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tools.faults.campaign import Campaign
from tools.faults.load import MARKETS
from tools.faults.moves import MOVES
from tools.faults.streams import MarketStream, UserStream
from tools.faults.views import check_markets

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.alone,
]
SEED = 17
LIVE = ("move_market", "hand_over_market", "move_shards", "split_partition", "move_market")
CRASHES = ("crash_source", "crash_target", "crash_source", "crash_target")


@pytest.fixture(scope="module")
def campaign() -> Iterator[Campaign]:
    """One exchange for all moves."""
    with tempfile.TemporaryDirectory(prefix="outcry-moves-") as folder:
        Path(folder).chmod(0o755)  # the database's user comes in
        made = Campaign(Path(folder) / "data", SEED)
        try:
            made.start()
            yield made
            print(made.finish())  # noqa: T201 - shown on failure
        finally:
            with suppress(OSError):
                print(made.exchange.log(20))  # noqa: T201
            made.abort()


def test_moves_under_load_lose_nothing_and_no_stream_has_a_gap(campaign: Campaign) -> None:
    port, audit = campaign.exchange.port, campaign.audit
    before = [audit.said_to(account) for account in range(len(campaign.load.keys))]
    markets = [MarketStream(port, symbol) for symbol in MARKETS]
    users = [UserStream(port, key) for key in campaign.load.keys]
    try:
        for name in LIVE:
            print(campaign.run(name, MOVES[name]))  # noqa: T201 - shown on failure
            for stream in markets:
                stream.check(audit.depth(stream.symbol))
            for account, stream in enumerate(users):
                fills, orders = audit.said_to(account)
                known_fills, known_orders = before[account]
                stream.check(Counter(fills - known_fills), orders - known_orders)
    finally:
        for stream in (*markets, *users):
            stream.close()
    trades = {symbol: audit.trades_of(symbol) for symbol in MARKETS}
    assert check_markets(campaign.exchange, campaign.load, trades) > 0


@pytest.mark.parametrize("crash", CRASHES)
def test_a_move_that_a_crash_cuts_short_is_finished_and_loses_nothing(
    campaign: Campaign, crash: str
) -> None:
    outcome = campaign.run(crash, MOVES[crash])
    print(outcome)  # noqa: T201 - shown on failure
    assert outcome.acknowledged > 0


def test_history_of_what_was_moved_is_whole_through_every_gateway(campaign: Campaign) -> None:
    trades = {symbol: campaign.audit.trades_of(symbol) for symbol in MARKETS}
    assert check_markets(campaign.exchange, campaign.load, trades) > 0
