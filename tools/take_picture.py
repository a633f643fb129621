"""Draws docs/picture.svg from a real run: the demo starts, and README's script trades on it.

python -m tools.take_picture
"""

import io
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text
from tools.exchange_process import ExchangeProcess

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "picture.svg"
DEPTH = 6
PORT = 8080


def main() -> None:
    """Run and draw."""
    script = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[0]
    console = Console(record=True, width=112, file=io.StringIO())
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / ".data" / "run"
        data.parent.mkdir()
        with ExchangeProcess(data, port=PORT) as exchange:
            time.sleep(10)
            said = exchange.log()
            done = subprocess.run(
                [sys.executable, "-"],
                input=script,
                capture_output=True,
                text=True,
                cwd=folder,
                timeout=60,
                check=True,
            )
            show(console, exchange, said.replace(str(data), ".data/run"), done.stdout)
    drawn = console.export_svg(title="openoutcry")
    # whoever looks at the picture needs no font from elsewhere
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    PICTURE.write_text(re.sub(r"\s*<!--.*?-->", "", drawn, flags=re.DOTALL))


def show(console: Console, exchange: ExchangeProcess, said: str, script_said: str) -> None:
    """Print what a terminal would show."""
    console.print("$ make run", style="bold")
    console.print(Text(said.strip()))
    console.print("\n$ .venv/bin/python first_order.py", style="bold")
    console.print(Text(script_said.strip()))
    console.print("\n# the book and the tape of BTCUSD at that moment", style="dim")
    book = exchange.get(f"/api/v3/depth?symbol=BTCUSD&limit={DEPTH}")
    trades = exchange.get(f"/api/v3/trades?symbol=BTCUSD&limit={2 * DEPTH}")
    asks = [(price, quantity, "red") for price, quantity in reversed(book["asks"])]
    bids = [(price, quantity, "green") for price, quantity in book["bids"]]
    for (price, quantity, colour), trade in zip(asks + bids, reversed(trades), strict=False):
        line = Text(f"{float(price):>12,.2f} {float(quantity):>9.5f}", style=colour)
        at = time.strftime("%H:%M:%S", time.gmtime(trade["time"] / 1000))
        taken = "red" if trade["isBuyerMaker"] else "green"
        line.append(f"        {at}", style="dim")
        line.append(f" {float(trade['price']):>12,.2f} {float(trade['qty']):>9.5f}", style=taken)
        console.print(line)


if __name__ == "__main__":
    main()
