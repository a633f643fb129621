"""People's accounts in the exchange, opened by command."""

from openoutcry.core.enums import AccountFlag, Reason
from openoutcry.core.records import CreateAccount, RefusedEvent
from openoutcry.ports.calls import CallError, Calls
from openoutcry.ports.people import AccountOpenerError

FLAGS = AccountFlag.TRADE | AccountFlag.WITHDRAW | AccountFlag.DEPOSIT
FEE_SCHEDULE = 0


class ExchangeAccounts:
    """Opens accounts where they are hosted. Asked twice, it opens one."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def open(self, account_id: int) -> None:
        """Open an account unless it is open; raises AccountOpenerError."""
        command = CreateAccount(account_id=account_id, fee_schedule=FEE_SCHEDULE, flags=FLAGS)
        try:
            if await self._calls.account(account_id) is not None:
                return
            reply = await self._calls.submit(command.pack())
        except CallError as error:
            raise AccountOpenerError(f"account {account_id}: {error}") from error
        for event in reply.events:
            if isinstance(event, RefusedEvent) and event.reason != Reason.ALREADY_EXISTS:
                raise AccountOpenerError(
                    f"account {account_id} was refused: {Reason(event.reason).name}"
                )
