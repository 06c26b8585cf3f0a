"""
Holds a body that is sent against the schema that describes it.

Not a validator: it tells apart what matters to a sender, names that are not described included,
which a schema open to more of them allows and which still mean that a field was renamed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.contract_check.published import Published, allows_null, types_of, words_of

_WRONG_WORD_WEIGHT = 100
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing about a body that a schema does not want."""

    path: str
    text: str
    weight: int = 1


def find_problems(published: Published, schema: Any, body: Any, path: str = "") -> list[Problem]:
    """
    Return what is wrong with *body* by the alternative of *schema* that fits it best.

    A wrong word weighs more than a wrong field: words such as `type` tell alternatives apart.
    """
    judged = [list(_judge(published, plain, body, path)) for plain in published.plain(schema)]
    return min(judged, key=lambda found: sum(one.weight for one in found), default=[])


def _judge(
    published: Published, schema: Mapping[str, Any], body: Any, path: str
) -> Iterator[Problem]:
    allowed, types = words_of(schema), types_of(schema)
    kind = _TYPES.get(type(body), "object")
    if body is None:
        if not allows_null(schema):
            yield Problem(path, "null is not allowed any more, and is sent where nothing is known")
    elif allowed and body not in allowed:
        yield Problem(path, f"{body!r} is not among its values any more", _WRONG_WORD_WEIGHT)
    elif types and not _fits(kind, types):
        yield Problem(path, f"it must be {' or '.join(sorted(types))} now, and is sent as {kind}")
    elif isinstance(body, Mapping):
        yield from _judge_object(published, schema, body, path)
    elif isinstance(body, list) and "items" in schema:
        for entry in body:
            yield from find_problems(published, schema["items"], entry, f"{path}[]")


def _fits(kind: str, types: frozenset[str]) -> bool:
    return kind in types or (kind == "integer" and "number" in types)


def _judge_object(
    published: Published, schema: Mapping[str, Any], body: Mapping[str, Any], path: str
) -> Iterator[Problem]:
    properties = schema.get("properties")
    described = properties if isinstance(properties, Mapping) else {}
    required = schema.get("required")
    for name in required if isinstance(required, list) else ():
        if isinstance(name, str) and name not in body:
            yield Problem(_join(path, name), "it is required now, and this version sends none")
    for name, value in body.items():
        if name in described:
            yield from find_problems(published, described[name], value, _join(path, name))
        elif described:
            yield Problem(_join(path, name), "it is not described any more")


def _join(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)
