"""PostgreSQL and the Valkey cluster of one folder: started, looked after, stopped.

A server ends with the thread that started it, so each of the two has a thread that lives as long as
the run does; nothing here is done in the event loop's.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from openoutcry.adapters.local.servers.postgres import PostgresServer
from openoutcry.adapters.local.servers.process import ServerError, store_folder, take_folder
from openoutcry.adapters.local.valkey_cluster import ValkeyCluster, ValkeyError
from openoutcry.app.scaled.layout import DATABASE, Folder, write_private

log = logging.getLogger("openoutcry")

STOP_SECONDS = 3.0
LOOK_SECONDS = 0.25
ATTEMPTS = 3
"""What a killed server leaves in memory is gone a moment after it."""


class Servers:
    """Both servers."""

    def __init__(self, folder: Folder) -> None:
        folder.path.chmod(0o711)
        self._folder = folder
        self.valkey = ValkeyCluster(folder.valkey, password=_kept_secret(folder.path / ".valkey"))
        self._postgres: PostgresServer | None = None
        self._threads = [ThreadPoolExecutor(1, name) for name in ("postgres", "valkey")]
        self._looking: list[asyncio.Task[None]] = []
        self.restarts = 0

    @property
    def postgres(self) -> PostgresServer:
        """The database server."""
        assert self._postgres is not None, "it was started"
        return self._postgres

    def dsn(self) -> str:
        """Return the database of the exchange."""
        return self.postgres.dsn(DATABASE)

    async def start(self) -> None:
        """Start both; raises ServerError, ValkeyError."""
        await self._in_threads(self._start_postgres, self.valkey.start)

    async def stop(self) -> None:
        """Stop both, also what is just being started."""
        for task in self._looking:
            task.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)
        try:
            await self._in_threads(self._stop_postgres, lambda: self.valkey.stop(STOP_SECONDS))
        finally:
            for thread in self._threads:
                thread.shutdown(wait=False)

    async def _in_threads(self, *work: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        pairs = zip(self._threads, work, strict=True)
        results = await asyncio.gather(
            *(loop.run_in_executor(thread, call) for thread, call in pairs), return_exceptions=True
        )
        for result in results:
            if result is not None:
                raise result

    def look_after(self) -> None:
        """Start again what ends, from now on."""
        loop = asyncio.get_running_loop()
        for thread, look in zip(
            self._threads, (self._look_after_postgres, self._look_after_valkey), strict=True
        ):
            self._looking.append(loop.create_task(_repeat(thread, look)))

    # -- PostgreSQL

    def _start_postgres(self) -> None:
        self._postgres = PostgresServer(self._store())
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._postgres.start()
                break
            except ServerError:
                if attempt == ATTEMPTS or not self._postgres.data.exists():
                    raise
            time.sleep(attempt)

    def _store(self) -> Path:
        """Return where the database is: here, or where the note in the folder says."""
        note, wanted = self._folder.store_note, self._folder.postgres
        if note.exists():
            noted = Path(note.read_text(encoding="utf-8").strip())
            if not noted.is_dir():
                raise ServerError(
                    f"{note} says that the database is at {noted}, which is not there: "
                    "bring it back, or name another folder"
                )
            return noted
        store = wanted if wanted.exists() else store_folder(wanted)
        if store != wanted:
            take_folder(store)
            note.write_text(f"{store}\n", encoding="utf-8")
        return store

    def _stop_postgres(self) -> None:
        """Stop it; one that takes too long is killed, and recovers at its next start."""
        if self._postgres is not None:
            with suppress(ServerError):
                self._postgres.stop(seconds=STOP_SECONDS)

    def _look_after_postgres(self) -> None:
        if not self.postgres.is_running:
            self.restarts += 1
            log.error("PostgreSQL has ended: it is started again")
            self.postgres.start()

    # -- Valkey

    def _look_after_valkey(self) -> None:
        for node in self.valkey.nodes:
            if not node.is_running():
                self.restarts += 1
                log.error("the Valkey node at port %d has ended: it is started again", node.port)
                self.valkey.restart(node)


def _kept_secret(path: Path) -> str:
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24))
    return path.read_text(encoding="ascii").strip()


async def _repeat(thread: ThreadPoolExecutor, look: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            await loop.run_in_executor(thread, look)
        except (ServerError, ValkeyError, OSError) as error:
            log.error("it cannot be started again yet: %s", error)  # noqa: TRY400
        await asyncio.sleep(LOOK_SECONDS)
