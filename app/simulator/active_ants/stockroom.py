"""The stock of the warehouse, and the calls that read it."""

from collections.abc import Iterable
from typing import Any

from app.simulator.active_ants.envelopes import NotOk, ok, read_members
from app.simulator.active_ants.habits import WarehouseHabits
from app.simulator.active_ants.not_found import answer_not_found
from app.simulator.active_ants.records import Product
from app.simulator.exchange import Answer, Ask
from app.simulator.routes import Routes


class Stockroom:
    """Products by SKU, what can be sold and what lies on the shelf."""

    def __init__(self, products: Iterable[Product], habits: WarehouseHabits) -> None:
        self.products = {product.sku: product for product in products}
        self._habits = habits
        for product in self.products.values():
            if product.physical is None:
                product.physical = product.stock

    def add_routes(self, routes: Routes) -> None:
        """Put the calls on the table."""
        routes.add("GET", "/v2/stock/get/{sku}", self.read_stock)
        routes.add("GET", "/v2/stock/bulk/{all}", self.read_bulk)
        routes.add("GET", "/v2/product/search", self.search_product)
        routes.add("POST", "/v2/product/search", self.search_product)

    def set_stock(self, sku: str, stock: int) -> Product:
        """Set what can be sold and what lies there; adds the product if it is new."""
        product = self.products.setdefault(sku, Product(sku))
        product.stock = product.physical = stock
        product.is_flagged = True
        return product

    def reserve(self, sku: str, quantity: int) -> None:
        """Take what was ordered out of what can be sold; that may go below zero."""
        product = self.products[sku]
        product.stock -= quantity
        product.is_flagged = True

    def take(self, sku: str, quantity: int) -> None:
        """Take what was shipped off the shelf."""
        product = self.products[sku]
        product.physical = (product.physical or 0) - quantity
        product.is_flagged = True

    def can_pick(self, wanted: Iterable[tuple[str, int]]) -> bool:
        """Say whether everything wanted lies on the shelf."""
        return all((self.products[sku].physical or 0) >= quantity for sku, quantity in wanted)

    def read_stock(self, ask: Ask) -> Answer:
        """Answer the figures of one SKU."""
        product = self.products.get(ask.parts[0])
        if product is None:
            return answer_not_found(self._habits, "Product could not be found.")
        return ok("Stock found.", _stock_row(product))

    def read_bulk(self, ask: Ask) -> Answer:
        """Answer all products, or those flagged as changed; the flag is used up by that."""
        which = ask.parts[0].lower()
        if which not in ("true", "false"):
            raise NotOk("The request is invalid.", 400)
        chosen = [one for one in self.products.values() if which == "true" or one.is_flagged]
        if which == "false":
            for product in chosen:
                product.is_flagged = False
        return ok(f"Found {len(chosen)} products.", [_stock_row(product) for product in chosen])

    def search_product(self, ask: Ask) -> Answer:
        """Answer one product by SKU, else by barcode."""
        given = read_members(ask) if ask.method == "POST" else ask.query
        wanted = {name.lower(): value for name, value in given.items()}
        product = self.products.get(str(wanted.get("sku")))
        if product is None and wanted.get("barcode") and not wanted.get("sku"):
            matching = (one for one in self.products.values() if one.barcode == wanted["barcode"])
            product = next(matching, None)
        if product is None:
            return answer_not_found(self._habits, "Product could not be found.")
        return ok("Product found.", _product_result(product))


def _product_result(product: Product) -> dict[str, Any]:
    return {
        "sku": product.sku,
        "barcode": product.barcode,
        "weight": product.weight_kg,
        "costPrice": None,
        "minTHT": None,
    }


def _stock_row(product: Product) -> dict[str, Any]:
    physical = product.physical or 0
    return {
        "sku": product.sku,
        "name": product.name or product.sku,
        "stock": product.stock,
        "thts": [],
        "freeStock": product.stock,
        "economicStock": product.stock + product.expected,
        "availableStock": product.stock,
        "physicalStock": physical,
        "unavailableStock": 0,
        "expectedStock": product.expected,
    }
