"""The stores of people agree: whatever is done in whatever order, memory and SQLite say the same.

Names, times and hashes come from small sets, so that things meet. A failing seed is the bug report.
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from openoutcry.adapters.memory.people import memory_people
from openoutcry.adapters.sqlite.people import SqlitePeopleFile
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
    StoredPasskey,
    StoredSession,
    StoredTotp,
    TokenPurpose,
)

SEEDS = range(12)
STEPS = 300
KEYS = ("ann@example.org", "bob@example.org", "100%_@example.org")
KINDS = (PendingKind.SECOND_FACTOR, PendingKind.PASSKEY_ADD)

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


class Draws:
    """Values of a seed; what callers promise to be new (tokens, session ids) is new."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.fresh = 0

    def of(self, *values: Any) -> Any:
        return self.random.choice(values)

    def some(self, values: Any, most: int = 2) -> frozenset[Any]:
        return frozenset(self.random.sample(list(values), self.random.randint(0, most)))

    def person(self) -> int:
        return FIRST_PERSON_ID + self.random.randint(0, 1)

    def stranger(self) -> int:
        return FIRST_PERSON_ID + self.random.randint(-1, 3)

    def time(self) -> int:
        return self.random.randint(1, 12)

    def small(self) -> int:
        return self.random.randint(0, 3)

    def text(self) -> str:
        return str(self.of("x", "y"))

    def new(self) -> bytes:
        self.fresh += 1
        return b"%d" % self.fresh

    def known(self) -> bytes:
        return b"%d" % self.random.randint(max(0, self.fresh - 4), self.fresh)

    def session_id(self) -> str:
        return f"s{self.random.randint(max(0, self.fresh - 4), self.fresh)}"

    def hash(self) -> bytes:
        return bytes(self.of(b"a", b"b", b"c"))

    def allowances(self) -> list[Allowance]:
        names = ["x", "y"][: self.random.randint(0, 2)]
        return [
            Allowance(name, self.random.randint(1, 3), self.random.randint(1, 6)) for name in names
        ]


def _session(d: Draws) -> StoredSession:
    token = d.new()
    times = [d.time() for _ in range(4)]
    name = f"s{d.fresh}"
    return StoredSession(name, token, d.person(), d.some(Factor), *times, d.text(), d.text())


def _passkey(d: Draws) -> StoredPasskey:
    transports = d.of((), ("internal",), ("hybrid", "usb"))
    return StoredPasskey(
        0,
        d.person(),
        d.hash(),
        d.hash(),
        d.small(),
        d.text(),
        transports,
        d.of(True, False),
        d.time(),
        d.time(),
    )


def _use(d: Draws) -> dict[str, Any]:
    return {
        "was": d.small(),
        "sign_count": d.small(),
        "backed_up": d.of(True, False),
        "now_us": d.time(),
    }


METHODS: Mapping[str, Mapping[str, Callable[[Draws], Arguments]]] = {
    "people": {
        "add_person": lambda d: (
            (NewPerson(d.of(*KEYS), d.of(*KEYS), d.text(), d.time(), d.some(OperatorRole)),),
            {},
        ),
        "person": lambda d: ((d.stranger(),), {}),
        "person_by_email": lambda d: ((d.of(*KEYS),), {}),
        "people": lambda d: ((d.stranger(), d.small(), d.of("", "ann", "%", "_", "@")), {}),
        "set_password": lambda d: (
            (d.stranger(), d.text()),
            {"was": d.text(), "changed_us": d.small()},
        ),
        "set_email": lambda d: (
            (d.stranger(), d.of(*KEYS), d.of(*KEYS)),
            {"was": d.of(*KEYS), "changed_us": d.time()},
        ),
        "set_status": lambda d: ((d.stranger(), d.of(*PersonStatus)), {}),
        "set_roles": lambda d: ((d.stranger(), d.some(OperatorRole)), {}),
        "account_opened": lambda d: ((d.stranger(),), {}),
        "signed_in": lambda d: ((d.stranger(), d.time()), {}),
        "security_changed": lambda d: ((d.stranger(), d.time()), {}),
    },
    "tokens": {
        "add_mail_token": lambda d: (
            (
                MailToken(
                    d.new(),
                    d.of(*TokenPurpose),
                    d.text(),
                    # A reset goes to the address of its person; a sign-up has no person yet.
                    KEYS[(person := d.person()) - FIRST_PERSON_ID],
                    person,
                    d.text(),
                    d.time(),
                ),
            ),
            {},
        ),
        "mail_token": lambda d: ((d.known(), d.of(*TokenPurpose), d.time()), {}),
        "take_mail_token": lambda d: ((d.known(), d.of(*TokenPurpose), d.time()), {}),
        "forget_mail_tokens": lambda d: ((d.of(*KEYS),), {}),
        "forget_mail_tokens_of": lambda d: ((d.person(), d.of(*TokenPurpose)), {}),
        "add_pending": lambda d: (
            (Pending(d.new(), d.of(*KINDS), d.person(), d.session_id(), d.some(Factor), d.time()),),
            {},
        ),
        "pending": lambda d: ((d.known(), d.of(*KINDS), d.time()), {}),
        "take_pending": lambda d: ((d.known(), d.of(*KINDS), d.time()), {}),
        "forget_pending": lambda d: ((d.person(),), {}),
        "forget_expired": lambda d: ((d.of(1, 2, 3),), {}),
    },
    "sessions": {
        "add_session": lambda d: ((_session(d),), {}),
        "session": lambda d: ((d.known(),), {}),
        "session_by_id": lambda d: ((d.session_id(),), {}),
        "sessions_of": lambda d: ((d.stranger(),), {}),
        "session_seen": lambda d: ((d.session_id(), d.time()), {}),
        "renew_session": lambda d: ((d.known(), d.new(), d.time(), d.some(Factor)), {}),
        "unprove": lambda d: ((d.person(), d.some(Factor)), {}),
        "end_session": lambda d: ((d.session_id(), d.person()), {}),
        "end_sessions_of": lambda d: ((d.person(),), {"but": d.of("", d.session_id())}),
        "end_run_out": lambda d: ((d.of(1, 2, 3), d.of(1, 2, 3)), {}),
    },
    "factors": {
        "totp": lambda d: ((d.person(),), {}),
        "set_totp": lambda d: ((StoredTotp(d.person(), d.hash(), False, 0, d.time()),), {}),
        "confirm_totp": lambda d: ((d.person(), d.hash(), d.small()), {}),
        "use_totp_step": lambda d: ((d.person(), d.small()), {}),
        "remove_totp": lambda d: ((d.person(),), {}),
        "set_recovery_codes": lambda d: ((d.person(), d.some((b"a", b"b", b"c"), 3)), {}),
        "use_recovery_code": lambda d: ((d.person(), d.hash()), {}),
        "recovery_codes_left": lambda d: ((d.person(),), {}),
        "add_passkey": lambda d: ((_passkey(d),), {}),
        "passkeys_of": lambda d: ((d.person(),), {}),
        "passkey": lambda d: ((d.hash(),), {}),
        "use_passkey": lambda d: ((d.time(),), _use(d)),
        "rename_passkey": lambda d: ((d.time(), d.person(), d.text()), {}),
        "remove_passkey": lambda d: ((d.time(), d.person()), {}),
        "factors_of": lambda d: ((d.some((FIRST_PERSON_ID, FIRST_PERSON_ID + 1)),), {}),
    },
    "attempts": {
        "attempt": lambda d: ((d.allowances(), d.time()), {}),
        "used_up": lambda d: ((d.allowances(), d.time()), {}),
        "forgive": lambda d: ((d.some("xy"), d.time()), {}),
        "forget_attempts": lambda d: ((d.some("xy", 1),), {}),
        "forget_attempts_before": lambda d: ((d.of(1, 2, 3),), {}),
    },
}


async def _told(stores: PeopleStores, store: str, method: str, arguments: Arguments) -> object:
    work: Callable[..., Awaitable[Any]] = getattr(getattr(stores, store), method)
    try:
        found = await work(*arguments[0], **arguments[1])
    except (EmailTakenError, ValueError) as error:
        return type(error)
    return sorted(found) if method in {"end_sessions_of", "end_run_out"} else found


@pytest.mark.parametrize("store", METHODS)
async def test_memory_and_sqlite_say_the_same(store: str, tmp_path: Path) -> None:
    for seed in SEEDS:
        draws = Draws(seed)
        memory = memory_people()
        file = SqlitePeopleFile(tmp_path / f"{seed}.db")
        # What is asked here is what is said, not what survives: nobody waits for a disk.
        await file._database.transact(lambda _: None)
        assert file._database._writer is not None
        file._database._writer.execute("PRAGMA synchronous = OFF")
        try:
            for name in KEYS[:2]:
                for stores in (memory, file.stores):
                    await stores.people.add_person(NewPerson(name, name, "x", 1))
            for _ in range(STEPS):
                method = draws.of(*METHODS[store])
                arguments = METHODS[store][method](draws)
                expected = await _told(memory, store, method, arguments)
                found = await _told(file.stores, store, method, arguments)
                assert found == expected, (seed, method, arguments)
        finally:
            file.close()
