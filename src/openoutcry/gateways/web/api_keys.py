"""API keys of whoever has signed in: made, listed and revoked."""

from typing import Annotated

import msgspec

from openoutcry.gateways.web.api import Access, Input, Output, ProblemType, Route, WebCall
from openoutcry.gateways.web.server import NOT_FOUND, SIGN_IN_FIRST
from openoutcry.ports.personal_keys import (
    KEYS_MAX,
    LABEL_CHARACTERS_MAX,
    LIFETIME_DAYS,
    LIFETIME_DAYS_MAX,
    NETWORKS_MAX,
    PUBLIC_KEY_CHARACTERS_MAX,
    SYMBOLS_MAX,
    KeyRefusedError,
    KeysAwayError,
    OwnerLockedError,
    PersonalKeys,
    TooManyKeysError,
    WantedKey,
)
from openoutcry.ports.users import ApiKey, KeyType

KEY_REFUSED = ProblemType("KEY_REFUSED", 422, "No key is made of this")
TOO_MANY_KEYS = ProblemType("TOO_MANY_KEYS", 409, "There are as many keys as one may have")
KEYS_AWAY = ProblemType("KEYS_AWAY", 503, "Keys cannot be changed now")

_TEXT_CHARACTERS_MAX = 50
_Network = Annotated[str, msgspec.Meta(max_length=_TEXT_CHARACTERS_MAX, examples=["203.0.113.7"])]
_Symbol = Annotated[str, msgspec.Meta(max_length=_TEXT_CHARACTERS_MAX, examples=["BTCUSD"])]


class NewApiKey(Input, frozen=True):
    """What a new key is to be. What it may do cannot be changed later."""

    label: Annotated[str, msgspec.Meta(min_length=1, max_length=LABEL_CHARACTERS_MAX)]
    key_type: KeyType = KeyType.HMAC
    public_key: Annotated[str, msgspec.Meta(max_length=PUBLIC_KEY_CHARACTERS_MAX)] = ""
    """PEM of the public half, for ED25519 and RSA; the private half stays with its owner."""
    may_read: bool = True
    may_trade: bool = False
    may_withdraw: bool = False
    allowed_ips: Annotated[tuple[_Network, ...], msgspec.Meta(max_length=NETWORKS_MAX)] = ()
    allowed_symbols: Annotated[tuple[_Symbol, ...], msgspec.Meta(max_length=SYMBOLS_MAX)] = ()
    lifetime_days: Annotated[int, msgspec.Meta(ge=0, le=LIFETIME_DAYS_MAX)] = LIFETIME_DAYS
    """0 is without end."""


class ApiKeyView(Output, frozen=True):
    """A key, without its secret."""

    api_key: str
    label: str
    key_type: KeyType
    public_key: str
    """PEM; empty for HMAC."""
    may_read: bool
    may_trade: bool
    may_withdraw: bool
    allowed_ips: tuple[str, ...]
    """Empty: from everywhere."""
    allowed_symbols: tuple[str, ...]
    """Empty: in every market."""
    created_us: int
    expires_us: int
    """0: never."""
    has_expired: bool


class ApiKeyList(Output, frozen=True):
    """All keys of somebody."""

    keys: tuple[ApiKeyView, ...]
    keys_max: int


class MadeApiKey(Output, frozen=True):
    """A new key. The secret of an HMAC key is shown this once."""

    key: ApiKeyView
    secret: str


def routes(keys: PersonalKeys) -> tuple[Route, ...]:
    """Return the routes of people's own keys."""

    async def show(call: WebCall) -> ApiKeyList:
        found = keys.keys_of(call.person)
        return ApiKeyList(keys=tuple(_view(key, call.now_us) for key in found), keys_max=KEYS_MAX)

    async def make(call: WebCall) -> MadeApiKey:
        asked = call.read(NewApiKey)
        wanted = WantedKey(**{name: getattr(asked, name) for name in asked.__struct_fields__})
        try:
            made = await keys.make(call.person, wanted, call.request_id)
        except KeyRefusedError as error:
            raise KEY_REFUSED.problem(f"{error}.", field=error.field_name) from error
        except TooManyKeysError as error:
            raise TOO_MANY_KEYS.problem(f"{KEYS_MAX}: revoke one first.") from error
        except OwnerLockedError as error:
            raise SIGN_IN_FIRST.problem("Your sessions have ended.") from error
        except KeysAwayError as error:
            raise KEYS_AWAY.problem("Look at the list before you repeat it.") from error
        return MadeApiKey(key=_view(made.key, call.now_us), secret=made.secret)

    async def revoke(call: WebCall) -> None:
        try:
            is_revoked = await keys.revoke(call.person, call.path["api_key"], call.request_id)
        except KeysAwayError as error:
            raise KEYS_AWAY.problem("Look at the list before you repeat it.") from error
        if not is_revoked:
            raise NOT_FOUND.problem("You have no such key.")

    return (
        Route(
            method="GET",
            path="/me/api-keys",
            handler=show,
            access=Access.SESSION,
            summary="List your API keys",
            tags=("keys",),
            answer=ApiKeyList,
        ),
        Route(
            method="POST",
            path="/me/api-keys",
            handler=make,
            access=Access.STEPPED_UP,
            summary="Make an API key",
            description=(
                "The secret of an HMAC key is in the answer and nowhere else afterwards. ED25519 "
                "and RSA keys are made where they are used; only their public half comes here."
            ),
            tags=("keys",),
            body=NewApiKey,
            answer=MadeApiKey,
            problems=(KEY_REFUSED, TOO_MANY_KEYS, KEYS_AWAY),
            status=201,
        ),
        Route(
            method="DELETE",
            path="/me/api-keys/{api_key}",
            handler=revoke,
            access=Access.SESSION,
            summary="Revoke an API key",
            description=(
                "It is refused at once, and what it has open ends within a second. Whoever fears "
                "for a key is not held up by being asked once more who they are."
            ),
            tags=("keys",),
            problems=(KEYS_AWAY, NOT_FOUND),
        ),
    )


def _view(key: ApiKey, now_us: int) -> ApiKeyView:
    is_public = key.key_type is not KeyType.HMAC
    return ApiKeyView(
        api_key=key.api_key,
        label=key.label,
        key_type=key.key_type,
        public_key=key.material.decode() if is_public else "",
        may_read=key.may_read,
        may_trade=key.may_trade,
        may_withdraw=key.may_withdraw,
        allowed_ips=key.allowed_ips,
        allowed_symbols=key.allowed_symbols,
        created_us=key.created_us,
        expires_us=key.expires_us,
        has_expired=key.has_expired(now_us),
    )
