"""`/x/v1/auth`: from a stranger to a session, and proofs of who somebody is.

A token goes to the browser as a cookie and nowhere else. Answers before a password was right say
the same whether or not somebody is known; see `ports.identity`.
"""

from typing import Any, Literal

import msgspec

from openoutcry.gateways.web.api import Access, Input, Output, Route, WebCall
from openoutcry.gateways.web.refusals import (
    Code,
    Email,
    PasskeyCredential,
    Password,
    Token,
    caller_of,
    problem_types,
    refusing,
)
from openoutcry.ports.identity import NextStep, Refusal, SignIn, SigningIn, StartedSession
from openoutcry.ports.people import Factor, OperatorRole, SecondFactor, SessionView

_WEIGHT = 5
"""What checks a password or sends a letter costs more than a look."""


class SignUp(Input, frozen=True):
    """Whom to send a link to. The password is asked for again where the link leads."""

    email: Email
    password: Password


class Confirm(Input, frozen=True):
    """The token of the link, and the password that was chosen."""

    token: Token
    password: Password


class Credentials(Input, frozen=True):
    """An address and its password."""

    email: Email
    password: Password


class CodeAnswer(Input, frozen=True):
    """The token of a half sign-in, and a code."""

    token: Token
    factor: Literal["TOTP", "RECOVERY_CODE"]
    code: Code


class StepToken(Input, frozen=True):
    """The token of a half sign-in."""

    token: Token


class PasskeyStep(Input, frozen=True):
    """The token of a half sign-in, and what the browser's device answered."""

    token: Token
    credential: PasskeyCredential


class NewPassword(Input, frozen=True):
    """The token of a half sign-in or of a mail, and a new password."""

    token: Token
    password: Password


class PasskeyProof(Input, frozen=True):
    """What the browser's device answered."""

    credential: PasskeyCredential


class ResetRequest(Input, frozen=True):
    """Whose password is forgotten."""

    email: Email


class PasswordProof(Input, frozen=True):
    """The password of whoever has signed in."""

    password: Password


class CodeProof(Input, frozen=True):
    """A code of whoever has signed in."""

    factor: Literal["TOTP", "RECOVERY_CODE"]
    code: Code


class PasskeyOptionsView(Output, frozen=True):
    """What the browser is to be asked with, in WebAuthn's own JSON."""

    public_key: dict[str, Any]


class SessionInfo(Output, frozen=True):
    """A session, for the page that has it."""

    session_id: str
    person_id: int
    account_id: int
    email: str
    roles: tuple[OperatorRole, ...]
    factors: tuple[Factor, ...]
    """What it was signed in with, and what it has proved since."""
    second_factor: SecondFactor
    """What an operator's work takes: MISSING asks to set one up, UNPROVED to step up by it."""
    stepped_up_until_us: int
    started_us: int
    idle_ends_us: int
    ends_us: int


class SignInView(Output, frozen=True):
    """How far a sign-in is. With DONE the answer carries the session's cookie."""

    next: Literal["DONE", "SECOND_FACTOR", "NEW_PASSWORD"]
    session: SessionInfo | None = None
    token: str = ""
    """Goes with the next step; empty when there is none."""
    factors: tuple[Factor, ...] = ()
    """Any one of these will do for the next step."""
    expires_us: int = 0
    """Until when the next step may come."""


def session_info(view: SessionView) -> SessionInfo:
    """Return what a page is told of its session."""
    return SessionInfo(
        session_id=view.session_id,
        person_id=view.person_id,
        account_id=view.account_id,
        email=view.email,
        roles=tuple(sorted(view.roles)),
        factors=tuple(sorted(view.factors)),
        second_factor=view.second_factor,
        stepped_up_until_us=view.stepped_up_until_us,
        started_us=view.started_us,
        idle_ends_us=view.idle_ends_us,
        ends_us=view.ends_us,
    )


def give_cookie(call: WebCall, started: StartedSession) -> SessionInfo:
    """Put a session's token into the cookie; returns the rest, for the page."""
    call.start_session(started.token, started.seconds)
    return session_info(started.view)


class _Handlers:
    """The handlers of the routes below, each in the order of the port."""

    def __init__(self, signing_in: SigningIn) -> None:
        self._signing_in = signing_in

    async def sign_up(self, call: WebCall) -> None:
        asked = call.read(SignUp)
        await self._signing_in.sign_up(asked.email, asked.password, caller_of(call))

    async def confirm(self, call: WebCall) -> SignInView:
        asked = call.read(Confirm)
        done = await self._signing_in.confirm(asked.token, asked.password, caller_of(call))
        return await self._answer(call, done)

    async def sign_in(self, call: WebCall) -> SignInView:
        asked = call.read(Credentials)
        done = await self._signing_in.sign_in(asked.email, asked.password, caller_of(call))
        return await self._answer(call, done)

    async def answer_code(self, call: WebCall) -> SignInView:
        asked = call.read(CodeAnswer)
        done = await self._signing_in.answer_code(
            asked.token, Factor(asked.factor), asked.code, caller_of(call)
        )
        return await self._answer(call, done)

    async def factor_passkey_options(self, call: WebCall) -> PasskeyOptionsView:
        asked = call.read(StepToken)
        options = await self._signing_in.factor_passkey_options(asked.token, caller_of(call))
        return PasskeyOptionsView(public_key=dict(options))

    async def answer_passkey(self, call: WebCall) -> SignInView:
        asked = call.read(PasskeyStep)
        done = await self._signing_in.answer_passkey(
            asked.token, asked.credential.answer(), caller_of(call)
        )
        return await self._answer(call, done)

    async def answer_new_password(self, call: WebCall) -> SignInView:
        asked = call.read(NewPassword)
        done = await self._signing_in.answer_new_password(
            asked.token, asked.password, caller_of(call)
        )
        return await self._answer(call, done)

    async def passkey_options(self, call: WebCall) -> PasskeyOptionsView:
        options = await self._signing_in.passkey_options(caller_of(call))
        return PasskeyOptionsView(public_key=dict(options))

    async def passkey_sign_in(self, call: WebCall) -> SignInView:
        asked = call.read(PasskeyProof)
        done = await self._signing_in.passkey_sign_in(asked.credential.answer(), caller_of(call))
        return await self._answer(call, done)

    async def request_reset(self, call: WebCall) -> None:
        await self._signing_in.request_reset(call.read(ResetRequest).email, caller_of(call))

    async def reset(self, call: WebCall) -> None:
        asked = call.read(NewPassword)
        await self._signing_in.reset(asked.token, asked.password, caller_of(call))

    async def sign_out(self, call: WebCall) -> None:
        await self._signing_in.sign_out(call.person, caller_of(call))
        call.end_session()

    async def step_up_password(self, call: WebCall) -> SessionInfo:
        asked = call.read(PasswordProof)
        started = await self._signing_in.step_up_password(
            call.person, asked.password, caller_of(call)
        )
        return give_cookie(call, started)

    async def step_up_code(self, call: WebCall) -> SessionInfo:
        asked = call.read(CodeProof)
        started = await self._signing_in.step_up_code(
            call.person, Factor(asked.factor), asked.code, caller_of(call)
        )
        return give_cookie(call, started)

    async def step_up_passkey_options(self, call: WebCall) -> PasskeyOptionsView:
        options = await self._signing_in.step_up_passkey_options(call.person, caller_of(call))
        return PasskeyOptionsView(public_key=dict(options))

    async def step_up_passkey(self, call: WebCall) -> SessionInfo:
        asked = call.read(PasskeyProof)
        started = await self._signing_in.step_up_passkey(
            call.person, asked.credential.answer(), caller_of(call)
        )
        return give_cookie(call, started)

    async def _answer(self, call: WebCall, done: SignIn) -> SignInView:
        """Say how far it is; a session that the browser had before ends with the new one."""
        if not isinstance(done, StartedSession):
            return SignInView(
                next="SECOND_FACTOR" if done.step is NextStep.SECOND_FACTOR else "NEW_PASSWORD",
                token=done.token,
                factors=tuple(sorted(done.factors)),
                expires_us=done.expires_us,
            )
        if call.session is not None:
            await self._signing_in.sign_out(call.session, caller_of(call))
        return SignInView(next="DONE", session=give_cookie(call, done))


_GUESSING = (Refusal.TOO_MANY_ATTEMPTS, Refusal.BUSY)
_CHOOSING = (
    Refusal.PASSWORD_TOO_SHORT,
    Refusal.PASSWORD_TOO_LONG,
    Refusal.PASSWORD_KNOWN,
    Refusal.PASSWORD_LIKE_EMAIL,
)


def routes(signing_in: SigningIn) -> tuple[Route, ...]:
    """Return the routes of signing up, in, on and out."""
    handlers = _Handlers(signing_in)
    return (*_strangers(handlers), *_steps(handlers), *_signed_in(handlers))


def _strangers(handlers: _Handlers) -> tuple[Route, ...]:
    return (
        _route(
            "/auth/sign-up",
            handlers.sign_up,
            "Ask for a link that makes an account",
            SignUp,
            None,
            (Refusal.EMAIL_FORMAT, *_CHOOSING, *_GUESSING),
            description="The answer is the same for an address that has an account.",
        ),
        _route(
            "/auth/confirm",
            handlers.confirm,
            "Make the account of a link, and sign in",
            Confirm,
            SignInView,
            (Refusal.LINK_GONE, Refusal.WRONG_PASSWORD, Refusal.ACCOUNT_AWAY, *_GUESSING),
        ),
        _route(
            "/auth/sign-in",
            handlers.sign_in,
            "Sign in with a password",
            Credentials,
            SignInView,
            (Refusal.BAD_CREDENTIALS, Refusal.ACCOUNT_AWAY, *_GUESSING),
        ),
        _route(
            "/auth/passkey-options",
            handlers.passkey_options,
            "Begin to sign in with a passkey alone",
            None,
            PasskeyOptionsView,
            (),
        ),
        _route(
            "/auth/passkey",
            handlers.passkey_sign_in,
            "Sign in with a passkey alone",
            PasskeyProof,
            SignInView,
            (
                Refusal.PASSKEY_REFUSED,
                Refusal.PENDING_GONE,
                Refusal.ACCOUNT_AWAY,
                Refusal.TOO_MANY_ATTEMPTS,
            ),
        ),
        _route(
            "/auth/reset-request",
            handlers.request_reset,
            "Ask for a link that sets a new password",
            ResetRequest,
            None,
            (Refusal.EMAIL_FORMAT, Refusal.TOO_MANY_ATTEMPTS),
            description="The answer is the same for an address that nobody has.",
        ),
        _route(
            "/auth/reset",
            handlers.reset,
            "Set a new password by a link",
            NewPassword,
            None,
            (Refusal.LINK_GONE, *_CHOOSING, *_GUESSING),
            description="Ends all sessions, leaves second factors, and signs nobody in.",
        ),
    )


def _steps(handlers: _Handlers) -> tuple[Route, ...]:
    waiting = (Refusal.PENDING_GONE, Refusal.ACCOUNT_AWAY, Refusal.TOO_MANY_ATTEMPTS)
    return (
        _route(
            "/auth/sign-in/code",
            handlers.answer_code,
            "Go on with a code",
            CodeAnswer,
            SignInView,
            (Refusal.WRONG_CODE, *waiting),
        ),
        _route(
            "/auth/sign-in/passkey-options",
            handlers.factor_passkey_options,
            "Begin to go on with a passkey",
            StepToken,
            PasskeyOptionsView,
            (Refusal.PENDING_GONE, Refusal.FACTOR_UNKNOWN),
        ),
        _route(
            "/auth/sign-in/passkey",
            handlers.answer_passkey,
            "Go on with a passkey",
            PasskeyStep,
            SignInView,
            (Refusal.PASSKEY_REFUSED, *waiting),
        ),
        _route(
            "/auth/sign-in/new-password",
            handlers.answer_new_password,
            "Go on by replacing a password that was given once",
            NewPassword,
            SignInView,
            (
                Refusal.PENDING_GONE,
                Refusal.PASSWORD_UNCHANGED,
                Refusal.ACCOUNT_AWAY,
                Refusal.BUSY,
                *_CHOOSING,
            ),
        ),
    )


def _signed_in(handlers: _Handlers) -> tuple[Route, ...]:
    proving = (Refusal.SESSION_UNKNOWN, Refusal.TOO_MANY_ATTEMPTS)
    return (
        _route(
            "/auth/sign-out",
            handlers.sign_out,
            "End the session",
            None,
            None,
            (),
            access=Access.SESSION,
        ),
        _route(
            "/auth/step-up/password",
            handlers.step_up_password,
            "Prove by password who you are",
            PasswordProof,
            SessionInfo,
            (Refusal.WRONG_PASSWORD, Refusal.FACTOR_NEEDED, Refusal.BUSY, *proving),
            access=Access.SESSION,
            description="For those without a second factor. The cookie changes.",
        ),
        _route(
            "/auth/step-up/code",
            handlers.step_up_code,
            "Prove by a code who you are",
            CodeProof,
            SessionInfo,
            (Refusal.WRONG_CODE, *proving),
            access=Access.SESSION,
            description="The cookie changes.",
        ),
        _route(
            "/auth/step-up/passkey-options",
            handlers.step_up_passkey_options,
            "Begin to prove by a passkey who you are",
            None,
            PasskeyOptionsView,
            (Refusal.FACTOR_UNKNOWN, Refusal.SESSION_UNKNOWN),
            access=Access.SESSION,
        ),
        _route(
            "/auth/step-up/passkey",
            handlers.step_up_passkey,
            "Prove by a passkey who you are",
            PasskeyProof,
            SessionInfo,
            (Refusal.PASSKEY_REFUSED, Refusal.PENDING_GONE, *proving),
            access=Access.SESSION,
            description="The cookie changes.",
        ),
    )


def _route(
    path: str,
    handler: Any,
    summary: str,
    body: type[msgspec.Struct] | None,
    answer: type[msgspec.Struct] | None,
    refusals: tuple[Refusal, ...],
    *,
    access: Access = Access.PUBLIC,
    description: str = "",
) -> Route:
    return Route(
        method="POST",
        path=path,
        handler=refusing(handler),
        access=access,
        summary=summary,
        tags=("sign-in",),
        body=body,
        answer=answer,
        problems=problem_types(*refusals),
        weight=_WEIGHT,
        description=description,
    )
