"""Price alerts against a plain walk over all trades: the same ones fire, at the same trades."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from openoutcry.notifications.alerts import REPEAT_US_MIN, AlertBook
from openoutcry.notifications.digests import Digest, PriceNote
from openoutcry.ports.notifications import AlertMark, Direction, PriceAlert

ALERTS = st.lists(
    st.builds(
        PriceAlert,
        st.uuids().map(str),
        st.just(1_000_000),
        st.integers(1, 2),
        st.sampled_from(Direction),
        st.integers(1, 9),
        st.booleans(),
        st.integers(0, 10),
        st.just(0),
    ),
    max_size=12,
    unique_by=lambda alert: alert.alert_id,
)
BATCHES = st.lists(
    st.tuples(
        st.sampled_from([1, REPEAT_US_MIN // 2, REPEAT_US_MIN]),
        st.lists(st.tuples(st.integers(1, 2), st.integers(1, 9)), max_size=5),
    ),
    max_size=20,
)


def digests(batches: list[tuple[int, list[tuple[int, int]]]]) -> list[Digest]:
    found, time_us = [], 0
    for seq, (passed_us, trades) in enumerate(batches, start=1):
        time_us += passed_us
        prices = [PriceNote(place, *trade) for place, trade in enumerate(trades)]
        found.append(Digest(seq, time_us, prices=prices))
    return found


def reaches(alert: PriceAlert, price: int) -> bool:
    if alert.direction is Direction.ABOVE:
        return price >= alert.price_ticks
    return price <= alert.price_ticks


def walk(alert: PriceAlert, batches: list[Digest]) -> tuple[list[tuple[int, int]], PriceAlert]:
    """Return the (seq, place) at which one alert fires, and how it ends."""
    fired = []
    for digest in batches:
        for note in digest.prices:
            if note.market != alert.market or not alert.is_active:
                continue
            if reaches(alert, note.price_ticks):
                if alert.armed and digest.seq > alert.after_seq:
                    fired.append((digest.seq, note.place))
                    alert = replace(alert, armed=False, fired_us=digest.time_us)
            elif not alert.armed and alert.fired_us is not None:
                rested = digest.time_us - alert.fired_us >= REPEAT_US_MIN
                alert = replace(alert, armed=rested)
    return fired, alert


@given(ALERTS, BATCHES)
def test_the_book_fires_what_a_plain_walk_fires(
    alerts: list[PriceAlert], batches: list[tuple[int, list[tuple[int, int]]]]
) -> None:
    book = AlertBook()
    book.load(alerts)
    fired: dict[str, list[tuple[int, int]]] = {alert.alert_id: [] for alert in alerts}
    marks: dict[str, AlertMark] = {}
    for digest in digests(batches):
        firings, changed = book.take(digest)
        for firing in firings:
            fired[firing.alert.alert_id].append((digest.seq, firing.place))
        marks.update({mark.alert_id: mark for mark in changed})
    for alert in alerts:
        expected, end = walk(alert, digests(batches))
        assert fired[alert.alert_id] == expected
        mark = marks.get(alert.alert_id, AlertMark(alert.alert_id, alert.armed, alert.fired_us))
        assert (mark.armed, mark.fired_us) == (end.armed, end.fired_us)
        assert (book.alert(alert.alert_id) is not None) == end.is_active


@given(ALERTS)
def test_a_book_that_forgets_everything_watches_nothing(alerts: list[PriceAlert]) -> None:
    book = AlertBook()
    book.load(alerts)
    assert book.watched == {alert.market for alert in alerts}
    for alert in alerts:
        book.remove(alert.alert_id)
        book.remove(alert.alert_id)
    assert book.watched == frozenset()
