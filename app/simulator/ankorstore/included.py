"""The resources that travel with an order when a caller asks to include them."""

from collections.abc import Iterable

from app.simulator.ankorstore.documents import Document, Spelled, type_name, write_micro_time
from app.simulator.ankorstore.records import Order, OrderLine, Retailer, Variant


def included_resources(
    order: Order, paths: Iterable[str], variant_relationship: str = "productVariant"
) -> list[Document]:
    """Return what *paths* ask for, each resource once."""
    wanted = set(paths)
    found: dict[str, Document] = {}
    if "retailer" in wanted:
        found[order.retailer.id] = retailer_resource(order, order.retailer)
    if "billingItems" in wanted:
        found[order.billing_item_id] = billing_item_resource(order)
    for line in order.lines:
        if any(path.startswith("orderItems") for path in wanted):
            found[line.id] = line_resource(order, line, variant_relationship)
        if any(path.startswith("orderItems.productVariant") for path in wanted):
            found[line.variant.id] = variant_resource(order, line.variant)
        if "orderItems.productVariant.product" in wanted:
            found[line.variant.product_id] = product_resource(order, line.variant)
    return list(found.values())


def retailer_resource(order: Order, retailer: Retailer) -> Document:
    """Return the buyer; the marketplace has no phone number anywhere else."""
    return {
        "type": type_name(order, "retailers"),
        "id": retailer.id,
        "attributes": {
            "companyName": retailer.company_name,
            "storeName": retailer.store_name,
            "storeUrl": None,
            "email": retailer.email,
            "firstName": retailer.first_name,
            "lastName": retailer.last_name,
            "taxNumber": retailer.tax_number,
            "vatNumber": retailer.vat_number,
            "eoriNumber": None,
            "phoneNumberE164": retailer.phone_number,
            "businessIdentifier": retailer.tax_number,
            "createdAt": write_micro_time(retailer.created_at),
            "updatedAt": write_micro_time(retailer.created_at),
        },
    }


def billing_item_resource(order: Order) -> Document:
    """Return the marketplace's fee."""
    fee = sum(line.amount_minor for line in order.lines) * 15 // 100
    return {
        "type": "billing-items",
        "id": order.billing_item_id,
        "attributes": {
            "type": "brand_platform_fees",
            "currency": order.currency,
            "vatRate": 0.0,
            "currencyRate": 1.0,
            "amount": fee,
            "amountVat": 0,
            "amountWithVat": fee,
            "createdAt": write_micro_time(order.created_at),
            "updatedAt": write_micro_time(order.updated_at),
        },
    }


def line_resource(order: Order, line: OrderLine, variant_relationship: str) -> Document:
    """Return an order item."""
    variant = {"type": type_name(order, "product-variants"), "id": line.variant.id}
    return {
        "type": "order-items",
        "id": line.id,
        "attributes": {
            "brandCurrency": order.currency,
            "quantity": line.packs,
            "multipliedQuantity": line.units,
            "vatRate": line.vat_rate,
            "brandAmount": line.amount_minor,
            "brandAmountVat": line.vat_minor,
            "brandAmountWithVat": line.amount_minor + line.vat_minor,
            "brandUnitPrice": line.unit_price_minor,
            "createdAt": write_micro_time(line.created_at),
            "updatedAt": write_micro_time(order.updated_at),
        },
        "relationships": {variant_relationship: {"data": variant}},
    }


def variant_resource(order: Spelled, variant: Variant) -> Document:
    """Return a product variant."""
    pack_price = variant.unit_price_minor * variant.unit_multiplier
    available = max(0, variant.stock_quantity - variant.reserved_quantity)
    return {
        "type": type_name(order, "product-variants"),
        "id": variant.id,
        "attributes": {
            "name": variant.name,
            "sku": variant.sku,
            "ian": f"87{int(variant.id[:8], 16):011d}",
            "createdAt": write_micro_time(variant.created_at),
            "updatedAt": write_micro_time(variant.created_at),
            "archivedAt": write_micro_time(variant.archived_at),
            "retailPrice": pack_price * 2,
            "wholesalePrice": pack_price,
            "originalWholesalePrice": pack_price,
            "availableQuantity": available,
            "reservedQuantity": variant.reserved_quantity,
            "stockQuantity": variant.stock_quantity,
            "isAlwaysInStock": variant.is_always_in_stock,
            "inventoryPolicy": "deny",
            "fulfillableId": None,
            "images": [],
        }
        | ({"availableAt": f"{variant.available_at:%Y-%m-%d}"} if variant.available_at else {}),
        "relationships": {
            "product": {"data": {"type": type_name(order, "products"), "id": variant.product_id}}
        },
    }


def product_resource(order: Spelled, variant: Variant) -> Document:
    """Return the product of a variant, which carries the pack size."""
    pack_price = variant.unit_price_minor * variant.unit_multiplier
    return {
        "type": type_name(order, "products"),
        "id": variant.product_id,
        "attributes": {
            "name": variant.name,
            "language": "en",
            "dimensions": "",
            "netWeight": "100G",
            "capacity": "",
            "unitMultiplier": variant.unit_multiplier,
            "vatRate": variant.vat_rate,
            "discountRate": 0.0,
            "active": variant.archived_at is None,
            "outOfStock": variant.stock_quantity <= 0,
            "archived": variant.archived_at is not None,
            "retailPrice": pack_price * 2,
            "wholesalePrice": pack_price,
            "originalWholesalePrice": pack_price,
            "createdAt": write_micro_time(variant.created_at),
            "updatedAt": write_micro_time(variant.created_at),
            "images": [],
            "tags": [],
        },
    }
