"""People's side of an exchange, joined: who signs in, what `/x/v1` serves, and the page."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path

from openoutcry.adapters.local.key_file import read_or_make
from openoutcry.adapters.local.smtp import SmtpMailer, SmtpSecurity, SmtpSettings
from openoutcry.adapters.memory.mail import MemoryMailbox
from openoutcry.adapters.memory.stream_tickets import MemoryStreamTickets
from openoutcry.adapters.sqlite.people import SqlitePeopleFile
from openoutcry.app.accounts import ExchangeAccounts
from openoutcry.app.engine import PEOPLE_NAME
from openoutcry.app.master_key import master_key
from openoutcry.app.notifications import Surroundings, open_notifications
from openoutcry.app.operating import PeopleDesk
from openoutcry.app.settings import ServeSettings
from openoutcry.app.views import Gauges
from openoutcry.app.wallets import open_wallets
from openoutcry.gateways.edge.origins import Origins
from openoutcry.gateways.edge.page_sessions import PageSessions
from openoutcry.gateways.edge.service import Exchange
from openoutcry.gateways.web import (
    api_keys,
    auth,
    description,
    mailbox,
    me,
    notifications,
    operator,
    tickets,
)
from openoutcry.gateways.web.api import Route
from openoutcry.gateways.web.no_mail import without_mail
from openoutcry.gateways.web.page import Page, PageConfig
from openoutcry.gateways.web.server import WebApplication
from openoutcry.identity.desk import Outside
from openoutcry.identity.identity import Identity
from openoutcry.identity.personal_keys import KeyDesk
from openoutcry.identity.sealing import AesGcmSealer
from openoutcry.identity.settings import SECOND_US, IdentitySettings
from openoutcry.notifications.watch import Watch
from openoutcry.partition.runtime import now_us
from openoutcry.ports.audit import SYSTEM, Audit, AuditStore, AuditTrail
from openoutcry.ports.calls import Calls
from openoutcry.ports.feeds import CommittedLog
from openoutcry.ports.mail import Mail, Mailbox, Mailer, MailError
from openoutcry.ports.operations import Operations
from openoutcry.ports.people import EmailTakenError, OperatorRole, PeopleDirectory

FACTORS = "second-factors"
"""The purpose of sealing secrets of codes by time."""
OPERATOR_FILE = "demo-operator.json"
OPERATOR_EMAIL = "operator@example.com"
"""The demo's: nobody has that domain."""
_PAGE = 1_000

log = logging.getLogger("openoutcry.people")


class NoMailServer:
    """Refuses each mail: nobody has said where mails go."""

    async def send(self, mail: Mail) -> None:
        """Raise MailError."""
        raise MailError(f"OUTCRY_SMTP_HOST names no mail server for {mail.subject!r}", again=False)


class OperatorsMails:
    """Implements `ports.mail.Discretion`: mails to whoever holds a role are nobody else's."""

    def __init__(self, directory: PeopleDirectory) -> None:
        self._directory = directory

    async def is_private(self, to: str) -> bool:
        """Whether an operator has this address now; raises PeopleStoreError."""
        person = await self._directory.by_email(to)
        return person is not None and bool(person.roles)


@dataclass(frozen=True, slots=True)
class Engine:
    """What of the embedded engine people's rooms read and watch."""

    watch: Watch
    """Hears every batch since the partition began."""
    batches: CommittedLog
    """What was committed, once more."""
    records: AuditStore
    gauges: Gauges
    """What operators see of the rooms; each adds its own."""


@dataclass(frozen=True, slots=True)
class People:
    """What people are served with, once it is open."""

    web: WebApplication
    sockets: PageSessions
    directory: PeopleDirectory


async def open_people(
    stack: AsyncExitStack,
    exchange: Exchange,
    settings: ServeSettings,
    audit: AuditTrail,
    operations: Operations,
    engine: Engine,
) -> People:
    """Open what people are served with, until the stack is left.

    Raises PeopleStoreError, NotificationStoreError, WalletStoreError, MasterKeyError, OSError.
    """
    file = await asyncio.to_thread(SqlitePeopleFile, settings.data / PEOPLE_NAME)
    stack.callback(file.close)
    mailer, box = _mail(settings, exchange.clock)
    key = await asyncio.to_thread(master_key, settings.data, settings.secrets_key)
    accounts = ExchangeAccounts(exchange.calls)
    sealer = AesGcmSealer(key, FACTORS)
    identity = Identity(
        Outside(file.stores, sealer, mailer, audit, accounts),
        IdentitySettings(
            public_origin=settings.public_origin,
            session_idle_us=settings.session_idle_seconds * SECOND_US,
            session_life_us=settings.session_seconds * SECOND_US,
            limits=settings.limits,
        ),
        exchange.clock,
    )
    identity.start()
    stack.push_async_callback(identity.close)
    money = await open_wallets(stack, exchange, settings, audit, identity.directory)
    exchange.wallets = money.desk
    engine.gauges.append(money.gauge)
    told = await open_notifications(
        stack,
        Surroundings(
            path=settings.data / PEOPLE_NAME,
            watch=engine.watch,
            batches=engine.batches,
            catalog=exchange.catalog,
            people=identity.directory,
            mailer=mailer,
            audit=audit,
            records=engine.records,
            logs=(money.occurrences,),
            master_key=key,
            clock=exchange.clock,
            page=settings.public_origin or f"http://localhost:{settings.port}",
            allow_loopback=settings.demo,
        ),
    )
    engine.gauges.append(told.gauge)
    origins = Origins(settings.public_origin)
    sockets = PageSessions(identity.sessions, MemoryStreamTickets(), origins, told.inbox)
    own = (*auth.routes(identity.signing_in), *me.routes(identity.own_account))
    sends_mail = not isinstance(mailer, NoMailServer)
    routes = (
        *(own if sends_mail else without_mail(own)),
        *_key_routes(exchange, identity.directory, audit),
        *notifications.routes(told.desk),
        *operator.routes(operations, _people_desk(exchange, identity.directory, audit), audit),
        *tickets.routes(sockets.tickets),
        *money.routes,
        *(() if box is None else mailbox.routes(box, OperatorsMails(identity.directory))),
    )
    web = await _open_web(stack, exchange, settings, sockets, routes, has_mailbox=box is not None)
    return People(web, sockets, identity.directory)


async def _open_web(
    stack: AsyncExitStack,
    exchange: Exchange,
    settings: ServeSettings,
    sockets: PageSessions,
    routes: tuple[Route, ...],
    *,
    has_mailbox: bool,
) -> WebApplication:
    """Serve routes with their description, and the page behind them, until the stack is left."""
    page = Page(
        Path(settings.page) if settings.page else Path(str(files("openoutcry") / "page")),
        PageConfig(demo=settings.demo, mailbox=has_mailbox),
        origins=sockets.origins,
        limiter=exchange.limiter,
        clock=exchange.clock,
    )
    await page.load()
    web = WebApplication(
        description.routes(routes, version("openoutcry")),
        sessions=sockets.sessions,
        limiter=exchange.limiter,
        clock=exchange.clock,
        origins=sockets.origins,
        pages=page,
    )
    stack.push_async_callback(web.close)
    return web


@asynccontextmanager
async def open_directory(
    directory: Path, settings: ServeSettings, calls: Calls, audit: AuditTrail
) -> AsyncIterator[PeopleDirectory]:
    """Open people for a moment, without serving them; raises what `open_people` does."""
    file = await asyncio.to_thread(SqlitePeopleFile, directory / PEOPLE_NAME)
    try:
        key = await asyncio.to_thread(master_key, directory, settings.secrets_key)
        sealer, accounts = AesGcmSealer(key, FACTORS), ExchangeAccounts(calls)
        outside = Outside(file.stores, sealer, NoMailServer(), audit, accounts)
        identity = Identity(outside, IdentitySettings(), now_us)
        try:
            yield identity.directory
        finally:
            await identity.close()
    finally:
        file.close()


def _key_routes(exchange: Exchange, directory: PeopleDirectory, audit: Audit) -> tuple[Route, ...]:
    """Return what people do about their API keys."""
    keys = KeyDesk(
        directory,
        exchange.keys,
        exchange.listen_keys,
        audit,
        lambda: [market.symbol for market in exchange.catalog.markets()],
        exchange.clock,
    )
    return api_keys.routes(keys)


def _people_desk(exchange: Exchange, directory: PeopleDirectory, audit: Audit) -> PeopleDesk:
    """Return what operators do about people."""
    return PeopleDesk(directory, exchange.keys, exchange.listen_keys, audit, exchange.clock)


def _mail(settings: ServeSettings, clock: Callable[[], int]) -> tuple[Mailer, Mailbox | None]:
    """Return what sends mails, and the mailbox that a demo without a mail server keeps them in."""
    if settings.smtp_host:
        smtp = SmtpSettings(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=SmtpSecurity(settings.smtp_security),
            sender=settings.smtp_from,
            user=settings.smtp_username,
            password=settings.smtp_password,
            ca_file=settings.smtp_authority,
        )
        return SmtpMailer(smtp), None
    if settings.demo:
        box = MemoryMailbox(clock)
        return box, box
    log.warning("no mail server is named: nobody can sign up (OUTCRY_SMTP_HOST)")
    return NoMailServer(), None


async def open_demo_operator(
    directory: PeopleDirectory, audit: Audit, data: Path, now_us: int
) -> str:
    """Make the demo's operator unless there is one; returns what to tell whoever started it.

    Who was made here and has another address by now is not made again.
    """
    path = data / OPERATOR_FILE
    found = await directory.by_email(OPERATOR_EMAIL)
    if found is None and await asyncio.to_thread(path.exists) and await _has_operator(directory):
        return ""
    if found is None:
        target = f"person:{OPERATOR_EMAIL}"
        await audit.record(SYSTEM, "operator.add", target, {"roles": OperatorRole.ADMIN.value})
        try:
            new = await directory.add_operator(OPERATOR_EMAIL, [OperatorRole.ADMIN], now_us)
        except EmailTakenError:
            return ""
        entry = {"email": OPERATOR_EMAIL, "one_time_password": new.one_time_password}
        await asyncio.to_thread(path.unlink, missing_ok=True)
        await asyncio.to_thread(read_or_make, path, lambda: json.dumps(entry) + "\n")
        return f"operator: {OPERATOR_EMAIL}  one-time password: {new.one_time_password}"
    if found.signed_in_us == 0 and path.exists():
        return f"operator: {OPERATOR_EMAIL}  one-time password: in {path}"
    return ""


async def _has_operator(directory: PeopleDirectory) -> bool:
    """Whether anybody administers the exchange."""
    after = 0
    while page := await directory.page(after_person_id=after, limit=_PAGE):
        if any(OperatorRole.ADMIN in person.roles for person in page):
            return True
        after = page[-1].person_id
    return False


def warning_of(settings: ServeSettings) -> str:
    """Return what whoever starts this exchange has to be warned of, or nothing."""
    if not settings.demo or is_loopback(settings.host):
        return ""
    return (
        f"warning: a demo is not for strangers, and this one listens on {settings.host}:"
        " let nobody reach it whom you would not let use this machine"
    )


def is_loopback(host: str) -> bool:
    """Whether a server on this host is reached from its own machine alone; no name is asked for."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def where_to_look(settings: ServeSettings, port: int) -> str:
    """Return the address that somebody opens in a browser."""
    if settings.public_origin:
        return settings.public_origin
    if settings.host in {"127.0.0.1", "::1", "0.0.0.0", "::", "localhost"}:  # noqa: S104 - compared
        return f"http://localhost:{port}"
    return f"http://{bracketed(settings.host)}:{port}"


def bracketed(host: str) -> str:
    """Return a host as it stands in an address."""
    return f"[{host}]" if ":" in host else host
