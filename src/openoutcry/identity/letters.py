"""The letters that identity sends. Plain text; a link is the only thing in them that is secret.

The token is in the fragment of the link, which a browser sends to no server and to no next page.
"""

from openoutcry.identity.settings import HOUR_US, MINUTE_US, IdentitySettings
from openoutcry.ports.mail import Mail

CONFIRM_PATH = "/confirm"
RESET_PATH = "/reset"
SIGN_IN_PATH = "/sign-in"


def confirm_letter(settings: IdentitySettings, origin: str, email: str, token: str) -> Mail:
    """Return what somebody gets who has signed up."""
    return Mail(
        email,
        f"Confirm your address for {settings.product}",
        f"""\
Welcome to {settings.product}.

Open this link to confirm your address, and sign in with the password that you have chosen:

{origin}{CONFIRM_PATH}#token={token}

The link is good once, for {_span(settings.sign_up_link_us)}.

If it was not you who signed up, do nothing: without the link and the password there is no account.
""",
    )


def known_letter(settings: IdentitySettings, origin: str, email: str) -> Mail:
    """Return what somebody gets who has an account, when their address is signed up again."""
    return Mail(
        email,
        f"You have an account at {settings.product}",
        f"""\
Somebody, probably you, has just signed up at {settings.product} with this address.
It has an account already:

{origin}{SIGN_IN_PATH}

If you have forgotten the password, ask for a new one there. If it was not you, do nothing:
nothing has changed.
""",
    )


def reset_letter(settings: IdentitySettings, origin: str, email: str, token: str) -> Mail:
    """Return what somebody gets who has forgotten a password."""
    return Mail(
        email,
        f"Set a new password for {settings.product}",
        f"""\
Somebody, probably you, wants to set a new password for your account at {settings.product}:

{origin}{RESET_PATH}#token={token}

The link is good once, for {_span(settings.reset_link_us)}. A new password ends all your sessions;
your second factor stays as it is.

If it was not you, do nothing: nothing has changed.
""",
    )


def _span(span_us: int) -> str:
    hours, minutes = span_us // HOUR_US, span_us // MINUTE_US
    if hours > 0:
        return "one hour" if hours == 1 else f"{hours} hours"
    return "one minute" if minutes == 1 else f"{minutes} minutes"
