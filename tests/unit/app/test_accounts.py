"""People's accounts are opened once, or it is said that they are not."""

import pytest
from tests.support.small_exchange import SmallExchange

from openoutcry.app.accounts import ExchangeAccounts
from openoutcry.core.enums import AccountFlag
from openoutcry.core.ids import account_id_of
from openoutcry.ports.calls import NotAcceptedError, Reply
from openoutcry.ports.people import FIRST_PERSON_ID, AccountOpenerError

ACCOUNT = account_id_of(FIRST_PERSON_ID)


async def test_an_account_is_opened_once() -> None:
    calls = SmallExchange().exchange.calls
    accounts = ExchangeAccounts(calls)
    assert await calls.account(ACCOUNT) is None
    for _ in range(2):
        await accounts.open(ACCOUNT)
        row = await calls.account(ACCOUNT)
        assert row is not None
        assert row.flags == AccountFlag.TRADE | AccountFlag.WITHDRAW | AccountFlag.DEPOSIT


async def test_two_at_once_open_one() -> None:
    class Late:
        """Has not heard of the account when it is asked."""

        def __init__(self, small: SmallExchange) -> None:
            self._calls = small.exchange.calls

        async def account(self, account_id: int) -> None:
            return None

        async def submit(self, command: bytes) -> Reply:
            return await self._calls.submit(command)

    small = SmallExchange()
    accounts = ExchangeAccounts(Late(small))  # type: ignore[arg-type]
    await accounts.open(ACCOUNT)
    await accounts.open(ACCOUNT)
    assert await small.exchange.calls.account(ACCOUNT) is not None


async def test_an_exchange_that_is_away_opens_none() -> None:
    class Away:
        async def account(self, account_id: int) -> None:
            raise NotAcceptedError("stopping")

    with pytest.raises(AccountOpenerError, match="stopping"):
        await ExchangeAccounts(Away()).open(ACCOUNT)  # type: ignore[arg-type]


async def test_a_refused_account_is_not_open() -> None:
    with pytest.raises(AccountOpenerError, match="refused"):
        await ExchangeAccounts(SmallExchange().exchange.calls).open(0)
