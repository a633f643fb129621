"""`/x/v1` without a network: who is let in, what is read, what is answered. Names bad inputs."""

import asyncio
from typing import Annotated, Any

import msgspec
import pytest
from tests.support.web_caller import (
    HOST,
    PAGE_HEADERS,
    ToySessions,
    WebCaller,
    session_view,
)

from openoutcry.adapters.memory.rate_limits import MemoryRateLimiter
from openoutcry.gateways.edge.origins import Origins
from openoutcry.gateways.edge.service import Request
from openoutcry.gateways.web.api import (
    Access,
    Amount,
    Document,
    Input,
    Output,
    ProblemType,
    Route,
    WebCall,
)
from openoutcry.ports.calls import CallError
from openoutcry.ports.people import OperatorRole, SecondFactor
from openoutcry.ports.rate_limits import REQUEST_WEIGHT_PER_MINUTE

TAKEN = ProblemType("NAME_TAKEN", 409, "The name is taken")


class Rename(Input):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    amount: Amount = "0"
    more: dict[str, Any] | None = None


class Page(Input):
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    containing: str = ""


class Renamed(Output):
    name: str
    amount: str
    person_id: int


async def rename(call: WebCall) -> Renamed:
    wanted = call.read(Rename)
    if wanted.name == "taken":
        raise TAKEN.problem("Somebody has it.", field="name")
    if wanted.name == "broken":
        raise ZeroDivisionError
    if wanted.name == "away":
        raise CallError(wanted.name)
    if wanted.name == "slow":
        await asyncio.sleep(60)
    return Renamed(name=wanted.name, amount=wanted.amount, person_id=call.person.person_id)


async def list_page(call: WebCall) -> Any:
    page = call.asked(Page)
    return {"limit": page.limit, "containing": page.containing}


async def thing(call: WebCall) -> Any:
    return {"thing": call.path["thing_id"], "origin": call.origin, "peer": call.peer_ip}


async def sign_in(call: WebCall) -> None:
    call.start_session("fresh-token", 1800)


async def sign_out(call: WebCall) -> None:
    call.end_session()


async def wrong_code(call: WebCall) -> None:
    call.end_session()
    raise TAKEN.problem()


async def statement(call: WebCall) -> Document:
    return Document(b"a,b\r\n", "text/csv; charset=utf-8", "statement.csv")


def route(method: str, path: str, handler: Any, access: Access = Access.PUBLIC, **more: Any) -> Any:
    return Route(
        method=method,
        path=path,
        handler=handler,
        access=access,
        summary="A route",
        tags=("test",),
        **more,
    )


ROUTES = (
    route("POST", "/names", rename, Access.SESSION, body=Rename, answer=Renamed, problems=(TAKEN,)),
    route("GET", "/names", list_page, query=Page, answer=Any),
    route("GET", "/things/{thing_id}", thing, answer=Any),
    route("GET", "/things/{thing_id}/inner", thing, answer=Any),
    route("DELETE", "/things/{thing_id}", sign_out),
    route("POST", "/sign-in", sign_in),
    route("POST", "/sign-out", sign_out, Access.SESSION),
    route("POST", "/wrong-code", wrong_code, problems=(TAKEN,)),
    route("POST", "/withdraw", sign_in, Access.STEPPED_UP),
    route("GET", "/people", thing, Access.operator(OperatorRole.SUPPORT), answer=Any),
    route(
        "POST", "/halt", sign_in, Access.operator(OperatorRole.MARKETS, stepped_up=True), weight=7
    ),
    route("GET", "/statement", statement, media=("text/csv; charset=utf-8",), weight=3),
)


@pytest.fixture
def caller() -> WebCaller:
    people = {
        "alice": session_view(1_000_000),
        "sure": session_view(1_000_001, stepped_up=True),
        "support": session_view(1_000_002, roles=[OperatorRole.SUPPORT]),
        "admin": session_view(1_000_003, roles=[OperatorRole.ADMIN], stepped_up=True),
        "markets": session_view(1_000_004, roles=[OperatorRole.MARKETS]),
        "bare": session_view(
            1_000_005,
            roles=[OperatorRole.ADMIN],
            stepped_up=True,
            second_factor=SecondFactor.MISSING,
        ),
        "by-password": session_view(
            1_000_006,
            roles=[OperatorRole.ADMIN],
            stepped_up=True,
            second_factor=SecondFactor.UNPROVED,
        ),
    }
    return WebCaller(ROUTES, ToySessions(people), handler_seconds_max=0.2)


async def rename_with(caller: WebCaller, content: bytes, media: str = "application/json") -> Any:
    return await caller.call(
        "POST", "/names", content=content, token="alice", headers={"content-type": media}
    )


async def test_a_body_is_read_and_an_answer_written(caller: WebCaller) -> None:
    called = await caller.call("POST", "/names", {"name": "Ann", "amount": "0.5"}, token="alice")
    assert called.status == 200
    assert called.media == "application/json"
    assert called.json == {"name": "Ann", "amount": "0.5", "person_id": 1_000_000}


async def test_every_answer_is_private_and_has_its_id(caller: WebCaller) -> None:
    """ASVS 3.4.2, 3.4.4-6, 3.4.8, 14.3.2"""
    for path in ("/names", "/nowhere", "/people"):
        headers = (await caller.call("GET", path)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["referrer-policy"] == "no-referrer"
        assert len(headers["x-request-id"]) == 32
        assert "access-control-allow-origin" not in headers
        assert "strict-transport-security" not in headers


async def test_over_tls_browsers_are_told_to_stay_there() -> None:
    """ASVS 3.4.1"""
    caller = WebCaller(ROUTES, origins=Origins("https://exchange.example"))
    called = await caller.call("GET", "/names", headers={"host": "exchange.example"})
    assert called.headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"


async def test_a_problem_says_which_field(caller: WebCaller) -> None:
    called = await caller.call("POST", "/names", {"name": "taken"}, token="alice")
    assert called.status == 409
    assert called.json == {
        "type": "urn:openoutcry:problem:NAME_TAKEN",
        "title": "The name is taken",
        "status": 409,
        "code": "NAME_TAKEN",
        "detail": "Somebody has it.",
        "errors": [{"field": "name", "message": "Somebody has it."}],
    }


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("broken", 500, "BROKEN"), ("away", 503, "AWAY"), ("slow", 503, "TAKES_TOO_LONG")],
)
async def test_whatever_a_handler_raises_becomes_a_problem(
    caller: WebCaller, name: str, status: int, code: str
) -> None:
    called = await caller.call("POST", "/names", {"name": name}, token="alice")
    assert (called.status, called.code) == (status, code)
    assert b"Error" not in called.content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"name"',
        b"hello",
        b'{"name": "Ann"} x',
        b"\xff\xfe",
        b'{"name": "\xff"}',
        b"[1, 2",
        b'{"name": "\\ud800"}',
    ],
)
async def test_r01_what_is_no_json_is_refused(caller: WebCaller, content: bytes) -> None:
    called = await rename_with(caller, content)
    assert (called.status, called.code) == (400, "BAD_JSON")
    assert b"Traceback" not in called.content


async def test_r01_json_of_another_kind_is_refused(caller: WebCaller) -> None:
    for content in (b"null", b"[]", b'"name"', b"12"):
        assert (await rename_with(caller, content)).code == "INVALID_FIELDS"


@pytest.mark.parametrize(
    "content",
    [
        b'{"name": "Ann", "name": "Bob"}',
        b'{"name": "Ann", "n\\u0061me": "Bob"}',
        b'{"name": "Ann", "more": {"a": 1, "a": 2}}',
        b'{"name": "Ann", "more": {"a": [{"b": 1, "b": 1}]}}',
    ],
)
async def test_r02_a_name_sent_twice_is_refused(caller: WebCaller, content: bytes) -> None:
    """ASVS 1.5.3, 15.3.7"""
    assert (await rename_with(caller, content)).code == "BAD_JSON"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-0", "1e3", "0.5"])
async def test_r03_r05_an_amount_is_no_number(caller: WebCaller, number: str) -> None:
    """ASVS 2.2.1-2"""
    called = await rename_with(caller, f'{{"name": "Ann", "amount": {number}}}'.encode())
    assert called.status == 400
    assert called.code in {"BAD_JSON", "INVALID_FIELDS"}


@pytest.mark.parametrize(
    "amount",
    [
        "1e3",
        " 1",
        "1 ",
        "+1",
        "-1",
        "1_000",
        "1,5",
        "01",
        "\uff11",
        "\u0661",
        "",
        ".5",
        "1.",
        "1\n",
        "9" * 19,
        "0." + "1" * 19,
        "0x10",
    ],
)
async def test_r04_an_amount_has_one_spelling(caller: WebCaller, amount: str) -> None:
    called = await caller.call("POST", "/names", {"name": "Ann", "amount": amount}, token="alice")
    assert (called.status, called.code) == (400, "INVALID_FIELDS")
    assert [error["field"] for error in called.json["errors"]] == ["amount"]


@pytest.mark.parametrize("amount", ["0", "1", "0.10", "9" * 18 + "." + "9" * 18])
async def test_r04_proper_amounts_pass(caller: WebCaller, amount: str) -> None:
    called = await caller.call("POST", "/names", {"name": "Ann", "amount": amount}, token="alice")
    assert called.json["amount"] == amount


async def test_r08_large_and_deep_bodies_are_refused_cheaply(caller: WebCaller) -> None:
    large = b'{"name": "' + b"a" * 70_000 + b'"}'
    assert (await rename_with(caller, large)).code == "BODY_TOO_LARGE"
    keys = b"{" + b",".join(b'"%d":1' % number for number in range(100_000)) + b"}"
    assert (await rename_with(caller, keys)).status == 413
    for content in (
        b"[" * 30_000,
        b'{"name": "Ann", "more": {"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}}",
        b'{"a":' * 9_000 + b"1" + b"}" * 9_000,
        b'"' * 60_000,
        b'\\"' * 30_000,
        b'{"name": "Ann", "amount": ' + b"9" * 60_000 + b"}",
    ):
        started = asyncio.get_running_loop().time()
        assert (await rename_with(caller, content)).status == 400
        assert asyncio.get_running_loop().time() - started < 2.0


@pytest.mark.parametrize(
    "media",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/json, text/plain",
        "application/jsonx",
        "",
    ],
)
async def test_r10_another_media_type_is_refused(caller: WebCaller, media: str) -> None:
    called = await rename_with(caller, b'{"name": "Ann"}', media)
    assert (called.status, called.code) == (415, "NOT_JSON")


async def test_r10_a_body_without_a_media_type_is_refused(caller: WebCaller) -> None:
    called = await caller.call(
        "POST", "/names", {"name": "Ann"}, token="alice", headers={"content-type": None}
    )
    assert called.status == 415


@pytest.mark.parametrize("media", ["application/json", "Application/JSON; Charset=UTF-8"])
async def test_json_has_some_spellings(caller: WebCaller, media: str) -> None:
    assert (await rename_with(caller, b'{"name": "Ann"}', media)).status == 200


async def test_r11_no_method_stands_for_another(caller: WebCaller) -> None:
    """ASVS 4.1.4"""
    called = await caller.call("PUT", "/names", {"name": "Ann"}, token="alice")
    assert (called.status, called.headers["allow"]) == (405, "GET, HEAD, POST")
    override = {"x-http-method-override": "DELETE", "x-method-override": "DELETE"}
    called = await caller.call("GET", "/things/1", headers=override)
    assert called.json["thing"] == "1"
    called = await caller.call("GET", "/sign-out", token="alice")
    assert (called.status, called.code) == (405, "METHOD_NOT_ALLOWED")
    called = await caller.call("GET", "/names?name=Ann&_method=POST")
    assert called.code == "UNKNOWN_FIELD"


async def test_r11_a_body_that_nobody_reads_is_refused(caller: WebCaller) -> None:
    assert (await caller.call("GET", "/names", {"name": "Ann"})).status == 400
    assert (await caller.call("POST", "/sign-in", {"name": "Ann"})).status == 400
    assert (await caller.call("POST", "/sign-in", {})).status == 204, "it says nothing"


@pytest.mark.parametrize(
    "path",
    [
        "//names",
        "/names/",
        "/names.",
        "/%6eames",
        "/things/%2e%2e",
        "/things/..%2fnames",
        "/things/a%00b",
        "/things/a%2fb",
        "/things/a%253Ab",
        "/things/%41",
        "/things/",
        "/things/a/b",
        "/Names",
        "/names;x=1",
        "/things/" + "a" * 129,
        "",
    ],
)
async def test_r13_a_path_has_one_spelling(caller: WebCaller, path: str) -> None:
    called = await caller.call("GET", path, token="admin")
    assert (called.status, called.code) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "thing"),
    [("/things/bch:a1@b", "bch:a1@b"), ("/things/bch%3Aa1%40b", "bch:a1@b"), ("/things/%3a", ":")],
)
async def test_marks_in_a_name_may_be_escaped(caller: WebCaller, path: str, thing: str) -> None:
    assert (await caller.call("GET", path)).json["thing"] == thing


async def test_r13_what_begins_alike_is_not_ours(caller: WebCaller) -> None:
    request = Request("GET", "/x/v12/names", "", b"", PAGE_HEADERS, "127.0.0.1")
    assert not caller.application.serve(request, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "query",
    [
        "limit=1&limit=2",
        "limit[]=1",
        "user_id=7",
        "limit=%FF",
        "limit=%",
        "limit=%zz",
        "limit",
        "limit=0",
        "limit=1e9",
        "limit=-1",
        "limit=101",
        "limit=1.5",
        "&" * 40,
    ],
)
async def test_r14_r31_a_query_is_read_one_way(caller: WebCaller, query: str) -> None:
    called = await caller.call("GET", f"/names?{query}")
    assert called.status == 400
    assert called.code in {"UNKNOWN_FIELD", "INVALID_FIELDS"}


async def test_r14_a_body_field_is_not_taken_from_the_query(caller: WebCaller) -> None:
    called = await caller.call("POST", "/names?name=Bob", {"name": "Ann"}, token="alice")
    assert (called.status, called.code) == (400, "UNKNOWN_FIELD")


async def test_a_query_is_decoded(caller: WebCaller) -> None:
    called = await caller.call("GET", "/names?limit=7&containing=a%2Bb+%C3%A9")
    assert called.json == {"limit": 7, "containing": "a+b é"}


@pytest.mark.parametrize("field", ["isAdmin", "user_id", "account_id", "__proto__"])
async def test_r15_an_unknown_field_is_refused(caller: WebCaller, field: str) -> None:
    """ASVS 15.3.3-5"""
    called = await caller.call("POST", "/names", {"name": "Ann", field: True}, token="alice")
    assert (called.status, called.code) == (400, "UNKNOWN_FIELD")
    assert called.json["errors"][0]["field"] == field


async def test_a_missing_field_is_named(caller: WebCaller) -> None:
    called = await caller.call("POST", "/names", {"amount": "1"}, token="alice")
    assert called.json["errors"] == [{"field": "name", "message": "This field is missing."}]


async def test_r32_what_a_client_says_about_itself_is_not_believed(caller: WebCaller) -> None:
    """ASVS 4.1.3"""
    spoofed = {
        "x-forwarded-for": "6.6.6.6",
        "x-real-ip": "6.6.6.6",
        "forwarded": "for=6.6.6.6",
        "x-user-id": "1000003",
        "x-forwarded-host": "evil.example",
    }
    called = await caller.call("GET", "/things/1", headers=spoofed, peer_ip="10.0.0.9")
    assert called.json == {"thing": "1", "origin": f"http://{HOST}", "peer": "10.0.0.9"}
    assert (await caller.call("GET", "/people", headers=spoofed)).status == 401


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "[::1::]",
        "[1:2:::]:8080",
        "localhost:99999",
        "127.0.0.1:65536",
    ],
)
async def test_r33_another_host_is_refused(caller: WebCaller, host: str) -> None:
    called = await caller.call("GET", "/names", headers={"host": host, "origin": f"http://{host}"})
    assert (called.status, called.code) == (421, "MISDIRECTED")


async def test_r33_a_named_exchange_has_that_name_and_localhost() -> None:
    caller = WebCaller(ROUTES, origins=Origins("https://exchange.example"))
    for host, status in {
        "exchange.example": 200,
        "EXCHANGE.example": 200,
        "localhost:8080": 200,
        "127.0.0.1:8080": 200,
        "[::1]:8080": 200,
        "10.0.0.9:8080": 421,
        "exchange.example:444": 421,
        "evil.example": 421,
    }.items():
        called = await caller.call("GET", "/names", headers={"host": host})
        assert called.status == status, host


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": None},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": "http://localhost:8081"},
        {"origin": "http://localhost"},
        {"origin": f"http://{HOST}.evil.example"},
        {"origin": f"http://{HOST}/"},
        {"origin": f"file://{HOST}"},
        {"origin": f"http://user@{HOST}"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"x-outcry-csrf": None},
        {"x-outcry-csrf": "0"},
    ],
)
async def test_r34_only_our_page_changes_something(
    caller: WebCaller, headers: dict[str, str | None]
) -> None:
    """ASVS 3.5.1-3"""
    for path in ("/sign-in", "/sign-out"):
        called = await caller.call("POST", path, token="alice", headers=headers)
        assert (called.status, called.code) == (403, "CROSS_SITE")
    called = await caller.call("DELETE", "/things/1", headers=headers)
    assert called.status == 403
    assert "set-cookie" not in called.headers


async def test_r34_a_page_of_the_public_origin_passes_and_no_plain_one() -> None:
    caller = WebCaller(ROUTES, origins=Origins("https://exchange.example"))
    for origin, status in {
        "https://exchange.example": 204,
        "http://exchange.example": 403,
        "https://evil.example": 403,
    }.items():
        headers = {"host": "exchange.example", "origin": origin}
        assert (await caller.call("POST", "/sign-in", headers=headers)).status == status


async def test_r34_reading_needs_no_origin(caller: WebCaller) -> None:
    headers = {"origin": None, "sec-fetch-site": "cross-site", "x-outcry-csrf": None}
    assert (await caller.call("GET", "/names", headers=headers)).status == 200


async def test_r35_markup_goes_through_as_data(caller: WebCaller) -> None:
    called = await caller.call("POST", "/names", {"name": "<script>1</script>"}, token="alice")
    assert called.json["name"] == "<script>1</script>"
    assert called.media == "application/json"


async def test_who_may_do_what(caller: WebCaller) -> None:
    """ASVS 8.1-8.4"""
    expected = {
        ("POST", "/sign-out", ""): 401,
        ("POST", "/sign-out", "nobody"): 401,
        ("POST", "/sign-out", "alice"): 204,
        ("POST", "/withdraw", ""): 401,
        ("POST", "/withdraw", "alice"): 403,
        ("POST", "/withdraw", "sure"): 204,
        ("GET", "/people", "alice"): 403,
        ("GET", "/people", "markets"): 403,
        ("POST", "/halt", "support"): 403,
        ("POST", "/halt", "markets"): 403,
        ("POST", "/halt", "admin"): 204,
    }
    for (method, path, token), status in expected.items():
        assert (await caller.call(method, path, token=token)).status == status, (path, token)
    assert (await caller.call("POST", "/withdraw", token="alice")).code == "STEP_UP_FIRST"
    assert (await caller.call("POST", "/halt", token="markets")).code == "STEP_UP_FIRST"
    assert (await caller.call("GET", "/people", token="alice")).code == "NOT_ALLOWED"


async def test_operators_do_nothing_without_a_second_factor(caller: WebCaller) -> None:
    """ASVS 6.3.3"""
    for method, path in (("GET", "/people"), ("POST", "/halt")):
        called = await caller.call(method, path, token="bare")
        assert (called.status, called.code) == (403, "SECOND_FACTOR_NEEDED")
        assert "Account, Security" in called.json["detail"]
        called = await caller.call(method, path, token="by-password")
        assert (called.status, called.code) == (403, "STEP_UP_FIRST"), "though it has, by password"
    for token in ("bare", "by-password"):
        assert (await caller.call("POST", "/withdraw", token=token)).status == 204, "their own"


async def test_a_step_up_is_over_after_its_time(caller: WebCaller) -> None:
    caller.now_us += 300_000_000
    assert (await caller.call("POST", "/withdraw", token="sure")).status == 403


@pytest.mark.parametrize(
    "cookie",
    [
        "__Host-s=alice; __Host-s=admin",
        "__Host-s=alice,__Host-s=alice",
        "__Host-S=alice",
        "s=alice",
        '__Host-s="alice"',
        "__Host-s=",
        "__Host-s",
        "",
        ";;;==",
    ],
)
async def test_a_doubtful_cookie_is_no_session(caller: WebCaller, cookie: str) -> None:
    called = await caller.call("POST", "/sign-out", headers={"cookie": cookie})
    assert (called.status, called.code) == (401, "SIGN_IN_FIRST")


async def test_the_cookie_is_found_among_others(caller: WebCaller) -> None:
    cookie = "theme=dark; __Host-s=alice; other=1"
    assert (await caller.call("POST", "/sign-out", headers={"cookie": cookie})).status == 204


async def test_the_session_cookie_is_hidden_from_scripts_and_other_sites(caller: WebCaller) -> None:
    """ASVS 3.3.1-4"""
    called = await caller.call("POST", "/sign-in")
    assert called.headers["set-cookie"] == (
        "__Host-s=fresh-token; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=1800"
    )
    called = await caller.call("POST", "/sign-out", token="alice")
    assert called.headers["set-cookie"].startswith("__Host-s=; ")
    assert called.headers["set-cookie"].endswith("Max-Age=0")
    assert "cookies" in called.headers["clear-site-data"]
    refused = await caller.call("POST", "/wrong-code", token="alice")
    assert (refused.status, refused.headers["set-cookie"][:12]) == (409, "__Host-s=; P")


async def test_a_document_is_given_to_keep(caller: WebCaller) -> None:
    called = await caller.call("GET", "/statement")
    assert called.content == b"a,b\r\n"
    assert called.media == "text/csv; charset=utf-8"
    assert called.headers["content-disposition"] == 'attachment; filename="statement.csv"'


async def test_head_is_let_in_where_get_is(caller: WebCaller) -> None:
    assert (await caller.call("HEAD", "/names")).status == 200


async def test_an_address_has_a_weight_to_spend() -> None:
    """ASVS 2.4.1"""
    limiter = MemoryRateLimiter()
    caller = WebCaller(ROUTES, limiter=limiter)
    await caller.call("GET", "/statement")
    await caller.call("GET", "/nowhere")
    assert limiter.used_weight("127.0.0.1", caller.now_us) == 4
    limiter.charge("127.0.0.1", REQUEST_WEIGHT_PER_MINUTE, caller.now_us)
    called = await caller.call("GET", "/statement")
    assert (called.status, called.code) == (429, "TOO_MANY_REQUESTS")
    assert 0 < int(called.headers["retry-after"]) <= 60
    assert (await caller.call("GET", "/statement", peer_ip="10.0.0.9")).status == 200


async def test_a_stop_answers_what_is_under_way() -> None:
    caller = WebCaller(ROUTES, ToySessions({"alice": session_view()}))
    calling = asyncio.ensure_future(caller.call("POST", "/names", {"name": "slow"}, token="alice"))
    for _ in range(10):
        await asyncio.sleep(0)
    await caller.application.close()
    assert (await calling).code == "TAKES_TOO_LONG"


def test_a_route_is_declared_once() -> None:
    with pytest.raises(AssertionError, match="twice"):
        WebCaller((*ROUTES, ROUTES[0]))
