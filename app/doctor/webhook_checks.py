"""Whether Ankorstore tells us of orders, and whether it can reach us. Nothing is changed there."""

import asyncio
from collections.abc import AsyncIterator, Collection
from urllib.parse import urlsplit

import httpx
from sqlalchemy.exc import SQLAlchemyError

from app.ankorstore.subscriptions import AnkorstoreSubscriptions, Application, Subscription
from app.doctor.diagnosis import Diagnosis, error, explain, warning
from app.doctor.setting_checks import is_rehearsal, stays_on_this_machine
from app.errors import BridgeError, Paused
from app.sealing import Sealer
from app.settings import Settings
from app.store.loopback import make_challenge
from app.store.session import Store
from app.store.webhook_rows import Standing, load_ours
from app.store.webhook_watch import WebhookWatch, load_webhook_watch
from app.subscribing.judging import find_application, leads_here, missing_events, shown_url
from app.web.loopback import LOOPBACK_PATH
from app.web.webhooks import WEBHOOK_PATH
from app.wiring import (
    ANKORSTORE,
    Companies,
    build_sealer,
    given_webhook_secrets,
    webhook_url,
)

PUBLIC_SECONDS = 10.0
MAX_ANSWER_BYTES = 4096
_NONE_HERE = ("webhook_missing", "webhook_elsewhere")
_REGISTER = "`antbridge webhooks register` does it"


async def examine_webhook(
    settings: Settings,
    store: Store,
    companies: Companies,
    *,
    is_readable: bool = True,
    public_transport: httpx.AsyncBaseTransport | None = None,
) -> list[Diagnosis]:
    """Return what keeps webhooks from coming; what the database holds only if *is_readable*."""
    found: list[Diagnosis] = []
    secrets = given_webhook_secrets(settings)
    watch = WebhookWatch()
    if is_readable:
        watch = await load_webhook_watch(store)
        stored, found = await _read_stored_secrets(store, build_sealer(settings))
        secrets += stored
        async for one in examine_public_url(store, settings.public_url, public_transport):
            found.append(one)
    subscriptions = AnkorstoreSubscriptions(companies.connections[ANKORSTORE])
    async for one in examine_ankorstore(
        subscriptions,
        settings.ankorstore_client_id,
        secrets,
        webhook_url(settings),
        needs_tls=not is_rehearsal(settings),
    ):
        is_let_go = one.check in _NONE_HERE and watch.let_go_at is not None
        found.append(_let_go(watch) if is_let_go else one)
    return found


def _let_go(watch: WebhookWatch) -> Diagnosis:
    return warning(
        "webhook_let_go",
        f"{watch.let_go_by} deleted the webhook subscription at {watch.let_go_at:%Y-%m-%d %H:%M} "
        "UTC: orders are found late, by lists",
        f"if orders are to be told of again: {_REGISTER}",
    )


async def examine_ankorstore(
    subscriptions: AnkorstoreSubscriptions,
    client_id: str,
    secrets: Collection[str],
    url: str | None,
    *,
    needs_tls: bool,
) -> AsyncIterator[Diagnosis]:
    """
    Judge the login and the webhook subscription, which leads to *url* where that is known.

    Unless it *needs_tls*, one that does not leave this machine may do without.
    """
    try:
        applications = await subscriptions.list_applications()
    except Paused:
        return
    except BridgeError as trouble:
        yield explain("ankorstore", "ANKORSTORE_CLIENT_ID and ANKORSTORE_CLIENT_SECRET", trouble)
        return
    ours = find_application(applications, client_id)
    if ours is None:
        yield warning(
            "application_unknown",
            "Ankorstore lists no application with our client id, so the webhook is not checked",
            "see in Ankorstore's settings that the application is there and subscribed",
        )
        return
    for found in _examine_subscriptions(ours, secrets, url, needs_tls=needs_tls):
        yield found


def _examine_subscriptions(
    application: Application, secrets: Collection[str], url: str | None, *, needs_tls: bool
) -> list[Diagnosis]:
    here = [one for one in application.subscriptions if leads_here(one, WEBHOOK_PATH, url)]
    wanted = url or f"https://YOUR-HOST{WEBHOOK_PATH}"
    if not application.subscriptions:
        return [
            error(
                "webhook_missing",
                "the application has no webhook subscription: orders are found late, by lists",
                f"subscribe {wanted} to the order events at Ankorstore; {_REGISTER}",
            )
        ]
    if not here:
        told = ", ".join(shown_url(one.url) for one in application.subscriptions)
        return [
            error(
                "webhook_elsewhere",
                f"no subscription leads to {url or WEBHOOK_PATH}: {told}",
                f"change its address to {wanted}, or subscribe that too; {_REGISTER}",
            )
        ]
    return [
        found for one in here for found in _examine_subscription(one, secrets, needs_tls=needs_tls)
    ]


def _examine_subscription(
    subscription: Subscription, secrets: Collection[str], *, needs_tls: bool
) -> list[Diagnosis]:
    found = []
    url = subscription.url or ""
    if urlsplit(url).scheme != "https" and (needs_tls or not stays_on_this_machine(url)):
        found.append(
            error(
                "webhook_not_https",
                f"the subscription leads to {shown_url(url)}, which is not https",
                "put a reverse proxy with TLS in front and subscribe its address",
            )
        )
    if missing := missing_events(subscription):
        found.append(
            error(
                "webhook_events",
                f"the subscription tells nothing of {', '.join(missing)}",
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


async def _read_stored_secrets(store: Store, sealer: Sealer) -> tuple[list[str], list[Diagnosis]]:
    """Return the signing secrets in the database that count, and what is wrong with them."""
    secrets: list[str] = []
    found: list[Diagnosis] = []
    for row in await load_ours(store):
        if row.secret_encrypted is None or row.state == Standing.ENDED:
            continue
        secret = sealer.open(row.secret_encrypted)
        if secret is not None:
            secrets.append(secret)
        elif not found:
            found.append(
                error(
                    "webhook_sealed",
                    "the stored webhook secret cannot be read with ENCRYPTION_KEY",
                    "put the old key behind the new one, separated by a comma",
                )
            )
    return secrets, found


async def examine_public_url(
    store: Store, public_url: str, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Diagnosis]:
    """Ask ourselves over the public address what only this installation knows."""
    if not public_url:
        yield warning(
            "public_url",
            "PUBLIC_URL is not set: nobody looks whether the public address leads here",
            "set PUBLIC_URL to the address Ankorstore reaches this service at",
        )
        return
    try:
        challenge, answer = await make_challenge(store)
    except SQLAlchemyError:
        return  # the database cannot be written, which is told as what it is
    try:
        status, told = await _ask(f"{public_url}{LOOPBACK_PATH}/{challenge}", transport)
    except (httpx.HTTPError, OSError, TimeoutError) as trouble:
        yield error(
            "public_url_unreachable",
            f"{public_url} cannot be reached from here: {type(trouble).__name__}",
            "see that the service runs, and its name, certificate and reverse proxy are right; a "
            "network that does not let a machine reach its own public address must be told to",
        )
        return
    if told != answer:
        yield error(
            "public_url_elsewhere",
            f"{public_url} does not lead to this installation: it answers {status}",
            f"have the reverse proxy pass {WEBHOOK_PATH} and all below it on to this service",
        )


async def _ask(url: str, transport: httpx.AsyncBaseTransport | None) -> tuple[int, str | None]:
    """Return the status, and the answer where there is one in the form of ours."""
    async with (
        asyncio.timeout(PUBLIC_SECONDS),
        httpx.AsyncClient(
            transport=transport, timeout=PUBLIC_SECONDS, trust_env=False, follow_redirects=False
        ) as http,
        http.stream("POST", url) as response,
    ):
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                return response.status_code, None
        try:
            content = httpx.Response(200, content=bytes(body)).json()
        except ValueError:
            return response.status_code, None
        told = content.get("answer") if isinstance(content, dict) else None
        return response.status_code, told if isinstance(told, str) else None
