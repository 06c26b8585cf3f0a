"""The operators' API about shipments that fit no order, as the console's page lists them."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from pydantic.json_schema import SkipJsonSchema

from app.store.order_lists import list_stray_shipments
from app.store.session import Store
from app.web.events import RowId
from app.web.pauses import WRONG
from app.web.published import answers

MOST_SHIPMENTS = 200


class StrayShipmentShown(BaseModel):
    """Goods the warehouse sent that fit no order; `order_mark` is an id their order carried."""

    id: int
    warehouse_shipment_id: str
    external_order_number: str | None
    order_mark: str | None
    shipped_at: datetime | None
    stored_at: datetime
    status_text: str | None
    parcel_count: int


class StrayShipmentPage(BaseModel):
    """Shipments not matched, newest first; `next` goes into `after` for those that follow."""

    shipments: list[StrayShipmentShown]
    next: str | None


def stray_shipments_router(store: Store) -> APIRouter:
    """Return the route."""
    router = APIRouter()

    @router.get(
        "/shipments/not-matched",
        response_model=None,
        responses={200: answers(StrayShipmentPage, "A page."), 422: WRONG[422]},
    )
    async def page_of_strays(
        limit: Annotated[int, Query(ge=1, le=MOST_SHIPMENTS)] = 50,
        after: Annotated[RowId | SkipJsonSchema[None], Query()] = None,
    ) -> dict[str, Any]:
        """List what the warehouse sent that fits no order, newest first, a page at a time."""
        page, next_id = await list_stray_shipments(store, before_id=after, limit=limit)
        return {
            "shipments": [asdict(one) for one in page],
            "next": str(next_id) if next_id is not None else None,
        }

    return router
