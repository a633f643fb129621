"""Signing in, and what people do about their own account, as the web gateway asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from openoutcry.ports.people import Factor, SessionView

PasskeyOptions = Mapping[str, Any]
"""What a browser's `navigator.credentials` takes, in WebAuthn's own JSON form."""
PasskeyAnswer = Mapping[str, Any]
"""What it answered, as `PublicKeyCredential.toJSON()` gives it. Nothing in it is believed."""


class Refusal(StrEnum):
    """Why something is not done. The words for people are the gateway's."""

    BAD_CREDENTIALS = "BAD_CREDENTIALS"
    """Address and password do not go together; or nobody has that address; or they are locked."""
    WRONG_CODE = "WRONG_CODE"
    WRONG_PASSWORD = "WRONG_PASSWORD"  # noqa: S105, because it is the name of a refusal
    PASSKEY_REFUSED = "PASSKEY_REFUSED"
    PENDING_GONE = "PENDING_GONE"
    """The step began too long ago, or was taken already."""
    LINK_GONE = "LINK_GONE"
    """The token of a mail is unknown, used, or too old."""
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    BUSY = "BUSY"
    """More people sign in at once than passwords can be checked."""
    EMAIL_FORMAT = "EMAIL_FORMAT"
    EMAIL_UNCHANGED = "EMAIL_UNCHANGED"
    PASSWORD_TOO_SHORT = "PASSWORD_TOO_SHORT"  # noqa: S105, because it is the name of a refusal
    PASSWORD_TOO_LONG = "PASSWORD_TOO_LONG"  # noqa: S105, because it is the name of a refusal
    PASSWORD_KNOWN = "PASSWORD_KNOWN"  # noqa: S105, because it is the name of a refusal
    """It is among those that are tried first, or nearly."""
    PASSWORD_LIKE_EMAIL = "PASSWORD_LIKE_EMAIL"  # noqa: S105, because it is the name of a refusal
    PASSWORD_UNCHANGED = "PASSWORD_UNCHANGED"  # noqa: S105, because it is the name of a refusal
    FACTOR_NEEDED = "FACTOR_NEEDED"
    """A second factor is set up, so a password alone proves too little."""
    FACTOR_EXISTS = "FACTOR_EXISTS"
    FACTOR_UNKNOWN = "FACTOR_UNKNOWN"
    TOO_MANY_PASSKEYS = "TOO_MANY_PASSKEYS"
    NAME_FORMAT = "NAME_FORMAT"
    SESSION_UNKNOWN = "SESSION_UNKNOWN"
    ACCOUNT_AWAY = "ACCOUNT_AWAY"
    """The exchange cannot open the account now."""


class RefusedError(Exception):
    """Something is not done, and nothing has changed but the count of attempts."""

    def __init__(self, refusal: Refusal, *, retry_after_s: int = 0) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request comes from, and when."""

    ip: str
    user_agent: str
    request_id: str
    origin: str
    """The page's address as this caller has it, say `https://exchange.example`."""
    now_us: int


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A session and its token, which is told once: to the browser's cookie."""

    token: str = field(repr=False)
    view: SessionView
    seconds: int
    """How long the cookie is kept."""


class NextStep(StrEnum):
    """What is still missing to be signed in."""

    SECOND_FACTOR = "SECOND_FACTOR"
    NEW_PASSWORD = "NEW_PASSWORD"  # noqa: S105, because it is the name of a step


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """Half a sign-in: the token says which one the next request goes on with."""

    token: str = field(repr=False)
    step: NextStep
    factors: frozenset[Factor]
    """Any one of these will do."""
    expires_us: int


SignIn = StartedSession | PendingSignIn


class SigningIn(Protocol):
    """From a stranger to a session. Every method may raise RefusedError.

    What is answered, and when, does not depend on whether an address is known, until a password
    was right.
    """

    async def sign_up(self, email: str, password: str, caller: Caller) -> None:
        """Send a link to the address; or, to somebody who has an account, a hint."""
        ...

    async def confirm(self, token: str, password: str, caller: Caller) -> SignIn:
        """Make the person of a link and the password they signed up with; sign them in."""
        ...

    async def sign_in(self, email: str, password: str, caller: Caller) -> SignIn:
        """Check a password."""
        ...

    async def answer_code(self, token: str, factor: Factor, code: str, caller: Caller) -> SignIn:
        """Go on with a code by time, or a recovery code."""
        ...

    async def factor_passkey_options(self, token: str, caller: Caller) -> PasskeyOptions:
        """Begin going on with a passkey."""
        ...

    async def answer_passkey(self, token: str, answer: PasskeyAnswer, caller: Caller) -> SignIn:
        """Go on with a passkey."""
        ...

    async def answer_new_password(self, token: str, password: str, caller: Caller) -> SignIn:
        """Go on by replacing a password that was given once."""
        ...

    async def passkey_options(self, caller: Caller) -> PasskeyOptions:
        """Begin signing in with a passkey and nothing else."""
        ...

    async def passkey_sign_in(self, answer: PasskeyAnswer, caller: Caller) -> SignIn:
        """Sign in with a passkey whose device has verified its user."""
        ...

    async def request_reset(self, email: str, caller: Caller) -> None:
        """Send a link to whose address it is; nobody learns whether there is such a person."""
        ...

    async def reset(self, token: str, password: str, caller: Caller) -> None:
        """Set a new password by a link. Signs nobody in, leaves factors, ends all sessions."""
        ...

    async def sign_out(self, session: SessionView, caller: Caller) -> None:
        """End a session."""
        ...

    async def step_up_password(
        self, session: SessionView, password: str, caller: Caller
    ) -> StartedSession:
        """Prove by password who one is; the token changes. Not for those with a second factor."""
        ...

    async def step_up_code(
        self, session: SessionView, factor: Factor, code: str, caller: Caller
    ) -> StartedSession:
        """Prove it by a code."""
        ...

    async def step_up_passkey_options(self, session: SessionView, caller: Caller) -> PasskeyOptions:
        """Begin to prove it by a passkey."""
        ...

    async def step_up_passkey(
        self, session: SessionView, answer: PasskeyAnswer, caller: Caller
    ) -> StartedSession:
        """Prove it by a passkey."""
        ...


@dataclass(frozen=True, slots=True)
class Me:
    """Somebody about themselves."""

    session: SessionView
    created_us: int
    factors: frozenset[Factor]
    """What is set up, not what the session began with."""
    recovery_codes_left: int
    passkeys: int
    step_up_by: frozenset[Factor]
    """Any one of these will do."""
    security_changed_us: int


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One of somebody's sessions, as they see it."""

    session_id: str
    current: bool
    factors: frozenset[Factor]
    started_us: int
    seen_us: int
    ends_us: int
    ip: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class TotpSetUp:
    """A new generator's secret, shown until it is confirmed."""

    secret: str = field(repr=False)
    """Base32, to be typed."""
    uri: str = field(repr=False)
    """`otpauth://`, to be shown as a picture."""


@dataclass(frozen=True, slots=True)
class FactorAdded:
    """What comes of another factor beside the factor itself."""

    session: StartedSession
    """The session that has proved it; its token has changed."""
    recovery_codes: tuple[str, ...] = field(repr=False)
    """Told once; none when there were some."""


@dataclass(frozen=True, slots=True)
class PasskeyView:
    """One of somebody's passkeys."""

    passkey_id: int
    name: str
    backed_up: bool
    created_us: int
    used_us: int


class OwnAccount(Protocol):
    """What people see and do about their own safety. Every method may raise RefusedError.

    What changes something needs a session that is stepped up; the gateway sees to that.
    """

    async def me(self, session: SessionView) -> Me:
        """Return what a person may know of themselves."""
        ...

    async def change_password(
        self, session: SessionView, password: str, caller: Caller
    ) -> StartedSession:
        """Replace the password; other sessions end, this one's token changes."""
        ...

    async def ask_email(self, session: SessionView, email: str, caller: Caller) -> None:
        """Send a link to another address; or, when it is somebody's, a hint.

        What is answered does not depend on whose address it is. The present one is told.
        """
        ...

    async def change_email(
        self, session: SessionView, token: str, caller: Caller
    ) -> StartedSession:
        """Take the address that a link was sent to; other sessions end, this one's token changes.

        The link is good for whoever asked for it, so a stranger who gets it has nothing.
        """
        ...

    async def sessions(self, session: SessionView, now_us: int) -> list[OwnSession]:
        """Return one's living sessions, the one used last first."""
        ...

    async def end_session(self, session: SessionView, session_id: str, caller: Caller) -> None:
        """End one of one's sessions."""
        ...

    async def end_other_sessions(self, session: SessionView, caller: Caller) -> int:
        """End all but this one; returns how many."""
        ...

    async def begin_totp(self, session: SessionView, caller: Caller) -> TotpSetUp:
        """Make a generator's secret; it proves nothing until confirmed."""
        ...

    async def confirm_totp(self, session: SessionView, code: str, caller: Caller) -> FactorAdded:
        """Confirm it by a code, which the session has proved then."""
        ...

    async def remove_totp(self, session: SessionView, caller: Caller) -> None:
        """Forget the generator."""
        ...

    async def make_recovery_codes(self, session: SessionView, caller: Caller) -> tuple[str, ...]:
        """Make new recovery codes; older ones are good no more."""
        ...

    async def passkeys(self, session: SessionView) -> list[PasskeyView]:
        """Return one's passkeys, oldest first."""
        ...

    async def add_passkey_options(self, session: SessionView, caller: Caller) -> PasskeyOptions:
        """Begin to add a passkey."""
        ...

    async def add_passkey(
        self, session: SessionView, name: str, answer: PasskeyAnswer, caller: Caller
    ) -> tuple[PasskeyView, FactorAdded]:
        """Add a passkey, which the session has proved then."""
        ...

    async def rename_passkey(
        self, session: SessionView, passkey_id: int, name: str, caller: Caller
    ) -> None:
        """Give a passkey another name."""
        ...

    async def remove_passkey(self, session: SessionView, passkey_id: int, caller: Caller) -> None:
        """Forget a passkey."""
        ...
