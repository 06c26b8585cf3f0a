"""Each call to Ankorstore: the request built, the URL called, the answer and the error read."""

import copy
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from app.ankorstore import client as client_module
from app.ankorstore.client import AnkorstoreMarketplace
from app.ankorstore.verdicts import VERDICTS, Operation, find_verdict
from app.domain.shipment import ParcelSize, ParcelTracking, TrackedParcel, Tracking
from app.errors import (
    BridgeError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Transient,
    Unauthorized,
)
from app.ports import Marketplace, Turn
from tests.answering import AnsweringPeer, load_recorded

BASE = "https://www.ankorstore.example"
ORDER = "1ecb023e-7ec0-6d5c-a477-0242ac170009"
QUOTE = "1efcd179-5753-6ee0-91a4-72a6c4e49e6a"
MASTER_ORDER = "52d7c518-b820-41af-9cc4-59dae40f2c73"
INCLUDE = "retailer%2CorderItems.productVariant.product"
MEDIA_TYPE = "application/vnd.api+json"
PARCELS = (ParcelSize(40, 30, 20, Decimal("4.2")),)
TRACKING = ParcelTracking(
    "0b7f1c1e-4a2f-4f0b-9d35-1a1f3e6c1c11",
    "ups",
    "1Z",
    None,
    "TRANSIT",
    (TrackedParcel("7c9d1f60-2a3b-5e1c-8b1f-5d7d3c9b0a01", "1Z", None, "TRANSIT"),),
)


@pytest.fixture
def peer() -> AnsweringPeer:
    return AnsweringPeer(BASE)


@pytest.fixture
def marketplace(peer: AnsweringPeer) -> AnkorstoreMarketplace:
    return AnkorstoreMarketplace(peer.connection)


@pytest.fixture
def turn(peer: AnsweringPeer) -> Turn:
    return Turn(peer.clock.monotonic() + 10)


Call = Callable[[AnkorstoreMarketplace, Turn], Awaitable[Any]]


async def list_all(
    marketplace: AnkorstoreMarketplace, status: str = "ankor_confirmed"
) -> list[Any]:
    return [order async for order in marketplace.list_orders(status)]


READS: dict[str, Call] = {
    "read_order": lambda m, _: m.read_order(ORDER),
    "list_orders": lambda m, _: list_all(m),
    "request_quotes": lambda m, _: m.request_quotes(ORDER, PARCELS),
    "read_tracking": lambda m, _: m.read_tracking(MASTER_ORDER),
    "write_tracking": lambda m, _: m.write_tracking(MASTER_ORDER, TRACKING, exists=False),
}
WRITES: dict[str, Call] = {
    "accept_order": lambda m, turn: m.accept_order(ORDER, turn=turn),
    "confirm_quote": lambda m, turn: m.confirm_quote(QUOTE, None, turn=turn),
}
CALLS = READS | WRITES


def test_the_client_is_a_marketplace(marketplace: AnkorstoreMarketplace) -> None:
    port: Marketplace = marketplace
    assert port is marketplace


# Requests: what is built and where it goes.


async def test_read_order(peer: AnsweringPeer, marketplace: AnkorstoreMarketplace) -> None:
    peer.will_answer(load_recorded("ankorstore/order"))

    order = await marketplace.read_order(ORDER)

    assert peer.calls == [f"GET {BASE}/api/v1/orders/{ORDER}?include={INCLUDE}"]
    assert peer.requests[0].headers["Accept"] == MEDIA_TYPE
    assert "Content-Type" not in peer.requests[0].headers
    assert (order.marketplace_order_id, len(order.lines)) == (ORDER, 1)


async def test_read_order_by_an_id_in_capitals(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace
) -> None:
    peer.will_answer(load_recorded("ankorstore/order"))
    assert (await marketplace.read_order(ORDER.upper())).marketplace_order_id == ORDER


async def test_accept_order(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace, turn: Turn
) -> None:
    """The transition names no line, which keeps them all, and asks for the order back."""
    peer.will_answer(load_recorded("ankorstore/order"))

    order = await marketplace.accept_order(ORDER, turn=turn)

    assert peer.calls == [
        f"POST {BASE}/api/v1/orders/{ORDER}/-actions/transition?include={INCLUDE}"
    ]
    assert peer.sent() == {"data": {"type": "brand-validates"}}
    assert peer.requests[0].headers["Accept"] == MEDIA_TYPE
    assert peer.requests[0].headers["Content-Type"] == MEDIA_TYPE
    assert (order.status, len(order.lines)) == ("brand_confirmed", 1)


async def test_accept_order_without_a_master_order_in_the_answer(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace, turn: Turn
) -> None:
    answer = load_recorded("ankorstore/order")
    del answer["data"]["attributes"]["masterOrderId"]
    peer.will_answer(answer)

    assert (await marketplace.accept_order(ORDER, turn=turn)).master_order_id is None


async def test_request_quotes(peer: AnsweringPeer, marketplace: AnkorstoreMarketplace) -> None:
    peer.will_answer(load_recorded("ankorstore/quotes"))

    quotes = await marketplace.request_quotes(ORDER, PARCELS)

    assert peer.calls == [f"POST {BASE}/api/v1/orders/{ORDER}/shipping-quotes"]
    assert peer.sent() == {"parcels": [{"length": 40, "width": 30, "height": 20, "kg": 4.2}]}
    assert peer.requests[0].headers["Content-Type"] == MEDIA_TYPE
    assert [quote.carrier_code for quote in quotes] == ["ups", "ankorstore"]


async def test_confirm_quote_with_tracking(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace, turn: Turn
) -> None:
    peer.will_answer(load_recorded("ankorstore/confirmation_refund"))

    confirmation = await marketplace.confirm_quote(
        QUOTE, Tracking(carrier_code="ups", number="1Z"), turn=turn
    )

    assert peer.calls == [f"POST {BASE}/api/v1/shipping-quotes/{QUOTE}/confirm"]
    assert peer.sent() == {"tracking": {"trackingProvider": "ups", "trackingNumber": "1Z"}}
    assert (confirmation.refund_text, confirmation.cost_text) == ("€12.00", None)


async def test_confirm_quote_without_tracking(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace, turn: Turn
) -> None:
    """An empty object is sent, with its content type, not an empty body."""
    peer.will_answer(load_recorded("ankorstore/confirmation_cost"))

    confirmation = await marketplace.confirm_quote(QUOTE, None, turn=turn)

    assert peer.requests[0].content == b"{}"
    assert peer.requests[0].headers["Content-Type"] == MEDIA_TYPE
    assert (confirmation.refund_text, confirmation.cost_text) == (None, "€12.00")


async def test_read_tracking(peer: AnsweringPeer, marketplace: AnkorstoreMarketplace) -> None:
    peer.will_answer(load_recorded("ankorstore/tracking"))
    peer.will_answer({"jsonapi": {"version": "1.0"}, "data": None})

    tracking = await marketplace.read_tracking(MASTER_ORDER)

    assert tracking is not None
    assert tracking.tracking_id == TRACKING.tracking_id
    assert await marketplace.read_tracking(MASTER_ORDER) is None
    assert peer.calls[0] == (
        f"GET {BASE}/api/v1/master-orders/{MASTER_ORDER}/tracking"
        "?include=shipmentParcel%2CshippedItems"
    )


@pytest.mark.parametrize(("exists", "method"), [(False, "POST"), (True, "PATCH")])
@pytest.mark.parametrize("answer", [b"", b"{}", b'{"data": null}'])
async def test_write_tracking(
    exists: bool,
    method: str,
    answer: bytes,
    peer: AnsweringPeer,
    marketplace: AnkorstoreMarketplace,
) -> None:
    """What the answer shows does not matter: the tracking is read again where it counts."""
    peer.will_answer(answer, status=200 if exists else 201)

    await marketplace.write_tracking(MASTER_ORDER, TRACKING, exists=exists)

    assert peer.calls == [f"{method} {BASE}/api/v1/master-orders/{MASTER_ORDER}/tracking"]
    assert peer.sent()["data"]["type"] == "shipping-shipment"
    assert peer.sent()["data"]["id"] == TRACKING.tracking_id


async def test_reserve_call_takes_a_place_in_the_budget(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace
) -> None:
    await marketplace.reserve_call()
    assert await peer.connection.budget.left() == 0
    assert peer.requests == []


@pytest.mark.parametrize("odd", ["a/b", "a b", "a?b=c", "a#b", "ä", "%2e"])
async def test_an_odd_id_stays_one_segment_of_the_path(
    odd: str, peer: AnsweringPeer, marketplace: AnkorstoreMarketplace
) -> None:
    peer.will_answer(b"", status=404)

    with pytest.raises(Rejected):
        await marketplace.read_order(odd)

    assert peer.requests[0].url.path == f"/api/v1/orders/{odd}"
    assert peer.requests[0].url.raw_path.count(b"/") == 4


@pytest.mark.parametrize("unusable", ["", ".", "..", "x" * 201, "a\nb", "a\x00b"])
@pytest.mark.parametrize("write", [False, True])
async def test_what_cannot_be_an_id_is_not_asked_for(
    unusable: str,
    write: bool,
    peer: AnsweringPeer,
    marketplace: AnkorstoreMarketplace,
    turn: Turn,
) -> None:
    """A path of dots would lead elsewhere."""
    call = (
        marketplace.accept_order(unusable, turn=turn) if write else marketplace.read_order(unusable)
    )
    with pytest.raises(Rejected) as caught:
        await call

    assert caught.value.code == "unusable_id"
    assert peer.requests == []


# Lists.


def page(*ids: str, status: str = "ankor_confirmed", after: str | None = None) -> dict[str, Any]:
    resource = load_recorded("ankorstore/order_list")["data"][0]
    resources = []
    for each in ids:
        resources.append(copy.deepcopy(resource) | {"id": each})
        resources[-1]["attributes"]["status"] = status
    links = {"next": f"{BASE}/api/v1/orders?page%5Bafter%5D={after}"} if after else {}
    return {"data": resources, "links": links, "meta": {"page": {"hasMore": False}}}


async def test_list_orders_walks_all_pages(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace
) -> None:
    """The links are followed until there is none; `hasMore` is only a hint, here a wrong one."""
    peer.will_answer(page("a", "b", after="b"))
    peer.will_answer(page("c", after="c"))
    peer.will_answer(page())

    orders = await list_all(marketplace)

    assert [order.marketplace_order_id for order in orders] == ["a", "b", "c"]
    assert peer.calls == [
        f"GET {BASE}/api/v1/orders?filter%5Bstatus%5D=ankor_confirmed&page%5Blimit%5D=50",
        f"GET {BASE}/api/v1/orders?page%5Bafter%5D=b",
        f"GET {BASE}/api/v1/orders?page%5Bafter%5D=c",
    ]
    assert {request.headers["Accept"] for request in peer.requests} == {MEDIA_TYPE}


async def test_list_orders_reads_the_published_page(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace
) -> None:
    peer.will_answer(load_recorded("ankorstore/order_list"))
    (order,) = await list_all(marketplace)
    assert order.marketplace_reference == "3434273911"


async def test_a_link_may_be_relative(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace
) -> None:
    first = page("a")
    first["links"] = {"next": "/api/v1/orders?page%5Bafter%5D=a"}
    peer.will_answer(first)
    peer.will_answer(page("b"))

    assert len(await list_all(marketplace)) == 2
    assert peer.calls[1] == f"GET {BASE}/api/v1/orders?page%5Bafter%5D=a"


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/v1/orders?page[after]=a",
        "http://www.ankorstore.example/api/v1/orders",
        "https://www.ankorstore.example:8443/api/v1/orders",
        "https://www.ankorstore.example.evil.example/",
        "https://www.ankorstore.example@evil.example/",
        "https://user:word@www.ankorstore.example/",
        "//evil.example/api/v1/orders",
        "https://evil.example\\@www.ankorstore.example/",
        "file:///etc/passwd",
        "https://[::1",
        "https://www.ankorstore.example:99999999/",
    ],
)
async def test_a_link_to_another_host_is_not_followed(
    link: str, peer: AnsweringPeer, marketplace: AnkorstoreMarketplace
) -> None:
    """The token would go along. The list is broken off, never taken for complete."""
    first = page("a")
    first["links"] = {"next": link}
    peer.will_answer(first)

    with pytest.raises(Transient):
        await list_all(marketplace)

    assert len(peer.requests) == 1


async def test_pages_in_a_circle_are_no_list(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace
) -> None:
    for _ in range(3):
        peer.will_answer(page("a", after="a"))

    with pytest.raises(Transient):
        await list_all(marketplace)

    assert len(peer.requests) == 2


async def test_the_number_of_pages_is_bounded(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_PAGES", 3)
    for number in range(10):
        peer.will_answer(page("a", after=f"a{number}"))

    with pytest.raises(Transient):
        await list_all(marketplace)

    assert len(peer.requests) == 4


@pytest.mark.parametrize("status", [400, 422])
async def test_a_page_size_that_is_refused_is_left_out_from_then_on(
    status: int, peer: AnsweringPeer, marketplace: AnkorstoreMarketplace
) -> None:
    peer.will_answer({"errors": [{"status": str(status)}]}, status=status)
    for _ in range(2):
        peer.will_answer(page("a"))

    assert len(await list_all(marketplace)) == 1
    assert len(await list_all(marketplace)) == 1

    without_limit = f"GET {BASE}/api/v1/orders?filter%5Bstatus%5D=ankor_confirmed"
    assert peer.calls == [f"{without_limit}&page%5Blimit%5D=50", without_limit, without_limit]


async def test_a_refusal_that_is_not_about_the_page_size_changes_nothing(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace
) -> None:
    for _ in range(2):
        peer.will_answer(status=422)
    peer.will_answer(page("a"))

    with pytest.raises(Rejected):
        await list_all(marketplace)
    await list_all(marketplace)

    assert "limit" in peer.calls[2]


async def test_orders_of_another_status_are_left_out(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace
) -> None:
    """A next page may have lost the filter: it must not make old orders look new."""
    peer.will_answer(page("a", after="a"))
    peer.will_answer(page("b", status="brand_paid"))

    assert [order.marketplace_order_id for order in await list_all(marketplace)] == ["a"]


async def test_an_unreadable_entry_holds_up_no_other(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace
) -> None:
    first = page("a")
    first["data"].insert(0, {"attributes": {"status": "ankor_confirmed"}})
    peer.will_answer(first)

    with capture_logs() as logs:
        orders = await list_all(marketplace)

    assert [order.marketplace_order_id for order in orders] == ["a"]
    assert logs == [
        {
            "event": "listed_order.unreadable",
            "log_level": "warning",
            "status": "ankor_confirmed",
        }
    ]


# Quotes are looked at before anything is sent.


@pytest.mark.parametrize(
    ("parcels", "code"),
    [
        ((), "parcels_missing"),
        (PARCELS * 21, "too_many_parcels"),
        ((ParcelSize(40, 30, 20, Decimal("30.001")),), "parcel_too_heavy"),
        ((ParcelSize(275, 1, 1, Decimal(1)),), "parcel_too_large"),
        ((ParcelSize(200, 60, 50, Decimal(1)),), "parcel_too_large"),
    ],
)
async def test_parcels_beyond_the_limits_are_not_sent(
    parcels: tuple[ParcelSize, ...],
    code: str,
    peer: AnsweringPeer,
    marketplace: AnkorstoreMarketplace,
) -> None:
    with pytest.raises(Rejected) as caught:
        await marketplace.request_quotes(ORDER, parcels)

    assert (caught.value.status, caught.value.code) == (None, code)
    assert peer.requests == []


async def test_a_refused_request_for_quotes_says_which_limit(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace
) -> None:
    peer.will_answer(load_recorded("ankorstore/quotes_refused"), status=422)

    with pytest.raises(Rejected) as caught:
        await marketplace.request_quotes(ORDER, PARCELS)

    assert (caught.value.status, caught.value.code) == (422, "parcel_too_large")
    assert "shipping.parcels.0.kg: The parcel weight" in caught.value.detail


# Errors: what each answer means.


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("status", [400, 403, 404, 406, 409, 415, 418, 422])
async def test_a_refusal_keeps_the_peers_words_in_its_detail_only(
    name: str, status: int, peer: AnsweringPeer, marketplace: AnkorstoreMarketplace, turn: Turn
) -> None:
    words = {"errors": [{"status": str(status), "code": "SOME_CODE", "detail": "Jane Doe moved"}]}
    for _ in range(2):  # a list asks once more without the page size
        peer.will_answer(words, status=status)

    with pytest.raises(Rejected) as caught:
        await CALLS[name](marketplace, turn)

    assert caught.value.status == status
    assert caught.value.detail == "SOME_CODE: Jane Doe moved"
    assert "Jane" not in str(caught.value)
    verdict = find_verdict(caught.value.operation, status)
    assert caught.value.code == (verdict.meaning if verdict else "SOME_CODE")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("status", [500, 502, 503, 599, 301, 302])
async def test_a_company_in_trouble_leaves_only_writes_in_doubt(
    name: str, status: int, peer: AnsweringPeer, marketplace: AnkorstoreMarketplace, turn: Turn
) -> None:
    peer.will_answer(b"<html>", status=status, headers={"Location": "https://elsewhere.example"})

    with pytest.raises(BridgeError) as caught:
        await CALLS[name](marketplace, turn)

    assert type(caught.value) is (OutcomeUnknown if name in WRITES else Transient)
    assert len(peer.requests) == 1


@pytest.mark.parametrize("name", CALLS)
async def test_silence_leaves_only_writes_in_doubt(
    name: str, peer: AnsweringPeer, marketplace: AnkorstoreMarketplace, turn: Turn
) -> None:
    peer.will_fail(httpx.ReadTimeout("slow"))
    with pytest.raises(BridgeError) as caught:
        await CALLS[name](marketplace, turn)
    assert type(caught.value) is (OutcomeUnknown if name in WRITES else Transient)


@pytest.mark.parametrize("name", CALLS)
async def test_no_connection_leaves_nothing_in_doubt(
    name: str, peer: AnsweringPeer, marketplace: AnkorstoreMarketplace, turn: Turn
) -> None:
    peer.will_fail(httpx.ConnectError("refused"))
    with pytest.raises(Transient):
        await CALLS[name](marketplace, turn)


@pytest.mark.parametrize("name", CALLS)
async def test_a_refused_token_is_nobodys_order(
    name: str, peer: AnsweringPeer, marketplace: AnkorstoreMarketplace, turn: Turn
) -> None:
    peer.will_answer({"message": "Unauthenticated."}, status=401)
    with pytest.raises(Unauthorized):
        await CALLS[name](marketplace, turn)


@pytest.mark.parametrize("name", CALLS)
async def test_too_many_requests_is_a_pause(
    name: str, peer: AnsweringPeer, marketplace: AnkorstoreMarketplace, turn: Turn
) -> None:
    peer.will_answer(status=429, headers={"Retry-After": "7"})
    with pytest.raises(RateLimited) as caught:
        await CALLS[name](marketplace, turn)
    assert caught.value.retry_after_seconds == 7


UNREADABLE: list[Any] = [
    b"",
    b"<html>Please stand by</html>",
    b"\xff\xfe\xfd",
    b'{"data": ',
    b"[" * 100_000,
    b'{"data": ' + b"9" * 5000 + b"}",
    None,
    [],
    "text",
    7,
    {},
    {"data": 7},
    {"data": "x"},
    {"errors": []},
]


@pytest.mark.parametrize("name", [name for name in CALLS if name != "write_tracking"])
@pytest.mark.parametrize("body", UNREADABLE, ids=lambda body: str(body)[:20])
async def test_an_answer_nobody_can_read_is_no_answer(
    name: str,
    body: Any,
    peer: AnsweringPeer,
    marketplace: AnkorstoreMarketplace,
    turn: Turn,
) -> None:
    peer.will_answer(body)
    with pytest.raises(BridgeError) as caught:
        await CALLS[name](marketplace, turn)
    assert type(caught.value) is (OutcomeUnknown if name in WRITES else Transient)
    assert caught.value.status == 200


def without(name: str) -> dict[str, Any]:
    answer: dict[str, Any] = load_recorded("ankorstore/order")
    answer["data"]["attributes"].pop(name, None)
    answer["data"].pop(name, None)
    return answer


@pytest.mark.parametrize("name", ["read_order", "accept_order"])
@pytest.mark.parametrize(
    "body",
    [
        without("id"),
        without("status"),
        without("attributes"),
        {"data": None},
        {"data": []},
        load_recorded("ankorstore/order_list"),
    ],
    ids=["no id", "no status", "no attributes", "null", "empty", "another order"],
)
async def test_an_answer_that_is_not_the_order_is_no_answer(
    name: str,
    body: Any,
    peer: AnsweringPeer,
    marketplace: AnkorstoreMarketplace,
    turn: Turn,
) -> None:
    peer.will_answer(body)
    with pytest.raises(BridgeError) as caught:
        await CALLS[name](marketplace, turn)
    assert type(caught.value) is (OutcomeUnknown if name in WRITES else Transient)


async def test_an_accept_answered_without_lines_is_to_be_read_again(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace, turn: Turn
) -> None:
    """The published example has none: it shows a status, not the order that was accepted."""
    answer = load_recorded("ankorstore/transition_answer")
    answer["data"]["id"] = ORDER
    peer.will_answer(answer)

    with pytest.raises(OutcomeUnknown):
        await marketplace.accept_order(ORDER, turn=turn)


async def test_nothing_is_written_after_the_deadline(
    peer: AnsweringPeer, marketplace: AnkorstoreMarketplace, turn: Turn
) -> None:
    peer.clock.advance(10)
    for name in WRITES:
        with pytest.raises(Transient):
            await CALLS[name](marketplace, turn)
    assert peer.requests == []


# Refusals that may mean the wish has come true.


RECORDED_REFUSALS = [
    ("accept_order", "transition_refused", 409, "order_moved_on"),
    ("confirm_quote", "transition_refused", 409, "order_moved_on"),
    ("confirm_quote", "quote_unknown", 404, "quote_superseded"),
]


@pytest.mark.parametrize(("name", "recorded", "status", "code"), RECORDED_REFUSALS)
async def test_a_refusal_of_the_table_is_told_by_its_code(
    name: str,
    recorded: str,
    status: int,
    code: str,
    peer: AnsweringPeer,
    marketplace: AnkorstoreMarketplace,
    turn: Turn,
) -> None:
    peer.will_answer(load_recorded(f"ankorstore/{recorded}"), status=status)

    with pytest.raises(Rejected) as caught:
        await CALLS[name](marketplace, turn)

    assert (caught.value.status, caught.value.code) == (status, code)
    assert caught.value.detail != ""


def test_every_row_of_the_table_has_a_recorded_refusal() -> None:
    """The last row's is among the tests of the subscriptions."""
    tested = {(status, code) for _, _, status, code in RECORDED_REFUSALS}
    rows = {
        (row.status, str(row.meaning))
        for row in VERDICTS
        if row.operation is not Operation.DELETE_SUBSCRIPTION
    }
    assert rows == tested
    assert len({(row.operation, row.status) for row in VERDICTS}) == len(VERDICTS)


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        (Operation.ACCEPT_ORDER, 404),
        (Operation.ACCEPT_ORDER, 422),
        (Operation.CONFIRM_QUOTE, 422),
        (Operation.READ_ORDER, 404),
        (Operation.READ_ORDER, 409),
        (Operation.DELETE_SUBSCRIPTION, 403),
    ],
)
def test_a_refusal_without_a_row_stays_a_refusal(operation: Operation, status: int) -> None:
    assert find_verdict(operation, status) is None
