"""`/x/v1/me`: what people see and do about their own safety: password, sessions, factors."""

from typing import Annotated, Any

import msgspec

from openoutcry.gateways.web.api import Access, Input, Output, Route, WebCall
from openoutcry.gateways.web.auth import (
    PasskeyOptionsView,
    SessionInfo,
    give_cookie,
    session_info,
)
from openoutcry.gateways.web.refusals import (
    Code,
    Email,
    PasskeyCredential,
    Password,
    Token,
    caller_of,
    problem_of,
    problem_types,
    refusing,
)
from openoutcry.ports.identity import OwnAccount, PasskeyView, Refusal, RefusedError
from openoutcry.ports.people import Factor

PasskeyName = Annotated[str, msgspec.Meta(max_length=200, examples=["Phone"])]
_ID_CHARACTERS_MAX = 18


class ChangePassword(Input, frozen=True):
    """A new password."""

    password: Password


class NewEmail(Input, frozen=True):
    """The address that is wanted."""

    email: Email


class EmailLink(Input, frozen=True):
    """The token of the link."""

    token: Token


class TotpCode(Input, frozen=True):
    """A code of the generator that is being set up."""

    code: Code


class AddPasskey(Input, frozen=True):
    """What the browser's device made, and what it is to be called."""

    name: PasskeyName
    credential: PasskeyCredential


class RenamePasskey(Input, frozen=True):
    """Another name for a passkey."""

    name: PasskeyName


class MeView(Output, frozen=True):
    """Somebody about themselves."""

    session: SessionInfo
    created_us: int
    factors: tuple[Factor, ...]
    """What is set up."""
    step_up_by: tuple[Factor, ...]
    """Any one of these proves once more who you are."""
    recovery_codes_left: int
    passkeys: int
    security_changed_us: int
    """When a password, factor or e-mail address last changed, or 0: withdrawals wait after it."""


class CurrentSession(Output, frozen=True):
    """Who is signed in."""

    me: MeView | None
    """Nothing when nobody is."""


class OwnSessionView(Output, frozen=True):
    """One of somebody's sessions."""

    session_id: str
    current: bool
    factors: tuple[Factor, ...]
    started_us: int
    seen_us: int
    ends_us: int
    ip: str
    user_agent: str


class OwnSessions(Output, frozen=True):
    """Sessions that are alive, the one used last first."""

    sessions: tuple[OwnSessionView, ...]


class EndedSessions(Output, frozen=True):
    """How many sessions have ended."""

    ended: int


class TotpSecret(Output, frozen=True):
    """A generator's secret, shown until it is confirmed."""

    secret: str
    """Base32, to be typed."""
    uri: str
    """To be shown as a picture."""


class RecoveryCodesView(Output, frozen=True):
    """Recovery codes, shown this once; empty when there are older ones, which stay good."""

    recovery_codes: tuple[str, ...]


class PasskeyEntry(Output, frozen=True):
    """A passkey."""

    passkey_id: str
    name: str
    backed_up: bool
    """Whether its maker keeps a copy of it elsewhere."""
    created_us: int
    used_us: int
    """0: never."""


class PasskeyList(Output, frozen=True):
    """Passkeys, oldest first."""

    passkeys: tuple[PasskeyEntry, ...]


class AddedPasskey(Output, frozen=True):
    """A new passkey, and recovery codes when there were none; they are shown this once."""

    passkey: PasskeyEntry
    recovery_codes: tuple[str, ...]


class _Handlers:
    """The handlers of the routes below, each in the order of the port."""

    def __init__(self, account: OwnAccount) -> None:
        self._account = account

    async def me(self, call: WebCall) -> MeView:
        me = await self._account.me(call.person)
        return MeView(
            session=session_info(me.session),
            created_us=me.created_us,
            factors=tuple(sorted(me.factors)),
            step_up_by=tuple(sorted(me.step_up_by)),
            recovery_codes_left=me.recovery_codes_left,
            passkeys=me.passkeys,
            security_changed_us=me.security_changed_us,
        )

    async def current(self, call: WebCall) -> CurrentSession:
        if call.session is None:
            return CurrentSession(me=None)
        return CurrentSession(me=await self.me(call))

    async def change_password(self, call: WebCall) -> SessionInfo:
        asked = call.read(ChangePassword)
        started = await self._account.change_password(call.person, asked.password, caller_of(call))
        return give_cookie(call, started)

    async def ask_email(self, call: WebCall) -> None:
        await self._account.ask_email(call.person, call.read(NewEmail).email, caller_of(call))

    async def change_email(self, call: WebCall) -> SessionInfo:
        token = call.read(EmailLink).token
        started = await self._account.change_email(call.person, token, caller_of(call))
        return give_cookie(call, started)

    async def sessions(self, call: WebCall) -> OwnSessions:
        found = await self._account.sessions(call.person, call.now_us)
        return OwnSessions(
            sessions=tuple(
                OwnSessionView(
                    session_id=own.session_id,
                    current=own.current,
                    factors=tuple(sorted(own.factors)),
                    started_us=own.started_us,
                    seen_us=own.seen_us,
                    ends_us=own.ends_us,
                    ip=own.ip,
                    user_agent=own.user_agent,
                )
                for own in found
            )
        )

    async def end_session(self, call: WebCall) -> None:
        session_id = call.path["session_id"]
        await self._account.end_session(call.person, session_id, caller_of(call))
        if session_id == call.person.session_id:
            call.end_session()

    async def end_other_sessions(self, call: WebCall) -> EndedSessions:
        ended = await self._account.end_other_sessions(call.person, caller_of(call))
        return EndedSessions(ended=ended)

    async def begin_totp(self, call: WebCall) -> TotpSecret:
        set_up = await self._account.begin_totp(call.person, caller_of(call))
        return TotpSecret(secret=set_up.secret, uri=set_up.uri)

    async def confirm_totp(self, call: WebCall) -> RecoveryCodesView:
        code = call.read(TotpCode).code
        added = await self._account.confirm_totp(call.person, code, caller_of(call))
        give_cookie(call, added.session)
        return RecoveryCodesView(recovery_codes=added.recovery_codes)

    async def remove_totp(self, call: WebCall) -> None:
        await self._account.remove_totp(call.person, caller_of(call))

    async def make_recovery_codes(self, call: WebCall) -> RecoveryCodesView:
        codes = await self._account.make_recovery_codes(call.person, caller_of(call))
        return RecoveryCodesView(recovery_codes=codes)

    async def passkeys(self, call: WebCall) -> PasskeyList:
        found = await self._account.passkeys(call.person)
        return PasskeyList(passkeys=tuple(_entry(view) for view in found))

    async def add_passkey_options(self, call: WebCall) -> PasskeyOptionsView:
        options = await self._account.add_passkey_options(call.person, caller_of(call))
        return PasskeyOptionsView(public_key=dict(options))

    async def add_passkey(self, call: WebCall) -> AddedPasskey:
        asked = call.read(AddPasskey)
        view, added = await self._account.add_passkey(
            call.person, asked.name, asked.credential.answer(), caller_of(call)
        )
        give_cookie(call, added.session)
        return AddedPasskey(passkey=_entry(view), recovery_codes=added.recovery_codes)

    async def rename_passkey(self, call: WebCall) -> None:
        name = call.read(RenamePasskey).name
        await self._account.rename_passkey(call.person, _passkey_id(call), name, caller_of(call))

    async def remove_passkey(self, call: WebCall) -> None:
        await self._account.remove_passkey(call.person, _passkey_id(call), caller_of(call))


def routes(account: OwnAccount) -> tuple[Route, ...]:
    """Return the routes of one's own account."""
    handlers = _Handlers(account)
    return (
        *_of_oneself(handlers),
        *_of_the_address(handlers),
        *_of_codes(handlers),
        *_of_passkeys(handlers),
    )


def _of_oneself(handlers: _Handlers) -> tuple[Route, ...]:
    return (
        _route("GET", "/me", handlers.me, "See yourself", answer=MeView),
        _route(
            "GET",
            "/session",
            handlers.current,
            "See whether you are signed in, and as whom",
            access=Access.PUBLIC,
            answer=CurrentSession,
            description="Asked when the page opens: a stranger is told so, and not refused.",
        ),
        _route(
            "POST",
            "/me/password",
            handlers.change_password,
            "Change your password",
            access=Access.STEPPED_UP,
            body=ChangePassword,
            answer=SessionInfo,
            refusals=(
                Refusal.PASSWORD_TOO_SHORT,
                Refusal.PASSWORD_TOO_LONG,
                Refusal.PASSWORD_KNOWN,
                Refusal.PASSWORD_LIKE_EMAIL,
                Refusal.PASSWORD_UNCHANGED,
                Refusal.TOO_MANY_ATTEMPTS,
                Refusal.BUSY,
            ),
            description="Your other sessions end, and the cookie changes.",
        ),
        _route("GET", "/me/sessions", handlers.sessions, "List your sessions", answer=OwnSessions),
        _route(
            "DELETE",
            "/me/sessions/{session_id}",
            handlers.end_session,
            "End one of your sessions",
        ),
        _route(
            "POST",
            "/me/sessions/end-others",
            handlers.end_other_sessions,
            "End all your sessions but this one",
            answer=EndedSessions,
        ),
    )


def _of_the_address(handlers: _Handlers) -> tuple[Route, ...]:
    return (
        _route(
            "POST",
            "/me/email",
            handlers.ask_email,
            "Ask for another address",
            access=Access.STEPPED_UP,
            body=NewEmail,
            refusals=(
                Refusal.EMAIL_FORMAT,
                Refusal.EMAIL_UNCHANGED,
                Refusal.TOO_MANY_ATTEMPTS,
            ),
            description=(
                "Sends a link to it, and word to your present one. The answer is the same when"
                " somebody has it already."
            ),
        ),
        _route(
            "POST",
            "/me/email/confirm",
            handlers.change_email,
            "Take the address that a link was sent to",
            access=Access.STEPPED_UP,
            body=EmailLink,
            answer=SessionInfo,
            refusals=(Refusal.LINK_GONE, Refusal.TOO_MANY_ATTEMPTS),
            description=(
                "For whoever asked for the link. Your other sessions end, the cookie changes, and"
                " withdrawals wait for a while."
            ),
        ),
    )


def _of_codes(handlers: _Handlers) -> tuple[Route, ...]:
    return (
        _route(
            "POST",
            "/me/totp",
            handlers.begin_totp,
            "Begin to set up codes by time",
            access=Access.STEPPED_UP,
            answer=TotpSecret,
            refusals=(Refusal.FACTOR_EXISTS, Refusal.TOO_MANY_ATTEMPTS),
        ),
        _route(
            "POST",
            "/me/totp/confirm",
            handlers.confirm_totp,
            "Confirm codes by time with one of them",
            access=Access.STEPPED_UP,
            body=TotpCode,
            answer=RecoveryCodesView,
            refusals=(Refusal.WRONG_CODE, Refusal.FACTOR_UNKNOWN, Refusal.TOO_MANY_ATTEMPTS),
            description="The cookie changes: the session has proved a second factor.",
        ),
        _route(
            "DELETE",
            "/me/totp",
            handlers.remove_totp,
            "Remove codes by time",
            access=Access.STEPPED_UP,
            refusals=(Refusal.FACTOR_UNKNOWN,),
        ),
        _route(
            "POST",
            "/me/recovery-codes",
            handlers.make_recovery_codes,
            "Make new recovery codes",
            access=Access.STEPPED_UP,
            answer=RecoveryCodesView,
            refusals=(Refusal.FACTOR_NEEDED, Refusal.TOO_MANY_ATTEMPTS),
            description="Older ones are good no more.",
        ),
    )


def _of_passkeys(handlers: _Handlers) -> tuple[Route, ...]:
    return (
        _route("GET", "/me/passkeys", handlers.passkeys, "List your passkeys", answer=PasskeyList),
        _route(
            "POST",
            "/me/passkey-options",
            handlers.add_passkey_options,
            "Begin to add a passkey",
            access=Access.STEPPED_UP,
            answer=PasskeyOptionsView,
            refusals=(Refusal.TOO_MANY_PASSKEYS, Refusal.TOO_MANY_ATTEMPTS),
        ),
        _route(
            "POST",
            "/me/passkeys",
            handlers.add_passkey,
            "Add a passkey",
            access=Access.STEPPED_UP,
            body=AddPasskey,
            answer=AddedPasskey,
            refusals=(
                Refusal.PASSKEY_REFUSED,
                Refusal.PENDING_GONE,
                Refusal.FACTOR_EXISTS,
                Refusal.TOO_MANY_PASSKEYS,
                Refusal.NAME_FORMAT,
            ),
            status=201,
            description="The cookie changes: the session has proved a second factor.",
        ),
        _route(
            "PATCH",
            "/me/passkeys/{passkey_id}",
            handlers.rename_passkey,
            "Rename a passkey",
            body=RenamePasskey,
            refusals=(Refusal.FACTOR_UNKNOWN, Refusal.NAME_FORMAT),
        ),
        _route(
            "DELETE",
            "/me/passkeys/{passkey_id}",
            handlers.remove_passkey,
            "Remove a passkey",
            access=Access.STEPPED_UP,
            refusals=(Refusal.FACTOR_UNKNOWN,),
        ),
    )


def _route(
    method: str,
    path: str,
    handler: Any,
    summary: str,
    *,
    access: Access = Access.SESSION,
    body: type[msgspec.Struct] | None = None,
    answer: type[msgspec.Struct] | None = None,
    refusals: tuple[Refusal, ...] = (),
    description: str = "",
    status: int = 200,
) -> Route:
    return Route(
        method=method,
        path=path,
        handler=refusing(handler),
        access=access,
        summary=summary,
        tags=("me",),
        body=body,
        answer=answer,
        # Whoever is locked while they ask has no session any more.
        problems=problem_types(Refusal.SESSION_UNKNOWN, *refusals),
        description=description,
        status=status,
    )


def _entry(view: PasskeyView) -> PasskeyEntry:
    return PasskeyEntry(
        passkey_id=str(view.passkey_id),
        name=view.name,
        backed_up=view.backed_up,
        created_us=view.created_us,
        used_us=view.used_us,
    )


def _passkey_id(call: WebCall) -> int:
    text = call.path["passkey_id"]
    if not (text.isascii() and text.isdecimal() and len(text) <= _ID_CHARACTERS_MAX):
        raise problem_of(RefusedError(Refusal.FACTOR_UNKNOWN))
    return int(text)
