"""The command line: help everywhere, clear words, and codes that scripts can trust."""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.simulation.test_capture import write

from openoutcry import __version__
from openoutcry.app import bench
from openoutcry.cli import main
from openoutcry.cli.entry import build_parser

Captured = pytest.CaptureFixture[str]


def commands(
    parser: argparse.ArgumentParser, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    yield path
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from commands(child, (*path, name))


COMMANDS = list(commands(build_parser()))


def code_of(*arguments: str) -> int:
    """Return the exit code, whether the parser or the command ends it."""
    try:
        return main(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...], capsys: Captured) -> None:
    assert code_of(*path, "--help") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("usage: outcry")
    assert all(name in shown for name in path)


@pytest.mark.parametrize("path", [path for path in COMMANDS if len(path) < 2], ids=" ".join)
def test_top_commands_show_examples(path: tuple[str, ...], capsys: Captured) -> None:
    code_of(*path, "--help")
    assert "examples:\n  outcry " in capsys.readouterr().out


def test_it_says_its_version(capsys: Captured) -> None:
    assert code_of("--version") == 0
    assert capsys.readouterr().out == f"outcry {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("fly",),
        ("serve", "--port", "http"),
        ("serve", "--port", "65536"),
        ("serve", "--nobots"),
        ("replay",),
        ("admin",),
        ("admin", "credit", "1", "BTC"),
        ("admin", "create-key", "1", "--type", "DSA"),
        ("backup", "only-one"),
    ],
)
def test_wrong_usage_is_code_2(arguments: tuple[str, ...], capsys: Captured) -> None:
    assert code_of(*arguments) == 2
    assert "usage: outcry" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [(), ("a", "b"), ("--fast", "a")])
def test_wrong_usage_of_verify_is_code_3(arguments: tuple[str, ...], capsys: Captured) -> None:
    assert code_of("verify", *arguments) == 3
    assert "usage: outcry verify" in capsys.readouterr().err


def test_verify_of_no_folder_is_code_3(tmp_path: Path, capsys: Captured) -> None:
    assert code_of("verify", str(tmp_path / "none")) == 3
    assert "not a directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("verify", "{0}"), 3),
        (("backup", "{0}", "copy"), 1),
        (("restore", "{0}", "target"), 1),
        (("replay", "{0}"), 1),
        (("admin", "--data", "{0}", "list"), 1),
        (("serve", "--data", "{0}", "--port", "0"), 3),
    ],
)
def test_what_the_system_refuses_is_said(
    tmp_path: Path, capsys: Captured, arguments: tuple[str, ...], code: int
) -> None:
    name = tmp_path / ("x" * 300)
    assert code_of(*(argument.format(name) for argument in arguments)) == code
    assert "File name too long" in capsys.readouterr().err


def test_a_journal_that_cannot_be_opened_is_no_divergence(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "journal.db").mkdir()
    assert code_of("verify", str(tmp_path)) == 3
    assert "journal.db: Is a directory" in capsys.readouterr().err


def test_a_replay_is_summed_up(tmp_path: Path, capsys: Captured) -> None:
    write(
        tmp_path,
        "a,1,1,100.0,1.0,created,ask",
        "m,2,2,100.0,1.0,created,bid",
        "t,3,3,100.0,0.4,created,bid",
        "c,4,4,99.5,2.0,created,bid",
        trades=("1,3,3,100.0,0.4,t,a,buy", "2,4,4,100.0,0.1,x,y,sell"),
    )
    assert code_of("replay", str(tmp_path), "--compare") == 0
    shown = capsys.readouterr()
    lines = dict(line.strip().split("  ", 1) for line in shown.out.splitlines()[:-1])
    lines = {name: value.strip() for name, value in lines.items()}
    assert lines["trades"] == "1"
    assert lines["volume"] == "0.4 BTC (40 USD)"
    assert lines["best bid"] == "99.5 USD for 2 BTC"
    assert lines["best offer"] == "100 USD for 0.6 BTC"
    assert lines["refused new orders"] == "1"
    assert lines["WOULD_TAKE"] == "1"
    assert "events a second" in lines["time"]
    assert shown.out.splitlines()[-1] == "1 of 2 trades agree"
    assert "100 %" in shown.err


def test_a_replay_of_nothing_says_what_is_missing(tmp_path: Path, capsys: Captured) -> None:
    assert code_of("replay", str(tmp_path)) == 1
    assert capsys.readouterr().err == (
        f"outcry: {tmp_path} is not a capture: it holds no orders.csv.gz\n"
    )
    write(tmp_path)
    assert code_of("replay", str(tmp_path), "--compare") == 1
    assert "no trades.csv" in capsys.readouterr().err


def test_admin_words_become_a_request_and_its_answer_words(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, dict[str, object]]] = []

    def administer(directory: Path, request: dict[str, object]) -> dict[str, object]:
        asked.append((directory, request))
        return {
            "account": 5,
            "may": ["trade"],
            "active": True,
            "secret": "line 1\nline 2\n",
            "balances": [{"asset": "EUR", "free": "1.00"}, {"asset": "B", "free": "10"}],
            "none": [],
            "market": {"symbol": "X"},
        }

    monkeypatch.setattr("openoutcry.app.offline.administer", administer)
    arguments = ("set-filters", "BTCEUR", "--price-max", "5", "--orders-max", "7")
    assert code_of("admin", "--data", str(tmp_path), *arguments) == 0
    filters = {"price-max": "5", "orders-max": "7"}
    assert asked == [(tmp_path, {"do": "set-filters", "symbol": "BTCEUR", "filters": filters})]
    assert capsys.readouterr().out.splitlines() == [
        "account  5",
        "may      trade",
        "active   yes",
        "secret:",
        "line 1",
        "line 2",
        "balances:",
        "  asset  free",
        "  EUR    1.00",
        "  B      10",
        "none:",
        "  none",
        "market:",
        "  symbol  X",
    ]
    assert code_of("admin", "--data", str(tmp_path), "--json", "halt", "BTCEUR") == 0
    assert asked[-1][1] == {"do": "set-status", "symbol": "BTCEUR", "status": "HALT"}
    assert json.loads(capsys.readouterr().out)["account"] == 5


def test_admin_reads_a_public_key_from_its_file(tmp_path: Path, capsys: Captured) -> None:
    arguments = ("admin", "--data", str(tmp_path), "create-key", "1", "--type", "RSA")
    missing = tmp_path / "key.pem"
    assert code_of(*arguments, "--public-key", str(missing)) == 1
    assert "key.pem" in capsys.readouterr().err


def test_admin_without_an_exchange_says_so(tmp_path: Path, capsys: Captured) -> None:
    assert code_of("admin", "--data", str(tmp_path / "none"), "list") == 1
    assert "holds no exchange" in capsys.readouterr().err


def test_the_kernel_is_measured_anywhere(capsys: Captured) -> None:
    assert code_of("bench", "--kernel", "--commands", "3000", "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["commands"] >= 3000
    assert figures["commands_per_second"] > 10_000
    assert code_of("bench", "--kernel", "--commands", "1000") == 0
    assert "nanoseconds per command" in capsys.readouterr().out


def test_bench_hands_its_words_to_the_repositorys_benchmarks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[list[str]] = []

    def run(root: Path, arguments: list[str]) -> int:
        assert root == Path("there")
        told.append(list(arguments))
        return 3

    monkeypatch.setattr(bench, "repository_benchmarks", lambda: Path("there"))
    monkeypatch.setattr(bench, "run_repository_benchmarks", run)
    assert code_of("bench", "http", "--", "--rounds", "3") == 3
    assert told == [["http", "--", "--rounds", "3"]]


def test_it_is_quick_to_say_how_it_is_used() -> None:
    """Help must not load the kernel, the gateways or NumPy's friends beyond need."""
    script = (
        "import sys\n"
        "from openoutcry.cli.entry import build_parser\n"
        "build_parser()\n"
        "heavy = {'openoutcry.kernel', 'openoutcry.app.serve', 'uvloop', 'cryptography'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    command = f"{sys.executable} -m openoutcry.cli --help | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: outcry")
    assert "Traceback" not in done.stderr
