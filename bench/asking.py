"""How long the service's and the operators' questions take when the tables are big."""

import time
from statistics import median

from app.clock import SystemClock
from app.store.migrate import bring_up_to_date
from app.store.session import Store
from bench.big_tables import fill
from bench.questions import QUESTIONS, Question

BIG_ORDERS = 300_000
ROUNDS = 5


_EVERYTHING = (
    "SELECT state, count(*) FROM orders GROUP BY state",
    "SELECT found_by, count(*) FROM orders GROUP BY found_by",
    "SELECT count(id) FROM events",
    "SELECT count(*) FROM shipments WHERE disposition LIKE 'not_matched'",
)


async def count_everything(store: Store) -> None:
    """Count as /status would without its tallies and small indexes, to compare."""
    async with store.read() as connection:
        for statement in _EVERYTHING:
            await connection.exec_driver_sql(statement)


async def measure_questions(database_url: str) -> tuple[float, list[tuple[str, float]]]:
    """Return the seconds it took to fill the tables, and each question's median milliseconds."""
    bring_up_to_date(database_url)
    store = Store(database_url, SystemClock())
    try:
        started = time.perf_counter()
        await fill(store, BIG_ORDERS)
        filling = time.perf_counter() - started
        await QUESTIONS["moving the tallies"](store)  # the first time it reads all
        answers = []
        compared: dict[str, Question] = {"/status by counting every row": count_everything}
        for name, question in {**QUESTIONS, **compared}.items():
            seconds = []
            for _ in range(ROUNDS):
                started = time.perf_counter()
                await question(store)
                seconds.append(time.perf_counter() - started)
            answers.append((name, median(seconds) * 1000))
        return filling, answers
    finally:
        await store.close()
