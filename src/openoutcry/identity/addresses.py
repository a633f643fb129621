"""Addresses that mail can be sent to, and when two of them are the same."""

import re

from openoutcry.ports.people import EmailFormatError

EMAIL_CHARACTERS_MAX = 254
_LOCAL_CHARACTERS_MAX = 64
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_is_email = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+").fullmatch


def check_email(text: str) -> str:
    """Return an address as it was written, without the blanks around it; raises EmailFormatError.

    Quoted local parts, address literals and letters beyond ASCII are refused: too many servers on
    the way do not take them.
    """
    email = text.strip(" ")
    local, _, _ = email.partition("@")
    if len(email) > EMAIL_CHARACTERS_MAX or len(local) > _LOCAL_CHARACTERS_MAX:
        raise EmailFormatError("an address is not that long")
    if _is_email(email) is None:
        raise EmailFormatError("not an address like name@example.org")
    return email


def key_of_email(email: str) -> str:
    """Return what is the same for addresses that are taken for one: the case of letters is not."""
    return email.lower()
