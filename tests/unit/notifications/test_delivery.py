"""Mail and webhooks on their way: attempts, patience, giving up, and what a crash leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from tests.support.webhook_receiver import Receiver, answer, receiving

from openoutcry.adapters.memory.notifications import MemoryNotifications
from openoutcry.notifications.delivery import (
    ATTEMPTS_MAX,
    CLAIM_SECONDS,
    CONCURRENT_MAX,
    DEAD_IN_A_ROW_MAX,
    MAILS_PER_HOUR_MAX,
    RETRY_SECONDS,
    SECOND_US,
    Courier,
    retry_us,
)
from openoutcry.notifications.posting import Poster
from openoutcry.notifications.signing import is_authentic, secret_of
from openoutcry.ports.mail import Mail, MailError
from openoutcry.ports.notifications import (
    Delivery,
    DeliveryState,
    Entry,
    Kind,
    Notification,
    NotificationStoreError,
    Webhook,
    WebhookPause,
    WebhookState,
)

ANN = 1_000_000
KEY = bytes(32)


@dataclass
class Post:
    """A mail server that takes what it is told to take."""

    sent: list[Mail] = field(default_factory=list)
    error: MailError | None = None

    async def send(self, mail: Mail) -> None:
        if self.error is not None:
            raise self.error
        self.sent.append(mail)


class Addresses:
    """Everybody has an address, or nobody."""

    def __init__(self) -> None:
        self.are_known = True
        self.are_away = False

    async def address_of(self, person_id: int) -> str | None:
        if self.are_away:
            raise NotificationStoreError("nobody can say where people get mail")
        return f"{person_id}@example.org" if self.are_known else None


class World:
    """A courier between a store and what it delivers to; its clock is turned by hand."""

    def __init__(self) -> None:
        self.store = MemoryNotifications()
        self.mailer = Post()
        self.addresses = Addresses()
        self.now_us = 1_700_000_000 * SECOND_US
        self.courier = Courier(
            self.store,
            self.mailer,
            self.addresses,
            Poster(allow_loopback=True, wall_seconds=lambda: self.now_us / SECOND_US),
            secret_key=KEY,
            clock=lambda: self.now_us,
            draw=lambda: 0.5,
            page_address="https://exchange.example",
        )

    async def pauses(self) -> list[WebhookPause]:
        return list(await self.store.pauses_after(0, 9))

    async def hook(self, receiver: Receiver, name: str = "w1") -> None:
        hook = Webhook(name, ANN, receiver.url(), frozenset(Kind), b"salt")
        assert await self.store.add_webhook(hook, most=99)

    async def tell(self, name: str, kind: Kind = Kind.FILL, **more: object) -> None:
        told = Notification(name, ANN, kind, "test", self.now_us)
        await self.store.record([Entry(told, **more)], now_us=self.now_us)  # type: ignore[arg-type]
        self.courier.wake()

    def pass_seconds(self, seconds: int) -> None:
        self.now_us += seconds * SECOND_US
        self.courier.wake()

    async def delivery(self, number: int) -> Delivery:
        return self.store._deliveries[number]

    async def settled(self, number: int, attempts: int = 1) -> Delivery:
        """Wait until a delivery was attempted so often and no attempt is under way."""
        async with asyncio.timeout(10):
            while True:
                found = await self.delivery(number)
                is_under_way = bool(self.courier._under_way)
                if found.attempts >= attempts and not is_under_way:
                    return found
                await asyncio.sleep(0.002)


@asynccontextmanager
async def delivering() -> AsyncIterator[World]:
    world = World()
    running = asyncio.create_task(world.courier.run())
    try:
        yield world
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


# -- webhooks


async def test_a_webhook_is_delivered_once_and_signed() -> None:
    async with receiving() as receiver, delivering() as world:
        await world.hook(receiver)
        await world.tell("n1", webhooks=("w1",))
        found = await world.settled(1)
        assert (found.state, found.outcome) == (DeliveryState.SENT, "it answered 204")
        world.pass_seconds(CLAIM_SECONDS * 2)
        await world.tell("n2", webhooks=("w1",))
        await world.settled(2)
        assert [r.headers["Outcry-Notification"] for r in receiver.received] == ["n1", "n2"]
        request = receiver.received[0]
        secret = secret_of(KEY, "w1", b"salt")
        signed = request.headers["Outcry-Signature"]
        assert is_authentic(secret, signed, request.body, world.now_us // SECOND_US)


async def test_a_failure_is_tried_again_and_again_and_then_no_more() -> None:
    async with receiving() as receiver, delivering() as world:
        receiver.answer = lambda _: answer(500)
        await world.hook(receiver)
        await world.tell("n1", webhooks=("w1",))
        for attempts in range(1, ATTEMPTS_MAX):
            found = await world.settled(1, attempts)
            assert found.state is DeliveryState.PENDING
            assert found.due_us == world.now_us + RETRY_SECONDS[attempts - 1] * SECOND_US
            world.pass_seconds(RETRY_SECONDS[attempts - 1] - 1)
            await asyncio.sleep(0.01)
            assert len(receiver.received) == attempts
            world.pass_seconds(1)
        found = await world.settled(1, ATTEMPTS_MAX)
        assert (found.state, found.outcome) == (DeliveryState.DEAD, "it answered 500")
        world.pass_seconds(10**6)
        await asyncio.sleep(0.01)
        assert len(receiver.received) == ATTEMPTS_MAX
        assert len({request.body for request in receiver.received}) == 1

        receiver.answer = lambda _: answer(200)
        assert await world.store.redeliver(ANN, 1, world.now_us)
        world.courier.wake()
        assert (await world.settled(1)).state is DeliveryState.SENT


async def test_a_receiver_that_says_when_is_not_asked_before() -> None:
    async with receiving() as receiver, delivering() as world:
        receiver.answer = lambda _: answer(429, "Retry-After: 600")
        await world.hook(receiver)
        await world.tell("n1", webhooks=("w1",))
        found = await world.settled(1)
        assert found.due_us == world.now_us + 600 * SECOND_US


async def test_a_webhook_that_nobody_takes_is_paused_and_its_owner_told() -> None:
    async with receiving() as receiver, delivering() as world:
        await world.hook(receiver)
        world.courier._poster = Poster(allow_loopback=False)  # every target is refused for good
        for number in range(1, DEAD_IN_A_ROW_MAX + 1):
            assert await world.pauses() == []
            await world.tell(f"n{number}", webhooks=("w1",))
            assert (await world.settled(number)).state is DeliveryState.DEAD
        (pause,) = await world.pauses()
        assert pause.dead_in_a_row == DEAD_IN_A_ROW_MAX
        await world.tell("late", webhooks=("w1",))
        found = await world.settled(DEAD_IN_A_ROW_MAX + 1)
        assert found.outcome == "the webhook is paused"
        assert receiver.received == []


async def test_gone_pauses_at_once() -> None:
    async with receiving() as receiver, delivering() as world:
        receiver.answer = lambda _: answer(410)
        await world.hook(receiver)
        await world.tell("n1", webhooks=("w1",))
        assert (await world.settled(1)).state is DeliveryState.DEAD
        kept = await world.store.webhook(ANN, "w1")
        assert kept is not None
        assert kept.state is WebhookState.PAUSED
        (pause,) = await world.pauses()
        assert pause.dead_in_a_row == 1


async def test_a_silent_receiver_keeps_nobody_else_waiting() -> None:
    async with receiving() as silent, receiving() as receiver, delivering() as world:
        silent.answer = lambda _: None
        await world.hook(silent, "w1")
        await world.hook(receiver, "w2")
        for number in range(CONCURRENT_MAX + 4):
            await world.tell(f"n{number}", webhooks=("w1", "w2"))
        async with asyncio.timeout(8):
            while len(receiver.received) < CONCURRENT_MAX + 4:
                await asyncio.sleep(0.002)
        names = [request.headers["Outcry-Notification"] for request in receiver.received]
        assert names == [f"n{number}" for number in range(CONCURRENT_MAX + 4)]
        assert len(silent.received) == 1


async def test_what_was_under_way_in_a_crash_is_sent_again() -> None:
    async with receiving() as receiver:
        receiver.answer = lambda _: None
        async with delivering() as world:
            await world.hook(receiver)
            await world.tell("n1", webhooks=("w1",))
            async with asyncio.timeout(10):
                while not receiver.received:
                    await asyncio.sleep(0.002)
        receiver.answer = lambda _: answer(204)
        async with delivering() as other:
            other.store, other.now_us = world.store, world.now_us
            other.courier._store = world.store
            other.pass_seconds(CLAIM_SECONDS)
            found = await other.settled(1, 2)
        assert found.state is DeliveryState.SENT
        assert [r.headers["Outcry-Delivery"] for r in receiver.received] == ["1", "1"]


async def test_what_brings_its_courier_down_is_dead_one_day() -> None:
    async with receiving() as receiver:
        world = World()
        await world.hook(receiver)
        await world.tell("n1", webhooks=("w1",))
        for _ in range(ATTEMPTS_MAX):  # each claims it, and dies before any outcome is noted
            claimed = await world.store.claim(
                now_us=world.now_us, until_us=world.now_us, limit=9, busy=()
            )
            assert len(claimed) == 1
        running = asyncio.create_task(world.courier.run())
        found = await world.settled(1, ATTEMPTS_MAX + 1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert found.state is DeliveryState.DEAD
        assert receiver.received == []


# -- mail


async def test_a_mail_is_sent_once() -> None:
    async with delivering() as world:
        await world.tell("n1", email=True)
        assert (await world.settled(1)).state is DeliveryState.SENT
    (mail,) = world.mailer.sent
    assert (mail.to, mail.subject) == (f"{ANN}@example.org", "A test")
    assert "https://exchange.example/account/notifications" in mail.text


@pytest.mark.parametrize("again", [True, False])
async def test_a_mail_that_is_not_taken(*, again: bool) -> None:
    async with delivering() as world:
        world.mailer.error = MailError("no", again=again)
        await world.tell("n1", email=True)
        found = await world.settled(1)
        expected = DeliveryState.PENDING if again else DeliveryState.DEAD
        assert found.state is expected
        if again:
            world.mailer.error = None
            world.pass_seconds(RETRY_SECONDS[0])
            assert (await world.settled(1, 2)).state is DeliveryState.SENT


async def test_nobody_is_written_to_without_an_address() -> None:
    async with delivering() as world:
        world.addresses.are_known = False
        await world.tell("n1", email=True)
        assert (await world.settled(1)).state is DeliveryState.DEAD
    assert world.mailer.sent == []


async def test_too_many_mails_are_held_back_but_for_security() -> None:
    async with delivering() as world:
        for number in range(MAILS_PER_HOUR_MAX):
            await world.tell(f"n{number}", email=True)
            assert (await world.settled(number + 1)).state is DeliveryState.SENT
        await world.tell("more", email=True)
        assert (await world.settled(MAILS_PER_HOUR_MAX + 1)).state is DeliveryState.SUPPRESSED
        await world.tell("safety", Kind.SECURITY, email=True)
        assert (await world.settled(MAILS_PER_HOUR_MAX + 2)).state is DeliveryState.SENT
        world.pass_seconds(3_601)
        await world.tell("later", email=True)
        assert (await world.settled(MAILS_PER_HOUR_MAX + 3)).state is DeliveryState.SENT


# -- patience


def test_retries_come_later_and_later_and_not_all_at_once() -> None:
    for attempts, seconds in enumerate(RETRY_SECONDS, start=1):
        assert retry_us(attempts, 0.5) == seconds * SECOND_US
        assert retry_us(attempts, 0.0) == int(seconds * 0.8 * SECOND_US)
        assert retry_us(attempts, 1.0) == int(seconds * 1.2 * SECOND_US)
    assert retry_us(1, 0.0, seconds_min=60) == 60 * SECOND_US
    assert list(RETRY_SECONDS) == sorted(RETRY_SECONDS)
    assert CLAIM_SECONDS * SECOND_US > 45 * SECOND_US


async def test_a_mail_waits_while_nobody_can_say_where_it_goes() -> None:
    async with delivering() as world:
        world.addresses.are_away = True
        await world.tell("n1", email=True)
        found = await world.settled(1)
        assert (found.state, found.attempts) == (DeliveryState.PENDING, 1)
        world.addresses.are_away = False
        world.pass_seconds(CLAIM_SECONDS)
        found = await world.settled(1, 2)
        assert found.state is DeliveryState.SENT
