"""What a trace of Chromium says about the tasks of a page's main thread."""

import json
from collections import Counter
from typing import Any

import numpy as np

CATEGORIES = (
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
    "v8",
    "__metadata",
)
TASK = "RunTask"
MAIN_THREAD = "CrRendererMain"
PARTS_SHOWN = 4

Event = dict[str, Any]


def summary(trace: bytes) -> dict[str, Any]:
    """Return how long the tasks of the busiest page took, by the clock and by the processor."""
    events: list[Event] = json.loads(trace)["traceEvents"]
    mine = _main_thread(events)
    tasks = [it for it in mine if it["name"] == TASK and it.get("ph") == "X"]
    assert tasks, "a trace has tasks"
    durations = np.array([it["dur"] for it in tasks]) / 1000
    computing = np.array([it["tdur"] for it in tasks]) / 1000
    heaviest = tasks[int(computing.argmax())]
    seconds = (max(_end(it) for it in tasks) - min(it["ts"] for it in tasks)) / 1e6
    return {
        "seconds": seconds,
        "tasks": len(tasks),
        "core_percent": float(computing.sum()) / seconds / 10,
        "p99_ms": float(np.percentile(durations, 99)),
        "p99_cpu_ms": float(np.percentile(computing, 99)),
        "longest_ms": float(durations.max()),
        "longest_cpu_ms": float(computing.max()),
        "heaviest_made_of": _made_of(mine, heaviest),
    }


def _main_thread(events: list[Event]) -> list[Event]:
    """Keep the events of the renderer that was busiest: a browser keeps a spare one."""
    named = {
        (it["pid"], it["tid"])
        for it in events
        if it["name"] == "thread_name" and it["args"]["name"] == MAIN_THREAD
    }
    busy: Counter[tuple[int, int]] = Counter()
    for it in events:
        if it["name"] == TASK and (it["pid"], it["tid"]) in named:
            busy[it["pid"], it["tid"]] += it.get("dur", 0)
    assert busy, "a trace has a page"
    chosen = busy.most_common(1)[0][0]
    return [it for it in events if (it["pid"], it["tid"]) == chosen]


def _end(event: Event) -> int:
    end: int = event["ts"] + event.get("dur", 0)
    return end


def _made_of(events: list[Event], task: Event) -> str:
    """Name what computed most in a task; each has its time without that of what it called."""
    inside = sorted(
        (
            it
            for it in events
            if it.get("ph") == "X" and task["ts"] <= it["ts"] and _end(it) <= _end(task)
        ),
        key=lambda it: (it["ts"], -it["dur"]),
    )
    alone: Counter[str] = Counter()
    callers: list[Event] = []
    for event in inside:
        while callers and _end(callers[-1]) < _end(event):
            callers.pop()
        if callers:
            alone[callers[-1]["name"]] -= event.get("tdur", 0)
        alone[event["name"]] += event.get("tdur", 0)
        callers.append(event)
    parts = [(name, us) for name, us in alone.most_common(PARTS_SHOWN) if us >= 100]
    return ", ".join(f"{name} {us / 1000:.1f} ms" for name, us in parts)
