"""
The marketplace's webhooks: every event it emits, and the attempts to deliver it.

Nothing is sent by itself: ``deliver_due`` makes the attempts that are due by the clock. A served
company runs it in a loop, a test calls it, or posts ``delivery.body`` on its own.
"""

import asyncio
import base64
import hmac
from collections.abc import Sequence
from random import Random
from typing import Any

import httpx

from app.clock import Clock
from app.simulator.ankorstore.deliveries import Attempt, Delivery, Subscription, write_body
from app.simulator.ankorstore.habits import AnkorstoreHabits
from app.simulator.ankorstore.people import make_id

ATTEMPTS_MAX = 5
TIMEOUT_SECONDS = 3.0
AT_ONCE_MAX = 64


class Outbox:
    """Emits, signs, delivers and, when told to, loses, doubles and shuffles events."""

    def __init__(
        self,
        clock: Clock,
        random: Random,
        habits: AnkorstoreHabits,
        application_id: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        retry_seconds: Sequence[float] = (1.0, 4.0, 16.0, 64.0),
    ) -> None:
        self.deliveries: list[Delivery] = []
        self.subscriptions: dict[str, Subscription] = {}
        self.retry_seconds = retry_seconds
        self.lose_probability = 0.0
        self.duplicate_probability = 0.0
        self.delay_seconds_max = 0.0
        self.is_out_of_order = False
        self._clock = clock
        self._random = random
        self._habits = habits
        self._application_id = application_id
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._waiting: list[Delivery] = []
        self._lose_next = 0
        self._duplicate_next = 0

    def lose_next(self, count: int = 1) -> None:
        """Let the next *count* events be emitted but never delivered."""
        self._lose_next += count

    def duplicate_next(self, count: int = 1) -> None:
        """Deliver the next *count* events twice."""
        self._duplicate_next += count

    def emit(self, event_type: str, order_id: str, document: dict[str, Any]) -> None:
        """Queue an event about an order for everybody who subscribed to it."""
        event_id = make_id(self._random)
        event = {
            "id": event_id,
            "applicationId": self._application_id,
            "type": event_type,
            "timestamp": int(self._clock.now().timestamp()),
        }
        body = write_body({"meta": {"event": event}, **document})
        wanting = [one for one in self.subscriptions.values() if one.wants(event_type)]
        is_lost = self._is_hit("_lose_next", self.lose_probability)
        copies = 2 if self._is_hit("_duplicate_next", self.duplicate_probability) else 1
        for subscription in wanting * copies:
            self._queue(event_id, event_type, order_id, body, subscription, is_lost)

    def redeliver(self, delivery: Delivery) -> Delivery:
        """Send an event once more, with the same id and body."""
        again = Delivery(
            delivery.event_id,
            delivery.event_type,
            delivery.order_id,
            delivery.url,
            delivery.body,
            delivery.signature,
            dict(delivery.headers),
            self._clock.now(),
            self._clock.now().timestamp(),
        )
        self._add(again)
        return again

    def sign(self, body: bytes, secret: str) -> str:
        """Return the signature of *body* in the encoding of this marketplace's habit."""
        digest = hmac.digest(secret.encode(), body, "sha256")
        if self._habits.signature_encoding == "base64":
            return base64.b64encode(digest).decode()
        return digest.hex()

    async def deliver_due(self) -> int:
        """Make every attempt that is due and return how many were made."""
        now = self._clock.now().timestamp()
        due = [one for one in self._waiting if one.due_at <= now and one.is_waiting]
        if not due:
            return 0
        if self.is_out_of_order:
            self._random.shuffle(due)
        gate = asyncio.Semaphore(1 if self.is_out_of_order else AT_ONCE_MAX)

        async def attempt(delivery: Delivery) -> None:
            async with gate:
                await self._attempt(delivery)

        await asyncio.gather(*(attempt(delivery) for delivery in due))
        self._waiting = [one for one in self._waiting if one.is_waiting]
        return len(due)

    async def aclose(self) -> None:
        """Close the connections to subscribers."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _queue(
        self,
        event_id: str,
        event_type: str,
        order_id: str,
        body: bytes,
        subscription: Subscription,
        is_lost: bool,
    ) -> None:
        signature = self.sign(body, subscription.secret)
        delay_seconds = self._random.random() * self.delay_seconds_max
        self._add(
            Delivery(
                event_id=event_id,
                event_type=event_type,
                order_id=order_id,
                url=subscription.url,
                body=body,
                signature=signature,
                headers={
                    "content-type": "application/json",
                    self._habits.signature_header: signature,
                },
                emitted_at=self._clock.now(),
                due_at=self._clock.now().timestamp() + delay_seconds,
                is_lost=is_lost,
            )
        )

    def _add(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        if delivery.is_waiting:
            self._waiting.append(delivery)

    async def _attempt(self, delivery: Delivery) -> None:
        if self._client is None:
            limits = httpx.Limits(max_connections=AT_ONCE_MAX)
            self._client = httpx.AsyncClient(
                transport=self._transport, timeout=TIMEOUT_SECONDS, limits=limits, trust_env=False
            )
        at = self._clock.now()
        try:
            response = await self._client.post(
                str(delivery.url), content=delivery.body, headers=delivery.headers
            )
            delivery.attempts.append(Attempt(at, response.status_code))
            delivery.is_delivered = response.is_success
        except httpx.HTTPError as error:
            delivery.attempts.append(Attempt(at, None, type(error).__name__))
        if not delivery.is_delivered:
            self._plan_retry(delivery)

    def _plan_retry(self, delivery: Delivery) -> None:
        made = len(delivery.attempts)
        if made >= ATTEMPTS_MAX:
            delivery.is_lost = True
            return
        pauses = self.retry_seconds
        pause_seconds = pauses[min(made - 1, len(pauses) - 1)]
        delivery.due_at = self._clock.now().timestamp() + pause_seconds

    def _is_hit(self, counter: str, probability: float) -> bool:
        left: int = getattr(self, counter)
        if left > 0:
            setattr(self, counter, left - 1)
            return True
        return probability > 0 and self._random.random() < probability
