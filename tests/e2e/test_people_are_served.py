"""Where there are people and a page, and where it is said that there are none."""

import http.client
import json
from collections.abc import Callable

from tools.exchange_process import ExchangeProcess


def test_x_v1_describes_itself_or_says_that_it_is_not_there(exchange: ExchangeProcess) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", exchange.port, timeout=30)
    connection.request("GET", "/x/v1/openapi.json")
    response = connection.getresponse()
    body = json.loads(response.read())
    if exchange.verb == "serve":
        assert (response.status, body["openapi"]) == (200, "3.1.0")
    else:
        assert (response.status, body["code"]) == (501, "NOT_HERE")
    connection.close()


def test_the_log_says_where_to_look_and_who_runs_it(
    quiet_exchange: ExchangeProcess, eventually: Callable[[Callable[[], bool], float], bool]
) -> None:
    if quiet_exchange.verb != "serve":
        return
    operator = json.loads((quiet_exchange.data / "demo-operator.json").read_text())
    for said in (
        f"ready: http://localhost:{quiet_exchange.port}  data: ",
        f"operator: {operator['email']}  one-time password: {operator['one_time_password']}",
    ):
        eventually(lambda said=said: said in quiet_exchange.log_path.read_text(), 20.0)
