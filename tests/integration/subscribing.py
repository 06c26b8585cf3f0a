"""A service that keeps its webhook subscription at a simulated Ankorstore, and what stops it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from app.clock import Clock
from app.sealing import Sealer
from app.simulator import SimulatedActiveAnts, SimulatedAnkorstore
from app.simulator.ankorstore.deliveries import Subscription as Held
from app.store.session import Store
from app.store.webhook_rows import OurSubscription, load_ours
from app.subscribing.keeper import Keeper
from app.wiring import Transports, build_companies, build_keeper
from tests.flow.world import make_settings

KEY = "4sVv5uQJb0mZ0e3cTq7yH1kXn8wR2aLd6fGp9iUoB5E="
SECOND_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PUBLIC_URL = "https://bridge.example"
URL = f"{PUBLIC_URL}/webhooks/ankorstore"
THE_BRANDS = "https://shop.example/other-connector?token=very-secret"
WRITES = ("POST", "PATCH", "DELETE")


class Keeping:
    """One database and one application; each keeper is a process of its own."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.ankorstore = SimulatedAnkorstore(clock=clock)
        self.settings: dict[str, Any] = {"public_url": PUBLIC_URL, "encryption_key": KEY}
        brands = Held("brands-own", THE_BRANDS, ("order.shipped",), "the-brands-secret")
        self.ankorstore.outbox.subscriptions[brands.id] = brands
        self.brands = brands

    @asynccontextmanager
    async def keeper(self) -> AsyncIterator[Keeper]:
        """Return what looks after the subscription, as a process that has just started."""
        ants = SimulatedActiveAnts(clock=self.clock)
        settings = make_settings(self.ankorstore, ants, **self.settings)
        transports = Transports(self.ankorstore.transport(), ants.transport())
        companies = build_companies(settings, self.clock, transports)
        try:
            yield build_keeper(settings, self.store, companies)
        finally:
            await companies.close()

    async def run(self, work: Callable[[Keeper], Awaitable[Any]]) -> Any:
        """Run *work* in a process of its own."""
        async with self.keeper() as keeper:
            return await work(keeper)

    async def check(self) -> str:
        """Do what the job does."""
        told: str = await self.run(lambda keeper: keeper.check())
        return told

    async def register(self) -> str:
        """Do what the command does."""
        told: str = await self.run(lambda keeper: keeper.register(by="ann"))
        return told

    async def rotate(self, *, overlap_seconds: float = 1.0, keeps_old_secret: bool = True) -> None:
        """Do what the command does."""
        await self.run(
            lambda keeper: keeper.rotate(
                by="ann", overlap_seconds=overlap_seconds, keeps_old_secret=keeps_old_secret
            )
        )

    def here(self) -> list[Held]:
        """Return the subscriptions at Ankorstore that lead to us."""
        return [one for one in self.ankorstore.outbox.subscriptions.values() if one.url == URL]

    def writes(self) -> list[str]:
        """Return every call that changed a subscription, or was to."""
        return [
            call.method
            for call in self.ankorstore.calls
            if call.method in WRITES and "webhook-subscriptions" in call.path
        ]

    async def rows(self, *states: str) -> list[OurSubscription]:
        """Return the rows in *states*; all of them without any."""
        return [row for row in await load_ours(self.store) if not states or row.state in states]

    def secret_of(self, row: OurSubscription, key: str = KEY) -> str | None:
        """Return what a row's secret opens to."""
        return Sealer([key]).open(row.secret_encrypted) if row.secret_encrypted else None


class Crash(BaseException):
    """The process ends here: no `except Exception` of it may notice."""


class Fuse:
    """Ends the process before or after its n-th commit or call, whichever comes then."""

    def __init__(self, at: int) -> None:
        self._left = at
        self.is_blown = False

    def pass_by(self) -> None:
        """Count one point at which a process may end."""
        if self._left == 0 and not self.is_blown:
            self.is_blown = True
            raise Crash
        self._left -= 1


class FusedStore(Store):
    """A store that may end the process at either side of a commit."""

    fuse: Fuse

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Any]:
        self.fuse.pass_by()
        async with super().write() as connection:
            yield connection
        self.fuse.pass_by()


class FusedTransport(httpx.AsyncBaseTransport):
    """A way to Ankorstore that may end the process at either side of a call."""

    def __init__(self, inner: httpx.AsyncBaseTransport, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        is_counted = "webhook-subscriptions" in request.url.path and request.method in WRITES
        if is_counted:
            self._fuse.pass_by()
        response = await self._inner.handle_async_request(request)
        if is_counted:
            self._fuse.pass_by()
        return response


def fused_keeper(keeping: Keeping, store: FusedStore, at: int) -> tuple[Keeper, Any, Fuse]:
    """Return a keeper that ends at the given point, its companies to be closed, and the fuse."""
    fuse = Fuse(at)
    store.fuse = fuse
    ants = SimulatedActiveAnts(clock=keeping.clock)
    settings = make_settings(keeping.ankorstore, ants, **keeping.settings)
    wire = FusedTransport(keeping.ankorstore.transport(), fuse)
    companies = build_companies(settings, keeping.clock, Transports(wire, ants.transport()))
    return build_keeper(settings, store, companies), companies, fuse
