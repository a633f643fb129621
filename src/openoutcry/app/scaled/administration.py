"""Operators' requests to an exchange of the scaled size: as everywhere, and rolling restarts."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from openoutcry.adapters.postgres.audit import PostgresAudit
from openoutcry.adapters.postgres.keys import PostgresApiKeys
from openoutcry.adapters.postgres.listen_keys import PostgresListenKeys
from openoutcry.adapters.tcp.frames import ProcessRole
from openoutcry.app.acts import RecordedAdministration
from openoutcry.app.admin import AdminError, Administration, Answer, Handler, Request
from openoutcry.app.scaled.control import ControlCalls, Hosting
from openoutcry.app.scaled.database import prepare
from openoutcry.app.scaled.gateway import Callers
from openoutcry.app.scaled.operations import Operations
from openoutcry.app.scaled.settings import ScaledSettings
from openoutcry.app.settings import SettingsError
from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.identity.audit import AuditLog
from openoutcry.partition.runtime import now_us
from openoutcry.ports.calls import CallError
from openoutcry.ports.journal import JournalError
from openoutcry.ports.users import KeyStoreError, end_listen_key

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: object) -> object:  # typing has it from Python 3.12 on
        """Mark a method that replaces an inherited one."""
        return method


OPEN_SECONDS = 15.0
GLANCE_SECONDS = 0.5
"""What does not need the catalog of now waits no longer for it: an engine may stand still."""


class ScaledAdministration(Administration):
    """Each request sees assets and markets as their hosts have them at that moment."""

    def __init__(
        self, control: "Control", keys: PostgresApiKeys, more: Mapping[str, Handler]
    ) -> None:
        """`more` are requests of this size alone: what they can do does not need the catalog."""
        self._control = control
        super().__init__(
            control.calls, keys, control.catalog, now_us, more, on_revoked=control.end_listen_key
        )

    @override
    async def run(self, request: Request) -> Answer:
        """Do a request; raises AdminError when it cannot be done."""
        needed = request.get("do") not in self._more
        try:
            async with asyncio.timeout(None if needed else GLANCE_SECONDS):
                self._control.catalog.load_rows(await self._control.calls.catalog())
        except (CallError, TimeoutError) as error:
            if needed:
                raise AdminError(f"the exchange did not answer: {error}") from error
        return await super().run(request)


class Control:
    """The calls and keys of whoever administers an exchange."""

    def __init__(self, settings: ScaledSettings) -> None:
        self._settings = settings
        self.callers = Callers(settings, ProcessRole.CONTROL, ControlCalls)
        assert isinstance(self.callers.calls, ControlCalls)
        self.calls: ControlCalls = self.callers.calls
        self.catalog = Catalog()

    async def end_listen_key(self, account_id: int) -> None:
        """Have the listen key of an account that has lost an API key be good no more."""
        listen_keys = PostgresListenKeys(self._settings.journal_dsn)
        await listen_keys.open()
        try:
            await end_listen_key(listen_keys, account_id, now_us())
        finally:
            await listen_keys.close_all()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[PostgresApiKeys]:
        """Connect; gives the keys."""
        await self.callers.start()
        try:
            self.hosting = Hosting(self._settings, self.callers.directory, self.calls)
            self.calls.hosting = self.hosting
            keys = await asyncio.to_thread(
                PostgresApiKeys, self._settings.journal_dsn, self._settings.api_key_sealer()
            )
            try:
                yield keys
            finally:
                keys.close()
        finally:
            await self.callers.stop()


def administer(path: Path, request: Request) -> Answer:
    """Do an operator's request to the exchange of a settings file; raises AdminError."""
    try:
        settings = ScaledSettings.load(path)
        settings.require("journal_dsn", "partitions", "secrets_key")
        return asyncio.run(_administer(settings, request))
    except (SettingsError, JournalError, KeyStoreError) as error:
        raise AdminError(str(error)) from error


async def _administer(settings: ScaledSettings, request: Request) -> Answer:
    await asyncio.to_thread(prepare, settings)
    control = Control(settings)
    async with control.opened() as keys:
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await control.callers.wait_open()
        except TimeoutError:
            raise AdminError(
                "not every partition has an owner that answers: start engines first"
            ) from None
        operations = Operations(settings, control.callers, control.catalog)
        records = PostgresAudit(settings.journal_dsn)
        audit = AuditLog(records, now_us)
        try:
            administration = ScaledAdministration(control, keys, operations.requests())
            return await RecordedAdministration(administration, audit).run(request)
        finally:
            await operations.close()
            records.close()
