"""
Both companies as small, honest, stateful servers.

For the demo, the tests and a user's own sandbox. They keep their own state, refuse what the real
ones refuse, and know nothing of the bridge between them.
"""

from app.simulator.active_ants import (
    OrderType,
    Product,
    Shipment,
    ShippingMethod,
    SimulatedActiveAnts,
    WarehouseHabits,
    WarehouseOrder,
)
from app.simulator.ankorstore import (
    Address,
    AnkorstoreHabits,
    Order,
    OrderedLine,
    Retailer,
    SimulatedAnkorstore,
)
from app.simulator.exchange import Call
from app.simulator.faults import Fault, FaultPlan, Faults
from app.simulator.profiles import instant_companies
from app.simulator.serving import ServedCompanies, serve_companies

__all__ = [
    "Address",
    "AnkorstoreHabits",
    "Call",
    "Fault",
    "FaultPlan",
    "Faults",
    "Order",
    "OrderType",
    "OrderedLine",
    "Product",
    "Retailer",
    "ServedCompanies",
    "Shipment",
    "ShippingMethod",
    "SimulatedActiveAnts",
    "SimulatedAnkorstore",
    "WarehouseHabits",
    "WarehouseOrder",
    "instant_companies",
    "serve_companies",
]
