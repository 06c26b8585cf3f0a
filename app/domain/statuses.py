"""The marketplace's own words for how an order stands there; others are kept as they come."""

WAITING_STATUS = "ankor_confirmed"
ACCEPTED_STATUS = "brand_confirmed"
LISTED_STATUSES = (WAITING_STATUS, ACCEPTED_STATUS)
LABELS_STATUS = "shipping_labels_generated"
FULFILMENT_STATUS = "fulfillment_requested"
CANCELLED_STATUS = "cancelled"
REJECTED_STATUS = "rejected"
REFUSED_STATUS = "reception_refused"
SHIPPED_STATUSES = frozenset({"shipped", "received", REFUSED_STATUS, "invoiced", "brand_paid"})
OWN_CARRIER = "custom"
"""The shipping method that means the brand's own carrier."""
