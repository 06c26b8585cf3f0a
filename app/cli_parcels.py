"""The commands `antbridge orders …` about what was sent: parcels, partial shipments, labels."""

from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Annotated

import typer

from app.cli_database import OrderText, ReasonText
from app.cli_orders import _decide
from app.domain.shipment import ParcelSize
from app.settings import parse_sides
from app.store.decisions_shipping import agree_parcels, ask_label_reset, confirm_partial


def confirm_partial_command(order: OrderText, reason: ReasonText) -> None:
    """Confirm what was sent as it is; what follows only becomes tracking."""
    _decide(order, confirm_partial, reason)


def parcels_command(
    order: OrderText,
    reason: ReasonText,
    kg: Annotated[
        list[str] | None, typer.Option(help="Weight of a parcel, once for each parcel.")
    ] = None,
    cm: Annotated[
        list[str] | None,
        typer.Option(help="LxWxH of a parcel: once for all of them, or once for each."),
    ] = None,
    as_reckoned: Annotated[
        bool, typer.Option("--as-reckoned", help="The parcels as the service reckons them.")
    ] = False,
) -> None:
    """Say what the parcels of an order really weigh and measure, before it is confirmed."""
    if as_reckoned == bool(kg or cm):
        raise typer.BadParameter("use --as-reckoned, or --kg and --cm")
    parcels = None if as_reckoned else _parcels_of(kg or [], cm or [])
    _decide(order, partial(agree_parcels, parcels=parcels), reason)


def reset_label_command(order: OrderText, reason: ReasonText) -> None:
    """Take Ankorstore's label back and have the order confirmed with the brand's carrier."""
    _decide(order, ask_label_reset, reason)


def _parcels_of(weights: list[str], sizes: list[str]) -> tuple[ParcelSize, ...]:
    """Return the parcels given; one size serves them all."""
    if not weights or len(sizes) not in (1, len(weights)):
        raise typer.BadParameter("give --kg for each parcel, and --cm once or for each parcel")
    if len(sizes) == 1:
        sizes = sizes * len(weights)
    return tuple(
        ParcelSize(*_sides_of(size), _kilograms_of(weight))
        for weight, size in zip(weights, sizes, strict=True)
    )


def _sides_of(text: str) -> tuple[int, int, int]:
    try:
        return parse_sides(text)
    except ValueError as error:
        raise typer.BadParameter(f"--cm {text}: {error}; for example --cm 40x30x20") from None


def _kilograms_of(text: str) -> Decimal:
    try:
        weight_kg = Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"--kg {text}: is no number; for example --kg 4.2") from None
    if not weight_kg.is_finite():
        raise typer.BadParameter(f"--kg {text}: is no weight; for example --kg 4.2")
    return weight_kg
