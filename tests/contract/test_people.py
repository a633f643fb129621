"""One suite for every store of people: what happens once happens once, whoever asks at once."""

import asyncio
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

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
    PeopleStoreError,
    PeopleStores,
    Person,
    StoredPasskey,
    StoredSession,
    StoredTotp,
    TokenPurpose,
)

NOW_US = 1_700_000_000_000_000
MINUTE_US = 60_000_000


def new_person(name: str = "ann", **changes: object) -> NewPerson:
    new = NewPerson(
        email=f"{name.title()}@example.org",
        email_key=f"{name}@example.org",
        password_hash="$argon2id$of " + name,
        created_us=NOW_US,
    )
    return replace(new, **changes)


def session_of(person: Person, name: str = "s1", **changes: object) -> StoredSession:
    session = StoredSession(
        session_id=name,
        token_hash=b"hash of " + name.encode(),
        person_id=person.person_id,
        factors=frozenset({Factor.PASSWORD, Factor.TOTP}),
        started_us=NOW_US,
        seen_us=NOW_US,
        stepped_up_until_us=NOW_US + MINUTE_US,
        ends_us=NOW_US + 720 * MINUTE_US,
        ip="192.0.2.7",
        user_agent="Mozilla/5.0 “ünd”",
    )
    return replace(session, **changes)


def mail_token(token: bytes = b"t", **changes: object) -> MailToken:
    made = MailToken(
        token_hash=token,
        purpose=TokenPurpose.SIGN_UP,
        email="Ann@example.org",
        email_key="ann@example.org",
        person_id=0,
        password_hash="$argon2id$",
        expires_us=NOW_US + MINUTE_US,
    )
    return replace(made, **changes)


def pending(token: bytes = b"p", **changes: object) -> Pending:
    proved = frozenset({Factor.PASSWORD})
    kind, ends_us = PendingKind.SECOND_FACTOR, NOW_US + MINUTE_US
    made = Pending(token, kind, FIRST_PERSON_ID, "", proved, ends_us)
    return replace(made, **changes)


def passkey_of(person: Person, credential: bytes = b"c1", **changes: object) -> StoredPasskey:
    made = StoredPasskey(
        passkey_id=0,
        person_id=person.person_id,
        credential_id=credential,
        public_key=b"public key",
        sign_count=4,
        name="Phone “ü”",
        transports=("internal", "hybrid"),
        backed_up=False,
        created_us=NOW_US,
        used_us=0,
    )
    return replace(made, **changes)


def totp_of(person: Person, secret: bytes = b"sealed", **changes: object) -> StoredTotp:
    return replace(StoredTotp(person.person_id, secret, False, 0, NOW_US), **changes)


@contextmanager
def in_memory(_folder: Path) -> Iterator[PeopleStores]:
    yield memory_people()


@contextmanager
def in_sqlite(folder: Path) -> Iterator[PeopleStores]:
    file = SqlitePeopleFile(folder / "people.db")
    yield file.stores
    file.close()


STORES: dict[str, Callable[[Path], AbstractContextManager[PeopleStores]]] = {
    "memory": in_memory,
    "sqlite": in_sqlite,
}
"""Every store of people there is. Another one is another line here."""


@pytest.fixture(params=STORES)
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PeopleStores]:
    with STORES[request.param](tmp_path) as made:
        yield made


async def test_people_are_numbered_from_the_first_id_on(stores: PeopleStores) -> None:
    ann = await stores.people.add_person(new_person("ann"))
    bob = await stores.people.add_person(
        new_person("bob", roles=frozenset({OperatorRole.ADMIN}), must_change_password=True)
    )
    assert (ann.person_id, bob.person_id) == (FIRST_PERSON_ID, FIRST_PERSON_ID + 1)
    assert ann.status is PersonStatus.ACTIVE
    assert (ann.roles, ann.must_change_password, ann.account_opened) == (frozenset(), False, False)
    assert (bob.roles, bob.must_change_password) == ({OperatorRole.ADMIN}, True)
    assert await stores.people.person(ann.person_id) == ann
    assert await stores.people.person_by_email("bob@example.org") == bob
    assert await stores.people.person(1) is None
    assert await stores.people.person_by_email("Bob@example.org") is None


async def test_an_address_is_given_once(stores: PeopleStores) -> None:
    async def add() -> bool:
        try:
            await stores.people.add_person(new_person("ann"))
        except EmailTakenError:
            return False
        return True

    assert sum(await asyncio.gather(*(add() for _ in range(8)))) == 1
    bob = await stores.people.add_person(new_person("bob"))
    assert bob.person_id == FIRST_PERSON_ID + 1, "no number is lost"


async def test_people_by_page_and_by_part_of_their_address(stores: PeopleStores) -> None:
    for name in ("ann", "bob", "hannah", "50%_off"):
        await stores.people.add_person(new_person(name))

    async def names(after: int = 0, limit: int = 10, containing: str = "") -> list[str]:
        found = await stores.people.people(after, limit, containing)
        return [person.email_key.partition("@")[0] for person in found]

    assert await names() == ["ann", "bob", "hannah", "50%_off"]
    assert await names(limit=2) == ["ann", "bob"]
    assert await names(after=FIRST_PERSON_ID + 1) == ["hannah", "50%_off"]
    assert await names(containing="ann") == ["ann", "hannah"]
    assert await names(containing="%") == ["50%_off"]
    assert await names(containing="_") == ["50%_off"]
    assert await names(containing="zoe") == []


async def test_changes_of_a_person(stores: PeopleStores) -> None:
    ann = await stores.people.add_person(new_person("ann"))
    bob = await stores.people.add_person(new_person("bob"))
    roles = {OperatorRole.SUPPORT, OperatorRole.AUDITOR}
    assert await stores.people.set_status(ann.person_id, PersonStatus.LOCKED)
    assert await stores.people.set_roles(ann.person_id, roles)
    await stores.people.account_opened(ann.person_id)
    await stores.people.signed_in(ann.person_id, NOW_US + 1)
    await stores.people.security_changed(ann.person_id, NOW_US + 2)
    assert await stores.people.person(ann.person_id) == replace(
        ann,
        status=PersonStatus.LOCKED,
        roles=frozenset(roles),
        account_opened=True,
        signed_in_us=NOW_US + 1,
        security_changed_us=NOW_US + 2,
    )
    assert await stores.people.set_roles(ann.person_id, ())
    found = await stores.people.person(ann.person_id)
    assert found is not None
    assert found.roles == frozenset()
    assert await stores.people.person(bob.person_id) == bob, "nobody else has changed"
    assert not await stores.people.set_status(5, PersonStatus.LOCKED)
    assert not await stores.people.set_roles(5, roles)


async def test_a_password_is_replaced_only_where_it_is_known(stores: PeopleStores) -> None:
    ann = await stores.people.add_person(new_person("ann", must_change_password=True))
    was = ann.password_hash
    people = stores.people
    assert await people.set_password(ann.person_id, "rehashed", was=was, changed_us=0)
    assert await people.person(ann.person_id) == replace(ann, password_hash="rehashed")
    assert not await people.set_password(ann.person_id, "late", was=was, changed_us=0)
    assert await people.set_password(ann.person_id, "new", was="rehashed", changed_us=NOW_US)
    assert await people.person(ann.person_id) == replace(
        ann, password_hash="new", must_change_password=False, security_changed_us=NOW_US
    )
    assert not await people.set_password(5, "x", was="", changed_us=0)


async def test_an_address_is_replaced_only_where_it_is_known_and_free(
    stores: PeopleStores,
) -> None:
    people = stores.people
    ann = await people.add_person(new_person("ann"))
    bob = await people.add_person(new_person("bob"))
    was = ann.email_key
    for email, person_id in ((bob.email_key, ann.person_id), (ann.email_key, 5)):
        with pytest.raises(EmailTakenError):
            await people.set_email(person_id, "x", email, was=was, changed_us=9)
    assert not await people.set_email(ann.person_id, "N", "n", was=bob.email_key, changed_us=9)
    assert not await people.set_email(5, "N", "n", was=was, changed_us=9)
    assert await people.person(ann.person_id) == ann
    works = [
        people.set_email(ann.person_id, f"N{one}", f"n{one}", was=was, changed_us=9)
        for one in range(5)
    ]
    changed = await asyncio.gather(*works)
    assert sum(changed) == 1
    which = changed.index(True)
    now = replace(ann, email=f"N{which}", email_key=f"n{which}", security_changed_us=9)
    assert await people.person_by_email(f"n{which}") == now
    assert await people.person_by_email(was) is None
    again = await people.add_person(new_person("ann"))
    assert again.email_key == was, "the old one is anybody's"


async def test_a_mailed_token_is_taken_once_and_in_time(stores: PeopleStores) -> None:
    tokens = stores.tokens
    await tokens.add_mail_token(mail_token())
    ends_us = mail_token().expires_us
    assert await tokens.mail_token(b"t", TokenPurpose.SIGN_UP, ends_us - 1) == mail_token()
    assert await tokens.mail_token(b"t", TokenPurpose.SIGN_UP, ends_us) is None
    assert await tokens.mail_token(b"t", TokenPurpose.RESET, NOW_US) is None
    assert await tokens.mail_token(b"T", TokenPurpose.SIGN_UP, NOW_US) is None
    assert await tokens.take_mail_token(b"t", TokenPurpose.RESET, NOW_US) is None
    assert await tokens.take_mail_token(b"t", TokenPurpose.SIGN_UP, ends_us) is None
    takes = [tokens.take_mail_token(b"t", TokenPurpose.SIGN_UP, NOW_US) for _ in range(8)]
    taken = await asyncio.gather(*takes)
    assert [token for token in taken if token] == [mail_token()]


async def test_a_second_reset_replaces_the_first_and_a_sign_up_does_not(
    stores: PeopleStores,
) -> None:
    tokens = stores.tokens
    for token in (b"s1", b"s2"):
        await tokens.add_mail_token(mail_token(token))
    reset = mail_token(b"r1", purpose=TokenPurpose.RESET, person_id=FIRST_PERSON_ID)
    other = replace(reset, token_hash=b"o", person_id=9, email_key="b@example.org")
    await tokens.add_mail_token(other)
    await tokens.add_mail_token(reset)
    await tokens.add_mail_token(replace(reset, token_hash=b"r2"))
    assert await tokens.mail_token(b"r1", TokenPurpose.RESET, NOW_US) is None
    assert await tokens.mail_token(b"r2", TokenPurpose.RESET, NOW_US) is not None
    assert await tokens.mail_token(b"o", TokenPurpose.RESET, NOW_US) == other
    assert await tokens.mail_token(b"s1", TokenPurpose.SIGN_UP, NOW_US) is not None
    await tokens.forget_mail_tokens("ann@example.org")
    for token in (b"s1", b"s2"):
        assert await tokens.mail_token(token, TokenPurpose.SIGN_UP, NOW_US) is None
    assert await tokens.mail_token(b"r2", TokenPurpose.RESET, NOW_US) is None
    assert await tokens.mail_token(b"o", TokenPurpose.RESET, NOW_US) == other


async def test_what_was_sent_for_somebody_is_dropped_by_purpose(stores: PeopleStores) -> None:
    tokens = stores.tokens
    reset = mail_token(b"r", purpose=TokenPurpose.RESET, person_id=FIRST_PERSON_ID)
    change = replace(
        reset, token_hash=b"c", purpose=TokenPurpose.CHANGE_EMAIL, email_key="new@example.org"
    )
    others = replace(change, token_hash=b"o", person_id=9)
    for token in (reset, change, others):
        await tokens.add_mail_token(token)
    await tokens.forget_mail_tokens_of(FIRST_PERSON_ID, TokenPurpose.CHANGE_EMAIL)
    assert await tokens.mail_token(b"c", TokenPurpose.CHANGE_EMAIL, NOW_US) is None
    assert await tokens.mail_token(b"r", TokenPurpose.RESET, NOW_US) == reset
    assert await tokens.mail_token(b"o", TokenPurpose.CHANGE_EMAIL, NOW_US) == others


async def test_a_step_that_has_begun_is_taken_once_and_in_time(stores: PeopleStores) -> None:
    tokens = stores.tokens
    await tokens.add_pending(pending(session_id="s1"))
    ends_us = pending().expires_us
    kind = PendingKind.SECOND_FACTOR
    assert await tokens.pending(b"p", kind, ends_us - 1) == pending(session_id="s1")
    assert await tokens.pending(b"p", kind, ends_us) is None
    assert await tokens.pending(b"p", PendingKind.NEW_PASSWORD, NOW_US) is None
    assert await tokens.take_pending(b"p", PendingKind.PASSKEY_ADD, NOW_US) is None
    assert await tokens.take_pending(b"p", kind, ends_us) is None
    taken = await asyncio.gather(*(tokens.take_pending(b"p", kind, NOW_US) for _ in range(8)))
    assert [found for found in taken if found] == [pending(session_id="s1")]


async def test_what_is_good_no_more_is_dropped(stores: PeopleStores) -> None:
    tokens = stores.tokens
    await tokens.add_mail_token(mail_token(b"old", expires_us=NOW_US))
    await tokens.add_mail_token(mail_token(b"young", expires_us=NOW_US + 1))
    await tokens.add_pending(pending(b"old", expires_us=NOW_US))
    await tokens.add_pending(pending(b"young", expires_us=NOW_US + 1))
    await tokens.add_pending(pending(b"bob's", person_id=FIRST_PERSON_ID + 1))
    assert await tokens.forget_expired(NOW_US) == 2
    assert await tokens.forget_expired(NOW_US) == 0
    assert await tokens.mail_token(b"old", TokenPurpose.SIGN_UP, 0) is None
    assert await tokens.mail_token(b"young", TokenPurpose.SIGN_UP, 0) is not None
    assert await tokens.pending(b"old", PendingKind.SECOND_FACTOR, 0) is None
    assert await tokens.pending(b"young", PendingKind.SECOND_FACTOR, 0) is not None
    await tokens.forget_pending(FIRST_PERSON_ID)
    assert await tokens.pending(b"young", PendingKind.SECOND_FACTOR, 0) is None
    assert await tokens.pending(b"bob's", PendingKind.SECOND_FACTOR, 0) is not None


async def test_a_session_is_found_by_its_token_with_its_person(stores: PeopleStores) -> None:
    ann = await stores.people.add_person(new_person("ann"))
    session = session_of(ann)
    await stores.sessions.add_session(session)
    assert await stores.sessions.session(session.token_hash) == (session, ann)
    assert await stores.sessions.session_by_id("s1") == (session, ann)
    assert await stores.sessions.session(b"") is None
    assert await stores.sessions.session_by_id("S1") is None
    await stores.people.set_status(ann.person_id, PersonStatus.LOCKED)
    found = await stores.sessions.session(session.token_hash)
    assert found is not None
    assert found[1].status is PersonStatus.LOCKED, "the person is as of now"


async def test_a_session_that_is_used_and_renewed(stores: PeopleStores) -> None:
    ann = await stores.people.add_person(new_person("ann"))
    session = session_of(ann)
    sessions = stores.sessions
    await sessions.add_session(session)
    await sessions.session_seen("s1", NOW_US + 5)
    await sessions.session_seen("s1", NOW_US + 3)
    await sessions.session_seen("gone", NOW_US + 3)
    later = replace(session, seen_us=NOW_US + 5)
    assert await sessions.session_by_id("s1") == (later, ann)
    proved = {Factor.PASSWORD, Factor.TOTP}
    renewals = [sessions.renew_session(session.token_hash, b"n%d" % n, n, proved) for n in range(8)]
    renewed = await asyncio.gather(*renewals)
    assert sum(renewed) == 1, "one token has one successor"
    which = renewed.index(True)
    found = await sessions.session(b"n%d" % which)
    new = replace(later, token_hash=b"n%d" % which, stepped_up_until_us=which)
    assert found == (replace(new, factors=frozenset(proved)), ann)
    assert await sessions.session(session.token_hash) is None


async def test_sessions_prove_a_factor_no_more(stores: PeopleStores) -> None:
    ann = await stores.people.add_person(new_person("ann"))
    bob = await stores.people.add_person(new_person("bob"))
    both, password = frozenset({Factor.PASSWORD, Factor.TOTP}), frozenset({Factor.PASSWORD})
    for person, name, factors in ((ann, "s1", both), (ann, "s2", password), (bob, "b1", both)):
        await stores.sessions.add_session(session_of(person, name, factors=factors))
    await stores.sessions.unprove(ann.person_id, {Factor.TOTP, Factor.RECOVERY_CODE})
    assert {one.factors for one in await stores.sessions.sessions_of(ann.person_id)} == {password}
    assert [one.factors for one in await stores.sessions.sessions_of(bob.person_id)] == [both]


async def test_sessions_end_one_by_one_and_all_but_one(stores: PeopleStores) -> None:
    ann = await stores.people.add_person(new_person("ann"))
    bob = await stores.people.add_person(new_person("bob"))
    sessions = stores.sessions
    for number, name in enumerate(("s1", "s2", "s3", "s4")):
        await sessions.add_session(session_of(ann, name, seen_us=NOW_US + number))
    await sessions.add_session(session_of(bob, "b1"))
    own = await sessions.sessions_of(ann.person_id)
    assert [session.session_id for session in own] == ["s4", "s3", "s2", "s1"]
    assert not await sessions.end_session("b1", ann.person_id), "somebody else's"
    assert await sessions.end_session("s1", ann.person_id)
    assert not await sessions.end_session("s1", ann.person_id)
    assert sorted(await sessions.end_sessions_of(ann.person_id, but="s3")) == ["s2", "s4"]
    assert await sessions.end_sessions_of(ann.person_id) == ["s3"]
    assert await sessions.end_sessions_of(ann.person_id) == []
    assert await sessions.sessions_of(ann.person_id) == []
    assert [session.session_id for session in await sessions.sessions_of(bob.person_id)] == ["b1"]


async def test_sessions_run_out_by_rest_and_by_age(stores: PeopleStores) -> None:
    ann = await stores.people.add_person(new_person("ann"))
    sessions = stores.sessions
    await sessions.add_session(session_of(ann, "idle", seen_us=NOW_US))
    await sessions.add_session(session_of(ann, "busy", seen_us=NOW_US + 1))
    await sessions.add_session(session_of(ann, "old", seen_us=NOW_US + 1, ends_us=NOW_US + 9))
    assert await sessions.end_run_out(NOW_US + 8, NOW_US - 1) == []
    assert sorted(await sessions.end_run_out(NOW_US + 9, NOW_US)) == ["idle", "old"]
    assert [session.session_id for session in await sessions.sessions_of(ann.person_id)] == ["busy"]


async def test_a_generator_proves_nothing_until_confirmed(stores: PeopleStores) -> None:
    ann = await stores.people.add_person(new_person("ann"))
    factors = stores.factors
    assert await factors.totp(ann.person_id) is None
    assert await factors.set_totp(totp_of(ann, b"first"))
    assert await factors.set_totp(totp_of(ann, b"second"))
    assert await factors.totp(ann.person_id) == totp_of(ann, b"second")
    assert not await factors.use_totp_step(ann.person_id, 100)
    assert not await factors.confirm_totp(ann.person_id, b"first", 100)
    assert not await factors.remove_totp(ann.person_id), "nothing was proved by it"
    assert await factors.set_totp(totp_of(ann, b"third"))
    assert await factors.confirm_totp(ann.person_id, b"third", 100)
    assert not await factors.confirm_totp(ann.person_id, b"third", 101)
    assert not await factors.set_totp(totp_of(ann, b"fourth"))
    assert await factors.totp(ann.person_id) == totp_of(
        ann, b"third", confirmed=True, last_step=100
    )
    assert await factors.remove_totp(ann.person_id)
    assert not await factors.remove_totp(ann.person_id)
    assert await factors.totp(ann.person_id) is None


async def test_a_step_is_taken_once_and_never_an_older_one(stores: PeopleStores) -> None:
    ann = await stores.people.add_person(new_person("ann"))
    factors = stores.factors
    await factors.set_totp(totp_of(ann))
    await factors.confirm_totp(ann.person_id, b"sealed", 100)
    assert not await factors.use_totp_step(ann.person_id, 100)
    taken = await asyncio.gather(*(factors.use_totp_step(ann.person_id, 102) for _ in range(8)))
    assert sum(taken) == 1
    assert not await factors.use_totp_step(ann.person_id, 101)
    assert not await factors.use_totp_step(5, 103)


async def test_a_recovery_code_is_taken_once(stores: PeopleStores) -> None:
    ann = await stores.people.add_person(new_person("ann"))
    bob = await stores.people.add_person(new_person("bob"))
    factors = stores.factors
    await factors.set_recovery_codes(ann.person_id, [b"a", b"b", b"c"])
    assert await factors.recovery_codes_left(ann.person_id) == 3
    assert not await factors.use_recovery_code(bob.person_id, b"a")
    taken = await asyncio.gather(*(factors.use_recovery_code(ann.person_id, b"a") for _ in "12345"))
    assert sum(taken) == 1
    assert await factors.recovery_codes_left(ann.person_id) == 2
    await factors.set_recovery_codes(ann.person_id, [b"d"])
    assert not await factors.use_recovery_code(ann.person_id, b"b")
    await factors.set_recovery_codes(ann.person_id, [])
    assert await factors.recovery_codes_left(ann.person_id) == 0
    assert await factors.recovery_codes_left(bob.person_id) == 0


async def test_passkeys_are_their_persons_own(stores: PeopleStores) -> None:
    ann = await stores.people.add_person(new_person("ann"))
    bob = await stores.people.add_person(new_person("bob"))
    factors = stores.factors
    first = await factors.add_passkey(passkey_of(ann, b"c1"))
    second = await factors.add_passkey(passkey_of(ann, b"c2", transports=()))
    assert first == passkey_of(ann, b"c1", passkey_id=1)
    assert await factors.passkeys_of(ann.person_id) == [first, second]
    assert await factors.passkeys_of(bob.person_id) == []
    assert await factors.passkey(b"c2") == second
    assert await factors.passkey(b"c3") is None
    with pytest.raises(ValueError):
        await factors.add_passkey(passkey_of(bob, b"c1"))
    assert not await factors.rename_passkey(1, bob.person_id, "mine")
    assert await factors.rename_passkey(1, ann.person_id, "Key")
    assert await factors.passkey(b"c1") == replace(first, name="Key")
    assert not await factors.remove_passkey(2, bob.person_id)
    assert await factors.remove_passkey(2, ann.person_id)
    assert not await factors.remove_passkey(2, ann.person_id)
    third = await factors.add_passkey(passkey_of(bob, b"c2"))
    assert third.passkey_id == 3, "an id is never given again"


async def test_a_passkeys_counter_moves_from_what_it_was(stores: PeopleStores) -> None:
    ann = await stores.people.add_person(new_person("ann"))
    first = await stores.factors.add_passkey(passkey_of(ann))

    async def use(was: int, count: int) -> bool:
        return await stores.factors.use_passkey(
            first.passkey_id, was=was, sign_count=count, backed_up=True, now_us=NOW_US + 1
        )

    assert not await use(3, 5)
    assert sum(await asyncio.gather(*(use(4, 5) for _ in range(8)))) == 1
    assert await stores.factors.passkey(b"c1") == replace(
        first, sign_count=5, backed_up=True, used_us=NOW_US + 1
    )


async def test_what_people_have_set_up(stores: PeopleStores) -> None:
    ann = await stores.people.add_person(new_person("ann"))
    bob = await stores.people.add_person(new_person("bob"))
    factors = stores.factors
    both = (ann.person_id, bob.person_id)
    only_password = frozenset({Factor.PASSWORD})
    await factors.set_totp(totp_of(ann))
    assert await factors.factors_of(both) == dict.fromkeys(both, only_password)
    await factors.confirm_totp(ann.person_id, b"sealed", 1)
    await factors.add_passkey(passkey_of(bob))
    await factors.set_recovery_codes(bob.person_id, [b"a"])
    assert await factors.factors_of(both) == {
        ann.person_id: only_password | {Factor.TOTP},
        bob.person_id: only_password | {Factor.PASSKEY, Factor.RECOVERY_CODE},
    }
    assert await factors.factors_of(()) == {}


async def test_attempts_within_a_sliding_time(stores: PeopleStores) -> None:
    attempts = stores.attempts
    three = Allowance("ann", 3, 100)
    for at_us in (0, 10, 20):
        assert await attempts.attempt([three], at_us) == 0
    assert await attempts.attempt([three], 30) == 70, "until the first has left"
    assert await attempts.attempt([three], 99) == 1
    assert await attempts.attempt([three], 100) == 0
    assert await attempts.attempt([three], 101) == 9
    assert await attempts.attempt([Allowance("bob", 3, 100)], 101) == 0
    await attempts.forget_attempts(["ann", "nobody"])
    assert await attempts.attempt([three], 101) == 0


async def test_attempts_are_refused_whole(stores: PeopleStores) -> None:
    one, two = Allowance("a", 1, 100), Allowance("b", 2, 100)
    assert await stores.attempts.attempt([one, two], 0) == 0
    assert await stores.attempts.attempt([one, two], 10) == 90
    assert await stores.attempts.attempt([two], 20) == 0, "a refused one was not counted"
    assert await stores.attempts.attempt([two], 30) == 70


async def test_attempts_at_once_are_counted_too(stores: PeopleStores) -> None:
    five = Allowance("ann", 5, 100)
    waits = await asyncio.gather(*(stores.attempts.attempt([five], 7) for _ in range(20)))
    assert waits.count(0) == 5


async def test_whether_attempts_are_used_up_counts_nothing(stores: PeopleStores) -> None:
    two, other = Allowance("a", 2, 100), Allowance("b", 1, 100)
    assert await stores.attempts.attempt([two], 0) == 0
    for _ in range(3):
        assert await stores.attempts.used_up([two, other], 10) == 0
    assert await stores.attempts.attempt([two], 20) == 0
    assert await stores.attempts.used_up([other, two], 30) == 70


async def test_one_attempt_is_forgiven(stores: PeopleStores) -> None:
    three = Allowance("a", 3, 100)
    for at_us in (5, 5, 7):
        assert await stores.attempts.attempt([three], at_us) == 0
    await stores.attempts.forgive(["a", "nobody"], 5)
    await stores.attempts.forgive(["a"], 6)
    assert await stores.attempts.attempt([three], 8) == 0
    assert await stores.attempts.used_up([three], 9) == 96


async def test_old_attempts_are_dropped(stores: PeopleStores) -> None:
    for at_us in (10, 20, 30):
        assert await stores.attempts.attempt([Allowance("ann", 9, 100)], at_us) == 0
    assert await stores.attempts.forget_attempts_before(20) == 1
    assert await stores.attempts.forget_attempts_before(20) == 0
    assert await stores.attempts.attempt([Allowance("ann", 2, 100)], 40) == 80


@pytest.fixture
def reopen(tmp_path: Path) -> Iterator[Callable[[], SqlitePeopleFile]]:
    opened: list[SqlitePeopleFile] = []

    def again() -> SqlitePeopleFile:
        opened.append(SqlitePeopleFile(tmp_path / "people.db"))
        return opened[-1]

    yield again
    for file in opened:
        file.close()


async def test_people_outlive_their_process(reopen: Callable[[], SqlitePeopleFile]) -> None:
    first = reopen().stores
    ann = await first.people.add_person(new_person("ann"))
    await first.sessions.add_session(session_of(ann))
    await first.attempts.attempt([Allowance("ann", 1, 100)], 0)
    second = reopen().stores
    assert await second.sessions.session_by_id("s1") == (session_of(ann), ann)
    assert await second.attempts.attempt([Allowance("ann", 1, 100)], 1) == 99


async def test_two_at_one_file_see_and_exclude_each_other(
    reopen: Callable[[], SqlitePeopleFile],
) -> None:
    here, there = reopen().stores, reopen().stores
    await here.tokens.add_mail_token(mail_token())
    takes = [
        stores.tokens.take_mail_token(b"t", TokenPurpose.SIGN_UP, NOW_US)
        for stores in (here, there, here, there)
    ]
    assert len([token for token in await asyncio.gather(*takes) if token]) == 1


def test_only_the_owner_may_read_the_file(
    reopen: Callable[[], SqlitePeopleFile], tmp_path: Path
) -> None:
    (tmp_path / "people.db").touch(mode=0o644)
    reopen()
    files = sorted(tmp_path.glob("people.db*"))
    assert files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_newer_format_is_refused_by_name(
    reopen: Callable[[], SqlitePeopleFile], tmp_path: Path
) -> None:
    reopen()
    database = sqlite3.connect(tmp_path / "people.db")
    database.execute("UPDATE people_format SET version = 7")
    database.commit()
    database.close()
    with pytest.raises(PeopleStoreError, match="format 7"):
        reopen()


def test_a_file_of_something_else_is_refused(
    reopen: Callable[[], SqlitePeopleFile], tmp_path: Path
) -> None:
    (tmp_path / "people.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(PeopleStoreError, match=r"people\.db"):
        reopen()


async def test_a_failed_change_leaves_nothing_and_the_store_goes_on(
    reopen: Callable[[], SqlitePeopleFile],
) -> None:
    stores = reopen().stores
    ann = await stores.people.add_person(new_person("ann"))
    await stores.sessions.add_session(session_of(ann))
    with pytest.raises(PeopleStoreError):
        await stores.sessions.add_session(session_of(ann))
    with pytest.raises(PeopleStoreError):
        await stores.sessions.add_session(session_of(replace(ann, person_id=5), "s2"))
    await stores.sessions.add_session(session_of(ann, "s3"))
    assert len(await stores.sessions.sessions_of(ann.person_id)) == 2
