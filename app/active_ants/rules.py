"""What the operator decided about orders for the warehouse; `wiring.py` fills it from settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.domain.packs import PackMode, parse_pack_mode
from app.domain.places import EU_MEMBERS


@dataclass(frozen=True, slots=True)
class MappingRules:
    """
    Every choice that shapes a warehouse order (docs/rules/order-form.md).

    Codes (order type, language, shipping methods) may be given as code or as id.
    """

    order_type: str | None = None
    language: str | None = None
    """Only where neither the country's language nor English is offered."""
    brussels_language: str = "FR"
    shipping_method: str | None = None
    shipping_method_by_country: Mapping[str, str] = field(default_factory=dict)
    order_number_prefix: str = ""
    pack_mode: str | None = None
    """`unit`, `pack` or `factor:n`; None while nobody has confirmed it."""
    pack_mode_by_sku: Mapping[str, str] = field(default_factory=dict)
    """Keyed by the marketplace's SKU."""
    sku_map: Mapping[str, str] = field(default_factory=dict)
    """From the marketplace's SKU to the warehouse's."""
    price_mode: Literal["gross", "net"] = "gross"
    vat_mode: Literal["percent", "fraction", "amount"] = "percent"
    send_prices: bool = True
    channel_name: str = "ankorstore"
    create_on_hold: bool = False
    hold_seconds: float | None = None
    """The cancel window: how long an order is held until the service releases it; None: not."""
    warehouse_id: int | None = None
    fallback_email: str | None = field(default=None, repr=False)
    fallback_phone: str | None = field(default=None, repr=False)
    allowed_countries: tuple[str, ...] = ()
    """Empty: the members of the EU."""
    split_countries: tuple[str, ...] = ()
    """Where street lines are split; empty: everywhere."""

    def pack_mode_of(self, sku: str) -> PackMode | None:
        """Return what was said about this marketplace SKU, None where nothing was."""
        text = self.pack_mode_by_sku.get(sku, self.pack_mode)
        return parse_pack_mode(text) if text else None

    def allows_country(self, country_code: str) -> bool:
        """Tell whether goods may be sent there without asking a person."""
        return self.lists_country(country_code) or (
            not self.allowed_countries and country_code in EU_MEMBERS
        )

    def lists_country(self, country_code: str) -> bool:
        """Tell whether the operator named this country, and so took on its papers."""
        return country_code in _upper(self.allowed_countries)

    def splits_streets_of(self, country_code: str) -> bool:
        """Tell whether the warehouse gets street and number apart for this country."""
        return not self.split_countries or country_code in _upper(self.split_countries)

    def shipping_method_for(self, country_code: str) -> str | None:
        """Return the configured shipping method, None for the warehouse's own choice."""
        by_country = {
            key.strip().upper(): code for key, code in self.shipping_method_by_country.items()
        }
        return by_country.get(country_code) or self.shipping_method


def _upper(codes: tuple[str, ...]) -> set[str]:
    return {code.strip().upper() for code in codes}
