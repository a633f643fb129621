"""What has to be true before a withdrawal is taken down, in the order in which it is looked at.

The limits are not here: they are counted in the store, in the transaction that adds the withdrawal.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from openoutcry.ports.custodian import AddressFault, Custodian
from openoutcry.ports.people import PeopleDirectory
from openoutcry.ports.wallet_desk import WalletRefusalCode, WalletRefusedError, WithdrawalRequest
from openoutcry.ports.wallets import WalletStore, WithdrawalRule
from openoutcry.wallets.networks import Networks, Served

_Code = WalletRefusalCode
_ADDRESS_WORDS: Mapping[AddressFault, tuple[WalletRefusalCode, str]] = {
    AddressFault.MALFORMED: (_Code.ADDRESS_MALFORMED, "This is no address of this network."),
    AddressFault.WRONG_CHECKSUM: (
        _Code.ADDRESS_WRONG_CHECKSUM,
        "The address has a mistake in it: its check letters do not fit.",
    ),
    AddressFault.WRONG_CHAIN: (
        _Code.ADDRESS_WRONG_CHAIN,
        "This is an address of another network; what is sent there this way is lost.",
    ),
    AddressFault.OWN_ADDRESS: (
        _Code.ADDRESS_IS_OURS,
        "This is a deposit address of this exchange.",
    ),
}
_SECONDS_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletTimes:
    """How long is waited for a person's own safety."""

    address_cool_off_s: int = 24 * 3600
    """From adding an address to the first withdrawal to it."""
    security_cool_off_s: int = 24 * 3600
    """From a change of password, factors or e-mail address to the next withdrawal."""


async def check_address(custodian: Custodian, chain: str, address: str) -> None:
    """Raise WalletRefusedError unless an address may be paid at on this chain."""
    # The custodian's own reading of other alphabets is not relied on: look-alikes end here.
    fault: AddressFault | None = AddressFault.MALFORMED
    if address.isascii() and address.isprintable() and " " not in address:
        fault = await custodian.check_address(chain, address)
    if fault is not None:
        code, text = _ADDRESS_WORDS[fault]
        raise WalletRefusedError(code, text, "address")


class Rules:
    """Looks at requests for withdrawals."""

    def __init__(
        self,
        custodian: Custodian,
        store: WalletStore,
        networks: Networks,
        times: WalletTimes,
        people: PeopleDirectory | None = None,
    ) -> None:
        """`people` may be None where accounts belong to nobody who has a password."""
        self._custodian = custodian
        self._store = store
        self._networks = networks
        self._people = people
        self.times = times
        self._rules: dict[int, WithdrawalRule] = {}

    async def load(self) -> None:
        """Read the rules from the store."""
        self._rules = dict(await self._store.rules())

    async def set(self, rule: WithdrawalRule) -> None:
        """Change a rule, durably first."""
        await self._store.set_rule(rule)
        self._rules[rule.asset] = rule

    def of(self, asset: int) -> WithdrawalRule:
        """Return an asset's rule; without one nothing leaves."""
        closed = WithdrawalRule(
            asset=asset, hour_atoms=0, day_atoms=0, second_person_atoms=0, is_open=False
        )
        return self._rules.get(asset, closed)

    def served(self, asset: int, chain: str) -> Served:
        """Return a network; raises WalletRefusedError when there is none such."""
        found = self._networks.of(asset, chain)
        if found is None:
            raise WalletRefusedError(
                _Code.UNKNOWN_NETWORK, "This asset does not come or go by this network.", "network"
            )
        return found

    async def check(self, request: WithdrawalRequest, now_us: int) -> Served:
        """Raise WalletRefusedError for the first thing that stands against a withdrawal."""
        served = self.check_amount(request)
        await check_address(self._custodian, request.chain, request.address)
        await self._check_allowed(request, now_us)
        await self._check_security(request.account_id, now_us)
        return served

    def check_amount(self, request: WithdrawalRequest) -> Served:
        """Look at asset, network and amount alone."""
        served = self.served(request.asset, request.chain)
        if not self.of(request.asset).is_open:
            raise WalletRefusedError(
                _Code.ASSET_CLOSED, "Withdrawals of this asset are closed.", "asset"
            )
        network = served.network
        if request.amount_atoms < network.withdrawal_atoms_min + network.withdrawal_fee_atoms:
            raise WalletRefusedError(
                _Code.AMOUNT_TOO_SMALL, "This is less than may be withdrawn.", "amount"
            )
        return served

    def needs_second_person(self, request: WithdrawalRequest) -> bool:
        """Whether somebody else has to say yes."""
        return request.amount_atoms >= self.of(request.asset).second_person_atoms

    async def _check_allowed(self, request: WithdrawalRequest, now_us: int) -> None:
        for entry in await self._store.allowed(request.account_id):
            if (entry.chain, entry.address) == (request.chain, request.address):
                if now_us < entry.usable_us:
                    seconds = -((now_us - entry.usable_us) // _SECONDS_US)
                    raise WalletRefusedError(
                        _Code.ADDRESS_COOLING_OFF,
                        f"The address is new; it can be used in {seconds} seconds.",
                        "address",
                    )
                return
        raise WalletRefusedError(
            _Code.ADDRESS_NOT_ALLOWED, "Add the address to your list first.", "address"
        )

    async def _check_security(self, account_id: int, now_us: int) -> None:
        person = None if self._people is None else await self._people.by_account(account_id)
        if person is None or not person.security_changed_us:
            return
        ends_us = person.security_changed_us + self.times.security_cool_off_s * _SECONDS_US
        if now_us < ends_us:
            seconds = -((now_us - ends_us) // _SECONDS_US)
            raise WalletRefusedError(
                _Code.SECURITY_CHANGED,
                "A password, factor or e-mail address was changed not long ago; withdrawals wait"
                f" another {seconds} seconds.",
            )
