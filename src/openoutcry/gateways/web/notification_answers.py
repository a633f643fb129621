"""What notifications refuse, as problems, for all of their routes."""

from collections.abc import Awaitable, Callable
from functools import wraps

from openoutcry.gateways.web.api import Handler, Problem, ProblemType, WebCall
from openoutcry.gateways.web.server import NOT_FOUND
from openoutcry.ports.audit import AuditError
from openoutcry.ports.notification_desk import (
    BadWishError,
    DeskError,
    NoSuchThingError,
    TooManyThingsError,
    TooOftenError,
)
from openoutcry.ports.notifications import NotificationStoreError

WISH_REFUSED = ProblemType("WISH_REFUSED", 422, "This cannot be done")
TOO_MANY_THINGS = ProblemType("TOO_MANY_THINGS", 409, "There are as many as one may have")
TOO_OFTEN = ProblemType("TOO_OFTEN", 429, "Too often")
NOTIFICATIONS_AWAY = ProblemType("NOTIFICATIONS_AWAY", 503, "Notifications do not answer now")

TOO_OFTEN_SECONDS = 60
TAGS = ("notifications",)


def answers(handler: Callable[[WebCall], Awaitable[object]]) -> Handler:
    """Turn what the desk refuses into problems."""

    @wraps(handler)
    async def handle(call: WebCall) -> object:
        try:
            return await handler(call)
        except DeskError as error:
            raise _problem_of(error) from error
        except (NotificationStoreError, AuditError) as error:
            raise NOTIFICATIONS_AWAY.problem("Try it again.") from error

    return handle


def _problem_of(error: DeskError) -> Problem:
    words = f"{str(error)[:1].upper()}{str(error)[1:]}."
    match error:
        case NoSuchThingError():
            return NOT_FOUND.problem(words)
        case TooManyThingsError():
            return TOO_MANY_THINGS.problem(words)
        case TooOftenError():
            return TOO_OFTEN.problem(words, headers=(("Retry-After", str(TOO_OFTEN_SECONDS)),))
        case BadWishError():
            return WISH_REFUSED.problem(words, field=error.field_name)
        case _:
            return WISH_REFUSED.problem(words)
