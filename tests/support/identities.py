"""Every identity there is, for the suite that each has to pass. Another is another line here."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pyotp
from tests.support.identity_scene import IdentityScene, ToyAccounts

from openoutcry.adapters.sqlite.people import SqlitePeopleFile
from openoutcry.ports.identity import Caller, OwnAccount, SignIn, SigningIn, StartedSession
from openoutcry.ports.mail import KeptMail
from openoutcry.ports.people import PeopleDirectory, SecondFactor, Sessions


class IdentityToTest(Protocol):
    """What the suite asks of an identity: its four ports, and what stands around it."""

    signing_in: SigningIn
    own: OwnAccount
    sessions: Sessions
    directory: PeopleDirectory
    ended: list[str]
    """Ids of sessions, as `sessions.on_ended` told them."""
    accounts: ToyAccounts
    """What it opens accounts with."""
    now_us: int
    """What it takes for the time."""

    def caller(self, ip: str = ..., **changes: object) -> Caller:
        """Return somebody who asks now."""
        ...

    def wait(self, span_us: int) -> None:
        """Let time pass."""
        ...

    async def mails(self, to: str = ...) -> list[KeptMail]:
        """Return the letters to an address, newest first, once none is under way."""
        ...

    async def link(self, path: str, to: str = ...) -> str:
        """Return the token of the newest link to a path."""
        ...

    async def person(self, email: str = ..., password: str = ...) -> StartedSession:
        """Return the first session of somebody new."""
        ...

    async def sign_in(self, email: str = ..., password: str = ..., ip: str = ...) -> SignIn:
        """Check a password."""
        ...

    async def with_totp(self, session: StartedSession) -> tuple[pyotp.TOTP, tuple[str, ...]]:
        """Set codes by time up; return their generator and the recovery codes."""
        ...

    async def standing(self, session: StartedSession) -> SecondFactor:
        """Return how far a session has come."""
        ...

    def code(self, generator: pyotp.TOTP, steps: int = ...) -> str:
        """Return a code of now, or of so many steps later."""
        ...


@asynccontextmanager
async def in_memory(_folder: Path) -> AsyncIterator[IdentityToTest]:
    """People who are gone with the process."""
    scene = IdentityScene()
    yield scene
    await scene.identity.close()


@asynccontextmanager
async def in_sqlite(folder: Path) -> AsyncIterator[IdentityToTest]:
    """People in a file."""
    file = SqlitePeopleFile(folder / "people.db")
    scene = IdentityScene(stores=file.stores)
    yield scene
    await scene.identity.close()
    file.close()


IDENTITIES: dict[str, Callable[[Path], AbstractAsyncContextManager[IdentityToTest]]] = {
    "memory": in_memory,
    "sqlite": in_sqlite,
}
