"""One suite for every store of notifications."""

import sqlite3
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from openoutcry.adapters.memory.notifications import MemoryNotifications
from openoutcry.adapters.sqlite.notifications import SqliteNotifications
from openoutcry.ports.notifications import (
    ALERTS_ENDED_MAX,
    AlertMark,
    Channel,
    DeliveryState,
    Direction,
    Entry,
    Kind,
    Notification,
    NotificationStore,
    NotificationStoreError,
    PriceAlert,
    StalePositionError,
    Webhook,
    WebhookState,
)

ANN, BOB = 1_000_000, 1_000_001
NOW_US = 1_700_000_000_000_000
LATER_US = NOW_US + 60_000_000


def told(name: str, person_id: int = ANN, kind: Kind = Kind.FILL) -> Notification:
    return Notification(name, person_id, kind, "order_filled", NOW_US, {"symbol": "BTCUSD é"})


def hook(name: str, person_id: int = ANN) -> Webhook:
    return Webhook(
        name,
        person_id,
        "https://example.org/" + name,
        frozenset({Kind.FILL, Kind.DEPOSIT}),
        b"salt of " + name.encode(),
        label=f"label of {name}",
        created_us=NOW_US,
    )


def alert(name: str, person_id: int = ANN, *, once: bool = True) -> PriceAlert:
    return PriceAlert(name, person_id, 2, Direction.BELOW, 1_234, once, 17, NOW_US)


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[NotificationStore]:
    made: NotificationStore = (
        MemoryNotifications()
        if request.param == "memory"
        else SqliteNotifications(tmp_path / "people.db")
    )
    yield made
    await made.close()


async def ids(store: NotificationStore, person_id: int = ANN, **more: object) -> list[str]:
    shown = await store.shown(person_id, before=None, limit=100, **more)  # type: ignore[arg-type]
    return [found.notification.notification_id for found in shown]


# -- outbox


async def test_what_is_recorded_is_shown_newest_first(store: NotificationStore) -> None:
    new = await store.record([Entry(told("a")), Entry(told("b"))], now_us=NOW_US)
    await store.record([Entry(told("c")), Entry(told("x", BOB))], now_us=NOW_US)
    assert [found.notification for found in new] == [told("a"), told("b")]
    assert await ids(store) == ["c", "b", "a"]
    assert await ids(store, BOB) == ["x"]
    shown = await store.shown(ANN, before=None, limit=2)
    assert [found.notification for found in shown] == [told("c"), told("b")]
    rest = await store.shown(ANN, before=shown[-1].number, limit=2)
    assert [found.notification for found in rest] == [told("a")]


async def test_an_id_is_recorded_once(store: NotificationStore) -> None:
    await store.record([Entry(told("a"), email=True)], now_us=NOW_US)
    again = await store.record([Entry(told("a"), email=True), Entry(told("b"))], now_us=NOW_US)
    assert [found.notification.notification_id for found in again] == ["b"]
    assert await ids(store) == ["b", "a"]
    claimed = await store.claim(now_us=NOW_US, until_us=LATER_US, limit=9, busy=())
    assert [found.notification.notification_id for found in claimed] == ["a"]


async def test_a_source_goes_forward_only(store: NotificationStore) -> None:
    assert await store.cursor("journal") is None
    await store.record([], now_us=NOW_US, source="journal", position=0)
    await store.record([Entry(told("a"))], now_us=NOW_US, source="journal", position=7)
    assert await store.cursor("journal") == 7
    for position in (7, 6, 0):
        with pytest.raises(StalePositionError):
            await store.record(
                [Entry(told("b"))], now_us=NOW_US, source="journal", position=position
            )
    assert await ids(store) == ["a"]
    assert await store.cursor("audit") is None


async def test_a_source_that_was_put_back_begins_anew(store: NotificationStore) -> None:
    await store.record([], now_us=NOW_US, source="journal", position=7)
    await store.reset("journal", 3)
    assert await store.cursor("journal") == 3
    await store.reset("audit", 1)
    await store.record([Entry(told("a"))], now_us=NOW_US, source="journal", position=4)
    assert await store.cursor("journal") == 4
    assert await store.cursor("audit") == 1


async def test_what_is_not_shown_is_delivered_all_the_same(store: NotificationStore) -> None:
    new = await store.record([Entry(told("a"), in_app=False, email=True)], now_us=NOW_US)
    assert list(new) == []
    assert await ids(store) == []
    assert await store.unread(ANN) == 0
    (delivery,) = await store.claim(now_us=NOW_US, until_us=LATER_US, limit=9, busy=())
    assert delivery.notification == told("a")


# -- inbox


async def test_reading_is_counted_once_and_per_person(store: NotificationStore) -> None:
    await store.record([Entry(told(name)) for name in "abc"], now_us=NOW_US)
    await store.record([Entry(told("x", BOB))], now_us=NOW_US)
    assert await store.unread(ANN) == 3
    assert await store.mark_read(ANN, now_us=LATER_US, ids=["a", "x", "nothing"]) == 1
    assert await store.mark_read(ANN, now_us=LATER_US + 1, ids=["a"]) == 0
    assert await store.unread(ANN) == 2
    assert await store.unread(BOB) == 1
    assert await ids(store, unread_only=True) == ["c", "b"]
    read = (await store.shown(ANN, before=None, limit=9))[-1]
    assert read.read_us == LATER_US


async def test_reading_up_to_a_number(store: NotificationStore) -> None:
    await store.record([Entry(told(name)) for name in "abc"], now_us=NOW_US)
    newest = await store.shown(ANN, before=None, limit=9)
    assert await store.mark_read(ANN, now_us=LATER_US, up_to=newest[1].number) == 2
    assert await store.mark_read(ANN, now_us=LATER_US) == 0
    assert await ids(store, unread_only=True) == ["c"]


async def test_preferences_are_kept_one_by_one(store: NotificationStore) -> None:
    assert await store.preferences(ANN) == {}
    await store.set_preferences(ANN, {(Kind.FILL, Channel.EMAIL): True})
    await store.set_preferences(
        ANN, {(Kind.FILL, Channel.EMAIL): False, (Kind.DEPOSIT, Channel.IN_APP): True}
    )
    assert await store.preferences(ANN) == {
        (Kind.FILL, Channel.EMAIL): False,
        (Kind.DEPOSIT, Channel.IN_APP): True,
    }
    assert await store.preferences(BOB) == {}


async def test_the_old_and_the_many_are_forgotten(store: NotificationStore) -> None:
    await store.record([Entry(told("old"))], now_us=NOW_US)
    await store.record([Entry(told("old mail"), email=True)], now_us=NOW_US)
    await store.record([Entry(told(name)) for name in "abc"], now_us=LATER_US)
    await store.record([Entry(told("x", BOB))], now_us=LATER_US)
    assert await store.prune(before_us=LATER_US, keep_per_person=2) == 2
    assert await ids(store) == ["c", "b", "old mail"]
    assert await ids(store, BOB) == ["x"]
    (mail,) = await store.claim(now_us=NOW_US, until_us=LATER_US, limit=9, busy=())
    await store.settle(
        mail.delivery_id, DeliveryState.SENT, now_us=LATER_US, due_us=0, outcome="sent"
    )
    assert await store.prune(before_us=LATER_US, keep_per_person=2) == 1
    assert await ids(store) == ["c", "b"]


# -- deliveries


async def test_a_claim_takes_one_for_each_target_that_is_idle(store: NotificationStore) -> None:
    for name in ("w1", "w2"):
        assert await store.add_webhook(hook(name), most=9)
    entries = [Entry(told(name), email=True, webhooks=("w1", "w2")) for name in "ab"]
    await store.record(entries, now_us=NOW_US)
    first = await store.claim(now_us=NOW_US, until_us=LATER_US, limit=9, busy=())
    assert [(found.target, found.attempts) for found in first] == [
        (f"person {ANN}", 1),
        ("w1", 1),
        ("w2", 1),
    ]
    assert {found.notification.notification_id for found in first} == {"a"}
    assert {found.due_us for found in first} == {LATER_US}
    second = await store.claim(now_us=NOW_US, until_us=LATER_US, limit=9, busy={"w1"})
    assert [found.target for found in second] == [f"person {ANN}", "w2"]
    assert {found.notification.notification_id for found in second} == {"b"}
    third = await store.claim(now_us=NOW_US, until_us=LATER_US, limit=9, busy=())
    assert [(found.target, found.notification.notification_id) for found in third] == [("w1", "b")]
    assert await store.next_due_us() == LATER_US


async def test_a_claim_takes_no_more_than_its_limit(store: NotificationStore) -> None:
    await store.record([Entry(told("x", BOB), email=True)], now_us=NOW_US)
    await store.record([Entry(told("a"), email=True)], now_us=NOW_US - 1)
    (claimed,) = await store.claim(now_us=NOW_US, until_us=LATER_US, limit=1, busy=())
    assert claimed.notification.person_id == ANN  # due first
    assert await store.claim(now_us=NOW_US - 2, until_us=LATER_US, limit=9, busy=()) == []


async def test_a_claim_that_nobody_settles_runs_out(store: NotificationStore) -> None:
    await store.record([Entry(told("a"), email=True)], now_us=NOW_US)
    await store.claim(now_us=NOW_US, until_us=LATER_US, limit=9, busy=())
    assert await store.claim(now_us=LATER_US - 1, until_us=LATER_US, limit=9, busy=()) == []
    (again,) = await store.claim(now_us=LATER_US, until_us=LATER_US + 1, limit=9, busy=())
    assert again.attempts == 2


async def test_a_settled_delivery_stays_as_it_is(store: NotificationStore) -> None:
    await store.record([Entry(told("a"), email=True)], now_us=NOW_US)
    (claimed,) = await store.claim(now_us=NOW_US, until_us=LATER_US, limit=9, busy=())
    number = claimed.delivery_id
    await store.settle(
        number, DeliveryState.PENDING, now_us=NOW_US, due_us=LATER_US, outcome="busy"
    )
    assert await store.next_due_us() == LATER_US
    await store.settle(number, DeliveryState.SENT, now_us=LATER_US, due_us=0, outcome="sent")
    await store.settle(number, DeliveryState.PENDING, now_us=LATER_US, due_us=1, outcome="again")
    assert await store.next_due_us() is None
    assert await store.claim(now_us=LATER_US, until_us=LATER_US, limit=9, busy=()) == []


async def test_sent_mails_are_counted_but_for_security(store: NotificationStore) -> None:
    for name, person_id, kind in (
        ("a", ANN, Kind.FILL),
        ("b", ANN, Kind.SECURITY),
        ("x", BOB, Kind.FILL),
    ):
        await store.record([Entry(told(name, person_id, kind), email=True)], now_us=NOW_US)
        (claimed,) = await store.claim(now_us=NOW_US, until_us=LATER_US, limit=9, busy=())
        await store.settle(
            claimed.delivery_id, DeliveryState.SENT, now_us=LATER_US, due_us=0, outcome=""
        )
    assert await store.mails_since(ANN, LATER_US) == 1
    assert await store.mails_since(ANN, LATER_US + 1) == 0


async def test_dead_deliveries_in_a_row_are_counted(store: NotificationStore) -> None:
    assert await store.add_webhook(hook("w1"), most=9)
    counts = []
    states = (DeliveryState.DEAD, DeliveryState.DEAD, DeliveryState.SENT, DeliveryState.DEAD)
    for number, state in enumerate(states):
        await store.record([Entry(told(str(number)), webhooks=("w1",))], now_us=NOW_US)
        (claimed,) = await store.claim(now_us=NOW_US, until_us=LATER_US, limit=9, busy=())
        counts.append(
            await store.settle(
                claimed.delivery_id, state, now_us=NOW_US, due_us=0, outcome=state.value
            )
        )
    assert counts == [1, 2, 0, 1]
    kept = await store.webhook(ANN, "w1")
    assert kept is not None
    assert kept.dead_in_a_row == 1
    log = await store.deliveries(ANN, "w1", 3)
    assert [(found.outcome, found.settled_us) for found in log] == [
        ("dead", NOW_US),
        ("sent", NOW_US),
        ("dead", NOW_US),
    ]
    assert await store.deliveries(BOB, "w1", 3) == []


async def test_a_settled_delivery_is_sent_again_when_asked(store: NotificationStore) -> None:
    assert await store.add_webhook(hook("w1"), most=9)
    await store.record([Entry(told("a"), email=True, webhooks=("w1",))], now_us=NOW_US)
    mail, post = await store.claim(now_us=NOW_US, until_us=LATER_US, limit=9, busy=())
    assert await store.redeliver(ANN, post.delivery_id, NOW_US) is None  # still under way
    for claimed in (mail, post):
        await store.settle(
            claimed.delivery_id, DeliveryState.DEAD, now_us=NOW_US, due_us=0, outcome="no"
        )
    assert await store.redeliver(BOB, post.delivery_id, NOW_US) is None
    assert await store.redeliver(ANN, mail.delivery_id, NOW_US) is None
    again = await store.redeliver(ANN, post.delivery_id, LATER_US)
    assert again is not None
    assert (again.state, again.attempts, again.due_us) == (DeliveryState.PENDING, 0, LATER_US)


# -- webhooks


async def test_webhooks_belong_to_their_person(store: NotificationStore) -> None:
    assert await store.add_webhook(hook("w2"), most=2)
    assert await store.add_webhook(hook("w1"), most=2)
    assert not await store.add_webhook(hook("w3"), most=2)
    assert await store.add_webhook(hook("x1", BOB), most=2)
    assert list(await store.webhooks(ANN)) == [hook("w2"), hook("w1")]
    assert await store.webhook(ANN, "x1") is None
    changed = replace(
        hook("w1"),
        url="https://example.org/other",
        kinds=frozenset({Kind.SECURITY}),
        state=WebhookState.PAUSED,
        salt=b"other",
    )
    assert await store.put_webhook(changed)
    assert await store.webhook(ANN, "w1") == changed
    assert not await store.put_webhook(replace(changed, person_id=BOB))
    assert await store.webhook(ANN, "w1") == changed
    active = replace(changed, label="mine", state=WebhookState.ACTIVE, dead_in_a_row=7)
    assert await store.put_webhook(active, keeps_state=True)
    assert await store.webhook(ANN, "w1") == replace(changed, label="mine")
    assert await store.put_webhook(active)
    assert await store.webhook(ANN, "w1") == active


async def test_a_webhook_is_paused_once(store: NotificationStore) -> None:
    assert await store.add_webhook(hook("w1"), most=9)
    assert not await store.pause_webhook(BOB, "w1", NOW_US)
    assert await store.pause_webhook(ANN, "w1", NOW_US)
    assert not await store.pause_webhook(ANN, "w1", LATER_US)
    kept = await store.webhook(ANN, "w1")
    assert kept is not None
    assert kept.state is WebhookState.PAUSED
    (pause,) = await store.pauses_after(0, 9)
    assert (pause.webhook_id, pause.person_id, pause.url) == ("w1", ANN, kept.url)
    assert (pause.dead_in_a_row, pause.time_us) == (0, NOW_US)


async def test_pauses_are_a_log(store: NotificationStore) -> None:
    assert await store.pauses_after(0, 9) == []
    for name in ("w1", "w2", "w3"):
        assert await store.add_webhook(hook(name), most=9)
        assert await store.pause_webhook(ANN, name, NOW_US)
    first, second = await store.pauses_after(0, 2)
    assert (first.webhook_id, second.webhook_id) == ("w1", "w2")
    (third,) = await store.pauses_after(second.number, 9)
    assert await store.remove_webhook(ANN, "w3", NOW_US)
    await store.prune(before_us=LATER_US, keep_per_person=9)
    assert await store.pauses_after(0, 9) == [third]  # its readers' place is still there
    assert await store.put_webhook(hook("w1"))
    assert await store.pause_webhook(ANN, "w1", LATER_US)
    (fourth,) = await store.pauses_after(third.number, 9)
    assert fourth.number > third.number
    await store.prune(before_us=LATER_US, keep_per_person=9)
    assert await store.pauses_after(0, 9) == [fourth]


async def test_nothing_is_sent_to_a_webhook_that_was_removed(store: NotificationStore) -> None:
    assert await store.add_webhook(hook("w1"), most=9)
    await store.record([Entry(told("a"), webhooks=("w1",))], now_us=NOW_US)
    assert not await store.remove_webhook(BOB, "w1", NOW_US)
    assert await store.remove_webhook(ANN, "w1", LATER_US)
    assert not await store.remove_webhook(ANN, "w1", LATER_US)
    assert await store.webhooks(ANN) == []
    assert await store.claim(now_us=LATER_US, until_us=LATER_US, limit=9, busy=()) == []
    (delivery,) = await store.deliveries(ANN, "w1", 9)
    assert delivery.state is DeliveryState.DEAD
    assert delivery.settled_us == LATER_US


# -- alerts


async def test_alerts_are_counted_while_they_can_fire(store: NotificationStore) -> None:
    assert await store.add_alert(alert("a"), most=2)
    assert await store.add_alert(alert("b", once=False), most=2)
    assert not await store.add_alert(alert("c"), most=2)
    assert await store.add_alert(alert("x", BOB), most=2)
    marks = [
        AlertMark("a", armed=False, fired_us=LATER_US),
        AlertMark("b", armed=False, fired_us=LATER_US),
        AlertMark("gone", armed=False, fired_us=LATER_US),
    ]
    await store.record([], now_us=NOW_US, source="journal", position=1, marks=marks)
    fired = replace(alert("a"), armed=False, fired_us=LATER_US)
    repeats = replace(alert("b", once=False), armed=False, fired_us=LATER_US)
    assert list(await store.alerts(ANN)) == [fired, repeats]
    assert list(await store.active_alerts()) == [repeats, alert("x", BOB)]
    assert await store.add_alert(alert("c"), most=2)


async def test_an_alert_is_replaced_by_its_person(store: NotificationStore) -> None:
    assert await store.add_alert(alert("a"), most=2)
    assert await store.add_alert(alert("b"), most=2)
    changed = replace(alert("a"), price_ticks=9, direction=Direction.ABOVE, once=False)
    assert await store.put_alert(changed, most=2)
    assert list(await store.alerts(ANN)) == [changed, alert("b")]
    assert not await store.put_alert(replace(changed, person_id=BOB), most=2)
    assert not await store.put_alert(alert("c"), most=9)
    assert not await store.put_alert(changed, most=1)
    assert list(await store.active_alerts()) == [changed, alert("b")]


async def test_alerts_that_have_ended_are_kept_up_to_a_number(store: NotificationStore) -> None:
    for number in range(ALERTS_ENDED_MAX + 2):
        assert await store.add_alert(alert(f"a{number}"), most=1)
        mark = AlertMark(f"a{number}", armed=False, fired_us=LATER_US)
        await store.record([], now_us=NOW_US, marks=[mark])
    assert await store.add_alert(alert("x", BOB), most=1)
    assert await store.add_alert(alert("new"), most=1)
    names = [found.alert_id for found in await store.alerts(ANN)]
    assert names == [*(f"a{number}" for number in range(2, ALERTS_ENDED_MAX + 2)), "new"]


async def test_an_alert_is_removed_by_its_person(store: NotificationStore) -> None:
    assert await store.add_alert(alert("a"), most=2)
    assert not await store.remove_alert(BOB, "a")
    assert await store.remove_alert(ANN, "a")
    assert not await store.remove_alert(ANN, "a")
    assert await store.alerts(ANN) == []


# -- the file


async def test_everything_outlives_the_process(tmp_path: Path) -> None:
    store = SqliteNotifications(tmp_path / "people.db")
    assert await store.add_webhook(hook("w1"), most=9)
    assert await store.add_alert(alert("a"), most=9)
    await store.record([Entry(told("a"), email=True)], now_us=NOW_US, source="journal", position=9)
    await store.close()
    again = SqliteNotifications(tmp_path / "people.db")
    assert await again.cursor("journal") == 9
    assert await ids(again) == ["a"]
    assert list(await again.webhooks(ANN)) == [hook("w1")]
    assert list(await again.active_alerts()) == [alert("a")]
    assert await again.next_due_us() == NOW_US
    await again.close()
    assert stat.S_IMODE((tmp_path / "people.db").stat().st_mode) == 0o600


async def test_a_record_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = SqliteNotifications(tmp_path / "people.db")
    other = sqlite3.connect(tmp_path / "people.db")
    other.execute(
        "CREATE TRIGGER no BEFORE INSERT ON notification_message WHEN NEW.notification_id = 'b'"
        " BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    other.close()
    with pytest.raises(NotificationStoreError):
        await store.record(
            [Entry(told("a")), Entry(told("b"))], now_us=NOW_US, source="journal", position=3
        )
    assert await ids(store) == []
    assert await store.cursor("journal") is None
    await store.close()


async def test_an_older_format_is_brought_up_to_date(tmp_path: Path) -> None:
    store = SqliteNotifications(tmp_path / "people.db")
    assert await store.add_webhook(hook("w1"), most=9)
    await store.close()
    with sqlite3.connect(tmp_path / "people.db") as database:
        database.execute("DROP TABLE notification_pause")
        database.execute("UPDATE notification_format SET version = 1")
    database.close()
    again = SqliteNotifications(tmp_path / "people.db")
    assert list(await again.webhooks(ANN)) == [hook("w1")]
    assert await again.pause_webhook(ANN, "w1", NOW_US)
    await again.close()
    last = SqliteNotifications(tmp_path / "people.db")
    assert len(await last.pauses_after(0, 9)) == 1
    await last.close()


def test_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE notification_format (version INTEGER NOT NULL)")
        database.execute("INSERT INTO notification_format VALUES (99)")
    database.close()
    with pytest.raises(NotificationStoreError, match="format 99"):
        SqliteNotifications(path)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    path.write_bytes(b"not a database, and long enough to look like one" * 40)
    with pytest.raises(NotificationStoreError):
        SqliteNotifications(path)
