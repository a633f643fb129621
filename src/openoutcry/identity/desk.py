"""What all of identity's services share: stores, limits, sessions, records."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from openoutcry.core.ids import account_id_of
from openoutcry.identity.codes import RecoveryCodes, TotpCodes
from openoutcry.identity.errands import Errands
from openoutcry.identity.limits import Guard, Limits
from openoutcry.identity.passkeys import CounterRegressedError, Passkeys
from openoutcry.identity.passwords import Passwords
from openoutcry.identity.sessions import SessionKeeper
from openoutcry.identity.settings import IdentitySettings
from openoutcry.ports.audit import NO_DETAILS, AuditTrail, person_actor
from openoutcry.ports.identity import Caller, PasskeyAnswer, Refusal, RefusedError
from openoutcry.ports.mail import Mailer
from openoutcry.ports.people import (
    AccountOpener,
    AccountOpenerError,
    Factor,
    PersonStatus,
)
from openoutcry.ports.people_store import (
    PendingKind,
    PeopleStores,
    Person,
    StoredPasskey,
    TokenPurpose,
)
from openoutcry.ports.sealing import Sealer

NOBODY = "anonymous"
"""The actor of a record when nobody was known."""

log = logging.getLogger("openoutcry.identity")


@dataclass(frozen=True, slots=True)
class Outside:
    """What identity needs of others."""

    stores: PeopleStores
    sealer: Sealer
    mailer: Mailer
    audit: AuditTrail
    accounts: AccountOpener


@dataclass(slots=True)
class Desk:
    """The tools of the services, made once."""

    outside: Outside
    settings: IdentitySettings
    stores: PeopleStores = field(init=False)
    passwords: Passwords = field(init=False)
    limits: Limits = field(init=False)
    sessions: SessionKeeper = field(init=False)
    totp: TotpCodes = field(init=False)
    recovery: RecoveryCodes = field(init=False)
    passkeys: Passkeys = field(init=False)
    errands: Errands = field(init=False)

    def __post_init__(self) -> None:
        """Make the tools."""
        stores, settings = self.outside.stores, self.settings
        self.stores = stores
        self.passwords = Passwords(settings)
        self.limits = Limits(stores.attempts, settings)
        self.sessions = SessionKeeper(stores.sessions, stores.factors, settings)
        self.totp = TotpCodes(stores.factors, self.outside.sealer, settings)
        self.recovery = RecoveryCodes(stores.factors, settings)
        self.passkeys = Passkeys(stores.factors, stores.tokens, settings)
        self.errands = Errands(self.outside.mailer)

    async def record(
        self,
        action: str,
        person: Person | None,
        caller: Caller,
        details: Mapping[str, str] = NO_DETAILS,
        *,
        on: Person | None = None,
    ) -> None:
        """Record an act of a person, or of nobody who is known, on themselves or somebody else."""
        actor = NOBODY if person is None else person_actor(person.person_id)
        target = actor if on is None else person_actor(on.person_id)
        details = {"ip": caller.ip, **details}
        await self.outside.audit.record(actor, action, target, details, caller.request_id)

    async def person(self, person_id: int) -> Person:
        """Return somebody who has a session or is half way to one; raises RefusedError."""
        person = await self.stores.people.person(person_id)
        if person is None or person.status is not PersonStatus.ACTIVE:
            raise RefusedError(Refusal.SESSION_UNKNOWN)
        return person

    async def shut_out(self, person_id: int, *, but: str = "") -> None:
        """End all of somebody's sessions but one, and what was half begun as them.

        Sign-ins, and a change of address: whoever is shut out could send the link of that to its
        owner, and have them open it. What shuts others out does so before its deed, so that a crash
        leaves nobody in, and once more after it: somebody may have come in meanwhile.
        """
        await self.stores.tokens.forget_pending(person_id)
        await self.stores.tokens.forget_mail_tokens_of(person_id, TokenPurpose.CHANGE_EMAIL)
        await self.sessions.end_all(person_id, but=but)

    async def factors_of(self, person_id: int) -> frozenset[Factor]:
        """Return what somebody has set up."""
        return (await self.stores.factors.factors_of([person_id]))[person_id]

    async def may_write_to(self, email_key: str, caller: Caller, *, resets: bool = False) -> bool:
        """Whether one more letter may go to an address; it is counted. Nobody is told that not."""
        guard = self.limits.letters_to(email_key, caller.ip, resets=resets)
        try:
            await self.limits.begin(guard, caller.now_us)
        except RefusedError:
            return False
        return True

    async def failed(
        self, action: str, guard: Guard, person: Person | None, caller: Caller, how: str
    ) -> None:
        """Record an attempt on somebody, and whether it was the last one for a while.

        Writes as much for somebody unknown as for somebody known.
        """
        locked = await self.limits.is_used_up(guard, caller.now_us) if guard.own else False
        details = {"how": how, "locked": "yes" if locked else "no"}
        await self.record(action, None, caller, details, on=person)

    async def open_account(self, person: Person) -> None:
        """Have the exchange open somebody's account, once; raises RefusedError."""
        if person.account_opened:
            return
        try:
            await self.outside.accounts.open(account_id_of(person.person_id))
        except AccountOpenerError as error:
            log.warning("the account of person %d is not open: %s", person.person_id, error)
            raise RefusedError(Refusal.ACCOUNT_AWAY, retry_after_s=5) from error
        await self.stores.people.account_opened(person.person_id)

    async def check_code(self, person: Person, factor: Factor, code: str, caller: Caller) -> None:
        """Take a code by time or a recovery code; raises RefusedError."""
        if factor not in {Factor.TOTP, Factor.RECOVERY_CODE}:
            raise RefusedError(Refusal.FACTOR_UNKNOWN)
        guard = self.limits.code(person.person_id, caller.ip)
        await self.limits.begin(guard, caller.now_us)
        if factor is Factor.TOTP:
            right = await self.totp.use(person.person_id, code, caller.now_us)
        else:
            right = await self.recovery.use(person.person_id, code)
        if not right:
            await self.failed("factor.refuse", guard, person, caller, factor.value)
            raise RefusedError(Refusal.WRONG_CODE)
        await self.limits.succeeded(guard, caller.now_us)
        if factor is Factor.RECOVERY_CODE:
            left = await self.stores.factors.recovery_codes_left(person.person_id)
            await self.record("recovery-code.use", person, caller, {"left": str(left)})

    async def check_passkey(
        self,
        kind: PendingKind,
        person: Person | None,
        session_id: str,
        answer: PasskeyAnswer,
        caller: Caller,
    ) -> StoredPasskey:
        """Take the answer of a passkey; raises RefusedError."""
        if person is None:
            guard = self.limits.passkey(caller.ip)
        else:
            guard = self.limits.code(person.person_id, caller.ip)
        await self.limits.begin(guard, caller.now_us)
        person_id = 0 if person is None else person.person_id
        try:
            passkey = await self.passkeys.check(kind, person_id, session_id, answer, caller)
        except CounterRegressedError as error:
            await self._note_regression(error, caller)
            raise RefusedError(Refusal.PASSKEY_REFUSED) from error
        except RefusedError as refused:
            if refused.refusal is Refusal.PASSKEY_REFUSED:
                await self.failed("factor.refuse", guard, person, caller, Factor.PASSKEY.value)
            raise
        await self.limits.succeeded(guard, caller.now_us)
        return passkey

    async def _note_regression(self, error: CounterRegressedError, caller: Caller) -> None:
        passkey = error.passkey
        log.warning(
            "the counter of passkey %d went from %d to %d",
            passkey.passkey_id,
            passkey.sign_count,
            error.sign_count,
        )
        person = await self.stores.people.person(passkey.person_id)
        details = {
            "passkey": str(passkey.passkey_id),
            "name": passkey.name,
            "was": str(passkey.sign_count),
            "is": str(error.sign_count),
        }
        await self.record("passkey.regress", None, caller, details, on=person)
