"""The page in Chromium: its size, its first live book, its longest task, its heap.

An exchange of its own, in whose market a hundred orders a second are placed, cancelled and taken;
Chromium, the server and the market share all cores. The page must have been built (make page).

    python -m bench.page [--loads 10] [--seconds 30] [--minutes 10] [--trace FILE]
"""

import argparse
import contextlib
import http.client
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import conditions, report, tasks
from bench.market import SYMBOL, ChangingMarket
from playwright.sync_api import Browser, CDPSession, Page, Playwright, sync_playwright
from tools.exchange_process import ExchangeProcess

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1440, 900

SCRIPT_KB_MAX = 250.0
LIVE_SECONDS_MAX = 1.5
TASK_MS_MAX = 50.0
CHANGES_PER_SECOND = 100
HEAP_GROWTH_MAX = 0.05
"""Of the heap, in ten minutes: what a straight line through the readings may rise and be flat."""

CHANGES_PER_SECOND_LOADING = 10
LIVE_SECONDS_WAITED = 30.0
SETTLE_SECONDS = 5.0
HEAP_READINGS_A_MINUTE = 4
HEAP_WARM_UP_MINUTES_MAX = 2.0
"""Until the browser has compiled what runs often, and all lists are as long as they get."""
STILL_SECONDS = 1.0
"""Without a change, before the heap is read: what is under way is not what stays."""

WATCH = """
(() => {
  const seen = { liveMs: null, depthMessages: 0, messages: 0, draws: 0, longTasksMs: [] };
  window.outcrySeen = seen;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.longTasksMs.push(entry.duration);
  }).observe({ type: "longtask", buffered: true });
  new MutationObserver(() => { seen.draws += 1; }).observe(document, {
    subtree: true, attributes: true, attributeFilter: ["data-update-id"],
  });
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        seen.messages += 1;
        if (data.slice(0, 60).includes("@depth")) seen.depthMessages += 1;
      });
    }
  };
  const look = () => {
    const isLive = document.querySelector("[data-testid=link]")?.textContent.trim() === "Live"
      && document.querySelector("[data-side=bid]") && document.querySelector("[data-side=ask]");
    // What a frame has drawn is to be seen when the next one begins.
    requestAnimationFrame(isLive ? () => { seen.liveMs = performance.now(); } : look);
  };
  requestAnimationFrame(look);
})();
"""

LOADED = """
() => {
  const files = performance.getEntriesByType("resource");
  const script = files.filter((file) => new URL(file.name).pathname.endsWith(".js"));
  const sum = (list, what) => list.reduce((total, file) => total + file[what], 0);
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return {
    live_ms: window.outcrySeen.liveMs,
    first_paint_ms: paint ? paint.startTime : null,
    scripts: script.length,
    script_bytes: sum(script, "encodedBodySize"),
    script_bytes_unpacked: sum(script, "decodedBodySize"),
    requests: files.length + 1,
    bytes: sum(files, "transferSize")
      + performance.getEntriesByType("navigation")[0].transferSize,
    longest_task_ms: Math.max(0, ...window.outcrySeen.longTasksMs),
  };
}
"""

UPDATE = """
() => ({
  ...window.outcrySeen,
  updateId: Number(document.querySelector(".book-body").dataset.updateId),
})
"""


def chromium() -> str:
    """Return where the browser is."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        sys.exit("there is no Chromium (Debian: apt install chromium)")
    return found


@contextlib.contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    """Start a browser that has never seen anything."""
    browser = playwright.chromium.launch(
        executable_path=chromium(), args=["--no-sandbox", "--disable-dev-shm-usage"]
    )
    try:
        yield browser
    finally:
        browser.close()


def new_window(browser: Browser) -> Page:
    """Open a window that watches whatever will be shown in it."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB")
    page.add_init_script(WATCH)
    return page


def opened(page: Page, port: int) -> Page:
    """Go to the trading screen and wait until its book is live."""
    page.goto(f"http://localhost:{port}/trade/{SYMBOL}", wait_until="commit")
    deadline = time.monotonic() + LIVE_SECONDS_WAITED
    while page.evaluate("() => window.outcrySeen.liveMs") is None:
        if time.monotonic() > deadline:
            raise RuntimeError(f"no live book in {LIVE_SECONDS_WAITED} s")
        time.sleep(0.1)
    return page


def measure_loads(playwright: Playwright, port: int, count: int) -> list[dict[str, Any]]:
    """Open the screen in so many new browsers; return what each saw."""
    loads = []
    for number in range(1, count + 1):
        with launched(playwright) as browser:
            page = new_window(browser)
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            opened(page, port)
            page.wait_for_load_state("networkidle")
            load: dict[str, Any] = page.evaluate(LOADED)
            load["main_thread_cpu_ms"] = main_thread_cpu_ms(session)
        print(f"  load {number}: live after {load['live_ms']:,.0f} ms")
        loads.append(load)
    return loads


def main_thread_cpu_ms(session: CDPSession) -> float:
    """Return the processor time of all tasks that the page has had."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return 1000 * float(next(it["value"] for it in metrics if it["name"] == "TaskDuration"))


def measure_changes(market: ChangingMarket, page: Page, seconds: float) -> dict[str, Any]:
    """Let the book change for a while; return how often, and how often the page was told."""
    before, made, begun = page.evaluate(UPDATE), market.made, time.perf_counter()
    time.sleep(seconds)
    after, passed = page.evaluate(UPDATE), time.perf_counter() - begun
    long_tasks = after["longTasksMs"][len(before["longTasksMs"]) :]
    return {
        "seconds": round(passed, 2),
        "changes_per_second": (market.made - made) / passed,
        "updates_per_second": (after["updateId"] - before["updateId"]) / passed,
        "depth_messages_per_second": (after["depthMessages"] - before["depthMessages"]) / passed,
        "messages_per_second": (after["messages"] - before["messages"]) / passed,
        "draws_per_second": (after["draws"] - before["draws"]) / passed,
        "long_tasks": len(long_tasks),
        "longest_long_task_ms": max(long_tasks, default=None),
    }


def measure_tasks(
    market: ChangingMarket, browser: Browser, page: Page, options: argparse.Namespace
) -> dict[str, Any]:
    """Look at the main thread's tasks, first as the page itself can, then by a trace."""
    plain = measure_changes(market, page, options.seconds)
    browser.start_tracing(page=page, categories=list(tasks.CATEGORIES))
    traced = measure_changes(market, page, options.seconds)
    trace = browser.stop_tracing()
    if options.trace is not None:
        options.trace.write_bytes(trace)
    return {"plain": plain, "traced": traced, "tasks": tasks.summary(trace)}


def measure_heap(market: ChangingMarket, page: Page, minutes: float) -> dict[str, Any]:
    """Read the heap now and then, each time after its garbage was collected."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    begun, before, made = time.perf_counter(), page.evaluate(UPDATE), market.made
    readings = []
    count = max(3, round(minutes * HEAP_READINGS_A_MINUTE))
    for number in range(count + 1):
        time.sleep(max(0.0, begun + number * minutes * 60 / count - time.perf_counter()))
        market.change(0)
        time.sleep(STILL_SECONDS)
        readings.append({"minute": (time.perf_counter() - begun) / 60, **heap_now(session)})
        market.change(CHANGES_PER_SECOND)
    after, passed = page.evaluate(UPDATE), time.perf_counter() - begun
    warm_up = min(HEAP_WARM_UP_MINUTES_MAX, minutes / 3)
    steady = [it for it in readings if it["minute"] >= warm_up]
    slope, _ = statistics.linear_regression(
        [it["minute"] for it in steady], [it["heap_bytes"] for it in steady]
    )
    first, last = steady[0], steady[-1]
    return {
        "minutes": minutes,
        "changes_per_second": (market.made - made) / passed,
        "updates_per_second": (after["updateId"] - before["updateId"]) / passed,
        "bytes_a_minute": slope,
        "growth_in_ten_minutes": 10 * slope / first["heap_bytes"],
        "first": first,
        "last": last,
        "readings": readings,
    }


def heap_now(session: CDPSession) -> dict[str, int]:
    """Return the size of what is still reached, and how much of the document there is."""
    for _ in range(2):  # what the first sets free may hold more
        session.send("HeapProfiler.collectGarbage")
    counters = session.send("Memory.getDOMCounters")
    return {
        "heap_bytes": round(session.send("Runtime.getHeapUsage")["usedSize"]),
        "nodes": counters["nodes"],
        "listeners": counters["jsEventListeners"],
    }


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Start an exchange and its market, and measure one figure after the other."""
    with ExchangeProcess(folder / "data", "--no-bots", "--no-limits") as exchange:
        encoding = check_built(exchange.port)
        with ChangingMarket(exchange) as market, sync_playwright() as playwright:
            market.change(CHANGES_PER_SECOND_LOADING)
            loads = measure_loads(playwright, exchange.port, options.loads)
            with launched(playwright) as browser:
                version = browser.version
                page = opened(new_window(browser), exchange.port)
                market.change(CHANGES_PER_SECOND)
                time.sleep(SETTLE_SECONDS)
                print(f"  tasks: {2 * options.seconds:.0f} s")
                found = measure_tasks(market, browser, page, options)
                page.close()
                print(f"  heap: {options.minutes} minutes")
                page = opened(new_window(browser), exchange.port)
                heap = measure_heap(market, page, options.minutes)
    return {
        "chromium": version,
        "encoding": encoding,
        "loads": loads,
        **found,
        "heap": heap,
    }


def check_built(port: int) -> str:
    """Return how the server packs the page; end with what to do when there is none."""
    connection = http.client.HTTPConnection("localhost", port, timeout=10)
    try:
        connection.request("GET", "/", headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
        response = connection.getresponse()
        response.read()
    finally:
        connection.close()
    if response.status != 200:
        sys.exit("the page is not built (make page, with Node 20.19 or newer)")
    return response.headers.get("Content-Encoding", "nothing")


def bars(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is asked for, what was seen, and whether that is enough."""
    live = [load["live_ms"] / 1000 for load in result["loads"]]
    median = statistics.median(live)
    script_kb = max(load["script_bytes"] for load in result["loads"]) / 1000
    found, heap = result["tasks"], result["heap"]
    longest_ms = max(found["longest_ms"], result["plain"]["longest_long_task_ms"] or 0.0)
    growth = heap["growth_in_ten_minutes"]
    megabytes = [heap[when]["heap_bytes"] / 1e6 for when in ("first", "last")]
    return [
        {
            "figure": "compressed script of the first load, KB",
            "bar": f"{SCRIPT_KB_MAX:.0f}",
            "measured": f"{script_kb:.1f}",
            "met": "yes" if script_kb < SCRIPT_KB_MAX else "no",
        },
        {
            "figure": "from navigation to a live book, s",
            "bar": f"{LIVE_SECONDS_MAX}",
            "measured": f"median {median:.2f}, best {min(live):.2f}, worst {max(live):.2f} "
            f"of {len(live)}",
            "met": "yes" if max(live) < LIVE_SECONDS_MAX else "no",
        },
        {
            "figure": f"most that a task computes at {CHANGES_PER_SECOND} changes a second, ms",
            "bar": f"{TASK_MS_MAX:.0f}",
            "measured": f"{found['longest_cpu_ms']:.1f}",
            "met": "yes" if found["longest_cpu_ms"] <= TASK_MS_MAX else "no",
        },
        {
            "figure": "longest task by the clock, ms",
            "bar": f"{TASK_MS_MAX:.0f}",
            "measured": f"{longest_ms:.1f}",
            "met": "yes" if longest_ms <= TASK_MS_MAX else "no",
        },
        {
            "figure": f"JS heap over {heap['minutes']:g} minutes, MB",
            "bar": "flat",
            "measured": f"first {megabytes[0]:.2f}, last {megabytes[1]:.2f}; "
            f"{heap['bytes_a_minute'] / 1000:+.1f} KB a minute",
            "met": "yes" if growth <= HEAP_GROWTH_MAX else "no",
        },
    ]


def pace_rows(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return how fast the book changed, and how much of that reached the page."""
    phases = {"tasks": "plain", "tasks, traced": "traced"}
    return [
        {
            "phase": phase,
            "seconds": round(result[name]["seconds"]),
            "changes/s": round(result[name]["changes_per_second"], 1),
            "in the page's book/s": round(result[name]["updates_per_second"], 1),
            "depth messages/s": round(result[name]["depth_messages_per_second"], 1),
            "all messages/s": round(result[name]["messages_per_second"], 1),
            "drawn/s": round(result[name]["draws_per_second"], 1),
            "tasks over 50 ms": result[name]["long_tasks"],
        }
        for phase, name in phases.items()
    ]


def notes(result: dict[str, Any]) -> list[str]:
    """Return what the tables leave out."""
    load, found, heap = result["loads"][0], result["tasks"], result["heap"]
    paints = [it["first_paint_ms"] for it in result["loads"] if it["first_paint_ms"] is not None]
    computing = statistics.median(it["main_thread_cpu_ms"] for it in result["loads"])
    return [
        (
            f"Chromium {result['chromium']}, headless, {WIDTH} x {HEIGHT}, a new browser for each "
            "load; the server, the market and the browser share the cores with whatever else the "
            "machine does; there is no network between."
        ),
        (
            f"The first load is {load['requests']} requests and {load['bytes'] / 1000:,.0f} KB; "
            f"its {load['scripts']} scripts, packed with {result['encoding']}, unpack to "
            f"{load['script_bytes_unpacked'] / 1000:,.0f} KB. Medians: first paint after "
            f"{statistics.median(paints):,.0f} ms; until all is still the main thread computes "
            f"{computing:,.0f} ms."
        ),
        (
            f"Main thread, traced for {found['seconds']:.0f} s: {found['tasks']:,} tasks, "
            f"{found['core_percent']:.1f} % of a core. 99 % of them take less than "
            f"{found['p99_ms']:.1f} ms by the clock and {found['p99_cpu_ms']:.1f} ms of the "
            "processor; the difference is waiting for a core. The heaviest: "
            f"{found['heaviest_made_of']}."
        ),
        (
            f"Heap at {heap['changes_per_second']:.0f} changes a second, read when nothing "
            "changes and its garbage is collected, without the first two minutes or third: "
            f"{heap['growth_in_ten_minutes']:+.1%} of it in ten minutes (flat: up to "
            f"{HEAP_GROWTH_MAX:.0%}); nodes {heap['first']['nodes']:,} to "
            f"{heap['last']['nodes']:,}, listeners {heap['first']['listeners']:,} to "
            f"{heap['last']['listeners']:,}."
        ),
    ]


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, print and keep the result."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        found = conditions.conditions(Path(folder))
        report.print_conditions(found)
        result = measure(options, Path(folder))
    tables: list[dict[str, Any]] = [
        {"title": "The page in Chromium", "rows": bars(result)},
        {"title": "What reached it", "rows": pace_rows(result)},
    ]
    told = notes(result)
    for table in tables:
        print("\n" + report.table(table["title"], table["rows"]))
    print("".join(f"\n  {note}" for note in told))
    print(f"  {report.publish('page', found, {**result, 'tables': tables, 'notes': told})}")
    return result


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--loads", type=int, default=10, help="how often it is opened anew")
    parser.add_argument("--seconds", type=float, default=30.0, help="of tasks, with and without")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long the heap is watched")
    parser.add_argument("--trace", type=Path, help="where to keep the trace, for DevTools")
    parser.add_argument("--folder", type=Path, default=None, help="where the data folder is made")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="The page, measured in Chromium.")
    arguments(parser)
    run(parser.parse_args())


if __name__ == "__main__":
    main()
