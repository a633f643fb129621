"""The page in a real browser: Debian's Chromium, against `outcry serve --demo`."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright
from tests.e2e.page.screen import CHROMIUM_NAMES, PAGE, Screen
from tools.exchange_process import ExchangeProcess

Open = Callable[..., Screen]


@pytest.fixture(scope="module")
def chromium() -> str:
    """Where the browser is; these tests are skipped, and say so, when it or the page is missing."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        pytest.skip("there is no Chromium (Debian: apt install chromium)")
    if not (PAGE / "index.html").exists():
        pytest.skip("the page is not built (make page, with Node 20.19 or newer)")
    return found


@pytest.fixture(scope="module")
def playwright(chromium: str) -> Iterator[Playwright]:
    # for one module at a time: while it lives, no test with an event loop of its own can run
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    launched = playwright.chromium.launch(
        executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
    )
    yield launched
    launched.close()


class _Impatient(ExchangeProcess):
    """A demo where neither a new address nor a new factor holds withdrawals up."""

    def environment(self) -> dict[str, str]:
        cool_off = {"OUTCRY_ADDRESS_COOL_OFF_SECONDS": "0", "OUTCRY_SECURITY_COOL_OFF_SECONDS": "0"}
        return {**super().environment(), **cool_off}


def _serving(data: Path, *flags: str) -> Iterator[ExchangeProcess]:
    with _Impatient(data, "--no-limits", *flags) as exchange:
        yield exchange


@pytest.fixture(scope="module")
def lively(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeProcess]:
    """A demo with its simulated traders."""
    yield from _serving(tmp_path_factory.mktemp("page") / "lively")


@pytest.fixture(scope="module")
def quiet(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeProcess]:
    """A demo where nobody trades but the test."""
    yield from _serving(tmp_path_factory.mktemp("page") / "quiet", "--no-bots")


@pytest.fixture
def open_screen(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Open a window of its own, with cookies of its own, on an exchange; watched for errors."""
    with ExitStack() as stack:
        screens: list[Screen] = []

        def opened(
            exchange: ExchangeProcess,
            path: str = "/",
            *,
            width: int = 1440,
            height: int = 900,
            colours: str = "dark",
        ) -> Screen:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="light" if colours == "light" else "dark",
                locale="en-GB",
            )
            stack.callback(context.close)
            screen = Screen(context.new_page(), exchange)
            screens.append(screen)
            screen.go(path)
            return screen

        failed_before = request.session.testsfailed
        yield opened
        for number, screen in enumerate(screens):
            if request.session.testsfailed > failed_before:
                screen.picture(f"failed-{request.node.name}-{number}")
            assert screen.complaints() == []
