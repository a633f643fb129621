"""Batches, hashes, duplicates and snapshots of the reference."""

import random
import struct

import pytest
from tests.support.reference_scene import (
    ALICE,
    BOB,
    CASH,
    MARKET,
    RICH,
    START_US,
    Scene,
    reasons,
    reports,
    unpacked,
)

from openoutcry.core.enums import Reason
from openoutcry.core.records import (
    CancelOrder,
    Deposit,
    DuplicateEvent,
    LinkAck,
    RefusedEvent,
    Tick,
)
from openoutcry.reference import Reference
from openoutcry.reference.hashing import (
    LANES_START,
    MULTIPLIER,
    WORDS_START,
    absorb,
    digest,
    lanes_of,
    words_of,
)


def test_j13_the_hash_is_word_by_word_as_written() -> None:
    data = bytes(range(80))
    padded = data + bytes(48) + struct.pack("<8Q", len(data), 7, 0, 0, 0, 0, 0, 0)
    words = list(struct.unpack("<16I", struct.pack("<8Q", *WORDS_START)))
    for at in range(0, len(padded), 64):
        taken = struct.unpack_from("<16I", padded, at)
        for lane in range(0, 16, 4):
            mixed = struct.pack("<4I", *(words[lane + i] ^ taken[lane + i] for i in range(4)))
            turned = struct.unpack("<4I", mixed[11:] + mixed[:11])
            words[lane : lane + 4] = [word * MULTIPLIER & 0xFFFFFFFF for word in turned]
    assert words_of(absorb(LANES_START, data, 7)) == struct.unpack(
        "<8Q", struct.pack("<16I", *words)
    )
    assert lanes_of(words_of(LANES_START)) == LANES_START
    assert len(digest(LANES_START)) == 16


def test_an_empty_batch_moves_the_hash() -> None:
    reference = Reference()
    before = reference.events_hash()
    assert reference.apply(b"", 1) == b""
    assert reference.events_hash() != before


@pytest.mark.parametrize(
    "batch",
    [b"\0", b"\x30\0", Tick().pack()[:-1], Tick(size=40).pack(), Tick(size=49).pack() + b"\0"],
)
def test_a_malformed_batch_changes_nothing(batch: bytes) -> None:
    reference = Reference()
    snapshot = reference.snapshot()
    with pytest.raises(ValueError):
        reference.apply(Tick(time_us=5).pack() + batch, 1)
    with pytest.raises(ValueError):
        reference.apply(b"", 2)
    assert reference.snapshot() == snapshot


def test_unknown_forms_are_refused_and_skipped_commands_leave_no_trace() -> None:
    reference = Reference()
    batch = b"".join(
        command.pack()
        for command in (
            Tick(kind=99),
            Tick(version=2),
            Deposit(kind=Tick.KIND),
            LinkAck(),
            Tick(time_us=5),
            Tick(time_us=4),
        )
    )
    found = [
        event for event in unpacked(reference.apply(batch, 1)) if isinstance(event, RefusedEvent)
    ]
    assert [event.reason for event in found] == [Reason.UNKNOWN_COMMAND] * 4 + [
        Reason.TIME_WENT_BACK
    ]
    assert [event.command for event in found] == [0, 1, 2, 3, 5]
    other = Reference()
    assert other.apply(batch, 1, skip={0, 1, 2, 3, 5}) == b""
    assert other.time_us() == 5


def test_k02_a_request_sent_again_gets_its_first_answer_until_its_deadline() -> None:
    scene = Scene()
    deadline = scene.time_us + 50_000
    deposit = Deposit(
        account_id=ALICE,
        asset=CASH,
        amount_atoms=5,
        digest_lo=1,
        deadline_us=deadline,
        time_us=deadline - 10,
    )
    scene.do(deposit)
    (again,) = scene.do(deposit)
    assert isinstance(again, DuplicateEvent)
    assert scene.balance(ALICE, CASH) == (RICH + 5, 0)
    assert reasons(scene.do(deposit._replace(time_us=deadline + 1))) == [Reason.DEADLINE_PASSED]
    later = deposit._replace(time_us=deadline + 2, deadline_us=deadline + 9)
    assert reasons(scene.do(later)) == []


def test_k02_a_refusal_is_remembered_too_and_a_changed_order_is_not_asked_again() -> None:
    scene = Scene()
    request = {"digest_hi": 9, "deadline_us": START_US + 60_000_000}
    order = reports(scene.buy(ALICE, 1, 10, **request), ALICE)[0]
    (again,) = scene.buy(ALICE, 1, 10, **request)
    assert isinstance(again, DuplicateEvent)
    assert (again.order_id, again.reason) == (order.order_id, 0)
    cancel = CancelOrder(
        account_id=BOB, market=MARKET, order_id=5, digest_lo=3, deadline_us=START_US + 60_000_000
    )
    assert reasons(scene.do(cancel)) == [Reason.UNKNOWN_ORDER]
    (refused,) = scene.do(cancel)
    assert isinstance(refused, DuplicateEvent)
    assert refused.reason == Reason.UNKNOWN_ORDER


def _lively_scene() -> Scene:
    scene, rng = Scene(groups=(1, 0, 1)), random.Random(3)
    for step in range(120):
        place = scene.buy if rng.random() < 0.5 else scene.sell
        request = {"digest_lo": step + 1, "deadline_us": scene.time_us + 90_000_000}
        fields = {"iceberg_lots": 2} if rng.random() < 0.2 else {}
        if rng.random() < 0.2:
            fields = {"order_type": 5, "trailing_bips": rng.randrange(1, 500)}
        place(
            rng.choice((ALICE, BOB)),
            rng.randrange(2, 9),
            rng.randrange(95, 106),
            stp_mode=rng.randrange(6),
            **request,
            **fields,
        )
    return scene


def test_j02_a_restored_reference_goes_on_as_if_nothing_had_been() -> None:
    scene = _lively_scene()
    restored = Reference.restore(scene.reference.snapshot())
    assert restored.snapshot() == scene.reference.snapshot()
    assert restored.state_hash() == scene.reference.state_hash()
    batch = Tick(time_us=scene.time_us + 200_000_000).pack()
    seq = scene.reference.seq() + 1
    assert restored.apply(batch, seq) == scene.reference.apply(batch, seq)
    assert restored.events_hash() == scene.reference.events_hash()
    assert restored.snapshot() == scene.reference.snapshot()


def test_j12_damage_that_does_not_add_up_is_refused() -> None:
    data = _lively_scene().reference.snapshot()
    with pytest.raises(ValueError):
        Reference.restore(b"")
    for length in (7, 100, len(data) - 8):
        with pytest.raises(ValueError):
            Reference.restore(data[:length])
    with pytest.raises(ValueError):
        Reference.restore(data + data[:96])
    with pytest.raises(ValueError):
        Reference.restore(b"\0" + data)
