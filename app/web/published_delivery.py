"""What the service's OpenAPI says of a delivery (docs/rules/signature.md has the rules whole)."""

from typing import Any

from starlette.responses import JSONResponse

from app.ankorstore.webhook import MAX_ID_CHARACTERS
from app.web.published import BUG, DeliveryTaken, Problem, answers

_WORD = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_ID_CHARACTERS,
    "pattern": "^[!-~]([ -~]*[!-~])?$",
}
_EVENT = {
    "type": "object",
    "required": ["id", "type"],
    "properties": {
        "id": {**_WORD, "description": "Tells a repeat: each id is stored once, for ever."},
        "type": {**_WORD, "examples": ["order.brand_created"]},
        "timestamp": {"description": "Seconds of the epoch; shown to operators, nothing else."},
    },
}
_BODY = {
    "type": "object",
    "required": ["meta"],
    "properties": {
        "meta": {"type": "object", "required": ["event"], "properties": {"event": _EVENT}},
        "data": {
            "description": "An order (type `order` or `orders`, and an id) is looked at again; "
            "whatever else it is, the event is stored and ignored.",
            "examples": [{"type": "orders", "id": "1ecb023e-7ec0-6d5c-a477-0242ac170007"}],
        },
    },
}
_RETRY_AFTER = {"description": "Seconds to wait.", "schema": {"type": "string"}}


def _signature(name: str, said: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": said, "schema": {"type": "string"}}


DELIVERY: dict[str, Any] = {
    "operation_id": "deliver_event",
    "summary": "Take in an event of the marketplace",
    "description": "One of the two signature headers is due. Answered 200 after the commit.",
    "tags": ["webhooks"],
    "response_class": JSONResponse,
    "responses": {
        **BUG,
        200: answers(DeliveryTaken, "The event is in the database, now or since an earlier time."),
        400: answers(Problem, "Signed, and yet no event that can be read; nothing is stored."),
        401: answers(Problem, "The signature is missing or wrong; nothing is stored."),
        413: answers(Problem, "The body is larger than 1 MiB; nothing is stored."),
        503: {
            **answers(Problem, "The event could not be stored; send it again."),
            "headers": {"Retry-After": _RETRY_AFTER},
        },
    },
    "openapi_extra": {
        "parameters": [
            _signature("signature", "HMAC-SHA256 of the raw body under a webhook secret, in hex."),
            _signature("X-Ankorstore-Hmac-SHA256", "The same, in hex or base64."),
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _BODY}},
        },
    },
}
"""Arguments of the route."""
