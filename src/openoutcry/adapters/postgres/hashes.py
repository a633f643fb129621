"""The owner's rolling hash of events after some batches, for followers to compare with theirs."""

from collections.abc import Iterable

import psycopg

from openoutcry.adapters.postgres.connections import connect_primary, journal_error

KEPT = 10_000
"""Batches of each partition that a hash is kept of."""


class PostgresEventHashes:
    """Hashes of one partition's events. All calls block; one thread at a time."""

    def __init__(self, dsn: str, partition: int = 0) -> None:
        """Connect; raises JournalError."""
        self.partition = partition
        try:
            self._connection = connect_primary(dsn, f"outcry-hashes-{partition}")
        except psycopg.Error as error:
            raise journal_error(error) from error

    def record(self, hashes: Iterable[tuple[int, bytes]]) -> None:
        """Keep (sequence, hash) pairs; a pair that is kept already stays as it is.

        The commit waits for no disk: a comparison that a crash takes back is made at the next.
        """
        rows = [(self.partition, seq, digest) for seq, digest in hashes]
        if not rows:
            return
        try:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = off")
                cursor.executemany(
                    "INSERT INTO journal.hash(partition, seq, events_hash) VALUES(%b, %b, %b)"
                    " ON CONFLICT DO NOTHING",
                    rows,
                )
                cursor.execute(
                    "DELETE FROM journal.hash WHERE partition = %s AND seq < %s",
                    (self.partition, max(seq for _, seq, _ in rows) - KEPT),
                )
        except psycopg.Error as error:
            raise journal_error(error) from error

    def after(self, seq: int, limit: int = 1_000) -> list[tuple[int, bytes]]:
        """Return the pairs behind a sequence, ascending."""
        try:
            return self._connection.execute(
                "SELECT seq, events_hash FROM journal.hash WHERE partition = %s AND seq > %s"
                " ORDER BY seq LIMIT %s",
                (self.partition, seq, limit),
                binary=True,
            ).fetchall()
        except psycopg.Error as error:
            raise journal_error(error) from error

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()
