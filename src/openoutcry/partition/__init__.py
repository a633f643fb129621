"""One kernel, one journal, one owner: drain, batch, append, apply, publish.

Also recovery, snapshots, timers, links to other partitions, and the follower.
Must not know who asked (HTTP, WebSocket, FIX), nor which product keeps the journal: ports only.
"""
