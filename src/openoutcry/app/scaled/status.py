"""What `outcry up` shows while it runs: a live table on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Sequence
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table

from openoutcry.app.children import Child
from openoutcry.app.scaled.gateway import Callers
from openoutcry.app.scaled.layout import UpSettings

TABLE_SECONDS = 1.0


class Restarted(Protocol):
    """Servers that say how often they had to be started again."""

    restarts: int


class StatusBoard:
    """One run's status."""

    def __init__(self, settings: UpSettings, servers: Restarted) -> None:
        self._settings = settings
        self._servers = servers
        self._console = Console()
        self._live: Live | None = None
        self._shown_at = 0.0
        self._last: dict[str, str] = {}
        self.children: Sequence[Child] = ()
        self.callers: Callers | None = None

    def say(self, text: str) -> None:
        """Say something that stays."""
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)
            return
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    async def show(self) -> None:
        """Bring the table up to date; without a terminal, say what has changed."""
        if time.monotonic() - self._shown_at < TABLE_SECONDS:
            return
        self._shown_at = time.monotonic()
        if not self._console.is_terminal:
            self._say_changes()
            return
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
        self._live.update(self._table(), refresh=True)

    def close(self) -> None:
        """Leave the table as it is."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _rows(self) -> list[tuple[str, str, str]]:
        rows = [
            (child.plan.name, child.state.value, f"pid {child.pid}, {child.restarts} restarts")
            for child in self.children
        ]
        if self.callers is not None:
            directory = self.callers.directory
            for number in directory.partitions():
                row = directory.row_of(number)
                owner = "nobody" if row is None or row.lease_until_us is None else row.owner
                epoch = 0 if row is None else row.epoch
                rows.append((f"partition {number}", owner, f"epoch {epoch}"))
        return rows

    def _table(self) -> Table:
        table = Table(title=f"outcry up, port {self._settings.port}", expand=False)
        for title in ("what", "state", "more"):
            table.add_column(title)
        for row in self._rows():
            table.add_row(*row)
        table.caption = f"servers started again: {self._servers.restarts}"
        return table

    def _say_changes(self) -> None:
        for name, state, more in self._rows():
            text = f"{name}: {state}, {more}"
            if self._last.get(name, text) != text:
                self.say(text)
            self._last[name] = text
