"""
Rehearsals over the database: finds what was recorded, and casts today's code for it.

Reads only, and only columns there are since steps are recorded, so that a new version may look at
a database whose schema it has not brought up to date.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from app.flow.rehearsing import Cast, Rehearsed, StepAsKept, rehearse
from app.in_force import policy_of_then, settings_of_then
from app.recorded_peer import RecordedPeer, Tape
from app.settings import Settings, SettingsError
from app.step_record import UnreadableRecord, unpack
from app.store.order_names import NamedOrder
from app.store.recorded_settings import load_settings_of
from app.store.recorded_steps import list_recorded_orders, load_recorded_steps
from app.store.session import Store
from app.wiring import (
    ACTIVE_ANTS,
    ANKORSTORE,
    build_marketplace,
    build_warehouse,
    flow_rules,
)

PAGE = 200


class Rehearsal:
    """Takes recorded orders again; keeps the cast of settings that were seen before."""

    def __init__(self, store: Store, today: Settings) -> None:
        """Read *store*; what settings of then do not tell is as *today*."""
        self._store = store
        self._today = today
        self._casts: dict[str, Cast] = {}

    async def of_order(self, order_id: int) -> Rehearsed:
        """Take the recorded steps of one order again."""
        rows = await load_recorded_steps(self._store, order_id)
        steps = [StepAsKept(row.happened_at, row.step, row.recorded) for row in rows]
        return await rehearse(steps, self._cast_of, unpack)

    async def of_all(self, since: datetime) -> AsyncIterator[tuple[NamedOrder, Rehearsed]]:
        """Take every order again of which something was recorded *since*, oldest first."""
        after_id = 0
        while page := await list_recorded_orders(self._store, since, after_id, PAGE):
            for order in page:
                yield order, await self.of_order(order.order_id)
            after_id = page[-1].order_id

    async def _cast_of(self, digest: str) -> Cast:
        if digest not in self._casts:
            content = await load_settings_of(self._store, digest)
            if content is None:
                raise UnreadableRecord("the settings of then are no longer kept")
            try:
                self._casts[digest] = _cast(content, self._today)
            except (SettingsError, ValidationError, KeyError, TypeError):
                raise UnreadableRecord("the settings of then cannot be used today") from None
        return self._casts[digest]


def _cast(content: Mapping[str, Any], today: Settings) -> Cast:
    settings = settings_of_then(content, today)
    tape = Tape()
    warehouse = build_warehouse(
        settings, RecordedPeer(ACTIVE_ANTS, settings.active_ants_base_url, tape)
    )
    if content["lists"] is not None:
        warehouse.use_settings(content["lists"])
    marketplace = build_marketplace(
        settings, RecordedPeer(ANKORSTORE, settings.ankorstore_base_url, tape)
    )
    left = content.get("left_shadow_at")
    left_shadow_at = datetime.fromisoformat(left) if left else None
    rules = flow_rules(settings, left_shadow_at, policy_of_then(content))
    return Cast(marketplace, warehouse, rules, tape, warehouse.remember_path)
