"""Nothing in the repository names a package registry, somebody's machine, or how it was written.

The forbidden words are put together from pieces, so that this file does not match itself.
"""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def _joined(*pieces: str) -> str:
    return "".join(pieces)


REGISTRY_HOSTS = (
    _joined("py", "pi.org"),
    _joined("python", "hosted.org"),
    _joined("npm", "js.org"),
    _joined("npm", "js.com"),
    _joined("yarn", "pkg.com"),
    _joined("crates", ".io"),
    _joined("ana", "conda.org"),
    _joined("proxy.golang", ".org"),
    _joined("rubygems", ".org"),
    _joined("art", "ifactory"),
)
TOP_FOLDERS = ("work", "root", "home", "Users", "workspace")
MACHINE_PATH = re.compile(
    r"(?<![\w.~$})/-])/(?:" + "|".join(TOP_FOLDERS) + r")/[\w.-]+",
)
WORDS = (
    _joined(r"(?<!user.)(?<!user)\bag", r"ents?\b"),
    _joined(r"\bsub", r"ag", r"ents?\b"),
    _joined(r"\bcl", r"aude\b"),
    _joined(r"\banth", r"ropic\b"),
    _joined(r"\bchat", r"gpt\b"),
    _joined(r"\bopen", r"ai\b"),
    _joined(r"\bco", r"pilot\b"),
    _joined(r"\bl", r"lms?\b"),
    _joined(r"\blanguage ", r"models?\b"),
    _joined(r"\bco-auth", r"ored-by\b"),
    _joined(r"\b(?:coding|working|previous|earlier|this|next) ses", r"sions?\b"),
)
FORBIDDEN = re.compile(
    "|".join([*(re.escape(host) for host in REGISTRY_HOSTS), *WORDS]), re.IGNORECASE
)


def _offence(line: str) -> str | None:
    found = FORBIDDEN.search(line) or MACHINE_PATH.search(line)
    return found.group() if found else None


def _repository_files() -> list[Path]:
    """List what is tracked, and what would be if it were added now."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: which files are ours is unknown")
    names = sorted({name for name in listed.stdout.split("\0") if name})
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def _text(path: Path) -> str:
    content = path.read_bytes()
    return "" if b"\0" in content[:8192] else content.decode("utf-8", errors="replace")


def test_no_file_holds_a_forbidden_word() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {offence}"
        for path in _repository_files()
        for number, line in enumerate(_text(path).splitlines(), start=1)
        if (offence := _offence(line))
    ]

    assert found == []


def test_no_file_name_holds_a_forbidden_word() -> None:
    names = [str(path.relative_to(ROOT)) for path in _repository_files()]

    assert [name for name in names if _offence(name)] == []


def test_there_are_lock_files() -> None:
    assert [path.name for path in LOCKS] == ["dev.txt", "runtime.txt"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_lock_pins_and_names_no_address(lock: Path) -> None:
    """An address in a lock would bind every user to one mirror."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith(" ")]
    hashes = [line for line in lines if line.startswith(" ")]

    assert [line for line in pins if not re.match(r"[a-z0-9.-]+==[^ ]+ ", line)] == []
    assert [line for line in hashes if not re.match(r" +--hash=sha256:[0-9a-f]{64}", line)] == []
    assert [line for line in lines if "://" in line or "@" in line] == []


@pytest.mark.parametrize(
    "line",
    [
        _joined("index = https://py", "pi.org/simple"),
        _joined("see /ho", "me/someone/notes"),
        _joined('open("/ro', 'ot/data")'),
        _joined("written by an ag", "ent"),
        _joined("as the earlier ses", "sion found"),
    ],
)
def test_scan_sees(line: str) -> None:
    assert _offence(line)


@pytest.mark.parametrize(
    "line",
    [
        "User-Agent: ccxt",
        "headers['user_agent']",
        "the user's session ends with the sign-out",
        "src/work/journal",
        "a GET on /api/v3/ping",
        "agency orders are not held",
    ],
)
def test_scan_lets_pass(line: str) -> None:
    assert _offence(line) is None
