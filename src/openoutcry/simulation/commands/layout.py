"""Where the fields of a record lie in its bytes."""

from typing import NamedTuple

from openoutcry.core.records import Command, Event


class Place(NamedTuple):
    """A field: its name, NumPy's kind letter, where it starts and how long it is."""

    name: str
    code: str
    at: int
    width: int


def places(layout: type[Command] | type[Event]) -> list[Place]:
    """Return the fields of a record in order, padding too."""
    fields = layout.DTYPE.fields
    assert fields is not None, "a record has fields"
    return [Place(name, f[0].kind, f[1], f[0].itemsize) for name, f in fields.items()]


def offset_of(layout: type[Command] | type[Event], name: str) -> int:
    """Return where a field starts."""
    return next(place.at for place in places(layout) if place.name == name)
