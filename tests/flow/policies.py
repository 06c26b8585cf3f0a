"""Policies for flow tests, and what the simulated marketplace was asked in its answers."""

from pathlib import Path
from typing import Any

from app.simulator import Order
from tests.flow.world import World

TRANSITION = "POST */-actions/transition"


def write_policy(folder: Path, text: str) -> str:
    """Write a policy file and return its path."""
    path = folder / "policy.toml"
    path.write_text(text, "utf-8")
    return str(path)


def rule(reason: str, **keys: Any) -> str:
    """Return a rule as the file has it."""
    lines = [f"[reason.{reason}]"]
    lines += [
        f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}"
        for key, value in keys.items()
    ]
    return "\n".join(lines) + "\n"


def answers(world: World) -> list[dict[str, Any]]:
    """Return the `data` of every answer that reached the marketplace."""
    return [call.json()["data"] for call in world.ankorstore.calls_to(TRANSITION)]


def placed_units(world: World, order: Order) -> dict[str, int]:
    """Return what stands at the warehouse for *order*, by line."""
    (placed,) = world.active_ants.orders_numbered(str(order.reference))
    return {str(item.extra6): item.quantity for item in placed.items}


def accepted_units(order: Order) -> dict[str, int]:
    """Return what the marketplace shows of *order*, by line."""
    return {line.id: line.units for line in order.lines}
