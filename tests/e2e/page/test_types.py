"""The page's types of /x/v1 are those of the description that the exchange serves."""

import shutil
import subprocess

import pytest
from tests.e2e.page.screen import ROOT
from tools.exchange_process import ExchangeProcess

pytestmark = pytest.mark.xdist_group("page")

TYPES = ROOT / "web" / "src" / "data" / "openapi.ts"


def test_types_are_those_of_the_description(quiet: ExchangeProcess) -> None:
    """Mended by `node tools/types.mjs ADDRESS` in web/, on a running exchange."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node")
    address = f"{quiet.base}/x/v1/openapi.json"
    command = [node, "tools/types.mjs", address, "--print"]
    made = subprocess.run(
        command, cwd=ROOT / "web", capture_output=True, text=True, check=True, timeout=60
    )
    assert made.stdout == TYPES.read_text(encoding="utf-8")
