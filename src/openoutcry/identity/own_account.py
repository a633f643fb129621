"""What people see and do about their own safety: passwords, sessions, factors.

What changes something here is recorded before it is done: the owner hears of it from the record,
whatever crashes in between. What was recorded and cannot be done after all is refused.
"""

import unicodedata

from openoutcry.identity.desk import Desk
from openoutcry.identity.email_change import EmailChange
from openoutcry.identity.passkeys import PASSKEYS_MAX
from openoutcry.identity.sessions import SECOND_FACTORS
from openoutcry.ports.identity import (
    Caller,
    FactorAdded,
    Me,
    OwnSession,
    PasskeyAnswer,
    PasskeyOptions,
    PasskeyView,
    Refusal,
    RefusedError,
    StartedSession,
    TotpSetUp,
)
from openoutcry.ports.people import Factor, SessionView
from openoutcry.ports.people_store import Person, StoredPasskey

NAME_CHARACTERS_MAX = 60


class OwnAccountService:
    """`OwnAccount` over the desk's tools."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._stores = desk.stores
        self._email = EmailChange(desk)

    async def me(self, session: SessionView) -> Me:
        """Return what a person may know of themselves."""
        person = await self._desk.person(session.person_id)
        factors = await self._desk.factors_of(person.person_id)
        second = factors & SECOND_FACTORS
        return Me(
            session=session,
            created_us=person.created_us,
            factors=factors,
            recovery_codes_left=await self._stores.factors.recovery_codes_left(person.person_id),
            passkeys=len(await self._stores.factors.passkeys_of(person.person_id)),
            step_up_by=factors - {Factor.PASSWORD} if second else frozenset({Factor.PASSWORD}),
            security_changed_us=person.security_changed_us,
        )

    async def change_password(
        self, session: SessionView, password: str, caller: Caller
    ) -> StartedSession:
        """Replace the password; other sessions end, this one's token changes."""
        desk = self._desk
        person = await desk.person(session.person_id)
        password = desk.passwords.judge(password, person.email)
        await desk.limits.begin(desk.limits.changes(person.person_id), caller.now_us)
        if await desk.passwords.verify(person.password_hash, password):
            raise RefusedError(Refusal.PASSWORD_UNCHANGED)
        new_hash = await desk.passwords.hash(password)
        await desk.record("password.change", person, caller)
        await desk.shut_out(person.person_id, but=session.session_id)
        if not await self._stores.people.set_password(
            person.person_id, new_hash, was=person.password_hash, changed_us=caller.now_us
        ):
            raise RefusedError(Refusal.SESSION_UNKNOWN)
        await self._stores.tokens.forget_mail_tokens(person.email_key)
        await desk.shut_out(person.person_id, but=session.session_id)
        return await desk.sessions.renew(session.session_id, caller.now_us)

    async def ask_email(self, session: SessionView, email: str, caller: Caller) -> None:
        """Send a link to another address; or, when it is somebody's, a hint."""
        await self._email.ask(session, email, caller)

    async def change_email(
        self, session: SessionView, token: str, caller: Caller
    ) -> StartedSession:
        """Take the address that a link was sent to; other sessions end."""
        return await self._email.change(session, token, caller)

    async def sessions(self, session: SessionView, now_us: int) -> list[OwnSession]:
        """Return one's living sessions, the one used last first."""
        return [
            OwnSession(
                session_id=own.session_id,
                current=own.session_id == session.session_id,
                factors=own.factors,
                started_us=own.started_us,
                seen_us=own.seen_us,
                ends_us=own.ends_us,
                ip=own.ip,
                user_agent=own.user_agent,
            )
            for own in await self._desk.sessions.living_of(session.person_id, now_us)
        ]

    async def end_session(self, session: SessionView, session_id: str, caller: Caller) -> None:
        """End one of one's sessions."""
        if not await self._desk.sessions.has(session_id, session.person_id):
            raise RefusedError(Refusal.SESSION_UNKNOWN)
        person = await self._stores.people.person(session.person_id)
        await self._desk.record("session.end", person, caller)
        if not await self._desk.sessions.end(session_id, session.person_id):
            raise RefusedError(Refusal.SESSION_UNKNOWN)

    async def end_other_sessions(self, session: SessionView, caller: Caller) -> int:
        """End all but this one; returns how many."""
        own = await self._stores.sessions.sessions_of(session.person_id)
        others = sum(one.session_id != session.session_id for one in own)
        person = await self._stores.people.person(session.person_id)
        await self._desk.record("session.end-others", person, caller, {"ended": str(others)})
        return await self._desk.sessions.end_all(session.person_id, but=session.session_id)

    async def begin_totp(self, session: SessionView, caller: Caller) -> TotpSetUp:
        """Make a generator's secret; it proves nothing until confirmed."""
        person = await self._desk.person(session.person_id)
        limits = self._desk.limits
        await limits.begin(limits.changes(person.person_id), caller.now_us)
        begun = await self._desk.totp.begin(person.person_id, person.email, caller.now_us)
        if begun is None:
            raise RefusedError(Refusal.FACTOR_EXISTS)
        return begun

    async def confirm_totp(self, session: SessionView, code: str, caller: Caller) -> FactorAdded:
        """Confirm it by a code, which the session has proved then."""
        desk = self._desk
        person = await desk.person(session.person_id)
        if not await desk.totp.is_begun(person.person_id):
            raise RefusedError(Refusal.FACTOR_UNKNOWN)
        guard = desk.limits.code(person.person_id, caller.ip)
        await desk.limits.begin(guard, caller.now_us)
        proof = await desk.totp.proof(person.person_id, code, caller.now_us)
        if proof is None:
            await desk.failed("factor.refuse", guard, person, caller, Factor.TOTP.value)
            raise RefusedError(Refusal.WRONG_CODE)
        await desk.limits.succeeded(guard, caller.now_us)
        await self._begin_change(person, "factor.add", Factor.TOTP, "codes by time", caller)
        if not await desk.totp.confirm(proof):
            raise RefusedError(Refusal.FACTOR_UNKNOWN)
        return await self._added(session, Factor.TOTP, caller)

    async def remove_totp(self, session: SessionView, caller: Caller) -> None:
        """Forget the generator."""
        person = await self._desk.person(session.person_id)
        totp = await self._stores.factors.totp(person.person_id)
        if totp is None or not totp.confirmed:
            raise RefusedError(Refusal.FACTOR_UNKNOWN)
        await self._begin_change(person, "factor.remove", Factor.TOTP, "codes by time", caller)
        await self._stores.sessions.unprove(person.person_id, {Factor.TOTP})
        await self._stores.factors.remove_totp(person.person_id)
        await self._forget_codes_that_stand_alone(person)

    async def make_recovery_codes(self, session: SessionView, caller: Caller) -> tuple[str, ...]:
        """Make new recovery codes; older ones are good no more."""
        person = await self._desk.person(session.person_id)
        if not SECOND_FACTORS & await self._desk.factors_of(person.person_id):
            raise RefusedError(Refusal.FACTOR_NEEDED)
        limits = self._desk.limits
        await limits.begin(limits.changes(person.person_id), caller.now_us)
        await self._desk.record("recovery-codes.make", person, caller)
        return await self._desk.recovery.make(person.person_id)

    async def passkeys(self, session: SessionView) -> list[PasskeyView]:
        """Return one's passkeys, oldest first."""
        stored = await self._stores.factors.passkeys_of(session.person_id)
        return [_view(passkey) for passkey in stored]

    async def add_passkey_options(self, session: SessionView, caller: Caller) -> PasskeyOptions:
        """Begin to add a passkey."""
        person = await self._desk.person(session.person_id)
        await self._check_room(person)
        limits = self._desk.limits
        await limits.begin(limits.changes(person.person_id), caller.now_us)
        return await self._desk.passkeys.ask_to_add(
            person.person_id, person.email, session.session_id, caller
        )

    async def add_passkey(
        self, session: SessionView, name: str, answer: PasskeyAnswer, caller: Caller
    ) -> tuple[PasskeyView, FactorAdded]:
        """Add a passkey, which the session has proved then."""
        person = await self._desk.person(session.person_id)
        name = _checked_name(name)
        await self._check_room(person)
        new = await self._desk.passkeys.check_new(
            person.person_id, session.session_id, answer, caller
        )
        passkey = StoredPasskey(
            passkey_id=0,
            person_id=person.person_id,
            credential_id=new.credential_id,
            public_key=new.public_key,
            sign_count=new.sign_count,
            name=name,
            transports=new.transports,
            backed_up=new.backed_up,
            created_us=caller.now_us,
            used_us=0,
        )
        if await self._stores.factors.passkey(new.credential_id) is not None:
            raise RefusedError(Refusal.FACTOR_EXISTS)
        await self._begin_change(person, "factor.add", Factor.PASSKEY, name, caller)
        try:
            passkey = await self._stores.factors.add_passkey(passkey)
        except ValueError as error:
            raise RefusedError(Refusal.FACTOR_EXISTS) from error
        return _view(passkey), await self._added(session, Factor.PASSKEY, caller)

    async def rename_passkey(
        self, session: SessionView, passkey_id: int, name: str, caller: Caller
    ) -> None:
        """Give a passkey another name."""
        person = await self._desk.person(session.person_id)
        name = _checked_name(name)
        await self._name_of(passkey_id, person)
        await self._desk.record("passkey.rename", person, caller, {"passkey": str(passkey_id)})
        if not await self._stores.factors.rename_passkey(passkey_id, person.person_id, name):
            raise RefusedError(Refusal.FACTOR_UNKNOWN)

    async def remove_passkey(self, session: SessionView, passkey_id: int, caller: Caller) -> None:
        """Forget a passkey."""
        person = await self._desk.person(session.person_id)
        name = await self._name_of(passkey_id, person)
        await self._begin_change(person, "factor.remove", Factor.PASSKEY, name, caller)
        # Which one of several a session has proved is not known.
        await self._stores.sessions.unprove(person.person_id, {Factor.PASSKEY})
        await self._stores.factors.remove_passkey(passkey_id, person.person_id)
        await self._forget_codes_that_stand_alone(person)

    async def _check_room(self, person: Person) -> None:
        if len(await self._stores.factors.passkeys_of(person.person_id)) >= PASSKEYS_MAX:
            raise RefusedError(Refusal.TOO_MANY_PASSKEYS)

    async def _name_of(self, passkey_id: int, person: Person) -> str:
        """Return what somebody has named their passkey; raises RefusedError."""
        for passkey in await self._stores.factors.passkeys_of(person.person_id):
            if passkey.passkey_id == passkey_id:
                return passkey.name
        raise RefusedError(Refusal.FACTOR_UNKNOWN)

    async def _begin_change(
        self, person: Person, action: str, factor: Factor, name: str, caller: Caller
    ) -> None:
        """Record that a factor comes or goes, and have withdrawals wait; then it may."""
        details = {"factor": factor.value, "name": name}
        await self._desk.record(action, person, caller, details)
        await self._stores.people.security_changed(person.person_id, caller.now_us)

    async def _added(self, session: SessionView, factor: Factor, caller: Caller) -> FactorAdded:
        """Return what comes of a factor that a session has proved by adding it."""
        codes = await self._desk.recovery.make_if_none(session.person_id)
        renewed = await self._desk.sessions.renew(session.session_id, caller.now_us, {factor})
        return FactorAdded(renewed, codes)

    async def _forget_codes_that_stand_alone(self, person: Person) -> None:
        if not SECOND_FACTORS & await self._desk.factors_of(person.person_id):
            await self._stores.sessions.unprove(person.person_id, {Factor.RECOVERY_CODE})
            await self._stores.factors.set_recovery_codes(person.person_id, ())


def _view(passkey: StoredPasskey) -> PasskeyView:
    return PasskeyView(
        passkey.passkey_id, passkey.name, passkey.backed_up, passkey.created_us, passkey.used_us
    )


def _checked_name(name: str) -> str:
    """Return a name that can be shown in one line; raises RefusedError."""
    name = unicodedata.normalize("NFC", name).strip()
    if not 0 < len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
        raise RefusedError(Refusal.NAME_FORMAT)
    return name
