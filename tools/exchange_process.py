"""Runs `outcry serve` or `outcry up` as a child, as an operator would, for tests and benchmarks."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from openoutcry.adapters.local.servers.process import free_port

STOP_SECONDS_MAX = 30.0
"""What both commands promise: a clean stop within this time of SIGTERM."""


class ExchangeFailedError(Exception):
    """The server did not start, or did not stop as promised; the message carries its log."""


@dataclass(frozen=True)
class DemoKey:
    """One entry of `demo-keys.json`."""

    name: str
    api_key: str
    secret: str
    key_type: str
    balances: dict[str, str]


def outcry_command() -> list[str]:
    """Return how to call `outcry` with the interpreter that runs now."""
    script = Path(sys.executable).with_name("outcry")
    if script.exists():
        return [str(script)]
    return [sys.executable, "-c", "import sys; from openoutcry.cli import main; sys.exit(main())"]


class ExchangeProcess:
    """A server on a data folder: started, killed and started again on the same folder."""

    verb = "serve"

    def __init__(self, data: Path, *flags: str, port: int | None = None) -> None:
        """Describe a server on `data`; `flags` go to `outcry serve` after `--demo`."""
        self.data = data
        self.flags = flags
        self.port = port or free_port()
        self.log_path = data.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        """Where the HTTP interface is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        """Where the WebSocket interfaces are."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None
        return self._process.pid

    def program(self) -> list[str]:
        """Return how the server is called, but for its flags."""
        return [*outcry_command(), self.verb]

    def start(self, *, cores: set[int] | None = None, ready_seconds_max: float = 60.0) -> Self:
        """Start the server and wait until it answers."""
        assert self._process is None, "already running"
        # A past takes seconds, and tests count what is there: who wants one says so.
        usual = {"PYTHONUNBUFFERED": "1", "OUTCRY_DEMO_PAST_HOURS": "0"}
        environment = {**os.environ, **usual, **self.environment()}
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        if cores is not None:
            os.sched_setaffinity(self._process.pid, cores)
        deadline = time.monotonic() + ready_seconds_max
        while not self.answers():
            if self._process.poll() is not None:
                code, self._process = self._process.returncode, None
                raise ExchangeFailedError(f"the server exited with {code}\n{self.log()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ExchangeFailedError(f"not ready in {ready_seconds_max} s\n{self.log()}")
            time.sleep(0.05)
        return self

    def command(self) -> list[str]:
        """Return how it is called."""
        where = ["--data", str(self.data), "--port", str(self.port)]
        return [*self.program(), *where, "--demo", *self.flags]

    def environment(self) -> dict[str, str]:
        """Return the variables that it is given."""
        return {}

    def answers(self) -> bool:
        """Whether a ping is answered."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return bool(self.get("/api/v3/ping") == {})
        return False

    def get(self, path: str) -> Any:
        """Fetch a public path and decode its JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def demo_keys(self) -> list[DemoKey]:
        """Read the keys that the demo wrote."""
        entries = json.loads((self.data / "demo-keys.json").read_text())
        return [
            DemoKey(
                name=entry["name"],
                api_key=entry["api_key"],
                secret=entry["secret"],
                key_type=entry["key_type"],
                balances=entry["balances"],
            )
            for entry in entries
        ]

    def keys_of(self, key_type: str) -> list[DemoKey]:
        """Read the demo's keys of one type: HMAC, RSA or ED25519."""
        return [key for key in self.demo_keys() if key.key_type == key_type]

    def stop(self) -> float:
        """Stop by SIGTERM; return the seconds it took, raise if it broke its promise."""
        assert self._process is not None, "not running"
        process, self._process = self._process, None
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ExchangeFailedError(
                f"still running {STOP_SECONDS_MAX} s after SIGTERM\n{self.log()}"
            ) from None
        if code != 0:
            raise ExchangeFailedError(f"exit code {code} after SIGTERM\n{self.log()}")
        return time.monotonic() - begun

    def discard(self) -> None:
        """Remove what it keeps outside its folder: nothing."""

    @property
    def is_running(self) -> bool:
        """Whether it was started and not ended from here."""
        return self._process is not None

    def wait(self, seconds_max: float) -> int:
        """Wait until it ends by itself; return its exit code."""
        assert self._process is not None, "not running"
        code = self._process.wait(seconds_max)
        self._process = None
        return code

    def kill(self) -> None:
        """End it by SIGKILL: nothing is flushed, nobody is told."""
        assert self._process is not None, "not running"
        process, self._process = self._process, None
        process.kill()
        process.wait()

    def log(self, lines: int = 60) -> str:
        """Return the end of what the server printed."""
        if not self.log_path.exists():
            return "(no log)"
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, unless a test has ended it already."""
        if self._process is not None:
            self.stop()


class ScaledProcess(ExchangeProcess):
    """`outcry up`: several engines and gateways, on a database and a cluster of its own."""

    verb = "up"

    def __init__(
        self,
        data: Path,
        *flags: str,
        engines: int = 3,
        gateways: int = 2,
        port: int | None = None,
    ) -> None:
        """Describe a scaled exchange on `data`."""
        counts = ("--engines", str(engines), "--gateways", str(gateways))
        super().__init__(data, *counts, *flags, port=port)

    def discard(self) -> None:
        """Remove what it keeps outside its folder: root's database, where the folder is closed."""
        note = self.data / "postgres-is-at"
        if note.exists():
            shutil.rmtree(note.read_text().strip(), ignore_errors=True)

    def log(self, lines: int = 60) -> str:
        """Return the end of what each process printed."""
        parts = [super().log(lines)]
        for path in sorted((self.data / "logs").glob("*.log")):
            end = path.read_text(errors="replace").splitlines()[-lines // 3 :]
            parts.append(f"-- {path.name}\n" + "\n".join(end))
        return "\n".join(parts)


class GatewayProcess(ExchangeProcess):
    """One more gateway of a running `outcry up`, on a port of its own."""

    verb = "gateway"

    def __init__(self, exchange: ScaledProcess, name: str, *, port: int | None = None) -> None:
        """Describe a gateway beside those of `exchange`."""
        super().__init__(exchange.data, port=port)
        self.name = name
        self.log_path = exchange.data / "logs" / f"{name}.log"

    def command(self) -> list[str]:
        """Return how it is called."""
        settings = ["--settings", str(self.data / "gateway.toml"), "--name", self.name]
        return [*outcry_command(), self.verb, *settings]

    def environment(self) -> dict[str, str]:
        """Return the variables that it is given."""
        return {"OUTCRY_PORT": str(self.port)}
