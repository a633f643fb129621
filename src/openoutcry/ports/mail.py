"""Mail to one person at a time, as plain text."""

from dataclasses import dataclass, field
from typing import Protocol

SUBJECT_CHARACTERS_MAX = 200
TEXT_CHARACTERS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Mail:
    """One letter. `text` may hold a secret (a link that confirms something): it is never logged."""

    to: str
    subject: str
    text: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what could become a header of its own, or a flood."""
        for line in (self.to, self.subject):
            if any(ord(character) < 32 or ord(character) == 127 for character in line):
                raise ValueError("an address or a subject holds a control character")
        if not self.to or not self.subject:
            raise ValueError("a mail has an address and a subject")
        if len(self.subject) > SUBJECT_CHARACTERS_MAX or len(self.text) > TEXT_CHARACTERS_MAX:
            raise ValueError("a mail is longer than mails are")


class MailError(Exception):
    """A mail was not taken over by the next server; `again` says whether trying again can help."""

    def __init__(self, message: str, *, again: bool) -> None:
        super().__init__(message)
        self.again = again


class Mailer(Protocol):
    """Hands mails over. When `send` returns, the mail is the next server's to deliver."""

    async def send(self, mail: Mail) -> None:
        """Hand one mail over; raises MailError."""
        ...


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail in a mailbox that people look into: the demo's."""

    number: int
    sent_us: int
    to: str
    subject: str
    text: str = field(repr=False)


class Discretion(Protocol):
    """Says whose mails a mailbox that anyone may look into does not show."""

    async def is_private(self, to: str) -> bool:
        """Whether mails to an address are for its owner alone, as of now."""
        ...


class Mailbox(Protocol):
    """Sent mails that are kept instead of delivered, newest first."""

    async def newest(self, limit: int, to: str | None = None) -> list[KeptMail]:
        """Return the newest mails, or the newest to one address."""
        ...
