"""The people of the demo: what they do at a company, and what they tell the service."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from app.demo.service import RunningService

if TYPE_CHECKING:
    from app.demo.scenes import Companies, Scene

LATER = timedelta(days=7)
BY = "the demo's person"

Person = Callable[["Scene", "Companies", RunningService], Awaitable[None]]


async def agree_a_later_date(
    scene: "Scene", companies: "Companies", service: RunningService
) -> None:
    """Once the order is held for its date, agree a later one and release the order."""
    await _until(scene, "attention_reason", "ship_by_unreachable")
    companies.ankorstore.expect_shipping_by(
        scene.order_id, companies.ankorstore.clock.now() + LATER
    )
    why = {"by": BY, "reason": "the retailer agreed to a later date"}
    await service.post(f"/api/orders/{scene.order_id}/release", why)


async def cancel_late(scene: "Scene", companies: "Companies", service: RunningService) -> None:
    """Cancel the order at Ankorstore once the warehouse has it; then stop it there and say so."""
    await _until(scene, "state", "placed")
    companies.ankorstore.cancel_order(scene.order_id)
    await _until(scene, "attention_reason", "cancelled_after_placing")
    companies.active_ants.cancel_in_maya(scene.shown["external_order_number"])
    what = {"by": BY, "reason": "stopped in time", "answer": "cancelled-in-maya"}
    await service.post(f"/api/orders/{scene.order_id}/settle", what)


async def _until(scene: "Scene", name: str, value: str) -> None:
    while scene.shown.get(name) != value:
        scene.has_news.clear()
        await scene.has_news.wait()
