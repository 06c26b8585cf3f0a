"""Which events are wanted, and what is wrong with a subscription. Pure."""

from collections.abc import Collection, Iterable, Sequence
from urllib.parse import urlsplit, urlunsplit

from app.ankorstore.subscriptions import Application, Subscription
from app.store.webhook_rows import OurSubscription, Standing

HANDLED_EVENTS = (
    "order.brand_created",
    "order.brand_accepted",
    "order.brand_rejected",
    "order.billing_address_updated",
    "order.shipping_address_updated",
    "order.shipping_labels_generated",
    "order.shipped",
    "order.shipment_received",
    "order.shipment_refused",
    "order.cancelled",
    "order.brand_accepted_reverted",
    "order.shipping_labels_generated_reverted",
)
"""What an order is looked at again for; those of them that are offered are subscribed to."""
NEEDED_EVENTS = frozenset({"order.brand_created", "order.brand_accepted", "order.cancelled"})
"""Without these a new order, or that one is cancelled, is only found by comparing lists."""


def find_application(applications: Iterable[Application], client_id: str) -> Application | None:
    """Return the application the service logs in as."""
    return next((one for one in applications if one.client_id == client_id), None)


def leads_here(subscription: Subscription, path: str, url: str | None = None) -> bool:
    """Tell whether it leads to *url*, or where that is not known to anybody's *path*."""
    if url is not None:
        return subscription.url == url
    return urlsplit(subscription.url or "").path.endswith(path)


def missing_events(subscription: Subscription) -> list[str]:
    """Return what it should tell of and does not; one that names no events tells of all."""
    return sorted(NEEDED_EVENTS - set(subscription.events)) if subscription.events else []


def shown_url(url: str | None) -> str:
    """Return an address without what may be secret in it."""
    try:
        parts = urlsplit(url or "")
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    if not host:
        return "no address"
    return urlunsplit((parts.scheme, host + port, parts.path, "", ""))


def what_was_lost(ours: OurSubscription, listed: Collection[Subscription]) -> str | None:
    """
    Return what became of our subscription; None where it is as we left it.

    One of which only the id is shown is there, and that is all that can be said.
    """
    found = next((one for one in listed if one.subscription_id == ours.subscription_id), None)
    if found is None:
        return "our webhook subscription is gone"
    if found.url is None:
        return None
    if found.url != ours.url:
        return f"our webhook subscription was led to {shown_url(found.url)}"
    if set(found.events) != set(ours.events):
        return "the events of our webhook subscription were changed"
    return None


def what_is_wrong(listed: Collection[Subscription], path: str, url: str | None) -> str | None:
    """Return why nobody tells us of orders; None where one of *listed* does."""
    here = [one for one in listed if leads_here(one, path, url)]
    if not here:
        return f"no webhook subscription leads to {shown_url(url) if url else path}"
    missing = min((missing_events(one) for one in here), key=len)
    return f"the webhook subscription tells nothing of {', '.join(missing)}" if missing else None


def ours_of(
    intent: OurSubscription, listed: Iterable[Subscription], rows: Sequence[OurSubscription]
) -> list[Subscription]:
    """
    Return what an unanswered create may have made.

    It leads where we asked for, was not there before, and is no other row's. Whoever made one by
    hand at that very time and for that very address made what we wanted.
    """
    taken = {*(intent.known_ids or ()), *(row.subscription_id for row in rows)}
    return [one for one in listed if one.url == intent.url and one.subscription_id not in taken]


def unanswered(rows: Iterable[OurSubscription]) -> list[OurSubscription]:
    """Return the rows whose create may have worked without an answer."""
    waiting = (Standing.CREATING, Standing.ENDED)
    return [
        row
        for row in rows
        if row.state in waiting and row.subscription_id is None and row.known_ids is not None
    ]
