"""From committed batches to inboxes: what is told, to whom, once, in order."""

import asyncio
from collections.abc import Sequence

import pytest
from tests.support.notification_scene import (
    ANN,
    ANN_ACCOUNT,
    BOB,
    BOB_ACCOUNT,
    PRICE,
    ROBOT,
    NoLog,
    Scene,
    Told,
    limit,
)

from openoutcry.adapters.memory.notifications import MemoryNotifications
from openoutcry.core.enums import OrderType, Side, TimeInForce
from openoutcry.core.records import Adjust
from openoutcry.notifications.digests import Digest
from openoutcry.notifications.outbox import JOURNAL_SOURCE
from openoutcry.ports.notifications import (
    Channel,
    Direction,
    Entry,
    InboxChange,
    Kind,
    NotificationStoreError,
    Occurrence,
    PriceAlert,
    StoredNotification,
    Webhook,
    WebhookState,
)
from openoutcry.simulation import demo

ATOMS = demo.ATOMS


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def opened(scene: Scene, **more: object) -> Told:
    told = Told(scene, **more)  # type: ignore[arg-type]
    await told.outbox.start()
    return told


def alert(ticks: int, direction: Direction = Direction.ABOVE, **more: object) -> PriceAlert:
    fields: dict[str, object] = {"once": True, "after_seq": 0, "created_us": 0, **more}
    return PriceAlert("a1", ANN, demo.BTCUSD, direction, ticks, **fields)  # type: ignore[arg-type]


# -- orders


async def test_a_fill_is_told_to_both_sides_and_to_no_program(scene: Scene) -> None:
    told = await opened(scene)
    scene.order(ANN_ACCOUNT, Side.SELL, 30_000)
    scene.order(BOB_ACCOUNT, Side.BUY, 10_000)
    scene.order(ROBOT, Side.BUY, 5_000)
    await told.outbox.flush()
    assert await told.texts(ANN) == ["order_partly_filled", "order_partly_filled"]
    assert await told.texts(BOB) == ["order_filled"]
    facts = await told.facts(BOB)
    assert facts == facts | {
        "symbol": "BTCUSD",
        "side": "buy",
        "quantity": "0.1",
        "base": "BTC",
        "total": "10",
        "quote": "USD",
        "price": "100",
        "fee": "0.0001",
        "fee_asset": "BTC",
    }
    facts = await told.facts(ANN)
    assert facts == facts | {
        "side": "sell",
        "quantity": "0.05",
        "executed": "0.15",
        "fee": "0.005",
        "fee_asset": "USD",
    }


async def test_all_fills_of_an_order_in_a_batch_are_one_notification(scene: Scene) -> None:
    told = await opened(scene)
    scene.order(ROBOT, Side.SELL, 10_000, PRICE)
    scene.order(ROBOT, Side.SELL, 10_000, PRICE + 100)
    scene.order(BOB_ACCOUNT, Side.BUY, 20_000, PRICE + 100)
    await told.outbox.flush()
    assert await told.texts(BOB) == ["order_filled"]
    facts = await told.facts(BOB)
    assert (facts["quantity"], facts["total"], facts["price"]) == ("0.2", "20.1", "100.5")


async def test_an_end_that_nobody_asked_for_is_told(scene: Scene) -> None:
    told = await opened(scene)
    scene.order(ANN_ACCOUNT, Side.BUY, 10_000, time_in_force=TimeInForce.IOC)
    scene.cancel(BOB_ACCOUNT, scene.order(BOB_ACCOUNT, Side.BUY, 10_000))
    await told.outbox.flush()
    assert await told.texts(ANN) == ["order_expired"]
    assert "at once" in (await told.facts(ANN))["reason"]
    assert await told.texts(BOB) == []


async def test_a_market_order_that_has_spent_its_budget_has_not_expired(scene: Scene) -> None:
    told = await opened(scene)
    scene.order(ROBOT, Side.SELL, 50_000)
    scene.order(
        BOB_ACCOUNT,
        Side.BUY,
        0,
        0,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.NONE,
        quote_atoms=10 * ATOMS + 5,
        worst_ticks=PRICE,
    )
    await told.outbox.flush()
    assert "order_expired" not in await told.texts(BOB)
    assert len(await told.texts(BOB)) == 1


# -- money


async def test_money_in_and_out_is_told(scene: Scene) -> None:
    told = await opened(scene)
    scene.deposit(ANN_ACCOUNT, 5 * ATOMS // 2)
    await told.outbox.flush()
    assert await told.facts(ANN) == {"amount": "2.5", "asset": "USD"}
    scene.withdraw(ANN_ACCOUNT, ATOMS, demo.BTC)
    await told.outbox.flush()
    assert await told.facts(ANN) == {"amount": "1", "asset": "BTC"}
    for atoms in (ATOMS, -ATOMS):
        scene.commit(Adjust(account_id=ANN_ACCOUNT, asset=demo.USD, amount_atoms=atoms).pack())
    scene.deposit(ROBOT, ATOMS)
    await told.outbox.flush()
    assert await told.texts(ANN) == [
        "deposit_credited",
        "withdrawal_held",
        "balance_credited",
        "balance_debited",
    ]
    assert await told.facts(ANN) == {"amount": "1", "asset": "USD"}


# -- price alerts


async def test_an_alert_fires_on_the_first_trade_that_reaches_it(scene: Scene) -> None:
    told = await opened(scene)
    told.outbox.alerts.add(alert(PRICE + 50))
    assert await told.store.add_alert(alert(PRICE + 50), most=9)
    scene.trade(PRICE)
    scene.trade(PRICE + 100)
    scene.trade(PRICE + 200)
    await told.outbox.flush()
    assert await told.texts(ANN) == ["price_above"]
    facts = await told.facts(ANN)
    assert (facts["price"], facts["limit"]) == ("101", "100.5")
    (kept,) = await told.store.alerts(ANN)
    assert not kept.is_active


async def test_trades_before_an_alert_was_made_do_not_count(scene: Scene) -> None:
    told = await opened(scene)
    scene.trade(PRICE)
    made = alert(PRICE, after_seq=scene.seq)
    told.outbox.alerts.add(made)
    await told.store.add_alert(made, most=9)
    scene.order(ANN_ACCOUNT, Side.SELL, 10_000, PRICE + 1)
    await told.outbox.flush()
    assert await told.texts(ANN) == []
    scene.order(BOB_ACCOUNT, Side.BUY, 10_000, PRICE + 1)
    await told.outbox.flush()
    assert "price_above" in await told.texts(ANN)


# -- where it goes


async def test_preferences_decide_where_it_goes(scene: Scene) -> None:
    told = await opened(scene)
    store = told.store
    await store.set_preferences(
        ANN, {(Kind.DEPOSIT, Channel.IN_APP): False, (Kind.DEPOSIT, Channel.EMAIL): True}
    )
    await store.set_preferences(BOB, {(Kind.DEPOSIT, channel): False for channel in Channel})
    scene.deposit(ANN_ACCOUNT, ATOMS)
    scene.deposit(BOB_ACCOUNT, ATOMS)
    await told.outbox.flush()
    assert await told.texts(ANN) == []
    assert await told.texts(BOB) == []
    (mail,) = await store.claim(now_us=scene.now_us, until_us=scene.now_us, limit=9, busy=())
    assert (mail.channel, mail.notification.person_id) == (Channel.EMAIL, ANN)
    assert told.wakes == 1


async def test_webhooks_get_the_kinds_that_they_want_while_active(scene: Scene) -> None:
    told = await opened(scene)
    store = told.store
    for name, kinds, state in (
        ("w1", {Kind.DEPOSIT}, WebhookState.ACTIVE),
        ("w2", {Kind.FILL}, WebhookState.ACTIVE),
        ("w3", {Kind.DEPOSIT}, WebhookState.PAUSED),
    ):
        hook = Webhook(name, ANN, "https://example.org", frozenset(kinds), b"", state=state)
        assert await store.add_webhook(hook, most=9)
    await store.set_preferences(ANN, {(Kind.DEPOSIT, Channel.EMAIL): False})
    scene.deposit(ANN_ACCOUNT, ATOMS)
    await told.outbox.flush()
    claimed = await store.claim(now_us=scene.now_us, until_us=scene.now_us, limit=9, busy=())
    assert [delivery.webhook_id for delivery in claimed] == ["w1"]


async def test_open_pages_are_told_with_the_count(scene: Scene) -> None:
    told = await opened(scene)
    changes: list[InboxChange] = []
    stop = told.outbox.pages.listen(ANN, changes.append)
    scene.deposit(ANN_ACCOUNT, ATOMS)
    scene.deposit(BOB_ACCOUNT, ATOMS)
    await told.outbox.flush()
    assert [change.unread for change in changes] == [1]
    assert changes[0].new is not None
    assert changes[0].new.notification.template == "deposit_credited"
    stop()
    stop()
    scene.deposit(ANN_ACCOUNT, ATOMS)
    await told.outbox.flush()
    assert len(changes) == 1


# -- places


async def test_a_new_exchange_tells_nothing_of_its_past(scene: Scene) -> None:
    told = await opened(scene, log=NoLog())
    await told.outbox.flush()
    assert await told.store.cursor(JOURNAL_SOURCE) == scene.seq
    assert await told.texts(ANN) == []


async def test_what_was_missed_is_read_from_the_journal(scene: Scene) -> None:
    told = await opened(scene)
    scene.deposit(ANN_ACCOUNT, ATOMS)
    await told.outbox.flush()
    told.leave()
    scene.deposit(ANN_ACCOUNT, 2 * ATOMS)
    scene.order(ANN_ACCOUNT, Side.BUY, 10_000, time_in_force=TimeInForce.IOC)
    again = await opened(scene, store=told.store)
    scene.deposit(ANN_ACCOUNT, 3 * ATOMS)  # heard, and told after what was missed
    await again.outbox.flush()
    assert await again.texts(ANN) == [
        "deposit_credited",
        "deposit_credited",
        "order_expired",
        "deposit_credited",
    ]
    assert (await again.facts(ANN))["amount"] == "3"
    assert await again.store.cursor(JOURNAL_SOURCE) == scene.seq


async def test_an_orderly_end_leaves_nothing_to_read_again(scene: Scene) -> None:
    told = await opened(scene)
    scene.order(ROBOT, Side.BUY, 10_000)  # concerns nobody
    await told.outbox.flush()
    told.leave()
    again = await opened(scene, store=told.store, log=NoLog())
    await again.outbox.flush()
    assert await again.store.cursor(JOURNAL_SOURCE) == scene.seq


async def test_too_much_at_once_is_read_from_the_journal(scene: Scene) -> None:
    told = await opened(scene, waiting_max=3)
    for number in range(1, 9):
        scene.deposit(ANN_ACCOUNT, number * ATOMS)
    assert told.watch.gap_end == scene.seq
    assert told.watch.waiting == 8
    await told.outbox.flush()
    assert told.watch.waiting == 0
    scene.deposit(ANN_ACCOUNT, 9 * ATOMS)
    assert told.watch.waiting == 1
    await told.outbox.flush()
    found = await told.store.shown(ANN, before=None, limit=99)
    amounts = [stored.notification.facts["amount"] for stored in found][::-1]
    assert amounts == [str(number) for number in range(1, 10)]


async def test_a_batch_that_could_not_be_heard_is_read_from_the_journal(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await opened(scene)
    scene.deposit(ANN_ACCOUNT, ATOMS)
    with monkeypatch.context() as patched:
        patched.setattr("openoutcry.notifications.watch.digest_of", _is_faulty)
        with pytest.raises(KeyError):
            scene.deposit(ANN_ACCOUNT, 2 * ATOMS)
    assert told.watch.waiting == 2
    scene.deposit(ANN_ACCOUNT, 3 * ATOMS)
    await told.outbox.flush()
    found = await told.store.shown(ANN, before=None, limit=99)
    amounts = [stored.notification.facts["amount"] for stored in found][::-1]
    assert amounts == ["1", "2", "3"]


async def test_what_cannot_be_read_at_all_moves_no_place(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who runs the outbox hears of the fault; who comes after the mend misses nothing."""
    told = await opened(scene)
    await told.outbox.flush()
    with monkeypatch.context() as patched:
        patched.setattr("openoutcry.notifications.watch.digest_of", _is_faulty)
        patched.setattr("openoutcry.notifications.outbox.digest_of", _is_faulty)
        with pytest.raises(KeyError):
            scene.deposit(ANN_ACCOUNT, ATOMS)
        with pytest.raises(KeyError):
            await told.outbox.flush()
    told.leave()
    again = await opened(scene, store=told.store)
    scene.deposit(ANN_ACCOUNT, 2 * ATOMS)
    await again.outbox.flush()
    assert await again.texts(ANN) == ["deposit_credited"] * 2


def _is_faulty(*_: object) -> Digest:
    raise KeyError("a fault of ours")


async def test_rows_that_were_pruned_are_passed_over(scene: Scene) -> None:
    told = await opened(scene)
    await told.outbox.flush()
    told.leave()
    scene.deposit(ANN_ACCOUNT, ATOMS)
    again = await opened(scene, store=told.store)
    scene.journal.prune(scene.seq)
    scene.deposit(ANN_ACCOUNT, 2 * ATOMS)
    await again.outbox.flush()
    assert await again.texts(ANN) == ["deposit_credited"]
    assert (await again.facts(ANN))["amount"] == "2"


# -- a store that fails


class FailingStore(MemoryNotifications):
    """Fails so many times, before or after what it was told is done."""

    def __init__(self, fails: int, *, afterwards: bool) -> None:
        super().__init__()
        self.fails = fails
        self.afterwards = afterwards

    async def record(
        self, entries: Sequence[Entry], **more: object
    ) -> Sequence[StoredNotification]:
        is_failing = bool(entries) and self.fails > 0
        if is_failing:
            self.fails -= 1
            if not self.afterwards:
                raise NotificationStoreError("the disk is full")
        result = await super().record(entries, **more)  # type: ignore[arg-type]
        if is_failing:
            raise NotificationStoreError("nobody knows")
        return result


@pytest.mark.parametrize("afterwards", [False, True])
async def test_what_could_not_be_recorded_is_recorded_later(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, *, afterwards: bool
) -> None:
    monkeypatch.setattr("openoutcry.notifications.outbox.RETRY_SECONDS", (0.001,))
    store = FailingStore(2, afterwards=afterwards)
    told = await opened(scene, store=store)
    told.outbox.alerts.add(alert(PRICE))
    await store.add_alert(alert(PRICE), most=9)
    running = asyncio.create_task(told.outbox.run())
    scene.trade(PRICE)
    async with asyncio.timeout(3):
        while await told.texts(ANN) != ["price_above"] or store.fails > 1:
            await asyncio.sleep(0.002)
        scene.deposit(ANN_ACCOUNT, ATOMS)
        while len(await told.texts(ANN)) < 2:
            await asyncio.sleep(0.002)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await told.texts(ANN) == ["price_above", "deposit_credited"]
    assert await told.texts(BOB) == ["order_filled"]


# -- other logs


class SomeLog:
    """Occurrences from a list; each place is its number."""

    source = "some"

    def __init__(self, *found: Occurrence) -> None:
        self.found = list(found)

    async def last(self) -> int:
        return self.found[-1].number if self.found else 0

    async def after(self, number: int, limit: int) -> tuple[Sequence[Occurrence], int]:
        found = [occurrence for occurrence in self.found if occurrence.number > number][:limit]
        return found, found[-1].number if found else number


async def test_another_log_is_read_from_its_end_and_then_on(scene: Scene) -> None:
    def occurrence(number: int) -> Occurrence:
        return Occurrence(
            number, ANN, Kind.SIGN_IN, "signed_in", number, {"ip": "::1", "how": "passkey"}
        )

    log = SomeLog(occurrence(1), occurrence(2))
    told = Told(scene)
    told.outbox._logs = (log,)
    await told.outbox.start()
    await told.outbox.flush()
    assert await told.texts(ANN) == []
    log.found += [occurrence(5), occurrence(6)]
    await told.outbox.flush()
    await told.outbox.flush()
    assert await told.texts(ANN) == ["signed_in", "signed_in"]
    assert await told.store.cursor("some") == 6


async def test_a_batch_of_many_people_is_one_record(scene: Scene) -> None:
    told = await opened(scene)
    scene.commit(
        limit(ANN_ACCOUNT, Side.SELL, 10_000),
        limit(BOB_ACCOUNT, Side.BUY, 10_000),
        limit(ANN_ACCOUNT, Side.BUY, 10_000, PRICE - 1, time_in_force=TimeInForce.IOC),
    )
    await told.outbox.flush()
    assert await told.texts(ANN) == ["order_filled", "order_expired"]
    assert await told.texts(BOB) == ["order_filled"]


async def test_a_batch_without_words_keeps_nothing_else_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await opened(scene)
    asset = scene.terms.asset
    monkeypatch.setattr(scene.terms, "asset", lambda number: asset(number if number != 2 else 99))
    scene.deposit(ANN_ACCOUNT, ATOMS, demo.BTC)
    scene.deposit(ANN_ACCOUNT, ATOMS, demo.USD)
    await told.outbox.flush()
    assert await told.texts(ANN) == ["deposit_credited"]
    assert (await told.facts(ANN))["asset"] == "USD"
    assert await told.store.cursor(JOURNAL_SOURCE) == scene.seq


async def test_alerts_hear_of_trades_before_the_outbox_began(scene: Scene) -> None:
    store = MemoryNotifications()
    await store.add_alert(alert(PRICE), most=9)
    told = Told(scene, store)
    scene.trade(PRICE)
    await told.outbox.start()
    scene.trade(PRICE + 1)
    await told.outbox.flush()
    assert await told.texts(ANN) == ["price_above"]
    assert (await told.facts(ANN))["price"] == "100"


async def test_a_journal_that_was_put_back_to_a_copy_goes_on(scene: Scene) -> None:
    store = MemoryNotifications()
    other = await opened(scene, store=store)
    made = alert(PRICE, after_seq=scene.seq + 2)
    await store.add_alert(made, most=9)
    scene.deposit(ANN_ACCOUNT, ATOMS)
    scene.deposit(ANN_ACCOUNT, ATOMS)
    await other.outbox.flush()

    copy = Scene()  # ends where the first one began, and goes on at another time
    copy.now_us += 60_000_000
    told = await opened(copy, store=store, log=NoLog())
    copy.deposit(ANN_ACCOUNT, ATOMS)
    await told.outbox.flush()
    assert await told.texts(ANN) == ["deposit_credited"] * 3
    copy.trade(PRICE)
    await told.outbox.flush()
    assert (await told.texts(ANN))[-1] == "price_above"
    assert await store.cursor(JOURNAL_SOURCE) == copy.seq
