"""
What the contract leaves open about the marketplace, as switches a test can turn.

The defaults are the readings held most likely.
"""

from dataclasses import dataclass
from typing import Literal

SPEC_EVENTS = (
    "order.brand_created",
    "order.brand_accepted",
    "order.brand_rejected",
    "order.shipping_labels_generated",
    "order.shipped",
    "order.shipment_received",
    "order.shipment_refused",
    "order.brand_paid",
    "order.cancelled",
)


@dataclass(slots=True)
class AnkorstoreHabits:
    """The habits of the simulated marketplace. They may be changed while it runs."""

    #: Spelling of resource types: in "mixed" about one order in four is written in the singular.
    type_names: Literal["plural", "singular", "mixed"] = "mixed"
    transition_answer_lacks_master_order_id: bool = True
    #: What a reject leads to; the documentation shows both.
    rejected_status: Literal["rejected", "cancelled"] = "rejected"
    variant_relationship: Literal["productVariant", "productVariants"] = "productVariant"
    signature_header: Literal["signature", "X-Ankorstore-Hmac-SHA256"] = "signature"
    signature_encoding: Literal["hex", "base64"] = "hex"
    page_limit_default: int = 15
    page_limit_max: int = 50
    #: A page[limit] above the maximum is refused with 400, or quietly lowered.
    refuses_large_pages: bool = False
    newest_first: bool = True
    requests_per_minute: int | None = 600
    requests_per_hour: int | None = 24_000
    requests_per_day: int | None = 288_000
    tokens_per_hour: int | None = 60
    token_seconds: int = 3600
    #: Time between confirming a carrier quote and its label.
    label_seconds: float = 5.0
    #: Which form of a subscription is understood; the other one is refused with 422.
    subscription_form: Literal["spec", "guide"] = "spec"
    #: Whether a list of subscriptions tells their secrets; the answer to a create always does.
    lists_signing_secrets: bool = True
    offered_events: tuple[str, ...] = SPEC_EVENTS
    testing_order_status: Literal["ankor_confirmed", "brand_confirmed"] = "ankor_confirmed"
    #: Parcel tracking on a master order: allowed at all, and may a PATCH add parcels?
    allows_parcel_tracking: bool = True
    patch_adds_parcels: bool = True
    confirm_creates_tracking: bool = False
    #: Whether the confirm of the brand's own carrier shows in the order's status.
    shows_confirms: bool = True
