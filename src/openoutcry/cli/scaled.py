"""`outcry up`, `engine`, `gateway` and `projector`: the processes of the scaled size."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from openoutcry.cli.exchange import add_demo_options, add_listening_options
from openoutcry.cli.words import (
    EXIT_OK,
    EXIT_USAGE,
    CommandError,
    Commands,
    add_command,
    complain,
)

if TYPE_CHECKING:
    from openoutcry.app.scaled.settings import ScaledSettings

_UP_DESCRIPTION = """\
Run a whole scaled exchange on this machine: PostgreSQL and a Valkey cluster, engines that
own the partitions, gateways that share one port, and a projector. What ends is started
again. SIGTERM or Ctrl-C stops everything within ten seconds."""

_UP_EXAMPLES = """\
  outcry up --demo
  outcry up --data /srv/exchange --port 9000 --engines 3 --gateways 2
  outcry up --data /tmp/load --demo --no-bots --no-limits        for load tests
"""

_MIGRATE_DESCRIPTION = """\
Take an embedded exchange, stopped, to the scaled size: accounts, balances, open orders, API
keys and history. The target must be empty; the source stays as it was. What is cut short can
be repeated."""

_MIGRATE_EXAMPLES = """\
  outcry migrate /srv/exchange --to /srv/scaled --engines 3
  outcry migrate /srv/exchange --to /etc/outcry/exchange.toml
"""

_PROCESS_DESCRIPTION = """\
{what}
Settings come from a file and from OUTCRY_* variables; see docs/reference/settings.md."""


def add(commands: Commands) -> None:
    """Add the commands."""
    _add_up(commands)
    _add_migrate(commands)
    engine = _add_process(
        commands, "engine", "own partitions and match orders", "Own partitions, and stand by."
    )
    engine.set_defaults(run=_engine)
    gateway = _add_process(
        commands,
        "gateway",
        "serve clients of a scaled exchange",
        "Serve clients over HTTP and WebSockets.",
    )
    gateway.add_argument(
        "--gateways",
        type=_count,
        default=1,
        metavar="N",
        help="how many gateways there are, for limits without Redis (default: %(default)s)",
    )
    gateway.set_defaults(run=_gateway)
    projector = _add_process(
        commands,
        "projector",
        "keep history and snapshots up to date",
        "Follow every journal; write projections and snapshots.",
    )
    projector.set_defaults(run=_projector)


def _add_up(commands: Commands) -> None:
    parser = add_command(
        commands, "up", "run a whole scaled exchange here", _UP_DESCRIPTION, _UP_EXAMPLES
    )
    add_listening_options(parser, "TCP port that all gateways share (default: %(default)s)")
    parser.add_argument(
        "--engines", type=_count, default=2, metavar="N", help="engines (default: %(default)s)"
    )
    parser.add_argument(
        "--gateways", type=_count, default=2, metavar="N", help="gateways (default: %(default)s)"
    )
    add_demo_options(parser)
    parser.set_defaults(run=_up)


def _add_migrate(commands: Commands) -> None:
    parser = add_command(
        commands,
        "migrate",
        "take an embedded exchange to the scaled size",
        _MIGRATE_DESCRIPTION,
        _MIGRATE_EXAMPLES,
    )
    parser.add_argument(
        "directory", metavar="DIR", type=Path, help="the data directory of `outcry serve`"
    )
    parser.add_argument(
        "--to",
        type=Path,
        required=True,
        metavar="TARGET",
        help="a settings file (.toml) whose databases are empty, or a new folder for `outcry up`",
    )
    parser.add_argument(
        "--engines",
        type=_count,
        default=2,
        metavar="N",
        help="for a folder: engines to plan for (default: %(default)s)",
    )
    parser.set_defaults(run=_migrate)


def _migrate(options: argparse.Namespace) -> int:
    from openoutcry.app.scaled.migrate import (
        MigrateError,
        migrate_to_folder,
        migrate_to_settings,
    )
    from openoutcry.app.settings import SettingsError

    try:
        if options.to.suffix == ".toml":
            done = migrate_to_settings(options.directory, options.to, print)
        else:
            done = migrate_to_folder(options.directory, options.to, options.engines, print)
    except SettingsError as error:
        raise CommandError(str(error), EXIT_USAGE) from error
    except MigrateError as error:
        raise CommandError(str(error)) from error
    print(
        f"taken over: {done.accounts:,} accounts, {done.orders:,} open orders, {done.keys} keys "
        f"and the history of {done.batches:,} batches, in {done.partitions} partitions"
    )
    return EXIT_OK


def _add_process(commands: Commands, name: str, summary: str, what: str) -> argparse.ArgumentParser:
    parser = add_command(
        commands,
        name,
        summary,
        _PROCESS_DESCRIPTION.format(what=what),
        f"  outcry {name} --settings exchange.toml --name {name}-1\n",
    )
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="the settings file (TOML) of the exchange"
    )
    parser.add_argument(
        "--name", default="", help="this process's name, which no other of its kind has"
    )
    return parser


def _up(options: argparse.Namespace) -> int:
    from openoutcry.app.scaled.layout import UpSettings
    from openoutcry.app.scaled.up import up

    return up(
        UpSettings(
            data=options.data,
            host=options.host,
            port=options.port,
            engines=options.engines,
            gateways=options.gateways,
            demo=options.demo,
            bots=not options.no_bots,
            limits=not options.no_limits,
        )
    )


def _engine(options: argparse.Namespace) -> int:
    from openoutcry.app.scaled.engine import engine

    return _run_process(options, engine)


def _gateway(options: argparse.Namespace) -> int:
    from openoutcry.app.scaled.gateway import gateway

    return _run_process(options, lambda settings: gateway(settings, options.gateways))


def _projector(options: argparse.Namespace) -> int:
    from openoutcry.app.scaled.projector import projector

    return _run_process(options, projector)


def _run_process(options: argparse.Namespace, run: Callable[["ScaledSettings"], int]) -> int:
    from openoutcry.app.scaled.settings import loaded
    from openoutcry.app.settings import SettingsError

    try:
        return run(loaded(options.settings, options.name))
    except SettingsError as error:
        complain(str(error))
        return EXIT_USAGE


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 64")
    return int(text)
