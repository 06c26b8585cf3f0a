"""The warehouse's settings: the ids a client has to look up before it can order."""

from typing import Any

from app.simulator.active_ants.habits import WarehouseHabits


def settings_document(habits: WarehouseHabits) -> dict[str, Any]:
    """Return every list of ``{id, name, code}``."""
    return {
        "orderTypes": [
            {"id": one.id, "name": one.name or one.code, "code": one.code}
            for one in habits.order_types
        ],
        "languages": [
            {"id": language_id, "name": code, "code": code}
            for code, language_id in habits.languages.items()
        ],
        "countries": [
            {"id": position, "name": code, "code": code}
            for position, code in enumerate(habits.countries, 1)
        ],
        "shippingMethods": [
            {"id": one.id, "name": one.name, "code": one.code} for one in habits.shipping_methods
        ],
        "mainShippingMethods": [
            {
                "id": one.main_id,
                "name": one.name,
                "code": one.code,
                "shippingMethods": [{"id": one.id, "warehouse": "NR"}],
            }
            for one in habits.shipping_methods
        ],
        "returnShippingMethods": [{"id": 1, "name": "PostNL return", "code": "RETURN_NL"}],
        "returnReasons": [
            {"id": 1, "name": "Damaged", "code": "DAMAGED"},
            {"id": 2, "name": "Not wanted", "code": "NOT_WANTED"},
        ],
        "paymentMethods": [{"id": 1, "name": "None", "code": "NONE"}],
    }
