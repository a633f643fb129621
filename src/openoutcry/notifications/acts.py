"""What of the audit log its people should hear of: sign-ins, and what changes their safety."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openoutcry.notifications.templates import CATALOGUE
from openoutcry.ports.audit import AuditError, AuditRecord, AuditStore
from openoutcry.ports.notifications import NotificationStoreError, Occurrence

AUDIT_SOURCE = "audit"
_PERSON = "person:"

TEMPLATES: Mapping[str, str] = {
    "sign-in.pass": "signed_in",
    "sign-up.confirm": "signed_up",
    "password.change": "password_changed",
    "password.reset": "password_reset",
    "email.change": "email_changed",
    "factor.add": "factor_added",
    "factor.remove": "factor_removed",
    "recovery-codes.make": "recovery_codes_made",
    "recovery-code.use": "recovery_code_used",
    "passkey.regress": "passkey_suspect",
    "person.lock": "locked",
    "person.unlock": "unlocked",
    "person.set-roles": "roles_changed",
    "person.remove-factors": "factor_removed",
    "key.create": "api_key_created",
    "key.revoke": "api_key_revoked",
    "address.allow": "address_allowed",
    "webhook.create": "webhook_added",
    "webhook.update": "webhook_changed",
    "notifications.silence": "mails_switched_off",
}
"""The acts that are told, whoever did them, to the person whom they concern."""
_LOCKED_OUT = {"locked": "yes"}
"""A detail of a refused attempt that was the last one for a while."""
_REFUSALS = frozenset(("sign-in.refuse", "factor.refuse", "step-up.refuse"))
CHANGED = "changed"
"""A detail of a changed webhook: its changed fields, joined by +."""
_TARGET = "url"
"""The field whose change is told; who is sent what under which label is its owner's affair."""
_TOLD_OF = ("address", "label", "name", "factor", "passkey", "left", "how", "kinds")
"""The details that a person is told, those that say most first."""


class AuditOccurrences:
    """`OccurrenceLog` of the audit log: its numbers are the places."""

    source = AUDIT_SOURCE

    def __init__(self, store: AuditStore) -> None:
        self._store = store

    async def last(self) -> int:
        """Return the number of the newest record."""
        try:
            return (await self._store.head()).number
        except AuditError as error:
            raise NotificationStoreError(str(error)) from error

    async def after(self, number: int, limit: int) -> tuple[Sequence[Occurrence], int]:
        """Return what people are told of the records after a number."""
        try:
            records = await self._store.records(number, limit)
        except AuditError as error:
            raise NotificationStoreError(str(error)) from error
        told = [found for record in records if (found := occurrence_of(record)) is not None]
        return told, records[-1].number if records else number


@dataclass(frozen=True, slots=True)
class _Act:
    template: str
    person_id: int


def occurrence_of(record: AuditRecord) -> Occurrence | None:
    """Return what somebody is told of an act; None when nobody is."""
    act = _act_of(record)
    if act is None:
        return None
    facts = {
        "ip": record.details.get("ip") or "an unknown address",
        "how": _words(record.details.get("how", "")),
        "detail": _detail(record),
        "host": record.details.get("host", "-"),
    }
    return Occurrence(
        record.number,
        act.person_id,
        CATALOGUE[act.template].kind,
        act.template,
        record.time_us,
        facts,
    )


def _act_of(record: AuditRecord) -> _Act | None:
    template = TEMPLATES.get(record.action)
    if record.action == "webhook.update":
        has_moved = _TARGET in record.details.get(CHANGED, "").split("+")
        template = template if has_moved else None
    if template is None and record.action in _REFUSALS:
        is_last = _LOCKED_OUT.items() <= record.details.items()
        template = "attempts_locked" if is_last else None
    if template is None:
        return None
    for named in (record.target, record.actor):
        if named.startswith(_PERSON) and named[len(_PERSON) :].isdecimal():
            return _Act(template, int(named[len(_PERSON) :]))
    return None


def _detail(record: AuditRecord) -> str:
    if "roles" in record.details:
        return record.details["roles"] or "none"
    found = [record.details[name] for name in _TOLD_OF if record.details.get(name)]
    if found:
        return _words(found[0])
    return record.target.partition(":")[2] or "-"


def _words(text: str) -> str:
    """Return names of factors, joined by +, as people write them; other text as it is."""
    names = text.split("+")
    if not all(name in _FACTOR_WORDS for name in names):
        return text
    return " and ".join(_FACTOR_WORDS[name] for name in names)


_FACTOR_WORDS = {
    "PASSWORD": "password",
    "TOTP": "code by time",
    "PASSKEY": "passkey",
    "RECOVERY_CODE": "recovery code",
}
