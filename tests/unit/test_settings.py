"""Settings: defaults, right values, and one line for a wrong one that names the cure."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.settings import Settings, SettingsError, load_settings, require_service_settings
from app.wiring import known_secrets
from tests.command_line import forget_settings

SERVICE = {
    "ANKORSTORE_CLIENT_ID": "client",
    "ANKORSTORE_CLIENT_SECRET": "client-secret",
    "ANKORSTORE_WEBHOOK_SECRETS": "one,two",
    "ACTIVE_ANTS_USERNAME": "user",
    "ACTIVE_ANTS_PASSWORD": "password",
    "OPERATOR_TOKEN": "token",
}


@pytest.fixture(autouse=True)
def empty_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start with no setting in the environment and no `.env` in the folder."""
    forget_settings(monkeypatch, tmp_path)


DEFAULTS = {
    "DATABASE_URL": "sqlite:///data/antbridge.db",
    "ANKORSTORE_BASE_URL": "https://www.ankorstore.com",
    "ANKORSTORE_REQUESTS_PER_MINUTE": 600,
    "ACTIVE_ANTS_REQUESTS_PER_MINUTE": 60,
    "ANKORSTORE_BRAND_LABEL_CARRIER_CODE": "ankorstore",
    "ACTIVE_ANTS_ORDER_TYPE": None,
    "SHIPMENT_FEED": "by_type",
    "ORDER_NUMBER_PREFIX": "",
    "TAKE_ORDERS_SUBMITTED_AFTER": None,
    "ACCEPT_MODE": "auto",
    "PACK_MODE": None,
    "STOCK_CHECK": "required",
    "WAREHOUSE_FACTS_SECONDS": 600,
    "VERDICT_SECONDS": 60,
    "SHIPMENT_POLL_SECONDS": 300,
    "RECONCILE_SECONDS": 300,
    "PUBLIC_URL": "",
    "WEBHOOK_CHECK_SECONDS": 300,
    "RETRY_BASE_SECONDS": 1,
    "WORKER_CONCURRENCY": 8,
    "HTTP_TIMEOUT_SECONDS": 10,
    "LEASE_SECONDS": 60,
    "WAREHOUSE_SETTLE_SECONDS": 30,
    "PARCEL_DEFAULT_CM": "40x30x20",
    "PARCEL_DEFAULT_KG": Decimal(5),
    "LOG_FORMAT": "json",
}


def test_the_documented_defaults() -> None:
    """Without any setting the service has the defaults that its page tells."""
    settings = load_settings()

    assert {name: getattr(settings, name.lower()) for name in DEFAULTS} == DEFAULTS


RIGHT: list[tuple[str, str, Any]] = [
    ("DATABASE_URL", "postgresql://u:p@db/antbridge", "postgresql://u:p@db/antbridge"),
    ("DATABASE_URL", "postgres://u:p@db/antbridge", "postgres://u:p@db/antbridge"),
    ("ANKORSTORE_BASE_URL", "https://example.com/", "https://example.com"),
    ("ANKORSTORE_BASE_URL", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ("ACTIVE_ANTS_BASE_URL", "http://localhost:1", "http://localhost:1"),
    ("ANKORSTORE_WEBHOOK_SECRETS", "one, two ,", (SecretStr("one"), SecretStr("two"))),
    ("ALLOWED_COUNTRIES", "NL, BE", ("NL", "BE")),
    ("SKU_MAP", '{"A": "B"}', {"A": "B"}),
    ("PACK_MODE", "factor:6", "factor:6"),
    ("PACK_MODE_BY_SKU", '{"A": "factor:12", "B": "pack"}', {"A": "factor:12", "B": "pack"}),
    ("SHIPMENT_POLL_SECONDS", "0.5", 0.5),
    ("RETRY_BASE_SECONDS", "0.25", 0.25),
    ("WORKER_CONCURRENCY", "1", 1),
    ("PARCEL_DEFAULT_CM", "60X40X40", "60X40X40"),
    ("PARCEL_DEFAULT_KG", "2.5", Decimal("2.5")),
    (
        "TAKE_ORDERS_SUBMITTED_AFTER",
        "2026-12-01T00:00:00+01:00",
        datetime(2026, 11, 30, 23, tzinfo=UTC),
    ),
    ("TAKE_ORDERS_SUBMITTED_AFTER", "", None),
    ("ACTIVE_ANTS_ORDER_TYPE", "", None),
    (
        "ENCRYPTION_KEY",
        "4sVv5uQJb0mZ0e3cTq7yH1kXn8wR2aLd6fGp9iUoB5E=",
        (SecretStr("4sVv5uQJb0mZ0e3cTq7yH1kXn8wR2aLd6fGp9iUoB5E="),),
    ),
    ("PUBLIC_URL", "https://bridge.brand.example/", "https://bridge.brand.example"),
    ("PUBLIC_URL", "http://127.0.0.1:8000/below", "http://127.0.0.1:8000/below"),
    ("WAREHOUSE_ID", "3", 3),
    ("SEND_PRICES", "false", False),
]


@pytest.mark.parametrize(("name", "text", "value"), RIGHT)
def test_a_right_value(monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: Any) -> None:
    """What is written in the environment is read as what it means; empty is not set."""
    monkeypatch.setenv(name, text)

    assert getattr(load_settings(), name.lower()) == value


WRONG = [
    ("DATABASE_URL", "sqlite:///"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("ANKORSTORE_WEBHOOK_SECRETS", '" "'),
    ("ALLOWED_COUNTRIES", "Germany"),
    ("SPLIT_COUNTRIES", "NL,Belgium"),
    ("ACTIVE_ANTS_PATH_STOCK_GET", "foo"),
    ("ACTIVE_ANTS_PATH_STOCK_GET", "/v2/stock/get"),
    ("ACTIVE_ANTS_PATH_ORDER_ADD", "v2/order/add"),
    ("FALLBACK_EMAIL", "nonsense"),
    ("LEASE_SECONDS", "inf"),
    ("DATABASE_URL", "mysql://db/antbridge"),
    ("DATABASE_URL", "postgresql://u:p@db:port/antbridge"),
    ("ANKORSTORE_BASE_URL", "http://www.ankorstore.com"),
    ("ANKORSTORE_BASE_URL", "www.ankorstore.com"),
    ("ACTIVE_ANTS_BASE_URL", "ftp://127.0.0.1"),
    ("ANKORSTORE_REQUESTS_PER_MINUTE", "0"),
    ("ACTIVE_ANTS_REQUESTS_PER_MINUTE", "many"),
    ("ANKORSTORE_PAGE_LIMIT", "0"),
    ("ACTIVE_ANTS_MAX_IN_FLIGHT", "0"),
    ("ACTIVE_ANTS_NOT_FOUND_PATTERN", "("),
    ("TAKE_ORDERS_SUBMITTED_AFTER", "2026-12-01T00:00:00"),
    ("TAKE_ORDERS_SUBMITTED_AFTER", "tomorrow"),
    ("ACCEPT_MODE", "always"),
    ("PACK_MODE", "factor:0"),
    ("PACK_MODE", "dozen"),
    ("PACK_MODE_BY_SKU", '{"A": "dozen"}'),
    ("PACK_MODE_BY_SKU", "A=pack"),
    ("SKU_MAP", "[]"),
    ("SKU_MAP", '{"A": 1}'),
    ("SHIPPING_METHOD_BY_COUNTRY", "{"),
    ("STOCK_CHECK", "no"),
    ("PRICE_MODE", "brutto"),
    ("VAT_MODE", "per mille"),
    ("SEND_PRICES", "perhaps"),
    ("WAREHOUSE_ID", "three"),
    ("SHIPMENT_FEED", "both"),
    ("PARTIAL_WAIT_HOURS", "0"),
    ("TRACKING_WAIT_HOURS", "-1"),
    ("PARCEL_DEFAULT_CM", "40x30"),
    ("PARCEL_DEFAULT_CM", "0x30x20"),
    ("PARCEL_CM_BY_METHOD", '{"BUSEU1": "large"}'),
    ("PARCEL_DEFAULT_KG", "31"),
    ("OVERWEIGHT", "ignore"),
    ("BRUSSELS_LANGUAGE", "EN"),
    ("WAREHOUSE_FACTS_SECONDS", "0"),
    ("VERDICT_SECONDS", "-1"),
    ("SHIPMENT_POLL_SECONDS", "0"),
    ("RECONCILE_SECONDS", "often"),
    ("RETRY_BASE_SECONDS", "0"),
    ("WORKER_CONCURRENCY", "0"),
    ("WORKER_CONCURRENCY", "1.5"),
    ("HTTP_TIMEOUT_SECONDS", "0"),
    ("LEASE_SECONDS", "19"),
    ("WAREHOUSE_SETTLE_SECONDS", "-1"),
    ("LOG_FORMAT", "xml"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "otel-collector:4318"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:port"),
    ("ALERT_WEBHOOK_URL", "http://hooks.brand.example/x"),
    ("ALERT_WEBHOOK_URL", "hooks"),
    ("DEADMAN_URL", "http://10.0.0.1/ping"),
    ("ALERT_MAIL_FROM", "the brand"),
    ("ALERT_OLDEST_HOURS", "0"),
    ("ALERT_BACKLOG_ORDERS", "-1"),
    ("SMTP_PORT", "65536"),
    ("SMTP_SECURITY", "perhaps"),
    ("ENCRYPTION_KEY", "a-passphrase"),
    ("ENCRYPTION_KEY", "4sVv5uQJb0mZ0e3cTq7yH1kXn8wR2aLd6fGp9iUoB5E"),
    ("ENCRYPTION_KEY", "4sVv5uQJb0mZ0e3cTq7yH1kXn8wR2aLd6fGp9iUoB5E=,short"),
    ("PUBLIC_URL", "http://bridge.brand.example"),
    ("PUBLIC_URL", "bridge.brand.example"),
    ("PUBLIC_URL", "https://user:secret@bridge.brand.example"),
    ("PUBLIC_URL", "https://bridge.brand.example/?token=x"),
    ("WEBHOOK_CHECK_SECONDS", "0"),
    ("ANKORSTORE_REQUESTS_PER_HOUR", "1"),
    ("ANKORSTORE_REQUESTS_PER_DAY", "none"),
]


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_a_wrong_value_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    """The line names the setting, says what is wrong, and shows a value that is right."""
    monkeypatch.setenv(name, text)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    line = str(caught.value)
    assert line.startswith(f"{name}: ")
    assert "\n" not in line
    assert "Value error" not in line
    example = line.rpartition(f"; for example {name}=")[2]
    monkeypatch.setenv(name, example)
    load_settings()


def test_every_setting_has_an_example_that_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example shown for a setting is itself accepted."""
    for name, field in Settings.model_fields.items():
        assert field.examples, name
        monkeypatch.setenv(name.upper(), str(field.examples[0]))
    monkeypatch.delenv("CLOCK_URL")  # not beside the addresses of real companies: see below

    load_settings()


@pytest.mark.parametrize("missing", sorted(SERVICE))
@pytest.mark.parametrize("is_empty", [False, True], ids=["missing", "empty"])
def test_the_service_needs_its_credentials(
    monkeypatch: pytest.MonkeyPatch, missing: str, is_empty: bool
) -> None:
    """Each of them missing or empty is named, with an example; the others' values never are."""
    for name, value in SERVICE.items():
        monkeypatch.setenv(name, value)
    require_service_settings(load_settings())
    if is_empty:
        monkeypatch.setenv(missing, "  " if missing == "ANKORSTORE_WEBHOOK_SECRETS" else "")
    else:
        monkeypatch.delenv(missing)

    with pytest.raises(SettingsError) as caught:
        require_service_settings(load_settings())

    assert str(caught.value).startswith(f"{missing}: is missing; for example {missing}=")
    assert "client-secret" not in str(caught.value)


def test_with_a_key_the_signing_secret_may_be_in_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only that one: the service registers its webhook itself, before or after it starts."""
    for name, value in SERVICE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("ANKORSTORE_WEBHOOK_SECRETS")
    monkeypatch.setenv("ENCRYPTION_KEY", "4sVv5uQJb0mZ0e3cTq7yH1kXn8wR2aLd6fGp9iUoB5E=")
    require_service_settings(load_settings())
    monkeypatch.delenv("OPERATOR_TOKEN")
    with pytest.raises(SettingsError):
        require_service_settings(load_settings())


def test_the_environment_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A `.env` in the folder is read; where both name a setting the environment's counts."""
    (tmp_path / ".env").write_text(
        "WORKER_CONCURRENCY=3\nRECONCILE_SECONDS=7\nORDER_NUMBER_PREFIX=é\nSOMETHING_ELSE=1\n",
        "utf-8",
    )
    monkeypatch.setenv("WORKER_CONCURRENCY", "5")
    monkeypatch.setenv("RECONCILE_SECONDS", "")

    settings = load_settings()

    assert (settings.worker_concurrency, settings.order_number_prefix) == (5, "é")
    assert settings.reconcile_seconds == 7


def test_a_wrong_secret_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No error line and no repr shows what a setting that guards something holds."""
    for name, value in SERVICE.items():
        monkeypatch.setenv(name, f"{value}-canary")
    monkeypatch.setenv("DATABASE_URL", "mysql://u:pw-canary@db/x")

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert "canary" not in str(caught.value)
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:pw-canary@db/x")
    shown = repr(load_settings())
    assert "pw-canary" not in shown
    for name in ("client-secret", "one", "password", "token"):
        assert f"{name}-canary" not in shown


def test_a_lease_is_at_least_two_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease of twice the timeout is enough, anything shorter is refused."""
    monkeypatch.setenv("HTTP_TIMEOUT_SECONDS", "2")
    monkeypatch.setenv("LEASE_SECONDS", "4")
    load_settings()
    monkeypatch.setenv("LEASE_SECONDS", "3.9")

    with pytest.raises(SettingsError, match=r"LEASE_SECONDS: .* for example LEASE_SECONDS=12"):
        load_settings()


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({}, "ALERT_MAIL_FROM: is missing"),
        ({"ALERT_MAIL_FROM": "a@b.c"}, "SMTP_HOST: is missing"),
        ({"ALERT_MAIL_TO": "a@b.c, nobody"}, "ALERT_MAIL_TO: holds what is no mail address"),
        (
            {
                "ALERT_MAIL_FROM": "a@b.c",
                "SMTP_HOST": "smtp.brand.example",
                "SMTP_PASSWORD": "password",
                "SMTP_SECURITY": "none",
            },
            "SMTP_SECURITY: a password is sent encrypted only",
        ),
    ],
)
def test_mail_that_could_not_be_sent_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], line: str
) -> None:
    """What is missing is named, and a password is never sent in the open."""
    for name, value in {"ALERT_MAIL_TO": "one@b.c", **given}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert str(caught.value).startswith(line)


def test_addresses_of_people_are_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever knows them can post, so they are masked in the log and shown nowhere."""
    for name in ("ALERT_WEBHOOK_URL", "DEADMAN_URL"):
        monkeypatch.setenv(name, f"https://hooks.brand.example/{name}")
    monkeypatch.setenv("SMTP_PASSWORD", "mail-password")

    settings = load_settings()

    known = set(known_secrets(settings))
    assert known >= {
        "https://hooks.brand.example/ALERT_WEBHOOK_URL",
        "https://hooks.brand.example/DEADMAN_URL",
        "mail-password",
    }
    assert "hooks.brand.example" not in repr(settings)


@pytest.mark.parametrize("company", ["ANKORSTORE_BASE_URL", "ACTIVE_ANTS_BASE_URL"])
@pytest.mark.parametrize("host", ["https://www.ankorstore.com", "https://127.0.0.1.example.com"])
def test_moved_clock_beside_a_real_company_is_refused(
    monkeypatch: pytest.MonkeyPatch, company: str, host: str
) -> None:
    """An order of a real company is handled in real time, whichever of the two is real."""
    monkeypatch.setenv("CLOCK_URL", "http://127.0.0.1:8801/_simulator/clock")
    monkeypatch.setenv("ANKORSTORE_BASE_URL", "http://127.0.0.1:8801")
    monkeypatch.setenv("ACTIVE_ANTS_BASE_URL", "http://[::1]:8802")
    assert load_settings().clock_url == "http://127.0.0.1:8801/_simulator/clock"
    monkeypatch.setenv(company, host)

    with pytest.raises(SettingsError, match=rf"^CLOCK_URL: .*{company}.*leave CLOCK_URL empty"):
        load_settings()


@pytest.mark.parametrize("url", ["http://time.example.com/clock", "clock", "ftp://127.0.0.1/"])
def test_clock_of_another_machine_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Whoever tells the time decides when orders are answered."""
    monkeypatch.setenv("CLOCK_URL", url)

    with pytest.raises(SettingsError, match=r"^CLOCK_URL: must be an address of this machine"):
        load_settings()
