"""Orders at the scaled size: rate, latency, processor time by tier and bytes by store.

Two estates of `outcry up` run beside each other, with 1 engine and 1 gateway and with 2 of each,
and take their rounds in turn; so does the embedded exchange. Everything, the load too, shares the
cores of this machine.

    python -m bench.scaled [--rounds 5] [--orders 4800] [--connections 32]
"""

import argparse
import statistics
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import conditions, report
from bench.estate import TIERS, Stores, less, processor_seconds, rounded
from bench.http import LoadGenerator, cpu_seconds
from bench.load import percentiles
from tools.exchange_process import ExchangeProcess, ScaledProcess

from openoutcry.app.control import ask

ROUND_SECONDS_MAX = 60.0
IDLE_SECONDS = 5.0
ACCOUNTS = 16
"""With these, neighbours are on different partitions of accounts where there are two."""
MONEY = {"USD": "1000000", "BTC": "20", "ETH": "200"}
SIZES = ((1, 1), (2, 2))


@dataclass
class Estate:
    """One scaled exchange and what was measured on it."""

    engines: int
    gateways: int
    exchange: ScaledProcess
    keys: list[dict[str, str]]
    stores: Stores
    rounds: list[dict[str, Any]] = field(default_factory=list)
    idle: dict[str, float] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)
    grown: dict[str, int] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.engines} + {self.gateways}"

    def reading(self) -> dict[str, int]:
        """Return counts and sizes of the stores, when all of it is projected."""
        self.stores.wait_projected()
        return self.stores.counts() | self.stores.sizes()


def funded_keys(exchange: ExchangeProcess) -> list[dict[str, str]]:
    """Create the accounts that trade; return their keys, in the order of their numbers."""
    keys = []
    for _ in range(ACCOUNTS):
        account = ask(exchange.data, {"do": "create-account"})["account"]
        for asset, amount in MONEY.items():
            ask(
                exchange.data,
                {"do": "credit", "account": account, "asset": asset, "amount": amount},
            )
        key = ask(exchange.data, {"do": "create-key", "account": account, "type": "HMAC"})
        keys.append({"api_key": str(key["api_key"]), "secret": str(key["secret"])})
    return keys


def start_estate(stack: ExitStack, folder: Path, engines: int, gateways: int) -> Estate:
    """Start one; it is stopped with the stack."""
    exchange = ScaledProcess(
        folder / f"up-{engines}-{gateways}",
        "--no-bots",
        "--no-limits",
        engines=engines,
        gateways=gateways,
    )
    exchange.start()
    stack.callback(exchange.stop)
    stores = Stores(exchange.data)
    stack.callback(stores.close)
    return Estate(engines, gateways, exchange, funded_keys(exchange), stores)


def round_of(estate: Estate, load: LoadGenerator, options: argparse.Namespace, run: str) -> None:
    """Measure one round; the projector's part is waited for and counted."""
    before, begun = processor_seconds(estate.exchange.pid), time.monotonic()
    result = load.run(
        kind="orders",
        port=estate.exchange.port,
        requests=options.orders,
        connections=options.connections,
        seconds_max=ROUND_SECONDS_MAX,
        keys=estate.keys,
        run=run,
    )
    estate.stores.wait_projected()
    used = less(processor_seconds(estate.exchange.pid), before)
    result["cpu_seconds"], result["whole_seconds"] = used, time.monotonic() - begun
    estate.rounds.append(result)
    print(f"  {run} {estate.name}: {result['per_second']:,.0f} orders/s", flush=True)


def embedded_round(
    exchange: ExchangeProcess,
    keys: list[dict[str, str]],
    load: LoadGenerator,
    options: argparse.Namespace,
    run: str,
) -> dict[str, Any]:
    """Measure one round of the exchange in one process."""
    before = cpu_seconds(exchange.pid)
    result = load.run(
        kind="orders",
        port=exchange.port,
        requests=options.orders,
        connections=options.connections,
        seconds_max=ROUND_SECONDS_MAX,
        keys=keys,
        run=run,
    )
    result["server_cpu_us"] = (cpu_seconds(exchange.pid) - before) / result["requests"] * 1e6
    print(f"  {run} embedded: {result['per_second']:,.0f} orders/s", flush=True)
    return result


def measure(options: argparse.Namespace, folder: Path) -> tuple[list[Estate], list[dict[str, Any]]]:
    """Start everything, measure idle and loaded; return the estates and the embedded rounds."""
    embedded: list[dict[str, Any]] = []
    with ExitStack() as stack:
        begun = time.monotonic()
        estates = [start_estate(stack, folder, *size) for size in SIZES]
        alone = ExchangeProcess(folder / "serve", "--no-bots", "--no-limits")
        stack.callback(alone.start().stop)
        alone_keys = funded_keys(alone)
        # Pinned nowhere: the load shares the cores with what it loads.
        load = LoadGenerator(conditions.usable_cores())
        stack.callback(load.close)
        print(f"  started in {time.monotonic() - begun:.0f} s", flush=True)
        for number in range(-1, options.rounds):  # the first warms up and is dropped
            run = f"r{number + 1}"
            for estate in estates:
                round_of(estate, load, options, run)
            embedded.append(embedded_round(alone, alone_keys, load, options, run))
            if number < 0:
                embedded.clear()
                for estate in estates:
                    estate.rounds.clear()
                    estate.before = estate.reading()
        for estate in estates:
            after = estate.reading()
            estate.grown = {name: after[name] - estate.before[name] for name in after}
            estate.counted = after
        rest(estates)
    return estates, embedded


def rest(estates: list[Estate]) -> None:
    """Measure what the estates use while nobody trades: a second after the last order."""
    time.sleep(1.0)
    before = [processor_seconds(estate.exchange.pid) for estate in estates]
    time.sleep(IDLE_SECONDS)
    for estate, used in zip(estates, before, strict=True):
        now = processor_seconds(estate.exchange.pid)
        estate.idle = {tier: value / IDLE_SECONDS for tier, value in less(now, used).items()}
        count, size = estate.stores.snapshots()
        estate.counted |= {"snapshots": count, "snapshot bytes": size}


def rates(estates: list[Estate], embedded: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the table of rates: medians of rounds, percentiles of all requests."""
    base = statistics.median(it["per_second"] for it in embedded)
    rows = []
    named = [(f"{estate.name} (up)", estate.rounds) for estate in estates]
    for name, rounds in [*named, ("one process (serve)", embedded)]:
        rate = statistics.median(it["per_second"] for it in rounds)
        latencies = [value for it in rounds for value in it["latencies_us"]]
        rows.append(
            {
                "engines + gateways": name,
                "orders/s": round(rate),
                "slowest round": round(min(it["per_second"] for it in rounds)),
                "fastest round": round(max(it["per_second"] for it in rounds)),
                "of one process": round(rate / base, 2),
                **percentiles(latencies),
                "orders": len(latencies),
            }
        )
    return rows


def microseconds(estate: Estate, tier: str) -> float:
    """Return a tier's processor time an order: median of rounds, what it uses idle included."""
    return statistics.median(it["cpu_seconds"][tier] / it["requests"] * 1e6 for it in estate.rounds)


def costs(estates: list[Estate]) -> list[dict[str, Any]]:
    """Return the table of processor time, one row a tier."""
    rows: list[dict[str, Any]] = []
    for tier in TIERS:
        row: dict[str, Any] = {"tier": tier}
        for estate in estates:
            row[f"us an order, {estate.name}"] = round(microseconds(estate, tier))
            row[f"idle % of a core, {estate.name}"] = round(estate.idle[tier] * 100, 1)
        row["orders/s a core"] = round(1e6 / max(microseconds(estates[0], tier), 0.1), -1)
        rows.append(row)
    total: dict[str, Any] = {"tier": "all"}
    for estate in estates:
        total[f"us an order, {estate.name}"] = round(
            sum(microseconds(estate, tier) for tier in TIERS)
        )
        total[f"idle % of a core, {estate.name}"] = round(sum(estate.idle.values()) * 100, 1)
    total["orders/s a core"] = round(1e6 / total[f"us an order, {estates[0].name}"], -1)
    return [*rows, total]


def bytes_an_order(estates: list[Estate]) -> list[dict[str, Any]]:
    """Return the table of stores."""
    rows = []
    orders = {estate.name: sum(it["requests"] for it in estate.rounds) for estate in estates}
    stores = ("journal", "query tables", "query indexes", "ledger, with its indexes", "WAL")
    for store in stores:
        named = "of these, the ledger with its indexes" if store.startswith("ledger") else store
        row: dict[str, Any] = {"store": named}
        for estate in estates:
            row[f"bytes an order, {estate.name}"] = round(estate.grown[store] / orders[estate.name])
        rows.append(row)
    row = {"store": "Redis memory, all nodes"}
    for estate in estates:
        row[f"bytes an order, {estate.name}"] = round(estate.grown["Redis"] / orders[estate.name])
    return [*rows, row]


def batches(estates: list[Estate]) -> list[dict[str, Any]]:
    """Return the table of what an order becomes."""
    rows = []
    for estate in estates:
        orders = sum(it["requests"] for it in estate.rounds)
        grown = estate.grown
        rows.append(
            {
                "engines + gateways": estate.name,
                "trades an order": round(grown["trades"] / orders, 2),
                "commands an order": round(grown["commands"] / orders, 2),
                "journal rows an order": round(grown["journal rows"] / orders, 2),
                "commands a row": round(grown["commands"] / grown["journal rows"], 1),
                "ledger entries an order": round(grown["ledger entries"] / orders, 2),
                "Redis in use, MB": round(estate.counted["Redis"] / 1e6, 1),
            }
        )
    return rows


def notes(estates: list[Estate], options: argparse.Namespace) -> list[str]:
    """Return what the tables do not say."""
    statuses: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    for estate in estates:
        for result in estate.rounds:
            statuses.update(result["statuses"])
            outcomes.update(result["outcomes"])
    told = (
        f"Orders: HTTP status {dict(statuses)}, order status {dict(outcomes)}. {ACCOUNTS} accounts,"
        f" two markets on partitions of their own, {options.connections} keep-alive connections in"
        " a closed loop, each order signed and with an id of its own; a maker's order rests, a "
        "taker of another account ends it. Rounds of all targets take turns."
    )
    placed = (
        f"Everything shares {len(conditions.usable_cores())} cores: both estates with their "
        "databases and Redis nodes, the exchange in one process, the load. So 2 + 2 cannot be "
        "faster than 1 + 1 here; what it shows is what an order costs each tier when there are "
        "more of them. `us an order` is all processor time of a tier from the first order to the "
        "last row projected, divided by orders; what a tier uses idle is in it."
    )
    kept = "; ".join(
        f"{estate.name}: {estate.counted['snapshots']} snapshots of "
        f"{estate.counted['snapshot bytes'] / 1e3:.0f} kB together"
        for estate in estates
    )
    return [
        told,
        placed,
        f"Snapshots hold the state and do not grow with orders that have ended. {kept}.",
    ]


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, print and keep the result."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        found = conditions.conditions(Path(folder))
        report.print_conditions(found)
        estates, embedded = measure(options, Path(folder))
    tables = [
        {"title": "Orders over HTTP at the scaled size", "rows": rates(estates, embedded)},
        {"title": "Processor time by tier", "rows": costs(estates)},
        {"title": "Bytes that stay, by store", "rows": bytes_an_order(estates)},
        {"title": "What an order becomes", "rows": batches(estates)},
    ]
    for table in tables:
        print("\n" + report.table(table["title"], table["rows"]))
    said = notes(estates, options)
    print("\n" + "\n".join(f"  {note}" for note in said))
    unfinished = sum(it["unfinished"] for estate in estates for it in estate.rounds)
    assert not unfinished, f"{unfinished} connections did not finish in {ROUND_SECONDS_MAX} s"
    result = {
        "tables": tables,
        "notes": said,
        "estates": [
            {
                "engines": estate.engines,
                "gateways": estate.gateways,
                "idle_cores": rounded(estate.idle),
                "grown": estate.grown,
                "in_the_end": estate.counted,
                "rounds": [slim(it) for it in estate.rounds],
            }
            for estate in estates
        ],
        "embedded": [slim(it) for it in embedded],
    }
    print(f"  {report.publish('scaled', found, result)}")
    return result


def slim(result: dict[str, Any]) -> dict[str, Any]:
    """Return a round without its single latencies, and with their percentiles."""
    kept = {name: value for name, value in result.items() if name != "latencies_us"}
    return kept | percentiles(result["latencies_us"])


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Orders at the scaled size, tier by tier.")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds of each target")
    parser.add_argument("--orders", type=int, default=4_800, help="orders of each round")
    parser.add_argument("--connections", type=int, default=32, help="keep-alive connections")
    parser.add_argument("--folder", type=Path, default=None, help="where the data folders are made")
    run(parser.parse_args())


if __name__ == "__main__":
    main()
