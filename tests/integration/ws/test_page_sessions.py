"""Sockets that a page opens in the name of a session: tickets, origins, and the session's end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.small_exchange import SmallExchange, wall_us
from tests.support.web_caller import ToySessions, session_view
from tests.support.ws_server import Served, ask, receive, receive_until, served, until
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from openoutcry.adapters.memory.stream_tickets import MemoryStreamTickets
from openoutcry.gateways.edge.origins import Origins
from openoutcry.gateways.edge.page_sessions import PageSessions
from openoutcry.gateways.rest.routes import ENDPOINTS
from openoutcry.gateways.ws.page_log_on import SEEN_EVERY_US
from openoutcry.notifications.live import OpenPages
from openoutcry.ports.notifications import InboxChange
from openoutcry.ports.people import SessionView

ORDER = {
    "symbol": "BTCUSD",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "price": "78000.00",
    "quantity": "0.001",
}


class CountingSessions(ToySessions):
    """Counts how often each session is said to be in use."""

    def __init__(self) -> None:
        super().__init__()
        self.seen_count = 0

    async def seen(self, session_id: str, now_us: int) -> SessionView | None:
        self.seen_count += 1
        return await super().seen(session_id, now_us)


@dataclass
class Page:
    """A page that has signed in on a running gateway as Bob, with token `bob`."""

    on: Served
    sessions: CountingSessions
    tickets: MemoryStreamTickets
    inbox: OpenPages

    async def ticket(self, token: str = "bob", now_us: int | None = None) -> str:
        return await self.tickets.issue(self.sessions.by_token[token], now_us or wall_us())

    def open(self, *, cookie: str = "", origin: str | None = "own") -> Any:
        headers = {"Cookie": f"__Host-s={cookie}"} if cookie else {}
        if origin == "own":
            origin = f"http://127.0.0.1:{self.on.port}"
        return self.on.connect("/ws-api/v3", additional_headers=headers, origin=origin)


@asynccontextmanager
async def page(small: SmallExchange | None = None) -> AsyncIterator[Page]:
    small = small or SmallExchange()
    sessions, tickets = CountingSessions(), MemoryStreamTickets()
    sessions.by_token["bob"] = session_view(small.bob)
    sessions.by_token["alice"] = session_view(small.alice)
    inbox = OpenPages()
    people = PageSessions(sessions, tickets, Origins(), inbox)
    async with served(small, ENDPOINTS, people=people) as on:
        yield Page(on, sessions, tickets, inbox)


async def log_on(ws: ClientConnection, ticket: str) -> Any:
    return await ask(ws, id=1, method="session.ticket", params={"ticket": ticket})


async def send_ticket(ws: ClientConnection, ticket: str) -> None:
    params = {"ticket": ticket} if ticket else {}
    await ws.send(json.dumps({"id": 1, "method": "session.ticket", "params": params}))


async def closed_with(ws: ClientConnection) -> int:
    await asyncio.wait_for(ws.wait_closed(), 20)
    assert ws.close_code is not None
    return ws.close_code


async def test_a_ticket_lets_a_page_trade_and_hear_of_it() -> None:
    async with page() as of, of.open(cookie="bob") as ws:
        status = (await log_on(ws, await of.ticket()))["result"]
        assert status["apiKey"] is None
        assert status["authorizedSince"] is not None
        assert (await ask(ws, id=2, method="userDataStream.subscribe"))["status"] == 200
        await ws.send(json.dumps({"id": 3, "method": "order.place", "params": ORDER}))
        heard = [await receive(ws) for _ in range(3)]
        events = [message["event"]["e"] for message in heard if "event" in message]
        assert events == ["executionReport", "outboundAccountPosition"]
        opened = await ask(ws, id=4, method="openOrders.status")
        assert [order["price"] for order in opened["result"]] == ["78000.00000000"]
        order_id = opened["result"][0]["orderId"]
        params = {"symbol": "BTCUSD", "orderId": order_id, "newQty": "0.0005"}
        amended = await ask(ws, id=5, method="order.amend.keepPriority", params=params)
        assert amended["status"] == 200, amended
        for method, params in {
            "account.status": {},
            "myTrades": {"symbol": "BTCUSD"},
            "order.cancel": {"symbol": "BTCUSD", "orderId": order_id},
        }.items():
            reply = await ask(ws, id=6, method=method, params=params)
            assert reply["status"] == 200, reply


async def test_the_same_request_on_two_sockets_is_two_orders() -> None:
    async with page() as of, of.open() as one, of.open() as other:
        await log_on(one, await of.ticket())
        await log_on(other, await of.ticket())
        placed = [await ask(ws, id=7, method="order.place", params=ORDER) for ws in (one, other)]
        assert placed[0]["result"]["orderId"] != placed[1]["result"]["orderId"]


async def test_a_request_may_still_be_held_to_a_time() -> None:
    async with page() as of, of.open() as ws:
        await log_on(ws, await of.ticket())
        late = {**ORDER, "timestamp": wall_us() // 1000 - 60_000}
        reply = await ask(ws, id=2, method="order.place", params=late)
        assert reply["error"]["code"] == -1021


async def test_w01_another_origin_with_a_cookie_is_not_let_in() -> None:
    """ASVS 4.4.1-4"""
    async with page() as of:
        for origin in ("http://evil.example", "null", None):
            with pytest.raises(InvalidStatus) as refused:
                await of.open(cookie="bob", origin=origin)
            assert refused.value.response.status_code == 403
        async with of.open(origin="http://evil.example") as ws:
            assert (await ask(ws, id=1, method="ping"))["status"] == 200, "without a cookie: anyone"


@pytest.mark.parametrize("origin", ["http://evil.example", None])
async def test_w01_a_ticket_is_no_good_on_another_origin_s_socket(origin: str | None) -> None:
    async with page() as of, of.open(origin=origin) as ws:
        ticket = await of.ticket()
        await ws.send(
            json.dumps({"id": 1, "method": "session.ticket", "params": {"ticket": ticket}})
        )
        assert await closed_with(ws) == 4001
        async with of.open() as own:
            await send_ticket(own, ticket)
            assert await closed_with(own) == 4001, "and it is used up"


async def test_w02_a_ticket_that_is_no_good_closes_the_socket() -> None:
    async with page() as of:
        used = await of.ticket()
        async with of.open() as ws:
            await log_on(ws, used)
        late = await of.ticket(now_us=wall_us() - 31_000_000)
        of_alice = await of.ticket("alice")
        for cookie, ticket in (
            ("", used),
            ("", late),
            ("bob", of_alice),
            ("", "made-up"),
            ("", ""),
        ):
            async with of.open(cookie=cookie) as ws:
                await send_ticket(ws, ticket)
                assert await closed_with(ws) == 4001, ticket


async def test_w02_a_ticket_dies_with_its_session() -> None:
    async with page() as of, of.open() as ws:
        ticket = await of.ticket()
        of.sessions.end("bob")
        await ws.send(
            json.dumps({"id": 1, "method": "session.ticket", "params": {"ticket": ticket}})
        )
        assert await closed_with(ws) == 4001


async def test_w03_nothing_private_is_told_before_the_ticket() -> None:
    async with page() as of, of.open(cookie="bob") as ws:
        for method in ("account.status", "userDataStream.subscribe", "openOrders.status"):
            assert (await ask(ws, id=1, method=method))["status"] == 401, method
        reply = await ask(ws, id=2, method="order.place", params=ORDER)
        assert reply["status"] == 401


async def test_w10_a_socket_acts_for_one_session() -> None:
    async with page() as of, of.open() as ws:
        await log_on(ws, await of.ticket())
        assert (await log_on(ws, await of.ticket()))["status"] == 200, "the same one again"
        ticket = await of.ticket("alice")
        await ws.send(
            json.dumps({"id": 1, "method": "session.ticket", "params": {"ticket": ticket}})
        )
        assert await closed_with(ws) == 4001


async def test_w11_the_end_of_a_session_closes_its_sockets_within_a_second() -> None:
    async with page() as of, of.open() as bob, of.open() as alice:
        await log_on(bob, await of.ticket())
        await log_on(alice, await of.ticket("alice"))
        await ask(bob, id=2, method="userDataStream.subscribe")
        started = asyncio.get_running_loop().time()
        of.sessions.end("bob")
        assert await closed_with(bob) == 4001
        assert asyncio.get_running_loop().time() - started < 1.0
        assert (await ask(alice, id=3, method="account.status"))["status"] == 200


async def test_after_a_log_out_the_socket_acts_for_nobody() -> None:
    async with page() as of, of.open() as ws:
        await log_on(ws, await of.ticket())
        await ask(ws, id=2, method="userDataStream.subscribe")
        await ws.send(json.dumps({"id": 3, "method": "session.logout"}))
        ended = await receive_until(ws, lambda message: "event" in message)
        assert ended["event"]["e"] == "eventStreamTerminated"
        assert (await receive(ws))["result"]["authorizedSince"] is None
        assert (await ask(ws, id=4, method="account.status"))["status"] == 401


async def test_use_of_a_socket_is_use_of_its_session() -> None:
    ahead = [0]
    small = SmallExchange(lambda: wall_us() + ahead[0])
    async with page(small) as of, of.open() as ws:
        await log_on(ws, await of.ticket())
        seen = of.sessions.seen_count
        ahead[0] = SEEN_EVERY_US
        assert (await ask(ws, id=2, method="ping"))["status"] == 200
        await until(lambda: of.sessions.seen_count == seen + 1)
        ahead[0] = 2 * SEEN_EVERY_US
        await ask(ws, id=3, method="ping")
        await until(lambda: of.sessions.seen_count == seen + 2)
        del of.sessions.by_token["bob"]  # and nobody says so
        ahead[0] = 3 * SEEN_EVERY_US
        await ws.send(json.dumps({"id": 4, "method": "ping"}))
        assert await closed_with(ws) == 4001


async def test_a_page_hears_of_its_inbox_and_of_no_other() -> None:
    async with page() as of, of.open() as bob, of.open() as alice:
        await log_on(bob, await of.ticket())
        await log_on(bob, await of.ticket())
        await log_on(alice, await of.ticket("alice"))
        of.inbox.tell(of.sessions.by_token["bob"].person_id, InboxChange(3))
        event = (await receive(bob))["event"]
        assert (event["e"], event["unread"]) == ("inboxChanged", 3)
        assert (await ask(alice, id=2, method="ping"))["status"] == 200, "and nothing before it"
        await ask(bob, id=3, method="session.logout")
        assert not of.inbox.has_page(of.sessions.by_token["bob"].person_id)
        await alice.close()
        await until(lambda: not of.inbox.has_page(of.sessions.by_token["alice"].person_id))


async def test_without_people_there_are_no_tickets() -> None:
    async with served(None, ENDPOINTS) as on, on.connect("/ws-api/v3") as ws:
        reply = await log_on(ws, "ticket")
        assert reply["status"] == 400
