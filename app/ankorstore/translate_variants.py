"""Product variants of Ankorstore's catalogue in the bridge's own words."""

from app.ankorstore.fields import Fields
from app.domain.catalogue import Variant
from app.jsonapi import Document, Resource


def read_variant(document: Document, resource: Resource) -> Variant | None:
    """Return one variant with its product's pack; None where it does not even tell its id."""
    if not resource.id:
        return None
    variant = Fields("attributes", resource.attributes, [])
    ids = resource.related_ids("product") or ()
    included = next((document.included[one] for one in ids if one in document.included), None)
    product = Fields("product", included.attributes if included else None, [])
    return Variant(
        variant_id=resource.id,
        sku=variant.text_or_number("sku"),
        name=product.text("name") or variant.text("name"),
        unit_multiplier=product.count("unitMultiplier") or None,
        is_archived=variant.has("archivedAt"),
    )
