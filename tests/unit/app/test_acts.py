"""Operators' requests leave records: before they are done, and when they are not."""

from collections.abc import Mapping

import pytest

from openoutcry.adapters.memory.audit import MemoryAudit
from openoutcry.app.acts import ACTS, LOOKS, RecordedAdministration
from openoutcry.app.admin import AdminError, Administration, Answer, Request
from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.identity.audit import AuditLog
from openoutcry.ports.audit import AuditError, AuditRecord


class Desk:
    """Answers what it is told to; remembers how many records there were when it was asked."""

    def __init__(self, store: MemoryAudit, answer: Answer | AdminError) -> None:
        self.store = store
        self.answer = answer
        self.records_before: int | None = None

    async def run(self, _request: Request) -> Answer:
        self.records_before = (await self.store.head()).number
        if isinstance(self.answer, AdminError):
            raise self.answer
        return self.answer


async def recorded(request: Request, answer: Answer | AdminError) -> tuple[Desk, list[AuditRecord]]:
    store = MemoryAudit()
    desk = Desk(store, answer)
    administration = RecordedAdministration(desk, AuditLog(store, lambda: 1))
    if isinstance(answer, AdminError):
        with pytest.raises(AdminError):
            await administration.run(request)
    else:
        assert await administration.run(request) == answer
    return desk, await store.records(None, 10)


async def test_an_act_is_recorded_before_it_is_done() -> None:
    request = {"do": "set-status", "symbol": "BTCUSD", "status": "HALT"}
    desk, records = await recorded(request, {"symbol": "BTCUSD", "status": "HALT"})
    assert desk.records_before == 1
    assert [(r.actor, r.action, r.target, r.details) for r in records] == [
        ("console", "market.set-status", "market:BTCUSD", {"symbol": "BTCUSD", "status": "HALT"})
    ]
    assert records[0].request_id


async def test_a_refused_act_says_so_under_the_same_request() -> None:
    request = {"do": "credit", "account": 7, "asset": "EUR", "amount": "1"}
    _, records = await recorded(request, AdminError("there is no asset 'EUR'"))
    assert [record.action for record in records] == ["account.credit", "account.credit.refused"]
    assert records[1].details == {"reason": "there is no asset 'EUR'"}
    assert records[0].request_id == records[1].request_id


async def test_what_was_made_is_named_and_no_secret_is_kept() -> None:
    request = {"do": "create-key", "account": 7, "type": "RSA", "public-key": "PEM"}
    answer: Answer = {"api_key": "k1", "account": 7, "secret": "never to be seen"}
    _, records = await recorded(request, answer)
    assert [record.action for record in records] == ["key.create", "key.create.done"]
    assert records[1].details == {"api_key": "k1"}
    assert "never to be seen" not in repr(records)
    assert "PEM" not in repr(records)


async def test_filters_and_flags_are_told_one_by_one() -> None:
    request = {
        "do": "set-filters",
        "symbol": "BTCUSD",
        "filters": {"price-max": "5"},
        "roles": ["A", "B"],
        "dry": False,
    }
    _, (record,) = await recorded(request, {})
    assert record.details == {
        "symbol": "BTCUSD",
        "filters.price-max": "5",
        "roles": "A, B",
        "dry": "false",
    }


@pytest.mark.parametrize(
    ("request_values", "target"),
    [
        ({"do": "create-account"}, "account:new"),
        ({"do": "create-account", "account": 5}, "account:5"),
        ({"do": "create-market", "base": "BTC", "quote": "EUR"}, "market:BTCEUR"),
        ({"do": "create-market", "base": "BTC", "quote": "EUR", "symbol": "X"}, "market:X"),
        ({"do": "set-fees", "maker": "0", "taker": "0"}, "market:all"),
        ({"do": "set-fees", "maker": "0", "taker": "0", "symbol": "X"}, "market:X"),
        ({"do": "split", "partition": 3, "to": 4}, "partition:3"),
    ],
)
async def test_what_it_is_done_to_has_a_name(
    request_values: dict[str, object], target: str
) -> None:
    assert (await recorded(request_values, {}))[1][0].target == target


@pytest.mark.parametrize("request_name", sorted(LOOKS))
async def test_who_only_looks_leaves_no_record(request_name: str) -> None:
    assert (await recorded({"do": request_name}, {}))[1] == []


async def test_nothing_is_done_that_cannot_be_recorded() -> None:
    class Full(MemoryAudit):
        async def append(self, make: object) -> AuditRecord:
            raise AuditError("the disk is full")

    desk = Desk(MemoryAudit(), {})
    administration = RecordedAdministration(desk, AuditLog(Full(), lambda: 1))
    with pytest.raises(AdminError, match="the disk is full"):
        await administration.run({"do": "create-asset", "name": "EUR"})
    assert desk.records_before is None


def test_every_request_is_an_act_or_a_look() -> None:
    known: Mapping[str, object] = Administration(None, None, Catalog(), int)._requests  # type: ignore[arg-type]
    assert set(known) <= set(ACTS) | LOOKS
    assert not set(ACTS) & LOOKS
