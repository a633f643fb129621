"""A private authority and the certificates of an exchange on one machine, made where missing.

For `outcry up` and for tests. An exchange over several machines brings certificates of its own
authority; they need the names of `adapters.tcp.tls` and nothing else from here.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from openoutcry.adapters.tcp.frames import ProcessRole
from openoutcry.adapters.tcp.tls import TlsFiles, name_of

AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 825
RENEW_DAYS = 90
"""A certificate that has fewer days left is made anew at the next start."""
_AUTHORITY = "authority"
_CLOCK_SLACK = timedelta(hours=1)


def ensure_certificates(
    folder: Path, roles: Iterable[ProcessRole] = tuple(ProcessRole)
) -> dict[ProcessRole, TlsFiles]:
    """Return each role's files in a folder, with what is missing or nearly over made anew.

    Keys are readable by their owner alone. A new authority makes every certificate new.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = _files(folder, _AUTHORITY)
    if not _is_good(authority, None):
        _make_authority(authority)
    made = {}
    for role in roles:
        files = made[role] = _files(folder, role.name.lower())
        if not _is_good(files, authority.certificate):
            _make_certificate(files, role, authority)
    return made


def _files(folder: Path, name: str) -> TlsFiles:
    return TlsFiles(folder / f"{name}.pem", folder / f"{name}.key", folder / f"{_AUTHORITY}.pem")


def _is_good(files: TlsFiles, issuer: Path | None) -> bool:
    """Whether a certificate is there with its key, lasts, and is of today's authority."""
    if not (files.certificate.exists() and files.key.exists()):
        return False
    found = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    if found.not_valid_after_utc - datetime.now(UTC) < timedelta(days=RENEW_DAYS):
        return False
    if issuer is None:
        return True
    authority = x509.load_pem_x509_certificate(issuer.read_bytes())
    theirs = found.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    ours = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return theirs.key_identifier == ours.key_identifier


def _make_authority(files: TlsFiles) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Openoutcry authority")])
    builder = (
        _builder(name, name, key.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    _write(files, key, builder.sign(key, hashes.SHA256()))


def _make_certificate(files: TlsFiles, role: ProcessRole, authority: TlsFiles) -> None:
    issuer = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    issuer_key = serialization.load_pem_private_key(authority.key.read_bytes(), None)
    if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{authority.key} is no key of an authority made here: remove its folder")
    key = ec.generate_private_key(ec.SECP256R1())
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if role is ProcessRole.ENGINE:
        usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name_of(role))])
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        _builder(name, issuer.subject, key.public_key(), CERTIFICATE_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name_of(role))]), critical=False)
        .add_extension(issuer_id, critical=False)
    )
    _write(files, key, builder.sign(issuer_key, hashes.SHA256()))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SLACK)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(files: TlsFiles, key: ec.EllipticCurvePrivateKey, made: x509.Certificate) -> None:
    """Write the key first: a certificate without its key is made again."""
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    files.certificate.unlink(missing_ok=True)
    files.key.unlink(missing_ok=True)
    handle = os.open(files.key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(text)
    files.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
