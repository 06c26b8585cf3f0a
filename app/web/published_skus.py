"""What the service's OpenAPI says of its answers about SKUs."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.domain.signing import one_line
from app.web.published import ANONYMOUS


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
    by: Annotated[str, AfterValidator(one_line)] = Field(ANONYMOUS, min_length=1, max_length=100)


class SkusChanged(BaseModel):
    """What changed, and how many orders are tried again because of it."""

    changes: list[str]
    woken: int = Field(ge=0)
    message: str
