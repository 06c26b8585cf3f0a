"""What a company sends beyond its documentation is noted by name, and nothing personal with it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from app.active_ants.client import ActiveAntsWarehouse
from app.active_ants.rules import MappingRules
from app.ankorstore.client import AnkorstoreMarketplace
from app.ankorstore.webhook import read_event
from app.errors import Rejected
from app.metrics import CONTRACT_SIGHTINGS
from app.sentinel import Kind, Sightings, Watch, load_form
from app.sentinel.sightings import MAX_NAMES_PER_PLACE, OTHER, is_presentable
from tests.answering import AnsweringPeer, load_recorded
from tests.fake_clock import FakeClock

PERSONAL = ("j.smith@shop.example", "John Smith", "+31612345678", "1ecb023e-7ec0-6d5c-a477")
RECORDED = {
    "order": None,
    "order_list": None,
    "transition_answer": None,
    "transition_refused": None,
    "quotes": "quote",
    "quotes_refused": None,
    "quote_unknown": None,
    "confirmation_refund": "confirmation",
    "confirmation_cost": "confirmation",
    "tracking": None,
    "applications": None,
    "subscription_created": None,
    "webhook_events": "eventName",
}


class Post:
    """A watch and its notebook."""

    def __init__(self, company: str = "ankorstore") -> None:
        self.sightings = Sightings(company, FakeClock())
        self.watch = Watch(load_form(company), self.sightings)

    @property
    def seen(self) -> set[tuple[str, str, str]]:
        return {(one.kind, one.place, one.name) for one in self.sightings.drain()}

    def look_at(self, document: Any, **how: Any) -> set[tuple[str, str, str]]:
        self.watch.look_at_document(document, "read order", **how)
        return self.seen


@pytest.fixture
def post() -> Post:
    return Post()


def order(**attributes: Any) -> dict[str, Any]:
    return {"data": {"type": "orders", "id": "1", "attributes": attributes}}


@pytest.mark.parametrize("name", RECORDED)
def test_what_is_documented_is_not_noted(name: str, post: Post) -> None:
    """Every recorded answer of Ankorstore passes without a note."""
    assert post.look_at(load_recorded(f"ankorstore/{name}"), data_place=RECORDED[name]) == set()


def test_a_new_field_is_noted_by_name_and_kind(post: Post) -> None:
    """A field of an order, of an object in it, of the document, and a relationship."""
    body = order(loyaltyLevel=3, shippingOverview={"depot": None})
    body["extra"] = []
    body["data"]["relationships"] = {"gifts": {"data": []}}

    post.watch.look_at_document(body, "read order")

    told = {(one.kind, one.place, one.name): one.example for one in post.sightings.drain()}
    assert told == {
        (Kind.FIELD, "answer", "extra"): "read order: a list",
        (Kind.FIELD, "order", "loyaltyLevel"): "read order: a number",
        (Kind.FIELD, "order", "gifts"): "read order: an object",
        (Kind.FIELD, "order.shippingOverview", "depot"): "read order: nothing",
    }


@pytest.mark.parametrize(
    ("body", "data_place", "expected"),
    [
        (order(status="on_hold"), None, ("order.status", "on_hold")),
        (order(shippingMethod="drone"), None, ("order.shippingMethod", "drone")),
        (
            order(shippingOverview={"availableShippingMethods": ["custom", "pigeon"]}),
            None,
            ("order.shippingOverview.availableShippingMethods", "pigeon"),
        ),
        ({"data": [{"carrierCode": "postnl"}]}, "quote", ("quote.carrierCode", "postnl")),
        ({"data": {"type": "wishes", "id": "1"}}, None, ("resource.type", "wishe")),
        ({"errors": [{"code": "TOO_LATE"}]}, None, ("error.code", "TOO_LATE")),
    ],
)
def test_a_new_value_is_noted(
    body: Any, data_place: str | None, expected: tuple[str, str], post: Post
) -> None:
    """A word that is not among those documented is noted with the field it stands in."""
    assert post.look_at(body, data_place=data_place) == {(Kind.VALUE, *expected)}


@pytest.mark.parametrize("status", [None, "", "brand_confirmed", 7, {"a": 1}])
def test_what_is_no_new_word_is_no_new_value(status: Any, post: Post) -> None:
    """Null, nothing, a known word, and what is no text at all."""
    assert post.look_at(order(status=status)) == set()


def test_a_new_event_is_noted(post: Post) -> None:
    """The type of a delivery is noted as an event; a documented one is not."""
    body = order(status="shipped") | {"meta": {"event": {"id": "e-1", "type": "order.flown"}}}
    event = read_event(json.dumps(body).encode(), post.watch)
    assert event.event_type == "order.flown"
    assert post.seen == {(Kind.EVENT, "event", "order.flown")}

    body["meta"]["event"]["type"] = "order.shipped"
    read_event(json.dumps(body).encode(), post.watch)
    assert post.seen == set()


def test_the_warehouses_names_count_in_any_case() -> None:
    """Active Ants binds names in any case, so a spelling is no news; a new name is."""
    post = Post("active_ants")
    post.watch.look("shipment", [{"ID": 1, "ExternalOrderNumber": "1", "Pallets": 2}], "list")
    post.watch.look("shipment", {"shippedColli": [{"colloNr": "1", "sscc": "0"}]}, "list")
    post.watch.look("shipment", {"currentTrackTraceStatus": "lost"}, "list")
    assert post.seen == {
        (Kind.FIELD, "shipment", "pallets"),
        (Kind.FIELD, "shipment.collo", "sscc"),
        (Kind.VALUE, "shipment.currenttracktracestatus", "lost"),
    }


@pytest.mark.parametrize("text", PERSONAL)
def test_nothing_personal_is_kept(text: str, post: Post) -> None:
    """A name, address or number in place of a word or of a field's name is counted, not kept."""
    body = order(status=text, note=text, **{text: text})
    with capture_logs() as logs:
        post.watch.look_at_document(body, "read order")
        seen = post.sightings.drain()
    assert {(one.kind, one.place, one.name) for one in seen} == {
        (Kind.VALUE, "order.status", OTHER),
        (Kind.FIELD, "order", OTHER),
        (Kind.FIELD, "order", "note"),
    }
    assert text not in repr(seen) + repr(logs)


@pytest.mark.parametrize(
    ("kind", "name", "is_kept"),
    [
        (Kind.FIELD, "phoneNumberE164", True),
        (Kind.FIELD, "expected_maximum_shipping_date", True),
        (Kind.FIELD, "order-1234567", False),
        (Kind.FIELD, "x" * 65, False),
        (Kind.VALUE, "PRE_TRANSIT", True),
        (Kind.VALUE, "BUSEU1", True),
        (Kind.VALUE, "InTransit", True),
        (Kind.VALUE, "Kortricklaan 101", False),
        (Kind.VALUE, "1ecb023e-7ec0-6d5c-a477-0242ac170009", False),
        (Kind.VALUE, "NL", True),
    ],
)
def test_which_names_are_kept(kind: Kind, name: str, is_kept: bool) -> None:
    """An identifier for a field, a word in one of the usual spellings for a value."""
    assert is_presentable(kind, name) is is_kept


def test_the_names_of_a_place_are_bounded(post: Post) -> None:
    """A company that uses ids for names fills a place up to its bound and no further."""
    names = [f"{first}{second}" for first in "abcdefgh" for second in "abcdefgh"]
    for name in names:
        post.watch.look_at_document(order(**{name: 1}), "read order")
    seen = post.sightings.drain()
    assert len(seen) == MAX_NAMES_PER_PLACE + 1
    assert sum(one.count for one in seen) == len(names)
    assert next(one.count for one in seen if one.name == OTHER) == len(names) - MAX_NAMES_PER_PLACE


def test_each_name_is_logged_once_and_counted_always(post: Post) -> None:
    """The log tells the first sighting in a process, the metric every one, without the name."""
    before = CONTRACT_SIGHTINGS.labels("ankorstore", Kind.FIELD)._value.get()
    with capture_logs() as logs:
        for _ in range(3):
            post.watch.look_at_document(order(loyaltyLevel="gold"), "read order")
    assert [entry["event"] for entry in logs] == ["contract.unknown_seen"]
    assert "gold" not in repr(logs)
    assert CONTRACT_SIGHTINGS.labels("ankorstore", Kind.FIELD)._value.get() == before + 3
    (one,) = post.sightings.drain()
    assert (one.count, one.name) == (3, "loyaltyLevel")


def test_what_was_put_back_is_added_up(post: Post) -> None:
    """A notebook that could not be written down goes on where it was."""
    post.watch.look_at_document(order(loyaltyLevel=1), "read order")
    drained = post.sightings.drain()
    assert post.sightings.drain() == []
    post.watch.look_at_document(order(loyaltyLevel=1), "read order")
    post.sightings.put_back(drained)
    (one,) = post.sightings.drain()
    assert one.count == 2


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["data", "included", "attributes", "relationships", "type", "status", "meta", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@settings(deadline=None)
@given(json_values)
def test_no_body_stops_the_watch(body: Any) -> None:
    """Whatever a body holds, looking at it raises nothing and logs no failure of its own."""
    for company in ("ankorstore", "active_ants"):
        post = Post(company)
        with capture_logs() as logs:
            post.watch.look("order", body, "x")
            post.watch.look("shipment" if company == "active_ants" else "quote", body, "x")
            if company == "ankorstore":
                post.watch.look_at_document(body, "x", sees_event=True)
        assert not [entry for entry in logs if entry["event"] == "contract.watch_failed"]


def test_a_watch_that_breaks_breaks_nothing(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the watch itself is logged once and raised never."""
    monkeypatch.setattr(post.sightings, "note", lambda *_: 1 / 0)
    with capture_logs() as logs:
        for _ in range(2):
            post.watch.look_at_document(order(loyaltyLevel=1), "read order")
    assert [entry["event"] for entry in logs] == ["contract.watch_failed"]


def _places() -> Iterator[tuple[str, str, str]]:
    for company in ("ankorstore", "active_ants"):
        for place, shape in load_form(company).shapes.items():
            for name, target in shape.objects.items():
                yield company, f"{place}.{name}", target


@pytest.mark.parametrize(("company", "field", "target"), list(_places()))
def test_the_forms_hang_together(company: str, field: str, target: str) -> None:
    """Every kind of object that a field leads to is described."""
    assert target in load_form(company).shapes, field


def test_what_a_later_version_knows_is_known() -> None:
    """A row of an earlier version is told from one that is news to this version too."""
    form = load_form("ankorstore")
    assert form.knows(Kind.FIELD, "order", "masterOrderId")
    assert form.knows(Kind.FIELD, "order", "retailer")
    assert form.knows(Kind.VALUE, "order.status", "shipped")
    assert form.knows(Kind.EVENT, "event", "order.shipped")
    assert not form.knows(Kind.FIELD, "order", "loyaltyLevel")
    assert not form.knows(Kind.VALUE, "order.status", "on_hold")
    assert not form.knows(Kind.EVENT, "event", "order.flown")
    assert not form.knows(Kind.FIELD, "gone", "x")
    assert not form.knows(Kind.VALUE, "gone.status", "x")
    assert load_form("active_ants").knows(Kind.FIELD, "order", "ORDERNUMBER")


async def test_the_clients_look_at_every_answer() -> None:
    """News in a good answer, in a refusal and in the warehouse's answers is noted as they come."""
    peer = AnsweringPeer("https://www.ankorstore.example")
    marketplace = AnkorstoreMarketplace(peer.connection)
    body = load_recorded("ankorstore/order")
    body["data"]["attributes"]["gift"] = True
    peer.will_answer(body)
    await marketplace.read_order(body["data"]["id"])
    peer.will_answer({"errors": [{"code": "TOO_EARLY"}]}, status=404)
    with pytest.raises(Rejected):
        await marketplace.read_order(body["data"]["id"])
    seen = {(one.kind, one.place, one.name) for one in peer.connection.sightings.drain()}
    assert seen == {
        (Kind.FIELD, "order", "gift"),
        (Kind.VALUE, "error.code", "TOO_EARLY"),
    }


async def test_the_warehouses_client_looks_at_every_answer() -> None:
    """News in the envelope and in the rows of a result."""
    peer = AnsweringPeer()
    warehouse = ActiveAntsWarehouse(peer.connection, rules=MappingRules())
    row = {"sku": "MUG", "stock": 4, "shelf": "A"}
    peer.will_answer({"messageCode": "OK", "message": "", "result": [row], "took": 3})
    assert len(await warehouse.read_all_stock()) == 1
    seen = {(one.kind, one.place, one.name) for one in peer.connection.sightings.drain()}
    assert seen == {(Kind.FIELD, "answer", "took"), (Kind.FIELD, "stock", "shelf")}
