"""Ankorstore's documents in the bridge's own words, and back."""

import copy
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ankorstore import translate, translate_quotes, translate_tracking
from app.ankorstore.fields import MAX_PROBLEMS
from app.domain.order import ListedOrder, MarketplaceOrder, ShownTracking
from app.domain.shipment import (
    ParcelSize,
    ParcelTracking,
    QuoteConfirmation,
    TrackedGoods,
    TrackedParcel,
    Tracking,
)
from app.jsonapi import UnreadableDocument, parse_document
from tests.answering import load_recorded
from tests.unit.test_jsonapi import JSON_VALUES


def recorded_order() -> Any:
    return load_recorded("ankorstore/order")


def read(body: Any) -> MarketplaceOrder:
    return translate.read_order(parse_document(body))


def included(body: Any, kind: str) -> Any:
    return next(each for each in body["included"] if each["type"] == kind)


def test_the_published_order_is_read_whole() -> None:
    order = read(recorded_order())

    assert order.marketplace_order_id == "1ecb023e-7ec0-6d5c-a477-0242ac170009"
    assert order.marketplace_reference == "3434273911"
    assert order.master_order_id == "52d7c518-b820-41af-9cc4-59dae40f2c73"
    assert (order.status, order.shipping_method) == ("brand_confirmed", None)
    assert order.available_shipping_methods == ("custom", "ankorstore")
    assert order.currency == "EUR"
    assert order.ship_to.name == "John Smith"
    assert order.ship_to.organisation == "TEST RETAILER"
    assert order.ship_to.street == "Test Street 14"
    assert order.ship_to.postal_code == "3333HC"
    assert (order.ship_to.city, order.ship_to.country_code) == ("DEN HAAG", "NL")
    assert order.billing.organisation == "Jumbo"
    assert order.billing.street == "Kortricklaan 101"
    assert order.retailer is not None
    assert order.retailer.retailer_id == "3b656e82-0260-1ecb-9e4c-0242ac170007"
    assert (order.retailer.company_name, order.retailer.store_name) == (None, "TEST RETAILER")
    assert order.retailer.email == "test_retailer@example.com"
    assert order.retailer.phone == "+33688615666"
    assert order.submitted_at == datetime(2022, 3, 15, 10, 5, 9, tzinfo=UTC)
    assert order.updated_at == datetime(2022, 3, 31, 11, 57, 13, tzinfo=UTC)
    assert order.ship_from_at == datetime(2022, 3, 18, tzinfo=UTC)
    assert order.ship_by_at == datetime(2022, 3, 30, 23, 59, 59, tzinfo=UTC)
    assert order.cancellation_request_reason is None
    assert (order.amount_minor, order.amount_vat_minor, order.amount_with_vat_minor) == (
        3996,
        220,
        4216,
    )
    assert (order.tracking, order.problems) == (None, ())


def test_the_published_line_is_read_whole() -> None:
    """Twelve units in one pack: both counts are taken as they are."""
    (line,) = read(recorded_order()).lines

    assert line.line_id == "62b263a8-00e1-1ecb-98d2-0242ac170007"
    assert line.variant_id == "2171bdc1-fa01-44fa-9342-d99bd1c2befa"
    assert line.sku == "Product-Variant-001"
    assert (line.product_name, line.variant_name) == ("Example Product", "Test Product Variant")
    assert (line.pack_quantity, line.unit_quantity, line.unit_multiplier) == (1, 12, 12)
    assert (line.currency, line.unit_price_minor) == ("EUR", 333)
    assert (line.amount_minor, line.amount_vat_minor, line.amount_with_vat_minor) == (
        3996,
        220,
        4216,
    )
    assert line.vat_rate == Decimal("5.5")
    assert (line.available_at, line.is_archived) == (None, False)


def test_the_published_answer_to_a_transition_is_read() -> None:
    """It lacks the master order and the lines."""
    order = read(load_recorded("ankorstore/transition_answer"))

    assert (order.status, order.master_order_id, order.lines) == ("brand_confirmed", None, ())
    assert order.problems == ("relationships.orderItems: missing",)


def test_personal_data_is_in_no_repr() -> None:
    text = repr(read(recorded_order()))
    for word in ("John", "Smith", "Test Street", "test_retailer@", "+336", "3333HC", "Kortrick"):
        assert word not in text


def test_units_are_never_worked_out_from_packs() -> None:
    """An edited line is one custom batch whose units are no multiple of the pack."""
    body = recorded_order()
    included(body, "order-items")["attributes"].update(quantity=1, multipliedQuantity=7)

    (line,) = read(body).lines

    assert (line.pack_quantity, line.unit_quantity, line.unit_multiplier) == (1, 7, 12)


def test_the_other_spelling_of_the_types_reads_the_same() -> None:
    body = recorded_order()
    renames = {
        "orders": "order",
        "retailers": "retailer",
        "order-items": "orderItem",
        "product-variants": "productVariant",
        "products": "product",
    }
    renamed = copy.deepcopy(body)
    for resource in [renamed["data"], *renamed["included"]]:
        resource["type"] = renames[resource["type"]]

    assert read(renamed) == read(body)


def test_unknown_fields_and_values_are_kept_or_ignored() -> None:
    """New fields do no harm, and a status nobody knows stays what it is."""
    body = recorded_order()
    body["data"]["attributes"].update(
        status="teleported", shippingMethod="drone", brandNew={"deep": [1]}
    )
    body["data"]["attributes"]["shippingOverview"]["availableShippingMethods"].append("drone")
    body["included"].append({"type": "billing-items", "id": "x"})

    order = read(body)

    assert (order.status, order.shipping_method) == ("teleported", "drone")
    assert order.available_shipping_methods == ("custom", "ankorstore", "drone")
    assert order.problems == ()


def test_nulls_everywhere_are_no_problem() -> None:
    body = recorded_order()
    attributes = body["data"]["attributes"]
    body["data"]["attributes"] = dict.fromkeys(attributes) | {"status": "x"}
    for resource in body["included"]:
        if resource["type"] != "order-items":
            resource["attributes"] = dict.fromkeys(resource["attributes"])

    order = read(body)

    assert order.problems == ()
    assert (order.marketplace_reference, order.available_shipping_methods) == (None, None)
    (line,) = order.lines
    assert (line.sku, line.unit_multiplier, line.product_name) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("reference", 1.5, "attributes.reference: unexpected number"),
        ("reference", ["7"], "attributes.reference: unexpected list"),
        ("masterOrderId", 7, "attributes.masterOrderId: unexpected number"),
        ("brandCurrency", {}, "attributes.brandCurrency: unexpected object"),
        ("submittedAt", "yesterday", "attributes.submittedAt: no time"),
        ("submittedAt", 1653381780, "attributes.submittedAt: no time"),
        ("submittedAt", "0001-01-01T00:00:00+14:00", "attributes.submittedAt: no time"),
        ("brandTotalAmount", True, "attributes.brandTotalAmount: unexpected flag"),
        ("brandTotalAmount", 10**16, "attributes.brandTotalAmount: number too large"),
        ("brandTotalAmount", 1.5, "attributes.brandTotalAmount: unexpected number"),
        ("billingCity", 7, "attributes.billingCity: unexpected number"),
        ("shippingOverview", "x", "attributes.shippingOverview: unexpected text"),
        ("shippingMethod", ["custom"], "attributes.shippingMethod: unexpected list"),
        ("billingStreet", "x" * 3000, "attributes.billingStreet: text too long, cut"),
    ],
)
def test_a_field_of_a_wrong_kind_is_a_problem_and_nothing_worse(
    field: str, value: Any, problem: str
) -> None:
    """The problem names the path and the kind, never the value."""
    body = recorded_order()
    body["data"]["attributes"][field] = value

    order = read(body)

    assert order.problems == (problem,)
    assert order.status == "brand_confirmed"


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        (None, 1),
        ("twelve", 2),
        (-1, 2),
        (1.5, 2),
        ([], 2),
    ],
)
def test_a_line_without_a_usable_quantity_counts_nothing_and_says_so(
    value: Any, problems: int
) -> None:
    body = recorded_order()
    included(body, "order-items")["attributes"]["multipliedQuantity"] = value

    order = read(body)

    assert order.lines[0].unit_quantity == 0
    assert len(order.problems) == problems
    assert order.problems[-1].endswith("multipliedQuantity: no usable quantity")


def test_digits_in_a_text_are_a_number() -> None:
    body = recorded_order()
    included(body, "order-items")["attributes"].update(
        quantity="2", multipliedQuantity=24.0, vatRate="21.00", brandAmount="7992"
    )
    body["data"]["attributes"]["reference"] = "3434273911"

    order = read(body)

    (line,) = order.lines
    assert (line.pack_quantity, line.unit_quantity) == (2, 24)
    assert (line.vat_rate, line.amount_minor) == (Decimal("21.00"), 7992)
    assert (order.marketplace_reference, order.problems) == ("3434273911", ())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "x", True, [], 10**400])
def test_a_rate_that_is_no_number_is_a_problem(value: Any) -> None:
    body = recorded_order()
    included(body, "order-items")["attributes"]["vatRate"] = value

    order = read(body)

    assert order.lines[0].vat_rate is None
    assert len(order.problems) == 1


def test_a_variant_under_the_plural_name_is_found() -> None:
    body = recorded_order()
    item = included(body, "order-items")
    link = item["relationships"].pop("productVariant")
    item["relationships"]["productVariants"] = {"data": [link["data"]]}

    assert read(body).lines[0].sku == "Product-Variant-001"


def test_a_line_without_its_variant_says_so() -> None:
    body = recorded_order()
    body["included"] = [each for each in body["included"] if each["type"] != "product-variants"]

    order = read(body)

    assert (order.lines[0].variant_id, order.lines[0].sku) == (None, None)
    assert order.problems == (
        "orderItems[62b263a8-00e1-1ecb-98d2-0242ac170007].productVariant: not included",
    )


def test_a_line_that_is_not_included_is_not_lost_silently() -> None:
    body = recorded_order()
    body["data"]["relationships"]["orderItems"]["data"].append(
        {"type": "order-items", "id": "62b263a8-00e1-1ecb-98d2-0242ac170099"}
    )

    order = read(body)

    assert len(order.lines) == 1
    assert order.problems == ("orderItems: 1 of 2 not included",)


def test_lines_are_found_without_their_relationship() -> None:
    body = recorded_order()
    del body["data"]["relationships"]

    order = read(body)

    assert len(order.lines) == 1
    assert order.retailer is not None
    assert order.problems == ()


def test_a_retailer_that_is_not_included_is_nobody() -> None:
    body = recorded_order()
    body["included"] = [each for each in body["included"] if each["type"] != "retailers"]
    assert read(body).retailer is None


@pytest.mark.parametrize("sku", [None, "", " "])
def test_a_barcode_never_stands_in_for_a_sku(sku: str | None) -> None:
    body = recorded_order()
    variant = included(body, "product-variants")["attributes"]
    assert variant["ian"]
    variant["sku"] = sku

    assert not (read(body).lines[0].sku or "").strip()


def test_pre_orders_and_archived_variants_show() -> None:
    body = recorded_order()
    included(body, "product-variants")["attributes"].update(
        availableAt="2026-05-01", archivedAt="2026-01-01T00:00:00.000000Z"
    )

    (line,) = read(body).lines

    assert line.available_at == datetime(2026, 5, 1, tzinfo=UTC)
    assert line.is_archived


@pytest.mark.parametrize(
    ("tracking", "expected"),
    [
        (None, None),
        ({"number": "", "link": ""}, None),
        ({"number": "1Z", "link": None}, ShownTracking("1Z", None)),
        ({"number": 123, "link": "https://a"}, ShownTracking("123", "https://a")),
    ],
)
def test_the_tracking_shown_may_be_empty(tracking: Any, expected: Any) -> None:
    body = recorded_order()
    body["data"]["attributes"]["shippingOverview"]["tracking"] = tracking
    assert read(body).tracking == expected


@pytest.mark.parametrize(
    ("reason", "expected"), [(None, None), ("", None), ("x", "x"), ({"a": 1}, "(object)")]
)
def test_a_wish_to_cancel_shows_whatever_its_form(reason: Any, expected: Any) -> None:
    """A warning sign of an unexpected kind is still a warning sign."""
    body = recorded_order()
    body["data"]["attributes"]["retailerCancellationRequestReason"] = reason
    assert read(body).cancellation_request_reason == expected


def test_the_deadline_is_the_updated_one_where_there_is_one() -> None:
    body = recorded_order()
    dates = body["data"]["attributes"]["shippingOverview"]["expectedShippingDates"]
    dates["updatedMaximum"] = None
    assert read(body).ship_by_at == datetime(2022, 3, 22, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("attributes", [{}, {"status": None}, {"status": 7}, {"status": ""}, None])
def test_an_order_without_a_status_is_no_order(attributes: Any) -> None:
    with pytest.raises(UnreadableDocument):
        read({"data": {"type": "orders", "id": "1", "attributes": attributes}})


def test_an_order_without_an_id_is_no_order() -> None:
    with pytest.raises(UnreadableDocument):
        read({"data": {"type": "orders", "attributes": {"status": "shipped"}}})


@given(st.data())
def test_no_value_in_any_field_breaks_the_reading(data: st.DataObject) -> None:
    """Whatever stands in whatever field, the order is read, its problems are few and short."""
    body = recorded_order()
    resource = data.draw(st.sampled_from([body["data"], *body["included"]]))
    name = data.draw(st.sampled_from([name for name in resource["attributes"] if name != "status"]))
    resource["attributes"][name] = data.draw(JSON_VALUES | st.floats())

    order = read(body)

    assert order.status == "brand_confirmed"
    assert len(order.problems) <= MAX_PROBLEMS


@given(
    st.lists(st.tuples(st.text(min_size=1), st.integers(0, 999), st.integers(0, 9999)), max_size=6)
)
def test_skus_and_units_come_through_whole(lines: list[tuple[str, int, int]]) -> None:
    """Every line of the answer is a line of the order, with its SKU and its counts."""
    items, resources = [], []
    for number, (sku, packs, units) in enumerate(lines):
        items.append({"type": "order-items", "id": f"item-{number}"})
        link = {"data": {"type": "product-variants", "id": f"variant-{number}"}}
        counts = {"quantity": packs, "multipliedQuantity": units}
        resources += [
            {**items[-1], "attributes": counts, "relationships": {"productVariant": link}},
            {"type": "product-variants", "id": f"variant-{number}", "attributes": {"sku": sku}},
        ]
    order = read(
        {
            "data": {
                "type": "orders",
                "id": "1",
                "attributes": {"status": "x"},
                "relationships": {"orderItems": {"data": items}},
            },
            "included": resources,
        }
    )

    assert sum(line.unit_quantity for line in order.lines) == sum(units for _, _, units in lines)
    assert [line.pack_quantity for line in order.lines] == [packs for _, packs, _ in lines]
    printable = [(sku.strip() or None) for sku, _, _ in lines if sku.isprintable()]
    assert [
        line.sku for line, given in zip(order.lines, lines, strict=True) if given[0].isprintable()
    ] == printable


def test_a_listed_order_tells_little() -> None:
    (resource,) = parse_document(load_recorded("ankorstore/order_list")).primary

    assert translate.read_listed_order(resource, listed_status="x") == ListedOrder(
        marketplace_order_id="123e4567-e89b-12d3-a456-426614174000",
        marketplace_reference="3434273911",
        status="ankor_confirmed",
        updated_at=datetime(2022, 3, 31, 11, 56, 1, tzinfo=UTC),
        submitted_at=datetime(2022, 3, 17, 13, 19, 33, tzinfo=UTC),
    )


def test_a_listed_order_without_a_status_stands_where_it_was_listed() -> None:
    (resource,) = parse_document({"data": {"id": "1"}}).primary
    listed = translate.read_listed_order(resource, listed_status="ankor_confirmed")
    assert listed is not None
    assert listed.status == "ankor_confirmed"


def test_a_listed_order_without_an_id_is_none() -> None:
    (resource,) = parse_document({"data": {"attributes": {"status": "x"}}}).primary
    assert translate.read_listed_order(resource, listed_status="x") is None


# Shipping.


def parcel(length: int = 40, width: int = 30, height: int = 20, kg: str = "4.2") -> ParcelSize:
    return ParcelSize(length, width, height, Decimal(kg))


def test_parcels_are_quoted_in_centimetres_and_kilograms() -> None:
    body = translate_quotes.quotes_body([parcel(), parcel(kg="0.001")])
    assert body == {
        "parcels": [
            {"length": 40, "width": 30, "height": 20, "kg": 4.2},
            {"length": 40, "width": 30, "height": 20, "kg": 0.001},
        ]
    }


@pytest.mark.parametrize(
    ("parcels", "refusal"),
    [
        ([], "parcels_missing"),
        ([parcel()], None),
        ([parcel()] * 20, None),
        ([parcel()] * 21, "too_many_parcels"),
        ([parcel(kg="30")], None),
        ([parcel(kg="30.001")], "parcel_too_heavy"),
        ([parcel(kg="0.001")], None),
        ([parcel(kg="0.0009")], "parcel_weight_unusable"),
        ([parcel(kg="0")], "parcel_weight_unusable"),
        ([parcel(kg="NaN")], "parcel_weight_unusable"),
        ([parcel(274, 1, 1)], None),
        ([parcel(1, 1, 275)], "parcel_too_large"),
        ([parcel(200, 50, 50)], None),
        ([parcel(50, 200, 51)], "parcel_too_large"),
        ([parcel(0)], "parcel_size_unusable"),
        ([parcel(), parcel(kg="31")], "parcel_too_heavy"),
    ],
)
def test_the_limits_of_a_quote_are_known(parcels: list[ParcelSize], refusal: str | None) -> None:
    """One to twenty parcels, 0.001 to 30 kg, sides to 274 cm, length and girth to 400 cm."""
    assert translate_quotes.parcels_refusal(parcels) == refusal


@pytest.mark.parametrize(
    ("pointers", "code"),
    [
        (("shipping.parcels.0.kg",), "parcel_too_heavy"),
        (("field", "shipping.parcels.12.length"), "parcel_too_large"),
        (("shipping.parcels.3",), "parcel_too_large"),
        (("parcels.0.width",), "parcel_too_large"),
        (("field",), ""),
        ((), ""),
    ],
)
def test_a_refused_request_for_quotes_tells_which_limit(
    pointers: tuple[str, ...], code: str
) -> None:
    assert translate_quotes.quotes_refusal_code(pointers) == code


def test_the_published_quotes_are_read() -> None:
    ups, own = translate_quotes.read_quotes(load_recorded("ankorstore/quotes"))

    assert (ups.quote_id, ups.carrier_code) == ("1edd47df-b91a-68b0-b517-52e73cd28d4f", "ups")
    assert (ups.service_code, ups.collection_methods) == ("11", ("pickup", "drop-off"))
    assert (ups.amount_minor, ups.currency) == (807, "EUR")
    assert (own.quote_id, own.carrier_code) == (
        "1efcd179-5753-6ee0-91a4-72a6c4e49e6a",
        "ankorstore",
    )
    assert (own.service_code, own.collection_methods) == ("", ())
    assert (own.amount_minor, own.currency) == (1006, "EUR")


@pytest.mark.parametrize(
    ("changes", "service_code", "methods"),
    [
        ({"serviceCode": None, "collectionMethod": None}, "", ()),
        ({"serviceCode": 11}, "11", ()),
        ({"serviceCode": 0}, "0", ()),
        ({"serviceCode": {}}, "(object)", ()),
        ({"serviceCode": []}, "(list)", ()),
        ({"collectionMethod": "pickup"}, "", ("pickup",)),
        ({"collectionMethod": {"pickup": True}}, "", ("(object)",)),
        ({"collectionMethod": [{"name": "pickup"}]}, "", ("(list)",)),
        ({"collectionMethod": [7, "pickup"]}, "", ("pickup",)),
        ({"shippingCost": "x"}, "", ()),
    ],
)
def test_a_service_of_an_unexpected_kind_never_reads_as_none(
    changes: dict[str, Any], service_code: str, methods: tuple[str, ...]
) -> None:
    """An empty service is what marks the brand's own carrier, so nothing else may look empty."""
    quote = load_recorded("ankorstore/quotes")["data"][1] | changes
    (read_quote,) = translate_quotes.read_quotes({"data": [quote]})
    assert (read_quote.service_code, read_quote.collection_methods) == (service_code, methods)


def test_quotes_without_an_id_or_a_carrier_cannot_be_chosen() -> None:
    data: list[Any] = [{"quoteUuid": "1"}, {"carrierCode": "ups"}, None, 7, {}]
    assert translate_quotes.read_quotes({"data": data}) == ()


@pytest.mark.parametrize("body", [{}, [], {"data": {}}, {"data": None}, {"data": "x"}])
def test_an_answer_without_a_list_holds_no_quotes(body: Any) -> None:
    with pytest.raises(UnreadableDocument):
        translate_quotes.read_quotes(body)


@pytest.mark.parametrize(
    ("tracking", "body"),
    [
        (None, {}),
        (
            Tracking(link="https://track.example/1?a=b"),
            {"tracking": {"trackingLink": "https://track.example/1?a=b"}},
        ),
        (
            Tracking(carrier_code="ups", number="1Z999AA10123456784"),
            {"tracking": {"trackingProvider": "ups", "trackingNumber": "1Z999AA10123456784"}},
        ),
    ],
)
def test_a_confirm_holds_one_form_of_tracking_or_none(
    tracking: Tracking | None, body: dict[str, Any]
) -> None:
    assert translate_quotes.confirm_body(tracking) == body


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            load_recorded("ankorstore/confirmation_refund")["data"],
            QuoteConfirmation("€12.00", None),
        ),
        (load_recorded("ankorstore/confirmation_cost")["data"], QuoteConfirmation(None, "€12.00")),
        ({}, QuoteConfirmation(None, None)),
        ({"refund": None, "shippingCost": ""}, QuoteConfirmation(None, None)),
        ({"refund": 12.5}, QuoteConfirmation("12.5", None)),
        ({"shippingCost": {"amount": 12}}, QuoteConfirmation(None, "(object)")),
    ],
)
def test_a_confirmation_shows_a_refund_or_a_cost(data: Any, expected: QuoteConfirmation) -> None:
    assert translate_quotes.read_confirmation({"data": data}) == expected


@pytest.mark.parametrize("body", [None, {}, {"data": None}, {"data": []}, {"data": "x"}])
def test_an_answer_without_an_object_confirms_nothing(body: Any) -> None:
    with pytest.raises(UnreadableDocument):
        translate_quotes.read_confirmation(body)


TRACKING = ParcelTracking(
    tracking_id="0b7f1c1e-4a2f-4f0b-9d35-1a1f3e6c1c11",
    carrier="ups",
    tracking_number="1Z999AA10123456784",
    tracking_link=None,
    status="TRANSIT",
    parcels=(
        TrackedParcel(
            "7c9d1f60-2a3b-5e1c-8b1f-5d7d3c9b0a01",
            "1Z999AA10123456784",
            None,
            "TRANSIT",
            goods=(
                TrackedGoods(
                    "2171bdc1-fa01-44fa-9342-d99bd1c2befa", 1, 12, "T5113A", date(2026, 10, 1)
                ),
            ),
        ),
        TrackedParcel(
            "7c9d1f60-2a3b-5e1c-8b1f-5d7d3c9b0a02", "1Z999AA10123456785", None, "TRANSIT"
        ),
    ),
)


def test_the_published_tracking_is_read() -> None:
    tracking = translate_tracking.read_tracking(
        parse_document(load_recorded("ankorstore/tracking"))
    )

    assert tracking == ParcelTracking(
        tracking_id="0b7f1c1e-4a2f-4f0b-9d35-1a1f3e6c1c11",
        carrier="ups",
        tracking_number="1Z999AA10123456784",
        tracking_link="https://www.ups.com/track?tracknum=1Z999AA10123456784",
        status="TRANSIT",
        parcels=(
            TrackedParcel(
                "7c9d1f60-2a3b-5e1c-8b1f-5d7d3c9b0a01",
                "1Z999AA10123456784",
                "https://www.ups.com/track?tracknum=1Z999AA10123456784",
                "TRANSIT",
            ),
        ),
    )


def test_goods_in_a_parcel_are_read() -> None:
    body = load_recorded("ankorstore/tracking")
    parcel_id = "7c9d1f60-2a3b-5e1c-8b1f-5d7d3c9b0a01"
    whole = {
        "parcelId": parcel_id,
        "productVariantId": "2171bdc1-fa01-44fa-9342-d99bd1c2befa",
        "batchQuantity": 1,
        "unitQuantity": 12,
        "lotNumber": "T5113A",
        "expiryDate": "2026-10-01",
    }
    kind = "shipping-shipment-shipped-item"
    body["included"] += [
        {"type": kind, "id": "a", "attributes": whole},
        {"type": kind, "id": "b", "attributes": whole | {"parcelId": "other"}},
        {"type": kind, "id": "c", "attributes": whole | {"unitQuantity": None}},
    ]

    tracking = translate_tracking.read_tracking(parse_document(body))

    assert tracking is not None
    assert tracking.parcels[0].goods == TRACKING.parcels[0].goods


@pytest.mark.parametrize("data", [None, []])
def test_no_tracking_is_none(data: Any) -> None:
    assert translate_tracking.read_tracking(parse_document({"data": data})) is None


def test_a_tracking_of_nulls_keeps_its_ids() -> None:
    """Parcels keep their ids, which is what a later change needs."""
    tracking = translate_tracking.read_tracking(
        parse_document(
            {
                "data": {
                    "id": "t",
                    "attributes": {"carrier": None, "status": None},
                    "relationships": {"shipmentParcel": {"data": [{"id": "p"}, {}]}},
                }
            }
        )
    )
    assert tracking == ParcelTracking(
        "t", None, None, None, "UNKNOWN", (TrackedParcel("p", None, None, "UNKNOWN"),)
    )


def test_a_tracking_without_an_id_is_unreadable() -> None:
    with pytest.raises(UnreadableDocument):
        translate_tracking.read_tracking(parse_document({"data": {"attributes": {}}}))


def test_tracking_is_written_in_the_published_form() -> None:
    """As the published example, less the sizes, of which only estimates exist."""
    expected = load_recorded("ankorstore/tracking_body")
    for each in expected["data"]["relationships"]["shipmentParcel"]["data"]:
        for estimate in ("length", "width", "height", "weight"):
            each["attributes"].pop(estimate, None)

    assert translate_tracking.tracking_body(TRACKING) == expected


def test_a_carrier_nobody_knows_is_called_other() -> None:
    tracking = ParcelTracking("t", None, None, "https://a.example", "TRANSIT")
    body = translate_tracking.tracking_body(tracking)
    assert body["data"]["attributes"]["carrier"] == "other"


def test_a_long_lot_number_is_cut() -> None:
    goods = TrackedGoods("v", 1, 1, "L" * 150, None)
    one = TrackedParcel("p", None, None, "TRANSIT", (goods,))
    body = translate_tracking.tracking_body(ParcelTracking("t", None, None, None, "x", (one,)))
    (item,) = body["data"]["relationships"]["shipmentParcel"]["data"][0]["attributes"][
        "shippedItems"
    ]
    assert item == {
        "productVariantUuid": "v",
        "batchQuantity": 1,
        "unitQuantity": 1,
        "lotNumber": "L" * 100,
    }
