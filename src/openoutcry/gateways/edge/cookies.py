"""The one cookie: the secret of a session."""

import re

SESSION_COOKIE = "__Host-s"
"""The prefix makes browsers take it only from this very host, by TLS or from this machine."""

_is_token = re.compile(r"[A-Za-z0-9_.~+/=-]{1,256}").fullmatch
_parts = re.compile("[;,]").split


def session_token(cookies: str | None) -> str:
    """Return the secret in the session cookie; a cookie that is there twice is none."""
    if cookies is None:
        return ""
    found = ""
    for part in _parts(cookies):
        name, _, value = part.strip().partition("=")
        if name == SESSION_COOKIE:
            if found or _is_token(value) is None:
                return ""
            found = value
    return found
