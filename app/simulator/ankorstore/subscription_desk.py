"""
The application of the brand and its webhook subscriptions.

Two forms of a subscription are documented. Which one is understood is a habit; the other one is
refused, as a caller must be ready for.
"""

import secrets
from random import Random
from typing import Any

from app.simulator.ankorstore.deliveries import Subscription
from app.simulator.ankorstore.documents import Document, with_version
from app.simulator.ankorstore.habits import AnkorstoreHabits
from app.simulator.ankorstore.outbox import Outbox
from app.simulator.ankorstore.people import make_id
from app.simulator.ankorstore.refusals import invalid, refuse
from app.simulator.ankorstore.transitions import read_object
from app.simulator.exchange import JSON_API, Answer, Ask, dump_json
from app.simulator.routes import Routes

FORMS = {
    "spec": ("webhook-subscription", "applications"),
    "guide": ("webhook-subscriptions", "application"),
}


class SubscriptionDesk:
    """Answers for applications and webhook subscriptions."""

    def __init__(
        self,
        random: Random,
        habits: AnkorstoreHabits,
        outbox: Outbox,
        application_id: str,
        client_id: str,
    ) -> None:
        self._random = random
        self._habits = habits
        self._outbox = outbox
        self._application_id = application_id
        self._client_id = client_id

    def add_routes(self, routes: Routes) -> None:
        """Put the endpoints on the table."""
        root = "/api/v1/webhook-subscriptions"
        routes.add("GET", "/api/v1/applications", self.list_applications)
        routes.add("GET", f"{root}/events", self.list_events)
        routes.add("POST", root, self.create)
        routes.add("PATCH", f"{root}/{{subscription}}", self.change)
        routes.add("DELETE", f"{root}/{{subscription}}", self.delete)

    def list_applications(self, ask: Ask) -> Answer:
        """Answer the one application, an object although the call lists."""
        shown = [one for one in self._outbox.subscriptions.values() if one.url is not None]
        references = [{"type": "webhook-subscriptions", "id": one.id} for one in shown]
        document: Document = {
            "data": {
                "type": "application",
                "id": self._application_id,
                "attributes": {
                    "name": "Simulated application",
                    "developerEmail": "developer@example.com",
                    "clientId": self._client_id,
                    "clientSecret": None,
                },
                "relationships": {"webhookSubscriptions": {"data": references}},
            }
        }
        if ask.query.get("include") == "webhookSubscriptions":
            # The guide's example calls the member otherwise than JSON:API does.
            member = "includes" if self._habits.subscription_form == "guide" else "included"
            document[member] = [
                self._resource(one, has_secret=self._habits.lists_signing_secrets) for one in shown
            ]
        return _answer(200, document)

    def list_events(self, ask: Ask) -> Answer:
        """Answer the events on offer; where the name stands depends on the form."""
        entries = []
        for name in self._habits.offered_events:
            if self._habits.subscription_form == "guide":
                entries.append({"type": "webhook-events", "id": name})
            else:
                entries.append({"type": name, "id": make_id(self._random)})
        return _answer(200, {"data": entries})

    def create(self, ask: Ask) -> Answer:
        """Add a subscription with a secret of its own."""
        data = _data(ask)
        wanted_type, relationship = FORMS[self._habits.subscription_form]
        if data.get("type") != wanted_type:
            raise invalid([("data.type", "The selected type is invalid.")])
        linked: Any = data
        for step in ("relationships", relationship, "data", "id"):
            linked = linked.get(step) if isinstance(linked, dict) else None
        if linked != self._application_id:
            pointer = f"data.relationships.{relationship}"
            raise invalid([(pointer, "The application is invalid.")])
        url, events = self._read_attributes(data)
        subscription = Subscription(
            make_id(self._random), url, events, f"whsec_{secrets.token_hex(20)}"
        )
        self._outbox.subscriptions[subscription.id] = subscription
        return self._answer_one(201, subscription)

    def change(self, ask: Ask) -> Answer:
        """Change address and events; both are required. The secret stays."""
        subscription = self._find(ask)
        subscription.url, subscription.events = self._read_attributes(_data(ask))
        return self._answer_one(200, subscription)

    def delete(self, ask: Ask) -> Answer:
        """Remove a subscription."""
        del self._outbox.subscriptions[self._find(ask).id]
        return _answer(200, {})

    def _find(self, ask: Ask) -> Subscription:
        subscription = self._outbox.subscriptions.get(ask.parts[0])
        if subscription is None or subscription.url is None:
            raise refuse(404)
        return subscription

    def _read_attributes(self, data: Document) -> tuple[str, tuple[str, ...]]:
        attributes = data.get("attributes")
        attributes = attributes if isinstance(attributes, dict) else {}
        url, events = attributes.get("url"), attributes.get("events")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise invalid([("data.attributes.url", "The url must be a valid URL.")])
        if not isinstance(events, list) or not events:
            raise invalid([("data.attributes.events", "The field is required.")])
        for index, name in enumerate(events):
            if name not in self._habits.offered_events or name in events[:index]:
                detail = "The selected event is invalid."
                raise invalid([(f"data.attributes.events.{index}", detail)])
        return url, tuple(events)

    def _answer_one(self, status: int, subscription: Subscription) -> Answer:
        resource = self._resource(subscription)
        is_list = self._habits.subscription_form == "spec"
        return _answer(status, {"data": [resource] if is_list else resource})

    def _resource(self, subscription: Subscription, *, has_secret: bool = True) -> Document:
        is_spec = self._habits.subscription_form == "spec"
        attributes = {
            "webhookUrl" if is_spec else "url": subscription.url,
            "events": list(subscription.events or self._habits.offered_events),
        }
        if has_secret:
            attributes["signingSecret"] = subscription.secret
        return {
            "type": "webhook-subscriptions",
            "id": subscription.id,
            "attributes": attributes,
        }


def _data(ask: Ask) -> dict[str, Any]:
    data = read_object(ask).get("data")
    if not isinstance(data, dict):
        raise invalid([("data", "The field is required.")])
    return data


def _answer(status: int, document: Document) -> Answer:
    return Answer(status, dump_json(with_version(document)), JSON_API)
