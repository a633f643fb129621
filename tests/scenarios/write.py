"""Fill in the expected rows from the kernel: `python -m tests.scenarios.write FILE...`.

For writing new scenarios; what it writes is read and judged by a person before it is kept.
"""

import sys
from pathlib import Path

from tests.scenarios.table import Player, read

from openoutcry.kernel import Kernel


def filled(path: Path) -> str:
    """Return the file's text with the rows that the kernel gives; comments stay."""
    scenarios = {row.line: (scenario, row) for scenario in read(path) for row in scenario.rows}
    player: Player | None = None
    current = None
    lines: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line[:1].isspace() and line.strip() and not line.strip().startswith("#"):
            continue
        lines.append(line)
        if number in scenarios:
            scenario, row = scenarios[number]
            if scenario is not current:
                current, player = scenario, Player(Kernel())
            assert player is not None
            lines += [f"  {told}" for told in player.play(row.text)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Rewrite the files named."""
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(filled(path), encoding="utf-8")


if __name__ == "__main__":
    main()
