"""
What goes over the wire to Ankorstore: paths, limits and the bodies it accepts.

The bodies are typed as they are sent; building them from the bridge's own words is the task of
`translate.py` and `subscriptions.py`. What Ankorstore sends is read field by field with
`fields.py`, because it adds fields and values without notice and leaves others out.
"""

from datetime import date
from typing import NotRequired, TypedDict

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
ORDERS_PATH = "/api/v1/orders"
QUOTES_PATH = "/api/v1/shipping-quotes"
MASTER_ORDERS_PATH = "/api/v1/master-orders"
APPLICATIONS_PATH = "/api/v1/applications"
SUBSCRIPTIONS_PATH = "/api/v1/webhook-subscriptions"
VARIANTS_PATH = "/api/v1/product-variants"

ORDER_INCLUDE = "retailer,orderItems.productVariant.product"
VARIANT_INCLUDE = "product"
TRACKING_INCLUDE = "shipmentParcel,shippedItems"

MAX_PARCELS = 20
MIN_WEIGHT_KG = "0.001"
MAX_WEIGHT_KG = "30"
MAX_SIDE_CM = 274
MAX_LOT_NUMBER_CHARACTERS = 100
MAX_LENGTH_AND_GIRTH_CM = 400
"""Longest side plus twice the two shorter ones."""


class QuoteParcel(TypedDict):
    """One parcel to be quoted: centimetres and kilograms."""

    length: int
    width: int
    height: int
    kg: float


class QuotesBody(TypedDict):
    """Body of the quotes call; a plain object, no JSON:API resource."""

    parcels: list[QuoteParcel]


class LinkTracking(TypedDict):
    """Tracking told by a link."""

    trackingLink: str


class NumberTracking(TypedDict):
    """Tracking told by a carrier's code and a number."""

    trackingProvider: str
    trackingNumber: str


class ConfirmBody(TypedDict):
    """Body of the confirm call; empty without tracking."""

    tracking: NotRequired[LinkTracking | NumberTracking]


class KeptPacks(TypedDict):
    """How many packs of a line are accepted; 0 removes it."""

    quantity: int


class KeptLine(TypedDict):
    """A line of which fewer packs are accepted than were ordered."""

    id: str
    type: str
    attributes: KeptPacks


class AcceptAttributes(TypedDict):
    """Which lines an accept changes; lines left out are kept whole."""

    orderItems: list[KeptLine]


class RejectAttributes(TypedDict):
    """Why an order is rejected; the text is required with the type OTHER."""

    rejectType: str
    rejectReason: NotRequired[str]


class ResetAttributes(TypedDict):
    """Why a label is taken back."""

    resetType: str


class TransitionData(TypedDict):
    """Which transition an order shall make, and how."""

    type: str
    attributes: NotRequired[AcceptAttributes | RejectAttributes | ResetAttributes]


class TransitionBody(TypedDict):
    """Body of the transition call."""

    data: TransitionData


class TrackingAttributes(TypedDict):
    """Tracking of a shipment as a whole or of one of its parcels."""

    trackingNumber: str | None
    trackingLink: str | None
    status: str


class ShipmentAttributes(TrackingAttributes):
    """Tracking of a shipment, with its carrier."""

    carrier: str


class ShippedItem(TypedDict):
    """Goods of one variant in a parcel, in packs and in single units."""

    productVariantUuid: str
    batchQuantity: int
    unitQuantity: int
    lotNumber: NotRequired[str]
    expiryDate: NotRequired[str]


class ParcelAttributes(TrackingAttributes):
    """Tracking of one parcel, and what is in it where that is known."""

    shippedItems: NotRequired[list[ShippedItem]]


class TrackedParcelData(TypedDict):
    """One parcel, with an id of the caller's choice."""

    type: str
    id: str
    attributes: ParcelAttributes


class ParcelList(TypedDict):
    """The parcels of a shipment."""

    data: list[TrackedParcelData]


class ShipmentRelationships(TypedDict):
    """What belongs to a shipment."""

    shipmentParcel: ParcelList


class ShipmentData(TypedDict):
    """A shipment with its parcels; the id is the caller's choice."""

    type: str
    id: str
    attributes: ShipmentAttributes
    relationships: ShipmentRelationships


class TrackingBody(TypedDict):
    """Body of both calls that write parcel tracking."""

    data: ShipmentData


class PostponeAttributes(TypedDict):
    """The day by which an order leaves at the latest."""

    expected_maximum_shipping_date: str


class PostponeData(TypedDict):
    """A master order of the marketplace's own kind, as it is to be."""

    type: str
    attributes: PostponeAttributes


class PostponeBody(TypedDict):
    """Body of the call that announces a later shipping date."""

    data: PostponeData


def postpone_body(to: date) -> PostponeBody:
    """Return the body that announces *to*."""
    attributes: PostponeAttributes = {"expected_maximum_shipping_date": to.isoformat()}
    return {"data": {"type": "internal-order", "attributes": attributes}}


ACCEPT_BODY: TransitionBody = {"data": {"type": "brand-validates"}}
"""Accepts the order as it stands: leaving the lines out keeps them all."""
RESET_BODY: TransitionBody = {
    "data": {
        "type": "brand-resets-shipping-labels-generation",
        "attributes": {"resetType": "BRAND_SHIPS_WITH_DIFFERENT_CARRIER"},
    }
}
"""Takes a generated label back."""
