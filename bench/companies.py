"""
Both simulated companies, instant, as a process of their own.

Reads questions from standard input, a line of JSON each: `{"place": 100}` places orders and
answers their ids, `{"webhook_url": …}` has it deliver the events itself, `{}` answers where the
companies are.
"""

import asyncio
import json
import sys
from itertools import islice
from typing import Any

import uvloop

from app.clock import SystemClock
from app.simulator import ServedCompanies, SimulatedActiveAnts, instant_companies, serve_companies
from bench.children import WEBHOOK_SECRET

SHIP_SECONDS = 0.02


def answer(served: ServedCompanies, question: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked."""
    ankorstore, active_ants = served.ankorstore, served.active_ants
    if "webhook_url" in question:
        ankorstore.webhook_url = question["webhook_url"]
    placed = [ankorstore.place_order() for _ in range(question.get("place", 0))]
    return {
        "order_ids": [order.id for order in placed],
        "events": sum(one.is_delivered for one in ankorstore.deliveries),
        "settings": {
            "ANKORSTORE_BASE_URL": served.ankorstore_url,
            "ANKORSTORE_CLIENT_ID": ankorstore.client_id,
            "ANKORSTORE_CLIENT_SECRET": ankorstore.client_secret,
            "ACTIVE_ANTS_BASE_URL": served.active_ants_url,
            "ACTIVE_ANTS_USERNAME": active_ants.username,
            "ACTIVE_ANTS_PASSWORD": active_ants.password,
            "ACTIVE_ANTS_ORDER_TYPE": "ANKORSTORE",
            "PACK_MODE": "unit",
        },
    }


async def ship(active_ants: SimulatedActiveAnts) -> None:
    """Send each order in one parcel as soon as it came in; two parcels cost further calls."""
    sent = 0
    while True:
        for number in islice(list(active_ants.orders), sent, None):
            active_ants.ship(number)
            sent += 1
        await asyncio.sleep(SHIP_SECONDS)


async def main() -> None:
    """Serve until standard input ends."""
    pair = instant_companies(SystemClock(), webhook_secret=WEBHOOK_SECRET)
    pair[1].habits.ships_by_itself = False
    async with serve_companies(*pair) as served, asyncio.TaskGroup() as tasks:
        shipping = tasks.create_task(ship(pair[1]))
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(answer(served, json.loads(line))), flush=True)
        shipping.cancel()


if __name__ == "__main__":
    uvloop.run(main())
