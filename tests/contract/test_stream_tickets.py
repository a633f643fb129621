"""What every keeper of stream tickets promises."""

import pytest
from tests.support.web_caller import NOW_US, session_view

from openoutcry.adapters.memory.stream_tickets import TICKETS_OF_SESSION_MAX, MemoryStreamTickets
from openoutcry.ports.stream_tickets import TICKET_LIFE_US, StreamTickets

BOB = session_view(1_000_001)
ALICE = session_view(1_000_002)


@pytest.fixture
def tickets() -> StreamTickets:
    return MemoryStreamTickets()


async def test_a_ticket_is_good_once(tickets: StreamTickets) -> None:
    ticket = await tickets.issue(BOB, NOW_US)
    assert await tickets.redeem(ticket, NOW_US + 1) == BOB.session_id
    assert await tickets.redeem(ticket, NOW_US + 1) is None


async def test_a_ticket_is_its_session_s(tickets: StreamTickets) -> None:
    of_bob, of_alice = await tickets.issue(BOB, NOW_US), await tickets.issue(ALICE, NOW_US)
    assert of_bob != of_alice
    assert await tickets.redeem(of_alice, NOW_US) == ALICE.session_id
    assert await tickets.redeem(of_bob, NOW_US) == BOB.session_id


async def test_a_ticket_is_worth_nothing_after_its_time(tickets: StreamTickets) -> None:
    ticket = await tickets.issue(BOB, NOW_US)
    assert await tickets.redeem(ticket, NOW_US + TICKET_LIFE_US) is None
    assert await tickets.redeem(ticket, NOW_US) is None, "and it is used up"


@pytest.mark.parametrize("text", ["", "made-up", "\udcff", "x" * 100_000])
async def test_any_text_may_be_sent(tickets: StreamTickets, text: str) -> None:
    assert await tickets.redeem(text, NOW_US) is None


async def test_tickets_cannot_be_guessed(tickets: StreamTickets) -> None:
    found = {await tickets.issue(BOB, NOW_US) for _ in range(20)}
    assert len(found) == 20
    assert all(len(ticket) >= 43 for ticket in found), "256 bits"


async def test_tickets_that_nobody_uses_do_not_pile_up() -> None:
    tickets = MemoryStreamTickets()
    for number in range(100):
        await tickets.issue(BOB, NOW_US + number)
    assert tickets.count() == TICKETS_OF_SESSION_MAX
    await tickets.issue(ALICE, NOW_US + TICKET_LIFE_US + 1_000)
    assert tickets.count() == 1
