"""`outcry replay`: a capture of real order flow through a kernel, timed and compared."""

import time
from dataclasses import dataclass
from pathlib import Path

from openoutcry.app.market_fields import decimal_of
from openoutcry.kernel import Kernel
from openoutcry.simulation.capture import PRICE_DECIMALS, Capture, CaptureError
from openoutcry.simulation.replay import (
    BASE_SCALE,
    QUOTE_SCALE,
    Progress,
    ReplayFaultError,
    ReplayResult,
    agreeing_trades,
    replay,
)

__all__ = ["Progress", "ReplayError", "ReplayReport", "run_replay", "summary"]


class ReplayError(Exception):
    """The replay cannot be made, or its books do not add up; the message says which and why."""


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """A finished replay: `seconds` has everything, `kernel_seconds` the calls of `apply` alone."""

    result: ReplayResult
    seconds: float
    kernel_seconds: float
    venue_trades: int
    agreeing: int


class _TimedKernel:
    """A kernel that adds up how long it works."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._kernel = Kernel()
        self.order_by_client_id = self._kernel.order_by_client_id
        self.balances = self._kernel.balances
        self.depth = self._kernel.depth
        self.recount = self._kernel.recount

    def apply(self, batch: bytes, seq: int) -> bytes:
        began = time.perf_counter()
        events = self._kernel.apply(batch, seq)
        self.seconds += time.perf_counter() - began
        return events


def run_replay(directory: Path, progress: Progress) -> ReplayReport:
    """Replay a capture into a fresh kernel; raises ReplayError."""
    kernel = _TimedKernel()
    began = time.perf_counter()
    try:
        capture = Capture(directory)
        result = replay(capture, kernel, progress)
    except (CaptureError, ReplayFaultError) as error:
        raise ReplayError(str(error)) from error
    return ReplayReport(
        result=result,
        seconds=time.perf_counter() - began,
        kernel_seconds=kernel.seconds,
        venue_trades=len(capture.trades),
        agreeing=agreeing_trades(capture, result),
    )


def summary(report: ReplayReport) -> list[tuple[str, str]]:
    """Return what a replay did, in words, as pairs of what and how much."""
    result = report.result
    return [
        ("market", f"{result.base}/{result.quote}"),
        ("events", f"{result.rows:,}: {_rows(result)}"),
        ("orders", f"{result.orders:,}"),
        ("trades", f"{len(result.trades):,}"),
        ("volume", f"{_volume(result)} ({_turnover(result)})"),
        ("best bid", _best(result, result.best_bid)),
        ("best offer", _best(result, result.best_ask)),
        *_refused(result),
        ("time", f"{report.seconds:.2f} s: {_rate(result.rows, report.seconds)} events a second"),
        (
            "in the kernel",
            (
                f"{report.kernel_seconds:.2f} s:"
                f" {_rate(result.commands, report.kernel_seconds)} commands a second,"
                f" {result.events:,} kernel events"
            ),
        ),
    ]


def _rows(result: ReplayResult) -> str:
    live = result.rows - result.rows_opening - result.rows_closing
    return (
        f"{result.rows_opening:,} to open the book, {live:,} live, {result.rows_closing:,} to"
        f" close it; {result.rows_left_out:,} left out"
    )


def _refused(result: ReplayResult) -> list[tuple[str, str]]:
    """Return refusals by command and reason, most first, each kind of command with its sum."""
    lines: list[tuple[str, str]] = []
    for kind in sorted({kind for kind, _ in result.refusals}):
        reasons = {
            reason: count
            for (refused, reason), count in result.refusals.most_common()
            if refused is kind
        }
        name = kind.name.replace("_", " ").lower()
        lines.append((f"refused {name}s", f"{sum(reasons.values()):,}"))
        lines.extend((f"  {reason.name}", f"{count:,}") for reason, count in reasons.items())
    return lines


def _volume(result: ReplayResult) -> str:
    return f"{decimal_of(result.volume_lots, BASE_SCALE)} {result.base}"


def _turnover(result: ReplayResult) -> str:
    return f"{decimal_of(result.turnover_atoms, QUOTE_SCALE)} {result.quote}"


def _best(result: ReplayResult, best: tuple[int, int] | None) -> str:
    if best is None:
        return "none"
    price, lots = best
    return (
        f"{decimal_of(price, PRICE_DECIMALS)} {result.quote}"
        f" for {decimal_of(lots, BASE_SCALE)} {result.base}"
    )


def _rate(count: int, seconds: float) -> str:
    return f"{count / max(seconds, 1e-9):,.0f}"
