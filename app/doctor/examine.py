"""One examination, from the settings to the companies."""

from collections.abc import Sequence
from datetime import timedelta

import httpx

from app.doctor.database_checks import examine_database
from app.doctor.diagnosis import Diagnosis, Severity, error, warning
from app.doctor.setting_checks import examine_settings
from app.doctor.switch_checks import examine_switch
from app.doctor.warehouse_checks import examine_warehouse
from app.doctor.webhook_checks import examine_webhook
from app.settings import Settings
from app.store.migrate import known_revisions
from app.store.queries import find_order
from app.store.session import Store
from app.wiring import Companies

SKEW_WARNING_SECONDS = 30.0
SKEW_ERROR_SECONDS = 300.0


async def examine(
    settings: Settings,
    store: Store,
    companies: Companies,
    public_transport: httpx.AsyncBaseTransport | None = None,
) -> list[Diagnosis]:
    """
    Return everything that is wrong, the errors first; empty where nothing is.

    *public_transport* replaces the network to the public address in tests.
    """
    found = list(examine_settings(settings))
    found += [
        one async for one in examine_database(store, settings.database_url, known_revisions())
    ]
    is_readable = not any(one.check.startswith(("database_un", "schema_")) for one in found)
    if is_readable:
        found += await examine_switch(settings, store)
    found += await examine_webhook(
        settings, store, companies, is_readable=is_readable, public_transport=public_transport
    )

    async def is_own_mark(mark: str) -> bool:
        return is_readable and await find_order(store, mark) is not None

    async for one in examine_warehouse(companies.warehouse, is_own_mark):
        found.append(one)
    found += _examine_clocks(companies)
    return sorted(found, key=lambda one: one.severity is not Severity.ERROR)


def _examine_clocks(companies: Companies) -> Sequence[Diagnosis]:
    """Compare this machine's clock with the dates the companies' answers bear."""
    found = []
    for name, connection in companies.connections.items():
        ahead = connection.health.clock_ahead
        if ahead is None or abs(ahead) <= timedelta(seconds=SKEW_WARNING_SECONDS):
            continue
        seconds = abs(ahead).total_seconds()
        way = "ahead of" if ahead > timedelta(0) else "behind"
        make = error if seconds > SKEW_ERROR_SECONDS else warning
        problem = f"this machine's clock is {seconds:.0f} s {way} that of {name}"
        found.append(make("clock", problem, "have this machine keep its time by NTP"))
    return found
