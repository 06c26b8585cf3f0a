"""
JSON:API documents and errors, as far as a peer that bends the standard needs.

Included resources are found by their id alone and types are normalised, because the same peer
writes `orders`, `order`, `product-variants` and `productVariant` for the same things. What the
fields of a resource mean is left to the company's own folder.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

MEDIA_TYPE = "application/vnd.api+json"
READ_HEADERS: Mapping[str, str] = MappingProxyType({"Accept": MEDIA_TYPE})
WRITE_HEADERS: Mapping[str, str] = MappingProxyType(
    {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}
)

MAX_DETAIL_CHARACTERS = 500
MAX_CODE_CHARACTERS = 100
MAX_ERRORS_READ = 10

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class UnreadableDocument(ValueError):
    """The body is no JSON:API document, or not the kind of document that was asked for."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource object. `type` is normalised; an id that is missing reads as empty."""

    type: str
    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict, repr=False)
    relationships: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def related_ids(self, name: str) -> tuple[str, ...] | None:
        """Return the ids under relationship *name*, None where the document does not name it."""
        relationship = self.relationships.get(name)
        if not isinstance(relationship, dict) or "data" not in relationship:
            return None
        data = relationship["data"]
        entries = data if isinstance(data, list) else [data]
        return tuple(read_id(entry) for entry in entries if isinstance(entry, dict))


@dataclass(frozen=True, slots=True)
class Document:
    """A document with its primary resources, one or many, and what it includes."""

    primary: tuple[Resource, ...]
    included: Mapping[str, Resource] = field(default_factory=dict, repr=False)
    next_link: str | None = None
    dropped: int = 0
    """How many entries of the list were no objects and are left out."""

    def one(self) -> Resource:
        """
        Return the only primary resource.

        Raises:
            UnreadableDocument: There is none, or more than one.
        """
        if len(self.primary) != 1:
            raise UnreadableDocument(f"{len(self.primary)} primary resources where one belongs")
        return self.primary[0]

    def included_of_type(self, normalised_type: str) -> Iterator[Resource]:
        """Walk the included resources of one type, in the order they came."""
        return (each for each in self.included.values() if each.type == normalised_type)


@dataclass(frozen=True, slots=True)
class ErrorText:
    """
    What an error document says: the first code, every detail in short, the fields pointed at.

    `detail` may quote personal data; it is for the operator's eyes and never for a log.
    """

    code: str = ""
    detail: str = field(default="", repr=False)
    pointers: tuple[str, ...] = ()


def normalise_type(name: object) -> str:
    """Return *name* in lower case, without hyphens and without a plural s."""
    return name.lower().replace("-", "").removesuffix("s") if isinstance(name, str) else ""


def clean_text(text: str) -> str:
    """Return *text* with everything replaced by blanks that no database stores as text."""
    return _UNSTORABLE.sub(" ", text).strip()


def normalise_id(text: str) -> str:
    """Return a UUID in lower case, so that two spellings are one; any other id as it is."""
    return text.lower() if _UUID.fullmatch(text) else text


def read_id(resource: Mapping[str, Any]) -> str:
    """Return a resource's id, empty where there is none that could be one."""
    value = resource.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return normalise_id(clean_text(value)) if isinstance(value, str) else ""


def read_data(body: Any) -> Any:
    """
    Return the `data` member of a decoded body.

    Raises:
        UnreadableDocument: The body is no object or has no such member.
    """
    if not isinstance(body, dict) or "data" not in body:
        raise UnreadableDocument("no data member")
    return body["data"]


def parse_document(body: Any) -> Document:
    """
    Return the document in a decoded body. Entries that are no objects are left out.

    Raises:
        UnreadableDocument: The body is no document at all.
    """
    data = read_data(body)
    entries = data if isinstance(data, list) else [] if data is None else [data]
    if not isinstance(data, list | dict | None):
        raise UnreadableDocument("data is neither an object nor a list")
    included: dict[str, Resource] = {}
    for entry in _objects(body.get("included")):
        resource = _read_resource(entry)
        included.setdefault(resource.id, resource)
    primary = tuple(_read_resource(entry) for entry in _objects(entries))
    return Document(
        primary=primary,
        included=included,
        next_link=_read_next_link(body.get("links")),
        dropped=len(entries) - len(primary),
    )


def parse_errors(body: bytes) -> ErrorText:
    """Return what an error answer says, whatever its form; empty where it says nothing."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ErrorText()
    if not isinstance(document, dict):
        return ErrorText()
    errors = list(_objects(document.get("errors")))[:MAX_ERRORS_READ]
    if not errors:
        message = document.get("message")
        return ErrorText(detail=_cut(message, MAX_DETAIL_CHARACTERS))
    pointers = tuple(pointer for error in errors if (pointer := _pointer_of(error)))
    codes = (_cut(error.get("code"), MAX_CODE_CHARACTERS) for error in errors)
    details = "; ".join(text for error in errors if (text := _sentence_of(error)))
    return ErrorText(
        code=next((code for code in codes if code), ""),
        detail=_cut(details, MAX_DETAIL_CHARACTERS),
        pointers=pointers,
    )


def _sentence_of(error: Mapping[str, Any]) -> str:
    text = _cut(error.get("detail"), MAX_DETAIL_CHARACTERS)
    text = text or _cut(error.get("title"), MAX_DETAIL_CHARACTERS)
    pointer = _pointer_of(error)
    return f"{pointer}: {text}" if pointer and text else text or pointer


def _pointer_of(error: Mapping[str, Any]) -> str:
    source = error.get("source")
    return _cut(source.get("pointer"), MAX_CODE_CHARACTERS) if isinstance(source, dict) else ""


def _cut(value: object, length: int) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)[:length]
    return clean_text(value[: 2 * length])[:length] if isinstance(value, str) else ""


def _objects(entries: object) -> Iterator[dict[str, Any]]:
    if isinstance(entries, list):
        yield from (entry for entry in entries if isinstance(entry, dict))


def _read_resource(entry: Mapping[str, Any]) -> Resource:
    attributes, relationships = entry.get("attributes"), entry.get("relationships")
    return Resource(
        type=normalise_type(entry.get("type")),
        id=read_id(entry),
        attributes=attributes if isinstance(attributes, dict) else {},
        relationships=relationships if isinstance(relationships, dict) else {},
    )


def _read_next_link(links: object) -> str | None:
    """Return where the next page is; a link is a text or an object with `href`."""
    link = links.get("next") if isinstance(links, dict) else None
    if isinstance(link, dict):
        link = link.get("href")
    return link if isinstance(link, str) and link else None
