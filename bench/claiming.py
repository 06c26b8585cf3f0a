"""How long it takes to claim 50 orders of half a million."""

import time
from datetime import timedelta
from statistics import median

from sqlalchemy import bindparam, text

from app.clock import SystemClock
from app.store.claims import claim_orders
from app.store.migrate import bring_up_to_date
from app.store.models import UtcDateTime
from app.store.session import Store

ROWS = 500_000
CLAIM = 50
CLAIMS = 40
LEASE_SECONDS = 60.0
_NUMBERS = {
    True: "SELECT n FROM generate_series(1, {rows}) AS numbers(n)",
    False: "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers "
    "WHERE n < {rows}) SELECT n FROM numbers",
}
# Nine in ten are closed; of the rest most wait for tomorrow, and every hundredth row is due.
_FILL = """
INSERT INTO orders (marketplace_order_id, marketplace_reference, state, found_by, created_at,
                    next_attempt_at)
SELECT 'order-' || n, 'R' || n, CASE WHEN n % 10 = 0 THEN 'placed' ELSE 'closed' END, 'webhook',
       {now}, CASE WHEN n % 100 = 0 THEN {now} WHEN n % 10 = 0 THEN {tomorrow} END
FROM ({numbers}) AS filled
"""


async def measure_claims(database_url: str) -> tuple[float, int]:
    """Return the median milliseconds of a claim, and how many rows there are."""
    bring_up_to_date(database_url)
    store = Store(database_url, SystemClock())
    try:
        await _fill(store)
        seconds = []
        for _ in range(CLAIMS):
            started = time.perf_counter()
            claimed = await claim_orders(
                store, limit=CLAIM, worker_id="bench", lease_seconds=LEASE_SECONDS
            )
            seconds.append(time.perf_counter() - started)
            if len(claimed) != CLAIM:
                raise RuntimeError(f"{len(claimed)} orders were claimed instead of {CLAIM}")
    finally:
        await store.close()
    return median(seconds) * 1000, ROWS


async def _fill(store: Store) -> None:
    numbers = _NUMBERS[store.is_postgres].format(rows=ROWS)
    given = {"now": store.now(), "tomorrow": store.now() + timedelta(days=1)}
    moments = [bindparam(name, type_=UtcDateTime()) for name in given]
    kind = "timestamptz" if store.is_postgres else "text"
    fill = _FILL.format(
        numbers=numbers, now=f"CAST(:now AS {kind})", tomorrow=f"CAST(:tomorrow AS {kind})"
    )
    statement = text(fill).bindparams(*moments)
    async with store.write() as connection:
        await connection.execute(statement, given)
    async with store.write() as connection:
        await connection.execute(text("ANALYZE"))
