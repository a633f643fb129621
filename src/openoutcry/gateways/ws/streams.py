"""Market streams: one channel a stream name, however many listen to it.

The hub hears of changes from the market data port once a batch, and from its own clock every
100 ms. An event is computed and framed once a channel (and once more for each other shape that
somebody asked for: combined or raw, milliseconds or microseconds), and the same bytes go to every
subscriber. A channel without subscribers does not exist, so nothing is computed for it.

Fan-out paces itself: after a flush the next one waits as long as the last one took, so that however
many subscribe, orders keep half of the processor. What gathers meanwhile goes out in one write.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

import msgspec

from openoutcry.core.intervals import MINUTE_US, bar_open_us, next_open_us
from openoutcry.gateways.edge.catalog import Catalog, Market
from openoutcry.gateways.ws import payloads
from openoutcry.gateways.ws.connection import Connection, text_frame
from openoutcry.gateways.ws.names import FAST_MS, WINDOW_MINUTES, StreamName, Topic
from openoutcry.ports.feeds import Committed
from openoutcry.ports.market_data import MarketChange, MarketData

_TICK_US = FAST_MS * 1000
_PAUSE_S_MAX = 0.1
_DAY_MINUTES = 1440
_CLOSE_GRACE_US = 2_000_000
"""A bar is closed when a later batch was seen, or after this time without any batch."""
_CLOSED_BARS_MAX = 60


class Subscriber(Protocol):
    """Who listens to a channel, and in which shape."""

    @property
    def connection(self) -> Connection:
        """Where frames go."""
        ...

    @property
    def shape(self) -> tuple[bool, int]:
        """Combined or raw, and microseconds in the unit of its times."""
        ...


class Outlet:
    """The subscribers of a channel that want the same bytes, and the frames that wait for them."""

    __slots__ = ("frames", "subscribers")

    def __init__(self) -> None:
        self.subscribers: dict[Subscriber, None] = {}
        self.frames: list[bytes] = []


class Channel:
    """One stream name with subscribers."""

    __slots__ = (
        "asks",
        "bar_open_us",
        "bids",
        "first_update_id",
        "last_update_id",
        "name",
        "outlets",
        "seen",
        "seen_markets",
        "wrapper",
    )

    def __init__(self, name: StreamName) -> None:
        self.name = name
        self.outlets: dict[tuple[bool, int], Outlet] = {}
        self.wrapper = b'{"stream":' + msgspec.json.encode(name.text) + b',"data":'
        self.seen: object = None
        """What was last sent; None sends again at the next turn."""
        self.seen_markets: dict[int, object] = {}
        self.bar_open_us = 0
        """The bar that was open when klines were last sent."""
        self.first_update_id = 0
        self.last_update_id = 0
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}

    def add(self, subscriber: Subscriber) -> None:
        """Let a subscriber hear this channel in its shape."""
        self.outlets.setdefault(subscriber.shape, Outlet()).subscribers[subscriber] = None
        self.seen = None
        self.seen_markets.clear()

    def remove(self, subscriber: Subscriber, shape: tuple[bool, int]) -> None:
        """Forget a subscriber."""
        outlet = self.outlets.get(shape)
        if outlet is not None:
            outlet.subscribers.pop(subscriber, None)
            if not outlet.subscribers:
                del self.outlets[shape]

    def publish(self, body: Callable[[int], str]) -> None:
        """Frame an event for each shape; `body` makes its JSON for a unit of time."""
        bodies: dict[int, bytes] = {}
        for (combined, unit_us), outlet in self.outlets.items():
            payload = bodies.get(unit_us)
            if payload is None:
                payload = bodies[unit_us] = body(unit_us).encode()
            if combined:
                payload = self.wrapper + payload + b"}"
            outlet.frames.append(text_frame(payload))

    def gather(self, change: MarketChange) -> None:
        """Add a change of the book to what the next depth update says."""
        if change.first_update_id == 0:
            return
        if self.first_update_id == 0:
            self.first_update_id = change.first_update_id
        else:
            assert change.first_update_id == self.last_update_id + 1
        self.last_update_id = change.last_update_id
        self.bids.update(change.bids)
        self.asks.update(change.asks)


class _Pulse:
    """How often each part of a market has changed, for channels that send only what is new."""

    __slots__ = ("best", "book", "trades")

    def __init__(self) -> None:
        self.trades = 0
        self.book = 0
        self.best = 0


class StreamHub:
    """All channels, and the two clocks that drive them."""

    def __init__(self, market_data: MarketData, catalog: Catalog, clock: Callable[[], int]) -> None:
        self._market_data = market_data
        self._catalog = catalog
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._channels: dict[str, Channel] = {}
        self._live: dict[tuple[Topic, str], dict[str, Channel]] = {}
        self._timed: dict[int, dict[str, Channel]] = {}
        self._late: dict[str, Channel] = {}
        self._pulses: dict[int, _Pulse] = {}
        self._quotes: dict[int, None] = {}
        self._dirty: dict[str, Channel] = {}
        self._last_batch_us = 0
        self._last_tick = 0
        self._tick_timer: asyncio.TimerHandle | None = None
        self._flush_timer: asyncio.Handle | None = None
        self._flush_not_before = 0.0
        self._publishers: dict[Topic, Callable[[Channel, int], None]] = {
            Topic.DIFF_DEPTH: self._publish_diff,
            Topic.PARTIAL_DEPTH: self._publish_partial,
            Topic.KLINE: self._publish_kline,
            Topic.MINI_TICKER: self._publish_tickers,
            Topic.TICKER: self._publish_tickers,
            Topic.WINDOW_TICKER: self._publish_tickers,
            Topic.AVERAGE_PRICE: self._publish_average,
        }

    # -- who listens

    def subscribe(self, name: StreamName, subscriber: Subscriber) -> None:
        """Let a subscriber hear a stream."""
        channel = self._channels.get(name.text)
        if channel is None:
            channel = self._channels[name.text] = Channel(name)
            self._index(channel)
        channel.add(subscriber)
        if name.topic is Topic.BOOK_TICKER:
            for market in self._markets_of(name):
                self._quotes[market.id] = None
            self._flush_soon()

    def unsubscribe(self, name: str, subscriber: Subscriber, shape: tuple[bool, int]) -> None:
        """Let a subscriber, who listened in this shape, hear a stream no more."""
        channel = self._channels.get(name)
        if channel is None:
            return
        channel.remove(subscriber, shape)
        if not channel.outlets:
            del self._channels[name]
            self._dirty.pop(name, None)
            self._late.pop(name, None)
            self._unindex(channel)

    def channel_count(self) -> int:
        """Return how many streams have subscribers."""
        return len(self._channels)

    def close(self) -> None:
        """Stop the clocks."""
        for handle in (self._tick_timer, self._flush_timer):
            if handle is not None:
                handle.cancel()
        self._tick_timer = self._flush_timer = None

    def _index(self, channel: Channel) -> None:
        name = channel.name
        if name.topic in self._publishers:
            self._timed.setdefault(name.period_ms, {})[name.text] = channel
            self._start_ticking()
        if name.topic not in self._publishers or name.topic is Topic.DIFF_DEPTH:
            self._live.setdefault((name.topic, name.symbol), {})[name.text] = channel

    def _unindex(self, channel: Channel) -> None:
        name = channel.name
        groups: tuple[dict[str, Channel] | None, ...] = (
            self._timed.get(name.period_ms),
            self._live.get((name.topic, name.symbol)),
        )
        for group in groups:
            if group is not None:
                group.pop(name.text, None)
        if not self._timed.get(name.period_ms):
            self._timed.pop(name.period_ms, None)
        if not self._live.get((name.topic, name.symbol)):
            self._live.pop((name.topic, name.symbol), None)

    def _live_channels(self, topic: Topic, symbol: str) -> Iterator[Channel]:
        yield from self._live.get((topic, symbol), {}).values()

    def _markets_of(self, name: StreamName) -> list[Market]:
        if not name.symbol:
            return self._catalog.markets()
        market = self._catalog.find(name.symbol)
        return [] if market is None else [market]

    # -- what happens

    def on_committed(self, batch: Committed) -> None:
        """Note how far time has come (a feed listener)."""
        self._last_batch_us = batch.time_us

    def on_changes(self, changes: Sequence[MarketChange]) -> None:
        """Take in what a batch changed (a market data listener)."""
        now_us = self._clock()
        for change in changes:
            pulse = self._pulses.get(change.market)
            if pulse is None:
                pulse = self._pulses[change.market] = _Pulse()
            pulse.trades += bool(change.trades)
            pulse.book += change.first_update_id != 0
            pulse.best += change.best_changed
            if self._live:
                self._publish_change(change, now_us)
        if self._dirty or self._quotes:
            self._flush_soon()

    def _publish_change(self, change: MarketChange, now_us: int) -> None:
        market = self._catalog.market_by_id(change.market)
        symbol = market.symbol
        if change.trades:
            for channel in self._live_channels(Topic.TRADE, symbol):
                for trade in change.trades:
                    channel.publish(partial(payloads.trade_json, market, trade, now_us))
                self._dirty[channel.name.text] = channel
            for channel in self._live_channels(Topic.AGGREGATE_TRADE, symbol):
                for aggregate in change.aggregates:
                    channel.publish(
                        partial(payloads.aggregate_trade_json, market, aggregate, now_us)
                    )
                self._dirty[channel.name.text] = channel
        if change.first_update_id:
            for channel in self._live_channels(Topic.DIFF_DEPTH, symbol):
                channel.gather(change)
        if change.best_changed and (
            (Topic.BOOK_TICKER, symbol) in self._live or (Topic.BOOK_TICKER, "") in self._live
        ):
            self._quotes[change.market] = None

    # -- the way out

    def _flush_soon(self) -> None:
        if self._flush_timer is None:
            wait = self._flush_not_before - self._loop.time()
            if wait > 0:
                self._flush_timer = self._loop.call_later(wait, self._flush)
            else:
                self._flush_timer = self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_timer = None
        started = self._loop.time()
        self._publish_quotes()
        dirty, self._dirty = self._dirty, {}
        for channel in dirty.values():
            for outlet in channel.outlets.values():
                if outlet.frames:
                    data = outlet.frames[0] if len(outlet.frames) == 1 else b"".join(outlet.frames)
                    outlet.frames = []
                    for subscriber in outlet.subscribers:
                        subscriber.connection.write(data)
        ended = self._loop.time()
        self._flush_not_before = ended + min(ended - started, _PAUSE_S_MAX)

    def _publish_quotes(self) -> None:
        quotes, self._quotes = self._quotes, {}
        for market_id in quotes:
            market = self._catalog.market_by_id(market_id)
            best = self._market_data.best(market_id)
            if best.update_id == 0:
                continue
            body = partial(payloads.book_ticker_json, market, best)
            for symbol in (market.symbol, ""):
                for channel in self._live_channels(Topic.BOOK_TICKER, symbol):
                    self._publish(channel, body)

    # -- the clock

    def _start_ticking(self) -> None:
        if self._tick_timer is None:
            self._last_tick = self._clock() // _TICK_US
            self._tick_again()

    def _tick_again(self) -> None:
        wait_us = _TICK_US - self._clock() % _TICK_US
        self._tick_timer = self._loop.call_later(wait_us / 1e6, self._tick)

    def _tick(self) -> None:
        """Publish what is due: a period is over when the wall clock has passed a multiple of it."""
        self._tick_timer = None
        if not self._timed:
            return
        now_us = self._clock()
        tick = now_us // _TICK_US
        late, self._late = self._late, {}
        for channel in late.values():
            self._publishers[channel.name.topic](channel, now_us)
        for period_ms, channels in self._timed.items():
            steps = period_ms // FAST_MS
            if tick // steps != self._last_tick // steps:
                for channel in channels.values():
                    self._publishers[channel.name.topic](channel, now_us)
        self._last_tick = tick
        self._tick_again()
        if self._dirty:
            self._flush_soon()

    def _publish(self, channel: Channel, body: Callable[[int], str]) -> None:
        channel.publish(body)
        self._dirty[channel.name.text] = channel

    def _pulse(self, market: Market) -> _Pulse:
        return self._pulses.setdefault(market.id, _Pulse())

    def _publish_diff(self, channel: Channel, now_us: int) -> None:
        if channel.first_update_id == 0:
            return
        market = self._catalog.market(channel.name.symbol)
        update_ids = (channel.first_update_id, channel.last_update_id)
        bids, asks = channel.bids, channel.asks
        channel.first_update_id, channel.bids, channel.asks = 0, {}, {}
        self._publish(
            channel,
            lambda unit: payloads.diff_depth_json(market, update_ids, bids, asks, now_us, unit),
        )

    def _publish_partial(self, channel: Channel, _now_us: int) -> None:
        market = self._catalog.find(channel.name.symbol)
        if market is None or channel.seen == self._pulse(market).book:
            return
        channel.seen = self._pulse(market).book
        depth = self._market_data.depth(market.id, channel.name.levels)
        self._publish(channel, partial(payloads.partial_depth_json, market, depth))

    def _publish_average(self, channel: Channel, now_us: int) -> None:
        market = self._catalog.find(channel.name.symbol)
        if market is None:
            return
        minutes = max(1, market.specification.average_price_minutes)
        average = self._market_data.average_price(market.id, minutes, now_us)
        if channel.seen == average or average.last_ticks == 0:
            return
        channel.seen = average
        self._publish(
            channel,
            lambda unit: payloads.average_price_json(market, minutes, average, now_us, unit),
        )

    def _publish_kline(self, channel: Channel, now_us: int) -> None:
        """Send the bar that ended, once it is sure to be whole, and the one that is open."""
        name = channel.name
        market = self._catalog.find(name.symbol)
        if market is None:
            return
        interval, offset = name.interval, name.offset_minutes
        open_now_us = bar_open_us(interval, now_us, offset)
        open_us = channel.bar_open_us or open_now_us
        for _ in range(_CLOSED_BARS_MAX):
            if open_us >= open_now_us:
                break
            end_us = next_open_us(interval, open_us, offset)
            if self._last_batch_us < end_us and now_us < end_us + _CLOSE_GRACE_US:
                channel.bar_open_us = open_us
                self._late[name.text] = channel
                return
            self._publish_bar(channel, market, open_us, now_us, closed=True)
            open_us = end_us
        channel.bar_open_us = open_now_us
        self._publish_bar(channel, market, open_now_us, now_us, closed=False)

    def _publish_bar(
        self, channel: Channel, market: Market, open_us: int, now_us: int, *, closed: bool
    ) -> None:
        name = channel.name
        bar = self._market_data.candle(market.id, name.interval, open_us, name.offset_minutes)
        if bar is None or channel.seen == (bar, closed):
            return
        channel.seen = (bar, closed)
        self._publish(
            channel,
            lambda unit: payloads.kline_json(
                market, name.interval, bar, now_us, unit, closed=closed
            ),
        )

    def _publish_tickers(self, channel: Channel, now_us: int) -> None:
        """Send the tickers that changed: one alone, or those of all markets as an array."""
        name = channel.name
        bodies: list[Callable[[int], str]] = []
        for market in self._markets_of(name):
            pulse = self._pulse(market)
            best = pulse.best if name.topic is Topic.TICKER else 0
            state = (pulse.trades, best, now_us // MINUTE_US)  # windows move on each minute
            if channel.seen_markets.get(market.id) != state:
                channel.seen_markets[market.id] = state
                bodies.append(self._ticker(name, market, now_us))
        if name.symbol:
            for body in bodies:
                self._publish(channel, body)
        elif bodies:
            self._publish(
                channel, lambda unit: "[" + ",".join([body(unit) for body in bodies]) + "]"
            )

    def _ticker(self, name: StreamName, market: Market, now_us: int) -> Callable[[int], str]:
        minutes = WINDOW_MINUTES.get(name.interval, _DAY_MINUTES)
        window = self._market_data.rolling(market.id, minutes, now_us)
        if name.topic is Topic.MINI_TICKER:
            return lambda unit: payloads.mini_ticker_json(market, window, now_us, unit)
        if name.topic is Topic.WINDOW_TICKER:
            return lambda unit: payloads.window_ticker_json(
                market, name.interval, window, now_us, unit
            )
        best = self._market_data.best(market.id)
        return lambda unit: payloads.ticker_json(market, window, best, now_us, unit)
