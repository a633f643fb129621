"""Money in and out, for whoever has signed in: deposits, withdrawals, the list of addresses."""

from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.gateways.web import wallet_shapes as shapes
from openoutcry.gateways.web.api import Access, Route, WebCall
from openoutcry.gateways.web.server import NOT_FOUND
from openoutcry.gateways.web.wallet_reading import WalletReading, told
from openoutcry.gateways.web.wallet_shapes import (
    AMOUNT_REFUSED,
    UNKNOWN_ASSET,
    asset_named,
    atoms_of,
    problems_of,
)
from openoutcry.ports.calls import Calls
from openoutcry.ports.wallet_desk import (
    WalletDesk,
    WalletRefusalCode,
    WithdrawalRequest,
)
from openoutcry.ports.wallets import AllowedAddress

TAGS = ("wallet",)
_Code = WalletRefusalCode
_ADDRESS_CODES = (
    _Code.ADDRESS_MALFORMED,
    _Code.ADDRESS_WRONG_CHECKSUM,
    _Code.ADDRESS_WRONG_CHAIN,
    _Code.ADDRESS_IS_OURS,
)
_AMOUNT_CODES = (_Code.UNKNOWN_NETWORK, _Code.ASSET_CLOSED, _Code.AMOUNT_TOO_SMALL)
_ASKING_PROBLEMS = (
    UNKNOWN_ASSET,
    AMOUNT_REFUSED,
    *problems_of(
        *_AMOUNT_CODES,
        *_ADDRESS_CODES,
        _Code.ADDRESS_NOT_ALLOWED,
        _Code.ADDRESS_COOLING_OFF,
        _Code.SECURITY_CHANGED,
        _Code.LIMIT_REACHED,
        _Code.INSUFFICIENT_BALANCE,
        _Code.ACCOUNT_MAY_NOT_WITHDRAW,
        _Code.CLIENT_ID_REUSED,
    ),
)
"""Why a withdrawal may be refused at once."""


class Wallet:
    """The handlers of one person's wallet."""

    def __init__(self, desk: WalletDesk, catalog: Catalog, calls: Calls) -> None:
        self._desk = desk
        self._catalog = catalog
        self._calls = calls
        self._reading = WalletReading(desk, catalog)

    async def assets(self, call: WebCall) -> shapes.WalletAssets:
        """Every asset, what one has of it, and its networks."""
        held = {row.asset: row for row in await self._calls.balances(call.person.account_id)}
        networks = self._desk.networks()
        found = []
        for asset in self._catalog.assets():
            row = held.get(asset.id)
            found.append(
                shapes.WalletAsset(
                    asset=asset.name,
                    free=asset.text(row.free_atoms if row else 0),
                    locked=asset.text(row.held_atoms if row else 0),
                    networks=tuple(
                        shapes.network_view(asset, served)
                        for served in networks
                        if served.asset == asset.id
                    ),
                )
            )
        offers = await self._desk.faucet(call.person.account_id)
        return shapes.WalletAssets(assets=tuple(found), is_demo=bool(offers))

    async def deposit_address(self, call: WebCall) -> shapes.DepositAddress:
        """Where to pay to."""
        asked = call.asked(shapes.AddressWanted)
        asset = asset_named(self._catalog, asked.asset)
        address = await self._desk.deposit_address(call.person.account_id, asset.id, asked.network)
        return shapes.DepositAddress(
            asset=asset.name,
            network=asked.network,
            address=address,
            confirmations=self._desk.confirmations_final(asked.network, asset.id),
        )

    async def deposits(self, call: WebCall) -> shapes.DepositList:
        """One's deposits."""
        return await self._reading.deposits(call.person.account_id, call.asked(shapes.PageWanted))

    async def quote(self, call: WebCall) -> shapes.QuoteView:
        """What a withdrawal would cost."""
        asked = call.read(shapes.QuoteWanted)
        asset = asset_named(self._catalog, asked.asset)
        quote = await self._desk.quote(
            WithdrawalRequest(
                account_id=call.person.account_id,
                asset=asset.id,
                chain=asked.network,
                address=asked.address,
                amount_atoms=atoms_of(asset, asked.amount),
            )
        )
        return shapes.quote_view(asset, quote)

    async def withdraw(self, call: WebCall) -> shapes.WithdrawalView:
        """Ask for a withdrawal."""
        asked = call.read(shapes.NewWithdrawal)
        asset = asset_named(self._catalog, asked.asset)
        made = await self._reading.acts(call).withdraw(
            WithdrawalRequest(
                account_id=call.person.account_id,
                asset=asset.id,
                chain=asked.network,
                address=asked.address,
                amount_atoms=atoms_of(asset, asked.amount),
                client_id=asked.client_id,
            )
        )
        return shapes.withdrawal_view(asset, made)

    async def withdrawals(self, call: WebCall) -> shapes.WithdrawalList:
        """One's withdrawals."""
        account_id = call.person.account_id
        return await self._reading.withdrawals(account_id, call.asked(shapes.PageWanted))

    async def withdrawal(self, call: WebCall) -> shapes.WithdrawalView:
        """One withdrawal, with its steps."""
        name = call.path["withdrawal_id"]
        return await self._reading.withdrawal_named(call.person.account_id, name)

    async def cancel(self, call: WebCall) -> shapes.WithdrawalView:
        """Take a withdrawal back."""
        acts, name = self._reading.acts(call), call.path["withdrawal_id"]
        return self._reading.withdrawal(await acts.cancel(call.person.account_id, name))

    async def addresses(self, call: WebCall) -> shapes.AddressList:
        """One's list of addresses."""
        found = await self._desk.allowed(call.person.account_id)
        return shapes.AddressList(
            addresses=tuple(shapes.address_view(entry, call.now_us) for entry in found)
        )

    async def allow(self, call: WebCall) -> shapes.AddressView:
        """Add an address."""
        asked = call.read(shapes.NewAddress)
        entry: AllowedAddress = await self._reading.acts(call).allow(
            call.person.account_id, asked.network, asked.address, asked.label
        )
        return shapes.address_view(entry, call.now_us)

    async def disallow(self, call: WebCall) -> None:
        """Remove an address."""
        acts = self._reading.acts(call)
        chain, address = call.path["network"], call.path["address"]
        if not await acts.disallow(call.person.account_id, chain, address):
            raise NOT_FOUND.problem("It is not on your list.")

    async def offers(self, call: WebCall) -> shapes.Offers:
        """What the faucet gives."""
        found = await self._desk.faucet(call.person.account_id)
        return shapes.Offers(
            offers=tuple(
                shapes.Offer(
                    asset=self._catalog.asset(one.asset).name,
                    amount=self._catalog.asset(one.asset).text(one.amount_atoms),
                    left_today=one.left,
                )
                for one in found
            )
        )

    async def take(self, call: WebCall) -> shapes.Offer:
        """Take from the faucet."""
        asset = asset_named(self._catalog, call.read(shapes.GiftWanted).asset)
        left = await self._reading.acts(call).take_gift(call.person.account_id, asset.id)
        return shapes.Offer(
            asset=asset.name, amount=asset.text(left.amount_atoms), left_today=left.left
        )

    async def pay_in(self, call: WebCall) -> shapes.MadePayment:
        """Have the simulated chain pay."""
        asked = call.read(shapes.PaymentWanted)
        asset = asset_named(self._catalog, asked.asset)
        amount_atoms = atoms_of(asset, asked.amount)
        if amount_atoms <= 0:
            raise AMOUNT_REFUSED.problem("It is more than nothing.", field="amount")
        transaction = await self._reading.acts(call).simulate_payment(
            call.person.account_id, asset.id, asked.network, amount_atoms
        )
        return shapes.MadePayment(transaction=transaction)


def routes(desk: WalletDesk, catalog: Catalog, calls: Calls) -> tuple[Route, ...]:
    """Return the routes of one's wallet."""
    wallet = Wallet(desk, catalog, calls)
    return tuple(
        told(route)
        for route in (
            *_deposit_routes(wallet),
            *_withdrawal_routes(wallet),
            *_address_routes(wallet),
            *_demo_routes(wallet),
        )
    )


def _deposit_routes(wallet: Wallet) -> tuple[Route, ...]:
    return (
        Route(
            method="GET",
            path="/wallet/assets",
            handler=wallet.assets,
            access=Access.SESSION,
            summary="List assets, balances and networks",
            tags=TAGS,
            answer=shapes.WalletAssets,
            problems=problems_of(),
        ),
        Route(
            method="GET",
            path="/wallet/deposit-address",
            handler=wallet.deposit_address,
            access=Access.SESSION,
            summary="Show where to deposit",
            tags=TAGS,
            query=shapes.AddressWanted,
            answer=shapes.DepositAddress,
            problems=(UNKNOWN_ASSET, *problems_of(_Code.UNKNOWN_NETWORK)),
        ),
        Route(
            method="GET",
            path="/wallet/deposits",
            handler=wallet.deposits,
            access=Access.SESSION,
            summary="List deposits",
            tags=TAGS,
            query=shapes.PageWanted,
            answer=shapes.DepositList,
            problems=(UNKNOWN_ASSET, *problems_of()),
        ),
    )


def _withdrawal_routes(wallet: Wallet) -> tuple[Route, ...]:
    return (
        Route(
            method="POST",
            path="/wallet/withdrawals/quote",
            handler=wallet.quote,
            access=Access.SESSION,
            summary="Say what a withdrawal would cost",
            tags=TAGS,
            body=shapes.QuoteWanted,
            answer=shapes.QuoteView,
            problems=(UNKNOWN_ASSET, AMOUNT_REFUSED, *problems_of(*_AMOUNT_CODES, *_ADDRESS_CODES)),
        ),
        Route(
            method="POST",
            path="/wallet/withdrawals",
            handler=wallet.withdraw,
            access=Access.STEPPED_UP,
            summary="Withdraw",
            description=(
                "The amount is taken from the balance at once. It is sent without delay, or waits "
                "for an operator from an amount on that the network names."
            ),
            tags=TAGS,
            body=shapes.NewWithdrawal,
            answer=shapes.WithdrawalView,
            status=201,
            problems=_ASKING_PROBLEMS,
        ),
        Route(
            method="GET",
            path="/wallet/withdrawals",
            handler=wallet.withdrawals,
            access=Access.SESSION,
            summary="List withdrawals",
            tags=TAGS,
            query=shapes.PageWanted,
            answer=shapes.WithdrawalList,
            problems=(UNKNOWN_ASSET, *problems_of()),
        ),
        Route(
            method="GET",
            path="/wallet/withdrawals/{withdrawal_id}",
            handler=wallet.withdrawal,
            access=Access.SESSION,
            summary="Show a withdrawal with its steps",
            tags=TAGS,
            answer=shapes.WithdrawalView,
            problems=problems_of(_Code.UNKNOWN_WITHDRAWAL),
        ),
        Route(
            method="POST",
            path="/wallet/withdrawals/{withdrawal_id}/cancel",
            handler=wallet.cancel,
            access=Access.SESSION,
            summary="Take back a withdrawal that waits for approval",
            tags=TAGS,
            answer=shapes.WithdrawalView,
            problems=problems_of(_Code.UNKNOWN_WITHDRAWAL, _Code.TOO_LATE),
        ),
    )


def _address_routes(wallet: Wallet) -> tuple[Route, ...]:
    return (
        Route(
            method="GET",
            path="/wallet/addresses",
            handler=wallet.addresses,
            access=Access.SESSION,
            summary="List the addresses that withdrawals may go to",
            tags=TAGS,
            answer=shapes.AddressList,
            problems=problems_of(),
        ),
        Route(
            method="POST",
            path="/wallet/addresses",
            handler=wallet.allow,
            access=Access.STEPPED_UP,
            summary="Add an address",
            description="It can be used after a time to cool off, so that its owner can object.",
            tags=TAGS,
            body=shapes.NewAddress,
            answer=shapes.AddressView,
            status=201,
            problems=problems_of(_Code.UNKNOWN_NETWORK, *_ADDRESS_CODES, _Code.ADDRESSES_FULL),
        ),
        Route(
            method="DELETE",
            path="/wallet/addresses/{network}/{address}",
            handler=wallet.disallow,
            access=Access.SESSION,
            summary="Remove an address",
            tags=TAGS,
            problems=(NOT_FOUND, *problems_of()),
        ),
    )


def _demo_routes(wallet: Wallet) -> tuple[Route, ...]:
    return (
        Route(
            method="GET",
            path="/wallet/faucet",
            handler=wallet.offers,
            access=Access.SESSION,
            summary="Show what the demo's faucet gives",
            tags=TAGS,
            answer=shapes.Offers,
            problems=problems_of(),
        ),
        Route(
            method="POST",
            path="/wallet/faucet",
            handler=wallet.take,
            access=Access.SESSION,
            summary="Take from the demo's faucet",
            tags=TAGS,
            body=shapes.GiftWanted,
            answer=shapes.Offer,
            problems=(UNKNOWN_ASSET, *problems_of(_Code.NO_FAUCET, _Code.FAUCET_EMPTY)),
        ),
        Route(
            method="POST",
            path="/wallet/simulated-payments",
            handler=wallet.pay_in,
            access=Access.SESSION,
            summary="Have the demo's chain pay to your deposit address",
            tags=TAGS,
            body=shapes.PaymentWanted,
            answer=shapes.MadePayment,
            status=201,
            problems=(
                UNKNOWN_ASSET,
                AMOUNT_REFUSED,
                *problems_of(_Code.UNKNOWN_NETWORK, _Code.NO_FAUCET, _Code.FAUCET_EMPTY),
            ),
        ),
    )
