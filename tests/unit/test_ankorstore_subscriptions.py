"""Applications and webhook subscriptions at Ankorstore."""

from typing import Any

import pytest

from app.ankorstore.subscriptions import AnkorstoreSubscriptions, Application, Subscription
from app.errors import Rejected, Transient
from tests.answering import AnsweringPeer, load_recorded

BASE = "https://www.ankorstore.example"
APPLICATION = "43efbfbd-bfbd-1eef-1e6a-6200efbfbdef"
SUBSCRIPTION = "a863e15d-3d20-4af2-b92b-d9590a4a9606"
HOOK = "https://my-app.com/webhook-listener"
EVENTS = ("order.brand_created", "order.brand_accepted", "order.cancelled")


@pytest.fixture
def peer() -> AnsweringPeer:
    return AnsweringPeer(BASE)


@pytest.fixture
def subscriptions(peer: AnsweringPeer) -> AnkorstoreSubscriptions:
    return AnkorstoreSubscriptions(peer.connection)


@pytest.mark.parametrize("as_list", [False, True])
async def test_list_applications(
    as_list: bool, peer: AnsweringPeer, subscriptions: AnkorstoreSubscriptions
) -> None:
    """The answer is declared as one application although the call lists them."""
    answer = load_recorded("ankorstore/applications")
    if as_list:
        answer["data"] = [answer["data"]]
    peer.will_answer(answer)

    applications = await subscriptions.list_applications()

    assert peer.calls == [f"GET {BASE}/api/v1/applications?include=webhookSubscriptions"]
    assert applications == (
        Application(
            APPLICATION,
            "My Application",
            "k322k7frs87e8w7hri3jkke7ry7",
            (
                Subscription(
                    SUBSCRIPTION,
                    HOOK,
                    ("order.brand_created",),
                    "LQxZs6kiSyNr45hjT32OsntYddzH4BvToLIQcgSL",
                ),
            ),
        ),
    )
    assert "LQxZ" not in repr(applications)


async def test_the_guides_spelling_of_what_is_included(
    peer: AnsweringPeer, subscriptions: AnkorstoreSubscriptions
) -> None:
    """Its example names the member `includes`; the address and the secret stand in it."""
    answer = load_recorded("ankorstore/applications")
    answer["includes"] = answer.pop("included")
    peer.will_answer(answer)

    (application,) = await subscriptions.list_applications()

    (subscription,) = application.subscriptions
    assert (subscription.url, subscription.signing_secret is not None) == (HOOK, True)


async def test_a_subscription_that_is_not_included_keeps_its_id(
    peer: AnsweringPeer, subscriptions: AnkorstoreSubscriptions
) -> None:
    answer = load_recorded("ankorstore/applications")
    del answer["included"]
    peer.will_answer(answer)

    (application,) = await subscriptions.list_applications()

    assert application.subscriptions == (Subscription(SUBSCRIPTION, None, (), None),)


@pytest.mark.parametrize("name_in", ["type", "id"])
async def test_list_webhook_events(
    name_in: str, peer: AnsweringPeer, subscriptions: AnkorstoreSubscriptions
) -> None:
    """The name stands in either of two fields: the one with a dot."""
    answer = load_recorded("ankorstore/webhook_events")
    if name_in == "id":
        answer["data"] = [
            {"type": "webhook-subscriptions/events", "id": each["type"]} for each in answer["data"]
        ]
    answer["data"] += [None, {}, {"type": "no-dot", "id": "1"}, answer["data"][0]]
    peer.will_answer(answer)

    names = await subscriptions.list_webhook_events()

    assert peer.calls == [f"GET {BASE}/api/v1/webhook-subscriptions/events"]
    assert names == (
        "order.brand_created",
        "order.brand_accepted",
        "order.shipping_labels_generated",
        "order.shipped",
        "order.shipment_received",
        "order.shipment_refused",
        "order.brand_paid",
        "order.cancelled",
    )


async def test_create_subscription_in_the_form_of_the_specification(
    peer: AnsweringPeer, subscriptions: AnkorstoreSubscriptions
) -> None:
    peer.will_answer(load_recorded("ankorstore/subscription_created"), status=201)

    created = await subscriptions.create_subscription(APPLICATION, HOOK, EVENTS)

    assert peer.calls == [f"POST {BASE}/api/v1/webhook-subscriptions"]
    assert peer.sent() == {
        "data": {
            "type": "webhook-subscription",
            "attributes": {"url": HOOK, "events": list(EVENTS)},
            "relationships": {
                "applications": {"data": {"type": "applications", "id": APPLICATION}}
            },
        }
    }
    assert created == Subscription(
        "1ef27156-618d-6b1e-996c-0ef14cd127ec",
        "https://my.app/webhook/listener",
        ("order.brand_created", "order.shipped"),
        "whsec_abc123def456",
    )


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_the_form_of_the_guide_is_tried_after_a_refusal_and_remembered(
    status: int, peer: AnsweringPeer, subscriptions: AnkorstoreSubscriptions
) -> None:
    peer.will_answer(status=status)
    for _ in range(2):
        peer.will_answer(load_recorded("ankorstore/subscription_created"), status=201)

    await subscriptions.create_subscription(APPLICATION, HOOK, EVENTS)
    await subscriptions.create_subscription(APPLICATION, HOOK, EVENTS)

    forms = [
        (peer.sent(index)["data"]["type"], *peer.sent(index)["data"]["relationships"])
        for index in range(3)
    ]
    assert forms == [
        ("webhook-subscription", "applications"),
        ("webhook-subscriptions", "application"),
        ("webhook-subscriptions", "application"),
    ]


async def test_a_refusal_of_both_forms_is_a_refusal(
    peer: AnsweringPeer, subscriptions: AnkorstoreSubscriptions
) -> None:
    for _ in range(2):
        peer.will_answer({"errors": [{"detail": "The url is invalid."}]}, status=422)

    with pytest.raises(Rejected) as caught:
        await subscriptions.create_subscription(APPLICATION, HOOK, EVENTS)

    assert caught.value.detail == "The url is invalid."
    assert len(peer.requests) == 2


@pytest.mark.parametrize(("status", "kind"), [(403, Rejected), (500, Transient)])
async def test_another_error_is_not_about_the_form(
    status: int,
    kind: type[Exception],
    peer: AnsweringPeer,
    subscriptions: AnkorstoreSubscriptions,
) -> None:
    peer.will_answer(status=status)
    with pytest.raises(kind):
        await subscriptions.create_subscription(APPLICATION, HOOK, EVENTS)
    assert len(peer.requests) == 1


@pytest.mark.parametrize("as_list", [False, True])
async def test_update_subscription(
    as_list: bool, peer: AnsweringPeer, subscriptions: AnkorstoreSubscriptions
) -> None:
    resource = {"id": SUBSCRIPTION, "attributes": {"url": HOOK, "events": list(EVENTS)}}
    peer.will_answer({"data": [resource] if as_list else resource})

    updated = await subscriptions.update_subscription(SUBSCRIPTION, HOOK, EVENTS)

    assert peer.calls == [f"PATCH {BASE}/api/v1/webhook-subscriptions/{SUBSCRIPTION}"]
    assert peer.sent() == {
        "data": {
            "type": "webhook-subscriptions",
            "id": SUBSCRIPTION,
            "attributes": {"url": HOOK, "events": list(EVENTS)},
        }
    }
    assert updated == Subscription(SUBSCRIPTION, HOOK, EVENTS, None)


@pytest.mark.parametrize("answer", [{"jsonapi": {"version": "1.0"}}, b""])
async def test_delete_subscription(
    answer: Any, peer: AnsweringPeer, subscriptions: AnkorstoreSubscriptions
) -> None:
    peer.will_answer(answer)
    await subscriptions.delete_subscription(SUBSCRIPTION)
    assert peer.calls == [f"DELETE {BASE}/api/v1/webhook-subscriptions/{SUBSCRIPTION}"]
    assert peer.requests[0].headers["Accept"] == "application/vnd.api+json"


async def test_a_subscription_that_is_gone_already_is_deleted(
    peer: AnsweringPeer, subscriptions: AnkorstoreSubscriptions
) -> None:
    peer.will_answer(load_recorded("ankorstore/quote_unknown"), status=404)
    await subscriptions.delete_subscription(SUBSCRIPTION)


async def test_a_refused_delete_is_told(
    peer: AnsweringPeer, subscriptions: AnkorstoreSubscriptions
) -> None:
    peer.will_answer(status=403)
    with pytest.raises(Rejected):
        await subscriptions.delete_subscription(SUBSCRIPTION)


@pytest.mark.parametrize("body", [b"", {}, {"data": None}, {"data": [{}]}])
async def test_an_answer_without_a_subscription_is_no_answer(
    body: Any, peer: AnsweringPeer, subscriptions: AnkorstoreSubscriptions
) -> None:
    peer.will_answer(body)
    with pytest.raises(Transient):
        await subscriptions.update_subscription(SUBSCRIPTION, HOOK, EVENTS)
