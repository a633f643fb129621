"""Bytes at rest and on the way: journal rows, snapshot files, batches of records.

Every frame says its version; an older one is lifted by an upcaster or refused by name.
Must not know where bytes are kept, nor what a command means.
"""
