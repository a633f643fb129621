"""Statements: the ledger entries of an account and period, as JSON in pages or as one CSV file.

Opening balance, entries and closing balance are as of one batch, so they always add up.
"""

import csv
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from io import StringIO
from typing import Annotated

import msgspec

from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.gateways.web.api import Access, Document, Input, Output, ProblemType, Route, WebCall
from openoutcry.gateways.web.wallet import TAGS
from openoutcry.gateways.web.wallet_reading import told
from openoutcry.gateways.web.wallet_shapes import Moment, problems_of
from openoutcry.ports.ledger import START, LedgerEntry, Position
from openoutcry.ports.people import OperatorRole
from openoutcry.ports.wallet_desk import WalletDesk

CSV = "text/csv"
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
            entries=tuple([await self._view(entry) for entry in entries]),
            next="" if is_last else f"{seq}-{_place(entries[-1])}",
        )

    async def _file(self, call: WebCall, account_id: int) -> Document:
        start_us, end_us = _period(call.asked(PeriodWanted), call.now_us)
        seq = await self._desk.statement_seq(account_id)
        sums = await self._desk.statement_sums(seq, account_id, start_us, end_us)
        text = StringIO()
        rows = csv.writer(text, lineterminator="\r\n")
        rows.writerow(_COLUMNS)
        for one in self._sums(sums.opening_atoms):
            rows.writerow(_balance_row(start_us, "opening", one))
        async for entry in self._entries(seq, account_id, start_us, end_us):
            rows.writerow(_entry_row(await self._view(entry)))
        for one in self._sums(sums.closing_atoms):
            rows.writerow(_balance_row(end_us, "closing", one))
        day = datetime.fromtimestamp(end_us // 1_000_000, UTC).strftime("%Y-%m-%d")
        name = f"statement-{account_id}-{day}.csv"
        return Document(text.getvalue().encode(), CSV, name)

    async def _entries(
        self, seq: int, account_id: int, start_us: int, end_us: int
    ) -> AsyncIterator[LedgerEntry]:
        after, count = START, 0
        while True:
            page = await self._desk.statement_entries(
                seq, account_id, start_us, end_us, after, ENTRIES_MAX
            )
            count += len(page)
            if count > FILE_ENTRIES_MAX:
                raise TOO_LONG.problem("Ask for a shorter period.", field="start_us")
            for entry in page:
                yield entry
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

    async def _view(self, entry: LedgerEntry) -> EntryView:
        asset = self._catalog.asset(entry.asset)
        purpose = await self._desk.purpose(entry) if entry.reference else None
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
    refusals = (PERIOD_REFUSED, *problems_of())
    return tuple(
        told(route)
        for route in (
            Route(
                method="GET",
                path="/wallet/statement",
                handler=statements.mine,
                access=Access.SESSION,
                summary="Show your ledger entries of a period",
                tags=TAGS,
                query=EntriesWanted,
                answer=StatementView,
                problems=refusals,
                weight=5,
            ),
            Route(
                method="GET",
                path="/wallet/statement.csv",
                handler=statements.mine_as_file,
                access=Access.SESSION,
                summary="Download your ledger entries of a period",
                tags=TAGS,
                query=PeriodWanted,
                media=(CSV,),
                problems=(*refusals, TOO_LONG),
                weight=20,
            ),
            Route(
                method="GET",
                path="/operator/accounts/{account_id}/statement",
                handler=statements.of_account,
                access=operators,
                summary="Show the ledger entries of any account",
                tags=("operator",),
                query=EntriesWanted,
                answer=StatementView,
                problems=refusals,
                weight=5,
            ),
            Route(
                method="GET",
                path="/operator/accounts/{account_id}/statement.csv",
                handler=statements.of_account_as_file,
                access=operators,
                summary="Download the ledger entries of any account",
                tags=("operator",),
                query=PeriodWanted,
                media=(CSV,),
                problems=(*refusals, TOO_LONG),
                weight=20,
            ),
        )
    )
