"""The bot of the how-to runs as it stands, but for port and folder, and cleans up behind itself."""

import re
import sys

from tests.e2e.test_documented_scripts import _run, _script
from tools.exchange_process import ExchangeProcess


def test_the_bot_of_the_how_to(exchange: ExchangeProcess) -> None:
    script = _script("docs/how-to/write-a-bot.md", "python")
    said = _run([sys.executable, "-"], script, exchange).splitlines()
    assert len(said) == 6
    for number, line in enumerate(said[:-1]):
        assert re.fullmatch(rf"round {number}: middle \d+\.\d\d, [0-2] open", line)
    assert re.fullmatch(r"done: \d+ filled, 0 open", said[-1])
