"""What every process of the scaled size does around its work: parent, log, exit code."""

import asyncio
import logging
import os
import sys
from collections.abc import Coroutine
from typing import Any

import uvloop

from openoutcry.adapters.postgres.migrations import SchemaError
from openoutcry.adapters.redis.client import RedisError
from openoutcry.app.children import PARENT_VARIABLE, die_with_parent
from openoutcry.app.doors import PortInUseError
from openoutcry.app.settings import SettingsError
from openoutcry.partition.follower import AheadError, DivergedError
from openoutcry.partition.recovery import RecoveryError
from openoutcry.ports.journal import JournalError
from openoutcry.ports.users import KeyStoreError

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_DATA = 3
EXIT_DIVERGED = 5
SWITCH_SECONDS = 0.0005
"""How long the event loop may keep the append thread from reporting a commit."""


def run(work: Coroutine[Any, Any, None]) -> int:
    """Run a process's work until it ends; returns the exit code."""
    parent = os.environ.get(PARENT_VARIABLE)
    if parent:
        die_with_parent(int(parent))
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        uvloop.run(work)
    except (SettingsError, PortInUseError, SchemaError) as error:
        return _fail(error, EXIT_USAGE)
    except (DivergedError, AheadError) as error:
        return _fail(error, EXIT_DIVERGED)
    except (JournalError, RecoveryError, KeyStoreError) as error:
        return _fail(error, EXIT_DATA)
    except (OSError, RedisError, asyncio.CancelledError) as error:
        return _fail(error, EXIT_FAILED)
    return EXIT_OK


def _fail(error: BaseException, code: int) -> int:
    sys.stderr.write(f"outcry: {error}\n")
    sys.stderr.flush()
    return code
