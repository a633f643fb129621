"""Writes measured tables into docs/reference/benchmarks.md, between its markers.

    python -m bench.document            every section whose results are in bench/results
    python -m bench.document http       these

A result goes in when its JSON has `tables`: a list of {"title", "rows"}, and optionally `notes`.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from bench import conditions, report

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "benchmarks.md"


def section(result: dict[str, Any]) -> str:
    """Return the Markdown of one result."""
    parts = [report.table(table["title"], table["rows"]) for table in result["tables"]]
    parts += result.get("notes", [])
    load, at = result["conditions"]["load_before"], result["conditions"]["at"]
    parts.append(f"Measured {at}, load before {load}.")
    return "\n\n".join(parts)


def main() -> None:
    """Run from the command line."""
    text = PAGE.read_text()
    names = sys.argv[1:] or [path.stem for path in sorted(report.RESULTS.glob("*.json"))]
    for name in names:
        result = json.loads((report.RESULTS / f"{name}.json").read_text())
        if "tables" not in result:
            print(f"{name}: no tables in it, left alone")
            continue
        text = filled(text, name, section(result))
        machine = [f"- {line}" for line in conditions.lines(result["conditions"])[:2]]
        text = filled(text, "conditions", "\n".join(machine))
        print(f"{name}: written")
    PAGE.write_text(text)


def filled(text: str, name: str, words: str) -> str:
    """Return the page with a section replaced."""
    marked = re.compile(f"(<!-- figures:{name} -->\n).*?(\n<!-- /figures:{name} -->)", re.DOTALL)
    assert marked.search(text), f"no section {name} in {PAGE.name}"
    return marked.sub(lambda found: found[1] + words + found[2], text)


if __name__ == "__main__":
    main()
