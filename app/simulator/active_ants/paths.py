"""Which paths exist: the versioned ones, and the older twins some of them have."""

from fnmatch import fnmatchcase

from app.simulator.active_ants.habits import WarehouseHabits
from app.simulator.exchange import Ask

#: Older path prefix (with its method) to the versioned path that answers it.
TWINS = (
    ("GET", "/settings/get"),
    ("POST", "/order/add"),
    ("POST", "/order/search"),
    ("POST", "/shipment/search"),
    ("POST", "/product/search"),
    ("GET", "/stock/bulk/"),
)
VERSION = "/v2"


def find_path(ask: Ask, habits: WarehouseHabits) -> str | None:
    """Return the versioned path that answers *ask*, None where its path does not exist."""
    path = ask.path
    if any(fnmatchcase(path, pattern) for pattern in habits.missing_paths):
        return None
    if path.startswith(f"{VERSION}/"):
        bare = path.removeprefix(VERSION)
        has_twin = any(bare.startswith(twin) for _, twin in TWINS)
        return path if habits.has_versioned_paths or not has_twin else None
    if any(ask.method == method and path.startswith(twin) for method, twin in TWINS):
        return VERSION + path
    return None
