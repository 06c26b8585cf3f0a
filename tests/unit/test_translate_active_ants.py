"""The warehouse's order form: what is sent for an order, field by field."""

import json
from dataclasses import replace
from typing import Any

import pytest

from app.active_ants import translate
from app.domain.record import SentLine
from app.errors import NotReady
from app.ports import PreparedOrder
from tests.order_samples import (
    LINE_ID,
    MASTER_ORDER_ID,
    ORDER,
    ORDER_ID,
    REFERENCE,
    RETAILER,
    SETTINGS,
    VARIANT_ID,
    make_line,
    make_order,
    make_rules,
)


def prepare(
    order: Any = ORDER, rules: Any = None, content: Any = SETTINGS, number: str = REFERENCE
) -> PreparedOrder:
    return translate.prepare(order, number, content, rules or make_rules())


def test_a_whole_order() -> None:
    """The example order becomes exactly this form."""
    prepared = prepare()

    assert dict(prepared.payload) == {
        "externalOrderNumber": "3434273911",
        "clientReference": ORDER_ID,
        "extra1": ORDER_ID,
        "extra2": MASTER_ORDER_ID,
        "extra3": "ankorstore",
        "vatNumber": "FR52222470824",
        "partialDelivery": False,
        "onHold": False,
        "email": "test_retailer@example.com",
        "phoneNumber": "+33688615666",
        "currency": "EUR",
        "paymentMethodId": 1,
        "languageId": 1,
        "orderTypeId": 3002,
        "deliveryAddressFirstName": "John",
        "deliveryAddressLastName": "Smith",
        "deliveryAddressExtraName": "TEST RETAILER",
        "deliveryAddressStreet": "Test Street",
        "deliveryAddressHouseNumber": 14,
        "deliveryAddressPostalCode": "3333HC",
        "DeliveryAddressCityName": "DEN HAAG",
        "deliveryAddressCountryIso": "NL",
        "billingAddressFirstName": "Charles",
        "billingAddressLastName": "Attan",
        "billingAddressExtraName": "Jumbo",
        "billingAddressStreet": "Kortricklaan",
        "billingAddressHouseNumber": 101,
        "billingAddressPostalCode": "8121 GW",
        "billingAddressCityName": "Arnhem",
        "billingAddressCountryIso": "NL",
        "orderItems": [
            {
                "sku": "Product-Variant-001",
                "quantity": 12,
                "name": "Example Product - Test Product Variant",
                "price": 3.51,
                "vat": 5.5,
                "extra6": LINE_ID,
                "extra7": VARIANT_ID,
            }
        ],
    }
    assert prepared.external_order_number == REFERENCE
    assert prepared.lines == (SentLine(LINE_ID, "Product-Variant-001", 12, 1),)
    assert prepared.needed() == {"Product-Variant-001": 12}
    assert prepared.warnings == ()


def test_a_bare_order_holds_no_null() -> None:
    """What is not there is left out: the form holds neither null nor an empty field but phone."""
    bare = make_order(
        master_order_id=None,
        ship_to={"organisation": None},
        billing=replace(ORDER.billing, name=None, organisation=None, country_code=None),
        retailer=replace(
            RETAILER, store_name=None, first_name=None, last_name=None, phone=None, vat_number=None
        ),
        lines=(make_line(variant_id=None, product_name=None, variant_name=None),),
    )

    prepared = prepare(bare, make_rules(channel_name=""))

    text = json.dumps(prepared.payload)
    assert "null" not in text
    assert [name for name, value in prepared.payload.items() if value == ""] == ["phoneNumber"]
    assert {"extra2", "extra3", "vatNumber", "deliveryAddressExtraName"}.isdisjoint(
        prepared.payload
    )
    assert prepared.payload["orderItems"] == [
        {
            "sku": "Product-Variant-001",
            "quantity": 12,
            "name": "Product-Variant-001",
            "price": 3.51,
            "vat": 5.5,
            "extra6": LINE_ID,
        }
    ]


# References and numbers.


@pytest.mark.parametrize(
    ("prefix", "reference", "number"),
    [
        ("", "3434273911", "3434273911"),
        ("AK", "3434273911", "AK3434273911"),
        ("AK", " 12 ", "AK12"),
        ("AK", None, None),
        ("AK", " ", None),
    ],
)
def test_external_number(prefix: str, reference: str | None, number: str | None) -> None:
    """The order number is prefix and reference; without a reference there is none."""
    order = make_order(marketplace_reference=reference)
    assert translate.external_number(order, make_rules(order_number_prefix=prefix)) == number


def test_a_number_once_given_is_sent_as_it_is() -> None:
    """The number handed in is sent, whatever prefix and reference would give today."""
    order = make_order(marketplace_reference=None)
    prepared = prepare(order, make_rules(order_number_prefix="AK"), number="3434273911-2")
    assert prepared.payload["externalOrderNumber"] == "3434273911-2"
    assert prepared.external_order_number == "3434273911-2"


# Contact.


def test_mail_falls_back_to_the_brands_own() -> None:
    """A retailer without a mail address is reached through the brand, with a warning."""
    order = make_order(retailer=replace(RETAILER, email=" "))
    prepared = prepare(order, make_rules(fallback_email="brand@example.com"))
    assert prepared.payload["email"] == "brand@example.com"
    assert prepared.warnings == ("email: filled from FALLBACK_EMAIL",)
    own = prepare(rules=make_rules(fallback_email="brand@example.com", fallback_phone="+3120"))
    assert (own.payload["email"], own.payload["phoneNumber"]) == (RETAILER.email, RETAILER.phone)


@pytest.mark.parametrize(
    ("phone", "fallback", "sent", "warnings"),
    [
        (" +33 (6) 88-61 ", None, "+3368861", ()),
        ("06.88 61", None, "068861", ()),
        (None, "+31 20", "+3120", ("phoneNumber: filled from FALLBACK_PHONE",)),
        ("n/a", "", "", ("phoneNumber: empty",)),
        ("+", None, "", ("phoneNumber: empty",)),
    ],
)
def test_phone(
    phone: str | None, fallback: str | None, sent: str, warnings: tuple[str, ...]
) -> None:
    """A phone number keeps its leading plus and its digits; without one it is sent empty."""
    order = make_order(retailer=replace(RETAILER, phone=phone))
    prepared = prepare(order, make_rules(fallback_phone=fallback))
    assert prepared.payload["phoneNumber"] == sent
    assert prepared.warnings == warnings


def test_an_order_without_a_retailer() -> None:
    """The address alone is enough where the brand's own mail is set."""
    prepared = prepare(make_order(retailer=None), make_rules(fallback_email="brand@example.com"))
    assert prepared.payload["deliveryAddressLastName"] == "Smith"
    assert "vatNumber" not in prepared.payload


def test_vat_number_loses_its_blanks() -> None:
    """The VAT number is sent without blanks."""
    order = make_order(retailer=replace(RETAILER, vat_number=" FR 52 222470824 "))
    assert prepare(order).payload["vatNumber"] == "FR52222470824"


# Delivery address.


@pytest.mark.parametrize(
    ("name", "organisation", "first", "last"),
    [
        ("  Anna  van der Berg ", "Shop", "Anna", "van der Berg"),
        ("Cher", "Shop", None, "Cher"),
        ("SHOP", "Shop", "Test", "Retailer"),
        (None, "Shop", "Test", "Retailer"),
        ("test retailer", None, "Test", "Retailer"),
    ],
)
def test_recipient_name(
    name: str | None, organisation: str | None, first: str | None, last: str
) -> None:
    """The first word is the first name; a name that repeats the organisation is no person's."""
    payload = prepare(make_order(ship_to={"name": name, "organisation": organisation})).payload
    assert payload.get("deliveryAddressFirstName") == first
    assert payload["deliveryAddressLastName"] == last


def test_recipient_is_the_organisation_where_nobody_is_named() -> None:
    """Without any person's name the organisation is the last name."""
    retailer = replace(RETAILER, first_name=None, last_name=None)
    payload = prepare(make_order(retailer=retailer, ship_to={"name": None})).payload
    assert "deliveryAddressFirstName" not in payload
    assert payload["deliveryAddressLastName"] == "TEST RETAILER"


@pytest.mark.parametrize(
    ("organisation", "company", "store", "sent"),
    [
        ("At Home", "Company", "Store", "At Home"),
        (" ", "Company", "Store", "Company"),
        (None, None, "Store", "Store"),
        (None, None, None, None),
    ],
)
def test_extra_name(
    organisation: str | None, company: str | None, store: str | None, sent: str | None
) -> None:
    """The extra name is the organisation at the address, else the company, else the store."""
    retailer = replace(RETAILER, company_name=company, store_name=store)
    order = make_order(retailer=retailer, ship_to={"organisation": organisation})
    assert prepare(order).payload.get("deliveryAddressExtraName") == sent


def test_address_parts() -> None:
    """Street, number, addition and extra address go to their own fields; the postcode is tidied."""
    order = make_order(
        ship_to={
            "street": "Wiedner Hauptstr. 45/Stiege 2/Top 10",
            "postal_code": " a-1040 ",
            "city": " Wien ",
            "country_code": " at ",
        }
    )
    payload = prepare(order).payload
    assert {name: value for name, value in payload.items() if "eliveryAddress" in name} == {
        "deliveryAddressFirstName": "John",
        "deliveryAddressLastName": "Smith",
        "deliveryAddressExtraName": "TEST RETAILER",
        "deliveryAddressStreet": "Wiedner Hauptstr.",
        "deliveryAddressHouseNumber": 45,
        "deliveryAddressExtraAddress": "Stiege 2/Top 10",
        "deliveryAddressPostalCode": "1040",
        "DeliveryAddressCityName": "Wien",
        "deliveryAddressCountryIso": "AT",
    }


def test_addition_has_its_own_field() -> None:
    """A short addition is sent as the house number's addition."""
    payload = prepare(make_order(ship_to={"street": "Markt 5a"})).payload
    assert payload["deliveryAddressHouseNumber"] == 5
    assert payload["deliveryAddressHouseNumberAddition"] == "a"


def test_a_country_that_is_not_split() -> None:
    """Outside SPLIT_COUNTRIES the whole line is the street and no number is sent."""
    payload = prepare(rules=make_rules(split_countries=("be", "de"))).payload
    assert payload["deliveryAddressStreet"] == "Test Street 14"
    assert "deliveryAddressHouseNumber" not in payload
    assert payload["billingAddressStreet"] == "Kortricklaan 101"
    listed = prepare(rules=make_rules(split_countries=("nl",))).payload
    assert listed["deliveryAddressHouseNumber"] == 14


def test_a_street_without_a_number_abroad() -> None:
    """Outside NL, BE and DE a street without a number is sent without one."""
    order = make_order(
        ship_to={"street": "Place du 8 Mai 1945", "postal_code": "75001", "country_code": "FR"}
    )
    payload = prepare(order).payload
    assert payload["deliveryAddressStreet"] == "Place du 8 Mai 1945"
    assert "deliveryAddressHouseNumber" not in payload


# Billing address.


@pytest.mark.parametrize("missing", [{"street": None}, {"street": " , "}, {"city": " "}])
def test_billing_is_left_out_whole(missing: dict[str, Any]) -> None:
    """Without street or city there is no billing address at all."""
    payload = prepare(make_order(billing=replace(ORDER.billing, **missing))).payload
    assert [name for name in payload if name.startswith("billing")] == []


def test_billing_name_of_an_organisation_stays_in_one_piece() -> None:
    """A billing name that repeats the organisation is not torn into first and last name."""
    billing = replace(ORDER.billing, name="Blue Door Shop", organisation="blue door shop")
    payload = prepare(make_order(billing=billing)).payload
    assert "billingAddressFirstName" not in payload
    assert payload["billingAddressLastName"] == "Blue Door Shop"


# Choices and ids.


@pytest.mark.parametrize("order_type", [None, "ankorstore", " ANKORSTORE ", "3002"])
def test_order_type(order_type: str | None) -> None:
    """The order type is found by code in any case, by id, or as the only one there is."""
    rules = make_rules(order_type=order_type)
    assert prepare(rules=rules).payload["orderTypeId"] == 3002
    assert translate.order_type_id(SETTINGS, rules) == 3002


@pytest.mark.parametrize(
    ("method", "by_country", "sent"),
    [
        (None, {}, None),
        ("buseu1", {}, 10301),
        ("10400", {}, 10400),
        ("BUSEU1", {"nl": "dpd_cl"}, 10400),
        ("BUSEU1", {"BE": "DPD_CL"}, 10301),
        (None, {"BE": "DPD_CL"}, None),
    ],
)
def test_shipping_method(method: str | None, by_country: dict[str, str], sent: int | None) -> None:
    """The country's shipping method goes before the general one; unset, the warehouse chooses."""
    rules = make_rules(shipping_method=method, shipping_method_by_country=by_country)
    assert prepare(rules=rules).payload.get("shippingMethodId") == sent


@pytest.mark.parametrize(
    ("codes", "configured", "chosen"),
    [
        (("FR", "NL", "EN"), None, "NL"),
        (("FR", "nl"), "FR", "nl"),
        (("FR", "EN"), "FR", "EN"),
        (("DE", "FR"), "fr", "FR"),
        (("DE", "FR"), "2", "FR"),
        (("DE", "FR"), None, "DE"),
    ],
)
def test_language(codes: tuple[str, ...], configured: str | None, chosen: str) -> None:
    """The country's language, else English, else the configured one, else the first offered."""
    languages = [{"id": index, "code": code} for index, code in enumerate(codes, start=1)]
    content = {**SETTINGS, "languages": languages}
    payload = prepare(rules=make_rules(language=configured), content=content).payload
    assert payload["languageId"] == codes.index(chosen) + 1


@pytest.mark.parametrize(("brussels", "language_id"), [("FR", 5), ("NL", 1)])
def test_language_of_brussels(brussels: str, language_id: int) -> None:
    """Brussels gets the language that is set for it."""
    order = make_order(ship_to={"postal_code": "B-1000", "country_code": "BE"})
    payload = prepare(order, make_rules(brussels_language=brussels)).payload
    assert payload["languageId"] == language_id


def test_on_hold_and_warehouse() -> None:
    """Hold and warehouse follow the settings; without one the warehouse is not named."""
    payload = prepare(rules=make_rules(create_on_hold=True, warehouse_id=3)).payload
    assert (payload["onHold"], payload["warehouseId"]) == (True, 3)
    assert "warehouseId" not in prepare().payload
    assert prepare(rules=make_rules(hold_seconds=600.0)).payload["onHold"] is True


# Lengths.


def test_long_texts_are_warned_of_and_never_cut() -> None:
    """Every text above its usual length is sent whole, with a warning that does not quote it."""
    order = make_order(
        ship_to={
            "name": "F" * 41 + " " + "L" * 41,
            "organisation": "O" * 51,
            "street": "S" * 61 + " 12",
            "city": "C" * 41,
        },
        billing=replace(ORDER.billing, city="B" * 41),
        retailer=replace(RETAILER, email="m" * 101, phone="1" * 21),
        lines=(make_line(product_name="P" * 101, variant_name=None),),
    )

    prepared = prepare(order, number="N" * 31)

    assert prepared.warnings == (
        "externalOrderNumber: 31 characters, more than 30",
        "email: 101 characters, more than 100",
        "phoneNumber: 21 characters, more than 20",
        "deliveryAddressFirstName: 41 characters, more than 40",
        "deliveryAddressLastName: 41 characters, more than 40",
        "deliveryAddressExtraName: 51 characters, more than 50",
        "deliveryAddressStreet: 61 characters, more than 60",
        "DeliveryAddressCityName: 41 characters, more than 40",
        "billingAddressCityName: 41 characters, more than 40",
        "name of Product-Variant-001: 101 characters, more than 100",
    )
    assert prepared.payload["deliveryAddressStreet"] == "S" * 61
    assert prepared.payload["orderItems"][0]["name"] == "P" * 101


def test_texts_at_their_limit_are_not_warned_of() -> None:
    """A text of exactly the usual length is fine."""
    order = make_order(ship_to={"city": "C" * 40, "organisation": "O" * 50})
    assert prepare(order).warnings == ()


@pytest.mark.parametrize(
    ("name", "extra_name", "extra_address"),
    [
        ("A" * 24 + " " + "B" * 25, "A" * 24 + " " + "B" * 25, None),
        ("A" * 24 + " " + "B" * 25 + " C", "A" * 24 + " " + "B" * 25, "C"),
        ("A" * 24 + " " + "B" * 26 + " C", "A" * 24, "B" * 26 + " C"),
        ("A" * 51 + " B", "A" * 51 + " B", None),
    ],
)
def test_overlong_extra_name_goes_on_in_the_extra_address(
    name: str, extra_name: str, extra_address: str | None
) -> None:
    """Whole words of a name above 50 characters move to the extra address; no word is broken."""
    payload = prepare(make_order(ship_to={"organisation": name})).payload
    assert payload["deliveryAddressExtraName"] == extra_name
    assert payload.get("deliveryAddressExtraAddress") == extra_address


def test_long_extra_address_is_warned_of() -> None:
    """The extra address has a usual length too."""
    place = {"country_code": "FR", "postal_code": "75001"}
    for length, warnings in (
        (60, ()),
        (61, ("deliveryAddressExtraAddress: 61 characters, more than 60",)),
    ):
        street = "18 rue des Lilas, " + "E" * length
        assert prepare(make_order(ship_to={**place, "street": street})).warnings == warnings


def test_overlong_extra_name_stays_where_the_extra_address_is_taken() -> None:
    """A taken extra address is not mixed with the name: the name stays whole, with a warning."""
    name = "Association des Commerçants Indépendants du Centre Historique"
    street = {"street": "18 rue des Lilas, Bâtiment B", "postal_code": "75001"}
    order = make_order(ship_to={"organisation": name, "country_code": "FR", **street})
    prepared = prepare(order)
    assert prepared.payload["deliveryAddressExtraName"] == name
    assert prepared.payload["deliveryAddressExtraAddress"] == "Bâtiment B"
    assert prepared.warnings == ("deliveryAddressExtraName: 61 characters, more than 50",)


# Readiness.

TWO_TYPES = {
    **SETTINGS,
    "orderTypes": [
        {"id": 1, "name": "Web shop", "code": "WEB"},
        {"id": 2, "name": "Wholesale", "code": None},
    ],
}
OFFERED_METHODS = "it offers: BUSEU1, DPD_CL."


@pytest.mark.parametrize(
    ("content", "changes", "problem"),
    [
        (TWO_TYPES, {}, "ACTIVE_ANTS_ORDER_TYPE: is not set; the warehouse offers: WEB, 2."),
        (
            TWO_TYPES,
            {"order_type": "ANKORSTORE"},
            "ACTIVE_ANTS_ORDER_TYPE: the warehouse does not know 'ANKORSTORE'; it offers: WEB, 2.",
        ),
        (
            {**SETTINGS, "orderTypes": None},
            {},
            "ACTIVE_ANTS_ORDER_TYPE: is not set; the warehouse offers: none.",
        ),
        (
            SETTINGS,
            {"shipping_method": "FAST"},
            f"ACTIVE_ANTS_SHIPPING_METHOD: the warehouse does not know 'FAST'; {OFFERED_METHODS}",
        ),
        (
            SETTINGS,
            {"shipping_method_by_country": {"DE": "FAST"}},
            "SHIPPING_METHOD_BY_COUNTRY, entry DE: the warehouse does not know 'FAST'; "
            + OFFERED_METHODS,
        ),
        (
            {**SETTINGS, "languages": [{"id": 1, "code": "NL"}]},
            {"language": "XX"},
            "ACTIVE_ANTS_LANGUAGE: the warehouse does not know 'XX'; it offers: NL.",
        ),
        (
            {**SETTINGS, "languages": [{"code": "NL"}, "NL"]},
            {},
            "The warehouse's settings hold no language: ask Active Ants to add one.",
        ),
        (
            {**SETTINGS, "countries": []},
            {},
            "The warehouse's settings hold no country: ask Active Ants to add those it ships to.",
        ),
    ],
)
def test_set_up_problems_stop_every_order(
    content: dict[str, Any], changes: dict[str, Any], problem: str
) -> None:
    """A code the warehouse does not know is a matter of the set-up, told with what it offers."""
    rules = make_rules(**changes)

    assert translate.readiness_problems(content, rules) == (problem,)
    with pytest.raises(NotReady) as caught:
        prepare(rules=rules, content=content)
    assert caught.value.detail == problem
    assert caught.value.resolution == f"Correct the setting that is named: {problem}"


def test_order_type_that_cannot_be_resolved() -> None:
    """Reading the feed by order type also needs one, and says which there are."""
    with pytest.raises(NotReady) as caught:
        translate.order_type_id(TWO_TYPES, make_rules())
    assert caught.value.detail == (
        "ACTIVE_ANTS_ORDER_TYPE: is not set; the warehouse offers: WEB, 2."
    )


def test_readiness() -> None:
    """Settings that were never read are a problem; good ones with good codes are none."""
    assert translate.readiness_problems(None, make_rules()) == (
        "The warehouse's settings were never read: check that Active Ants can be reached.",
    )
    assert translate.readiness_problems(SETTINGS, make_rules()) == ()


# Shipping methods' names.


@pytest.mark.parametrize(
    ("method_id", "main_id", "names"),
    [
        ("10301", None, ("Business EU", "BUSEU1", "UPS Standard", "UPS_STD")),
        ("10301", "70", ("Business EU", "BUSEU1", "UPS Standard", "UPS_STD")),
        ("10400", None, ("DPD Classic", "DPD_CL")),
        (None, "70", ("UPS Standard", "UPS_STD")),
        ("6", "2", ("GLS Parcel", "GLS_P")),
        (None, "2", ()),
        ("999", "999", ()),
        (None, None, ()),
    ],
)
def test_method_names(method_id: str | None, main_id: str | None, names: tuple[str, ...]) -> None:
    """Names and codes of the method come first; an id that occurs twice decides nothing alone."""
    assert translate.method_names(SETTINGS, method_id, main_id) == names


@pytest.mark.parametrize(
    ("street", "sent", "warnings"),
    [
        ("12 rue Neuve", {"Street": "rue Neuve", "HouseNumber": 12}, ()),
        ("Rue Neuve 12", {"Street": "Rue Neuve", "HouseNumber": 12}, ()),
        (
            "12 rue Neuve 5",
            {"Street": "12 rue Neuve 5"},
            ("deliveryAddressStreet: sent whole, unsure (several_numbers)",),
        ),
        (
            "C.C. Grand Littoral, Cellule 24",
            {"Street": "C.C. Grand Littoral, Cellule 24"},
            (
                "deliveryAddressStreet: sent whole, unsure (comma_in_street, number_of_unit, "
                "unusual_order)",
            ),
        ),
    ],
)
def test_a_guess_is_not_sent_where_no_number_is_needed(
    street: str, sent: dict[str, Any], warnings: tuple[str, ...]
) -> None:
    """An unsure line goes to the label as it was written, with a warning that does not quote it."""
    order = make_order(ship_to={"street": street, "country_code": "FR", "postal_code": "75001"})

    prepared = prepare(order)

    named = {f"deliveryAddress{name}": value for name, value in sent.items()}
    members = ("Street", "HouseNumber", "HouseNumberAddition", "ExtraAddress")
    shown = {f"deliveryAddress{name}" for name in members}
    assert {key: prepared.payload[key] for key in shown & set(prepared.payload)} == named
    assert prepared.warnings == warnings
    assert prepare(order, make_rules(split_countries=("NL",))).warnings == ()
