"""
Both simulated companies, instant, as a process of their own.

Reads questions from standard input, a line of JSON each: `{"place": 100}` places orders and
answers their ids, `{"webhook_url": …}` has it deliver the events itself, `{}` answers where the
companies are.
"""

import asyncio
import json
import sys
from typing import Any

import uvloop

from app.clock import SystemClock
from app.simulator import ServedCompanies, instant_companies, serve_companies
from bench.children import WEBHOOK_SECRET


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


async def main() -> None:
    """Serve until standard input ends."""
    pair = instant_companies(SystemClock(), webhook_secret=WEBHOOK_SECRET)
    async with serve_companies(*pair) as served:
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(answer(served, json.loads(line))), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
