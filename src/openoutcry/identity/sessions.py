"""Sessions: a secret token in a cookie, of which only the hash is stored, and an id for the rest.

A session ends when it is ended, when it rests for half an hour, or after twelve. Its token is
another one after each proof of who somebody is; the id stays.
"""

import logging
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from openoutcry.core.ids import account_id_of
from openoutcry.identity.settings import MINUTE_US, SECOND_US, IdentitySettings
from openoutcry.identity.tokens import hash_of_token, new_token
from openoutcry.ports.identity import Caller, Refusal, RefusedError, StartedSession
from openoutcry.ports.people import Factor, PersonStatus, SecondFactor, SessionView
from openoutcry.ports.people_store import FactorStore, Person, SessionStore, StoredSession

SECOND_FACTORS = frozenset({Factor.TOTP, Factor.PASSKEY})
"""What turns the second step on. Recovery codes stand in for them, and are nothing alone."""

SEEN_US = MINUTE_US
"""A use is remembered when the last one known is older than this."""
USER_AGENT_CHARACTERS_MAX = 256

log = logging.getLogger("openoutcry.identity")


class SessionKeeper:
    """`Sessions`, and the starting, renewing and ending of them."""

    def __init__(
        self, store: SessionStore, factors: FactorStore, settings: IdentitySettings
    ) -> None:
        self._store = store
        self._factors = factors
        self._settings = settings
        self._listeners: list[Callable[[str], None]] = []

    async def find(self, token: str, now_us: int) -> SessionView | None:
        """Return the session of a token and count it as used."""
        token_hash = hash_of_token(token)
        return await self._living(await self._store.session(token_hash), now_us)

    async def seen(self, session_id: str, now_us: int) -> SessionView | None:
        """Count a session as used by what it has opened."""
        return await self._living(await self._store.session_by_id(session_id), now_us)

    def on_ended(self, listener: Callable[[str], None]) -> None:
        """Call with the id of each session that ends."""
        self._listeners.append(listener)

    async def start(
        self, person: Person, factors: frozenset[Factor], caller: Caller
    ) -> StartedSession:
        """Begin a session for somebody who has proved who they are just now."""
        now_us = caller.now_us
        token = new_token()
        session = StoredSession(
            session_id=secrets.token_hex(16),
            token_hash=hash_of_token(token),
            person_id=person.person_id,
            factors=factors,
            started_us=now_us,
            seen_us=now_us,
            stepped_up_until_us=now_us + self._settings.step_up_us,
            ends_us=now_us + self._settings.session_life_us,
            ip=caller.ip,
            user_agent=caller.user_agent[:USER_AGENT_CHARACTERS_MAX],
        )
        await self._make_room(person.person_id)
        await self._store.add_session(session)
        return await self._started(token, session, person, now_us)

    async def renew(
        self, session_id: str, now_us: int, proved: Collection[Factor] = ()
    ) -> StartedSession:
        """Give a session another token and the freshness of a proof, and remember what was proved;
        raises RefusedError.
        """
        found = await self._store.session_by_id(session_id)
        if found is None:
            raise RefusedError(Refusal.SESSION_UNKNOWN)
        session, person = found
        token = new_token()
        new = replace(
            session,
            token_hash=hash_of_token(token),
            stepped_up_until_us=now_us + self._settings.step_up_us,
            factors=session.factors.union(proved),
        )
        if not await self._store.renew_session(
            session.token_hash, new.token_hash, new.stepped_up_until_us, new.factors
        ):
            raise RefusedError(Refusal.SESSION_UNKNOWN)
        return await self._started(token, new, person, now_us)

    async def has(self, session_id: str, person_id: int) -> bool:
        """Whether somebody has a session of this id, alive or run out."""
        found = await self._store.session_by_id(session_id)
        return found is not None and found[0].person_id == person_id

    async def end(self, session_id: str, person_id: int) -> bool:
        """End one of somebody's sessions; False when they have none such."""
        if not await self._store.end_session(session_id, person_id):
            return False
        self._tell([session_id])
        return True

    async def end_all(self, person_id: int, *, but: str = "") -> int:
        """End all of somebody's sessions but one; returns how many."""
        ended = await self._store.end_sessions_of(person_id, but=but)
        self._tell(ended)
        return len(ended)

    async def living_of(self, person_id: int, now_us: int) -> list[StoredSession]:
        """Return somebody's sessions that have not run out."""
        sessions = await self._store.sessions_of(person_id)
        return [session for session in sessions if not self._has_run_out(session, now_us)]

    async def end_run_out(self, now_us: int) -> int:
        """End what has run out without anybody asking for it; returns how many."""
        ended = await self._store.end_run_out(now_us, now_us - self._settings.session_idle_us)
        self._tell(ended)
        return len(ended)

    async def _living(
        self, found: tuple[StoredSession, Person] | None, now_us: int
    ) -> SessionView | None:
        if found is None:
            return None
        session, person = found
        if self._has_run_out(session, now_us) or person.status is not PersonStatus.ACTIVE:
            await self.end(session.session_id, person.person_id)
            return None
        if now_us - session.seen_us >= SEEN_US:
            await self._store.session_seen(session.session_id, now_us)
        return await self._view(session, person, max(now_us, session.seen_us))

    def _has_run_out(self, session: StoredSession, now_us: int) -> bool:
        idle_us = now_us - session.seen_us
        return now_us >= session.ends_us or idle_us >= self._settings.session_idle_us

    async def _make_room(self, person_id: int) -> None:
        sessions = await self._store.sessions_of(person_id)
        for session in sessions[self._settings.sessions_max - 1 :]:
            await self.end(session.session_id, person_id)

    async def _started(
        self, token: str, session: StoredSession, person: Person, now_us: int
    ) -> StartedSession:
        view = await self._view(session, person, now_us)
        seconds = max(1, (session.ends_us - now_us) // SECOND_US)
        return StartedSession(token, view, seconds)

    async def _view(self, session: StoredSession, person: Person, seen_us: int) -> SessionView:
        return SessionView(
            session_id=session.session_id,
            person_id=person.person_id,
            account_id=account_id_of(person.person_id),
            email=person.email,
            roles=person.roles,
            stepped_up_until_us=session.stepped_up_until_us,
            started_us=session.started_us,
            seen_us=seen_us,
            idle_ends_us=seen_us + self._settings.session_idle_us,
            ends_us=session.ends_us,
            factors=session.factors,
            second_factor=await self._second_factor(session, person),
        )

    async def _second_factor(self, session: StoredSession, person: Person) -> SecondFactor:
        """Return how far a session has come; what its operator has set up is as of now."""
        if not person.roles:
            return SecondFactor.NOT_NEEDED
        set_up = (await self._factors.factors_of([person.person_id]))[person.person_id]
        if not set_up & SECOND_FACTORS:
            return SecondFactor.MISSING
        if session.factors & (set_up & SECOND_FACTORS | {Factor.RECOVERY_CODE}):
            return SecondFactor.PROVED
        return SecondFactor.UNPROVED

    def _tell(self, session_ids: Iterable[str]) -> None:
        for session_id in session_ids:
            for listener in self._listeners:
                listener(session_id)
