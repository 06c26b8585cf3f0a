"""How bundles show in shipments: nobody has told which of three ways is the real one."""

from collections.abc import Callable, Sequence

from app.simulator.active_ants.habits import WarehouseHabits
from app.simulator.active_ants.records import ShippedItem
from app.simulator.active_ants.stockroom import Stockroom


class BundleRows:
    """Writes shipped items as lines of a shipment."""

    def __init__(
        self, habits: WarehouseHabits, stockroom: Stockroom, next_item_id: Callable[[], int]
    ) -> None:
        self._habits = habits
        self._stockroom = stockroom
        self._next_item_id = next_item_id

    def show(self, items: Sequence[ShippedItem]) -> list[ShippedItem]:
        """Return the lines that *items* show as, bundles in the warehouse's habit."""
        return [line for item in items for line in self._lines_of(item)]

    def _lines_of(self, item: ShippedItem) -> list[ShippedItem]:
        made_of = self._stockroom.products[item.sku].parts
        if not made_of:
            return [item]
        parts = [
            ShippedItem(self._next_item_id(), sku, pieces * item.quantity, 0.1, None, None)
            for sku, pieces in made_of.items()
        ]
        item.parts = [{"sku": part.sku, "quantity": part.quantity} for part in parts]
        match self._habits.bundle_rows:
            case "within":
                return [item]
            case "besides":
                return [item, *parts]
            case "instead":
                return parts
