"""What `/x/v1` answers where an exchange has no people of its own: one problem, and why."""

import msgspec

from openoutcry.gateways.edge.service import Answer, Request, Response
from openoutcry.gateways.web.api import PREFIX, ProblemType
from openoutcry.gateways.web.server import PROBLEM_MEDIA, common_headers

NOT_HERE = ProblemType("NOT_HERE", 501, "People are not served at the scaled size")


class NoPeople:
    """Says for every path of `/x/v1` that there is none."""

    def __init__(self) -> None:
        problem = NOT_HERE.problem(
            "The trading API is whole. `outcry serve` has people, their wallets and the page."
        )
        self._body = msgspec.json.encode(problem.body())
        self._headers = common_headers(over_tls=False)

    def serve(self, request: Request, answer: Answer) -> bool:
        """Answer a request; False when it is for another path."""
        if request.path != PREFIX and not request.path.startswith(f"{PREFIX}/"):
            return False
        answer.respond(Response(NOT_HERE.status, self._body, self._headers, PROBLEM_MEDIA))
        return True
