"""Statements: the ledger entries of an account and period, as JSON in pages or as one CSV file.

Opening balance, entries and closing balance are as of one batch, so they always add up.
"""

import asyncio
import csv
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import Annotated

import msgspec

from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.gateways.web.api import (
    Access,
    Document,
    Handler,
    Input,
    Output,
    ProblemType,
    Route,
    WebCall,
)
from openoutcry.gateways.web.wallet import TAGS
from openoutcry.gateways.web.wallet_reading import told
from openoutcry.gateways.web.wallet_shapes import Moment, problems_of
from openoutcry.ports.ledger import START, LedgerEntry, Position
from openoutcry.ports.people import OperatorRole
from openoutcry.ports.wallet_desk import WalletDesk
from openoutcry.ports.wallets import MovementKind

CSV = "text/csv"
OPERATORS_TAGS = ("operator",)
ENTRIES_MAX = 1000
FILE_ENTRIES_MAX = 100_000
"""Entries of one CSV file; a longer period is asked for in parts."""
TOO_LONG = ProblemType("STATEMENT_TOO_LONG", 422, "The statement would be too long")
PERIOD_REFUSED = ProblemType("PERIOD_REFUSED", 400, "The period will not do")

_COLUMNS = (
    "time_utc",
    "entry",
    "cause",
    "purpose",
    "asset",
    "amount",
    "symbol",
    "order_id",
    "trade_id",
    "reference",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_is_amount = re.compile(r"-?[0-9]+(\.[0-9]+)?").fullmatch


class PeriodWanted(Input, frozen=True):
    """A period: from `start_us` to before `end_us`."""

    start_us: Moment = 0
    end_us: Moment | None = None


class EntriesWanted(PeriodWanted, frozen=True):
    """A page of a statement."""

    after: Annotated[
        str, msgspec.Meta(pattern=r"^([0-9]{1,18}-[0-9]{1,18}-[0-9]{1,18})?$(?!\n)")
    ] = ""
    """What the page before said in `next`."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=ENTRIES_MAX)] = 200


class AssetSum(Output, frozen=True):
    """What there is of an asset."""

    asset: str
    amount: str


class EntryView(Output, frozen=True):
    """One change of what an account has."""

    entry: str
    """Its place in the journal, which names it."""
    time_us: int
    cause: str
    """`deposit`, `withdrawal`, `adjustment`, `trade`, `fee` or `transfer`."""
    purpose: str
    """What the wallets did it for: `deposit`, `faucet`, `hold`, `return`; otherwise empty."""
    asset: str
    amount: str
    """With its sign."""
    symbol: str
    order_id: int
    trade_id: int
    reference: str


class StatementView(Output, frozen=True):
    """A page of a statement. Opening and all entries add up to the closing."""

    account_id: int
    start_us: int
    end_us: int
    opening: tuple[AssetSum, ...]
    closing: tuple[AssetSum, ...]
    is_whole: bool
    """False when entries from before were pruned: both balances lack the same then."""
    entries: tuple[EntryView, ...]
    next: str
    """Empty on the last page."""


class Statements:
    """The handlers of statements."""

    def __init__(self, desk: WalletDesk, catalog: Catalog) -> None:
        self._desk = desk
        self._catalog = catalog

    async def mine(self, call: WebCall) -> StatementView:
        """A page of one's own statement."""
        return await self._page(call, call.person.account_id)

    async def mine_as_file(self, call: WebCall) -> Document:
        """One's own statement as CSV."""
        return await self._file(call, call.person.account_id)

    async def of_account(self, call: WebCall) -> StatementView:
        """A page of any account's statement."""
        return await self._page(call, _account_id(call))

    async def of_account_as_file(self, call: WebCall) -> Document:
        """Any account's statement as CSV."""
        return await self._file(call, _account_id(call))

    async def _page(self, call: WebCall, account_id: int) -> StatementView:
        asked = call.asked(EntriesWanted)
        start_us, end_us = _period(asked, call.now_us)
        seq, after = 0, START
        if asked.after:
            seq, *place = (int(part) for part in asked.after.split("-"))
            after = Position(*place)
        newest = await self._desk.statement_seq(account_id)
        if not seq or seq > newest:
            seq = newest
        sums = await self._desk.statement_sums(seq, account_id, start_us, end_us)
        entries = await self._desk.statement_entries(
            seq, account_id, start_us, end_us, after, asked.limit
        )
        is_last = len(entries) < asked.limit
        return StatementView(
            account_id=account_id,
            start_us=start_us,
            end_us=end_us,
            opening=self._sums(sums.opening_atoms),
            closing=self._sums(sums.closing_atoms),
            is_whole=sums.is_whole,
            entries=await self._views(entries),
            next="" if is_last else f"{seq}-{_place(entries[-1])}",
        )

    async def _file(self, call: WebCall, account_id: int) -> Document:
        start_us, end_us = _period(call.asked(PeriodWanted), call.now_us)
        seq = await self._desk.statement_seq(account_id)
        sums = await self._desk.statement_sums(seq, account_id, start_us, end_us)
        sheet = _Sheet()
        sheet.add(_balance_row(start_us, "opening", one) for one in self._sums(sums.opening_atoms))
        async for page in self._pages(seq, account_id, start_us, end_us):
            views = await self._views(page)
            await asyncio.to_thread(sheet.add, map(_entry_row, views))
        sheet.add(_balance_row(end_us, "closing", one) for one in self._sums(sums.closing_atoms))
        day = datetime.fromtimestamp(end_us // 1_000_000, UTC).strftime("%Y-%m-%d")
        name = f"statement-{account_id}-{day}.csv"
        return Document(sheet.content(), CSV, name)

    async def _pages(
        self, seq: int, account_id: int, start_us: int, end_us: int
    ) -> AsyncIterator[Sequence[LedgerEntry]]:
        after, count = START, 0
        while True:
            page = await self._desk.statement_entries(
                seq, account_id, start_us, end_us, after, ENTRIES_MAX
            )
            count += len(page)
            if count > FILE_ENTRIES_MAX:
                raise TOO_LONG.problem("Ask for a shorter period.", field="start_us")
            yield page
            if len(page) < ENTRIES_MAX:
                return
            after = page[-1].position

    def _sums(self, atoms: Mapping[int, int]) -> tuple[AssetSum, ...]:
        return tuple(
            AssetSum(
                asset=self._catalog.asset(asset).name,
                amount=self._catalog.asset(asset).signed_text(atoms[asset]),
            )
            for asset in sorted(atoms)
        )

    async def _views(self, entries: Sequence[LedgerEntry]) -> tuple[EntryView, ...]:
        """Return entries as they are shown, made in a thread: no order waits for a statement."""
        purposes = await self._desk.purposes(entries)

        def work() -> tuple[EntryView, ...]:
            return tuple(self._view(entry, purposes.get(entry.position)) for entry in entries)

        return await asyncio.to_thread(work)

    def _view(self, entry: LedgerEntry, purpose: MovementKind | None) -> EntryView:
        asset = self._catalog.asset(entry.asset)
        return EntryView(
            entry=f"J{_place(entry)}",
            time_us=entry.time_us,
            cause=entry.cause.name.lower(),
            purpose="" if purpose is None else purpose.value,
            asset=asset.name,
            amount=asset.signed_text(entry.amount_atoms),
            symbol=self._catalog.market_by_id(entry.market).symbol if entry.market else "",
            order_id=entry.order_id,
            trade_id=entry.trade_id,
            reference=str(entry.reference) if entry.reference else "",
        )


class _Sheet:
    """The bytes of a file, page after page, so that no step works on all of it."""

    def __init__(self) -> None:
        self._pages: list[bytes] = []
        self.add([_COLUMNS])

    def add(self, rows: Iterable[Sequence[str]]) -> None:
        """Write rows."""
        text = StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        self._pages.append(text.getvalue().encode())

    def content(self) -> bytes:
        """Return the whole file."""
        return b"".join(self._pages)


def cell(text: str) -> str:
    """Return text as a cell that no spreadsheet takes for a formula; amounts stay numbers."""
    if text.startswith(_FORMULA_STARTS) and _is_amount(text) is None:
        return "'" + text
    return text


def _balance_row(time_us: int, cause: str, one: AssetSum) -> list[str]:
    return [_moment(time_us), "", cause, "", cell(one.asset), cell(one.amount), "", "", "", ""]


def _entry_row(view: EntryView) -> list[str]:
    values = (
        _moment(view.time_us),
        view.entry,
        view.cause,
        view.purpose,
        view.asset,
        view.amount,
        view.symbol,
        str(view.order_id or ""),
        str(view.trade_id or ""),
        view.reference,
    )
    return [cell(value) for value in values]


def _moment(time_us: int) -> str:
    seconds, rest_us = divmod(time_us, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest_us:06d}Z"


def _place(entry: LedgerEntry) -> str:
    return f"{entry.position.seq}-{entry.position.number}"


def _period(asked: PeriodWanted, now_us: int) -> tuple[int, int]:
    """Return a period that has an end: what is not over ends a moment ahead of now."""
    end_us = now_us + 1_000_000 if asked.end_us is None else asked.end_us
    if asked.start_us > end_us:
        raise PERIOD_REFUSED.problem("It ends before it starts.", field="end_us")
    return asked.start_us, end_us


def _account_id(call: WebCall) -> int:
    text = call.path["account_id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise PERIOD_REFUSED.problem("An account is a number.", field="account_id")
    return int(text)


def routes(desk: WalletDesk, catalog: Catalog) -> tuple[Route, ...]:
    """Return the routes of statements: one's own, and operators' of any account."""
    statements = Statements(desk, catalog)
    operators = Access.operator(OperatorRole.AUDITOR, OperatorRole.TREASURY)
    return (
        _page_route(
            "/wallet/statement",
            statements.mine,
            Access.SESSION,
            "Show your ledger entries of a period",
            TAGS,
        ),
        _file_route(
            "/wallet/statement.csv",
            statements.mine_as_file,
            Access.SESSION,
            "Download your ledger entries of a period",
            TAGS,
        ),
        _page_route(
            "/operator/accounts/{account_id}/statement",
            statements.of_account,
            operators,
            "Show the ledger entries of any account",
            OPERATORS_TAGS,
        ),
        _file_route(
            "/operator/accounts/{account_id}/statement.csv",
            statements.of_account_as_file,
            operators,
            "Download the ledger entries of any account",
            OPERATORS_TAGS,
        ),
    )


def _page_route(
    path: str, handler: Handler, access: Access, summary: str, tags: tuple[str, ...]
) -> Route:
    return told(
        Route(
            method="GET",
            path=path,
            handler=handler,
            access=access,
            summary=summary,
            tags=tags,
            query=EntriesWanted,
            answer=StatementView,
            problems=(PERIOD_REFUSED, *problems_of()),
            weight=5,
        )
    )


def _file_route(
    path: str, handler: Handler, access: Access, summary: str, tags: tuple[str, ...]
) -> Route:
    return told(
        Route(
            method="GET",
            path=path,
            handler=handler,
            access=access,
            summary=summary,
            tags=tags,
            query=PeriodWanted,
            media=(CSV,),
            problems=(PERIOD_REFUSED, *problems_of(), TOO_LONG),
            weight=20,
        )
    )
