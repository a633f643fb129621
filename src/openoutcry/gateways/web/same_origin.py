"""Whether a request was meant for this exchange, and whether a page of its own has sent it."""

from collections.abc import Mapping

from openoutcry.gateways.edge.origins import Origins
from openoutcry.gateways.web.api import ProblemType

CSRF_HEADER = "x-outcry-csrf"
"""No form and no link of another site can send a header of this name."""

MISDIRECTED = ProblemType("MISDIRECTED", 421, "This exchange does not go by that name")
CROSS_SITE = ProblemType("CROSS_SITE", 403, "The request does not come from the exchange's page")

_SAFE = frozenset({"GET", "HEAD"})
_FETCH_SITES = frozenset({"same-origin", "none"})


def check_host(origins: Origins, host: str) -> None:
    """Refuse a request that was meant for a host of another name; raises Problem."""
    if not origins.is_own_host(host):
        raise MISDIRECTED.problem("Its operator can name its address: OUTCRY_PUBLIC_ORIGIN.")


def check_same_origin(origins: Origins, method: str, headers: Mapping[str, str]) -> None:
    """Refuse what changes something unless a page of ours has sent it; raises Problem."""
    if method in _SAFE:
        return
    if not origins.is_own_origin(headers.get("origin", ""), headers.get("host", "")):
        raise CROSS_SITE.problem("Its Origin is missing, or another one.")
    if headers.get("sec-fetch-site", "same-origin") not in _FETCH_SITES:
        raise CROSS_SITE.problem("Sec-Fetch-Site says so.")
    if headers.get(CSRF_HEADER) != "1":
        raise CROSS_SITE.problem("Send the header X-Outcry-CSRF: 1.")
