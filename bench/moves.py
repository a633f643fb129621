"""Fifty live moves of a trading pair under load: how long clients are refused, and what is lost.

Half of the moves take BTCUSD from one partition to another, half hand its partition to another
engine. Three accounts of three partitions trade three markets all the time; an outside log keeps
what was acknowledged, and at the end all of it is accounted for, with the money of all partitions.

    python -m bench.moves [--moves 50] [--pause 1.0] [--seed 1]
"""

import argparse
import itertools
import os
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import conditions, report
from tools.faults.campaign import Campaign
from tools.faults.load import Answer
from tools.faults.moves import MARKET, SYMBOL, alone, home_of, hosts, move
from tools.faults.streams import MarketStream

SERVED_SECONDS_MAX = 40.0
TAIL_SECONDS = 0.5
"""What is answered so soon after a move is counted as of it."""
CALM_SECONDS = 10.0
SECONDS_MAX = 240.0
"""After so long no further move begins."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One move."""

    kind: str
    began: float
    ended: float
    where: str


def plan(count: int) -> list[str]:
    """Return the kinds of so many moves, in turn; engines change while the market is alone."""
    found: list[str] = []
    while len(found) < count:
        found += ["engine", "engine", "partition", "partition"]
    rest = count % 4
    if rest == 2:
        found[-2:] = []
        found[-1] = "partition"
    return found[:count]


def make_moves(campaign: Campaign, count: int, pause: float) -> list[Moved]:
    """Move the market so often."""
    exchange = campaign.exchange
    own = alone(exchange)
    other = next(number for number in hosts(exchange, "MARKETS") if number != own)
    engines = exchange.engines
    found: list[Moved] = []
    begun = time.monotonic()
    for kind in plan(count):
        if time.monotonic() - begun > SECONDS_MAX:
            break
        if kind == "partition":
            target = str(other if home_of(exchange, MARKET) == own else own)
        else:
            owner, _ = exchange.owners()[own]
            target = engines[(engines.index(owner) + 1) % len(engines)]
        began = time.monotonic()
        move(exchange, SYMBOL, target)
        found.append(Moved(kind, began, time.monotonic(), target))
        time.sleep(pause)
    return found


def window(answers: list[Answer], began: float, ended: float) -> dict[str, float]:
    """Return what a client saw of a stretch of time, in seconds.

    `without` is the longest time in which no order of the market was accepted, `slowest` how long
    the slowest one took that was under way.
    """
    accepted = [it for it in answers if it.status == 200]
    times = [it.at for it in accepted]
    near = [at for at in times if began <= at <= ended]
    before = max((at for at in times if at < began), default=began)
    after = min((at for at in times if at > ended), default=ended)
    edges = [before, *near, after]
    touched = [it for it in accepted if it.asked_at <= ended and it.at >= began]
    return {
        "without": max(b - a for a, b in itertools.pairwise(edges)),
        "slowest": max((it.at - it.asked_at for it in touched), default=0.0),
    }


def row_of(name: str, windows: list[dict[str, float]], seconds: list[float]) -> dict[str, Any]:
    """Return a row of the table, in milliseconds."""

    def of(what: str) -> list[float]:
        return [it[what] * 1e3 for it in windows]

    return {
        "what": name,
        "times": len(windows),
        "without an accepted order, median ms": round(statistics.median(of("without"))),
        "longest ms": round(max(of("without"))),
        "slowest order, median ms": round(statistics.median(of("slowest"))),
        "slowest ms": round(max(of("slowest"))),
        "the command, median ms": round(statistics.median(seconds) * 1e3) if seconds else "-",
    }


def calm_windows(answers: list[Answer], began: float, ended: float) -> list[dict[str, float]]:
    """Return the same figures of seconds in which nothing moved."""
    steps = int(ended - began)
    return [window(answers, began + at, began + at + 1) for at in range(steps)]


def measure(campaign: Campaign, options: argparse.Namespace) -> dict[str, Any]:
    """Trade, move, and account for everything."""
    load, log = campaign.load, campaign.load.log
    stream = MarketStream(campaign.exchange.port, SYMBOL)
    log.keeps_answers = True
    load.start()
    try:
        load.wait_served(SERVED_SECONDS_MAX)
        calm_at = time.monotonic()
        time.sleep(CALM_SECONDS)
        calm_ended = time.monotonic()
        moves = make_moves(campaign, options.moves, options.pause)
        campaign.audit.look_on_the_way()
        ended = time.monotonic()
    finally:
        load.stop()
    campaign.audit.look_at_rest()
    stream.check(campaign.audit.depth(SYMBOL))
    stream.close()
    answers = [it for it in log.answers if it.symbol == SYMBOL]
    rows = [row_of("a second of calm", calm_windows(answers, calm_at, calm_ended), [])]
    for kind, name in (("partition", "to another partition"), ("engine", "to another engine")):
        chosen = [it for it in moves if it.kind == kind]
        if chosen:
            windows = [window(answers, it.began, it.ended + TAIL_SECONDS) for it in chosen]
            rows.append(row_of(name, windows, [it.ended - it.began for it in chosen]))
    refused = Counter(f"{it.status} {it.code}" for it in log.answers if it.status != 200)
    accepted = sum(it.status == 200 for it in answers if it.at >= calm_ended)
    return {
        "moves": [vars_of(it, answers) for it in moves],
        "tables": [{"title": f"Live moves of {SYMBOL}", "rows": rows}],
        "refusals": dict(refused),
        "orders a second": round(accepted / (ended - calm_ended), 1),
        "log": dict(log.counts),
        "checked": dict(campaign.audit.checked),
        "stream messages": stream.messages,
    }


def vars_of(moved: Moved, answers: list[Answer]) -> dict[str, Any]:
    """Return one move as the result file keeps it."""
    seen = window(answers, moved.began, moved.ended + TAIL_SECONDS)
    return {
        "kind": moved.kind,
        "to": moved.where,
        "seconds": round(moved.ended - moved.began, 3),
        **{name: round(value, 3) for name, value in seen.items()},
    }


def notes(result: dict[str, Any]) -> list[str]:
    """Return what the table does not say."""
    log = result["log"]
    moved = (
        f"{len(result['moves'])} moves under load. {SYMBOL} took {result['orders a second']} orders"
        f" a second. Orders that were not accepted at once, in all markets and all the time, by"
        f" HTTP status and code: {result['refusals'] or 'none'}."
    )
    kept = (
        f"Nothing was lost: {log['acknowledged']} acknowledged orders and {log.get('cancelled', 0)}"
        f" cancels are in the history of both gateways, with {result['checked']['fills read']}"
        " fills; the money of all partitions, books in Redis and at the gateways, and balances"
        " are right; a depth and trades stream of the market had no gap."
    )
    return [moved, kept]


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, print and keep the result."""
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="outcry-moves-") as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101 - the database's user comes in
        found = conditions.conditions(Path(folder))
        report.print_conditions(found)
        campaign = Campaign(Path(folder) / "data", options.seed)
        try:
            campaign.start()
            result = measure(campaign, options)
            result["finish"] = campaign.finish()
        finally:
            campaign.abort()
    for table in result["tables"]:
        print("\n" + report.table(table["title"], table["rows"]))
    result["notes"] = notes(result)
    print("\n" + "\n".join(f"  {note}" for note in result["notes"]))
    print(f"  {report.publish('moves', found, result)}")
    return result


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Live moves of a trading pair under load.")
    parser.add_argument("--moves", type=int, default=50, help="half of each kind")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two moves")
    parser.add_argument("--seed", type=int, default=1, help="of the load")
    parser.add_argument("--folder", type=Path, default=None, help="where the data folder is made")
    run(parser.parse_args())


if __name__ == "__main__":
    main()
