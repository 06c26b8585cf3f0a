"""
Every setting of the service, read from the environment and from `.env`.

The environment wins over the file. Only `wiring.py` and the commands read these; everything else
is handed what it needs. A wrong value is told in one line that names the setting and the cure.
"""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import ip_network
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from holidays import list_supported_countries
from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.secret_files import SecretFileError, SecretFiles

_LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}
_ENCRYPTION_KEY = re.compile(r"[A-Za-z0-9+/_-]{43}=")
_MAIL_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
_PACK_MODE = re.compile(r"unit|pack|factor:[1-9][0-9]*")


_PATH_NAMES = tuple(
    f"active_ants_path_{key}"
    for key in (
        "token",
        "settings",
        "order_add",
        "order_search",
        "order_search_post",
        "order_release",
        "shipment_list_by_type",
        "shipment_ack",
        "shipment_search",
        "rma_add",
        "returnlabel",
        "return_items",
        "tracktrace_status",
        "product_search",
        "stock_get",
        "stock_bulk",
    )
)
_PATH_PLACEHOLDERS = {
    "active_ants_path_returnlabel": "{shipmentId}",
    "active_ants_path_stock_get": "{sku}",
    "active_ants_path_stock_bulk": "{all}",
}


SECRETS = (
    "database_url",
    "operator_token",
    "encryption_key",
    "ankorstore_client_secret",
    "ankorstore_webhook_secrets",
    "active_ants_password",
    "alert_webhook_url",
    "smtp_password",
    "deadman_url",
)
"""What may come from a file, named by the setting's name and `_FILE`."""


class SettingsError(Exception):
    """A setting is missing or wrong; the text is the one line to show."""


def _split_commas(value: Any) -> Any:
    """Turn `a, b` into a list; leave what is a list already."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _read_json(value: Any) -> Any:
    """Turn the JSON text of a map into the map; leave what is one already."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("is no JSON object of texts") from None
    return value


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_commas)]
SecretList = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split_commas)]
TextMap = Annotated[dict[str, str], NoDecode, BeforeValidator(_read_json)]


class Settings(BaseSettings):
    """All settings with their defaults; `.env.example` explains each one."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
        str_strip_whitespace=True,
        allow_inf_nan=False,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment, then `.env`, then the files that either names for secrets."""
        given = (env_settings, dotenv_settings)
        return (init_settings, *given, SecretFiles(settings_cls, SECRETS, given))

    database_url: str = Field(
        "sqlite:///data/antbridge.db", examples=["sqlite:///data/a.db"], repr=False
    )
    operator_token: SecretStr = Field(SecretStr(""), examples=["Zk3vS0p9QmXq7rT1uYw5"])
    encryption_key: SecretList = Field(
        (), examples=["4sVv5uQJb0mZ0e3cTq7yH1kXn8wR2aLd6fGp9iUoB5E="]
    )
    operator_session_hours: float = Field(12, gt=0, le=720, examples=["12"])
    operator_header: str | None = Field(None, examples=["X-Forwarded-User"])
    trusted_proxies: CommaList = Field((), examples=["10.0.0.5,192.168.10.0/24"])
    public_url: str = Field("", examples=["https://bridge.brand.example"])
    log_format: Literal["json", "console"] = Field("json", examples=["json"])
    otel_exporter_otlp_endpoint: str | None = Field(
        None, examples=["http://otel-collector.internal:4318"]
    )

    alert_webhook_url: SecretStr = Field(
        SecretStr(""), examples=["https://hooks.slack.com/services/T000/B000/XXXX"]
    )
    alert_mail_to: CommaList = Field((), examples=["operations@brand.example"])
    alert_mail_from: str | None = Field(None, examples=["antbridge@brand.example"])
    alert_oldest_hours: float = Field(168, gt=0, examples=["168"])
    alert_backlog_orders: int = Field(50, ge=0, examples=["50"])
    smtp_host: str | None = Field(None, examples=["smtp.brand.example"])
    smtp_port: int = Field(587, ge=1, le=65535, examples=["587"])
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", examples=["starttls"])
    smtp_username: str = Field("", examples=["antbridge"])
    smtp_password: SecretStr = Field(SecretStr(""), examples=["the password"])
    deadman_url: SecretStr = Field(
        SecretStr(""), examples=["https://hc-ping.com/00000000-0000-0000-0000-000000000000"]
    )

    ankorstore_base_url: str = Field(
        "https://www.ankorstore.com", examples=["https://www.ankorstore.com"]
    )
    ankorstore_client_id: str = Field("", examples=["k322k7frs87e8w7hri3jkke7ry7"])
    ankorstore_client_secret: SecretStr = Field(SecretStr(""), examples=["the client secret"])
    ankorstore_webhook_secrets: SecretList = Field((), examples=["secret-1,secret-2"])
    ankorstore_requests_per_minute: int = Field(600, ge=1, examples=["600"])
    ankorstore_requests_per_hour: int = Field(24_000, ge=2, examples=["24000"])
    ankorstore_requests_per_day: int = Field(288_000, ge=2, examples=["288000"])
    ankorstore_page_limit: int = Field(50, ge=1, examples=["50"])
    ankorstore_brand_label_carrier_code: str = Field("ankorstore", examples=["ankorstore"])

    active_ants_base_url: str = Field(
        "https://shopapi.activeants.nl", examples=["https://shopapi.activeants.nl"]
    )
    active_ants_username: str = Field("", examples=["shopapi-user"])
    active_ants_password: SecretStr = Field(SecretStr(""), examples=["the password"])
    active_ants_requests_per_minute: int = Field(60, ge=1, examples=["60"])
    active_ants_max_in_flight: int = Field(1, ge=1, examples=["1"])
    active_ants_order_type: str | None = Field(None, examples=["ANKORSTORE"])
    active_ants_language: str | None = Field(None, examples=["EN"])
    active_ants_shipping_method: str | None = Field(None, examples=["BUSEU1"])
    active_ants_not_found_pattern: str = Field(
        "not found|could not be found|no order", examples=["not found|no order"]
    )
    active_ants_path_token: str | None = Field(None, examples=["/token"])
    active_ants_path_settings: str | None = Field(None, examples=["/v2/settings/get"])
    active_ants_path_order_add: str | None = Field(None, examples=["/v2/order/add"])
    active_ants_path_order_search: str | None = Field(None, examples=["/v2/order/search"])
    active_ants_path_order_search_post: str | None = Field(None, examples=["/order/search"])
    active_ants_path_order_release: str | None = Field(None, examples=["/v2/order/release"])
    active_ants_path_shipment_list_by_type: str | None = Field(
        None, examples=["/v2/shipment/byordertype"]
    )
    active_ants_path_shipment_ack: str | None = Field(None, examples=["/v2/shipment/sync"])
    active_ants_path_shipment_search: str | None = Field(None, examples=["/v2/shipment/search"])
    active_ants_path_rma_add: str | None = Field(None, examples=["/v2/rma/add"])
    active_ants_path_returnlabel: str | None = Field(
        None, examples=["/v2/returnlabel/get/{shipmentId}"]
    )
    active_ants_path_return_items: str | None = Field(None, examples=["/v2/returnitem/get"])
    active_ants_path_tracktrace_status: str | None = Field(None, examples=["/v2/tracktrace/status"])
    active_ants_path_product_search: str | None = Field(None, examples=["/v2/product/search"])
    active_ants_path_stock_get: str | None = Field(None, examples=["/v2/stock/get/{sku}"])
    active_ants_path_stock_bulk: str | None = Field(None, examples=["/v2/stock/bulk/{all}"])

    mode: Literal["live", "shadow"] = Field("live", examples=["shadow"])
    shadow_order_numbers: CommaList = Field(("{reference}",), examples=["AK{reference}"])
    order_number_prefix: str = Field("", examples=["AK"])
    take_orders_submitted_after: datetime | None = Field(
        None, examples=["2026-12-01T00:00:00+01:00"]
    )
    accept_mode: Literal["auto", "manual"] = Field("auto", examples=["auto"])
    policy_file: str | None = Field(None, examples=["policy.toml"])
    ship_by_margin_hours: float = Field(0, ge=0, examples=["0"])
    pack_mode: str | None = Field(None, examples=["unit"])
    pack_mode_by_sku: TextMap = Field({}, examples=['{"MUG-06": "pack"}'])
    sku_map: TextMap = Field({}, examples=['{"MUG-BLUE": "WH-1001"}'])
    stock_check: Literal["required", "when_known"] = Field("required", examples=["required"])
    price_mode: Literal["gross", "net"] = Field("gross", examples=["gross"])
    vat_mode: Literal["percent", "fraction", "amount"] = Field("percent", examples=["percent"])
    send_prices: bool = Field(True, examples=["true"])
    channel_name: str = Field("ankorstore", examples=["ankorstore"])
    create_on_hold: bool = Field(False, examples=["false"])
    cancel_window_minutes: float = Field(0, ge=0, le=10_080, examples=["60"])
    maya_order_url: str = Field(
        "https://maya.activeants.nl/en/client/order/detail/{orderNumber}",
        examples=["https://maya.activeants.nl/en/client/order/detail/{orderNumber}"],
    )
    warehouse_id: int | None = Field(None, examples=["3"])
    fallback_email: str | None = Field(None, examples=["orders@brand.example"])
    fallback_phone: str | None = Field(None, examples=["+31201234567"])
    allowed_countries: CommaList = Field((), examples=["NL,BE,DE"])
    split_countries: CommaList = Field((), examples=["NL,BE,DE"])
    brussels_language: Literal["FR", "NL"] = Field("FR", examples=["FR"])
    shipping_method_by_country: TextMap = Field({}, examples=['{"DE": "BUSEU1"}'])

    shipment_feed: Literal["by_type", "search"] = Field("by_type", examples=["by_type"])
    partial_wait_hours: float = Field(48, gt=0, examples=["48"])
    tracking_wait_hours: float = Field(12, ge=0, examples=["12"])
    parcel_default_cm: str = Field("40x30x20", examples=["40x30x20"])
    parcel_cm_by_method: TextMap = Field({}, examples=['{"BUSEU1": "60x40x40"}'])
    parcel_default_kg: Decimal = Field(Decimal(5), gt=0, le=30, examples=["5"])
    overweight: Literal["review", "clamp"] = Field("review", examples=["review"])
    confirm_mode: Literal["auto", "manual"] = Field("auto", examples=["auto"])
    carrier_map: TextMap = Field({}, examples=['{"BUSEU1": "ups"}'])
    push_parcels: bool = Field(False, examples=["false"])
    delivery_watch_days: float = Field(30, ge=0, examples=["30"])
    active_ants_return_reason: str | None = Field(None, examples=["NOT_WANTED"])
    at_risk_hours: float = Field(24, gt=0, examples=["24"])
    stale_working_days: int = Field(3, ge=1, le=60, examples=["3"])
    warehouse_country: str = Field("NL", examples=["NL"])

    event_retention_days: int = Field(90, ge=0, examples=["90"])
    attempt_retention_days: int = Field(365, ge=0, examples=["365"])
    call_retention_days: int = Field(30, ge=0, examples=["30"])

    warehouse_facts_seconds: float = Field(600, gt=0, examples=["600"])
    verdict_seconds: float = Field(60, gt=0, examples=["60"])
    shipment_poll_seconds: float = Field(300, gt=0, examples=["300"])
    reconcile_seconds: float = Field(300, gt=0, examples=["300"])
    webhook_check_seconds: float = Field(300, gt=0, examples=["300"])
    retry_base_seconds: float = Field(1, gt=0, examples=["1"])
    worker_concurrency: int = Field(8, ge=1, examples=["8"])
    http_timeout_seconds: float = Field(10, gt=0, examples=["10"])
    lease_seconds: float = Field(60, gt=0, examples=["60"])
    warehouse_settle_seconds: float = Field(30, ge=0, examples=["30"])
    clock_url: str | None = Field(None, examples=["http://127.0.0.1:8801/_simulator/clock"])

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise ValueError("must start with sqlite:/// or postgresql://")
        try:
            make_url(value)
        except (ArgumentError, ValueError):
            raise ValueError("is no address of a database") from None
        if value.startswith("sqlite:") and make_url(value).database in (None, "", ":memory:"):
            raise ValueError("must name a file: a database in memory would forget every order")
        return value

    @field_validator("operator_token", mode="after")
    @classmethod
    def _stripped(cls, value: SecretStr) -> SecretStr:
        return SecretStr(value.get_secret_value().strip())

    @field_validator("operator_header")
    @classmethod
    def _name_of_header(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9-]+", value):
            raise ValueError("is no name of a header")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            try:
                ip_network(value)
            except ValueError:
                raise ValueError(f"{value!r} is no address or network") from None
        return values

    @field_validator("ankorstore_webhook_secrets")
    @classmethod
    def _usable_secrets(cls, values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(not value.get_secret_value().strip(" \"'") for value in values):
            raise ValueError("holds an empty secret")
        return values

    @field_validator("encryption_key")
    @classmethod
    def _usable_keys(cls, values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for value in values:
            if not _ENCRYPTION_KEY.fullmatch(value.get_secret_value()):
                raise ValueError(
                    "must be 32 random bytes in base64 (openssl rand -base64 32), of your own"
                )
        return values

    @field_validator("allowed_countries", "split_countries")
    @classmethod
    def _country_codes(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not re.fullmatch(r"[A-Za-z]{2}", value):
                raise ValueError(f"{value!r} is no country code of two letters")
        return tuple(value.upper() for value in values)

    @field_validator("warehouse_country")
    @classmethod
    def _country_with_holidays(cls, value: str) -> str:
        if value.upper() not in list_supported_countries():
            raise ValueError("is no country of two letters whose holidays are known")
        return value.upper()

    @field_validator("fallback_email", "alert_mail_from")
    @classmethod
    def _mail_address(cls, value: str | None) -> str | None:
        if value is not None and not _MAIL_ADDRESS.fullmatch(value):
            raise ValueError("is no mail address")
        return value

    @field_validator("alert_mail_to")
    @classmethod
    def _mail_addresses(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_MAIL_ADDRESS.fullmatch(value) for value in values):
            raise ValueError("holds what is no mail address")
        return values

    @field_validator("alert_webhook_url", "deadman_url")
    @classmethod
    def _private_address(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value().strip()
        if text and not _is_web_address(text):
            raise ValueError("must be an https address")
        parts = urlsplit(text)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK_HOSTS:
            raise ValueError("plain http is accepted for this machine (127.0.0.1) only")
        return SecretStr(text)

    @field_validator(*_PATH_NAMES)
    @classmethod
    def _whole_path(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        placeholder = _PATH_PLACEHOLDERS.get(str(info.field_name), "")
        if not value.startswith("/") or placeholder not in value:
            raise ValueError(f"must start with / and hold {placeholder or 'no host'}")
        return value

    @field_validator("ankorstore_base_url", "active_ants_base_url")
    @classmethod
    def _safe_base_url(cls, value: str) -> str:
        parts = urlsplit(value)
        is_loopback = parts.hostname in _LOOPBACK_HOSTS
        if not parts.hostname or parts.scheme not in ("https", "http"):
            raise ValueError("must be an https address")
        if parts.scheme == "http" and not is_loopback:
            raise ValueError("plain http is accepted for this machine (127.0.0.1) only")
        return value.rstrip("/")

    @field_validator("clock_url")
    @classmethod
    def _clock_of_this_machine(cls, value: str | None) -> str | None:
        if value is not None and not (
            _is_web_address(value) and urlsplit(value).hostname in _LOOPBACK_HOSTS
        ):
            raise ValueError("must be an address of this machine (127.0.0.1)")
        return value

    @field_validator("public_url")
    @classmethod
    def _safe_public_url(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value) if _is_web_address(value) else None
        if parts is None or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("must be an https address without user, query and fragment")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK_HOSTS:
            raise ValueError("plain http is accepted for this machine (127.0.0.1) only")
        return value.rstrip("/")

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and not _is_web_address(value):
            raise ValueError("must be the http or https address of a collector")
        return value

    @field_validator("maya_order_url")
    @classmethod
    def _names_the_number(cls, value: str) -> str:
        if not value.startswith("https://") or "{orderNumber}" not in value:
            raise ValueError("must be an https address that holds {orderNumber}")
        return value

    @field_validator("shadow_order_numbers")
    @classmethod
    def _names_reference(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any("{reference}" not in one for one in value):
            raise ValueError("must hold {reference} in each entry")
        return value

    @field_validator("take_orders_submitted_after")
    @classmethod
    def _aware_time(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("must name its offset from UTC")
        return value.astimezone(UTC) if value is not None else None

    @field_validator("pack_mode")
    @classmethod
    def _known_pack_mode(cls, value: str | None) -> str | None:
        if value is not None and not _PACK_MODE.fullmatch(value):
            raise ValueError("must be unit, pack or factor:n with a whole n above 0")
        return value

    @field_validator("pack_mode_by_sku")
    @classmethod
    def _known_pack_modes(cls, value: dict[str, str]) -> dict[str, str]:
        for sku, mode in value.items():
            if not _PACK_MODE.fullmatch(mode):
                raise ValueError(f"entry {sku!r} must be unit, pack or factor:n")
        return value

    @field_validator("parcel_default_cm")
    @classmethod
    def _three_sides(cls, value: str) -> str:
        parse_sides(value)
        return value

    @field_validator("parcel_cm_by_method")
    @classmethod
    def _three_sides_each(cls, value: dict[str, str]) -> dict[str, str]:
        for sides in value.values():
            parse_sides(sides)
        return value

    @field_validator("active_ants_not_found_pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return value


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def parse_sides(value: str) -> tuple[int, int, int]:
    """
    Return length, width and height in whole centimetres from `LxWxH`.

    Raises:
        ValueError: Not three whole numbers from 1 to 274.
    """
    sides = value.lower().split("x")
    if len(sides) != 3 or not all(side.isdecimal() and 1 <= int(side) <= 274 for side in sides):
        raise ValueError("must be three whole centimetre figures from 1 to 274")
    length, width, height = (int(side) for side in sides)
    return length, width, height


def load_settings(**overrides: Any) -> Settings:
    """
    Read all settings.

    Raises:
        SettingsError: One line naming the first wrong setting, what is wrong and a right value.
    """
    try:
        settings = Settings(**overrides)
    except SecretFileError as error:
        raise SettingsError(str(error)) from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        raise SettingsError(_explain(name, str(first["msg"]))) from None
    if settings.lease_seconds < 2 * settings.http_timeout_seconds:
        raise SettingsError(
            "LEASE_SECONDS: must be at least twice HTTP_TIMEOUT_SECONDS; "
            f"for example LEASE_SECONDS={int(settings.http_timeout_seconds * 6)}"
        )
    if settings.operator_header and not settings.trusted_proxies:
        raise SettingsError(
            "OPERATOR_HEADER: needs TRUSTED_PROXIES, the addresses from which the header is "
            "believed; for example TRUSTED_PROXIES=10.0.0.5"
        )
    if settings.cancel_window_minutes > 0 and not settings.active_ants_path_order_release:
        raise SettingsError(
            "CANCEL_WINDOW_MINUTES: needs ACTIVE_ANTS_PATH_ORDER_RELEASE, the path Active Ants "
            "confirmed for releasing an order; for example "
            "ACTIVE_ANTS_PATH_ORDER_RELEASE=/v2/order/release"
        )
    _check_mail(settings)
    _check_clock(settings)
    return settings


def _check_clock(settings: Settings) -> None:
    """Check that no order of a real company is handled at a time that somebody made up."""
    if settings.clock_url is None:
        return
    for name in ("ankorstore_base_url", "active_ants_base_url"):
        if urlsplit(getattr(settings, name)).hostname not in _LOOPBACK_HOSTS:
            raise SettingsError(
                f"CLOCK_URL: is for simulated companies on this machine, and {name.upper()} is an "
                f"address elsewhere; leave CLOCK_URL empty, or set {name.upper()} to what "
                "`antbridge simulate` prints"
            )


def _check_mail(settings: Settings) -> None:
    """Check that mail, if it is to be sent, can be, and gives no password away."""
    if settings.alert_mail_to:
        require_settings(settings, ("alert_mail_from", "smtp_host"))
    is_open = settings.smtp_security == "none" and settings.smtp_host not in _LOOPBACK_HOSTS
    if is_open and settings.smtp_password.get_secret_value():
        raise SettingsError(
            "SMTP_SECURITY: a password is sent encrypted only; for example SMTP_SECURITY=starttls"
        )


_WEBHOOK_SECRETS = "ankorstore_webhook_secrets"
_REQUIRED_BY_SERVICE = (
    "ankorstore_client_id",
    "ankorstore_client_secret",
    _WEBHOOK_SECRETS,
    "active_ants_username",
    "active_ants_password",
    "operator_token",
)


def require_service_settings(settings: Settings) -> None:
    """
    Check that what `serve` and `worker` cannot work without is there.

    Raises:
        SettingsError: One line naming the first setting that is missing.
    """
    # With a key the signing secret may be in the database: `antbridge webhooks register`.
    is_stored = bool(settings.encryption_key)
    names = (one for one in _REQUIRED_BY_SERVICE if not (is_stored and one == _WEBHOOK_SECRETS))
    require_settings(settings, names)


def require_settings(settings: Settings, names: Iterable[str]) -> None:
    """
    Check that settings which have no default are there.

    Raises:
        SettingsError: One line naming the first setting that is missing.
    """
    for name in names:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if not value:
            raise SettingsError(_explain(name, "is missing"))


def _explain(name: str, problem: str) -> str:
    field = Settings.model_fields.get(name)
    examples = field.examples if field is not None else None
    example = f"; for example {name.upper()}={examples[0]}" if examples else ""
    return f"{name.upper()}: {problem.removeprefix('Value error, ')}{example}"
