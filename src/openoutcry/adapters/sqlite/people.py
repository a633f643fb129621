"""People, their tokens, sessions and attempts in the file of people."""

# ruff: noqa: S608 - statements are put together from this module's own column names

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from openoutcry.adapters.sqlite.factors import SqliteFactors
from openoutcry.adapters.sqlite.people_database import PeopleDatabase, Row
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
    StoredSession,
    TokenPurpose,
)

_PERSON = (
    "person.person_id, person.email, person.email_key, person.password_hash, person.status,"
    " person.roles, person.must_change_password, person.account_opened, person.created_us,"
    " person.signed_in_us, person.security_changed_us"
)
_SESSION = (
    "session_id, token_hash, person_session.person_id, factors, started_us, seen_us,"
    " stepped_up_until_us, ends_us, ip, user_agent"
)
_SESSION_COLUMNS = 10
_MAIL_TOKEN = "token_hash, purpose, email, email_key, person_id, password_hash, expires_us"  # noqa: S105 - columns
_PENDING = "token_hash, kind, person_id, session_id, factors, expires_us"
_GOOD = "WHERE token_hash = ? AND {} = ? AND expires_us > ?"


class SqlitePeopleFile:
    """All stores of people in one file."""

    def __init__(self, path: Path) -> None:
        self._database = PeopleDatabase(path)
        self.stores = PeopleStores(
            SqlitePeople(self._database),
            SqliteTokens(self._database),
            SqliteSessions(self._database),
            SqliteFactors(self._database),
            SqliteAttempts(self._database),
        )

    def close(self) -> None:
        """Close the file; the stores must not be used afterwards."""
        self._database.close()


class SqlitePeople:
    """`PeopleStore` in the file of people."""

    def __init__(self, database: PeopleDatabase) -> None:
        self._database = database

    async def add_person(self, new: NewPerson) -> Person:
        """Store somebody under the next id; raises EmailTakenError."""

        def add(database: sqlite3.Connection) -> Row:
            taken = database.execute(
                "SELECT 1 FROM person WHERE email_key = ?", (new.email_key,)
            ).fetchone()
            if taken:
                raise EmailTakenError
            row: Row = database.execute(
                "INSERT INTO person SELECT coalesce(max(person_id) + 1, ?), ?, ?, ?, ?, ?, ?, 0,"
                f" ?, 0, 0 FROM person RETURNING {_PERSON.replace('person.', '')}",
                (
                    FIRST_PERSON_ID,
                    new.email,
                    new.email_key,
                    new.password_hash,
                    PersonStatus.ACTIVE.value,
                    _joined(new.roles),
                    new.must_change_password,
                    new.created_us,
                ),
            ).fetchone()
            return row

        return _person(await self._database.transact(add))

    async def person(self, person_id: int) -> Person | None:
        """Return somebody, or None."""
        return self._one("person_id = ?", person_id)

    async def person_by_email(self, email_key: str) -> Person | None:
        """Return whose address it is, or None."""
        return self._one("email_key = ?", email_key)

    async def people(self, after_person_id: int, limit: int, containing: str) -> list[Person]:
        """Return people by id, those whose address contains a text."""
        rows = await self._database.search(
            f"SELECT {_PERSON} FROM person WHERE person_id > ?"
            " AND (? = '' OR instr(email_key, ?) > 0) ORDER BY person_id LIMIT ?",
            (after_person_id, containing, containing, limit),
        )
        return [_person(row) for row in rows]

    async def set_password(
        self, person_id: int, password_hash: str, *, was: str, changed_us: int
    ) -> bool:
        """Replace a hash that is still what it was."""
        changed = await self._database.change(
            "UPDATE person SET password_hash = ?1,"
            " must_change_password = iif(?2, 0, must_change_password),"
            " security_changed_us = iif(?2, ?2, security_changed_us)"
            " WHERE person_id = ?3 AND password_hash = ?4",
            (password_hash, changed_us, person_id, was),
        )
        return changed == 1

    async def set_email(
        self, person_id: int, email: str, email_key: str, *, was: str, changed_us: int
    ) -> bool:
        """Give somebody another address; raises EmailTakenError."""

        def change(database: sqlite3.Connection) -> bool:
            taken = database.execute(
                "SELECT 1 FROM person WHERE email_key = ? AND person_id <> ?",
                (email_key, person_id),
            ).fetchone()
            if taken:
                raise EmailTakenError
            changed = database.execute(
                "UPDATE person SET email = ?, email_key = ?, security_changed_us = ?"
                " WHERE person_id = ? AND email_key = ?",
                (email, email_key, changed_us, person_id, was),
            )
            return changed.rowcount == 1

        return await self._database.transact(change)

    async def set_status(self, person_id: int, status: PersonStatus) -> bool:
        """Say whether somebody may sign in."""
        return await self._set("status", status.value, person_id)

    async def set_roles(self, person_id: int, roles: Collection[OperatorRole]) -> bool:
        """Replace somebody's roles."""
        return await self._set("roles", _joined(roles), person_id)

    async def account_opened(self, person_id: int) -> None:
        """Remember that the account is open."""
        await self._set("account_opened", 1, person_id)

    async def signed_in(self, person_id: int, now_us: int) -> None:
        """Remember the last sign-in."""
        await self._set("signed_in_us", now_us, person_id)

    async def security_changed(self, person_id: int, now_us: int) -> None:
        """Remember a change of factors."""
        await self._set("security_changed_us", now_us, person_id)

    def _one(self, condition: str, value: object) -> Person | None:
        row = self._database.row(f"SELECT {_PERSON} FROM person WHERE {condition}", (value,))
        return None if row is None else _person(row)

    async def _set(self, column: str, value: object, person_id: int) -> bool:
        statement = f"UPDATE person SET {column} = ? WHERE person_id = ?"
        return await self._database.change(statement, (value, person_id)) == 1


class SqliteTokens:
    """`TokenStore` in the file of people."""

    def __init__(self, database: PeopleDatabase) -> None:
        self._database = database

    async def add_mail_token(self, token: MailToken) -> None:
        """Store one; it replaces those before it, unless it is a sign-up."""

        def add(database: sqlite3.Connection) -> None:
            if token.purpose is not TokenPurpose.SIGN_UP:
                database.execute(
                    "DELETE FROM person_mail_token WHERE purpose = ? AND person_id = ?",
                    (token.purpose.value, token.person_id),
                )
            database.execute(
                f"INSERT INTO person_mail_token ({_MAIL_TOKEN}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    token.token_hash,
                    token.purpose.value,
                    token.email,
                    token.email_key,
                    token.person_id,
                    token.password_hash,
                    token.expires_us,
                ),
            )

        await self._database.transact(add)

    async def mail_token(
        self, token_hash: bytes, purpose: TokenPurpose, now_us: int
    ) -> MailToken | None:
        """Return one that is still good."""
        return _mail_token(
            self._database.row(
                f"SELECT {_MAIL_TOKEN} FROM person_mail_token {_GOOD.format('purpose')}",
                (token_hash, purpose.value, now_us),
            )
        )

    async def take_mail_token(
        self, token_hash: bytes, purpose: TokenPurpose, now_us: int
    ) -> MailToken | None:
        """Return one that is still good, once."""
        statement = (
            f"DELETE FROM person_mail_token {_GOOD.format('purpose')} RETURNING {_MAIL_TOKEN}"
        )
        values = (token_hash, purpose.value, now_us)
        return _mail_token(
            await self._database.transact(lambda db: _only(db.execute(statement, values)))
        )

    async def forget_mail_tokens(self, email_key: str) -> None:
        """Drop what was sent to an address."""
        await self._database.change(
            "DELETE FROM person_mail_token WHERE email_key = ?", (email_key,)
        )

    async def forget_mail_tokens_of(self, person_id: int, purpose: TokenPurpose) -> None:
        """Drop what was sent for a person."""
        await self._database.change(
            "DELETE FROM person_mail_token WHERE person_id = ? AND purpose = ?",
            (person_id, purpose.value),
        )

    async def add_pending(self, pending: Pending) -> None:
        """Store a step that has begun."""
        await self._database.change(
            f"INSERT INTO person_pending ({_PENDING}) VALUES (?, ?, ?, ?, ?, ?)",
            (
                pending.token_hash,
                pending.kind.value,
                pending.person_id,
                pending.session_id,
                _joined(pending.factors),
                pending.expires_us,
            ),
        )

    async def pending(self, token_hash: bytes, kind: PendingKind, now_us: int) -> Pending | None:
        """Return one that is still good."""
        return _pending(
            self._database.row(
                f"SELECT {_PENDING} FROM person_pending {_GOOD.format('kind')}",
                (token_hash, kind.value, now_us),
            )
        )

    async def take_pending(
        self, token_hash: bytes, kind: PendingKind, now_us: int
    ) -> Pending | None:
        """Return one that is still good, once."""
        statement = f"DELETE FROM person_pending {_GOOD.format('kind')} RETURNING {_PENDING}"
        values = (token_hash, kind.value, now_us)
        return _pending(
            await self._database.transact(lambda db: _only(db.execute(statement, values)))
        )

    async def forget_pending(self, person_id: int) -> None:
        """Drop the steps that somebody has begun."""
        await self._database.change("DELETE FROM person_pending WHERE person_id = ?", (person_id,))

    async def forget_expired(self, now_us: int) -> int:
        """Drop what is good no more."""

        def forget(database: sqlite3.Connection) -> int:
            return sum(
                database.execute(f"DELETE FROM {table} WHERE expires_us <= ?", (now_us,)).rowcount
                for table in ("person_mail_token", "person_pending")
            )

        return await self._database.transact(forget)


class SqliteSessions:
    """`SessionStore` in the file of people."""

    def __init__(self, database: PeopleDatabase) -> None:
        self._database = database

    async def add_session(self, session: StoredSession) -> None:
        """Store a new one."""
        await self._database.change(
            "INSERT INTO person_session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                session.session_id,
                session.token_hash,
                session.person_id,
                _joined(session.factors),
                session.started_us,
                session.seen_us,
                session.stepped_up_until_us,
                session.ends_us,
                session.ip,
                session.user_agent,
            ),
        )

    async def session(self, token_hash: bytes) -> tuple[StoredSession, Person] | None:
        """Return the one with this token and whose it is, or None."""
        return self._one("token_hash = ?", token_hash)

    async def session_by_id(self, session_id: str) -> tuple[StoredSession, Person] | None:
        """Return one and whose it is, or None."""
        return self._one("session_id = ?", session_id)

    async def sessions_of(self, person_id: int) -> list[StoredSession]:
        """Return somebody's sessions, the one used last first."""
        rows = self._database.rows(
            f"SELECT {_SESSION} FROM person_session WHERE person_id = ?"
            " ORDER BY seen_us DESC, session_id",
            (person_id,),
        )
        return [_session(row) for row in rows]

    async def session_seen(self, session_id: str, now_us: int) -> None:
        """Remember when it was used."""
        await self._database.change(
            "UPDATE person_session SET seen_us = max(seen_us, ?) WHERE session_id = ?",
            (now_us, session_id),
        )

    async def renew_session(
        self,
        token_hash: bytes,
        new_token_hash: bytes,
        stepped_up_until_us: int,
        factors: Collection[Factor],
    ) -> bool:
        """Give a session another token."""
        changed = await self._database.change(
            "UPDATE person_session SET token_hash = ?, stepped_up_until_us = ?, factors = ?"
            " WHERE token_hash = ?",
            (new_token_hash, stepped_up_until_us, _joined(factors), token_hash),
        )
        return changed == 1

    async def unprove(self, person_id: int, factors: Collection[Factor]) -> None:
        """Have all of somebody's sessions prove these factors no more."""

        def change(database: sqlite3.Connection) -> None:
            rows = database.execute(
                "SELECT factors, session_id FROM person_session WHERE person_id = ?", (person_id,)
            )
            database.executemany(
                "UPDATE person_session SET factors = ? WHERE session_id = ?",
                [
                    (_joined(_factors(text).difference(factors)), session_id)
                    for text, session_id in rows.fetchall()
                ],
            )

        await self._database.transact(change)

    async def end_session(self, session_id: str, person_id: int) -> bool:
        """End one of somebody's."""
        changed = await self._database.change(
            "DELETE FROM person_session WHERE session_id = ? AND person_id = ?",
            (session_id, person_id),
        )
        return changed == 1

    async def end_sessions_of(self, person_id: int, *, but: str = "") -> list[str]:
        """End all of somebody's but one."""
        return await self._end("person_id = ? AND session_id <> ?", (person_id, but))

    async def end_run_out(self, now_us: int, seen_before_us: int) -> list[str]:
        """End what was not used since, or has come to its end."""
        condition, values = "ends_us <= ? OR seen_us <= ?", (now_us, seen_before_us)
        found = await self._database.search(
            f"SELECT 1 FROM person_session WHERE {condition} LIMIT 1", values
        )
        return await self._end(condition, values) if found else []

    def _one(self, condition: str, value: object) -> tuple[StoredSession, Person] | None:
        row = self._database.row(
            f"SELECT {_SESSION}, {_PERSON} FROM person_session JOIN person USING (person_id)"
            f" WHERE {condition}",
            (value,),
        )
        if row is None:
            return None
        return _session(row[:_SESSION_COLUMNS]), _person(row[_SESSION_COLUMNS:])

    async def _end(self, condition: str, values: tuple[object, ...]) -> list[str]:
        statement = f"DELETE FROM person_session WHERE {condition} RETURNING session_id"
        rows = await self._database.transact(lambda db: db.execute(statement, values).fetchall())
        return [session_id for (session_id,) in rows]


class SqliteAttempts:
    """`AttemptStore` in the file of people: a lock-out outlives a restart."""

    def __init__(self, database: PeopleDatabase) -> None:
        self._database = database

    async def attempt(self, allowances: Collection[Allowance], now_us: int) -> int:
        """Count an attempt under every key, or say how long to wait."""

        def count(database: sqlite3.Connection) -> int:
            wait_us = _longest_wait_us(database.execute, allowances, now_us)
            if wait_us == 0:
                database.executemany(
                    "INSERT INTO person_attempt VALUES (?, ?)",
                    [(allowance.key, now_us) for allowance in allowances],
                )
            return wait_us

        return await self._database.transact(count)

    async def used_up(self, allowances: Collection[Allowance], now_us: int) -> int:
        """Say how long to wait; count nothing."""
        return _longest_wait_us(self._database.rows, allowances, now_us)

    async def forgive(self, keys: Collection[str], at_us: int) -> None:
        """Take back one attempt of then."""

        def forgive(database: sqlite3.Connection) -> None:
            database.executemany(
                "DELETE FROM person_attempt WHERE rowid ="
                " (SELECT rowid FROM person_attempt WHERE key = ? AND at_us = ? LIMIT 1)",
                [(key, at_us) for key in keys],
            )

        await self._database.transact(forgive)

    async def forget_attempts(self, keys: Collection[str]) -> None:
        """Start from nothing again."""

        def forget(database: sqlite3.Connection) -> None:
            database.executemany(
                "DELETE FROM person_attempt WHERE key = ?", [(key,) for key in keys]
            )

        await self._database.transact(forget)

    async def forget_attempts_before(self, before_us: int) -> int:
        """Drop old ones."""
        return await self._database.change(
            "DELETE FROM person_attempt WHERE at_us < ?", (before_us,)
        )


def _longest_wait_us(
    read: Callable[[str, Sequence[object]], Iterable[Row]],
    allowances: Collection[Allowance],
    now_us: int,
) -> int:
    """Return when every attempt that fills an allowance has left its window, from now."""
    wait_us = 0
    for allowance in allowances:
        since_us = now_us - allowance.window_us
        rows = read(
            "SELECT at_us FROM person_attempt WHERE key = ? AND at_us > ?"
            " ORDER BY at_us DESC LIMIT 1 OFFSET ?",
            (allowance.key, since_us, allowance.attempts - 1),
        )
        wait_us = max([wait_us, *(int(at_us) - since_us for (at_us,) in rows)])
    return wait_us


def _joined(values: Collection[OperatorRole] | Collection[Factor]) -> str:
    return ",".join(sorted(value.value for value in values))


def _only(cursor: sqlite3.Cursor) -> Row | None:
    rows = cursor.fetchall()
    return rows[0] if rows else None


def _person(row: Row) -> Person:
    number, email, key, password_hash, status, roles, must_change, opened, *times = row
    return Person(
        number,
        email,
        key,
        password_hash,
        PersonStatus(status),
        frozenset(OperatorRole(role) for role in roles.split(",") if role),
        bool(must_change),
        bool(opened),
        *times,
    )


def _factors(text: str) -> frozenset[Factor]:
    return frozenset(Factor(factor) for factor in text.split(",") if factor)


def _session(row: Row) -> StoredSession:
    session_id, token_hash, person_id, factors, *rest = row
    return StoredSession(session_id, token_hash, person_id, _factors(factors), *rest)


def _mail_token(row: Row | None) -> MailToken | None:
    return None if row is None else MailToken(row[0], TokenPurpose(row[1]), *row[2:])


def _pending(row: Row | None) -> Pending | None:
    if row is None:
        return None
    token_hash, kind, person_id, session_id, factors, expires_us = row
    known = _factors(factors)
    return Pending(token_hash, PendingKind(kind), person_id, session_id, known, expires_us)
