"""
The sender of webhooks, as a process of its own: keep-alive connections, signed unique bodies.

Reads one job a line from standard input and prints one line of figures. Everything that costs
time (writing and signing the bodies) is done before the clock starts, and an answer is read no
further than its status and its length, so that the sender is not what is measured.
"""

import asyncio
import hashlib
import hmac
import json
import sys
import time
from itertools import count, cycle
from typing import Any
from uuid import uuid4

import uvloop

from bench.sending import HOST, pace, push

_numbers = count(1)


def write_event(order_id: str, secret: str) -> bytes:
    """Return a signed delivery about *order_id*, as bytes for the socket."""
    event = {
        "id": str(uuid4()),
        "applicationId": "5a1c1f7e-2a57-4c0b-8a4c-0f6f2d7f9a11",
        "type": "order.brand_created",
        "timestamp": int(time.time()),
    }
    attributes = {
        "status": "ankor_confirmed",
        "reference": next(_numbers),
        "brandCurrency": "EUR",
        "brandNetAmount": 48500,
        "submittedAt": "2026-11-23T08:15:00.000000Z",
        "createdAt": "2026-11-23T08:15:00.000000Z",
        "updatedAt": "2026-11-23T08:15:00.000000Z",
    }
    document = {
        "meta": {"event": event},
        "jsonapi": {"version": "1.0"},
        "data": {"type": "orders", "id": order_id, "attributes": attributes},
    }
    body = json.dumps(document, separators=(",", ":")).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST /webhooks/ankorstore HTTP/1.1\r\nHost: {HOST}\r\n"
        f"Content-Type: application/json\r\nUser-Agent: bench\r\nsignature: {signature}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def run_job(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job and return its figures."""
    port, connections = job["port"], job.get("connections", 64)
    if job["what"] == "empty":
        request = f"GET /health/live HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
        events = cycle([request])
        started = time.perf_counter()
        tally = await push(port, events, connections, job["seconds"])
    else:
        order_ids = job.get("order_ids") or [str(uuid4()) for _ in range(job["events"])]
        requests = [write_event(order_id, job["secret"]) for order_id in order_ids]
        started = time.perf_counter()
        if "per_second" in job:
            tally = await pace(port, requests, connections, job["per_second"])
        else:
            tally = await push(port, iter(requests), connections, job["seconds"])
    elapsed = time.perf_counter() - started
    times = sorted(tally.latencies)
    return {
        "answers": len(times),
        "refused": tally.refused,
        "seconds": elapsed,
        "per_second": len(times) / elapsed,
        "p50_ms": times[len(times) // 2] * 1000 if times else 0.0,
        "p99_ms": times[int(len(times) * 0.99)] * 1000 if times else 0.0,
    }


async def main() -> None:
    """Take jobs until standard input ends."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await run_job(json.loads(line))), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
