"""Snapshots in PostgreSQL: a header and pieces of a megabyte, all of them in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from openoutcry.adapters.postgres.connections import connect_primary, journal_error
from openoutcry.codec.snapshots import (
    Snapshot,
    SnapshotDamagedError,
    decode_snapshot,
    encode_snapshot,
)

CHUNK_BYTES = 1 << 20


class PostgresSnapshots:
    """The snapshots port; a connection for each call, for they are minutes apart.

    All calls raise JournalError when the database does not do it.
    """

    def __init__(self, dsn: str, partition: int = 0) -> None:
        self.partition = partition
        self._dsn = dsn

    def save(self, snapshot: Snapshot) -> None:
        """Write header and pieces, and commit."""
        header, digest = encode_snapshot(snapshot)
        key = (self.partition, snapshot.seq)
        rows = memoryview(snapshot.rows)
        with self._connect() as connection, connection.transaction():
            connection.execute(
                "DELETE FROM journal.snapshot WHERE partition = %s AND seq = %s", key
            )
            connection.execute(
                "INSERT INTO journal.snapshot(partition, seq, commands, time_us, header, digest)"
                " VALUES(%b, %b, %b, %b, %b, %b)",
                (*key, snapshot.commands, snapshot.time_us, header, digest),
            )
            with connection.cursor().copy(
                "COPY journal.snapshot_chunk(partition, seq, n, data) FROM STDIN (FORMAT binary)"
            ) as copy:
                copy.set_types(["int4", "int8", "int4", "bytea"])
                for number, start in enumerate(range(0, len(rows), CHUNK_BYTES)):
                    copy.write_row((*key, number, rows[start : start + CHUNK_BYTES]))

    def seqs(self) -> list[int]:
        """Return the sequences of the kept states, newest first."""
        with self._connect() as connection:
            return self._seqs(connection)

    def load(self, seq: int) -> Snapshot:
        """Read a state and check every byte of it."""
        key = (self.partition, seq)
        with self._connect() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            kept = connection.execute(
                "SELECT header, digest FROM journal.snapshot WHERE partition = %s AND seq = %s",
                key,
                binary=True,
            ).fetchone()
            if kept is None:
                raise KeyError(seq)
            with connection.cursor(binary=True) as cursor:
                chunks = cursor.stream(
                    "SELECT data FROM journal.snapshot_chunk WHERE partition = %s AND seq = %s"
                    " ORDER BY n",
                    key,
                )
                data = b"".join([kept[0], *(data for (data,) in chunks), kept[1]])
        snapshot = decode_snapshot(data)
        if (snapshot.partition, snapshot.seq) != key:
            raise SnapshotDamagedError(f"snapshot {seq} holds another state than it says")
        return snapshot

    def prune(self, keep: int) -> list[int]:
        """Delete all but the newest `keep` states; returns the sequences still kept."""
        with self._connect() as connection:
            connection.execute(
                "DELETE FROM journal.snapshot WHERE partition = %s AND seq NOT IN (SELECT seq"
                " FROM journal.snapshot WHERE partition = %s ORDER BY seq DESC LIMIT %s)",
                (self.partition, self.partition, keep),
            )
            return self._seqs(connection)

    def _seqs(self, connection: psycopg.Connection) -> list[int]:
        rows = connection.execute(
            "SELECT seq FROM journal.snapshot WHERE partition = %s ORDER BY seq DESC",
            (self.partition,),
        )
        return [seq for (seq,) in rows]

    @contextmanager
    def _connect(self) -> Iterator[psycopg.Connection]:
        try:
            with connect_primary(self._dsn, f"outcry-snapshots-{self.partition}") as connection:
                yield connection
        except psycopg.Error as error:
            raise journal_error(error) from error
