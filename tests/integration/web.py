"""The web application in this process, and how Ankorstore and operators call it."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from unittest.mock import patch

import httpx
from fastapi import FastAPI

import app.main as main_module
from app.clock import Clock
from app.main import create_app
from app.settings import Settings
from tests.store_rows import ORDER_ID

SECRET = "first-webhook-secret"
SECOND_SECRET = "second-webhook-secret"
TOKEN = "the-operators-token"
WEBHOOK = "/webhooks/ankorstore"
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}


def web_settings(database_url: str, **changes: Any) -> Settings:
    """Return settings of a service that reaches neither company."""
    values: dict[str, Any] = {
        "database_url": database_url,
        "ankorstore_base_url": "http://127.0.0.1:1",
        "ankorstore_client_id": "client",
        "ankorstore_client_secret": "client-secret",
        "ankorstore_webhook_secrets": f"{SECRET}, {SECOND_SECRET}",
        "active_ants_base_url": "http://127.0.0.1:2",
        "active_ants_username": "user",
        "active_ants_password": "warehouse-password",
        "operator_token": TOKEN,
        **changes,
    }
    return Settings(_env_file=None, **values)


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Run *app* from start to stop and return a client; its bugs come as 500, as in production."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with AsyncExitStack() as stack:
        with patch.object(main_module, "gc"):  # a process full of tests takes long to collect
            await stack.enter_async_context(app.router.lifespan_context(app))
        client = httpx.AsyncClient(transport=transport, base_url="http://antbridge.test")
        yield await stack.enter_async_context(client)


@asynccontextmanager
async def running_web(
    database_url: str, clock: Clock | None = None, **changes: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """Run the web part alone."""
    settings = web_settings(database_url, **changes)
    async with running(create_app(settings, with_worker=False, clock=clock)) as client:
        yield client


def event_body(event_id: str = "one", order_id: str = ORDER_ID, **changes: Any) -> bytes:
    """Return the body of an order's event, as Ankorstore sends it."""
    event = {
        "id": event_id,
        "applicationId": "1ecd6935-c442-6b2c-a36b-0242ac120008",
        "type": "order.brand_created",
        "timestamp": 1653381780,
    }
    document = {
        "meta": {"event": event},
        "jsonapi": {"version": "1.0"},
        "data": {"type": "orders", "id": order_id, "attributes": {"status": "ankor_confirmed"}},
        **changes,
    }
    return json.dumps(document).encode()


def sign(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Return the signature header of *body*."""
    return {"signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


async def deliver(client: httpx.AsyncClient, body: bytes, **headers: str) -> httpx.Response:
    """Send *body*, signed."""
    return await client.post(WEBHOOK, content=body, headers={**sign(body), **headers})
