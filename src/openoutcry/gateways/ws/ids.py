"""The ids that requests may carry: a 64-bit integer, a short string or null."""

RequestId = int | str | None
STRING_CHARACTERS_MAX = 36
_INT64 = 1 << 63


def is_request_id(value: object) -> bool:
    """Return whether a decoded JSON value may be an id, and so comes back as it was sent."""
    if value is None:
        return True
    if isinstance(value, str):
        return len(value) <= STRING_CHARACTERS_MAX
    return isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64
