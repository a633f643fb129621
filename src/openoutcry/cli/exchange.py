"""`outcry serve`, `verify`, `backup` and `restore`: an exchange and its data directory."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from openoutcry.cli.words import (
    DEFAULT_DATA,
    EXIT_OK,
    CommandError,
    Commands,
    add_command,
    complain,
    words_of,
)

if TYPE_CHECKING:
    from openoutcry.app.backup import BackupSummary

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8080
EXIT_VERIFY_USAGE = 3

_SERVE_DESCRIPTION = """\
Run an exchange on a data directory until SIGTERM or Ctrl-C. It says when it is ready and
where. With --demo it opens BTC/USD, ETH/USD and ETH/BTC, writes keys of funded accounts to
DIR/demo-keys.json, and lets simulated traders fill the books."""

_SERVE_EXAMPLES = """\
  outcry serve --demo
  outcry serve --data /srv/exchange --port 9000
  outcry serve --data /tmp/load --demo --no-bots --no-limits     for load tests
"""

_VERIFY_DESCRIPTION = """\
Run a journal again through both implementations, the native kernel and the reference, and
compare every event and the state. Works beside a running server, and changes nothing.
At the scaled size each partition is verified, and `outcry up` has to run.
Exit codes: 0 clean, 1 diverged, 2 corrupt, 3 usage."""

_BACKUP_DESCRIPTION = """\
Copy an exchange into one file, also while it runs. The file holds API keys: keep it safe."""


def add_serve(commands: Commands) -> None:
    """Add `outcry serve`."""
    parser = add_command(commands, "serve", "run an exchange", _SERVE_DESCRIPTION, _SERVE_EXAMPLES)
    add_listening_options(parser, "TCP port, 0 for any free one (default: %(default)s)")
    add_demo_options(parser)
    parser.set_defaults(run=_serve)


def add_listening_options(parser: argparse.ArgumentParser, port_help: str) -> None:
    """Add where an exchange is kept and where it listens, of any size."""
    parser.add_argument(
        "--data",
        type=Path,
        default=DEFAULT_DATA,
        metavar="DIR",
        help="where everything is kept; made if missing (default: %(default)s)",
    )
    parser.add_argument(
        "--port", type=port_number, default=DEFAULT_PORT, metavar="N", help=port_help
    )
    parser.add_argument(
        "--host",
        default=DEFAULT_HOST,
        help="address to listen on (default: %(default)s, this machine alone)",
    )


def add_demo_options(parser: argparse.ArgumentParser) -> None:
    """Add what an exchange is run with to try it out."""
    parser.add_argument(
        "--demo", action="store_true", help="markets, funded accounts with keys, and bots"
    )
    parser.add_argument("--no-bots", action="store_true", help="with --demo: no simulated traders")
    parser.add_argument("--no-limits", action="store_true", help="no rate limits, for load tests")


def add_verify(commands: Commands) -> None:
    """Add `outcry verify`, whose own wrong usage is code 3."""
    parser = add_command(
        commands,
        "verify",
        "check a journal by running it again",
        _VERIFY_DESCRIPTION,
        "  outcry verify /srv/exchange\n",
    )
    parser.error = lambda message: _wrong_usage(parser, message)  # type: ignore[method-assign]
    parser.add_argument("directory", metavar="DIR", type=Path, help="the data directory")
    parser.set_defaults(run=_verify)


def add_backup(commands: Commands) -> None:
    """Add `outcry backup`."""
    parser = add_command(
        commands,
        "backup",
        "copy an exchange into one file",
        _BACKUP_DESCRIPTION,
        "  outcry backup /srv/exchange exchange-2026-05-02.outcry\n",
    )
    parser.add_argument("directory", metavar="DIR", type=Path, help="the data directory")
    parser.add_argument("file", metavar="FILE", type=Path, help="the backup to write")
    parser.set_defaults(run=_backup)


def add_restore(commands: Commands) -> None:
    """Add `outcry restore`."""
    parser = add_command(
        commands,
        "restore",
        "make a data directory from a backup",
        examples="  outcry restore exchange-2026-05-02.outcry /srv/exchange\n",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the backup")
    parser.add_argument("directory", metavar="DIR", type=Path, help="a directory not there yet")
    parser.set_defaults(run=_restore)


def _serve(options: argparse.Namespace) -> int:
    from openoutcry.app.serve import serve
    from openoutcry.app.settings import ServeSettings

    return serve(
        ServeSettings(
            data=options.data,
            host=options.host,
            port=options.port,
            demo=options.demo,
            bots=not options.no_bots,
            limits=not options.no_limits,
        )
    )


def _verify(options: argparse.Namespace) -> int:
    from openoutcry.app.engine import PARTITIONS_NAME
    from openoutcry.app.scaled import verify as scaled
    from openoutcry.app.verify import verify

    try:
        if (options.directory / PARTITIONS_NAME).exists():
            return scaled.verify(options.directory)
        if options.directory.is_dir():
            return verify(options.directory)
        complain(f"{options.directory} is not a directory")
    except BrokenPipeError:
        raise
    except OSError as error:
        complain(words_of(error))
    return EXIT_VERIFY_USAGE


def _backup(options: argparse.Namespace) -> int:
    from openoutcry.app.backup import BackupError, backup

    try:
        summary = backup(options.directory, options.file)
    except BackupError as error:
        raise CommandError(str(error)) from error
    print(f"backed up {options.directory} to {options.file}: {_state(summary)}")
    return EXIT_OK


def _restore(options: argparse.Namespace) -> int:
    from openoutcry.app.backup import BackupError, restore

    try:
        summary = restore(options.file, options.directory)
    except BackupError as error:
        raise CommandError(str(error)) from error
    print(f"restored {options.file} to {options.directory}: {_state(summary)}")
    return EXIT_OK


def _state(summary: "BackupSummary") -> str:
    return f"{summary.seq:,} batches, state {summary.state_hash}"


def port_number(text: str) -> int:
    """Read a TCP port."""
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def _wrong_usage(parser: argparse.ArgumentParser, message: str) -> NoReturn:
    parser.print_usage(sys.stderr)
    complain(message)
    parser.exit(EXIT_VERIFY_USAGE)
