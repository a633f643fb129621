"""Memory of the kernel: bytes for each account, balance and resting order.

Each step adds many of one thing and compares what the kernel's records and tables take before and
after. Resident memory is in steps of huge pages, too coarse for one thing, so it is given for all.

    python -m bench.memory [--accounts 200000] [--orders 1000000]
"""

import argparse
from collections.abc import Iterable, Iterator
from typing import Any

import psutil
from bench import conditions, report

from openoutcry.core.enums import (
    AccountFlag,
    OrderType,
    Side,
    TimeInForce,
)
from openoutcry.core.ids import account_id_of
from openoutcry.core.records import (
    CreateAccount,
    Deposit,
    NewOrder,
)
from openoutcry.kernel import Kernel
from openoutcry.simulation.workload import market

BATCH_COMMANDS = 4096
PRICE_TICKS = 1_000_000
SPREAD_TICKS = 10_000
FUNDS = 10**12


class Filling:
    """A kernel that is filled step by step."""

    def __init__(self) -> None:
        self.kernel = Kernel()
        self._seq = 0

    def apply(self, commands: Iterable[bytes]) -> None:
        """Apply commands in batches."""
        batch: list[bytes] = []
        for command in commands:
            batch.append(command)
            if len(batch) == BATCH_COMMANDS:
                self._apply(batch)
        if batch:
            self._apply(batch)

    def _apply(self, batch: list[bytes]) -> None:
        self._seq += 1
        self.kernel.apply(b"".join(batch), self._seq)
        batch.clear()


def accounts(count: int) -> Iterator[bytes]:
    """Yield what opens accounts."""
    flags = AccountFlag.TRADE | AccountFlag.DEPOSIT
    for number in range(1, count + 1):
        yield CreateAccount(account_id=account_id_of(number), flags=flags).pack()


def balances(count: int, asset: int) -> Iterator[bytes]:
    """Yield a deposit for each account."""
    for number in range(1, count + 1):
        yield Deposit(account_id=account_id_of(number), asset=asset, amount_atoms=FUNDS).pack()


def orders(count: int, accounts_count: int) -> Iterator[bytes]:
    """Yield limit orders that rest, on many levels of both sides."""
    for number in range(count):
        side = Side.BUY if number % 2 == 0 else Side.SELL
        away = 1 + number * 7919 % SPREAD_TICKS
        yield NewOrder(
            account_id=account_id_of(1 + number % accounts_count),
            market=1,
            side=side,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            price_ticks=PRICE_TICKS - away if side is Side.BUY else PRICE_TICKS + away,
            qty_lots=1 + number % 100,
            client_order_id=b"%d" % number,
        ).pack()


def kernel_bytes(kernel: Kernel) -> int:
    """Return the bytes of records and tables in use, growth of the tables included."""
    return sum(value for name, value in kernel.memory().items() if name.endswith("_bytes"))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Fill a kernel; return what each thing took."""
    filling = Filling()
    process = psutil.Process()
    filling.apply(market())
    steps = (
        ("account", options.accounts, accounts(options.accounts)),
        ("balance", options.accounts, balances(options.accounts, 1)),
        ("second balance", options.accounts, balances(options.accounts, 2)),
        ("resting order", options.orders, orders(options.orders, options.accounts)),
    )
    rows = []
    before = kernel_bytes(filling.kernel)
    for name, count, commands in steps:
        filling.apply(commands)
        now = kernel_bytes(filling.kernel)
        rows.append({"one": name, "count": count, "bytes": (now - before) / count})
        before = now
    resident = process.memory_info().rss
    rows.append({"one": "everything, resident", "count": 1, "bytes": resident})
    counted = filling.kernel.memory()
    assert counted["orders"] == options.orders, "all orders rest"
    assert counted["balances"] == 2 * options.accounts, "all deposits arrived"
    assert filling.kernel.recount() == "", "money is conserved"
    return {"rows": rows, "kernel_counts": counted}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Memory of the kernel.")
    parser.add_argument("--accounts", type=int, default=200_000)
    parser.add_argument("--orders", type=int, default=1_000_000)
    found = conditions.conditions()
    report.print_conditions(found)
    result = measure(parser.parse_args())
    title = "Memory of the kernel, growth of tables included"
    note = f"The kernel's own count: {result['kernel_counts']}."
    print(report.table(title, result["rows"]))
    print(f"\n  {note}")
    tables = [{"title": title, "rows": result["rows"]}]
    print(f"  {report.publish('memory', found, {**result, 'tables': tables, 'notes': [note]})}")


if __name__ == "__main__":
    main()
