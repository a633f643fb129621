"""The settings of the scaled size: one TOML file for all processes, and OUTCRY_* over it.

What is wrong is said all at once where that helps, each time with the name of the setting and what
to write instead. Like `app.settings`, this reads the environment and nothing else does.
"""

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, Self, cast

from openoutcry.app.settings import (
    ENVIRONMENT_PREFIX,
    SettingsError,
    check_proxies,
    check_secrets_key,
)
from openoutcry.core.limits import ACCOUNT_SHARDS, MARKETS_MAX
from openoutcry.identity.sealing import API_KEYS, AesGcmSealer, read_master_key

ROLES = ("JOINED", "ACCOUNTS", "MARKETS")
PARTITION_NUMBER_MAX = (1 << 16) - 1
_PORT_MAX = 65_535
_PARTITION_KEYS = ("number", "role", "shards", "markets", "preferred")
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


class Address(NamedTuple):
    """Where something listens."""

    host: str
    port: int

    @property
    def text(self) -> str:
        """How it is written."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


ANY_LOOPBACK = Address("127.0.0.1", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionSettings:
    """One partition: what it hosts when the exchange is first set up, and who should own it."""

    number: int
    role: str = "JOINED"
    """`JOINED`, `ACCOUNTS` or `MARKETS`; fixed for good by the partition's first command."""
    shards: frozenset[int] = frozenset()
    """Account shards, 0 to 1023."""
    markets: frozenset[int] = frozenset()
    """Ids of markets, whether they are there yet or not."""
    preferred: str = ""
    """The engine that is given it when that one is up; empty for any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledSettings:
    """What the processes of one exchange share, and what is each one's own."""

    name: str = ""
    """This process's name among its kind; must differ from every other engine's."""
    journal_dsn: str = field(default="", repr=False)
    """The PostgreSQL database of journals, owners and the route."""
    query_dsn: str = field(default="", repr=False)
    """That of the projections; empty: the same as `journal_dsn`."""
    report_dsn: str = field(default="", repr=False)
    """A read replica for reports; empty: the same as `query_dsn`."""
    secrets_key: str = field(default="", repr=False)
    """Seals secrets of API keys: 64 hexadecimal digits, the same for all processes."""
    redis_nodes: tuple[Address, ...] = ()
    """Some nodes of the Valkey or Redis cluster; the others are found."""
    redis_username: str = ""
    redis_password: str = field(default="", repr=False)
    redis_tls: bool = False
    redis_authority: Path | None = None
    redis_certificate: Path | None = None
    redis_key: Path | None = None
    calls_listen: Address = ANY_LOOPBACK
    """Where an engine takes calls; port 0: any free one."""
    calls_address: str = ""
    """`host:port` that others reach it by; empty: where it listens."""
    calls_certificate: Path | None = None
    calls_key: Path | None = None
    calls_authority: Path | None = None
    """Certificates of calls, all three or none; none is for loopback only."""
    lease_seconds: float = 5.0
    """How long an owner that is not heard of keeps its partitions."""
    commands_max: int = 4096
    """Commands that a gateway has under way; new orders are refused an eighth before."""
    credits: int = 2048
    """Requests that an engine takes from one connection at once."""
    host: str = "127.0.0.1"
    """Where a gateway serves clients."""
    port: int = 8080
    trusted_proxies: str = ""
    """Networks of our own proxies in front of gateways: their X-Forwarded-For is believed."""
    limits: bool = True
    """Whether rate limits apply."""
    snapshot_seconds: float = 60.0
    snapshot_commands: int = 1_000_000
    snapshots_kept: int = 3
    partitions: tuple[PartitionSettings, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        for name in ("lease_seconds", "snapshot_seconds"):
            _require(getattr(self, name) > 0, f"{name} is above zero, not {getattr(self, name)}")
        for name in ("commands_max", "credits", "snapshot_commands", "snapshots_kept"):
            _require(getattr(self, name) > 0, f"{name} is above zero, not {getattr(self, name)}")
        _require(0 <= self.port <= _PORT_MAX, f"port is 0 to {_PORT_MAX}, not {self.port}")
        for name in ("journal_dsn", "query_dsn", "report_dsn"):
            dsn = getattr(self, name)
            _require(
                not dsn or dsn.startswith(("postgresql://", "postgres://")) or "=" in dsn,
                f"{name} is no address of a PostgreSQL database: "
                "write postgresql://user:password@host:5432/database",
            )
        if self.secrets_key:
            check_secrets_key(self.secrets_key)
        check_proxies(self.trusted_proxies)
        self._check_files("calls", ("certificate", "key", "authority"))
        self._check_files("redis", ("certificate", "key"))
        if self.calls_address:
            _address(self.calls_address, "calls_address")
        if self.calls_certificate is None:
            _require(
                _is_loopback(self.calls_listen.host),
                f"calls_listen is {self.calls_listen.text}, which other machines reach: set "
                "calls_certificate, calls_key and calls_authority, or listen on 127.0.0.1",
            )
        _check_partitions(self.partitions)

    def _check_files(self, prefix: str, kinds: Sequence[str]) -> None:
        """Refuse some of a set of files without the others, and files that are not there."""
        names = [f"{prefix}_{kind}" for kind in kinds]
        lacking = [name for name in names if getattr(self, name) is None]
        _require(
            not lacking or len(lacking) == len(names),
            f"{' and '.join(lacking)} must be set too: {', '.join(names)} go together",
        )
        for name in (*names, "redis_authority"):
            path = cast("Path | None", getattr(self, name))
            _require(
                path is None or path.is_file(),
                f"{name} is {path}, and there is no such file",
            )

    @property
    def address(self) -> str:
        """Where others reach this engine's calls, as far as settings tell."""
        return self.calls_address or self.calls_listen.text

    @classmethod
    def load(cls, path: Path | None, environment: Mapping[str, str] | None = None) -> Self:
        """Read a file and the environment over it; raises SettingsError."""
        given = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        folder = Path()
        if path is not None:
            folder = path.parent
            values = _read_file(path)
        known = {one.name: one for one in fields(cls)}
        found: dict[str, Any] = {}
        for name, value in values.items():
            if name not in known:
                close = get_close_matches(name, known, 1)
                hint = f": did you mean {close[0]}?" if close else ""
                raise SettingsError(f"{path}: there is no setting {name!r}{hint}")
            found[name] = _READERS[_kind(known[name].type)](value, name)
        for name, one in known.items():
            variable = variable_of(name)
            if variable in given and name != "partitions":
                text = _from_text(_kind(one.type), given[variable], variable)
                found[name] = _READERS[_kind(one.type)](text, variable)
        for name, value in found.items():
            if isinstance(value, Path) and name in values and variable_of(name) not in given:
                found[name] = folder / value  # paths in a file are from where the file is
        return cls(**found)

    def require(self, *names: str) -> None:
        """Refuse to start a process without what it needs; raises SettingsError."""
        lacking = [name for name in names if not getattr(self, name)]
        if lacking:
            variables = ", ".join(map(variable_of, lacking))
            raise SettingsError(
                f"{' and '.join(lacking)} must be set: in the settings file, or by {variables}"
            )

    def api_key_sealer(self) -> AesGcmSealer:
        """Return what seals the secrets of API keys; `secrets_key` is required before."""
        return AesGcmSealer(read_master_key(self.secrets_key), API_KEYS)

    def with_query_dsns(self) -> tuple[str, str, str]:
        """Return the journal's, the queries' and the reports' database."""
        query = self.query_dsn or self.journal_dsn
        return self.journal_dsn, query, self.report_dsn or query


def loaded(path: Path | None, name: str) -> ScaledSettings:
    """Read the settings of a process; a name that was given goes before all others."""
    settings = ScaledSettings.load(path)
    return replace(settings, name=name) if name else settings


def variable_of(name: str) -> str:
    """Return the environment's variable of a setting."""
    return ENVIRONMENT_PREFIX + name.upper()


def _require(condition: bool, text: str) -> None:  # noqa: FBT001 - as an assertion has it
    if not condition:
        raise SettingsError(text)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}: name a settings file") from error
    except ValueError as error:  # of TOML, or of UTF-8
        raise SettingsError(f"{path} is no TOML: {error}") from error


# -- values --------------------------------------------------------------------------------------


def _kind(annotation: object) -> str:
    return (
        annotation.__name__ if annotation in {str, int, float, bool, Address} else str(annotation)
    )


def _typed(kind: type, words: str) -> Callable[[object, str], Any]:
    def read(value: object, name: str) -> Any:
        if isinstance(value, kind) and isinstance(value, bool) == (kind is bool):
            return value
        raise SettingsError(f"{name} is {words}, not {value!r}")

    return read


_text = _typed(str, "text")
_integer = _typed(int, "a whole number")
_boolean = _typed(bool, "true or false")


def _float(value: object, name: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise SettingsError(f"{name} is a number, not {value!r}")


def _path(value: object, name: str) -> Path | None:
    text = _text(value, name)
    return Path(text) if text else None


def _address(value: object, name: str) -> Address:
    text = _text(value, name)
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdigit() and int(port) <= _PORT_MAX):
        raise SettingsError(f"{name} is HOST:PORT, not {text!r}")
    return Address(host.strip("[]"), int(port))


def _addresses(value: object, name: str) -> tuple[Address, ...]:
    if not isinstance(value, list):
        raise SettingsError(f'{name} is a list such as ["127.0.0.1:7000"], not {value!r}')
    return tuple(_address(one, name) for one in value)


def _partitions(value: object, name: str) -> tuple[PartitionSettings, ...]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise SettingsError(f"{name} are tables: write each under its own [[{name}]]")
    return tuple(_partition(one) for one in value)


def _partition(values: Mapping[str, object]) -> PartitionSettings:
    if "number" not in values:
        raise SettingsError("a partition has no number: write number = 0 under [[partitions]]")
    number = _integer(values["number"], "number of a partition")
    where = f"partition {number}"
    for name in values:
        if name not in _PARTITION_KEYS:
            raise SettingsError(f"{where} has no {name!r}, only {', '.join(_PARTITION_KEYS)}")
    return PartitionSettings(
        number=number,
        role=_text(values.get("role", "JOINED"), f"role of {where}"),
        shards=_numbers(values.get("shards", []), f"shards of {where}", ACCOUNT_SHARDS - 1),
        markets=_numbers(values.get("markets", []), f"markets of {where}", MARKETS_MAX),
        preferred=_text(values.get("preferred", ""), f"preferred of {where}"),
    )


def _numbers(value: object, name: str, most: int) -> frozenset[int]:
    """Read a list of numbers and of ranges such as "0-511"."""
    if not isinstance(value, list):
        raise SettingsError(f'{name} are a list such as ["0-511", 700], not {value!r}')
    found: set[int] = set()
    for one in value:
        first, dash, last = str(one).partition("-")
        last = last if dash else first
        if isinstance(one, bool) or not (first.isdigit() and last.isdigit()):
            raise SettingsError(f'{name}: {one!r} is neither a number nor a range such as "0-511"')
        low, high = int(first), int(last)
        if not low <= high <= most:
            raise SettingsError(f"{name}: {one!r} is not within 0 to {most}")
        found.update(range(low, high + 1))
    return frozenset(found)


_READERS: Mapping[str, Callable[[object, str], Any]] = {
    "str": _text,
    "int": _integer,
    "float": _float,
    "bool": _boolean,
    "Address": _address,
    str(Path | None): _path,
    str(tuple[Address, ...]): _addresses,
    str(tuple[PartitionSettings, ...]): _partitions,
}


def _from_text(kind: str, text: str, name: str) -> object:
    """Return a variable's text as the value that a file would have."""
    try:
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
    except ValueError:
        raise SettingsError(f"{name} is a number, not {text!r}") from None
    if kind == "bool":
        if text.lower() not in _TRUE | _FALSE:
            raise SettingsError(f"{name} is true or false, not {text!r}")
        return text.lower() in _TRUE
    if kind == str(tuple[Address, ...]):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


# -- partitions ----------------------------------------------------------------------------------


def _check_partitions(partitions: Sequence[PartitionSettings]) -> None:
    """Refuse partitions that leave an account out, or host something twice."""
    numbers: set[int] = set()
    shards: dict[int, int] = {}
    markets: dict[int, int] = {}
    for one in partitions:
        where = f"partition {one.number}"
        _require(
            0 <= one.number <= PARTITION_NUMBER_MAX,
            f"{where}: numbers are 0 to {PARTITION_NUMBER_MAX}",
        )
        _require(one.number not in numbers, f"{where} is there twice: number each only once")
        numbers.add(one.number)
        _check_role(one, where, alone=len(partitions) == 1)
        for hosted, taken, what in (
            (one.shards, shards, "shard"),
            (one.markets, markets, "market"),
        ):
            for number in sorted(hosted):
                other = taken.setdefault(number, one.number)
                _require(
                    other == one.number,
                    f"{what} {number} is in partition {other} and in {where}: take it out of one",
                )
    if partitions and any(one.role != "JOINED" for one in partitions):
        lacking = sorted(set(range(ACCOUNT_SHARDS)) - set(shards))
        _require(
            not lacking,
            f"no partition hosts account shards {_ranges(lacking)}: "
            "add them to the shards of a partition with role ACCOUNTS",
        )
    _require(0 not in markets, "there is no market 0: markets are numbered from 1")


def _check_role(one: PartitionSettings, where: str, *, alone: bool) -> None:
    _require(one.role in ROLES, f"{where}: role is one of {', '.join(ROLES)}, not {one.role!r}")
    if one.role == "JOINED":
        _require(
            alone,
            f"{where} is JOINED, which hosts everything: "
            "make it the only one, or give each the role ACCOUNTS or MARKETS",
        )
        _require(
            not one.shards and not one.markets,
            f"{where} is JOINED, which hosts everything: leave shards and markets out",
        )
    elif one.role == "ACCOUNTS":
        _require(not one.markets, f"{where} has role ACCOUNTS: move its markets to another one")
    else:
        _require(not one.shards, f"{where} has role MARKETS: move its shards to another one")


def _ranges(numbers: Sequence[int]) -> str:
    """Return numbers in ascending order as ranges, in words."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)
