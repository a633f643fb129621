"""What an owner still knows of its entities' events, and what it admits to have forgotten."""

from tests.support.kernel_batches import random_batches

from openoutcry.partition.recent import RecentEvents


def test_events_after_are_whole_or_refused() -> None:
    """V02: an answer never has a gap."""
    recent, said = RecentEvents(events_max=500), {}
    for _, batch in random_batches(3, 300):
        recent.take(batch)
        for event in batch.events:
            said.setdefault(event.entity, []).append(event)
    answered = refused = 0
    for entity, events in said.items():
        for at in range(0, len(events), 7):
            after = recent.after(entity, events[at].entity_seq)
            if after is None:
                refused += 1
            else:
                answered += 1
                assert list(after) == events[at + 1 :]
        assert recent.after(entity, events[-1].entity_seq) == []
    assert answered > 20
    assert refused > 20


def test_nothing_is_said_of_an_entity_that_was_silent() -> None:
    assert RecentEvents().after(0x01000001, 5) is None
