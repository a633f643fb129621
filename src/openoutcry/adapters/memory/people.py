"""People in dictionaries: for tests and for exchanges that live no longer than their process."""

from collections.abc import Collection
from dataclasses import replace

from openoutcry.ports.people import (
    FIRST_PERSON_ID,
    EmailTakenError,
    Factor,
    OperatorRole,
    PersonStatus,
)
from openoutcry.ports.people_store import (
    Allowance,
    MailToken,
    NewPerson,
    Pending,
    PendingKind,
    PeopleStores,
    Person,
    StoredPasskey,
    StoredSession,
    StoredTotp,
    TokenPurpose,
)


def memory_people() -> PeopleStores:
    """Return empty stores."""
    people = MemoryPeople()
    return PeopleStores(
        people, MemoryTokens(), MemorySessions(people), MemoryFactors(), MemoryAttempts()
    )


class MemoryPeople:
    """`PeopleStore` by id."""

    def __init__(self) -> None:
        self._people: dict[int, Person] = {}

    async def add_person(self, new: NewPerson) -> Person:
        """Keep somebody under the next id; raises EmailTakenError."""
        if await self.person_by_email(new.email_key) is not None:
            raise EmailTakenError
        person = Person(
            person_id=FIRST_PERSON_ID + len(self._people),
            email=new.email,
            email_key=new.email_key,
            password_hash=new.password_hash,
            status=PersonStatus.ACTIVE,
            roles=new.roles,
            must_change_password=new.must_change_password,
            account_opened=False,
            created_us=new.created_us,
            signed_in_us=0,
            security_changed_us=0,
        )
        self._people[person.person_id] = person
        return person

    async def person(self, person_id: int) -> Person | None:
        """Return somebody, or None."""
        return self._people.get(person_id)

    async def person_by_email(self, email_key: str) -> Person | None:
        """Return whose address it is, or None."""
        return next((p for p in self._people.values() if p.email_key == email_key), None)

    async def people(self, after_person_id: int, limit: int, containing: str) -> list[Person]:
        """Return people by id, those whose address contains a text."""
        found = [
            person
            for person in self._people.values()
            if person.person_id > after_person_id and containing in person.email_key
        ]
        return found[:limit]

    async def set_password(
        self, person_id: int, password_hash: str, *, was: str, changed_us: int
    ) -> bool:
        """Replace a hash that is still what it was."""
        person = self._people.get(person_id)
        if person is None or person.password_hash != was:
            return False
        person = replace(person, password_hash=password_hash)
        if changed_us:
            person = replace(person, must_change_password=False, security_changed_us=changed_us)
        self._people[person_id] = person
        return True

    async def set_email(
        self, person_id: int, email: str, email_key: str, *, was: str, changed_us: int
    ) -> bool:
        """Give somebody another address; raises EmailTakenError."""
        taken = await self.person_by_email(email_key)
        if taken is not None and taken.person_id != person_id:
            raise EmailTakenError
        person = self._people.get(person_id)
        if person is None or person.email_key != was:
            return False
        return self._change(
            person_id, email=email, email_key=email_key, security_changed_us=changed_us
        )

    async def set_status(self, person_id: int, status: PersonStatus) -> bool:
        """Say whether somebody may sign in."""
        return self._change(person_id, status=status)

    async def set_roles(self, person_id: int, roles: Collection[OperatorRole]) -> bool:
        """Replace somebody's roles."""
        return self._change(person_id, roles=frozenset(roles))

    async def account_opened(self, person_id: int) -> None:
        """Remember that the account is open."""
        self._change(person_id, account_opened=True)

    async def signed_in(self, person_id: int, now_us: int) -> None:
        """Remember the last sign-in."""
        self._change(person_id, signed_in_us=now_us)

    async def security_changed(self, person_id: int, now_us: int) -> None:
        """Remember a change of factors."""
        self._change(person_id, security_changed_us=now_us)

    def _change(self, person_id: int, **changes: object) -> bool:
        person = self._people.get(person_id)
        if person is None:
            return False
        self._people[person_id] = replace(person, **changes)  # type: ignore[arg-type] # by name
        return True


class MemoryTokens:
    """`TokenStore` by hash."""

    def __init__(self) -> None:
        self._mailed: dict[bytes, MailToken] = {}
        self._pending: dict[bytes, Pending] = {}

    async def add_mail_token(self, token: MailToken) -> None:
        """Keep one; it replaces those before it, unless it is a sign-up."""
        if token.purpose is not TokenPurpose.SIGN_UP:
            self._mailed = {
                token_hash: other
                for token_hash, other in self._mailed.items()
                if (other.purpose, other.person_id) != (token.purpose, token.person_id)
            }
        self._mailed[token.token_hash] = token

    async def mail_token(
        self, token_hash: bytes, purpose: TokenPurpose, now_us: int
    ) -> MailToken | None:
        """Return one that is still good."""
        token = self._mailed.get(token_hash)
        if token is None or token.purpose is not purpose or token.expires_us <= now_us:
            return None
        return token

    async def take_mail_token(
        self, token_hash: bytes, purpose: TokenPurpose, now_us: int
    ) -> MailToken | None:
        """Return one that is still good, once."""
        token = await self.mail_token(token_hash, purpose, now_us)
        if token is not None:
            del self._mailed[token_hash]
        return token

    async def forget_mail_tokens(self, email_key: str) -> None:
        """Drop what was sent to an address."""
        self._mailed = {k: v for k, v in self._mailed.items() if v.email_key != email_key}

    async def forget_mail_tokens_of(self, person_id: int, purpose: TokenPurpose) -> None:
        """Drop what was sent for a person."""
        self._mailed = {
            token_hash: token
            for token_hash, token in self._mailed.items()
            if (token.person_id, token.purpose) != (person_id, purpose)
        }

    async def add_pending(self, pending: Pending) -> None:
        """Keep a step that has begun."""
        self._pending[pending.token_hash] = pending

    async def pending(self, token_hash: bytes, kind: PendingKind, now_us: int) -> Pending | None:
        """Return one that is still good."""
        pending = self._pending.get(token_hash)
        if pending is None or pending.kind is not kind or pending.expires_us <= now_us:
            return None
        return pending

    async def take_pending(
        self, token_hash: bytes, kind: PendingKind, now_us: int
    ) -> Pending | None:
        """Return one that is still good, once."""
        pending = await self.pending(token_hash, kind, now_us)
        if pending is not None:
            del self._pending[token_hash]
        return pending

    async def forget_pending(self, person_id: int) -> None:
        """Drop the steps that somebody has begun."""
        self._pending = {k: v for k, v in self._pending.items() if v.person_id != person_id}

    async def forget_expired(self, now_us: int) -> int:
        """Drop what is good no more."""
        before = len(self._mailed) + len(self._pending)
        self._mailed = {k: v for k, v in self._mailed.items() if v.expires_us > now_us}
        self._pending = {k: v for k, v in self._pending.items() if v.expires_us > now_us}
        return before - len(self._mailed) - len(self._pending)


class MemorySessions:
    """`SessionStore` by id."""

    def __init__(self, people: MemoryPeople) -> None:
        self._people = people
        self._sessions: dict[str, StoredSession] = {}

    async def add_session(self, session: StoredSession) -> None:
        """Keep a new one."""
        self._sessions[session.session_id] = session

    async def session(self, token_hash: bytes) -> tuple[StoredSession, Person] | None:
        """Return the one with this token and whose it is, or None."""
        found = (s for s in self._sessions.values() if s.token_hash == token_hash)
        return await self._with_person(next(found, None))

    async def session_by_id(self, session_id: str) -> tuple[StoredSession, Person] | None:
        """Return one and whose it is, or None."""
        return await self._with_person(self._sessions.get(session_id))

    async def sessions_of(self, person_id: int) -> list[StoredSession]:
        """Return somebody's sessions, the one used last first."""
        own = [s for s in self._sessions.values() if s.person_id == person_id]
        return sorted(own, key=lambda session: (-session.seen_us, session.session_id))

    async def session_seen(self, session_id: str, now_us: int) -> None:
        """Remember when it was used."""
        session = self._sessions.get(session_id)
        if session is not None and session.seen_us < now_us:
            self._sessions[session_id] = replace(session, seen_us=now_us)

    async def renew_session(
        self,
        token_hash: bytes,
        new_token_hash: bytes,
        stepped_up_until_us: int,
        factors: Collection[Factor],
    ) -> bool:
        """Give a session another token."""
        for session in self._sessions.values():
            if session.token_hash == token_hash:
                self._sessions[session.session_id] = replace(
                    session,
                    token_hash=new_token_hash,
                    stepped_up_until_us=stepped_up_until_us,
                    factors=frozenset(factors),
                )
                return True
        return False

    async def unprove(self, person_id: int, factors: Collection[Factor]) -> None:
        """Have all of somebody's sessions prove these factors no more."""
        for session in self._sessions.values():
            if session.person_id == person_id:
                left = session.factors.difference(factors)
                self._sessions[session.session_id] = replace(session, factors=left)

    async def end_session(self, session_id: str, person_id: int) -> bool:
        """End one of somebody's."""
        session = self._sessions.get(session_id)
        if session is None or session.person_id != person_id:
            return False
        del self._sessions[session_id]
        return True

    async def end_sessions_of(self, person_id: int, *, but: str = "") -> list[str]:
        """End all of somebody's but one."""
        return self._end([s for s in await self.sessions_of(person_id) if s.session_id != but])

    async def end_run_out(self, now_us: int, seen_before_us: int) -> list[str]:
        """End what was not used since, or has come to its end."""
        return self._end(
            [
                session
                for session in self._sessions.values()
                if session.ends_us <= now_us or session.seen_us <= seen_before_us
            ]
        )

    def _end(self, sessions: list[StoredSession]) -> list[str]:
        for session in sessions:
            del self._sessions[session.session_id]
        return [session.session_id for session in sessions]

    async def _with_person(
        self, session: StoredSession | None
    ) -> tuple[StoredSession, Person] | None:
        person = await self._people.person(session.person_id) if session else None
        return (session, person) if session and person else None


class MemoryFactors:
    """`FactorStore` by person."""

    def __init__(self) -> None:
        self._totps: dict[int, StoredTotp] = {}
        self._codes: dict[int, set[bytes]] = {}
        self._passkeys: dict[int, StoredPasskey] = {}
        self._passkeys_ever = 0

    async def totp(self, person_id: int) -> StoredTotp | None:
        """Return somebody's generator."""
        return self._totps.get(person_id)

    async def set_totp(self, totp: StoredTotp) -> bool:
        """Keep an unconfirmed generator."""
        known = self._totps.get(totp.person_id)
        if known is not None and known.confirmed:
            return False
        self._totps[totp.person_id] = totp
        return True

    async def confirm_totp(self, person_id: int, secret_sealed: bytes, step: int) -> bool:
        """Confirm the generator by a code of this step."""
        known = self._totps.get(person_id)
        if known is None or known.confirmed or known.secret_sealed != secret_sealed:
            return False
        self._totps[person_id] = replace(known, confirmed=True, last_step=step)
        return True

    async def use_totp_step(self, person_id: int, step: int) -> bool:
        """Take a step of a confirmed generator, once."""
        known = self._totps.get(person_id)
        if known is None or not known.confirmed or step <= known.last_step:
            return False
        self._totps[person_id] = replace(known, last_step=step)
        return True

    async def remove_totp(self, person_id: int) -> bool:
        """Forget the generator."""
        known = self._totps.pop(person_id, None)
        return known is not None and known.confirmed

    async def set_recovery_codes(self, person_id: int, hashes: Collection[bytes]) -> None:
        """Replace somebody's recovery codes."""
        self._codes[person_id] = set(hashes)

    async def use_recovery_code(self, person_id: int, code_hash: bytes) -> bool:
        """Take a recovery code, once."""
        codes = self._codes.get(person_id, set())
        if code_hash not in codes:
            return False
        codes.remove(code_hash)
        return True

    async def recovery_codes_left(self, person_id: int) -> int:
        """Return how many codes are unused."""
        return len(self._codes.get(person_id, ()))

    async def add_passkey(self, passkey: StoredPasskey) -> StoredPasskey:
        """Keep one under the next id; raises ValueError when its credential is known."""
        if await self.passkey(passkey.credential_id) is not None:
            raise ValueError("this credential is known already")
        self._passkeys_ever += 1
        stored = replace(passkey, passkey_id=self._passkeys_ever)
        self._passkeys[stored.passkey_id] = stored
        return stored

    async def passkeys_of(self, person_id: int) -> list[StoredPasskey]:
        """Return somebody's passkeys, oldest first."""
        return [passkey for passkey in self._passkeys.values() if passkey.person_id == person_id]

    async def passkey(self, credential_id: bytes) -> StoredPasskey | None:
        """Return whose credential it is, or None."""
        found = (p for p in self._passkeys.values() if p.credential_id == credential_id)
        return next(found, None)

    async def use_passkey(
        self, passkey_id: int, *, was: int, sign_count: int, backed_up: bool, now_us: int
    ) -> bool:
        """Remember a use and its counter, if the counter still is what it was."""
        known = self._passkeys.get(passkey_id)
        if known is None or known.sign_count != was:
            return False
        self._passkeys[passkey_id] = replace(
            known, sign_count=sign_count, backed_up=backed_up, used_us=now_us
        )
        return True

    async def rename_passkey(self, passkey_id: int, person_id: int, name: str) -> bool:
        """Name one of somebody's."""
        known = self._passkeys.get(passkey_id)
        if known is None or known.person_id != person_id:
            return False
        self._passkeys[passkey_id] = replace(known, name=name)
        return True

    async def remove_passkey(self, passkey_id: int, person_id: int) -> bool:
        """Forget one of somebody's."""
        known = self._passkeys.get(passkey_id)
        if known is None or known.person_id != person_id:
            return False
        del self._passkeys[passkey_id]
        return True

    async def factors_of(self, people: Collection[int]) -> dict[int, frozenset[Factor]]:
        """Return what people have set up, their password included."""
        holders = {passkey.person_id for passkey in self._passkeys.values()}
        result = {}
        for person_id in people:
            factors = {Factor.PASSWORD}
            totp = self._totps.get(person_id)
            if totp is not None and totp.confirmed:
                factors.add(Factor.TOTP)
            if person_id in holders:
                factors.add(Factor.PASSKEY)
            if self._codes.get(person_id):
                factors.add(Factor.RECOVERY_CODE)
            result[person_id] = frozenset(factors)
        return result


class MemoryAttempts:
    """`AttemptStore` by key."""

    def __init__(self) -> None:
        self._times_us: dict[str, list[int]] = {}

    async def attempt(self, allowances: Collection[Allowance], now_us: int) -> int:
        """Count an attempt under every key, or say how long to wait."""
        wait_us = await self.used_up(allowances, now_us)
        if wait_us == 0:
            for allowance in allowances:
                self._times_us.setdefault(allowance.key, []).append(now_us)
        return wait_us

    async def used_up(self, allowances: Collection[Allowance], now_us: int) -> int:
        """Say how long to wait; count nothing."""
        wait_us = 0
        for allowance in allowances:
            since_us = now_us - allowance.window_us
            times = [at_us for at_us in self._times_us.get(allowance.key, ()) if at_us > since_us]
            if len(times) >= allowance.attempts:
                wait_us = max(wait_us, sorted(times)[-allowance.attempts] - since_us)
        return wait_us

    async def forgive(self, keys: Collection[str], at_us: int) -> None:
        """Take back one attempt of then."""
        for key in keys:
            times = self._times_us.get(key, [])
            if at_us in times:
                times.remove(at_us)

    async def forget_attempts(self, keys: Collection[str]) -> None:
        """Start from nothing again."""
        for key in keys:
            self._times_us.pop(key, None)

    async def forget_attempts_before(self, before_us: int) -> int:
        """Drop old ones."""
        kept = {
            key: [at_us for at_us in times if at_us >= before_us]
            for key, times in self._times_us.items()
        }
        dropped = sum(map(len, self._times_us.values())) - sum(map(len, kept.values()))
        self._times_us = {key: times for key, times in kept.items() if times}
        return dropped
