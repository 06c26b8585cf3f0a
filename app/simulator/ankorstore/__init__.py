"""The simulated marketplace."""

from app.simulator.ankorstore.company import SimulatedAnkorstore
from app.simulator.ankorstore.habits import AnkorstoreHabits
from app.simulator.ankorstore.records import Address, Order, OrderedLine, Retailer

__all__ = [
    "Address",
    "AnkorstoreHabits",
    "Order",
    "OrderedLine",
    "Retailer",
    "SimulatedAnkorstore",
]
