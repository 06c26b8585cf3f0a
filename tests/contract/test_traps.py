"""Traps of Ankorstore's contract that no other test names; docs/rules/traps.md lists them all."""

import copy
import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from app.active_ants.carriers import CARRIERS
from app.ankorstore import subscriptions, translate, translate_quotes
from app.ankorstore.fields import Fields
from app.contract_check import load_reliance
from app.domain.order import ListedOrder
from app.domain.quoting import choose_quote
from app.jsonapi import parse_document
from app.sentinel import Kind, load_form
from tests.answering import load_recorded

FORM = load_form("ankorstore")


@pytest.mark.parametrize("name", ["order.brand_confirmed", "order.received"])
def test_event_names_that_are_slips_are_not_taken_for_documented(name: str) -> None:
    """They stand in tables only: should one come, it is noted, and nobody subscribes to it."""
    assert not FORM.knows(Kind.EVENT, "event", name)
    offered = FORM.words("webhooksubscription", "events")
    assert name not in offered


def test_no_amount_decides_which_quote_is_ours() -> None:
    """Dearer, cheaper, without an amount: the same quote is chosen."""
    body = load_recorded("ankorstore/quotes")
    chosen = []
    for amount in (1, 807, 10**9, "12.00", None):
        for entry in body["data"]:
            entry["shippingCost"] = {"amount": amount, "currency": "EUR"}
        chosen.append(choose_quote(translate_quotes.read_quotes(body), "ankorstore"))
    assert {getattr(one, "carrier_code", one) for one in chosen} == {"ankorstore"}


NOT_TO_BE_MADE = (
    "/accept",  # deprecated
    "/reject",
    "/ship/custom",  # gone
    "/ship/schedule-pickup",  # for Ankorstore's labels
    "/-actions/update-order-items",
    "/request-fulfillment",  # Ankorstore's own centres
    "/api/v1/operations",  # stock
    "/stock",
    "/prices",
    "/api/v1/me",  # not in the specification
    "/api/testing/",
    "/api/astral/",
)


@pytest.mark.parametrize("part", NOT_TO_BE_MADE)
def test_calls_that_are_not_to_be_made_are_not_made(part: str) -> None:
    """None is among the calls declared, and another test holds those to what is sent."""
    assert not [call.path for call in load_reliance().calls if part in call.path]


def test_the_unit_price_is_that_of_one_unit() -> None:
    """The published line proves it: price times units, not times packs, is its total."""
    (line,) = translate.read_order(parse_document(load_recorded("ankorstore/order"))).lines
    assert line.unit_price_minor is not None
    assert line.unit_price_minor * line.unit_quantity == line.amount_minor
    assert line.unit_price_minor * line.pack_quantity != line.amount_minor


@pytest.mark.parametrize("name", ["webhookUrl", "url"])
def test_the_address_of_a_subscription_under_either_name(name: str) -> None:
    """The specification calls it `webhookUrl`, the guide `url`."""
    body = load_recorded("ankorstore/applications")
    attributes = body["included"][0]["attributes"]
    address = attributes.pop("webhookUrl")
    attributes[name] = address
    (application,) = subscriptions.read_applications(body)
    assert application.subscriptions[0].url == address


def test_the_client_secret_is_not_expected_in_an_answer() -> None:
    """It is shown once, to a person; an application with null for it is a whole one."""
    body = load_recorded("ankorstore/applications")
    assert body["data"]["attributes"]["clientSecret"] is None
    (application,) = subscriptions.read_applications(body)
    assert application.client_id
    declared = [read.path for call in load_reliance().calls for read in call.reads]
    assert not [path for path in declared if "clientSecret" in path]


def test_a_list_tells_nothing_to_decide_by() -> None:
    """What is kept of a list tells who, where it stands and when it changed; nothing to send."""
    assert {field.name for field in dataclasses.fields(ListedOrder)} == {
        "marketplace_order_id",
        "marketplace_reference",
        "status",
        "updated_at",
        "submitted_at",
    }


@pytest.mark.parametrize("page", [{}, {"hasMore": True}, {"hasMore": False}, None])
@pytest.mark.parametrize(
    "link", [None, "https://www.ankorstore.com/api/v1/orders?page%5Bafter%5D=1"]
)
def test_pages_end_where_the_link_ends(page: Any, link: str | None) -> None:
    """`hasMore` is a hint that can lack or be wrong."""
    body: dict[str, Any] = {"data": [], "meta": {"page": page}, "links": {"next": link}}
    assert parse_document(body).next_link == link


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2022-03-31T11:57:13+00:00", datetime(2022, 3, 31, 11, 57, 13, tzinfo=UTC)),
        ("2020-08-27T14:29:15.000000Z", datetime(2020, 8, 27, 14, 29, 15, tzinfo=UTC)),
        ("2022-03-22T23:59:59+02:00", datetime(2022, 3, 22, 21, 59, 59, tzinfo=UTC)),
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
    ],
)
def test_times_in_each_published_form(text: str, at: datetime) -> None:
    """Whole seconds with an offset, microseconds with Z, and a bare day."""
    problems: list[str] = []
    assert Fields("x", {"at": text}, problems).moment("at") == at
    assert problems == []


@pytest.mark.parametrize(
    ("place", "name", "word"),
    [
        ("order", "shippingMethod", "fulfillment"),
        ("order.shippingOverview", "provider", "other"),
        ("trackedPackage.currentStatus", "status", "TRANSIT"),
        ("webhooksubscription", "events", "order.shipping_address_updated"),
    ],
)
def test_values_of_the_text_that_the_specification_lacks_are_known(
    place: str, name: str, word: str
) -> None:
    """What only the text or an example names is documented all the same: no note is made of it."""
    assert FORM.knows(Kind.VALUE, f"{place}.{name}", word)


def test_the_provider_of_a_confirm_says_nothing() -> None:
    """Both published examples name `ups`; whatever it names, the same is read."""
    for recorded in ("confirmation_refund", "confirmation_cost"):
        body = load_recorded(f"ankorstore/{recorded}")
        expected = translate_quotes.read_confirmation(body)
        for provider in ("ups", "custom", None, 7):
            changed = copy.deepcopy(body)
            changed["data"]["provider"] = provider
            assert translate_quotes.read_confirmation(changed) == expected


def test_only_carriers_that_are_recognised_are_named() -> None:
    """Every code the warehouse's methods are turned into is one of the documented eight."""
    documented = FORM.words("order.shippingOverview", "provider") - {"other"}
    assert len(documented) == 8
    assert {code for _, code in CARRIERS} == documented
