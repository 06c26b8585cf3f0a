"""Webhooks of the simulated marketplace: signatures, deliveries, and what can happen to them."""

import base64
import hashlib
import hmac
import json
from itertools import pairwise

import httpx
import pytest

from app.simulator import SimulatedAnkorstore

from .conftest import Caller, HandClock


class Listener:
    """Receives webhooks in process and answers what it is told."""

    def __init__(self) -> None:
        self.received: list[httpx.Request] = []
        self.status = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.received.append(request)
        return httpx.Response(self.status)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def ankorstore(clock: HandClock, listener: Listener) -> SimulatedAnkorstore:
    return SimulatedAnkorstore(
        clock=clock,
        seed=7,
        webhook_url="http://bridge.test/webhooks/ankorstore",
        webhook_transport=httpx.MockTransport(listener),
    )


async def test_delivery_is_the_signed_order(
    ankorstore: SimulatedAnkorstore, listener: Listener
) -> None:
    """The body is the order with meta.event and no includes, signed over its raw bytes."""
    order = ankorstore.place_order()
    assert await ankorstore.deliver_due() == 1

    (request,) = listener.received
    secret = ankorstore.webhook_secret.encode()
    expected = hmac.new(secret, request.content, hashlib.sha256).hexdigest()
    assert request.headers["signature"] == expected
    document = json.loads(request.content)
    assert document["data"]["id"] == order.id
    assert document["data"]["attributes"]["reference"] > 2**31
    assert "included" not in document
    event = document["meta"]["event"]
    assert (event["type"], event["applicationId"]) == (
        "order.brand_created",
        ankorstore.application_id,
    )
    assert ankorstore.deliveries[0].is_delivered


async def test_second_signature_header(ankorstore: SimulatedAnkorstore) -> None:
    """The other documented header is a habit, and so is base64 in it."""
    ankorstore.habits.signature_header = "X-Ankorstore-Hmac-SHA256"
    ankorstore.habits.signature_encoding = "base64"
    ankorstore.place_order()

    (delivery,) = ankorstore.deliveries
    digest = hmac.digest(ankorstore.webhook_secret.encode(), delivery.body, "sha256")
    assert delivery.headers["X-Ankorstore-Hmac-SHA256"] == base64.b64encode(digest).decode()
    assert "signature" not in delivery.headers


def test_body_does_not_survive_decoding(ankorstore: SimulatedAnkorstore) -> None:
    """Decoding and encoding a body again gives other bytes, so only raw bytes verify."""
    for _ in range(20):
        ankorstore.place_order()
    for delivery in ankorstore.deliveries:
        again = json.dumps(json.loads(delivery.body), separators=(",", ":")).encode()
        delivery_has_slash = b"/" in delivery.body
        assert (again != delivery.body) is delivery_has_slash


async def test_refused_delivery_is_tried_five_times(
    ankorstore: SimulatedAnkorstore, listener: Listener, clock: HandClock
) -> None:
    """Anything but 2xx is retried with growing pauses; after the fifth time it is lost."""
    listener.status = 503
    ankorstore.place_order()
    for _ in range(200):
        await ankorstore.deliver_due()
        clock.move(1)

    (delivery,) = ankorstore.deliveries
    assert [one.status for one in delivery.attempts] == [503] * 5
    times = [one.at.timestamp() for one in delivery.attempts]
    pauses = [after - before for before, after in pairwise(times)]
    assert pauses == [1.0, 4.0, 16.0, 64.0]
    assert delivery.is_lost
    assert len({request.content for request in listener.received}) == 1


async def test_retry_ends_with_success(
    ankorstore: SimulatedAnkorstore, listener: Listener, clock: HandClock
) -> None:
    """A retry that is answered 2xx is the last one."""
    listener.status = 500
    ankorstore.place_order()
    await ankorstore.deliver_due()
    listener.status = 200
    clock.move(1)
    assert [await ankorstore.deliver_due() for _ in range(2)] == [1, 0]
    assert ankorstore.deliveries[0].is_delivered


async def test_lost_and_doubled_events(ankorstore: SimulatedAnkorstore, listener: Listener) -> None:
    """Events can be lost without a trace at the receiver, or come twice with one id."""
    ankorstore.outbox.lose_next()
    lost = ankorstore.place_order()
    ankorstore.outbox.duplicate_next()
    doubled = ankorstore.place_order()
    await ankorstore.deliver_due()

    documents = [json.loads(request.content) for request in listener.received]
    assert [one["data"]["id"] for one in documents] == [doubled.id, doubled.id]
    assert len({one["meta"]["event"]["id"] for one in documents}) == 1
    assert ankorstore.deliveries[0].order_id == lost.id
    assert ankorstore.deliveries[0].is_lost


async def test_events_out_of_order(ankorstore: SimulatedAnkorstore, listener: Listener) -> None:
    """Due deliveries can be shuffled by the seed; none is lost by that."""
    ankorstore.outbox.is_out_of_order = True
    placed = [ankorstore.place_order().id for _ in range(10)]
    await ankorstore.deliver_due()
    received = [json.loads(one.content)["data"]["id"] for one in listener.received]
    assert received != placed
    assert sorted(received) == sorted(placed)


async def test_redelivery_repeats_the_event(
    ankorstore: SimulatedAnkorstore, listener: Listener
) -> None:
    """An event can be sent again long after, the very same bytes."""
    ankorstore.place_order()
    await ankorstore.deliver_due()
    ankorstore.outbox.redeliver(ankorstore.deliveries[0])
    await ankorstore.deliver_due()
    assert listener.received[0].content == listener.received[1].content


async def test_subscription_made_by_api_has_its_own_secret(
    ankorstore: SimulatedAnkorstore, caller: Caller, listener: Listener
) -> None:
    """A subscription hears its events only, signed with the secret the answer gave."""
    ankorstore.webhook_url = None
    url = "http://bridge.test/other"
    data = {
        "type": "webhook-subscription",
        "attributes": {"url": url, "events": ["order.brand_accepted"]},
        "relationships": {
            "applications": {"data": {"type": "applications", "id": ankorstore.application_id}}
        },
    }
    created = await caller.send("/api/v1/webhook-subscriptions", {"data": data})
    secret = created.json()["data"][0]["attributes"]["signingSecret"]

    order = ankorstore.place_order()
    ankorstore.accept_by_person(order.id)
    await ankorstore.deliver_due()

    (request,) = listener.received
    assert str(request.url) == url
    expected = hmac.new(secret.encode(), request.content, hashlib.sha256).hexdigest()
    assert request.headers["signature"] == expected


async def test_guide_form_of_subscriptions(ankorstore: SimulatedAnkorstore, caller: Caller) -> None:
    """Where the guide's form is the habit the other one is refused, and names move."""
    ankorstore.habits.subscription_form = "guide"
    attributes = {"url": "https://bridge.test/x", "events": ["order.shipped"]}
    linked = {"data": {"type": "applications", "id": ankorstore.application_id}}

    def body(kind: str, relationship: str) -> object:
        data = {"type": kind, "attributes": attributes, "relationships": {relationship: linked}}
        return {"data": data}

    path = "/api/v1/webhook-subscriptions"
    refused = await caller.send(path, body("webhook-subscription", "applications"))
    created = await caller.send(path, body("webhook-subscriptions", "application"))

    assert (refused.status_code, created.status_code) == (422, 201)
    assert created.json()["data"]["attributes"]["url"] == "https://bridge.test/x"
    names = (await caller.get(f"{path}/events")).json()["data"]
    assert names[0] == {"type": "webhook-events", "id": "order.brand_created"}
    listed = await caller.get("/api/v1/applications", include="webhookSubscriptions")
    assert [one["attributes"]["url"] for one in listed.json()["includes"]][-1] == attributes["url"]


async def test_secrets_that_a_list_does_not_tell(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """Where that is the habit they stand in the answer to a create alone."""
    ankorstore.habits.lists_signing_secrets = False
    listed = await caller.get("/api/v1/applications", include="webhookSubscriptions")
    (own,) = listed.json()["included"]
    assert "signingSecret" not in own["attributes"]


async def test_events_not_on_offer_cannot_be_subscribed(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """An event outside the offered list is a 422, and no subscription comes of it."""
    data = {
        "type": "webhook-subscription",
        "attributes": {"url": "https://a.b/c", "events": ["order.shipping_address_updated"]},
        "relationships": {
            "applications": {"data": {"type": "applications", "id": ankorstore.application_id}}
        },
    }
    answer = await caller.send("/api/v1/webhook-subscriptions", {"data": data})
    assert answer.status_code == 422
    assert len(ankorstore.outbox.subscriptions) == 1
