"""`outcry admin`: the operator's requests, to a running exchange or to one at rest."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from openoutcry.cli import audit
from openoutcry.cli.words import (
    DEFAULT_DATA,
    EXIT_OK,
    CommandError,
    Commands,
    add_command,
    columns,
)

if TYPE_CHECKING:
    from openoutcry.app.admin import Answer

_DESCRIPTION = """\
Ask or change an exchange. When one runs on the data directory, it is asked through its
control socket; otherwise the exchange is opened here for the moment. Every change is
journaled like an order."""

_EXAMPLES = """\
  outcry admin --data DIR create-asset EUR --scale 8
  outcry admin --data DIR create-market BTC EUR --tick 0.01 --lot 0.0001
  outcry admin --data DIR create-account
  outcry admin --data DIR create-key 1025000 --type ED25519
  outcry admin --data DIR credit 1025000 EUR 1000.00
  outcry admin --data DIR halt BTCEUR
"""

_STATUSES = {
    "open": ("TRADING", "let a market trade"),
    "halt": ("HALT", "stop a market; orders stay, cancels pass"),
    "break": ("BREAK", "pause a market; orders stay, cancels pass"),
    "cancel-only": ("CANCEL_ONLY", "take no new orders in a market"),
    "end-of-day": ("END_OF_DAY", "end a market's day; orders stay, cancels pass"),
}


_OPERATOR_ROLES = ("ADMIN", "MARKETS", "TREASURY", "SUPPORT", "AUDITOR")


def add(commands: Commands) -> None:
    """Add the subcommand with its own subcommands."""
    parser = add_command(
        commands,
        "admin",
        "run an exchange: accounts, keys, money, markets",
        _DESCRIPTION,
        _EXAMPLES,
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=DEFAULT_DATA,
        metavar="DIR",
        help="data directory of the exchange (default: %(default)s)",
    )
    parser.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="instead of --data: the settings file of engines that were started by hand",
    )
    parser.add_argument("--json", action="store_true", help="print answers as JSON")
    requests = parser.add_subparsers(title="requests", metavar="REQUEST", required=True)
    _add_accounts(requests)
    _add_keys(requests)
    _add_money(requests)
    _add_markets(requests)
    parser = _request(
        requests,
        "restart",
        "restart processes one after the other (of `outcry up`)",
        "  outcry admin restart\n  outcry admin restart engines\n"
        "  outcry admin restart gateway-2\n",
    )
    parser.add_argument(
        "what",
        nargs="?",
        default="all",
        metavar="WHAT",
        help="all, gateways, engines, or a process's name (default: %(default)s)",
    )
    _add_partitions(requests)
    _add_operators(requests)
    audit.add(requests)


def _add_accounts(requests: Commands) -> None:
    parser = _request(requests, "create-account", "open an account")
    parser.add_argument("--account", type=int, metavar="ID", help="its id (default: the next)")
    _account_options(parser)
    parser = _request(requests, "update-account", "change what an account may do and pays")
    _account(parser)
    _account_options(parser)
    for what in ("trade", "deposit", "withdraw"):
        parser.add_argument(
            f"--may-{what}",
            action=argparse.BooleanOptionalAction,
            help=f"whether it may {what}",
        )
    _account(_request(requests, "show-account", "show an account, its balances and orders"))


def _account_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fee-schedule", type=int, metavar="N", help="the fees that it pays")
    parser.add_argument(
        "--trade-group",
        type=int,
        metavar="N",
        help="accounts of one group do not trade with each other (0: none)",
    )


def _add_keys(requests: Commands) -> None:
    parser = _request(
        requests,
        "create-key",
        "make an API key",
        "  outcry admin create-key 1025000 --type HMAC --label 'market making'\n"
        "  outcry admin create-key 1025000 --type RSA --public-key mine.pem\n"
        "  outcry admin create-key 1025000 --allow-ip 203.0.113.7 --days 90\n",
    )
    _account(parser)
    parser.add_argument(
        "--type", choices=("HMAC", "ED25519", "RSA"), default="HMAC", help="how it signs"
    )
    parser.add_argument("--label", metavar="TEXT", help="what it is for")
    parser.add_argument("--read-only", action="store_true", help="it may not trade")
    parser.add_argument(
        "--may-withdraw", action="store_true", help="it may withdraw; needs --allow-ip"
    )
    parser.add_argument(
        "--allow-ip",
        action="append",
        metavar="NETWORK",
        help="an address or network that it is used from (default: all); may be repeated",
    )
    parser.add_argument(
        "--allow-symbol",
        action="append",
        metavar="SYMBOL",
        help="a market that it trades in (default: all); may be repeated",
    )
    parser.add_argument("--days", type=int, metavar="N", help="it expires then (default: never)")
    parser.add_argument(
        "--public-key",
        metavar="FILE",
        type=Path,
        help="the PEM file of a public key made elsewhere (ED25519, RSA)",
    )
    _account(_request(requests, "list-keys", "list the API keys of an account"))
    parser = _request(requests, "revoke-key", "make an API key useless, at once")
    parser.add_argument("api-key", metavar="KEY", help="the name of the key")


def _add_money(requests: Commands) -> None:
    for name, summary in (
        ("credit", "put money into an account"),
        ("debit", "take free money out of an account"),
    ):
        parser = _request(requests, name, summary, f"  outcry admin {name} 1025 BTC 0.5\n")
        _account(parser)
        parser.add_argument("asset", metavar="ASSET", help="its name")
        parser.add_argument("amount", metavar="AMOUNT", help="how much, as a decimal")
        parser.add_argument(
            "--reference", type=int, metavar="N", help="a number of your own, kept in the journal"
        )
    parser = _request(
        requests,
        "set-fees",
        "set what a fee schedule charges",
        "  outcry admin set-fees --maker 0.0008 --taker 0.001\n"
        "  outcry admin set-fees --schedule 3 --symbol BTCUSD --maker 0 --taker 0.0005\n",
    )
    parser.add_argument(
        "--schedule", type=int, metavar="N", help="which one (default: 0, everybody's)"
    )
    parser.add_argument("--symbol", metavar="SYMBOL", help="in one market (default: in all)")
    parser.add_argument("--maker", required=True, metavar="RATE", help="0.001 is 0.1 %%")
    parser.add_argument("--taker", required=True, metavar="RATE", help="0.001 is 0.1 %%")


def _add_markets(requests: Commands) -> None:
    _request(requests, "list", "list assets and markets")
    parser = _request(requests, "create-asset", "add an asset")
    parser.add_argument("name", metavar="NAME", help="capital letters and digits")
    parser.add_argument("--scale", type=int, metavar="N", help="its decimals (default: 8)")
    parser = _request(
        requests,
        "create-market",
        "open a market",
        "  outcry admin create-market BTC EUR --tick 0.01 --lot 0.0001 --notional-min 5\n",
    )
    parser.add_argument("base", metavar="BASE", help="the asset that is traded")
    parser.add_argument("quote", metavar="QUOTE", help="the asset that it is priced in")
    parser.add_argument("--symbol", metavar="SYMBOL", help="its name (default: BASEQUOTE)")
    parser.add_argument("--tick", required=True, metavar="PRICE", help="smallest step of a price")
    parser.add_argument("--lot", required=True, metavar="QTY", help="smallest step of a quantity")
    parser.add_argument(
        "--status",
        choices=[status for status, _ in _STATUSES.values()],
        help="how it begins (default: TRADING)",
    )
    _filters(parser)
    parser = _request(requests, "set-filters", "change a market's filters")
    parser.add_argument("symbol", metavar="SYMBOL", help="the market")
    _filters(parser)
    for name, (status, summary) in _STATUSES.items():
        parser = _request(requests, name, summary, request="set-status")
        parser.add_argument("symbol", metavar="SYMBOL", help="the market")
        parser.set_defaults(status=status)


def _add_operators(requests: Commands) -> None:
    parser = add_command(requests, "operator", "say who operates the exchange")
    commands = parser.add_subparsers(title="requests", metavar="REQUEST", required=True)
    parser = _request(
        commands,
        "add",
        "make an operator; a new one gets a one-time password, shown once",
        "  outcry admin operator add kim@example.com --role admin\n"
        "  outcry admin operator add lou@example.com --role markets --role support\n",
        request="add-operator",
    )
    parser.add_argument("email", metavar="EMAIL", help="their address, with which they sign in")
    parser.add_argument(
        "--role",
        action="append",
        required=True,
        dest="roles",
        type=str.upper,
        choices=_OPERATOR_ROLES,
        help="admin: everything; markets: markets and fees; treasury: withdrawals;"
        " support: people; auditor: looks only. May be given more than once; replaces older ones",
    )
    _request(commands, "list", "list operators", request="list-operators")
    parser = _request(commands, "remove", "take all roles from somebody", request="remove-operator")
    parser.add_argument("email", metavar="EMAIL", help="their address")


def _add_partitions(requests: Commands) -> None:
    _request(requests, "list-partitions", "list the partitions of a scaled exchange")
    parser = _request(
        requests,
        "move",
        "move a market or account shards while they trade (scaled size)",
        "  outcry admin move BTCUSD --to engine-2\n"
        "  outcry admin move 0-255 --to 2                 account shards, to partition 2\n",
    )
    parser.add_argument("what", metavar="WHAT", help="a market's symbol, or shards such as 0-255")
    parser.add_argument("--to", required=True, metavar="WHERE", help="an engine or a partition")
    parser = _request(
        requests, "split", "move every other entity of a partition to another one (scaled size)"
    )
    parser.add_argument("partition", type=int, metavar="PARTITION", help="the one to be split")
    parser.add_argument(
        "--to", type=int, required=True, metavar="PARTITION", help="who gets half of it"
    )


def _filters(parser: argparse.ArgumentParser) -> None:
    from openoutcry.app.market_fields import DEFAULT_FILTERS, MARKET_FIELDS

    group = parser.add_argument_group("filters", "0 turns a filter off")
    for name, field in MARKET_FIELDS.items():
        default = f"; new markets: {DEFAULT_FILTERS[name]}" if name in DEFAULT_FILTERS else ""
        group.add_argument(
            f"--{name}", metavar="VALUE", help=f"{field.meaning}: {field.unit.value}{default}"
        )


def _request(
    requests: Commands, name: str, summary: str, examples: str = "", request: str = ""
) -> argparse.ArgumentParser:
    parser = add_command(requests, name, summary, examples=examples)
    parser.set_defaults(run=_run, request=request or name)
    return parser


def _account(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("account", type=int, metavar="ACCOUNT", help="the id of an account")


def _run(options: argparse.Namespace) -> int:
    from openoutcry.app.admin import AdminError
    from openoutcry.app.offline import administer
    from openoutcry.app.scaled import administration as scaled

    try:
        if options.settings is None:
            answer = administer(options.data, _values(options))
        else:
            answer = scaled.administer(options.settings, _values(options))
    except AdminError as error:
        raise CommandError(str(error)) from error
    if options.json:
        print(json.dumps(answer, indent=2))
    else:
        print("\n".join(_lines(answer)))
    return EXIT_OK


def _values(options: argparse.Namespace) -> dict[str, object]:
    """Return the request: everything that was given, by its name on the command line."""
    from openoutcry.app.market_fields import MARKET_FIELDS

    values: dict[str, object] = {"do": options.request}
    filters: dict[str, object] = {}
    for key, value in vars(options).items():
        name = key.replace("_", "-")
        if value is None or name in {"data", "settings", "json", "run", "request", "parser"}:
            continue
        (filters if name in MARKET_FIELDS else values)[name] = value
    if "public-key" in values:
        values["public-key"] = _read_pem(options.public_key)
    return values | ({"filters": filters} if filters else {})


def _read_pem(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {error}") from error


def _lines(answer: "Answer", indent: str = "") -> list[str]:
    """Return an answer for people: values in two columns, texts and tables below them."""
    short = {name: _text(value) for name, value in answer.items() if not _is_long(value)}
    plain = [(name.replace("_", " "), text) for name, text in short.items()]
    lines = [columns(plain, indent)] if plain else []
    for name, value in answer.items():
        if not _is_long(value):
            continue
        lines.append(f"{indent}{name.replace('_', ' ')}:")
        if isinstance(value, str):
            lines.append(value.rstrip())
        elif isinstance(value, dict):
            lines += _lines(value, indent + "  ")
        elif isinstance(value, list):
            lines += _table(value, indent + "  ")
    return lines


def _is_long(value: object) -> bool:
    """Whether a value needs lines of its own: an object, a table, a text of many lines."""
    if isinstance(value, list):
        return all(isinstance(row, dict) for row in value)
    return isinstance(value, dict) or (isinstance(value, str) and "\n" in value)


def _table(rows: list["Answer"], indent: str) -> list[str]:
    """Return rows under their names; rows with values of their own come one below the other."""
    if not rows:
        return [f"{indent}none"]
    if any(_is_long(value) for row in rows for value in row.values()):
        return [line for row in rows for line in (*_lines(row, indent), "")]
    cells = [[name.replace("_", " ") for name in rows[0]]]
    cells += [[_text(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    padded = [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        for line in cells
    ]
    return [f"{indent}{line}".rstrip() for line in padded]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
