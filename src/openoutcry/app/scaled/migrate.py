"""`outcry migrate`: takes an embedded exchange to the scaled size, once, while nobody runs it.

Balances, open orders and counters come from the state that the journal ends in, cut into parts;
history and ledger come from its events, projected anew. The target is empty before, and either
whole or begun again afterwards. The embedded exchange stays as it was.
"""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg

from openoutcry.adapters.local.folder import FolderLockedError
from openoutcry.adapters.local.servers.postgres import PostgresServer
from openoutcry.adapters.local.servers.process import ServerError, store_folder
from openoutcry.adapters.postgres.journal import PostgresJournal
from openoutcry.adapters.postgres.keys import PostgresApiKeys
from openoutcry.adapters.postgres.migrations import SCHEMAS, SchemaError, migrate
from openoutcry.adapters.postgres.ownership import Ownership
from openoutcry.adapters.postgres.projector import PostgresProjector, ProjectionError
from openoutcry.adapters.postgres.snapshots import PostgresSnapshots
from openoutcry.adapters.sqlite.journal import SqliteJournal
from openoutcry.adapters.sqlite.keys import SqliteApiKeys
from openoutcry.app.demo import KEYS_FILE
from openoutcry.app.engine import (
    JOURNAL_NAME,
    KEYS_NAME,
    PARTITION,
    EngineError,
    kernel_machines,
    open_engine,
)
from openoutcry.app.master_key import api_key_sealer, master_key
from openoutcry.app.scaled.control import FIRST_VERSION, first_routes
from openoutcry.app.scaled.cutting import Part, cut
from openoutcry.app.scaled.layout import (
    DATABASE,
    Folder,
    PartitionPlan,
    engine_name,
    plan_partitions,
    write_private,
)
from openoutcry.app.scaled.settings import PartitionSettings, ScaledSettings
from openoutcry.app.settings import ServeSettings
from openoutcry.codec.journal import Head, seal
from openoutcry.codec.records import decode_events, decode_rows
from openoutcry.codec.snapshots import Snapshot
from openoutcry.core.enums import Role
from openoutcry.core.ids import entity_of_market, entity_of_shard
from openoutcry.core.records import MarketRow, MetaRow, Tick
from openoutcry.kernel import Kernel
from openoutcry.partition.recovery import (
    RecoveryError,
    checked_commands,
    quarantined_by,
    with_next,
)
from openoutcry.ports.feeds import Committed
from openoutcry.ports.journal import JournalError
from openoutcry.ports.users import KeyStoreError

FIRST_ROW = 2
"""Row 1 is written and taken away again: a journal that begins later needs its snapshot."""
COMMIT_ROWS = 500
_NOTE = "moving in"
_EVENTS_HASH = slice(40, 104)
"""Where the words of the rolling hash are in a META row."""


class MigrateError(Exception):
    """It cannot be done; the message says why, and nothing of the source has changed."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was taken over."""

    partitions: int
    accounts: int
    orders: int
    batches: int
    keys: int


@dataclass(frozen=True, slots=True)
class _Source:
    rows: bytes
    time_us: int


def migrate_to_settings(directory: Path, file: Path, say: Callable[[str], None]) -> Migrated:
    """Take an embedded exchange to the databases of a settings file; raises MigrateError."""
    return _migrate(directory, ScaledSettings.load(file), say)


def migrate_to_folder(
    directory: Path, target: Path, engines: int, say: Callable[[str], None]
) -> Migrated:
    """Take an embedded exchange to a new folder for `outcry up`; raises MigrateError."""
    folder = Folder(target)
    if target.exists() and any(target.iterdir()) and not folder.moving_in.exists():
        raise MigrateError(f"{target} is there already and not empty")
    target.mkdir(parents=True, exist_ok=True)
    target.chmod(0o711)
    folder.moving_in.touch()
    rows = decode_rows(_state_of(directory).rows)
    markets = [row.market for row in rows if isinstance(row, MarketRow)]
    plans = plan_partitions(engines, markets)
    store = store_folder(folder.postgres)
    if store != folder.postgres:
        folder.store_note.write_text(f"{store}\n", encoding="utf-8")
    try:
        with PostgresServer(store) as server:
            server.create_database(DATABASE)
            settings = ScaledSettings(
                journal_dsn=server.dsn(DATABASE),
                secrets_key=master_key(target).hex(),
                partitions=tuple(_settled(plans, engines)),
            )
            done = _migrate(directory, settings, say)
    except ServerError as error:
        raise MigrateError(str(error)) from error
    write_private(folder.partitions, json.dumps([plan.as_json() for plan in plans]) + "\n")
    if (directory / KEYS_FILE).exists():
        shutil.copyfile(directory / KEYS_FILE, target / KEYS_FILE)
        (target / KEYS_FILE).chmod(0o600)
    folder.moving_in.unlink()
    return done


def _settled(plans: Iterable[PartitionPlan], engines: int) -> Iterable[PartitionSettings]:
    for at, plan in enumerate(plans):
        yield PartitionSettings(
            number=plan.number,
            role=plan.role,
            shards=frozenset(plan.shards),
            markets=frozenset(plan.markets),
            preferred=engine_name(at % engines + 1),
        )


def _migrate(directory: Path, settings: ScaledSettings, say: Callable[[str], None]) -> Migrated:
    settings.require("journal_dsn", "partitions", "secrets_key")
    if any(plan.role == "JOINED" for plan in settings.partitions):
        raise MigrateError("give the target partitions of role ACCOUNTS and of role MARKETS")
    journal_dsn, query_dsn, _ = settings.with_query_dsns()
    try:
        source = _state_of(directory)
        _make_ready(journal_dsn, query_dsn, str(directory.resolve()))
        say("the state is read: building the history")
        batches = _project(directory, query_dsn, settings, say)
        parts = [_part(plan) for plan in settings.partitions]
        say("writing the partitions")
        _write_parts(journal_dsn, source, parts)
        keys = _copy_keys(directory, settings)
        _finish(settings, query_dsn)
    except FolderLockedError as error:
        raise MigrateError(f"{error}: stop it first") from error
    except (EngineError, JournalError, RecoveryError, KeyStoreError, SchemaError) as error:
        raise MigrateError(str(error)) from error
    except (ProjectionError, psycopg.Error, ValueError, OSError) as error:
        raise MigrateError(str(error)) from error
    kernel = Kernel.restore(source.rows)
    return Migrated(len(parts), kernel.accounts_count(), kernel.orders_count(), batches, keys)


def _state_of(directory: Path) -> _Source:
    """Return the state in which an embedded exchange stands still."""
    if not (directory / JOURNAL_NAME).exists():
        raise MigrateError(f"{directory} holds no exchange")

    async def rest() -> _Source:
        async with open_engine(ServeSettings(data=directory).with_environment()) as partition:
            await partition.idle()
            return await partition.inspect(
                lambda machine: _Source(machine.snapshot(), machine.time_us())
            )

    return asyncio.run(rest())


def _make_ready(journal_dsn: str, query_dsn: str, source: str) -> None:
    """Make the tables, and refuse a target that holds something else already."""
    with psycopg.connect(journal_dsn, autocommit=True) as connection:
        if _is_begun(connection):
            for schema in SCHEMAS:
                drop = psycopg.sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE")
                connection.execute(drop.format(psycopg.sql.Identifier(schema)))
    for schema in SCHEMAS:
        migrate(query_dsn if schema == "query" else journal_dsn, schema)
    with psycopg.connect(journal_dsn, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM journal.row LIMIT 1").fetchone() is not None:
            raise MigrateError("the target holds an exchange already: name an empty database")
        connection.execute("INSERT INTO journal.note(name, value) VALUES(%s, %s)", (_NOTE, source))


def _is_begun(connection: psycopg.Connection) -> bool:
    """Whether an earlier migration was cut short here."""
    found = connection.execute("SELECT to_regclass('journal.note')").fetchone()
    if found is None or found[0] is None:
        return False
    query = "SELECT 1 FROM journal.note WHERE name = %s"
    return connection.execute(query, (_NOTE,)).fetchone() is not None


def _project(
    directory: Path, query_dsn: str, settings: ScaledSettings, say: Callable[[str], None]
) -> int:
    """Write history and ledger from the events of the whole journal; returns its batches."""
    number = max(plan.number for plan in settings.partitions) + 1
    machine = kernel_machines().fresh()
    with (
        closing(SqliteJournal(directory / JOURNAL_NAME, PARTITION, read_only=True)) as journal,
        closing(PostgresProjector(query_dsn, number)) as projector,
    ):
        if journal.first_seq() != 1:
            raise MigrateError(
                f"the journal of {directory} begins at row {journal.first_seq()}: "
                "older rows were pruned, and the history cannot be built again from it"
            )
        head = Head()
        for row, following in with_next(journal.read(1)):
            commands = checked_commands(row, head)
            data = machine.apply(commands, row.seq, quarantined_by(following, row.seq))
            head = row.head
            projector.apply(Committed(row.seq, machine.time_us(), decode_events(data)))
            if row.seq % COMMIT_ROWS == 0:
                projector.commit()
            if row.seq % (20 * COMMIT_ROWS) == 0:
                say(f"batch {row.seq:,}")
        projector.commit()
    with psycopg.connect(query_dsn, autocommit=True) as connection:
        connection.execute("DELETE FROM query.cursor WHERE partition = %s", (number,))
    return head.seq


def _part(plan: PartitionSettings) -> Part:
    entities = [entity_of_shard(shard) for shard in plan.shards]
    entities += [entity_of_market(market) for market in plan.markets]
    return Part(plan.number, Role[plan.role], frozenset(entities))


def _write_parts(journal_dsn: str, source: _Source, parts: list[Part]) -> None:
    """Begin each partition's journal behind a snapshot of its part of the state."""
    events_hash = Kernel().snapshot()[_EVENTS_HASH]
    cut_rows = cut(
        source.rows,
        parts,
        seq=FIRST_ROW,
        route_version=FIRST_VERSION,
        events_hash=events_hash,
    )
    tick = Tick(time_us=source.time_us).pack()
    for part in parts:
        rows = cut_rows[part.number]
        kernel = Kernel.restore(rows)
        assert MetaRow.unpack(rows).partition == part.number
        with closing(
            PostgresJournal(journal_dsn, part.number, owner="migrate", address="")
        ) as journal:
            epoch = journal.acquire()
            head = Head()
            for _ in range(FIRST_ROW):
                row = seal(head, part.number, epoch, tick, 1)
                journal.append([row])
                head = row.head
            journal.prune(FIRST_ROW)
        PostgresSnapshots(journal_dsn, part.number).save(
            Snapshot(
                partition=part.number,
                seq=FIRST_ROW,
                commands=FIRST_ROW,
                time_us=source.time_us,
                journal_hash=head.hash,
                state_hash=kernel.state_hash(),
                events_hash=kernel.events_hash(),
                rows=rows,
            )
        )


def _copy_keys(directory: Path, settings: ScaledSettings) -> int:
    """Store the keys again, their secrets sealed with the key of where they go."""
    here = ServeSettings(data=directory).with_environment()
    sealer = api_key_sealer(directory, here.secrets_key)
    with (
        closing(SqliteApiKeys(directory / KEYS_NAME, sealer)) as old,
        closing(PostgresApiKeys(settings.journal_dsn, settings.api_key_sealer())) as new,
    ):
        keys = old.everything()
        for key in keys:
            new.add(key)
        for account_id in old.suspended():
            new.suspend(account_id)
        return len(keys)


def _finish(settings: ScaledSettings, query_dsn: str) -> None:
    """Let the projections go on, say where everything lives, and give the partitions free."""
    with psycopg.connect(query_dsn, autocommit=True) as connection:
        for plan in settings.partitions:
            connection.execute(
                "INSERT INTO query.cursor(partition, seq) VALUES(%s, %s)", (plan.number, FIRST_ROW)
            )
    with closing(Ownership(settings.journal_dsn, "outcry-migrate")) as ownership:
        ownership.place(first_routes(settings))
        for number, owner in ownership.owners().items():
            ownership.release(number, owner.epoch)
        for plan in settings.partitions:
            ownership.prefer(plan.number, plan.preferred)
    with psycopg.connect(settings.journal_dsn, autocommit=True) as connection:
        connection.execute("DELETE FROM journal.note WHERE name = %s", (_NOTE,))
