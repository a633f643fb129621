"""What identity refuses, as problems in words for people; and who asks, in identity's terms."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, NamedTuple

import msgspec

from openoutcry.gateways.web.api import Handler, Input, Problem, ProblemType, WebCall
from openoutcry.ports.identity import Caller, Refusal, RefusedError


class Words(NamedTuple):
    """How a refusal is told: its kind, what to do about it, and the field that it is about."""

    kind: ProblemType
    detail: str = ""
    field: str = ""


def _words(refusal: Refusal, status: int, title: str, detail: str = "", field: str = "") -> Words:
    return Words(ProblemType(refusal.value, status, title), detail, field)


_ALL = (
    _words(
        Refusal.BAD_CREDENTIALS,
        401,
        "That did not work",
        "The address and the password do not go together.",
    ),
    _words(
        Refusal.WRONG_CODE,
        422,
        "The code is not right",
        "Each code is good once; wait for the next one.",
        "code",
    ),
    _words(Refusal.WRONG_PASSWORD, 422, "The password is not right", "", "password"),
    _words(
        Refusal.PASSKEY_REFUSED,
        422,
        "The passkey was not accepted",
        "Try again, or use another way.",
    ),
    _words(
        Refusal.PENDING_GONE,
        410,
        "That took too long",
        "Begin once more.",
    ),
    _words(
        Refusal.LINK_GONE,
        410,
        "The link is good no more",
        "It was used, or is too old; ask for another one.",
    ),
    _words(
        Refusal.TOO_MANY_ATTEMPTS,
        429,
        "Too many attempts",
        "Wait a while, then try again.",
    ),
    _words(Refusal.BUSY, 503, "Too many people at once", "Try again in a moment."),
    _words(
        Refusal.EMAIL_FORMAT,
        422,
        "This is no e-mail address",
        "It looks like name@example.org.",
        "email",
    ),
    _words(
        Refusal.EMAIL_UNCHANGED,
        422,
        "It is your address already",
        "Take another one.",
        "email",
    ),
    _words(
        Refusal.PASSWORD_TOO_SHORT,
        422,
        "The password is too short",
        "Take at least 8 characters; a few words make a good one.",
        "password",
    ),
    _words(
        Refusal.PASSWORD_TOO_LONG,
        422,
        "The password is too long",
        "Take at most 128 characters.",
        "password",
    ),
    _words(
        Refusal.PASSWORD_KNOWN,
        422,
        "The password is easy to guess",
        "It is one of those that are tried first, or close to one.",
        "password",
    ),
    _words(
        Refusal.PASSWORD_LIKE_EMAIL,
        422,
        "The password is like the address",
        "Take one that has nothing to do with it.",
        "password",
    ),
    _words(
        Refusal.PASSWORD_UNCHANGED,
        422,
        "It is the same password",
        "Take another one.",
        "password",
    ),
    _words(
        Refusal.FACTOR_NEEDED,
        409,
        "This takes a second factor",
        "Use a code or a passkey; or set one up first.",
    ),
    _words(Refusal.FACTOR_EXISTS, 409, "It is set up already", "Remove it first."),
    _words(Refusal.FACTOR_UNKNOWN, 404, "There is no such factor"),
    _words(
        Refusal.TOO_MANY_PASSKEYS,
        409,
        "There are as many passkeys as one may have",
        "Remove one first.",
    ),
    _words(
        Refusal.NAME_FORMAT,
        422,
        "This is no name for it",
        "Take 1 to 60 characters that can be shown in a line.",
        "name",
    ),
    _words(Refusal.SESSION_UNKNOWN, 404, "There is no such session"),
    _words(
        Refusal.ACCOUNT_AWAY,
        503,
        "The account cannot be opened now",
        "It is yours already: sign in in a moment.",
    ),
)
_WORDS = {Refusal(words.kind.code): words for words in _ALL}
assert _WORDS.keys() == set(Refusal), "every refusal has its words"


def problem_types(*refusals: Refusal) -> tuple[ProblemType, ...]:
    """Return the problems that a route declares."""
    return tuple(_WORDS[refusal].kind for refusal in refusals)


def problem_of(error: RefusedError) -> Problem:
    """Return a refusal as it is sent."""
    kind, detail, field = _WORDS[error.refusal]
    seconds = error.retry_after_s
    headers = (("Retry-After", str(seconds)),) if seconds else ()
    return kind.problem(detail, field=field, headers=headers)


def refusing(handler: Callable[[WebCall], Awaitable[Any]]) -> Handler:
    """Return a handler whose refusals are problems."""

    @wraps(handler)
    async def handle(call: WebCall) -> Any:
        try:
            return await handler(call)
        except RefusedError as error:
            raise problem_of(error) from error

    return handle


def caller_of(call: WebCall) -> Caller:
    """Return who asks, in identity's terms."""
    return Caller(call.peer_ip, call.user_agent, call.request_id, call.origin, call.now_us)


Email = Annotated[str, msgspec.Meta(min_length=1, max_length=320, examples=["ann@example.org"])]
Password = Annotated[str, msgspec.Meta(max_length=4_096)]
"""Longer ones than are taken may be sent, to be told so."""
Token = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Code = Annotated[str, msgspec.Meta(max_length=64, examples=["123456"])]
_Base64url = Annotated[str, msgspec.Meta(max_length=32_768)]


class PasskeyResponse(
    Input,
    frozen=True,
    rename={
        "client_data_json": "clientDataJSON",
        "attestation_object": "attestationObject",
        "authenticator_data": "authenticatorData",
        "user_handle": "userHandle",
        "public_key": "publicKey",
        "public_key_algorithm": "publicKeyAlgorithm",
    },
):
    """The `response` of a `PublicKeyCredential`, of either ceremony."""

    client_data_json: _Base64url
    attestation_object: _Base64url = ""
    authenticator_data: _Base64url = ""
    signature: _Base64url = ""
    user_handle: _Base64url | None = None
    transports: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=32)], ...], msgspec.Meta(max_length=16)
    ] = ()
    public_key: _Base64url | None = None
    public_key_algorithm: int = 0


class PasskeyCredential(
    Input,
    frozen=True,
    rename={
        "raw_id": "rawId",
        "authenticator_attachment": "authenticatorAttachment",
        "client_extension_results": "clientExtensionResults",
    },
):
    """What `PublicKeyCredential.toJSON()` gives."""

    id: _Base64url
    raw_id: _Base64url
    type: Annotated[str, msgspec.Meta(max_length=32)]
    response: PasskeyResponse
    authenticator_attachment: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    client_extension_results: dict[str, Any] = msgspec.field(default_factory=dict)

    def answer(self) -> dict[str, Any]:
        """Return it as identity reads it."""
        answer: dict[str, Any] = msgspec.to_builtins(self)
        return answer
