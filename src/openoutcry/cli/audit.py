"""`outcry admin audit`: who did what, and whether the log of it is whole."""

import argparse
import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from openoutcry.cli.words import EXIT_FAILED, EXIT_OK, CommandError, Commands, add_command

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from openoutcry.identity.audit import AuditLog
    from openoutcry.ports.audit import AuditHead, AuditRecord

_T = TypeVar("_T")

EXIT_UNREADABLE = 2
_LIST_DEFAULT = 50
_LIST_MAX = 100_000
_VERIFY_DESCRIPTION = """\
Look at the whole audit log: each record must be what was written, follow the one before it, and
the last must be the one that the head names. Works beside a running exchange and on one at
rest, and changes nothing. Whoever can rewrite the whole file can rewrite the head too: write
the head that this prints down elsewhere, and give it to the next look with --head.
Exit codes: 0 whole, 1 not whole, 2 cannot be read."""
_VERIFY_EXAMPLES = """\
  outcry admin audit verify
  outcry admin audit verify --head 1841:6f1e...c2
"""
_LIST_EXAMPLES = """\
  outcry admin audit list --limit 20
  outcry admin audit list --actor console --action market
  outcry admin audit list --target market:BTCUSD --before 1800
"""


def add(requests: Commands) -> None:
    """Add the request with its own requests."""
    parser = add_command(requests, "audit", "look at the log of operators' and people's acts")
    commands = parser.add_subparsers(title="requests", metavar="REQUEST", required=True)
    parser = add_command(
        commands,
        "verify",
        "find out whether the log is whole",
        _VERIFY_DESCRIPTION,
        _VERIFY_EXAMPLES,
    )
    parser.add_argument(
        "--head", metavar="N:DIGEST", help="a head that was written down before: it must be there"
    )
    parser.set_defaults(run=_verify)
    parser = add_command(commands, "list", "list records, the newest first", "", _LIST_EXAMPLES)
    parser.add_argument(
        "--limit",
        type=int,
        default=_LIST_DEFAULT,
        metavar="N",
        help="at most so many (default: %(default)s)",
    )
    parser.add_argument("--before", type=int, metavar="N", help="only those before record N")
    parser.add_argument("--actor", metavar="WHO", help="only those of console, person:ID ...")
    parser.add_argument("--action", metavar="WHAT", help="only those of market, market.halt ...")
    parser.add_argument("--target", metavar="OF", help="only those of market:BTCUSD ...")
    parser.set_defaults(run=_list)


def _verify(options: argparse.Namespace) -> int:
    known = None if options.head is None else _head(options.head)
    report = _look(options, lambda log: log.verify(known))
    head = f"{report.head.number}:{report.head.digest.hex()}"
    if options.json:
        findings = [{"record": found.number, "what": found.what} for found in report.findings]
        print(json.dumps({"records": report.records, "head": head, "findings": findings}, indent=2))
    else:
        for found in report.findings:
            print(found.what)
        print(f"{report.records} records, {'whole' if report.is_whole else 'NOT WHOLE'}")
        print(f"head {head}")
    return EXIT_OK if report.is_whole else EXIT_FAILED


def _list(options: argparse.Namespace) -> int:
    from openoutcry.ports.audit import AuditFilter

    if not 1 <= options.limit <= _LIST_MAX:
        raise CommandError(f"--limit is 1 to {_LIST_MAX}", EXIT_UNREADABLE)
    wanted = AuditFilter(options.actor, options.action, options.target)
    records = _look(
        options, lambda log: log.newest(options.limit, before=options.before, wanted=wanted)
    )
    if options.json:
        print(json.dumps([_values(record) for record in records], indent=2))
    else:
        for record in records:
            print(_line(record))
    return EXIT_OK


def _look(
    options: argparse.Namespace, look: "Callable[[AuditLog], Coroutine[None, None, _T]]"
) -> _T:
    """Look at the log of an exchange, whether or not it runs."""
    from openoutcry.app.audit_store import NoAuditError, open_audit_store
    from openoutcry.app.settings import SettingsError
    from openoutcry.identity.audit import AuditLog
    from openoutcry.ports.audit import AuditError

    try:
        with closing(open_audit_store(options.data, options.settings)) as store:
            return asyncio.run(look(AuditLog(store, lambda: 0)))
    except (AuditError, NoAuditError, SettingsError) as error:
        raise CommandError(str(error), EXIT_UNREADABLE) from error


def _head(text: str) -> "AuditHead":
    from openoutcry.ports.audit import DIGEST_BYTES, AuditHead

    number, _, digest = text.partition(":")
    try:
        head = AuditHead(int(number), bytes.fromhex(digest))
    except ValueError:
        head = AuditHead(-1)
    if head.number < 0 or len(head.digest) != DIGEST_BYTES:
        raise CommandError(
            f"{text!r} is no head: it is a number, a colon, and {2 * DIGEST_BYTES} hex digits",
            EXIT_UNREADABLE,
        )
    return head


def _values(record: "AuditRecord") -> dict[str, object]:
    return {
        "n": record.number,
        "time": _moment(record.time_us),
        "actor": record.actor,
        "action": record.action,
        "object": record.target,
        "details": dict(record.details),
        "request_id": record.request_id,
        "previous": record.previous.hex(),
        "digest": record.digest.hex(),
    }


def _line(record: "AuditRecord") -> str:
    """Return a record as one line; whatever is in it cannot move the cursor."""
    details = " ".join(f"{_word(name)}={value!r}" for name, value in record.details.items())
    shown = "  ".join(_word(text) for text in (record.actor, record.action, record.target))
    return f"{record.number}  {_moment(record.time_us)}  {shown}  {details}".rstrip()


def _word(text: str) -> str:
    return text if text.isprintable() else ascii(text)


def _moment(time_us: int) -> str:
    """Return a time in UTC; one that no calendar has as it is."""
    try:
        return datetime.fromtimestamp(time_us / 1_000_000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return f"{time_us} us"
