"""Files that only their owner may read, made before SQLite opens them.

Whoever closes a file gives up all the locks that this process has on it, those of SQLite too: they
are the process's, not the descriptor's. Another process that opened such a file and closed it would
then believe that it was the last one, and delete the log that this one still writes. So a file that
is there is not opened here, not even for a moment.
"""

import os
from contextlib import suppress
from pathlib import Path

_MODE = 0o600


def make_own_file(path: Path) -> None:
    """Make a file unless there is one, and see that others may not read it; raises OSError."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, _MODE))
    path.chmod(_MODE)
