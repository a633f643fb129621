"""Mails that were sent to nobody: a demo without a mail server shows them to whoever looks."""

from typing import Annotated

import msgspec

from openoutcry.gateways.web.api import Access, Input, Output, Route, WebCall
from openoutcry.ports.mail import Mailbox

MAILS_MAX = 50


class MailboxQuery(Input, frozen=True):
    """Which mails."""

    to: Annotated[str, msgspec.Meta(max_length=320)] = ""
    """The address that they went to; empty: all."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAILS_MAX)] = MAILS_MAX


class MailView(Output, frozen=True):
    """One mail."""

    number: int
    sent_us: int
    to: str
    subject: str
    text: str


class MailboxView(Output, frozen=True):
    """Mails, the newest first."""

    mails: tuple[MailView, ...]


def routes(mailbox: Mailbox) -> tuple[Route, ...]:
    """Return the routes of a mailbox; an exchange that delivers its mails has none of them."""

    async def read(call: WebCall) -> MailboxView:
        asked = call.asked(MailboxQuery)
        found = await mailbox.newest(asked.limit, asked.to or None)
        return MailboxView(
            mails=tuple(
                MailView(
                    number=mail.number,
                    sent_us=mail.sent_us,
                    to=mail.to,
                    subject=mail.subject,
                    text=mail.text,
                )
                for mail in found
            )
        )

    return (
        Route(
            method="GET",
            path="/mailbox",
            handler=read,
            access=Access.PUBLIC,
            summary="Read the mails of the demo",
            description="Only a demo without a mail server has it: whoever asks sees all mails.",
            tags=("mailbox",),
            query=MailboxQuery,
            answer=MailboxView,
        ),
    )
