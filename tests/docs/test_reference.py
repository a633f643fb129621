"""What the reference pages say is what the code does: every reason, setting, command and path."""

import argparse
import dataclasses
import re
from pathlib import Path

import pytest
from tools.document_commands import commands

from openoutcry.app.scaled.settings import Address, ScaledSettings, variable_of
from openoutcry.app.settings import ENVIRONMENT_PREFIX, ServeSettings
from openoutcry.cli.entry import build_parser
from openoutcry.core.enums import Reason
from openoutcry.gateways.edge import errors
from openoutcry.gateways.rest import market_data, routes
from openoutcry.gateways.ws import requests

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs"


def _rows(page: str, before: str = "\0") -> dict[str, list[str]]:
    """Rows of all tables of a page, or of what is before a heading, by the first cell."""
    rows = {}
    for line in (PAGES / page).read_text().partition(before)[0].splitlines():
        if line.startswith("| "):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            rows[cells[0].strip("` |")] = [cell.strip("| ") for cell in cells]
    return rows


ENDINGS = {reason for reason in Reason if reason >= Reason.CANCELED_BY_USER}


@pytest.mark.parametrize("reason", sorted(set(Reason) - ENDINGS - {Reason.NONE}))
def test_every_refusal_is_described_as_it_is_said(reason: Reason) -> None:
    status, code, text = errors.REASONS[reason]
    row = _rows("reference/errors.md")[reason.name]
    assert row[2:] == [str(status), str(code) if code else "rejected", text]


@pytest.mark.parametrize("reason", sorted(ENDINGS))
def test_every_ending_is_described(reason: Reason) -> None:
    assert len(_rows("reference/errors.md")[reason.name]) == 2


def test_every_code_that_a_gateway_says_is_listed() -> None:
    page = (PAGES / "reference/errors.md").read_text()
    said = set(re.findall(r"-[12]\d{3}\b", (Path(errors.__file__)).read_text()))
    assert {code for code in said if code not in page} <= {"-1000"}


def test_links_between_pages_lead_somewhere() -> None:
    pages = [*PAGES.rglob("*.md"), *ROOT.glob("*.md")]
    broken = []
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} -> {target}")
    assert broken == []


def test_every_command_and_option_is_documented() -> None:
    text = (PAGES / "reference/commands.md").read_text()
    missing = []
    for parser in commands(build_parser()):
        if f"`{parser.prog}`" not in text:
            missing.append(parser.prog)
        for action in parser._actions:
            if action.help is not argparse.SUPPRESS:
                missing += [name for name in action.option_strings if name not in text]
    assert missing == [], "run tools/document_commands.py"


@pytest.mark.parametrize("field", dataclasses.fields(ServeSettings), ids=lambda field: field.name)
def test_every_setting_is_documented_with_its_default(field: dataclasses.Field[object]) -> None:
    row = _rows("reference/settings.md", "## The scaled size")[field.name]
    words = {True: "on", False: "off", "": "empty"}
    default = field.default
    if field.name in {"demo", "bots", "limits"}:
        assert row[2] == words[bool(default)]
        assert row[1].strip("`") in {f"--{field.name}", f"--no-{field.name}"}
    elif default is not dataclasses.MISSING:
        assert row[2].strip("`") == (words[""] if default == "" else str(default))
    if row[1].startswith("`OUTCRY"):
        assert row[1] == f"`{ENVIRONMENT_PREFIX}{field.name.upper()}`"


@pytest.mark.parametrize("field", dataclasses.fields(ScaledSettings), ids=lambda field: field.name)
def test_every_scaled_setting_is_documented_with_its_default(
    field: dataclasses.Field[object],
) -> None:
    page = (PAGES / "reference/settings.md").read_text().partition("## The scaled size")[2]
    [row] = re.findall(rf"^\| `{field.name}` \| (.*?) ?\| (.*?) \|", page, re.MULTILINE)
    default: object = field.default
    if isinstance(default, Address):
        default = default.text
    words = {True: "on", False: "off", "": "empty", None: "none", (): "none"}
    is_word = isinstance(default, bool) or default in ("", None, ())
    assert row[1] == (words[default] if is_word else f"`{default}`")
    assert row[0] == ("" if field.name == "partitions" else f"`{variable_of(field.name)}`")


def test_the_example_of_the_scaled_settings_is_one(tmp_path: Path) -> None:
    page = (PAGES / "reference/settings.md").read_text()
    [example] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "outcry.toml").write_text(example)
    settings = ScaledSettings.load(tmp_path / "outcry.toml", {})
    assert [partition.role for partition in settings.partitions] == ["ACCOUNTS", "MARKETS"]


def test_every_path_is_documented_and_every_documented_path_served() -> None:
    page = (PAGES / "reference/endpoints.md").read_text()
    served = {endpoint.path for endpoint in (*routes.ENDPOINTS, *market_data.ENDPOINTS)}
    documented = set(re.findall(r"`(/(?:api|sapi|[a-z]api)/v\d/[^`]*)`", page))
    assert documented == served


def test_every_method_of_the_websocket_api_is_documented() -> None:
    page = (PAGES / "reference/endpoints.md").read_text()
    assert [name for name in requests.ENDPOINTS if f"`{name}`" not in page] == []
