"""Ids from causes: whatever is read twice is told once."""

import hashlib

_ID_BYTES = 16


def notification_id(source: str, *places: int | str) -> str:
    """Return the id of what this place in a source tells this person; always the same one."""
    text = "\x1f".join([source, *map(str, places)])
    return "n" + hashlib.blake2b(text.encode(), digest_size=_ID_BYTES).hexdigest()
