"""Documents and errors of JSON:API, tidy and untidy."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jsonapi import (
    MAX_DETAIL_CHARACTERS,
    MAX_ERRORS_READ,
    READ_HEADERS,
    WRITE_HEADERS,
    ErrorText,
    UnreadableDocument,
    clean_text,
    normalise_id,
    normalise_type,
    parse_document,
    parse_errors,
)
from tests.answering import load_recorded

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)


def test_the_headers_are_those_of_json_api() -> None:
    """A wrong Accept is answered 406, a wrong Content-Type 415."""
    assert dict(READ_HEADERS) == {"Accept": "application/vnd.api+json"}
    assert dict(WRITE_HEADERS) == {
        "Accept": "application/vnd.api+json",
        "Content-Type": "application/vnd.api+json",
    }


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["orders", "order", "Orders", "ORDER"], "order"),
        (["order-items", "orderItems", "order-item"], "orderitem"),
        (["product-variants", "productVariant"], "productvariant"),
        (["retailers", "retailer"], "retailer"),
        (["external-orders"], "externalorder"),
        (["", None, 7, ["orders"], "s", "-"], ""),
    ],
)
def test_types_are_one_whatever_their_spelling(names: list[object], expected: str) -> None:
    assert {normalise_type(name) for name in names} == {expected}


def test_a_document_holds_its_resource_and_what_it_includes() -> None:
    document = parse_document(load_recorded("ankorstore/order"))

    order = document.one()
    assert (order.type, order.id) == ("order", "1ecb023e-7ec0-6d5c-a477-0242ac170009")
    assert order.attributes["reference"] == 3434273911
    assert order.related_ids("orderItems") == ("62b263a8-00e1-1ecb-98d2-0242ac170007",)
    assert order.related_ids("billingItems") is None
    assert {each.type for each in document.included.values()} == {
        "retailer",
        "orderitem",
        "productvariant",
        "product",
    }


def test_included_resources_are_found_by_id_alone() -> None:
    """The type under the relationship may be spelt otherwise than on the resource."""
    document = parse_document(
        {
            "data": {"id": "1", "relationships": {"x": {"data": {"type": "things", "id": "2"}}}},
            "included": [{"type": "otherThing", "id": "2", "attributes": {"a": 1}}],
        }
    )

    (related,) = document.one().related_ids("x") or ()
    assert document.included[related].attributes == {"a": 1}


@pytest.mark.parametrize(
    ("relationship", "expected"),
    [
        ({"data": {"id": "a"}}, ("a",)),
        ({"data": [{"id": "a"}, {"id": "b"}]}, ("a", "b")),
        ({"data": [{"id": 7}, {"id": None}, {}, "x", None]}, ("7", "", "")),
        ({"data": []}, ()),
        ({"data": None}, ()),
        ({}, None),
        (None, None),
        ("x", None),
    ],
)
def test_a_relationship_may_hold_one_many_or_nothing(relationship: Any, expected: Any) -> None:
    document = parse_document({"data": {"id": "1", "relationships": {"x": relationship}}})
    assert document.one().related_ids("x") == expected


def test_data_may_be_an_object_a_list_or_null() -> None:
    assert len(parse_document({"data": {"id": "1"}}).primary) == 1
    assert len(parse_document({"data": [{"id": "1"}, {"id": "2"}, 3, None]}).primary) == 2
    assert parse_document({"data": None}).primary == ()


@pytest.mark.parametrize("body", [None, [], "x", 7, {}, {"errors": []}, {"data": 7}, {"data": "x"}])
def test_a_body_that_is_no_document_is_refused(body: Any) -> None:
    with pytest.raises(UnreadableDocument):
        parse_document(body)


@pytest.mark.parametrize("data", [None, [], [{"id": "1"}, {"id": "2"}]])
def test_one_resource_is_neither_none_nor_two(data: Any) -> None:
    with pytest.raises(UnreadableDocument):
        parse_document({"data": data}).one()


def test_parts_of_an_unexpected_kind_read_as_absent() -> None:
    document = parse_document(
        {
            "data": {"type": 7, "id": {}, "attributes": [], "relationships": "x"},
            "included": {"a": 1},
            "links": [],
        }
    )
    resource = document.one()
    assert (resource.type, resource.id, dict(resource.attributes)) == ("", "", {})
    assert (dict(document.included), document.next_link) == ({}, None)


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ({"next": "https://a/b"}, "https://a/b"),
        ({"next": {"href": "https://a/b"}}, "https://a/b"),
        ({"next": None}, None),
        ({"next": ""}, None),
        ({"next": 7}, None),
        ({"first": "https://a/b"}, None),
        (None, None),
    ],
)
def test_the_next_page_is_a_text_or_an_object(links: Any, expected: str | None) -> None:
    assert parse_document({"data": [], "links": links}).next_link == expected


@given(JSON_VALUES, JSON_VALUES, JSON_VALUES)
def test_no_document_breaks_the_parser(data: Any, included: Any, links: Any) -> None:
    """Whatever JSON comes, it is a document or is refused as none."""
    body = {"data": data, "included": included, "links": links}
    try:
        document = parse_document(body)
    except UnreadableDocument:
        return
    for resource in document.primary:
        resource.related_ids("x")


def test_an_error_shows_its_code_and_words() -> None:
    body = json.dumps(load_recorded("ankorstore/transition_refused")).encode()

    assert parse_errors(body) == ErrorText(
        code="ORDER_ACTION_TRANSITION_FAILED",
        detail="Order cannot be transitioned using brand-validates from this state",
    )


def test_several_errors_show_together_with_the_fields_they_point_at() -> None:
    body = json.dumps(load_recorded("ankorstore/quotes_refused")).encode()

    error = parse_errors(body)

    assert error.code == ""
    assert error.pointers[:3] == ("field", "shipping.parcels.0", "shipping.parcels.0.kg")
    assert error.detail.startswith("field: The field is required.; shipping.parcels.0: The package")
    assert len(error.detail) <= MAX_DETAIL_CHARACTERS


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", ErrorText()),
        (b"<html>Bad gateway</html>", ErrorText()),
        (b"\xff\xfe", ErrorText()),
        (b"[" * 100_000, ErrorText()),
        (b"[]", ErrorText()),
        (b"null", ErrorText()),
        (b'{"errors": "no"}', ErrorText()),
        (b'{"errors": [7, null]}', ErrorText()),
        (b'{"errors": [{}]}', ErrorText()),
        (b'{"message": "Unauthenticated."}', ErrorText(detail="Unauthenticated.")),
        (b'{"errors": [{"title": "Not found"}]}', ErrorText(detail="Not found")),
        (b'{"errors": [{"code": 42, "detail": 7}]}', ErrorText(code="42", detail="7")),
        (b'{"errors": [{"source": {"pointer": "a.b"}}]}', ErrorText("", "a.b", ("a.b",))),
        (b'{"errors": [{"source": "a.b", "code": ["x"]}]}', ErrorText()),
        (b'{"errors": [{"code": ""}, {"code": "SECOND"}]}', ErrorText(code="SECOND")),
        (b'{"errors": [{"detail": "a\\u0000b\\n\\ud800c"}]}', ErrorText(detail="a b  c")),
    ],
)
def test_every_form_of_an_error_is_read(body: bytes, expected: ErrorText) -> None:
    assert parse_errors(body) == expected


def test_an_error_is_kept_short() -> None:
    """A peer that answers a book fills no row of ours."""
    book = {
        "errors": [{"code": "C" * 9999, "detail": "d" * 9999, "source": {"pointer": "p" * 9999}}]
    }
    book["errors"] *= 100

    error = parse_errors(json.dumps(book).encode())

    assert len(error.detail) == MAX_DETAIL_CHARACTERS
    assert len(error.code) == 100
    assert [len(pointer) for pointer in error.pointers] == [100] * MAX_ERRORS_READ


def test_no_error_text_shows_in_a_repr() -> None:
    assert "Jane" not in repr(ErrorText(detail="Jane Doe, Street 1"))


def test_ids_are_one_whatever_their_case() -> None:
    """A UUID is normalised; an id of another kind is left as it is."""
    upper = "1ECB023E-7EC0-6D5C-A477-0242AC170009"
    assert normalise_id(upper) == upper.lower()
    assert normalise_id("Order-7A") == "Order-7A"


@given(st.text(st.characters(codec=None)))
def test_clean_text_can_be_stored_anywhere(text: str) -> None:
    cleaned = clean_text(text)
    assert "\x00" not in cleaned
    cleaned.encode()
