"""
A published OpenAPI file: finding calls, parameters and fields in it.

Only what the comparison asks for is read, and anything odd in the rest of the file is left alone.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from app.jsonapi import normalise_type

MAX_BYTES = 50 * 1024 * 1024
MAX_DEPTH = 40
_PARAMETER = re.compile(r"{[^}]*}")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class NotPublished(ValueError):
    """The file is no OpenAPI file that could be compared; the text says why."""


@dataclass(frozen=True, slots=True)
class PublishedCall:
    """One call of the file, its parameters resolved."""

    definition: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]


class Published:
    """A decoded OpenAPI document."""

    def __init__(self, document: Any) -> None:
        """
        Take the document.

        Raises:
            NotPublished: It is none, or describes no path.
        """
        if not isinstance(document, Mapping):
            raise NotPublished("it holds no mapping, so it is no OpenAPI file")
        version = document.get("openapi")
        if not isinstance(version, str) or not version.startswith("3."):
            raise NotPublished("it has no `openapi: 3.…`, so it is no OpenAPI 3 file")
        paths = document.get("paths")
        if not isinstance(paths, Mapping) or not paths:
            raise NotPublished("it describes no paths")
        self._document = document
        self._paths = {_PARAMETER.sub("{}", str(path)): item for path, item in paths.items()}

    def find_call(self, method: str, path: str) -> PublishedCall | None:
        """Return a call whatever its path parameters are called, None where it is not there."""
        item = self._resolve(self._paths.get(path))
        definition = item.get(method)
        if not isinstance(definition, Mapping):
            return None
        declared = [*_list(item.get("parameters")), *_list(definition.get("parameters"))]
        return PublishedCall(definition, tuple(self._resolve(one) for one in declared))

    def methods_of(self, path: str) -> list[str]:
        """Return which methods a path has, none where it is not there."""
        item = self._resolve(self._paths.get(path))
        known = ("get", "post", "put", "patch", "delete")
        return [method.upper() for method in known if method in item]

    def schema_of_body(self, call: PublishedCall, media_type: str) -> Any:
        """Return the schema of what is sent, None where none is described."""
        return self._schema(call.definition.get("requestBody"), media_type)

    def schema_of_answer(self, call: PublishedCall, status: int, media_type: str) -> Any:
        """Return the schema of an answer, None where none is described."""
        return self._schema(self.answers_of(call).get(str(status)), media_type)

    def answers_of(self, call: PublishedCall) -> Mapping[str, Any]:
        """Return what is said of each status."""
        answers = call.definition.get("responses")
        return {str(k): v for k, v in answers.items()} if isinstance(answers, Mapping) else {}

    def requires_body(self, call: PublishedCall) -> bool:
        """Tell whether the call is refused without a body."""
        return bool(self._resolve(call.definition.get("requestBody")).get("required"))

    def logins_of(self, call: PublishedCall) -> list[Mapping[str, Any]]:
        """Return the schemes any one of which lets a call in."""
        wanted = call.definition.get("security", self._document.get("security"))
        components = self._resolve(self._document.get("components"))
        schemes = self._resolve(components.get("securitySchemes"))
        names = [name for one in _list(wanted) if isinstance(one, Mapping) for name in one]
        return [self._resolve(schemes.get(name)) for name in names]

    def is_open(self, call: PublishedCall) -> bool:
        """Tell whether the call needs no login."""
        wanted = _list(call.definition.get("security", self._document.get("security")))
        return not wanted or {} in wanted

    def find(self, schema: Any, steps: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """
        Walk the schemas at the end of *steps*, one for each alternative.

        A list is entered without a step of its own, as the client reads one entry and many alike.
        """
        for plain in self.plain(schema):
            if not steps:
                yield plain
            elif "items" in plain:
                items = plain["items"]
                if steps[0].startswith("[") and steps[0] != "[]":
                    items = _kind_of(self, items, steps[0][1:-1])
                is_entry = steps[0].startswith("[")
                yield from self.find(items, steps[1:] if is_entry else steps)
            else:
                properties = plain.get("properties")
                if isinstance(properties, Mapping) and steps[0] in properties:
                    yield from self.find(properties[steps[0]], steps[1:])

    def plain(self, schema: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
        """Walk the alternatives of a schema, each without references and combinations."""
        if depth > MAX_DEPTH:
            return
        whole = self._merge(self._resolve(schema), depth)
        choices = [*_list(whole.get("oneOf")), *_list(whole.get("anyOf"))]
        if not choices:
            yield whole
            return
        rest = {k: v for k, v in whole.items() if k not in ("oneOf", "anyOf")}
        for choice in choices:
            for plain in self.plain(choice, depth + 1):
                yield _joined(rest, plain)

    def _merge(self, schema: Mapping[str, Any], depth: int) -> Mapping[str, Any]:
        """Return *schema* with the parts of its `allOf` made one."""
        merged = {name: value for name, value in schema.items() if name != "allOf"}
        for part in _list(schema.get("allOf")):
            if depth < MAX_DEPTH:
                merged = _joined(merged, self._merge(self._resolve(part), depth + 1))
        return merged

    def _schema(self, holder: Any, media_type: str) -> Any:
        content = self._resolve(holder).get("content")
        form = content.get(media_type) if isinstance(content, Mapping) else None
        return form.get("schema") if isinstance(form, Mapping) else None

    def _resolve(self, node: Any) -> Mapping[str, Any]:
        """Follow local references; what leads nowhere is an empty mapping."""
        for _ in range(MAX_DEPTH):
            if not isinstance(node, Mapping):
                return {}
            reference = node.get("$ref")
            if not isinstance(reference, str):
                return node
            node = self._document
            for step in reference.removeprefix("#/").split("/"):
                name = step.replace("~1", "/").replace("~0", "~")
                node = node.get(name) if isinstance(node, Mapping) else None
        return {}


def load_published(path: Path) -> Published:
    """
    Return the file at *path*.

    Raises:
        NotPublished: It cannot be read, is no YAML, or no OpenAPI file.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise NotPublished("it is larger than 50 MiB")
        text = path.read_text("utf-8")
    except OSError as error:
        raise NotPublished(f"it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise NotPublished("it is no text") from None
    try:
        return Published(yaml.load(text, Loader=_LOADER))  # noqa: S506 - a safe loader
    except (yaml.YAMLError, RecursionError):
        raise NotPublished("it is no YAML") from None


def types_of(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the JSON types a plain schema allows besides null; empty where it says nothing."""
    given = schema.get("type")
    names = given if isinstance(given, list) else [given]
    return frozenset(str(name) for name in names if name not in (None, "null"))


def allows_null(schema: Mapping[str, Any]) -> bool:
    """Tell whether null may stand where a plain schema is."""
    given = schema.get("type")
    names = given if isinstance(given, list) else [given]
    words = schema.get("enum")
    is_word = not isinstance(words, list) or None in words
    return (given is None or "null" in names or schema.get("nullable") is True) and is_word


def words_of(schema: Mapping[str, Any]) -> list[Any]:
    """Return the values a plain schema is limited to; empty where it is not."""
    if "const" in schema:
        return [schema["const"]]
    return [one for one in _list(schema.get("enum")) if one is not None]


def _kind_of(published: Published, items: Any, wanted: str) -> Any:
    """Return the alternatives of *items* for resources of the type *wanted*; all if none says."""
    fitting, untold = [], []
    for plain in published.plain(items):
        words = [word for one in published.find(plain, ["type"]) for word in words_of(one)]
        if not words:
            untold.append(plain)
        elif wanted in map(normalise_type, words):
            fitting.append(plain)
    return {"anyOf": fitting or untold} if fitting or untold else {}


def _joined(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    joined = {**one, **other}
    first, second = one.get("properties"), other.get("properties")
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        joined["properties"] = {**first, **second}
    if "required" in one and "required" in other:
        joined["required"] = [*_list(one["required"]), *_list(other["required"])]
    return joined


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
