"""How people are treated: lifetimes, limits, and what passwords cost. All in one place."""

from dataclasses import dataclass
from urllib.parse import urlsplit

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitySettings:
    """The defaults are those of the product; an operator names the address and little else."""

    public_origin: str = ""
    """Where people find the page, as `https://exchange.example`. Without one: localhost."""
    product: str = "Openoutcry"
    """What letters and authenticators call the exchange."""

    session_idle_us: int = 30 * MINUTE_US
    session_life_us: int = 12 * HOUR_US
    sessions_max: int = 50
    """Of one person; the one unused longest gives way to a new one."""
    step_up_us: int = 5 * MINUTE_US
    sign_up_link_us: int = 24 * HOUR_US
    reset_link_us: int = 30 * MINUTE_US
    email_link_us: int = 30 * MINUTE_US
    step_us: int = 5 * MINUTE_US
    """How long a sign-in may wait for its next step, and a challenge for its answer."""

    password_memory_kib: int = 19_456
    password_passes: int = 2
    password_lanes: int = 1
    passwords_at_once: int = 2
    """Each takes its memory and a core."""
    passwords_waiting_max: int = 100

    limits: bool = True
    """Without, addresses and the whole are not limited; a single person always is."""

    def __post_init__(self) -> None:
        """Hold the figures to each other."""
        assert self.step_up_us < self.session_idle_us < self.session_life_us
        assert self.password_memory_kib >= 8 * self.password_lanes

    @property
    def relying_party(self) -> str:
        """The name that passkeys are bound to."""
        return urlsplit(self.public_origin).hostname or "localhost"

    def page_origin(self, origin: str) -> str:
        """Return where links lead: never to an address that merely somebody has sent.

        Without a public origin it is this machine, by the port that the caller has used.
        """
        if self.public_origin:
            return self.public_origin
        found = urlsplit(origin)
        if found.hostname == "localhost":
            return f"{found.scheme}://{found.netloc}"
        try:
            port = found.port
        except ValueError:
            port = None
        return "http://localhost" if port is None else f"http://localhost:{port}"
