"""Children of a process: kept running, stopped in time, gone with their parent."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from openoutcry.app.children import Child, ChildError, ChildPlan, ChildState

SLEEPS = "import time; print('up', flush=True); time.sleep(600)"
DEAF = "import signal; signal.signal(15, signal.SIG_IGN); " + SLEEPS


def plan(tmp_path: Path, program: str) -> ChildPlan:
    return ChildPlan("sleeper", [sys.executable, "-c", program], tmp_path / "log")


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        await asyncio.sleep(0.02)


async def is_up(child: Child) -> None:
    await until(lambda: "up" in child.plan.log_path.read_text())


def never(error: ChildError) -> None:
    pytest.fail(str(error))


async def test_it_is_started_again_when_it_is_killed(tmp_path: Path) -> None:
    child = Child(plan(tmp_path, SLEEPS), never)
    await child.start()
    first = child.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: child.restarts == 1 and child.state is ChildState.RUNNING)
    assert child.pid != first
    await child.stop(5.0)
    assert child.state is ChildState.STOPPED
    assert child.pid == 0


async def test_one_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    child = Child(plan(tmp_path, DEAF), never)
    await child.start()
    await is_up(child)
    await child.stop(0.1)
    assert child.pid == 0
    assert child.restarts == 0


async def test_a_stop_between_two_processes_starts_none(tmp_path: Path) -> None:
    child = Child(plan(tmp_path, "raise SystemExit(1)"), never)
    await child.start()
    await until(lambda: child.state is ChildState.WAITING)
    await child.stop(5.0)
    assert (child.state, child.pid) == (ChildState.STOPPED, 0)


async def test_wrong_usage_is_not_tried_again(tmp_path: Path) -> None:
    said: list[ChildError] = []
    child = Child(plan(tmp_path, "print('no such setting'); raise SystemExit(2)"), said.append)
    await child.start()
    await until(lambda: said)
    assert "no such setting" in str(said[0])
    assert child.restarts == 0
    await child.stop(1.0)


async def test_replacing_it_is_no_failure(tmp_path: Path) -> None:
    child = Child(plan(tmp_path, SLEEPS), never)
    await child.start()
    first = child.pid
    await child.replace(5.0)
    assert child.pid not in {0, first}
    assert child.restarts == 0
    await child.stop(5.0)


PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", '''
import os, time
from openoutcry.app.children import PARENT_VARIABLE, die_with_parent
die_with_parent(int(os.environ[PARENT_VARIABLE]))
print("up", flush=True)
time.sleep(600)
'''], env={**os.environ, "OUTCRY_PARENT": str(os.getpid())})
print(child.pid, flush=True)
time.sleep(600)
"""


def test_it_dies_with_its_parent_even_on_sigkill() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert parent.stdout.readline() == "up\n"
        parent.kill()
        child.wait(10)
