"""Ports kept in PostgreSQL: the journal and who owns it, snapshots, users, and what people query.

Money and ownership are read and written at the primary alone; reports may come from a replica.
Must not know what the stored bytes mean; encoding is the codec's affair.
"""
