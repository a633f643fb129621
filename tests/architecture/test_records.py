"""What is generated from the record schema is what is on disk."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_generated_records_are_current() -> None:
    """Python and C++ read the same bytes only while both were written from the same schema."""
    result = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "generate_records.py"), "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr
