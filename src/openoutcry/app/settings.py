"""What can be set, typed. The only reader of the environment; nothing is read at import."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from openoutcry.gateways.edge.origins import is_origin
from openoutcry.gateways.edge.proxies import ProxiesError, TrustedProxies, networks_in
from openoutcry.identity.sealing import MasterKeyError, read_master_key

ENVIRONMENT_PREFIX = "OUTCRY_"
RESERVE_BYTES = 64 << 20
STEP_UP_SECONDS = 5 * 60
"""So long after somebody has proved who they are, sensitive acts need no further proof."""


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
    demo_past_hours: int = 24
    """So much trading the demo's bots have behind them at its first start; 0 for none."""
    snapshot_seconds: float = 60.0
    """Snapshots are at most this far apart while commands come in."""
    snapshot_commands: int = 1_000_000
    """Snapshots are at most this many commands apart."""
    snapshots_kept: int = 3
    journal_kept: str = "all"
    """`all` rows, or only those since the oldest kept `snapshot`: `verify` then starts there."""
    secrets_key: str = field(default="", repr=False)
    """Seals secrets: 64 hexadecimal digits; empty: those of the file `secrets.key`."""
    public_origin: str = ""
    """Where people find the exchange, as `https://exchange.example`; empty: on this machine."""
    trusted_proxies: str = ""
    """Networks of our own proxies, as `10.0.0.0/8,127.0.0.1`: their X-Forwarded-For is believed."""
    page: str = ""
    """The folder of the built page; empty: the one that `make setup` builds."""
    session_idle_seconds: int = 30 * 60
    """A person's session that rests for so long is over."""
    session_seconds: int = 12 * 60 * 60
    """A person's session is over after so long, however busy it is."""
    custodian: str = "none"
    """Who keeps the assets: `none`, or one that is `simulated`, as the demo has it always."""
    address_cool_off_seconds: int = 24 * 60 * 60
    """So long after it is listed, an address takes no withdrawals; the demo: 30 at most."""
    security_cool_off_seconds: int = 24 * 60 * 60
    """So long after another password, factor or e-mail address, withdrawals wait; demo: 60 s."""
    smtp_host: str = ""
    """The mail server; empty: the demo keeps mails in a mailbox, others send none."""
    smtp_port: int = 0
    """0 is the usual one of `smtp_security`."""
    smtp_security: str = "starttls"
    """`starttls`, `tls` from the first byte, or `none`, which is for a server on this machine."""
    smtp_username: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_from: str = ""
    """The address that mails come from."""
    smtp_authority: str = ""
    """A file of certificates to believe beside the system's."""
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
        for name in ("reserve_bytes", "demo_past_hours"):
            if getattr(self, name) < 0:
                raise SettingsError(f"{name} is not negative")
        self._check_people()

    def _check_people(self) -> None:
        if self.public_origin and not is_origin(self.public_origin):
            raise SettingsError(
                f"public_origin is like https://exchange.example, not {self.public_origin!r}"
            )
        check_proxies(self.trusted_proxies)
        if not STEP_UP_SECONDS < self.session_idle_seconds <= self.session_seconds:
            raise SettingsError(
                f"session_idle_seconds is above {STEP_UP_SECONDS} and at most session_seconds"
            )
        if self.custodian not in {"none", "simulated"}:
            raise SettingsError(f"custodian is none or simulated, not {self.custodian!r}")
        for name in ("address_cool_off_seconds", "security_cool_off_seconds"):
            if getattr(self, name) < 0:
                raise SettingsError(f"{name} is not negative")
        if self.smtp_security not in {"starttls", "tls", "none"}:
            raise SettingsError(
                f"smtp_security is starttls, tls or none, not {self.smtp_security!r}"
            )
        if not 0 <= self.smtp_port < 65_536:
            raise SettingsError(f"smtp_port is a port, not {self.smtp_port}")
        if self.smtp_host and "@" not in self.smtp_from:
            raise SettingsError("smtp_from is needed with smtp_host: the address mails come from")
        if self.smtp_username and self.smtp_security == "none":
            raise SettingsError("smtp_username needs smtp_security: no password goes without TLS")

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
        """Return a form that `from_json` takes, for a child process, which is told no secret."""
        secrets = {one.name: one.default for one in fields(self) if not one.repr}
        return json.dumps(asdict(self) | secrets | {"data": str(self.data)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the settings of a parent process."""
        values = json.loads(text)
        return cls(**(values | {"data": Path(values["data"])}))


def check_proxies(text: str) -> None:
    """Refuse what is no list of networks; raises SettingsError."""
    try:
        TrustedProxies(networks_in(text))
    except ProxiesError as error:
        raise SettingsError(f"trusted_proxies: {error}") from error


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
