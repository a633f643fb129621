"""The data folder: one process at a time, and a reserve of space for bad days."""

import fcntl
import os
from pathlib import Path

LOCK_NAME = "lock"
RESERVE_NAME = "reserve"


class FolderLockedError(Exception):
    """Another process uses the data folder."""


class FolderLock:
    """A kernel lock on DIR/lock: it goes when its process goes, however that ends."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK_NAME
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise FolderLockedError(
                f"{folder} is in use by another process (it holds {self.path})"
            ) from None

    def release(self) -> None:
        """Let others in."""
        os.close(self._descriptor)


class FolderRoom:
    """The room port: a preallocated file that is given up when space runs out."""

    def __init__(self, folder: Path, reserve_bytes: int) -> None:
        self.path = folder / RESERVE_NAME
        self.reserve_bytes = reserve_bytes

    def is_short(self) -> bool:
        """Whether less is free than the reserve, or another reserve when it is not set aside."""
        stat = os.statvfs(self.path.parent)
        free = stat.f_bavail * stat.f_frsize
        wanted = self.reserve_bytes
        if not self.path.exists():
            wanted *= 2
        return free < wanted

    def release(self) -> None:
        """Delete the reserve."""
        self.path.unlink(missing_ok=True)

    def set_aside(self) -> bool:
        """Allocate the reserve; False and nothing left behind when there is no room."""
        if self.reserve_bytes == 0:
            return True
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self.reserve_bytes)
        except OSError:
            self.path.unlink(missing_ok=True)
            return False
        finally:
            os.close(descriptor)
        return True
