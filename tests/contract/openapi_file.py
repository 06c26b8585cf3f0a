"""
Loads Ankorstore's published OpenAPI file, its known quirks mended.

The file is not part of this repository: ANTBRIDGE_OPENAPI_DIR names the folder that holds
`ankorstore-main.yml`. Each quirk has a function here whose docstring says what it is.
"""

import os
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

VARIABLE = "ANTBRIDGE_OPENAPI_DIR"
FILE_NAME = "ankorstore-main.yml"
SPEC_URI = "urn:ankorstore"
SPELLINGS = {
    "orders": ("orders", "order"),
    "retailers": ("retailers", "retailer"),
    "product-variants": ("product-variants", "productVariants", "productVariant"),
    "products": ("products", "product"),
}


def openapi_dir() -> Path | None:
    """Return the folder of the description, None if the variable is unset."""
    value = os.environ.get(VARIABLE)
    return Path(value) if value else None


@cache
def load_spec() -> dict[str, Any]:
    """Return the file, its quirks mended."""
    folder = openapi_dir()
    if folder is None:
        raise RuntimeError(f"set {VARIABLE} to the folder that holds {FILE_NAME}")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    spec = yaml.load((folder / FILE_NAME).read_text(encoding="utf-8"), Loader=loader)
    for schema in _walk(spec):
        _move_array_limits(schema)
        _allow_null(schema)
        _allow_type_spellings(schema)
        _allow_fulfillment(schema)
        _allow_error_titles(schema)
        _allow_included_products(schema)
    spec["x-error"] = _error_schema()
    return dict(spec)


def _walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for name, child in node.items():
            if name not in ("example", "examples"):
                yield from _walk(child)
    elif isinstance(node, list):
        for child in node:
            yield from _walk(child)


def _move_array_limits(schema: dict[str, Any]) -> None:
    """Quirk: the limits of `parcels` are written as minimum and maximum, which arrays ignore."""
    if schema.get("type") == "array":
        for wrong, right in (("minimum", "minItems"), ("maximum", "maxItems")):
            if wrong in schema:
                schema[right] = schema.pop(wrong)


def _allow_null(schema: dict[str, Any]) -> None:
    """Quirk: `availableAt` says `nullable`, which version 3.1 no longer knows."""
    if schema.get("nullable") is True and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]


def _allow_type_spellings(schema: dict[str, Any]) -> None:
    """Quirk: some examples use other resource type names than their schemas demand."""
    if schema.get("const") in SPELLINGS:
        schema["enum"] = list(SPELLINGS[schema.pop("const")])


def _allow_fulfillment(schema: dict[str, Any]) -> None:
    """Quirk: the text knows a shipping method `fulfillment`, the enum does not."""
    if schema.get("enum") == ["ankorstore", "custom", None]:
        schema["enum"] = [*schema["enum"], "fulfillment"]


def _allow_error_titles(schema: dict[str, Any]) -> None:
    """Quirk: errors are closed objects without `title`, yet the examples of 422 have one."""
    properties = schema.get("properties")
    if isinstance(properties, dict) and {"detail", "status", "source"} <= set(properties):
        properties.setdefault("title", {"type": "string"})


def _allow_included_products(schema: dict[str, Any]) -> None:
    """Quirk: variants can include their product, yet their list is closed without `included`."""
    if schema.get("title") == "Product Variant Collection":
        entry = {"type": "object", "required": ["type", "id", "attributes"]}
        schema["properties"].setdefault("included", {"type": "array", "items": entry})


def _error_schema() -> dict[str, Any]:
    """
    Return the schema of an error answer whose status the operation does not declare.

    Quirk: no operation declares 429, and transitions declare no 422.
    """
    error = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("status", "title", "detail", "code")},
    }
    return {
        "type": "object",
        "required": ["errors"],
        "properties": {"errors": {"type": "array", "minItems": 1, "items": error}},
    }


def resolve(reference: str) -> dict[str, Any]:
    """Return what a local reference points at."""
    node: Any = load_spec()
    for step in reference.removeprefix("#/").split("/"):
        node = node[step.replace("~1", "/").replace("~0", "~")]
    return dict(node)


def escape(segment: str) -> str:
    """Return *segment* as part of a JSON pointer in a URI."""
    pointer = segment.replace("~", "~0").replace("/", "~1")
    return pointer.replace("{", "%7B").replace("}", "%7D")


@cache
def _registry() -> Registry[Any]:
    resource = Resource.from_contents(load_spec(), default_specification=DRAFT202012)
    return Registry().with_resource(SPEC_URI, resource)


@cache
def validator_at(reference: str) -> Validator:
    """Return the validator of the schema at *reference*, made once."""
    return make_validator({"$ref": reference})


def make_validator(schema: dict[str, Any]) -> Validator:
    """Return a validator that knows the file and its formats."""
    if "$ref" in schema and str(schema["$ref"]).startswith("#"):
        schema = {"$ref": SPEC_URI + schema["$ref"]}
    return Draft202012Validator(schema, registry=_registry(), format_checker=_formats())


@cache
def _formats() -> FormatChecker:
    """
    Return checks for the formats the file uses.

    Quirks: times are declared with the unknown format `datetime`, URLs with `url`; a tracking
    link may be an empty string.
    """
    checker = FormatChecker(formats=())

    @checker.checks("uuid", raises=ValueError)
    def is_uuid(value: object) -> bool:
        return not isinstance(value, str) or str(UUID(value)) == value.lower()

    @checker.checks("date", raises=ValueError)
    def is_date(value: object) -> bool:
        return not isinstance(value, str) or bool(date.fromisoformat(value))

    @checker.checks("datetime")
    def is_datetime(value: object) -> bool:
        shape = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
        return not isinstance(value, str) or re.fullmatch(shape, value) is not None

    def is_url(value: object) -> bool:
        return not isinstance(value, str) or not value or bool(urlsplit(value).netloc)

    checker.checks("url")(is_url)
    checker.checks("uri")(is_url)
    return checker
