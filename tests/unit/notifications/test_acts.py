"""The audit log as a log of what people are told."""

import pytest

from openoutcry.adapters.memory.audit import MemoryAudit
from openoutcry.identity.audit import AuditLog
from openoutcry.notifications.acts import TEMPLATES, AuditOccurrences, occurrence_of
from openoutcry.notifications.rules import occurrence_told
from openoutcry.notifications.templates import CATALOGUE, render
from openoutcry.ports.audit import AuditError, AuditRecord
from openoutcry.ports.notifications import Kind, NotificationStoreError

ANN = "person:1000000"


def act(action: str, actor: str = ANN, target: str = ANN, **details: str) -> AuditRecord:
    return AuditRecord(7, 9, actor, action, target, details, "", b"", b"")


def words(record: AuditRecord) -> str:
    occurrence = occurrence_of(record)
    assert occurrence is not None
    return render(occurrence_told("audit", occurrence)).text


@pytest.mark.parametrize("action", TEMPLATES)
def test_acts_are_told_with_all_their_facts(action: str) -> None:
    more = {"changed": "kinds+url", "host": "example.org"}
    record = act(action, ip="192.0.2.1", how="PASSWORD", name="my laptop", **more)
    occurrence = occurrence_of(record)
    assert occurrence is not None
    assert (occurrence.number, occurrence.person_id, occurrence.time_us) == (7, 1_000_000, 9)
    assert CATALOGUE[TEMPLATES[action]].facts() <= set(occurrence.facts)
    assert occurrence.kind in {Kind.SECURITY, Kind.SIGN_IN}


def test_a_sign_in_says_from_where_and_how() -> None:
    text = words(act("sign-in.pass", ip="192.0.2.1", how="PASSWORD+TOTP"))
    assert "from 192.0.2.1, with password and code by time." in text


def test_an_act_is_told_to_whom_it_concerns() -> None:
    locked = occurrence_of(act("person.lock", actor="person:1000009", target="person:1000005"))
    assert locked is not None
    assert locked.person_id == 1_000_005
    made = occurrence_of(act("key.create", target="key:abc", label="my bot"))
    assert made is not None
    assert (made.person_id, made.facts["detail"]) == (1_000_000, "my bot")
    assert "key.create" not in words(act("key.revoke", target="key:abc"))
    assert "abc" in words(act("key.revoke", target="key:abc"))


def test_what_matters_most_is_told_first() -> None:
    allowed = words(act("address.allow", target="account:1", label="home", address="bc1q"))
    assert "may go to: bc1q." in allowed
    assert "are now: MARKETS TREASURY." in words(act("person.set-roles", roles="MARKETS TREASURY"))
    assert "are now: none." in words(act("person.set-roles", before="ADMIN", roles=""))


def test_the_last_wrong_attempt_is_told_and_the_others_are_not() -> None:
    assert occurrence_of(act("sign-in.refuse", "nobody", how="PASSWORD", locked="no")) is None
    last = occurrence_of(act("sign-in.refuse", "nobody", how="PASSWORD", locked="yes"))
    assert last is not None
    assert last.template == "attempts_locked"


@pytest.mark.parametrize(
    "record",
    [
        act("market.set-status"),
        act("webhook.update", target="webhook:w1", changed="label+kinds", host="example.org"),
        act("webhook.update", target="webhook:w1", host="example.org"),
        act("key.create", actor="console", target="account:1025"),
        act("key.create.refused", actor=ANN),
        act("sign-in.refuse", "nobody", "person:x", locked="yes"),
    ],
)
def test_nobody_is_told_of_the_rest(record: AuditRecord) -> None:
    assert occurrence_of(record) is None


async def test_the_log_is_read_to_its_end() -> None:
    store = MemoryAudit()
    log, occurrences = AuditLog(store, lambda: 5), AuditOccurrences(store)
    assert await occurrences.last() == 0
    assert await occurrences.after(0, 10) == ([], 0)
    for action in ("password.change", "market.create", "factor.add", "market.halt"):
        await log.record(ANN, action, ANN)
    assert await occurrences.last() == 4
    found, up_to = await occurrences.after(0, 3)
    assert ([one.number for one in found], up_to) == ([1, 3], 3)
    assert await occurrences.after(3, 3) == ([], 4)


class BrokenAudit(MemoryAudit):
    """Cannot be read."""

    async def head(self) -> object:  # type: ignore[override]
        raise AuditError("gone")

    async def records(self, *_: object) -> list[AuditRecord]:
        raise AuditError("gone")


async def test_a_log_that_cannot_be_read_is_read_later() -> None:
    occurrences = AuditOccurrences(BrokenAudit())
    with pytest.raises(NotificationStoreError):
        await occurrences.last()
    with pytest.raises(NotificationStoreError):
        await occurrences.after(0, 1)
