"""`outcry admin`: asks the exchange that runs on a data folder, or opens the folder itself."""

import asyncio
from contextlib import closing
from pathlib import Path

from openoutcry.adapters.local.folder import FolderLockedError
from openoutcry.adapters.sqlite.audit import SqliteAudit
from openoutcry.adapters.sqlite.keys import SqliteApiKeys
from openoutcry.app.acts import RecordedAdministration
from openoutcry.app.admin import AdminError, Administration, Answer, Request
from openoutcry.app.control import NoServerError, ask
from openoutcry.app.engine import (
    JOURNAL_NAME,
    KEYS_NAME,
    PARTITIONS_NAME,
    PEOPLE_NAME,
    EngineError,
    open_engine,
)
from openoutcry.app.master_key import api_key_sealer
from openoutcry.app.operators import OperatorRequests
from openoutcry.app.people import open_directory
from openoutcry.app.settings import ServeSettings
from openoutcry.core.records import AssetRow, MarketRow
from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.identity.audit import AuditLog
from openoutcry.identity.sealing import MasterKeyError
from openoutcry.partition.machine import StateMachine
from openoutcry.partition.recovery import RecoveryError
from openoutcry.partition.runtime import now_us
from openoutcry.ports.audit import AuditError
from openoutcry.ports.journal import JournalError
from openoutcry.ports.people_store import PeopleStoreError
from openoutcry.ports.users import KeyStoreError


def administer(directory: Path, request: Request) -> Answer:
    """Do an operator's request; raises AdminError."""
    try:
        return ask(directory, request)
    except NoServerError:
        pass
    if (directory / PARTITIONS_NAME).exists():
        raise AdminError(f"{directory} is at rest: start it with `outcry up --data {directory}`")
    if not (directory / JOURNAL_NAME).exists():
        raise AdminError(
            f"{directory} holds no exchange: `outcry serve --data {directory}` makes one"
        )
    try:
        return asyncio.run(_administer_offline(directory, request))
    except FolderLockedError as error:
        raise AdminError(f"{error}, which does not answer yet: try again") from error
    except (
        EngineError,
        JournalError,
        RecoveryError,
        KeyStoreError,
        AuditError,
        MasterKeyError,
        PeopleStoreError,
        OSError,
    ) as error:
        raise AdminError(str(error)) from error


async def _administer_offline(directory: Path, request: Request) -> Answer:
    settings = ServeSettings(data=directory).with_environment()
    async with open_engine(settings) as partition:
        catalog = Catalog()
        assets, markets = await partition.inspect(_catalog_rows)
        catalog.load(assets, markets)
        sealer = api_key_sealer(directory, settings.secrets_key)
        with (
            closing(SqliteApiKeys(directory / KEYS_NAME, sealer)) as keys,
            closing(SqliteAudit(directory / PEOPLE_NAME)) as records,
        ):
            audit = AuditLog(records, now_us)
            async with open_directory(directory, settings, partition, audit) as people:
                operators = OperatorRequests(people, now_us).requests()
                administration = Administration(partition, keys, catalog, now_us, operators)
                return await RecordedAdministration(administration, audit).run(request)


def _catalog_rows(machine: StateMachine) -> tuple[list[AssetRow], list[MarketRow]]:
    assets, markets = machine.assets(), machine.markets()
    return (
        [AssetRow.unpack(assets, place) for place in range(0, len(assets), AssetRow.SIZE)],
        [MarketRow.unpack(markets, place) for place in range(0, len(markets), MarketRow.SIZE)],
    )
