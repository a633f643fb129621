"""Identity with everything around it, quick to make: cheap hashes, a clock that tests move."""

import re
from dataclasses import dataclass, field, replace

import pyotp

from openoutcry.adapters.memory.audit import MemoryAudit
from openoutcry.adapters.memory.mail import MemoryMailbox
from openoutcry.adapters.memory.people import memory_people
from openoutcry.identity.audit import AuditLog
from openoutcry.identity.desk import Outside
from openoutcry.identity.identity import Identity
from openoutcry.identity.sealing import AesGcmSealer
from openoutcry.identity.settings import IdentitySettings
from openoutcry.ports.audit import AuditRecord
from openoutcry.ports.identity import (
    Caller,
    PendingSignIn,
    Refusal,
    RefusedError,
    SignIn,
    StartedSession,
)
from openoutcry.ports.mail import KeptMail, Mailer
from openoutcry.ports.people import AccountOpenerError, SecondFactor
from openoutcry.ports.people_store import PeopleStores

NOW_US = 1_800_000_000_000_000
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
CHEAP = IdentitySettings(password_memory_kib=8, password_passes=1)
EMAIL = "Ann@example.org"
PASSWORD = "a fine long password"
OTHER_PASSWORD = "another fine password"
ORIGIN = "http://localhost:8080"


class ToyAccounts:
    """Opens accounts, unless it is told to be away."""

    def __init__(self) -> None:
        self.opened: list[int] = []
        self.away = False

    async def open(self, account_id: int) -> None:
        if self.away:
            raise AccountOpenerError("away")
        self.opened.append(account_id)


@dataclass
class IdentityScene:
    """One exchange's identity."""

    stores: PeopleStores = field(default_factory=memory_people)
    settings: IdentitySettings = CHEAP
    mailer: Mailer | None = None
    now_us: int = NOW_US

    def __post_init__(self) -> None:
        self.mailbox = MemoryMailbox(lambda: self.now_us)
        self.audit_store = MemoryAudit()
        self.accounts = ToyAccounts()
        self.identity = Identity(
            Outside(
                self.stores,
                AesGcmSealer(bytes(32), "second-factors"),
                self.mailer or self.mailbox,
                AuditLog(self.audit_store, lambda: self.now_us),
                self.accounts,
            ),
            self.settings,
            lambda: self.now_us,
        )
        self.signing_in = self.identity.signing_in
        self.own = self.identity.own_account
        self.sessions = self.identity.sessions
        self.directory = self.identity.directory
        self.ended: list[str] = []
        self.sessions.on_ended(self.ended.append)

    def caller(self, ip: str = "192.0.2.1", **changes: object) -> Caller:
        caller = Caller(ip, "Firefox", "request-1", ORIGIN, self.now_us)
        return replace(caller, **changes)

    def wait(self, span_us: int) -> None:
        self.now_us += span_us

    async def mails(self, to: str = EMAIL) -> list[KeptMail]:
        await self.identity.settle()
        return await self.mailbox.newest(100, to)

    async def link(self, path: str, to: str = EMAIL) -> str:
        """Return the token of the newest link to a path."""
        for mail in await self.mails(to):
            found = re.search(rf"{ORIGIN}{path}#token=(\S+)", mail.text)
            if found:
                return found.group(1)
        raise AssertionError(f"no mail with a link to {path}")

    async def person(self, email: str = EMAIL, password: str = PASSWORD) -> StartedSession:
        """Return the first session of somebody new."""
        await self.signing_in.sign_up(email, password, self.caller())
        token = await self.link("/confirm", email)
        return started(await self.signing_in.confirm(token, password, self.caller()))

    async def sign_in(
        self, email: str = EMAIL, password: str = PASSWORD, ip: str = "192.0.2.1"
    ) -> SignIn:
        return await self.signing_in.sign_in(email, password, self.caller(ip))

    async def with_totp(self, session: StartedSession) -> tuple[pyotp.TOTP, tuple[str, ...]]:
        """Set codes by time up; returns their generator and the recovery codes."""
        set_up = await self.own.begin_totp(session.view, self.caller())
        generator = pyotp.TOTP(set_up.secret)
        code = self.code(generator)
        added = await self.own.confirm_totp(session.view, code, self.caller())
        return generator, added.recovery_codes

    async def standing(self, session: StartedSession) -> SecondFactor:
        """Return how far a session has come by now, whatever its token is."""
        view = await self.sessions.seen(session.view.session_id, self.now_us)
        assert view is not None
        return view.second_factor

    def code(self, generator: pyotp.TOTP, steps: int = 0) -> str:
        return generator.at(self.now_us // SECOND_US + 30 * steps)

    async def records(self, action: str) -> list[AuditRecord]:
        await self.identity.settle()
        records = await self.audit_store.records(None, 10_000)
        return [record for record in records if record.action == action]

    async def lock_outs(self, action: str) -> int:
        """Return how many refused attempts were the last ones for a while."""
        return sum(record.details["locked"] == "yes" for record in await self.records(action))


def started(sign_in: SignIn) -> StartedSession:
    assert isinstance(sign_in, StartedSession), sign_in
    return sign_in


def pending(sign_in: SignIn) -> PendingSignIn:
    assert isinstance(sign_in, PendingSignIn), sign_in
    return sign_in


async def refusal(work: object) -> Refusal:
    """Return why something was refused."""
    return (await refused(work)).refusal


async def refused(work: object) -> RefusedError:
    try:
        done = await work  # type: ignore[misc]
    except RefusedError as error:
        return error
    raise AssertionError(f"it was done: {done}")
