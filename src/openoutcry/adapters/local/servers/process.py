"""A server's process: under which user it runs, how it ends with its parent, how it is crashed."""

import contextlib
import os
import secrets
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

NOBODY = 65534
"""Who a server runs as when we are root."""
POLL_SECONDS = 0.01
_PORTS = range(20_000, 32_768)
_ELSEWHERE = Path("/var/tmp")  # noqa: S108 - kept over a restart, unlike /tmp
_WHEN_ORPHANED = 'read -r _; kill -"$1" "$0" 2>/dev/null'
"""Waits for the end of a pipe whose other end only the parent holds, however the parent ends."""


class ServerError(Exception):
    """A server cannot be started or does not do what it should; the message says what to do."""


class Credentials(TypedDict, total=False):
    """What `subprocess` wants to know to change the user."""

    user: int
    group: int
    extra_groups: Sequence[int]


def credentials() -> Credentials:
    """Return whom servers run as: root's run as nobody, everybody else's as themselves."""
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def hand_over(path: Path) -> None:
    """Give a file or folder to the user that servers run as."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def take_folder(path: Path) -> None:
    """Make a folder that only the servers' user enters, or take one that is ours; ServerError."""
    blocking = blocked_at(path.parent)
    if blocking is not None:
        raise ServerError(
            f"{path} cannot be used: started as root, the server runs as uid {NOBODY}, and "
            f"{blocking} lets only its owner in. Run `chmod o+x {blocking}`, name a folder "
            "elsewhere, or start as another user than root"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    status = path.lstat()
    ours = {os.geteuid(), NOBODY} if os.geteuid() == 0 else {os.geteuid()}
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in ours:
        raise ServerError(f"{path} is there already and is not a folder of ours: remove it")
    hand_over(path)


def blocked_at(path: Path) -> Path | None:
    """Return the first folder on the way that the servers' user may not enter."""
    if os.geteuid() != 0:
        return None
    resolved = path.resolve()
    for folder in [*reversed(resolved.parents), resolved]:
        try:
            status = folder.stat()
        except FileNotFoundError:
            return None
        needed = stat.S_IXUSR if status.st_uid == NOBODY else stat.S_IXOTH
        if not status.st_mode & needed:
            return folder
    return None


def store_folder(wanted: Path) -> Path:
    """Return `wanted`, or a new name elsewhere when the servers' user cannot come there."""
    if blocked_at(wanted.parent) is None:
        return wanted
    return _ELSEWHERE / f"outcry-{secrets.token_hex(6)}-{wanted.name}"


def free_port() -> int:
    """Return a loopback port that nobody listens on now.

    It is none of those that the system gives to outgoing connections (Linux: from 32,768 on): one
    of these could be somebody's before a server that takes its time has come to listen.
    """
    while True:
        port = _PORTS.start + secrets.randbelow(len(_PORTS))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(done: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll for a condition; raises ServerError with what it waited for."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise ServerError(f"{what}: not within {seconds:g} s")
        time.sleep(POLL_SECONDS)


class ServerProcess:
    """A running server. It gets `orphan_signal` when this process ends, also by `kill -9`."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path,
        log: Path,
        orphan_signal: signal.Signals,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it in a session of its own, so that a terminal's Ctrl-C does not reach it."""
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - a program of an installed package
                [str(part) for part in command],
                cwd=folder,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **credentials(),
            )
        self._watcher = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", _WHEN_ORPHANED, str(self.pid), str(int(orphan_signal))],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **credentials(),
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def stop(self, how: signal.Signals, seconds: float) -> None:
        """Ask it to end by a signal and wait; kill it, and raise ServerError, when it does not."""
        if self.is_running:
            self._process.send_signal(how)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerError(
                f"process {self.pid} did not end within {seconds:g} s of {how.name} and was killed"
            ) from None
        self._release()

    def kill(self, seconds: float = 10.0) -> None:
        """Kill it and its children as a power cut would, and wait until none is left."""
        family = [self.pid, *children(self.pid)]
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._release()
        wait_until(lambda: not any(map(is_alive, family)), seconds, "the end of killed processes")

    def send(self, what: signal.Signals) -> None:
        """Send a signal to it and its children: SIGSTOP and SIGCONT play a hanging machine."""
        for pid in (self.pid, *children(self.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, what)

    def _release(self) -> None:
        self._watcher.kill()
        self._watcher.wait()
        assert self._watcher.stdin is not None
        self._watcher.stdin.close()


def _status(pid: int) -> tuple[str, int] | None:
    """Return a process's state and parent."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    state, parent = text.rpartition(")")[2].split()[:2]
    return state, int(parent)


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and that have not ended."""
    numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [number for number in numbers if (_status(number) or ("", 0))[1] == pid]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be buried does not."""
    status = _status(pid)
    return status is not None and status[0] not in "ZX"
