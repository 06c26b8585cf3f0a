"""The operators' API about what is sent for one order: correct it, and see it before."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from app.domain.corrections import Corrections, check_phone, check_street
from app.domain.record import OrderRecord
from app.domain.sku_entries import SkuEntry, check_entry, check_sku
from app.errors import BridgeError
from app.flow.preview import Preview, preview_json
from app.store.decisions import Impossible
from app.store.decisions_corrections import correct_order_by_person
from app.store.possible_moves import with_moves
from app.store.session import Store
from app.web.operations import DECIDED, find_named_order, order_json
from app.web.published import UNKNOWN_ORDER, Refusal, answers
from app.web.signed import Why

LongText = Annotated[str | None, Field(max_length=200)]


class SkuCorrection(BaseModel):
    """What one SKU of this order is."""

    model_config = ConfigDict(extra="forbid")

    warehouse_sku: str | None = None
    pack_mode: str | None = Field(None, examples=["factor:6"])


class WantedCorrections(Why):
    """What to correct; what is left out stays as it was corrected before, or as it is."""

    street: LongText = None
    house_number: int | None = Field(None, ge=1, le=99_999)
    addition: LongText = None
    extra_address: LongText = None
    phone: LongText = None
    skus: dict[str, SkuCorrection] = Field(default_factory=dict, max_length=500)
    clear: bool = False
    release: bool = False


class FindingShown(BaseModel):
    """One thing that is in the way."""

    reason: str
    field: str
    detail: str


class DifferenceShown(BaseModel):
    """One member that differs; null where there is none."""

    path: str
    before: Any
    after: Any


class LineShown(BaseModel):
    """What is ordered of one product: packs, and the single units in them."""

    line_id: str
    sku: str | None
    product_name: str | None
    pack_quantity: int
    unit_quantity: int


class PreviewShown(BaseModel):
    """What would be sent for an order now, and how it differs."""

    external_order_number: str
    payload: dict[str, Any] | None
    warnings: list[str]
    findings: list[FindingShown]
    changed_by_corrections: list[DifferenceShown] | None
    findings_without_corrections: list[FindingShown]
    changed_since_sent: list[DifferenceShown] | None
    lines: list[LineShown]


def corrections_router(
    store: Store,
    preview: Callable[[OrderRecord], Awaitable[Preview]],
    on_wake: Callable[[], None],
) -> APIRouter:
    """Return the routes; *preview* reads an order at the marketplace and sends nothing."""
    router = APIRouter()

    @router.post("/orders/{order}/corrections", response_model=None, responses=DECIDED)
    async def correct(order: str, wanted: WantedCorrections) -> dict[str, Any]:
        """Correct what will be sent for an order; it then waits until it is released."""
        corrections = _read_wanted(wanted)
        found = await find_named_order(store, order)
        try:
            message = await correct_order_by_person(
                store,
                found,
                by=wanted.by,
                reason=wanted.reason,
                corrections=corrections,
                clears=wanted.clear,
                releases=wanted.release,
            )
        except Impossible as impossible:
            raise HTTPException(409, with_moves(str(impossible), found)) from None
        if wanted.release:
            on_wake()
        shown = await find_named_order(store, found.marketplace_order_id)
        return {**order_json(shown), "message": message}

    @router.get(
        "/orders/{order}/preview",
        response_model=None,
        responses={
            **UNKNOWN_ORDER,
            200: answers(PreviewShown, "What would be sent now."),
            503: answers(Refusal, "Ankorstore or the warehouse's settings could not be read."),
        },
    )
    async def show_preview(order: str) -> dict[str, Any]:
        """Show exactly what would be sent to the warehouse for an order, and how it differs."""
        found = await find_named_order(store, order)
        try:
            return preview_json(await preview(found))
        except BridgeError as trouble:
            raise HTTPException(503, f"{trouble}. {trouble.resolution}") from None

    return router


def _read_wanted(wanted: WantedCorrections) -> Corrections:
    """Return the corrections a body asks for, or refuse with what would be right."""
    try:
        corrections = Corrections(
            street=check_street(
                wanted.street, wanted.house_number, wanted.addition, wanted.extra_address
            ),
            phone=check_phone(wanted.phone),
            entries={
                check_sku(sku): check_entry(said.warehouse_sku, said.pack_mode)
                for sku, said in wanted.skus.items()
            },
        )
    except ValueError as problem:
        raise HTTPException(422, str(problem)) from None
    if any(entry == SkuEntry() for entry in corrections.entries.values()):
        raise HTTPException(422, "skus: each must give warehouse_sku, pack_mode or both")
    if not corrections and not wanted.clear:
        raise HTTPException(422, "say what to correct, or clear")
    return corrections
