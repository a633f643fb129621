"""Writes docs/reference/commands.md from the command line's own help."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "commands.md"
HEAD = """\
# Commands of `outcry`

What `--help` says, written by `tools/document_commands.py`.

| exit code | of `outcry serve` | of `outcry verify` | of the others |
|---|---|---|---|
| 0 | stopped as asked | clean | done |
| 1 | failed | diverged | failed; of `admin audit verify`: not whole |
| 2 | wrong usage, a setting that cannot be, or the port is in use | corrupt | wrong usage |
| 3 | the data folder is in use, damaged, of another format, or cannot be made | wrong usage | |
| 4 | the journal could not be written: nothing more was acknowledged | | |
| 5 | leader and follower came to different events | | |
| 130 | | interrupted | interrupted |
"""


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield a parser and all its subcommands."""
    yield parser
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to list them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            for subcommand in action.choices.values():
                yield from commands(subcommand)


def page() -> str:
    """Return the page."""
    from openoutcry.cli.entry import build_parser

    os.environ["COLUMNS"] = "100"
    parts = [HEAD]
    for parser in commands(build_parser()):
        depth = min(parser.prog.count(" "), 2)
        parts.append(f"{'#' * (2 + depth)} `{parser.prog}`\n\n```\n{parser.format_help()}```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
