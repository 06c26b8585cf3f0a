"""
Checks exchanges with Ankorstore against its published OpenAPI file.

Quirks of the file are mended in `openapi_file` or allowed for here, each in a function whose
docstring names it. Everything else is taken by the letter.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
from jsonschema.protocols import Validator

from .openapi_file import (
    SPEC_URI,
    escape,
    load_spec,
    make_validator,
    resolve,
    validator_at,
)

JSON_API = "application/vnd.api+json"
METHODS = ("get", "post", "patch", "delete", "put")
#: Statuses any call may answer although no operation declares all of them.
UNDECLARED_STATUSES = frozenset({400, 403, 404, 405, 406, 415, 422, 429, 500, 502, 503})
PAGING = ("page[limit]", "page[after]", "page[before]")
UNPAGED_LISTS = ("/api/v1/product-variants",)
BODY_NOT_MARKED_REQUIRED = ("/api/v1/orders/{order}/-actions/transition",)


class ContractBreach(AssertionError):
    """An exchange that the published description does not allow."""


@dataclass(frozen=True)
class Operation:
    """One call of the description: where it is, and what its path looks like."""

    method: str
    template: str
    pattern: re.Pattern[str]
    pointer: str
    definition: Mapping[str, Any]
    parameters: Mapping[tuple[str, str], Mapping[str, Any]] = field(hash=False)


def check_request(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None
) -> Operation | None:
    """Raise ContractBreach unless the description allows this request."""
    parts = urlsplit(url)
    lowered = {name.lower(): value for name, value in headers.items()}
    if parts.path == "/oauth/token":
        _check_login_request(method, lowered, body)
        return None
    operation = _find_operation(method, parts.path)
    _check_media_types(lowered, body)
    _check_path(operation, parts.path)
    _check_query(operation, parse_qsl(parts.query, keep_blank_values=True))
    _check_request_body(operation, body)
    return operation


def check_response(
    method: str, url: str, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    """Raise ContractBreach unless the description allows this answer."""
    path = urlsplit(url).path
    if path == "/oauth/token":
        _check_login_response(status, body)
        return
    operation = _find_operation(method, path)
    content_type = headers.get("content-type", "")
    if content_type != JSON_API:
        raise ContractBreach(f"{method} {path}: answered as {content_type!r}")
    document = _decode(body, f"{method} {path} {status}")
    response = operation.definition["responses"].get(str(status))
    if response is None:
        if status not in UNDECLARED_STATUSES:
            raise ContractBreach(f"{method} {path}: status {status} is not described")
        _validate(f"{SPEC_URI}#/x-error", document, f"{method} {path} {status}")
        return
    if "$ref" in response:
        pointer = f"{SPEC_URI}{response['$ref']}"
        response = resolve(response["$ref"])
    else:
        pointer = f"{operation.pointer}/responses/{status}"
    if JSON_API in response.get("content", {}):
        schema = f"{pointer}/content/{escape(JSON_API)}/schema"
        _validate(schema, document, f"{method} {path} {status}")


class CheckedTransport(httpx.AsyncBaseTransport):
    """Passes exchanges on and checks both halves of each."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, checks_requests: bool = True) -> None:
        self._inner = inner
        self._checks_requests = checks_requests
        self.checked: list[tuple[str, str, int]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        if self._checks_requests:
            check_request(request.method, str(request.url), request.headers, body)
        response = await self._inner.handle_async_request(request)
        answer = await response.aread()
        check_response(
            request.method, str(request.url), response.status_code, response.headers, answer
        )
        self.checked.append((request.method, request.url.path, response.status_code))
        return response


def _check_login_request(method: str, headers: Mapping[str, str], body: bytes | None) -> None:
    """
    Check the token call by hand.

    Quirk: `POST /oauth/token` is not in the paths of the file.
    """
    form = dict(parse_qsl((body or b"").decode()))
    wanted = {"grant_type", "client_id", "client_secret", "scope"}
    content_type = headers.get("content-type", "")
    if method != "POST" or content_type != "application/x-www-form-urlencoded":
        raise ContractBreach("/oauth/token wants a form by POST")
    if set(form) != wanted or form["grant_type"] != "client_credentials" or form["scope"] != "*":
        raise ContractBreach(f"/oauth/token wants exactly {sorted(wanted)}")


def _check_login_response(status: int, body: bytes) -> None:
    document = _decode(body, "/oauth/token")
    if status == 200 and not (
        document.get("token_type") == "Bearer"
        and isinstance(document.get("expires_in"), int)
        and isinstance(document.get("access_token"), str)
    ):
        raise ContractBreach(f"/oauth/token answered members {sorted(document)}")


def _check_media_types(headers: Mapping[str, str], body: bytes | None) -> None:
    """
    Check Accept and Content-Type.

    Quirk: the file declares Accept as an optional header or not at all; the text demands it.
    """
    if headers.get("accept") != JSON_API:
        raise ContractBreach(f"Accept is {headers.get('accept')!r}")
    if body and headers.get("content-type") != JSON_API:
        raise ContractBreach(f"Content-Type is {headers.get('content-type')!r}")


def _check_path(operation: Operation, path: str) -> None:
    match = operation.pattern.fullmatch(path)
    assert match is not None
    for position, value in enumerate(match.groups(), 1):
        name = re.findall(r"{(\w+)}", operation.template)[position - 1]
        parameter = operation.parameters.get(("path", name))
        if parameter is not None:
            _check_value(parameter["schema"], unquote(value), f"path parameter {name}")


def _check_query(operation: Operation, pairs: list[tuple[str, str]]) -> None:
    """
    Check names and values of the query.

    Quirks: `include` is declared as one value of an enum but takes a comma list, so each value
    is checked by itself; `GET /product-variants` declares no paging parameters but pages.
    """
    declared = {
        name: one for (place, name), one in operation.parameters.items() if place == "query"
    }
    for name, value in pairs:
        if name in PAGING and operation.template in UNPAGED_LISTS:
            continue
        if name not in declared:
            raise ContractBreach(f"{operation.template}: query parameter {name} is not declared")
        values = value.split(",") if name == "include" else [value]
        for one in values:
            _check_value(declared[name]["schema"], one, f"query parameter {name}")
    given = {name for name, _ in pairs}
    missing = [name for name, one in declared.items() if one.get("required") and name not in given]
    if missing:
        raise ContractBreach(f"{operation.template}: query lacks {missing}")


def _check_request_body(operation: Operation, body: bytes | None) -> None:
    """
    Check the body.

    Quirk: the body of a transition is not marked required, but a transition without one means
    nothing.
    """
    where = f"{operation.method} {operation.template}"
    definition = operation.definition.get("requestBody")
    if not body:
        is_required = operation.template in BODY_NOT_MARKED_REQUIRED
        if is_required or (definition or {}).get("required"):
            raise ContractBreach(f"{where}: the body is missing")
        return
    if definition is None:
        raise ContractBreach(f"{where}: no body is described")
    pointer = f"{operation.pointer}/requestBody/content/{escape(JSON_API)}/schema"
    _validate(pointer, _decode(body, where), where)


def _check_value(schema: Mapping[str, Any], text: str, where: str) -> None:
    is_number = schema.get("type") in ("integer", "number")
    value = int(text) if is_number and text.lstrip("-").isdigit() else text
    _raise_first(make_validator(dict(schema)), value, where)


def _find_operation(method: str, path: str) -> Operation:
    for operation in _operations():
        if operation.method == method.lower() and operation.pattern.fullmatch(path):
            return operation
    raise ContractBreach(f"{method} {path} is not described")


def _validate(reference: str, document: object, where: str) -> None:
    _raise_first(validator_at(reference), document, where)


def _raise_first(validator: Validator, document: object, where: str) -> None:
    # The deepest error of an anyOf says most.
    errors = sorted(validator.iter_errors(document), key=lambda one: len(one.absolute_path))
    if errors:
        error = errors[-1]
        while error.context:
            error = max(error.context, key=lambda one: len(one.absolute_path))
        place = "/".join(str(step) for step in error.absolute_path)
        raise ContractBreach(f"{where}: {place}: {error.message}")


def _decode(body: bytes, where: str) -> Any:
    try:
        return json.loads(body)
    except ValueError as problem:
        raise ContractBreach(f"{where}: the body is not JSON") from problem


@cache
def _operations() -> tuple[Operation, ...]:
    found = []
    for template, item in load_spec()["paths"].items():
        for method in METHODS:
            if method in item:
                found.append(_make_operation(method, template, item))
    # A fixed segment goes before a variable one, as /orders/accept before /orders/{order}.
    return tuple(sorted(found, key=lambda one: one.template.count("{")))


def _make_operation(method: str, template: str, item: Mapping[str, Any]) -> Operation:
    definition = item[method]
    declared = [*item.get("parameters", ()), *definition.get("parameters", ())]
    parameters = [resolve(one["$ref"]) if "$ref" in one else one for one in declared]
    return Operation(
        method=method,
        template=template,
        pattern=re.compile(re.sub(r"{\w+}", "([^/]+)", template)),
        pointer=f"{SPEC_URI}#/paths/{escape(template)}/{method}",
        definition=definition,
        parameters={(one["in"], one["name"]): one for one in parameters},
    )
