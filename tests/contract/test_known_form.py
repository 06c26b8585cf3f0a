"""What the sentinel takes for known is all that Ankorstore publishes of the answers it looks at."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from app.jsonapi import normalise_type
from app.sentinel import Sightings, Watch, load_form
from tests.contract.openapi_file import VARIABLE, load_spec, openapi_dir, resolve
from tests.fake_clock import FakeClock

if openapi_dir() is None:
    reason = f"{VARIABLE} is not set: it names the folder of Ankorstore's OpenAPI files"
    pytest.skip(reason, allow_module_level=True)

CALLS: tuple[tuple[str, str, str | None], ...] = (
    ("get", "/api/v1/orders", None),
    ("get", "/api/v1/orders/{order}", None),
    ("post", "/api/v1/orders/{order}/-actions/transition", None),
    ("post", "/api/v1/orders/{order}/shipping-quotes", "quote"),
    ("post", "/api/v1/shipping-quotes/{quote}/confirm", "confirmation"),
    ("get", "/api/v1/master-orders/{orderId}/tracking", None),
    ("get", "/api/v1/applications", None),
    ("get", "/api/v1/webhook-subscriptions/events", "eventName"),
    ("post", "/api/v1/webhook-subscriptions", None),
    ("patch", "/api/v1/webhook-subscriptions/{webhookSubscriptionId}", None),
    ("get", "/api/v1/product-variants", None),
)
TYPES = {
    "storeName": "retailers",
    "multipliedQuantity": "order-items",
    "sku": "product-variants",
    "unitMultiplier": "products",
    "amountWithVat": "billing-items",
    "signingSecret": "webhook-subscriptions",
    "serialShippingContainerCode": "tracked-packages",
    "parcelId": "shipping-shipment-shipped-item",
}
"""What tells the kinds of included resources apart where the file does not pin their type."""


def whole(schema: Mapping[str, Any], depth: int = 0) -> Iterator[Any]:
    """Walk documents that hold every field of *schema*: one for each alternative and each word."""
    if "$ref" in schema:
        schema = resolve(schema["$ref"])
    alternatives = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    if alternatives:
        for each in alternatives:
            yield from whole(each, depth + 1)
        return
    if schema.get("allOf"):
        merged: dict[str, Any] = dict(schema.get("properties", {}))
        for each in schema["allOf"]:
            part = resolve(each["$ref"]) if "$ref" in each else each
            merged |= part.get("properties", {})
        schema = {"type": "object", "properties": merged}
    if "const" in schema or "enum" in schema:
        yield from [schema["const"]] if "const" in schema else schema["enum"]
        return
    if depth > 20:
        return
    if "properties" in schema:
        columns = {name: list(whole(one, depth + 1)) for name, one in schema["properties"].items()}
        for row in range(max([1, *(len(column) for column in columns.values())])):
            yield {
                name: column[min(row, len(column) - 1)] if column else None
                for name, column in columns.items()
            }
        return
    if "items" in schema:
        yield list(whole(schema["items"], depth + 1))
        return
    yield None


@pytest.mark.parametrize(("method", "path", "data_place"), CALLS)
def test_a_published_answer_is_no_news(method: str, path: str, data_place: str | None) -> None:
    """An answer that holds every published field and word leaves no note."""
    sightings = Sightings("ankorstore", FakeClock())
    watch = Watch(load_form("ankorstore"), sightings)
    documents = 0
    for status, response in load_spec()["paths"][path][method]["responses"].items():
        if not str(status).startswith("2"):
            continue
        response = resolve(response["$ref"]) if "$ref" in response else response
        for content in response["content"].values():
            for document in whole(content["schema"]):
                documents += 1
                _name_types(document, path)
                watch.look_at_document(document, path, data_place=data_place)
    assert documents
    assert [(one.kind, one.place, one.name) for one in sightings.drain()] == []


def _name_types(document: dict[str, Any], path: str) -> None:
    """Give every resource a type, as the file often declares it as any text."""
    data = document.get("data")
    for entry in [
        *(data if isinstance(data, list) else [data]),
        *(document.get("included") or ()),
    ]:
        if isinstance(entry, dict) and isinstance(entry.get("attributes"), dict):
            names = entry["attributes"]
            fallback = "orders" if "brandNetAmount" in names else "shipment-trackings"
            fallback = "application" if "clientId" in names else fallback
            found = next((kind for name, kind in TYPES.items() if name in names), fallback)
            entry["type"] = entry.get("type") or found
            assert normalise_type(entry["type"])
