"""The scripts that README and docs/start show, run as they stand, but for port and folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e import clients
from tools.exchange_process import ExchangeProcess

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _script(page: str, language: str, number: int = 0) -> str:
    blocks = [text for kind, text in BLOCK.findall((ROOT / page).read_text()) if kind == language]
    return blocks[number]


def _run(command: list[str], script: str, exchange: ExchangeProcess) -> str:
    there = script.replace("127.0.0.1:8080", f"127.0.0.1:{exchange.port}")
    there = there.replace(".data/run/", f"{exchange.data}/")
    assert there != script
    done = subprocess.run(
        command,
        input=there,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(autouse=True)
def nothing_open(exchange: ExchangeProcess) -> None:
    for key in exchange.keys_of("HMAC"):
        clients.cancel_everything(exchange, key)


def test_readme_places_sees_streams_and_cancels(exchange: ExchangeProcess) -> None:
    said = _run([sys.executable, "-"], _script("README.md", "python"), exchange)
    placed, streamed, opened, cancelled = said.splitlines()
    order_id = placed.split()[1]
    assert placed.split()[2] == "open"
    assert streamed == "streamed  ['open']"
    assert order_id in opened
    assert cancelled == "cancelled canceled"


@pytest.mark.parametrize("page", ["ccxt.md", "python-binance.md", "binance-sdk-spot.md"])
def test_start_pages(exchange: ExchangeProcess, page: str) -> None:
    said = _run([sys.executable, "-"], _script(f"docs/start/{page}", "python"), exchange)
    assert re.search("canceled", said, re.IGNORECASE)


def test_curl_page(exchange: ExchangeProcess) -> None:
    said = _run(["sh"], _script("docs/start/curl.md", "sh", 0), exchange)
    assert '"price"' in said
    said = _run(["bash", "-e"], _script("docs/start/curl.md", "sh", 1), exchange)
    assert said.count('"orderId"') == 3
    assert '"CANCELED"' in said
