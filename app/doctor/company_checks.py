"""What the two companies tell when they are asked. Nothing is changed at either."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from urllib.parse import urlsplit

from app.ankorstore.subscriptions import AnkorstoreSubscriptions, Application, Subscription
from app.doctor.diagnosis import Diagnosis, error, warning
from app.errors import BridgeError, NotReady, Rejected, Unauthorized
from app.ports import Warehouse
from app.web.webhooks import WEBHOOK_PATH

NEEDED_EVENTS = frozenset({"order.brand_created", "order.brand_accepted", "order.cancelled"})
"""Without these a new order, or that one is cancelled, is only found by comparing lists."""
NOBODYS = "antbridge-doctor-0"
"""A number and a SKU that nothing has."""


async def examine_ankorstore(
    subscriptions: AnkorstoreSubscriptions, client_id: str, secrets: Collection[str]
) -> AsyncIterator[Diagnosis]:
    """Judge the login and the webhook subscription."""
    try:
        applications = await subscriptions.list_applications()
    except BridgeError as trouble:
        yield _explain("ankorstore", "ANKORSTORE_CLIENT_ID and ANKORSTORE_CLIENT_SECRET", trouble)
        return
    ours = [one for one in applications if one.client_id == client_id]
    if not ours:
        yield warning(
            "application_unknown",
            "Ankorstore lists no application with our client id, so the webhook is not checked",
            "see in Ankorstore's settings that the application is there and subscribed",
        )
        return
    for found in _examine_subscriptions(ours[0], secrets):
        yield found


def _examine_subscriptions(application: Application, secrets: Collection[str]) -> list[Diagnosis]:
    here = [one for one in application.subscriptions if _leads_here(one)]
    if not application.subscriptions:
        return [
            error(
                "webhook_missing",
                "the application has no webhook subscription: orders are found late, by lists",
                f"subscribe https://YOUR-HOST{WEBHOOK_PATH} to the order events at Ankorstore",
            )
        ]
    if not here:
        told = ", ".join(one.url or "no address" for one in application.subscriptions)
        return [
            error(
                "webhook_elsewhere",
                f"no subscription leads to {WEBHOOK_PATH}: {told}",
                f"change its address to https://YOUR-HOST{WEBHOOK_PATH}",
            )
        ]
    return [found for one in here for found in _examine_subscription(one, secrets)]


def _leads_here(subscription: Subscription) -> bool:
    return urlsplit(subscription.url or "").path == WEBHOOK_PATH


def _examine_subscription(subscription: Subscription, secrets: Collection[str]) -> list[Diagnosis]:
    found = []
    url = subscription.url or ""
    if urlsplit(url).scheme != "https":
        found.append(
            error(
                "webhook_not_https",
                f"the subscription leads to {url}, which is not https",
                "put a reverse proxy with TLS in front and subscribe its address",
            )
        )
    missing = NEEDED_EVENTS - set(subscription.events) if subscription.events else set()
    if missing:
        found.append(
            error(
                "webhook_events",
                f"the subscription tells nothing of {', '.join(sorted(missing))}",
                "add these events to it at Ankorstore",
            )
        )
    secret = subscription.signing_secret
    if secret is not None and secret not in secrets:
        found.append(
            error(
                "webhook_secret",
                "the subscription signs with a secret that is not among ours: all is refused",
                "put its signing secret into ANKORSTORE_WEBHOOK_SECRETS",
            )
        )
    return found


async def examine_warehouse(
    warehouse: Warehouse, is_own_mark: Callable[[str], Awaitable[bool]]
) -> AsyncIterator[Diagnosis]:
    """Judge the login, the ids of the settings, the paths and the order type."""
    try:
        warehouse.use_settings(await warehouse.read_settings())
    except BridgeError as trouble:
        yield _explain("active_ants", "ACTIVE_ANTS_USERNAME and ACTIVE_ANTS_PASSWORD", trouble)
        return
    problems = warehouse.readiness_problems()
    for problem in problems:
        sentence, _, cure = problem.partition(". ")
        yield error("warehouse_settings", sentence, cure or "see docs/settings.md")
    questions: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: warehouse.find_order(NOBODYS),
        lambda: warehouse.knows_product(NOBODYS),
        lambda: warehouse.search_shipments(NOBODYS),
    )
    unclear: BridgeError | None = None
    for ask in questions:
        try:
            await ask()
        except NotReady as trouble:
            yield error("warehouse_path", trouble.detail or str(trouble), trouble.resolution)
        except BridgeError as trouble:
            unclear = unclear or trouble
    if unclear is not None:
        yield error(
            "warehouse_not_found",
            f"asked for what nothing has, Active Ants answers unclearly: {unclear}",
            "compare its words with ACTIVE_ANTS_NOT_FOUND_PATTERN",
        )
    if not problems:
        async for found in _examine_order_type(warehouse, is_own_mark):
            yield found


async def _examine_order_type(
    warehouse: Warehouse, is_own_mark: Callable[[str], Awaitable[bool]]
) -> AsyncIterator[Diagnosis]:
    try:
        waiting = await warehouse.list_shipments()
    except NotReady as trouble:
        yield error("warehouse_path", trouble.detail or str(trouble), trouble.resolution)
        return
    except BridgeError as trouble:
        yield error("shipment_feed", f"the shipments feed cannot be read: {trouble}", _ASK)
        return
    foreign = 0
    for row in waiting:
        foreign += row.order_mark is None or not await is_own_mark(row.order_mark)
    if foreign:
        yield warning(
            "order_type_shared",
            f"{foreign} shipments of our order type are of other programs",
            "have Active Ants set up an order type for Ankorstore alone: ACTIVE_ANTS_ORDER_TYPE",
        )


_ASK = "ask Active Ants, and run `antbridge doctor` again"


def _explain(company: str, names: str, trouble: BridgeError) -> Diagnosis:
    """Return what a failed first call to *company* means."""
    if isinstance(trouble, Unauthorized) or (
        isinstance(trouble, Rejected) and trouble.status in (401, 403)
    ):
        problem = f"{company} refuses the login"
        return error(f"{company}_login", problem, f"check {names}, and that they are of this shop")
    base = "ANKORSTORE_BASE_URL" if company == "ankorstore" else "ACTIVE_ANTS_BASE_URL"
    problem = f"{company} does not answer as it should: {trouble}"
    return error(f"{company}_unreachable", problem, f"check {base} and the way out of this machine")
