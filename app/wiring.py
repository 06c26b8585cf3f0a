"""The composition root: turns settings into the parts of the service, and nothing else does."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import structlog
from sqlalchemy.engine import make_url

from app import tracing
from app.active_ants.auth import TOKEN_PATH, password_login
from app.active_ants.client import ActiveAntsWarehouse
from app.active_ants.paths import PathTable
from app.active_ants.reads import reads_of
from app.active_ants.rules import MappingRules
from app.alerts.channels import Channel, MailChannel, MailServer, PlainHttp, WebhookChannel
from app.alerts.conditions import Bounds
from app.alerts.dead_man import DeadMan
from app.alerts.notifier import Notifier
from app.alerts.shadow_summary import ShadowSummary
from app.ankorstore.auth import build_login
from app.ankorstore.client import AnkorstoreMarketplace
from app.ankorstore.reads import leaves_orders_alone
from app.ankorstore.subscriptions import AnkorstoreSubscriptions
from app.circuit import Circuit
from app.clock import Clock, SystemClock
from app.domain.policy import Policy
from app.domain.sku_entries import SkuEntry
from app.flow.desk import DeskTimes
from app.flow.facts import WarehouseFacts
from app.flow.forecast import Pace
from app.flow.retention import RetentionRules
from app.flow.rules import FlowRules
from app.flow.sku_check import SkuSayings
from app.followed_clock import ClockUnreadable, follow_clock
from app.grants import LocalBook
from app.outbound import PeerConnection
from app.pacing import PacedBudget
from app.pause_board import PauseBoard
from app.policy_file import load_policy
from app.ports import RateWindow, TokenShelf
from app.sealing import Sealer
from app.settings import Settings, SettingsError, parse_sides
from app.shared_grants import SharedBook
from app.store.budget import SharedBudget
from app.store.facts import load_settings_snapshot
from app.store.logins import LoginVault
from app.store.session import Store
from app.store.sightings import save_sightings
from app.subscribing.keeper import Keeper
from app.web.console.access import AccessRules
from app.web.webhooks import WEBHOOK_PATH

log = structlog.get_logger(__name__)

ANKORSTORE = "ankorstore"
ACTIVE_ANTS = "active_ants"
BURST_SHARE = 0.1
"""So much of Ankorstore's minute may be used at once; Active Ants wants an even pace."""
HOUR_BURST_SHARE = 0.5
"""So much of an hour's calls may be made ahead, at the pace of the minute; the rest is spread."""
DAY_BURST_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Companies:
    """Both companies, as the flow knows them, and the connections behind."""

    marketplace: AnkorstoreMarketplace
    warehouse: ActiveAntsWarehouse
    connections: dict[str, PeerConnection]
    pauses: PauseBoard
    """What a person paused; no call is made to a company that is."""

    async def close(self) -> None:
        """Close all connections."""
        for connection in self.connections.values():
            await connection.close()


@dataclass(frozen=True, slots=True)
class Transports:
    """What replaces the network to each company in tests; None is the network."""

    ankorstore: httpx.AsyncBaseTransport | None = None
    active_ants: httpx.AsyncBaseTransport | None = None


@contextmanager
def traced(settings: Settings) -> Iterator[None]:
    """Send traces to the collector the settings name, if any, until the block ends."""
    if settings.otel_exporter_otlp_endpoint is None:
        yield
        return
    from app.tracing_sdk import SdkTracing  # only here: it costs memory

    told = SdkTracing(settings.otel_exporter_otlp_endpoint)
    tracing.use(told)
    try:
        yield
    finally:
        tracing.use(None)
        told.stop()


def service_clock(settings: Settings) -> Clock:
    """
    Return the machine's clock, or that of the sandbox the settings name.

    Raises:
        SettingsError: The sandbox tells no time.
    """
    if settings.clock_url is None:
        return SystemClock()
    try:
        return follow_clock(settings.clock_url)
    except ClockUnreadable as trouble:
        raise SettingsError(
            f"CLOCK_URL: {trouble}; start `antbridge simulate`, or leave CLOCK_URL empty"
        ) from None


def build_store(settings: Settings, clock: Clock | None = None) -> Store:
    """Return the database the settings name."""
    return Store(settings.database_url, clock or service_clock(settings))


def build_companies(
    settings: Settings,
    clock: Clock | None = None,
    transports: Transports | None = None,
    store: Store | None = None,
) -> Companies:
    """
    Return both companies, ready to be called.

    With a *store* the budgets (on PostgreSQL) and the logins are shared with all its processes,
    and what is paused there is not called. In shadow mode neither can be written to.
    """
    clock = clock or service_clock(settings)
    transports = transports or Transports()
    pauses = PauseBoard(store)
    paths = PathTable(given_paths(settings))
    is_shadow = settings.mode == "shadow"
    token_path = settings.active_ants_path_token or TOKEN_PATH
    shelf = _shelves(settings, store)
    ankorstore = PeerConnection(
        ANKORSTORE,
        settings.ankorstore_base_url,
        budget=_budget(ANKORSTORE, ankorstore_windows(settings), None, settings, clock, store),
        clock=clock,
        timeout_seconds=settings.http_timeout_seconds,
        auth=build_login(
            settings.ankorstore_base_url,
            settings.ankorstore_client_id,
            settings.ankorstore_client_secret.get_secret_value(),
            clock=clock,
            shelf=shelf(ANKORSTORE, settings.ankorstore_base_url, settings.ankorstore_client_id),
        ),
        circuit=Circuit(ANKORSTORE, clock, base_seconds=settings.retry_base_seconds),
        pauses=pauses,
        only_reads=leaves_orders_alone if is_shadow else None,
        transport=transports.ankorstore,
    )
    active_ants = PeerConnection(
        ACTIVE_ANTS,
        settings.active_ants_base_url,
        budget=_budget(
            ACTIVE_ANTS,
            active_ants_windows(settings),
            settings.active_ants_max_in_flight,
            settings,
            clock,
            store,
        ),
        clock=clock,
        timeout_seconds=settings.http_timeout_seconds,
        auth=password_login(
            settings.active_ants_base_url,
            settings.active_ants_username,
            settings.active_ants_password.get_secret_value(),
            clock=clock,
            token_path=settings.active_ants_path_token,
            shelf=shelf(ACTIVE_ANTS, settings.active_ants_base_url, settings.active_ants_username),
        ),
        circuit=Circuit(ACTIVE_ANTS, clock, base_seconds=settings.retry_base_seconds),
        pauses=pauses,
        only_reads=reads_of(paths, token_path) if is_shadow else None,
        transport=transports.active_ants,
    )
    return Companies(
        marketplace=build_marketplace(settings, ankorstore),
        warehouse=build_warehouse(settings, active_ants),
        connections={ANKORSTORE: ankorstore, ACTIVE_ANTS: active_ants},
        pauses=pauses,
    )


def build_marketplace(settings: Settings, connection: PeerConnection) -> AnkorstoreMarketplace:
    """Return Ankorstore, called over *connection*."""
    return AnkorstoreMarketplace(connection, page_limit=settings.ankorstore_page_limit)


def build_warehouse(settings: Settings, connection: PeerConnection) -> ActiveAntsWarehouse:
    """Return Active Ants, called over *connection*."""
    return ActiveAntsWarehouse(
        connection,
        rules=mapping_rules(settings),
        paths=PathTable(given_paths(settings)),
        carrier_map=settings.carrier_map,
        return_reason=settings.active_ants_return_reason,
        not_found_pattern=settings.active_ants_not_found_pattern,
    )


async def use_stored_settings(store: Store, companies: Companies) -> None:
    """Have the warehouse's form filled by the lists of ids that a worker read last."""
    snapshot = await load_settings_snapshot(store, ACTIVE_ANTS)
    if snapshot is not None:
        companies.warehouse.use_settings(snapshot[1])


async def write_down_sightings(store: Store, companies: Companies) -> None:
    """Write down what the companies sent that is not documented; a failure only delays it."""
    for connection in companies.connections.values():
        seen = connection.sightings.drain()
        if not seen:
            continue
        try:
            await save_sightings(store, seen)
        except BaseException as trouble:  # cut off at the stop, too
            connection.sightings.put_back(seen)
            if not isinstance(trouble, Exception):
                raise
            log.warning("contract.not_written", error=type(trouble).__name__)


def ankorstore_windows(settings: Settings) -> tuple[RateWindow, ...]:
    """Return Ankorstore's three limits; the long ones leave room for busy hours and days."""
    limits = (
        ("minute", 60.0, settings.ankorstore_requests_per_minute, BURST_SHARE),
        ("hour", 3600.0, settings.ankorstore_requests_per_hour, HOUR_BURST_SHARE),
        ("day", 86_400.0, settings.ankorstore_requests_per_day, DAY_BURST_SHARE),
    )
    return tuple(
        RateWindow(name, seconds, limit, max(1, int(limit * share)))
        for name, seconds, limit, share in limits
    )


def active_ants_windows(settings: Settings) -> tuple[RateWindow, ...]:
    """Return the even pace Active Ants wants."""
    return (RateWindow("minute", 60.0, settings.active_ants_requests_per_minute),)


def backlog_pace(settings: Settings) -> Pace:
    """Return what tells how long a backlog takes."""
    return Pace(
        ankorstore=ankorstore_windows(settings),
        active_ants=active_ants_windows(settings),
        shipment_poll_seconds=settings.shipment_poll_seconds,
        searches_shipments=settings.shipment_feed == "search",
        reconcile_seconds=settings.reconcile_seconds,
        orders_per_page=settings.ankorstore_page_limit,
    )


def _budget(
    peer: str,
    windows: tuple[RateWindow, ...],
    slots: int | None,
    settings: Settings,
    clock: Clock,
    store: Store | None,
) -> PacedBudget:
    """Return a company's budget: shared where several workers may run, else in memory."""
    if store is None or not store.is_postgres:
        return PacedBudget(clock, LocalBook(clock, windows, slots))
    shared = SharedBudget(store, peer, windows, slots=slots, lease_seconds=settings.lease_seconds)
    return PacedBudget(clock, SharedBook(clock, shared, windows[0], has_slots=slots is not None))


def _shelves(
    settings: Settings, store: Store | None
) -> Callable[[str, str, str], TokenShelf | None]:
    """Return what gives the shelf of a peer, host and user; none without a store."""
    if store is None:
        return lambda peer, host, user: None
    vault = LoginVault(store, build_sealer(settings))
    seconds = settings.http_timeout_seconds
    return lambda peer, host, user: vault.shelf(peer, host, user, fetch_seconds=seconds)


def build_sealer(settings: Settings) -> Sealer:
    """Return what encrypts tokens and signing secrets in the database."""
    return Sealer([key.get_secret_value() for key in settings.encryption_key])


def given_webhook_secrets(settings: Settings) -> list[str]:
    """Return the signing secrets the settings name."""
    return [secret.get_secret_value() for secret in settings.ankorstore_webhook_secrets]


def webhook_url(settings: Settings) -> str | None:
    """Return where Ankorstore is to send its webhooks; None where no public address is set."""
    return f"{settings.public_url}{WEBHOOK_PATH}" if settings.public_url else None


def build_keeper(settings: Settings, store: Store, companies: Companies) -> Keeper:
    """Return what looks after the webhook subscription."""
    return Keeper(
        store,
        AnkorstoreSubscriptions(companies.connections[ANKORSTORE]),
        build_sealer(settings),
        client_id=settings.ankorstore_client_id,
        url=webhook_url(settings),
        path=WEBHOOK_PATH,
    )


def build_facts(settings: Settings, store: Store, companies: Companies) -> WarehouseFacts:
    """Return the shared snapshot of products and stock."""
    return WarehouseFacts(
        store,
        companies.warehouse,
        facts_seconds=settings.warehouse_facts_seconds,
        lease_seconds=settings.lease_seconds,
    )


def desk_times(settings: Settings) -> DeskTimes:
    """Return how long writes and leases may take."""
    return DeskTimes(settings.http_timeout_seconds, settings.lease_seconds)


def given_paths(settings: Settings) -> dict[str, str | None]:
    """Return the warehouse's paths that the settings give, by key."""
    prefix = "active_ants_path_"
    names = [name for name in type(settings).model_fields if name.startswith(prefix)]
    return {name.removeprefix(prefix): getattr(settings, name) for name in names}


def mapping_rules(settings: Settings) -> MappingRules:
    """Return the brand's choices about warehouse orders."""
    return MappingRules(
        order_type=settings.active_ants_order_type,
        language=settings.active_ants_language,
        brussels_language=settings.brussels_language,
        shipping_method=settings.active_ants_shipping_method,
        shipping_method_by_country=settings.shipping_method_by_country,
        order_number_prefix=settings.order_number_prefix,
        pack_mode=settings.pack_mode,
        pack_mode_by_sku=settings.pack_mode_by_sku,
        sku_map=settings.sku_map,
        price_mode=settings.price_mode,
        vat_mode=settings.vat_mode,
        send_prices=settings.send_prices,
        channel_name=settings.channel_name,
        create_on_hold=settings.create_on_hold,
        hold_seconds=(settings.cancel_window_minutes * 60) or None,
        warehouse_id=settings.warehouse_id,
        fallback_email=settings.fallback_email,
        fallback_phone=settings.fallback_phone,
        allowed_countries=settings.allowed_countries,
        split_countries=settings.split_countries,
    )


def sku_sayings(settings: Settings) -> SkuSayings:
    """Return what the settings say of single SKUs."""
    skus = sorted({*settings.sku_map, *settings.pack_mode_by_sku})
    return SkuSayings(
        entries={
            sku: SkuEntry(
                settings.sku_map.get(sku, "").strip() or None, settings.pack_mode_by_sku.get(sku)
            )
            for sku in skus
        },
        pack_mode=settings.pack_mode,
        facts_seconds=settings.warehouse_facts_seconds,
    )


def flow_rules(
    settings: Settings, left_shadow_at: datetime | None = None, policy: Policy | None = None
) -> FlowRules:
    """
    Return the brand's choices about the flow; *policy* stands for the policy file.

    *left_shadow_at* is when shadow mode was last left, which counts while
    TAKE_ORDERS_SUBMITTED_AFTER is empty. In shadow mode every order is looked at.

    Raises:
        PolicyError: The policy file cannot be used.
    """
    is_shadow = settings.mode == "shadow"
    return FlowRules(
        accepts_by_itself=settings.accept_mode == "auto",
        take_submitted_after=None if is_shadow else settings.take_orders_submitted_after,
        requires_known_stock=settings.stock_check == "required",
        verdict_seconds=settings.verdict_seconds,
        settle_seconds=settings.warehouse_settle_seconds,
        partial_wait_seconds=settings.partial_wait_hours * 3600,
        tracking_wait_seconds=settings.tracking_wait_hours * 3600,
        tracking_look_seconds=settings.shipment_poll_seconds,
        brand_label_carrier_code=settings.ankorstore_brand_label_carrier_code,
        parcel_cm=parse_sides(settings.parcel_default_cm),
        parcel_cm_by_method={
            code: parse_sides(sides) for code, sides in settings.parcel_cm_by_method.items()
        },
        parcel_kg=settings.parcel_default_kg,
        clamps_overweight=settings.overweight == "clamp",
        confirms_by_itself=settings.confirm_mode == "auto",
        pushes_all_parcels=settings.push_parcels,
        ship_by_margin_seconds=settings.ship_by_margin_hours * 3600,
        policy=load_policy(settings.policy_file) if policy is None else policy,
        watches_deliveries=settings.delivery_watch_days > 0,
        maya_order_url=settings.maya_order_url,
        stale_working_days=settings.stale_working_days,
        warehouse_country=settings.warehouse_country,
        is_shadow=is_shadow,
        shadow_numbers=settings.shadow_order_numbers,
        left_shadow_at=None if is_shadow else left_shadow_at,
    )


def alert_channels(settings: Settings) -> list[Channel]:
    """Return the ways to tell people that the settings name."""
    channels: list[Channel] = []
    if url := settings.alert_webhook_url.get_secret_value():
        channels.append(WebhookChannel(PlainHttp(url)))
    if settings.alert_mail_to and settings.smtp_host and settings.alert_mail_from:
        server = MailServer(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_security,
            settings.smtp_username,
            settings.smtp_password.get_secret_value(),
        )
        channels.append(MailChannel(server, settings.alert_mail_from, settings.alert_mail_to))
    return channels


def build_notifier(settings: Settings, store: Store) -> Notifier | None:
    """Return what tells people; None where there is no way to tell them."""
    channels = alert_channels(settings)
    if not channels:
        return None
    return Notifier(
        store,
        channels,
        pace=backlog_pace(settings),
        at_risk_seconds=settings.at_risk_hours * 3600,
        bounds=Bounds(settings.alert_oldest_hours * 3600, settings.alert_backlog_orders),
    )


def build_shadow_summary(settings: Settings, store: Store) -> ShadowSummary:
    """Return what sums up, day by day, what shadow mode found."""
    return ShadowSummary(store, alert_channels(settings))


def build_dead_man(settings: Settings, store: Store, jobs: Collection[str]) -> DeadMan | None:
    """Return the dead man's switch about *jobs*; None where nobody watches."""
    url = settings.deadman_url.get_secret_value()
    return DeadMan(store, PlainHttp(url), jobs) if url else None


def access_rules(settings: Settings) -> AccessRules:
    """Return how people come into the console."""
    return AccessRules(
        session_hours=settings.operator_session_hours,
        operator_header=settings.operator_header,
        trusted_proxies=settings.trusted_proxies,
    )


def retention_rules(settings: Settings) -> RetentionRules:
    """Return how long the traces of closed orders are kept."""
    return RetentionRules(
        settings.event_retention_days,
        settings.attempt_retention_days,
        settings.call_retention_days,
    )


def known_secrets(settings: Settings) -> list[str]:
    """Return every secret value, for the logs to mask."""
    secrets: list[Any] = [
        settings.operator_token,
        settings.ankorstore_client_secret,
        settings.active_ants_password,
        settings.alert_webhook_url,
        settings.smtp_password,
        settings.deadman_url,
        *settings.ankorstore_webhook_secrets,
        *settings.encryption_key,
    ]
    values = [secret.get_secret_value() for secret in secrets]
    return [*values, str(make_url(settings.database_url).password or "")]
