"""The command `outcry`: arguments in, one call of the application, words and an exit code out.

Knows the application and nothing below it; every subcommand imports what it needs when it runs.
"""

from openoutcry.cli.entry import main

__all__ = ["main"]
