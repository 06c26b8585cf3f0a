"""
The brand's applications at Ankorstore and the webhook subscriptions they hold.

Ankorstore documents two forms of creating a subscription. The published specification's is sent
first, the guide's after a refusal, and whichever worked is kept for the life of the client.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.ankorstore import wire
from app.ankorstore.calls import AnkorstoreCalls
from app.ankorstore.fields import Fields
from app.ankorstore.verdicts import Meaning, Operation
from app.errors import Rejected
from app.jsonapi import Resource, UnreadableDocument, parse_document, read_data
from app.outbound import PeerConnection


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where events go, and the secret they are signed with."""

    subscription_id: str
    url: str | None
    events: tuple[str, ...]
    signing_secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Application:
    """One API application of the brand; ours is told by its client id."""

    application_id: str
    name: str | None
    client_id: str | None
    subscriptions: tuple[Subscription, ...]


@dataclass(frozen=True, slots=True)
class _CreateForm:
    """How a create request names itself and its application."""

    type: str
    relationship: str


_SPEC_FORM = _CreateForm("webhook-subscription", "applications")
_GUIDE_FORM = _CreateForm("webhook-subscriptions", "application")


class AnkorstoreSubscriptions:
    """Reads applications and event names, and keeps webhook subscriptions."""

    def __init__(self, connection: PeerConnection) -> None:
        """Call over *connection*."""
        self._calls = AnkorstoreCalls(connection)
        self._form: _CreateForm | None = None

    async def list_applications(self) -> tuple[Application, ...]:
        """Read the brand's applications with their subscriptions."""
        return await self._calls.call(
            Operation.LIST_APPLICATIONS,
            "GET",
            wire.APPLICATIONS_PATH,
            read_applications,
            params={"include": "webhookSubscriptions"},
        )

    async def list_webhook_events(self) -> tuple[str, ...]:
        """Read which event names can be subscribed to."""
        operation = Operation.LIST_WEBHOOK_EVENTS
        names = await self._calls.call(
            operation, "GET", f"{wire.SUBSCRIPTIONS_PATH}/events", read_event_names
        )
        self._calls.watch.look("event", [{"type": name} for name in names], operation)
        return names

    async def create_subscription(
        self, application_id: str, url: str, events: Sequence[str]
    ) -> Subscription:
        """
        Have *events* of an application sent to *url*.

        After an error look at `list_applications` first: a second create makes a second
        subscription.
        """
        forms = (self._form,) if self._form else (_SPEC_FORM, _GUIDE_FORM)
        for form in forms:
            try:
                created = await self._create(form, application_id, url, events)
            except Rejected as refusal:
                if form is forms[-1] or refusal.status not in (400, 404, 422):
                    raise
            else:
                self._form = form
                return created
        raise AssertionError("the last form either worked or raised")

    async def _create(
        self, form: _CreateForm, application_id: str, url: str, events: Sequence[str]
    ) -> Subscription:
        application = {"data": {"type": "applications", "id": application_id}}
        return await self._calls.call(
            Operation.CREATE_SUBSCRIPTION,
            "POST",
            wire.SUBSCRIPTIONS_PATH,
            _read_only_subscription,
            body={
                "data": {
                    "type": form.type,
                    "attributes": {"url": url, "events": list(events)},
                    "relationships": {form.relationship: application},
                }
            },
        )

    async def update_subscription(
        self, subscription_id: str, url: str, events: Sequence[str]
    ) -> Subscription:
        """Set where and of what a subscription tells; both must be said again."""
        operation = Operation.UPDATE_SUBSCRIPTION
        return await self._calls.call(
            operation,
            "PATCH",
            self._path(operation, subscription_id),
            _read_only_subscription,
            body={
                "data": {
                    "type": "webhook-subscriptions",
                    "id": subscription_id,
                    "attributes": {"url": url, "events": list(events)},
                }
            },
        )

    async def delete_subscription(self, subscription_id: str) -> None:
        """Delete a subscription; one that is gone already is no error."""
        operation = Operation.DELETE_SUBSCRIPTION
        try:
            await self._calls.send(operation, "DELETE", self._path(operation, subscription_id))
        except Rejected as refusal:
            if refusal.code != Meaning.ALREADY_GONE:
                raise

    def _path(self, operation: Operation, subscription_id: str) -> str:
        return f"{wire.SUBSCRIPTIONS_PATH}/{self._calls.segment(operation, subscription_id)}"


def read_applications(body: Any) -> tuple[Application, ...]:
    """Return the applications a document shows, be it one or a list."""
    if isinstance(body, dict) and "included" not in body and "includes" in body:
        body = {**body, "included": body["includes"]}  # as the guide has it
    document = parse_document(body)
    applications = []
    for resource in document.primary:
        application = Fields("attributes", resource.attributes, [])
        ids = resource.related_ids("webhookSubscriptions") or ()
        applications.append(
            Application(
                application_id=resource.id,
                name=application.text("name"),
                client_id=application.text("clientId"),
                subscriptions=tuple(
                    _read_subscription(document.included.get(each) or Resource("", each))
                    for each in ids
                    if each
                ),
            )
        )
    return tuple(applications)


def read_event_names(body: Any) -> tuple[str, ...]:
    """Return the event names; they stand in `type` or in `id`, whichever holds a dot."""
    entries = read_data(body)
    if not isinstance(entries, list):
        raise UnreadableDocument("no list of events")
    names: list[str] = []
    for entry in entries:
        event = Fields("event", entry, [])
        candidates = (event.text("type"), event.text("id"))
        name = next((text for text in candidates if text and "." in text), None)
        if name and name not in names:
            names.append(name)
    return tuple(names)


def _read_only_subscription(body: Any) -> Subscription:
    resource = parse_document(body).one()
    if not resource.id:
        raise UnreadableDocument("a subscription without id")
    return _read_subscription(resource)


def _read_subscription(resource: Resource) -> Subscription:
    subscription = Fields("attributes", resource.attributes, [])
    return Subscription(
        subscription_id=resource.id,
        url=subscription.text("webhookUrl") or subscription.text("url"),
        events=subscription.texts("events") or (),
        signing_secret=subscription.text("signingSecret"),
    )
