"""From a stranger to a session: sign-up, sign-in, its second step, step-up, reset.

Until a password was right, nothing that is answered depends on whether somebody is known: the
texts are equal, a hash is computed and a record is written in either case, and what differs (the
letters) is done after the answer.
"""

from openoutcry.identity.addresses import check_email, key_of_email
from openoutcry.identity.desk import Desk
from openoutcry.identity.letters import confirm_letter, known_letter, reset_letter
from openoutcry.identity.sessions import SECOND_FACTORS
from openoutcry.identity.tokens import hash_of_token, new_token
from openoutcry.ports.audit import AuditFilter, person_actor
from openoutcry.ports.identity import (
    Caller,
    NextStep,
    PasskeyAnswer,
    PasskeyOptions,
    PendingSignIn,
    Refusal,
    RefusedError,
    SignIn,
    StartedSession,
)
from openoutcry.ports.people import (
    EmailFormatError,
    EmailTakenError,
    Factor,
    PersonStatus,
    SessionView,
)
from openoutcry.ports.people_store import (
    MailToken,
    NewPerson,
    Pending,
    PendingKind,
    Person,
    TokenPurpose,
)

_PASSWORD = frozenset({Factor.PASSWORD})


class SigningInService:
    """`SigningIn` over the desk's tools."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._stores = desk.stores

    async def sign_up(self, email: str, password: str, caller: Caller) -> None:
        """Send a link to the address; or, to somebody who has an account, a hint."""
        try:
            email = check_email(email)
        except EmailFormatError as error:
            raise RefusedError(Refusal.EMAIL_FORMAT) from error
        password = self._desk.passwords.judge(password, email)
        await self._desk.limits.begin(self._desk.limits.letters(caller.ip), caller.now_us)
        password_hash = await self._desk.passwords.hash(password)
        self._desk.errands.run(self._invite(email, password_hash, caller))

    async def _invite(self, email: str, password_hash: str, caller: Caller) -> None:
        """Store a sign-up and send its link, or remind whoever has an account."""
        key = key_of_email(email)
        if not await self._desk.may_write_to(key, caller):
            return
        origin = self._desk.settings.page_origin(caller.origin)
        person = await self._stores.people.person_by_email(key)
        if person is not None:
            await self._desk.record("sign-up.remind", None, caller, on=person)
            await self._desk.errands.post(known_letter(self._desk.settings, origin, person.email))
            return
        token = new_token()
        expires_us = caller.now_us + self._desk.settings.sign_up_link_us
        await self._stores.tokens.add_mail_token(
            MailToken(
                hash_of_token(token),
                TokenPurpose.SIGN_UP,
                email,
                key,
                0,
                password_hash,
                expires_us,
            )
        )
        await self._desk.record("sign-up.begin", None, caller)
        await self._desk.errands.post(confirm_letter(self._desk.settings, origin, email, token))

    async def confirm(self, token: str, password: str, caller: Caller) -> SignIn:
        """Make the person of a link and the password they signed up with; sign them in."""
        token_hash = _hash_of_link(token)
        guard = self._desk.limits.link(token_hash, caller.ip)
        await self._desk.limits.begin(guard, caller.now_us)
        purpose = TokenPurpose.SIGN_UP
        mailed = await self._stores.tokens.mail_token(token_hash, purpose, caller.now_us)
        password_hash = None if mailed is None else mailed.password_hash
        right = await self._desk.passwords.verify(password_hash, password)
        if mailed is None:
            raise RefusedError(Refusal.LINK_GONE)
        if not right:
            raise RefusedError(Refusal.WRONG_PASSWORD)
        if await self._stores.tokens.take_mail_token(token_hash, purpose, caller.now_us) is None:
            raise RefusedError(Refusal.LINK_GONE)
        await self._desk.limits.succeeded(guard, caller.now_us)
        person = await self._add_person(mailed, caller)
        return await self._go_on(person, _PASSWORD, caller)

    async def _add_person(self, mailed: MailToken, caller: Caller) -> Person:
        new = NewPerson(mailed.email, mailed.email_key, mailed.password_hash, caller.now_us)
        try:
            person = await self._stores.people.add_person(new)
        except EmailTakenError as error:
            raise RefusedError(Refusal.LINK_GONE) from error
        # Others may have signed up with the address and passwords of their own.
        await self._stores.tokens.forget_mail_tokens(mailed.email_key)
        return person

    async def _record_sign_up(self, person: Person, caller: Caller) -> None:
        """Record that somebody has signed up, before they have done anything, and once.

        Their number is known only when they are stored. So a crash may come between, and whoever
        goes on as them records it then.
        """
        is_new = person.signed_in_us == 0 and person.security_changed_us == 0
        if not is_new or person.must_change_password:
            return
        action, name = "sign-up.confirm", person_actor(person.person_id)
        wanted = AuditFilter(actor=name, action=action, target=name)
        if not await self._desk.outside.audit.newest(1, wanted=wanted):
            await self._desk.record(action, person, caller)

    async def sign_in(self, email: str, password: str, caller: Caller) -> SignIn:
        """Check a password."""
        desk = self._desk
        key = key_of_email(email.strip(" "))
        guard = desk.limits.password(key, caller.ip)
        await desk.limits.begin(guard, caller.now_us)
        person = await self._stores.people.person_by_email(key)
        password_hash = None if person is None else person.password_hash
        right = await desk.passwords.verify(password_hash, password)
        if person is None or not right or person.status is not PersonStatus.ACTIVE:
            await desk.failed("sign-in.refuse", guard, person, caller, Factor.PASSWORD.value)
            raise RefusedError(Refusal.BAD_CREDENTIALS)
        await desk.limits.succeeded(guard, caller.now_us)
        await self._hash_again(person, password)
        return await self._go_on(person, _PASSWORD, caller)

    async def _hash_again(self, person: Person, password: str) -> None:
        """Bring an old hash to the parameters of now, while the password is at hand."""
        was = person.password_hash
        if self._desk.passwords.is_outdated(was):
            new_hash = await self._desk.passwords.hash(password)
            await self._stores.people.set_password(
                person.person_id, new_hash, was=was, changed_us=0
            )

    async def answer_code(self, token: str, factor: Factor, code: str, caller: Caller) -> SignIn:
        """Go on with a code by time, or a recovery code."""
        person, proved = await self._waiting(token, PendingKind.SECOND_FACTOR, caller)
        await self._desk.check_code(person, factor, code, caller)
        await self._take(token, PendingKind.SECOND_FACTOR, caller)
        return await self._go_on(person, proved | {factor}, caller)

    async def factor_passkey_options(self, token: str, caller: Caller) -> PasskeyOptions:
        """Begin going on with a passkey."""
        person, _ = await self._waiting(token, PendingKind.SECOND_FACTOR, caller)
        if Factor.PASSKEY not in await self._desk.factors_of(person.person_id):
            raise RefusedError(Refusal.FACTOR_UNKNOWN)
        kind = PendingKind.PASSKEY_FACTOR
        return await self._desk.passkeys.ask(kind, person.person_id, "", caller)

    async def answer_passkey(self, token: str, answer: PasskeyAnswer, caller: Caller) -> SignIn:
        """Go on with a passkey."""
        person, proved = await self._waiting(token, PendingKind.SECOND_FACTOR, caller)
        await self._desk.check_passkey(PendingKind.PASSKEY_FACTOR, person, "", answer, caller)
        await self._take(token, PendingKind.SECOND_FACTOR, caller)
        return await self._go_on(person, proved | {Factor.PASSKEY}, caller)

    async def answer_new_password(self, token: str, password: str, caller: Caller) -> SignIn:
        """Go on by replacing a password that was given once."""
        person, proved = await self._waiting(token, PendingKind.NEW_PASSWORD, caller)
        password = self._desk.passwords.judge(password, person.email)
        if await self._desk.passwords.verify(person.password_hash, password):
            raise RefusedError(Refusal.PASSWORD_UNCHANGED)
        new_hash = await self._desk.passwords.hash(password)
        await self._take(token, PendingKind.NEW_PASSWORD, caller)
        await self._change_password("password.change", person, new_hash, caller)
        return await self._go_on(await self._desk.person(person.person_id), proved, caller)

    async def passkey_options(self, caller: Caller) -> PasskeyOptions:
        """Begin signing in with a passkey and nothing else."""
        return await self._desk.passkeys.ask(PendingKind.PASSKEY_SIGN_IN, 0, "", caller)

    async def passkey_sign_in(self, answer: PasskeyAnswer, caller: Caller) -> SignIn:
        """Sign in with a passkey whose device has verified its user."""
        kind = PendingKind.PASSKEY_SIGN_IN
        passkey = await self._desk.check_passkey(kind, None, "", answer, caller)
        person = await self._stores.people.person(passkey.person_id)
        if person is None or person.status is not PersonStatus.ACTIVE:
            raise RefusedError(Refusal.PASSKEY_REFUSED)
        return await self._go_on(person, frozenset({Factor.PASSKEY}), caller)

    async def request_reset(self, email: str, caller: Caller) -> None:
        """Send a link to whose address it is; nobody learns whether there is such a person."""
        try:
            key = key_of_email(check_email(email))
        except EmailFormatError as error:
            raise RefusedError(Refusal.EMAIL_FORMAT) from error
        await self._desk.limits.begin(self._desk.limits.letters(caller.ip), caller.now_us)
        self._desk.errands.run(self._send_reset(key, caller))

    async def _send_reset(self, key: str, caller: Caller) -> None:
        person = await self._stores.people.person_by_email(key)
        if person is None or not await self._desk.may_write_to(key, caller, resets=True):
            return
        token = new_token()
        await self._stores.tokens.add_mail_token(
            MailToken(
                hash_of_token(token),
                TokenPurpose.RESET,
                person.email,
                key,
                person.person_id,
                "",
                caller.now_us + self._desk.settings.reset_link_us,
            )
        )
        await self._desk.record("password.ask-reset", None, caller, on=person)
        origin = self._desk.settings.page_origin(caller.origin)
        letter = reset_letter(self._desk.settings, origin, person.email, token)
        await self._desk.errands.post(letter)

    async def reset(self, token: str, password: str, caller: Caller) -> None:
        """Set a new password by a link. Signs nobody in, leaves factors, ends all sessions."""
        token_hash = _hash_of_link(token)
        guard = self._desk.limits.link(token_hash, caller.ip)
        await self._desk.limits.begin(guard, caller.now_us)
        purpose = TokenPurpose.RESET
        mailed = await self._stores.tokens.mail_token(token_hash, purpose, caller.now_us)
        if mailed is None:
            raise RefusedError(Refusal.LINK_GONE)
        await self._desk.limits.succeeded(guard, caller.now_us)
        password = self._desk.passwords.judge(password, mailed.email)
        new_hash = await self._desk.passwords.hash(password)
        if await self._stores.tokens.take_mail_token(token_hash, purpose, caller.now_us) is None:
            raise RefusedError(Refusal.LINK_GONE)
        person = await self._stores.people.person(mailed.person_id)
        assert person is not None, "people are not deleted"
        if person.email_key != mailed.email_key:  # the letter went to what is theirs no more
            raise RefusedError(Refusal.LINK_GONE)
        await self._record_sign_up(person, caller)
        await self._change_password("password.reset", person, new_hash, caller)
        await self._desk.limits.succeeded(
            self._desk.limits.password(person.email_key, caller.ip), caller.now_us
        )

    async def _change_password(
        self, action: str, person: Person, new_hash: str, caller: Caller
    ) -> None:
        """Replace a password, which is recorded first; end all that was begun with the old one."""
        await self._desk.record(action, person, caller)
        await self._desk.shut_out(person.person_id)
        was = person.password_hash
        while not await self._stores.people.set_password(
            person.person_id, new_hash, was=was, changed_us=caller.now_us
        ):
            now = await self._stores.people.person(person.person_id)
            assert now is not None, "people are not deleted"
            assert now.password_hash != was, "a hash that is known is replaced"
            was = now.password_hash
        await self._stores.tokens.forget_mail_tokens(person.email_key)
        await self._desk.shut_out(person.person_id)

    async def sign_out(self, session: SessionView, caller: Caller) -> None:
        """End a session."""
        person = await self._stores.people.person(session.person_id)
        await self._desk.record("session.end", person, caller)
        await self._desk.sessions.end(session.session_id, session.person_id)

    async def step_up_password(
        self, session: SessionView, password: str, caller: Caller
    ) -> StartedSession:
        """Prove by password who one is; the token changes. Not for those with a second factor."""
        desk = self._desk
        person = await desk.person(session.person_id)
        if SECOND_FACTORS & await desk.factors_of(person.person_id):
            raise RefusedError(Refusal.FACTOR_NEEDED)
        guard = desk.limits.code(person.person_id, caller.ip)
        await desk.limits.begin(guard, caller.now_us)
        if not await desk.passwords.verify(person.password_hash, password):
            await desk.failed("step-up.refuse", guard, person, caller, Factor.PASSWORD.value)
            raise RefusedError(Refusal.WRONG_PASSWORD)
        await desk.limits.succeeded(guard, caller.now_us)
        return await self._step_up(session, person, Factor.PASSWORD, caller)

    async def step_up_code(
        self, session: SessionView, factor: Factor, code: str, caller: Caller
    ) -> StartedSession:
        """Prove it by a code."""
        person = await self._desk.person(session.person_id)
        await self._desk.check_code(person, factor, code, caller)
        return await self._step_up(session, person, factor, caller)

    async def step_up_passkey_options(self, session: SessionView, caller: Caller) -> PasskeyOptions:
        """Begin to prove it by a passkey."""
        person = await self._desk.person(session.person_id)
        if Factor.PASSKEY not in await self._desk.factors_of(person.person_id):
            raise RefusedError(Refusal.FACTOR_UNKNOWN)
        kind = PendingKind.PASSKEY_STEP_UP
        return await self._desk.passkeys.ask(kind, person.person_id, session.session_id, caller)

    async def step_up_passkey(
        self, session: SessionView, answer: PasskeyAnswer, caller: Caller
    ) -> StartedSession:
        """Prove it by a passkey."""
        person = await self._desk.person(session.person_id)
        kind = PendingKind.PASSKEY_STEP_UP
        await self._desk.check_passkey(kind, person, session.session_id, answer, caller)
        return await self._step_up(session, person, Factor.PASSKEY, caller)

    async def _step_up(
        self, session: SessionView, person: Person, factor: Factor, caller: Caller
    ) -> StartedSession:
        await self._desk.record("step-up.pass", person, caller, {"how": factor.value})
        return await self._desk.sessions.renew(session.session_id, caller.now_us, {factor})

    async def _waiting(
        self, token: str, kind: PendingKind, caller: Caller
    ) -> tuple[Person, frozenset[Factor]]:
        """Return who has begun to sign in, and what was proved; raises RefusedError."""
        pending = await self._stores.tokens.pending(hash_of_token(token), kind, caller.now_us)
        if pending is None:
            raise RefusedError(Refusal.PENDING_GONE)
        person = await self._stores.people.person(pending.person_id)
        if person is None or person.status is not PersonStatus.ACTIVE:
            raise RefusedError(Refusal.PENDING_GONE)
        return person, pending.factors

    async def _take(self, token: str, kind: PendingKind, caller: Caller) -> None:
        """Let a step be gone on with once only; raises RefusedError."""
        taken = await self._stores.tokens.take_pending(hash_of_token(token), kind, caller.now_us)
        if taken is None:
            raise RefusedError(Refusal.PENDING_GONE)

    async def _go_on(self, person: Person, proved: frozenset[Factor], caller: Caller) -> SignIn:
        """Ask for what is still missing, or begin the session."""
        factors = await self._desk.factors_of(person.person_id)
        if proved == _PASSWORD and factors & SECOND_FACTORS:
            return await self._wait(
                person, NextStep.SECOND_FACTOR, factors - _PASSWORD, proved, caller
            )
        if person.must_change_password:
            return await self._wait(person, NextStep.NEW_PASSWORD, _PASSWORD, proved, caller)
        await self._record_sign_up(person, caller)
        await self._desk.open_account(person)
        how = "+".join(sorted(factor.value for factor in proved))
        await self._desk.record("sign-in.pass", person, caller, {"how": how})
        await self._stores.people.signed_in(person.person_id, caller.now_us)
        return await self._desk.sessions.start(person, proved, caller)

    async def _wait(
        self,
        person: Person,
        step: NextStep,
        factors: frozenset[Factor],
        proved: frozenset[Factor],
        caller: Caller,
    ) -> PendingSignIn:
        token = new_token()
        expires_us = caller.now_us + self._desk.settings.step_us
        kind = PendingKind(step.value)
        await self._stores.tokens.add_pending(
            Pending(hash_of_token(token), kind, person.person_id, "", proved, expires_us)
        )
        return PendingSignIn(token, step, factors, expires_us)


def _hash_of_link(token: str) -> bytes:
    """Return what is stored of a link's token; raises RefusedError for what no link has."""
    token_hash = hash_of_token(token)
    if not token_hash:
        raise RefusedError(Refusal.LINK_GONE)
    return token_hash
