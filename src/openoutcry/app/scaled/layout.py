"""Where `outcry up` keeps everything in its folder, and which partitions there are."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from openoutcry.adapters.tcp.frames import ProcessRole
from openoutcry.adapters.tcp.tls import TlsFiles
from openoutcry.app.engine import JOURNAL_NAME, PARTITIONS_NAME
from openoutcry.app.scaled.settings import variable_of
from openoutcry.core.limits import ACCOUNT_SHARDS
from openoutcry.simulation import demo

FIRST_MARKETS_PARTITION = 101
DATABASE = "openoutcry"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpSettings:
    """One scaled exchange on this machine."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    engines: int = 2
    gateways: int = 2
    demo: bool = False
    bots: bool = True
    limits: bool = True
    demo_seed: int = 1
    lease_seconds: float = 3.0


@dataclass(frozen=True, slots=True)
class Folder:
    """The paths below the data folder."""

    path: Path

    @property
    def partitions(self) -> Path:
        """Which partitions the exchange was set up with."""
        return self.path / PARTITIONS_NAME

    @property
    def tls(self) -> Path:
        """Certificates of the calls between processes."""
        return self.path / "tls"

    @property
    def logs(self) -> Path:
        """What each process prints."""
        return self.path / "logs"

    @property
    def postgres(self) -> Path:
        """The database's store, where its user can come to it."""
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        """The nodes of the Valkey cluster."""
        return self.path / "valkey"

    @property
    def moving_in(self) -> Path:
        """There while an embedded exchange is being taken over into this folder."""
        return self.path / "moving-in"

    @property
    def embedded_journal(self) -> Path:
        """Is there when an embedded exchange lives here, which is none of ours."""
        return self.path / JOURNAL_NAME

    @property
    def store_note(self) -> Path:
        """Says where the database's store is when it is not here."""
        return self.path / "postgres-is-at"


@dataclass(frozen=True, slots=True)
class PartitionPlan:
    """One partition of a new exchange."""

    number: int
    role: str
    shards: tuple[int, ...]
    markets: tuple[int, ...]

    def as_json(self) -> dict[str, object]:
        """Return what `of_json` takes."""
        return {
            "number": self.number,
            "role": self.role,
            "shards": list(self.shards),
            "markets": list(self.markets),
        }

    @classmethod
    def of_json(cls, entry: dict[str, Any]) -> Self:
        """Return what `as_json` gave."""
        return cls(entry["number"], entry["role"], tuple(entry["shards"]), tuple(entry["markets"]))


def engine_name(number: int) -> str:
    """Return the name of an engine, numbered from 1."""
    return f"engine-{number}"


def plan_partitions(engines: int, markets: Iterable[int] = ()) -> list[PartitionPlan]:
    """Spread accounts over as many partitions as engines, and give each market its own.

    Without markets those of the demo are planned for, whether it is opened or not.
    """
    known = sorted(markets) or [command.market for command in demo.create_markets()]
    accounts = [
        PartitionPlan(number + 1, "ACCOUNTS", tuple(range(number, ACCOUNT_SHARDS, engines)), ())
        for number in range(engines)
    ]
    return accounts + [
        PartitionPlan(FIRST_MARKETS_PARTITION + at, "MARKETS", (), (market,))
        for at, market in enumerate(known)
    ]


def plan_more(plans: list[PartitionPlan], engines: int) -> list[PartitionPlan]:
    """Return empty account partitions for engines beyond those of before: to move shards to."""
    numbers = {plan.number for plan in plans}
    accounts = sum(plan.role == "ACCOUNTS" for plan in plans)
    free = (number for number in range(1, 1 << 16) if number not in numbers)
    return [
        PartitionPlan(next(free), "ACCOUNTS", (), ()) for _ in range(max(engines - accounts, 0))
    ]


def settings_text(
    settings: UpSettings,
    partitions: list[PartitionPlan],
    *,
    dsn: str,
    redis: list[tuple[str, int]],
    redis_password: str,
    tls: dict[ProcessRole, TlsFiles],
    role: ProcessRole,
    secrets_key: str,
) -> str:
    """Return the settings file of the processes of one role."""
    files = tls[role]
    lines = [
        "# Written by `outcry up` at each start; what is changed here is lost.",
        f"journal_dsn = {_quoted(dsn)}",
        f"redis_nodes = [{', '.join(_quoted(f'{host}:{port}') for host, port in redis)}]",
        f"redis_password = {_quoted(redis_password)}",
        f"calls_certificate = {_quoted(files.certificate.resolve())}",
        f"calls_key = {_quoted(files.key.resolve())}",
        f"calls_authority = {_quoted(files.authority.resolve())}",
        f"lease_seconds = {settings.lease_seconds}",
        f"host = {_quoted(settings.host)}",
        f"port = {settings.port}",
        f"limits = {'true' if settings.limits else 'false'}",
    ]
    if role in {ProcessRole.GATEWAY, ProcessRole.CONTROL}:
        lines.append(f"secrets_key = {_quoted(secrets_key)}")
    for at, plan in enumerate(partitions):
        lines += [
            "",
            "[[partitions]]",
            f"number = {plan.number}",
            f'role = "{plan.role}"',
            f'preferred = "{engine_name(at % settings.engines + 1)}"',
        ]
        if plan.shards:
            lines.append(f"shards = {list(plan.shards)}")
        if plan.markets:
            lines.append(f"markets = {list(plan.markets)}")
    return "\n".join(lines) + "\n"


CONTROL_SETTINGS_NAME = "control.toml"
"""In the folder of `outcry up`: the settings of whoever administers it."""
WRITTEN = frozenset(
    variable_of(name)
    for name in (
        *("name", "journal_dsn", "query_dsn", "report_dsn", "redis_nodes", "redis_username"),
        *("redis_password", "redis_tls", "redis_authority", "redis_certificate", "redis_key"),
        *("calls_listen", "calls_address", "calls_certificate", "calls_key", "calls_authority"),
        *("lease_seconds", "host", "port", "limits", "partitions", "secrets_key"),
    )
)
"""Variables that would change what `outcry up` decides itself: its children do not see them."""


def _quoted(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def write_private(path: Path, text: str) -> None:
    """Replace a file whole, readable by its owner alone."""
    part = path.with_name(f".{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
