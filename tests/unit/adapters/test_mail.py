"""Mails, the mailbox that keeps them, and the server that takes them over."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from openoutcry.adapters.local.smtp import SmtpMailer, SmtpSecurity, SmtpSettings
from openoutcry.adapters.memory.mail import MemoryMailbox
from openoutcry.ports.mail import Mail, MailError

MAIL = Mail("ann@example.org", "Grüße – hello", "Zeile 1 “ü”\n\n.\nhttps://x.example/#token=abc\n")
SENDER = "exchange@example.org"


@pytest.mark.parametrize(
    ("to", "subject", "text"),
    [
        ("", "x", "x"),
        ("a@b.co", "", "x"),
        ("a@b.co\r\nBcc: c@d.co", "x", "x"),
        ("a@b.co", "x\nBcc: c@d.co", "x"),
        ("a@b.co", "x\0", "x"),
        ("a@b.co", "x" * 201, "x"),
        ("a@b.co", "x", "x" * 20_001),
    ],
)
def test_what_is_no_mail(to: str, subject: str, text: str) -> None:
    with pytest.raises(ValueError):
        Mail(to, subject, text)


def test_a_mail_does_not_show_its_text() -> None:
    assert "token" not in repr(MAIL)


async def test_a_mailbox_keeps_the_newest() -> None:
    mailbox = MemoryMailbox(lambda: 7, mails_max=3)
    assert await mailbox.newest(10) == []
    for number in range(5):
        await mailbox.send(Mail(f"{number % 2}@example.org", f"{number}", "text"))
    assert [mail.subject for mail in await mailbox.newest(10)] == ["4", "3", "2"]
    assert [mail.number for mail in await mailbox.newest(1)] == [5]
    assert [mail.subject for mail in await mailbox.newest(10, "0@EXAMPLE.org")] == ["4", "2"]
    assert (await mailbox.newest(1))[0].sent_us == 7


class Taken:
    """What a server has taken, and what it says to the next one."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], Message]] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            assert envelope.mail_from is not None
            message = message_from_bytes(envelope.content)
            self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), message))
        return self.answer

    async def handle_RCPT(  # noqa: N802 - its name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if address.startswith("unknown"):
            return "550 no such mailbox"
        if address.startswith("later"):
            return "451 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@asynccontextmanager
async def server(
    taken: Taken, certificate: Path, security: SmtpSecurity, *, login: bool = False
) -> AsyncIterator[int]:
    """A mail server on a free port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    starttls = security is SmtpSecurity.STARTTLS

    def protocol() -> SMTP:
        return SMTP(
            taken,
            tls_context=context if starttls else None,
            require_starttls=starttls,
            auth_required=login,
            auth_require_tls=starttls,
            authenticator=taken.authenticate,
        )

    tls = context if security is SmtpSecurity.TLS else None
    listening = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


def mailer(
    port: int, security: SmtpSecurity, certificate: Path | None, **changes: Any
) -> SmtpMailer:
    settings = SmtpSettings(
        host="localhost",
        port=port,
        security=security,
        sender=SENDER,
        ca_file="" if certificate is None else str(certificate),
        **changes,
    )
    return SmtpMailer(settings, timeout_seconds=5.0)


@pytest.mark.parametrize("security", SmtpSecurity)
async def test_a_mail_arrives_as_it_was_written(security: SmtpSecurity, certificate: Path) -> None:
    taken = Taken()
    async with server(taken, certificate, security) as port:
        await mailer(port, security, certificate).send(MAIL)
    ((sender, receivers, message),) = taken.mails
    assert (sender, receivers) == (SENDER, ["ann@example.org"])
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().replace("\r\n", "\n") == MAIL.text
    assert message["From"] == f"Openoutcry <{SENDER}>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@example.org>")


async def test_signing_in_at_the_server(certificate: Path) -> None:
    taken = Taken()
    security = SmtpSecurity.STARTTLS
    async with server(taken, certificate, security, login=True) as port:
        await mailer(port, security, certificate, user="me", password="right").send(MAIL)
        with pytest.raises(MailError) as wrong:
            await mailer(port, security, certificate, user="me", password="wrong").send(MAIL)
    assert taken.logins[0] == (b"me", b"right")
    assert len(taken.mails) == 1
    assert not wrong.value.again
    assert "wrong" not in str(wrong.value)


@pytest.mark.parametrize(
    ("to", "answer", "again"),
    [
        ("unknown@example.org", "250 OK", False),
        ("later@example.org", "250 OK", True),
        ("ann@example.org", "554 spam", False),
        ("ann@example.org", "452 full", True),
    ],
)
async def test_refusals_say_whether_trying_again_helps(
    to: str, answer: str, again: int, certificate: Path
) -> None:
    taken = Taken()
    taken.answer = answer
    async with server(taken, certificate, SmtpSecurity.NONE) as port:
        with pytest.raises(MailError) as refused:
            await mailer(port, SmtpSecurity.NONE, None).send(Mail(to, "x", "x"))
    assert refused.value.again == again
    assert taken.mails == []


@pytest.mark.parametrize("security", [SmtpSecurity.TLS, SmtpSecurity.STARTTLS])
async def test_a_server_with_a_certificate_that_nobody_vouches_for_gets_no_mail(
    security: SmtpSecurity, certificate: Path
) -> None:
    taken = Taken()
    async with server(taken, certificate, security) as port:
        with pytest.raises(MailError, match="certificate") as refused:
            await mailer(port, security, None).send(MAIL)
    assert not refused.value.again
    assert taken.mails == []


async def test_a_server_without_tls_gets_no_mail_that_wants_it(certificate: Path) -> None:
    taken = Taken()
    async with server(taken, certificate, SmtpSecurity.NONE) as port:
        with pytest.raises(MailError) as refused:
            await mailer(port, SmtpSecurity.STARTTLS, certificate).send(MAIL)
    assert not refused.value.again
    assert taken.mails == []


async def test_a_server_that_is_away_may_come_back(
    certificate: Path, unused_port: Callable[[], int]
) -> None:
    with pytest.raises(MailError) as away:
        await mailer(unused_port(), SmtpSecurity.NONE, None).send(MAIL)
    assert away.value.again


@pytest.fixture
def unused_port() -> Callable[[], int]:
    import socket

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find


@pytest.mark.parametrize(
    "changes",
    [{"host": ""}, {"sender": "nobody"}, {"user": "me", "security": SmtpSecurity.NONE}],
)
def test_settings_that_make_no_sense(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        SmtpSettings(**{"host": "localhost", "sender": SENDER, **changes})


def test_settings_do_not_show_the_password() -> None:
    assert "hidden" not in repr(SmtpSettings(host="h", sender=SENDER, user="u", password="hidden"))


async def test_a_silent_server_takes_nobody_elses_threads() -> None:
    """Mails that were given up wait on for its word; passwords and records need threads as well."""
    arrived: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(
        lambda _, writer: arrived.append(writer), "127.0.0.1", 0, backlog=64
    )
    port = server.sockets[0].getsockname()[1]
    settings = SmtpSettings(host="127.0.0.1", sender=SENDER, port=port, security=SmtpSecurity.NONE)
    mailer = SmtpMailer(settings, timeout_seconds=5.0)

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await mailer.send(MAIL)

    try:
        for _ in range(10):
            await asyncio.gather(*(give_up() for _ in range(4)))
        async with asyncio.timeout(2):
            assert await asyncio.to_thread(int, "7") == 7
    finally:
        server.close()
        for writer in arrived:
            writer.close()
            await writer.wait_closed()
        await server.wait_closed()
