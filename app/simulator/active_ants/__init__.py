"""The simulated warehouse."""

from app.simulator.active_ants.company import SimulatedActiveAnts
from app.simulator.active_ants.habits import WarehouseHabits
from app.simulator.active_ants.records import (
    OrderType,
    Product,
    Shipment,
    ShippingMethod,
    WarehouseOrder,
)

__all__ = [
    "OrderType",
    "Product",
    "Shipment",
    "ShippingMethod",
    "SimulatedActiveAnts",
    "WarehouseHabits",
    "WarehouseOrder",
]
