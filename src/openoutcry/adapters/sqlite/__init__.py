"""Ports kept in SQLite files: the journal, snapshots, users and the tables that queries read.

Durable by default: write-ahead log, full sync, one transaction a batch.
Must not know what the stored bytes mean; encoding is the codec's affair.
"""
