"""Every text that a person is told, in one catalogue; facts are filled in when it is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

from openoutcry.ports.notifications import Kind, Notification

FACT_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class Words:
    """A title that fits a line and a subject, and a text; braces name facts."""

    kind: Kind
    title: str
    text: str

    def facts(self) -> set[str]:
        """Return the names of all facts that must be there."""
        return {
            name
            for part in (self.title, self.text)
            for _, name, _, _ in Formatter().parse(part)
            if name is not None
        }


@dataclass(frozen=True, slots=True)
class Rendered:
    """A notification in words."""

    title: str
    text: str


CATALOGUE: dict[str, Words] = {
    # orders
    "order_filled": Words(
        Kind.FILL,
        "{symbol}: {side} order filled",
        "Your {side} order {order_id} on {symbol} is filled. Now: {quantity} {base} for"
        " {total} {quote}, at {price} on average. Fee: {fee} {fee_asset}.",
    ),
    "order_partly_filled": Words(
        Kind.FILL,
        "{symbol}: {side} order partly filled",
        "Your {side} order {order_id} on {symbol} is partly filled. Now: {quantity} {base} for"
        " {total} {quote}, at {price} on average. Fee: {fee} {fee_asset}."
        " So far: {executed} {base}.",
    ),
    "order_expired": Words(
        Kind.ORDER_EXPIRED,
        "{symbol}: {side} order expired",
        "Your {side} order {order_id} on {symbol} has expired: {reason}."
        " Filled until then: {executed} {base}.",
    ),
    "order_ended": Words(
        Kind.ORDER_EXPIRED,
        "{symbol}: {side} order ended by the exchange",
        "The exchange has ended your {side} order {order_id} on {symbol}: {reason}."
        " Filled until then: {executed} {base}.",
    ),
    # money
    "deposit_credited": Words(
        Kind.DEPOSIT,
        "Deposit of {amount} {asset}",
        "{amount} {asset} was credited to your account.",
    ),
    "balance_credited": Words(
        Kind.DEPOSIT,
        "{amount} {asset} given back",
        "{amount} {asset} was put back into your account: by an operator, or because a"
        " withdrawal did not go through.",
    ),
    "withdrawal_held": Words(
        Kind.WITHDRAWAL,
        "Withdrawal of {amount} {asset}",
        "{amount} {asset} was taken from your balance for a withdrawal."
        " If this was not you, change your password and tell us at once.",
    ),
    "balance_debited": Words(
        Kind.WITHDRAWAL,
        "{amount} {asset} taken from your balance",
        "An operator has corrected your balance by -{amount} {asset}.",
    ),
    "withdrawal_awaiting": Words(
        Kind.WITHDRAWAL,
        "Withdrawal of {amount} {asset} waits for approval",
        "Your withdrawal of {amount} {asset} to {address} waits for a second person's approval.",
    ),
    "withdrawal_sent": Words(
        Kind.WITHDRAWAL,
        "Withdrawal of {amount} {asset} sent",
        "Your withdrawal of {amount} {asset} to {address} is on its way."
        " Transaction: {transaction}.",
    ),
    "withdrawal_settled": Words(
        Kind.WITHDRAWAL,
        "Withdrawal of {amount} {asset} complete",
        "Your withdrawal of {amount} {asset} to {address} is complete. Transaction: {transaction}.",
    ),
    "withdrawal_returned": Words(
        Kind.WITHDRAWAL,
        "Withdrawal of {amount} {asset} not made",
        "Your withdrawal of {amount} {asset} to {address} was not made ({reason});"
        " the amount is yours again.",
    ),
    "withdrawal_refused": Words(
        Kind.WITHDRAWAL,
        "Withdrawal of {amount} {asset} refused",
        "Your withdrawal of {amount} {asset} to {address} was refused ({reason});"
        " nothing was taken from your balance.",
    ),
    # prices
    "price_above": Words(
        Kind.PRICE_ALERT,
        "{symbol} has reached {limit}",
        "{symbol} traded at {price}; your alert is for {limit} or more.",
    ),
    "price_below": Words(
        Kind.PRICE_ALERT,
        "{symbol} has fallen to {limit}",
        "{symbol} traded at {price}; your alert is for {limit} or less.",
    ),
    # safety
    "signed_in": Words(
        Kind.SIGN_IN,
        "New sign-in",
        "Somebody signed in to your account from {ip}, with {how}."
        " If this was not you, change your password and end the other sessions.",
    ),
    "signed_up": Words(
        Kind.SECURITY, "Welcome", "Your account is open. Turn on a second factor to protect it."
    ),
    "password_changed": Words(
        Kind.SECURITY,
        "Your password was changed",
        "The password of your account was changed from {ip}. If this was not you, reset it now.",
    ),
    "password_reset": Words(
        Kind.SECURITY,
        "Your password was reset",
        "The password of your account was reset by mail from {ip}. Withdrawals wait for a while."
        " If this was not you, tell us at once.",
    ),
    "email_changed": Words(
        Kind.SECURITY,
        "Your address was changed",
        "The address of your account was changed from {ip}. Withdrawals wait for a while."
        " If this was not you, tell us at once.",
    ),
    "factor_added": Words(
        Kind.SECURITY,
        "Second factor added",
        "A second factor was added to your account from {ip}: {detail}.",
    ),
    "factor_removed": Words(
        Kind.SECURITY,
        "Second factor removed",
        "A second factor was removed from your account from {ip}: {detail}."
        " If this was not you, change your password now.",
    ),
    "recovery_codes_made": Words(
        Kind.SECURITY,
        "New recovery codes",
        "New recovery codes were made for your account from {ip}; the old ones work no more.",
    ),
    "recovery_code_used": Words(
        Kind.SECURITY,
        "Recovery code used",
        "Somebody used a recovery code of your account from {ip}."
        " If this was not you, change your password now.",
    ),
    "passkey_suspect": Words(
        Kind.SECURITY,
        "A passkey may have been copied",
        "A passkey of your account counts backwards, as a copy would: {detail}. Remove it.",
    ),
    "attempts_locked": Words(
        Kind.SECURITY,
        "Too many wrong attempts",
        "There were too many wrong attempts to sign in to your account, the last from {ip}."
        " It takes no more for a while.",
    ),
    "locked": Words(
        Kind.SECURITY, "Your account is locked", "An operator has locked your account."
    ),
    "unlocked": Words(
        Kind.SECURITY, "Your account is open again", "An operator has unlocked your account."
    ),
    "roles_changed": Words(
        Kind.SECURITY, "Your rights were changed", "Your rights as an operator are now: {detail}."
    ),
    "api_key_created": Words(
        Kind.SECURITY,
        "API key created",
        "An API key was created for your account: {detail}. If this was not you, revoke it.",
    ),
    "api_key_revoked": Words(
        Kind.SECURITY, "API key revoked", "An API key of your account was revoked: {detail}."
    ),
    "address_allowed": Words(
        Kind.SECURITY,
        "Withdrawal address added",
        "An address was added to those that your withdrawals may go to: {detail}."
        " If this was not you, remove it and change your password.",
    ),
    "webhook_added": Words(
        Kind.SECURITY,
        "Webhook added",
        "A webhook was added to your account; notifications now also go to {host}."
        " If this was not you, remove it.",
    ),
    "webhook_changed": Words(
        Kind.SECURITY,
        "Webhook changed",
        "A webhook of your account was changed; it goes to {host}. If this was not you, remove it.",
    ),
    "webhook_paused": Words(
        Kind.SECURITY,
        "Webhook paused",
        "Your webhook to {host} is paused. Notifications in a row that it has not taken: {count}.",
    ),
    "mails_switched_off": Words(
        Kind.SECURITY,
        "Mails switched off",
        "You get no more mail about: {detail}. If this was not you, change your password.",
    ),
    "test": Words(Kind.TEST, "A test", "This is a test of your webhook. Nothing has happened."),
}


_UNKNOWN = Words(Kind.TEST, "News of your account", "This release has no words for what happened.")


def render(notification: Notification) -> Rendered:
    """Return a notification in words; facts hold what others wrote, so they are cleaned."""
    words = CATALOGUE.get(notification.template, _UNKNOWN)
    facts = _Facts({name: _clean(value) for name, value in notification.facts.items()})
    return Rendered(words.title.format_map(facts), words.text.format_map(facts))


class _Facts(dict[str, str]):
    """Facts that have no name yet in an older row read as a dash."""

    def __missing__(self, name: str) -> str:
        return "-"


def _clean(value: str) -> str:
    """Return a fact on one line, of bounded length."""
    line = "".join(character if character.isprintable() else " " for character in value)
    return line if len(line) <= FACT_CHARACTERS_MAX else line[: FACT_CHARACTERS_MAX - 1] + "…"


def facts_needed(template: str) -> Mapping[str, str]:
    """Return the facts of a template, each with a dash, to be filled in."""
    return dict.fromkeys(sorted(CATALOGUE[template].facts()), "-")
