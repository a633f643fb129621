"""The files of the built page in memory: each with its type, its tag and its compressed forms.

They are read once and again when a new build has replaced them. A request is a look-up by its exact
path, so nothing outside the folder can be named.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

INDEX = "/index.html"
FILES_MAX = 2_000
BYTES_MAX = 64 << 20
COMPRESSED_BYTES_MIN = 512
"""Smaller files are sent as they are: the header outweighs what is saved."""

_MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_COMPRESSED = frozenset({".css", ".html", ".js", ".json", ".map", ".svg", ".txt", ".webmanifest"})
_PREPARED = {".br": "br", ".gz": "gzip"}
"""Files that a build may lay beside others, compressed harder than is done here."""
_hashed = re.compile(r"/assets/[^/]+-[A-Za-z0-9_-]{8}\.[a-z0-9.]+").fullmatch


class PageError(Exception):
    """A folder that is no built page; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file as it is sent."""

    content: bytes
    media: str
    tag: str
    """What tells this content from any other."""
    encoded: Mapping[str, bytes]
    """The same by content encoding."""
    is_immutable: bool
    """Its name holds the hash of its content."""

    def best(self, accepted: str) -> tuple[str, bytes]:
        """Return the smallest form that a client accepts, and its encoding, empty for none."""
        usable = {"": self.content} | {
            encoding: content
            for encoding, content in self.encoded.items()
            if _accepts(accepted, encoding)
        }
        return min(usable.items(), key=lambda form: len(form[1]))


def _accepts(accepted: str, encoding: str) -> bool:
    for part in accepted.lower().split(","):
        name, _, rules = part.partition(";")
        if name.strip() in {encoding, "*"}:
            return re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", rules) is None
    return False


def made_file(path: str, content: bytes, prepared: Mapping[str, bytes] | None = None) -> PageFile:
    """Return a file of the page by its path and content."""
    suffix = path[path.rfind(".") :]
    encoded = dict(prepared or {})
    if suffix in _COMPRESSED and "gzip" not in encoded and len(content) >= COMPRESSED_BYTES_MIN:
        encoded["gzip"] = gzip.compress(content, 9, mtime=0)
    return PageFile(
        content,
        _MEDIA.get(suffix, "application/octet-stream"),
        hashlib.sha256(content).hexdigest()[:20],
        encoded,
        _hashed(path) is not None,
    )


def build_stamp(folder: Path) -> int:
    """Return what changes when a new build replaces the files; 0 when there is none."""
    try:
        return (folder / "index.html").stat().st_mtime_ns
    except OSError:
        return 0


def read_files(folder: Path) -> dict[str, PageFile]:
    """Read a built page; raises PageError when the folder holds something else, or nothing."""
    contents: dict[str, bytes] = {}
    total = 0
    try:
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or any(
                part.startswith(".") for part in path.relative_to(folder).parts
            ):
                continue
            content = path.read_bytes()
            total += len(content)
            contents[f"/{path.relative_to(folder).as_posix()}"] = content
            if len(contents) > FILES_MAX or total > BYTES_MAX:
                raise PageError(f"{folder} holds more than a page")
    except OSError as error:
        raise PageError(f"{folder} cannot be read: {error.strerror}") from error
    if INDEX not in contents:
        raise PageError(f"{folder} holds no index.html")
    files = {}
    for name, content in contents.items():
        prepared_for = next((end for end in _PREPARED if name.endswith(end)), None)
        if prepared_for is not None and name.removesuffix(prepared_for) in contents:
            continue
        prepared = {
            encoding: contents[name + end]
            for end, encoding in _PREPARED.items()
            if name + end in contents
        }
        files[name] = made_file(name, content, prepared)
    return files
