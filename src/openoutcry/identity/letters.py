"""The letters that identity sends. Plain text; a link is the only thing in them that is secret.

The token is in the fragment of the link, which a browser sends to no server and to no next page.
"""

from openoutcry.identity.settings import HOUR_US, MINUTE_US, IdentitySettings
from openoutcry.ports.mail import Mail

CONFIRM_PATH = "/confirm"
RESET_PATH = "/reset"
EMAIL_PATH = "/email"
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


def new_address_letter(settings: IdentitySettings, origin: str, email: str, token: str) -> Mail:
    """Return what goes to the address that somebody wants to have from now on."""
    return Mail(
        email,
        f"Your new address for {settings.product}",
        f"""\
Somebody, probably you, wants this to be the address of their account at {settings.product}.

Open this link where you are signed in:

{origin}{EMAIL_PATH}#token={token}

The link is good once, for {_span(settings.email_link_us)}, and for nobody but whoever asked for it.

If it was not you, do nothing: nothing has changed.
""",
    )


def address_known_letter(settings: IdentitySettings, origin: str, email: str) -> Mail:
    """Return what somebody gets when another person wants their address."""
    return Mail(
        email,
        f"Your address at {settings.product}",
        f"""\
Somebody, perhaps you, wants this to be the address of another account at {settings.product}.
It has an account already, so nothing has changed:

{origin}{SIGN_IN_PATH}

If it was not you, do nothing.
""",
    )


def address_asked_letter(settings: IdentitySettings, email: str, wanted: str) -> Mail:
    """Return what the present address is told when another one is asked for."""
    return Mail(
        email,
        f"Another address for {settings.product}",
        f"""\
Whoever is signed in to your account at {settings.product} wants its address to be another one:

{wanted}

It changes when the link that we have sent there is opened. Until then this is your address.

If it was not you, set a new password now: that ends all sessions, and nobody can use the link.
""",
    )


def address_changed_letter(settings: IdentitySettings, email: str, now: str) -> Mail:
    """Return what an address is told that is an account's no more."""
    return Mail(
        email,
        f"Your address for {settings.product} has changed",
        f"""\
The address of your account at {settings.product} is another one from now on:

{now}

Nothing about the account comes here any more. Withdrawals wait for a while.

If it was not you, tell whoever runs the exchange at once: they can lock the account.
""",
    )


def _span(span_us: int) -> str:
    hours, minutes = span_us // HOUR_US, span_us // MINUTE_US
    if hours > 0:
        return "one hour" if hours == 1 else f"{hours} hours"
    return "one minute" if minutes == 1 else f"{minutes} minutes"
