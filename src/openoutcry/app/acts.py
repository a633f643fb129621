"""Operators' requests, recorded in the audit log: before they are done, and when they are not.

What would change the exchange is recorded first, so nothing is done without a record of it; a
second record of the same request says what it was refused for, or the name of what it has made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from openoutcry.app.admin import AdminAwayError, AdminError, Answer, Request
from openoutcry.ports.audit import CONSOLE, Audit, AuditError

_NO_DETAIL = frozenset({"do", "public-key"})
_MADE = ("account", "api_key", "asset", "market", "person")
"""What an answer names that the request perhaps did not."""


class Administrator(Protocol):
    """Does operators' requests."""

    async def run(self, request: Request) -> Answer:
        """Do a request; raises AdminError when it cannot be done."""
        ...


@dataclass(frozen=True, slots=True)
class Act:
    """How a request that changes something is recorded."""

    action: str
    noun: str
    """Of the thing that it is done to."""
    named_by: str
    """The value of the request that names that thing."""
    otherwise: str = ""
    """What it is called when the request does not name it."""

    def target(self, request: Request) -> str:
        """Return to what a request is done."""
        name = _text(request.get(self.named_by, ""))
        if not name and "base" in request:  # a market is called so unless it is told otherwise
            name = _text(request["base"]) + _text(request.get("quote", ""))
        return f"{self.noun}:{name or self.otherwise}"


ACTS: Mapping[str, Act] = {
    "create-account": Act("account.create", "account", "account", "new"),
    "update-account": Act("account.update", "account", "account"),
    "create-key": Act("key.create", "account", "account"),
    "revoke-key": Act("key.revoke", "key", "api-key"),
    "credit": Act("account.credit", "account", "account"),
    "debit": Act("account.debit", "account", "account"),
    "create-asset": Act("asset.create", "asset", "name"),
    "create-market": Act("market.create", "market", "symbol"),
    "set-filters": Act("market.set-filters", "market", "symbol"),
    "set-status": Act("market.set-status", "market", "symbol"),
    "set-fees": Act("fees.set", "market", "symbol", "all"),
    "add-operator": Act("operator.add", "person", "email"),
    "remove-operator": Act("operator.remove", "person", "email"),
    "restart": Act("process.restart", "process", "what"),
    "move": Act("partition.move", "entity", "what"),
    "split": Act("partition.split", "partition", "partition"),
}
LOOKS = frozenset({"list", "show-account", "list-keys", "list-operators", "list-partitions"})
"""Requests that change nothing, and leave no record."""


class RecordedAdministration:
    """An administrator whose acts leave records; somebody has to be named for each."""

    def __init__(self, administrator: Administrator, audit: Audit) -> None:
        self._administrator = administrator
        self._audit = audit

    async def run(self, request: Request) -> Answer:
        """Do what somebody asks for who may use the data folder; raises AdminError."""
        return await self.run_as(CONSOLE, request)

    async def run_as(self, actor: str, request: Request, request_id: str = "") -> Answer:
        """Do what an actor asks for; raises AdminError, also when it cannot be recorded."""
        name = request.get("do")
        act = ACTS.get(name) if isinstance(name, str) else None
        if act is None:
            return await self._administrator.run(request)
        request_id = request_id or uuid4().hex
        target = act.target(request)
        await self._record(actor, act.action, target, _details(request), request_id)
        try:
            answer = await self._administrator.run(request)
        except AdminError as error:
            refused = {"reason": str(error)}
            await self._record(actor, f"{act.action}.refused", target, refused, request_id)
            raise
        made = {
            name: str(answer[name])
            for name in _MADE
            if name in answer and str(answer[name]) != str(request.get(name))
        }
        if made:
            await self._record(actor, f"{act.action}.done", target, made, request_id)
        return answer

    async def _record(
        self, actor: str, action: str, target: str, details: Mapping[str, str], request_id: str
    ) -> None:
        try:
            await self._audit.record(actor, action, target, details, request_id)
        except AuditError as error:
            raise AdminAwayError(
                f"nothing is done without a record, and that fails: {error}"
            ) from error


def _details(request: Request) -> dict[str, str]:
    """Return the values of a request as text; none of them is a secret."""
    details: dict[str, str] = {}
    for name, value in request.items():
        if name in _NO_DETAIL:
            continue
        if isinstance(value, dict):
            details |= {f"{name}.{key}": _text(part) for key, part in value.items()}
        else:
            details[name] = _text(value)
    return details


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
