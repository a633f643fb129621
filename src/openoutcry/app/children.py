"""Processes that belong to this one: started, watched, started again, stopped in order.

A child runs in a session of its own, so that Ctrl-C reaches its parent alone, and dies with its
parent by `die_with_parent`, which each of our programs calls first of all.
"""

import asyncio
import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

log = logging.getLogger(__name__)

PARENT_VARIABLE = "OUTCRY_PARENT"
"""Tells a child the process that it must not outlive."""
RESTART_SECONDS_MIN = 0.1
RESTART_SECONDS_MAX = 5.0
STEADY_SECONDS = 10.0
"""A child that ran this long is started again at once when it ends."""
_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the system end this process when its parent ends, however that happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


class ChildState(Enum):
    """What a child does just now."""

    RUNNING = "running"
    WAITING = "waiting to start again"
    STOPPED = "stopped"


class ChildError(Exception):
    """A child says that starting it again would not help; the message has the end of its log."""


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """One child: how it is called, and where what it prints goes."""

    name: str
    command: Sequence[str]
    log_path: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    """Variables of ours that it is not given."""
    hopeless: frozenset[int] = frozenset({2})
    """Exit codes that mean: do not start it again."""
    attempts_max: int = 6
    """A child that ends so often at once, before it ever ran steadily, will not run at all."""


class Child:
    """One process at a time for a plan."""

    def __init__(
        self,
        plan: ChildPlan,
        on_hopeless: Callable[[ChildError], None],
        on_end: Callable[[str], None] | None = None,
    ) -> None:
        """`on_end` is told the plan's name whenever a process has ended by itself."""
        self.plan = plan
        self.state = ChildState.STOPPED
        self.restarts = 0
        self.started_at = 0.0
        self.log_size_at_start = 0
        """Where in the log the process of now begins."""
        self._on_hopeless = on_hopeless
        self._on_end = on_end
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int:
        """The process id, or 0 while there is none."""
        return 0 if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start the process and keep it running from now on."""
        assert self._watch is None, f"{self.plan.name} is started once"
        self._stopping = False
        await self._spawn()
        self._watch = asyncio.create_task(self._keep_running(), name=f"child {self.plan.name}")

    async def _spawn(self) -> None:
        plan = self.plan
        ours = {name: text for name, text in os.environ.items() if name not in plan.without}
        environment = {**ours, **plan.environment, PARENT_VARIABLE: str(os.getpid())}
        with plan.log_path.open("ab") as out:
            self.log_size_at_start = out.tell()
            self._process = await asyncio.create_subprocess_exec(
                *plan.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environment,
                start_new_session=True,
            )
        self.started_at = time.monotonic()
        self.state = ChildState.RUNNING

    async def _keep_running(self) -> None:
        pause = RESTART_SECONDS_MIN
        attempts = 1
        while self._process is not None:
            code = await self._process.wait()
            self._process = None
            if self._stopping:
                break
            log.error("%s ended with %d: %s", self.plan.name, code, self.plan.log_path)
            if self._on_end is not None:
                self._on_end(self.plan.name)
            is_steady = time.monotonic() - self.started_at > STEADY_SECONDS
            attempts = 0 if is_steady or not attempts else attempts + 1
            if code in self.plan.hopeless or attempts > self.plan.attempts_max:
                self.state = ChildState.STOPPED
                self._on_hopeless(
                    ChildError(f"{self.plan.name} cannot run:\n{last_lines(self.plan.log_path)}")
                )
                return
            if is_steady:
                pause = RESTART_SECONDS_MIN
            self.state = ChildState.WAITING
            await asyncio.sleep(pause)
            pause = min(2 * pause, RESTART_SECONDS_MAX)
            self.restarts += 1
            await self._spawn()
        self.state = ChildState.STOPPED

    async def stop(self, seconds: float) -> None:
        """Ask the process to end, wait, and end it when it takes too long."""
        self._stopping = True
        watch, self._watch = self._watch, None
        if watch is None:
            return
        if self._process is None:  # between two processes
            watch.cancel()
            self.state = ChildState.STOPPED
            return
        self._signal(signal.SIGTERM)
        done, _ = await asyncio.wait({watch}, timeout=seconds)
        if not done:
            log.warning("%s did not end within %.1f s: killed", self.plan.name, seconds)
            self._signal(signal.SIGKILL)
            await watch

    async def replace(self, seconds: float) -> None:
        """Stop the process and start another one: what a rolling restart does to each."""
        await self.stop(seconds)
        await self.start()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)


def last_lines(path: Path, lines: int = 12) -> str:
    """Return the end of a log."""
    with suppress(OSError):
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    return "(no log)"
