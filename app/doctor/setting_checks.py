"""What the settings alone tell."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from app.doctor.diagnosis import Diagnosis, error, warning
from app.settings import Settings

SHORTEST_TOKEN_CHARACTERS = 20
_SIMULATED = "a simulated company"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_FOR_TESTS = re.compile(
    r"(^|[.-])(sandbox|staging|stage|test|tst|acc|acceptance|preprod|demo)\d*\b"
)


def examine_settings(settings: Settings) -> Iterator[Diagnosis]:
    """Judge the settings without asking anybody."""
    yield from _examine_environment(settings)
    if settings.pack_mode is None:
        yield warning(
            "pack_mode",
            "PACK_MODE is not set: an order with a product sold in packs asks a person first",
            "set PACK_MODE=unit or PACK_MODE=pack, whichever one SKU at your warehouse is",
        )
    if settings.create_on_hold:
        yield warning(
            "create_on_hold",
            "CREATE_ON_HOLD is on: every order waits at the warehouse until somebody releases it",
            "take CREATE_ON_HOLD away once you have tried it out",
        )
    token = settings.operator_token.get_secret_value()
    if 0 < len(token) < SHORTEST_TOKEN_CHARACTERS:
        yield warning(
            "operator_token",
            f"OPERATOR_TOKEN has {len(token)} characters and can be guessed",
            "make a new one: openssl rand -hex 32",
        )
    is_postgres = settings.database_url.startswith("postgres")
    if is_postgres and not settings.encryption_key:
        yield warning(
            "encryption_key",
            "ENCRYPTION_KEY is not set: each process logs in at the companies by itself",
            "set ENCRYPTION_KEY to the same value everywhere: openssl rand -base64 32",
        )


def is_rehearsal(settings: Settings) -> bool:
    """Say whether both companies are simulated ones on this machine."""
    bases = (settings.ankorstore_base_url, settings.active_ants_base_url)
    return all(_kind_of(base) == _SIMULATED for base in bases)


def stays_on_this_machine(url: str) -> bool:
    """Say whether what is sent to *url* never leaves this machine."""
    return urlsplit(url).hostname in _LOOPBACK


def _examine_environment(settings: Settings) -> Iterator[Diagnosis]:
    kinds = {
        "ANKORSTORE_BASE_URL": _kind_of(settings.ankorstore_base_url),
        "ACTIVE_ANTS_BASE_URL": _kind_of(settings.active_ants_base_url),
    }
    if len(set(kinds.values())) > 1:
        told = ", ".join(f"{name} is {kind}" for name, kind in kinds.items())
        yield error(
            "test_and_live",
            f"test and live are mixed up: {told}",
            "use the addresses of one kind, or orders of one end up as parcels of the other",
        )


def _kind_of(url: str) -> str:
    if stays_on_this_machine(url):
        return _SIMULATED
    host = urlsplit(url).hostname or ""
    return "a test environment" if _FOR_TESTS.search(host) else "live"
