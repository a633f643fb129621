"""Mails that were sent to nobody: a demo without a mail server shows them to whoever looks.

Not those to operators: a link among them would make whoever looks an operator.
"""

from typing import Annotated

import msgspec

from openoutcry.gateways.web.api import Access, Input, Output, Route, WebCall
from openoutcry.ports.mail import Discretion, KeptMail, Mailbox

MAILS_MAX = 50
_LOOKED_AT_MAX = 1_000
"""So far back mails are looked for that may be shown: more than a demo keeps."""


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


def routes(mailbox: Mailbox, discretion: Discretion) -> tuple[Route, ...]:
    """Return the routes of a mailbox; an exchange that delivers its mails has none of them."""

    async def shown(to: str, limit: int) -> list[KeptMail]:
        found: list[KeptMail] = []
        private: dict[str, bool] = {}
        for mail in await mailbox.newest(_LOOKED_AT_MAX, to or None):
            if mail.to not in private:
                private[mail.to] = await discretion.is_private(mail.to)
            if not private[mail.to]:
                found.append(mail)
                if len(found) == limit:
                    break
        return found

    async def read(call: WebCall) -> MailboxView:
        asked = call.asked(MailboxQuery)
        found = await shown(asked.to, asked.limit)
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
            description=(
                "Only a demo without a mail server has it: whoever asks sees all mails but those "
                "to operators."
            ),
            tags=("mailbox",),
            query=MailboxQuery,
            answer=MailboxView,
        ),
    )
