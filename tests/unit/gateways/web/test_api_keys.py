"""People's own API keys over `/x/v1`: made, listed, revoked, and nobody else's."""

import asyncio
import hashlib
import hmac
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.support.people_directory import ToyDirectory, person_view
from tests.support.web_caller import NOW_US, Called, ToySessions, WebCaller, session_view

from openoutcry.adapters.memory.audit import MemoryAudit
from openoutcry.adapters.memory.keys import MemoryApiKeys
from openoutcry.adapters.memory.listen_keys import MemoryListenKeys
from openoutcry.app.operating import PeopleDesk
from openoutcry.gateways.edge.auth import verifier
from openoutcry.gateways.web import api_keys
from openoutcry.identity.audit import AuditLog
from openoutcry.identity.keys import generate_key
from openoutcry.identity.personal_keys import DAY_US, KeyDesk
from openoutcry.ports.audit import AuditError, AuditHead, AuditRecord
from openoutcry.ports.people import OperatorRole, PersonView
from openoutcry.ports.people_store import PeopleStoreError
from openoutcry.ports.personal_keys import KEYS_MAX
from openoutcry.ports.users import ApiKey, KeyStoreError, KeyType

ANN, BEN = 1_000_001, 1_000_002
PATH = "/me/api-keys"
ED25519_PEM = generate_key(KeyType.ED25519).material.decode()


class Scene:
    """Ann, who has just confirmed who she is; the same, who has not; and Ben."""

    def __init__(self, keys: MemoryApiKeys | None = None, store: MemoryAudit | None = None) -> None:
        self.keys = keys or MemoryApiKeys()
        self.store = store or MemoryAudit()
        self.listen_keys = MemoryListenKeys()
        log = AuditLog(self.store, lambda: NOW_US)
        symbols = {"BTCUSD", "ETHUSD"}
        self.directory = ToyDirectory(person_view(ANN), person_view(BEN))
        self.desk = KeyDesk(
            self.directory, self.keys, self.listen_keys, log, lambda: symbols, lambda: NOW_US
        )
        sessions = {
            "ann": session_view(ANN, stepped_up=True),
            "ann-later": session_view(ANN),
            "ben": session_view(BEN, stepped_up=True),
        }
        self.web = WebCaller(api_keys.routes(self.desk), ToySessions(sessions))

    async def make(self, token: str = "ann", **changes: Any) -> Called:
        body = {"label": "bot", "may_trade": True, **changes}
        return await self.web.call("POST", PATH, body, token=token)

    async def listed(self, token: str = "ann") -> list[dict[str, Any]]:
        answer = await self.web.call("GET", PATH, token=token)
        assert answer.status == 200
        keys: list[dict[str, Any]] = answer.json["keys"]
        return keys

    async def records(self) -> list[AuditRecord]:
        return await self.store.records(None, 100)


async def test_a_key_is_made_and_its_secret_shown_once() -> None:
    at = Scene()
    answer = await at.make()
    assert answer.status == 201
    made = answer.json
    name, secret = made["key"]["api_key"], made["secret"]
    assert len(name) == len(secret) == 64
    stored = at.keys.find(name)
    assert stored is not None
    assert (stored.account_id, stored.person_id) == (ANN, ANN)
    assert (stored.may_read, stored.may_trade, stored.may_withdraw) == (True, True, False)
    assert stored.expires_us == NOW_US + 90 * DAY_US
    signature = hmac.new(secret.encode(), b"payload", hashlib.sha256).hexdigest()
    assert verifier(stored)(b"payload", signature)
    assert await at.listed() == [made["key"]]
    assert secret not in (await at.web.call("GET", PATH, token="ann")).content.decode()
    assert made["key"]["public_key"] == ""


@pytest.mark.parametrize("key_type", [KeyType.ED25519, KeyType.RSA])
async def test_of_a_key_pair_only_the_public_half_comes_here(key_type: KeyType) -> None:
    at = Scene()
    pair = generate_key(key_type)
    refused = await at.make(key_type=key_type.value, public_key=pair.secret)
    assert (refused.status, refused.code) == (422, "KEY_REFUSED")
    assert "private key" in refused.json["detail"]
    assert "BEGIN" not in refused.content.decode()
    made = (await at.make(key_type=key_type.value, public_key=pair.material.decode())).json
    assert made["secret"] == ""
    assert made["key"]["public_key"] == pair.material.decode()


async def test_rights_and_limits_are_kept_as_asked_for() -> None:
    at = Scene()
    made = await at.make(
        may_read=False,
        may_withdraw=True,
        allowed_ips=["203.0.113.7", "10.1.0.0/16", "2001:DB8::/32", "203.0.113.7"],
        allowed_symbols=["ETHUSD", "BTCUSD", "ETHUSD"],
        lifetime_days=0,
    )
    view = made.json["key"]
    assert (view["may_read"], view["may_trade"], view["may_withdraw"]) == (False, True, True)
    assert view["allowed_ips"] == ["203.0.113.7/32", "10.1.0.0/16", "2001:db8::/32"]
    assert view["allowed_symbols"] == ["ETHUSD", "BTCUSD"]
    assert (view["expires_us"], view["has_expired"]) == (0, False)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"label": " "}, "label"),
        ({"label": "two\nlines"}, "label"),
        ({"label": "\u202egpj"}, "label"),
        ({"may_read": False, "may_trade": False}, "may_read"),
        ({"may_withdraw": True}, "allowed_ips"),
        ({"may_withdraw": True, "allowed_ips": ["0.0.0.0/0"]}, "allowed_ips"),
        ({"may_withdraw": True, "allowed_ips": ["10.1.0.0/15"]}, "allowed_ips"),
        ({"may_withdraw": True, "allowed_ips": ["192.0.2.1", "2001::/31"]}, "allowed_ips"),
        ({"allowed_ips": ["10.0.0.1/8"]}, "allowed_ips"),
        ({"allowed_ips": ["example.com"]}, "allowed_ips"),
        ({"allowed_ips": ["1.2.3"]}, "allowed_ips"),
        ({"allowed_ips": [""]}, "allowed_ips"),
        ({"allowed_symbols": ["NONE"]}, "allowed_symbols"),
        ({"allowed_symbols": ["btcusd"]}, "allowed_symbols"),
        ({"public_key": ED25519_PEM}, "public_key"),
        ({"key_type": "ED25519"}, "public_key"),
        ({"key_type": "RSA", "public_key": ED25519_PEM}, "public_key"),
        ({"key_type": "ED25519", "public_key": "ssh-ed25519 AAAA"}, "public_key"),
    ],
)
async def test_what_makes_no_key_names_its_field(changes: dict[str, Any], field: str) -> None:
    at = Scene()
    answer = await at.make(**changes)
    assert (answer.status, answer.code) == (422, "KEY_REFUSED")
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert await at.listed() == []
    assert await at.records() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"label": ""},
        {"label": "x" * 41},
        {"label": 5},
        {"key_type": "DSA"},
        {"lifetime_days": -1},
        {"lifetime_days": 3_651},
        {"lifetime_days": 1.5},
        {"allowed_ips": ["10.0.0.0/8"] * 31},
        {"allowed_ips": "10.0.0.0/8"},
        {"may_trade": "yes"},
        {"account_id": BEN},
        {"person_id": BEN},
        {"public_key": "x" * 4_001},
    ],
)
async def test_what_is_no_request_is_refused(changes: dict[str, Any]) -> None:
    """R15"""
    at = Scene()
    assert (await at.make(**changes)).status == 400
    assert await at.listed() == []


async def test_making_a_key_asks_who_one_is_once_more_and_revoking_does_not() -> None:
    at = Scene()
    assert (await at.make("ann-later")).code == "STEP_UP_FIRST"
    assert (await at.make("")).code == "SIGN_IN_FIRST"
    name = (await at.make()).json["key"]["api_key"]
    revoked = await at.web.call("DELETE", f"{PATH}/{name}", token="ann-later")
    assert revoked.status == 204
    assert at.keys.find(name) is None


async def test_nobody_sees_or_revokes_the_keys_of_others() -> None:
    """R16"""
    at = Scene()
    name = (await at.make()).json["key"]["api_key"]
    assert await at.listed("ben") == []
    theirs = await at.web.call("DELETE", f"{PATH}/{name}", token="ben")
    missing = await at.web.call("DELETE", f"{PATH}/{'x' * 64}", token="ben")
    assert theirs.status == 404
    assert {**theirs.json} == {**missing.json}
    assert at.keys.find(name) is not None
    assert [record.actor for record in await at.records()] == [f"person:{ANN}"]


async def test_a_person_has_so_many_keys_at_most() -> None:
    at = Scene()
    made = await asyncio.gather(*(at.make(label=f"bot {i}") for i in range(KEYS_MAX + 3)))
    assert sorted(answer.status for answer in made) == [201] * KEYS_MAX + [409] * 3
    assert len(await at.listed()) == KEYS_MAX
    assert (await at.make("ben")).status == 201


async def test_each_change_is_recorded_without_the_secret() -> None:
    at = Scene()
    made = (await at.make(allowed_symbols=["BTCUSD"])).json
    name = made["key"]["api_key"]
    await at.web.call("DELETE", f"{PATH}/{name}", token="ann")
    first, second = await at.records()
    assert (first.actor, first.action, first.target) == (
        f"person:{ANN}",
        "key.create",
        f"key:{name}",
    )
    assert first.details["may"] == "read trade"
    assert first.details["allowed_symbols"] == "BTCUSD"
    assert (second.action, second.target) == ("key.revoke", f"key:{name}")
    assert made["secret"] not in repr([first, second])


async def test_a_listen_key_does_not_outlive_a_revoked_key() -> None:
    at = Scene()
    name = (await at.make()).json["key"]["api_key"]
    listen_key = await at.listen_keys.create(ANN, NOW_US)
    await at.web.call("DELETE", f"{PATH}/{name}", token="ann")
    assert await at.listen_keys.accounts_of([listen_key], NOW_US) == {}


async def test_no_key_is_made_or_revoked_without_a_record() -> None:
    class Full(MemoryAudit):
        is_full = False

        async def append(self, make: Any) -> AuditRecord:
            if self.is_full:
                raise AuditError("the disk is full")
            return await super().append(make)

    store = Full()
    at = Scene(store=store)
    name = (await at.make()).json["key"]["api_key"]
    store.is_full = True
    assert (await at.make()).code == "KEYS_AWAY"
    assert (await at.web.call("DELETE", f"{PATH}/{name}", token="ann")).code == "KEYS_AWAY"
    assert [key["api_key"] for key in await at.listed()] == [name]
    assert (await store.head()) != AuditHead()


async def test_a_store_that_is_away_is_said() -> None:
    class Away(MemoryApiKeys):
        def add(self, key: ApiKey) -> None:
            raise KeyStoreError("the disk is full")

    at = Scene(Away())
    answer = await at.make()
    assert (answer.status, answer.code) == (503, "KEYS_AWAY")
    assert "disk" not in answer.content.decode()


def locking(at: Scene) -> Callable[[], Awaitable[object]]:
    """Return what an operator does who locks Ann."""
    audit = AuditLog(at.store, lambda: NOW_US)
    desk = PeopleDesk(at.directory, at.keys, at.listen_keys, audit, lambda: NOW_US)
    operator = session_view(BEN, roles=[OperatorRole.SUPPORT])
    return lambda: desk.lock(operator, ANN, "request")


async def test_who_was_locked_since_the_session_was_found_gets_no_key() -> None:
    at = Scene()
    await locking(at)()
    answer = await at.make()
    assert (answer.status, answer.code) == (401, "SIGN_IN_FIRST")
    assert at.keys.of_account(ANN) == []
    assert [record.action for record in await at.records()] == ["person.lock"]


async def test_a_key_that_is_stored_after_a_lock_is_given_up() -> None:
    """R18"""
    adding, locked = threading.Event(), threading.Event()

    class Slow(MemoryApiKeys):
        def add(self, key: ApiKey) -> None:
            adding.set()
            assert locked.wait(10)
            super().add(key)

    at = Scene(Slow())
    making = asyncio.create_task(at.make())
    assert await asyncio.to_thread(adding.wait, 10)
    await locking(at)()
    locked.set()
    answer = await making
    assert (answer.status, answer.code) == (401, "SIGN_IN_FIRST")
    assert at.keys.of_account(ANN) == []
    actions = [record.action for record in await at.records()]
    assert sorted(actions) == ["key.create", "key.revoke", "person.lock"]


async def test_a_key_that_is_stored_before_a_lock_is_suspended_by_it() -> None:
    """R18"""
    at = Scene()
    made: list[str] = []
    lock = at.directory.lock

    async def lock_late(person_id: int) -> bool:
        made.append((await at.make()).json["key"]["api_key"])
        return await lock(person_id)

    at.directory.lock = lock_late  # type: ignore[method-assign]
    await locking(at)()
    assert [key.api_key for key in at.keys.of_account(ANN)] == made
    assert at.keys.find(made[0]) is None


async def test_a_key_is_given_up_when_nobody_can_say_whether_its_owner_is_locked() -> None:
    at = Scene()
    person = at.directory.person

    async def once(person_id: int) -> PersonView | None:
        if at.keys.of_account(ANN):
            raise PeopleStoreError("the disk is full")
        return await person(person_id)

    at.directory.person = once  # type: ignore[method-assign]
    answer = await at.make()
    assert (answer.status, answer.code) == (503, "KEYS_AWAY")
    assert at.keys.of_account(ANN) == []
