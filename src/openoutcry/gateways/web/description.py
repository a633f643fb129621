"""The description of `/x/v1` as OpenAPI 3.1, made from the table of routes: there is no other copy.

Every answer that a route can give is in it: what its handler declares, and what the dispatcher
refuses before the handler runs.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from openoutcry.gateways.edge.cookies import SESSION_COOKIE
from openoutcry.gateways.web import reading, server
from openoutcry.gateways.web.api import (
    PREFIX,
    Access,
    Level,
    ProblemBody,
    ProblemType,
    Route,
    WebCall,
)
from openoutcry.gateways.web.same_origin import CROSS_SITE, MISDIRECTED

PATH = "/openapi.json"
_REFERENCE = "#/components/schemas/"
_INTRODUCTION = """\
What the trading API (/api/v3) has no word for: people, their factors and keys, money in and out, \
notifications, operators' work.

A refusal is an application/problem+json with a `code` to decide by. Whoever changes something \
sends the header `X-Outcry-CSRF: 1`, and an `Origin` that is the exchange's own, as its page does. \
Money is a decimal string; times are microseconds since 1970 in UTC, in fields that end in `_us`."""


def routes(table: Iterable[Route], version: str) -> tuple[Route, ...]:
    """Return a table together with the route that describes it."""

    async def read_description(_call: WebCall) -> msgspec.Raw:
        return description

    own = Route(
        method="GET",
        path=PATH,
        handler=read_description,
        access=Access.PUBLIC,
        summary="This description",
        tags=("description",),
        answer=dict[str, Any],
    )
    whole = (*table, own)
    description = msgspec.Raw(msgspec.json.encode(describe(whole, version)))
    return whole


def describe(table: Sequence[Route], version: str) -> dict[str, Any]:
    """Return the OpenAPI description of a table of routes."""
    schemas, components = _schemas(table)
    queries = {
        route.query: _named(schemas[route.query], components)
        for route in table
        if route.query is not None
    }
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        operation = _operation(route, schemas, queries)
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = operation
    used = _used(paths, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Openoutcry /x/v1", "version": version, "description": _INTRODUCTION},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {name: components[name] for name in sorted(used)},
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE}
            },
        },
    }


def _schemas(table: Sequence[Route]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Return the schema of each type that the table names, and the components they refer to."""
    kinds: dict[Any, None] = {ProblemBody: None}
    for route in table:
        for kind in (route.body, route.query, route.answer):
            if kind is not None:
                kinds[kind] = None
    found, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE + "{name}")
    return dict(zip(kinds, found, strict=True)), dict(components)


def _named(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """Return what a schema refers to."""
    found: dict[str, Any] = components[schema["$ref"].removeprefix(_REFERENCE)]
    return found


def _used(part: Any, components: dict[str, Any]) -> set[str]:
    """Return the components that a part of the description needs: queries are parameters."""
    used: set[str] = set()
    waiting = [part]
    while waiting:
        text = msgspec.json.encode(waiting.pop()).decode()
        for name in re.findall(re.escape(_REFERENCE) + r"([^\"]+)", text):
            if name not in used:
                used.add(name)
                waiting.append(components[name])
    return used


def _operation(route: Route, schemas: dict[Any, Any], queries: dict[Any, Any]) -> dict[str, Any]:
    words = re.findall(r"[A-Za-z0-9]+", route.path)
    operation: dict[str, Any] = {
        "operationId": "_".join((route.method.lower(), *words)).replace("-", "_"),
        "summary": route.summary,
        "tags": list(route.tags),
    }
    description = " ".join(part for part in (route.description, _who(route.access)) if part)
    if description:
        operation["description"] = description
    if route.access.level is not Level.PUBLIC:
        operation["security"] = [{"session": []}]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _SEGMENT}
        for name in re.findall(r"\{([a-z_]+)\}", route.path)
    ]
    if route.query is not None:
        parameters += _query_parameters(queries[route.query])
    if route.method != "GET":
        parameters.append(_CSRF)
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        content = {server.JSON_MEDIA: {"schema": schemas[route.body]}}
        operation["requestBody"] = {"required": True, "content": content}
    operation["responses"] = _success(route, schemas) | _problems(route, schemas[ProblemBody])
    return operation


_SEGMENT = {"type": "string", "pattern": r"^[A-Za-z0-9_.~:@-]{1,128}$"}
_CSRF = {
    "name": "X-Outcry-CSRF",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "const": "1"},
}


def _who(access: Access) -> str:
    if access.level is Level.PUBLIC:
        return ""
    who = "whoever has signed in"
    if access.roles:
        who = f"operators ({', '.join(access.roles)}) who have proved a second factor"
    again = " and confirmed themselves within five minutes"
    return f"For {who}{again if access.level is Level.STEPPED_UP else ''}."


def _query_parameters(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": kind}
        for name, kind in schema["properties"].items()
    ]


def _success(route: Route, schemas: dict[Any, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if route.answer is not None:
        content[server.JSON_MEDIA] = {"schema": schemas[route.answer]}
    for media in route.media:
        content[media] = {"schema": {"type": "string"}}
    if not content:
        return {"204": {"description": "Done"}}
    return {str(route.status): {"description": "Done", "content": content}}


def problems_of(route: Route) -> list[ProblemType]:
    """Return every refusal that a route can answer with, its own and the dispatcher's."""
    found = [
        *route.problems,
        reading.BAD_JSON,
        reading.INVALID_FIELDS,
        reading.UNKNOWN_FIELD,
        MISDIRECTED,
        server.TOO_MANY_REQUESTS,
        server.TAKES_TOO_LONG,
        server.AWAY,
    ]
    if "{" in route.path:
        found.append(server.NOT_FOUND)
    if route.method != "GET":
        found += [CROSS_SITE, reading.BODY_TOO_LARGE, reading.NOT_JSON]
    if route.access.level is not Level.PUBLIC:
        found.append(server.SIGN_IN_FIRST)
    if route.access.level is Level.STEPPED_UP or route.access.roles:
        found.append(server.STEP_UP_FIRST)
    if route.access.roles:
        found += [server.NOT_ALLOWED, server.SECOND_FACTOR_NEEDED]
    return list(dict.fromkeys(found))


def _problems(route: Route, body: dict[str, Any]) -> dict[str, Any]:
    by_status: dict[int, list[ProblemType]] = {}
    for problem in problems_of(route):
        by_status.setdefault(problem.status, []).append(problem)
    return {
        str(status): {
            "description": "; ".join(dict.fromkeys(problem.title for problem in problems)),
            "content": {
                server.PROBLEM_MEDIA: {
                    "schema": {
                        "allOf": [body],
                        "properties": {
                            "code": {"enum": list(dict.fromkeys(each.code for each in problems))}
                        },
                    }
                }
            },
        }
        for status, problems in sorted(by_status.items())
    }
