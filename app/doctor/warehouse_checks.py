"""What the warehouse tells when it is asked. Nothing is changed there."""

from collections.abc import AsyncIterator, Awaitable, Callable

from app.doctor.diagnosis import Diagnosis, error, explain, warning
from app.errors import BridgeError, NotReady, Paused
from app.ports import Warehouse

NOBODYS = "antbridge-doctor-0"
"""A number and a SKU that nothing has."""


async def examine_warehouse(
    warehouse: Warehouse, is_own_mark: Callable[[str], Awaitable[bool]]
) -> AsyncIterator[Diagnosis]:
    """Judge the login, the ids of the settings, the paths and the order type."""
    try:
        warehouse.use_settings(await warehouse.read_settings())
    except Paused:
        return
    except BridgeError as trouble:
        yield explain("active_ants", "ACTIVE_ANTS_USERNAME and ACTIVE_ANTS_PASSWORD", trouble)
        return
    problems = warehouse.readiness_problems()
    for problem in problems:
        sentence, _, cure = problem.partition(". ")
        yield error("warehouse_settings", sentence, cure or "see docs/settings.md")
    questions: list[Callable[[], Awaitable[object]]] = [
        lambda: warehouse.find_order(NOBODYS),
        lambda: warehouse.knows_product(NOBODYS),
        lambda: warehouse.search_shipments(NOBODYS),
    ]
    if warehouse.reads_single_stock:
        questions.append(lambda: warehouse.read_stock(NOBODYS))
    unclear: BridgeError | None = None
    for ask in questions:
        try:
            await ask()
        except NotReady as trouble:
            yield error("warehouse_path", trouble.detail or str(trouble), trouble.resolution)
        except BridgeError as trouble:
            unclear = unclear or trouble
    if unclear is not None:
        yield error(
            "warehouse_not_found",
            f"asked for what nothing has, Active Ants answers unclearly: {unclear}",
            "compare its words with ACTIVE_ANTS_NOT_FOUND_PATTERN",
        )
    if not problems:
        async for found in _examine_order_type(warehouse, is_own_mark):
            yield found


async def _examine_order_type(
    warehouse: Warehouse, is_own_mark: Callable[[str], Awaitable[bool]]
) -> AsyncIterator[Diagnosis]:
    try:
        waiting = await warehouse.list_shipments()
    except NotReady as trouble:
        yield error("warehouse_path", trouble.detail or str(trouble), trouble.resolution)
        return
    except BridgeError as trouble:
        yield error("shipment_feed", f"the shipments feed cannot be read: {trouble}", _ASK)
        return
    foreign = 0
    for row in waiting:
        foreign += row.order_mark is None or not await is_own_mark(row.order_mark)
    if foreign:
        yield warning(
            "order_type_shared",
            f"{foreign} shipments of our order type are of other programs",
            "have Active Ants set up an order type for Ankorstore alone: ACTIVE_ANTS_ORDER_TYPE",
        )


_ASK = "ask Active Ants, and run `antbridge doctor` again"
