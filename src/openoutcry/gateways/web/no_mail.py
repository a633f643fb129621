"""What begins with a mail, where none is sent: refused at once, instead of waited for."""

from collections.abc import Iterable
from dataclasses import replace
from typing import NoReturn

from openoutcry.gateways.web.api import ProblemType, Route, WebCall

NO_MAIL = ProblemType("NO_MAIL", 503, "This exchange sends no mail")
BEGIN_WITH_A_MAIL = frozenset({"/auth/sign-up", "/auth/reset-request", "/me/email"})


def without_mail(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Return routes of which those that begin with a mail say that there is none."""
    return tuple(
        replace(route, handler=_refuse, problems=(*route.problems, NO_MAIL))
        if route.path in BEGIN_WITH_A_MAIL
        else route
        for route in routes
    )


async def _refuse(_call: WebCall) -> NoReturn:
    raise NO_MAIL.problem("Its operator can name a mail server: OUTCRY_SMTP_HOST.")
