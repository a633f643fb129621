"""Secrets that have to be read again, and that no file or table holds in the clear."""

from typing import Protocol


class SealError(Exception):
    """A sealed secret does not open: it was changed, moved, or sealed with another key."""


class Sealer(Protocol):
    """Seals secrets, each bound to the name of the thing that it belongs to."""

    def seal(self, name: str, secret: bytes) -> bytes:
        """Return a secret sealed for a name; sealing twice gives different bytes."""
        ...

    def unseal(self, name: str, sealed: bytes) -> bytes:
        """Return what was sealed for this name; raises SealError."""
        ...
