"""
Reading an order the way the warehouse binds it: strict about types, blind to the case of names.

Members are those of the published table. Whether an id or a SKU exists is asked elsewhere.
"""

import re
from typing import Any

from app.simulator.active_ants.envelopes import NotOk
from app.simulator.active_ants.records import OrderedItem

STRINGS = frozenset(
    [
        "externalordernumber",
        "extrareference",
        "actioncode",
        "preferredshippingdate",
        "email",
        "phonenumber",
        "currency",
        "vatnumber",
        "clientreference",
        "extra1",
        "extra2",
        "extra3",
        "extra4",
        "extra5",
    ]
)
ADDRESS_STRINGS = [
    "firstname",
    "insertion",
    "lastname",
    "extraname",
    "postalcode",
    "housenumberaddition",
    "street",
    "cityname",
    "region",
    "countryiso",
    "extraaddress",
]
PREFIXES = ("deliveryaddress", "billingaddress")
INTEGERS = (
    "paymentmethodid",
    "shippingmethodid",
    "languageid",
    "ordertypeid",
    "warehouseid",
    "deliveryaddresshousenumber",
    "billingaddresshousenumber",
)
BOOLEANS = ("partialdelivery", "onhold")
REQUIRED = (
    "externalordernumber",
    "paymentmethodid",
    "deliveryaddresslastname",
    "deliveryaddresspostalcode",
    "deliveryaddressstreet",
    "deliveryaddresscountryiso",
    "languageid",
    "ordertypeid",
    "orderitems",
)
HOUSE_NUMBER_COUNTRIES = frozenset({"NL", "BE", "DE"})
EXTERNAL_NUMBER_LENGTH_MIN = 3


def check_order(members: dict[str, Any]) -> None:
    """Refuse members of a wrong type, and required ones that are missing."""
    for prefix in PREFIXES:
        for name in ADDRESS_STRINGS:
            _check_type(members, prefix + name, str)
    for name in STRINGS:
        _check_type(members, name, str)
    for name in INTEGERS:
        _check_type(members, name, int)
    for name in BOOLEANS:
        _check_type(members, name, bool)
    for name in REQUIRED:
        if members.get(name) in (None, "", []):
            raise NotOk(f"The field {name} is required.")
    if len(members["externalordernumber"]) < EXTERNAL_NUMBER_LENGTH_MIN:
        raise NotOk("The field externalordernumber must have at least 3 characters.")


def read_items(members: dict[str, Any]) -> list[OrderedItem]:
    """Return the items of an order."""
    items = members["orderitems"]
    if not isinstance(items, list):
        raise NotOk("The field orderitems must be a list.")
    read = []
    for item in items:
        if not isinstance(item, dict):
            raise NotOk("The field orderitems must be a list of objects.")
        for name in ("sku", "name", "extra6", "extra7"):
            _check_type(item, name, str)
        _check_type(item, "quantity", int)
        for name in ("price", "vat"):
            if isinstance(item.get(name), bool) or not isinstance(
                item.get(name, 0), int | float | None
            ):
                raise NotOk(f"The value of {name} is not valid.")
        if not item.get("sku") or item.get("quantity") is None:
            raise NotOk("The fields sku and quantity of an order item are required.")
        if item["quantity"] < 1:
            raise NotOk("The quantity of an order item must be at least 1.")
        read.append(
            OrderedItem(item["sku"], item["quantity"], item.get("extra6"), item.get("extra7"))
        )
    return read


def is_shippable(members: dict[str, Any]) -> bool:
    """
    Say whether the address has the house number its country needs.

    An order without one is taken all the same, but marked Not Valid and never shipped.
    """
    if members["deliveryaddresscountryiso"].upper() not in HOUSE_NUMBER_COUNTRIES:
        return True
    if members.get("deliveryaddresshousenumber") is not None:
        return True
    return re.search(r"\d", members["deliveryaddressstreet"]) is not None


def _check_type(members: dict[str, Any], name: str, wanted: type) -> None:
    value = members.get(name)
    is_odd_bool = isinstance(value, bool) and wanted is not bool
    if value is not None and (is_odd_bool or not isinstance(value, wanted)):
        raise NotOk(f"The value of {name} is not valid.")
