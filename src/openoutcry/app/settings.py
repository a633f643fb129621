"""What can be set, typed. The only reader of the environment; nothing is read at import."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from openoutcry.identity.sealing import MasterKeyError, read_master_key

ENVIRONMENT_PREFIX = "OUTCRY_"
RESERVE_BYTES = 64 << 20


class SettingsError(ValueError):
    """A setting has a value that it cannot have; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """One embedded exchange: where it keeps its data, where it listens, what it runs."""

    data: Path
    """The data folder; made if missing."""
    host: str = "127.0.0.1"
    port: int = 8080
    demo: bool = False
    bots: bool = True
    limits: bool = True
    demo_seed: int = 1
    snapshot_seconds: float = 60.0
    """Snapshots are at most this far apart while commands come in."""
    snapshot_commands: int = 1_000_000
    """Snapshots are at most this many commands apart."""
    snapshots_kept: int = 3
    journal_kept: str = "all"
    """`all` rows, or only those since the oldest kept `snapshot`: `verify` then starts there."""
    secrets_key: str = field(default="", repr=False)
    """Seals secrets: 64 hexadecimal digits; empty: those of the file `secrets.key`."""
    reserve_bytes: int = RESERVE_BYTES
    """Space set aside on the disk so that cancels still pass when it is full; 0 for none."""
    journal_synchronous: str = "FULL"
    """`OFF` gives durability up; only for showing that the tests notice."""
    poison_client_order_id: str = ""
    """An order with this client order id makes the kernel fault; only for tests."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.journal_kept not in {"all", "snapshot"}:
            raise SettingsError(f"journal_kept is all or snapshot, not {self.journal_kept!r}")
        if self.journal_synchronous not in {"FULL", "OFF"}:
            raise SettingsError(
                f"journal_synchronous is FULL or OFF, not {self.journal_synchronous!r}"
            )
        for name in ("snapshot_seconds", "snapshot_commands", "snapshots_kept"):
            if getattr(self, name) <= 0:
                raise SettingsError(f"{name} is above zero, not {getattr(self, name)}")
        if self.secrets_key:
            check_secrets_key(self.secrets_key)
        if self.reserve_bytes < 0:
            raise SettingsError("reserve_bytes is not negative")

    def with_environment(self, environment: Mapping[str, str] | None = None) -> Self:
        """Return these settings with what OUTCRY_* variables say; flags are not overridden."""
        given = os.environ if environment is None else environment
        changes: dict[str, Any] = {}
        for one in fields(self):
            name = ENVIRONMENT_PREFIX + one.name.upper()
            if one.name in _FLAGS or name not in given:
                continue
            try:
                changes[one.name] = _READERS[_name(one.type)](given[name])
            except ValueError:
                raise SettingsError(f"{name} is no {_name(one.type)}: {given[name]!r}") from None
        return replace(self, **changes)

    def to_json(self) -> str:
        """Return a form that `from_json` takes, for a child process, which seals nothing."""
        return json.dumps(asdict(self) | {"data": str(self.data), "secrets_key": ""})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the settings of a parent process."""
        values = json.loads(text)
        return cls(**(values | {"data": Path(values["data"])}))


def check_secrets_key(text: str) -> None:
    """Refuse what is no key; raises SettingsError, which never shows it."""
    try:
        read_master_key(text)
    except MasterKeyError as error:
        raise SettingsError(f"secrets_key: {error}") from error


def _name(kind: object) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)


_READERS: Mapping[str, Callable[[str], object]] = {"int": int, "float": float, "str": str}
_FLAGS = frozenset({"data", "host", "port", "demo", "bots", "limits"})
"""Settings that the command line gives."""
