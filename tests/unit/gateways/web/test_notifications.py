"""`/x/v1/notifications`: what a page can do, what it is refused, and what is another's."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from tests.support.notification_scene import ANN, ANN_ACCOUNT, BOB, PRICE, Scene, Told
from tests.support.web_caller import ToySessions, WebCaller, session_view
from tests.support.webhook_receiver import answer, receiving

from openoutcry.adapters.memory.audit import MemoryAudit
from openoutcry.adapters.sqlite.notifications import SqliteNotifications
from openoutcry.gateways.web.api import Access
from openoutcry.gateways.web.notifications import routes
from openoutcry.identity.audit import AuditLog
from openoutcry.notifications.desk import TRIALS_PER_MINUTE_MAX, WEBHOOKS_MAX, Desk
from openoutcry.notifications.posting import Poster
from openoutcry.notifications.preferences import KINDS
from openoutcry.ports.notifications import Channel
from openoutcry.simulation import demo

HOOK = {"url": "https://example.org/hook", "kinds": ["fill", "deposit"], "label": "mine"}
ALERT = {"symbol": "BTCUSD", "direction": "above", "price": "100.5"}


@dataclass
class Page:
    """Pages of Ann (`ann`, `ann-sure` after confirming again) and Bob (`bob-sure`)."""

    scene: Scene
    told: Told
    web: WebCaller

    async def credit(self, *units: int) -> None:
        for amount in units:
            self.scene.deposit(ANN_ACCOUNT, amount * demo.ATOMS)
        await self.told.outbox.flush()


@pytest.fixture
async def page(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    scene = Scene()
    store = SqliteNotifications(tmp_path_factory.mktemp("people") / "people.db")
    told = Told(scene, store)
    await told.outbox.start()
    desk = Desk(
        store,
        told.outbox,
        scene.terms,
        Poster(allow_loopback=True),
        AuditLog(MemoryAudit(), lambda: scene.now_us),
        secret_key=bytes(32),
        clock=lambda: scene.now_us,
        journal_position=lambda: told.watch.position,
    )
    sessions = ToySessions(
        {
            "ann": session_view(ANN),
            "ann-sure": session_view(ANN, stepped_up=True),
            "bob-sure": session_view(BOB, stepped_up=True),
        }
    )
    yield Page(scene, told, WebCaller(routes(desk), sessions))
    await store.close()


# -- access


@pytest.fixture
def every_route() -> list[tuple[str, str, Access]]:
    return [
        (route.method, route.path, route.access)
        for route in routes(None)  # type: ignore[arg-type]
    ]


async def test_nothing_is_for_strangers(
    page: Page, every_route: list[tuple[str, str, Access]]
) -> None:
    assert len(every_route) == 16
    for method, path, access in every_route:
        assert access in {Access.SESSION, Access.STEPPED_UP}
        called = await page.web.call(method, re.sub(r"\{[a-z_]+\}", "1", path))
        assert (called.status, called.code) == (401, "SIGN_IN_FIRST")


async def test_webhooks_are_made_by_who_has_confirmed_again(page: Page) -> None:
    for method, path, body in (
        ("POST", "/notifications/webhooks", HOOK),
        ("PATCH", "/notifications/webhooks/w1", {"label": "x"}),
        ("POST", "/notifications/webhooks/w1/secret", None),
    ):
        called = await page.web.call(method, path, body, token="ann")
        assert (called.status, called.code) == (403, "STEP_UP_FIRST")


# -- the inbox


async def test_an_inbox_page_by_page(page: Page) -> None:
    await page.credit(1, 2, 3)
    first = await page.web.call("GET", "/notifications?limit=2", token="ann")
    assert first.status == 200
    assert [item["title"] for item in first.json["items"]] == [
        "Deposit of 3 USD",
        "Deposit of 2 USD",
    ]
    assert first.json["unread"] == 3
    item = first.json["items"][0]
    assert (item["kind"], item["event"], item["read_us"]) == ("deposit", "deposit_credited", None)
    assert item["facts"] == {"amount": "3", "asset": "USD"}
    before = first.json["next_before"]
    rest = await page.web.call("GET", f"/notifications?limit=2&before={before}", token="ann")
    assert [item["title"] for item in rest.json["items"]] == ["Deposit of 1 USD"]
    assert rest.json["next_before"] is None
    other = await page.web.call("GET", "/notifications", token="bob-sure")
    assert other.json == {"items": [], "unread": 0, "next_before": None}


async def test_reading(page: Page) -> None:
    await page.credit(1, 2, 3)
    items = (await page.web.call("GET", "/notifications", token="ann")).json["items"]
    body = {"ids": [items[0]["id"]]}
    other = await page.web.call("POST", "/notifications/read", body, token="bob-sure")
    assert other.json == {"unread": 0}
    mine = await page.web.call("POST", "/notifications/read", body, token="ann")
    assert mine.json == {"unread": 2}
    unread = await page.web.call("GET", "/notifications?unread=true", token="ann")
    assert len(unread.json["items"]) == 2
    mine = await page.web.call(
        "POST", "/notifications/read", {"up_to": items[0]["number"]}, token="ann"
    )
    assert mine.json == {"unread": 0}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "before=0",
        "before=-1",
        "before=99999999999999999",
        "unread=2",
        "a=b",
    ],
)
async def test_a_query_that_will_not_do(page: Page, query: str) -> None:
    called = await page.web.call("GET", f"/notifications?{query}", token="ann")
    assert called.status == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"ids": ["a"], "up_to": 1}, 422),
        ({"ids": ["a"] * 101}, 400),
        ({"ids": [""]}, 400),
        ({"up_to": 0}, 400),
        ({"up_to": 1 << 60}, 400),
        ({"up_to": "1"}, 400),
        ({"ids": ["a"], "person_id": BOB}, 400),
    ],
)
async def test_reading_that_will_not_do(page: Page, body: object, status: int) -> None:
    called = await page.web.call("POST", "/notifications/read", body, token="ann")
    assert called.status == status


# -- choices


async def test_choices(page: Page) -> None:
    shown = (await page.web.call("GET", "/notifications/preferences", token="ann")).json
    assert len(shown["choices"]) == len(KINDS) * len(Channel)
    wish = {"kind": "fill", "channel": "email", "wanted": True}
    changed = await page.web.call(
        "PATCH", "/notifications/preferences", {"choices": [wish]}, token="ann"
    )
    assert {**wish, "locked": False} in changed.json["choices"]
    other = await page.web.call("GET", "/notifications/preferences", token="bob-sure")
    assert {**wish, "wanted": False, "locked": False} in other.json["choices"]


@pytest.mark.parametrize(
    "choices",
    [
        [{"kind": "security", "channel": "email", "wanted": False}],
        [{"kind": "security", "channel": "in_app", "wanted": False}],
        [{"kind": "test", "channel": "email", "wanted": True}],
        [{"kind": "fill", "channel": "email", "wanted": True}] * 2,
    ],
)
async def test_choices_that_nobody_has(page: Page, choices: object) -> None:
    called = await page.web.call(
        "PATCH", "/notifications/preferences", {"choices": choices}, token="ann"
    )
    assert (called.status, called.code) == (422, "WISH_REFUSED")
    assert called.json["errors"][0]["field"] == "choices"


# -- webhooks


async def test_the_life_of_a_webhook(page: Page) -> None:
    web = page.web
    async with receiving() as receiver:
        body = {**HOOK, "url": receiver.url()}
        made = await web.call("POST", "/notifications/webhooks", body, token="ann-sure")
        assert made.status == 201
        assert made.json["secret"].startswith("whsec_")
        hook = made.json["webhook"]
        path = f"/notifications/webhooks/{hook['id']}"
        assert (hook["kinds"], hook["state"]) == (["deposit", "fill"], "active")
        listed = await web.call("GET", "/notifications/webhooks", token="ann")
        assert listed.json == {"webhooks": [hook]}
        assert made.json["secret"] not in str(listed.json)

        trial = await web.call("POST", f"{path}/test", token="ann")
        assert trial.json["ok"]
        receiver.answer = lambda _: answer(500)
        trial = await web.call("POST", f"{path}/test", token="ann")
        assert (trial.json["ok"], trial.json["outcome"]) == (False, "it answered 500")

    renewed = await web.call("POST", f"{path}/secret", token="ann-sure")
    assert renewed.json["secret"] != made.json["secret"]
    changed = await web.call(
        "PATCH", path, {"active": False, "kinds": ["deposit"]}, token="ann-sure"
    )
    assert (changed.json["state"], changed.json["kinds"]) == ("paused", ["deposit"])
    assert changed.json["label"] == "mine"
    assert (await web.call("DELETE", path, token="ann")).status == 204
    assert (await web.call("DELETE", path, token="ann")).code == "NOT_FOUND"


async def test_deliveries_are_shown_and_asked_for_again(page: Page) -> None:
    made = await page.web.call("POST", "/notifications/webhooks", HOOK, token="ann-sure")
    path = f"/notifications/webhooks/{made.json['webhook']['id']}/deliveries"
    await page.credit(1)
    (delivery,) = (await page.web.call("GET", path, token="ann")).json["deliveries"]
    assert (delivery["event"], delivery["state"]) == ("deposit_credited", "pending")
    again = await page.web.call("POST", f"{path}/{delivery['id']}/redeliver", token="ann")
    assert (again.status, again.code) == (422, "WISH_REFUSED")
    for number in ("0", "99", "x", "9" * 40):
        called = await page.web.call("POST", f"{path}/{number}/redeliver", token="ann")
        assert (called.status, called.code) == (404, "NOT_FOUND")


async def test_what_is_another_person_s_is_not_there(page: Page) -> None:
    made = await page.web.call("POST", "/notifications/webhooks", HOOK, token="ann-sure")
    path = f"/notifications/webhooks/{made.json['webhook']['id']}"
    for method, wanted, body in (
        ("PATCH", path, {"label": "x"}),
        ("DELETE", path, None),
        ("POST", f"{path}/secret", None),
        ("POST", f"{path}/test", None),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/deliveries/1/redeliver", None),
    ):
        called = await page.web.call(method, wanted, body, token="bob-sure")
        assert (called.status, called.code) == (404, "NOT_FOUND")
    assert (await page.web.call("GET", path[: path.rindex("/")], token="bob-sure")).json == {
        "webhooks": []
    }


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"url": "http://example.org/"}, 422),
        ({"url": "https://169.254.169.254/latest/meta-data"}, 422),
        ({"url": "https://[::ffff:10.0.0.1]/"}, 422),
        ({"url": "https://user:word@example.org/"}, 422),
        ({"url": "https://example.org/" + "a" * 2_048}, 400),
        ({"url": 1}, 400),
        ({"kinds": []}, 400),
        ({"kinds": ["fill", "other"]}, 400),
        ({"kinds": ["test"]}, 422),
        ({"label": "a" * 61}, 400),
        ({"secret": "mine"}, 400),
        ({"person_id": BOB}, 400),
    ],
)
async def test_a_webhook_that_will_not_do(
    page: Page, wrong: dict[str, object], status: int
) -> None:
    called = await page.web.call(
        "POST", "/notifications/webhooks", {**HOOK, **wrong}, token="ann-sure"
    )
    assert called.status == status


async def test_webhooks_and_tests_have_an_end(page: Page) -> None:
    body = {**HOOK, "url": "http://127.0.0.1:1/"}
    for _ in range(WEBHOOKS_MAX):
        made = await page.web.call("POST", "/notifications/webhooks", body, token="ann-sure")
        assert made.status == 201
    called = await page.web.call("POST", "/notifications/webhooks", body, token="ann-sure")
    assert (called.status, called.code) == (409, "TOO_MANY_THINGS")
    path = f"/notifications/webhooks/{made.json['webhook']['id']}/test"
    for _ in range(TRIALS_PER_MINUTE_MAX):
        assert (await page.web.call("POST", path, token="ann")).status == 200
    called = await page.web.call("POST", path, token="ann")
    assert (called.status, called.code) == (429, "TOO_OFTEN")
    assert called.headers["retry-after"] == "60"


# -- alerts


async def test_the_life_of_an_alert(page: Page) -> None:
    made = await page.web.call("POST", "/notifications/alerts", ALERT, token="ann")
    assert made.status == 201
    assert made.json == made.json | {**ALERT, "once": True, "active": True, "fired_us": None}
    page.scene.trade(PRICE + 100)
    await page.told.outbox.flush()
    (shown,) = (await page.web.call("GET", "/notifications/alerts", token="ann")).json["alerts"]
    assert (shown["active"], shown["fired_us"]) == (False, page.scene.now_us)
    inbox = (await page.web.call("GET", "/notifications", token="ann")).json
    assert inbox["items"][0]["title"] == "BTCUSD has reached 100.5"
    path = f"/notifications/alerts/{made.json['id']}"
    changed = await page.web.call("PATCH", path, {"price": "200", "once": False}, token="ann")
    assert (changed.json["price"], changed.json["once"], changed.json["active"]) == (
        "200",
        False,
        True,
    )
    assert (await page.web.call("PATCH", path, {"price": "0.001"}, token="ann")).status == 422
    assert (await page.web.call("PATCH", path, {}, token="bob-sure")).code == "NOT_FOUND"
    assert (await page.web.call("DELETE", path, token="bob-sure")).code == "NOT_FOUND"
    assert (await page.web.call("DELETE", path, token="ann")).status == 204
    assert (await page.web.call("DELETE", path, token="ann")).code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"symbol": "btcusd"}, 422),
        ({"symbol": ""}, 400),
        ({"symbol": "A" * 500}, 400),
        ({"price": "0"}, 422),
        ({"price": "0.001"}, 422),
        ({"price": "1e3"}, 400),
        ({"price": 100.5}, 400),
        ({"price": "-1"}, 400),
        ({"direction": "sideways"}, 400),
        ({"after_seq": 0}, 400),
    ],
)
async def test_an_alert_that_will_not_do(page: Page, wrong: dict[str, object], status: int) -> None:
    called = await page.web.call("POST", "/notifications/alerts", {**ALERT, **wrong}, token="ann")
    assert called.status == status


async def test_a_store_that_is_away_is_said_to_be(page: Page) -> None:
    await page.told.store.close()
    called = await page.web.call("GET", "/notifications", token="ann")
    assert (called.status, called.code) == (503, "NOTIFICATIONS_AWAY")
