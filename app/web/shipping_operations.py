"""The operators' API about what was sent: parcels, partial shipments, labels."""

from decimal import Decimal
from functools import partial
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.domain.shipment import ParcelSize
from app.store.decisions_shipping import agree_parcels, ask_label_reset, confirm_partial
from app.web.deciding import Decide
from app.web.published import Responses
from app.web.signed import Why


class ParcelGiven(BaseModel):
    """One parcel as it is to be quoted."""

    model_config = ConfigDict(extra="forbid")

    length_cm: int = Field(ge=1, le=274)
    width_cm: int = Field(ge=1, le=274)
    height_cm: int = Field(ge=1, le=274)
    weight_kg: float = Field(ge=0.001, le=30)


class ParcelsGiven(Why):
    """The parcels to be quoted; none given means as the service reckons them."""

    parcels: list[ParcelGiven] | None = Field(None, min_length=1, max_length=20)


def add_shipping_routes(router: APIRouter, decide: Decide, decided: Responses) -> None:
    """Put the decisions about shipments on the operators' *router*."""

    @router.post("/orders/{order}/confirm-partial", response_model=None, responses=decided)
    async def confirm_partial_route(order: str, why: Why) -> dict[str, Any]:
        """Confirm what was sent as it is; what follows only becomes tracking."""
        return await decide(order, confirm_partial, why)

    @router.post("/orders/{order}/parcels", response_model=None, responses=decided)
    async def parcels_route(order: str, given: ParcelsGiven) -> dict[str, Any]:
        """Say what the parcels of an order really weigh and measure, before it is confirmed."""
        parcels = (
            tuple(
                ParcelSize(one.length_cm, one.width_cm, one.height_cm, Decimal(str(one.weight_kg)))
                for one in given.parcels
            )
            if given.parcels is not None
            else None
        )
        return await decide(order, partial(agree_parcels, parcels=parcels), given)

    @router.post("/orders/{order}/reset-label", response_model=None, responses=decided)
    async def reset_label_route(order: str, why: Why) -> dict[str, Any]:
        """Take Ankorstore's label back and have the order confirmed with the brand's carrier."""
        return await decide(order, ask_label_reset, why)
