"""What must be true at the end of every case: the simulation's promises, and a few more."""

from collections.abc import Iterator

from tests.crashes.life import Life
from tests.simulation.checks import find_violations


def find_broken(life: Life) -> list[str]:
    """Return every broken promise of a case, each as a sentence."""
    return [*find_violations(life), *_find_more(life), *_find_uncounted(life)]


def _find_uncounted(life: Life) -> Iterator[str]:
    """Nothing happens but what living processes do: what is dead leaves no trace anywhere."""
    case = life.case
    fates = [
        (one.kind, one.fate) for one in (*case.deaths, *([case.trouble] if case.trouble else []))
    ]
    prevented = sum(
        kind == "call" and fate.startswith(("never-sent", "lost-before")) for kind, fate in fates
    )
    sent = life.fuse.total["before send"] - prevented
    taken = len(life.ankorstore.calls) + len(life.active_ants.calls)
    if taken != sent:
        yield f"{sent} calls were sent, the companies took {taken}"
    made = life.fuse.total["at commit, without effect"] - fates.count(("commit", "without-effect"))
    if life.place.commits != made:
        yield f"{made} commits were made, the database counted {life.place.commits}"


def _find_more(life: Life) -> Iterator[str]:
    if life.fuse.left:
        yield f"the case never came to {life.fuse.left[0]}"
    order = life.orders[0]
    placed = [one for one in life.active_ants.orders.values() if _is_ours(life, one.extras)]
    ours = [one for one in life.active_ants.shipments.values() if _is_ours(life, one.extras)]
    confirms = [one for one in life.ankorstore.calls_to("POST */confirm") if one.status == 200]
    statuses = [status for _, status in order.history]
    for what, is_right in (
        ("placed once", len(placed) == 1),
        ("accepted once", statuses == ["ankor_confirmed", "brand_confirmed", "shipped"]),
        ("confirmed once", len(confirms) == 1),
        ("sent once", len(ours) == 1),
        ("acknowledged", all(one.is_acknowledged for one in ours)),
    ):
        if not is_right:
            yield f"the order was not {what}"
    sent = [parcel.number for shipment in ours for parcel in shipment.parcels]
    if len(sent) > 1:
        told = [one["trackingNumber"] for one in (order.parcel_tracking or {}).get("parcels", ())]
        if told != sent:
            yield f"the parcels are {sent}, told were {told}"


def _is_ours(life: Life, extras: dict[str, str | None]) -> bool:
    return extras.get("extra1") == life.orders[0].id
