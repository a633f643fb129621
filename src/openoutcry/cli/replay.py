"""`outcry replay`: real order flow through the kernel."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from openoutcry.cli.words import EXIT_OK, CommandError, Commands, add_command, columns

if TYPE_CHECKING:
    from openoutcry.app.replay import Progress

_DESCRIPTION = """\
Run a capture of a venue's order flow through a fresh kernel, every order with a funded
account of its own, and say what came of it. Nothing is written.

DIR holds orders.csv.gz (id, timestamp, exchange_timestamp, price, volume, action, direction)
and, if there are any, trades.csv with the venue's own trades and meta.json."""

_EXAMPLES = """\
  outcry replay captures/btcusd
  outcry replay captures/btcusd --compare    also: how many of the venue's trades we make too
"""


def add(commands: Commands) -> None:
    """Add the subcommand."""
    parser = add_command(
        commands, "replay", "run captured order flow through the kernel", _DESCRIPTION, _EXAMPLES
    )
    parser.add_argument("directory", metavar="DIR", type=Path, help="the capture")
    parser.add_argument(
        "--compare",
        action="store_true",
        help="compare the venue's own trades with ours: orders, price and amount",
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from openoutcry.app.replay import ReplayError, run_replay, summary

    try:
        with _progress() as progress:
            report = run_replay(options.directory, progress)
    except ReplayError as error:
        raise CommandError(str(error)) from error
    if options.compare and not report.venue_trades:
        raise CommandError(f"{options.directory} holds no trades.csv to compare with")
    print(columns(summary(report)))
    if options.compare:
        print(f"{report.agreeing} of {report.venue_trades} trades agree")
    return EXIT_OK


@contextmanager
def _progress() -> Iterator["Progress"]:
    """Give a progress bar on a terminal, a line now and then elsewhere."""
    if not sys.stderr.isatty():
        yield _Lines().show
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

    bar = Progress(
        "replaying",
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("replaying", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Lines:
    """Progress in plain lines, one for each tenth."""

    def __init__(self) -> None:
        self._tenths = 0

    def show(self, done: int, total: int) -> None:
        """Print a line when another tenth is done."""
        tenths = 10 * done // total if total else 10
        if tenths > self._tenths:
            self._tenths = tenths
            print(f"replaying: {10 * tenths} %", file=sys.stderr)
