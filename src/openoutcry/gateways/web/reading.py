"""Reading what a request of `/x/v1` says: strict JSON, strict queries.

There is one reading of a request or none: a name sent twice, an unknown field, a number that is no
JSON, bytes that are no UTF-8 are refused, never guessed.
"""

import json
import re
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

import msgspec

from openoutcry.gateways.web.api import FieldError, Problem, ProblemType

BODY_BYTES_MAX = 64 * 1024
DEPTH_MAX = 16
QUERY_FIELDS_MAX = 32

BAD_JSON = ProblemType("BAD_JSON", 400, "The body is no proper JSON")
INVALID_FIELDS = ProblemType("INVALID_FIELDS", 400, "The request has fields that will not do")
UNKNOWN_FIELD = ProblemType("UNKNOWN_FIELD", 400, "The request has a field that nobody knows")
BODY_TOO_LARGE = ProblemType("BODY_TOO_LARGE", 413, "The body is too large")
NOT_JSON = ProblemType("NOT_JSON", 415, "The body has to be sent as application/json")

_brackets = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL).finditer
_unknown = re.compile(r"unknown field `([^`]*)`").search
_at = re.compile(r" - at `(?:key in )?\$?\.?([^`]*)`$").search
_is_json = re.compile(
    r'application/json[ \t]*(;[ \t]*charset=("?)utf-8\2)?[ \t]*', re.IGNORECASE
).fullmatch
_is_query = re.compile(r"[\x21-\x7e]*").fullmatch
_is_escaped = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*").fullmatch


@lru_cache(maxsize=256)
def _decoder(kind: type[msgspec.Struct]) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind)


def body(kind: type[msgspec.Struct], content: bytes, media: str | None) -> Any:
    """Read a JSON body as this type; raises Problem."""
    if media is None or _is_json(media) is None:
        raise NOT_JSON.problem("Send Content-Type: application/json.")
    if len(content) > BODY_BYTES_MAX:
        raise BODY_TOO_LARGE.problem(f"{BODY_BYTES_MAX} bytes are the most.")
    _check_json(content)
    try:
        return _decoder(kind).decode(content)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None
    except (msgspec.DecodeError, RecursionError):
        raise BAD_JSON.problem() from None


def _check_json(content: bytes) -> None:
    """Refuse JSON that parsers read differently: twice the same name, NaN, too deep, not UTF-8."""
    depth = 0
    for token in _brackets(content):
        letter = token[0]
        if letter in b"[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise BAD_JSON.problem(f"It is nested deeper than {DEPTH_MAX} levels.")
        elif letter in b"]}":
            depth -= 1
    try:
        json.loads(
            content.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_constant
        )
    except ValueError:
        raise BAD_JSON.problem() from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BAD_JSON.problem("A name is there twice in one object.")
    return found


def _no_constant(name: str) -> NoReturn:
    raise BAD_JSON.problem(f"{name} is no number of JSON.")


def query(kind: type[msgspec.Struct] | None, text: str) -> Any:
    """Read a query as this type; raises Problem."""
    sent = _pairs(text)
    if kind is None:
        if sent:
            name = next(iter(sent))
            raise UNKNOWN_FIELD.problem("Nobody knows this parameter.", field=name)
        return None
    try:
        return msgspec.convert(sent, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None


def _pairs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    if not text:
        return found
    if _is_query(text) is None or _is_escaped(text) is None:
        raise INVALID_FIELDS.problem("The query is not percent-encoded UTF-8.")
    parts = text.split("&")
    if len(parts) > QUERY_FIELDS_MAX:
        raise INVALID_FIELDS.problem(f"{QUERY_FIELDS_MAX} parameters are the most.")
    for part in parts:
        name, _, value = part.partition("=")
        name, value = _decoded(name), _decoded(value)
        if name in found:
            raise INVALID_FIELDS.problem("This parameter was sent twice.", field=name)
        found[name] = value
    return found


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise INVALID_FIELDS.problem("The query is not percent-encoded UTF-8.") from None


def _invalid(error: msgspec.ValidationError) -> Problem:
    """Say which field it was, in the words that msgspec has for it."""
    text = str(error)
    found = _at(text)
    at = "" if found is None else found.group(1)
    words = text if found is None else text[: found.start()]
    unknown = _unknown(words)
    if unknown is not None:
        name = ".".join(part for part in (at, unknown.group(1)) if part)
        errors = (FieldError(name[:100], "Nobody knows this field."),)
        return UNKNOWN_FIELD.problem(errors=errors)
    missing = re.search(r"missing required field `([^`]*)`", words)
    if missing is not None:
        name = ".".join(part for part in (at, missing.group(1)) if part)
        return INVALID_FIELDS.problem(errors=(FieldError(name, "This field is missing."),))
    if at:
        return INVALID_FIELDS.problem(errors=(FieldError(at[:100], words[:300]),))
    return INVALID_FIELDS.problem(words[:300])
