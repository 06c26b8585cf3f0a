"""What the service's OpenAPI says of its answers about SKUs."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.web.signed import ANONYMOUS, Name


class SkuShown(BaseModel):
    """What is said of one SKU, by whom and since when."""

    marketplace_sku: str
    warehouse_sku: str | None
    pack_mode: str | None
    note: str
    updated_at: datetime
    updated_by: str


class SkuList(BaseModel):
    """Every entry, by SKU."""

    skus: list[SkuShown]


class SkuWanted(BaseModel):
    """What a SKU is to be; what is left out, the settings say."""

    model_config = ConfigDict(extra="forbid")

    warehouse_sku: str | None = None
    pack_mode: str | None = Field(None, examples=["factor:6"])
    note: str = Field("", max_length=1000)
    by: Name = ANONYMOUS


class VariantFindingShown(BaseModel):
    """One reason why an order for a variant would be held."""

    reason: str
    variant_id: str
    sku: str | None
    name: str | None
    unit_multiplier: int | None
    detail: str
    cure: str


class SkuReportShown(BaseModel):
    """What would hold orders; not whole, it tells only of what could be asked in time."""

    is_clean: bool
    is_whole: bool
    live: int = Field(ge=0)
    archived: int = Field(ge=0)
    unreadable: int = Field(ge=0)
    unchecked: int = Field(ge=0)
    """SKUs the warehouse was not asked about before the time was over."""
    findings: list[VariantFindingShown]


class SkusChanged(BaseModel):
    """What changed, and how many orders are tried again because of it."""

    changes: list[str]
    woken: int = Field(ge=0)
    message: str
