"""What all subcommands share: exit codes, errors for people, and how help looks."""

import argparse
import sys
from pathlib import Path
from typing import Any, Protocol

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

DEFAULT_DATA = Path("outcry-data")


class Commands(Protocol):
    """Where a parser's subcommands are added; argparse has no public name for it."""

    def add_parser(self, name: str, **options: Any) -> argparse.ArgumentParser:
        """Add a subcommand."""
        ...


class CommandError(Exception):
    """The command cannot be done; its message is for whoever typed it."""

    def __init__(self, message: str, code: int = EXIT_FAILED) -> None:
        super().__init__(message)
        self.code = code


def complain(message: str) -> None:
    """Say on the error stream what went wrong."""
    print(f"outcry: {message}", file=sys.stderr)


def words_of(error: OSError) -> str:
    """Return what the system refused: a file that may not be read, a disk that is full."""
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)


def add_command(
    commands: Commands, name: str, summary: str, description: str = "", examples: str = ""
) -> argparse.ArgumentParser:
    """Add a subcommand whose help ends with examples."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=description or f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n{examples}" if examples else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(parser=parser)
    return parser


def columns(rows: list[tuple[str, str]], indent: str = "") -> str:
    """Lay out pairs in two columns."""
    width = max((len(left) for left, _ in rows), default=0)
    return "\n".join(f"{indent}{left:<{width}}  {right}".rstrip() for left, right in rows)
