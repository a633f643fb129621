"""The entry point: parses arguments, runs one subcommand, turns failures into words and codes."""

import argparse
import os
import sys
from collections.abc import Sequence

from openoutcry import __version__
from openoutcry.cli import admin, bench, exchange, replay, scaled
from openoutcry.cli.words import EXIT_FAILED, EXIT_INTERRUPTED, CommandError, complain, words_of

_DESCRIPTION = """\
A spot exchange you can own: deterministic, journaled, and spoken to by the trading
clients you already use."""

_EPILOG = """\
examples:
  outcry serve --demo                        an exchange with markets, money and bots
  outcry serve --data /srv/exchange          your own exchange, empty at first
  outcry up --demo --engines 3               the same as many processes
  outcry admin --data /srv/exchange list     what is traded there
  outcry replay captures/btcusd --compare    real order flow through the kernel
  outcry verify /srv/exchange                the journal, run again by both implementations

Every subcommand has its own --help.
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the whole command line."""
    parser = argparse.ArgumentParser(
        prog="outcry",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"outcry {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    exchange.add_serve(commands)
    scaled.add(commands)
    admin.add(commands)
    replay.add(commands)
    exchange.add_verify(commands)
    exchange.add_backup(commands)
    exchange.add_restore(commands)
    bench.add(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `outcry`; returns the exit code."""
    options, unknown = build_parser().parse_known_args(arguments)
    if unknown:  # the subcommand's own parser says it, with its own usage and code
        options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except CommandError as error:
        complain(str(error))
        return error.code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; nothing may be written to it at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except OSError as error:
        complain(words_of(error))
        return EXIT_FAILED
    return code
