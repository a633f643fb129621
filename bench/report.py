"""Tables on the terminal, and the same figures as JSON under bench/results."""

import json
from pathlib import Path
from typing import Any

from bench import conditions

RESULTS = Path(__file__).with_name("results")


def table(title: str, rows: list[dict[str, Any]]) -> str:
    """Format rows of the same columns as a Markdown table, numbers to the right."""
    assert rows, "a table has rows"
    columns = list(rows[0])
    cells = [columns, *([_text(row[column]) for column in columns] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    numeric = [
        all(isinstance(row[column], int | float) for row in rows if row[column] is not None)
        for column in columns
    ]

    def line(values: list[str]) -> str:
        padded = (
            value.rjust(width) if right else value.ljust(width)
            for value, width, right in zip(values, widths, numeric, strict=True)
        )
        return "| " + " | ".join(padded) + " |"

    rule = [
        "-" * (width + 1) + ":" if right else "-" * (width + 2)
        for width, right in zip(widths, numeric, strict=True)
    ]
    return "\n".join([title, "", line(cells[0]), "|" + "|".join(rule) + "|", *map(line, cells[1:])])


def publish(name: str, found: dict[str, Any], result: dict[str, Any]) -> Path:
    """Write a benchmark's result with its conditions; return where."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / ".gitignore").write_text("*\n")
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"name": name, "conditions": found, **result}, indent=2) + "\n")
    return path


def print_conditions(found: dict[str, Any]) -> None:
    """Print the conditions above a table."""
    for line in conditions.lines(found):
        print(f"  {line}")
    print()


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.3g}"
    return str(value)
