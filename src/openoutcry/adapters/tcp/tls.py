"""TLS between the processes: both sides show a certificate of the exchange's own authority.

A certificate names the role of its process, `engine.openoutcry.internal` for one, whatever the
machine: an engine is only believed to be one with an engine's certificate.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from openoutcry.adapters.tcp.frames import ProcessRole

_DOMAIN = "openoutcry.internal"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where a process finds its certificate, its key, and the authority that it believes."""

    certificate: Path
    key: Path
    authority: Path


def name_of(role: ProcessRole) -> str:
    """Return the name that a certificate of this role carries."""
    return f"{role.name.lower()}.{_DOMAIN}"


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Return how an engine is called: TLS 1.3, a certificate of ours asked of every caller."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    return _with_files(context, files)


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """Return how a process calls engines: TLS 1.3, and only an engine's certificate will do."""
    return _with_files(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), files)


def _with_files(context: ssl.SSLContext, files: TlsFiles) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(files.authority)
    context.load_cert_chain(files.certificate, files.key)
    return context


def has_role(certificate: Mapping[str, object], role: ProcessRole) -> bool:
    """Whether a peer's certificate, as `ssl` describes it, names this role."""
    names = certificate.get("subjectAltName", ())
    return isinstance(names, tuple) and ("DNS", name_of(role)) in names
