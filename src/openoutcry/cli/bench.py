"""`outcry bench`: the repository's benchmarks, or a small one of the kernel from an installed
package.


"""

import argparse
import json

from openoutcry.cli.words import Commands, add_command, columns

_DESCRIPTION = """\
Measure. In a working tree of the repository all arguments go to its own benchmarks
(python -m bench). From an installed package, the kernel alone is measured: seeded orders,
cancels and trades in one market, with ledger, holds, fees and events on, in one thread."""

_EXAMPLES = """\
  outcry bench                  everything that the repository has
  outcry bench --kernel         the built-in benchmark of the kernel, wherever we are
  outcry bench --kernel --json
"""


def add(commands: Commands) -> None:
    """Add the subcommand."""
    parser = add_command(commands, "bench", "run the benchmarks", _DESCRIPTION, _EXAMPLES)
    parser.add_argument(
        "--kernel", action="store_true", help="the built-in benchmark of the kernel only"
    )
    parser.add_argument("--commands", type=int, default=300_000, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument(
        "arguments",
        nargs=argparse.REMAINDER,
        metavar="...",
        help="which of the repository's benchmarks, and what they are told after --",
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from openoutcry.app.bench import (
        measure_kernel,
        repository_benchmarks,
        run_repository_benchmarks,
    )

    root = None if options.kernel else repository_benchmarks()
    if root is not None:
        return run_repository_benchmarks(root, options.arguments)
    figures = measure_kernel(options.commands)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        print(columns([(name.replace("_", " "), f"{value}") for name, value in figures.items()]))
    return 0
