"""
The inbox's statements: a whole batch of events is one parameter, so no text ever changes.

That way the database reads and plans a statement once and goes through a batch in one go.
PostgreSQL needs one statement. SQLite gets three, and none of them hands out a row for each event:
its thread asks for its turn at the interpreter with every row. They are no race, for it has one
writer.

A connection plans its statement once, maybe before the first order came: no table is searched or
joined, rows are looked up by their keys one by one, which stays right however big the tables get.

JSON holds no bytes: the bodies travel as one run of bytes, and each row names its part of it.
"""

from sqlalchemy import JSON, LargeBinary, Text, bindparam, text

from app.store.models import UtcDateTime

STORE_ON_POSTGRES = (
    text("""
WITH sent AS MATERIALIZED (
  SELECT * FROM json_to_recordset(CAST(:batch AS json)) AS sent (
    source text, event_id text, event_type text, marketplace_order_id text, headers json,
    occurred_at timestamptz, body_from int, body_bytes int)
), fresh AS MATERIALIZED (
  SELECT * FROM sent WHERE coalesce((
    SELECT false FROM events
    WHERE events.source = sent.source AND events.event_id = sent.event_id), true)
), named AS (
  SELECT DISTINCT source, marketplace_order_id
  FROM fresh WHERE marketplace_order_id IS NOT NULL
), woken AS (  -- in one order, so that no two replicas wait for each other
  INSERT INTO orders
    (source, marketplace_order_id, state, found_by, created_at, next_attempt_at, wake_seq)
  SELECT source, marketplace_order_id, 'received', 'webhook',
    CAST(:now AS timestamptz), CAST(:now AS timestamptz), 1
  FROM named ORDER BY source, marketplace_order_id
  ON CONFLICT (source, marketplace_order_id) DO UPDATE SET wake_seq = orders.wake_seq + 1,
    next_attempt_at = coalesce(CAST(:wake_at AS timestamptz), clock_timestamp())
  RETURNING id, source, marketplace_order_id, wake_seq
), added AS (
  INSERT INTO events
    (source, event_id, event_type, marketplace_order_id, order_id, wake_seq, raw_body, headers,
     disposition, occurred_at, received_at, processed_at)
  SELECT source, event_id, event_type, marketplace_order_id, woken.id, coalesce(woken.wake_seq, 0),
    substring(CAST(:bodies AS bytea) FROM body_from FOR body_bytes), headers,
    CASE WHEN woken.id IS NULL THEN 'ignored' ELSE 'stored' END,
    occurred_at, CAST(:now AS timestamptz),
    CASE WHEN woken.id IS NULL THEN CAST(:now AS timestamptz) END
  FROM fresh LEFT JOIN woken USING (source, marketplace_order_id)
  ORDER BY source, event_id
  ON CONFLICT (source, event_id) DO NOTHING
  RETURNING source, event_id
)
SELECT
  (SELECT json_agg(json_build_array(source, event_id)) FROM added) AS added,
  EXISTS (SELECT FROM named) AS has_woken,
  (SELECT pg_notify('antbridge_wake', '') WHERE EXISTS (SELECT FROM named)) AS told
""")
    .bindparams(
        bindparam("batch", type_=Text()),
        bindparam("bodies", type_=LargeBinary()),
        bindparam("now", type_=UtcDateTime()),
        bindparam("wake_at", type_=UtcDateTime()),
    )
    .columns(added=JSON)
)


FIND_ON_SQLITE = """
WITH sent AS (
  SELECT json_extract(value, '$.source') AS source, json_extract(value, '$.event_id') AS event_id
  FROM json_each(:batch)
)
SELECT source, event_id FROM sent JOIN events USING (source, event_id)
"""

WAKE_ON_SQLITE = """
WITH sent AS (
  SELECT json_extract(value, '$.source') AS source,
    json_extract(value, '$.marketplace_order_id') AS marketplace_order_id
  FROM json_each(:batch)
)
INSERT INTO orders
  (source, marketplace_order_id, state, found_by, created_at, next_attempt_at, wake_seq)
SELECT DISTINCT source, marketplace_order_id, 'received', 'webhook', :now, :now, 1
FROM sent WHERE marketplace_order_id IS NOT NULL
ORDER BY source, marketplace_order_id
ON CONFLICT (source, marketplace_order_id)
  DO UPDATE SET wake_seq = wake_seq + 1, next_attempt_at = excluded.next_attempt_at
"""

ADD_ON_SQLITE = """
WITH sent AS (
  SELECT json_extract(value, '$.source') AS source, json_extract(value, '$.event_id') AS event_id,
    json_extract(value, '$.event_type') AS event_type,
    json_extract(value, '$.marketplace_order_id') AS marketplace_order_id,
    json_extract(value, '$.headers') AS headers,
    json_extract(value, '$.occurred_at') AS occurred_at,
    substr(:bodies, json_extract(value, '$.body_from'), json_extract(value, '$.body_bytes'))
      AS raw_body
  FROM json_each(:batch)
)
INSERT INTO events
  (source, event_id, event_type, marketplace_order_id, order_id, wake_seq, raw_body, headers,
   disposition, occurred_at, received_at, processed_at)
SELECT source, event_id, event_type, marketplace_order_id, orders.id, coalesce(orders.wake_seq, 0),
  raw_body, headers, CASE WHEN orders.id IS NULL THEN 'ignored' ELSE 'stored' END,
  occurred_at, :now, CASE WHEN orders.id IS NULL THEN :now END
FROM sent LEFT JOIN orders USING (source, marketplace_order_id)
ORDER BY source, event_id
"""
