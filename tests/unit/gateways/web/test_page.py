"""The page as it is served: files, policy, caches, and where browsers are sent."""

import asyncio
import gzip
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.support.web_caller import Called, WebCaller

from openoutcry.adapters.memory.rate_limits import BAN_US, REFUSALS_BEFORE_BAN, MemoryRateLimiter
from openoutcry.gateways.edge.origins import Origins
from openoutcry.gateways.edge.service import Request
from openoutcry.gateways.web.page import Page, PageConfig
from openoutcry.ports.rate_limits import REQUEST_WEIGHT_PER_MINUTE

SCRIPT = b"const answer = 42; // " + b"again and " * 200
INDEX = b'<!doctype html><script type="module" src="/assets/index-B7x_9-aQ.js"></script>'
BROWSER = {"host": "localhost:8080", "accept": "text/html,*/*", "accept-encoding": "gzip, br"}


def build(folder: Path) -> None:
    (folder / "assets").mkdir(parents=True)
    (folder / "assets" / "index-B7x_9-aQ.js").write_bytes(SCRIPT)
    (folder / "assets" / "font-1a2B3c4D.woff2").write_bytes(b"font")
    (folder / "favicon.svg").write_bytes(b"<svg/>")
    (folder / ".hidden").write_bytes(b"secret")
    (folder / "index.html").write_bytes(INDEX)


class Browser:
    """Asks a page for paths."""

    def __init__(
        self, folder: Path, *, origins: Origins | None = None, mailbox: bool = True
    ) -> None:
        self.limiter = MemoryRateLimiter()
        origins = origins or Origins()
        self.page = Page(
            folder,
            PageConfig(demo=True, mailbox=mailbox),
            origins=origins,
            limiter=self.limiter,
            clock=lambda: self.caller.now_us,
        )
        self.caller = WebCaller((), pages=self.page, origins=origins)

    async def ask(
        self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> Called:
        return await self.caller.serve(self.request(path, headers, method))

    @staticmethod
    def request(
        path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> Request:
        path, _, query = path.partition("?")
        return Request(method, path, query, b"", BROWSER | dict(headers or {}), "127.0.0.1")

    def is_ours(self, path: str, accept: str = "*/*") -> bool:
        class Nobody:
            def respond(self, response: object) -> None:
                pass

        return self.caller.application.serve(self.request(path, {"accept": accept}), Nobody())


@pytest.fixture
async def browser(tmp_path: Path) -> Browser:
    build(tmp_path / "page")
    browser = Browser(tmp_path / "page")
    assert await browser.page.load()
    return browser


@pytest.mark.parametrize(
    "path",
    ["/", "/index.html", "/trade/BTCUSD", "/sign-in", "/account/keys", "/operator", "/mailbox"],
)
async def test_the_page_s_own_paths_are_its_index(browser: Browser, path: str) -> None:
    called = await browser.ask(path, {"accept": "*/*"})
    assert (called.status, called.content) == (200, INDEX)
    assert called.media == "text/html; charset=utf-8"
    assert called.headers["cache-control"] == "no-cache"


async def test_there_is_no_mailbox_where_mails_are_delivered(tmp_path: Path) -> None:
    build(tmp_path)
    browser = Browser(tmp_path, mailbox=False)
    await browser.page.load()
    assert (await browser.ask("/mailbox")).status == 404
    assert (await browser.ask("/config.json")).json["mailbox"] is False


async def test_hashed_files_are_kept_for_ever_and_others_looked_at_again(browser: Browser) -> None:
    script = await browser.ask("/assets/index-B7x_9-aQ.js")
    assert script.media == "text/javascript; charset=utf-8"
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await browser.ask("/favicon.svg")).headers["cache-control"] == "no-cache"
    assert (await browser.ask("/assets/font-1a2B3c4D.woff2")).media == "font/woff2"


async def test_what_can_be_is_compressed(browser: Browser) -> None:
    called = await browser.ask("/assets/index-B7x_9-aQ.js")
    assert called.headers["content-encoding"] == "gzip"
    assert called.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(called.content) == SCRIPT
    for accepted in ("", "identity", "gzip;q=0", "br"):
        called = await browser.ask("/assets/index-B7x_9-aQ.js", {"accept-encoding": accepted})
        assert called.content == SCRIPT, accepted
        assert "content-encoding" not in called.headers


async def test_a_prepared_form_is_preferred_and_not_served_by_itself(tmp_path: Path) -> None:
    build(tmp_path)
    (tmp_path / "assets" / "index-B7x_9-aQ.js.br").write_bytes(b"tiny")
    browser = Browser(tmp_path)
    await browser.page.load()
    called = await browser.ask("/assets/index-B7x_9-aQ.js")
    assert (called.headers["content-encoding"], called.content) == ("br", b"tiny")
    assert not browser.is_ours("/assets/index-B7x_9-aQ.js.br")


async def test_a_browser_that_has_it_is_told_so(browser: Browser) -> None:
    for path in ("/", "/assets/index-B7x_9-aQ.js", "/config.json"):
        tag = (await browser.ask(path)).headers["etag"]
        for wanted in (tag, f'W/{tag}, "other"', f'"other", {tag}', "*"):
            called = await browser.ask(path, {"if-none-match": wanted})
            assert (called.status, called.content) == (304, b"")
            assert called.headers["etag"] == tag
            assert "content-security-policy" in called.headers
        assert (await browser.ask(path, {"if-none-match": '"other"'})).status == 200


async def test_head_is_answered_like_get_and_nothing_else_is(browser: Browser) -> None:
    assert (await browser.ask("/", method="HEAD")).status == 200
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        called = await browser.ask("/", method=method)
        assert (called.status, called.headers["allow"]) == (405, "GET, HEAD")


async def test_the_config_says_where_the_page_runs(browser: Browser) -> None:
    called = await browser.ask("/config.json")
    assert called.json == {"apiBase": "", "wsBase": "", "demo": True, "mailbox": True}
    assert called.media == "application/json"
    assert called.headers["cache-control"] == "no-cache"


async def test_the_policy_lets_nothing_in_from_elsewhere(browser: Browser) -> None:
    """ASVS 3.4.3, 3.4.7, 3.6.1"""
    for path in ("/", "/assets/index-B7x_9-aQ.js", "/config.json"):
        headers = (await browser.ask(path)).headers
        rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
        assert rules["default-src"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == "'self'"
        assert rules["connect-src"] == "'self' ws://localhost:8080 wss://localhost:8080"
        for name in ("object-src", "base-uri", "frame-ancestors"):
            assert rules[name] == "'none'"
        assert rules["require-trusted-types-for"] == "'script'"
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["referrer-policy"] == "no-referrer"
        assert "camera=()" in headers["permissions-policy"]
        assert "publickey-credentials-get=(self)" in headers["permissions-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert "strict-transport-security" not in headers


async def test_over_tls_the_browser_is_told_to_stay_there(tmp_path: Path) -> None:
    build(tmp_path / "page")
    browser = Browser(tmp_path / "page", origins=Origins("https://exchange.example"))
    await browser.page.load()
    headers = (await browser.ask("/", {"host": "exchange.example"})).headers
    assert headers["strict-transport-security"].startswith("max-age=")
    assert "wss://exchange.example" in headers["content-security-policy"]


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "[::1]:8080", "127.0.0.1", "127.1.2.3:80"])
async def test_a_browser_at_a_bare_address_is_sent_to_localhost(
    browser: Browser, host: str
) -> None:
    called = await browser.ask("/confirm?token=a%20b&x=é", {"host": host})
    assert called.status == 307
    port = f":{host.rpartition(':')[2]}" if host[-2:] == "80" else ""
    assert called.headers["location"] == f"http://localhost{port}/confirm?token=a%20b&x=%C3%A9"
    for path in ("/assets/index-B7x_9-aQ.js", "/config.json"):
        assert (await browser.ask(path, {"host": host})).status == 200


async def test_r33_another_name_is_refused_in_words(browser: Browser) -> None:
    for path in ("/", "/config.json", "/assets/index-B7x_9-aQ.js"):
        called = await browser.ask(path, {"host": "evil.example"})
        assert (called.status, called.media) == (421, "text/plain; charset=utf-8")
        assert b"OUTCRY_PUBLIC_ORIGIN" in called.content
        assert "evil" not in called.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["[::1::]", "127.0.0.1:99999"])
async def test_r33_a_host_that_cannot_be_is_nobody(browser: Browser, host: str) -> None:
    assert (await browser.ask("/", {"host": host})).status == 421


@pytest.mark.parametrize(
    "path",
    [
        "/.hidden",
        "/../pyproject.toml",
        "/assets/../favicon.svg",
        "/assets/",
        "/assets/%2e%2e/index.html",
        "//index.html",
        "/api/v3/nothing",
        "/x/nothing",
        "/ws",
        "/stream",
    ],
)
async def test_r13_other_paths_are_not_the_page_s(browser: Browser, path: str) -> None:
    assert not browser.is_ours(path)
    called = None
    if not path.startswith(("/api", "/x", "/ws", "/stream")):
        called = await browser.ask(path)
        assert (called.status, called.content) == (404, INDEX), "for whoever wants to look at it"
    else:
        assert not browser.is_ours(path, "text/html")


async def test_an_address_that_is_shut_out_gets_no_page(browser: Browser) -> None:
    limiter, now_us = browser.limiter, browser.caller.now_us
    for _ in range(REFUSALS_BEFORE_BAN + 2):
        limiter.admit("127.0.0.1", REQUEST_WEIGHT_PER_MINUTE, now_us)
    called = await browser.ask("/")
    assert called.status == 429
    assert int(called.headers["retry-after"]) * 1_000_000 <= BAN_US


async def test_without_a_page_it_is_said_how_to_build_one(tmp_path: Path) -> None:
    browser = Browser(tmp_path / "nowhere")
    assert not await browser.page.load()
    for path in ("/", "/trade/BTCUSD"):
        called = await browser.ask(path)
        assert (called.status, called.media) == (404, "text/plain; charset=utf-8")
        assert b"make setup" in called.content
    assert (await browser.ask("/config.json")).status == 200


async def test_a_new_build_is_served_without_a_restart(tmp_path: Path) -> None:
    browser = Browser(tmp_path / "page")
    await browser.page.load()
    assert (await browser.ask("/")).status == 404
    build(tmp_path / "page")
    asked = [browser.ask("/"), browser.ask("/sign-in"), browser.ask("/")]
    for called in await asyncio.gather(*asked):
        assert called.content == INDEX
    assert (await browser.ask("/assets/index-B7x_9-aQ.js")).status == 200
    index = tmp_path / "page" / "index.html"
    index.write_bytes(b"another")
    os.utime(index, ns=(1, 1))
    assert (await browser.ask("/")).content == b"another"
    index.unlink()
    assert (await browser.ask("/")).status == 404


async def test_a_folder_that_is_no_page_is_not_served(tmp_path: Path) -> None:
    build(tmp_path)
    for number in range(2_100):
        (tmp_path / f"{number}.txt").touch()
    assert not await Browser(tmp_path).page.load()
