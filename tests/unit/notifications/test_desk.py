"""What people do with their notifications, and what they may not."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from tests.support.notification_scene import ANN, ANN_ACCOUNT, BOB, PRICE, Scene, Told
from tests.support.webhook_receiver import receiving

from openoutcry.adapters.memory.audit import MemoryAudit
from openoutcry.adapters.memory.notifications import MemoryNotifications
from openoutcry.identity.audit import AuditLog
from openoutcry.notifications.acts import AuditOccurrences
from openoutcry.notifications.desk import (
    ALERTS_MAX,
    TRIALS_PER_MINUTE_MAX,
    WEBHOOKS_MAX,
    Desk,
)
from openoutcry.notifications.pauses import PauseOccurrences
from openoutcry.notifications.posting import Poster
from openoutcry.notifications.preferences import KINDS
from openoutcry.notifications.signing import is_authentic
from openoutcry.ports.notification_desk import (
    BadWishError,
    NoSuchThingError,
    TooManyThingsError,
    TooOftenError,
    WebhookChange,
)
from openoutcry.ports.notifications import (
    Channel,
    DeliveryState,
    Direction,
    Entry,
    InboxChange,
    Kind,
    Preferences,
    StoredNotification,
    Webhook,
    WebhookState,
)
from openoutcry.simulation import demo

URL = "https://example.org/hook"
FILLS = frozenset({Kind.FILL})


@dataclass
class At:
    """A desk and what stands around it."""

    scene: Scene
    told: Told
    desk: Desk
    audit: MemoryAudit
    wakes: list[int] = field(default_factory=list)

    async def acts(self) -> list[str]:
        return [record.action for record in await self.audit.records(None, 99)]

    async def texts(self, person_id: int) -> list[str]:
        """Return what a person is told, once everything was read."""
        await self.told.outbox.flush()
        return await self.told.texts(person_id)


async def opened(store: MemoryNotifications, audit: MemoryAudit | None = None) -> At:
    """Open a desk over a store, and over an audit log that may be there already."""
    scene = Scene()
    audit = MemoryAudit() if audit is None else audit
    told = Told(scene, store, logs=(AuditOccurrences(audit), PauseOccurrences(store)))
    await told.outbox.start()
    wakes: list[int] = []
    desk = Desk(
        told.store,
        told.outbox,
        scene.terms,
        Poster(allow_loopback=True),
        AuditLog(audit, lambda: scene.now_us),
        secret_key=bytes(32),
        clock=lambda: scene.now_us,
        journal_position=lambda: told.watch.position,
        wake_courier=lambda: wakes.append(1),
    )
    return At(scene, told, desk, audit, wakes)


@pytest.fixture
async def at() -> At:
    return await opened(MemoryNotifications())


# -- inbox


async def test_an_inbox_is_read_page_by_page(at: At) -> None:
    for number in range(1, 6):
        at.scene.deposit(ANN_ACCOUNT, number * demo.ATOMS)
    await at.told.outbox.flush()
    pages, before = [], None
    while True:
        page = await at.desk.inbox(ANN, before=before, limit=2, unread_only=False)
        assert page.unread == 5
        pages.append([item.title for item in page.items])
        before = page.next_before
        if before is None:
            break
    assert pages == [
        ["Deposit of 5 USD", "Deposit of 4 USD"],
        ["Deposit of 3 USD", "Deposit of 2 USD"],
        ["Deposit of 1 USD"],
    ]
    empty = await at.desk.inbox(BOB, before=None, limit=2, unread_only=False)
    assert (list(empty.items), empty.unread, empty.next_before) == ([], 0, None)


async def test_reading_is_told_to_other_pages(at: At) -> None:
    at.scene.deposit(ANN_ACCOUNT, demo.ATOMS)
    at.scene.deposit(ANN_ACCOUNT, demo.ATOMS)
    await at.told.outbox.flush()
    changes: list[InboxChange] = []
    at.told.outbox.pages.listen(ANN, changes.append)
    newest = (await at.desk.inbox(ANN, before=None, limit=1, unread_only=True)).items[0]
    assert await at.desk.mark_read(ANN, ids=[newest.notification_id]) == 1
    assert await at.desk.mark_read(ANN, ids=[newest.notification_id]) == 1
    assert await at.desk.mark_read(ANN, up_to=newest.number) == 0
    assert [(change.unread, change.new) for change in changes] == [(1, None), (0, None)]


# -- preferences


async def test_every_choice_is_shown(at: At) -> None:
    choices = await at.desk.choices(ANN)
    assert len(choices) == len(KINDS) * len(Channel)
    locked = [(choice.kind, choice.channel) for choice in choices if choice.locked]
    assert locked == [(Kind.SECURITY, Channel.IN_APP), (Kind.SECURITY, Channel.EMAIL)]
    changed = await at.desk.choose(ANN, {(Kind.FILL, Channel.EMAIL): True})
    assert [c.wanted for c in changed if (c.kind, c.channel) == (Kind.FILL, Channel.EMAIL)] == [
        True
    ]
    with pytest.raises(BadWishError):
        await at.desk.choose(
            ANN, {(Kind.FILL, Channel.EMAIL): False, (Kind.SECURITY, Channel.EMAIL): False}
        )
    assert (await at.told.store.preferences(ANN))[Kind.FILL, Channel.EMAIL]  # all or nothing


async def test_who_silences_a_guard_is_told_so(at: At) -> None:
    await at.desk.choose(ANN, {(Kind.SIGN_IN, Channel.EMAIL): False})
    assert await at.texts(ANN) == ["mails_switched_off"]
    assert (await at.told.facts(ANN))["detail"] == "sign-in"
    assert await at.acts() == ["notifications.silence"]
    (mail,) = await at.told.store.claim(
        now_us=at.scene.now_us, until_us=at.scene.now_us, limit=9, busy=()
    )
    assert mail.channel is Channel.EMAIL


# -- webhooks


async def test_a_secret_is_shown_once_and_signs(at: At) -> None:
    async with receiving() as receiver:
        made = await at.desk.add_webhook(ANN, receiver.url(), FILLS, "mine")
        assert made.webhook == await at.desk.webhook(ANN, made.webhook.webhook_id)
        assert "secret" not in repr(made)
        assert made.webhook.salt not in repr(made).encode()
        trial = await at.desk.try_webhook(ANN, made.webhook.webhook_id)
        assert (trial.ok, trial.outcome) == (True, "it answered 204")
        renewed = await at.desk.renew_secret(ANN, made.webhook.webhook_id)
        assert renewed.secret != made.secret
        await at.desk.try_webhook(ANN, made.webhook.webhook_id)
    for request, secret in zip(receiver.received, (made.secret, renewed.secret), strict=True):
        header = request.headers["Outcry-Signature"]
        sent_s = int(header.split(",")[0].removeprefix("t="))
        assert is_authentic(secret, header, request.body, sent_s)
    assert await at.acts() == ["webhook.create", "webhook.renew-secret"]
    assert await at.texts(ANN) == ["webhook_added"]


@pytest.mark.parametrize("url", ["http://example.org/", "https://10.0.0.1/", "https://u:p@e.org/"])
async def test_a_target_that_is_no_target_is_refused(at: At, url: str) -> None:
    with pytest.raises(BadWishError) as refused:
        await at.desk.add_webhook(ANN, url, FILLS, "")
    assert refused.value.field_name == "url"
    made = await at.desk.add_webhook(ANN, URL, FILLS, "")
    with pytest.raises(BadWishError):
        await at.desk.change_webhook(ANN, made.webhook.webhook_id, WebhookChange(url=url))


async def test_a_webhook_is_changed_field_by_field(at: At) -> None:
    made = await at.desk.add_webhook(ANN, URL, FILLS, "mine")
    name = made.webhook.webhook_id
    changed = await at.desk.change_webhook(ANN, name, WebhookChange(label="other"))
    assert (changed.url, changed.kinds, changed.label) == (URL, FILLS, "other")
    await at.told.store.pause_webhook(ANN, name, at.scene.now_us)
    changed = await at.desk.change_webhook(
        ANN, name, WebhookChange(active=True, url=URL + "2", kinds=frozenset({Kind.DEPOSIT}))
    )
    assert changed.state is WebhookState.ACTIVE
    assert changed.kinds == {Kind.DEPOSIT}
    assert await at.texts(ANN) == ["webhook_added", "webhook_changed", "webhook_paused"]
    paused = await at.desk.change_webhook(ANN, name, WebhookChange(active=False))
    assert paused.state is WebhookState.PAUSED
    assert len(await at.texts(ANN)) == 3  # they have done it themselves
    details = [record.details for record in await at.audit.records(None, 99)]
    assert [found.get("changed") for found in details] == [
        None,
        "label",
        "url+kinds+state",
        "state",
    ]
    assert {found["host"] for found in details} == {"example.org"}
    assert URL not in repr(details)  # what stands behind a host may be a secret


async def test_nobody_reaches_the_webhook_of_another(at: At) -> None:
    name = (await at.desk.add_webhook(ANN, URL, FILLS, "")).webhook.webhook_id
    for wish in (
        at.desk.webhook(BOB, name),
        at.desk.change_webhook(BOB, name, WebhookChange(label="x")),
        at.desk.renew_secret(BOB, name),
        at.desk.remove_webhook(BOB, name),
        at.desk.try_webhook(BOB, name),
        at.desk.deliveries(BOB, name),
        at.desk.redeliver(BOB, name, 1),
    ):
        with pytest.raises(NoSuchThingError):
            await wish
    await at.desk.remove_webhook(ANN, name)
    assert await at.desk.webhooks(ANN) == []


async def test_webhooks_and_tests_are_counted(at: At) -> None:
    for _ in range(WEBHOOKS_MAX):
        made = await at.desk.add_webhook(ANN, "http://127.0.0.1:1/", FILLS, "")
    with pytest.raises(TooManyThingsError):
        await at.desk.add_webhook(ANN, URL, FILLS, "")
    assert await at.texts(ANN) == ["webhook_added"] * WEBHOOKS_MAX
    for _ in range(TRIALS_PER_MINUTE_MAX):
        trial = await at.desk.try_webhook(ANN, made.webhook.webhook_id)
        assert (trial.ok, trial.outcome) == (False, "no connection")
    with pytest.raises(TooOftenError):
        await at.desk.try_webhook(ANN, made.webhook.webhook_id)
    at.scene.now_us += 60_000_000
    await at.desk.try_webhook(ANN, made.webhook.webhook_id)


async def test_a_delivery_is_asked_for_again(at: At) -> None:
    name = (await at.desk.add_webhook(ANN, URL, frozenset({Kind.DEPOSIT}), "")).webhook.webhook_id
    at.scene.deposit(ANN_ACCOUNT, demo.ATOMS)
    await at.told.outbox.flush()
    (delivery,) = await at.desk.deliveries(ANN, name)
    number = delivery.delivery_id
    with pytest.raises(BadWishError):
        await at.desk.redeliver(ANN, name, number)
    await at.told.store.settle(
        number, DeliveryState.DEAD, now_us=at.scene.now_us, due_us=0, outcome="no"
    )
    again = await at.desk.redeliver(ANN, name, number)
    assert again.state is DeliveryState.PENDING
    assert at.wakes == [1]
    with pytest.raises(NoSuchThingError):
        await at.desk.redeliver(ANN, name, number + 1)


async def test_a_paused_webhook_is_told_of(at: At) -> None:
    made = await at.desk.add_webhook(ANN, URL, FILLS, "")
    for _ in range(2):
        await at.told.store.pause_webhook(ANN, made.webhook.webhook_id, at.scene.now_us)
    assert await at.texts(ANN) == ["webhook_added", "webhook_paused"]
    assert (await at.told.facts(ANN))["host"] == "example.org"


async def test_two_at_once_do_not_pass_the_number_together(at: At) -> None:
    for _ in range(WEBHOOKS_MAX - 1):
        await at.desk.add_webhook(ANN, URL, FILLS, "")
    two = [at.desk.add_webhook(ANN, URL, FILLS, "") for _ in range(2)]
    made = await asyncio.gather(*two, return_exceptions=True)
    assert sorted(type(found).__name__ for found in made) == ["NewWebhook", "TooManyThingsError"]
    assert await at.texts(ANN) == ["webhook_added"] * WEBHOOKS_MAX


# -- deaths between a deed and what its owner is told


class DiedError(Exception):
    """The process is gone."""


class MortalStore(MemoryNotifications):
    """Dies right after what a person does was done."""

    def __init__(self) -> None:
        super().__init__()
        self.dies = False

    def _after_the_deed(self) -> None:
        if self.dies:
            raise DiedError

    async def add_webhook(self, webhook: Webhook, *, most: int) -> bool:
        added = await super().add_webhook(webhook, most=most)
        self._after_the_deed()
        return added

    async def put_webhook(self, webhook: Webhook, *, keeps_state: bool = False) -> bool:
        put = await super().put_webhook(webhook, keeps_state=keeps_state)
        self._after_the_deed()
        return put

    async def pause_webhook(self, person_id: int, webhook_id: str, now_us: int) -> bool:
        paused = await super().pause_webhook(person_id, webhook_id, now_us)
        self._after_the_deed()
        return paused

    async def set_preferences(self, person_id: int, changes: Preferences) -> None:
        await super().set_preferences(person_id, changes)
        self._after_the_deed()

    async def record(
        self, entries: Sequence[Entry], **more: object
    ) -> Sequence[StoredNotification]:
        recorded = await super().record(entries, **more)  # type: ignore[arg-type]
        if entries:
            self._after_the_deed()
        return recorded


@pytest.mark.parametrize("template", ["webhook_added", "webhook_changed", "mails_switched_off"])
async def test_what_a_person_did_is_told_once_whatever_dies(template: str) -> None:
    store = MortalStore()
    at = await opened(store)
    made = await at.desk.add_webhook(ANN, URL, FILLS, "")
    before = await at.texts(ANN)
    deed = {
        "webhook_added": at.desk.add_webhook(ANN, URL, FILLS, ""),
        "webhook_changed": at.desk.change_webhook(
            ANN, made.webhook.webhook_id, WebhookChange(url=URL + "2")
        ),
        "mails_switched_off": at.desk.choose(ANN, {(Kind.SIGN_IN, Channel.EMAIL): False}),
    }
    store.dies = True
    with pytest.raises(DiedError):
        await deed.pop(template)
    for other in deed.values():
        other.close()
    again = await opened(store, at.audit)
    with pytest.raises(DiedError):  # it has told them, and dies before anybody knows
        await again.told.outbox.flush()
    store.dies = False
    last = await opened(store, at.audit)
    assert await last.texts(ANN) == [*before, template]


async def test_a_pause_is_told_once_whatever_dies() -> None:
    store = MortalStore()
    at = await opened(store)
    made = await at.desk.add_webhook(ANN, URL, FILLS, "")
    before = await at.texts(ANN)
    store.dies = True
    for _ in range(2):
        with pytest.raises(DiedError):
            await store.pause_webhook(ANN, made.webhook.webhook_id, at.scene.now_us)
    again = await opened(store, at.audit)
    with pytest.raises(DiedError):
        await again.told.outbox.flush()
    store.dies = False
    last = await opened(store, at.audit)
    assert await last.texts(ANN) == [*before, "webhook_paused"]


# -- alerts


async def test_an_alert_watches_from_now_on(at: At) -> None:
    at.scene.trade(PRICE)
    made = await at.desk.add_alert(ANN, "BTCUSD", Direction.ABOVE, "99.5", once=True)
    assert (made.symbol, made.price, made.active) == ("BTCUSD", "99.5", True)
    await at.told.outbox.flush()
    assert await at.told.texts(ANN) == []
    at.scene.trade(PRICE)
    await at.told.outbox.flush()
    assert await at.told.texts(ANN) == ["price_above"]
    (shown,) = await at.desk.alerts(ANN)
    assert not shown.active
    assert shown.fired_us == at.scene.now_us


async def test_an_alert_that_was_changed_begins_anew(at: At) -> None:
    made = await at.desk.add_alert(ANN, "BTCUSD", Direction.ABOVE, "100", once=True)
    at.scene.trade(PRICE)
    await at.told.outbox.flush()
    with pytest.raises(NoSuchThingError):
        await at.desk.change_alert(BOB, made.alert_id, price="1")
    with pytest.raises(BadWishError):
        await at.desk.change_alert(ANN, made.alert_id, price="0.001")
    changed = await at.desk.change_alert(
        ANN, made.alert_id, direction=Direction.BELOW, price="99", once=False
    )
    assert (changed.price, changed.direction, changed.once) == ("99", Direction.BELOW, False)
    assert changed.active
    assert changed.fired_us is None
    at.scene.trade(PRICE)
    at.scene.trade(PRICE - 100)
    await at.told.outbox.flush()
    assert await at.told.texts(ANN) == ["price_above", "price_below"]
    again = await at.desk.change_alert(ANN, made.alert_id)
    assert again.price == "99"
    at.scene.trade(PRICE - 100)
    await at.told.outbox.flush()
    assert (await at.told.texts(ANN))[-1] == "price_below"


async def test_an_alert_that_was_removed_does_not_fire(at: At) -> None:
    made = await at.desk.add_alert(ANN, "BTCUSD", Direction.BELOW, "100", once=False)
    with pytest.raises(NoSuchThingError):
        await at.desk.remove_alert(BOB, made.alert_id)
    await at.desk.remove_alert(ANN, made.alert_id)
    with pytest.raises(NoSuchThingError):
        await at.desk.remove_alert(ANN, made.alert_id)
    at.scene.trade(PRICE)
    await at.told.outbox.flush()
    assert await at.told.texts(ANN) == []


async def test_an_alert_needs_a_market_a_price_and_room(at: At) -> None:
    for symbol, price, name in (
        ("NONE", "1", "symbol"),
        ("BTCUSD", "1e3", "price"),
        ("BTCUSD", "0", "price"),
        ("BTCUSD", "0.001", "price"),
    ):
        with pytest.raises(BadWishError) as refused:
            await at.desk.add_alert(ANN, symbol, Direction.ABOVE, price, once=True)
        assert refused.value.field_name == name
    for _ in range(ALERTS_MAX):
        await at.desk.add_alert(ANN, "BTCUSD", Direction.ABOVE, "100", once=True)
    with pytest.raises(TooManyThingsError):
        await at.desk.add_alert(ANN, "BTCUSD", Direction.ABOVE, "100", once=True)


@pytest.mark.parametrize("act", ["rename", "renew"])
async def test_a_pause_that_comes_between_stays(
    at: At, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner hears of the pause, whatever they change at that moment."""
    made = await at.desk.add_webhook(ANN, "https://example.org/hook", frozenset({Kind.FILL}), "")
    webhook_id, record = made.webhook.webhook_id, at.desk._record_webhook

    async def record_and_pause(action: str, webhook: Webhook, **details: str) -> None:
        await record(action, webhook, **details)
        assert await at.told.store.pause_webhook(ANN, webhook_id, at.scene.now_us)

    monkeypatch.setattr(at.desk, "_record_webhook", record_and_pause)
    if act == "rename":
        await at.desk.change_webhook(ANN, webhook_id, WebhookChange(label="mine"))
    else:
        await at.desk.renew_secret(ANN, webhook_id)
    found = await at.desk.webhook(ANN, webhook_id)
    assert found.state is WebhookState.PAUSED
    assert (found.label == "mine", found.salt != made.webhook.salt) == (
        act == "rename",
        act == "renew",
    )
