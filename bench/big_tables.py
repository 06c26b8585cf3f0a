"""Tables as they are after years: mostly closed orders, emptied events, a few orders at work."""

from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, text

from app.store.models import UtcDateTime
from app.store.retention import refresh_statistics
from app.store.session import Store

OPEN_SHARE = 100
"""One order in so many is open; of those one in ten asks a person and one in ten is due."""
EVENTS_AN_ORDER = 4
ATTEMPTS_AN_ORDER = 2
UNPRUNED_SHARE = 5
BIG = ("orders", "events", "attempts", "warehouse_orders", "shipments", "parcels", "pauses")
_NUMBERS = {
    True: "SELECT n FROM generate_series(1, {rows}) AS numbers(n)",
    False: "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers "
    "WHERE n < {rows}) SELECT n FROM numbers",
}
# Orders are as old as their number is low: the last one is of now, the first of `oldest`.
_STATEMENTS = (
    """
INSERT INTO orders (marketplace_order_id, marketplace_reference, state, outcome, found_by,
                    created_at, closed_at, submitted_at, read_at, marketplace_status,
                    attention_reason, attention_since, next_attempt_at, retailer_text)
SELECT '00000000-0000-4000-8000-' || substr('000000000000' || n, -12), 'R' || n,
       CASE WHEN n % {share} = 0 THEN 'placed' ELSE 'closed' END,
       CASE WHEN n % {share} = 0 THEN NULL ELSE 'completed' END,
       CASE WHEN n % 9 = 0 THEN 'reconcile' ELSE 'webhook' END,
       {age}, CASE WHEN n % {share} = 0 THEN NULL ELSE {age} END, {age}, {now}, 'brand_confirmed',
       CASE WHEN n % ({share} * 10) = {share} THEN 'stock_short' END,
       CASE WHEN n % ({share} * 10) = {share} THEN {age} END,
       CASE WHEN n % ({share} * 10) = 0 THEN {now}
            WHEN n % ({share} * 10) = {share} THEN NULL
            WHEN n % {share} = 0 THEN {tomorrow} END,
       CASE WHEN n % {share} = 0 OR n > {unpruned_from} THEN 'the shop ' || n || ' | ina smit' END
FROM ({numbers}) AS filled
""",
    """
INSERT INTO events (source, event_id, event_type, marketplace_order_id, order_id, raw_body, headers,
                    disposition, wake_seq, received_at, processed_at, pruned_at)
SELECT 'ankorstore', 'event-' || few.n || '-' || o.id, 'order.brand_created',
       o.marketplace_order_id, o.id, {body}, '{{}}', 'stored', 1, o.created_at,
       CASE WHEN o.id % ({share} * 10) = 0 THEN NULL ELSE o.created_at END,
       CASE WHEN o.closed_at IS NULL OR o.id > {unpruned_from} THEN NULL ELSE o.closed_at END
FROM orders AS o, ({few}) AS few ORDER BY o.id
""",
    """
INSERT INTO attempts (order_id, happened_at, step, outcome, attempt_number, duration_ms, message)
SELECT o.id, o.created_at, 'answer order', 'done', 1, 5, 'accepted at Ankorstore'
FROM orders AS o, ({fewer}) AS few ORDER BY o.id
""",
    """
INSERT INTO warehouse_orders (order_id, external_order_number, warehouse_order_id,
                              warehouse_order_number, intent_at, sent_before_at, answer, payload,
                              lines, pruned_at)
SELECT o.id, 'AK' || o.id, 'W' || o.id, 'N' || o.id, o.created_at, o.created_at, 'created',
       '{{}}', '[]',
       CASE WHEN o.closed_at IS NULL OR o.id > {unpruned_from} THEN NULL ELSE o.closed_at END
FROM orders AS o
""",
    """
INSERT INTO shipments (warehouse_shipment_id, order_id, disposition, source, external_order_number,
                       parcel_count, problems, lines, stored_at)
SELECT 'S' || o.id, o.id, CASE WHEN o.id % 1000 = 0 THEN 'not_matched' ELSE 'ours' END, 'feed',
       'AK' || o.id, 1, '[]', '[]', o.created_at
FROM orders AS o
""",
    """
INSERT INTO pauses (what, paused_at, paused_by, reason, resumed_at, resumed_by)
SELECT 'placing', created_at, 'ina', 'stock-taking', created_at, 'ina'
FROM orders WHERE state = 'closed'
""",
    """
INSERT INTO parcels (shipment_id, parcel_number, tracking_number)
SELECT s.id, '1', 'T' || s.id FROM shipments AS s
""",
)


async def fill(store: Store, orders: int, *, days: int = 1000) -> None:
    """Fill an empty database with *orders* orders of the last *days*, and all that goes along."""
    age = (
        "CAST(:now AS timestamptz) - ({days} * (1.0 - n / {orders}.0)) * interval '1 day'"
        if store.is_postgres
        else "strftime('%Y-%m-%d %H:%M:%f000', :now, '-' || ({days} * (1.0 - n / {orders}.0)) "
        "|| ' days')"
    ).format(days=days, orders=orders)
    kind = "timestamptz" if store.is_postgres else "text"
    words: dict[str, Any] = {
        "numbers": _NUMBERS[store.is_postgres].format(rows=orders),
        "few": _NUMBERS[store.is_postgres].format(rows=EVENTS_AN_ORDER),
        "fewer": _NUMBERS[store.is_postgres].format(rows=ATTEMPTS_AN_ORDER),
        "share": OPEN_SHARE,
        "unpruned_from": orders - orders // UNPRUNED_SHARE,
        "body": "''::bytea" if store.is_postgres else "x''",
        "age": age,
        "now": f"CAST(:now AS {kind})",
        "tomorrow": f"CAST(:tomorrow AS {kind})",
    }
    moments = {"now": store.now(), "tomorrow": store.now() + timedelta(days=1)}
    async with store.write() as connection:
        for template in _STATEMENTS:
            statement = text(template.format(**words))
            given = {name: at for name, at in moments.items() if f":{name}" in statement.text}
            kinds = [bindparam(name, type_=UtcDateTime()) for name in given]
            await connection.execute(statement.bindparams(*kinds), given)
    if store.is_postgres:  # which its autovacuum does in production
        async with store.write() as connection:
            await connection.execute(text("ANALYZE"))
    else:
        await refresh_statistics(store)
