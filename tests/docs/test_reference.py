"""What the reference pages say is what the code does: every reason, setting, command and path."""

import argparse
import dataclasses
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.__main__ import BENCHMARKS
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


def test_the_example_of_several_machines_is_one(tmp_path: Path) -> None:
    page = (PAGES / "operating/several-machines.md").read_text()
    [example] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "exchange.toml").write_text(example)
    for name in re.findall(r'"(\S+\.(?:pem|key))"', example):
        (tmp_path / name).touch()
    settings = ScaledSettings.load(
        tmp_path / "exchange.toml", {"OUTCRY_CALLS_LISTEN": "10.0.0.11:7400"}
    )
    assert [partition.number for partition in settings.partitions] == [1, 2, 101, 102]
    assert settings.report_dsn


def _commands_in(page: Path) -> Iterator[str]:
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
        for line in block.splitlines():
            found = re.match(r"(?:\.venv/bin/)?outcry (.*)", line)
            if found is not None:
                yield found[1]


def test_every_command_in_a_page_is_one() -> None:
    pages = [*PAGES.rglob("*.md"), *ROOT.glob("*.md")]
    said = [(page, command) for page in pages for command in _commands_in(page)]
    assert len(said) > 10
    for page, command in said:
        try:
            build_parser().parse_args(shlex.split(command, comments=True))
        except SystemExit:
            pytest.fail(f"{page.relative_to(ROOT)}: outcry {command}")


def test_every_benchmark_is_described() -> None:
    page = (PAGES / "reference/benchmarks.md").read_text()
    missing = [name for name in BENCHMARKS if f"`bench/{name}.py`" not in page]
    assert missing == []


def test_every_page_is_listed_where_its_folder_begins() -> None:
    missing = []
    for folder in ("start", "operating", "reference", "internals"):
        index = (PAGES / folder / "README.md").read_text()
        pages = sorted(path.name for path in (PAGES / folder).glob("*.md"))
        missing += [name for name in pages if name != "README.md" and f"({name})" not in index]
    assert missing == []


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
