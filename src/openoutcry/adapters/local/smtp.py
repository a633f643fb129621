"""Mail by SMTP: one connection a letter, in a thread, with TLS from the start or by STARTTLS."""

import asyncio
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid
from enum import StrEnum

from openoutcry.ports.mail import Mail, MailError

TIMEOUT_SECONDS = 20.0
CONNECTIONS_MAX = 4
_FAILS_FOR_EVER = 500
"""From this code on a server says that the same again will not do."""


class SmtpSecurity(StrEnum):
    """How the way to the server is protected."""

    TLS = "tls"
    """From the first byte, usually on port 465."""
    STARTTLS = "starttls"
    """Asked for before anything else, usually on port 587; no mail goes without it."""
    NONE = "none"
    """Not at all: for a server on this machine."""


_PORTS = {SmtpSecurity.TLS: 465, SmtpSecurity.STARTTLS: 587, SmtpSecurity.NONE: 25}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """The server that takes mails over, and whose name they carry."""

    host: str
    sender: str
    """The address in From and for returned mail."""
    port: int = 0
    """0 is the usual one."""
    security: SmtpSecurity = SmtpSecurity.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)
    sender_name: str = "Openoutcry"
    ca_file: str = ""
    """Certificates to trust beside the system's, for a server of one's own."""

    def __post_init__(self) -> None:
        """Refuse what would send a password in the clear."""
        if not self.host or "@" not in self.sender:
            raise ValueError("mail needs a server and an address to come from")
        if self.user and self.security is SmtpSecurity.NONE:
            raise ValueError("a mail password is not sent without TLS")


class SmtpMailer:
    """`Mailer` by way of a server."""

    def __init__(self, settings: SmtpSettings, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._settings = settings
        self._timeout_seconds = timeout_seconds
        self._connections = ThreadPoolExecutor(CONNECTIONS_MAX, thread_name_prefix="mail")
        self._tls = ssl.create_default_context()
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.ca_file:
            self._tls.load_verify_locations(settings.ca_file)

    async def send(self, mail: Mail) -> None:
        """Hand one mail over; raises MailError.

        In threads of its own: one that is given up may still wait for the server.
        """
        await asyncio.get_running_loop().run_in_executor(self._connections, self._send, mail)

    def _send(self, mail: Mail) -> None:
        try:
            with self._connect() as server:
                if self._settings.user:
                    server.login(self._settings.user, self._settings.password)
                server.send_message(self._message(mail), self._settings.sender, [mail.to])
        except smtplib.SMTPRecipientsRefused as error:
            (code, words) = next(iter(error.recipients.values()))
            raise _mail_error(code, words) from error
        except smtplib.SMTPAuthenticationError as error:
            raise MailError("the mail server refuses the user or the password", again=False) from (
                error
            )
        except smtplib.SMTPResponseException as error:
            raise _mail_error(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPNotSupportedError as error:
            raise MailError(f"the mail server cannot: {error}", again=False) from error
        except ssl.SSLCertVerificationError as error:
            text = f"the mail server's certificate: {error.verify_message}"
            raise MailError(text, again=False) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailError(f"the mail server does not answer: {error}", again=True) from error

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        port = settings.port or _PORTS[settings.security]
        if settings.security is SmtpSecurity.TLS:
            return smtplib.SMTP_SSL(
                settings.host, port, timeout=self._timeout_seconds, context=self._tls
            )
        server = smtplib.SMTP(settings.host, port, timeout=self._timeout_seconds)
        if settings.security is SmtpSecurity.STARTTLS:
            try:
                server.starttls(context=self._tls)
            except BaseException:
                server.close()
                raise
        return server

    def _message(self, mail: Mail) -> EmailMessage:
        settings = self._settings
        message = EmailMessage()
        message["From"] = Address(settings.sender_name, addr_spec=settings.sender)
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(localtime())
        message["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message


def _mail_error(code: int, words: bytes | str) -> MailError:
    text = words.decode("ascii", "replace") if isinstance(words, bytes) else words
    return MailError(f"the mail server said {code} {text}", again=code < _FAILS_FOR_EVER)
