"""Frames of calls: whatever the bytes, nothing but the protocol's own error. Covers J03's wire."""

from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.adapters.tcp import frames
from openoutcry.adapters.tcp.frames import Code, FrameReader, Kind, ProtocolError, VersionError
from openoutcry.core.records import EVENTS, ROWS, NewOrder
from openoutcry.ports.links import LinkPosition
from openoutcry.ports.market_data import WholeBook

BODY_MAX = 4096
U2, U4, U8 = st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
I8 = st.integers(-(2**63), 2**63 - 1)
HELLOS = st.builds(
    frames.Hello,
    version=st.integers(0, 2**16 - 1),
    version_min=st.integers(0, 2**16 - 1),
    role=st.integers(0, 255),
    credits=U4,
    owned=st.lists(st.builds(frames.Owned, U4, U8), max_size=5).map(tuple),
)
FRAMES = st.lists(
    st.tuples(st.sampled_from([*map(int, Kind)]), U8, st.binary(max_size=BODY_MAX)), max_size=8
)
EVENT_BYTES = st.lists(st.sampled_from([kind().pack() for kind in EVENTS.values()])).map(b"".join)
ROW_BYTES = st.lists(st.sampled_from([kind().pack() for kind in ROWS.values()])).map(b"".join)
READERS: dict[str, Callable[[bytes], object]] = {
    "hello": frames.read_hello,
    "credit": frames.read_credit,
    "error": frames.read_error,
    "ping": frames.is_asking,
    "submit": frames.read_submit,
    "read": frames.read_read,
    "links": frames.read_links,
    "sources": frames.read_sources,
    "events_after": frames.read_events_after,
    "reply": frames.read_reply,
    "rows": frames.read_rows,
    "numbers": lambda body: frames.read_numbers(body, 2),
    "positions": frames.read_positions,
    "events": frames.read_events,
    "book": frames.read_book,
}


def body_of(data: bytes) -> bytes:
    [(_, _, body)] = FrameReader(1 << 24).feed(data)
    return body


@given(FRAMES, st.lists(st.integers(0, 1 << 16)))
def test_frames_come_whole_however_they_are_cut(
    sent: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    data = b"".join(frames.frame(*one) for one in sent)
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    reader = FrameReader(BODY_MAX)
    assert [one for a, b in pairwise(edges) for one in reader.feed(data[a:b])] == sent


@given(st.lists(st.binary(max_size=64), max_size=20))
def test_any_bytes_are_frames_or_a_protocol_error(pieces: list[bytes]) -> None:
    reader = FrameReader(48)
    try:
        for piece in pieces:
            for kind, _, body in reader.feed(piece):
                assert kind in tuple(Kind)
                assert len(body) <= 48
    except ProtocolError:
        pass


def test_a_frame_beyond_the_bound_is_refused_by_its_head() -> None:
    head = frames.HEADER.pack(BODY_MAX + 1, Kind.SUBMIT, 1)
    with pytest.raises(ProtocolError):
        FrameReader(BODY_MAX).feed(head)
    assert FrameReader(BODY_MAX + 1).feed(head) == []


@pytest.mark.parametrize("kind", [0, max(Kind) + 1, 255])
def test_an_unknown_kind_is_refused(kind: int) -> None:
    with pytest.raises(ProtocolError):
        FrameReader(BODY_MAX).feed(frames.HEADER.pack(0, kind, 1))


@pytest.mark.parametrize("name", READERS)
@given(body=st.one_of(st.binary(max_size=200), EVENT_BYTES, ROW_BYTES))
def test_any_body_is_understood_or_a_protocol_error(name: str, body: bytes) -> None:
    with suppress(ProtocolError):
        READERS[name](body)


@pytest.mark.parametrize("name", ["reply", "events", "rows"])
@given(
    records=st.one_of(EVENT_BYTES, ROW_BYTES),
    at=st.integers(0, 1 << 16),
    byte=st.integers(0, 255),
    end=st.integers(0, 1 << 16),
)
def test_damaged_records_are_a_protocol_error(
    name: str, records: bytes, at: int, byte: int, end: int
) -> None:
    body = bytearray(bytes(24) + records)
    body[at % len(body)] = byte
    with suppress(ProtocolError):
        READERS[name](bytes(body[: end % (len(body) + 1)]))


@given(HELLOS)
def test_greetings_come_back(value: frames.Hello) -> None:
    assert frames.read_hello(body_of(frames.hello(value))) == value


@given(st.sampled_from(list(Code)), st.text(max_size=2000))
def test_errors_come_back_cut_to_size(code: Code, text: str) -> None:
    data = frames.error(3, code, text)
    found, said = frames.read_error(body_of(data))
    assert found == code
    if len(text.encode(errors="replace")) <= frames.ERROR_TEXT_BYTES_MAX:
        assert said == text.encode(errors="replace").decode()


@given(st.lists(st.builds(LinkPosition, U4, U4, U8), max_size=9), U8, U8)
def test_positions_come_back(found: list[LinkPosition], channel: int, epoch: int) -> None:
    data = frames.positions(channel, epoch, tuple(found))
    assert frames.read_positions(body_of(data)) == (epoch, found)


@given(U4, st.lists(U4, max_size=9).map(tuple))
def test_sources_come_back(partition: int, sources: tuple[int, ...]) -> None:
    assert frames.read_sources(frames.sources_body(partition, sources)) == (partition, sources)


@given(U4, U4, U8)
def test_questions_for_events_come_back(partition: int, entity: int, seq: int) -> None:
    body = frames.events_after_body(partition, entity, seq)
    assert frames.read_events_after(body) == (partition, entity, seq)


@given(st.builds(frames.Read, U4, st.integers(0, 255), U2, U8, I8, st.binary(max_size=36)))
def test_reads_come_back(read: frames.Read) -> None:
    assert frames.read_read(frames.read_body(read)) == read


@given(U8, U8, I8, EVENT_BYTES)
def test_replies_come_back_to_the_byte(epoch: int, seq: int, time_us: int, data: bytes) -> None:
    answer = frames.read_reply(body_of(frames.reply(1, (epoch, seq, time_us), data)))
    assert answer[:3] == (epoch, seq, time_us)
    assert answer.records == data


LEVELS = st.lists(st.tuples(I8, I8), max_size=5)


@given(
    st.builds(
        WholeBook,
        market=U2,
        symbol=st.text("ABC", max_size=24),
        partition=U4,
        epoch=U8,
        seq=U8,
        entity_seq=U8,
        update_id=I8,
        trade_id=I8,
        time_us=I8,
        bids=LEVELS,
        asks=LEVELS,
    ),
    U8,
)
def test_books_come_back(book: WholeBook, epoch: int) -> None:
    assert frames.read_book(body_of(frames.book(5, epoch, book))) == (epoch, book)
    assert frames.read_book(body_of(frames.book(5, epoch, None))) == (epoch, None)


def test_commands_of_a_wrong_size_are_refused() -> None:
    command = NewOrder().pack()
    target = frames.TARGET.pack(3, 0)
    assert frames.read_submit(target + command) == (3, command)
    for wrong in (command[:-8], command + bytes(8), command * 2, b"", command[:-1]):
        with pytest.raises(ProtocolError):
            frames.read_submit(target + wrong)


@pytest.mark.parametrize(
    ("theirs", "ours", "agreed"),
    [
        ((5, 4), (5, 4), 5),
        ((4, 3), (5, 4), 4),
        ((6, 5), (5, 4), 5),
        ((3, 2), (5, 4), None),
        ((7, 6), (5, 4), None),
    ],
)
def test_a_release_understands_the_one_before_and_the_one_after(
    theirs: tuple[int, int], ours: tuple[int, int], agreed: int | None
) -> None:
    greeting = frames.Hello(*theirs, role=1, credits=0, owned=())
    if agreed is None:
        with pytest.raises(VersionError):
            frames.agree(greeting, *ours)
    else:
        assert frames.agree(greeting, *ours) == agreed
