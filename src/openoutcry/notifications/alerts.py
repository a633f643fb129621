"""Price alerts against trades, in the order of the journal: replayed, the same ones fire."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sortedcontainers import SortedKeyList

from openoutcry.notifications.digests import Digest, PriceNote
from openoutcry.ports.notifications import AlertMark, Direction, PriceAlert

REPEAT_US_MIN = 300_000_000
"""An alert that repeats keeps quiet for five minutes of the market's time."""


@dataclass(frozen=True, slots=True)
class Firing:
    """A trade that has reached an alert."""

    alert: PriceAlert
    place: int
    price_ticks: int


class _Ladder:
    """The alerts of one market and direction; the next one that a price reaches comes first."""

    def __init__(self, direction: Direction) -> None:
        self._sign = 1 if direction is Direction.ABOVE else -1
        self._armed: SortedKeyList[PriceAlert, tuple[int, str]] = SortedKeyList(key=self._key)
        self._waiting: SortedKeyList[PriceAlert, tuple[int, str]] = SortedKeyList(key=self._key)

    def _key(self, alert: PriceAlert) -> tuple[int, str]:
        return (self._sign * alert.price_ticks, alert.alert_id)

    def __len__(self) -> int:
        return len(self._armed) + len(self._waiting)

    def add(self, alert: PriceAlert) -> None:
        (self._armed if alert.armed else self._waiting).add(alert)

    def remove(self, alert: PriceAlert) -> None:
        (self._armed if alert.armed else self._waiting).remove(alert)

    def reached(self, price_ticks: int) -> list[PriceAlert]:
        """Return the armed alerts that this price has reached, nearest first."""
        end = self._armed.bisect_key_right((self._sign * price_ticks, "\U0010ffff"))
        return list(self._armed[:end])

    def left(self, price_ticks: int) -> list[PriceAlert]:
        """Return the waiting alerts that this price is on the other side of."""
        begin = self._waiting.bisect_key_right((self._sign * price_ticks, "\U0010ffff"))
        return list(self._waiting[begin:])


class AlertBook:
    """Everybody's alerts that can still fire. It changes nothing but itself: marks are returned."""

    def __init__(self) -> None:
        self._alerts: dict[str, PriceAlert] = {}
        self._ladders: dict[tuple[int, Direction], _Ladder] = {}
        self.watched: frozenset[int] = frozenset()
        """The markets with alerts; replaced, never changed, so that any thread may look."""

    def load(self, alerts: Iterable[PriceAlert]) -> None:
        """Begin with what is stored."""
        for alert in alerts:
            self.add(alert)

    def add(self, alert: PriceAlert) -> None:
        """Take in a new alert."""
        self._alerts[alert.alert_id] = alert
        key = (alert.market, alert.direction)
        self._ladders.setdefault(key, _Ladder(alert.direction)).add(alert)
        if alert.market not in self.watched:
            self.watched |= {alert.market}

    def remove(self, alert_id: str) -> None:
        """Forget an alert, if it is there."""
        alert = self._alerts.pop(alert_id, None)
        if alert is None:
            return
        ladder = self._ladders[alert.market, alert.direction]
        ladder.remove(alert)
        if not ladder:
            del self._ladders[alert.market, alert.direction]
            self.watched = frozenset(market for market, _ in self._ladders)

    def alert(self, alert_id: str) -> PriceAlert | None:
        """Return an alert as it stands."""
        return self._alerts.get(alert_id)

    def take(self, digest: Digest) -> tuple[list[Firing], list[AlertMark]]:
        """Take in the trades of a batch; returns what fires, in order, and how alerts changed."""
        firings: list[Firing] = []
        marks: dict[str, AlertMark] = {}
        for note in digest.prices:
            for direction in Direction:
                ladder = self._ladders.get((note.market, direction))
                if ladder is None:
                    continue
                for alert in ladder.reached(note.price_ticks):
                    if digest.seq > alert.after_seq:
                        firings.append(self._fire(alert, note, digest.time_us, marks))
                for alert in ladder.left(note.price_ticks):
                    if _is_rested(alert, digest.time_us):
                        self._change(replace(alert, armed=True), marks)
        return firings, list(marks.values())

    def _fire(
        self, alert: PriceAlert, note: PriceNote, time_us: int, marks: dict[str, AlertMark]
    ) -> Firing:
        self._change(replace(alert, armed=False, fired_us=time_us), marks)
        return Firing(alert, note.place, note.price_ticks)

    def _change(self, alert: PriceAlert, marks: dict[str, AlertMark]) -> None:
        self.remove(alert.alert_id)
        if alert.is_active:
            self.add(alert)
        marks[alert.alert_id] = AlertMark(alert.alert_id, alert.armed, alert.fired_us)


def _is_rested(alert: PriceAlert, time_us: int) -> bool:
    return alert.fired_us is None or time_us - alert.fired_us >= REPEAT_US_MIN
